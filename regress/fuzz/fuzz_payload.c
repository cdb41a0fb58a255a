/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: keyd/payload.o keyd/policy.o keyd/rule.o keyd/tx.o keyd/rlp.o
 * common/u256.o
 */

#include "keyd/payload.h"
#include "keyd/policy.h"
#include "regress/fuzz/rlpread.h"

/*
 * A payload that the widest rule permits, and what else its 96 bytes could
 * be: never a transaction of any type, never a message of EIP-191, and no RLP
 * list at all.
 */

/* EIP-191: 19, then a version byte or "Ethereum Signed Message:\n". */
static bool
is_personal(const uint8_t *message)
{
	return (message[0] == 0x19);
}

/* EIP-2718: a type of 00 to 7f, of which 00 is no type that there is. */
static bool
is_typed(const uint8_t *message)
{
	return (message[0] >= 0x01 && message[0] <= 0x7f);
}

/* A legacy transaction without its signature is a list of six or nine. */
static bool
is_list(const uint8_t *message, size_t len)
{
	struct rlp_in	 in = { message, len }, item;
	int		 list;

	return (rlpread_item(&in, &list, &item) == 0 && list);
}

static struct payload
make_payload(struct take *t)
{
	struct payload	 p;

	memset(&p, 0, sizeof(p));
	p.has = take_u8(t) & PAYLOAD_HASBITS;
	take_bytes(t, p.domain, sizeof(p.domain));
	take_bytes(t, p.chain_id.b, sizeof(p.chain_id.b));
	take_bytes(t, p.hash, sizeof(p.hash));
	take_bytes(t, p.sender, sizeof(p.sender));
	return (p);
}

static void
check_message(const struct payload *p)
{
	uint8_t	 message[PAYLOAD_SIZE];

	memset(message, 0x55, sizeof(message));
	payload_encode(p, message);
	must(memcmp(message, p->domain, 32) == 0);
	must(memcmp(message + 32, p->chain_id.b, 32) == 0);
	must(memcmp(message + 64, p->hash, 32) == 0);
	must(!is_typed(message) && !is_personal(message));
	must(!is_list(message, sizeof(message)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct take	 t = { data, size };
	struct request	 r;
	struct rule	 rule;
	struct policy	 policy = { &rule, 1, NULL, 1 };
	uint8_t		 addresses[1][ADDRESS_SIZE];
	enum refusal	 refusal;
	uint32_t	 index;

	memset(&r, 0, sizeof(r));
	memset(&rule, 0, sizeof(rule));
	r.method = METHOD_PAYLOAD;
	strcpy(r.client, "a");
	r.payload = make_payload(&t);
	/* The widest that there is: this chain, this domain, any of them. */
	strcpy(rule.client, "a");
	rule.methods = RULE_METHODS;
	rule.has = take_u8(&t) & 1 ? RULE_ANYDOMAIN : 0;
	rule.chains = &r.payload.chain_id;
	rule.domains = &r.payload.domain;
	rule.nchains = rule.ndomains = 1;
	memcpy(addresses[0], r.payload.sender, ADDRESS_SIZE);
	policy.addresses = addresses;
	refusal = policy_decide(&policy, &r, &index);
	if (refusal == REFUSAL_NONE) {
		must((r.payload.has & (PAYLOAD_CHAIN | PAYLOAD_HASH |
		    PAYLOAD_CHAINRANGE | PAYLOAD_HASHLENGTH)) ==
		    (PAYLOAD_CHAIN | PAYLOAD_HASH));
		check_message(&r.payload);
	} else if (refusal == REFUSAL_DOMAIN)
		must(!payload_domain_safe(r.payload.domain));
	else
		must(refusal == payload_check(&r.payload));
	return (0);
}
