/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "signerctl/samples.h"

enum how {
	AS_NUMBER,
	AS_BOOL,
	AS_SUM,			/* of all that are of the row */
	AS_LABEL		/* the value of a label */
};

#define DAY		86400

/*
 * Which row a metric is about, and what it becomes there.  A label of it, or
 * all of them, name the row by its first field.
 */
struct join {
	const char	*metric;
	const char	*section;
	const char	*key;		/* name of that field */
	int		 label;		/* its number; -1: `fixed` */
	const char	*fixed;
	bool		 add;		/* there need not be one */
	enum how	 how;
	const char	*field;
	unsigned int	 from;		/* AS_LABEL: which one */
	/* Only samples that have this in that label. */
	int		 which;		/* -1: all */
	const char	*value;
};

#define BY(section, key, label)		section, key, label, NULL, false
#define ADDS(section, key, label)	section, key, label, NULL, true
#define OF(section, key, fixed)		section, key, -1, fixed, true
#define ALL				0, -1, NULL

static const struct join joins[] = {
	{ "signerd_process_up", BY("processes", "name", 0), AS_BOOL,
	    "answers", ALL },
	{ "proxyd_process_up", BY("processes", "name", 0), AS_BOOL,
	    "answers", ALL },
	{ "signerd_process_resident_memory_bytes",
	    BY("processes", "name", 0), AS_NUMBER, "memory_bytes", ALL },
	{ "proxyd_process_resident_memory_bytes",
	    BY("processes", "name", 0), AS_NUMBER, "memory_bytes", ALL },

	{ "signerd_link_state_info", BY("links", "link", 0), AS_LABEL,
	    "state", 1, -1, NULL },
	{ "signerd_link_state_info", BY("links", "link", 0), AS_LABEL,
	    "peer", 2, -1, NULL },
	{ "signerd_link_up_seconds", BY("links", "link", 0), AS_NUMBER,
	    "up_seconds", ALL },
	{ "signerd_link_requests_in_flight", BY("links", "link", 0),
	    AS_NUMBER, "in_flight", ALL },
	{ "signerd_link_messages_total", BY("links", "link", 0), AS_NUMBER,
	    "requests", ALL },
	{ "signerd_link_attempts_total", BY("links", "link", 0), AS_NUMBER,
	    "attempts", ALL },
	{ "signerd_link_registrations_total", BY("links", "link", 0),
	    AS_NUMBER, "registrations", ALL },

	{ "proxyd_signer_up", BY("signers", "signer", 0), AS_BOOL, "up",
	    ALL },
	{ "proxyd_signer_info", BY("signers", "signer", 0), AS_LABEL,
	    "peer", 2, -1, NULL },
	{ "proxyd_signer_info", BY("signers", "signer", 0), AS_LABEL,
	    "software", 3, -1, NULL },
	{ "proxyd_signer_up_seconds", BY("signers", "signer", 0), AS_NUMBER,
	    "up_seconds", ALL },
	{ "proxyd_signer_in_doubt", BY("signers", "signer", 0), AS_BOOL,
	    "in_doubt", ALL },
	{ "proxyd_signer_requests_in_flight", BY("signers", "signer", 0),
	    AS_NUMBER, "in_flight", ALL },
	{ "proxyd_signer_attempts_total", BY("signers", "signer", 0),
	    AS_NUMBER, "requests", ALL },
	{ "proxyd_signer_failures_total", BY("signers", "signer", 0),
	    AS_SUM, "failures", ALL },

	{ "signerd_queued_requests", ADDS("queue", "process", 0), AS_NUMBER,
	    "requests", ALL },
	{ "signerd_queued_requests_max", ADDS("queue", "process", 0),
	    AS_NUMBER, "max", ALL },
	{ "signerd_keyd_requests_in_flight", ADDS("queue", "process", 0),
	    AS_NUMBER, "in_keyd", ALL },
	{ "proxyd_queued_requests", OF("queue", "process", "relay"),
	    AS_NUMBER, "requests", ALL },
	{ "proxyd_queued_requests_max", OF("queue", "process", "relay"),
	    AS_NUMBER, "max", ALL },

	{ "signerd_key_signatures_total", BY("keys", "address", 0), AS_SUM,
	    "signatures", ALL },
	{ "signerd_key_refusals_total", BY("keys", "address", 0), AS_SUM,
	    "refusals", ALL },
	{ "signerd_rule_signatures_total", BY("rules", "rule", 0),
	    AS_NUMBER, "signatures", ALL },
	{ "signerd_rule_refusals_total", BY("rules", "rule", 0), AS_NUMBER,
	    "refusals", ALL },
	{ "signerd_rule_served", BY("rules", "rule", 0), AS_BOOL, "served",
	    ALL },
	{ "proxyd_rule_served", BY("rules", "rule", 0), AS_BOOL, "served",
	    ALL },

	{ "signer_signtransaction_total", ADDS("clients", "client", 0),
	    AS_SUM, "signed", 0, 1, "success" },
	{ "signer_signtransaction_total", ADDS("clients", "client", 0),
	    AS_SUM, "not_signed", 0, 1, "error" },
	{ "signer_signblockpayload_total", ADDS("clients", "client", 0),
	    AS_SUM, "signed", 0, 1, "success" },
	{ "signer_signblockpayload_total", ADDS("clients", "client", 0),
	    AS_SUM, "not_signed", 0, 1, "error" },
	{ "proxyd_requests_total", ADDS("clients", "client", 0), AS_SUM,
	    "signed", 0, 2, "signed" },
	{ "proxyd_requests_total", ADDS("clients", "client", 0), AS_SUM,
	    "not_signed", 0, 2, "!signed" }
};

static int64_t
value_of(const struct metric_sample *s)
{
	if (s->def->kind != METRIC_COUNTER)
		return (s->gauge);
	return (s->value > INT64_MAX ? INT64_MAX : (int64_t)s->value);
}

static void
set_number(struct row *r, const char *field, int64_t n)
{
	char	 text[24];

	snprintf(text, sizeof(text), "%" PRId64, n);
	row_set(r, field, CTL_NUMBER, text);
}

static void
apply(const struct join *j, struct row *r, const struct metric_sample *s)
{
	int64_t	 n = value_of(s);

	switch (j->how) {
	case AS_NUMBER:
		set_number(r, j->field, n);
		break;
	case AS_BOOL:
		row_set(r, j->field, CTL_BOOL, n != 0 ? "true" : "false");
		break;
	case AS_SUM:
		row_count(r, j->field, n > 0 ? (uint64_t)n : 0);
		break;
	case AS_LABEL:
		row_set(r, j->field, CTL_STRING, s->label[j->from]);
		break;
	}
}

static bool
is_of(const struct join *j, const struct metric_sample *s)
{
	const char	*value = j->value;

	if (strcmp(j->metric, s->def->name) != 0)
		return (false);
	if (j->which == -1)
		return (true);
	if (value[0] == '!')
		return (strcmp(s->label[j->which], value + 1) != 0);
	return (strcmp(s->label[j->which], value) == 0);
}

static bool
ends_with(const char *text, const char *end)
{
	size_t	 len = strlen(text), n = strlen(end);

	return (len >= n && strcmp(text + len - n, end) == 0);
}

/*
 * A certificate, or a list of those that are revoked, has a row of its own:
 * the labels say which it is.
 */
static void
join_time(struct answer *a, const struct metric_sample *s)
{
	bool		 crl = ends_with(s->def->name,
			    "_crl_next_update_seconds");
	struct row	*r;
	const char	*label;
	size_t		 i;

	if (!crl && !ends_with(s->def->name, "_certificate_expiry_seconds"))
		return;
	r = answer_add(a, "certificates");
	row_set(r, "certificate", CTL_STRING, crl ? "crl" : "certificate");
	for (i = 0; i < s->nlabels; i++) {
		label = s->def->label[i];
		if (strcmp(label, "file") == 0)
			label = "certificate";
		else if (strcmp(label, "listener") == 0)
			label = "for";
		row_set(r, label, CTL_STRING, s->label[i]);
	}
	set_number(r, "not_after", s->gauge);
	set_number(r, "days_left", (s->gauge - (int64_t)time(NULL)) / DAY);
}

/* Of those who have no rule there are samples always. */
static bool
may_add(const struct join *j, const struct metric_sample *s)
{
	return (j->add && (j->how != AS_SUM || value_of(s) != 0));
}

/* Who has counted; what never happened has no samples. */
static void
note_process(struct answer *a, const struct metric_sample *s)
{
	if (!ends_with(s->def->name, "_process_up") || s->gauge == 0)
		return;
	a->keyd |= strcmp(s->label[0], "keyd") == 0;
	a->relay |= strcmp(s->label[0], "relay") == 0;
}

void
samples_join(struct answer *a, const struct metric_sample *s)
{
	const struct join	*j;
	struct row		*r;
	size_t			 i;

	join_time(a, s);
	note_process(a, s);
	for (i = 0; i < sizeof(joins) / sizeof(joins[0]); i++) {
		j = &joins[i];
		if (!is_of(j, s))
			continue;
		r = answer_find(a, j->section, j->key, j->label == -1 ?
		    j->fixed : s->label[j->label], may_add(j, s));
		if (r != NULL)
			apply(j, r, s);
	}
}

/* proxyd does not count by rules; and nobody by rules for any client. */
void
samples_end(struct answer *a)
{
	struct row	*r;
	size_t		 i;

	for (i = 0; i < a->nrows; i++) {
		r = &a->rows[i];
		if (a->keyd && row_is(&r->row, "rules")) {
			row_count(r, "signatures", 0);
			row_count(r, "refusals", 0);
		}
		if ((a->keyd || a->relay) && row_is(&r->row, "clients") &&
		    r->row.fields[0].len > 0) {
			row_count(r, "signed", 0);
			row_count(r, "not_signed", 0);
		}
	}
}

/* ---- As they are ------------------------------------------------------ */

/* Of a histogram, what can be said of it in a line. */
static void
list_histogram(struct row *r, const struct metric_sample *s)
{
	uint64_t	 count = histogram_count(&s->hist);
	char		 mean[48];

	row_count(r, "value", count);
	snprintf(mean, sizeof(mean), "%" PRIu64, count == 0 ? 0 :
	    s->hist.sum / count);
	row_set(r, s->def->unit == UNIT_NONE ? "mean" : "mean_us", CTL_NUMBER,
	    mean);
}

void
samples_list(struct answer *a, const struct metric_sample *s)
{
	struct row	*r = answer_add(a, "stats");
	char		 labels[METRICS_LABELS * (METRICS_LABEL_MAX + 80)];
	size_t		 i, at = 0;

	labels[0] = '\0';
	for (i = 0; i < s->nlabels; i++)
		at += (size_t)snprintf(labels + at, sizeof(labels) - at,
		    "%s%s=%s", i > 0 ? " " : "", s->def->label[i],
		    s->label[i]);
	row_set(r, "metric", CTL_STRING, s->def->name);
	row_set(r, "labels", CTL_STRING, labels);
	if (s->def->kind == METRIC_HISTOGRAM)
		list_histogram(r, s);
	else
		set_number(r, "value", value_of(s));
}
