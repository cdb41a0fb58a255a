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

#include "common/child.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/sandbox.h"
#include "common/tlsconn.h"
#include "common/wsupgrade.h"
#include "signerd/uplink.h"

static struct linkd	 linkd;

static void
keyd_lost(const char *why, void *arg)
{
	(void)arg;
	child_lost("keyd", why);
}

/* ---- The dialer ------------------------------------------------------- */

void
linkd_dial(struct linkd *l, const struct uplink *u, enum dial_msg type)
{
	struct dial_request	 req;

	req.index = u->proxy.index;
	req.cookie = u->cookie;
	if (l->dialer.dead)
		return;
	if (dialmsg_send_request(&l->dialer.ibuf, type, &req) == -1)
		log_errno("a message to the dialer");
	imsgev_flush(&l->dialer);
}

static void
on_dialer_message(struct imsgev *iev, struct imsg *imsg, void *arg)
{
	struct linkd		*l = arg;
	struct dial_result	 result;
	int			 fd = -1, r = -1;

	(void)iev;
	memset(&result, 0, sizeof(result));
	if (imsg_get_type(imsg) == DIAL_CONNECTED)
		r = dialmsg_get_connected(imsg, &result, &fd);
	else if (imsg_get_type(imsg) == DIAL_FAILED)
		r = dialmsg_get_failed(imsg, &result);
	if (r == -1 || result.index >= l->nuplinks) {
		log_error("a message of the dialer that does not decode");
		if (fd != -1)
			close(fd);
		return;
	}
	uplink_dialled(l->uplinks[result.index], &result, fd);
}

static void
on_dialer_closed(struct imsgev *iev, const char *why, void *arg)
{
	(void)iev;
	(void)arg;
	child_lost("the dialer", why != NULL ? why : "closed");
}

/* ---- Configuration ---------------------------------------------------- */

static void
take_config(struct linkd *l, struct imsg *imsg)
{
	if (l->configured || frontmsg_get_config(imsg, &l->config) == -1)
		fatalx("bad configuration message");
	l->configured = true;
}

static void
take_key(struct linkd *l, struct imsg *imsg)
{
	struct front_key	*keys;

	keys = reallocarray(l->keys, l->nkeys + 1, sizeof(*keys));
	if (keys == NULL)
		fatal("reallocarray");
	l->keys = keys;
	if (frontmsg_get_key(imsg, &keys[l->nkeys]) == -1 ||
	    keys[l->nkeys].index != l->nkeys)
		fatalx("bad key message");
	l->nkeys++;
}

static void
take_proxy(struct linkd *l, struct imsg *imsg)
{
	struct link_proxy	 proxy;

	if (linkmsg_get_proxy(imsg, &proxy) == -1 ||
	    proxy.index != l->nuplinks || l->nuplinks == CONFIG_PROXIES)
		fatalx("bad proxy message");
	if ((l->uplinks[l->nuplinks] = uplink_new(l, &proxy)) == NULL)
		fatal("a link");
	l->nuplinks++;
}

static void
take_file(struct linkd *l, struct imsg *imsg)
{
	struct uplink	*u;
	enum tlsfile	 file;
	uint32_t	 index;
	int		 fd;

	if (linkmsg_get_file(imsg, &index, &file, &fd) == -1 ||
	    index >= l->nuplinks)
		fatalx("bad file message");
	u = l->uplinks[index];
	if (u->files[file] != -1)
		fatalx("bad file message");
	u->files[file] = fd;
}

static void
take_rule(struct linkd *l, struct imsg *imsg)
{
	struct keyd_rule	 msg;

	if (keymsg_get_rule(imsg, &msg) == -1 || msg.rule.via == 0 ||
	    msg.rule.via > l->nuplinks)
		fatalx("bad rule message");
	if (advertise_rule(&l->grants, &msg.rule) == -1)
		fatal("rules");
}

static void
take_rulelist(struct linkd *l, struct imsg *imsg)
{
	struct keyd_rulelist	 msg;

	if (keymsg_get_rulelist(imsg, &msg) == -1 ||
	    advertise_chains(&l->grants, &msg) == -1)
		fatalx("bad list message");
}

static void
take_fd(struct imsg *imsg, int *fd,
    int (*get)(struct imsg *, int *))
{
	if (*fd != -1 || get(imsg, fd) == -1)
		fatalx("bad channel message");
}

/* ---- The beginning ---------------------------------------------------- */

static void
report_fault(enum tlsfile file, enum tlsfile_severity severity,
    const char *text, void *arg)
{
	struct uplink		*u = arg;
	struct link_error	 error;

	memset(&error, 0, sizeof(error));
	error.index = u->proxy.index;
	error.file = file;
	error.severity = severity;
	snprintf(error.text, sizeof(error.text), "%s", text);
	if (linkmsg_send_error(&u->linkd->parent.ibuf, &error) == -1)
		fatal("cannot answer the parent");
}

static void
log_certificate(const struct uplink *u, const char *not_after)
{
	struct log_record	 r;

	if (!log_start(&r, LOG_LVL_INFO, "certificate"))
		return;
	log_str(&r, "link", u->proxy.name);
	log_str(&r, "not_after", not_after);
	log_end(&r);
}

/* 0, or -1 where its files are at fault, which has been told. */
static int
load_files(struct linkd *l, struct uplink *u)
{
	char	 not_after[TLSFILES_TIME];

	u->tls = tlsfiles_load(u->files, TLSFILES_CLIENT, u->proxy.protocols,
	    not_after, report_fault, u);
	if (u->tls == NULL)
		return (-1);
	if (l->channel != -1)
		log_certificate(u, not_after);
	return (0);
}

static void
begin_links(struct linkd *l)
{
	static const struct imsgev_cb	 cb = {
		on_dialer_message, NULL, on_dialer_closed
	};
	struct uplink	*u;
	size_t		 i;

	if (keylink_init(&l->keylink, l->base, l->channel, &l->config.limits,
	    keyd_lost, l) == -1)
		fatal("keylink");
	if (imsgev_init(&l->dialer, l->base, l->dialer_fd, DIAL_MSGSIZE, &cb,
	    l) == -1)
		fatal("imsgev_init");
	imsgbuf_allow_fdpass(&l->dialer.ibuf);
	l->serving = true;
	for (i = 0; i < l->nuplinks; i++) {
		u = l->uplinks[i];
		u->object = advertise_object(&l->grants, u->owner.via,
		    u->proxy.name, l->keys, l->nkeys);
		if (u->object == NULL)
			fatal("what is advertised");
		uplink_start(u);
	}
}

static void
start(struct linkd *l, struct imsg *imsg)
{
	enum front_msg	 answer = FRONT_READY;
	size_t		 i;

	if (frontmsg_get_empty(imsg) == -1 || !l->configured || l->serving)
		fatalx("bad start message");
	for (i = 0; i < l->nuplinks; i++)
		if (load_files(l, l->uplinks[i]) == -1)
			answer = FRONT_FAILED;
	if (answer == FRONT_READY && l->channel != -1) {
		if (l->dialer_fd == -1)
			fatalx("bad start message");
		begin_links(l);
	}
	if (frontmsg_send(&l->parent.ibuf, answer, -1) == -1)
		fatal("cannot answer the parent");
	imsgev_flush(&l->parent);
}

/* ---- The end ---------------------------------------------------------- */

static void
on_stop_timer(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	child_leave(0);
}

void
linkd_gone(struct linkd *l)
{
	size_t	 i;

	for (i = 0; i < l->nuplinks; i++)
		if (l->uplinks[i]->state != UPLINK_STOPPED)
			return;
	event_active(l->stop_timer, EV_TIMEOUT, 0);
}

static void
stop(struct linkd *l)
{
	uint32_t	 ms = l->config.limits.timeout_request +
			    2 * UPLINK_LINGER;
	struct timeval	 tv;
	size_t		 i;

	if (l->stopping)
		return;
	l->stopping = true;
	l->stop_timer = evtimer_new(l->base, on_stop_timer, l);
	if (l->stop_timer == NULL)
		fatal("evtimer_new");
	tv = clock_in_ms(ms);
	event_add(l->stop_timer, &tv);
	for (i = 0; i < l->nuplinks; i++)
		uplink_stop(l->uplinks[i]);
}

/* ---- The parent ------------------------------------------------------- */

static void
on_message(struct imsgev *iev, struct imsg *imsg, void *arg)
{
	struct linkd	*l = arg;
	uint32_t	 type = imsg_get_type(imsg);

	(void)iev;
	if (l->serving && type != FRONT_STOP)
		fatalx("message %u from the parent out of turn", type);
	switch (type) {
	case FRONT_CONFIG:
		take_config(l, imsg);
		break;
	case FRONT_KEY:
		take_key(l, imsg);
		break;
	case LINK_PROXY:
		take_proxy(l, imsg);
		break;
	case LINK_FILE:
		take_file(l, imsg);
		break;
	case KEYD_RULE:
		take_rule(l, imsg);
		break;
	case KEYD_RULELIST:
		take_rulelist(l, imsg);
		break;
	case FRONT_CHANNEL:
		take_fd(imsg, &l->channel, frontmsg_get_fd);
		break;
	case LINK_DIALER:
		take_fd(imsg, &l->dialer_fd, linkmsg_get_dialer);
		break;
	case FRONT_START:
		start(l, imsg);
		break;
	case FRONT_STOP:
		if (frontmsg_get_empty(imsg) == -1)
			fatalx("bad stop message");
		stop(l);
		break;
	default:
		fatalx("unknown message %u from the parent", type);
	}
}

int
main(int argc, char *argv[])
{
	static const struct imsgev_cb	 cb = {
		on_message, NULL, child_orphaned
	};

	linkd.channel = linkd.dialer_fd = -1;
	linkd.base = child_init("link", argc, argv);
	if (tlsconn_init() == -1 || wsupgrade_init() == -1)
		fatalx("libtls");
	child_parent(&linkd.parent, LINK_MSGSIZE, &cb, &linkd);
	child_run(&sandbox_link);
}
