/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdlib.h>
#include <string.h>

#include "keyd/payload.h"
#include "keyd/tx.h"
#include "proxyd/route.h"

/* What the decision needs of a request, whatever its method. */
struct asked {
	uint32_t		 method;
	const uint8_t		*address;	/* NULL: none named */
	const struct holders	*sender;	/* NULL: nobody is */
	enum refusal		 nosender;
	enum refusal		 nomethod;
	enum refusal		 nochain;	/* no signer serves it */
	uint64_t		 chainbit;	/* as in route_sieve */
	uint64_t		 addressbit;
	uint64_t		 able[ROUTE_WORDS];	/* signers */
};

/* ---- What signers can do ---------------------------------------------- */

static int
compare_chains(const void *a, const void *b)
{
	return (u256_cmp(a, b));
}

static const uint64_t *
reach_of(const struct route_table *t, uint32_t rule)
{
	return (t->reach + rule * t->words);
}

static const uint64_t *
reach(const struct route_table *t, const struct route *route)
{
	return (reach_of(t, (uint32_t)(route->rule - t->rules)));
}

bool
route_permits(const struct route_table *t, const struct route *route,
    uint32_t signer)
{
	const struct route_signer	*s = &t->signers[signer];

	return (holders_set_has(reach(t, route), signer) &&
	    (s->methods == 0 || (s->methods & route->method) != 0) &&
	    (s->nchains == 0 || bsearch(&route->chain, s->chains, s->nchains,
	    sizeof(*s->chains), compare_chains) != NULL));
}

/* Those that serve the method on the chain. */
static void
find_able(const struct route_table *t, const struct route *route,
    struct asked *asked)
{
	const uint64_t		*serve;
	const struct holders	*h;
	size_t			 i;

	serve = asked->method == RULE_TRANSACTION ? t->transactions :
	    t->payloads;
	memcpy(asked->able, t->anychain, t->words * sizeof(*asked->able));
	if ((h = holders_find(&t->chains, route->chain.b)) != NULL)
		holders_collect(h, asked->able, t->words);
	for (i = 0; i < t->words; i++)
		asked->able[i] &= serve[i];
}

/* ---- The address of a request that names none ------------------------- */

/* Of the first of those with an offer; else of the first.  NULL: of none. */
static const struct holders *
choose_of_signers(const struct route_table *t, const uint64_t *able,
    const struct route *route)
{
	const struct route_signer	*s;
	const uint8_t			*address = NULL;
	uint32_t			 i;
	size_t				 first;

	for (i = 0; i < t->nsigners; i++) {
		if (!holders_set_has(able, i))
			continue;
		s = &t->signers[i];
		first = t->first != NULL ? t->first(t, i, route) : 0;
		if (first < s->naddresses) {
			address = s->addresses[first];
			break;
		}
		if (address == NULL)
			address = s->addresses[0];
	}
	return (address != NULL ? holders_find(&t->addresses, address) :
	    NULL);
}

static bool
is_offered(const struct route_table *t, const struct holders *h,
    const uint64_t *offering, struct route *route, size_t *looks)
{
	uint32_t	 i;

	memcpy(route->address, h->key, ADDRESS_SIZE);
	for (i = 0; i < h->nsigners && *looks < ROUTE_LOOKS; i++) {
		if (!holders_set_has(offering, h->signers[i]))
			continue;
		++*looks;
		if (t->offers == NULL || t->offers(t, h->signers[i], route))
			return (true);
	}
	return (false);
}

/* Without those that have no address at all to offer for it. */
static void
find_offering(const struct route_table *t, const uint64_t *able,
    const struct route *route, uint64_t *offering)
{
	uint32_t	 i;

	memset(offering, 0, t->words * sizeof(*offering));
	for (i = 0; i < t->nsigners; i++)
		if (holders_set_has(able, i) && (t->first == NULL ||
		    t->first(t, i, route) != SIZE_MAX))
			holders_set_add(offering, i);
}

/* The first that is offered; else the first that can be served. */
static const struct holders *
choose_of_rule(const struct route_table *t, const uint64_t *able,
    struct route *route)
{
	const struct route_rule	*rule = route->rule;
	const struct holders	*h;
	uint64_t		 offering[ROUTE_WORDS];
	uint32_t		 servable = HOLDERS_NONE;
	size_t			 i, looks = 0;

	for (i = 0; i < rule->naddresses && looks < ROUTE_LOOKS; i++) {
		h = &t->addresses.entries[rule->listed[i]];
		if (!holders_meet(h, able, t->words))
			continue;
		if (servable == HOLDERS_NONE) {
			servable = rule->listed[i];
			if (rule->naddresses == 1)
				break;
			find_offering(t, able, route, offering);
		}
		if (holders_meet(h, offering, t->words) &&
		    is_offered(t, h, offering, route, &looks))
			return (h);
	}
	return (servable != HOLDERS_NONE ? &t->addresses.entries[servable] :
	    NULL);
}

/* ---- Rules ------------------------------------------------------------ */

static int
compare_indices(const void *a, const void *b)
{
	const uint32_t	*i = a, *k = b;

	return (*i < *k ? -1 : *i > *k);
}

/* Whether the rule is for keys of that address at all. */
static bool
has_sender(const struct route_table *t, const struct route_sieve *s,
    const struct holders *sender)
{
	const struct route_rule	*rule;

	if (s->anyaddress)
		return (holders_meet(sender, reach_of(t, s->rule), t->words));
	rule = &t->rules[s->rule];
	return (bsearch(&sender->index, rule->sorted, rule->naddresses,
	    sizeof(*rule->sorted), compare_indices) != NULL);
}

/* Fills in the address, if a signer can serve the rule. */
static bool
take_address(const struct route_table *t, const struct asked *asked,
    struct route *route)
{
	const uint64_t		*in_reach = reach(t, route);
	const struct holders	*h;
	uint64_t		 able[ROUTE_WORDS], some = 0;
	size_t			 i;

	for (i = 0; i < t->words; i++)
		some |= able[i] = asked->able[i] & in_reach[i];
	if (some == 0)
		return (false);
	if ((h = asked->sender) == NULL)
		h = route->rule->naddresses > 0 ?
		    choose_of_rule(t, able, route) :
		    choose_of_signers(t, able, route);
	if (h == NULL || !holders_meet(h, able, t->words))
		return (false);
	memcpy(route->address, h->key, ADDRESS_SIZE);
	route->holders = h;
	return (true);
}

/* One rule, of which it is known that it is for the method and the sender. */
static enum refusal
try_rule(const struct route_table *t, const struct request *request,
    const struct asked *asked, struct route *route)
{
	enum refusal	 refusal;

	refusal = policy_permit(&route->rule->rule, request);
	if (refusal != REFUSAL_NONE)
		return (refusal);
	return (take_address(t, asked, route) ? REFUSAL_NONE :
	    asked->nochain);
}

static enum refusal
ask(const struct request *request, struct asked *asked, struct route *route)
{
	bool	 tx = request->method == METHOD_TRANSACTION;

	asked->sender = NULL;
	asked->address = NULL;
	asked->method = route->method = tx ? RULE_TRANSACTION : RULE_PAYLOAD;
	asked->nosender = tx ? REFUSAL_FROM : REFUSAL_FORBIDDEN;
	asked->nomethod = tx ? REFUSAL_METHOD : REFUSAL_FORBIDDEN;
	asked->nochain = tx ? REFUSAL_TXCHAIN : REFUSAL_CHAINID;
	route->chain = tx ? request->tx.chain_id : request->payload.chain_id;
	if (tx && request->tx.has & TX_FROM)
		asked->address = request->tx.from;
	else if (!tx && request->payload.has & PAYLOAD_SENDER)
		asked->address = request->payload.sender;
	return (tx ? tx_check(&request->tx) :
	    payload_check(&request->payload));
}

/* false: it is nobody's address. */
static bool
find_sender(const struct route_table *t, struct asked *asked,
    const struct route *route)
{
	asked->chainbit = route_bit(holders_hash(route->chain.b, U256_SIZE));
	asked->addressbit = UINT64_MAX;
	if (asked->address == NULL)
		return (true);
	asked->sender = holders_find(&t->addresses, asked->address);
	if (asked->sender == NULL)
		return (false);
	asked->addressbit = route_bit(asked->sender->index);
	return (true);
}

/*
 * Whether a look at the rule itself would change anything: with `fits` there
 * is a refusal already that only a rule which permits, and which a signer
 * can serve, will change.
 */
static bool
is_worth(const struct route_table *t, const struct route_sieve *s,
    const struct asked *asked, bool fits)
{
	const uint64_t	*in_reach;
	size_t		 i;

	if ((s->addresses & asked->addressbit) == 0)
		return (false);
	if (!fits)
		return (true);
	if ((s->methods & asked->method) == 0 ||
	    (s->chains & asked->chainbit) == 0)
		return (false);
	in_reach = reach_of(t, s->rule);
	for (i = 0; i < t->words; i++)
		if ((asked->able[i] & in_reach[i]) != 0)
			return (true);
	return (false);
}

enum refusal
route_decide(const struct route_table *t, const struct request *request,
    struct route *route, uint32_t *index)
{
	const struct route_client	*client;
	const struct route_sieve	*s;
	enum refusal			 refusal, r;
	struct asked			 asked;
	bool				 fits = false;

	*index = POLICY_NORULE;
	memset(route, 0, sizeof(*route));
	client = route->client = route_client_by_name(t, request->client);
	if (client == NULL)
		return (REFUSAL_FORBIDDEN);
	if ((r = ask(request, &asked, route)) != REFUSAL_NONE)
		return (r);
	refusal = asked.nosender;
	if (!find_sender(t, &asked, route))
		return (refusal);
	find_able(t, route, &asked);
	for (s = client->rules; s < client->rules + client->nrules; s++) {
		if (!is_worth(t, s, &asked, fits))
			continue;
		if (asked.sender != NULL && !has_sender(t, s, asked.sender))
			continue;
		if (!fits)
			refusal = asked.nomethod;
		if ((s->methods & asked.method) == 0)
			continue;
		route->rule = &t->rules[s->rule];
		r = try_rule(t, request, &asked, route);
		if (r != REFUSAL_NONE && fits)
			continue;
		fits = true;
		refusal = r;
		*index = s->rule;
		if (r == REFUSAL_NONE)
			break;
	}
	return (refusal);
}
