/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include "common/hex.h"
#include "signerd/parse.h"

static void
print_string(FILE *f, const char *text)
{
	fputc('"', f);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', f);
		fputc(*text, f);
	}
	fputc('"', f);
}

/* A keyword and a string, with blanks around them as they come. */
static void
print_named(FILE *f, const char *keyword, const char *text)
{
	fputs(keyword, f);
	print_string(f, text);
}

static void
print_hex(FILE *f, const uint8_t *bytes, size_t n)
{
	char digits[2 * HASH_SIZE];

	hex_encode(digits, bytes, n);
	fprintf(f, "0x%.*s", (int)(2 * n), digits);
}

/* A list of one stands without braces. */
static void
list_open(FILE *f, const char *keyword, size_t n)
{
	fprintf(f, " %s%s", keyword, n == 1 ? "" : " {");
}

static void
list_close(FILE *f, size_t n)
{
	if (n != 1)
		fputs(" }", f);
}

static void
print_chains(FILE *f, const struct rule *rule)
{
	char digits[U256_DECSIZE];
	size_t i;

	if (rule->nchains == 0)
		return;
	list_open(f, "chain", rule->nchains);
	for (i = 0; i < rule->nchains; i++) {
		u256_to_dec(&rule->chains[i], digits);
		fprintf(f, " %s", digits);
	}
	list_close(f, rule->nchains);
}

static void
print_domains(FILE *f, const struct rule *rule)
{
	static const uint8_t zeros[HASH_SIZE];
	size_t i;

	if ((rule->has & RULE_ANYDOMAIN) != 0) {
		fputs(" domain any", f);
		return;
	}
	if (rule->ndomains == 0) {
		fputs(" domain ", f);
		print_hex(f, zeros, sizeof(zeros));
		return;
	}
	list_open(f, "domain", rule->ndomains);
	for (i = 0; i < rule->ndomains; i++) {
		fputc(' ', f);
		print_hex(f, rule->domains[i], HASH_SIZE);
	}
	list_close(f, rule->ndomains);
}

static void
print_to(FILE *f, const struct rule *rule)
{
	size_t i;

	list_open(f, "to", rule->nto);
	for (i = 0; i < rule->nto; i++) {
		fputc(' ', f);
		print_hex(f, rule->to[i], ADDRESS_SIZE);
	}
	list_close(f, rule->nto);
}

static void
print_amount(FILE *f, const char *keyword, const struct u256 *amount)
{
	char text[AMOUNT_STRSIZE];

	amount_format(amount, text);
	fprintf(f, " %s %s", keyword, text);
}

static void
print_rule(FILE *f, const struct config_rule *r)
{
	const struct rule *rule = &r->rule;

	print_named(f, "allow client ", rule->client);
	print_named(f, " key ", r->keyname);
	if (rule->methods == RULE_METHODS)
		fputs(" method { transaction block-payload }", f);
	else
		fprintf(f, " method %s", rule->methods == RULE_PAYLOAD ?
		    "block-payload" : "transaction");
	print_chains(f, rule);
	if ((rule->methods & RULE_PAYLOAD) != 0)
		print_domains(f, rule);
	if ((rule->has & RULE_TO) != 0)
		print_to(f, rule);
	if ((rule->has & RULE_MAXVALUE) != 0)
		print_amount(f, "max-value", &rule->max_value);
	if ((rule->has & RULE_MAXFEE) != 0)
		print_amount(f, "max-fee", &rule->max_fee);
	fputc('\n', f);
}

static void
print_tls(FILE *f, const struct config *conf)
{
	print_named(f, "tls ca ", conf->ca.path);
	print_named(f, "\ntls certificate ", conf->cert.path);
	print_named(f, " key ", conf->key.path);
	if (conf->crl.path != NULL)
		print_named(f, "\ntls crl ", conf->crl.path);
	print_named(f, "\ntls protocols ", conf->protocols);
	fputc('\n', f);
}

static void
print_settings(FILE *f, const struct config *conf)
{
	char text[SETTING_STRSIZE];
	const struct setting *s;
	size_t i;

	fputs("log {", f);
	for (i = 0; i < NSETTINGS && settings[i].group[0] == 'l'; i++) {
		setting_format(conf, &settings[i], text);
		fprintf(f, " %s %s", settings[i].name, text);
	}
	fputs(" }\n", f);
	for (; i < NSETTINGS; i++) {
		s = &settings[i];
		setting_format(conf, s, text);
		fprintf(f, "%s %s %s\n", s->group, s->name, text);
	}
}

void
config_print(const struct config *conf, FILE *f)
{
	const struct config_listen *listen;
	const struct config_key *key;
	const struct config_rule *rule;

	print_named(f, "user ", conf->user);
	if (conf->keyd_user != NULL)
		print_named(f, "\nkeyd user ", conf->keyd_user);
	print_named(f, "\nchroot ", conf->chroot);
	fputc('\n', f);
	STAILQ_FOREACH(listen, &conf->listens, entry)
		fprintf(f, "listen on %s port %u\n", listen->host,
		    listen->port);
	print_tls(f, conf);
	print_settings(f, conf);
	STAILQ_FOREACH(key, &conf->keys, entry) {
		print_named(f, "key ", key->name);
		print_named(f, " file ", key->file.path);
		fputc('\n', f);
	}
	STAILQ_FOREACH(rule, &conf->rules, entry)
		print_rule(f, rule);
}
