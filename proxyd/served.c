/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "proxyd/served.h"

/*
 * What signers say can be long, and so can rules: after this many looks, of
 * all rules, signers are taken at what the configuration says of them.
 */
#define LOOKS	65536

struct look {
	const struct route_table	*table;
	uint64_t			 up[ROUTE_WORDS];	/* signers */
	size_t				 looks;
	/* Of one rule, and one signer for it. */
	const struct route_rule		*rule;
	const struct route_signer	*words;
	const struct advert		*advert;
	struct route			 route;
};

static int
compare_chains(const void *a, const void *b)
{
	return (u256_cmp(a, b));
}

static bool
has_chain(const struct route_signer *words, const struct u256 *chain)
{
	return (words->nchains == 0 || bsearch(chain, words->chains,
	    words->nchains, sizeof(*chain), compare_chains) != NULL);
}

static bool
offers(struct look *l)
{
	return (++l->looks > LOOKS || advert_permits(l->advert, &l->route));
}

/* The rule's chains, or else all that the signer is configured for. */
static bool
offers_chain(struct look *l)
{
	const struct rule	*rule = &l->rule->rule;
	const struct u256	*chains = rule->chains;
	size_t			 i, n = rule->nchains;

	if (n == 0) {
		chains = l->words->chains;
		n = l->words->nchains;
	}
	for (i = 0; i < n; i++) {
		l->route.chain = chains[i];
		if (has_chain(l->words, &chains[i]) && offers(l))
			return (true);
	}
	return (n == 0 && (++l->looks > LOOKS || advert_serves(l->advert,
	    l->route.address, l->route.method)));
}

static bool
offers_address(struct look *l, const uint8_t address[ADDRESS_SIZE])
{
	static const uint32_t	 methods[] = { RULE_TRANSACTION, RULE_PAYLOAD };
	size_t			 i;

	memcpy(l->route.address, address, ADDRESS_SIZE);
	for (i = 0; i < 2; i++) {
		l->route.method = methods[i];
		if ((l->rule->rule.methods & methods[i]) != 0 &&
		    (l->words->methods == 0 ||
		    (l->words->methods & methods[i]) != 0) &&
		    offers_chain(l))
			return (true);
	}
	return (false);
}

static bool
is_held(const struct holders *h, uint32_t signer)
{
	uint32_t	 i;

	if (h->set != NULL)
		return (holders_set_has(h->set, signer));
	for (i = 0; i < h->nsigners; i++)
		if (h->signers[i] == signer)
			return (true);
	return (false);
}

static bool
is_served_by(struct look *l, uint32_t signer)
{
	const struct route_rule	*rule = l->rule;
	const struct holders	*h;
	size_t			 i;

	for (i = 0; i < rule->naddresses; i++) {
		h = &l->table->addresses.entries[rule->listed[i]];
		if (is_held(h, signer) && offers_address(l, h->key))
			return (true);
	}
	for (i = 0; rule->naddresses == 0 && i < l->words->naddresses; i++)
		if (offers_address(l, l->words->addresses[i]))
			return (true);
	return (false);
}

static bool
is_served(struct look *l, const struct ruleset *rules, uint32_t rule)
{
	const struct route_table	*t = l->table;
	const uint64_t			*reach = t->reach + rule * t->words;
	uint32_t			 i;

	l->rule = &t->rules[rule];
	for (i = 0; i < t->nsigners; i++) {
		if ((reach[i / 64] & l->up[i / 64]) == 0) {
			i |= 63;
			continue;
		}
		if (!holders_set_has(reach, i) || !holders_set_has(l->up, i))
			continue;
		l->words = &t->signers[i];
		l->advert = &signer_now(rules->signers[i])->advert;
		if (is_served_by(l, i))
			return (true);
	}
	return (false);
}

void
served_find(struct served *s, const struct ruleset *rules, uint64_t changes)
{
	struct look	 l;
	uint32_t	 i;

	if (s->rules == rules && s->changes == changes)
		return;
	memset(s, 0, sizeof(*s));
	s->rules = rules;
	s->changes = changes;
	s->nrules = (uint32_t)rules->routes.nrules;
	memset(&l, 0, sizeof(l));
	l.table = &rules->routes;
	for (i = 0; i < rules->routes.nsigners; i++)
		if (ruleset_link(rules, i) != NULL &&
		    !signer_now(rules->signers[i])->down)
			holders_set_add(l.up, i);
	for (i = 0; i < s->nrules; i++) {
		if (!is_served(&l, rules, i))
			continue;
		holders_set_add(s->set, i);
		s->nserved++;
	}
}
