/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

%{
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "signerd/parse.h"

#ifdef EXAMPLEDIR
#define EXAMPLE	"an example is " EXAMPLEDIR "/signerd.conf"
#else
#define EXAMPLE	NULL
#endif

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
static void	 empty_list(void);
static void	 hold(const struct held *);
static void	 release(void);
%}

%union {
	unsigned int			 number;
	const struct lexer_token	*string;
}

%token	<string> ALLOW CHROOT KEY KEYD LISTEN LOG MAX TIMEOUT TLS USER
%token	<string> CA CERTIFICATE CHAIN CLIENT CRL DOMAIN KEYFILE MAXFEE MAXVALUE
%token	<string> METHOD ON PORT PROTOCOLS TO
%token	<string> STRING WORD UNIT
%token	BAD
%type	<string> name settingname string unit
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
		| KEYD USER string '\n'		{ parser_keyduser(parser, $3); }
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

settings	: settinglist
		| '{' settinglist comma '}'
		| '{' '}'			{ empty_list(); }
		;

settinglist	: setting
		| settinglist comma setting
		;

setting		: name string unit		{
			struct held h = { $1, 0, $2, $3 };

			hold(&h);
		}
		;

name		: settingname			{
			release();
			$$ = $1;
		}
		;

settingname	: WORD
		| KEYD
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
		| '{' '}'			{ empty_list(); }
		;

valuelist	: value
		| valuelist comma value
		;

value		: string			{ parser->item(parser, $1); }
		;

string		: STRING
		| WORD
		| KEYD
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
	const char	*form;		/* of the statement that it begins */
} keywords[] = {
	/* Sorted. */
	{ "KiB",		UNIT,		NULL },
	{ "MiB",		UNIT,		NULL },
	{ "allow",		ALLOW,
	    "allow client NAME key NAME [CLAUSE ...]" },
	{ "bytes",		UNIT,		NULL },
	{ "ca",			CA,		NULL },
	{ "certificate",	CERTIFICATE,	NULL },
	{ "chain",		CHAIN,		NULL },
	{ "chroot",		CHROOT,		"chroot DIRECTORY" },
	{ "client",		CLIENT,		NULL },
	{ "crl",		CRL,		NULL },
	{ "domain",		DOMAIN,		NULL },
	{ "ether",		UNIT,		NULL },
	{ "file",		KEYFILE,	NULL },
	{ "gwei",		UNIT,		NULL },
	{ "include",		WORD,		"include FILE" },
	{ "key",		KEY,		"key NAME file FILE" },
	{ "keyd",		KEYD,		"keyd user NAME" },
	{ "listen",		LISTEN,
	    "listen on ADDRESS port NUMBER" },
	{ "log",		LOG,
	    "log { format logfmt|json level error|warn|info|debug "
	    "rate NUMBER }" },
	{ "max",		MAX,		"max { NAME NUMBER ... }" },
	{ "max-fee",		MAXFEE,		NULL },
	{ "max-value",		MAXVALUE,	NULL },
	{ "method",		METHOD,		NULL },
	{ "min",		UNIT,		NULL },
	{ "ms",			UNIT,		NULL },
	{ "on",			ON,		NULL },
	{ "port",		PORT,		NULL },
	{ "protocols",		PROTOCOLS,	NULL },
	{ "s",			UNIT,		NULL },
	{ "timeout",		TIMEOUT,
	    "timeout { NAME NUMBER UNIT ... }" },
	{ "tls",		TLS,
	    "tls ca FILE, tls certificate FILE key FILE, tls crl FILE or "
	    "tls protocols LIST" },
	{ "to",			TO,		NULL },
	{ "user",		USER,		"user NAME" },
	{ "wei",		UNIT,		NULL }
};
#define NKEYWORDS	(sizeof(keywords) / sizeof(keywords[0]))

static int
compare(const void *name, const void *keyword)
{
	return (strcmp(name, ((const struct keyword *)keyword)->name));
}

static const struct keyword *
find_keyword(const char *name)
{
	return (bsearch(name, keywords, NKEYWORDS, sizeof(keywords[0]),
	    compare));
}

/* For the lexer; keyd is also a timeout, which may begin a line in braces. */
static bool
starts(const char *word)
{
	const struct keyword *k = find_keyword(word);

	return (k != NULL && k->form != NULL && k->token != KEYD);
}

/* The keyword that begins the statement, or NULL. */
static const struct keyword *
statement_keyword(void)
{
	const struct keyword *k = NULL;

	if (parser->first->kind == LEXER_WORD)
		k = find_keyword(parser->first->text);
	return (k == NULL || k->form == NULL ? NULL : k);
}

/*
 * A word of our grammar's or of nobody's.  After the number of something that
 * has units, on the same line, an unknown word is meant as one.
 */
static int
word_number(const struct lexer_token *t)
{
	const struct keyword *k = find_keyword(t->text);
	const struct lexer_token *value = parser->recent[1].t;
	const struct lexer_token *name = parser->recent[2].t;
	const char *fraction;
	size_t whole;
	int number;

	if (k != NULL)
		return (k->token);
	if (value == NULL || name == NULL || value->pos.line != t->pos.line ||
	    !isalpha((unsigned char)t->text[0]) ||
	    !decimal_split(value->text, &whole, &fraction))
		return (WORD);
	number = parser->recent[2].number;
	if (number == MAXFEE || number == MAXVALUE)
		return (UNIT);
	k = statement_keyword();
	if (k != NULL && (k->token == MAX || k->token == TIMEOUT) &&
	    setting_unit(k->name, name->text, t->text))
		return (UNIT);
	return (WORD);
}

static int
token_number(const struct lexer_token *t)
{
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
		return (word_number(t));
	case LEXER_BAD:
		break;
	}
	return (BAD);
}

static int
yylex(void)
{
	const struct lexer_token *t;

	t = lexer_next(parser->lexer);
	if (t->first) {
		parser->first = t;
		memset(parser->recent, 0, sizeof(parser->recent));
	}
	parser->recent[2] = parser->recent[1];
	parser->recent[1] = parser->recent[0];
	parser->recent[0].t = t;
	parser->recent[0].number = token_number(t);
	yylval.string = t;
	return (parser->recent[0].number);
}

/*
 * What the statement at fault would have said cannot be missed later.  If it
 * is not known what statement it is, this can be any.
 */
static unsigned int
broken_statements(const struct keyword *k)
{
	if (k == NULL)
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

static void
unknown_statement(const struct lexer_token *t)
{
	const struct keyword *best = NULL;
	unsigned int least = 0, n;
	size_t i;

	for (i = 0; i < NKEYWORDS; i++) {
		if (keywords[i].form == NULL)
			continue;
		n = parser_resembles(t->text, keywords[i].name);
		if (n > 0 && (best == NULL || n < least)) {
			best = &keywords[i];
			least = n;
		}
	}
	if (best == NULL)
		lexer_error(parser->lexer, &t->pos,
		    "unknown statement \"%s\"", t->text);
	else
		lexer_error(parser->lexer, &t->pos, "unknown statement "
		    "\"%s\": did you mean \"%s\"?", t->text, best->name);
}

/* A second value after one that stands alone. */
static bool
lacks_braces(void)
{
	const struct lexer_token *t = parser->recent[0].t;

	if (t->kind != LEXER_WORD && t->kind != LEXER_STRING &&
	    parser->recent[0].number != ',')
		return (false);
	if (find_keyword(t->text) != NULL)
		return (false);
	switch (parser->recent[2].number) {
	case CHAIN:
	case DOMAIN:
	case METHOD:
	case PROTOCOLS:
	case TO:
		return (parser->recent[1].t->kind == LEXER_WORD ||
		    parser->recent[1].t->kind == LEXER_STRING);
	default:
		return (false);
	}
}

static void
syntax_error(const struct lexer_token *t, const struct keyword *k)
{
	const char *colon = k == NULL ? "" : ": expected: ";
	const char *form = k == NULL ? "" : k->form;

	if (t->kind == LEXER_NEWLINE || t->kind == LEXER_END)
		lexer_error(parser->lexer, &t->pos,
		    "syntax error at the end of the line%s%s", colon, form);
	else if (lacks_braces())
		lexer_error(parser->lexer, &t->pos, "syntax error at \"%s\": "
		    "a list needs braces: %s { %s ... }", t->text,
		    parser->recent[2].t->text, parser->recent[1].t->text);
	else
		lexer_error(parser->lexer, &t->pos,
		    "syntax error at \"%s\"%s%s", t->text, colon, form);
}

/* One message a statement: the rest of it is skipped. */
static void
yyerror(const char *message)
{
	const struct lexer_token *t = parser->recent[0].t;
	const struct keyword *k = statement_keyword();

	(void)message;
	if (t->first && t->kind == LEXER_WORD && k == NULL)
		unknown_statement(t);
	else if (t->kind != LEXER_BAD)
		syntax_error(t, k);
	parser->broken |= broken_statements(k);
	lexer_recover(parser->lexer);
}

static void
empty_list(void)
{
	lexer_error(parser->lexer, &parser->recent[0].t->pos, "empty list");
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
	p.lexer = lexer_open(path, starts, EXAMPLE);
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
