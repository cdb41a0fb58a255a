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
#include "common/tlsidle.h"
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
	if (r == -1)
		log_error("a message of the dialer that does not decode");
	else if (l->uplinks[result.index] != NULL) {
		uplink_dialled(l->uplinks[result.index], &result, fd);
		return;
	}
	/* Its proxy has gone. */
	if (fd != -1)
		close(fd);
}

static void
on_dialer_closed(struct imsgev *iev, const char *why, void *arg)
{
	(void)iev;
	(void)arg;
	child_lost("the dialer", why != NULL ? why : "closed");
}

/* ---- The beginning ---------------------------------------------------- */

static void
keyd_switched(unsigned int worker, void *arg)
{
	struct linkd	*l = arg;

	if (keynames_switch(&l->names, worker) == -1)
		log_error("keyd goes by a configuration that is not known");
}

static void
walk(struct tlsexpiry *expiry, void *arg)
{
	struct linkd	*l = arg;
	size_t		 i;

	for (i = 0; i < CONFIG_NUMBERS; i++)
		if (l->uplinks[i] != NULL && l->uplinks[i]->tls != NULL)
			tlsexpiry_look(expiry, l->uplinks[i]->tls, "link",
			    l->uplinks[i]->proxy.name);
}

void
linkd_begin(struct linkd *l)
{
	static const struct imsgev_cb	 cb = {
		on_dialer_message, NULL, on_dialer_closed
	};
	unsigned int			 i;

	if (keylink_init(&l->keylink, l->base, l->channel, &l->config.limits,
	    keyd_lost, l) == -1)
		fatal("keylink");
	for (i = 0; i < l->nworkers; i++)
		if (keylink_add(&l->keylink, l->workers[i]) == -1)
			fatal("keylink");
	l->names.nworkers = l->keylink.nworkers;
	l->keylink.switched = keyd_switched;
	if (imsgev_init(&l->dialer, l->base, l->dialer_fd, DIAL_MSGSIZE, &cb,
	    l) == -1)
		fatal("imsgev_init");
	imsgbuf_allow_fdpass(&l->dialer.ibuf);
	tlsexpiry_init(&l->expiry, l->base, walk, l);
	l->serving = true;
}

/* ---- The end ---------------------------------------------------------- */

static void
on_stop_timer(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	child_finish();
}

/* They were in callbacks of their own until now. */
static void
on_reap(int fd, short what, void *arg)
{
	struct linkd	*l = arg;
	struct uplink	*u, *next;
	size_t		 i;

	(void)fd;
	(void)what;
	for (u = TAILQ_FIRST(&l->leaving); u != NULL; u = next) {
		next = TAILQ_NEXT(u, entry);
		if (u->state != UPLINK_STOPPED)
			continue;
		for (i = 0; i < CONFIG_NUMBERS; i++)
			if (l->uplinks[i] != NULL && l->uplinks[i]->elder == u)
				l->uplinks[i]->elder = NULL;
		TAILQ_REMOVE(&l->leaving, u, entry);
		uplink_free(u);
	}
}

static bool
all_stopped(const struct linkd *l)
{
	const struct uplink	*u;
	size_t			 i;

	for (i = 0; i < CONFIG_NUMBERS; i++)
		if (l->uplinks[i] != NULL &&
		    l->uplinks[i]->state != UPLINK_STOPPED)
			return (false);
	TAILQ_FOREACH(u, &l->leaving, entry)
		if (u->state != UPLINK_STOPPED)
			return (false);
	return (true);
}

void
linkd_gone(struct linkd *l)
{
	if (!l->stopping)
		event_active(l->reap, EV_TIMEOUT, 0);
	else if (all_stopped(l))
		event_active(l->stop_timer, EV_TIMEOUT, 0);
}

void
linkd_stop(struct linkd *l)
{
	uint32_t	 ms = l->config.limits.timeout_request +
			    2 * UPLINK_LINGER;
	struct timeval	 tv;
	struct uplink	*u;
	size_t		 i;

	if (l->stopping)
		return;
	l->stopping = true;
	l->stop_timer = evtimer_new(l->base, on_stop_timer, l);
	if (l->stop_timer == NULL)
		fatal("evtimer_new");
	tv = clock_in_ms(ms);
	event_add(l->stop_timer, &tv);
	for (i = 0; i < CONFIG_NUMBERS; i++)
		if (l->uplinks[i] != NULL)
			uplink_stop(l->uplinks[i]);
	TAILQ_FOREACH(u, &l->leaving, entry)
		uplink_stop(u);
	if (all_stopped(l))
		event_active(l->stop_timer, EV_TIMEOUT, 0);
}

/* ---- The parent ------------------------------------------------------- */

static void
on_message(struct imsgev *iev, struct imsg *imsg, void *arg)
{
	(void)iev;
	link_message(arg, imsg);
}

int
main(int argc, char *argv[])
{
	static const struct imsgev_cb	 cb = {
		on_message, NULL, child_orphaned
	};

	linkd.channel = linkd.dialer_fd = -1;
	TAILQ_INIT(&linkd.leaving);
	keynames_init(&linkd.names);
	linkd.base = child_init("link", argc, argv);
	linkd.load = evtimer_new(linkd.base, link_load, &linkd);
	linkd.reap = evtimer_new(linkd.base, on_reap, &linkd);
	if (linkd.load == NULL || linkd.reap == NULL)
		fatal("evtimer_new");
	if (tlsconn_init() == -1 || tlsidle_init() == -1 ||
	    wsupgrade_init() == -1)
		fatalx("libtls");
	child_parent(&linkd.parent, LINK_MSGSIZE, &cb, &linkd);
	child_run(&sandbox_link);
}
