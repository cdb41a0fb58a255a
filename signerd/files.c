/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

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

int
config_bind(struct config *conf)
{
	struct config_listen *l;
	int status = 0;

	STAILQ_FOREACH(l, &conf->listens, entry) {
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
