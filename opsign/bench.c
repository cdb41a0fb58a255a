/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "opsign/ask.h"
#include "opsign/benchshow.h"
#include "opsign/command.h"
#include "opsign/load.h"
#include "opsign/report.h"
#include "opsign/txargs.h"

#define MAX_CONNECTIONS	4096
#define WARMUP_MS	1000
#define VERIFY_SHARE	1	/* percent */

static const char *connections, *duration, *method, *batch, *rate, *verify,
    *warmup, *hash, *domain, *version;
static bool reconnect, phases;

/* And those of txargs_flags, which has the last entry. */
static const struct flag own_flags[] = {
	{ .name = "connections", .letter = 'c', .text = &connections },
	{ .name = "duration", .letter = 'd', .text = &duration },
	{ .name = "method", .text = &method },
	{ .name = "batch", .text = &batch },
	{ .name = "rate", .text = &rate },
	{ .name = "verify", .text = &verify },
	{ .name = "warmup", .text = &warmup },
	{ .name = "reconnect", .on = &reconnect },
	{ .name = "phases", .on = &phases },
	{ .name = "payload-hash", .text = &hash },
	{ .name = "domain", .text = &domain },
	{ .name = "version", .text = &version },
};
#define NOWN	(sizeof(own_flags) / sizeof(own_flags[0]))

struct bench {
	struct settings		 settings;
	struct load_options	 load;
	struct workload		 workload;
	struct load_result	 result;
	struct txargs		 txargs;
	struct payload		 payload;
	enum payload_form	 form;
	enum workload_method	 method;
	uint64_t		 batch;
	uint64_t		 share;
};

static const char *const methods[] = {
	[WORKLOAD_PAYLOAD] = "payload",
	[WORKLOAD_TX] = "tx",
	[WORKLOAD_HEALTH] = "health"
};

/* ---- Flags ------------------------------------------------------------ */

static int
read_method(struct bench *b)
{
	size_t i;

	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (method == NULL || strcmp(method, methods[i]) == 0) {
			b->method = (enum workload_method)i;
			return (0);
		}
	warnx("--method: \"%s\" is not payload, tx or health", method);
	return (-1);
}

static int
number(const char *name, const char *text, uint64_t low, uint64_t high,
    uint64_t otherwise, uint64_t *n)
{
	*n = otherwise;
	return (text == NULL ? 0 : flags_number(name, text, low, high, n));
}

static int
read_load(struct bench *b)
{
	struct load_options *o = &b->load;
	uint64_t n;

	o->duration_ms = 10000;
	o->warmup_ms = WARMUP_MS;
	o->reconnect = reconnect;
	o->phases = phases;
	if (number("connections", connections, 1, MAX_CONNECTIONS, 1,
	    &n) == -1 ||
	    (duration != NULL && flags_duration("duration", duration,
	    &o->duration_ms) == -1) ||
	    (warmup != NULL && strcmp(warmup, "0") != 0 &&
	    flags_duration("warmup", warmup, &o->warmup_ms) == -1) ||
	    number("batch", batch, 1, WORKLOAD_BATCH_MAX, 0,
	    &b->batch) == -1 ||
	    number("rate", rate, 1, 10000000, 0, &o->rate) == -1 ||
	    number("verify", verify, 0, 100, VERIFY_SHARE, &b->share) == -1)
		return (-1);
	o->connections = (unsigned int)n;
	if (warmup != NULL && strcmp(warmup, "0") == 0)
		o->warmup_ms = 0;
	/* The rate is of signatures, the loop's of exchanges. */
	if (o->rate > 0 && b->batch > 1)
		o->rate = (o->rate + b->batch - 1) / b->batch;
	return (0);
}

static int
read_payload(struct bench *b)
{
	struct payload *p = &b->payload;
	const char *chain = txargs_chain();

	if (chain == NULL) {
		warnx("--chain is missing");
		return (-1);
	}
	if (payload_form(version != NULL ? version : "v2", &b->form) == -1) {
		warnx("--version: \"%s\" is not v1, v2 or kona", version);
		return (-1);
	}
	if (b->batch > 0 && b->form == PAYLOAD_KONA) {
		warnx("kona's form of requests has no batches");
		return (-1);
	}
	if (flags_u256("chain", chain, &p->chain_id) == -1 ||
	    (hash != NULL && flags_bytes("payload-hash", hash, p->hash,
	    HASH_SIZE) == -1) ||
	    (domain != NULL && flags_bytes("domain", domain, p->domain,
	    HASH_SIZE) == -1))
		return (-1);
	p->has = PAYLOAD_CHAIN | PAYLOAD_HASH;
	if (b->settings.has_address) {
		memcpy(p->sender, b->settings.address, ADDRESS_SIZE);
		p->has |= PAYLOAD_SENDER;
	}
	return (0);
}

static int
read_tx(struct bench *b)
{
	txargs_defaults(WORKLOAD_NONCE);
	return (txargs_read(&b->txargs, &b->settings, false));
}

static enum status
read_all(struct bench *b, int argc, char **argv)
{
	struct flag flags[64];
	enum status status;
	size_t i;

	memcpy(flags, own_flags, sizeof(own_flags));
	for (i = 0; txargs_flags[i].name != NULL; i++)
		flags[NOWN + i] = txargs_flags[i];
	memset(&flags[NOWN + i], 0, sizeof(flags[0]));
	status = settings_read(&b->settings, flags, &argc, argv, 0);
	if (status != STATUS_OK)
		return (status);
	if (read_method(b) == -1 || read_load(b) == -1 ||
	    (b->method == WORKLOAD_PAYLOAD && read_payload(b) == -1) ||
	    (b->method == WORKLOAD_TX && read_tx(b) == -1))
		return (STATUS_USAGE);
	if (b->method == WORKLOAD_HEALTH && b->batch > 0) {
		warnx("--method health has no batches");
		return (STATUS_USAGE);
	}
	return (settings_open(&b->settings));
}

/* ---- Before and after ------------------------------------------------- */

static int
make_workload(struct bench *b)
{
	const struct endpoint *e = &b->settings.endpoint;
	int result;

	if (b->method == WORKLOAD_PAYLOAD)
		result = workload_payload(&b->workload, e, &b->payload,
		    b->form, (size_t)b->batch);
	else if (b->method == WORKLOAD_TX)
		result = workload_tx(&b->workload, e, b->txargs.text,
		    &b->txargs.args.request.tx, (size_t)b->batch);
	else
		result = workload_health(&b->workload, e);
	if (b->settings.has_address)
		b->workload.expected = b->settings.address;
	return (result);
}

/*
 * One exchange, all of it verified: what does not work at all is told as the
 * other commands tell it.  Without --address it says who signs.
 */
static int
try_once(struct bench *b, struct fault *f)
{
	struct workload *w = &b->workload;
	const struct response *response;
	struct workload_counts counts;
	struct ask a;
	uint64_t first;
	int i, result = -1;

	memset(&counts, 0, sizeof(counts));
	w->share = 100;
	first = workload_next(w);
	if (ask_begin(&a, &b->settings.endpoint, f) == 0 &&
	    (response = ask_send(&a, w->head, w->headlen, w->body, w->len,
	    f)) != NULL) {
		workload_check(w, response, first, &counts);
		for (i = FAULT_KINDS - 1; i > 0 && counts.errors[i] == 0; i--)
			continue;
		if (i > 0)
			*f = counts.fault[i];
		result = i > 0 ? -1 : 0;
	}
	ask_end(&a);
	w->share = (unsigned int)b->share;
	w->due = 0;
	if (w->expected == NULL && w->method != WORKLOAD_HEALTH) {
		memcpy(b->settings.address, w->found, ADDRESS_SIZE);
		w->expected = b->settings.address;
	}
	return (result);
}

enum status
command_bench(int argc, char **argv)
{
	struct report r;
	struct bench *b;
	struct fault f;
	enum status status;
	bool good;

	if ((b = calloc(1, sizeof(*b))) == NULL)
		errx(STATUS_USAGE, "out of memory");
	if ((status = read_all(b, argc, argv)) == STATUS_OK) {
		report_begin(&r, &b->settings, "bench");
		if (make_workload(b) == -1)
			errx(STATUS_USAGE, "out of memory");
		b->load.progress = isatty(STDERR_FILENO) == 1 &&
		    !b->settings.quiet;
		good = try_once(b, &f) == 0;
		if (good && load_run(&b->load, &b->settings.endpoint,
		    &b->workload, &b->result) == -1)
			errx(STATUS_USAGE, "out of memory");
		if (good)
			good = benchshow(&r, methods[b->method], &b->load,
			    &b->workload, &b->result, &f) == 0;
		status = report_end(&r, good ? NULL : &f);
	}
	workload_clear(&b->workload);
	txargs_clear(&b->txargs);
	settings_clear(&b->settings);
	free(b);
	return (status);
}
