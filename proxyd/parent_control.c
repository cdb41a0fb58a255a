/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>

#include <stdlib.h>
#include <string.h>

#include "common/control_rows.h"
#include "common/daemon.h"
#include "proxyd/parent.h"
#include "proxyd/relaymsg.h"

/* ---- Rows ------------------------------------------------------------- */

static void
show_daemon(struct control_conn *c, const struct parent *p)
{
	struct control_about		 about;
	const struct config_listen	*l;

	about.file = p->options->file;
	about.generation = p->reload.generation;
	about.level = daemon_level(p->options, p->config->log_level);
	control_daemon(c, &p->set, &about);
	control_processes(c, &p->set);
	STAILQ_FOREACH(l, &p->config->listens, entry)
		control_listener(c, l->host, l->port,
		    config_whom_name(l->whom));
}

/* A signer's link is the signer: they go by its label. */
static bool
show_signers(struct control_conn *c, struct control_show *show,
    const struct parent *p)
{
	const struct config_signer	*s = show->cursor;

	if (s == NULL)
		s = STAILQ_FIRST(&p->config->signers);
	for (; s != NULL && !control_full(c); s = STAILQ_NEXT(s, entry)) {
		control_row(c, "signers");
		control_str(c, "signer", s->name);
		control_str(c, "name", s->certname);
		control_num(c, "addresses", s->naddresses);
		control_bool(c, "taken_down", s->down);
		control_row_end(c);
	}
	show->cursor = s;
	return (s == NULL);
}

static bool
show_status(struct control_conn *c, struct control_show *show,
    const struct parent *p)
{
	if (show->step++ == 0)
		show_daemon(c, p);
	return (show_signers(c, show, p));
}

/* Addresses that signers are to have: proxyd holds none itself. */
static bool
show_keys(struct control_conn *c, struct control_show *show,
    const struct parent *p)
{
	const struct config_signer	*s = show->cursor;
	char				 address[CONTROL_ADDRESS];

	if (s == NULL)
		s = STAILQ_FIRST(&p->config->signers);
	while (s != NULL && !control_full(c)) {
		control_address(address, s->addresses[show->step]);
		control_row(c, "keys");
		control_str(c, "address", address);
		control_str(c, "signer", s->name);
		control_row_end(c);
		if (++show->step < s->naddresses)
			continue;
		show->step = 0;
		s = STAILQ_NEXT(s, entry);
	}
	show->cursor = s;
	return (s == NULL);
}

static const void *
next_rule(const void *config, const void *rule)
{
	const struct config	*conf = config;

	return (rule == NULL ? (const void *)STAILQ_FIRST(&conf->rules) :
	    STAILQ_NEXT((const struct config_rule *)rule, entry));
}

static void
describe_rule(struct control_rule *r, const void *arg)
{
	const struct config_rule	*rule = arg;

	r->conf = rule->conf;
	r->line = rule->line;
	r->client = rule->rule.client;
}

static void
print_rule(FILE *f, const void *rule)
{
	config_print_rule(f, rule);
}

static const struct control_rules	 rules = {
	next_rule, describe_rule, print_rule
};

static bool
on_show(struct control_conn *c, struct control_show *show, void *arg)
{
	struct parent	*p = arg;

	switch (show->what) {
	case CTL_STATUS:
		return (show_status(c, show, p));
	case CTL_LINKS:
		return (show_signers(c, show, p));
	case CTL_KEYS:
		return (show_keys(c, show, p));
	case CTL_RULES:
	case CTL_CLIENTS:
		return (control_show_rules(c, show, &rules, p->config));
	case CTL_STATS:
	case CTL_NSHOWS:
		break;
	}
	return (true);
}

/* ---- Checks ----------------------------------------------------------- */

static const char *
on_check(uint32_t id, const struct ctl_check *check, void *arg)
{
	struct parent	*p = arg;
	struct imsgev	*relay = &p->relay.iev;
	struct request	 request = check->request;

	if (check->link[0] != '\0')
		return ("to proxyd all clients come directly: via is for "
		    "signerd");
	if (check->key[0] != '\0')
		return ("proxyd knows keys by their addresses alone");
	request.id = id;
	request.via = 0;
	if (relaymsg_send_check(&relay->ibuf, &request) == -1)
		return ("the relay cannot be asked");
	imsgev_flush(relay);
	return (NULL);
}

static const struct config_signer *
signer_by_index(const struct config *config, uint32_t index)
{
	const struct config_signer	*s;

	STAILQ_FOREACH(s, &config->signers, entry)
		if (s->index == index)
			return (s);
	return (NULL);
}

static void
say_decision(struct control_conn *c, const struct config_rule *rule,
    const struct relay_checked *checked)
{
	char	 address[CONTROL_ADDRESS];

	if (rule != NULL)
		control_rule_begin(c, "decision", &rules, rule, checked->rule);
	else
		control_row(c, "decision");
	if (checked->refusal == REFUSAL_NONE) {
		control_address(address, checked->address);
		control_str(c, "address", address);
	}
	control_refusal(c, checked->refusal);
	if (rule != NULL)
		control_rule_end(c, &rules, rule);
	else
		control_row_end(c);
}

static void
say_signer(struct control_conn *c, const struct config_signer *s,
    enum relay_state state)
{
	static const char *const	 names[RELAY_SIGNER_NSTATES] = {
		[RELAY_SIGNER_UP] = "up",
		[RELAY_SIGNER_BUSY] = "busy",
		[RELAY_SIGNER_UNWILLING] = "does not offer it",
		[RELAY_SIGNER_ABSENT] = "not registered",
		[RELAY_SIGNER_TAKEN_DOWN] = "taken down"
	};

	control_row(c, "signers");
	control_str(c, "signer", s->name);
	control_str(c, "name", s->certname);
	control_str(c, "state", names[state]);
	control_row_end(c);
}

int
parent_checked(struct parent *p, struct imsg *imsg)
{
	const struct config_rule	*rule = NULL;
	struct relay_checked		 checked;
	struct control_conn		*c;
	size_t				 i;

	if (relaymsg_get_checked(imsg, &checked) == -1 ||
	    checked.id > UINT32_MAX || (checked.rule != POLICY_NORULE &&
	    (rule = control_rule_at(&rules, p->config, checked.rule)) == NULL))
		return (-1);
	for (i = 0; i < checked.nsigners; i++)
		if (checked.signers[i].index >= p->config->nsigners)
			return (-1);
	/* It may have gone meanwhile. */
	if ((c = control_asker(&p->control, (uint32_t)checked.id)) == NULL)
		return (0);
	say_decision(c, rule, &checked);
	for (i = 0; i < checked.nsigners; i++)
		say_signer(c, signer_by_index(p->config,
		    checked.signers[i].index), checked.signers[i].state);
	control_checked(c, checked.refusal == REFUSAL_NONE);
	return (0);
}

/* ---- What changes something ------------------------------------------- */

static bool
on_busy(void *arg)
{
	struct parent	*p = arg;

	return (p->set.stopping || reload_switches(&p->reload));
}

static void
on_reload(void *arg)
{
	struct parent	*p = arg;

	reload_begin(&p->reload);
}

static bool
on_try(void *arg)
{
	return (parent_try(arg));
}

static void
on_log(bool verbose, void *arg)
{
	struct parent		*p = arg;
	struct daemon_log	 log;

	log.format = p->config->log_format;
	log.level = p->config->log_level;
	log.rate = p->config->log_rate;
	daemon_verbose(verbose);
	daemon_log(p->options, &log);
	control_tell_level(&p->set, daemon_level(p->options, log.level));
}

static struct config_signer *
signer_by_name(const struct config *config, const char *name)
{
	struct config_signer	*s;

	STAILQ_FOREACH(s, &config->signers, entry)
		if (strcmp(s->name, name) == 0)
			return (s);
	return (NULL);
}

static void
tell_signer(struct parent *p, const struct config_signer *s)
{
	if (relaymsg_send_down(&p->relay.iev.ibuf, s->index, s->down) == -1)
		log_errno("cannot tell the relay");
	imsgev_flush(&p->relay.iev);
}

static const char *
on_link(const struct ctl_link *link, void *arg)
{
	struct parent		*p = arg;
	struct config_signer	*s;

	if ((s = signer_by_name(p->config, link->name)) == NULL)
		return ("no signer has that name");
	s->down = !link->up;
	tell_signer(p, s);
	return (NULL);
}

void
parent_keep_down(struct config *config, const struct config *old)
{
	const struct config_signer	*other;
	struct config_signer		*s;

	STAILQ_FOREACH(s, &config->signers, entry) {
		other = signer_by_name(old, s->name);
		s->down = other != NULL && other->down;
	}
}

/* And of the level, which may have changed while it was on its way. */
void
parent_tell_down(struct parent *p)
{
	const struct config_signer	*s;

	STAILQ_FOREACH(s, &p->config->signers, entry)
		if (s->down)
			tell_signer(p, s);
	control_tell_level(&p->set, daemon_level(p->options,
	    p->config->log_level));
}

void
parent_control_start(struct parent *p)
{
	static const struct control_cb	 cb = {
		on_busy, on_show, on_reload, on_try, on_log, on_check,
		on_link
	};

	p->control.gather = &p->gather;
	control_watch(&p->control, &p->reload);
	control_start(&p->control, p->set.base, &cb, p);
}
