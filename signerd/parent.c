/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>

#include <string.h>

#include "common/daemon.h"
#include "common/privdrop.h"
#include "common/sandbox.h"
#include "keyd/auditmsg.h"
#include "keyd/keymsg.h"
#include "signerd/dialmsg.h"
#include "signerd/frontmsg.h"
#include "signerd/linkmsg.h"
#include "signerd/parent.h"

/* In what order they leave. */
enum stage {
	STAGE_NETWORK,		/* finishes what it has begun */
	STAGE_DIALER,
	STAGE_KEYD,
	STAGE_AUDIT		/* when there is nothing more to record */
};

static void
log_keys(const struct config *config)
{
	struct config_key	*key;
	struct log_record	 r;

	STAILQ_FOREACH(key, &config->keys, entry) {
		if (!log_start(&r, LOG_LVL_INFO, "key"))
			return;
		log_str(&r, "key", key->name);
		log_hex(&r, "address", key->address, ADDRESS_SIZE);
		log_end(&r);
	}
}

static int
on_message(struct child *c, struct imsg *imsg, void *arg)
{
	struct parent	*p = arg;

	return (setup_answer(p, c, imsg));
}

static void
on_ready(void *arg)
{
	struct parent	*p = arg;

	config_close(p->config);
	watch_commit(&p->watch, p->config->watch);
	log_keys(p->config);
	daemon_ready();
	parent_control_start(p);
	reload_ready(&p->reload);
}

static void
on_reload(void *arg)
{
	struct parent	*p = arg;

	reload_begin(&p->reload);
}

/* The frontend and the link process understand the same word. */
static int
on_stop(struct child *c, void *arg)
{
	struct parent	*p = arg;

	switch (setup_role(p, c)) {
	case CHILD_KEYD:
	case CHILD_AUDIT:
		return (auditmsg_send(&c->iev.ibuf, AUDIT_STOP, -1));
	default:
		return (frontmsg_send(&c->iev.ibuf, FRONT_STOP, -1));
	}
}

/* One of several, of so many, has its number. */
static unsigned int
number(unsigned int i, unsigned int n)
{
	return (n > 1 ? i + 1 : 0);
}

/* With -n only to look at a file that there is. */
static int
start_audit(struct parent *p, unsigned int worker,
    const struct proc_user *user)
{
	const struct config_audit	*audit;
	struct child			*c = &p->children[CHILD_AUDIT +
					    worker];

	audit = config_audit_of(p->config, worker);
	if (audit->file.path == NULL || audit->file.fd == -1)
		return (0);
	c->word = c->outlives = true;
	c->number = number(worker, p->naudits);
	p->children[CHILD_KEYD + worker].word = true;
	return (children_start(&p->set, c, "audit", STAGE_AUDIT, user,
	    AUDIT_MSGSIZE));
}

static int
start_audits(struct parent *p, const struct proc_user *user)
{
	unsigned int	 i;

	for (i = 0; i < p->naudits; i++)
		if (start_audit(p, i, user) == -1)
			return (-1);
	return (0);
}

static int
start_keyd(struct parent *p, const struct proc_user *user)
{
	struct child	*c;
	unsigned int	 i;

	for (i = 0; i < p->nworkers; i++) {
		c = &p->children[CHILD_KEYD + i];
		c->number = number(i, p->nworkers);
		if (children_start(&p->set, c, "keyd", STAGE_KEYD, user,
		    KEYD_CONFIGSIZE) == -1)
			return (-1);
	}
	return (0);
}

static int
start_frontends(struct parent *p, const struct proc_user *user)
{
	struct child	*c;
	unsigned int	 i;

	for (i = 0; i < p->nfrontends; i++) {
		c = &p->children[CHILD_FRONTEND + i];
		c->number = number(i, p->nfrontends);
		if (children_start(&p->set, c, "frontend", STAGE_NETWORK,
		    user, FRONT_MSGSIZE) == -1)
			return (-1);
	}
	return (0);
}

static int
start_children(struct parent *p, const struct proc_user *user,
    const struct proc_user *keyd)
{
	bool	 links = !STAILQ_EMPTY(&p->config->proxies);

	if (start_keyd(p, keyd) == -1)
		return (-1);
	if ((!STAILQ_EMPTY(&p->config->listens) ||
	    !STAILQ_EMPTY(&p->config->metrics)) &&
	    start_frontends(p, user) == -1)
		return (-1);
	if (links && !p->set.check &&
	    children_start(&p->set, &p->children[CHILD_DIALER], "dialer",
	    STAGE_DIALER, user, DIAL_MSGSIZE) == -1)
		return (-1);
	if (links && children_start(&p->set, &p->children[CHILD_LINK], "link",
	    STAGE_NETWORK, user, LINK_MSGSIZE) == -1)
		return (-1);
	return (start_audits(p, user));
}

/* The ends of a worker of keyd; -1: there is none. */
struct keyd_ends {
	int	front[CONFIG_FRONTENDS];
	int	link;
	int	audit;
};

static void
make_pair(int *a, int *b)
{
	int	 pair[2];

	if (proc_socketpair(pair) == -1)
		fatal("socketpair");
	*a = pair[0];
	*b = pair[1];
}

static void
make_worker_channels(struct parent *p, unsigned int worker,
    struct keyd_ends *keyd)
{
	unsigned int	 i;

	for (i = 0; i < p->nfrontends; i++)
		keyd->front[i] = p->front_channels[i][worker] = -1;
	keyd->link = p->link_channels[worker] = -1;
	keyd->audit = p->audit_channels[worker] = -1;
	if (p->set.check)
		return;
	for (i = 0; i < p->nfrontends; i++)
		if (p->children[CHILD_FRONTEND + i].started)
			make_pair(&keyd->front[i],
			    &p->front_channels[i][worker]);
	if (p->children[CHILD_LINK].started)
		make_pair(&keyd->link, &p->link_channels[worker]);
	if (p->children[CHILD_AUDIT + worker].started) {
		make_pair(&keyd->audit, &p->audit_channels[worker]);
		proc_socket_room(keyd->audit, AUDIT_SOCKET);
	}
}

/* Before the sandbox closes: there are none to be made in it. */
static void
make_channels(struct parent *p, struct keyd_ends keyd[CONFIG_WORKERS])
{
	unsigned int	 i;

	for (i = 0; i < p->naudits; i++)
		make_worker_channels(p, i, &keyd[i]);
	p->dialer_end = p->link_end = -1;
	if (!p->set.check && p->children[CHILD_LINK].started)
		make_pair(&p->dialer_end, &p->link_end);
}

/* keyd gets its ends now; the other ones wait for keyd's word. */
static void
configure_keyd(struct parent *p, unsigned int worker,
    const struct keyd_ends *ends)
{
	struct imsgev	*keyd = &p->children[CHILD_KEYD + worker].iev;
	unsigned int	 i;

	for (i = 0; i < p->nfrontends; i++)
		if (ends->front[i] != -1 && keymsg_send_channel(&keyd->ibuf,
		    KEYD_DIRECT, ends->front[i]) == -1)
			fatal("keyd's configuration");
	if (ends->link != -1 && keymsg_send_channel(&keyd->ibuf, KEYD_LINK,
	    ends->link) == -1)
		fatal("keyd's configuration");
	if (ends->audit != -1 && auditmsg_send(&keyd->ibuf, AUDIT_CHANNEL,
	    ends->audit) == -1)
		fatal("keyd's configuration");
	if (keymsg_send_end(&keyd->ibuf) == -1)
		fatal("keyd's configuration");
	imsgev_flush(keyd);
}

static void
configure_children(struct parent *p, const struct keyd_ends *ends)
{
	unsigned int	 i;

	setup_keyd(p);
	for (i = 0; i < p->nworkers; i++)
		configure_keyd(p, i, &ends[i]);
	if (p->children[CHILD_FRONTEND].started)
		setup_frontend(p);
	for (i = 0; i < p->naudits; i++)
		if (p->children[CHILD_AUDIT + i].started)
			setup_audit(p, i, p->audit_channels[i]);
}

int
parent_run(struct parent *p, const struct proc_user *user,
    const struct proc_user *keyd)
{
	static const struct children_cb	 cb = {
		on_message, on_ready, on_stop, on_reload
	};
	struct keyd_ends		 ends[CONFIG_WORKERS];

	p->set.daemon = "signerd";
	p->set.grace = p->config->limits.timeout_request / 1000;
	p->set.child = p->children;
	p->set.nchildren = CHILD_COUNT;
	p->set.cb = &cb;
	p->set.arg = p;
	/* With -n all of them would find the same, but in the audit files. */
	p->naudits = p->config->workers;
	p->nworkers = p->set.check ? 1 : p->config->workers;
	memset(ends, 0, sizeof(ends));
	p->nfrontends = p->set.check ? 1 : p->config->prefork;
	children_init(&p->set);
	parent_reload_init(p);
	parent_metrics_init(p);
	parent_watch_init(p);
	parent_watch(p, p->config);
	if (start_children(p, user, keyd) == -1)
		return (1);
	make_channels(p, ends);
	control_confine(&p->control);
	privdrop_parent();
	sandbox_start(&sandbox_parent);
	configure_children(p, ends);
	return (children_run(&p->set));
}
