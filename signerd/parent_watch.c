/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>

#include "signerd/frontmsg.h"
#include "signerd/parent.h"
#include "signerd/parse.h"

/* TLS files that change while the daemon runs: see common/watch.h. */

/* In the place of a proxy, for those that clients are listened to with. */
static const char	 listening;

static const void *
owner_of(const struct config_proxy *proxy)
{
	return (proxy != NULL ? (const void *)proxy : &listening);
}

void
parent_watch(struct parent *p, struct config *config)
{
	struct config_proxy	*proxy;
	struct conf_tls		 tls;

	if (p->set.check)
		return;
	tls = config_tls(config);
	if (!STAILQ_EMPTY(&config->listens))
		watch_add(&p->watch, &tls, owner_of(NULL));
	STAILQ_FOREACH(proxy, &config->proxies, entry) {
		tls = config_proxy_tls(proxy);
		watch_add(&p->watch, &tls, owner_of(proxy));
	}
}

int
parent_watch_tell(struct parent *p, const struct config_proxy *proxy,
    const struct conf_file *file, enum tlsfile_severity severity,
    const char *text)
{
	return (watch_tell(&p->watch, owner_of(proxy), file, severity, text));
}

/* ---- The steps of a reload -------------------------------------------- */

static int
prepare(void *arg)
{
	struct parent			*p = arg;
	const struct config_proxy	*proxy;
	unsigned int			 i;
	bool				 links = false;

	if (watch_open(&p->watch) == 0)
		return (-1);
	if (watch_changed(&p->watch, owner_of(NULL)) != NULL) {
		for (i = 0; i < p->nfrontends; i++)
			reload_ask(&p->reload,
			    &p->children[CHILD_FRONTEND + i]);
		setup_renew_frontend(p);
	}
	STAILQ_FOREACH(proxy, &p->config->proxies, entry)
		links = links || watch_changed(&p->watch,
		    owner_of(proxy)) != NULL;
	if (links) {
		reload_ask(&p->reload, &p->children[CHILD_LINK]);
		setup_renew_link(p);
	}
	return (0);
}

static int
commit(struct child *c, void *arg)
{
	(void)arg;
	return (frontmsg_send(&c->iev.ibuf, FRONT_COMMIT, -1));
}

static int
discard(struct child *c, void *arg)
{
	(void)arg;
	return (frontmsg_send(&c->iev.ibuf, FRONT_DISCARD, -1));
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
	static const struct reload_cb	 cb = {
		prepare, commit, discard, done, failed
	};

	watch_init(&p->watch, p->set.base, &p->reload, &cb);
}
