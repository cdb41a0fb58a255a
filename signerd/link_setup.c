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
#include "common/log.h"
#include "common/tlsconn.h"
#include "signerd/uplink.h"

/* ---- A configuration that comes in ------------------------------------ */

static void
take_config(struct linkd *l, struct imsg *imsg)
{
	struct link_next	*next = &l->next;

	if (next->begun)
		fatalx("bad configuration message");
	memset(next, 0, sizeof(*next));
	if (frontmsg_get_config(imsg, &next->config) == -1)
		fatalx("bad configuration message");
	next->begun = true;
	next->named = keynames_begin(&l->names) == 0;
	next->nomem = !next->named;
}

/* Of some proxies the files are others, and nothing else. */
static void
take_renew(struct linkd *l, struct imsg *imsg)
{
	struct link_next	*next = &l->next;

	if (next->begun || !l->serving || frontmsg_get_empty(imsg) == -1)
		fatalx("bad renewal message");
	memset(next, 0, sizeof(*next));
	next->config = l->config;
	next->begun = next->renews = true;
}

static void
take_key(struct linkd *l, struct imsg *imsg)
{
	struct front_key	 key;

	if (frontmsg_get_key(imsg, &key) == -1)
		fatalx("bad key message");
	if (l->next.nomem || keynames_add(&l->names, &key) == 0)
		return;
	if (errno == EINVAL)
		fatalx("bad key message");
	l->next.nomem = true;
}

static void
take_proxy(struct linkd *l, struct imsg *imsg)
{
	struct link_next	*next = &l->next;
	struct link_proxy	 proxy;

	if (linkmsg_get_proxy(imsg, &proxy) == -1 ||
	    next->uplinks[proxy.index] != NULL ||
	    (next->renews && l->uplinks[proxy.index] == NULL))
		fatalx("bad proxy message");
	next->last = next->uplinks[proxy.index] = uplink_new(l, &proxy);
	if (next->last == NULL)
		next->nomem = true;
}

static void
take_file(struct link_next *next, struct imsg *imsg)
{
	struct uplink	*u = next->last;
	enum tlsfile	 file;
	uint32_t	 index;
	int		 fd;

	if (linkmsg_get_file(imsg, &index, &file, &fd) == -1)
		fatalx("bad file message");
	if (next->nomem) {
		close(fd);
		return;
	}
	if (u == NULL || u->proxy.index != index || u->files[file] != -1)
		fatalx("bad file message");
	u->files[file] = fd;
}

static void
take_rule(struct link_next *next, struct imsg *imsg)
{
	struct keyd_rule	 msg;

	if (keymsg_get_rule(imsg, &msg) == -1 || msg.rule.via == 0)
		fatalx("bad rule message");
	if (next->nomem)
		return;
	if (next->uplinks[msg.rule.via - 1] == NULL)
		fatalx("bad rule message");
	if (advertise_rule(&next->grants, &msg.rule) == -1)
		next->nomem = true;
}

static void
take_rulelist(struct link_next *next, struct imsg *imsg)
{
	struct keyd_rulelist	 msg;

	if (keymsg_get_rulelist(imsg, &msg) == -1)
		fatalx("bad list message");
	if (!next->nomem && advertise_chains(&next->grants, &msg) == -1) {
		if (next->grants.n == 0)
			fatalx("bad list message");
		next->nomem = true;
	}
}

static void
take_fd(const struct linkd *l, struct imsg *imsg, int *fd,
    int (*get)(struct imsg *, int *))
{
	if (l->serving || *fd != -1 || get(imsg, fd) == -1)
		fatalx("bad channel message");
}

static void
take_worker(struct linkd *l, struct imsg *imsg)
{
	if (l->serving || l->channel == -1 ||
	    l->nworkers == CONFIG_WORKERS - 1 ||
	    frontmsg_get_fd(imsg, &l->workers[l->nworkers]) == -1)
		fatalx("bad channel message");
	l->nworkers++;
}

/* ---- Whether it is good ----------------------------------------------- */

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

/* What is advertised there; NULL where memory is short. */
static char *
make_object(struct linkd *l, const struct uplink *u)
{
	const struct keyset	*set = keynames_last(&l->names);

	if (l->next.renews)
		return (strdup(l->uplinks[u->proxy.index]->object));
	return (advertise_object(&l->next.grants, u->owner.via,
	    u->proxy.name, set->keys, set->nkeys));
}

static void
load_one(struct linkd *l, struct uplink *u)
{
	u->tls = tlsfiles_load(u->files, TLSFILES_CLIENT, u->proxy.protocols,
	    u->not_after, report_fault, u);
	if (u->tls == NULL)
		l->next.failed = true;
	u->object = make_object(l, u);
	if (u->object == NULL)
		l->next.nomem = true;
}

/* The next that there is to load; false after the last. */
static bool
load_next(struct linkd *l)
{
	struct link_next	*next = &l->next;
	struct uplink		*u;

	while (!next->nomem && next->loaded < CONFIG_NUMBERS) {
		u = next->uplinks[next->loaded++];
		if (u == NULL)
			continue;
		load_one(l, u);
		return (true);
	}
	return (false);
}

static void
answer(struct linkd *l, enum front_msg type)
{
	if (frontmsg_send(&l->parent.ibuf, type, -1) == -1)
		fatal("cannot answer the parent");
	imsgev_flush(&l->parent);
}

/* Rules may go before we hear of it: then their requests are another's. */
static void
mark_leaving(struct linkd *l, bool leaving)
{
	struct uplink	*u;
	size_t		 i;

	/* None of them does. */
	if (l->next.renews)
		return;
	for (i = 0; i < CONFIG_NUMBERS; i++) {
		if ((u = l->uplinks[i]) == NULL || l->next.uplinks[i] != NULL)
			continue;
		u->owner.leaving = leaving;
		if (u->elder != NULL)
			u->elder->owner.leaving = leaving;
	}
}

static void
loaded(struct linkd *l)
{
	struct link_next	*next = &l->next;
	bool			 good = !next->failed && !next->nomem;

	advertise_clear(&next->grants);
	if (next->nomem)
		log_error("the configuration: out of memory");
	if (good && l->serving) {
		next->ready = true;
		mark_leaving(l, true);
	} else if (good && l->channel != -1) {
		if (l->dialer_fd == -1)
			fatalx("bad start message");
		linkd_begin(l);
		link_commit(l);
	}
	answer(l, good ? FRONT_READY : FRONT_FAILED);
}

/* While it serves, a proxy's in each turn of the loop: it takes time. */
void
link_load(int fd, short what, void *arg)
{
	static const struct timeval	 now;
	struct linkd			*l = arg;

	(void)fd;
	(void)what;
	if (load_next(l))
		event_add(l->load, &now);
	else
		loaded(l);
}

static void
start(struct linkd *l, struct imsg *imsg)
{
	if (frontmsg_get_empty(imsg) == -1)
		fatalx("bad start message");
	l->next.ended = true;
	if (l->serving) {
		event_active(l->load, EV_TIMEOUT, 0);
		return;
	}
	while (load_next(l))
		continue;
	loaded(l);
}

/* ---- In force, or not ------------------------------------------------- */

static void
commit(struct linkd *l, struct imsg *imsg)
{
	if (frontmsg_get_empty(imsg) == -1 || !l->next.ready)
		fatalx("bad commit message");
	link_commit(l);
	answer(l, FRONT_COMMITTED);
}

static void
discard(struct linkd *l, struct imsg *imsg)
{
	struct link_next	*next = &l->next;
	size_t			 i;

	if (frontmsg_get_empty(imsg) == -1 || !l->serving)
		fatalx("bad discard message");
	mark_leaving(l, false);
	for (i = 0; i < CONFIG_NUMBERS; i++)
		uplink_free(next->uplinks[i]);
	advertise_clear(&next->grants);
	if (next->named)
		keynames_drop(&l->names);
	memset(next, 0, sizeof(*next));
}

static void
take_down(struct linkd *l, struct imsg *imsg)
{
	uint32_t	 index;
	bool		 down;

	if (linkmsg_get_down(imsg, &index, &down) == -1)
		fatalx("bad message about a link");
	if (l->serving && l->uplinks[index] != NULL)
		uplink_set_down(l->uplinks[index], down);
	/* The one that is to take its place was told of before. */
	if (l->next.uplinks[index] != NULL)
		l->next.uplinks[index]->proxy.down = down;
}

/* ---- Messages --------------------------------------------------------- */

/* What belongs to a configuration that comes in. */
static void
next_message(struct linkd *l, struct imsg *imsg, uint32_t type)
{
	if (l->next.renews && (type == FRONT_KEY || type == KEYD_RULE ||
	    type == KEYD_RULELIST || type == FRONT_CHANNEL ||
	    type == FRONT_WORKER || type == LINK_DIALER))
		fatalx("message %u from the parent out of turn", type);
	switch (type) {
	case FRONT_KEY:
		take_key(l, imsg);
		break;
	case LINK_PROXY:
		take_proxy(l, imsg);
		break;
	case LINK_FILE:
		take_file(&l->next, imsg);
		break;
	case KEYD_RULE:
		take_rule(&l->next, imsg);
		break;
	case KEYD_RULELIST:
		take_rulelist(&l->next, imsg);
		break;
	case FRONT_CHANNEL:
		take_fd(l, imsg, &l->channel, frontmsg_get_fd);
		break;
	case FRONT_WORKER:
		take_worker(l, imsg);
		break;
	case LINK_DIALER:
		take_fd(l, imsg, &l->dialer_fd, linkmsg_get_dialer);
		break;
	case FRONT_START:
		start(l, imsg);
		break;
	case FRONT_COMMIT:
		commit(l, imsg);
		break;
	case FRONT_DISCARD:
		discard(l, imsg);
		break;
	default:
		fatalx("unknown message %u from the parent", type);
	}
}

void
link_message(struct linkd *l, struct imsg *imsg)
{
	uint32_t	 type = imsg_get_type(imsg);
	bool		 decides;

	switch (type) {
	case LOG_SETLEVEL:
		if (log_take_level(imsg) == -1)
			fatalx("bad level message");
		return;
	case METRICS_ASK:
		link_metrics_answer(l, imsg);
		return;
	case FRONT_STOP:
		if (frontmsg_get_empty(imsg) == -1)
			fatalx("bad stop message");
		linkd_stop(l);
		return;
	case LINK_DOWN:
		take_down(l, imsg);
		return;
	case FRONT_CONFIG:
		take_config(l, imsg);
		return;
	case FRONT_RENEW:
		take_renew(l, imsg);
		return;
	}
	decides = type == FRONT_COMMIT || type == FRONT_DISCARD;
	if (!l->next.begun || l->next.ended != decides)
		fatalx("message %u from the parent out of turn", type);
	next_message(l, imsg, type);
}
