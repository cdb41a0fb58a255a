/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <string.h>

#include "common/report.h"
#include "signerd/parse.h"

int
config_open(struct config *conf)
{
	const struct conf_tls tls = config_tls(conf);
	struct conf_tls own;
	struct config_key *key;
	struct config_proxy *proxy;
	int status;

	status = conf_tls_open(&tls, NULL);
	STAILQ_FOREACH(key, &conf->keys, entry) {
		if (conf_file_open(&key->file, true) == -1)
			status = -1;
	}
	STAILQ_FOREACH(proxy, &conf->proxies, entry) {
		own = config_proxy_tls(proxy);
		if (conf_tls_open(&own, &tls) == -1)
			status = -1;
	}
	return (status);
}

/* What runs has the port 0 that it was given filled in. */
static bool
is_same(const struct config_listen *l, const struct config_listen *old)
{
	return (strcmp(l->host, old->host) == 0 &&
	    (l->given == old->given || l->given == old->port));
}

static void
keep(struct config_listen *l, struct config *running)
{
	struct config_listen *old;

	STAILQ_FOREACH(old, &running->listens, entry) {
		if (old->taken || !is_same(l, old))
			continue;
		old->taken = true;
		l->kept = true;
		l->port = old->port;
		l->number = old->number;
		return;
	}
}

/* Those that are to go are still open when the others are bound. */
static int
check_room(const struct config_listen *l, const struct config *running)
{
	const struct config_listen *old;

	if (l->kept)
		return (0);
	STAILQ_FOREACH(old, &running->listens, entry) {
		if (!conf_in_the_way(l->host, l->port, old->host, old->port))
			continue;
		report_fault("%s:%d: listen on %s port %u: in use by the "
		    "\"listen on %s\" that %s", l->conf, l->line, l->host,
		    l->port, old->host, old->taken ? "goes on" :
		    "it is to replace: needs a restart");
		return (-1);
	}
	return (0);
}

int
config_bind_again(struct config *conf, struct config *running)
{
	struct config_listen *l;
	int status = 0;

	STAILQ_FOREACH(l, &running->listens, entry)
		l->taken = false;
	STAILQ_FOREACH(l, &conf->listens, entry)
		keep(l, running);
	STAILQ_FOREACH(l, &conf->listens, entry) {
		if (check_room(l, running) == -1)
			status = -1;
	}
	return (status == -1 ? -1 : config_bind(conf));
}

int
config_bind(struct config *conf)
{
	struct config_listen *l;
	int status = 0;

	STAILQ_FOREACH(l, &conf->listens, entry) {
		if (l->kept)
			continue;
		conf_fd_close(&l->fd);
		l->fd = conf_bind("listen on", l->conf, l->line, l->host,
		    &l->port);
		if (l->fd == -1)
			status = -1;
	}
	return (status);
}

void
config_close(struct config *conf)
{
	const struct conf_tls tls = config_tls(conf);
	struct conf_tls own;
	struct config_listen *listen;
	struct config_key *key;
	struct config_proxy *proxy;

	conf_tls_close(&tls);
	STAILQ_FOREACH(key, &conf->keys, entry)
		conf_fd_close(&key->file.fd);
	STAILQ_FOREACH(proxy, &conf->proxies, entry) {
		own = config_proxy_tls(proxy);
		conf_tls_close(&own);
	}
	STAILQ_FOREACH(listen, &conf->listens, entry)
		conf_fd_close(&listen->fd);
}
