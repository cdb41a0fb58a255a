/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdlib.h>
#include <string.h>

#include "keyd/payload.h"
#include "keyd/tx.h"
#include "proxyd/route.h"

/* ---- The table -------------------------------------------------------- */

static size_t
bucket(const void *key, size_t len)
{
	const uint8_t	*p = key;
	uint32_t	 h = 2166136261U;
	size_t		 i;

	/* FNV-1a; what is in the table is the configuration's alone. */
	for (i = 0; i < len; i++)
		h = (h ^ p[i]) * 16777619U;
	return (h % ROUTE_BUCKETS);
}

void
route_init(struct route_table *t)
{
	size_t	 i;

	memset(t, 0, sizeof(*t));
	for (i = 0; i < ROUTE_BUCKETS; i++) {
		SLIST_INIT(&t->clients[i]);
		SLIST_INIT(&t->addresses[i]);
	}
}

int
route_add_signer(struct route_table *t, const struct route_signer *s)
{
	struct route_signer	*grown;

	grown = reallocarray(t->signers, t->nsigners + 1, sizeof(*grown));
	if (grown == NULL)
		return (-1);
	t->signers = grown;
	grown[t->nsigners++] = *s;
	return (0);
}

int
route_add_rule(struct route_table *t, const struct route_rule *r)
{
	struct route_rule	*grown;

	grown = reallocarray(t->rules, t->nrules + 1, sizeof(*grown));
	if (grown == NULL)
		return (-1);
	t->rules = grown;
	grown[t->nrules++] = *r;
	return (0);
}

static struct route_client *
find_client(const struct route_table *t, const char *name)
{
	struct route_client	*c;

	SLIST_FOREACH(c, &t->clients[bucket(name, strlen(name))], entry)
		if (strcmp(c->name, name) == 0)
			return (c);
	return (NULL);
}

static struct route_address *
find_address(const struct route_table *t,
    const uint8_t address[ADDRESS_SIZE])
{
	struct route_address	*a;

	SLIST_FOREACH(a, &t->addresses[bucket(address, ADDRESS_SIZE)], entry)
		if (memcmp(a->address, address, ADDRESS_SIZE) == 0)
			return (a);
	return (NULL);
}

static int
append_index(uint32_t **list, size_t *n, uint32_t index)
{
	uint32_t	*grown;

	/* An address that is listed twice. */
	if (*n > 0 && (*list)[*n - 1] == index)
		return (0);
	if ((grown = reallocarray(*list, *n + 1, sizeof(*grown))) == NULL)
		return (-1);
	*list = grown;
	grown[(*n)++] = index;
	return (0);
}

static int
index_rule(struct route_table *t, uint32_t index)
{
	const char		*name = t->rules[index].rule.client;
	struct route_client	*c;

	if ((c = find_client(t, name)) == NULL) {
		if ((c = calloc(1, sizeof(*c))) == NULL)
			return (-1);
		memcpy(c->name, name, strlen(name) + 1);
		c->index = t->nclients++;
		SLIST_INSERT_HEAD(&t->clients[bucket(name, strlen(name))], c,
		    entry);
	}
	return (append_index(&c->rules, &c->nrules, index));
}

static int
index_address(struct route_table *t, const uint8_t address[ADDRESS_SIZE],
    uint32_t signer)
{
	struct route_address	*a;

	if ((a = find_address(t, address)) == NULL) {
		if ((a = calloc(1, sizeof(*a))) == NULL)
			return (-1);
		memcpy(a->address, address, ADDRESS_SIZE);
		SLIST_INSERT_HEAD(
		    &t->addresses[bucket(address, ADDRESS_SIZE)], a, entry);
	}
	return (append_index(&a->signers, &a->nsigners, signer));
}

int
route_finish(struct route_table *t)
{
	const struct route_rule		*r;
	const struct route_signer	*s;
	size_t				 i, k;

	for (i = 0; i < t->nsigners; i++) {
		s = &t->signers[i];
		for (k = 0; k < s->naddresses; k++)
			if (index_address(t, s->addresses[k],
			    (uint32_t)i) == -1)
				return (-1);
	}
	for (i = 0; i < t->nrules; i++) {
		r = &t->rules[i];
		for (k = 0; k < r->nsigners; k++)
			if (r->signers[k] >= t->nsigners)
				return (-1);
		if (index_rule(t, (uint32_t)i) == -1)
			return (-1);
	}
	return (0);
}

void
route_clear(struct route_table *t)
{
	struct route_client	*c;
	struct route_address	*a;
	size_t			 i;

	for (i = 0; i < ROUTE_BUCKETS; i++) {
		while ((c = SLIST_FIRST(&t->clients[i])) != NULL) {
			SLIST_REMOVE_HEAD(&t->clients[i], entry);
			free(c->rules);
			free(c);
		}
		while ((a = SLIST_FIRST(&t->addresses[i])) != NULL) {
			SLIST_REMOVE_HEAD(&t->addresses[i], entry);
			free(a->signers);
			free(a);
		}
	}
	for (i = 0; i < t->nsigners; i++) {
		free(t->signers[i].addresses);
		free(t->signers[i].chains);
	}
	free(t->signers);
	for (i = 0; i < t->nrules; i++) {
		rule_clear(&t->rules[i].rule);
		free(t->rules[i].addresses);
		free(t->rules[i].signers);
	}
	free(t->rules);
	route_init(t);
}

/* ---- Decisions -------------------------------------------------------- */

bool
route_chain_listed(const struct u256 *chains, size_t n,
    const struct u256 *chain)
{
	size_t	 i;

	for (i = 0; i < n; i++)
		if (u256_cmp(&chains[i], chain) == 0)
			return (true);
	return (n == 0);
}

static bool
may_use(const struct route_rule *rule, uint32_t signer)
{
	size_t	 i;

	for (i = 0; i < rule->nsigners; i++)
		if (rule->signers[i] == signer)
			return (true);
	return (rule->nsigners == 0);
}

bool
route_permits(const struct route_table *t, const struct route *route,
    uint32_t signer)
{
	const struct route_signer	*s = &t->signers[signer];

	return (may_use(route->rule, signer) &&
	    (s->methods == 0 || (s->methods & route->method) != 0) &&
	    route_chain_listed(s->chains, s->nchains, &route->chain));
}

/*
 * Takes the address if one of its signers can serve the route; with offered,
 * if one offers it, too.
 */
static bool
take_address(const struct route_table *t, struct route *route,
    const uint8_t address[ADDRESS_SIZE], bool offered)
{
	const struct route_address	*a;
	size_t				 i;

	if ((a = find_address(t, address)) == NULL)
		return (false);
	memcpy(route->address, address, ADDRESS_SIZE);
	for (i = 0; i < a->nsigners; i++) {
		if (!route_permits(t, route, a->signers[i]) || (offered &&
		    t->offers != NULL && !t->offers(t, a->signers[i], route)))
			continue;
		route->holders = a;
		return (true);
	}
	return (false);
}

static bool
take_of_signers(const struct route_table *t, struct route *route,
    bool offered)
{
	const struct route_signer	*s;
	size_t				 i, k;

	for (i = 0; i < t->nsigners; i++) {
		s = &t->signers[i];
		if (!route_permits(t, route, (uint32_t)i))
			continue;
		for (k = 0; k < s->naddresses; k++)
			if (take_address(t, route, s->addresses[k], offered))
				return (true);
	}
	return (false);
}

static bool
take_of_rule(const struct route_table *t, struct route *route, bool offered)
{
	const struct route_rule	*rule = route->rule;
	size_t			 i;

	for (i = 0; i < rule->naddresses; i++)
		if (take_address(t, route, rule->addresses[i], offered))
			return (true);
	return (false);
}

/* For a request that names no address. */
static bool
choose_address(const struct route_table *t, struct route *route)
{
	if (route->rule->naddresses > 0)
		return (take_of_rule(t, route, true) ||
		    take_of_rule(t, route, false));
	return (take_of_signers(t, route, true) ||
	    take_of_signers(t, route, false));
}

/* Whether the rule is for keys of that address at all. */
static bool
has_address(const struct route_table *t, const struct route_rule *rule,
    const uint8_t address[ADDRESS_SIZE])
{
	const struct route_address	*a;
	size_t				 i;

	for (i = 0; i < rule->naddresses; i++)
		if (memcmp(rule->addresses[i], address, ADDRESS_SIZE) == 0)
			return (true);
	if (rule->naddresses > 0 || (a = find_address(t, address)) == NULL)
		return (false);
	for (i = 0; i < a->nsigners; i++)
		if (may_use(rule, a->signers[i]))
			return (true);
	return (false);
}

/* What the decision needs of a request, whatever its method. */
struct asked {
	uint32_t	 method;
	const uint8_t	*sender;	/* NULL: none named */
	enum refusal	 nosender;
	enum refusal	 nomethod;
	enum refusal	 nochain;	/* no signer serves it */
};

static enum refusal
ask(const struct request *request, struct asked *asked, struct route *route)
{
	memset(asked, 0, sizeof(*asked));
	if (request->method == METHOD_TRANSACTION) {
		asked->method = RULE_TRANSACTION;
		if (request->tx.has & TX_FROM)
			asked->sender = request->tx.from;
		asked->nosender = REFUSAL_FROM;
		asked->nomethod = REFUSAL_METHOD;
		asked->nochain = REFUSAL_TXCHAIN;
		route->chain = request->tx.chain_id;
		route->method = asked->method;
		return (tx_check(&request->tx));
	}
	asked->method = RULE_PAYLOAD;
	if (request->payload.has & PAYLOAD_SENDER)
		asked->sender = request->payload.sender;
	asked->nosender = REFUSAL_FORBIDDEN;
	asked->nomethod = REFUSAL_FORBIDDEN;
	asked->nochain = REFUSAL_CHAINID;
	route->chain = request->payload.chain_id;
	route->method = asked->method;
	return (payload_check(&request->payload));
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
	if (asked->sender != NULL ? take_address(t, route, asked->sender, false) :
	    choose_address(t, route))
		return (REFUSAL_NONE);
	return (asked->nochain);
}

enum refusal
route_decide(const struct route_table *t, const struct request *request,
    struct route *route, uint32_t *index)
{
	const struct route_client	*client;
	enum refusal			 refusal, r;
	struct asked			 asked;
	bool				 fits = false;
	size_t				 i;

	*index = POLICY_NORULE;
	memset(route, 0, sizeof(*route));
	if ((client = find_client(t, request->client)) == NULL)
		return (REFUSAL_FORBIDDEN);
	if ((r = ask(request, &asked, route)) != REFUSAL_NONE)
		return (r);
	refusal = asked.nosender;
	route->client = client;
	for (i = 0; i < client->nrules; i++) {
		route->rule = &t->rules[client->rules[i]];
		if (asked.sender != NULL &&
		    !has_address(t, route->rule, asked.sender))
			continue;
		if (!fits)
			refusal = asked.nomethod;
		if ((route->rule->rule.methods & asked.method) == 0)
			continue;
		r = try_rule(t, request, &asked, route);
		if (r != REFUSAL_NONE && fits)
			continue;
		fits = true;
		refusal = r;
		*index = client->rules[i];
		if (r == REFUSAL_NONE)
			break;
	}
	return (refusal);
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
