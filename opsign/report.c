/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/hex.h"
#include "opsign/report.h"

static const char *const status_names[] = {
	[STATUS_OK] = "ok",
	[STATUS_REFUSED] = "refused",
	[STATUS_USAGE] = "usage",
	[STATUS_UNREACHABLE] = "unreachable",
	[STATUS_BUSY] = "busy",
	[STATUS_INVALID] = "invalid"
};

static bool
for_people(const struct report *r)
{
	return (!r->settings->json && !r->settings->quiet);
}

void
report_begin(struct report *r, const struct settings *s, const char *command)
{
	r->settings = s;
	if ((r->root = cJSON_CreateObject()) == NULL)
		errx(STATUS_USAGE, "out of memory");
	report_text(r, "command", NULL, command);
	report_text(r, "endpoint", "endpoint", s->url);
}

void
report_line(struct report *r, const char *label, const char *fmt, ...)
{
	va_list ap;

	if (!for_people(r))
		return;
	printf("%-12s ", label);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

void
report_text(struct report *r, const char *name, const char *label,
    const char *text)
{
	if (name != NULL)
		cJSON_AddStringToObject(r->root, name, text);
	if (label == NULL || !for_people(r))
		return;
	printf("%-12s ", label);
	/* It may be a server's: to a terminal it is not to say more. */
	for (; *text != '\0'; text++)
		putchar(*text < 0x20 || *text > 0x7e ? '?' : *text);
	putchar('\n');
}

/* "0x" and the digits; to be freed. */
static char *
to_hex(const uint8_t *p, size_t len)
{
	char *text;

	if ((text = malloc(2 * len + 3)) == NULL)
		errx(STATUS_USAGE, "out of memory");
	text[0] = '0';
	text[1] = 'x';
	hex_encode(text + 2, p, len);
	text[2 * len + 2] = '\0';
	return (text);
}

void
report_bytes(struct report *r, const char *name, const char *label,
    const uint8_t *p, size_t len)
{
	char *text = to_hex(p, len);

	report_text(r, name, label, text);
	free(text);
}

void
report_result(struct report *r, const char *name, const char *label,
    const uint8_t *p, size_t len)
{
	char *text = to_hex(p, len);

	report_text(r, name, label, text);
	if (r->settings->quiet && !r->settings->json)
		puts(text);
	free(text);
}

void
report_u256(struct report *r, const char *name, const char *label,
    const struct u256 *n)
{
	char hex[HEX_QUANTITYSIZE], dec[U256_DECSIZE];

	hex_from_quantity(hex, n);
	u256_to_dec(n, dec);
	report_text(r, name, NULL, hex);
	if (label != NULL)
		report_line(r, label, "%s", dec);
}

void
report_number(struct report *r, const char *name, double n)
{
	cJSON_AddNumberToObject(r->root, name, n);
}

void
report_bool(struct report *r, const char *name, bool b)
{
	cJSON_AddBoolToObject(r->root, name, b);
}

static void
add_fault(struct report *r, const struct fault *f)
{
	const char *advice = fault_advice(f);
	cJSON *error;

	if ((error = cJSON_AddObjectToObject(r->root, "error")) == NULL)
		return;
	cJSON_AddStringToObject(error, "kind", fault_name(f->kind));
	if (f->code != 0)
		cJSON_AddNumberToObject(error, "code", f->code);
	cJSON_AddStringToObject(error, "message", f->text);
	if (f->retry_after != -1)
		cJSON_AddNumberToObject(error, "retry_after", f->retry_after);
	if (advice != NULL)
		cJSON_AddStringToObject(error, "advice", advice);
}

static void
tell_fault(const struct fault *f)
{
	static const char *const before[FAULT_KINDS] = {
		[FAULT_CONNECT] = "no connection: ",
		[FAULT_TLS] = "no TLS: ",
		[FAULT_RPC] = "refused: ",
		[FAULT_BUSY] = "busy: ",
		[FAULT_SIGNATURE] = "the signature is wrong: "
	};
	const char *advice = fault_advice(f);
	const char *words = before[f->kind] != NULL ? before[f->kind] : "";

	fflush(stdout);
	if (f->kind == FAULT_RPC)
		warnx("%s%s (%d)", words, f->text, f->code);
	else if (f->retry_after != -1)
		warnx("%s%s (try again in %d s)", words, f->text,
		    f->retry_after);
	else
		warnx("%s%s", words, f->text);
	if (advice != NULL)
		fprintf(stderr, "%s\n", advice);
}

enum status
report_end(struct report *r, const struct fault *f)
{
	enum status status = f == NULL ? STATUS_OK : fault_status(f->kind);
	char *text;

	if (r->settings->json) {
		report_text(r, "status", NULL, status_names[status]);
		report_number(r, "exit", status);
		if (f != NULL)
			add_fault(r, f);
		if ((text = cJSON_PrintUnformatted(r->root)) == NULL)
			errx(STATUS_USAGE, "out of memory");
		puts(text);
		cJSON_free(text);
	} else if (f != NULL)
		tell_fault(f);
	cJSON_Delete(r->root);
	r->root = NULL;
	if (fflush(stdout) == EOF)
		err(STATUS_USAGE, "standard output");
	return (status);
}
