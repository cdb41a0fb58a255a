/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <string.h>

#include "common/conf_parse.h"
#include "common/hex.h"

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

void
conf_print_named(FILE *f, const char *keyword, const char *text)
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

void
conf_print_bytes(FILE *f, const char *keyword, const void *items, size_t n,
    size_t size)
{
	const uint8_t *item = items;
	size_t i;

	list_open(f, keyword, n);
	for (i = 0; i < n; i++, item += size) {
		fputc(' ', f);
		print_hex(f, item, size);
	}
	list_close(f, n);
}

void
conf_print_names(FILE *f, const char *keyword, char *const *names, size_t n)
{
	size_t i;

	list_open(f, keyword, n);
	for (i = 0; i < n; i++)
		conf_print_named(f, " ", names[i]);
	list_close(f, n);
}

void
conf_print_chains(FILE *f, const struct rule *rule)
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

void
conf_print_methods(FILE *f, const struct rule *rule)
{
	if (rule->methods == RULE_METHODS)
		fputs(" method { transaction block-payload }", f);
	else
		fprintf(f, " method %s", rule->methods == RULE_PAYLOAD ?
		    "block-payload" : "transaction");
}

static void
print_domains(FILE *f, const struct rule *rule)
{
	static const uint8_t zeros[HASH_SIZE];

	if ((rule->has & RULE_ANYDOMAIN) != 0)
		fputs(" domain any", f);
	else if (rule->ndomains == 0)
		conf_print_bytes(f, "domain", zeros, 1, HASH_SIZE);
	else
		conf_print_bytes(f, "domain", rule->domains, rule->ndomains,
		    HASH_SIZE);
}

static void
print_amount(FILE *f, const char *keyword, const struct u256 *amount)
{
	char text[AMOUNT_STRSIZE];

	conf_amount_format(amount, text);
	fprintf(f, " %s %s", keyword, text);
}

void
conf_print_clauses(FILE *f, const struct rule *rule)
{
	conf_print_methods(f, rule);
	conf_print_chains(f, rule);
	if ((rule->methods & RULE_PAYLOAD) != 0)
		print_domains(f, rule);
	if ((rule->has & RULE_TO) != 0)
		conf_print_bytes(f, "to", rule->to, rule->nto, ADDRESS_SIZE);
	if ((rule->has & RULE_MAXVALUE) != 0)
		print_amount(f, "max-value", &rule->max_value);
	if ((rule->has & RULE_MAXFEE) != 0)
		print_amount(f, "max-fee", &rule->max_fee);
}

void
conf_print_control(FILE *f, const struct conf_control *control)
{
	if (control->off)
		fputs("control off\n", f);
	if (control->path == NULL)
		return;
	conf_print_named(f, "control ", control->path);
	fputc('\n', f);
}

void
conf_print_tls(FILE *f, const char *separator, const struct conf_file *ca,
    const struct conf_file *cert, const struct conf_file *key,
    const struct conf_file *crl)
{
	if (ca->path != NULL) {
		fputs(separator, f);
		conf_print_named(f, "tls ca ", ca->path);
	}
	if (cert->path != NULL) {
		fputs(separator, f);
		conf_print_named(f, "tls certificate ", cert->path);
		conf_print_named(f, " key ", key->path);
	}
	if (crl->path != NULL) {
		fputs(separator, f);
		conf_print_named(f, "tls crl ", crl->path);
	}
}

void
conf_print_settings(FILE *f, const struct conf_settings *settings,
    const void *config)
{
	char text[SETTING_STRSIZE];
	const struct conf_setting *s = settings->list;
	const struct conf_setting *end = s + settings->n;

	fputs("log {", f);
	for (; s < end && strcmp(s->group, "log") == 0; s++) {
		conf_setting_format(s, config, text);
		fprintf(f, " %s %s", s->name, text);
	}
	fputs(" }\n", f);
	for (; s < end; s++) {
		if (conf_setting_format(s, config, text))
			fprintf(f, "%s %s %s\n", s->group, s->name, text);
	}
}
