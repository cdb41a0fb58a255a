/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/child.h"
#include "common/log.h"
#include "common/tlsconn.h"
#include "common/tlsfiles.h"
#include "signerd/frontend.h"

/* ---- A configuration that comes in ------------------------------------ */

static void
next_init(struct front_next *next)
{
	size_t	 i;

	memset(next, 0, sizeof(*next));
	for (i = 0; i < TLSFILE_COUNT; i++)
		next->files[i] = -1;
}

static void
take_config(struct frontend *front, struct imsg *imsg)
{
	struct front_next	*next = &front->next;

	if (next->begun)
		fatalx("bad configuration message");
	next_init(next);
	if (frontmsg_get_config(imsg, &next->config) == -1)
		fatalx("bad configuration message");
	next->begun = true;
	next->named = keynames_begin(&front->names) == 0;
	next->nomem = !next->named;
}

/* All but the files stays as it is. */
static void
take_renew(struct frontend *front, struct imsg *imsg)
{
	struct front_next	*next = &front->next;

	if (next->begun || !front->serving || frontmsg_get_empty(imsg) == -1)
		fatalx("bad renewal message");
	next_init(next);
	next->config = front->config;
	next->begun = next->renews = true;
}

static void
take_file(struct front_next *next, struct imsg *imsg)
{
	enum tlsfile	 file;
	int		 fd;

	if (frontmsg_get_file(imsg, &file, &fd) == -1 ||
	    next->files[file] != -1)
		fatalx("bad file message");
	next->files[file] = fd;
}

static struct front_listen *
one_more(struct front_next *next)
{
	if (next->nlistens == CONF_LISTENS)
		fatalx("bad listener message");
	return (&next->listens[next->nlistens++]);
}

static void
take_listener(struct frontend *front, struct imsg *imsg, bool metrics)
{
	struct front_listen	*l = one_more(&front->next);

	if (frontmsg_get_fd(imsg, &l->fd) == -1)
		fatalx("bad listener message");
	l->metrics = metrics;
	front->next.nclients += !metrics;
	l->number = front->nlistens++;
}

static void
take_keep(struct frontend *front, struct imsg *imsg, bool metrics)
{
	struct front_listen	*l = one_more(&front->next);

	l->fd = -1;
	l->metrics = metrics;
	front->next.nclients += !metrics;
	if (!front->serving || frontmsg_get_keep(imsg, &l->number) == -1)
		fatalx("bad listener message");
}

static void
take_key(struct frontend *front, struct imsg *imsg)
{
	struct front_key	 key;

	if (frontmsg_get_key(imsg, &key) == -1)
		fatalx("bad key message");
	if (front->next.nomem || keynames_add(&front->names, &key) == 0)
		return;
	if (errno == EINVAL)
		fatalx("bad key message");
	front->next.nomem = true;
}

static void
take_channel(struct frontend *front, struct imsg *imsg)
{
	if (front->serving || front->channel != -1 ||
	    frontmsg_get_fd(imsg, &front->channel) == -1)
		fatalx("bad channel message");
}

static void
take_worker(struct frontend *front, struct imsg *imsg)
{
	if (front->serving || front->channel == -1 ||
	    front->nworkers == CONFIG_WORKERS - 1 || frontmsg_get_fd(imsg,
	    &front->workers[front->nworkers]) == -1)
		fatalx("bad channel message");
	front->nworkers++;
}

/* ---- Whether it is good ----------------------------------------------- */

static void
report_fault(enum tlsfile file, enum tlsfile_severity severity,
    const char *text, void *arg)
{
	struct frontend		*front = arg;
	struct front_error	 error;

	memset(&error, 0, sizeof(error));
	error.file = file;
	error.severity = severity;
	snprintf(error.text, sizeof(error.text), "%s", text);
	if (frontmsg_send_error(&front->parent.ibuf, &error) == -1)
		fatal("cannot answer the parent");
}

/* With -n there are files, and no sockets. */
static bool
load_files(struct frontend *front)
{
	struct front_next	*next = &front->next;

	if (!next->renews && next->nclients == 0 &&
	    next->files[TLSFILE_CERT] == -1)
		return (true);
	next->tls = tlsfiles_load(next->files, TLSFILES_SERVER,
	    next->config.protocols, next->not_after, report_fault, front);
	return (next->tls != NULL);
}

static int
prepare_socket(struct frontend *front, const struct front_listen *l)
{
	return (l->metrics ?
	    statusserver_prepare(front->status, l->number, l->fd) :
	    httpserver_prepare(front->server, l->number, l->fd,
	    front->next.tls));
}

static bool
prepare_sockets(struct frontend *front)
{
	struct front_next	*next = &front->next;
	struct front_listen	*l;
	size_t			 i;

	if (next->renews)
		httpserver_keep(front->server, next->tls);
	for (i = 0; i < next->nlistens; i++) {
		l = &next->listens[i];
		if (prepare_socket(front, l) == -1) {
			if (errno == EINVAL)
				fatalx("bad listener message");
			return (false);
		}
		/* It is the server's now, whatever comes of it. */
		l->fd = -1;
	}
	return (true);
}

static void
answer(struct frontend *front, enum front_msg type)
{
	if (frontmsg_send(&front->parent.ibuf, type, -1) == -1)
		fatal("cannot answer the parent");
	imsgev_flush(&front->parent);
}

/* ---- In force, or not ------------------------------------------------- */

static void
log_certificate(const char *not_after)
{
	struct log_record	 r;

	if (!log_start(&r, LOG_LVL_INFO, "certificate"))
		return;
	log_str(&r, "not_after", not_after);
	log_end(&r);
}

static bool
spins(void *keylink)
{
	return (keylink_spins(keylink));
}

static void
put_in_force(struct frontend *front)
{
	struct front_next	*next = &front->next;

	front->config = next->config;
	direct_limits(front);
	if (keylink_set_limits(&front->keylink) == -1)
		fatal("keylink");
	child_spin(front->config.limits.spin > 0 ? spins : NULL,
	    &front->keylink);
	httpserver_commit(front->server, next->tls);
	if (!next->renews) {
		front->nclients = next->nclients;
		statusserver_commit(front->status);
	}
	if (next->tls != NULL)
		log_certificate(next->not_after);
	tlsctx_unref(front->tls);
	front->tls = next->tls;
	next_init(next);
	tlsexpiry_changed(&front->expiry);
}

static void
commit(struct frontend *front, struct imsg *imsg)
{
	if (frontmsg_get_empty(imsg) == -1 || !front->next.ready)
		fatalx("bad commit message");
	put_in_force(front);
	answer(front, FRONT_COMMITTED);
}

static void
discard(struct frontend *front, struct imsg *imsg)
{
	struct front_next	*next = &front->next;
	size_t			 i;

	if (frontmsg_get_empty(imsg) == -1 || !front->serving)
		fatalx("bad discard message");
	httpserver_discard(front->server);
	statusserver_discard(front->status);
	for (i = 0; i < next->nlistens; i++)
		if (next->listens[i].fd != -1)
			close(next->listens[i].fd);
	tlsctx_unref(next->tls);
	if (next->named)
		keynames_drop(&front->names);
	next_init(next);
}

/* ---- The beginning and the end ---------------------------------------- */

static void
keyd_lost(const char *why, void *arg)
{
	(void)arg;
	child_lost("keyd", why);
}

static void
keyd_switched(unsigned int worker, void *arg)
{
	struct frontend	*front = arg;

	if (keynames_switch(&front->names, worker) == -1)
		log_error("keyd goes by a configuration that is not known");
}

static void
stopped(struct httpserver *server, void *arg)
{
	(void)server;
	(void)arg;
	child_finish();
}

static void
look_at(struct tlsctx *tls, void *arg)
{
	tlsexpiry_look(arg, tls, NULL, NULL);
}

static void
walk(struct tlsexpiry *expiry, void *arg)
{
	struct frontend	*front = arg;

	httpserver_contexts(front->server, look_at, expiry);
}

static void
begin(struct frontend *front)
{
	unsigned int	 i;

	tlsexpiry_init(&front->expiry, front->base, walk, front);
	front->config = front->next.config;
	direct_limits(front);
	if (keylink_init(&front->keylink, front->base, front->channel,
	    &front->config.limits, keyd_lost, front) == -1)
		fatal("keylink");
	for (i = 0; i < front->nworkers; i++)
		if (keylink_add(&front->keylink, front->workers[i]) == -1)
			fatal("keylink");
	front->names.nworkers = front->keylink.nworkers;
	front->keylink.switched = keyd_switched;
	if (direct_start(front, stopped) == -1 ||
	    front_metrics_start(front) == -1 || !prepare_sockets(front))
		fatal("listeners");
	front->serving = true;
	put_in_force(front);
}

static void
start(struct frontend *front, struct imsg *imsg)
{
	struct front_next	*next = &front->next;
	bool			 good;

	if (frontmsg_get_empty(imsg) == -1)
		fatalx("bad start message");
	next->ended = true;
	good = load_files(front);
	if (next->nomem)
		log_error("the configuration: out of memory");
	good = good && !next->nomem;
	if (good && front->serving && !prepare_sockets(front)) {
		log_errno("the configuration");
		good = false;
	}
	next->ready = good && front->serving;
	if (good && !front->serving && front->channel != -1)
		begin(front);
	answer(front, good ? FRONT_READY : FRONT_FAILED);
}

static void
stop(struct frontend *front, struct imsg *imsg)
{
	if (frontmsg_get_empty(imsg) == -1)
		fatalx("bad stop message");
	if (front->server == NULL)
		child_finish();
	else {
		statusserver_stop(front->status);
		httpserver_stop(front->server);
	}
}

/* What belongs to a configuration that comes in. */
static void
next_message(struct frontend *front, struct imsg *imsg, uint32_t type)
{
	if (front->next.renews && (type == FRONT_LISTEN ||
	    type == FRONT_KEEP || type == FRONT_KEY ||
	    type == FRONT_CHANNEL || type == FRONT_WORKER ||
	    type == FRONT_METRICS ||
	    type == FRONT_KEEPMETRICS))
		fatalx("message %u from the parent out of turn", type);
	switch (type) {
	case FRONT_FILE:
		take_file(&front->next, imsg);
		break;
	case FRONT_LISTEN:
	case FRONT_METRICS:
		take_listener(front, imsg, type == FRONT_METRICS);
		break;
	case FRONT_KEEP:
	case FRONT_KEEPMETRICS:
		take_keep(front, imsg, type == FRONT_KEEPMETRICS);
		break;
	case FRONT_KEY:
		take_key(front, imsg);
		break;
	case FRONT_CHANNEL:
		take_channel(front, imsg);
		break;
	case FRONT_WORKER:
		take_worker(front, imsg);
		break;
	case FRONT_START:
		start(front, imsg);
		break;
	case FRONT_COMMIT:
		commit(front, imsg);
		break;
	case FRONT_DISCARD:
		discard(front, imsg);
		break;
	default:
		fatalx("unknown message %u from the parent", type);
	}
}

void
front_message(struct frontend *front, struct imsg *imsg)
{
	uint32_t	 type = imsg_get_type(imsg);
	bool		 decides;

	switch (type) {
	case LOG_SETLEVEL:
		if (log_take_level(imsg) == -1)
			fatalx("bad level message");
		return;
	case METRICS_ASK:
	case METRICS_SAMPLE:
	case METRICS_END:
		front_metrics_message(front, imsg);
		return;
	case FRONT_STOP:
		stop(front, imsg);
		return;
	case FRONT_CONFIG:
		take_config(front, imsg);
		return;
	case FRONT_RENEW:
		take_renew(front, imsg);
		return;
	}
	decides = type == FRONT_COMMIT || type == FRONT_DISCARD;
	if (!front->next.begun || front->next.ended != decides)
		fatalx("message %u from the parent out of turn", type);
	next_message(front, imsg, type);
}
