/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

%{
#include <stdlib.h>
#include <string.h>

#include "signerd/parse.h"

/*
 * A number and its unit, or NULL, of a setting or a clause.  Whether a unit
 * follows is known from the next token, and with some yaccs only when this has
 * proved right: so the number waits for that, lest there be messages for what
 * is no more than half of a faulty statement.
 */
struct held {
	const struct lexer_token *name;		/* of a setting, or NULL */
	unsigned int		  clause;
	const struct lexer_token *value;	/* NULL: nothing is held */
	const struct lexer_token *unit;
};
static struct held	 held;

/*
 * yacc's parser is one of a process.  Everything that a statement leads to is
 * done by functions that are given this.
 */
static struct parser	*parser;

int		 yyparse(void);
static int	 yylex(void);
static void	 yyerror(const char *);
static void	 empty_list(const struct lexer_token *);
static void	 hold(const struct held *);
static void	 release(void);
%}

%union {
	unsigned int			 number;
	const struct lexer_token	*string;
}

%token	<string> ALLOW CHROOT KEY LISTEN LOG MAX TIMEOUT TLS USER
%token	<string> CA CERTIFICATE CHAIN CLIENT CRL DOMAIN KEYFILE MAXFEE MAXVALUE
%token	<string> METHOD ON PORT PROTOCOLS TO
%token	<string> STRING WORD UNIT
%token	BAD
%type	<string> name string unit
%type	<number> authority amount

%%

grammar		: /* empty */
		| grammar statement
		| grammar error '\n'		{
			held.value = NULL;
			parser_rule_drop(parser);
			yyerrok;
		}
		;

/* Nothing is done before the newline: then the statement is complete. */
statement	: USER string '\n'		{ parser_user(parser, $2); }
		| CHROOT string '\n'		{ parser_chroot(parser, $2); }
		| LISTEN ON string PORT string '\n' {
			parser_listen(parser, $3, $5);
		}
		| TLS authority string '\n'	{
			parser_tls(parser, $2, $3);
		}
		| TLS CERTIFICATE string KEY string '\n' {
			parser_certificate(parser, $3, $5);
		}
		| TLS PROTOCOLS			{
			parser_protocols(parser, &$2->pos);
		}
		  values '\n'
		| LOG				{ parser->group = "log"; }
		  settings '\n'			{ release(); }
		| MAX				{ parser->group = "max"; }
		  settings '\n'			{ release(); }
		| TIMEOUT			{ parser->group = "timeout"; }
		  settings '\n'			{ release(); }
		| KEY string KEYFILE string '\n' {
			parser_key(parser, $2, $4);
		}
		| ALLOW				{
			parser_rule(parser, &$1->pos);
		}
		  clauses '\n'			{
			release();
			parser_rule_end(parser);
		}
		;

authority	: CA				{ $$ = SINGLE_CA; }
		| CRL				{ $$ = SINGLE_CRL; }
		;

settings	: setting
		| '{' settinglist comma '}'
		| '{' '}'			{ empty_list(parser->last); }
		;

settinglist	: setting
		| settinglist comma setting
		;

setting		: name string unit		{
			struct held h = { $1, 0, $2, $3 };

			hold(&h);
		}
		;

name		: WORD				{
			release();
			$$ = $1;
		}
		;

clauses		: clause
		| clauses clause
		;

clause		: CLIENT string			{ parser_client(parser, $2); }
		| KEY string			{ parser_rulekey(parser, $2); }
		| METHOD			{
			parser_clause(parser, CLAUSE_METHOD, &$1->pos);
		}
		  values
		| CHAIN				{
			parser_clause(parser, CLAUSE_CHAIN, &$1->pos);
		}
		  values
		| DOMAIN			{
			parser_clause(parser, CLAUSE_DOMAIN, &$1->pos);
		}
		  values
		| TO				{
			parser_clause(parser, CLAUSE_TO, &$1->pos);
		}
		  values
		| amount string unit		{
			struct held h = { NULL, $1, $2, $3 };

			hold(&h);
		}
		;

amount		: MAXVALUE			{
			release();
			$$ = CLAUSE_MAXVALUE;
		}
		| MAXFEE			{
			release();
			$$ = CLAUSE_MAXFEE;
		}
		;

values		: value
		| '{' valuelist comma '}'
		| '{' '}'			{ empty_list(parser->last); }
		;

valuelist	: value
		| valuelist comma value
		;

value		: string			{ parser->item(parser, $1); }
		;

string		: STRING
		| WORD
		| UNIT
		;

unit		: /* empty */			{ $$ = NULL; }
		| UNIT
		;

comma		: /* empty */
		| ','
		;

%%

static const struct keyword {
	const char	*name;
	int		 token;
	bool		 starts;	/* a statement */
} keywords[] = {
	/* Sorted. */
	{ "KiB",		UNIT,		false },
	{ "MiB",		UNIT,		false },
	{ "allow",		ALLOW,		true },
	{ "bytes",		UNIT,		false },
	{ "ca",			CA,		false },
	{ "certificate",	CERTIFICATE,	false },
	{ "chain",		CHAIN,		false },
	{ "chroot",		CHROOT,		true },
	{ "client",		CLIENT,		false },
	{ "crl",		CRL,		false },
	{ "domain",		DOMAIN,		false },
	{ "ether",		UNIT,		false },
	{ "file",		KEYFILE,	false },
	{ "gwei",		UNIT,		false },
	{ "include",		WORD,		true },
	{ "key",		KEY,		true },
	{ "listen",		LISTEN,		true },
	{ "log",		LOG,		true },
	{ "max",		MAX,		true },
	{ "max-fee",		MAXFEE,		false },
	{ "max-value",		MAXVALUE,	false },
	{ "method",		METHOD,		false },
	{ "min",		UNIT,		false },
	{ "ms",			UNIT,		false },
	{ "on",			ON,		false },
	{ "port",		PORT,		false },
	{ "protocols",		PROTOCOLS,	false },
	{ "s",			UNIT,		false },
	{ "timeout",		TIMEOUT,	true },
	{ "tls",		TLS,		true },
	{ "to",			TO,		false },
	{ "user",		USER,		true },
	{ "wei",		UNIT,		false }
};

static int
compare(const void *name, const void *keyword)
{
	return (strcmp(name, ((const struct keyword *)keyword)->name));
}

static const struct keyword *
find_keyword(const char *name)
{
	return (bsearch(name, keywords,
	    sizeof(keywords) / sizeof(keywords[0]), sizeof(keywords[0]),
	    compare));
}

static bool
starts(const char *word)
{
	const struct keyword *k = find_keyword(word);

	return (k != NULL && k->starts);
}

static int
yylex(void)
{
	const struct lexer_token *t;
	const struct keyword *k;

	t = lexer_next(parser->lexer);
	parser->last = t;
	if (t->first)
		parser->first = t;
	yylval.string = t;
	switch (t->kind) {
	case LEXER_END:
		return (0);
	case LEXER_NEWLINE:
		return ('\n');
	case LEXER_PUNCT:
		return (t->text[0]);
	case LEXER_STRING:
		return (STRING);
	case LEXER_WORD:
		k = find_keyword(t->text);
		return (k == NULL ? WORD : k->token);
	case LEXER_BAD:
		break;
	}
	return (BAD);
}

/*
 * What the statement at fault would have said cannot be missed later.  If it
 * is not known what statement it is, this can be any.
 */
static unsigned int
broken_statements(const struct lexer_token *first)
{
	const struct keyword *k = NULL;

	if (first->kind == LEXER_WORD)
		k = find_keyword(first->text);
	if (k == NULL || !k->starts)
		return (STATEMENT_ANY);
	switch (k->token) {
	case LISTEN:
		return (STATEMENT_LISTEN);
	case TLS:
		return (STATEMENT_TLS);
	case KEY:
		return (STATEMENT_KEY);
	default:
		return (0);
	}
}

/* One message a statement: the rest of it is skipped. */
static void
yyerror(const char *message)
{
	const struct lexer_token *t = parser->last;

	(void)message;
	if (t->kind == LEXER_NEWLINE || t->kind == LEXER_END)
		lexer_error(parser->lexer, &t->pos,
		    "syntax error at the end of the line");
	else if (t->first && t->kind == LEXER_WORD && !starts(t->text))
		lexer_error(parser->lexer, &t->pos,
		    "unknown statement \"%s\"", t->text);
	else if (t->kind != LEXER_BAD)
		lexer_error(parser->lexer, &t->pos, "syntax error at \"%s\"",
		    t->text);
	parser->broken |= broken_statements(parser->first);
	lexer_recover(parser->lexer);
}

static void
empty_list(const struct lexer_token *t)
{
	lexer_error(parser->lexer, &t->pos, "empty list");
}

static void
hold(const struct held *h)
{
	held = *h;
}

static void
release(void)
{
	struct held h = held;

	held.value = NULL;
	if (h.value == NULL)
		return;
	if (h.name != NULL)
		parser_setting(parser, h.name, h.value, h.unit);
	else
		parser_amount(parser, h.clause, h.value, h.unit);
}

int
config_define(const char *definition)
{
	return (lexer_define(definition));
}

struct config *
config_parse(const char *path)
{
	struct parser p;
	struct config *conf;
	bool failed;

	memset(&p, 0, sizeof(p));
	conf = p.conf = config_new();
	p.lexer = lexer_open(path, starts);
	parser = &p;
	held.value = NULL;
	failed = yyparse() != 0;
	parser = NULL;
	parser_rule_drop(&p);
	parser_check(&p);
	lexer_report(p.lexer, stderr);
	if (lexer_nerrors(p.lexer) > 0)
		failed = true;
	lexer_close(p.lexer, &conf->names);
	if (failed) {
		config_free(conf);
		return (NULL);
	}
	return (conf);
}
