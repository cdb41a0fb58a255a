/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keyd/keccak.h"
#include "opsign/answer.h"
#include "opsign/ask.h"
#include "opsign/command.h"
#include "opsign/input.h"
#include "opsign/payloadjson.h"
#include "opsign/report.h"
#include "opsign/verify.h"

static const char *chain, *hash, *file, *domain, *version;

static const struct flag flags[] = {
	{ .name = "chain", .text = &chain },
	{ .name = "payload-hash", .text = &hash },
	{ .name = "payload", .text = &file },
	{ .name = "domain", .text = &domain },
	{ .name = "version", .text = &version },
	{ .name = NULL }
};

/* The Keccak-256 of a file's bytes. */
static int
hash_file(const char *path, uint8_t out[HASH_SIZE])
{
	uint8_t *data;
	size_t len;

	if ((data = input_read(path, &len)) == NULL)
		return (-1);
	keccak256(out, data, len);
	free(data);
	return (0);
}

static int
read_flags(struct payload *p, enum payload_form *form)
{
	if (chain == NULL || (hash == NULL) == (file == NULL)) {
		warnx(chain == NULL ? "--chain is missing" : "exactly one of "
		    "--payload-hash and --payload is needed");
		return (-1);
	}
	if (payload_form(version != NULL ? version : "v2", form) == -1) {
		warnx("--version: \"%s\" is not v1, v2 or kona", version);
		return (-1);
	}
	if (flags_u256("chain", chain, &p->chain_id) == -1 ||
	    (hash != NULL && flags_bytes("payload-hash", hash, p->hash,
	    HASH_SIZE) == -1) ||
	    (file != NULL && hash_file(file, p->hash) == -1) ||
	    (domain != NULL && flags_bytes("domain", domain, p->domain,
	    HASH_SIZE) == -1))
		return (-1);
	p->has = PAYLOAD_CHAIN | PAYLOAD_HASH;
	return (0);
}

static void
report_payload(struct report *r, const struct settings *s,
    const struct payload *p, const struct verified *v)
{
	report_u256(r, "chain", "chain", &p->chain_id);
	report_bytes(r, "payload_hash", "payload hash", p->hash, HASH_SIZE);
	report_bytes(r, "domain", "domain", p->domain, HASH_SIZE);
	report_bytes(r, "digest", "digest", v->digest, HASH_SIZE);
	report_bytes(r, "signer", "signer", v->address, ADDRESS_SIZE);
	report_line(r, "verified", s->has_address ? "yes, it is --address" :
	    "yes, but by whom was not asked (--address)");
}

static int
sign(struct report *r, const struct settings *s, struct ask *a,
    const struct payload *p, enum payload_form form, struct fault *f)
{
	uint8_t bytes[65 + 1];
	char body[PAYLOAD_JSON_SIZE];
	const struct response *response;
	struct verified v;
	struct answer answer;
	const cJSON *result;
	uint8_t *raw;
	size_t len;
	int good = -1;

	len = payload_json(body, p, form, 1);
	if ((response = ask_post(a, body, len, f)) == NULL)
		return (-1);
	report_number(r, "took_us", (double)a->took_us);
	if (answer_read(&answer, response, f) == 0 &&
	    (result = answer_result(&answer, 1, f)) != NULL &&
	    (result = payload_result(result, form, f)) != NULL &&
	    (raw = verify_bytes(result, &len, f)) != NULL) {
		good = verify_payload(&v, p, raw, len, VERIFY_SIGNER,
		    s->has_address ? s->address : NULL, f);
		if (good == 0) {
			memcpy(bytes, raw, 65);
			report_payload(r, s, p, &v);
			report_result(r, "signature", "signature", bytes, 65);
			report_line(r, "took", "%.3f ms",
			    (double)a->took_us / 1000);
		}
		free(raw);
	}
	answer_clear(&answer);
	return (good);
}

enum status
command_payload(int argc, char **argv)
{
	struct payload p;
	enum payload_form form;
	struct settings s;
	struct report r;
	struct fault f;
	struct ask a;
	enum status status;
	bool good;

	memset(&p, 0, sizeof(p));
	status = settings_read(&s, flags, &argc, argv, 0);
	if (status == STATUS_OK && read_flags(&p, &form) == -1)
		status = STATUS_USAGE;
	if (status == STATUS_OK)
		status = settings_open(&s);
	if (status != STATUS_OK) {
		settings_clear(&s);
		return (status);
	}
	if (s.has_address) {
		memcpy(p.sender, s.address, ADDRESS_SIZE);
		p.has |= PAYLOAD_SENDER;
	}
	report_begin(&r, &s, "payload");
	good = ask_begin(&a, &s.endpoint, &f) == 0 &&
	    sign(&r, &s, &a, &p, form, &f) == 0;
	ask_end(&a);
	status = report_end(&r, good ? NULL : &f);
	settings_clear(&s);
	return (status);
}
