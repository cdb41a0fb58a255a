/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_UNIT_POLICY_UTIL_H
#define REGRESS_UNIT_POLICY_UTIL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keyd/policy.h"

/* For the tests of keyd/policy.h: rules and requests in short. */
#define NONE	(-1)
#define NO	POLICY_NORULE
#define HUGE	INT64_MAX	/* stands for 2^256 - 1 */

/* Numbers for the bytes that addresses and domains consist of. */
static const uint8_t	addresses[][ADDRESS_SIZE] = {
	{ 0xa0 }, { 0xa1 }, { 0xa2 }
};

/* A rule in short; lists end with 0, ANY is any domain; client: asker(). */
#define ANY	0x100
struct short_rule {
	const char	*client;
	uint32_t	 key;
	uint32_t	 methods;
	uint64_t	 chains[3];
	int		 domains[3];	/* first bytes */
	int		 to[3];		/* first bytes; NONE: an empty list */
	int64_t		 max_value;	/* NONE: no such clause */
	int64_t		 max_fee;
};

#define TX	RULE_TRANSACTION
#define PL	RULE_PAYLOAD

static inline void
number(struct u256 *n, int64_t value)
{
	if (value == HUGE)
		memset(n, 0xff, sizeof(*n));
	else
		u256_from_u64(n, (uint64_t)value);
}

/* "name", or for a link "digit/name"; the name is not always there. */
static inline void
asker(uint32_t *via, char client[CLIENT_MAX + 1], const char *from)
{
	*via = 0;
	if (from[0] != '\0' && from[1] == '/') {
		*via = (uint32_t)(from[0] - '0');
		from += 2;
	}
	memcpy(client, from, strlen(from));
}

static inline void
expand_rule(struct rule *rule, const struct short_rule *from)
{
	size_t	i;

	memset(rule, 0, sizeof(*rule));
	asker(&rule->via, rule->client, from->client);
	rule->key = from->key;
	rule->methods = from->methods;
	rule->chains = calloc(3, sizeof(*rule->chains));
	rule->domains = calloc(3, sizeof(*rule->domains));
	rule->to = calloc(3, sizeof(*rule->to));
	for (i = 0; i < 3 && from->chains[i] != 0; i++)
		u256_from_u64(&rule->chains[rule->nchains++],
		    from->chains[i]);
	if (from->domains[0] == ANY)
		rule->has |= RULE_ANYDOMAIN;
	for (i = 0; i < 3 && from->domains[i] != 0; i++)
		if (from->domains[i] != ANY)
			rule->domains[rule->ndomains++][0] =
			    (uint8_t)from->domains[i];
	if (from->to[0] != 0)
		rule->has |= RULE_TO;
	for (i = 0; i < 3 && from->to[i] > 0; i++)
		rule->to[rule->nto++][0] = (uint8_t)from->to[i];
	if (from->max_value != NONE) {
		rule->has |= RULE_MAXVALUE;
		number(&rule->max_value, from->max_value);
	}
	if (from->max_fee != NONE) {
		rule->has |= RULE_MAXFEE;
		number(&rule->max_fee, from->max_fee);
	}
}

static inline void
policy_of(struct policy *policy, const struct short_rule *from, size_t n)
{
	size_t	i;

	memset(policy, 0, sizeof(*policy));
	assert_non_null(policy->rules = calloc(n + 1, sizeof(struct rule)));
	policy->nrules = n;
	for (i = 0; i < n; i++)
		expand_rule(&policy->rules[i], &from[i]);
	policy->nkeys = 3;
	policy->addresses = malloc(sizeof(addresses));
	assert_non_null(policy->addresses);
	memcpy(policy->addresses, addresses, sizeof(addresses));
}

/* A transaction in short. */
struct short_tx {
	const char	*client;
	int		 from;		/* key whose address; NONE: absent */
	int64_t		 chain;		/* NONE: absent */
	int		 to;		/* first byte; NONE: absent */
	int64_t		 value;		/* NONE: absent */
	int64_t		 gas;		/* NONE: absent */
	int64_t		 fee;		/* per gas */
	size_t		 nblobs;	/* 0: no blobs; fee of 1 per gas */
};

#define BADKEY	9	/* as a from: an address of no key */

static inline void
sender(uint8_t out[ADDRESS_SIZE], int key)
{
	out[0] = (uint8_t)(0xa0 + key);
}

static inline void
expand_tx(struct request *r, const struct short_tx *from)
{
	static const uint8_t	blobs[8 * HASH_SIZE], code[1] = { 0xfe };
	struct tx		*tx = &r->tx;

	memset(r, 0, sizeof(*r));
	asker(&r->via, r->client, from->client);
	r->method = METHOD_TRANSACTION;
	tx->has = TX_MAXFEE | TX_MAXPRIORITYFEE | TX_NONCE | TX_INPUT;
	tx->input = code;
	tx->inputlen = sizeof(code);
	number(&tx->max_fee, from->fee);
	if (from->from != NONE) {
		tx->has |= TX_FROM;
		sender(tx->from, from->from);
	}
	if (from->chain != NONE) {
		tx->has |= TX_CHAINID;
		number(&tx->chain_id, from->chain);
	}
	if (from->to != NONE) {
		tx->has |= TX_TO;
		tx->to[0] = (uint8_t)from->to;
	}
	if (from->value != NONE) {
		tx->has |= TX_VALUE;
		number(&tx->value, from->value);
	}
	if (from->gas != NONE) {
		tx->has |= TX_GAS;
		tx->gas = (uint64_t)from->gas;
	}
	if (from->nblobs > 0) {
		tx->has |= TX_BLOBHASHES | TX_MAXBLOBFEE;
		tx->blobs = blobs;
		tx->nblobs = from->nblobs;
		number(&tx->max_blob_fee, 1);
	}
}

/* A payload in short. */
struct short_payload {
	const char	*client;
	int		 sender;	/* key whose address; NONE: absent */
	int64_t		 chain;		/* NONE: absent */
	int		 domain;	/* first byte; ANY + x: last byte x */
	bool		 hash;
};

static inline void
expand_payload(struct request *r, const struct short_payload *from)
{
	struct payload	*p = &r->payload;

	memset(r, 0, sizeof(*r));
	asker(&r->via, r->client, from->client);
	r->method = METHOD_PAYLOAD;
	if (from->sender != NONE) {
		p->has |= PAYLOAD_SENDER;
		sender(p->sender, from->sender);
	}
	if (from->chain != NONE) {
		p->has |= PAYLOAD_CHAIN;
		number(&p->chain_id, from->chain);
	}
	if (from->domain >= ANY)
		p->domain[HASH_SIZE - 1] = (uint8_t)(from->domain - ANY);
	else
		p->domain[0] = (uint8_t)from->domain;
	if (from->hash)
		p->has |= PAYLOAD_HASH;
}

static inline void
expect(const struct policy *policy, const struct request *r, size_t line,
    enum refusal refusal, uint32_t rule)
{
	uint32_t	got = 12345;
	enum refusal	result;

	result = policy_decide(policy, r, &got);
	if (result != refusal || got != rule)
		fail_msg("case %zu: refusal %d of rule %u, not %d of %u",
		    line, (int)result, got, (int)refusal, rule);
}

#endif /* REGRESS_UNIT_POLICY_UTIL_H */
