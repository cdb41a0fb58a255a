/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "common/child.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/metrics.h"
#include "signerd/dialer.h"

#define DNS_PORT	53
#define ASK_INTERVAL	50	/* ms at least from one to the next */

/* ---- Configuration ---------------------------------------------------- */

static void
take_config(struct dialer *d, struct imsg *imsg)
{
	struct dial_next	*next = &d->next;
	uint32_t		 i;

	if (next->begun)
		fatalx("bad configuration message");
	memset(next, 0, sizeof(*next));
	if (dialmsg_get_config(imsg, &next->config) == -1)
		fatalx("bad configuration message");
	for (i = 0; i < next->config.nnameservers; i++)
		if (dial_server_parse(next->config.nameservers[i], DNS_PORT,
		    &next->servers[i]) == -1)
			fatalx("bad name server in the configuration");
	next->begun = true;
}

static void
take_endpoint(struct dial_next *next, struct imsg *imsg)
{
	struct dial_endpoint	 e;

	if (dialmsg_get_endpoint(imsg, &e) == -1 || next->used[e.index])
		fatalx("bad endpoint message");
	next->endpoints[e.index] = e;
	next->used[e.index] = true;
}

static void
take_channel(struct dialer *d, struct imsg *imsg)
{
	if (d->channel != -1 || dialmsg_get_fd(imsg, &d->channel) == -1)
		fatalx("bad channel message");
}

/* ---- In force, or not ------------------------------------------------- */

static void
answer(struct dialer *d, enum dial_msg type)
{
	if (dialmsg_send(&d->parent.ibuf, type, -1) == -1)
		fatal("cannot answer the parent");
	imsgev_flush(&d->parent);
}

static bool
is_same(const struct dial_endpoint *a, const struct dial_endpoint *b)
{
	return (a->port == b->port && strcmp(a->host, b->host) == 0);
}

/* Attempts for endpoints that stay go on. */
static void
put_in_force(struct dialer *d)
{
	struct dial_next	*next = &d->next;
	struct endpoint		*e;
	uint32_t		 i;

	d->config = next->config;
	memcpy(d->servers, next->servers, sizeof(d->servers));
	for (i = 0; i < DIAL_MAXENDPOINTS; i++) {
		e = &d->endpoints[i];
		if (!next->used[i])
			attempt_cancel(e);
		else if (!e->used || !is_same(&e->config, &next->endpoints[i]))
			attempt_configure(e, &next->endpoints[i]);
		e->used = next->used[i];
	}
	next->begun = false;
}

static void
start(struct dialer *d, struct imsg *imsg)
{
	if (dialmsg_get_empty(imsg) == -1 || d->channel == -1)
		fatalx("bad start message");
	d->next.ended = true;
	if (!d->started) {
		if (dialer_link_start(d, d->channel) == -1)
			fatal("the channel to the link process");
		put_in_force(d);
		d->started = true;
	}
	answer(d, DIAL_READY);
}

static void
decide(struct dialer *d, struct imsg *imsg)
{
	if (dialmsg_get_empty(imsg) == -1)
		fatalx("bad commit message");
	if (imsg_get_type(imsg) == DIAL_COMMIT) {
		put_in_force(d);
		answer(d, DIAL_COMMITTED);
	} else
		d->next.begun = false;
}

/* ---- Files ------------------------------------------------------------ */

/* Those that want them now, all with one request. */
static void
on_ask(int fd, short what, void *arg)
{
	struct dialer	*d = arg;
	struct endpoint	*e;
	uint32_t	 i, n = 0;

	(void)fd;
	(void)what;
	if (d->asking)
		return;
	for (i = 0; i < DIAL_MAXENDPOINTS; i++) {
		e = &d->endpoints[i];
		if (e->state != ATTEMPT_WANTS_FILES)
			continue;
		e->state = ATTEMPT_AWAITS_FILES;
		n++;
	}
	if (n == 0)
		return;
	d->asking = true;
	d->asked = clock_us();
	if (dialmsg_send(&d->parent.ibuf, DIAL_NEEDFILES, -1) == -1)
		fatal("cannot ask the parent");
	imsgev_flush(&d->parent);
}

/* At the end of this turn, or as soon as it is not too often. */
void
dialer_want_files(struct dialer *d)
{
	struct timeval	 tv = { 0, 0 };
	uint64_t	 since = clock_us() - d->asked;

	if (d->asking || event_pending(d->ask, EV_TIMEOUT, NULL))
		return;
	if (since < ASK_INTERVAL * 1000)
		tv.tv_usec = (suseconds_t)(ASK_INTERVAL * 1000 - since);
	event_add(d->ask, &tv);
}

/* Empty where there is none or it cannot be read; to be freed. */
static char *
read_file(struct imsg *imsg, const char *name, size_t max, size_t *len)
{
	char	*text;
	bool	 cut;
	int	 fd;

	*len = 0;
	if (dialmsg_get_file(imsg, &fd) == -1)
		fatalx("bad %s message", name);
	if (fd == -1)
		return (NULL);
	if ((text = dial_file_read(fd, max, len, &cut)) == NULL)
		log_errno("cannot read %s", name);
	else if (cut)
		log_warn("%s is too long: what comes after %zu bytes is not "
		    "read", name, *len);
	close(fd);
	return (text);
}

static void
take_resolvconf(struct dialer *d, struct imsg *imsg)
{
	char	*text;
	size_t	 len;

	if (!d->asking || d->have_resolv)
		fatalx("resolv.conf out of turn");
	text = read_file(imsg, "resolv.conf", DIAL_RESOLVCONF_MAX, &len);
	dial_resolvconf_parse(text != NULL ? text : "", len, &d->resolv);
	free(text);
	if (d->config.nnameservers > 0) {
		memcpy(d->resolv.servers, d->servers, sizeof(d->servers));
		d->resolv.nservers = d->config.nnameservers;
	}
	d->have_resolv = true;
}

static void
take_hosts(struct dialer *d, struct imsg *imsg)
{
	struct endpoint	*e;
	char		*text;
	size_t		 len;
	uint32_t	 i;

	if (!d->have_resolv)
		fatalx("hosts out of turn");
	text = read_file(imsg, "hosts", DIAL_HOSTS_MAX, &len);
	d->asking = d->have_resolv = false;
	for (i = 0; i < DIAL_MAXENDPOINTS; i++) {
		e = &d->endpoints[i];
		if (e->state == ATTEMPT_AWAITS_FILES)
			attempt_files(e, &d->resolv, text != NULL ? text : "",
			    len);
	}
	free(text);
	/* Those that came in between. */
	dialer_want_files(d);
}

/* ---- Metrics ---------------------------------------------------------- */

static void
say_endpoint(const struct endpoint *e, struct metrics_out *out)
{
	const char	*host = e->config.host;
	char		 port[8];

	snprintf(port, sizeof(port), "%u", e->config.port);
	metrics_u64(out, METRIC_DIAL_ATTEMPTS, e->attempts, host, port);
	metrics_u64(out, METRIC_DIAL_FAILURES, e->failures, host, port);
	metrics_u64(out, METRIC_DIAL_LOOKUPS, e->lookups, host, port);
}

static void
say_metrics(struct dialer *d, struct imsg *imsg)
{
	static struct metrics_writer	 w;
	uint32_t			 id, i;

	if (metrics_get(imsg, &id) == -1)
		fatalx("bad message for metrics");
	metrics_begin(&w, &d->parent.ibuf, id);
	for (i = 0; i < DIAL_MAXENDPOINTS; i++)
		if (d->endpoints[i].used)
			say_endpoint(&d->endpoints[i], &w.out);
	if (metrics_end(&w) == -1)
		log_errno("cannot tell the parent of metrics");
	imsgev_flush(&d->parent);
}

/* ---- Messages --------------------------------------------------------- */

/* What belongs to a configuration that comes in. */
static void
next_message(struct dialer *d, struct imsg *imsg, uint32_t type)
{
	bool	 decides = type == DIAL_COMMIT || type == DIAL_DISCARD;

	if (!d->next.begun || d->next.ended != decides)
		fatalx("message %u from the parent out of turn", type);
	switch (type) {
	case DIAL_ENDPOINT:
		take_endpoint(&d->next, imsg);
		break;
	case DIAL_CHANNEL:
		take_channel(d, imsg);
		break;
	case DIAL_START:
		start(d, imsg);
		break;
	case DIAL_COMMIT:
	case DIAL_DISCARD:
		decide(d, imsg);
		break;
	default:
		fatalx("unknown message %u from the parent", type);
	}
}

static void
on_message(struct imsgev *iev, struct imsg *imsg, void *arg)
{
	struct dialer	*d = arg;

	(void)iev;
	switch (imsg_get_type(imsg)) {
	case LOG_SETLEVEL:
		if (log_take_level(imsg) == -1)
			fatalx("bad level message");
		break;
	case METRICS_ASK:
		say_metrics(d, imsg);
		break;
	case DIAL_RESOLVCONF:
		take_resolvconf(d, imsg);
		break;
	case DIAL_HOSTS:
		take_hosts(d, imsg);
		break;
	case DIAL_CONFIG:
		take_config(d, imsg);
		break;
	default:
		next_message(d, imsg, imsg_get_type(imsg));
	}
}

void
dialer_parent_start(struct dialer *d)
{
	static const struct imsgev_cb	 cb = {
		on_message, NULL, child_orphaned
	};

	uint32_t			 i;

	if ((d->ask = evtimer_new(d->base, on_ask, d)) == NULL)
		fatal("evtimer_new");
	for (i = 0; i < DIAL_MAXENDPOINTS; i++)
		if (attempt_init(d, &d->endpoints[i]) == -1)
			fatal("endpoint");
	child_parent(&d->parent, DIAL_MSGSIZE, &cb, d);
}
