/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: keyd/policy.o keyd/rule.o keyd/payload.o keyd/tx.o keyd/rlp.o
 * common/u256.o
 */

#include "keyd/payload.h"
#include "keyd/policy.h"
#include "keyd/tx.h"
#include "regress/fuzz/maketx.h"

/*
 * keyd's decision on a request by rules, both of the input, against the
 * steps that signerd.conf(5) describes, one list after the other.  The checks
 * of the arguments are those of fuzz_tx.
 */
#define MAXRULES	16
#define MAXLIST		4
#define NKEYS		3

static struct rule	 rules[MAXRULES];
static struct u256	 chains[MAXRULES][MAXLIST];
static uint8_t		 domains[MAXRULES][MAXLIST][HASH_SIZE];
static uint8_t		 to[MAXRULES][MAXLIST][ADDRESS_SIZE];
static uint8_t		 addresses[NKEYS][ADDRESS_SIZE] = {
	{ 0xa0 }, { 0xa1 }, { 0xa2 }
};

/* ---- Of the input ------------------------------------------------------ */

/* Values that rules and requests can have in common. */
static void
pick_bytes(struct take *t, uint8_t *out, size_t size, uint8_t first)
{
	uint8_t	 c = take_u8(t);

	if (c >= 0xf0) {
		take_bytes(t, out, size);
		return;
	}
	memset(out, 0, size);
	if (c & 1)
		out[size - 1] = c >> 6;
	else
		out[0] = (uint8_t)(first + (c >> 6));
}

/* First bytes at the ends of what a payload may begin with. */
static void
pick_domain(struct take *t, uint8_t out[HASH_SIZE])
{
	static const uint8_t	 firsts[] = {
		0x00, 0x01, 0x7f, 0x80, 0xbf, 0xc0, 0xfe, 0xff
	};
	uint8_t			 c = take_u8(t);

	if (c >= 0xf0) {
		take_bytes(t, out, HASH_SIZE);
		return;
	}
	memset(out, 0, HASH_SIZE);
	out[0] = firsts[c % 8];
	out[HASH_SIZE - 1] = c >> 7;
}

static struct u256
pick_u256(struct take *t)
{
	struct u256	 n;
	uint8_t		 c = take_u8(t);

	if (c >= 0xf0)
		return (make_u256(t));
	u256_from_u64(&n, c % 4);
	return (n);
}

static void
pick_asker(struct take *t, uint32_t *via, char client[CLIENT_MAX + 1])
{
	static const char	*const names[] = { "", "a", "ab", "b" };
	uint8_t			 c = take_u8(t);

	*via = c % 3;
	memset(client, 0, CLIENT_MAX + 1);
	strcpy(client, names[*via == 0 && c / 3 % 4 == 0 ? 1 : c / 3 % 4]);
}

static void
make_rule(struct take *t, size_t i)
{
	struct rule	*r = &rules[i];
	size_t		 n;

	memset(r, 0, sizeof(*r));
	pick_asker(t, &r->via, r->client);
	r->key = take_u8(t) % NKEYS;
	r->methods = 1 + take_u8(t) % 3;
	r->has = take_u8(t) & RULE_HASBITS;
	r->chains = chains[i];
	r->domains = domains[i];
	r->to = to[i];
	for (n = take_u8(t) % MAXLIST; r->nchains < n; r->nchains++)
		chains[i][r->nchains] = pick_u256(t);
	for (n = take_u8(t) % MAXLIST; r->ndomains < n; r->ndomains++)
		pick_domain(t, domains[i][r->ndomains]);
	for (n = take_u8(t) % MAXLIST; r->nto < n; r->nto++)
		pick_bytes(t, to[i][r->nto], ADDRESS_SIZE, 1);
	r->max_value = pick_u256(t);
	r->max_fee = make_u256(t);
}

static void
make_request(struct take *t, struct request *r, struct maketx *m)
{
	uint8_t	 c = take_u8(t);

	memset(r, 0, sizeof(*r));
	pick_asker(t, &r->via, r->client);
	if (c & 1) {
		r->method = METHOD_PAYLOAD;
		r->payload.has = (take_u8(t) & PAYLOAD_HASBITS) ^
		    (c & 2 ? PAYLOAD_CHAIN | PAYLOAD_HASH : 0);
		pick_domain(t, r->payload.domain);
		r->payload.chain_id = pick_u256(t);
		pick_bytes(t, r->payload.sender, ADDRESS_SIZE, 0xa0);
		return;
	}
	r->method = METHOD_TRANSACTION;
	make_tx(t, &r->tx, m);
	r->tx.chain_id = pick_u256(t);
	r->tx.value = pick_u256(t);
	pick_bytes(t, r->tx.from, ADDRESS_SIZE, 0xa0);
	pick_bytes(t, r->tx.to, ADDRESS_SIZE, 1);
	/* Mostly one that passes the checks. */
	if (c & 2)
		r->tx.has |= TX_GAS | TX_MAXFEE | TX_MAXPRIORITYFEE |
		    TX_NONCE | TX_CHAINID | TX_TO;
	if (c & 4)
		r->tx.has &= ~(TX_GASPRICE | TX_TYPE | TX_DATA);
	if (c & 8)
		r->tx.has &= ~(TX_BLOBHASHES | TX_MAXBLOBFEE | TX_AUTHLIST);
	if (c & 16)
		memset(&r->tx.max_priority_fee, 0, sizeof(struct u256));
}

/* ---- The oracle -------------------------------------------------------- */

static bool
listed(const void *list, size_t n, const void *item, size_t size)
{
	const uint8_t	*p = list;

	for (; n > 0; n--, p += size)
		if (memcmp(p, item, size) == 0)
			return (true);
	return (false);
}

static enum refusal
permits_tx(const struct rule *r, const struct tx *tx)
{
	struct u256	 cost;

	if (r->nchains > 0 &&
	    !listed(r->chains, r->nchains, &tx->chain_id, U256_SIZE))
		return (REFUSAL_TXCHAIN);
	if (r->has & RULE_TO && (!(tx->has & TX_TO) ||
	    !listed(r->to, r->nto, tx->to, ADDRESS_SIZE)))
		return (REFUSAL_TO);
	if (r->has & RULE_MAXVALUE && tx->has & TX_VALUE &&
	    memcmp(tx->value.b, r->max_value.b, U256_SIZE) > 0)
		return (REFUSAL_VALUE);
	if (r->has & RULE_MAXFEE && (tx_max_cost(tx, &cost) == -1 ||
	    memcmp(cost.b, r->max_fee.b, U256_SIZE) > 0))
		return (REFUSAL_FEE);
	return (REFUSAL_NONE);
}

static enum refusal
permits_payload(const struct rule *r, const struct payload *p)
{
	static const uint8_t	 zeros[HASH_SIZE];
	uint8_t			 first = p->domain[0];
	bool			 in;

	if (!listed(r->chains, r->nchains, &p->chain_id, U256_SIZE))
		return (REFUSAL_CHAINID);
	if (r->ndomains == 0)
		in = memcmp(p->domain, zeros, HASH_SIZE) == 0;
	else
		in = listed(r->domains, r->ndomains, p->domain, HASH_SIZE);
	if (r->has & RULE_ANYDOMAIN)
		in = true;
	if ((first >= 0x01 && first <= 0x7f) ||
	    (first >= 0xc0 && first <= 0xfe))
		in = false;
	return (in ? REFUSAL_NONE : REFUSAL_DOMAIN);
}

/* The lists of indices get shorter with each step; 0: there is none. */
static size_t
rules_of_asker(const struct request *r, size_t nrules, size_t *list)
{
	size_t	 i, n = 0;

	for (i = 0; i < nrules; i++)
		if (rules[i].via == r->via &&
		    strcmp(rules[i].client, r->client) == 0)
			list[n++] = i;
	return (n);
}

static size_t
rules_of_sender(const struct request *r, size_t *list, size_t n)
{
	const uint8_t	*sender = NULL;
	size_t		 i, left = 0;

	if (r->method == METHOD_TRANSACTION && r->tx.has & TX_FROM)
		sender = r->tx.from;
	if (r->method == METHOD_PAYLOAD && r->payload.has & PAYLOAD_SENDER)
		sender = r->payload.sender;
	for (i = 0; i < n; i++)
		if (sender == NULL || memcmp(sender,
		    addresses[rules[list[i]].key], ADDRESS_SIZE) == 0)
			list[left++] = list[i];
	return (left);
}

static size_t
rules_of_method(const struct request *r, size_t *list, size_t n)
{
	uint32_t	 bit = r->method == METHOD_PAYLOAD ? RULE_PAYLOAD :
			    RULE_TRANSACTION;
	size_t		 i, left = 0;

	for (i = 0; i < n; i++)
		if (rules[list[i]].methods & bit)
			list[left++] = list[i];
	return (left);
}

static enum refusal
oracle(const struct request *r, size_t nrules, uint32_t *index)
{
	bool		 tx = r->method == METHOD_TRANSACTION;
	size_t		 list[MAXRULES], n, i;
	enum refusal	 refusals[MAXRULES], bad;

	*index = POLICY_NORULE;
	if ((n = rules_of_asker(r, nrules, list)) == 0)
		return (REFUSAL_FORBIDDEN);
	bad = tx ? tx_check(&r->tx) : payload_check(&r->payload);
	if (bad != REFUSAL_NONE)
		return (bad);
	if ((n = rules_of_sender(r, list, n)) == 0)
		return (tx ? REFUSAL_FROM : REFUSAL_FORBIDDEN);
	if ((n = rules_of_method(r, list, n)) == 0)
		return (tx ? REFUSAL_METHOD : REFUSAL_FORBIDDEN);
	for (i = 0; i < n; i++) {
		*index = (uint32_t)list[i];
		refusals[i] = tx ? permits_tx(&rules[list[i]], &r->tx) :
		    permits_payload(&rules[list[i]], &r->payload);
		must(policy_permit(&rules[list[i]], r) == refusals[i]);
		if (refusals[i] == REFUSAL_NONE)
			return (REFUSAL_NONE);
	}
	*index = (uint32_t)list[0];
	return (refusals[0]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct take	 t = { data, size };
	struct policy	 policy = { rules, 0, addresses, NKEYS };
	struct request	 r;
	struct maketx	 m;
	enum refusal	 wanted;
	uint32_t	 index, wanted_index;
	size_t		 n = take_u8(&t) % (MAXRULES + 1);

	for (; policy.nrules < n; policy.nrules++)
		make_rule(&t, policy.nrules);
	do {
		make_request(&t, &r, &m);
		wanted = oracle(&r, policy.nrules, &wanted_index);
		must(policy_decide(&policy, &r, &index) == wanted);
		must(index == wanted_index);
	} while (t.left > 0);
	return (0);
}
