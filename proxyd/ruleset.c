/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxyd/ruleset.h"

static const struct ruleset *
of_routes(const struct route_table *t)
{
	return ((const struct ruleset *)(const void *)((const char *)t -
	    offsetof(struct ruleset, routes)));
}

/* What signers last said of themselves, for the choice among addresses. */
static bool
offers(const struct route_table *t, uint32_t index, const struct route *route)
{
	const struct signer	*s = of_routes(t)->signers[index];

	return (!s->known || advert_permits(&s->advert, route));
}

static size_t
first_offered(const struct route_table *t, uint32_t index,
    const struct route *route)
{
	const struct signer	*s = of_routes(t)->signers[index];

	return (s->known ? advert_first(&s->advert, route) : 0);
}

struct ruleset *
ruleset_new(struct clients *clients)
{
	struct ruleset	*rs;

	if ((rs = calloc(1, sizeof(*rs))) == NULL)
		return (NULL);
	rs->refs = 1;
	rs->clients = clients;
	route_init(&rs->routes);
	rs->routes.offers = offers;
	rs->routes.first = first_offered;
	return (rs);
}

/* ---- Signers ---------------------------------------------------------- */

static bool
same_words(const struct route_signer *a, const struct route_signer *b)
{
	return (strcmp(a->name, b->name) == 0 &&
	    a->methods == b->methods && a->naddresses == b->naddresses &&
	    a->nchains == b->nchains &&
	    (a->naddresses == 0 || memcmp(a->addresses, b->addresses,
	    a->naddresses * sizeof(*a->addresses)) == 0) &&
	    (a->nchains == 0 || memcmp(a->chains, b->chains,
	    a->nchains * sizeof(*a->chains)) == 0));
}

struct signer *
ruleset_signer(const struct ruleset *rs, const char *certname,
    const struct route_signer **words)
{
	uint32_t	 index;

	index = route_signer_by_certname(&rs->routes, certname);
	if (index == UINT32_MAX)
		return (NULL);
	if (words != NULL)
		*words = &rs->routes.signers[index];
	return (rs->signers[index]);
}

static struct signer *
find_or_make_signer(const struct ruleset *old, const struct route_signer *now)
{
	const struct route_signer	*before;
	struct signer			*s;

	if (old != NULL && (s = ruleset_signer(old, now->certname,
	    &before)) != NULL && same_words(before, now)) {
		s->refs++;
		return (s);
	}
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return (NULL);
	s->refs = 1;
	snprintf(s->name, sizeof(s->name), "%s", now->name);
	return (s);
}

static void
signer_unref(struct signer *s)
{
	struct signer	*heir;

	for (; s != NULL && --s->refs == 0; s = heir) {
		heir = s->heir;
		advert_clear(&s->advert);
		free(s);
	}
}

struct signer *
signer_now(struct signer *s)
{
	while (s->heir != NULL)
		s = s->heir;
	return (s);
}

struct link *
ruleset_link(const struct ruleset *rs, uint32_t signer)
{
	return (signer_now(rs->signers[signer])->link);
}

void
signer_bequeath(struct signer *from, struct signer *to)
{
	to->advert = from->advert;
	to->known = from->known;
	to->down = from->down;
	to->link = from->link;
	to->counts = from->counts;
	memset(&from->advert, 0, sizeof(from->advert));
	from->known = false;
	from->link = NULL;
	from->heir = to;
	to->refs++;
}

/* ---- Clients ---------------------------------------------------------- */

static struct client *
find_or_make_client(const struct ruleset *rs, const struct ruleset *old,
    const char *name)
{
	const struct route_client	*before;
	struct client			*c;

	if (old != NULL && (before = route_client_by_name(&old->routes,
	    name)) != NULL)
		return (client_ref(old->names[before->index]));
	if ((c = calloc(1, sizeof(*c))) == NULL)
		return (NULL);
	c->refs = 1;
	TAILQ_INIT(&c->messages);
	TAILQ_INIT(&c->turn);
	TAILQ_INSERT_TAIL(rs->clients, c, entry);
	return (c);
}

struct client *
client_ref(struct client *c)
{
	c->refs++;
	return (c);
}

void
client_unref(struct client *c, struct clients *clients)
{
	if (c == NULL || --c->refs > 0)
		return;
	TAILQ_REMOVE(clients, c, entry);
	free(c);
}

/* ---- The whole -------------------------------------------------------- */

int
ruleset_finish(struct ruleset *rs, const struct ruleset *old)
{
	size_t	 i;

	if (route_finish(&rs->routes) == -1)
		return (-1);
	/* One more than needed: calloc(0) may give NULL. */
	rs->signers = calloc(rs->routes.nsigners + 1, sizeof(*rs->signers));
	rs->names = calloc((size_t)rs->routes.nclients + 1,
	    sizeof(*rs->names));
	if (rs->signers == NULL || rs->names == NULL)
		return (-1);
	for (i = 0; i < rs->routes.nsigners; i++)
		if ((rs->signers[i] = find_or_make_signer(old,
		    &rs->routes.signers[i])) == NULL)
			return (-1);
	for (i = 0; i < rs->routes.nclients; i++)
		if ((rs->names[i] = find_or_make_client(rs, old,
		    rs->routes.clients[i].name)) == NULL)
			return (-1);
	return (0);
}

struct ruleset *
ruleset_ref(struct ruleset *rs)
{
	rs->refs++;
	return (rs);
}

void
ruleset_unref(struct ruleset *rs)
{
	size_t	 i;

	if (rs == NULL || --rs->refs > 0)
		return;
	for (i = 0; rs->signers != NULL && i < rs->routes.nsigners; i++)
		signer_unref(rs->signers[i]);
	for (i = 0; rs->names != NULL && i < rs->routes.nclients; i++)
		client_unref(rs->names[i], rs->clients);
	free(rs->signers);
	free(rs->names);
	route_clear(&rs->routes);
	free(rs);
}
