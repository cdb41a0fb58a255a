/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdarg.h>
#include <string.h>

#include "common/metrics.h"
#include "common/msgfield.h"

/* ---- Encoding --------------------------------------------------------- */

struct encoded {
	uint8_t	 bytes[METRICS_SAMPLESIZE];
	size_t	 len;
};

static void
add_number(struct encoded *e, uint64_t n, size_t size)
{
	size_t	 i;

	for (i = size; i > 0; i--)
		e->bytes[e->len++] = (uint8_t)(n >> (8 * (i - 1)));
}

static void
add_head(struct encoded *e, enum metric metric, va_list ap)
{
	size_t		 i, len, n = metric_labels(metric_def(metric));
	const char	*label;

	e->len = 0;
	add_number(e, metric, 2);
	add_number(e, n, 1);
	for (i = 0; i < n; i++) {
		label = va_arg(ap, const char *);
		len = strnlen(label, METRICS_LABEL_MAX);
		add_number(e, len, 1);
		memcpy(e->bytes + e->len, label, len);
		e->len += len;
	}
}

static void
put(struct metrics_out *out, const struct encoded *e)
{
	if (out->failed || out->nsamples == METRICS_MAXSAMPLES)
		return;
	if (out->put(out, e->bytes, e->len) == -1)
		out->failed = true;
	else
		out->nsamples++;
}

void
metrics_u64(struct metrics_out *out, enum metric metric, uint64_t value, ...)
{
	struct encoded	 e;
	va_list		 ap;

	/* A gauge has a sign. */
	if (metric_def(metric)->kind != METRIC_COUNTER && value > INT64_MAX)
		value = INT64_MAX;
	va_start(ap, value);
	add_head(&e, metric, ap);
	va_end(ap);
	add_number(&e, value, 8);
	put(out, &e);
}

void
metrics_i64(struct metrics_out *out, enum metric metric, int64_t value, ...)
{
	struct encoded	 e;
	va_list		 ap;

	va_start(ap, value);
	add_head(&e, metric, ap);
	va_end(ap);
	add_number(&e, (uint64_t)value, 8);
	put(out, &e);
}

void
metrics_hist(struct metrics_out *out, enum metric metric,
    const struct histogram *h, ...)
{
	struct encoded	 e;
	va_list		 ap;
	size_t		 i;

	va_start(ap, h);
	add_head(&e, metric, ap);
	va_end(ap);
	for (i = 0; i < HISTOGRAM_BUCKETS; i++)
		add_number(&e, h->bucket[i], 8);
	add_number(&e, h->sum, 8);
	put(out, &e);
}

void
metrics_info(struct metrics_out *out, enum metric metric, ...)
{
	struct encoded	 e;
	va_list		 ap;

	va_start(ap, metric);
	add_head(&e, metric, ap);
	va_end(ap);
	put(out, &e);
}

/* ---- Decoding --------------------------------------------------------- */

static int
get_labels(struct ibuf *b, struct metric_sample *s)
{
	uint8_t	 n, len;
	size_t	 i;

	if (ibuf_get_n8(b, &n) == -1 || n != metric_labels(s->def))
		return (-1);
	s->nlabels = n;
	for (i = 0; i < n; i++) {
		if (ibuf_get_n8(b, &len) == -1 ||
		    ibuf_get(b, s->label[i], len) == -1 ||
		    memchr(s->label[i], '\0', len) != NULL)
			return (-1);
		s->label[i][len] = '\0';
	}
	return (0);
}

static int
get_histogram(struct ibuf *b, struct histogram *h)
{
	size_t	 i;

	for (i = 0; i < HISTOGRAM_BUCKETS; i++)
		if (ibuf_get_n64(b, &h->bucket[i]) == -1)
			return (-1);
	return (ibuf_get_n64(b, &h->sum));
}

static int
get_value(struct ibuf *b, struct metric_sample *s)
{
	uint64_t	 n;

	switch (s->def->kind) {
	case METRIC_COUNTER:
		return (ibuf_get_n64(b, &s->value));
	case METRIC_GAUGE:
		if (ibuf_get_n64(b, &n) == -1)
			return (-1);
		memcpy(&s->gauge, &n, sizeof(s->gauge));
		return (0);
	case METRIC_HISTOGRAM:
		return (get_histogram(b, &s->hist));
	case METRIC_INFO:
		s->gauge = 1;
		return (0);
	}
	return (-1);
}

int
metrics_decode(struct ibuf *b, struct metric_sample *s)
{
	uint16_t	 metric;

	memset(s, 0, sizeof(*s));
	if (ibuf_get_n16(b, &metric) == -1 ||
	    (s->def = metric_def(metric)) == NULL)
		return (-1);
	s->metric = (enum metric)metric;
	return (get_labels(b, s) == -1 ? -1 : get_value(b, s));
}

/* ---- Messages --------------------------------------------------------- */

int
metrics_send(struct imsgbuf *ibuf, enum metrics_msg type, uint32_t id)
{
	struct ibuf	*b;

	if ((b = imsg_create(ibuf, type, 0, 0, sizeof(id))) == NULL)
		return (-1);
	return (msgfield_finish(ibuf, b, ibuf_add_n32(b, id) == 0));
}

int
metrics_get(struct imsg *imsg, uint32_t *id)
{
	struct ibuf	 b;

	return (imsg_get_ibuf(imsg, &b) == -1 ||
	    ibuf_get_n32(&b, id) == -1 || ibuf_size(&b) != 0 ? -1 : 0);
}

int
metrics_get_samples(struct imsg *imsg, uint32_t *id, struct ibuf *b)
{
	return (imsg_get_len(imsg) > METRICS_MSGSIZE ||
	    msgfield_begin(imsg, METRICS_SAMPLE, b) == -1 ||
	    ibuf_get_n32(b, id) == -1 || ibuf_size(b) == 0 ? -1 : 0);
}

int
metrics_send_samples(struct imsgbuf *ibuf, uint32_t id, const void *samples,
    size_t len)
{
	struct ibuf	*b;

	b = imsg_create(ibuf, METRICS_SAMPLE, 0, 0, sizeof(id) + len);
	if (b == NULL)
		return (-1);
	return (msgfield_finish(ibuf, b, ibuf_add_n32(b, id) == 0 &&
	    ibuf_add(b, samples, len) == 0));
}

static int
flush(struct metrics_writer *w)
{
	size_t	 len = w->len;

	w->len = 0;
	return (len == 0 ? 0 : metrics_send_samples(w->ibuf, w->id, w->buf,
	    len));
}

static int
write_sample(struct metrics_out *out, const uint8_t *sample, size_t len)
{
	struct metrics_writer	*w = (struct metrics_writer *)(void *)out;

	if (w->bytes + len > METRICS_MAXBYTES)
		return (0);
	if (len > sizeof(w->buf) - w->len && flush(w) == -1)
		return (-1);
	memcpy(w->buf + w->len, sample, len);
	w->len += len;
	w->bytes += len;
	return (0);
}

void
metrics_begin(struct metrics_writer *w, struct imsgbuf *ibuf, uint32_t id)
{
	memset(&w->out, 0, sizeof(w->out));
	w->out.put = write_sample;
	w->ibuf = ibuf;
	w->id = id;
	w->bytes = 0;
	w->len = 0;
}

int
metrics_end(struct metrics_writer *w)
{
	if (w->out.failed || flush(w) == -1)
		return (-1);
	return (metrics_send(w->ibuf, METRICS_END, w->id));
}
