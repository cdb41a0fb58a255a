/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>

#include "common/hex.h"
#include "common/json.h"
#include "common/list.h"
#include "signerd/advertise.h"

int
advertise_rule(struct grants *g, const struct rule *rule)
{
	struct grant	*grant;

	if (list_grow(&g->list, g->n, sizeof(*grant)) == -1)
		return (-1);
	grant = &g->list[g->n++];
	memset(grant, 0, sizeof(*grant));
	grant->via = rule->via;
	grant->key = rule->key;
	grant->methods = rule->methods;
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

void
advertise_clear(struct grants *g)
{
	size_t	 i;

	for (i = 0; i < g->n; i++)
		free(g->list[i].chains);
	free(g->list);
	memset(g, 0, sizeof(*g));
}

/* ---- What the rules of one link come to ------------------------------- */

/* One key on one chain, or on any. */
struct piece {
	uint32_t	 key;
	uint32_t	 methods;
	bool		 listed;
	struct u256	 chain;		/* where it is listed */
};

struct pieces {
	struct piece	*list;
	size_t		 n;
};

static int
compare_pieces(const void *va, const void *vb)
{
	const struct piece	*a = va, *b = vb;

	if (a->key != b->key)
		return (a->key < b->key ? -1 : 1);
	if (a->listed != b->listed)
		return (a->listed ? 1 : -1);
	return (u256_cmp(&a->chain, &b->chain));
}

/* No payload is signed by a rule without chains (see keyd/policy.h). */
static void
take_apart(struct pieces *p, const struct grant *grant)
{
	struct piece	 piece;
	size_t		 i;

	memset(&piece, 0, sizeof(piece));
	piece.key = grant->key;
	piece.methods = grant->methods;
	piece.listed = grant->nchains > 0;
	if (!piece.listed) {
		piece.methods &= RULE_TRANSACTION;
		p->list[p->n++] = piece;
	}
	for (i = 0; i < grant->nchains; i++) {
		piece.chain = grant->chains[i];
		p->list[p->n++] = piece;
	}
}

/* Pieces alike become one, and what is on any chain need not be listed. */
static void
merge(struct pieces *p)
{
	struct piece	*last, *next;
	size_t		 i, n = 0;
	uint32_t	 key = 0, any = 0;

	list_sort(p->list, p->n, sizeof(*p->list), compare_pieces);
	for (i = 0; i < p->n; i++) {
		next = &p->list[i];
		if (i == 0 || next->key != key) {
			key = next->key;
			any = 0;
		}
		if (!next->listed)
			any |= next->methods;
		else if ((next->methods &= ~any) == 0)
			continue;
		last = &p->list[n > 0 ? n - 1 : 0];
		if (n > 0 && compare_pieces(last, next) == 0)
			last->methods |= next->methods;
		else
			p->list[n++] = *next;
	}
	p->n = n;
}

static int
collect(struct pieces *p, const struct grants *g, uint32_t via, size_t nkeys)
{
	size_t	 i, n = 0;

	for (i = 0; i < g->n; i++)
		n += 1 + g->list[i].nchains;
	if ((p->list = calloc(n + 1, sizeof(*p->list))) == NULL)
		return (-1);
	for (i = 0; i < g->n; i++)
		if (g->list[i].via == via && g->list[i].key < nkeys)
			take_apart(p, &g->list[i]);
	merge(p);
	return (0);
}

/* ---- As JSON ---------------------------------------------------------- */

static int
add_key(struct evbuffer *out, const struct front_key *key, uint32_t methods,
    bool first)
{
	char	 hex[HEX_ADDRESSSIZE];

	hex_from_address(hex, key->address);
	return (evbuffer_add_printf(out, "%s{\"address\":\"%s\","
	    "\"methods\":[%s%s%s]", first ? "" : ",", hex,
	    methods & RULE_TRANSACTION ? "\"transaction\"" : "",
	    methods == RULE_METHODS ? "," : "",
	    methods & RULE_PAYLOAD ? "\"block-payload\"" : "") == -1 ?
	    -1 : 0);
}

/* The pieces from list to end that have these very methods, if any. */
static int
add_entry(struct evbuffer *out, const struct front_key *key,
    const struct piece *list, const struct piece *end, bool listed,
    uint32_t methods, bool *first)
{
	const struct piece	*p;
	char			 hex[HEX_QUANTITYSIZE];
	size_t			 n = 0;

	for (p = list; p < end; p++) {
		if (p->listed != listed || p->methods != methods)
			continue;
		if (n++ == 0 && (add_key(out, key, methods, *first) == -1 ||
		    (listed && evbuffer_add_printf(out,
		    ",\"chains\":[") == -1)))
			return (-1);
		*first = false;
		if (!listed)
			break;
		hex_from_quantity(hex, &p->chain);
		if (evbuffer_add_printf(out, "%s\"%s\"", n > 1 ? "," : "",
		    hex) == -1)
			return (-1);
	}
	if (n == 0)
		return (0);
	return (evbuffer_add_printf(out, "%s}", listed ? "]" : "") == -1 ?
	    -1 : 0);
}

static int
write_keys(struct evbuffer *out, const struct pieces *p,
    const struct front_key *keys)
{
	const struct piece	*from, *to, *end = p->list + p->n;
	bool			 first = true;
	uint32_t		 methods;

	for (from = p->list; from < end; from = to) {
		for (to = from; to < end && to->key == from->key; )
			to++;
		if (add_entry(out, &keys[from->key], from, to, false,
		    RULE_TRANSACTION, &first) == -1)
			return (-1);
		for (methods = 1; methods <= RULE_METHODS; methods++)
			if (add_entry(out, &keys[from->key], from, to, true,
			    methods, &first) == -1)
				return (-1);
	}
	return (0);
}

static int
write_name(struct evbuffer *out, const char *name)
{
	size_t	 len = strlen(name), size = json_escape(NULL, name, len);
	char	*escaped;
	int	 r;

	if (size == SIZE_MAX || (escaped = malloc(size + 1)) == NULL)
		return (-1);
	json_escape(escaped, name, len);
	r = evbuffer_add(out, escaped, size);
	free(escaped);
	return (r);
}

static int
write_object(struct evbuffer *out, const struct pieces *p, const char *name,
    const struct front_key *keys)
{
	if (evbuffer_add_printf(out, "{\"version\":1,\"software\":"
	    "\"signerd/" VERSION "\",\"name\":\"") == -1 ||
	    write_name(out, name) == -1 ||
	    evbuffer_add_printf(out, "\",\"keys\":[") == -1 ||
	    write_keys(out, p, keys) == -1)
		return (-1);
	return (evbuffer_add_printf(out,
	    "],\"features\":[\"client\",\"deadline\"]}") == -1 ? -1 : 0);
}

char *
advertise_object(const struct grants *g, uint32_t via, const char *name,
    const struct front_key *keys, size_t nkeys)
{
	struct pieces	 pieces = { NULL, 0 };
	struct evbuffer	*out;
	char		*text = NULL;
	size_t		 len;

	if ((out = evbuffer_new()) == NULL)
		return (NULL);
	if (collect(&pieces, g, via, nkeys) == 0 &&
	    write_object(out, &pieces, name, keys) == 0) {
		len = evbuffer_get_length(out);
		if ((text = malloc(len + 1)) != NULL) {
			evbuffer_remove(out, text, len);
			text[len] = '\0';
		}
	}
	free(pieces.list);
	evbuffer_free(out);
	return (text);
}
