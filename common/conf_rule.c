/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdlib.h>
#include <string.h>

#include "common/conf_parse.h"
#include "common/hex.h"
#include "keyd/payload.h"

static const struct {
	unsigned int	 clause;
	const char	*name;
} clauses[] = {
	{ CLAUSE_CLIENT, "client" },
	{ CLAUSE_METHOD, "method" },
	{ CLAUSE_CHAIN, "chain" },
	{ CLAUSE_DOMAIN, "domain" },
	{ CLAUSE_TO, "to" },
	{ CLAUSE_MAXVALUE, "max-value" },
	{ CLAUSE_MAXFEE, "max-fee" },
	{ CLAUSE_KEY, "key" },
	{ CLAUSE_VIA, "via" },
	{ CLAUSE_ADDRESS, "address" },
	{ CLAUSE_SIGNER, "signer" },
	{ CLAUSE_NAME, "name" }
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

/* ---- Values of lists -------------------------------------------------- */

/* What clients call it. */
static const char *
method_hint(const char *text)
{
	if (strcmp(text, "eth_signTransaction") == 0)
		return (" (eth_signTransaction is \"transaction\")");
	if (strcmp(text, "opsigner_signBlockPayload") == 0)
		return (" (opsigner_signBlockPayload is \"block-payload\")");
	if (strcmp(text, "opsigner_signBlockPayloadV2") == 0)
		return (" (opsigner_signBlockPayloadV2 is "
		    "\"block-payload\")");
	return ("");
}

static void
method_item(struct conf_parser *p, const struct lexer_token *t)
{
	struct rule *rule = p->rule;

	if (strcmp(t->text, "transaction") == 0)
		rule->methods |= RULE_TRANSACTION;
	else if (strcmp(t->text, "block-payload") == 0)
		rule->methods |= RULE_PAYLOAD;
	else {
		lexer_error(p->lexer, &t->pos, "method \"%s\" is not "
		    "transaction or block-payload%s", t->text,
		    method_hint(t->text));
		p->badmethod = true;
	}
}

static void
chain_item(struct conf_parser *p, const struct lexer_token *t)
{
	struct rule *rule = p->rule;
	struct u256 chain;

	if (!conf_parse_chain(p, t, &chain))
		return;
	rule->chains = conf_grow(rule->chains, rule->nchains,
	    sizeof(*rule->chains));
	rule->chains[rule->nchains++] = chain;
}

static bool
parse_bytes(struct conf_parser *p, const char *what,
    const struct lexer_token *t, uint8_t *out, size_t n)
{
	if (hex_fixed(t->text, strlen(t->text), out, n) == HEX_OK)
		return (true);
	lexer_error(p->lexer, &t->pos,
	    "%s \"%s\" is not 0x and %zu hexadecimal digits", what, t->text,
	    n * 2);
	return (false);
}

static void
domain_item(struct conf_parser *p, const struct lexer_token *t)
{
	struct rule *rule = p->rule;
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
		rule->domains = conf_grow(rule->domains, rule->ndomains,
		    sizeof(*rule->domains));
		memcpy(rule->domains[rule->ndomains++], domain,
		    sizeof(domain));
	}
}

void
conf_add_address(struct conf_parser *p, const char *what,
    const struct lexer_token *t, uint8_t (**list)[ADDRESS_SIZE], size_t *n)
{
	uint8_t address[ADDRESS_SIZE];

	if (!parse_bytes(p, what, t, address, sizeof(address)))
		return;
	*list = conf_grow(*list, *n, sizeof(**list));
	memcpy((*list)[(*n)++], address, sizeof(address));
}

static void
to_item(struct conf_parser *p, const struct lexer_token *t)
{
	conf_add_address(p, "to", t, &p->rule->to, &p->rule->nto);
}

/* ---- Clauses ---------------------------------------------------------- */

void
conf_rule(struct conf_parser *p, struct rule *rule, const char *noun,
    const struct lexer_pos *pos)
{
	p->rule = rule;
	p->noun = noun;
	p->rulepos = *pos;
	p->clauses = 0;
	p->badmethod = false;
}

bool
conf_clause(struct conf_parser *p, unsigned int clause,
    const struct lexer_pos *pos)
{
	p->item = conf_ignore;
	if ((p->clauses & clause) != 0) {
		lexer_error(p->lexer, pos, "%s repeated in %s",
		    clause_name(clause), p->noun);
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
		p->rule->has |= RULE_TO;
		p->item = to_item;
		break;
	default:
		break;
	}
	return (true);
}

/* Printable: a certificate cannot have other names. */
void
conf_client(struct conf_parser *p, const struct lexer_token *t)
{
	if (conf_clause(p, CLAUSE_CLIENT, &t->pos))
		conf_ascii(p, t, "client name", p->rule->client, CLIENT_MAX);
}

void
conf_amount(struct conf_parser *p, unsigned int clause,
    const struct lexer_token *value, const struct lexer_token *unit)
{
	struct rule *rule = p->rule;
	struct lexer_token *number = NULL, *own = NULL;
	bool fee = clause == CLAUSE_MAXFEE;

	if (!conf_clause(p, clause, &value->pos))
		return;
	rule->has |= fee ? RULE_MAXFEE : RULE_MAXVALUE;
	if (unit == NULL && conf_number_split(value, &number, &own)) {
		value = number;
		unit = own;
	}
	conf_parse_amount(p, clause_name(clause), value, unit,
	    fee ? &rule->max_fee : &rule->max_value);
	free(number);
	free(own);
}

/* ---- The rule as a whole ---------------------------------------------- */

static void
check_method(struct conf_parser *p)
{
	static const unsigned int of_transactions[] = {
		CLAUSE_TO, CLAUSE_MAXVALUE, CLAUSE_MAXFEE
	};
	const struct rule *rule = p->rule;
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

void
conf_need_clause(struct conf_parser *p, unsigned int clause)
{
	if ((p->clauses & clause) == 0)
		lexer_error(p->lexer, &p->rulepos, "%s needs a%s %s", p->noun,
		    clause == CLAUSE_ADDRESS ? "n" : "", clause_name(clause));
}

static void
default_methods(struct conf_parser *p)
{
	if ((p->clauses & CLAUSE_METHOD) == 0)
		p->rule->methods = RULE_METHODS;
}

void
conf_rule_check(struct conf_parser *p)
{
	default_methods(p);
	/* What a faulty list of methods would have meant is not known. */
	if (!p->badmethod && p->rule->methods != 0)
		check_method(p);
}

/* ---- What is odd ------------------------------------------------------ */

static int
compare_lists(const void *a, size_t na, const void *b, size_t nb, size_t size)
{
	if (na != nb)
		return (na < nb ? -1 : 1);
	return (na == 0 ? 0 : memcmp(a, b, na * size));
}

/* Any order, in which those that say the same are equal. */
static int
compare_rules(const struct rule *a, const struct rule *b)
{
	int n;

	if (a->via != b->via)
		return (a->via < b->via ? -1 : 1);
	if ((n = strcmp(a->client, b->client)) != 0)
		return (n);
	if (a->key != b->key)
		return (a->key < b->key ? -1 : 1);
	if (a->methods != b->methods)
		return (a->methods < b->methods ? -1 : 1);
	if (a->has != b->has)
		return (a->has < b->has ? -1 : 1);
	if ((n = compare_lists(a->chains, a->nchains, b->chains, b->nchains,
	    sizeof(*a->chains))) != 0)
		return (n);
	if ((n = compare_lists(a->domains, a->ndomains, b->domains,
	    b->ndomains, sizeof(*a->domains))) != 0)
		return (n);
	if ((n = compare_lists(a->to, a->nto, b->to, b->nto,
	    sizeof(*a->to))) != 0)
		return (n);
	if ((n = u256_cmp(&a->max_value, &b->max_value)) != 0)
		return (n);
	return (u256_cmp(&a->max_fee, &b->max_fee));
}

static int
compare_said(const struct conf_said *a, const struct conf_said *b)
{
	size_t i;
	int n = compare_rules(a->rule, b->rule);

	for (i = 0; n == 0 && i < sizeof(a->own) / sizeof(a->own[0]); i++)
		n = compare_lists(a->own[i].items, a->own[i].size,
		    b->own[i].items, b->own[i].size, 1);
	return (n);
}

static int
by_content(const void *a, const void *b)
{
	const struct conf_said *r = a, *s = b;
	int n = compare_said(r, s);

	/* Equal ones in the order of the file. */
	if (n != 0 || r->pos.order == s->pos.order)
		return (n);
	return (r->pos.order < s->pos.order ? -1 : 1);
}

static void
warn_repeated(struct conf_parser *p, struct conf_said *said, size_t n)
{
	const struct conf_said *first;
	size_t i;

	qsort(said, n, sizeof(*said), by_content);
	for (i = 1, first = &said[0]; i < n; i++) {
		if (compare_said(first, &said[i]) != 0) {
			first = &said[i];
			continue;
		}
		lexer_warn(p->lexer, &said[i].pos, "the same rule as that of "
		    "%s:%d, never used", first->pos.file, first->pos.line);
	}
}

void
conf_name_warn(struct conf_parser *p, const char *what, const char *name,
    const struct lexer_pos *pos)
{
	size_t len = strlen(name);
	bool upper = false;
	const char *c;

	for (c = name; *c != '\0'; c++) {
		if (*c >= 'A' && *c <= 'Z')
			upper = true;
	}
	if (strchr(name, '*') != NULL)
		lexer_warn(p->lexer, pos, "%s \"%s\": \"*\" is no "
		    "wildcard: names are compared byte for byte", what, name);
	if (upper)
		lexer_warn(p->lexer, pos, "%s \"%s\" has upper-case "
		    "letters: names are compared byte for byte", what, name);
	if (len > 0 && (name[len - 1] == '.' || name[len - 1] == ' '))
		lexer_warn(p->lexer, pos, "%s \"%s\" ends with a %s: "
		    "names are compared byte for byte", what, name,
		    name[len - 1] == '.' ? "dot" : "space");
}

void
conf_rules_warn(struct conf_parser *p, struct conf_said *said, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		conf_name_warn(p, "client", said[i].rule->client,
		    &said[i].pos);
	if (n > 0)
		warn_repeated(p, said, n);
}
