/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdlib.h>
#include <string.h>

#include "keyd/keymsg.h"
#include "signerd/parse.h"

#ifndef CHROOTDIR
#define CHROOTDIR	"/var/empty/signerd"
#endif
#define USER		"_signerd"
#define PROTOCOLS	"tlsv1.3"

/* ---- The whole -------------------------------------------------------- */

struct conf_tls
config_tls(struct config *conf)
{
	struct conf_tls tls = {
		&conf->ca, &conf->cert, &conf->key, &conf->crl
	};

	return (tls);
}

struct config *
config_new(void)
{
	struct config *conf;
	struct conf_tls tls;
	unsigned int i;

	conf = calloc(1, sizeof(*conf));
	if (conf == NULL)
		fatal("configuration");
	STAILQ_INIT(&conf->listens);
	STAILQ_INIT(&conf->metrics);
	STAILQ_INIT(&conf->proxies);
	STAILQ_INIT(&conf->nameservers);
	STAILQ_INIT(&conf->keys);
	STAILQ_INIT(&conf->rules);
	SLIST_INIT(&conf->names);
	tls = config_tls(conf);
	conf_tls_init(&tls);
	conf->workers = conf->prefork = 1;
	for (i = 0; i < CONFIG_WORKERS; i++) {
		config_audit_of(conf, i)->file.fd = -1;
		config_audit_of(conf, i)->tail = -1;
	}
	conf->user = conf_copy(USER);
	conf->chroot = conf_copy(CHROOTDIR);
	conf->protocols = conf_copy(PROTOCOLS);
	conf_defaults(&config_settings, conf);
	return (conf);
}

static void
free_listens(struct config_listens *listens)
{
	struct config_listen *listen;

	while ((listen = STAILQ_FIRST(listens)) != NULL) {
		STAILQ_REMOVE_HEAD(listens, entry);
		free(listen->host);
		free(listen);
	}
}

/* What there can be several of. */
static void
free_lists(struct config *conf)
{
	struct config_proxy *proxy;
	struct config_nameserver *ns;
	struct config_key *key;
	struct config_rule *rule;

	free_listens(&conf->listens);
	free_listens(&conf->metrics);
	while ((proxy = STAILQ_FIRST(&conf->proxies)) != NULL) {
		STAILQ_REMOVE_HEAD(&conf->proxies, entry);
		config_proxy_free(proxy);
	}
	while ((ns = STAILQ_FIRST(&conf->nameservers)) != NULL) {
		STAILQ_REMOVE_HEAD(&conf->nameservers, entry);
		free(ns->host);
		free(ns);
	}
	while ((key = STAILQ_FIRST(&conf->keys)) != NULL) {
		STAILQ_REMOVE_HEAD(&conf->keys, entry);
		free(key->name);
		free(key->file.path);
		free(key);
	}
	while ((rule = STAILQ_FIRST(&conf->rules)) != NULL) {
		STAILQ_REMOVE_HEAD(&conf->rules, entry);
		config_rule_free(rule);
	}
}

void
config_free(struct config *conf)
{
	struct conf_tls tls;
	unsigned int i;

	if (conf == NULL)
		return;
	config_close(conf);
	free_lists(conf);
	tls = config_tls(conf);
	conf_tls_free(&tls);
	for (i = 0; i < CONFIG_WORKERS; i++)
		free(config_audit_of(conf, i)->file.path);
	free(conf->user);
	free(conf->keyd_user);
	free(conf->chroot);
	free(conf->control.path);
	free(conf->protocols);
	lexer_names_free(&conf->names);
	free(conf);
}

static struct config_key *
find_key(const struct config *conf, const char *name)
{
	struct config_key *key;

	STAILQ_FOREACH(key, &conf->keys, entry) {
		if (key->name != NULL && strcmp(key->name, name) == 0)
			return (key);
	}
	return (NULL);
}

/* ---- Statements ------------------------------------------------------- */

static void
add_listen(struct parser *p, struct config_listens *listens,
    const char *statement, const struct lexer_token *host,
    const struct lexer_token *port)
{
	struct config_listen *listen;
	uint16_t number;
	char *address;

	address = conf_listen(&p->common, statement, host, port, &number);
	if (address == NULL)
		return;
	listen = calloc(1, sizeof(*listen));
	if (listen == NULL)
		fatal("configuration");
	listen->fd = -1;
	listen->order = host->pos.order;
	listen->conf = host->pos.file;
	listen->line = host->pos.line;
	listen->host = address;
	listen->port = listen->given = number;
	STAILQ_INSERT_TAIL(listens, listen, entry);
}

void
parser_listen(struct parser *p, const struct lexer_token *host,
    const struct lexer_token *port)
{
	p->common.seen |= STATEMENT_LISTEN;
	add_listen(p, &p->conf->listens, "listen on", host, port);
}

void
parser_metrics(struct parser *p, const struct lexer_token *host,
    const struct lexer_token *port)
{
	add_listen(p, &p->conf->metrics, "metrics on", host, port);
}

void
parser_key(struct parser *p, const struct lexer_token *name,
    const struct lexer_token *file)
{
	struct config *conf = p->conf;
	struct lexer *lexer = p->common.lexer;
	struct config_key *key, *other;

	p->common.seen |= STATEMENT_KEY;
	other = find_key(conf, name->text);
	if (other != NULL) {
		lexer_error(lexer, &name->pos,
		    "key \"%s\" repeated, first at %s:%d", name->text,
		    other->file.conf, other->file.line);
		return;
	}
	if (conf->nkeys >= KEYD_MAXKEYS) {
		if (conf->nkeys++ == KEYD_MAXKEYS)
			lexer_error(lexer, &name->pos, "over %d keys",
			    KEYD_MAXKEYS);
		/* A rule that names it is no fault of its own. */
		p->common.broken |= STATEMENT_KEY;
		return;
	}
	key = calloc(1, sizeof(*key));
	if (key == NULL)
		fatal("configuration");
	key->order = name->pos.order;
	key->index = conf->nkeys++;
	key->name = conf_text(&p->common, name, "key name", CONFIG_NAME_MAX);
	conf_path(&p->common, &key->file, file, "key file");
	key->file.line = name->pos.line;
	STAILQ_INSERT_TAIL(&conf->keys, key, entry);
}

/* ---- Checks ----------------------------------------------------------- */

/* Who dials out need not listen. */
static void
check_missing(struct parser *p)
{
	unsigned int known = p->common.seen | p->common.broken;
	bool listens;

	if (lexer_incomplete(p->common.lexer))
		return;
	listens = (known & STATEMENT_LISTEN) != 0 ||
	    (known & STATEMENT_PROXY) == 0;
	if ((known & (STATEMENT_LISTEN | STATEMENT_PROXY)) == 0)
		conf_missing(&p->common, "listen on",
		    "at least one, or a proxy, is");
	if (listens && (known & STATEMENT_TLS) == 0)
		conf_missing_tls(&p->common, true, true);
	if ((known & STATEMENT_KEY) == 0)
		conf_missing(&p->common, "key", "at least one is");
}

/* Whether to speak of a name that is not defined. */
static bool
is_known(const struct parser *p, unsigned int statement)
{
	return (!lexer_incomplete(p->common.lexer) &&
	    (p->common.broken & statement) == 0);
}

/* Finds the keys and the proxies that rules name. */
static void
check_names(struct parser *p, bool used[KEYD_MAXKEYS])
{
	const struct config_proxy *proxy;
	const struct config_key *key;
	struct config_rule *rule;
	struct lexer_pos pos;

	STAILQ_FOREACH(rule, &p->conf->rules, entry) {
		pos = config_rule_pos(rule);
		key = rule->keyname == NULL ? NULL :
		    find_key(p->conf, rule->keyname);
		if (key != NULL) {
			rule->rule.key = key->index;
			used[key->index] = true;
		} else if (rule->keyname != NULL &&
		    is_known(p, STATEMENT_KEY))
			lexer_error(p->common.lexer, &pos,
			    "key \"%s\" is not defined", rule->keyname);
		proxy = rule->vianame == NULL ? NULL :
		    config_find_proxy(p->conf, rule->vianame);
		if (proxy != NULL)
			rule->rule.via = proxy->index + 1;
		else if (rule->vianame != NULL &&
		    is_known(p, STATEMENT_PROXY))
			lexer_error(p->common.lexer, &pos,
			    "proxy \"%s\" is not defined", rule->vianame);
	}
}

/* ---- What is odd ------------------------------------------------------ */

static const struct config_key *
same_file(const struct config *conf, const struct config_key *key)
{
	const struct config_key *other;

	STAILQ_FOREACH(other, &conf->keys, entry) {
		if (other == key)
			return (NULL);
		if (strcmp(other->file.path, key->file.path) == 0)
			return (other);
	}
	return (NULL);
}

static void
warn_keys(struct parser *p, const bool used[KEYD_MAXKEYS])
{
	const struct config_key *key, *other;
	struct lexer_pos pos;

	STAILQ_FOREACH(key, &p->conf->keys, entry) {
		pos.file = key->file.conf;
		pos.line = key->file.line;
		pos.order = key->order;
		if (!used[key->index] && p->conf->nrules > 0)
			lexer_warn(p->common.lexer, &pos,
			    "no rule uses key \"%s\"", key->name);
		other = same_file(p->conf, key);
		if (other != NULL)
			lexer_warn(p->common.lexer, &pos, "key \"%s\" has "
			    "the same file as key \"%s\"", key->name,
			    other->name);
	}
}

void
parser_check(struct parser *p)
{
	bool used[KEYD_MAXKEYS] = { false };

	check_missing(p);
	check_names(p, used);
	proxies_check(p);
	audit_check(p);
	settings_check(p);
	started_check(p);
	/* What is odd can come of an error, and must not crowd it out. */
	if (lexer_nerrors(p->common.lexer) > 0)
		return;
	conf_warn_root(&p->common, SINGLE_USER, "user");
	conf_warn_root(&p->common, SINGLE_KEYDUSER, "keyd user");
	conf_warn_root(&p->common, SINGLE_CHROOT, "chroot");
	warn_keys(p, used);
	proxies_warn(p);
	prefork_warn(p);
	rules_warn(p);
}
