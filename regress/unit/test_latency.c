/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: opsign/latency.o */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "opsign/latency.h"
#include "regress/unit/rnd.h"

/* Percentiles against those of the sorted times themselves. */
static struct latency	 latency;

static void
test_empty(void **state)
{
	(void)state;
	latency_clear(&latency);
	assert_int_equal(latency_at(&latency, 500), 0);
	assert_int_equal(latency_at(&latency, 1000), 0);
	assert_true(latency_mean(&latency) >= 0 &&
	    latency_mean(&latency) <= 0);
}

static void
test_one(void **state)
{
	(void)state;
	latency_clear(&latency);
	latency_add(&latency, 123457);
	assert_int_equal(latency_at(&latency, 1), 123457);
	assert_int_equal(latency_at(&latency, 500), 123457);
	assert_int_equal(latency_at(&latency, 1000), 123457);
	assert_int_equal(latency.min, 123457);
	assert_int_equal(latency.max, 123457);
}

/* 1 to 100: exact, by the smallest time that so many did not exceed. */
static void
test_ranks(void **state)
{
	unsigned int i;

	(void)state;
	latency_clear(&latency);
	for (i = 100; i >= 1; i--)
		latency_add(&latency, i);
	assert_int_equal(latency_at(&latency, 0), 1);
	assert_int_equal(latency_at(&latency, 10), 1);
	assert_int_equal(latency_at(&latency, 11), 2);
	assert_int_equal(latency_at(&latency, 500), 50);
	assert_int_equal(latency_at(&latency, 501), 51);
	assert_int_equal(latency_at(&latency, 990), 99);
	assert_int_equal(latency_at(&latency, 999), 100);
	assert_int_equal(latency_at(&latency, 1000), 100);
	assert_true(latency_mean(&latency) > 50.4 &&
	    latency_mean(&latency) < 50.6);
}

/* Each time by itself: never told too low, and at most 1/128 too high. */
static void
test_precision(void **state)
{
	uint64_t v, told;

	(void)state;
	for (v = 1; v <= LATENCY_MAX; v = v + v / 97 + 1) {
		latency_clear(&latency);
		latency_add(&latency, v);
		latency_add(&latency, LATENCY_MAX);
		told = latency_at(&latency, 500);
		assert_true(told >= v);
		assert_true(told - v <= v / 128);
	}
}

static void
test_boundaries(void **state)
{
	static const uint64_t values[] = { 0, 255, 256, 257, 511, 512,
	    UINT32_MAX - 1, UINT32_MAX };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		latency_clear(&latency);
		latency_add(&latency, values[i]);
		assert_int_equal(latency_at(&latency, 500), values[i]);
	}
	latency_clear(&latency);
	latency_add(&latency, UINT64_MAX);
	assert_int_equal(latency_at(&latency, 1000), LATENCY_MAX);
}

static int
compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x < *y ? -1 : *x > *y);
}

#define MANY	20000

static void
test_many(void **state)
{
	static const unsigned int at[] = { 500, 900, 990, 999, 1000 };
	static uint64_t all[MANY];
	uint64_t exact, told;
	size_t i;

	(void)state;
	latency_clear(&latency);
	for (i = 0; i < MANY; i++) {
		all[i] = rnd(UINT32_MAX) >> rnd(16);
		latency_add(&latency, all[i]);
	}
	qsort(all, MANY, sizeof(all[0]), compare);
	for (i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		exact = all[MANY / 1000 * at[i] - 1];
		told = latency_at(&latency, at[i]);
		assert_true(told >= exact && told - exact <= exact / 128);
	}
	assert_int_equal(latency_at(&latency, 1000), all[MANY - 1]);
	assert_int_equal(latency.min, all[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_one),
		cmocka_unit_test(test_ranks),
		cmocka_unit_test(test_precision),
		cmocka_unit_test(test_boundaries),
		cmocka_unit_test(test_many),
	};

	return (cmocka_run_group_tests_name("latency", tests, NULL, NULL));
}
