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

/* What was settled when the children were started. */
static void
check_fixed(struct parent *p, const struct config *next)
{
	const char	*file = p->options->file;
	rlim_t		 have = daemon_files_limit();
	uint32_t	 need = proxyd_files(&next->limits);

	if (strcmp(next->user, p->config->user) != 0)
		report_fault("%s: a change of user needs a restart", file);
	if (strcmp(next->chroot, p->config->chroot) != 0)
		report_fault("%s: a change of chroot needs a restart", file);
	if (need > have)
		report_fault("%s: max connections %u and max links %u need "
		    "%u open files, of which this process may have %llu: that "
		    "needs a restart", file, next->limits.max_connections,
		    next->limits.max_links, need, (unsigned long long)have);
}

/* With everything open that it names; NULL after faults. */
static struct config *
read_config(struct parent *p)
{
	struct config	*next;

	if ((next = config_parse(p->options->file)) == NULL)
		return (NULL);
	check_fixed(p, next);
	config_adopt(next, p->config);
	(void)config_open(next);
	/* Only where all else is well are there new sockets. */
	if (report_count() == 0)
		(void)config_bind(next);
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
		report_fault("%s: cannot go to %s: %s", p->options->file,
		    daemon_directory(), strerror(errno));
		return (-1);
	}
	p->next = read_config(p);
	daemon_return();
	if (p->next == NULL)
		return (-1);
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
		log_str(&r, "for", l->signers ? "signers" : "clients");
		log_end(&r);
	}
}

static bool
has_signer(const struct config *config, const struct config_signer *wanted)
{
	const struct config_signer	*s;

	STAILQ_FOREACH(s, &config->signers, entry)
		if (strcmp(s->name, wanted->name) == 0 &&
		    strcmp(s->certname, wanted->certname) == 0)
			return (true);
	return (false);
}

/* Those of one configuration that the other one has not. */
static void
log_signers(const char *msg, const struct config *these,
    const struct config *others)
{
	const struct config_signer	*s;
	struct log_record		 r;

	STAILQ_FOREACH(s, &these->signers, entry) {
		if (has_signer(others, s) || !log_start(&r, LOG_LVL_INFO,
		    msg))
			continue;
		log_str(&r, "signer", s->name);
		log_str(&r, "name", s->certname);
		log_end(&r);
	}
}

static void
done(void *arg)
{
	struct parent		*p = arg;
	struct config		*old = p->config;
	struct daemon_log	 log;
	struct log_record	 r;

	p->config = p->next;
	p->next = NULL;
	config_close(p->config);
	log.format = p->config->log_format;
	log.level = p->config->log_level;
	log.rate = p->config->log_rate;
	daemon_log(p->options, &log);
	proxyd_log_listening(p->config);
	log_closed(old, p->config);
	log_signers("signer added", p->config, old);
	log_signers("signer removed", old, p->config);
	config_free(old);
	if (!log_start(&r, LOG_LVL_INFO, "reloaded"))
		return;
	log_num(&r, "generation", p->reload.generation);
	log_num(&r, "signers", p->config->nsigners);
	log_num(&r, "rules", p->config->nrules);
	log_end(&r);
}

static void
failed(void *arg)
{
	struct parent	*p = arg;

	config_free(p->next);
	p->next = NULL;
}

const struct reload_cb parent_reload_cb = {
	prepare, commit, discard, done, failed
};
