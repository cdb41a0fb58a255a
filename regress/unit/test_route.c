/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: proxyd/route.o proxyd/route_decide.o proxyd/holders.o
 *	common/list.o common/u256.o keyd/policy.o keyd/rule.o keyd/payload.o
 *	keyd/tx.o keyd/rlp.o
 */

#include <time.h>

#include "regress/unit/route_util.h"

#define OK	REFUSAL_NONE
#define N(a)	(sizeof(a) / sizeof((a)[0]))

static const struct short_signer signers[] = {
	/* 1 */ { 0, { 1, 2 }, { 10 } },
	/* 2 */ { PL, { 1, 3 }, { 10, 11 } },
	/* 3 */ { TX, { 4, 3 }, { 0 } },
	/* 4 */ { TX | PL, { 5 }, { 12 } },
	/* 5: holds nothing */ { 0, { 0 }, { 0 } }
};

#define NOMAX	NONE, NONE
static const struct short_route rules[] = {
	/* 0: a payload rule for one key of two signers */
	{ { "seq", 0, PL, { 10, 12 }, { 0 }, { 0 }, NOMAX }, { 1 }, { 0 } },
	/* 1: for any key; and one more domain */
	{ { "seq", 0, PL, { 10, 11 }, { 0x90 }, { 0 }, NOMAX }, { 0 },
	    { 0 } },
	/* 2: transactions on any chain, with clauses */
	{ { "tx", 0, TX, { 0 }, { 0 }, { 0x11 }, 5, NONE }, { 4 }, { 0 } },
	/* 3: the same key, elsewhere */
	{ { "tx", 0, TX, { 10 }, { 0 }, { 0x22 }, NOMAX }, { 4 }, { 0 } },
	/* 4: any key of two signers */
	{ { "tx", 0, TX, { 12, 13 }, { 0 }, { 0x33 }, NONE, 100 }, { 0 },
	    { 4, 3 } },
	/* 5 and 6: first the one method, then the other */
	{ { "both", 0, PL, { 10 }, { 0 }, { 0 }, NOMAX }, { 1, 2 }, { 0 } },
	{ { "both", 0, TX, { 0 }, { 0 }, { 0 }, NOMAX }, { 2, 4 }, { 0 } },
	/* 7 and 8: nobody serves the first; the second is served */
	{ { "next", 0, TX | PL, { 99, 10 }, { 0 }, { 0 }, NOMAX }, { 5 },
	    { 0 } },
	{ { "next", 0, TX | PL, { 99, 10 }, { 0 }, { 0 }, NOMAX }, { 2 },
	    { 0 } },
	/* 9: an address that no signer has, and one it may not use */
	{ { "lost", 0, TX | PL, { 10 }, { 0 }, { 0 }, NOMAX }, { 7, 4 },
	    { 1 } },
	/* 10: a signer that has nothing */
	{ { "void", 0, TX | PL, { 10 }, { 0 }, { 0 }, NOMAX }, { 0 }, { 5 } },
	/* 11: several addresses; the first is nobody's, the next is not 10's */
	{ { "list", 0, TX | PL, { 10, 11, 12 }, { 0 }, { 0 }, NOMAX },
	    { 7, 5, 3, 1 }, { 0 } }
};

#define HASHED(n, from, chain)	{ n, from, chain, 0, true }

static const struct {
	struct short_payload	p;
	enum refusal		refusal;
	uint32_t		rule;
	int			address;
} payload_cases[] = {
/* 0: no rule of the client comes before the arguments. */
{ { "nobody", NONE, NONE, 0, false }, REFUSAL_FORBIDDEN, NO, 0 },
{ { "", NONE, 10, 0, true }, REFUSAL_FORBIDDEN, NO, 0 },
{ { "se", NONE, 10, 0, true }, REFUSAL_FORBIDDEN, NO, 0 },
{ { "seq.", NONE, 10, 0, true }, REFUSAL_FORBIDDEN, NO, 0 },
/* 4: the arguments come before the sender. */
{ { "seq", 9, NONE, 0, true }, REFUSAL_PCHAIN, NO, 0 },
{ { "seq", 9, 10, 0, false }, REFUSAL_PHASH, NO, 0 },
{ { "tx", 9, 10, 0, false }, REFUSAL_PHASH, NO, 0 },
/* 7: the sender comes before the method, and that before the rest. */
{ HASHED("seq", 9, 10), REFUSAL_FORBIDDEN, NO, 0 },
{ HASHED("seq", 7, 10), REFUSAL_FORBIDDEN, NO, 0 },
{ HASHED("tx", 4, 10), REFUSAL_FORBIDDEN, NO, 0 },
{ HASHED("tx", NONE, 10), REFUSAL_FORBIDDEN, NO, 0 },
{ HASHED("both", 4, 10), REFUSAL_FORBIDDEN, NO, 0 },
/* 12: what the rules permit, and who serves it. */
{ HASHED("seq", 1, 10), OK, 0, 1 },
{ HASHED("seq", NONE, 10), OK, 0, 1 },
{ HASHED("seq", 1, 11), REFUSAL_CHAINID, 0, 0 },
{ { "seq", 1, 11, 0x90, true }, OK, 1, 1 },
{ { "seq", 3, 11, 0x90, true }, OK, 1, 3 },
{ { "seq", 2, 11, 0x90, true }, REFUSAL_CHAINID, 1, 0 },
{ { "seq", 2, 10, 0x90, true }, OK, 1, 2 },
{ { "seq", 2, 10, 0, true }, REFUSAL_DOMAIN, 1, 0 },
{ { "seq", 4, 10, 0x90, true }, REFUSAL_CHAINID, 1, 0 },
/* 21: an address that no rule names, of signers that it may use. */
{ { "seq", 5, 10, 0x90, true }, REFUSAL_CHAINID, 1, 0 },
/* 22: permitted, but nobody serves the chain, by rule 0; then by 1. */
{ HASHED("seq", 1, 12), REFUSAL_CHAINID, 0, 0 },
{ HASHED("seq", NONE, 12), REFUSAL_CHAINID, 0, 0 },
{ { "seq", NONE, 11, 0x90, true }, OK, 1, 1 },
/* 25: the domain that could be a transaction. */
{ { "seq", 1, 10, 0x02, true }, REFUSAL_DOMAIN, 0, 0 },
/* 26: the first that fits and is served. */
{ HASHED("both", NONE, 10), OK, 5, 1 },
{ HASHED("both", 2, 10), OK, 5, 2 },
{ HASHED("next", NONE, 10), OK, 8, 2 },
{ HASHED("next", 5, 10), REFUSAL_CHAINID, 7, 0 },
{ HASHED("next", 2, 10), OK, 8, 2 },
{ HASHED("next", NONE, 99), REFUSAL_CHAINID, 7, 0 },
/* 32: signers that cannot help. */
{ HASHED("lost", 4, 10), REFUSAL_CHAINID, 9, 0 },
{ HASHED("lost", 7, 10), REFUSAL_CHAINID, 9, 0 },
{ HASHED("lost", 1, 10), REFUSAL_FORBIDDEN, NO, 0 },
{ HASHED("lost", NONE, 10), REFUSAL_CHAINID, 9, 0 },
{ HASHED("void", NONE, 10), REFUSAL_CHAINID, 10, 0 },
{ HASHED("void", 1, 10), REFUSAL_FORBIDDEN, NO, 0 },
/* 38: of a list the first that somebody serves. */
{ HASHED("list", NONE, 10), OK, 11, 3 },
{ HASHED("list", NONE, 11), OK, 11, 3 },
{ HASHED("list", NONE, 12), OK, 11, 5 },
{ HASHED("list", 1, 10), OK, 11, 1 },
{ HASHED("list", 5, 10), REFUSAL_CHAINID, 11, 0 },
{ HASHED("list", 7, 10), REFUSAL_CHAINID, 11, 0 },
{ HASHED("list", 2, 10), REFUSAL_FORBIDDEN, NO, 0 }
};

static const struct {
	struct short_tx		tx;
	enum refusal		refusal;
	uint32_t		rule;
	int			address;
} tx_cases[] = {
/* 0 */
{ { "nobody", 4, 10, 0x11, 1, NONE, 1, 0 }, REFUSAL_FORBIDDEN, NO, 0 },
{ { "tx", 9, 10, 0x11, 1, NONE, 1, 0 }, REFUSAL_GAS, NO, 0 },
{ { "tx", 9, NONE, 0x11, 1, 1, 1, 0 }, REFUSAL_CHAIN, NO, 0 },
{ { "tx", 9, 0, 0x11, 1, 1, 1, 0 }, REFUSAL_CHAINZERO, NO, 0 },
{ { "tx", 9, 10, 0x11, 1, 1, 1, 0 }, REFUSAL_FROM, NO, 0 },
{ { "tx", 7, 10, 0x11, 1, 1, 1, 0 }, REFUSAL_FROM, NO, 0 },
{ { "tx", 1, 10, 0x11, 1, 1, 1, 0 }, REFUSAL_FROM, NO, 0 },
{ { "seq", 1, 10, 0x11, 1, 1, 1, 0 }, REFUSAL_METHOD, NO, 0 },
{ { "seq", NONE, 10, 0x11, 1, 1, 1, 0 }, REFUSAL_METHOD, NO, 0 },
{ { "seq", 9, 10, 0x11, 1, 1, 1, 0 }, REFUSAL_FROM, NO, 0 },
{ { "both", 1, 10, 0x11, 1, 1, 1, 0 }, REFUSAL_METHOD, NO, 0 },
{ { "both", 2, 10, 0x11, 1, 1, 1, 0 }, OK, 6, 2 },
/* 12: each clause; the refusal is that of the first rule that fits. */
{ { "tx", 4, 10, 0x11, 5, 1, 1, 0 }, OK, 2, 4 },
{ { "tx", NONE, 77, 0x11, 5, 1, 1, 0 }, OK, 2, 4 },
{ { "tx", 4, 10, 0x11, 6, 1, 1, 0 }, REFUSAL_VALUE, 2, 0 },
{ { "tx", 4, 10, 0x12, 5, 1, 1, 0 }, REFUSAL_TO, 2, 0 },
{ { "tx", 4, 10, NONE, 5, 1, 1, 0 }, REFUSAL_TO, 2, 0 },
{ { "tx", 4, 10, 0x22, 6, 1, 1, 0 }, OK, 3, 4 },
{ { "tx", 4, 11, 0x22, 6, 1, 1, 0 }, REFUSAL_TO, 2, 0 },
{ { "tx", 4, 13, 0x33, 6, 100, 1, 0 }, OK, 4, 4 },
{ { "tx", 3, 13, 0x33, 6, 100, 1, 0 }, OK, 4, 3 },
{ { "tx", 3, 13, 0x33, 6, 101, 1, 0 }, REFUSAL_FEE, 4, 0 },
{ { "tx", 3, 14, 0x33, 6, 1, 1, 0 }, REFUSAL_TXCHAIN, 4, 0 },
{ { "tx", 5, 12, 0x33, 6, 1, 1, 0 }, OK, 4, 5 },
{ { "tx", 5, 13, 0x33, 6, 1, 1, 0 }, REFUSAL_TXCHAIN, 4, 0 },
/* 25: no address: signers in the order of the file, not of the rule. */
{ { "tx", NONE, 12, 0x33, 6, 1, 1, 0 }, OK, 4, 4 },
{ { "both", NONE, 10, 1, 1, 1, 1, 0 }, OK, 6, 2 },
{ { "both", NONE, 11, 1, 1, 1, 1, 0 }, OK, 6, 4 },
{ { "list", NONE, 12, 1, 1, 1, 1, 0 }, OK, 11, 5 },
{ { "list", NONE, 11, 1, 1, 1, 1, 0 }, OK, 11, 3 },
{ { "list", 3, 11, 1, 1, 1, 1, 0 }, OK, 11, 3 },
{ { "list", 1, 11, 1, 1, 1, 1, 0 }, REFUSAL_TXCHAIN, 11, 0 }
};

static void
make(struct route_table *t)
{
	table_of(t, signers, N(signers), rules, N(rules));
}

static void
payloads(void **state)
{
	struct route_table	t;
	struct request		r;
	size_t			i;

	(void)state;
	make(&t);
	for (i = 0; i < N(payload_cases); i++) {
		expand_payload(&r, &payload_cases[i].p);
		decides(&t, &r, i, payload_cases[i].refusal,
		    payload_cases[i].rule, payload_cases[i].address);
	}
	route_clear(&t);
}

static void
transactions(void **state)
{
	struct route_table	t;
	struct request		r;
	size_t			i;

	(void)state;
	make(&t);
	for (i = 0; i < N(tx_cases); i++) {
		expand_tx(&r, &tx_cases[i].tx);
		decides(&t, &r, i, tx_cases[i].refusal, tx_cases[i].rule,
		    tx_cases[i].address);
	}
	route_clear(&t);
}

/* ---- The route -------------------------------------------------------- */

static void
route_for(const struct route_table *t, struct route *route,
    const struct short_payload *p, const struct short_tx *tx)
{
	struct request	r;
	uint32_t	at;

	if (p != NULL)
		expand_payload(&r, p);
	else
		expand_tx(&r, tx);
	assert_int_equal(route_decide(t, &r, route, &at), OK);
}

static void
what_a_route_says(void **state)
{
	static const struct short_payload	p = HASHED("list", 1, 10);
	static const struct short_tx		tx = { "both", NONE, 11, 1, 1,
						    1, 1, 0 };
	struct route_table			t;
	struct route				route;
	struct u256				chain;

	(void)state;
	make(&t);
	route_for(&t, &route, &p, NULL);
	assert_int_equal(route.method, RULE_PAYLOAD);
	u256_from_u64(&chain, 10);
	assert_int_equal(u256_cmp(&route.chain, &chain), 0);
	assert_int_equal(route.holders->nsigners, 2);
	assert_int_equal(route.holders->signers[0], 0);
	assert_int_equal(route.holders->signers[1], 1);
	assert_true(route_permits(&t, &route, 0));
	assert_true(route_permits(&t, &route, 1));
	route_for(&t, &route, NULL, &tx);
	assert_int_equal(route.method, RULE_TRANSACTION);
	u256_from_u64(&chain, 11);
	assert_int_equal(u256_cmp(&route.chain, &chain), 0);
	assert_int_equal(route.holders->nsigners, 1);
	assert_int_equal(route.holders->signers[0], 2);
	assert_true(route_permits(&t, &route, 2));
	route_clear(&t);
}

/* By the rule, by the method, by the chain. */
static void
who_may_serve(void **state)
{
	static const struct short_signer	five[] = {
		{ 0, { 1 }, { 0 } }, { TX, { 1 }, { 0 } },
		{ PL, { 1 }, { 12, 10, 11 } }, { PL, { 1 }, { 12, 13 } },
		{ 0, { 1 }, { 10 } }
	};
	static const struct short_route		r[] = {
		{ { "all", 0, TX | PL, { 10 }, { 0 }, { 0 }, NOMAX }, { 0 },
		    { 0 } },
		{ { "some", 0, TX | PL, { 10 }, { 0 }, { 0 }, NOMAX }, { 1 },
		    { 5, 2, 4 } }
	};
	static const bool			may[4][5] = {
		{ true, false, true, false, true },
		{ true, true, false, false, true },
		{ false, false, false, false, true },
		{ false, true, false, false, true }
	};
	struct short_payload	p = HASHED("all", 1, 10);
	struct short_tx		tx = { "all", NONE, 10, 1, 1, 1, 1, 0 };
	struct route_table	t;
	struct route		route;
	uint32_t		i, k;

	(void)state;
	table_of(&t, five, 5, r, 2);
	for (k = 0; k < 4; k++) {
		p.client = tx.client = k < 2 ? "all" : "some";
		route_for(&t, &route, k % 2 == 0 ? &p : NULL, &tx);
		assert_int_equal(route.holders->nsigners, 5);
		for (i = 0; i < 5; i++)
			if (route_permits(&t, &route, i) != may[k][i])
				fail_msg("case %u, signer %u", k, i);
	}
	route_clear(&t);
}

/* ---- Offers ----------------------------------------------------------- */

static bool
offers_nothing(uint32_t signer, int address, const struct route *route)
{
	(void)signer;
	(void)address;
	(void)route;
	return (false);
}

static bool
offers_three(uint32_t signer, int address, const struct route *route)
{
	(void)signer;
	(void)route;
	return (address == 3);
}

/* The second signer, and nothing but its second address. */
static bool
offers_second(uint32_t signer, int address, const struct route *route)
{
	assert_int_equal(route->method, RULE_PAYLOAD);
	return (signer == 1 && address == 3);
}

static bool
offers_payloads(uint32_t signer, int address, const struct route *route)
{
	struct u256	chain;

	(void)address;
	u256_from_u64(&chain, 12);
	return (signer == 3 && route->method == RULE_PAYLOAD &&
	    u256_cmp(&route->chain, &chain) == 0);
}

/* What is offered goes before what is not; what is permitted is taken. */
static void
offered_first(void **state)
{
	static const struct short_route	r[] = {
		{ { "list", 0, PL, { 10, 12 }, { 0 }, { 0 }, NOMAX },
		    { 7, 1, 2, 3, 5 }, { 0 } },
		{ { "any", 0, PL, { 10, 12 }, { 0 }, { 0 }, NOMAX }, { 0 },
		    { 0 } },
		{ { "one", 0, PL, { 10, 12 }, { 0 }, { 0 }, NOMAX }, { 0 },
		    { 1 } },
		{ { "two", 0, PL, { 10, 12 }, { 0 }, { 0 }, NOMAX }, { 2, 3 },
		    { 1 } }
	};
	static const struct {
		const char	*client;
		short_offers	 offers;
		int64_t		 chain;
		int		 address;
	}				cases[] = {
		{ "list", offers_nothing, 10, 1 },
		{ "list", offers_three, 10, 3 },
		{ "list", offers_three, 12, 5 },
		{ "list", offers_payloads, 10, 1 },
		{ "list", offers_payloads, 12, 5 },
		{ "any", offers_nothing, 10, 1 },
		{ "any", offers_three, 10, 3 },
		{ "any", offers_second, 10, 3 },
		{ "any", offers_payloads, 10, 1 },
		{ "any", offers_payloads, 12, 5 },
		{ "one", offers_three, 10, 1 },
		{ "two", offers_three, 10, 2 },
		{ "two", offers_second, 10, 2 }
	};
	struct route_table		t;
	struct short_payload		p = { NULL, NONE, 0, 0, true };
	struct request			req;
	size_t				i;
	uint32_t			k;

	(void)state;
	table_of(&t, signers, N(signers), r, N(r));
	for (i = 0; i < N(cases); i++) {
		p.client = cases[i].client;
		p.chain = cases[i].chain;
		offer(&t, cases[i].offers);
		expand_payload(&req, &p);
		for (k = 0; strcmp(r[k].rule.client, p.client) != 0; )
			k++;
		decides(&t, &req, i, OK, k, cases[i].address);
	}
	/* One that is named is taken whatever is offered. */
	offer(&t, offers_nothing);
	p.client = "any";
	p.sender = 3;
	p.chain = 10;
	expand_payload(&req, &p);
	short_looks = 0;
	decides(&t, &req, i, OK, 1, 3);
	assert_int_equal(short_looks, 0);
	route_clear(&t);
}

/* ---- Tables ----------------------------------------------------------- */

static void
nothing_at_all(void **state)
{
	static const struct short_payload	p = HASHED("seq", NONE, 10);
	struct route_table			t;
	struct request				r;

	(void)state;
	expand_payload(&r, &p);
	table_of(&t, NULL, 0, NULL, 0);
	decides(&t, &r, 0, REFUSAL_FORBIDDEN, NO, 0);
	assert_int_equal(route_signer_by_certname(&t, ""), UINT32_MAX);
	assert_null(route_client_by_name(&t, "seq"));
	route_clear(&t);
	/* Rules, but no signer; and the other way round. */
	table_of(&t, NULL, 0, &rules[1], 1);
	decides(&t, &r, 1, REFUSAL_DOMAIN, 0, 0);
	r.payload.domain[0] = 0x90;
	decides(&t, &r, 2, REFUSAL_CHAINID, 0, 0);
	r.payload.has |= PAYLOAD_SENDER;
	decides(&t, &r, 3, REFUSAL_FORBIDDEN, NO, 0);
	route_clear(&t);
	table_of(&t, signers, N(signers), NULL, 0);
	decides(&t, &r, 4, REFUSAL_FORBIDDEN, NO, 0);
	route_clear(&t);
	assert_null(t.signers);
	assert_null(t.rules);
	assert_int_equal(t.nclients, 0);
	route_clear(&t);
}

static void
clients_and_names(void **state)
{
	struct short_route	r = { { "", 0, PL, { 10 }, { 0 }, { 0 },
				    NOMAX }, { 1 }, { 0 } };
	struct short_payload	p = HASHED(NULL, NONE, 10);
	struct route_table	t;
	struct request		req;
	char			name[CLIENT_MAX + 1];
	bool			seen[300] = { false };
	uint32_t		i;

	(void)state;
	route_init(&t);
	for (i = 0; i < N(signers); i++)
		add_signer(&t, &signers[i]);
	memset(name, 'n', sizeof(name));
	name[CLIENT_MAX] = '\0';
	r.rule.client = name;
	for (i = 0; i < 600; i++) {
		snprintf(name + CLIENT_MAX - 3, 4, "%03u", i / 2);
		add_rule(&t, &r);
	}
	assert_int_equal(route_finish(&t), 0);
	assert_int_equal(t.nclients, 300);
	for (i = 0; i < 300; i++) {
		snprintf(name + CLIENT_MAX - 3, 4, "%03u", i);
		p.client = name;
		expand_payload(&req, &p);
		decides(&t, &req, i, OK, 2 * i, 1);
		assert_int_equal(route_client_by_name(&t, name)->nrules, 2);
		seen[route_client_by_name(&t, name)->index] = true;
	}
	for (i = 0; i < 300; i++)
		assert_true(seen[i]);
	snprintf(name + CLIENT_MAX - 3, 4, "300");
	expand_payload(&req, &p);
	decides(&t, &req, i, REFUSAL_FORBIDDEN, NO, 0);
	name[CLIENT_MAX - 1] = '\0';
	expand_payload(&req, &p);
	decides(&t, &req, i, REFUSAL_FORBIDDEN, NO, 0);
	route_clear(&t);
}

static void
signers_by_name(void **state)
{
	struct route_table	t;

	(void)state;
	make(&t);
	assert_int_equal(route_signer_by_certname(&t, "s0.example"), 0);
	assert_int_equal(route_signer_by_certname(&t, "s4.example"), 4);
	assert_int_equal(route_signer_by_certname(&t, "s5.example"),
	    UINT32_MAX);
	assert_int_equal(route_signer_by_certname(&t, "S0.example"),
	    UINT32_MAX);
	assert_int_equal(route_signer_by_certname(&t, "s0"), UINT32_MAX);
	assert_int_equal(route_signer_by_certname(&t, ""), UINT32_MAX);
	route_clear(&t);
}

static void
bad_indices(void **state)
{
	struct short_route	r = { { "a", 0, PL, { 10 }, { 0 }, { 0 },
				    NOMAX }, { 0 }, { 0 } };
	struct route_table	t;
	int			i;

	(void)state;
	for (i = 1; i < 70; i++) {
		route_init(&t);
		add_signer(&t, &signers[0]);
		add_signer(&t, &signers[1]);
		r.signers[0] = 1;
		r.signers[1] = i;
		add_rule(&t, &r);
		assert_int_equal(route_finish(&t), i <= 2 ? 0 : -1);
		route_clear(&t);
	}
	route_init(&t);
	add_signer(&t, &signers[0]);
	r.signers[0] = -1;	/* a huge index */
	add_rule(&t, &r);
	assert_int_equal(route_finish(&t), -1);
	route_clear(&t);
}

static void
too_many(void **state)
{
	static const struct route_signer	s = { .methods = TX };
	struct short_payload			p = HASHED("last", 3, 10);
	struct short_route			last = { { "last", 0, PL,
	    { 10 }, { 0 }, { 0 }, NOMAX }, { 0 }, { 0 } };
	static struct route_rule		r;
	struct route_table			t;
	struct request				req;
	size_t					i;

	(void)state;
	route_init(&t);
	for (i = 0; i < CONFIG_SIGNERS - 1; i++)
		assert_int_equal(route_add_signer(&t, &s), 0);
	add_signer(&t, &signers[1]);
	assert_int_equal(route_add_signer(&t, &s), -1);
	assert_int_equal(t.nsigners, CONFIG_SIGNERS);
	for (i = 0; i < CONFIG_RULES - 1; i++)
		assert_int_equal(route_add_rule(&t, &r), 0);
	add_rule(&t, &last);
	assert_int_equal(route_add_rule(&t, &r), -1);
	assert_int_equal(t.nrules, CONFIG_RULES);
	assert_int_equal(route_finish(&t), 0);
	expand_payload(&req, &p);
	decides(&t, &req, 0, OK, CONFIG_RULES - 1, 3);
	p.sender = NONE;
	expand_payload(&req, &p);
	decides(&t, &req, 1, OK, CONFIG_RULES - 1, 1);
	route_clear(&t);
}

/* ---- What it costs ---------------------------------------------------- */

static void
number_address(uint8_t address[ADDRESS_SIZE], size_t n)
{
	sender(address, 1);
	memcpy(address + 1, &n, sizeof(n));
}

static void
number_addresses(uint8_t (**list)[ADDRESS_SIZE], size_t *n, size_t from,
    size_t count)
{
	size_t	i;

	*list = list_of(count, ADDRESS_SIZE);
	for (i = 0; i < count; i++)
		number_address((*list)[i], from + i);
	*n = count;
}

/* Rules of one client for these addresses each, on any chain. */
static void
many_rules(struct route_table *t, size_t count, size_t n, bool signer)
{
	struct short_route	r = { { "a", 0, TX, { 0 }, { 0 }, { 0 },
				    NOMAX }, { 0 }, { 0 } };
	struct route_rule	*rule;
	size_t			 i;

	for (i = 0; i < count; i++) {
		r.signers[0] = signer ? (int)(i % t->nsigners) + 1 : 0;
		add_rule(t, &r);
		rule = &t->rules[i];
		if (n == 0)
			continue;
		free(rule->addresses);
		number_addresses(&rule->addresses, &rule->naddresses,
		    i % 64 * n, n);
	}
}

/* Signers on chain 10: with the same addresses each, or with its own. */
static void
many_signers(struct route_table *t, size_t count, size_t n, bool same)
{
	static const struct short_signer	s = { 0, { 0 }, { 10 } };
	struct route_signer			*signer;
	size_t					 i;

	for (i = 0; i < count; i++) {
		add_signer(t, &s);
		signer = &t->signers[i];
		free(signer->addresses);
		number_addresses(&signer->addresses, &signer->naddresses,
		    same ? 0 : i * n, n);
	}
}

/* Milliseconds of CPU for a hundred requests of each kind. */
static double
hundred(const struct route_table *t, size_t last)
{
	static const int64_t	chains[] = { 10, 11 };
	struct short_tx		tx = { "a", NONE, 0, 1, 1, 1, 1, 0 };
	struct request		r;
	struct route		route;
	uint32_t		at;
	clock_t			begin = clock();
	size_t			i;

	for (i = 0; i < 600; i++) {
		tx.chain = chains[i / 100 % 2];
		expand_tx(&r, &tx);
		if (i >= 200) {
			r.tx.has |= TX_FROM;
			number_address(r.tx.from, i < 400 ? last : 1u << 30);
		}
		(void)route_decide(t, &r, &route, &at);
	}
	return ((double)(clock() - begin) * 1000 / CLOCKS_PER_SEC);
}

/*
 * Requests that no rule or no signer serves are the dear ones.  They take a
 * fraction of a millisecond each; where a list is searched through, for each
 * rule or each signer, it is a hundred times as much and more.
 */
static void
cheap(void **state)
{
	struct route_table	t;
	double			ms;
	size_t			i;

	(void)state;
	for (i = 0; i < 5; i++) {
		route_init(&t);
		many_signers(&t, i == 2 ? 512 : 64, i == 2 ? 64 : 256,
		    i == 2);
		many_rules(&t, i < 2 ? 65536 : i == 2 ? 1 : 4096,
		    i == 2 ? 64 : i > 2 ? 256 : i == 1 ? 1 : 0, i > 2);
		assert_int_equal(route_finish(&t), 0);
		ms = hundred(&t, i == 2 ? 63 : 64 * 256 - 1);
		if (ms > 1000)
			fail_msg("table %zu: %f ms", i, ms);
		route_clear(&t);
	}
}

/* A search for an offer ends, wherever the offer is. */
static void
looks(void **state)
{
	struct short_tx		tx = { "a", NONE, 10, 1, 1, 1, 1, 0 };
	struct route_table	t;
	struct request		r;
	struct route		route;
	uint32_t		at;

	(void)state;
	route_init(&t);
	many_signers(&t, 100, 200, true);
	many_rules(&t, 1, 200, false);
	assert_int_equal(route_finish(&t), 0);
	expand_tx(&r, &tx);
	offer(&t, offers_nothing);
	short_looks = 0;
	assert_int_equal(route_decide(&t, &r, &route, &at), OK);
	/* By first() it is known that nobody has anything. */
	assert_int_equal(short_looks, 0);
	t.first = NULL;
	assert_int_equal(route_decide(&t, &r, &route, &at), OK);
	assert_int_equal(short_looks, ROUTE_LOOKS);
	assert_memory_equal(route.address, t.signers[0].addresses[0],
	    ADDRESS_SIZE);
	assert_ptr_equal(route.holders, &t.addresses.entries[0]);
	route_clear(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(payloads),
		cmocka_unit_test(transactions),
		cmocka_unit_test(what_a_route_says),
		cmocka_unit_test(who_may_serve),
		cmocka_unit_test(offered_first),
		cmocka_unit_test(nothing_at_all),
		cmocka_unit_test(clients_and_names),
		cmocka_unit_test(signers_by_name),
		cmocka_unit_test(bad_indices),
		cmocka_unit_test(too_many),
		cmocka_unit_test(cheap),
		cmocka_unit_test(looks)
	};

	return (cmocka_run_group_tests_name("route", tests, NULL, NULL));
}
