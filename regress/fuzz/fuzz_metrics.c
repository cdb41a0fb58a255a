/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: common/metrics.o common/metrics_table.o common/metrics_set.o
 * common/metrics_render.o common/histogram.o common/list.o common/jsonscan.o
 * common/hex.o common/u256.o common/msgfield.o compat/imsg.o
 * compat/imsg-buffer.o
 * libs: libevent
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>

#include "common/metrics_set.h"
#include "regress/fuzz/fuzz.h"

/*
 * Samples that a process says.  What decodes is encoded to the same bytes
 * again; all of it together is shown in lines that a scraper can read.
 */

struct again {
	struct metrics_out	 out;
	const uint8_t		*bytes;
	size_t			 len;
	size_t			 n;
};

static int
compare(struct metrics_out *out, const uint8_t *sample, size_t len)
{
	struct again	*a = (struct again *)(void *)out;

	FUZZ_ASSERT(len <= METRICS_SAMPLESIZE);
	FUZZ_ASSERT(len == a->len && memcmp(a->bytes, sample, len) == 0);
	a->n++;
	return (0);
}

static void
encode_again(const struct metric_sample *s, const uint8_t *bytes, size_t len)
{
	struct again	 a;

	memset(&a, 0, sizeof(a));
	a.out.put = compare;
	a.bytes = bytes;
	a.len = len;
	switch (s->def->kind) {
	case METRIC_COUNTER:
		metrics_u64(&a.out, s->metric, s->value, s->label[0],
		    s->label[1], s->label[2], s->label[3]);
		break;
	case METRIC_GAUGE:
		metrics_i64(&a.out, s->metric, s->gauge, s->label[0],
		    s->label[1], s->label[2], s->label[3]);
		break;
	case METRIC_HISTOGRAM:
		metrics_hist(&a.out, s->metric, &s->hist, s->label[0],
		    s->label[1], s->label[2], s->label[3]);
		break;
	case METRIC_INFO:
		metrics_info(&a.out, s->metric, s->label[0], s->label[1],
		    s->label[2], s->label[3]);
		break;
	}
	FUZZ_ASSERT(a.n == 1);
}

/* Printable but for what is UTF-8, each line a comment or a sample. */
static void
check_text(const char *text, size_t len)
{
	size_t	 i;

	FUZZ_ASSERT(len == 0 || text[len - 1] == '\n');
	for (i = 0; i < len; i++)
		if (i == 0 || text[i - 1] == '\n')
			FUZZ_ASSERT(text[i] == '#' ||
			    (text[i] >= 'a' && text[i] <= 'z'));
	FUZZ_ASSERT(memchr(text, '\0', len) == NULL);
}

static void
show(struct metrics_set *set)
{
	struct evbuffer	*buf = evbuffer_new();
	size_t		 len, i;

	FUZZ_ASSERT(buf != NULL);
	metrics_set_sort(set);
	for (i = 1; i < set->n; i++)
		FUZZ_ASSERT(set->items[i - 1]->metric <=
		    set->items[i]->metric);
	FUZZ_ASSERT(metrics_render(buf, set) == 0);
	len = evbuffer_get_length(buf);
	if (len > 0)
		check_text((const char *)evbuffer_pullup(buf, -1), len);
	evbuffer_free(buf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct metric_sample	 s;
	struct metrics_set		 set;
	struct ibuf			 b;
	size_t				 at = 0, next;

	memset(&set, 0, sizeof(set));
	ibuf_from_buffer(&b, (void *)(uintptr_t)data, size);
	while (ibuf_size(&b) > 0 && metrics_decode(&b, &s) == 0) {
		next = size - ibuf_size(&b);
		encode_again(&s, data + at, next - at);
		FUZZ_ASSERT(metrics_set_add(&set, data + at, next - at) == 0);
		at = next;
	}
	show(&set);
	metrics_set_clear(&set);
	return (0);
}
