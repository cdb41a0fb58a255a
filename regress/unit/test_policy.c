/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: keyd/policy.o keyd/rule.o keyd/payload.o keyd/tx.o keyd/rlp.o common/u256.o */

#include "regress/unit/policy_util.h"

#define OK	REFUSAL_NONE

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
/* 15 */ { "nokey", 1, PL, { 0 }, { ANY }, { 0 }, NONE, NONE },
/* 16 */ { "1/seq", 2, PL, { 11 }, { 0 }, { 0 }, NONE, NONE },
/* 17 */ { "2/seq", 0, PL, { 12 }, { 0 }, { 0 }, NONE, NONE },
/* 18 */ { "2/", 1, TX, { 1 }, { 0 }, { 0 }, 7, NONE },
/* 19 */ { "2/only", 1, TX, { 1 }, { 0 }, { 0 }, NONE, NONE }
};

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
{ { "fee", NONE, 1, 0x11, 0, 1, 1000, 6 }, OK, 14 },
/* 63: a link's rules: for that link, for that client, or for none. */
{ { "2/", NONE, 1, 0x11, 7, 10, 10, 0 }, OK, 18 },
{ { "2/", 1, 1, 0x11, 7, 10, 10, 0 }, OK, 18 },
{ { "2/", NONE, 1, 0x11, 8, 10, 10, 0 }, REFUSAL_VALUE, 18 },
{ { "2/", 0, 1, 0x11, 7, 10, 10, 0 }, REFUSAL_FROM, NO },
{ { "2/", NONE, 1, 0x11, 7, NONE, 10, 0 }, REFUSAL_GAS, NO },
{ { "2/only", NONE, 1, 0x11, 8, 10, 10, 0 }, OK, 19 },
{ { "2/seq", NONE, 1, 0x11, 8, 10, 10, 0 }, REFUSAL_METHOD, NO },
{ { "2/o", NONE, 1, 0x11, 7, 10, 10, 0 }, REFUSAL_FORBIDDEN, NO },
{ { "2/any", NONE, 1, 0x11, 7, 10, 10, 0 }, REFUSAL_FORBIDDEN, NO },
{ { "1/", NONE, 1, 0x11, 7, 10, 10, 0 }, REFUSAL_FORBIDDEN, NO },
{ { "1/only", NONE, 1, 0x11, 7, 10, 10, 0 }, REFUSAL_FORBIDDEN, NO },
{ { "only", NONE, 1, 0x11, 7, 10, 10, 0 }, REFUSAL_FORBIDDEN, NO },
{ { "3/", NONE, 1, 0x11, 7, NONE, 10, 0 }, REFUSAL_FORBIDDEN, NO }
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
{ { "unsafe", NONE, 2, 0x01, true }, REFUSAL_CHAINID, 10 },
/* 47: one name, here and there. */
{ { "1/seq", NONE, 11, 0, true }, OK, 16 },
{ { "2/seq", NONE, 12, 0, true }, OK, 17 },
{ { "1/seq", NONE, 10, 0, true }, REFUSAL_CHAINID, 16 },
{ { "1/seq", NONE, 12, 0, true }, REFUSAL_CHAINID, 16 },
{ { "2/seq", NONE, 11, 0, true }, REFUSAL_CHAINID, 17 },
{ { "1/seq", 0, 11, 0, true }, REFUSAL_FORBIDDEN, NO },
{ { "seq", 2, 11, 0, true }, REFUSAL_FORBIDDEN, NO },
{ { "seq", NONE, 12, 0, true }, REFUSAL_CHAINID, 0 },
{ { "3/seq", NONE, 11, 0, true }, REFUSAL_FORBIDDEN, NO },
{ { "1/", NONE, 11, 0, true }, REFUSAL_FORBIDDEN, NO },
{ { "2/", NONE, 12, 0, true }, REFUSAL_FORBIDDEN, NO },
{ { "2/only", NONE, 1, 0, true }, REFUSAL_FORBIDDEN, NO }
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

/* Each asker's rule against each asker, whose method fits or does not. */
static void
askers(void **state)
{
	static const char *const	names[] = { "a", "ab", "b", "1/", "1/a",
					    "1/ab", "2/", "2/a", "9/", "9/a" };
	static const size_t		n = sizeof(names) / sizeof(names[0]);
	struct short_payload		p = { "", NONE, 1, 0, true };
	struct short_rule		rule = { "", 0, 0, { 1 }, { 0 },
					    { 0 }, NONE, NONE };
	struct short_tx			tx = { "", NONE, 1, 1, 1, 1, 1, 0 };
	struct policy			policy;
	struct request			r;
	size_t				i, j;

	(void)state;
	for (i = 0; i < 3 * n * n; i++) {
		rule.client = names[i / 3 % n];
		rule.methods = (uint32_t)(1 + i % 3);
		j = i / 3 / n;
		tx.client = p.client = names[j];
		policy_of(&policy, &rule, 1);
		expand_tx(&r, &tx);
		expect(&policy, &r, i, j != i / 3 % n ? REFUSAL_FORBIDDEN :
		    rule.methods & TX ? OK : REFUSAL_METHOD,
		    j == i / 3 % n && rule.methods & TX ? 0 : NO);
		expand_payload(&r, &p);
		expect(&policy, &r, i, j == i / 3 % n && rule.methods & PL ?
		    OK : REFUSAL_FORBIDDEN,
		    j == i / 3 % n && rule.methods & PL ? 0 : NO);
		policy_clear(&policy);
	}
}

/* A number that names no other one when it is cut to a byte. */
static void
high_vias(void **state)
{
	static const uint32_t		vias[] = { 0, 1, 64, 256, 257,
					    0x10000, 0x80000001, UINT32_MAX };
	static const struct short_rule	rule = { "a", 0, TX, { 0 }, { 0 },
					    { 0 }, NONE, NONE };
	static const struct short_tx	tx = { "a", NONE, 1, 1, 1, 1, 1, 0 };
	struct policy			policy;
	struct request			r;
	size_t				i, j;

	(void)state;
	policy_of(&policy, &rule, 1);
	expand_tx(&r, &tx);
	for (i = 0; i < sizeof(vias) / sizeof(vias[0]); i++) {
		for (j = 0; j < sizeof(vias) / sizeof(vias[0]); j++) {
			policy.rules[0].via = vias[i];
			r.via = vias[j];
			expect(&policy, &r, i, i == j ? OK :
			    REFUSAL_FORBIDDEN, i == j ? 0 : NO);
		}
	}
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(transactions),
		cmocka_unit_test(payloads),
		cmocka_unit_test(unsafe_domains),
		cmocka_unit_test(names_and_emptiness),
		cmocka_unit_test(askers),
		cmocka_unit_test(high_vias),
		cmocka_unit_test(creation),
		cmocka_unit_test(clearing)
	};

	return (cmocka_run_group_tests_name("policy", tests, NULL, NULL));
}
