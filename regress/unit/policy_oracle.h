/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_UNIT_POLICY_ORACLE_H
#define REGRESS_UNIT_POLICY_ORACLE_H

#include "regress/unit/policy_util.h"

/* ---- The oracles' parts, and their randomness ------------------------- */

/*
 * The rules of the design, step by step, from the short forms alone: one rule
 * and what it permits, and what is checked of the arguments.
 */
static inline bool
o_in(const int *list, int x)
{
	int	i;

	for (i = 0; i < 3 && list[i] != 0; i++)
		if (list[i] == x)
			return (true);
	return (false);
}

static inline bool
o_chain(const struct short_rule *rule, int64_t chain)
{
	int	i;

	for (i = 0; i < 3; i++)
		if (rule->chains[i] != 0 &&
		    (int64_t)rule->chains[i] == chain)
			return (true);
	return (false);
}

static inline enum refusal
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

static inline enum refusal
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

static inline enum refusal
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

static uint64_t seed;

static inline int
rnd(int bound)
{
	seed = seed * 6364136223846793005U + 1442695040888963407U;
	return ((int)((seed >> 33) % (uint64_t)bound));
}

static const char *const	names[] = { "a", "1/a", "1/", "2/", "ab",
				    "b", "2/a", "c.example" };

static inline void
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

static inline void
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

static inline void
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

#endif /* REGRESS_UNIT_POLICY_ORACLE_H */
