/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <event2/buffer.h>

#include "common/jsonscan.h"
#include "common/metrics_set.h"

/* Five bytes for each of a label's, with what stands around them. */
#define LABELS_MAX	(METRICS_LABELS * (5 * METRICS_LABEL_MAX + 64) + 64)
#define NUMBER_MAX	32

/* ---- Values ----------------------------------------------------------- */

/* A whole number of units that are 10^-digits each, without zeros behind. */
static void
decimal(char text[NUMBER_MAX], uint64_t n, unsigned int digits)
{
	uint64_t	 unit = 1;
	unsigned int	 i;
	size_t		 len;

	for (i = 0; i < digits; i++)
		unit *= 10;
	len = (size_t)snprintf(text, NUMBER_MAX, "%" PRIu64, n / unit);
	if (n % unit == 0)
		return;
	snprintf(text + len, NUMBER_MAX - len, ".%0*" PRIu64, (int)digits,
	    n % unit);
	len = strlen(text);
	while (text[len - 1] == '0')
		text[--len] = '\0';
}

/* A value of a histogram, or of a gauge. */
static void
number(char text[NUMBER_MAX], enum metric_unit unit, uint64_t n)
{
	switch (unit) {
	case UNIT_NONE:
		decimal(text, n, 0);
		break;
	case UNIT_SECONDS:
		decimal(text, n, 6);
		break;
	case UNIT_MILLISECONDS:
		decimal(text, n, 3);
		break;
	}
}

static const char *
type_name(enum metric_kind kind)
{
	switch (kind) {
	case METRIC_COUNTER:
		return ("counter");
	case METRIC_HISTOGRAM:
		return ("histogram");
	case METRIC_GAUGE:
	case METRIC_INFO:
		break;
	}
	return ("gauge");
}

/* ---- Labels ----------------------------------------------------------- */

/* What is no UTF-8 is shown as \xNN, with a backslash of its own. */
static size_t
escape(char *out, const char *value)
{
	static const char	 digits[] = "0123456789abcdef";
	size_t			 i, n, len = strlen(value), o = 0;
	unsigned char		 byte;

	for (i = 0; i < len; i += n) {
		n = jsonscan_utf8(value + i, len - i);
		if (n == 0) {
			byte = (unsigned char)value[i];
			memcpy(out + o, "\\\\x", 3);
			out[o + 3] = digits[byte >> 4];
			out[o + 4] = digits[byte & 15];
			o += 5;
			n = 1;
		} else if (value[i] == '\n') {
			out[o++] = '\\';
			out[o++] = 'n';
		} else {
			if (value[i] == '\\' || value[i] == '"')
				out[o++] = '\\';
			memcpy(out + o, value + i, n);
			o += n;
		}
	}
	return (o);
}

/* le: NULL, or one label more. */
static void
format_labels(char out[LABELS_MAX], const struct metrics_item *item,
    const char *le)
{
	size_t	 i, o = 0, n = metric_labels(item->def);

	for (i = 0; i < n; i++) {
		o += (size_t)snprintf(out + o, LABELS_MAX - o, "%s%s=\"",
		    i == 0 ? "{" : ",", item->def->label[i]);
		o += escape(out + o, item->label[i]);
		out[o++] = '"';
	}
	if (le != NULL)
		o += (size_t)snprintf(out + o, LABELS_MAX - o, "%sle=\"%s\"",
		    n == 0 ? "{" : ",", le);
	if (n > 0 || le != NULL)
		out[o++] = '}';
	out[o] = '\0';
}

/* ---- Lines ------------------------------------------------------------ */

static int
render_head(struct evbuffer *out, const struct metric_def *def)
{
	return (evbuffer_add_printf(out, "# HELP %s %s\n# TYPE %s %s\n",
	    def->name, def->help, def->name, type_name(def->kind)) == -1 ?
	    -1 : 0);
}

static int
render_histogram(struct evbuffer *out, const struct metrics_item *item)
{
	const char	*name = item->def->name;
	char		 labels[LABELS_MAX], text[NUMBER_MAX];
	uint64_t	 count = 0;
	size_t		 i;

	for (i = 0; i < HISTOGRAM_BUCKETS; i++) {
		count += item->hist->bucket[i];
		if (i < HISTOGRAM_BOUNDS)
			number(text, item->def->unit, histogram_bounds[i]);
		format_labels(labels, item,
		    i < HISTOGRAM_BOUNDS ? text : "+Inf");
		if (evbuffer_add_printf(out, "%s_bucket%s %" PRIu64 "\n",
		    name, labels, count) == -1)
			return (-1);
	}
	format_labels(labels, item, NULL);
	number(text, item->def->unit, item->hist->sum);
	return (evbuffer_add_printf(out, "%s_sum%s %s\n%s_count%s %" PRIu64
	    "\n", name, labels, text, name, labels, count) == -1 ? -1 : 0);
}

static int
render_item(struct evbuffer *out, const struct metrics_item *item)
{
	char	 labels[LABELS_MAX], text[NUMBER_MAX];
	int	 r;

	if (item->def->kind == METRIC_HISTOGRAM)
		return (render_histogram(out, item));
	format_labels(labels, item, NULL);
	if (item->def->kind == METRIC_GAUGE &&
	    item->def->unit != UNIT_NONE && item->gauge >= 0) {
		number(text, item->def->unit, (uint64_t)item->gauge);
		r = evbuffer_add_printf(out, "%s%s %s\n", item->def->name,
		    labels, text);
	} else if (item->def->kind == METRIC_COUNTER)
		r = evbuffer_add_printf(out, "%s%s %" PRIu64 "\n",
		    item->def->name, labels, item->value);
	else
		r = evbuffer_add_printf(out, "%s%s %" PRId64 "\n",
		    item->def->name, labels, item->gauge);
	return (r == -1 ? -1 : 0);
}

int
metrics_render(struct evbuffer *out, const struct metrics_set *set)
{
	const struct metrics_item	*item;
	size_t				 i;

	for (i = 0; i < set->n; i++) {
		item = set->items[i];
		if ((i == 0 || set->items[i - 1]->metric != item->metric) &&
		    render_head(out, item->def) == -1)
			return (-1);
		if (render_item(out, item) == -1)
			return (-1);
	}
	return (0);
}
