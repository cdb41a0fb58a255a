/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: keyd/policy.o keyd/rule.o keyd/payload.o keyd/tx.o keyd/rlp.o common/u256.o */

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

#define NONE	(-1)
#define NO	POLICY_NORULE
#define HUGE	INT64_MAX	/* stands for 2^256 - 1 */

/* Numbers for the bytes that addresses and domains consist of. */
static uint8_t	addresses[][ADDRESS_SIZE] = { { 0xa0 }, { 0xa1 }, { 0xa2 } };

/* A rule in short; lists end with 0, ANY is any domain. */
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

static const struct short_rule table[] = {
/* 0 */	{ "seq", 0, PL, { 10 }, { 0 }, { 0 }, NONE, NONE },
/* 1 */	{ "seq", 1, PL, { 10, 8453 }, { ANY }, { 0 }, NONE, NONE },
/* 2 */	{ "batch", 1, TX, { 1 }, { 0 }, { 0x11, 0x12 }, 100, 1000 },
/* 3 */	{ "batch", 2, TX, { 5 }, { 0 }, { 0 }, NONE, NONE },
/* 4 */	{ "any", 2, TX, { 0 }, { 0 }, { 0 }, NONE, NONE },
/* 5 */	{ "both", 0, TX | PL, { 10 }, { 0x90, 0xb0 }, { 0 }, NONE, NONE },
/* 6 */	{ "both", 1, PL, { 0 }, { ANY }, { 0 }, NONE, NONE },
/* 7 */	{ "two", 0, TX, { 1 }, { 0 }, { 0 }, 5, NONE },
/* 8 */	{ "two", 0, TX, { 1 }, { 0 }, { 0 }, 50, NONE },
/* 9 */	{ "two", 1, PL, { 1 }, { 0x80, 0x19 }, { 0 }, NONE, NONE },
/* 10 */ { "unsafe", 0, PL, { 1 }, { ANY }, { 0 }, NONE, NONE },
/* 11 */ { "tonone", 0, TX, { 0 }, { 0 }, { NONE }, NONE, NONE },
/* 12 */ { "seq2", 2, PL, { 1 }, { 0 }, { 0 }, NONE, NONE },
/* 13 */ { "zero", 0, TX, { 0 }, { 0 }, { 0 }, 0, 0 },
/* 14 */ { "fee", 0, TX, { 0 }, { 0 }, { 0 }, NONE, HUGE },
/* 15 */ { "nokey", 1, PL, { 0 }, { ANY }, { 0 }, NONE, NONE }
};

static void
number(struct u256 *n, int64_t value)
{
	if (value == HUGE)
		memset(n, 0xff, sizeof(*n));
	else
		u256_from_u64(n, (uint64_t)value);
}

static void
expand_rule(struct rule *rule, const struct short_rule *from)
{
	size_t	i;

	memset(rule, 0, sizeof(*rule));
	memcpy(rule->client, from->client, strlen(from->client));
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

static void
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

static void
sender(uint8_t out[ADDRESS_SIZE], int key)
{
	out[0] = (uint8_t)(0xa0 + key);
}

static void
expand_tx(struct request *r, const struct short_tx *from)
{
	static const uint8_t	blobs[8 * HASH_SIZE], code[1] = { 0xfe };
	struct tx		*tx = &r->tx;

	memset(r, 0, sizeof(*r));
	memcpy(r->client, from->client, strlen(from->client));
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

static void
expand_payload(struct request *r, const struct short_payload *from)
{
	struct payload	*p = &r->payload;

	memset(r, 0, sizeof(*r));
	memcpy(r->client, from->client, strlen(from->client));
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

static void
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

#define OK	REFUSAL_NONE

static const struct {
	struct short_tx	tx;
	enum refusal	refusal;
	uint32_t	rule;
} tx_cases[] = {
/* 0: no rule of the client goes before the checks. */
{ { "nobody", NONE, 1, 0x11, 1, 10, 10, 0 }, REFUSAL_FORBIDDEN, NO },
{ { "nobody", NONE, 1, 0x11, 1, NONE, 10, 0 }, REFUSAL_FORBIDDEN, NO },
{ { "nobody", BADKEY, NONE, 0x11, 1, 10, 10, 0 }, REFUSAL_FORBIDDEN, NO },
/* 3: names are whole and exact. */
{ { "an", NONE, 1, 0x11, 1, 10, 10, 0 }, REFUSAL_FORBIDDEN, NO },
{ { "anyx", NONE, 1, 0x11, 1, 10, 10, 0 }, REFUSAL_FORBIDDEN, NO },
{ { "Any", NONE, 1, 0x11, 1, 10, 10, 0 }, REFUSAL_FORBIDDEN, NO },
{ { "", NONE, 1, 0x11, 1, 10, 10, 0 }, REFUSAL_FORBIDDEN, NO },
/* 7: the checks go before the choice of a rule. */
{ { "any", NONE, 1, 0x11, 1, NONE, 10, 0 }, REFUSAL_GAS, NO },
{ { "any", BADKEY, 1, 0x11, 1, NONE, 10, 0 }, REFUSAL_GAS, NO },
{ { "any", NONE, NONE, 0x11, 1, 10, 10, 0 }, REFUSAL_CHAIN, NO },
{ { "any", NONE, 0, 0x11, 1, 10, 10, 0 }, REFUSAL_CHAINZERO, NO },
{ { "seq", NONE, 1, 0x11, 1, NONE, 10, 0 }, REFUSAL_GAS, NO },
{ { "any", NONE, 1, NONE, 1, 10, 10, 1 }, REFUSAL_BLOBTO, NO },
/* 13: a rule without clauses. */
{ { "any", NONE, 1, 0x11, 1, 10, 10, 0 }, OK, 4 },
{ { "any", NONE, HUGE, 0x77, HUGE, INT64_MAX, 10, 0 }, OK, 4 },
{ { "any", NONE, 1, NONE, NONE, 10, 10, 0 }, OK, 4 },
{ { "any", NONE, 1, 0x11, 1, 2, HUGE, 0 }, OK, 4 },
{ { "any", 2, 1, 0x11, 1, 10, 10, 0 }, OK, 4 },
/* 18: the sender. */
{ { "any", 0, 1, 0x11, 1, 10, 10, 0 }, REFUSAL_FROM, NO },
{ { "any", BADKEY, 1, 0x11, 1, 10, 10, 0 }, REFUSAL_FROM, NO },
{ { "seq", 2, 1, 0x11, 1, 10, 10, 0 }, REFUSAL_FROM, NO },
{ { "seq", 0, 10, 0x11, 1, 10, 10, 0 }, REFUSAL_METHOD, NO },
{ { "seq", NONE, 10, 0x11, 1, 10, 10, 0 }, REFUSAL_METHOD, NO },
{ { "both", 1, 10, 0x11, 1, 10, 10, 0 }, REFUSAL_METHOD, NO },
{ { "both", 0, 10, 0x11, 1, 10, 10, 0 }, OK, 5 },
{ { "both", NONE, 10, 0x11, 1, 10, 10, 0 }, OK, 5 },
{ { "both", NONE, 11, 0x11, 1, 10, 10, 0 }, REFUSAL_TXCHAIN, 5 },
/* 27: clauses, and their bounds. */
{ { "batch", NONE, 1, 0x11, 100, 10, 100, 0 }, OK, 2 },
{ { "batch", NONE, 1, 0x12, 0, 0, 100, 0 }, OK, 2 },
{ { "batch", NONE, 1, 0x12, NONE, 1, 1000, 0 }, OK, 2 },
{ { "batch", NONE, 1, 0x11, 101, 10, 100, 0 }, REFUSAL_VALUE, 2 },
{ { "batch", NONE, 1, 0x11, HUGE, 10, 100, 0 }, REFUSAL_VALUE, 2 },
{ { "batch", NONE, 1, 0x11, 100, 1, 1001, 0 }, REFUSAL_FEE, 2 },
{ { "batch", NONE, 1, 0x11, 100, 1, HUGE, 0 }, REFUSAL_FEE, 2 },
{ { "batch", NONE, 1, 0x11, 100, 2, HUGE, 0 }, REFUSAL_FEE, 2 },
{ { "batch", NONE, 1, 0x13, 100, 10, 100, 0 }, REFUSAL_TO, 2 },
{ { "batch", NONE, 1, NONE, 100, 10, 100, 0 }, REFUSAL_TO, 2 },
{ { "batch", NONE, 1, 0, 100, 10, 100, 0 }, REFUSAL_TO, 2 },
/* 38: their order. */
{ { "batch", NONE, 2, 0x13, 101, 2, HUGE, 0 }, REFUSAL_TXCHAIN, 2 },
{ { "batch", NONE, 1, 0x13, 101, 2, HUGE, 0 }, REFUSAL_TO, 2 },
{ { "batch", NONE, 1, 0x12, 101, 2, HUGE, 0 }, REFUSAL_VALUE, 2 },
/* 41: a later rule permits; else the first one's refusal. */
{ { "batch", NONE, 5, 0x13, 101, 2, HUGE, 0 }, OK, 3 },
{ { "batch", 1, 5, 0x11, 1, 10, 10, 0 }, REFUSAL_TXCHAIN, 2 },
{ { "batch", 2, 1, 0x11, 1, 10, 10, 0 }, REFUSAL_TXCHAIN, 3 },
{ { "batch", 1, 1, 0x11, 1, 10, 10, 0 }, OK, 2 },
{ { "batch", 2, 5, 0x11, 1, 10, 10, 0 }, OK, 3 },
{ { "batch", 0, 5, 0x11, 1, 10, 10, 0 }, REFUSAL_FROM, NO },
{ { "two", NONE, 1, 0x11, 5, 10, 10, 0 }, OK, 7 },
{ { "two", NONE, 1, 0x11, 6, 10, 10, 0 }, OK, 8 },
{ { "two", NONE, 1, 0x11, 50, 10, 10, 0 }, OK, 8 },
{ { "two", NONE, 1, 0x11, 51, 10, 10, 0 }, REFUSAL_VALUE, 7 },
{ { "two", 1, 1, 0x11, 5, 10, 10, 0 }, REFUSAL_METHOD, NO },
/* 52: a list of nobody; maxima of zero; the largest maximum. */
{ { "tonone", NONE, 1, 0x11, 1, 10, 10, 0 }, REFUSAL_TO, 11 },
{ { "tonone", NONE, 1, NONE, 1, 10, 10, 0 }, REFUSAL_TO, 11 },
{ { "zero", NONE, 1, 0x11, NONE, 0, 10, 0 }, OK, 13 },
{ { "zero", NONE, 1, 0x11, 0, 10, 0, 0 }, OK, 13 },
{ { "zero", NONE, 1, 0x11, 1, 0, 10, 0 }, REFUSAL_VALUE, 13 },
{ { "zero", NONE, 1, 0x11, 0, 1, 1, 0 }, REFUSAL_FEE, 13 },
{ { "fee", NONE, 1, 0x11, 0, 1, HUGE, 0 }, OK, 14 },
{ { "fee", NONE, 1, 0x11, 0, 2, HUGE, 0 }, REFUSAL_FEE, 14 },
/* 60: blobs cost, too, and can overflow the sum. */
{ { "zero", NONE, 1, 0x11, 0, 0, 0, 1 }, REFUSAL_FEE, 13 },
{ { "fee", NONE, 1, 0x11, 0, 1, HUGE, 1 }, REFUSAL_FEE, 14 },
{ { "fee", NONE, 1, 0x11, 0, 1, 1000, 6 }, OK, 14 }
};

static const struct {
	struct short_payload	payload;
	enum refusal		refusal;
	uint32_t		rule;
} payload_cases[] = {
{ { "nobody", NONE, 10, 0, true }, REFUSAL_FORBIDDEN, NO },
{ { "nobody", NONE, NONE, 0, true }, REFUSAL_FORBIDDEN, NO },
{ { "seq", NONE, 10, 0, true }, OK, 0 },
{ { "seq", 0, 10, 0, true }, OK, 0 },
{ { "seq", 1, 10, 0, true }, OK, 1 },
{ { "seq", NONE, 8453, 0, true }, OK, 1 },
/* 6: the checks. */
{ { "seq", NONE, NONE, 0, true }, REFUSAL_PCHAIN, NO },
{ { "seq", NONE, 10, 0, false }, REFUSAL_PHASH, NO },
{ { "seq", BADKEY, 10, 0, false }, REFUSAL_PHASH, NO },
{ { "any", NONE, 10, 0, false }, REFUSAL_PHASH, NO },
/* 10: the sender, the method: Forbidden. */
{ { "seq", 2, 10, 0, true }, REFUSAL_FORBIDDEN, NO },
{ { "seq", BADKEY, 10, 0, true }, REFUSAL_FORBIDDEN, NO },
{ { "any", NONE, 10, 0, true }, REFUSAL_FORBIDDEN, NO },
{ { "any", 2, 10, 0, true }, REFUSAL_FORBIDDEN, NO },
{ { "two", 0, 1, 0x80, true }, REFUSAL_FORBIDDEN, NO },
/* 15: chains. */
{ { "seq", NONE, 11, 0, true }, REFUSAL_CHAINID, 0 },
{ { "seq", 1, 11, 0, true }, REFUSAL_CHAINID, 1 },
{ { "seq", NONE, 0, 0, true }, REFUSAL_CHAINID, 0 },
{ { "seq", NONE, HUGE, 0, true }, REFUSAL_CHAINID, 0 },
{ { "seq", 0, 8453, 0, true }, REFUSAL_CHAINID, 0 },
{ { "seq2", NONE, 1, 0, true }, OK, 12 },
{ { "seq2", NONE, 10, 0, true }, REFUSAL_CHAINID, 12 },
{ { "nokey", NONE, 10, 0, true }, REFUSAL_CHAINID, 15 },
{ { "nokey", NONE, 0, 0, true }, REFUSAL_CHAINID, 15 },
{ { "both", 1, 10, 0x90, true }, REFUSAL_CHAINID, 6 },
/* 25: domains: zeros where none is named. */
{ { "seq", 0, 10, 0x90, true }, REFUSAL_DOMAIN, 0 },
{ { "seq", 0, 10, ANY + 1, true }, REFUSAL_DOMAIN, 0 },
{ { "seq", NONE, 10, 0x90, true }, OK, 1 },
{ { "seq", NONE, 10, ANY + 1, true }, OK, 1 },
{ { "both", NONE, 10, 0x90, true }, OK, 5 },
{ { "both", NONE, 10, 0xb0, true }, OK, 5 },
{ { "both", NONE, 10, 0x91, true }, REFUSAL_DOMAIN, 5 },
{ { "both", NONE, 10, 0, true }, REFUSAL_DOMAIN, 5 },
{ { "both", NONE, 11, 0x91, true }, REFUSAL_CHAINID, 5 },
{ { "two", NONE, 1, 0x80, true }, OK, 9 },
/* 35: what could be a transaction is never signed, listed or not. */
{ { "two", NONE, 1, 0x19, true }, REFUSAL_DOMAIN, 9 },
{ { "seq", 1, 10, 0x02, true }, REFUSAL_DOMAIN, 1 },
{ { "seq", NONE, 10, 0xf8, true }, REFUSAL_DOMAIN, 0 },
{ { "unsafe", NONE, 1, 0x00, true }, OK, 10 },
{ { "unsafe", NONE, 1, 0x01, true }, REFUSAL_DOMAIN, 10 },
{ { "unsafe", NONE, 1, 0x7f, true }, REFUSAL_DOMAIN, 10 },
{ { "unsafe", NONE, 1, 0x80, true }, OK, 10 },
{ { "unsafe", NONE, 1, 0xbf, true }, OK, 10 },
{ { "unsafe", NONE, 1, 0xc0, true }, REFUSAL_DOMAIN, 10 },
{ { "unsafe", NONE, 1, 0xfe, true }, REFUSAL_DOMAIN, 10 },
{ { "unsafe", NONE, 1, 0xff, true }, OK, 10 },
{ { "unsafe", NONE, 2, 0x01, true }, REFUSAL_CHAINID, 10 }
};

static void
transactions(void **state)
{
	struct policy	policy;
	struct request	r;
	size_t		i;

	(void)state;
	policy_of(&policy, table, sizeof(table) / sizeof(table[0]));
	for (i = 0; i < sizeof(tx_cases) / sizeof(tx_cases[0]); i++) {
		expand_tx(&r, &tx_cases[i].tx);
		expect(&policy, &r, i, tx_cases[i].refusal,
		    tx_cases[i].rule);
	}
	policy_clear(&policy);
}

static void
payloads(void **state)
{
	struct policy	policy;
	struct request	r;
	size_t		i;

	(void)state;
	policy_of(&policy, table, sizeof(table) / sizeof(table[0]));
	for (i = 0; i < sizeof(payload_cases) / sizeof(payload_cases[0]);
	    i++) {
		expand_payload(&r, &payload_cases[i].payload);
		expect(&policy, &r, i, payload_cases[i].refusal,
		    payload_cases[i].rule);
	}
	policy_clear(&policy);
}

/* Whatever any rule says, no payload with such a first byte passes. */
static void
unsafe_domains(void **state)
{
	struct short_payload	p = { "unsafe", NONE, 1, 0, true };
	struct policy		policy;
	struct request		r;
	bool			unsafe;

	(void)state;
	policy_of(&policy, table, sizeof(table) / sizeof(table[0]));
	for (p.domain = 0; p.domain < 256; p.domain++) {
		expand_payload(&r, &p);
		unsafe = (p.domain >= 0x01 && p.domain <= 0x7f) ||
		    (p.domain >= 0xc0 && p.domain <= 0xfe);
		expect(&policy, &r, (size_t)p.domain, unsafe ?
		    REFUSAL_DOMAIN : OK, 10);
	}
	policy_clear(&policy);
}

static void
names_and_emptiness(void **state)
{
	struct short_rule	rule = { "x", 0, TX, { 0 }, { 0 }, { 0 },
	    NONE, NONE };
	struct short_tx		tx = { "x", NONE, 1, 1, 1, 1, 1, 0 };
	char			name[CLIENT_MAX + 1], other[CLIENT_MAX + 1];
	struct policy		policy;
	struct request		r;

	(void)state;
	/* No rules at all. */
	policy_of(&policy, table, 0);
	expand_tx(&r, &tx);
	expect(&policy, &r, 0, REFUSAL_FORBIDDEN, NO);
	policy_clear(&policy);
	assert_null(policy.rules);
	assert_int_equal(policy.nrules, 0);
	policy_clear(&policy);
	/* The longest name, and one that differs in its last byte. */
	memset(name, 'n', sizeof(name));
	name[CLIENT_MAX] = '\0';
	memcpy(other, name, sizeof(other));
	other[CLIENT_MAX - 1] = 'm';
	rule.client = name;
	policy_of(&policy, &rule, 1);
	tx.client = name;
	expand_tx(&r, &tx);
	expect(&policy, &r, 1, OK, 0);
	tx.client = other;
	expand_tx(&r, &tx);
	expect(&policy, &r, 2, REFUSAL_FORBIDDEN, NO);
	policy_clear(&policy);
}

/* A creation is not a transaction to the zero address. */
static void
creation(void **state)
{
	static const struct short_rule	rule = { "x", 0, TX, { 0 }, { 0 },
	    { 0x11 }, NONE, NONE };
	struct short_tx		tx = { "x", NONE, 1, 0, 1, 1, 1, 0 };
	struct policy		policy;
	struct request		r;

	(void)state;
	policy_of(&policy, &rule, 1);
	memset(policy.rules[0].to[0], 0, ADDRESS_SIZE);
	expand_tx(&r, &tx);
	expect(&policy, &r, 0, OK, 0);
	tx.to = NONE;
	expand_tx(&r, &tx);
	expect(&policy, &r, 1, REFUSAL_TO, 0);
	policy_clear(&policy);
}

static void
clearing(void **state)
{
	static const struct rule	zeros;
	struct rule			rule;

	(void)state;
	expand_rule(&rule, &table[2]);
	rule_clear(&rule);
	assert_null(rule.chains);
	assert_null(rule.domains);
	assert_null(rule.to);
	assert_int_equal(rule.nchains + rule.ndomains + rule.nto, 0);
	rule = zeros;
	rule_clear(&rule);
}

/*
 * The oracle: the rules of the design, step by step on lists of candidates,
 * from the short forms alone.
 */
static bool
o_in(const int *list, int x)
{
	int	i;

	for (i = 0; i < 3 && list[i] != 0; i++)
		if (list[i] == x)
			return (true);
	return (false);
}

static bool
o_chain(const struct short_rule *rule, int64_t chain)
{
	int	i;

	for (i = 0; i < 3; i++)
		if (rule->chains[i] != 0 &&
		    (int64_t)rule->chains[i] == chain)
			return (true);
	return (false);
}

static enum refusal
o_permits_tx(const struct short_rule *rule, const struct short_tx *tx)
{
	int64_t	value = tx->value == NONE ? 0 : tx->value;
	bool	over;

	if (rule->chains[0] != 0 && !o_chain(rule, tx->chain))
		return (REFUSAL_TXCHAIN);
	if (rule->to[0] != 0 && (tx->to == NONE || !o_in(rule->to, tx->to)))
		return (REFUSAL_TO);
	if (rule->max_value != NONE && value > rule->max_value)
		return (REFUSAL_VALUE);
	if (rule->max_fee == NONE)
		return (REFUSAL_NONE);
	if (tx->fee == HUGE)
		over = tx->gas > 1 || (tx->gas == 1 &&
		    (rule->max_fee != HUGE || tx->nblobs > 0)) ||
		    (int64_t)tx->nblobs * 131072 > rule->max_fee;
	else
		over = tx->gas * tx->fee + (int64_t)tx->nblobs * 131072 >
		    rule->max_fee;
	return (over ? REFUSAL_FEE : REFUSAL_NONE);
}

static enum refusal
o_permits_payload(const struct short_rule *rule,
    const struct short_payload *p)
{
	int	first = p->domain >= ANY ? 0 : p->domain;
	bool	zeros = p->domain == 0 || p->domain == ANY;

	if (!o_chain(rule, p->chain))
		return (REFUSAL_CHAINID);
	if ((first > 0 && first < 0x80) || (first >= 0xc0 && first != 0xff))
		return (REFUSAL_DOMAIN);
	if (rule->domains[0] == ANY)
		return (REFUSAL_NONE);
	if (rule->domains[0] == 0)
		return (zeros ? REFUSAL_NONE : REFUSAL_DOMAIN);
	return (p->domain < ANY && o_in(rule->domains, p->domain) ?
	    REFUSAL_NONE : REFUSAL_DOMAIN);
}

static enum refusal
o_check(const struct short_tx *tx, const struct short_payload *p)
{
	if (tx == NULL && p->chain == NONE)
		return (REFUSAL_PCHAIN);
	if (tx == NULL)
		return (p->hash ? REFUSAL_NONE : REFUSAL_PHASH);
	if (tx->gas == NONE)
		return (REFUSAL_GAS);
	if (tx->chain == NONE)
		return (REFUSAL_CHAIN);
	if (tx->chain == 0)
		return (REFUSAL_CHAINZERO);
	if (tx->nblobs > 0 && tx->to == NONE)
		return (REFUSAL_BLOBTO);
	return (REFUSAL_NONE);
}

/* One of tx and p is NULL. */
static enum refusal
oracle(const struct short_rule *rules, uint32_t nrules,
    const struct short_tx *tx, const struct short_payload *p, uint32_t *at)
{
	const char	*client = tx != NULL ? tx->client : p->client;
	uint32_t	 list[64], n = 0, m = 0, i;
	int		 from = tx != NULL ? tx->from : p->sender;
	enum refusal	 r[64];

	*at = NO;
	for (i = 0; i < nrules; i++)
		if (strcmp(rules[i].client, client) == 0)
			list[n++] = i;
	if (n == 0)
		return (REFUSAL_FORBIDDEN);
	if ((r[0] = o_check(tx, p)) != REFUSAL_NONE)
		return (r[0]);
	for (i = 0; i < n; i++)
		if (from == NONE || (int)rules[list[i]].key == from)
			list[m++] = list[i];
	if (m == 0)
		return (tx != NULL ? REFUSAL_FROM : REFUSAL_FORBIDDEN);
	for (i = n = 0; i < m; i++)
		if (rules[list[i]].methods & (tx != NULL ? TX : PL))
			list[n++] = list[i];
	if (n == 0)
		return (tx != NULL ? REFUSAL_METHOD : REFUSAL_FORBIDDEN);
	for (i = 0; i < n; i++) {
		r[i] = tx != NULL ? o_permits_tx(&rules[list[i]], tx) :
		    o_permits_payload(&rules[list[i]], p);
		if (r[i] == REFUSAL_NONE) {
			*at = list[i];
			return (REFUSAL_NONE);
		}
	}
	*at = list[0];
	return (r[0]);
}

static uint64_t seed;

static int
rnd(int bound)
{
	seed = seed * 6364136223846793005U + 1442695040888963407U;
	return ((int)((seed >> 33) % (uint64_t)bound));
}

static const char *const	names[] = { "a", "ab", "b", "c.example" };

static void
rnd_rule(struct short_rule *rule)
{
	static const int	domains[] = { 0, 0x80, 0x90, 0x19, ANY };
	int			i, n;

	memset(rule, 0, sizeof(*rule));
	rule->client = names[rnd(3)];
	rule->key = (uint32_t)rnd(3);
	rule->methods = (uint32_t)(1 + rnd(3));
	for (i = 0, n = rnd(4); i < n; i++)
		rule->chains[i] = (uint64_t)(1 + rnd(4));
	for (i = 0, n = rnd(3); i < n; i++)
		rule->domains[i] = domains[rnd(4)];
	if (rnd(4) == 0)
		rule->domains[0] = ANY;
	for (i = 0, n = rnd(5) - 2; i < n; i++)
		rule->to[i] = 1 + rnd(3);
	if (rnd(10) == 0) {
		rule->to[0] = NONE;
		rule->to[1] = 0;
	}
	rule->max_value = rnd(3) ? NONE : rnd(4);
	rule->max_fee = rnd(3) ? NONE : rnd(2) ? HUGE : rnd(300000);
}

static void
rnd_tx(struct short_tx *tx)
{
	tx->client = names[rnd(4)];
	tx->from = rnd(2) ? NONE : rnd(4);
	tx->chain = rnd(12) == 0 ? rnd(2) - 1 : 1 + rnd(4);
	tx->to = rnd(4) == 0 ? NONE : 1 + rnd(3);
	tx->value = rnd(5) - 1;
	tx->gas = rnd(12) == 0 ? NONE : rnd(4);
	tx->fee = rnd(5) == 0 ? HUGE : rnd(100000);
	tx->nblobs = rnd(3) == 0 ? (size_t)rnd(4) : 0;
}

static void
rnd_payload(struct short_payload *p)
{
	static const int	domains[] = { 0, 0x80, 0x90, 0x19, 0xff,
	    0xc0, ANY, ANY + 1 };

	p->client = names[rnd(4)];
	p->sender = rnd(2) ? NONE : rnd(4);
	p->chain = rnd(12) == 0 ? rnd(2) - 1 : 1 + rnd(4);
	p->domain = domains[rnd(8)];
	p->hash = rnd(20) != 0;
}

static void
against_oracle(void **state)
{
	struct short_rule	rules[12];
	struct short_payload	p;
	struct short_tx		tx;
	struct policy		policy;
	struct request		r;
	enum refusal		wanted;
	uint32_t		n, at, seen[REFUSAL_MAX] = { 0 };
	size_t			i, j;

	(void)state;
	seed = 1;
	for (i = 0; i < 4000; i++) {
		n = (uint32_t)rnd(13);
		for (j = 0; j < n; j++)
			rnd_rule(&rules[j]);
		policy_of(&policy, rules, n);
		for (j = 0; j < 100; j++) {
			if (j % 2 == 0) {
				rnd_tx(&tx);
				expand_tx(&r, &tx);
				wanted = oracle(rules, n, &tx, NULL, &at);
			} else {
				rnd_payload(&p);
				expand_payload(&r, &p);
				wanted = oracle(rules, n, NULL, &p, &at);
			}
			seen[wanted]++;
			expect(&policy, &r, i * 100 + j, wanted, at);
		}
		policy_clear(&policy);
	}
	/* The randomness reaches every decision. */
	assert_true(seen[REFUSAL_NONE] > 1000 && seen[REFUSAL_FROM] > 1000 &&
	    seen[REFUSAL_METHOD] > 1000 && seen[REFUSAL_TXCHAIN] > 1000 &&
	    seen[REFUSAL_TO] > 1000 && seen[REFUSAL_VALUE] > 1000 &&
	    seen[REFUSAL_FEE] > 1000 && seen[REFUSAL_CHAINID] > 1000 &&
	    seen[REFUSAL_DOMAIN] > 1000 && seen[REFUSAL_FORBIDDEN] > 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(transactions),
		cmocka_unit_test(payloads),
		cmocka_unit_test(unsafe_domains),
		cmocka_unit_test(names_and_emptiness),
		cmocka_unit_test(creation),
		cmocka_unit_test(clearing),
		cmocka_unit_test(against_oracle)
	};

	return (cmocka_run_group_tests_name("policy", tests, NULL, NULL));
}
