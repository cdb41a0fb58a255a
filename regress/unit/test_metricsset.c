/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/metrics_set.o common/metrics_render.o common/metrics.o
 * common/metrics_table.o common/histogram.o common/list.o common/jsonscan.o
 * common/hex.o common/u256.o
 * common/msgfield.o compat/imsg.o compat/imsg-buffer.o */
/* libs: libevent */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <event2/buffer.h>

#include "common/metrics_set.h"

static struct metrics_set	 set;
static struct metrics_out	 out;

/* Each sample is a piece of its own. */
static int
keep(struct metrics_out *o, const uint8_t *sample, size_t len)
{
	(void)o;
	return (metrics_set_add(&set, sample, len));
}

static int
setup(void **state)
{
	(void)state;
	memset(&set, 0, sizeof(set));
	memset(&out, 0, sizeof(out));
	out.put = keep;
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	metrics_set_clear(&set);
	assert_null(set.items);
	return (0);
}

static void
expect(const char *text)
{
	struct evbuffer	*buf = evbuffer_new();
	size_t		 len;
	char		*got;

	assert_non_null(buf);
	metrics_set_sort(&set);
	assert_int_equal(metrics_render(buf, &set), 0);
	len = evbuffer_get_length(buf);
	assert_non_null(got = calloc(1, len + 1));
	evbuffer_remove(buf, got, len);
	assert_string_equal(got, text);
	free(got);
	evbuffer_free(buf);
}

/* ---- Order and sums --------------------------------------------------- */

static void
test_order(void **state)
{
	(void)state;
	metrics_u64(&out, METRIC_RULE_SERVED, 1, "10", "b", "", "k");
	metrics_u64(&out, METRIC_KEYD_TURNS, 5, "link");
	metrics_u64(&out, METRIC_RULE_SERVED, 1, "x", "b", "", "k");
	metrics_u64(&out, METRIC_RULE_SERVED, 0, "9", "b", "", "k");
	metrics_u64(&out, METRIC_KEYD_TURNS, 4, "frontend");
	metrics_u64(&out, METRIC_RULE_SERVED, 1, "", "b", "", "k");
	metrics_info(&out, METRIC_BUILD, "1");
	expect("# HELP signerd_build_info What runs.\n"
	    "# TYPE signerd_build_info gauge\n"
	    "signerd_build_info{version=\"1\"} 1\n"
	    "# HELP signerd_rule_served Whether a request by a rule could "
	    "reach its key now.\n"
	    "# TYPE signerd_rule_served gauge\n"
	    "signerd_rule_served{rule=\"9\",client=\"b\",link=\"\",key=\"k\"} "
	    "0\n"
	    "signerd_rule_served{rule=\"10\",client=\"b\",link=\"\",key=\"k\"} "
	    "1\n"
	    "signerd_rule_served{rule=\"\",client=\"b\",link=\"\",key=\"k\"} "
	    "1\n"
	    "signerd_rule_served{rule=\"x\",client=\"b\",link=\"\",key=\"k\"} "
	    "1\n"
	    "# HELP signerd_keyd_turns_total Turns in which keyd answered "
	    "requests of a process.\n"
	    "# TYPE signerd_keyd_turns_total counter\n"
	    "signerd_keyd_turns_total{process=\"frontend\"} 4\n"
	    "signerd_keyd_turns_total{process=\"link\"} 5\n");
}

/* Of what can be well or not, and of dates, the worst of them holds. */
static void
test_worst(void **state)
{
	int	 i;

	(void)state;
	for (i = 0; i < 2; i++) {
		metrics_u64(&out, METRIC_AUDIT_READY, (uint64_t)i);
		metrics_i64(&out, METRIC_CERT_EXPIRY, 1000 - i, "ca", "");
		metrics_i64(&out, METRIC_CERT_EXPIRY, 2000 + i, "ca", "l");
		metrics_i64(&out, METRIC_CRL_UPDATE, 3000 - i, "");
		metrics_u64(&out, METRIC_KEYD_BEHIND, (uint64_t)i, "link");
		metrics_u64(&out, METRIC_KEYD_BEHIND, 1, "frontend");
		metrics_u64(&out, METRIC_LISTENERS, 3);
		metrics_u64(&out, METRIC_QUEUE_MAX, 256, "frontend");
	}
	metrics_set_sort(&set);
	assert_int_equal(set.n, 8);
	assert_int_equal(metrics_set_gauge(&set, METRIC_AUDIT_READY, NULL), 0);
	assert_int_equal(metrics_set_gauge(&set, METRIC_CERT_EXPIRY, NULL),
	    999);
	assert_int_equal(set.items[metrics_set_find(&set, METRIC_CERT_EXPIRY,
	    &(size_t){ 0 }) + 1]->gauge, 2000);
	assert_int_equal(metrics_set_gauge(&set, METRIC_CRL_UPDATE, NULL),
	    2999);
	assert_int_equal(metrics_set_gauge(&set, METRIC_KEYD_BEHIND, "link"),
	    1);
	assert_int_equal(metrics_set_gauge(&set, METRIC_KEYD_BEHIND,
	    "frontend"), 1);
	assert_int_equal(metrics_set_gauge(&set, METRIC_LISTENERS, NULL), 3);
	assert_int_equal(metrics_set_gauge(&set, METRIC_QUEUE_MAX, NULL),
	    512);
}

/* What two processes say of the same is one. */
static void
test_sums(void **state)
{
	struct histogram	 h;
	size_t			 n;

	(void)state;
	memset(&h, 0, sizeof(h));
	histogram_add(&h, 60);
	metrics_u64(&out, METRIC_KEYD_TURNS, 4, "link");
	metrics_i64(&out, METRIC_CONNECTIONS, INT64_MAX);
	metrics_info(&out, METRIC_BUILD, "1");
	metrics_hist(&out, METRIC_REQUEST_SECONDS, &h, "link", "m");
	metrics_u64(&out, METRIC_KEYD_TURNS, 3, "link");
	metrics_i64(&out, METRIC_CONNECTIONS, 1);
	metrics_info(&out, METRIC_BUILD, "1");
	metrics_hist(&out, METRIC_REQUEST_SECONDS, &h, "link", "m");
	metrics_i64(&out, METRIC_CONFIG_LOADED, INT64_MIN);
	metrics_i64(&out, METRIC_CONFIG_LOADED, -1);
	metrics_set_sort(&set);
	assert_int_equal(set.n, 5);
	assert_int_equal(metrics_set_gauge(&set, METRIC_BUILD, "1"), 1);
	assert_true(metrics_set_gauge(&set, METRIC_CONNECTIONS, NULL) ==
	    INT64_MAX);
	assert_true(metrics_set_gauge(&set, METRIC_CONFIG_LOADED, NULL) ==
	    INT64_MIN);
	assert_int_equal(set.items[metrics_set_find(&set, METRIC_KEYD_TURNS,
	    &n)]->value, 7);
	assert_int_equal(n, 1);
	assert_int_equal(histogram_count(set.items[metrics_set_find(&set,
	    METRIC_REQUEST_SECONDS, &n)]->hist), 2);
}

static void
test_find(void **state)
{
	size_t	 n;

	(void)state;
	(void)metrics_set_find(&set, METRIC_PROCESS_UP, &n);
	assert_int_equal(n, 0);
	assert_int_equal(metrics_set_gauge(&set, METRIC_PROCESS_UP, "a"), 0);
	metrics_u64(&out, METRIC_PROCESS_UP, 1, "keyd");
	metrics_u64(&out, METRIC_PROCESS_UP, 2, "link");
	metrics_u64(&out, METRIC_STATUS_CONNECTIONS, 3);
	metrics_u64(&out, METRIC_OP_HTTP_REQUESTS, 3, "GET");
	metrics_set_sort(&set);
	assert_int_equal(metrics_set_find(&set, METRIC_PROCESS_UP, &n), 1);
	assert_int_equal(n, 2);
	assert_int_equal(metrics_set_gauge(&set, METRIC_PROCESS_UP, "link"),
	    2);
	assert_int_equal(metrics_set_gauge(&set, METRIC_PROCESS_UP, "x"), 0);
	assert_int_equal(metrics_set_find(&set, METRIC_STATUS_CONNECTIONS,
	    &n), 3);
	assert_int_equal(n, 1);
	(void)metrics_set_find(&set, METRIC_STATUS_TIMEOUTS, &n);
	assert_int_equal(n, 0);
}

/* ---- Text ------------------------------------------------------------- */

static void
test_escapes(void **state)
{
	(void)state;
	metrics_u64(&out, METRIC_KEYD_TURNS, 1, "a\"b\\c\nd\xc3\xa9\xff!");
	expect("# HELP signerd_keyd_turns_total Turns in which keyd answered "
	    "requests of a process.\n"
	    "# TYPE signerd_keyd_turns_total counter\n"
	    "signerd_keyd_turns_total{process=\"a\\\"b\\\\c\\nd\xc3\xa9"
	    "\\\\xff!\"} 1\n");
}

/* Every byte of the longest labels escaped: it has to fit. */
static void
test_longest(void **state)
{
	struct evbuffer	*buf = evbuffer_new();
	char		 label[METRICS_LABEL_MAX + 1];

	(void)state;
	assert_non_null(buf);
	memset(label, 0xff, METRICS_LABEL_MAX);
	label[METRICS_LABEL_MAX] = '\0';
	metrics_u64(&out, METRIC_RULE_SERVED, 1, label, label, label, label);
	metrics_set_sort(&set);
	assert_int_equal(metrics_render(buf, &set), 0);
	assert_in_range(evbuffer_get_length(buf), 4 * 5 * METRICS_LABEL_MAX,
	    4 * 5 * METRICS_LABEL_MAX + 256);
	evbuffer_free(buf);
}

static void
test_histogram(void **state)
{
	static const char	 text[] =
	    "# HELP signer_http_request_duration_ms Time from an HTTP request "
	    "to its answer, in milliseconds.\n"
	    "# TYPE signer_http_request_duration_ms histogram\n"
#define B(le, n) "signer_http_request_duration_ms_bucket{method=\"m\","	\
	    "response_code=\"200\",le=\"" le "\"} " n "\n"
	    B("0.05", "1") B("0.1", "1") B("0.2", "2") B("0.5", "2")
	    B("1", "2") B("2", "2") B("5", "2") B("10", "2") B("20", "2")
	    B("50", "2") B("100", "2") B("200", "2") B("500", "2")
	    B("1000", "2") B("2000", "2") B("5000", "2") B("10000", "2")
	    B("+Inf", "3")
	    "signer_http_request_duration_ms_sum{method=\"m\","
	    "response_code=\"200\"} 10000.161\n"
	    "signer_http_request_duration_ms_count{method=\"m\","
	    "response_code=\"200\"} 3\n";
	struct histogram	 h;

	(void)state;
	memset(&h, 0, sizeof(h));
	histogram_add(&h, 50);
	histogram_add(&h, 110);
	histogram_add(&h, 10000001);
	metrics_hist(&out, METRIC_OP_HTTP_DURATION, &h, "m", "200");
	expect(text);
}

static void
test_units(void **state)
{
	struct evbuffer		*buf = evbuffer_new();
	struct histogram	 h;
	char			*text;

	(void)state;
	assert_non_null(buf);
	memset(&h, 0, sizeof(h));
	histogram_add(&h, 1000050);
	metrics_hist(&out, METRIC_REQUEST_SECONDS, &h, "p", "m");
	metrics_hist(&out, METRIC_OP_HTTP_SIZE, &h, "m", "200");
	metrics_set_sort(&set);
	assert_int_equal(metrics_render(buf, &set), 0);
	evbuffer_add(buf, "", 1);
	text = (char *)evbuffer_pullup(buf, -1);
	assert_non_null(strstr(text, "le=\"0.00005\"} 0\n"));
	assert_non_null(strstr(text, "le=\"2\"} 1\n"));
	assert_non_null(strstr(text, "method=\"m\"} 1.00005\n"));
	assert_non_null(strstr(text, "le=\"1000000\"} 0\n"));
	assert_non_null(strstr(text, "response_code=\"200\"} 1000050\n"));
	evbuffer_free(buf);
}

/* ---- What is too much, or wrong --------------------------------------- */

static void
test_limits(void **state)
{
	static const uint8_t	 bad[] = { 0, METRIC_CONNECTIONS, 1, 0 };
	size_t			 i;

	(void)state;
	assert_int_equal(metrics_set_add(&set, bad, sizeof(bad)), -1);
	for (i = 0; i < METRICS_MAXSAMPLES; i++)
		metrics_u64(&out, METRIC_CONNECTIONS, 1);
	assert_false(out.failed);
	assert_int_equal(set.n, METRICS_MAXSAMPLES);
	out.nsamples = 0;
	metrics_u64(&out, METRIC_CONNECTIONS, 1);
	assert_true(out.failed);
	metrics_set_sort(&set);
	assert_int_equal(set.n, 1);
	assert_int_equal(set.items[0]->gauge, METRICS_MAXSAMPLES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sums, setup, teardown),
		cmocka_unit_test_setup_teardown(test_worst, setup, teardown),
		cmocka_unit_test_setup_teardown(test_find, setup, teardown),
		cmocka_unit_test_setup_teardown(test_escapes, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_longest, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_histogram, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_units, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limits, setup, teardown)
	};

	return (cmocka_run_group_tests_name("metricsset", tests, NULL, NULL));
}
