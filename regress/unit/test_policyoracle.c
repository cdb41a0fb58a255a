/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: keyd/policy.o keyd/rule.o keyd/payload.o keyd/tx.o keyd/rlp.o common/u256.o */

#include "regress/unit/policy_util.h"

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

static const char *const	names[] = { "a", "1/a", "1/", "2/", "ab",
				    "b", "2/a", "c.example" };

static void
rnd_rule(struct short_rule *rule)
{
	static const int	domains[] = { 0, 0x80, 0x90, 0x19, ANY };
	int			i, n;

	memset(rule, 0, sizeof(*rule));
	rule->client = names[rnd(5)];
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
	tx->client = names[rnd(rnd(4) == 0 ? 8 : 5)];
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

	p->client = names[rnd(rnd(4) == 0 ? 8 : 5)];
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

/* One rule alone: whoever asks, whichever key it is. */
static void
permit_against_oracle(void **state)
{
	struct short_payload	p;
	struct short_rule	rule;
	struct short_tx		tx;
	struct request		r;
	struct rule		made;
	enum refusal		wanted;
	uint32_t		seen[REFUSAL_MAX] = { 0 };
	size_t			i;

	(void)state;
	seed = 2;
	for (i = 0; i < 200000; i++) {
		rnd_rule(&rule);
		rnd_tx(&tx);
		rnd_payload(&p);
		if (o_check(i % 2 ? &tx : NULL, &p) != REFUSAL_NONE)
			continue;
		if (i % 2) {
			expand_tx(&r, &tx);
			wanted = rule.methods & TX ?
			    o_permits_tx(&rule, &tx) : REFUSAL_METHOD;
		} else {
			expand_payload(&r, &p);
			wanted = rule.methods & PL ?
			    o_permits_payload(&rule, &p) : REFUSAL_FORBIDDEN;
		}
		expand_rule(&made, &rule);
		if (policy_permit(&made, &r) != wanted)
			fail_msg("case %zu: refusal %d, not %d", i,
			    (int)policy_permit(&made, &r), (int)wanted);
		rule_clear(&made);
		seen[wanted]++;
	}
	assert_true(seen[REFUSAL_NONE] > 1000 && seen[REFUSAL_FROM] == 0 &&
	    seen[REFUSAL_METHOD] > 1000 && seen[REFUSAL_TXCHAIN] > 1000 &&
	    seen[REFUSAL_TO] > 1000 && seen[REFUSAL_VALUE] > 1000 &&
	    seen[REFUSAL_FEE] > 1000 && seen[REFUSAL_CHAINID] > 1000 &&
	    seen[REFUSAL_DOMAIN] > 1000 && seen[REFUSAL_FORBIDDEN] > 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(against_oracle),
		cmocka_unit_test(permit_against_oracle)
	};

	return (cmocka_run_group_tests_name("policyoracle", tests, NULL,
	    NULL));
}
