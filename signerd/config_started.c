/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>
#include <string.h>

#include "signerd/parse.h"

/* Beside connections, descriptors of a child, */
#define SPARE_FILES	96
/* and for a proxy: addresses and name servers that are tried at once. */
#define PROXY_FILES	24
/* For a worker of keyd more, in the parent: its channels; beside its keys. */
#define WORKER_FILES	12
/* For a frontend more: its files and sockets; beside two for each worker. */
#define FRONTEND_FILES	12

uint64_t
config_files(const struct config *conf)
{
	return ((uint64_t)conf->limits.max_connections +
	    (STAILQ_EMPTY(&conf->metrics) ? 0 : conf->limits.max_metrics) +
	    SPARE_FILES + PROXY_FILES * (uint64_t)conf->nproxies +
	    (uint64_t)(conf->workers - 1) * (conf->nkeys + WORKER_FILES) +
	    (uint64_t)(conf->prefork - 1) * (CONF_LISTENS + FRONTEND_FILES +
	    2 * (uint64_t)conf->workers));
}

/* Without root it has no effect. */
static void
check_users(struct parser *p)
{
	const struct config_started *s = p->started;
	const struct config *conf = p->conf;
	const char *keyd = conf->keyd_user;

	if (!s->root)
		return;
	if (keyd == NULL)
		keyd = s->keyd_default != NULL ? s->keyd_default : conf->user;
	conf_same(&p->common, SINGLE_USER, "user", conf->user, s->user);
	/* What comes of the other one need not be told twice. */
	if (conf->keyd_user != NULL || s->keyd_default != NULL ||
	    strcmp(conf->user, s->user) == 0)
		conf_same(&p->common, SINGLE_KEYDUSER, "keyd user", keyd,
		    s->keyd_user);
	conf_same(&p->common, SINGLE_CHROOT, "chroot", conf->chroot, s->chroot);
}

static void
check_frontend(struct parser *p, const struct config_listens *listens,
    const char *statement)
{
	const struct config_listen *listen = STAILQ_FIRST(listens);
	struct lexer_pos pos;

	if (listen == NULL || p->started->frontend)
		return;
	pos.file = listen->conf;
	pos.line = listen->line;
	pos.order = listen->order;
	lexer_error(p->common.lexer, &pos, "the first \"%s\" of a daemon "
	    "that was started with neither \"listen\" nor \"metrics\" "
	    "needs a restart", statement);
}

/* For the first of them there is no process. */
static void
check_processes(struct parser *p)
{
	const struct config_proxy *proxy = STAILQ_FIRST(&p->conf->proxies);
	struct lexer_pos pos;

	check_frontend(p, &p->conf->listens, "listen");
	check_frontend(p, &p->conf->metrics, "metrics");
	if (proxy != NULL && !p->started->proxies) {
		pos.file = proxy->conf;
		pos.line = proxy->line;
		pos.order = proxy->order;
		lexer_error(p->common.lexer, &pos, "the first proxy of a "
		    "daemon that was started without one needs a restart");
	}
}

static void
check_workers(struct parser *p)
{
	const struct lexer_pos *pos = &p->common.singles[SINGLE_WORKERS];

	if (p->conf->workers == p->started->workers)
		return;
	if (pos->file == NULL)
		pos = lexer_last(p->common.lexer);
	lexer_error(p->common.lexer, pos, "keyd workers %u in the place of "
	    "%u needs a restart", p->conf->workers, p->started->workers);
}

static void
check_prefork(struct parser *p)
{
	const struct lexer_pos *pos = &p->common.singles[SINGLE_PREFORK];

	if (p->conf->prefork == p->started->prefork)
		return;
	if (pos->file == NULL)
		pos = lexer_last(p->common.lexer);
	lexer_error(p->common.lexer, pos, "prefork %u in the place of %u "
	    "needs a restart", p->conf->prefork, p->started->prefork);
}

static void
check_limit(struct parser *p)
{
	uint64_t need = config_files(p->conf);
	char text[128];

	if (need <= p->started->files)
		return;
	snprintf(text, sizeof(text), "max connections %u needs %llu open "
	    "files and the limit is %llu: needs a restart",
	    p->conf->limits.max_connections, (unsigned long long)need,
	    (unsigned long long)p->started->files);
	conf_setting_error(&p->common, "max connections", "max connections",
	    text);
}

void
started_check(struct parser *p)
{
	if (p->started == NULL || lexer_incomplete(p->common.lexer))
		return;
	check_users(p);
	check_processes(p);
	audit_started_check(p);
	check_workers(p);
	check_prefork(p);
	check_limit(p);
}

/* ---- Numbers of proxies ----------------------------------------------- */

bool
config_same_place(const struct config_proxy *a, const struct config_proxy *b)
{
	return (strcmp(a->host, b->host) == 0 && a->port == b->port &&
	    strcmp(a->target, b->target) == 0 &&
	    strcmp(a->tlsname, b->tlsname) == 0);
}

static bool
is_used(const struct config *conf, uint32_t index)
{
	const struct config_proxy *proxy;

	STAILQ_FOREACH(proxy, &conf->proxies, entry) {
		if (proxy->index == index)
			return (true);
	}
	return (false);
}

/* There are twice as many numbers as proxies: one is free. */
static uint32_t
free_number(const struct config *running, uint32_t *next)
{
	uint32_t number;

	do {
		number = *next;
		*next = (number + 1) % CONFIG_NUMBERS;
	} while (running != NULL && is_used(running, number));
	return (number);
}

void
config_number(struct config *conf, const struct config *running,
    uint32_t *next)
{
	const struct config_proxy *old;
	struct config_proxy *proxy;
	struct config_rule *rule;

	STAILQ_FOREACH(proxy, &conf->proxies, entry) {
		old = running == NULL ? NULL :
		    config_find_proxy(running, proxy->name);
		/* Elsewhere it is another: whose rules are not the old one's. */
		proxy->index = old != NULL && config_same_place(old, proxy) ?
		    old->index : free_number(running, next);
	}
	STAILQ_FOREACH(rule, &conf->rules, entry) {
		if (rule->vianame == NULL)
			continue;
		proxy = config_find_proxy(conf, rule->vianame);
		rule->rule.via = proxy->index + 1;
	}
}
