/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/httpserver_local.h"

/* By enum http_method: what else there is is one. */
static const char *const methods[HTTPCOUNT_METHODS] = {
	[HTTP_GET] = "GET",
	[HTTP_HEAD] = "HEAD",
	[HTTP_POST] = "POST",
	[HTTP_OTHER] = "other"
};

/* Those that there can be; another would be counted as the last. */
static const int codes[] = {
	200, 400, 401, 404, 405, 408, 413, 414, 415, 417, 431, 503, 505, 500
};
#define NCODES	(sizeof(codes) / sizeof(codes[0]))
_Static_assert(NCODES <= HTTPCOUNT_CODES, "room for each status");

static const char *const refused[REFUSED_COUNT] = {
	[REFUSED_ADDRESS] = "connections-per-address",
	[REFUSED_CONNECTIONS] = "connections",
	[REFUSED_MEMORY] = "memory"
};

static const char *const closed[CLOSED_COUNT] = {
	[CLOSED_IDLE] = "idle",
	[CLOSED_TIMEOUT] = "timeout",
	[CLOSED_EXPIRED] = "expired",
	[CLOSED_UNTRUSTED] = "untrusted",
	[CLOSED_EVICTED] = "evicted",
	[CLOSED_BODIES] = "bodies"
};

/* Those of tlsconn_cause(), and two more. */
static const char *const causes[] = {
	"unknown-ca", "expired", "revoked", "crl", "certificate", "refused",
	"alert", "protocol", "http", "timeout", "closed", "other"
};
#define NCAUSES	(sizeof(causes) / sizeof(causes[0]))
_Static_assert(NCAUSES <= HTTPCOUNT_CAUSES, "room for each cause");

/* ---- Counting --------------------------------------------------------- */

void
httpcount_request(struct httpconn *c)
{
	struct httpcount	*count = &c->server->count;

	httpcount_forget(c);
	c->method = http_method(c->http);
	c->begun = clock_us();
	c->counted = true;
	count->requests[c->method]++;
	count->inflight[c->method]++;
}

void
httpcount_forget(struct httpconn *c)
{
	if (c->counted)
		c->server->count.inflight[c->method]--;
	c->counted = false;
}

void
httpcount_answer(struct httpconn *c, int status, size_t len)
{
	struct httpcount	*count = &c->server->count;
	size_t			 i = 0;

	/* One whose header section could not be read. */
	if (!c->counted) {
		c->method = HTTP_OTHER;
		c->begun = clock_us();
		count->requests[c->method]++;
	}
	httpcount_forget(c);
	while (i < NCODES - 1 && codes[i] != status)
		i++;
	histogram_add(&count->latency[c->method][i], clock_us() - c->begun);
	histogram_add(&count->size[c->method][i], len);
}

void
httpcount_failure(struct httpserver *server, const char *cause)
{
	size_t	 i = 0;

	while (i < NCAUSES - 1 && strcmp(causes[i], cause) != 0)
		i++;
	server->count.failures[i]++;
}

/* ---- Saying ----------------------------------------------------------- */

static void
say_one(struct metrics_out *out, const char *whom, enum metric metric,
    uint64_t value)
{
	if (metric == METRIC_COUNT)
		return;
	if (whom != NULL)
		metrics_u64(out, metric, value, whom);
	else
		metrics_u64(out, metric, value);
}

/* All of them, zeros included: a rate needs where it began. */
static void
say_each(struct metrics_out *out, const char *whom, enum metric metric,
    const uint64_t *values, const char *const *names, size_t n)
{
	size_t	 i;

	if (metric == METRIC_COUNT)
		return;
	for (i = 0; i < n; i++) {
		if (whom != NULL)
			metrics_u64(out, metric, values[i], whom, names[i]);
		else
			metrics_u64(out, metric, values[i], names[i]);
	}
}

static void
say_hist(struct metrics_out *out, enum metric metric,
    const struct histogram *h, const char *method, const char *code)
{
	if (metric != METRIC_COUNT)
		metrics_hist(out, metric, h, method, code);
}

static void
say_responses(struct metrics_out *out, const struct httpserver_metrics *m,
    uint64_t n, const char *method, const char *code)
{
	if (m->responses == METRIC_COUNT)
		return;
	if (m->whom != NULL)
		metrics_u64(out, m->responses, n, m->whom, method, code);
	else
		metrics_u64(out, m->responses, n, method, code);
}

static void
say_answers(const struct httpcount *count, struct metrics_out *out,
    const struct httpserver_metrics *m)
{
	const struct histogram	*h;
	size_t			 method, i;
	char			 code[8];

	for (method = 0; method < HTTPCOUNT_METHODS; method++)
		for (i = 0; i < NCODES; i++) {
			h = &count->latency[method][i];
			if (histogram_count(h) == 0)
				continue;
			snprintf(code, sizeof(code), "%d", codes[i]);
			say_responses(out, m, histogram_count(h),
			    methods[method], code);
			say_hist(out, m->duration, h, methods[method], code);
			say_hist(out, m->latency, h, methods[method], code);
			say_hist(out, m->size, &count->size[method][i],
			    methods[method], code);
		}
}

/* Bodies, and handshakes, that wait for their turn. */
static void
count_waiting(const struct httpserver *server, uint64_t *bodies,
    uint64_t *handshakes)
{
	const struct httpconn	*c;

	*bodies = *handshakes = 0;
	TAILQ_FOREACH(c, &server->conns, entry) {
		*bodies += c->state == CONN_WAITING;
		*handshakes += c->state == CONN_HANDSHAKE &&
		    tlsconn_waits(c->conn);
	}
}

void
httpserver_say(const struct httpserver *server, struct metrics_out *out,
    const struct httpserver_metrics *m)
{
	const struct httpcount	*count = &server->count;
	uint64_t		 bodies, handshakes;

	count_waiting(server, &bodies, &handshakes);
	say_each(out, m->whom, m->requests, count->requests, methods,
	    HTTPCOUNT_METHODS);
	say_each(out, m->whom, m->inflight, count->inflight, methods,
	    HTTPCOUNT_METHODS);
	say_answers(count, out, m);
	say_one(out, m->whom, m->connections, server->nconns);
	say_one(out, m->whom, m->max, server->limits->max_connections);
	say_one(out, m->whom, m->accepted, count->accepted);
	say_each(out, m->whom, m->refused, count->refused, refused,
	    REFUSED_COUNT);
	say_each(out, m->whom, m->closed, count->closed, closed,
	    CLOSED_COUNT);
	say_one(out, m->whom, m->handshakes, count->handshakes);
	say_each(out, m->whom, m->failures, count->failures, causes,
	    NCAUSES);
	say_one(out, m->whom, m->greeting, handshakes);
	say_one(out, m->whom, m->bodies, server->held);
	say_one(out, m->whom, m->waiting, bodies);
}
