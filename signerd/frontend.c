/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/child.h"
#include "common/log.h"
#include "common/sandbox.h"
#include "common/tlsconn.h"
#include "common/tlsfiles.h"
#include "signerd/frontend.h"

static struct frontend	 frontend;

static void
keyd_lost(const char *why, void *arg)
{
	(void)arg;
	child_lost("keyd", why);
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
	enum tlsfile	 file;
	int		 fd;

	if (frontmsg_get_file(imsg, &file, &fd) == -1 ||
	    front->files[file] != -1)
		fatalx("bad file message");
	front->files[file] = fd;
}

static void
take_listener(struct frontend *front, struct imsg *imsg)
{
	if (front->nlisteners == CONF_LISTENS ||
	    frontmsg_get_fd(imsg,
	    &front->listeners[front->nlisteners]) == -1)
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
stopped(struct httpserver *server, void *arg)
{
	(void)server;
	(void)arg;
	child_leave(0);
}

static void
start(struct frontend *front, struct imsg *imsg)
{
	enum front_msg	 answer = FRONT_READY;
	char		 not_after[TLSFILES_TIME];

	if (frontmsg_get_empty(imsg) == -1 || !front->configured ||
	    front->serving)
		fatalx("bad start message");
	front->tls = tlsfiles_load(front->files, TLSFILES_SERVER,
	    front->config.protocols, not_after, report_fault, front);
	if (front->tls == NULL)
		answer = FRONT_FAILED;
	else if (front->channel != -1) {
		if (keylink_init(&front->keylink, front->base, front->channel,
		    &front->config.limits, keyd_lost, front) == -1)
			fatal("keylink");
		if (direct_start(front, stopped) == -1)
			fatal("listeners");
		front->serving = true;
		log_certificate(not_after);
	}
	if (frontmsg_send(&front->parent.ibuf, answer, -1) == -1)
		fatal("cannot answer the parent");
	imsgev_flush(&front->parent);
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
		if (front->server == NULL)
			child_leave(0);
		httpserver_stop(front->server);
		break;
	default:
		fatalx("unknown message %u from the parent", type);
	}
}

static void
init(struct frontend *front)
{
	size_t	 i;

	memset(front, 0, sizeof(*front));
	front->channel = -1;
	for (i = 0; i < TLSFILE_COUNT; i++)
		front->files[i] = -1;
}

int
main(int argc, char *argv[])
{
	static const struct imsgev_cb	 cb = {
		on_message, NULL, child_orphaned
	};

	init(&frontend);
	frontend.base = child_init("frontend", argc, argv);
	if (tlsconn_init() == -1)
		fatalx("libtls");
	child_parent(&frontend.parent, FRONT_MSGSIZE, &cb, &frontend);
	child_run(&sandbox_frontend);
}
