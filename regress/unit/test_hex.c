/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/hex.o common/u256.o */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/hex.h"

struct bad {
	const char	*text;
	enum hex_error	 error;
};

static void
test_strerror(void **state)
{
	int	i;

	(void)state;
	for (i = HEX_OK; i <= HEX_LENGTH + 1; i++) {
		assert_non_null(hex_strerror((enum hex_error)i));
		if (i > 0)
			assert_string_not_equal(
			    hex_strerror((enum hex_error)i),
			    hex_strerror((enum hex_error)(i - 1)));
	}
	assert_string_equal(hex_strerror(HEX_ZERO),
	    "hex number with leading zero digits");
	assert_string_equal(hex_strerror(HEX_PREFIX),
	    "hex string without 0x prefix");
}

static void
test_digit(void **state)
{
	static const char	set[] = "0123456789abcdef0123456789ABCDEF";
	int			c, n = 0;
	size_t			i;

	(void)state;
	for (i = 0; i < 32; i++)
		assert_int_equal(hex_digit(set[i]), i % 16);
	for (c = -128; c < 128; c++)
		n += hex_digit((char)c) != -1;
	assert_int_equal(n, 22);
}

static void
test_quantity(void **state)
{
	static const char	max[] = "0xffffffffffffffffffffffffffffffff"
				    "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF";
	char			text[HEX_QUANTITYSIZE];
	struct u256		v, want;

	(void)state;
	assert_int_equal(hex_quantity("0x0", 3, &v), HEX_OK);
	assert_true(u256_is_zero(&v));
	hex_from_quantity(text, &v);
	assert_string_equal(text, "0x0");

	assert_int_equal(hex_quantity("0XaBc", 5, &v), HEX_OK);
	u256_from_u64(&want, 0xabc);
	assert_memory_equal(&v, &want, sizeof(v));
	hex_from_quantity(text, &v);
	assert_string_equal(text, "0xabc");

	assert_int_equal(hex_quantity("0x123", 4, &v), HEX_OK);
	u256_from_u64(&want, 0x12);
	assert_memory_equal(&v, &want, sizeof(v));

	assert_int_equal(hex_quantity(max, strlen(max), &v), HEX_OK);
	memset(&want, 0xff, sizeof(want));
	assert_memory_equal(&v, &want, sizeof(v));
	hex_from_quantity(text, &v);
	assert_int_equal(strlen(text), HEX_QUANTITYSIZE - 1);
	assert_memory_equal(text, "0xffff", 6);
}

static void
test_quantity64(void **state)
{
	uint64_t	v = 1;

	(void)state;
	assert_int_equal(hex_quantity64("0x0", 3, &v), HEX_OK);
	assert_int_equal(v, 0);
	assert_int_equal(hex_quantity64("0x7530", 6, &v), HEX_OK);
	assert_int_equal(v, 30000);
	assert_int_equal(hex_quantity64("0xFFFFffffFFFFffff", 18, &v), HEX_OK);
	assert_true(v == UINT64_MAX);
	assert_int_equal(hex_quantity64("0x10000000000000000", 19, &v),
	    HEX_RANGE);
	assert_true(v == UINT64_MAX);
}

static void
test_quantity_refused(void **state)
{
	static const struct bad	bad[] = {
		{ "", HEX_PREFIX }, { "0", HEX_PREFIX }, { "x", HEX_PREFIX },
		{ "10", HEX_PREFIX }, { "-0x1", HEX_PREFIX },
		{ " 0x1", HEX_PREFIX }, { "1x0", HEX_PREFIX },
		{ "0x", HEX_EMPTY }, { "0X", HEX_EMPTY },
		{ "0x00", HEX_ZERO }, { "0x01", HEX_ZERO },
		{ "0xg", HEX_SYNTAX }, { "0x 1", HEX_SYNTAX },
		{ "0x1 ", HEX_SYNTAX }, { "0x-1", HEX_SYNTAX },
		{ "0x0x1", HEX_SYNTAX }, { "0x1.0", HEX_SYNTAX },
		{ "0x1_0", HEX_SYNTAX },
		{ "0x1000000000000000000000000000000000000000000000000000000"
		  "0000000000", HEX_RANGE },
	};
	struct u256	v, was;
	uint64_t	v64 = 5;
	size_t		i;

	(void)state;
	u256_from_u64(&v, 5);
	was = v;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(hex_quantity(bad[i].text,
		    strlen(bad[i].text), &v), bad[i].error);
		assert_int_equal(hex_quantity64(bad[i].text,
		    strlen(bad[i].text), &v64), bad[i].error);
	}
	assert_int_equal(hex_quantity("0x1\0002", 5, &v), HEX_SYNTAX);
	assert_memory_equal(&v, &was, sizeof(v));
	assert_int_equal(v64, 5);
}

static void
test_fixed(void **state)
{
	static const struct bad	bad[] = {
		{ "", HEX_PREFIX }, { "dead", HEX_PREFIX },
		{ "0x", HEX_LENGTH }, { "0xde", HEX_LENGTH },
		{ "0xdeadbe", HEX_LENGTH }, { "0xdea", HEX_ODD },
		{ "0xdeag", HEX_SYNTAX }, { "0xde d", HEX_SYNTAX },
	};
	static const uint8_t	dead[2] = { 0xde, 0xad };
	uint8_t			out[3] = { 0, 0, 0x77 };
	size_t			i;

	(void)state;
	assert_int_equal(hex_fixed("0xDeaD", 6, out, 2), HEX_OK);
	assert_memory_equal(out, dead, 2);
	assert_int_equal(out[2], 0x77);
	memset(out, 0x77, sizeof(out));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(hex_fixed(bad[i].text, strlen(bad[i].text),
		    out, 2), bad[i].error);
	for (i = 0; i < sizeof(out); i++)
		assert_int_equal(out[i], 0x77);
}

static void
test_bytes(void **state)
{
	uint8_t	out[5] = { 0 };
	size_t	n = 99;

	(void)state;
	assert_int_equal(hex_bytes_size(0), 0);
	assert_int_equal(hex_bytes_size(1), 0);
	assert_int_equal(hex_bytes_size(2), 0);
	assert_int_equal(hex_bytes_size(3), 0);
	assert_int_equal(hex_bytes_size(10), 4);

	assert_int_equal(hex_bytes("0x", 2, NULL, &n), HEX_OK);
	assert_int_equal(n, 0);
	assert_int_equal(hex_bytes("0XdeadBEEF", 10, out, &n), HEX_OK);
	assert_int_equal(n, 4);
	assert_memory_equal(out, "\xde\xad\xbe\xef\0", 5);
	assert_int_equal(hex_bytes("0x00", 4, out, &n), HEX_OK);
	assert_int_equal(n, 1);
	assert_int_equal(out[0], 0);

	assert_int_equal(hex_bytes("", 0, out, &n), HEX_PREFIX);
	assert_int_equal(hex_bytes("0", 1, out, &n), HEX_PREFIX);
	assert_int_equal(hex_bytes("0x1", 3, out, &n), HEX_ODD);
	assert_int_equal(hex_bytes("0x1z", 4, out, &n), HEX_SYNTAX);
	assert_int_equal(hex_bytes("00", 2, out, &n), HEX_PREFIX);
	assert_int_equal(n, 1);
}

static void
test_encode(void **state)
{
	static const uint8_t	address[20] = {
		0x00, 0x01, 0x9f, 0xa0, 0xff, 5, 6, 7, 8, 9, 10, 11, 12, 13,
		14, 15, 16, 17, 18, 0xf0
	};
	char			out[HEX_ADDRESSSIZE];

	(void)state;
	memset(out, 'Z', sizeof(out));
	hex_encode(out, address, 5);
	assert_memory_equal(out, "00019fa0ffZ", 11);
	hex_from_address(out, address);
	assert_string_equal(out,
	    "0x00019fa0ff05060708090a0b0c0d0e0f101112f0");
}

/* Any byte at any place of strings of any length, by one digit at a time. */
static void
test_places(void **state)
{
	char	 s[20];
	uint8_t	 out[sizeof(s) / 2];
	size_t	 at, len, i;
	int	 c, value;

	(void)state;
	for (len = 1; len <= sizeof(s); len++)
		for (at = 0; at < len; at++)
			for (c = 0; c <= UINT8_MAX; c++) {
				memcpy(s, "09afAF5bB4eE7cC1dD28", sizeof(s));
				s[at] = (char)c;
				value = hex_digit((char)c);
				assert_true(hex_digits(s, len) ==
				    (value != -1));
				if (value == -1)
					continue;
				hex_secret(out, s, len / 2);
				for (i = 0; i < len / 2; i++)
					assert_int_equal(out[i],
					    hex_digit(s[2 * i]) << 4 |
					    hex_digit(s[2 * i + 1]));
			}
	assert_true(hex_digits(s, 0));
}

/* Every byte, in lengths that eight digits go into and others. */
static void
test_encode_all(void **state)
{
	uint8_t	 in[13];
	char	 out[2 * sizeof(in) + 1], want[2 * sizeof(in) + 1];
	size_t	 len, i;
	int	 c;

	(void)state;
	for (c = 0; c <= UINT8_MAX; c++)
		for (len = 0; len <= sizeof(in); len++) {
			for (i = 0; i < len; i++) {
				in[i] = (uint8_t)(c + 37 * (int)i);
				snprintf(want + 2 * i, 3, "%02x", in[i]);
			}
			out[2 * len] = 'Z';
			hex_encode(out, in, len);
			assert_memory_equal(out, want, 2 * len);
			assert_int_equal(out[2 * len], 'Z');
		}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_strerror),
		cmocka_unit_test(test_digit),
		cmocka_unit_test(test_quantity),
		cmocka_unit_test(test_quantity64),
		cmocka_unit_test(test_quantity_refused),
		cmocka_unit_test(test_fixed),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_encode),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_encode_all),
	};

	return (cmocka_run_group_tests_name("hex", tests, NULL, NULL));
}
