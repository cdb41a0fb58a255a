/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>

#include "proxyd/parent.h"
#include "proxyd/parse.h"
#include "proxyd/relaymsg.h"

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

int
parent_watch_tell(struct parent *p, const struct config_listen *l,
    const struct conf_file *file, enum tlsfile_severity severity,
    const char *text)
{
	struct watch_set	*set;

	if ((set = watch_changed(&p->watch, l)) == NULL)
		return (-1);
	if (severity == TLSFILE_WARNING)
		watch_warn(&p->watch, file, text);
	else
		watch_fault(set, file, text);
	return (0);
}

/* ---- The steps of a reload -------------------------------------------- */

static int
prepare(void *arg)
{
	struct parent	*p = arg;

	p->renewing = true;
	if (watch_open(&p->watch) == 0)
		return (-1);
	reload_ask(&p->reload, &p->relay);
	setup_renew(p);
	return (0);
}

static int
commit(struct child *c, void *arg)
{
	(void)arg;
	return (relaymsg_send(&c->iev.ibuf, RELAY_COMMIT));
}

static int
discard(struct child *c, void *arg)
{
	(void)arg;
	return (relaymsg_send(&c->iev.ibuf, RELAY_DISCARD));
}

static void
done(void *arg)
{
	struct parent	*p = arg;

	p->renewing = false;
	watch_done(&p->watch);
}

static void
failed(void *arg)
{
	struct parent	*p = arg;

	p->renewing = false;
	watch_failed(&p->watch);
}

void
parent_watch_init(struct parent *p)
{
	static const struct reload_cb	 cb = {
		prepare, commit, discard, done, failed
	};

	watch_init(&p->watch, p->set.base, &p->reload, &cb);
}
