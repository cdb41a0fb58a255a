/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: keyd/policy.o keyd/rule.o keyd/payload.o keyd/tx.o keyd/rlp.o common/u256.o */

#include "regress/unit/policy_oracle.h"

/* The oracle; one of tx and p is NULL. */
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
		n = (uint32_t)chance(13);
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
