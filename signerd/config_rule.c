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
method_item(struct parser *p, const struct lexer_token *t)
{
	struct rule *rule = &p->rule->rule;

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
	struct lexer_token *number = NULL, *own = NULL;
	bool fee = clause == CLAUSE_MAXFEE;

	if (!parser_clause(p, clause, &value->pos))
		return;
	rule->has |= fee ? RULE_MAXFEE : RULE_MAXVALUE;
	if (unit == NULL && number_split(value, &number, &own)) {
		value = number;
		unit = own;
	}
	parse_amount(p, clause_name(clause), value, unit,
	    fee ? &rule->max_fee : &rule->max_value);
	free(number);
	free(own);
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
by_content(const void *a, const void *b)
{
	const struct config_rule *const *r = a, *const *s = b;
	int n = compare_rules(&(*r)->rule, &(*s)->rule);

	/* Equal ones in the order of the file. */
	if (n != 0 || (*r)->order == (*s)->order)
		return (n);
	return ((*r)->order < (*s)->order ? -1 : 1);
}

static struct lexer_pos
rule_pos(const struct config_rule *rule)
{
	struct lexer_pos pos;

	pos.file = rule->conf;
	pos.line = rule->line;
	pos.order = rule->order;
	return (pos);
}

static void
warn_repeated(struct parser *p)
{
	const struct config_rule **sorted, *rule, *first;
	struct lexer_pos pos;
	size_t i, n = 0;

	sorted = reallocarray(NULL, p->conf->nrules, sizeof(*sorted));
	if (sorted == NULL)
		fatal("configuration");
	STAILQ_FOREACH(rule, &p->conf->rules, entry)
		sorted[n++] = rule;
	qsort(sorted, n, sizeof(*sorted), by_content);
	for (i = 1, first = sorted[0]; i < n; i++) {
		rule = sorted[i];
		if (compare_rules(&first->rule, &rule->rule) != 0) {
			first = rule;
			continue;
		}
		pos = rule_pos(rule);
		lexer_warn(p->lexer, &pos, "the same rule as that of %s:%d, "
		    "never used", first->conf, first->line);
	}
	free(sorted);
}

static void
warn_client(struct parser *p, const struct config_rule *rule)
{
	const char *name = rule->rule.client, *c;
	struct lexer_pos pos = rule_pos(rule);
	size_t len = strlen(name);
	bool upper = false;

	for (c = name; *c != '\0'; c++) {
		if (*c >= 'A' && *c <= 'Z')
			upper = true;
	}
	if (strchr(name, '*') != NULL)
		lexer_warn(p->lexer, &pos, "client \"%s\": \"*\" is no "
		    "wildcard: names are compared byte for byte", name);
	if (upper)
		lexer_warn(p->lexer, &pos, "client \"%s\" has upper-case "
		    "letters: names are compared byte for byte", name);
	if (len > 0 && (name[len - 1] == '.' || name[len - 1] == ' '))
		lexer_warn(p->lexer, &pos, "client \"%s\" ends with a %s: "
		    "names are compared byte for byte", name,
		    name[len - 1] == '.' ? "dot" : "space");
}

void
rules_check(struct parser *p)
{
	const struct config_rule *rule;

	if (p->conf->nrules == 0)
		return;
	STAILQ_FOREACH(rule, &p->conf->rules, entry)
		warn_client(p, rule);
	warn_repeated(p);
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
