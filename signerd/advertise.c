/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>

#include "common/hex.h"
#include "common/json.h"
#include "signerd/advertise.h"

int
advertise_rule(struct grants *g, const struct rule *rule)
{
	struct grant	*grown;

	grown = reallocarray(g->list, g->n + 1, sizeof(*grown));
	if (grown == NULL)
		return (-1);
	g->list = grown;
	memset(&grown[g->n], 0, sizeof(*grown));
	grown[g->n].via = rule->via;
	grown[g->n].key = rule->key;
	grown[g->n].methods = rule->methods;
	g->n++;
	return (0);
}

int
advertise_chains(struct grants *g, const struct keyd_rulelist *list)
{
	struct grant	*grant;
	struct u256	*grown;

	if (list->list != KEYD_LIST_CHAIN)
		return (0);
	if (g->n == 0)
		return (-1);
	grant = &g->list[g->n - 1];
	grown = reallocarray(grant->chains, grant->nchains + list->count,
	    sizeof(*grown));
	if (grown == NULL)
		return (-1);
	memcpy(&grown[grant->nchains], list->items,
	    (size_t)list->count * U256_SIZE);
	grant->chains = grown;
	grant->nchains += list->count;
	return (0);
}

static int
same(const struct grant *a, const struct grant *b)
{
	return (a->via == b->via && a->key == b->key &&
	    a->methods == b->methods && a->nchains == b->nchains &&
	    (a->nchains == 0 || memcmp(a->chains, b->chains,
	    a->nchains * sizeof(*a->chains)) == 0));
}

/* Rules that differ in what a proxy has no business to know. */
static int
is_repeated(const struct grants *g, const size_t *told, size_t n,
    size_t index)
{
	size_t	 i;

	for (i = 0; i < n; i++)
		if (same(&g->list[told[i]], &g->list[index]))
			return (1);
	return (0);
}

static int
add_grant(struct evbuffer *out, const struct grant *grant,
    const struct front_key *key, int first)
{
	char	 hex[HEX_QUANTITYSIZE];
	size_t	 i;

	hex_from_address(hex, key->address);
	if (evbuffer_add_printf(out, "%s{\"address\":\"%s\",\"methods\":["
	    "%s%s%s]", first ? "" : ",", hex,
	    grant->methods & RULE_TRANSACTION ? "\"transaction\"" : "",
	    grant->methods == RULE_METHODS ? "," : "",
	    grant->methods & RULE_PAYLOAD ? "\"block-payload\"" : "") == -1)
		return (-1);
	for (i = 0; i < grant->nchains; i++) {
		hex_from_quantity(hex, &grant->chains[i]);
		if (evbuffer_add_printf(out, "%s\"%s\"", i == 0 ?
		    ",\"chains\":[" : ",", hex) == -1)
			return (-1);
	}
	return (evbuffer_add_printf(out, "%s}",
	    grant->nchains > 0 ? "]" : "") == -1 ? -1 : 0);
}

static int
write_keys(struct evbuffer *out, const struct grants *g, uint32_t via,
    const struct front_key *keys, size_t nkeys, size_t *told)
{
	size_t	 i, n = 0;

	for (i = 0; i < g->n; i++) {
		if (g->list[i].via != via || g->list[i].key >= nkeys ||
		    is_repeated(g, told, n, i))
			continue;
		if (add_grant(out, &g->list[i], &keys[g->list[i].key],
		    n == 0) == -1)
			return (-1);
		told[n++] = i;
	}
	return (0);
}

static int
write_object(struct evbuffer *out, const struct grants *g, uint32_t via,
    const char *name, const struct front_key *keys, size_t nkeys)
{
	char	 escaped[6 * CONFIG_NAME_MAX + 1];
	size_t	*told;
	int	 r;

	escaped[json_escape(escaped, name, strlen(name))] = '\0';
	if (evbuffer_add_printf(out, "{\"version\":1,\"software\":"
	    "\"signerd/" VERSION "\",\"name\":\"%s\",\"keys\":[",
	    escaped) == -1)
		return (-1);
	if ((told = calloc(g->n + 1, sizeof(*told))) == NULL)
		return (-1);
	r = write_keys(out, g, via, keys, nkeys, told);
	free(told);
	if (r == -1)
		return (-1);
	return (evbuffer_add_printf(out,
	    "],\"features\":[\"client\",\"deadline\"]}") == -1 ? -1 : 0);
}

char *
advertise_object(const struct grants *g, uint32_t via, const char *name,
    const struct front_key *keys, size_t nkeys)
{
	struct evbuffer	*out;
	char		*text = NULL;
	size_t		 len;

	if ((out = evbuffer_new()) == NULL)
		return (NULL);
	if (write_object(out, g, via, name, keys, nkeys) == 0) {
		len = evbuffer_get_length(out);
		if ((text = malloc(len + 1)) != NULL) {
			evbuffer_remove(out, text, len);
			text[len] = '\0';
		}
	}
	evbuffer_free(out);
	return (text);
}
