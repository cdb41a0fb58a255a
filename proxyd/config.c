/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>
#include <stdlib.h>

#include "proxyd/parse.h"
#include "proxyd/relaymsg.h"

#ifndef PROXYD_CHROOTDIR
#define PROXYD_CHROOTDIR	"/var/empty/proxyd"
#endif
#define USER		"_proxyd"
#define PROTOCOLS	"tlsv1.3"
/* Descriptors of the relay beside its connections and listening sockets. */
#define SPARE_FILES	64

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

	conf = calloc(1, sizeof(*conf));
	if (conf == NULL)
		fatal("configuration");
	STAILQ_INIT(&conf->listens);
	STAILQ_INIT(&conf->signers);
	STAILQ_INIT(&conf->rules);
	SLIST_INIT(&conf->names);
	tls = config_tls(conf);
	conf_tls_init(&tls);
	conf->user = conf_copy(USER);
	conf->chroot = conf_copy(PROXYD_CHROOTDIR);
	conf->protocols = conf_copy(PROTOCOLS);
	conf_defaults(&config_settings, conf);
	return (conf);
}

void
config_free(struct config *conf)
{
	struct config_listen *l;
	struct config_signer *signer;
	struct config_rule *rule;
	struct conf_tls tls;

	if (conf == NULL)
		return;
	config_close(conf);
	while ((l = STAILQ_FIRST(&conf->listens)) != NULL) {
		STAILQ_REMOVE_HEAD(&conf->listens, entry);
		config_listen_free(l);
	}
	while ((signer = STAILQ_FIRST(&conf->signers)) != NULL) {
		STAILQ_REMOVE_HEAD(&conf->signers, entry);
		config_signer_free(signer);
	}
	while ((rule = STAILQ_FIRST(&conf->rules)) != NULL) {
		STAILQ_REMOVE_HEAD(&conf->rules, entry);
		config_rule_free(rule);
	}
	tls = config_tls(conf);
	conf_tls_free(&tls);
	free(conf->user);
	free(conf->chroot);
	free(conf->control.path);
	free(conf->protocols);
	lexer_names_free(&conf->names);
	free(conf);
}

/* ---- Checks ----------------------------------------------------------- */

void
parser_drop(struct parser *p)
{
	p->common.held.value = NULL;
	parser_listen_drop(p);
	parser_signer_drop(p);
	parser_rule_drop(p);
}

static void
check_missing(struct parser *p)
{
	unsigned int known = p->common.seen | p->common.broken;

	if (lexer_incomplete(p->common.lexer))
		return;
	if ((known & STATEMENT_LISTEN) == 0)
		conf_missing(&p->common, "listen on", "at least one is");
	if ((known & STATEMENT_SIGNERS) == 0)
		conf_missing(&p->common, "signers on", "at least one is");
	if ((known & STATEMENT_SIGNER) == 0)
		conf_missing(&p->common, "signer", "at least one is");
}

uint64_t
config_files(const struct config *conf)
{
	return ((uint64_t)conf->limits.max_connections +
	    conf->limits.max_links + conf->limits.max_metrics +
	    RELAY_NOLINKS + RELAY_MAXLISTENS +
	    SPARE_FILES);
}

static void
check_files(struct parser *p)
{
	const struct config_limits *limits = &p->conf->limits;
	uint64_t need = config_files(p->conf);
	char text[160];

	if (need <= p->started->files)
		return;
	snprintf(text, sizeof(text), "max connections %u and max links %u "
	    "need %llu open files and the limit is %llu: needs a restart",
	    limits->max_connections, limits->max_links,
	    (unsigned long long)need, (unsigned long long)p->started->files);
	conf_setting_error(&p->common, "max connections", "max links", text);
}

static void
check_started(struct parser *p)
{
	const struct config_started *s = p->started;

	if (s == NULL || lexer_incomplete(p->common.lexer))
		return;
	/* Without root it has no effect. */
	if (s->root) {
		conf_same(&p->common, SINGLE_USER, "user", p->conf->user,
		    s->user);
		conf_same(&p->common, SINGLE_CHROOT, "chroot",
		    p->conf->chroot, s->chroot);
	}
	check_files(p);
}

void
parser_check(struct parser *p)
{
	check_missing(p);
	listens_check(p);
	settings_check(p);
	signers_check(p);
	check_started(p);
	/* What is odd can come of an error, and must not crowd it out. */
	if (lexer_nerrors(p->common.lexer) > 0)
		return;
	conf_warn_root(&p->common, SINGLE_USER, "user");
	conf_warn_root(&p->common, SINGLE_CHROOT, "chroot");
	rules_warn(p);
}
