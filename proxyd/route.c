/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdlib.h>
#include <string.h>

#include "common/list.h"
#include "proxyd/route.h"

/* Making the table; route_decide.c is about what is asked of it. */

void
route_init(struct route_table *t)
{
	memset(t, 0, sizeof(*t));
	holders_init(&t->addresses, ADDRESS_SIZE);
	holders_init(&t->chains, U256_SIZE);
}

int
route_add_signer(struct route_table *t, const struct route_signer *s)
{
	if (t->nsigners == CONFIG_SIGNERS ||
	    list_grow(&t->signers, t->nsigners, sizeof(*s)) == -1)
		return (-1);
	t->signers[t->nsigners++] = *s;
	return (0);
}

int
route_add_rule(struct route_table *t, const struct route_rule *r)
{
	if (t->nrules == CONFIG_RULES ||
	    list_grow(&t->rules, t->nrules, sizeof(*r)) == -1)
		return (-1);
	t->rules[t->nrules] = *r;
	t->rules[t->nrules].listed = t->rules[t->nrules].sorted = NULL;
	t->nrules++;
	return (0);
}

/* ---- Signers ---------------------------------------------------------- */

static int
compare_chains(const void *a, const void *b)
{
	return (u256_cmp(a, b));
}

static int
index_signer(struct route_table *t, uint32_t index)
{
	struct route_signer	*s = &t->signers[index];
	size_t			 i;

	list_sort(s->chains, s->nchains, sizeof(*s->chains), compare_chains);
	for (i = 0; i < s->naddresses; i++)
		if (holders_add(&t->addresses, s->addresses[i],
		    index) == HOLDERS_NONE)
			return (-1);
	for (i = 0; i < s->nchains; i++)
		if (holders_add(&t->chains, s->chains[i].b,
		    index) == HOLDERS_NONE)
			return (-1);
	if (s->nchains == 0)
		holders_set_add(t->anychain, index);
	if (s->methods == 0 || s->methods & RULE_TRANSACTION)
		holders_set_add(t->transactions, index);
	if (s->methods == 0 || s->methods & RULE_PAYLOAD)
		holders_set_add(t->payloads, index);
	return (0);
}

/* ---- Rules ------------------------------------------------------------ */

static int
compare_indices(const void *a, const void *b)
{
	const uint32_t	*i = a, *k = b;

	return (*i < *k ? -1 : *i > *k);
}

static int
intern_addresses(struct route_table *t, struct route_rule *r)
{
	size_t	 i;

	if (r->naddresses == 0)
		return (0);
	r->listed = reallocarray(NULL, r->naddresses, sizeof(*r->listed));
	r->sorted = reallocarray(NULL, r->naddresses, sizeof(*r->sorted));
	if (r->listed == NULL || r->sorted == NULL)
		return (-1);
	for (i = 0; i < r->naddresses; i++) {
		r->listed[i] = holders_add(&t->addresses, r->addresses[i],
		    HOLDERS_NONE);
		if (r->listed[i] == HOLDERS_NONE)
			return (-1);
		r->sorted[i] = r->listed[i];
	}
	list_sort(r->sorted, r->naddresses, sizeof(*r->sorted),
	    compare_indices);
	return (0);
}

/* The signers that it may use and that have an address of it. */
static int
find_reach(struct route_table *t, const struct route_rule *r, uint64_t *reach)
{
	uint64_t	 named[ROUTE_WORDS] = { 0 };
	size_t		 i;

	for (i = 0; i < r->nsigners; i++) {
		if (r->signers[i] >= t->nsigners)
			return (-1);
		holders_set_add(named, r->signers[i]);
	}
	for (i = 0; i < r->naddresses; i++)
		holders_collect(&t->addresses.entries[r->listed[i]], reach,
		    t->words);
	for (i = 0; r->naddresses == 0 && i < t->nsigners; i++)
		if (t->signers[i].naddresses > 0)
			holders_set_add(reach, (uint32_t)i);
	for (i = 0; r->nsigners > 0 && i < t->words; i++)
		reach[i] &= named[i];
	return (0);
}

static struct route_client *
find_client(const struct route_table *t, const char *name)
{
	struct route_client	*c;
	uint32_t		 i;

	if (t->nbuckets == 0)
		return (NULL);
	i = t->buckets[holders_hash(name, strlen(name)) & (t->nbuckets - 1)];
	for (; i != 0; i = c->next) {
		c = &t->clients[i - 1];
		if (strcmp(c->name, name) == 0)
			return (c);
	}
	return (NULL);
}

const struct route_client *
route_client_by_name(const struct route_table *t, const char *name)
{
	return (find_client(t, name));
}

static int
count_rule(struct route_table *t, const char *name)
{
	struct route_client	*c;
	uint32_t		*head;

	if ((c = find_client(t, name)) == NULL) {
		if (list_grow(&t->clients, t->nclients, sizeof(*c)) == -1)
			return (-1);
		c = &t->clients[t->nclients];
		memset(c, 0, sizeof(*c));
		head = &t->buckets[holders_hash(name, strlen(name)) &
		    (t->nbuckets - 1)];
		c->name = name;
		c->next = *head;
		c->index = t->nclients++;
		*head = t->nclients;
	}
	c->nrules++;
	return (0);
}

static void
fill_sieve(const struct route_table *t, struct route_sieve *s, uint32_t index)
{
	const struct route_rule	*r = &t->rules[index];
	size_t			 i;

	s->rule = index;
	s->methods = r->rule.methods & RULE_METHODS;
	s->anyaddress = r->naddresses == 0;
	s->chains = r->rule.nchains == 0 ? UINT64_MAX : 0;
	for (i = 0; i < r->rule.nchains; i++)
		s->chains |= route_bit(holders_hash(r->rule.chains[i].b,
		    U256_SIZE));
	s->addresses = r->naddresses == 0 ? UINT64_MAX : 0;
	for (i = 0; i < r->naddresses; i++)
		s->addresses |= route_bit(r->listed[i]);
}

/* Two passes: how many rules each client has, then which. */
static int
index_clients(struct route_table *t)
{
	struct route_client	*c;
	struct route_sieve	*s;
	size_t			 i;

	for (t->nbuckets = 64; t->nbuckets < t->nrules; )
		t->nbuckets *= 2;
	t->buckets = calloc(t->nbuckets, sizeof(*t->buckets));
	t->sieves = calloc(t->nrules + 1, sizeof(*t->sieves));
	if (t->buckets == NULL || t->sieves == NULL)
		return (-1);
	for (i = 0; i < t->nrules; i++)
		if (count_rule(t, t->rules[i].rule.client) == -1)
			return (-1);
	s = t->sieves;
	for (i = 0; i < t->nclients; i++) {
		t->clients[i].rules = s;
		s += t->clients[i].nrules;
		t->clients[i].nrules = 0;
	}
	for (i = 0; i < t->nrules; i++) {
		c = find_client(t, t->rules[i].rule.client);
		fill_sieve(t, &c->rules[c->nrules++], (uint32_t)i);
	}
	return (0);
}

int
route_finish(struct route_table *t)
{
	size_t	 i;

	t->words = holders_words(t->nsigners);
	for (i = 0; i < t->nsigners; i++)
		if (index_signer(t, (uint32_t)i) == -1)
			return (-1);
	for (i = 0; i < t->nrules; i++)
		if (intern_addresses(t, &t->rules[i]) == -1)
			return (-1);
	if (holders_finish(&t->addresses, t->nsigners) == -1 ||
	    holders_finish(&t->chains, t->nsigners) == -1)
		return (-1);
	t->reach = calloc(t->nrules * t->words + 1, sizeof(*t->reach));
	if (t->reach == NULL)
		return (-1);
	for (i = 0; i < t->nrules; i++)
		if (find_reach(t, &t->rules[i], t->reach + i * t->words) == -1)
			return (-1);
	return (index_clients(t));
}

void
route_clear(struct route_table *t)
{
	size_t	 i;

	for (i = 0; i < t->nsigners; i++) {
		free(t->signers[i].addresses);
		free(t->signers[i].chains);
	}
	free(t->signers);
	for (i = 0; i < t->nrules; i++) {
		rule_clear(&t->rules[i].rule);
		free(t->rules[i].addresses);
		free(t->rules[i].signers);
		free(t->rules[i].listed);
		free(t->rules[i].sorted);
	}
	free(t->rules);
	free(t->clients);
	free(t->buckets);
	free(t->sieves);
	free(t->reach);
	holders_clear(&t->addresses);
	holders_clear(&t->chains);
	route_init(t);
}

uint32_t
route_signer_by_certname(const struct route_table *t, const char *certname)
{
	size_t	 i;

	for (i = 0; i < t->nsigners; i++)
		if (strcmp(t->signers[i].certname, certname) == 0)
			return ((uint32_t)i);
	return (UINT32_MAX);
}
