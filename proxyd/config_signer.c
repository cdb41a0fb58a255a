/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdlib.h>
#include <string.h>

#include "proxyd/parse.h"

const struct config_signer *
config_find_signer(const struct config *conf, const char *name)
{
	const struct config_signer *signer;

	STAILQ_FOREACH(signer, &conf->signers, entry) {
		if (signer->name != NULL && strcmp(signer->name, name) == 0)
			return (signer);
	}
	return (NULL);
}

struct lexer_pos
config_signer_pos(const struct config_signer *signer)
{
	struct lexer_pos pos;

	pos.file = signer->conf;
	pos.line = signer->line;
	pos.order = signer->order;
	return (pos);
}

void
parser_signer(struct parser *p, const struct lexer_token *name)
{
	const struct config_signer *other;
	struct config_signer *signer;

	p->common.seen |= STATEMENT_SIGNER;
	p->nerrors = lexer_nerrors(p->common.lexer);
	signer = calloc(1, sizeof(*signer));
	if (signer == NULL)
		fatal("configuration");
	signer->conf = name->pos.file;
	signer->line = name->pos.line;
	signer->order = name->pos.order;
	signer->name = conf_text(&p->common, name, "signer", CONFIG_NAME_MAX);
	other = config_find_signer(p->conf, name->text);
	if (other != NULL)
		lexer_error(p->common.lexer, &name->pos,
		    "signer \"%s\" repeated, first at %s:%d", name->text,
		    other->conf, other->line);
	p->signer = signer;
	conf_rule(&p->common, &p->clauses, "a signer", &name->pos);
}

/* A certificate is that of one signer: which one registers is known by it. */
void
parser_certname(struct parser *p, const struct lexer_token *t)
{
	const struct config_signer *other;
	char name[CLIENT_MAX + 1];

	if (!conf_clause(&p->common, CLAUSE_NAME, &t->pos) ||
	    !conf_ascii(&p->common, t, "name", name, CLIENT_MAX))
		return;
	p->signer->certname = conf_copy(name);
	STAILQ_FOREACH(other, &p->conf->signers, entry) {
		if (other->certname == NULL ||
		    strcmp(other->certname, name) != 0)
			continue;
		lexer_error(p->common.lexer, &t->pos,
		    "name \"%s\" repeated, first at %s:%d", name,
		    other->conf, other->line);
		break;
	}
}

static void
address_item(struct conf_parser *common, const struct lexer_token *t)
{
	struct parser *p = (struct parser *)(void *)common;
	struct config_signer *signer = p->signer;
	struct config_rule *rule = p->rule;

	if (signer != NULL)
		conf_add_address(common, "address", t, &signer->addresses,
		    &signer->naddresses);
	else
		conf_add_address(common, "address", t, &rule->addresses,
		    &rule->naddresses);
	if ((signer != NULL ? signer->naddresses : rule->naddresses) ==
	    CONFIG_ADDRESSES + 1)
		lexer_error(common->lexer, &t->pos, "over %d addresses",
		    CONFIG_ADDRESSES);
}

void
parser_addresses(struct parser *p, const struct lexer_pos *pos)
{
	if (conf_clause(&p->common, CLAUSE_ADDRESS, pos))
		p->common.item = address_item;
}

void
parser_signer_end(struct parser *p)
{
	struct conf_parser *common = &p->common;
	struct config_signer *signer = p->signer;
	struct config *conf = p->conf;

	if (signer == NULL)
		return;
	conf_need_clause(common, CLAUSE_NAME);
	conf_need_clause(common, CLAUSE_ADDRESS);
	if (lexer_nerrors(common->lexer) > p->nerrors)
		p->unsure = true;
	signer->methods = p->clauses.methods;
	signer->chains = p->clauses.chains;
	signer->nchains = p->clauses.nchains;
	memset(&p->clauses, 0, sizeof(p->clauses));
	if (conf->nsigners >= CONFIG_SIGNERS) {
		if (conf->nsigners++ == CONFIG_SIGNERS)
			lexer_error(common->lexer, &common->rulepos,
			    "over %d signers", CONFIG_SIGNERS);
		/* A rule that names it is no fault of its own. */
		common->broken |= STATEMENT_SIGNER;
		parser_signer_drop(p);
		return;
	}
	signer->index = conf->nsigners++;
	STAILQ_INSERT_TAIL(&conf->signers, signer, entry);
	p->signer = NULL;
}

void
parser_signer_drop(struct parser *p)
{
	rule_clear(&p->clauses);
	config_signer_free(p->signer);
	p->signer = NULL;
}

void
config_signer_free(struct config_signer *signer)
{
	if (signer == NULL)
		return;
	free(signer->name);
	free(signer->certname);
	free(signer->addresses);
	free(signer->chains);
	free(signer);
}
