/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdlib.h>
#include <string.h>

#include "keyd/keymsg.h"
#include "signerd/parse.h"

void
parser_rule(struct parser *p, const struct lexer_pos *pos)
{
	struct config_rule *rule;

	rule = calloc(1, sizeof(*rule));
	if (rule == NULL)
		fatal("configuration");
	rule->conf = pos->file;
	rule->line = pos->line;
	rule->order = pos->order;
	p->rule = rule;
	conf_rule(&p->common, &rule->rule, "a rule", pos);
}

void
parser_rulekey(struct parser *p, const struct lexer_token *t)
{
	if (conf_clause(&p->common, CLAUSE_KEY, &t->pos))
		p->rule->keyname = conf_text(&p->common, t, "key name",
		    CONFIG_NAME_MAX);
}

void
parser_via(struct parser *p, const struct lexer_token *t)
{
	if (conf_clause(&p->common, CLAUSE_VIA, &t->pos))
		p->rule->vianame = conf_text(&p->common, t, "proxy name",
		    CONFIG_NAME_MAX);
}

void
parser_rule_end(struct parser *p)
{
	struct conf_parser *common = &p->common;

	if (p->rule == NULL)
		return;
	if ((common->clauses & CLAUSE_VIA) == 0)
		conf_need_clause(common, CLAUSE_CLIENT);
	conf_need_clause(common, CLAUSE_KEY);
	conf_rule_check(common);
	if (p->conf->nrules == KEYD_MAXRULES) {
		if (!p->toomany)
			lexer_error(common->lexer, &common->rulepos,
			    "over %d rules", KEYD_MAXRULES);
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

struct lexer_pos
config_rule_pos(const struct config_rule *rule)
{
	struct lexer_pos pos;

	pos.file = rule->conf;
	pos.line = rule->line;
	pos.order = rule->order;
	return (pos);
}

/* Where nobody can connect, rules of direct connections are of no use. */
static void
warn_direct(struct parser *p)
{
	const struct config_rule *rule;
	struct lexer_pos pos;

	STAILQ_FOREACH(rule, &p->conf->rules, entry) {
		if (rule->rule.via != 0)
			continue;
		pos = config_rule_pos(rule);
		lexer_warn(p->common.lexer, &pos, "the rule has no \"via\" "
		    "and there is no \"listen on\": never used");
	}
}

void
rules_warn(struct parser *p)
{
	const struct config_rule *rule;
	struct conf_said *said;
	size_t n = 0;

	if (p->conf->nrules == 0) {
		lexer_warn(p->common.lexer, lexer_last(p->common.lexer),
		    "no \"allow\": every request is refused");
		return;
	}
	said = calloc(p->conf->nrules, sizeof(*said));
	if (said == NULL)
		fatal("configuration");
	STAILQ_FOREACH(rule, &p->conf->rules, entry) {
		said[n].rule = &rule->rule;
		said[n++].pos = config_rule_pos(rule);
	}
	conf_rules_warn(&p->common, said, n);
	free(said);
	if (STAILQ_EMPTY(&p->conf->listens))
		warn_direct(p);
}

void
config_rule_free(struct config_rule *rule)
{
	if (rule == NULL)
		return;
	rule_clear(&rule->rule);
	free(rule->keyname);
	free(rule->vianame);
	free(rule);
}
