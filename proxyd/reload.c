/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>

#include <errno.h>
#include <string.h>

#include "common/daemon.h"
#include "common/report.h"
#include "proxyd/parent.h"
#include "proxyd/relaymsg.h"

/* A changed configuration: see common/reload.h. */

/* With everything open that it names; NULL after faults. */
static struct config *
read_config(struct parent *p)
{
	struct config	*next;

	next = config_parse_again(p->options->file, &p->started);
	if (next == NULL)
		return (NULL);
	config_adopt(next, p->config);
	parent_keep_down(next, p->config);
	(void)config_open(next);
	/* Only where all else is well are there new sockets. */
	if (report_count() == 0)
		(void)config_bind(next);
	if (report_count() == 0)
		(void)control_prepare(&p->control, &next->control,
		    CONTROL_SOCKET);
	if (report_count() == 0)
		return (next);
	config_free(next);
	return (NULL);
}

static int
prepare(void *arg)
{
	struct parent	*p = arg;

	if (daemon_enter() == -1) {
		report_fault("%s: where the daemon was started: %s",
		    daemon_directory(), strerror(errno));
		return (-1);
	}
	p->next = read_config(p);
	daemon_return();
	if (p->next == NULL)
		return (-1);
	parent_watch(p, p->next);
	reload_ask(&p->reload, &p->relay);
	setup_relay(p, p->next);
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

/* ---- What has changed ------------------------------------------------- */

static bool
has_listen(const struct config *config, const struct config_listen *wanted)
{
	const struct config_listen	*l;

	STAILQ_FOREACH(l, &config->listens, entry)
		if (l->id == wanted->id)
			return (true);
	return (false);
}

static void
log_closed(const struct config *old, const struct config *now)
{
	const struct config_listen	*l;
	struct log_record		 r;

	STAILQ_FOREACH(l, &old->listens, entry) {
		if (has_listen(now, l) || !log_start(&r, LOG_LVL_INFO,
		    "not listening any more"))
			continue;
		log_str(&r, "address", l->host);
		log_num(&r, "port", l->port);
		log_str(&r, "for", config_whom_name(l->whom));
		log_end(&r);
	}
}

static const struct config_signer *
find_signer(const struct config *config, const char *name)
{
	const struct config_signer	*s;

	STAILQ_FOREACH(s, &config->signers, entry)
		if (strcmp(s->name, name) == 0)
			return (s);
	return (NULL);
}

static bool
is_same_signer(const struct config_signer *a, const struct config_signer *b)
{
	size_t	 i;

	if (strcmp(a->certname, b->certname) != 0 ||
	    a->methods != b->methods || a->naddresses != b->naddresses ||
	    a->nchains != b->nchains)
		return (false);
	for (i = 0; i < a->naddresses; i++)
		if (memcmp(a->addresses[i], b->addresses[i],
		    ADDRESS_SIZE) != 0)
			return (false);
	for (i = 0; i < a->nchains; i++)
		if (u256_cmp(&a->chains[i], &b->chains[i]) != 0)
			return (false);
	return (true);
}

static void
log_signer(const struct config_signer *s, const char *msg)
{
	struct log_record	 r;

	if (!log_start(&r, LOG_LVL_INFO, msg))
		return;
	log_str(&r, "signer", s->name);
	log_str(&r, "name", s->certname);
	log_end(&r);
}

static void
log_signers(const struct config *old, const struct config *now)
{
	const struct config_signer	*s, *other;

	STAILQ_FOREACH(s, &old->signers, entry)
		if (find_signer(now, s->name) == NULL)
			log_signer(s, "signer removed");
	STAILQ_FOREACH(s, &now->signers, entry) {
		if ((other = find_signer(old, s->name)) == NULL)
			log_signer(s, "signer added");
		else if (!is_same_signer(s, other))
			log_signer(s, "signer changed");
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
	if (!log_start(&r, LOG_LVL_INFO, "reloaded"))
		return;
	log_num(&r, "generation", p->reload.generation);
	log_num(&r, "signers", p->config->nsigners);
	log_num(&r, "rules", p->config->nrules);
	log_num(&r, "listeners", nlistens);
	log_end(&r);
}

static void
done(void *arg)
{
	struct parent		*p = arg;
	struct config		*old = p->config;
	struct daemon_log	 log;

	p->config = p->next;
	p->next = NULL;
	p->loaded = time(NULL);
	p->good = true;
	p->nreloads++;
	config_close(p->config);
	/* What was said while it was on its way. */
	parent_keep_down(p->config, old);
	parent_tell_down(p);
	watch_commit(&p->watch, p->config->watch);
	p->set.grace = p->config->limits.timeout_request / 1000;
	log.format = p->config->log_format;
	log.level = p->config->log_level;
	log.rate = p->config->log_rate;
	/* Nobody who asks for less is to miss that he has got it. */
	if (log.level < old->log_level)
		log.level = old->log_level;
	daemon_log(p->options, &log);
	log_signers(old, p->config);
	log_closed(old, p->config);
	proxyd_log_listening(p->config);
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
	config_free(p->next);
	p->next = NULL;
}

static void
failed(void *arg)
{
	struct parent	*p = arg;

	drop(p);
	p->failed = time(NULL);
	p->good = false;
	p->nfailures++;
}

bool
parent_try(struct parent *p)
{
	static const struct reload_cb	 cb = {
		prepare, NULL, discard, NULL, drop
	};

	return (reload_try(&p->reload, &cb));
}

const struct reload_cb parent_reload_cb = {
	prepare, commit, discard, done, failed
};
