/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_UNIT_POLICY_ORACLE_H
#define REGRESS_UNIT_POLICY_ORACLE_H

#include "regress/unit/policy_util.h"
#include "regress/unit/rnd.h"

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

static inline int
chance(int bound)
{
	return ((int)rnd((uint32_t)bound));
}

static const char *const	names[] = { "a", "1/a", "1/", "2/", "ab",
				    "b", "2/a", "c.example" };

static inline void
rnd_rule(struct short_rule *rule)
{
	static const int	domains[] = { 0, 0x80, 0x90, 0x19, ANY };
	int			i, n;

	memset(rule, 0, sizeof(*rule));
	rule->client = names[chance(5)];
	rule->key = (uint32_t)chance(3);
	rule->methods = (uint32_t)(1 + chance(3));
	for (i = 0, n = chance(4); i < n; i++)
		rule->chains[i] = (uint64_t)(1 + chance(4));
	for (i = 0, n = chance(3); i < n; i++)
		rule->domains[i] = domains[chance(4)];
	if (chance(4) == 0)
		rule->domains[0] = ANY;
	for (i = 0, n = chance(5) - 2; i < n; i++)
		rule->to[i] = 1 + chance(3);
	if (chance(10) == 0) {
		rule->to[0] = NONE;
		rule->to[1] = 0;
	}
	rule->max_value = chance(3) ? NONE : chance(4);
	rule->max_fee = chance(3) ? NONE : chance(2) ? HUGE : chance(300000);
}

static inline void
rnd_tx(struct short_tx *tx)
{
	tx->client = names[chance(chance(4) == 0 ? 8 : 5)];
	tx->from = chance(2) ? NONE : chance(4);
	tx->chain = chance(12) == 0 ? chance(2) - 1 : 1 + chance(4);
	tx->to = chance(4) == 0 ? NONE : 1 + chance(3);
	tx->value = chance(5) - 1;
	tx->gas = chance(12) == 0 ? NONE : chance(4);
	tx->fee = chance(5) == 0 ? HUGE : chance(100000);
	tx->nblobs = chance(3) == 0 ? (size_t)chance(4) : 0;
}

static inline void
rnd_payload(struct short_payload *p)
{
	static const int	domains[] = { 0, 0x80, 0x90, 0x19, 0xff,
	    0xc0, ANY, ANY + 1 };

	p->client = names[chance(chance(4) == 0 ? 8 : 5)];
	p->sender = chance(2) ? NONE : chance(4);
	p->chain = chance(12) == 0 ? chance(2) - 1 : 1 + chance(4);
	p->domain = domains[chance(8)];
	p->hash = chance(20) != 0;
}

#endif /* REGRESS_UNIT_POLICY_ORACLE_H */
