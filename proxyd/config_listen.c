/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdlib.h>
#include <string.h>

#include "common/report.h"
#include "proxyd/parse.h"

/* Of the sockets of this process. */
static uint32_t last_id;

static const struct {
	const char	*statement;
	unsigned int	 seen;
} kinds[WHOM_COUNT] = {
	[WHOM_CLIENTS] = { "listen on", STATEMENT_LISTEN },
	[WHOM_SIGNERS] = { "signers on", STATEMENT_SIGNERS },
	[WHOM_METRICS] = { "metrics on", 0 }
};

static const char *
statement(const struct config_listen *l)
{
	return (kinds[l->whom].statement);
}

struct conf_tls
config_listen_tls(struct config_listen *l)
{
	struct conf_tls tls = { &l->ca, &l->cert, &l->key, &l->crl };

	return (tls);
}

void
config_listen_free(struct config_listen *l)
{
	struct conf_tls tls;

	if (l == NULL)
		return;
	tls = config_listen_tls(l);
	conf_tls_free(&tls);
	free(l->host);
	free(l);
}

void
parser_listen(struct parser *p, enum config_whom whom)
{
	struct config_listen *l;

	l = calloc(1, sizeof(*l));
	if (l == NULL)
		fatal("configuration");
	l->whom = whom;
	l->fd = -1;
	p->listen = l;
	p->common.tls = config_listen_tls(l);
	conf_tls_init(&p->common.tls);
	p->common.seen |= kinds[whom].seen;
}

void
parser_listen_end(struct parser *p, const struct lexer_token *host,
    const struct lexer_token *port)
{
	struct config_listen *l = p->listen;

	l->conf = host->pos.file;
	l->line = host->pos.line;
	l->host = conf_listen(&p->common, statement(l), host, port, &l->port);
	l->given = l->port;
	if (l->host != NULL) {
		STAILQ_INSERT_TAIL(&p->conf->listens, l, entry);
		p->listen = NULL;
	}
	parser_listen_drop(p);
}

void
parser_listen_drop(struct parser *p)
{
	config_listen_free(p->listen);
	p->listen = NULL;
	p->common.tls = config_tls(p->conf);
}

/* A block that has all of its own needs no other. */
void
listens_check(struct parser *p)
{
	const struct conf_tls all = config_tls(p->conf);
	struct config_listen *l;
	bool ca = false, cert = false;
	unsigned int with_tls = 0;
	struct conf_tls own;

	STAILQ_FOREACH(l, &p->conf->listens, entry) {
		if (l->whom == WHOM_METRICS)
			continue;
		with_tls++;
		ca = ca || l->ca.conf == NULL;
		cert = cert || l->cert.conf == NULL;
		own = config_listen_tls(l);
		conf_tls_inherit(&own, &all);
	}
	if (lexer_incomplete(p->common.lexer) ||
	    (p->common.broken & STATEMENT_TLS) != 0)
		return;
	/* Where no socket is well said, one can be missed that is. */
	ca = ca || with_tls == 0;
	cert = cert || with_tls == 0;
	conf_missing_tls(&p->common, ca, cert);
}

int
config_open(struct config *conf)
{
	const struct conf_tls all = config_tls(conf);
	struct config_listen *l;
	struct conf_tls own;
	int status;

	status = conf_tls_open(&all, NULL);
	STAILQ_FOREACH(l, &conf->listens, entry) {
		own = config_listen_tls(l);
		if (conf_tls_open(&own, &all) == -1)
			status = -1;
	}
	conf_tls_close(&all);
	return (status);
}

static bool
is_taken(const struct config *conf, uint32_t id)
{
	const struct config_listen *l;

	STAILQ_FOREACH(l, &conf->listens, entry)
		if (l->open && l->id == id)
			return (true);
	return (false);
}

/* What runs has the port 0 that it was given filled in. */
static bool
is_same(const struct config_listen *l, const struct config_listen *old)
{
	return (l->whom == old->whom &&
	    strcmp(l->host, old->host) == 0 &&
	    (l->given == old->given || l->given == old->port));
}

/* Those that are to go are still open when the others are bound. */
static void
check_room(const struct config *conf, const struct config_listen *l,
    const struct config *running)
{
	const struct config_listen *old;

	STAILQ_FOREACH(old, &running->listens, entry) {
		if (!conf_in_the_way(l->host, l->port, old->host, old->port))
			continue;
		report_fault("%s:%d: %s %s port %u: in use by the \"%s %s\" "
		    "that %s", l->conf, l->line, statement(l), l->host,
		    l->port, statement(old), old->host,
		    is_taken(conf, old->id) ? "goes on" :
		    "it is to replace: needs a restart");
		return;
	}
}

void
config_adopt(struct config *conf, const struct config *running)
{
	const struct config_listen *old;
	struct config_listen *l;

	STAILQ_FOREACH(l, &conf->listens, entry) {
		STAILQ_FOREACH(old, &running->listens, entry) {
			if (!is_same(l, old) || is_taken(conf, old->id))
				continue;
			l->id = old->id;
			l->port = old->port;
			l->open = true;
			break;
		}
	}
	STAILQ_FOREACH(l, &conf->listens, entry) {
		if (!l->open)
			check_room(conf, l, running);
	}
}

int
config_bind(struct config *conf)
{
	struct config_listen *l;
	int status = 0;

	STAILQ_FOREACH(l, &conf->listens, entry) {
		if (l->open)
			continue;
		conf_fd_close(&l->fd);
		l->id = ++last_id;
		l->fd = (l->whom == WHOM_METRICS ? conf_bind_few : conf_bind)(
		    statement(l), l->conf, l->line, l->host, &l->port);
		if (l->fd == -1)
			status = -1;
	}
	return (status);
}

void
config_close(struct config *conf)
{
	struct config_listen *l;
	struct conf_tls tls;

	STAILQ_FOREACH(l, &conf->listens, entry) {
		tls = config_listen_tls(l);
		conf_tls_close(&tls);
		conf_fd_close(&l->fd);
	}
}
