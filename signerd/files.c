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
keep(struct config_listens *listens, struct config_listens *running)
{
	struct config_listen *l, *old;

	STAILQ_FOREACH(old, running, entry)
		old->taken = false;
	STAILQ_FOREACH(l, listens, entry) {
		STAILQ_FOREACH(old, running, entry) {
			if (!old->taken && is_same(l, old))
				break;
		}
		if (old == NULL)
			continue;
		old->taken = true;
		l->kept = true;
		l->port = old->port;
		l->number = old->number;
		l->other = old->other;
	}
}

/* Those that are to go are still open when the others are bound. */
static int
check_room(const struct config_listens *listens, const char *statement,
    const struct config_listens *running, const char *other)
{
	const struct config_listen *l, *old;
	int status = 0;

	STAILQ_FOREACH(l, listens, entry) {
		if (l->kept)
			continue;
		STAILQ_FOREACH(old, running, entry) {
			if (conf_in_the_way(l->host, l->port, old->host,
			    old->port))
				break;
		}
		if (old == NULL)
			continue;
		report_fault("%s:%d: %s %s port %u: in use by the \"%s %s\" "
		    "that %s", l->conf, l->line, statement, l->host, l->port,
		    other, old->host, old->taken ? "goes on" :
		    "it is to replace: needs a restart");
		status = -1;
	}
	return (status);
}

int
config_bind_again(struct config *conf, struct config *running)
{
	static const char *const listen = "listen on", *const metrics =
	    "metrics on";
	int status = 0;

	keep(&conf->listens, &running->listens);
	keep(&conf->metrics, &running->metrics);
	if (check_room(&conf->listens, listen, &running->listens, listen) ==
	    -1)
		status = -1;
	if (check_room(&conf->listens, listen, &running->metrics, metrics) ==
	    -1)
		status = -1;
	if (check_room(&conf->metrics, metrics, &running->listens, listen) ==
	    -1)
		status = -1;
	if (check_room(&conf->metrics, metrics, &running->metrics, metrics) ==
	    -1)
		status = -1;
	return (status == -1 ? -1 : config_bind(conf));
}

static int
bind_all(struct config_listens *listens, const char *statement,
    int (*how)(const char *, const char *, int, const char *, uint16_t *))
{
	struct config_listen *l;
	int status = 0;

	STAILQ_FOREACH(l, listens, entry) {
		if (l->kept)
			continue;
		conf_fd_close(&l->fd);
		l->fd = how(statement, l->conf, l->line, l->host, &l->port);
		if (l->fd == -1)
			status = -1;
	}
	return (status);
}

int
config_bind(struct config *conf)
{
	int status;

	status = bind_all(&conf->listens, "listen on", conf_bind);
	if (bind_all(&conf->metrics, "metrics on", conf_bind_few) == -1)
		status = -1;
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
	unsigned int i;

	conf_tls_close(&tls);
	for (i = 0; i < CONFIG_WORKERS; i++)
		config_audit_close(config_audit_of(conf, i));
	STAILQ_FOREACH(key, &conf->keys, entry)
		conf_fd_close(&key->file.fd);
	STAILQ_FOREACH(proxy, &conf->proxies, entry) {
		own = config_proxy_tls(proxy);
		conf_tls_close(&own);
	}
	STAILQ_FOREACH(listen, &conf->listens, entry)
		conf_fd_close(&listen->fd);
	STAILQ_FOREACH(listen, &conf->metrics, entry)
		conf_fd_close(&listen->fd);
}
