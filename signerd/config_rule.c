/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "keyd/keymsg.h"
#include "keyd/payload.h"
#include "signerd/parse.h"

static const struct {
	unsigned int	 clause;
	const char	*name;
} clauses[] = {
	{ CLAUSE_CLIENT, "client" },
	{ CLAUSE_KEY, "key" },
	{ CLAUSE_METHOD, "method" },
	{ CLAUSE_CHAIN, "chain" },
	{ CLAUSE_DOMAIN, "domain" },
	{ CLAUSE_TO, "to" },
	{ CLAUSE_MAXVALUE, "max-value" },
	{ CLAUSE_MAXFEE, "max-fee" }
};
#define NCLAUSES	(sizeof(clauses) / sizeof(clauses[0]))

static const char *
clause_name(unsigned int clause)
{
	size_t i;

	for (i = 0; i < NCLAUSES - 1; i++) {
		if (clauses[i].clause == clause)
			break;
	}
	return (clauses[i].name);
}

/* Room for one more of n items; the room doubles. */
static void *
grow(void *items, size_t n, size_t size)
{
	if ((n & (n - 1)) != 0)
		return (items);
	items = reallocarray(items, n == 0 ? 1 : n * 2, size);
	if (items == NULL)
		fatal("configuration");
	return (items);
}

/* ---- Values of lists -------------------------------------------------- */

static void
method_item(struct parser *p, const struct lexer_token *t)
{
	struct rule *rule = &p->rule->rule;

	if (strcmp(t->text, "transaction") == 0)
		rule->methods |= RULE_TRANSACTION;
	else if (strcmp(t->text, "block-payload") == 0)
		rule->methods |= RULE_PAYLOAD;
	else {
		lexer_error(p->lexer, &t->pos,
		    "method \"%s\" is not transaction or block-payload",
		    t->text);
		p->badmethod = true;
	}
}

static void
chain_item(struct parser *p, const struct lexer_token *t)
{
	struct rule *rule = &p->rule->rule;
	struct u256 chain;

	if (!parse_chain(p, t, &chain))
		return;
	rule->chains = grow(rule->chains, rule->nchains,
	    sizeof(*rule->chains));
	rule->chains[rule->nchains++] = chain;
}

static bool
parse_bytes(struct parser *p, const char *what, const struct lexer_token *t,
    uint8_t *out, size_t n)
{
	if (hex_fixed(t->text, strlen(t->text), out, n) == HEX_OK)
		return (true);
	lexer_error(p->lexer, &t->pos,
	    "%s \"%s\" is not 0x and %zu hexadecimal digits", what, t->text,
	    n * 2);
	return (false);
}

static void
domain_item(struct parser *p, const struct lexer_token *t)
{
	struct rule *rule = &p->rule->rule;
	bool any = strcmp(t->text, "any") == 0;
	uint8_t domain[HASH_SIZE];

	if (!any && !parse_bytes(p, "domain", t, domain, sizeof(domain)))
		return;
	if (!any && !payload_domain_safe(domain)) {
		lexer_error(p->lexer, &t->pos, "domain begins with byte "
		    "%02x: a transaction can begin so", domain[0]);
		return;
	}
	if ((rule->has & RULE_ANYDOMAIN) != 0 || (any && rule->ndomains > 0))
		lexer_error(p->lexer, &t->pos, "domain any must stand alone");
	else if (any)
		rule->has |= RULE_ANYDOMAIN;
	else {
		rule->domains = grow(rule->domains, rule->ndomains,
		    sizeof(*rule->domains));
		memcpy(rule->domains[rule->ndomains++], domain,
		    sizeof(domain));
	}
}

static void
to_item(struct parser *p, const struct lexer_token *t)
{
	struct rule *rule = &p->rule->rule;
	uint8_t to[ADDRESS_SIZE];

	if (!parse_bytes(p, "to", t, to, sizeof(to)))
		return;
	rule->to = grow(rule->to, rule->nto, sizeof(*rule->to));
	memcpy(rule->to[rule->nto++], to, sizeof(to));
}

/* ---- Clauses ---------------------------------------------------------- */

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
	p->rulepos = *pos;
	p->clauses = 0;
	p->badmethod = false;
}

bool
parser_clause(struct parser *p, unsigned int clause,
    const struct lexer_pos *pos)
{
	p->item = parser_ignore;
	if ((p->clauses & clause) != 0) {
		lexer_error(p->lexer, pos, "%s repeated in a rule",
		    clause_name(clause));
		return (false);
	}
	p->clauses |= clause;
	switch (clause) {
	case CLAUSE_METHOD:
		p->item = method_item;
		break;
	case CLAUSE_CHAIN:
		p->item = chain_item;
		break;
	case CLAUSE_DOMAIN:
		p->item = domain_item;
		break;
	case CLAUSE_TO:
		p->rule->rule.has |= RULE_TO;
		p->item = to_item;
		break;
	default:
		break;
	}
	return (true);
}

/* Others never reach the policy: a certificate cannot have them. */
static bool
is_printable(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text < 0x20 || *text > 0x7e)
			return (false);
	}
	return (true);
}

void
parser_client(struct parser *p, const struct lexer_token *t)
{
	struct rule *rule = &p->rule->rule;
	char *name;

	if (!parser_clause(p, CLAUSE_CLIENT, &t->pos))
		return;
	name = parser_text(p, t, "client name", CLIENT_MAX);
	if (name == NULL)
		return;
	if (!is_printable(name))
		lexer_error(p->lexer, &t->pos,
		    "client name is not printable ASCII");
	memcpy(rule->client, name, strlen(name) + 1);
	free(name);
}

void
parser_rulekey(struct parser *p, const struct lexer_token *t)
{
	if (parser_clause(p, CLAUSE_KEY, &t->pos))
		p->rule->keyname = parser_text(p, t, "key name",
		    CONFIG_NAME_MAX);
}

void
parser_amount(struct parser *p, unsigned int clause,
    const struct lexer_token *value, const struct lexer_token *unit)
{
	struct rule *rule = &p->rule->rule;
	bool fee = clause == CLAUSE_MAXFEE;

	if (!parser_clause(p, clause, &value->pos))
		return;
	rule->has |= fee ? RULE_MAXFEE : RULE_MAXVALUE;
	parse_amount(p, clause_name(clause), value, unit,
	    fee ? &rule->max_fee : &rule->max_value);
}

/* ---- The rule as a whole ---------------------------------------------- */

static void
check_method(struct parser *p)
{
	static const unsigned int of_transactions[] = {
		CLAUSE_TO, CLAUSE_MAXVALUE, CLAUSE_MAXFEE
	};
	const struct rule *rule = &p->rule->rule;
	size_t i;

	if ((rule->methods & RULE_PAYLOAD) != 0 &&
	    (p->clauses & CLAUSE_CHAIN) == 0)
		lexer_error(p->lexer, &p->rulepos,
		    "block-payload needs a chain");
	if ((rule->methods & RULE_PAYLOAD) == 0 &&
	    (p->clauses & CLAUSE_DOMAIN) != 0)
		lexer_error(p->lexer, &p->rulepos,
		    "domain has no meaning without block-payload");
	for (i = 0; i < sizeof(of_transactions) / sizeof(of_transactions[0]);
	    i++) {
		if ((rule->methods & RULE_TRANSACTION) == 0 &&
		    (p->clauses & of_transactions[i]) != 0)
			lexer_error(p->lexer, &p->rulepos,
			    "%s has no meaning without transaction",
			    clause_name(of_transactions[i]));
	}
}

static void
check_rule(struct parser *p)
{
	if ((p->clauses & CLAUSE_CLIENT) == 0)
		lexer_error(p->lexer, &p->rulepos, "a rule needs a client");
	if ((p->clauses & CLAUSE_KEY) == 0)
		lexer_error(p->lexer, &p->rulepos, "a rule needs a key");
	if ((p->clauses & CLAUSE_METHOD) == 0)
		p->rule->rule.methods = RULE_METHODS;
	/* What a faulty list of methods would have meant is not known. */
	if (!p->badmethod && p->rule->rule.methods != 0)
		check_method(p);
}

void
parser_rule_end(struct parser *p)
{
	if (p->rule == NULL)
		return;
	check_rule(p);
	if (p->conf->nrules == KEYD_MAXRULES) {
		if (!p->toomany)
			lexer_error(p->lexer, &p->rulepos, "over %d rules",
			    KEYD_MAXRULES);
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
config_rule_free(struct config_rule *rule)
{
	if (rule == NULL)
		return;
	rule_clear(&rule->rule);
	free(rule->keyname);
	free(rule);
}
