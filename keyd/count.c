/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "common/list.h"
#include "common/log.h"
#include "common/metrics.h"
#include "keyd/count.h"
#include "keyd/keyd.h"

/* As rules and the log name them. */
static const char *const methods[COUNT_METHODS] = {
	"transaction", "block-payload"
};

static size_t
method_index(const struct request *request)
{
	return (request->method == METHOD_TRANSACTION ? 0 : 1);
}

/* ---- Clients ---------------------------------------------------------- */

static int
compare_clients(const void *a, const void *b)
{
	return (strcmp(((const struct count_client *)a)->name,
	    ((const struct count_client *)b)->name));
}

/* Each once. */
static void
sort_clients(struct count *c)
{
	size_t	 i, n = 0;

	list_sort(c->clients, c->nclients, sizeof(c->clients[0]),
	    compare_clients);
	for (i = 0; i < c->nclients; i++)
		if (n == 0 || compare_clients(&c->clients[n - 1],
		    &c->clients[i]) != 0)
			c->clients[n++] = c->clients[i];
	c->nclients = n;
}

static struct count_client *
find_client(const struct count *c, const char *name)
{
	size_t	 low = 0, high = c->nclients, mid;
	int	 r;

	while (low < high) {
		mid = low + (high - low) / 2;
		if ((r = strcmp(name, c->clients[mid].name)) == 0)
			return (&c->clients[mid]);
		if (r < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return (NULL);
}

/* ---- Sets ------------------------------------------------------------- */

int
count_prepare(struct keyd_set *set)
{
	struct count	*c = &set->count;
	size_t		 i;

	/* One more than needed: calloc(0) may give NULL. */
	c->clients = calloc(set->nrules + 1, sizeof(*c->clients));
	c->rules = calloc(set->nrules + 1, sizeof(*c->rules));
	c->keys = calloc(set->config.nkeys + 1, sizeof(*c->keys));
	if (c->clients == NULL || c->rules == NULL || c->keys == NULL)
		return (-1);
	c->nclients = set->nrules;
	for (i = 0; i < set->nrules; i++)
		c->clients[i].name = set->policy.rules[i].client;
	sort_clients(c);
	return (0);
}

void
count_clear(struct keyd_set *set)
{
	struct count	*c = &set->count;
	size_t		 i;

	for (i = 0; c->clients != NULL && i < c->nclients; i++)
		free(c->clients[i].n);
	free(c->clients);
	free(c->rules);
	free(c->keys);
	memset(c, 0, sizeof(*c));
}

static void
take_key(const struct keyd_set *old, struct keyd_set *new, size_t key)
{
	size_t	 i;

	for (i = 0; i < old->config.nkeys; i++)
		if (memcmp(old->policy.addresses[i],
		    new->policy.addresses[key], ADDRESS_SIZE) == 0) {
			memcpy(new->count.keys[key], old->count.keys[i],
			    sizeof(new->count.keys[key]));
			/* It may be there twice. */
			memset(old->count.keys[i], 0,
			    sizeof(old->count.keys[i]));
			return;
		}
}

void
count_switch(struct keyd_set *old, struct keyd_set *new)
{
	struct count_client	*client;
	size_t			 i;

	for (i = 0; i < old->count.nclients; i++) {
		client = find_client(&new->count, old->count.clients[i].name);
		if (client == NULL)
			continue;
		client->n = old->count.clients[i].n;
		old->count.clients[i].n = NULL;
	}
	for (i = 0; i < new->config.nkeys; i++)
		take_key(old, new, i);
}

/* ---- Decisions -------------------------------------------------------- */

static void
count_pair(struct count_pair *pair, const struct keyd_reply *reply)
{
	if (reply->refusal == REFUSAL_NONE)
		pair->signatures++;
	else
		pair->refusals++;
}

void
count_decision(struct keyd *k, const struct request *request,
    const struct keyd_reply *reply)
{
	struct count		*c = &k->now->count;
	struct count_client	*client;
	count_decisions		*n = &k->unknown;
	size_t			 method = method_index(request);

	if ((client = find_client(c, request->client)) != NULL) {
		if (client->n == NULL)
			client->n = calloc(1, sizeof(*client->n));
		n = client->n;
	}
	/* Where memory is short it is not counted by client. */
	if (n != NULL)
		(*n)[method][reply->refusal]++;
	if (reply->rule == POLICY_NORULE)
		return;
	count_pair(&c->rules[reply->rule], reply);
	count_pair(&c->keys[k->now->policy.rules[reply->rule].key][method],
	    reply);
}

/* ---- As op-signer counts ---------------------------------------------- */

enum op_error {
	OP_SUCCESS,
	OP_NONE,		/* an error without a name */
	OP_INVALID,
	OP_SIGN,
	OP_COUNT
};

static enum op_error
op_error(size_t refusal)
{
	switch ((enum refusal)refusal) {
	case REFUSAL_NONE:
		return (OP_SUCCESS);
	case REFUSAL_FORBIDDEN:
	case REFUSAL_METHOD:
	case REFUSAL_TXCHAIN:
	case REFUSAL_TO:
	case REFUSAL_VALUE:
	case REFUSAL_FEE:
		return (OP_NONE);
	case REFUSAL_FROM:
	case REFUSAL_CHAINID:
	case REFUSAL_DOMAIN:
	case REFUSAL_DEADLINE:
	case REFUSAL_INTERNAL:
	case REFUSAL_AUDIT:
		return (OP_SIGN);
	default:
		return (OP_INVALID);
	}
}

static void
say_op(struct metrics_out *out, const char *client, size_t method,
    const uint64_t n[REFUSAL_MAX])
{
	static const enum metric	 metrics[COUNT_METHODS] = {
		METRIC_OP_TRANSACTION, METRIC_OP_PAYLOAD
	};
	static const char *const	 errors[COUNT_METHODS][OP_COUNT] = {
		{ "", "", "invalid_transaction", "sign_error" },
		{ "", "", "invalid_blockPayload", "sign_error" }
	};
	uint64_t			 sums[OP_COUNT] = { 0 };
	size_t				 i;

	for (i = 0; i < REFUSAL_MAX; i++)
		sums[op_error(i)] += n[i];
	for (i = 0; i < OP_COUNT; i++)
		if (sums[i] > 0)
			metrics_u64(out, metrics[method], sums[i], client,
			    i == OP_SUCCESS ? "success" : "error",
			    errors[method][i]);
}

/* ---- Saying ----------------------------------------------------------- */

static void
say_client(struct metrics_out *out, const char *client,
    const count_decisions *n)
{
	size_t	 method, i;

	for (method = 0; method < COUNT_METHODS; method++) {
		say_op(out, client, method, (*n)[method]);
		for (i = REFUSAL_NONE + 1; i < REFUSAL_MAX; i++)
			if ((*n)[method][i] > 0)
				metrics_u64(out, METRIC_REFUSALS,
				    (*n)[method][i], client, methods[method],
				    refusal_name((enum refusal)i));
	}
}

static void
say_channel(struct metrics_out *out, struct channel *c)
{
	const char	*process = c->role == KEYD_LINK ? "link" : "frontend";

	metrics_u64(out, METRIC_KEYD_MALFORMED, c->malformed, process);
	metrics_u64(out, METRIC_KEYD_TURNS, c->turns, process);
	metrics_u64(out, METRIC_KEYD_FULL_TURNS, c->full_turns, process);
	metrics_u64(out, METRIC_KEYD_UNREAD, c->open ?
	    imsgbuf_queuelen(&c->ibuf) : 0, process);
	metrics_u64(out, METRIC_KEYD_UNREAD_BYTES, c->unread, process);
}

static void
say_key(struct metrics_out *out, const struct keyd_set *set, size_t key)
{
	const struct count_pair	*pair;
	char			 address[2 + 2 * ADDRESS_SIZE + 1];
	size_t			 method;

	memcpy(address, "0x", 2);
	hex_encode(address + 2, set->policy.addresses[key], ADDRESS_SIZE);
	address[sizeof(address) - 1] = '\0';
	for (method = 0; method < COUNT_METHODS; method++) {
		pair = &set->count.keys[key][method];
		metrics_u64(out, METRIC_KEY_SIGNATURES, pair->signatures,
		    address, methods[method]);
		metrics_u64(out, METRIC_KEY_REFUSALS, pair->refusals, address,
		    methods[method]);
	}
}

/* Of rules, those that decided something: there can be very many. */
static void
say_rule(struct metrics_out *out, const struct keyd_set *set, size_t rule)
{
	const struct count_pair	*pair = &set->count.rules[rule];
	char			 number[16];

	if (pair->signatures == 0 && pair->refusals == 0)
		return;
	snprintf(number, sizeof(number), "%zu", rule + 1);
	metrics_u64(out, METRIC_RULE_SIGNATURES, pair->signatures, number);
	metrics_u64(out, METRIC_RULE_REFUSALS, pair->refusals, number);
}

static void
say_set(struct metrics_out *out, const struct keyd_set *set)
{
	const struct count	*c = &set->count;
	size_t			 i;

	for (i = 0; i < set->config.nkeys; i++)
		say_key(out, set, i);
	for (i = 0; i < c->nclients; i++)
		if (c->clients[i].n != NULL)
			say_client(out, c->clients[i].name, c->clients[i].n);
	for (i = 0; i < set->nrules; i++)
		say_rule(out, set, i);
}

int
count_say(struct keyd *k, struct imsg *imsg)
{
	static struct metrics_writer	 w;
	uint32_t			 id;
	size_t				 i;

	if (metrics_get(imsg, &id) == -1)
		return (-1);
	metrics_begin(&w, &k->parent, id);
	for (i = 0; i < k->nchannels; i++)
		say_channel(&w.out, &k->channels[i]);
	say_client(&w.out, "unknown",
	    (const count_decisions *)&k->unknown);
	if (k->now != NULL)
		say_set(&w.out, k->now);
	trail_say(&k->trail, &w.out);
	if (metrics_end(&w) == -1)
		log_errno("cannot tell the parent of metrics");
	return (0);
}
