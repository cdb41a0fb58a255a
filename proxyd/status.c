/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>
#include <string.h>

#include <event2/buffer.h>

#include "common/clock.h"
#include "common/handshake.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/wslink.h"
#include "proxyd/link.h"

/*
 * Configurations can be so large that no scraper would take a sample for each
 * part of them; there is a number for the whole in any case.
 */
#define CLIENTS_ZEROS	256	/* clients, for counters that are 0 yet */
#define RULES_EACH	4096	/* rules with a sample of their own */
#define SAMPLES_MAX	49152	/* after which clients have no more */
/* Rules in the text of /readyz. */
#define RULES_TOLD	100

/* The relay of this process. */
static struct relay	*self;

/* ---- Clients ---------------------------------------------------------- */

/* What can be, of a method. */
static bool
is_possible(enum count_method method, enum count_result result)
{
	switch (result) {
	case RESULT_ANSWERED:
		return (method == COUNT_OTHER);
	case RESULT_SIGNED:
	case RESULT_REFUSED:
	case RESULT_BYSIGNER:
		return (method != COUNT_OTHER);
	default:
		return (true);
	}
}

static void
say_client(struct metrics_out *out, const char *name,
    const struct client_counts *counts, bool zeros)
{
	enum count_method	 m;
	enum count_result	 i;
	uint64_t		 n;

	for (m = 0; m < COUNT_METHODS; m++)
		for (i = 0; i < RESULT_COUNT; i++) {
			n = counts->requests[m][i];
			if (n > 0 || (zeros && is_possible(m, i)))
				metrics_u64(out, METRIC_PROXY_REQUESTS, n,
				    name, count_method_name(m),
				    count_result_name(i));
		}
}

static void
say_clients(struct metrics_out *out, const struct relay *r)
{
	const struct ruleset	*rules = r->rules;
	bool			 zeros;
	uint32_t		 i;

	zeros = rules->routes.nclients <= CLIENTS_ZEROS;
	say_client(out, "unknown", &r->counts.unknown, true);
	for (i = 0; i < rules->routes.nclients &&
	    out->nsamples < SAMPLES_MAX; i++)
		say_client(out, rules->routes.clients[i].name,
		    &rules->names[i]->counts, zeros);
}

static void
say_requests(struct metrics_out *out, const struct relay *r)
{
	const struct counts	*c = &r->counts;
	enum count_method	 m;
	unsigned int		 i;

	for (i = REFUSAL_NONE + 1; i < REASON_SLOW; i++) {
		/* Of keyd alone. */
		if (i == REFUSAL_DEADLINE || i == REFUSAL_INTERNAL ||
		    i == REFUSAL_AUDIT)
			continue;
		metrics_u64(out, METRIC_PROXY_REJECTIONS, c->reasons[i],
		    reason_name((enum reason)i));
	}
	for (m = 0; m < COUNT_OTHER; m++) {
		metrics_hist(out, METRIC_PROXY_REQUEST_SECONDS, &c->total[m],
		    count_method_name(m));
		metrics_hist(out, METRIC_PROXY_WAITING_SECONDS,
		    &c->waiting[m], count_method_name(m));
		metrics_hist(out, METRIC_PROXY_SIGNER_SECONDS,
		    &c->at_signer[m], count_method_name(m));
	}
	metrics_u64(out, METRIC_PROXY_RETRIES, c->retries);
	metrics_u64(out, METRIC_PROXY_HEDGES, c->hedges);
	metrics_u64(out, METRIC_PROXY_QUEUE, r->nwaiting);
	metrics_u64(out, METRIC_PROXY_QUEUE_MAX,
	    r->rules->config.limits.max_queue);
	metrics_u64(out, METRIC_PROXY_QUEUE_BYTES, r->held);
}

/* ---- Signers and their links ------------------------------------------ */

static void
say_link(struct metrics_out *out, const struct signer *s)
{
	const struct link	*link = s->link;
	bool			 up = link != NULL;

	metrics_u64(out, METRIC_PROXY_SIGNER_UP, up, s->name);
	metrics_u64(out, METRIC_PROXY_SIGNER_SINCE, up ?
	    (clock_us() - link->registered) / 1000000 : 0, s->name);
	metrics_u64(out, METRIC_PROXY_SIGNER_TAKEN_DOWN, s->down, s->name);
	metrics_u64(out, METRIC_PROXY_SIGNER_DOUBT, up &&
	    link_in_doubt(link), s->name);
	metrics_u64(out, METRIC_PROXY_SIGNER_IN_FLIGHT, up ?
	    link->nattempts : 0, s->name);
	/* Without a pong there is nothing to say. */
	if (up && wslink_round_trip(link->ws) > 0)
		metrics_u64(out, METRIC_PROXY_SIGNER_PING,
		    wslink_round_trip(link->ws), s->name);
}

static void
say_signer(struct metrics_out *out, const struct signer *s,
    const struct route_signer *words)
{
	const struct signer_counts	*c = &s->counts;
	unsigned int			 i;

	metrics_info(out, METRIC_PROXY_SIGNER_INFO, s->name, words->certname,
	    s->link != NULL ? s->link->peer : "",
	    s->link != NULL ? s->advert.software : "");
	say_link(out, s);
	metrics_u64(out, METRIC_PROXY_SIGNER_REGISTRATIONS, c->registrations,
	    s->name);
	metrics_u64(out, METRIC_PROXY_SIGNER_REPLACED, c->replaced, s->name);
	metrics_u64(out, METRIC_PROXY_SIGNER_ATTEMPTS, c->attempts, s->name);
	metrics_u64(out, METRIC_PROXY_SIGNER_ANSWERS, c->answers, s->name);
	metrics_u64(out, METRIC_PROXY_SIGNER_LATE, c->late, s->name);
	for (i = REASON_ATTEMPT; i < REASON_MAX; i++)
		metrics_u64(out, METRIC_PROXY_SIGNER_FAILURES,
		    c->failures[i - REASON_ATTEMPT], s->name,
		    reason_name((enum reason)i));
}

static void
say_links(struct metrics_out *out, const struct relay *r)
{
	const struct ruleset	*rules = r->rules;
	enum link_refusal	 why;
	uint32_t		 i;

	metrics_u64(out, METRIC_PROXY_LINKS, r->nlinks);
	metrics_u64(out, METRIC_PROXY_LINKS_MAX,
	    rules->config.limits.max_links);
	metrics_u64(out, METRIC_PROXY_LINKS_TAKEN, r->counts.links);
	for (why = 0; why < LINKREFUSAL_COUNT; why++)
		metrics_u64(out, METRIC_PROXY_LINKS_REFUSED,
		    r->counts.links_refused[why], link_refusal_name(why));
	for (i = 0; i < rules->routes.nsigners; i++)
		say_signer(out, rules->signers[i], &rules->routes.signers[i]);
}

/* ---- Connections ------------------------------------------------------ */

static void
say_server(struct metrics_out *out, const struct httpserver *server,
    enum config_whom whom)
{
	const struct httpserver_metrics	 names = {
		.requests = METRIC_PROXY_HTTP_REQUESTS,
		.responses = METRIC_PROXY_HTTP_RESPONSES,
		.inflight = METRIC_COUNT,
		.duration = METRIC_COUNT,
		.latency = METRIC_COUNT,
		.size = METRIC_COUNT,
		.connections = METRIC_PROXY_CONNECTIONS,
		.max = METRIC_PROXY_CONNECTIONS_MAX,
		.accepted = METRIC_PROXY_CONNECTIONS_ACCEPTED,
		.refused = METRIC_PROXY_CONNECTIONS_REFUSED,
		.closed = METRIC_PROXY_CONNECTIONS_CLOSED,
		.handshakes = METRIC_PROXY_HANDSHAKES,
		.failures = METRIC_PROXY_HANDSHAKE_FAILURES,
		.greeting = METRIC_PROXY_HANDSHAKES_WAITING,
		.bodies = METRIC_PROXY_BODY_BYTES,
		.waiting = METRIC_PROXY_BODIES_WAITING,
		.whom = config_whom_name(whom)
	};

	httpserver_say(server, out, &names);
}

static void
say_certificates(struct metrics_out *out, const struct relay_listener *l)
{
	const char	*whom = config_whom_name(l->whom);

	metrics_i64(out, METRIC_PROXY_CERT_EXPIRY, l->times.certificate, whom,
	    l->address, "certificate");
	metrics_i64(out, METRIC_PROXY_CERT_EXPIRY, l->times.ca, whom,
	    l->address, "ca");
	if (l->times.crl != 0)
		metrics_i64(out, METRIC_PROXY_CRL_UPDATE, l->times.crl, whom,
		    l->address);
}

static void
say_listeners(struct metrics_out *out, const struct relay *r)
{
	uint64_t		 n[WHOM_COUNT] = { 0 };
	enum config_whom	 whom;
	size_t			 i;

	say_server(out, r->clients, WHOM_CLIENTS);
	say_server(out, r->signer_server, WHOM_SIGNERS);
	metrics_u64(out, METRIC_PROXY_HANDSHAKES_DEFERRED,
	    handshake_deferred());
	for (i = 0; i < r->nlisteners; i++) {
		n[r->listeners[i].whom]++;
		if (r->listeners[i].whom != WHOM_METRICS)
			say_certificates(out, &r->listeners[i]);
	}
	for (whom = 0; whom < WHOM_COUNT; whom++)
		metrics_u64(out, METRIC_PROXY_LISTENERS, n[whom],
		    config_whom_name(whom));
}

/* ---- Rules ------------------------------------------------------------ */

static void
say_rules(struct metrics_out *out, struct relay *r)
{
	struct served	*s = &r->served;
	char		 number[16];
	uint32_t	 i;

	served_find(s, r->rules, r->changes);
	metrics_u64(out, METRIC_PROXY_RULES, s->nrules);
	metrics_u64(out, METRIC_PROXY_RULES_UNSERVED, s->nrules - s->nserved);
	for (i = 0; i < s->nrules && i < RULES_EACH; i++) {
		snprintf(number, sizeof(number), "%u", i + 1);
		metrics_u64(out, METRIC_PROXY_RULE_SERVED, served_has(s, i),
		    number, r->rules->routes.rules[i].rule.client);
	}
}

/* ---- All of it -------------------------------------------------------- */

static int
say_all(struct relay *r, struct imsg *imsg)
{
	static struct metrics_writer	 w;
	uint32_t			 id;

	if (metrics_get(imsg, &id) == -1)
		return (-1);
	/* Where there is no room for all, what comes last is left out. */
	metrics_begin(&w, &r->parent.ibuf, id);
	say_requests(&w.out, r);
	say_listeners(&w.out, r);
	say_links(&w.out, r);
	say_rules(&w.out, r);
	statusserver_say(r->status, &w.out);
	say_clients(&w.out, r);
	if (metrics_end(&w) == -1)
		log_errno("cannot tell the parent of metrics");
	imsgev_flush(&r->parent);
	return (0);
}

/* ---- /readyz ---------------------------------------------------------- */

static int
tell_unserved(struct evbuffer *out, const struct relay *r)
{
	const struct served	*s = &r->served;
	uint32_t		 i, told = 0;

	for (i = 0; i < s->nrules && told < RULES_TOLD; i++) {
		if (served_has(s, i))
			continue;
		if (evbuffer_add_printf(out, "rule %u, client %s: no signer "
		    "that can serve it is registered\n", i + 1,
		    r->rules->routes.rules[i].rule.client) == -1)
			return (-1);
		told++;
	}
	if (s->nrules - s->nserved > told && evbuffer_add_printf(out,
	    "and %u rules more\n", s->nrules - s->nserved - told) == -1)
		return (-1);
	return (0);
}

/* An operator can forget what he did. */
static int
tell_down(struct evbuffer *out, const struct ruleset *rules)
{
	size_t	 i;

	for (i = 0; i < rules->routes.nsigners; i++)
		if (rules->signers[i]->down && evbuffer_add_printf(out,
		    "signer %s was taken down by an operator\n",
		    rules->signers[i]->name) == -1)
			return (-1);
	return (0);
}

/* Of what the relay itself knows: the parent needs no part in it. */
static bool
is_ready(const struct metrics_set *set, struct evbuffer *out)
{
	struct served	*s = &self->served;
	const char	*text = "ready";
	bool		 ready;

	(void)set;
	served_find(s, self->rules, self->changes);
	ready = s->nserved > 0;
	if (s->nrules == 0)
		text = "not ready: the configuration has no rule";
	else if (s->nserved == 0)
		text = "not ready: no rule can be served";
	if (evbuffer_add_printf(out, "%s\n", text) == -1 ||
	    tell_unserved(out, self) == -1 ||
	    tell_down(out, self->rules) == -1)
		log_error("no memory for /readyz");
	return (ready);
}

/* ---- For the relay ---------------------------------------------------- */

int
status_message(struct relay *r, struct imsg *imsg)
{
	if (imsg_get_type(imsg) == METRICS_ASK)
		return (say_all(r, imsg));
	return (statusserver_message(r->status, imsg));
}

struct statusserver *
status_new(struct relay *r)
{
	struct statusserver_config	 config;

	self = r;
	memset(&config, 0, sizeof(config));
	config.parent = &r->parent;
	config.ready = is_ready;
	config.requests = METRIC_PROXY_STATUS_REQUESTS;
	config.connections = METRIC_PROXY_STATUS_CONNECTIONS;
	config.refused = METRIC_PROXY_STATUS_REFUSED;
	config.timeouts = METRIC_PROXY_STATUS_TIMEOUTS;
	return (statusserver_new(r->base, &r->status_limits, &config));
}
