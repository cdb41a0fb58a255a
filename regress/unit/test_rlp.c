/* objects: keyd/rlp.o common/u256.o common/hex.o */
/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "keyd/rlp.h"

/* The first bytes of what is in buf, of which there are len in all. */
static void
assert_encoding(const uint8_t *buf, size_t len, const char *expected)
{
	char *text;

	assert_int_equal(len, strlen(expected) / 2);
	text = calloc(2 * len + 1, 1);
	assert_non_null(text);
	hex_encode(text, buf, len);
	assert_string_equal(text, expected);
	free(text);
}

static void
assert_u64(uint64_t n, const char *expected)
{
	struct u256 wide;
	uint8_t *buf;
	size_t size = rlp_u64_size(n);

	buf = malloc(size);
	assert_non_null(buf);
	assert_ptr_equal(rlp_u64(buf, n), buf + size);
	assert_encoding(buf, size, expected);
	u256_from_u64(&wide, n);
	assert_int_equal(rlp_u256_size(&wide), size);
	assert_ptr_equal(rlp_u256(buf, &wide), buf + size);
	assert_encoding(buf, size, expected);
	free(buf);
}

static void
test_u64(void **state)
{
	(void)state;
	assert_u64(0, "80");
	assert_u64(1, "01");
	assert_u64(0x7f, "7f");
	assert_u64(0x80, "8180");
	assert_u64(0xff, "81ff");
	assert_u64(0x100, "820100");
	assert_u64(1024, "820400");
	assert_u64(0xffff, "82ffff");
	assert_u64(0x10000, "83010000");
	assert_u64(0xffffffff, "84ffffffff");
	assert_u64(0x100000000, "850100000000");
	assert_u64(0xffffffffffffff, "87ffffffffffffff");
	assert_u64(0x100000000000000, "880100000000000000");
	assert_u64(UINT64_MAX, "88ffffffffffffffff");
}

static void
test_u256(void **state)
{
	struct u256 n;
	uint8_t buf[40];

	(void)state;
	memset(n.b, 0xff, sizeof(n.b));
	assert_int_equal(rlp_u256_size(&n), 33);
	assert_ptr_equal(rlp_u256(buf, &n), buf + 33);
	assert_encoding(buf, 33, "a0ffffffffffffffffffffffffffffffff"
	    "ffffffffffffffffffffffffffffffff");
	/* A leading zero is left out, one inside is not. */
	n.b[0] = 0;
	n.b[2] = 0;
	assert_int_equal(rlp_u256_size(&n), 32);
	assert_ptr_equal(rlp_u256(buf, &n), buf + 32);
	assert_encoding(buf, 32, "9fff00ffffffffffffffffffffffffffff"
	    "ffffffffffffffffffffffffffffff");
}

static void
assert_bytes(size_t len, uint8_t fill, const char *header)
{
	uint8_t *buf, *data, *end;
	size_t headlen = strlen(header) / 2;

	data = malloc(len);
	assert_true(len == 0 || data != NULL);
	if (len > 0)
		memset(data, fill, len);
	assert_int_equal(rlp_bytes_size(data, len), headlen + len);
	buf = malloc(headlen + len);
	assert_non_null(buf);
	end = rlp_bytes(buf, data, len);
	assert_ptr_equal(end, buf + headlen + len);
	assert_encoding(buf, headlen, header);
	if (len > 0)
		assert_memory_equal(buf + headlen, data, len);
	free(buf);
	free(data);
}

static void
test_bytes(void **state)
{
	(void)state;
	assert_bytes(0, 0, "80");
	assert_bytes(1, 0x00, "");
	assert_bytes(1, 0x7f, "");
	assert_bytes(1, 0x80, "81");
	assert_bytes(1, 0xff, "81");
	assert_bytes(2, 0x00, "82");
	assert_bytes(20, 0x11, "94");
	assert_bytes(32, 0x11, "a0");
	assert_bytes(55, 0x11, "b7");
	assert_bytes(56, 0x11, "b838");
	assert_bytes(255, 0x11, "b8ff");
	assert_bytes(256, 0x11, "b90100");
	assert_bytes(65535, 0x11, "b9ffff");
	assert_bytes(65536, 0x11, "ba010000");
	assert_bytes(0x1000000, 0x11, "bb01000000");
}

static void
test_bytes_null(void **state)
{
	uint8_t byte = 0;

	(void)state;
	assert_int_equal(rlp_bytes_size(NULL, 0), 1);
	assert_ptr_equal(rlp_bytes(&byte, NULL, 0), &byte + 1);
	assert_int_equal(byte, 0x80);
}

static void
assert_list(size_t payload, const char *header)
{
	uint8_t buf[9];
	size_t headlen = strlen(header) / 2;

	assert_int_equal(rlp_list_size(payload), headlen + payload);
	assert_ptr_equal(rlp_list(buf, payload), buf + headlen);
	assert_encoding(buf, headlen, header);
}

static void
test_list(void **state)
{
	(void)state;
	assert_list(0, "c0");
	assert_list(1, "c1");
	assert_list(55, "f7");
	assert_list(56, "f838");
	assert_list(255, "f8ff");
	assert_list(256, "f90100");
	assert_list(0xffff, "f9ffff");
	assert_list(0x10000, "fa010000");
	assert_list(0x1000000, "fb01000000");
	assert_list(0x7fffffff, "fb7fffffff");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_u64),
		cmocka_unit_test(test_u256),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_bytes_null),
		cmocka_unit_test(test_list),
	};

	return (cmocka_run_group_tests_name("rlp", tests, NULL, NULL));
}
