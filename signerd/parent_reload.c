/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/report.h"
#include "keyd/auditmsg.h"
#include "keyd/keymsg.h"
#include "signerd/dialmsg.h"
#include "signerd/frontmsg.h"
#include "signerd/parent.h"

struct daemon_log
parent_log(const struct config *config)
{
	struct daemon_log	 log = {
		config->log_format, config->log_level, config->log_rate
	};

	return (log);
}

/* ---- What has changed ------------------------------------------------- */

void
parent_log_listen(const struct config_listen *l, const char *msg,
    const char *whom)
{
	struct log_record	 r;

	if (!log_start(&r, LOG_LVL_INFO, msg))
		return;
	if (whom != NULL)
		log_str(&r, "for", whom);
	log_str(&r, "address", l->host);
	log_num(&r, "port", l->port);
	log_end(&r);
}

static void
log_key(const struct config_key *key, const char *msg)
{
	struct log_record	 r;

	if (!log_start(&r, LOG_LVL_INFO, msg))
		return;
	log_str(&r, "key", key->name);
	log_hex(&r, "address", key->address, ADDRESS_SIZE);
	log_end(&r);
}

static void
log_proxy(const struct config_proxy *proxy, const char *msg)
{
	struct log_record	 r;

	if (!log_start(&r, LOG_LVL_INFO, msg))
		return;
	log_str(&r, "link", proxy->name);
	log_str(&r, "host", proxy->host);
	log_num(&r, "port", proxy->port);
	log_end(&r);
}

static const struct config_key *
find_key(const struct config *config, const char *name)
{
	const struct config_key	*key;

	STAILQ_FOREACH(key, &config->keys, entry)
		if (strcmp(key->name, name) == 0)
			return (key);
	return (NULL);
}

static void
log_keys(const struct config *old, const struct config *new)
{
	const struct config_key	*key, *other;

	STAILQ_FOREACH(key, &old->keys, entry)
		if (find_key(new, key->name) == NULL)
			log_key(key, "key removed");
	STAILQ_FOREACH(key, &new->keys, entry) {
		if ((other = find_key(old, key->name)) == NULL)
			log_key(key, "key added");
		else if (memcmp(key->address, other->address,
		    ADDRESS_SIZE) != 0)
			log_key(key, "key changed");
	}
}

static void
log_listens(const struct config_listens *old,
    const struct config_listens *new, const char *whom)
{
	const struct config_listen	*l;

	STAILQ_FOREACH(l, old, entry)
		if (!l->taken)
			parent_log_listen(l, "not listening any more", whom);
	STAILQ_FOREACH(l, new, entry)
		if (!l->kept)
			parent_log_listen(l, "listening", whom);
}

static void
log_proxies(const struct config *old, const struct config *new)
{
	const struct config_proxy	*proxy, *other;

	STAILQ_FOREACH(proxy, &old->proxies, entry)
		if (config_find_proxy(new, proxy->name) == NULL)
			log_proxy(proxy, "proxy removed");
	STAILQ_FOREACH(proxy, &new->proxies, entry) {
		if ((other = config_find_proxy(old, proxy->name)) == NULL)
			log_proxy(proxy, "proxy added");
		else if (!config_same_place(proxy, other))
			log_proxy(proxy, "proxy changed");
	}
}

static void
log_audit(const struct config *config)
{
	const struct config_audit	*audit;
	struct log_record		 r;
	unsigned int			 i;

	for (i = 0; i < config->workers; i++) {
		audit = config_audit_of(config, i);
		if (audit->file.path == NULL || audit->kept ||
		    !log_start(&r, LOG_LVL_INFO, "audit file begun"))
			continue;
		log_str(&r, "file", audit->file.path);
		log_end(&r);
	}
}

static void
log_reloaded(const struct parent *p)
{
	const struct config_listen	*l;
	struct log_record		 r;
	uint64_t			 nlistens = 0;

	STAILQ_FOREACH(l, &p->config->listens, entry)
		nlistens++;
	log_start(&r, LOG_LVL_INFO, "reloaded");
	log_num(&r, "generation", p->reload.generation);
	log_num(&r, "keys", p->config->nkeys);
	log_num(&r, "rules", p->config->nrules);
	log_num(&r, "listeners", nlistens);
	log_num(&r, "proxies", p->config->nproxies);
	log_end(&r);
}

/* ---- The steps of a reload -------------------------------------------- */

/* NULL after faults. */
static struct config *
read_again(struct parent *p)
{
	struct config	*config;

	config = config_parse_again(p->options->file, &p->started);
	if (config == NULL)
		return (NULL);
	config_number(config, p->config, &p->next_number);
	parent_keep_down(config, p->config);
	if (config_open(config) == 0 &&
	    config_audit_open(config, p->config, p->reload.trial) == 0 &&
	    config_bind_again(config, p->config) == 0 &&
	    control_prepare(&p->control, &config->control,
	    CONTROL_SOCKET) == 0)
		return (config);
	config_free(config);
	return (NULL);
}

static int
prepare(void *arg)
{
	struct parent	*p = arg;
	struct imsgev	*keyd;
	unsigned int	 i;

	if (daemon_enter() == -1) {
		report_fault("%s: where the daemon was started: %s",
		    daemon_directory(), strerror(errno));
		return (-1);
	}
	p->candidate = read_again(p);
	daemon_return();
	if (p->candidate == NULL)
		return (-1);
	parent_watch(p, p->candidate);
	setup_keyd(p);
	for (i = 0; i < p->nworkers; i++) {
		reload_ask(&p->reload, &p->children[CHILD_KEYD + i]);
		keyd = &p->children[CHILD_KEYD + i].iev;
		if (keymsg_send_end(&keyd->ibuf) == -1)
			fatal("keyd's configuration");
		imsgev_flush(keyd);
	}
	if (p->children[CHILD_FRONTEND].started) {
		for (i = 0; i < p->nfrontends; i++)
			reload_ask(&p->reload,
			    &p->children[CHILD_FRONTEND + i]);
		setup_frontend(p);
	}
	for (i = 0; i < p->nworkers; i++) {
		if (!p->children[CHILD_AUDIT + i].started)
			continue;
		reload_ask(&p->reload, &p->children[CHILD_AUDIT + i]);
		setup_audit(p, i, -1);
	}
	return (0);
}

static int
decide(struct parent *p, struct child *c, bool good)
{
	struct imsgbuf	*ibuf = &c->iev.ibuf;

	switch (setup_role(p, c)) {
	case CHILD_KEYD:
		return (keymsg_send_empty(ibuf, good ? KEYD_COMMIT :
		    KEYD_DISCARD));
	case CHILD_AUDIT:
		return (auditmsg_send(ibuf, good ? AUDIT_COMMIT :
		    AUDIT_DISCARD, -1));
	case CHILD_DIALER:
		return (dialmsg_send(ibuf, good ? DIAL_COMMIT : DIAL_DISCARD,
		    -1));
	default:
		return (frontmsg_send(ibuf, good ? FRONT_COMMIT :
		    FRONT_DISCARD, -1));
	}
}

static int
commit(struct child *c, void *arg)
{
	struct parent	*p = arg;

	if (log_send_level(&c->iev.ibuf, daemon_level(p->options,
	    p->candidate->log_level)) == -1)
		return (-1);
	return (decide(p, c, true));
}

static int
discard(struct child *c, void *arg)
{
	return (decide(arg, c, false));
}

static void
done(void *arg)
{
	struct parent		*p = arg;
	struct config		*old = p->config;
	struct daemon_log	 log = parent_log(p->candidate);

	p->config = p->candidate;
	p->candidate = NULL;
	parent_metrics_reloaded(p, true);
	config_close(p->config);
	/* What was said while it was on its way. */
	parent_keep_down(p->config, old);
	parent_tell_down(p);
	watch_commit(&p->watch, p->config->watch);
	p->set.grace = p->config->limits.timeout_request / 1000;
	/* Nobody who asks for less is to miss that he has got it. */
	if (log.level < old->log_level)
		log.level = old->log_level;
	daemon_log(p->options, &log);
	log_keys(old, p->config);
	log_listens(&old->listens, &p->config->listens, NULL);
	log_listens(&old->metrics, &p->config->metrics, "metrics");
	log_proxies(old, p->config);
	log_audit(p->config);
	log_reloaded(p);
	if (control_commit(&p->control, &p->config->control))
		control_listen(&p->control);
	log.level = p->config->log_level;
	daemon_log(p->options, &log);
	config_free(old);
}

/* Of a trial, too. */
static void
drop(void *arg)
{
	struct parent	*p = arg;

	control_discard(&p->control);
	watch_discard(&p->watch);
	config_free(p->candidate);
	p->candidate = NULL;
}

static void
failed(void *arg)
{
	drop(arg);
	parent_metrics_reloaded(arg, false);
}

bool
parent_try(struct parent *p)
{
	static const struct reload_cb	 cb = {
		prepare, NULL, discard, NULL, drop
	};

	return (reload_try(&p->reload, &cb));
}

void
parent_reload_init(struct parent *p)
{
	static const struct reload_cb	 cb = {
		prepare, commit, discard, done, failed
	};

	reload_init(&p->reload, &p->set, &cb, p);
}
