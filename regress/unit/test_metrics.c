/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/metrics.o common/metrics_table.o common/histogram.o
 * common/msgfield.o compat/imsg.o compat/imsg-buffer.o */

#include <stdbool.h>
#include <stdio.h>

#include "common/metrics.h"
#include "regress/unit/msg_util.h"

/* What is said is kept here, as it was encoded. */
struct said {
	struct metrics_out	 out;
	bool			 nomem;
	size_t			 len;
	uint8_t			 bytes[16 * METRICS_SAMPLESIZE];
};

static int
keep(struct metrics_out *out, const uint8_t *sample, size_t len)
{
	struct said	*said = (struct said *)(void *)out;

	if (said->nomem)
		return (-1);
	assert_in_range(len, 1, METRICS_SAMPLESIZE);
	assert_in_range(said->len + len, 1, sizeof(said->bytes));
	memcpy(said->bytes + said->len, sample, len);
	said->len += len;
	return (0);
}

static void
begin(struct said *said)
{
	memset(said, 0, sizeof(*said));
	said->out.put = keep;
}

static void
open_said(struct said *said, struct ibuf *b)
{
	ibuf_from_buffer(b, said->bytes, said->len);
}

/* ---- Histograms ------------------------------------------------------- */

static void
test_buckets(void **state)
{
	static const struct {
		uint64_t	value;
		size_t		bucket;
	} cases[] = {
		{ 0, 0 }, { 49, 0 }, { 50, 0 }, { 51, 1 }, { 100, 1 },
		{ 101, 2 }, { 200, 2 }, { 500, 3 }, { 1000, 4 }, { 1001, 5 },
		{ 2000, 5 }, { 5000, 6 }, { 999999, 13 }, { 1000000, 13 },
		{ 2000000, 14 }, { 10000000, 16 }, { 10000001, 17 },
		{ UINT64_MAX, 17 }
	};
	struct histogram	 h;
	size_t			 i, j;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(&h, 0, sizeof(h));
		histogram_add(&h, cases[i].value);
		for (j = 0; j < HISTOGRAM_BUCKETS; j++)
			assert_int_equal(h.bucket[j], j == cases[i].bucket);
		assert_int_equal(h.sum, cases[i].value);
		assert_int_equal(histogram_count(&h), 1);
	}
	for (i = 1; i < HISTOGRAM_BOUNDS; i++)
		assert_true(histogram_bounds[i - 1] < histogram_bounds[i]);
}

static void
test_merge(void **state)
{
	struct histogram	 a, b;

	(void)state;
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	histogram_add(&a, 50);
	histogram_add(&b, 50);
	histogram_add(&b, 20000000);
	histogram_merge(&a, &b);
	assert_int_equal(a.bucket[0], 2);
	assert_int_equal(a.bucket[17], 1);
	assert_int_equal(a.sum, 20000100);
	assert_int_equal(histogram_count(&a), 3);
}

/* ---- The table -------------------------------------------------------- */

static bool
ends_in(const char *text, const char *end)
{
	size_t	 len = strlen(text), n = strlen(end);

	return (len >= n && strcmp(text + len - n, end) == 0);
}

static void
check_name(const char *name)
{
	assert_true(name[0] >= 'a' && name[0] <= 'z');
	assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz_0123456789"),
	    strlen(name));
}

static void
check_kind(const struct metric_def *def)
{
	bool	 foreign = strncmp(def->name, "signer_", 7) == 0;

	switch (def->kind) {
	case METRIC_COUNTER:
		assert_true(ends_in(def->name, "_total"));
		break;
	case METRIC_GAUGE:
		assert_false(ends_in(def->name, "_total"));
		break;
	case METRIC_HISTOGRAM:
		assert_true(foreign || ends_in(def->name, "_seconds"));
		break;
	case METRIC_INFO:
		assert_true(ends_in(def->name, "_info"));
		assert_true(metric_labels(def) > 0);
		break;
	}
	if (!foreign)
		assert_true(strncmp(def->name, "signerd_", 8) == 0 ||
		    strncmp(def->name, "proxyd_", 7) == 0);
}

/* A counter without its end must not be another, which some parsers mix up. */
static bool
is_mixed_up(const char *a, const char *b)
{
	size_t	 len = strlen(b);

	return (strncmp(a, b, len) == 0 && strcmp(a + len, "_total") == 0);
}

/* Each is there, and none twice: what the parser of a scraper relies on. */
static void
test_table(void **state)
{
	const struct metric_def	*def;
	unsigned int		 i, j;
	size_t			 n;

	(void)state;
	assert_null(metric_def(METRIC_COUNT));
	assert_null(metric_def(UINT16_MAX));
	for (i = 0; i < METRIC_COUNT; i++) {
		def = metric_def(i);
		assert_non_null(def->name);
		check_name(def->name);
		check_kind(def);
		assert_true(def->from != 0);
		assert_true(ends_in(def->help, "."));
		assert_null(strchr(def->help, '\n'));
		for (j = 0; j < METRIC_COUNT; j++) {
			assert_true(i == j || strcmp(def->name,
			    metric_def(j)->name) != 0);
			assert_false(is_mixed_up(def->name,
			    metric_def(j)->name));
		}
		for (n = 0; n < metric_labels(def); n++) {
			check_name(def->label[n]);
			assert_string_not_equal(def->label[n], "le");
		}
	}
}

/* ---- Samples ---------------------------------------------------------- */

static void
test_samples(void **state)
{
	struct metric_sample	 s;
	struct histogram	 h;
	struct said		 said;
	struct ibuf		 b;

	(void)state;
	memset(&h, 0, sizeof(h));
	histogram_add(&h, 3);
	histogram_add(&h, 70000);
	begin(&said);
	metrics_u64(&said.out, METRIC_OP_PAYLOAD, UINT64_MAX, "a.example",
	    "success", "");
	metrics_u64(&said.out, METRIC_CONNECTIONS, UINT64_MAX);
	metrics_i64(&said.out, METRIC_CONFIG_LOADED, -5);
	metrics_hist(&said.out, METRIC_OP_HTTP_LATENCY, &h, "POST", "200");
	metrics_info(&said.out, METRIC_BUILD, "1.2.3");
	assert_int_equal(said.out.nsamples, 5);

	open_said(&said, &b);
	assert_int_equal(metrics_decode(&b, &s), 0);
	assert_int_equal(s.metric, METRIC_OP_PAYLOAD);
	assert_ptr_equal(s.def, metric_def(METRIC_OP_PAYLOAD));
	assert_int_equal(s.nlabels, 3);
	assert_string_equal(s.label[0], "a.example");
	assert_string_equal(s.label[1], "success");
	assert_string_equal(s.label[2], "");
	assert_true(s.value == UINT64_MAX);

	assert_int_equal(metrics_decode(&b, &s), 0);
	assert_true(s.gauge == INT64_MAX);
	assert_int_equal(metrics_decode(&b, &s), 0);
	assert_true(s.gauge == -5);
	assert_int_equal(metrics_decode(&b, &s), 0);
	assert_memory_equal(&s.hist, &h, sizeof(h));
	assert_int_equal(metrics_decode(&b, &s), 0);
	assert_int_equal(s.metric, METRIC_BUILD);
	assert_int_equal(s.gauge, 1);
	assert_string_equal(s.label[0], "1.2.3");
	assert_int_equal(ibuf_size(&b), 0);
	assert_int_equal(metrics_decode(&b, &s), -1);
}

/* A label that is too long is cut, and the longest sample fits. */
static void
test_long_labels(void **state)
{
	struct metric_sample	 s;
	struct said		 said;
	struct ibuf		 b;
	char			 label[400];

	(void)state;
	memset(label, 'x', sizeof(label));
	label[sizeof(label) - 1] = '\0';
	begin(&said);
	metrics_u64(&said.out, METRIC_RULE_SERVED, 1, label, label, label,
	    label);
	open_said(&said, &b);
	assert_int_equal(metrics_decode(&b, &s), 0);
	assert_int_equal(strlen(s.label[3]), METRICS_LABEL_MAX);
}

/* Nothing more is taken after a failure, or over the most there may be. */
static void
test_failure(void **state)
{
	struct said	 said;

	(void)state;
	begin(&said);
	said.nomem = true;
	metrics_u64(&said.out, METRIC_CONNECTIONS, 1);
	assert_true(said.out.failed);
	said.nomem = false;
	metrics_u64(&said.out, METRIC_CONNECTIONS, 1);
	assert_int_equal(said.len, 0);

	begin(&said);
	said.out.nsamples = METRICS_MAXSAMPLES - 1;
	metrics_u64(&said.out, METRIC_CONNECTIONS, 1);
	metrics_u64(&said.out, METRIC_CONNECTIONS, 2);
	assert_int_equal(said.out.nsamples, METRICS_MAXSAMPLES);
	assert_int_equal(said.len, 2 + 1 + 8);
}

/* Each cut of good samples, and each wrong number in them. */
static void
test_malformed(void **state)
{
	static const char	 nul[] =
		"\0\0\3\1a\1\0\1b\0\0\0\0\0\0\0\1";
	struct metric_sample	 s;
	struct said		 said;
	struct ibuf		 b;
	size_t			 len;

	(void)state;
	assert_int_equal(METRIC_OP_TRANSACTION, 0);
	begin(&said);
	metrics_u64(&said.out, METRIC_OP_TRANSACTION, 7, "c", "success", "");
	for (len = 0; len < said.len; len++) {
		ibuf_from_buffer(&b, said.bytes, len);
		assert_int_equal(metrics_decode(&b, &s), -1);
	}
	open_said(&said, &b);
	assert_int_equal(metrics_decode(&b, &s), 0);
	/* Another metric's labels; none at all; one more. */
	said.bytes[1] = METRIC_CONNECTIONS;
	open_said(&said, &b);
	assert_int_equal(metrics_decode(&b, &s), -1);
	said.bytes[1] = METRIC_COUNT;
	open_said(&said, &b);
	assert_int_equal(metrics_decode(&b, &s), -1);
	said.bytes[1] = 0;
	said.bytes[0] = 1;
	open_said(&said, &b);
	assert_int_equal(metrics_decode(&b, &s), -1);
	said.bytes[0] = 0;
	said.bytes[2] = 4;
	open_said(&said, &b);
	assert_int_equal(metrics_decode(&b, &s), -1);
	ibuf_from_buffer(&b, (void *)(uintptr_t)nul, sizeof(nul) - 1);
	assert_int_equal(metrics_decode(&b, &s), -1);
}

/* ---- Messages --------------------------------------------------------- */

/* As many messages as it takes, each within its size, and then the end. */
static void
test_writer(void **state)
{
	static struct metrics_writer	 w;
	struct metric_sample		 s;
	struct imsg			 imsg;
	struct ibuf			 b;
	uint32_t			 id;
	uint64_t			 i, n = 0;
	char				 label[200];

	(void)state;
	memset(label, 'y', sizeof(label));
	label[sizeof(label) - 1] = '\0';
	assert_int_equal(metrics_send(&p.a, METRICS_ASK, 9), 0);
	receive(&imsg, METRICS_ASK);
	assert_int_equal(metrics_get(&imsg, &id), 0);
	assert_int_equal(id, 9);
	imsg_free(&imsg);
	metrics_begin(&w, &p.a, id);
	for (i = 0; i < 100; i++)
		metrics_u64(&w.out, METRIC_OP_TRANSACTION, i, label, label,
		    label);
	assert_int_equal(metrics_end(&w), 0);
	while (n < 100) {
		receive(&imsg, METRICS_SAMPLE);
		assert_int_equal(metrics_get_samples(&imsg, &id, &b), 0);
		assert_int_equal(id, 9);
		while (ibuf_size(&b) > 0) {
			assert_int_equal(metrics_decode(&b, &s), 0);
			assert_true(s.value == n++);
		}
		imsg_free(&imsg);
	}
	receive(&imsg, METRICS_END);
	assert_int_equal(metrics_get(&imsg, &id), 0);
	imsg_free(&imsg);
}

/* What is over the most there may be is left out, not an error. */
static void
test_writer_limit(void **state)
{
	static struct metrics_writer	 w;

	(void)state;
	metrics_begin(&w, &p.a, 1);
	w.bytes = METRICS_MAXBYTES - 10;
	metrics_u64(&w.out, METRIC_CONNECTIONS, 1);
	assert_int_equal(w.len, 0);
	w.bytes--;
	metrics_u64(&w.out, METRIC_CONNECTIONS, 1);
	assert_int_equal(w.len, 11);
	assert_int_equal(metrics_end(&w), 0);
}

static int
decode_any(struct imsg *imsg, int *fd)
{
	struct ibuf	 b;
	uint32_t	 id;

	*fd = -1;
	if (imsg_get_type(imsg) == METRICS_SAMPLE)
		return (metrics_get_samples(imsg, &id, &b));
	return (metrics_get(imsg, &id));
}

static void
test_bad_messages(void **state)
{
	static uint8_t	 data[METRICS_MSGSIZE + 1];
	size_t		 i;

	(void)state;
	for (i = 0; i < 8; i++) {
		assert_int_equal(decode_raw(decode_any, METRICS_ASK, data, i,
		    false), i == 4 ? 0 : -1);
		assert_int_equal(decode_raw(decode_any, METRICS_END, data, i,
		    false), i == 4 ? 0 : -1);
		assert_int_equal(decode_raw(decode_any, METRICS_SAMPLE, data,
		    i, false), i > 4 ? 0 : -1);
	}
	assert_int_equal(decode_raw(decode_any, METRICS_SAMPLE, data,
	    METRICS_MSGSIZE, false), 0);
	assert_int_equal(decode_raw(decode_any, METRICS_SAMPLE, data,
	    METRICS_MSGSIZE + 1, false), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buckets),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_long_labels),
		cmocka_unit_test(test_failure),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test_setup_teardown(test_writer, channel_open,
		    channel_close),
		cmocka_unit_test_setup_teardown(test_writer_limit,
		    channel_open, channel_close),
		cmocka_unit_test_setup_teardown(test_bad_messages,
		    channel_open, channel_close)
	};

	return (cmocka_run_group_tests_name("metrics", tests, NULL, NULL));
}
