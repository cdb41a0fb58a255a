/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_UNIT_ROUTE_UTIL_H
#define REGRESS_UNIT_ROUTE_UTIL_H

#include "proxyd/route.h"
#include "regress/unit/policy_util.h"

/*
 * For the tests of proxyd/route.h: tables in short.  Addresses are numbers
 * from 1, as of sender(); lists end with 0.
 */
#define SHORT_LIST	6

struct short_signer {
	uint32_t	 methods;	/* 0: any */
	int		 addresses[SHORT_LIST + 1];
	uint64_t	 chains[SHORT_LIST + 1];
};

struct short_route {
	struct short_rule rule;
	int		 addresses[SHORT_LIST + 1];
	int		 signers[SHORT_LIST + 1];	/* from 1 */
};

/* What is offered, by the number of the signer, from 0. */
typedef bool	(*short_offers)(uint32_t signer, int address,
		    const struct route *);
static short_offers	 short_offer;
static size_t		 short_looks;	/* how often it was asked */

static inline void *
list_of(size_t n, size_t size)
{
	void	*list;

	/* Exactly as long, so that a sanitizer sees the end. */
	assert_non_null(list = calloc(n > 0 ? n : 1, size));
	return (list);
}

static inline size_t
count_of(const int *list)
{
	size_t	n = 0;

	while (n < SHORT_LIST && list[n] != 0)
		n++;
	return (n);
}

static inline void
address_list(uint8_t (**out)[ADDRESS_SIZE], size_t *n, const int *from)
{
	size_t	i;

	*n = count_of(from);
	*out = list_of(*n, ADDRESS_SIZE);
	for (i = 0; i < *n; i++)
		sender((*out)[i], from[i]);
}

static inline void
add_signer(struct route_table *t, const struct short_signer *from)
{
	struct route_signer	 s;
	size_t			 i;

	memset(&s, 0, sizeof(s));
	snprintf(s.name, sizeof(s.name), "s%zu", t->nsigners);
	snprintf(s.certname, sizeof(s.certname), "s%zu.example", t->nsigners);
	s.methods = from->methods;
	address_list(&s.addresses, &s.naddresses, from->addresses);
	while (s.nchains < SHORT_LIST && from->chains[s.nchains] != 0)
		s.nchains++;
	s.chains = list_of(s.nchains, sizeof(*s.chains));
	for (i = 0; i < s.nchains; i++)
		u256_from_u64(&s.chains[i], from->chains[i]);
	assert_int_equal(route_add_signer(t, &s), 0);
}

static inline void
add_rule(struct route_table *t, const struct short_route *from)
{
	struct route_rule	 r;
	size_t			 i;

	memset(&r, 0, sizeof(r));
	expand_rule(&r.rule, &from->rule);
	r.rule.via = 0;
	address_list(&r.addresses, &r.naddresses, from->addresses);
	r.nsigners = count_of(from->signers);
	r.signers = list_of(r.nsigners, sizeof(*r.signers));
	for (i = 0; i < r.nsigners; i++)
		r.signers[i] = (uint32_t)from->signers[i] - 1;
	assert_int_equal(route_add_rule(t, &r), 0);
}

static inline void
table_of(struct route_table *t, const struct short_signer *signers,
    size_t nsigners, const struct short_route *rules, size_t nrules)
{
	size_t	i;

	memset(t, 0xa5, sizeof(*t));
	route_init(t);
	for (i = 0; i < nsigners; i++)
		add_signer(t, &signers[i]);
	for (i = 0; i < nrules; i++)
		add_rule(t, &rules[i]);
	assert_int_equal(route_finish(t), 0);
}

static inline bool
offers(const struct route_table *t, uint32_t signer,
    const struct route *route)
{
	(void)t;
	short_looks++;
	return (short_offer(signer, route->address[0] - 0xa0, route));
}

static inline size_t
first(const struct route_table *t, uint32_t signer, const struct route *route)
{
	const struct route_signer	*s = &t->signers[signer];
	size_t				 i;

	for (i = 0; i < s->naddresses; i++)
		if (short_offer(signer, s->addresses[i][0] - 0xa0, route))
			return (i);
	return (SIZE_MAX);
}

static inline void
offer(struct route_table *t, short_offers f)
{
	short_offer = f;
	t->offers = offers;
	t->first = first;
}

/* Is it that decision?  address 0: it is not looked at. */
static inline void
decides(const struct route_table *t, const struct request *r, size_t line,
    enum refusal refusal, uint32_t rule, int address)
{
	uint8_t		wanted[ADDRESS_SIZE] = { 0 };
	struct route	route;
	enum refusal	got;
	uint32_t	at = 12345;

	memset(&route, 0x5a, sizeof(route));
	got = route_decide(t, r, &route, &at);
	if (got != refusal || at != rule)
		fail_msg("case %zu: refusal %d of rule %u, not %d of %u",
		    line, (int)got, at, (int)refusal, rule);
	if (got != REFUSAL_NONE || address == 0)
		return;
	sender(wanted, address);
	if (memcmp(route.address, wanted, ADDRESS_SIZE) != 0)
		fail_msg("case %zu: address %d, not %d", line,
		    route.address[0] - 0xa0, address);
	assert_ptr_equal(route.rule, &t->rules[rule]);
	assert_string_equal(route.client->name, r->client);
	assert_non_null(route.holders);
	assert_memory_equal(route.holders->key, wanted, ADDRESS_SIZE);
}

#endif /* REGRESS_UNIT_ROUTE_UTIL_H */
