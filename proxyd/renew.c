/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>

#include "proxyd/parent.h"
#include "proxyd/parse.h"

/* TLS files that change while the daemon runs: see common/watch.h. */

void
parent_watch(struct parent *p, struct config *config)
{
	struct config_listen	*l;
	struct conf_tls		 tls;

	if (p->set.check)
		return;
	STAILQ_FOREACH(l, &config->listens, entry) {
		if (l->whom == WHOM_METRICS)
			continue;
		tls = config_listen_tls(l);
		watch_add(&p->watch, &tls, l);
	}
}

/* ---- The steps of a reload -------------------------------------------- */

static int
prepare(void *arg)
{
	struct parent	*p = arg;

	if (watch_open(&p->watch) == 0)
		return (-1);
	reload_ask(&p->reload, &p->relay);
	setup_renew(p);
	return (0);
}

static void
done(void *arg)
{
	struct parent	*p = arg;

	watch_done(&p->watch);
}

static void
failed(void *arg)
{
	struct parent	*p = arg;

	watch_failed(&p->watch);
}

void
parent_watch_init(struct parent *p)
{
	static struct reload_cb	 cb;

	/* What the relay is told at the end is the same. */
	cb = parent_reload_cb;
	cb.prepare = prepare;
	cb.done = done;
	cb.failed = failed;
	watch_init(&p->watch, p->set.base, &p->reload, &cb);
}
