/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

%{
#include <stdlib.h>
#include <string.h>

#include "signerd/parse.h"

#ifdef EXAMPLEDIR
#define EXAMPLE	"an example is " EXAMPLEDIR "/signerd.conf"
#else
#define EXAMPLE	NULL
#endif

/*
 * yacc's parser is one of a process.  Everything that a statement leads to is
 * done by functions that are given this, or the part of it that other daemons
 * have, too.
 */
static struct parser	*parser;
static struct conf_parser *common;

int		 yyparse(void);
static int	 yylex(void);
static void	 yyerror(const char *);
%}

%union {
	unsigned int			 number;
	const struct lexer_token	*string;
}

%token	<string> ALLOW AUDIT CHROOT CONTROL KEY KEYD LISTEN LOG MAX METRICS
%token	<string> NAMESERVER PREFORK PROXY SPIN TIMEOUT TLS USER WATCH
%token	<string> CA CERTIFICATE CHAIN CLIENT CRL DOMAIN KEYFILE MAXFEE MAXVALUE
%token	<string> METHOD NAME ON PORT PROTOCOLS TO URL VIA
%token	<string> STRING WORD UNIT
%token	BAD
%type	<string> name settingname string unit
%type	<number> amount

%%

grammar		: /* empty */
		| grammar statement
		| grammar error '\n'		{
			common->held.value = NULL;
			parser_rule_drop(parser);
			parser_proxy_drop(parser);
			yyerrok;
		}
		;

/* Nothing is done before the newline: then the statement is complete. */
statement	: USER string '\n'		{
			conf_user(common, $2, SINGLE_USER, "user",
			    &parser->conf->user);
		}
		| KEYD USER string '\n'		{
			conf_user(common, $3, SINGLE_KEYDUSER, "keyd user",
			    &parser->conf->keyd_user);
		}
		| KEYD WORD string '\n'		{
			parser_keyd_word(parser, $2, $3);
		}
		| CHROOT string '\n'		{
			conf_chroot(common, $2, &parser->conf->chroot);
		}
		| AUDIT KEYFILE string '\n'	{
			parser_audit_file(parser, $3);
		}
		| AUDIT WORD '\n'		{
			parser_audit_word(parser, $2);
		}
		| CONTROL string '\n'		{
			conf_control(common, $2, &parser->conf->control);
		}
		| LISTEN ON string PORT string '\n' {
			parser_listen(parser, $3, $5);
		}
		| METRICS ON string PORT string '\n' {
			parser_metrics(parser, $3, $5);
		}
		| TLS CA string '\n'		{ conf_tls_ca(common, $3); }
		| TLS CRL string '\n'		{ conf_tls_crl(common, $3); }
		| TLS CERTIFICATE string KEY string '\n' {
			conf_tls_certificate(common, $3, $5);
		}
		| TLS PROTOCOLS			{
			conf_protocols(common, &$2->pos);
		}
		  values '\n'
		| LOG				{ common->group = "log"; }
		  settings '\n'			{ conf_release(common); }
		| MAX				{ common->group = "max"; }
		  settings '\n'			{ conf_release(common); }
		| TIMEOUT			{ common->group = "timeout"; }
		  settings '\n'			{ conf_release(common); }
		| WATCH				{ common->group = "watch"; }
		  settings '\n'			{ conf_release(common); }
		| NAMESERVER string '\n'	{
			parser_nameserver(parser, $2, NULL);
		}
		| NAMESERVER string PORT string '\n' {
			parser_nameserver(parser, $2, $4);
		}
		| PREFORK string '\n'		{
			parser_prefork(parser, $2);
		}
		| SPIN string '\n'		{
			parser_spin(parser, $2, NULL);
		}
		| SPIN string string '\n'	{
			parser_spin(parser, $2, $3);
		}
		| PROXY string '{'		{ parser_proxy(parser, $2); }
		  links '}' '\n'		{ parser_proxy_end(parser); }
		| KEY string KEYFILE string '\n' {
			parser_key(parser, $2, $4);
		}
		| ALLOW				{
			parser_rule(parser, &$1->pos);
		}
		  clauses '\n'			{
			conf_release(common);
			parser_rule_end(parser);
		}
		;

links		: /* empty */
		| links link
		;

/* What a proxy's block holds: a fault drops all of it. */
link		: URL string			{ parser_url(parser, $2); }
		| TLS CA string			{ conf_tls_ca(common, $3); }
		| TLS CRL string		{ conf_tls_crl(common, $3); }
		| TLS CERTIFICATE string KEY string {
			conf_tls_certificate(common, $3, $5);
		}
		| TLS NAME string		{ parser_tlsname(parser, $3); }
		;

settings	: settinglist
		| '{' settinglist comma '}'
		| '{' '}'			{ conf_empty_list(common); }
		;

settinglist	: setting
		| settinglist comma setting
		;

setting		: name string unit		{
			conf_hold_setting(common, $1, $2, $3);
		}
		;

name		: settingname			{
			conf_release(common);
			$$ = $1;
		}
		;

settingname	: WORD
		| KEYD
		| METRICS
		;

clauses		: clause
		| clauses clause
		;

clause		: VIA string			{ parser_via(parser, $2); }
		| CLIENT string			{ conf_client(common, $2); }
		| KEY string			{ parser_rulekey(parser, $2); }
		| METHOD			{
			conf_clause(common, CLAUSE_METHOD, &$1->pos);
		}
		  values
		| CHAIN				{
			conf_clause(common, CLAUSE_CHAIN, &$1->pos);
		}
		  values
		| DOMAIN			{
			conf_clause(common, CLAUSE_DOMAIN, &$1->pos);
		}
		  values
		| TO				{
			conf_clause(common, CLAUSE_TO, &$1->pos);
		}
		  values
		| amount string unit		{
			conf_hold_amount(common, $1, $2, $3);
		}
		;

amount		: MAXVALUE			{
			conf_release(common);
			$$ = CLAUSE_MAXVALUE;
		}
		| MAXFEE			{
			conf_release(common);
			$$ = CLAUSE_MAXFEE;
		}
		;

values		: value
		| '{' valuelist comma '}'
		| '{' '}'			{ conf_empty_list(common); }
		;

valuelist	: value
		| valuelist comma value
		;

value		: string			{ common->item(common, $1); }
		;

string		: STRING
		| WORD
		| KEYD
		| METRICS
		| UNIT
		;

unit		: /* empty */			{ $$ = NULL; }
		| UNIT
		;

comma		: /* empty */
		| ','
		;

%%

/* Sorted. */
static const struct conf_keyword keywords[] = {
	{ "KiB", UNIT, 0, NULL, 0 },
	{ "MiB", UNIT, 0, NULL, 0 },
	{ "allow", ALLOW, 0, "allow client NAME key NAME [CLAUSE ...]", 0 },
	{ "audit", AUDIT, 0, "audit file FILE or audit sync", 0 },
	{ "bytes", UNIT, 0, NULL, 0 },
	{ "ca", CA, 0, NULL, 0 },
	{ "certificate", CERTIFICATE, 0, NULL, 0 },
	{ "chain", CHAIN, CONF_LIST, NULL, 0 },
	{ "chroot", CHROOT, 0, "chroot DIRECTORY", 0 },
	{ "client", CLIENT, 0, NULL, 0 },
	{ "control", CONTROL, 0, "control FILE or control off", 0 },
	{ "crl", CRL, 0, NULL, 0 },
	{ "domain", DOMAIN, CONF_LIST, NULL, 0 },
	{ "ether", UNIT, 0, NULL, 0 },
	{ "file", KEYFILE, 0, NULL, 0 },
	{ "gwei", UNIT, 0, NULL, 0 },
	{ "include", WORD, 0, "include FILE", 0 },
	{ "key", KEY, 0, "key NAME file FILE", STATEMENT_KEY },
	/* It is also a timeout, which may begin a line in braces. */
	{ "keyd", KEYD, CONF_INBRACES, "keyd user NAME or keyd workers "
	    "NUMBER|auto", 0 },
	{ "listen", LISTEN, 0, "listen on ADDRESS port NUMBER",
	    STATEMENT_LISTEN },
	{ "log", LOG, 0, "log { format logfmt|json "
	    "level error|warn|info|debug rate NUMBER }", 0 },
	{ "max", MAX, CONF_GROUP, "max { NAME NUMBER ... }", 0 },
	{ "max-fee", MAXFEE, CONF_AMOUNT, NULL, 0 },
	{ "max-value", MAXVALUE, CONF_AMOUNT, NULL, 0 },
	{ "method", METHOD, CONF_LIST, NULL, 0 },
	/* And so is this. */
	{ "metrics", METRICS, CONF_INBRACES,
	    "metrics on ADDRESS port NUMBER", 0 },
	{ "min", UNIT, 0, NULL, 0 },
	{ "ms", UNIT, 0, NULL, 0 },
	{ "name", NAME, 0, NULL, 0 },
	{ "nameserver", NAMESERVER, 0, "nameserver ADDRESS [port NUMBER]", 0 },
	{ "on", ON, 0, NULL, 0 },
	{ "port", PORT, 0, NULL, 0 },
	{ "prefork", PREFORK, 0, "prefork NUMBER", 0 },
	{ "protocols", PROTOCOLS, CONF_LIST, NULL, 0 },
	{ "proxy", PROXY, CONF_BLOCK, "proxy NAME { url URL [tls ca FILE] "
	    "[tls certificate FILE key FILE] [tls crl FILE] [tls name NAME] }",
	    STATEMENT_PROXY },
	{ "s", UNIT, 0, NULL, 0 },
	{ "spin", SPIN, 0, "spin NUMBER us", 0 },
	{ "timeout", TIMEOUT, CONF_GROUP, "timeout { NAME NUMBER UNIT ... }",
	    0 },
	{ "tls", TLS, CONF_INBLOCK, "tls ca FILE, tls certificate FILE key "
	    "FILE, tls crl FILE or tls protocols LIST", STATEMENT_TLS },
	{ "to", TO, CONF_LIST, NULL, 0 },
	{ "url", URL, 0, NULL, 0 },
	{ "user", USER, 0, "user NAME", 0 },
	{ "via", VIA, 0, NULL, 0 },
	{ "watch", WATCH, CONF_GROUP, "watch interval NUMBER UNIT, or off",
	    0 },
	{ "wei", UNIT, 0, NULL, 0 }
};

static const struct conf_language language = {
	"signerd", keywords, sizeof(keywords) / sizeof(keywords[0]),
	WORD, STRING, UNIT, BAD, STATEMENT_ANY, &config_settings
};

/*
 * Not the key of a tls certificate, which may stand on a line of its own in a
 * proxy's block.
 */
static bool
starts(const char *word)
{
	if (strcmp(word, "key") == 0 && common->recent[1].t != NULL &&
	    common->recent[1].number == CERTIFICATE)
		return (false);
	return (conf_starts(common, word));
}

static int
yylex(void)
{
	int number = conf_lex(common);

	yylval.string = common->recent[0].t;
	return (number);
}

static void
yyerror(const char *message)
{
	conf_parser_error(common, message);
}

int
config_define(const char *definition)
{
	return (lexer_define(definition));
}

static struct config *
parse(const char *path, const struct config_started *started)
{
	struct parser p;
	struct config *conf;
	bool failed;

	memset(&p, 0, sizeof(p));
	p.started = started;
	conf = p.conf = config_new();
	conf_begin(&p.common, &language, conf,
	    lexer_open(path, starts, EXAMPLE));
	p.common.tls = config_tls(conf);
	p.common.protocols = &conf->protocols;
	parser = &p;
	common = &p.common;
	failed = yyparse() != 0;
	parser_rule_drop(&p);
	parser_proxy_drop(&p);
	parser_check(&p);
	parser = NULL;
	common = NULL;
	if (conf_end(&p.common, &conf->names) == -1)
		failed = true;
	if (failed) {
		config_free(conf);
		return (NULL);
	}
	return (conf);
}

struct config *
config_parse(const char *path)
{
	return (parse(path, NULL));
}

struct config *
config_parse_again(const char *path, const struct config_started *started)
{
	return (parse(path, started));
}
