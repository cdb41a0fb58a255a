/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "opsign/answer.h"
#include "opsign/ask.h"
#include "opsign/command.h"
#include "opsign/txargs.h"
#include "opsign/txshow.h"
#include "opsign/verify.h"

/* The request of JSON-RPC; to be freed. */
static char *
request(const struct txargs *t, size_t *len)
{
	static const char format[] = "{\"jsonrpc\":\"2.0\",\"id\":1,"
	    "\"method\":\"eth_signTransaction\",\"params\":[%s]}";
	char *body;
	int n;

	if ((n = asprintf(&body, format, t->text)) == -1)
		return (NULL);
	*len = (size_t)n;
	return (body);
}

static void
report_tx(struct report *r, const struct settings *s,
    const struct verified *v, const struct txsigned *t)
{
	txshow(r, t);
	report_bytes(r, "digest", NULL, v->digest, HASH_SIZE);
	report_bytes(r, "r", NULL, v->sig.r, sizeof(v->sig.r));
	report_bytes(r, "s", NULL, v->sig.s, sizeof(v->sig.s));
	report_number(r, "yParity", v->sig.v);
	report_bytes(r, "sender", "sender", v->address, ADDRESS_SIZE);
	report_bytes(r, "hash", "hash", t->hash, HASH_SIZE);
	report_line(r, "verified", s->has_address ? "every field is as "
	    "asked, the sender is --address" : "every field is as asked; "
	    "who the sender is was not (--address)");
}

static int
check(struct report *r, const struct settings *s, const struct tx *asked,
    const uint8_t *raw, size_t len, struct fault *f)
{
	struct verified v;
	struct txsigned t;
	int good;

	good = verify_tx(&v, &t, asked, raw, len, VERIFY_SIGNER,
	    s->has_address ? s->address : NULL, f);
	if (good == 0) {
		report_tx(r, s, &v, &t);
		report_result(r, "raw", "raw", raw, len);
	}
	txdecode_clear(&t);
	return (good);
}

static int
sign(struct report *r, const struct settings *s, struct ask *a,
    const struct txargs *t, struct fault *f)
{
	const struct response *response;
	struct answer answer;
	const cJSON *result;
	uint8_t *raw;
	size_t len;
	char *body;
	int good = -1;

	if ((body = request(t, &len)) == NULL)
		errx(STATUS_USAGE, "out of memory");
	response = ask_post(a, body, len, f);
	free(body);
	if (response == NULL)
		return (-1);
	report_number(r, "took_us", (double)a->took_us);
	if (answer_read(&answer, response, f) == 0 &&
	    (result = answer_result(&answer, 1, f)) != NULL &&
	    (raw = verify_bytes(result, &len, f)) != NULL) {
		good = check(r, s, &t->args.request.tx, raw, len, f);
		free(raw);
	}
	answer_clear(&answer);
	if (good == 0)
		report_line(r, "took", "%.3f ms", (double)a->took_us / 1000);
	return (good);
}

enum status
command_tx(int argc, char **argv)
{
	struct txargs t;
	struct settings s;
	struct report r;
	struct fault f;
	struct ask a;
	enum status status;
	bool good;

	memset(&t, 0, sizeof(t));
	status = settings_read(&s, txargs_flags, &argc, argv, 1);
	if (status == STATUS_OK && argc == 1 && strcmp(argv[0], "-") != 0) {
		warnx("unexpected argument: %s", argv[0]);
		status = STATUS_USAGE;
	}
	if (status == STATUS_OK && txargs_read(&t, &s, argc == 1) == -1)
		status = STATUS_USAGE;
	if (status == STATUS_OK)
		status = settings_open(&s);
	if (status == STATUS_OK) {
		report_begin(&r, &s, "tx");
		good = ask_begin(&a, &s.endpoint, &f) == 0 &&
		    sign(&r, &s, &a, &t, &f) == 0;
		ask_end(&a);
		status = report_end(&r, good ? NULL : &f);
	}
	txargs_clear(&t);
	settings_clear(&s);
	return (status);
}
