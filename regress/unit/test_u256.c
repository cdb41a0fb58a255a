/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/u256.o */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/u256.h"

#define MAX_DEC	"115792089237316195423570985008687907853" \
		"269984665640564039457584007913129639935"
#define OVER	"115792089237316195423570985008687907853" \
		"269984665640564039457584007913129639936"

static struct u256
dec(const char *s)
{
	struct u256	v;

	assert_int_equal(u256_from_dec(&v, s, strlen(s)), U256_OK);
	return (v);
}

static void
check_dec(const struct u256 *v, const char *want)
{
	char	text[U256_DECSIZE];

	assert_int_equal(u256_to_dec(v, text), strlen(want));
	assert_string_equal(text, want);
}

static void
test_compare(void **state)
{
	struct u256	zero, one, big, top;

	(void)state;
	u256_from_u64(&zero, 0);
	u256_from_u64(&one, 1);
	u256_from_u64(&big, UINT64_MAX);
	top = zero;
	top.b[0] = 1;
	assert_true(u256_is_zero(&zero));
	assert_false(u256_is_zero(&one));
	assert_false(u256_is_zero(&top));
	assert_int_equal(u256_cmp(&big, &big), 0);
	assert_true(u256_cmp(&zero, &one) < 0);
	assert_true(u256_cmp(&big, &one) > 0);
	assert_true(u256_cmp(&big, &top) < 0);
}

static void
test_from_u64(void **state)
{
	static const uint8_t	want[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct u256		v;
	size_t			i;

	(void)state;
	memset(&v, 0xff, sizeof(v));
	u256_from_u64(&v, 0x0102030405060708);
	for (i = 0; i < 24; i++)
		assert_int_equal(v.b[i], 0);
	assert_memory_equal(v.b + 24, want, 8);
	u256_from_u64(&v, UINT64_MAX);
	check_dec(&v, "18446744073709551615");
}

static void
test_add(void **state)
{
	struct u256	a, b, r;

	(void)state;
	a = dec("18446744073709551615");
	b = dec("1");
	assert_int_equal(u256_add(&r, &a, &b), 0);
	check_dec(&r, "18446744073709551616");
	/* In place. */
	assert_int_equal(u256_add(&a, &a, &a), 0);
	check_dec(&a, "36893488147419103230");

	a = dec(MAX_DEC);
	r = dec("77");
	assert_int_equal(u256_add(&r, &a, &b), -1);
	check_dec(&r, "77");
	assert_int_equal(u256_add(&a, &b, &a), -1);
	check_dec(&a, MAX_DEC);
	b = dec("0");
	assert_int_equal(u256_add(&r, &a, &b), 0);
	check_dec(&r, MAX_DEC);
}

static void
test_mul(void **state)
{
	struct u256	a, r;

	(void)state;
	a = dec("18446744073709551615");
	assert_int_equal(u256_mul_u64(&r, &a, UINT64_MAX), 0);
	check_dec(&r, "340282366920938463426481119284349108225");
	assert_int_equal(u256_mul_u64(&a, &a, 1000000000000000000), 0);
	check_dec(&a, "18446744073709551615000000000000000000");
	assert_int_equal(u256_mul_u64(&a, &a, 0), 0);
	check_dec(&a, "0");

	a = dec(MAX_DEC);
	assert_int_equal(u256_mul_u64(&r, &a, 1), 0);
	check_dec(&r, MAX_DEC);
	r = dec("5");
	assert_int_equal(u256_mul_u64(&r, &a, 2), -1);
	assert_int_equal(u256_mul_u64(&r, &a, 1ULL << 32), -1);
	assert_int_equal(u256_mul_u64(&r, &a, UINT64_MAX), -1);
	check_dec(&r, "5");
}

/* 2^224 and its neighbours: where the upper half of the product ends. */
static void
test_mul_edge(void **state)
{
	struct u256	a, r;
	size_t		i;

	(void)state;
	memset(&a, 0, sizeof(a));
	a.b[3] = 1;
	assert_int_equal(u256_mul_u64(&r, &a, UINT32_MAX), 0);
	assert_int_equal(u256_mul_u64(&r, &a, 1ULL << 32), -1);
	memset(&a, 0xff, sizeof(a));
	memset(a.b, 0, 4);
	assert_int_equal(u256_mul_u64(&r, &a, 1ULL << 32), 0);
	for (i = 0; i < U256_SIZE; i++)
		assert_int_equal(r.b[i], i < 28 ? 0xff : 0);
	/* Each half fits, their sum does not. */
	assert_int_equal(u256_mul_u64(&r, &a, (1ULL << 32) + UINT32_MAX), -1);
	/* 3 * 5 * 17 * ...: (2^256 - 1) / (2^64 - 1) times its divisor. */
	memset(&a, 0, sizeof(a));
	a.b[7] = a.b[15] = a.b[23] = a.b[31] = 1;
	assert_int_equal(u256_mul_u64(&r, &a, UINT64_MAX), 0);
	check_dec(&r, MAX_DEC);
}

/* One and zeros, and nines, in each length that there is. */
static void
test_decimal_lengths(void **state)
{
	struct u256	v;
	char		text[U256_DECSIZE];
	size_t		n;

	(void)state;
	for (n = 1; n < U256_DECSIZE - 1; n++) {
		memset(text, '0', n);
		text[0] = '1';
		text[n] = '\0';
		v = dec(text);
		check_dec(&v, text);
		memset(text, '9', n);
		v = dec(text);
		check_dec(&v, text);
	}
}

static void
test_decimal(void **state)
{
	static const char *const same[] = {
		"0", "1", "9", "10", "255", "256", "4294967295", "4294967296",
		"1000000000000000000", "18446744073709551617",
		"99999999999999999999999999999999999999999999999999999999999"
		"999999999999999999", MAX_DEC
	};
	struct u256	v;
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		v = dec(same[i]);
		check_dec(&v, same[i]);
	}
	v = dec("0000000000000000000000000000000000000000000000000000000000"
	    "000000000000000000000000000000000000000042");
	check_dec(&v, "42");
	v = dec("000");
	assert_true(u256_is_zero(&v));
	/* The length counts, not a NUL. */
	assert_int_equal(u256_from_dec(&v, "123456", 3), U256_OK);
	check_dec(&v, "123");
}

static void
test_decimal_refused(void **state)
{
	static const char *const bad[] = {
		"", "-1", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "a", "1_0",
		("123456789012345678901234567890123456789012345678901234567"
		"89012345678901234567890x")
	};
	struct u256	v;
	char		*long_text;
	size_t		i, n = 5 * 1024 * 1024;

	(void)state;
	v = dec("7");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(u256_from_dec(&v, bad[i], strlen(bad[i])),
		    U256_SYNTAX);
	assert_int_equal(u256_from_dec(&v, "1\0002", 3), U256_SYNTAX);
	assert_int_equal(u256_from_dec(&v, OVER, strlen(OVER)), U256_RANGE);
	assert_int_equal(u256_from_dec(&v, MAX_DEC "0", strlen(OVER) + 1),
	    U256_RANGE);

	assert_non_null(long_text = malloc(n));
	memset(long_text, '9', n);
	assert_int_equal(u256_from_dec(&v, long_text, n), U256_RANGE);
	long_text[n - 1] = 'x';
	assert_int_equal(u256_from_dec(&v, long_text, n), U256_SYNTAX);
	check_dec(&v, "7");
	memset(long_text, '0', n);
	assert_int_equal(u256_from_dec(&v, long_text, n), U256_OK);
	check_dec(&v, "0");
	free(long_text);
}

/* 1, 10, 100 and so on; 9, 99, 999; and 1 followed by zeros and a 7. */
static void
test_digits(void **state)
{
	char		text[U256_DECSIZE];
	struct u256	v;
	size_t		n;

	(void)state;
	for (n = 1; n < U256_DECSIZE - 1; n++) {
		memset(text, '0', n);
		text[n] = '\0';
		text[0] = '1';
		v = dec(text);
		check_dec(&v, text);
		text[n - 1] = '7';
		v = dec(text);
		check_dec(&v, text);
		memset(text, '9', n);
		v = dec(text);
		check_dec(&v, text);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_from_u64),
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_mul),
		cmocka_unit_test(test_mul_edge),
		cmocka_unit_test(test_decimal),
		cmocka_unit_test(test_decimal_lengths),
		cmocka_unit_test(test_decimal_refused),
		cmocka_unit_test(test_digits)
	};

	return (cmocka_run_group_tests_name("u256", tests, NULL, NULL));
}
