/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "common/log.h"
#include "common/privdrop.h"
#include "common/proc.h"
#include "common/sandbox.h"
#include "common/tlsconn.h"
#include "signerd/frontend.h"
#include "signerd/tlsfiles.h"

static struct frontend	 frontend;

static void
wake(void)
{
	imsgev_flush(&frontend.parent);
}

static _Noreturn void
leave(int status)
{
	/* Log lines, as far as the parent takes them. */
	if (!frontend.parent.dead)
		(void)imsgbuf_write(&frontend.parent.ibuf);
	_exit(status);
}

static void
on_lost_timer(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	leave(1);
}

/*
 * Where keyd has died the parent ends this process, too, and is given the
 * time to name the one that died first.
 */
static void
keyd_lost(const char *why, void *arg)
{
	struct frontend	*front = arg;
	struct timeval	 tv = { 1, 0 };

	log_error("the channel to keyd: %s", why);
	if (event_base_once(front->base, -1, EV_TIMEOUT, on_lost_timer, front,
	    &tv) == -1)
		leave(1);
}

/* ---- Configuration ---------------------------------------------------- */

static void
take_config(struct frontend *front, struct imsg *imsg)
{
	if (front->configured ||
	    frontmsg_get_config(imsg, &front->config) == -1)
		fatalx("bad configuration message");
	front->configured = true;
}

static void
take_file(struct frontend *front, struct imsg *imsg)
{
	enum front_file	 file;
	int		 fd;

	if (frontmsg_get_file(imsg, &file, &fd) == -1 ||
	    front->files[file] != -1)
		fatalx("bad file message");
	front->files[file] = fd;
}

static void
take_listener(struct frontend *front, struct imsg *imsg)
{
	if (front->nlisteners == FRONT_MAXLISTEN ||
	    frontmsg_get_fd(imsg,
	    &front->listeners[front->nlisteners].fd) == -1)
		fatalx("bad listener message");
	front->nlisteners++;
}

static void
take_key(struct frontend *front, struct imsg *imsg)
{
	struct front_key	*keys;

	keys = reallocarray(front->keys, front->nkeys + 1, sizeof(*keys));
	if (keys == NULL)
		fatal("reallocarray");
	front->keys = keys;
	if (frontmsg_get_key(imsg, &keys[front->nkeys]) == -1 ||
	    keys[front->nkeys].index != front->nkeys)
		fatalx("bad key message");
	front->nkeys++;
}

static void
take_channel(struct frontend *front, struct imsg *imsg)
{
	if (front->channel != -1 ||
	    frontmsg_get_fd(imsg, &front->channel) == -1)
		fatalx("bad channel message");
}

static void
report_fault(enum front_file file, enum front_severity severity,
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

static void
log_certificate(const char *not_after)
{
	struct log_record	 r;

	if (!log_start(&r, LOG_LVL_INFO, "certificate"))
		return;
	log_str(&r, "not_after", not_after);
	log_end(&r);
}

static void
start(struct frontend *front, struct imsg *imsg)
{
	enum front_msg	 answer = FRONT_READY;
	char		 not_after[TLSCHECK_TIME];

	if (frontmsg_get_empty(imsg) == -1 || !front->configured ||
	    front->serving)
		fatalx("bad start message");
	front->tls = tlsfiles_load(front->files, front->config.protocols,
	    not_after, report_fault, front);
	if (front->tls == NULL)
		answer = FRONT_FAILED;
	else if (front->channel != -1) {
		if (keylink_init(&front->keylink, front->base, front->channel,
		    &front->config.limits, keyd_lost, front) == -1)
			fatal("keylink");
		if (listener_start(front) == -1)
			fatal("listeners");
		front->serving = true;
		log_certificate(not_after);
	}
	if (frontmsg_send(&front->parent.ibuf, answer, -1) == -1)
		fatal("cannot answer the parent");
	imsgev_flush(&front->parent);
}

/* ---- The end ---------------------------------------------------------- */

static void
on_stop_timer(int fd, short what, void *arg)
{
	struct frontend	*front = arg;

	(void)fd;
	(void)what;
	log_info("stopped with %u connections open", front->nclients);
	leave(0);
}

void
frontend_client_gone(struct frontend *front)
{
	if (front->stopping && front->nclients == 0)
		event_active(front->stop_timer, EV_TIMEOUT, 0);
}

static void
stop(struct frontend *front)
{
	struct timeval	 tv;
	struct client	*c;

	if (front->stopping)
		return;
	front->stopping = true;
	listener_stop(front);
	front->stop_timer = evtimer_new(front->base, on_stop_timer, front);
	if (front->stop_timer == NULL)
		fatal("evtimer_new");
	tv.tv_sec = front->config.limits.timeout_request / 1000;
	tv.tv_usec = front->config.limits.timeout_request % 1000 * 1000;
	event_add(front->stop_timer, &tv);
	TAILQ_FOREACH(c, &front->clients, entry)
		client_stop(c);
	frontend_client_gone(front);
}

/* ---- The parent ------------------------------------------------------- */

static void
on_message(struct imsgev *iev, struct imsg *imsg, void *arg)
{
	struct frontend	*front = arg;
	uint32_t	 type = imsg_get_type(imsg);

	(void)iev;
	if (front->serving && type != FRONT_STOP)
		fatalx("message %u from the parent out of turn", type);
	switch (type) {
	case FRONT_CONFIG:
		take_config(front, imsg);
		break;
	case FRONT_FILE:
		take_file(front, imsg);
		break;
	case FRONT_LISTEN:
		take_listener(front, imsg);
		break;
	case FRONT_KEY:
		take_key(front, imsg);
		break;
	case FRONT_CHANNEL:
		take_channel(front, imsg);
		break;
	case FRONT_START:
		start(front, imsg);
		break;
	case FRONT_STOP:
		if (frontmsg_get_empty(imsg) == -1)
			fatalx("bad stop message");
		stop(front);
		break;
	default:
		fatalx("unknown message %u from the parent", type);
	}
}

static void
on_closed(struct imsgev *iev, const char *why, void *arg)
{
	(void)iev;
	(void)why;
	(void)arg;
	_exit(0);
}

static void
init(struct frontend *front)
{
	size_t	 i;

	memset(front, 0, sizeof(*front));
	front->channel = -1;
	for (i = 0; i < FRONT_NFILES; i++)
		front->files[i] = -1;
	TAILQ_INIT(&front->clients);
	for (i = 0; i < ADDRCOUNT_BUCKETS; i++)
		SLIST_INIT(&front->addresses[i]);
}

static struct event_base *
new_base(void)
{
	struct event_config	*config;
	struct event_base	*base = NULL;

	if ((config = event_config_new()) == NULL)
		return (NULL);
	if (event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == 0 &&
	    event_config_set_flag(config, EVENT_BASE_FLAG_IGNORE_ENV) == 0)
		base = event_base_new_with_config(config);
	event_config_free(config);
	return (base);
}

int
main(int argc, char *argv[])
{
	static const struct imsgev_cb	 cb = {
		on_message, NULL, on_closed
	};
	struct proc_args		 args;

	log_init("frontend");
	proc_parse_args(&args, argc, argv);
	log_set_level(args.level);
	proc_child_init();
	init(&frontend);
	if (tlsconn_init() == -1)
		fatalx("libtls");
	if ((frontend.base = new_base()) == NULL)
		fatal("event_base_new");
	if (imsgev_init(&frontend.parent, frontend.base, PROC_PARENT_FD,
	    FRONT_MSGSIZE, &cb, &frontend) == -1)
		fatal("imsgev_init");
	imsgbuf_allow_fdpass(&frontend.parent.ibuf);
	log_to_parent(&frontend.parent.ibuf, wake);
	privdrop_child(&args.user);
	sandbox_start(&sandbox_frontend);
	if (event_base_dispatch(frontend.base) == -1)
		fatalx("event loop");
	leave(1);
}
