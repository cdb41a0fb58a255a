/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/control_rows.h"
#include "keyd/keymsg.h"
#include "signerd/linkmsg.h"
#include "signerd/parent.h"

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
		control_listener(c, l->host, l->port, "clients");
	STAILQ_FOREACH(l, &p->config->metrics, entry)
		control_listener(c, l->host, l->port, "metrics");
}

static void
show_links(struct control_conn *c, const struct parent *p)
{
	const struct config_proxy	*proxy;
	char				 url[CONFIG_URLSIZE];

	STAILQ_FOREACH(proxy, &p->config->proxies, entry) {
		config_proxy_url(proxy, url, sizeof(url));
		control_row(c, "links");
		control_str(c, "link", proxy->name);
		control_str(c, "url", url);
		control_bool(c, "taken_down", proxy->down);
		control_row_end(c);
	}
}

static void
show_keys(struct control_conn *c, const struct parent *p)
{
	const struct config_rule	*rule;
	const struct config_key		*key;
	uint32_t			 rules[KEYD_MAXKEYS] = { 0 };
	char				 address[CONTROL_ADDRESS];

	STAILQ_FOREACH(rule, &p->config->rules, entry)
		rules[rule->rule.key]++;
	STAILQ_FOREACH(key, &p->config->keys, entry) {
		control_address(address, key->address);
		control_row(c, "keys");
		control_str(c, "address", address);
		control_str(c, "key", key->name);
		control_str(c, "file", key->file.path);
		control_num(c, "rules", rules[key->index]);
		control_row_end(c);
	}
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
	r->link = rule->vianame;
	r->key = rule->keyname;
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
		show_daemon(c, p);
		show_links(c, p);
		show_keys(c, p);
		break;
	case CTL_LINKS:
		show_links(c, p);
		break;
	case CTL_KEYS:
		show_keys(c, p);
		break;
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

static const struct config_key *
key_by_name(const struct config *config, const char *name)
{
	const struct config_key	*key;

	STAILQ_FOREACH(key, &config->keys, entry)
		if (strcmp(key->name, name) == 0)
			return (key);
	return (NULL);
}

/* A key's name stands for its address. */
static void
name_sender(struct request *request, const struct config_key *key)
{
	if (request->method == METHOD_TRANSACTION) {
		request->tx.has |= TX_FROM;
		memcpy(request->tx.from, key->address, ADDRESS_SIZE);
	} else {
		request->payload.has |= PAYLOAD_SENDER;
		memcpy(request->payload.sender, key->address, ADDRESS_SIZE);
	}
}

static const char *
on_check(uint32_t id, const struct ctl_check *check, void *arg)
{
	struct parent			*p = arg;
	struct imsgev			*keyd = &p->children[CHILD_KEYD].iev;
	const struct config_proxy	*proxy;
	const struct config_key		*key;
	struct request			 request = check->request;

	request.id = id;
	request.via = 0;
	if (check->link[0] != '\0') {
		proxy = config_find_proxy(p->config, check->link);
		if (proxy == NULL)
			return ("no proxy has that name");
		request.via = proxy->index + 1;
	}
	if (check->key[0] != '\0') {
		if ((key = key_by_name(p->config, check->key)) == NULL)
			return ("no key has that name");
		name_sender(&request, key);
	}
	if (keymsg_send_check(&keyd->ibuf, &request) == -1)
		return ("keyd cannot be asked");
	imsgev_flush(keyd);
	return (NULL);
}

/* What decides; its rule is among the verdicts unless there are too many. */
static void
say_decision(struct control_conn *c, const struct parent *p,
    const struct keyd_checked *checked)
{
	const struct config_rule	*rule = NULL;
	const struct config_key		*key = NULL;
	char				 address[CONTROL_ADDRESS];

	if (checked->rule != POLICY_NORULE) {
		rule = control_rule_at(&rules, p->config, checked->rule);
		control_rule_begin(c, "decision", &rules, rule, checked->rule);
		key = key_by_name(p->config, rule->keyname);
	} else
		control_row(c, "decision");
	if (key != NULL) {
		control_address(address, key->address);
		control_str(c, "address", address);
	}
	control_refusal(c, checked->refusal);
	if (rule != NULL)
		control_rule_end(c, &rules, rule);
	else
		control_row_end(c);
}

static bool
are_rules(const struct parent *p, const struct keyd_checked *checked)
{
	size_t	 i;

	if (checked->rule != POLICY_NORULE &&
	    checked->rule >= p->config->nrules)
		return (false);
	for (i = 0; i < checked->nverdicts; i++)
		if (checked->verdicts[i].rule >= p->config->nrules)
			return (false);
	return (true);
}

int
parent_checked(struct parent *p, struct imsg *imsg)
{
	const struct config_rule	*rule;
	struct keyd_checked		 checked;
	struct control_conn		*c;
	uint32_t			 index;
	size_t				 i;

	if (keymsg_get_checked(imsg, &checked) == -1 ||
	    checked.id > UINT32_MAX || !are_rules(p, &checked))
		return (-1);
	/* It may have gone meanwhile. */
	if ((c = control_asker(&p->control, (uint32_t)checked.id)) == NULL)
		return (0);
	say_decision(c, p, &checked);
	for (i = 0; i < checked.nverdicts; i++) {
		index = checked.verdicts[i].rule;
		rule = control_rule_at(&rules, p->config, index);
		control_rule_begin(c, "considered", &rules, rule, index);
		control_refusal(c, checked.verdicts[i].refusal);
		control_rule_end(c, &rules, rule);
	}
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
	struct daemon_log	 log = parent_log(p->config);

	daemon_verbose(verbose);
	daemon_log(p->options, &log);
	control_tell_level(&p->set, daemon_level(p->options, log.level));
}

static void
tell_link(struct parent *p, const struct config_proxy *proxy)
{
	struct imsgev	*iev = &p->children[CHILD_LINK].iev;

	if (linkmsg_send_down(&iev->ibuf, proxy->index, proxy->down) == -1)
		log_errno("cannot tell the link process");
	imsgev_flush(iev);
}

static const char *
on_link(const struct ctl_link *link, void *arg)
{
	struct parent		*p = arg;
	struct config_proxy	*proxy;

	if ((proxy = config_find_proxy(p->config, link->name)) == NULL)
		return ("no proxy has that name");
	proxy->down = !link->up;
	tell_link(p, proxy);
	return (NULL);
}

void
parent_keep_down(struct config *config, const struct config *old)
{
	const struct config_proxy	*other;
	struct config_proxy		*proxy;

	STAILQ_FOREACH(proxy, &config->proxies, entry) {
		other = config_find_proxy(old, proxy->name);
		proxy->down = other != NULL && other->down;
	}
}

void
parent_tell_down(struct parent *p)
{
	const struct config_proxy	*proxy;

	STAILQ_FOREACH(proxy, &p->config->proxies, entry)
		tell_link(p, proxy);
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
