/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "common/child.h"
#include "common/clock.h"
#include "common/handshake.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/sandbox.h"
#include "common/tlsconn.h"
#include "common/tlsidle.h"
#include "common/wsupgrade.h"
#include "proxyd/link.h"

static struct relay	 relay;

/* ---- The beginning ---------------------------------------------------- */

static void
set_limits(struct relay *r)
{
	const struct config_limits	*l = &r->rules->config.limits;
	struct httpserver_limits	*h = &r->client_limits;

	h->max_connections = l->max_connections;
	h->max_per_address = l->max_per_address;
	h->max_header = l->max_header;
	h->max_body = l->max_body;
	h->max_bodies = l->max_bodies;
	h->timeout_handshake = l->timeout_handshake;
	h->timeout_header = l->timeout_header;
	h->timeout_body = l->timeout_body;
	h->timeout_idle = l->timeout_idle;
	h->timeout_write = l->timeout_write;
	h->timeout_request = l->timeout_request;
	/* What comes to one port is not to take the other one's place. */
	r->signer_limits = r->client_limits;
	r->signer_limits.max_connections = l->max_links + RELAY_NOLINKS;
	r->status_limits.max_connections = l->max_metrics;
	r->status_limits.timeout = l->timeout_metrics;
	r->rpc_limits.max_batch = l->max_batch;
	r->rpc_limits.max_values = l->max_values;
	r->rpc_limits.max_response = l->max_response;
	handshake_set_percent(l->max_handshake);
	log_set_level(r->rules->config.level);
}

struct fault {
	struct relay	*relay;
	uint32_t	 index;
};

static void
report_fault(enum tlsfile file, enum tlsfile_severity severity,
    const char *text, void *arg)
{
	struct fault		*fault = arg;
	struct relay_error	 error;

	memset(&error, 0, sizeof(error));
	error.index = fault->index;
	error.file = file;
	error.severity = severity;
	snprintf(error.text, sizeof(error.text), "%s", text);
	if (relaymsg_send_error(&fault->relay->parent.ibuf, &error) == -1)
		fatal("cannot answer the parent");
}

static void
answer(struct relay *r, enum relay_msg type)
{
	if (relaymsg_send(&r->parent.ibuf, type) == -1)
		fatal("cannot answer the parent");
	imsgev_flush(&r->parent);
}

static struct httpserver *
server_of(const struct relay *r, enum config_whom whom)
{
	return (whom == WHOM_SIGNERS ? r->signer_server : r->clients);
}

/* tls NULL: it is for metrics.  -1, which was told: memory is short. */
static int
hand_over(struct relay *r, struct relay_socket *s, struct tlsctx *tls)
{
	int	 error;

	errno = 0;
	if (s->whom == WHOM_METRICS)
		error = statusserver_prepare(r->status, s->id, s->fd);
	else
		error = httpserver_prepare(server_of(r, s->whom), s->id,
		    s->fd, tls);
	if (error == -1) {
		if (errno == EINVAL)
			fatalx("bad listener message");
		log_errno("the configuration");
		return (-1);
	}
	/* It is the server's now, whatever comes of it. */
	s->fd = -1;
	return (0);
}

/*
 * 0, or -1 where its files are at fault, or memory is short, which has been
 * told.  check: nothing is to be served.
 */
static int
prepare_socket(struct relay *r, uint32_t index, bool check)
{
	struct relay_socket	*s = &r->sockets[index];
	struct fault		 fault = { r, index };
	struct tlsctx		*tls;
	int			 error;

	if (s->whom == WHOM_METRICS)
		return (check ? 0 : hand_over(r, s, NULL));
	tls = tlsfiles_load(s->files, TLSFILES_SERVER,
	    (r->renews ? r->rules : r->next)->config.protocols, s->not_after,
	    report_fault, &fault);
	if (tls == NULL)
		return (-1);
	s->times = *tlsctx_times(tls);
	error = check ? 0 : hand_over(r, s, tls);
	/* The first speaks for those that are closed. */
	if (!check && error == 0 && (r->renews ? s->id == r->first[s->whom] :
	    r->rest[s->whom] == NULL))
		r->rest[s->whom] = tlsctx_ref(tls);
	tlsctx_unref(tls);
	return (error);
}

static void
log_certificate(const struct relay_socket *s)
{
	struct log_record	 r;

	if (s->whom == WHOM_METRICS ||
	    !log_start(&r, LOG_LVL_INFO, "certificate"))
		return;
	log_str(&r, "for", config_whom_name(s->whom));
	log_str(&r, "not_after", s->not_after);
	log_end(&r);
}

static void
forget_rest(struct relay *r)
{
	tlsctx_unref(r->rest[WHOM_CLIENTS]);
	tlsctx_unref(r->rest[WHOM_SIGNERS]);
	r->rest[WHOM_CLIENTS] = r->rest[WHOM_SIGNERS] = NULL;
}

/* What metrics are said of. */
static void
note_listener(struct relay *r, const struct relay_socket *s)
{
	struct relay_listener	*l = r->listeners;

	while (l < r->listeners + r->nlisteners && l->id != s->id)
		l++;
	if (l == r->listeners + r->nlisteners)
		r->nlisteners++;
	l->id = s->id;
	l->whom = s->whom;
	memcpy(l->address, s->address, sizeof(l->address));
	l->times = s->times;
}

/* Of each kind, the one that speaks for those that are closed. */
static void
note_first(struct relay *r)
{
	size_t	 i;

	for (i = r->nsockets; i > 0; i--)
		if (r->sockets[i - 1].whom != WHOM_METRICS)
			r->first[r->sockets[i - 1].whom] =
			    r->sockets[i - 1].id;
}

static void
commit_sockets(struct relay *r)
{
	size_t	 i;

	httpserver_commit(r->clients, r->rest[WHOM_CLIENTS]);
	httpserver_commit(r->signer_server, r->rest[WHOM_SIGNERS]);
	forget_rest(r);
	for (i = 0; i < r->nsockets; i++) {
		log_certificate(&r->sockets[i]);
		note_listener(r, &r->sockets[i]);
	}
	tlsexpiry_changed(&r->expiry);
}

/* Files alone are others: those that were not sent go on as they are. */
static void
renew(struct relay *r)
{
	struct httpserver	*server;
	struct tlsctx		*rest;
	enum config_whom	 whom;

	for (whom = WHOM_CLIENTS; whom < WHOM_METRICS; whom++) {
		server = server_of(r, whom);
		httpserver_keep(server, NULL);
		rest = httpserver_rest(server);
		if (r->rest[whom] == NULL && rest != NULL)
			r->rest[whom] = tlsctx_ref(rest);
	}
	commit_sockets(r);
	candidate_clear(r);
	reconcile_trust(r);
}

static void
commit(struct relay *r)
{
	struct ruleset	*old = r->rules;

	if (r->renews) {
		renew(r);
		return;
	}
	r->rules = r->next;
	r->next = NULL;
	set_limits(r);
	note_first(r);
	r->nlisteners = 0;
	commit_sockets(r);
	statusserver_commit(r->status);
	candidate_clear(r);
	if (old != NULL)
		reconcile_links(r, old);
	ruleset_unref(old);
	r->changes++;
}

static void
look_at_clients(struct tlsctx *tls, void *arg)
{
	tlsexpiry_look(arg, tls, "for", "clients");
}

static void
look_at_signers(struct tlsctx *tls, void *arg)
{
	tlsexpiry_look(arg, tls, "for", "signers");
}

static void
walk(struct tlsexpiry *expiry, void *arg)
{
	struct relay	*r = arg;

	httpserver_contexts(r->clients, look_at_clients, expiry);
	httpserver_contexts(r->signer_server, look_at_signers, expiry);
}

static void
make_servers(struct relay *r)
{
	tlsexpiry_init(&r->expiry, r->base, walk, r);
	r->clients = httpserver_new(r->base, &r->client_limits, &client_cb, r);
	r->signer_server = httpserver_new(r->base, &r->signer_limits,
	    &link_cb, r);
	r->status = status_new(r);
	if (r->clients == NULL || r->signer_server == NULL ||
	    r->status == NULL)
		fatal("servers");
}

static void
start(struct relay *r, struct imsg *imsg)
{
	bool		 check = false, good = true;
	uint32_t	 i;

	if (relaymsg_get_empty(imsg) == -1 || (!r->telling && !r->renews))
		fatalx("bad start message");
	if (r->clients == NULL)
		make_servers(r);
	for (i = 0; i < r->nsockets && r->rules == NULL; i++)
		if (r->sockets[i].fd == -1)
			check = true;
	if (!candidate_rules(r)) {
		answer(r, RELAY_FAILED);
		return;
	}
	for (i = 0; i < r->nsockets; i++)
		if (prepare_socket(r, i, check) == -1)
			good = false;
	if (r->rules == NULL && good && !check)
		commit(r);
	answer(r, good ? RELAY_READY : RELAY_FAILED);
}

static void
finish_reload(struct relay *r, struct imsg *imsg, bool good)
{
	if (relaymsg_get_empty(imsg) == -1 || (!r->telling && !r->renews) ||
	    r->rules == NULL || (good && r->nomem))
		fatalx("bad message about a reload");
	if (good) {
		commit(r);
		answer(r, RELAY_COMMITTED);
		return;
	}
	httpserver_discard(r->clients);
	httpserver_discard(r->signer_server);
	statusserver_discard(r->status);
	forget_rest(r);
	candidate_clear(r);
}

/* ---- The end ---------------------------------------------------------- */

static void
on_stop_timer(int fd, short what, void *arg)
{
	struct relay	*r = arg;

	(void)fd;
	(void)what;
	if (r->nlinks > 0)
		log_info("stopped with %u links open", r->nlinks);
	child_finish();
}

void
relay_link_gone(struct relay *r)
{
	if (r->stopping && r->nlinks == 0 &&
	    httpserver_connections(r->clients) == 0)
		event_active(r->stop_timer, EV_TIMEOUT, 0);
}

/* Clients get their answers first, for which the signers are needed. */
static void
stop(struct relay *r)
{
	uint32_t	 ms = r->rules->config.limits.timeout_request +
			    2 * RELAY_LINGER;
	struct timeval	 tv;

	if (r->stopping)
		return;
	r->stopping = true;
	r->stop_timer = evtimer_new(r->base, on_stop_timer, r);
	if (r->stop_timer == NULL)
		fatal("evtimer_new");
	tv = clock_in_ms(ms);
	event_add(r->stop_timer, &tv);
	/* The parent, which would have to be asked, answers no more. */
	statusserver_stop(r->status);
	httpserver_stop(r->signer_server);
	httpserver_stop(r->clients);
}

/* ---- The parent ------------------------------------------------------- */

static void
on_message(struct imsgev *iev, struct imsg *imsg, void *arg)
{
	struct relay	*r = arg;
	uint32_t	 type = imsg_get_type(imsg);

	(void)iev;
	switch (type) {
	case METRICS_ASK:
	case METRICS_SAMPLE:
	case METRICS_END:
		if (r->rules == NULL || status_message(r, imsg) == -1)
			fatalx("bad message for metrics");
		break;
	case RELAY_START:
		start(r, imsg);
		break;
	case RELAY_COMMIT:
	case RELAY_DISCARD:
		finish_reload(r, imsg, type == RELAY_COMMIT);
		break;
	case RELAY_STOP:
		if (relaymsg_get_empty(imsg) == -1 || r->rules == NULL)
			fatalx("bad stop message");
		stop(r);
		break;
	default:
		if (!operator_message(r, imsg))
			candidate_message(r, imsg);
	}
}

int
main(int argc, char *argv[])
{
	static const struct imsgev_cb	 cb = {
		on_message, NULL, child_orphaned
	};
	uint32_t			 boot;

	relay.base = child_init("relay", argc, argv);
	TAILQ_INIT(&relay.links);
	TAILQ_INIT(&relay.names);
	client_init(&relay);
	if (tlsconn_init() == -1 || tlsidle_init() == -1 ||
	    wsupgrade_init() == -1)
		fatalx("libtls");
	if (getentropy(&boot, sizeof(boot)) == -1)
		fatal("getentropy");
	snprintf(relay.boot, sizeof(relay.boot), "%08x", boot);
	child_parent(&relay.parent, RELAY_MSGSIZE, &cb, &relay);
	child_run(&sandbox_relay);
}
