/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>

#include "opsign/benchshow.h"

static const struct {
	const char	*name;
	const char	*label;
	unsigned int	 thousandths;
} percentiles[] = {
	{ "p50", "p50", 500 },
	{ "p90", "p90", 900 },
	{ "p99", "p99", 990 },
	{ "p999", "p99.9", 999 }
};
#define NPERCENTILES	(sizeof(percentiles) / sizeof(percentiles[0]))

static void
show_latency(struct report *r, const char *name, const char *label,
    const struct latency *l)
{
	cJSON *o = cJSON_AddObjectToObject(r->root, name);
	char text[200];
	size_t i;
	int n = 0;

	cJSON_AddNumberToObject(o, "count", (double)l->n);
	cJSON_AddNumberToObject(o, "min", (double)l->min);
	cJSON_AddNumberToObject(o, "mean", latency_mean(l));
	for (i = 0; i < NPERCENTILES; i++) {
		cJSON_AddNumberToObject(o, percentiles[i].name,
		    (double)latency_at(l, percentiles[i].thousandths));
		n += snprintf(text + n, sizeof(text) - (size_t)n,
		    "%s %.3f, ", percentiles[i].label,
		    (double)latency_at(l, percentiles[i].thousandths) / 1000);
	}
	cJSON_AddNumberToObject(o, "max", (double)l->max);
	report_line(r, label, "%smax %.3f ms", text, (double)l->max / 1000);
}

/* From the gravest on: what is wrong goes before what is slow. */
static const enum fault_kind by_weight[] = {
	FAULT_SIGNATURE, FAULT_ANSWER, FAULT_RPC, FAULT_HTTP, FAULT_TLS,
	FAULT_CONNECT, FAULT_CLOSED, FAULT_TIMEOUT, FAULT_BUSY
};
#define NWEIGHTS	(sizeof(by_weight) / sizeof(by_weight[0]))

static int
show_errors(struct report *r, const struct load_result *result,
    struct fault *f)
{
	cJSON *o = cJSON_AddObjectToObject(r->root, "errors");
	enum fault_kind kind;
	uint64_t total = 0;
	size_t i;

	for (i = NWEIGHTS; i-- > 0;) {
		kind = by_weight[i];
		cJSON_AddNumberToObject(o, fault_name(kind),
		    (double)result->errors[kind]);
		if (result->errors[kind] == 0)
			continue;
		total += result->errors[kind];
		*f = result->first[kind];
		report_line(r, "errors", "%llu %s: %s",
		    (unsigned long long)result->errors[kind],
		    fault_name(kind), f->text);
	}
	report_number(r, "errors_total", (double)total);
	if (total == 0)
		report_line(r, "errors", "none");
	return (total == 0 ? 0 : -1);
}

static void
show_options(struct report *r, const char *method,
    const struct load_options *o, const struct workload *w)
{
	report_text(r, "method", "method", method);
	report_number(r, "connections", o->connections);
	report_number(r, "batch", (double)w->batch);
	report_number(r, "rate_limit", (double)(o->rate * w->each));
	report_bool(r, "reconnect", o->reconnect);
	report_number(r, "verify_percent", w->share);
	report_number(r, "warmup_s", (double)o->warmup_ms / 1000);
	report_line(r, "connections", "%u%s", o->connections, o->reconnect ?
	    ", a new one for each request" : "");
	if (w->batch > 0)
		report_line(r, "batch", "%zu", w->batch);
	if (w->method != WORKLOAD_HEALTH)
		report_bytes(r, "signer", "signer", w->found, ADDRESS_SIZE);
}

int
benchshow(struct report *r, const char *method, const struct load_options *o,
    const struct workload *w, const struct load_result *result,
    struct fault *f)
{
	double seconds = result->seconds > 0 ? result->seconds : 1;
	double answered = (double)result->answered;
	double cpu_us = answered > 0 ? result->cpu_seconds * 1e6 / answered :
	    0;

	show_options(r, method, o, w);
	report_number(r, "duration_s", result->seconds);
	report_number(r, "requests", answered);
	report_number(r, "round_trips", (double)result->exchanges);
	report_number(r, "requests_per_s", answered / seconds);
	report_number(r, "verified", (double)result->verified);
	report_line(r, "requests", "%.0f in %.2f s: %.1f/s", answered,
	    result->seconds, answered / seconds);
	show_latency(r, "latency_us", "latency", &result->latency);
	show_latency(r, "handshake_us", "handshake", &result->handshake);
	report_number(r, "handshakes", (double)result->handshakes);
	report_number(r, "handshakes_per_s", (double)result->handshakes /
	    seconds);
	report_number(r, "reconnects", (double)result->reconnects);
	report_number(r, "client_cpu_s", result->cpu_seconds);
	report_number(r, "client_cpu_us_per_request", cpu_us);
	report_line(r, "verified", "%llu",
	    (unsigned long long)result->verified);
	report_line(r, "reconnects", "%llu",
	    (unsigned long long)result->reconnects);
	report_line(r, "client cpu", "%.2f s, %.1f us a request",
	    result->cpu_seconds, cpu_us);
	if (show_errors(r, result, f) == -1)
		return (-1);
	if (result->answered > 0)
		return (0);
	fault_set(f, FAULT_TIMEOUT, "not one answer in that time");
	return (-1);
}
