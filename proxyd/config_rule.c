/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdlib.h>
#include <string.h>

#include "proxyd/parse.h"

void
parser_rule(struct parser *p, const struct lexer_pos *pos)
{
	struct config_rule *rule;

	p->nerrors = lexer_nerrors(p->common.lexer);
	rule = calloc(1, sizeof(*rule));
	if (rule == NULL)
		fatal("configuration");
	rule->conf = pos->file;
	rule->line = pos->line;
	rule->order = pos->order;
	p->rule = rule;
	conf_rule(&p->common, &rule->rule, "a rule", pos);
}

static void
signer_item(struct conf_parser *common, const struct lexer_token *t)
{
	struct config_rule *rule = ((struct parser *)(void *)common)->rule;
	char *name;
	size_t i;

	name = conf_text(common, t, "signer", CONFIG_NAME_MAX);
	if (name == NULL)
		return;
	for (i = 0; i < rule->nsigners; i++) {
		if (strcmp(rule->signernames[i], name) != 0)
			continue;
		lexer_error(common->lexer, &t->pos,
		    "signer \"%s\" repeated in a rule", name);
		free(name);
		return;
	}
	if (rule->nsigners == CONFIG_SIGNERS) {
		/* Some of them are not defined, which is told. */
		free(name);
		return;
	}
	rule->signernames = conf_grow(rule->signernames, rule->nsigners,
	    sizeof(*rule->signernames));
	rule->signernames[rule->nsigners++] = name;
}

void
parser_rulesigners(struct parser *p, const struct lexer_pos *pos)
{
	if (conf_clause(&p->common, CLAUSE_SIGNER, pos))
		p->common.item = signer_item;
}

void
parser_rule_end(struct parser *p)
{
	struct conf_parser *common = &p->common;

	if (p->rule == NULL)
		return;
	conf_need_clause(common, CLAUSE_CLIENT);
	conf_rule_check(common);
	if (lexer_nerrors(common->lexer) > p->nerrors)
		p->unsure = true;
	if (p->conf->nrules == CONFIG_RULES) {
		if (!p->toomany)
			lexer_error(common->lexer, &common->rulepos,
			    "over %d rules", CONFIG_RULES);
		p->toomany = true;
		parser_rule_drop(p);
		return;
	}
	STAILQ_INSERT_TAIL(&p->conf->rules, p->rule, entry);
	p->conf->nrules++;
	p->rule = NULL;
}

void
parser_rule_drop(struct parser *p)
{
	config_rule_free(p->rule);
	p->rule = NULL;
}

void
rules_warn(struct parser *p)
{
	const struct config_rule *rule;
	struct conf_said *said, *s;

	if (p->conf->nrules == 0) {
		lexer_warn(p->common.lexer, lexer_last(p->common.lexer),
		    "no \"allow\": every request is refused");
		return;
	}
	said = s = calloc(p->conf->nrules, sizeof(*said));
	if (said == NULL)
		fatal("configuration");
	STAILQ_FOREACH(rule, &p->conf->rules, entry) {
		s->rule = &rule->rule;
		s->pos.file = rule->conf;
		s->pos.line = rule->line;
		s->pos.order = rule->order;
		s->own[0].items = rule->addresses;
		s->own[0].size = rule->naddresses * ADDRESS_SIZE;
		s->own[1].items = rule->signers;
		s->own[1].size = rule->nsigners * sizeof(*rule->signers);
		s++;
	}
	conf_rules_warn(&p->common, said, p->conf->nrules);
	free(said);
}

void
config_rule_free(struct config_rule *rule)
{
	size_t i;

	if (rule == NULL)
		return;
	rule_clear(&rule->rule);
	free(rule->addresses);
	free(rule->signers);
	for (i = 0; i < rule->nsigners; i++)
		free(rule->signernames[i]);
	free(rule->signernames);
	free(rule);
}
