/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>

#include "common/daemon.h"
#include "common/privdrop.h"
#include "common/sandbox.h"
#include "proxyd/parent.h"
#include "proxyd/relaymsg.h"

static int
on_message(struct child *c, struct imsg *imsg, void *arg)
{
	(void)c;
	return (setup_answer(arg, imsg));
}

static void
on_ready(void *arg)
{
	struct parent	*p = arg;

	config_close(p->config);
	watch_commit(&p->watch, p->config->watch);
	daemon_ready();
	parent_control_start(p);
	reload_ready(&p->reload);
}

static int
on_stop(struct child *c, void *arg)
{
	(void)arg;
	return (relaymsg_send(&c->iev.ibuf, RELAY_STOP));
}

static void
on_reload(void *arg)
{
	struct parent	*p = arg;

	reload_begin(&p->reload);
}

int
parent_run(struct parent *p, const struct proc_user *user)
{
	static const struct children_cb	 cb = {
		on_message, on_ready, on_stop, on_reload
	};

	p->set.daemon = "proxyd";
	p->set.grace = p->config->limits.timeout_request / 1000;
	p->set.child = &p->relay;
	p->set.nchildren = 1;
	p->set.cb = &cb;
	p->set.arg = p;
	children_init(&p->set);
	reload_init(&p->reload, &p->set, &parent_reload_cb, p);
	parent_metrics_init(p);
	parent_watch_init(p);
	parent_watch(p, p->config);
	if (children_start(&p->set, &p->relay, "relay", 0, user,
	    RELAY_MSGSIZE) == -1)
		return (1);
	control_confine(&p->control);
	privdrop_parent();
	sandbox_start(&sandbox_parent);
	setup_relay(p, p->config);
	return (children_run(&p->set));
}
