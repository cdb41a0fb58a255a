/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: signerctl/amount.o common/u256.o */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

#include "signerctl/amount.h"

/* Amounts on a command line: the result in wei, or NULL. */
static const struct {
	const char	*text;
	const char	*unit;
	const char	*wei;
} amounts[] = {
	{ "1", "ether", "1000000000000000000" },
	{ "1ether", NULL, "1000000000000000000" },
	{ "0.2", "ether", "200000000000000000" },
	{ "0.2ether", NULL, "200000000000000000" },
	{ "1.5gwei", NULL, "1500000000" },
	{ "7", "wei", "7" },
	{ "0", NULL, "0" },
	{ "0.0", NULL, "0" },
	{ "0", "wei", "0" },
	{ "0x10", NULL, "16" },
	{ "0XfF", NULL, "255" },
	{ "0.000000000000000001", "ether", "1" },
	{ "115792089237316195423570985008687907853269984665640564039457584007"
	    "913129639935", "wei", "115792089237316195423570985008687907853269"
	    "984665640564039457584007913129639935" },
	{ "115792089237316195423570985008687907853269984665640564039457584007"
	    "913129639936", "wei", NULL },
	{ "0.0000000000000000001", "ether", NULL },
	{ "1.5", "wei", NULL },
	{ "1", NULL, NULL },
	{ "", "wei", NULL },
	{ ".5", "ether", NULL },
	{ "5.", "ether", NULL },
	{ "-1", "wei", NULL },
	{ "1e3", "wei", NULL },
	{ "1ether", "ether", NULL },
	{ "1 ether", NULL, NULL },
	{ "1kwei", NULL, NULL },
	{ "0x10", "wei", NULL },
	{ "0x", NULL, NULL },
	{ "0xg", NULL, NULL }
};

static void
wei(void **state)
{
	char		 text[U256_DECSIZE];
	struct u256	 n;
	size_t		 i;
	int		 r;

	(void)state;
	for (i = 0; i < sizeof(amounts) / sizeof(amounts[0]); i++) {
		r = amount_wei(amounts[i].text, amounts[i].unit, &n);
		if (amounts[i].wei == NULL) {
			assert_int_equal(r, -1);
			continue;
		}
		assert_int_equal(r, 0);
		u256_to_dec(&n, text);
		assert_string_equal(text, amounts[i].wei);
	}
}

/* Longer than any number: nothing is written where there is no room. */
static void
endless(void **state)
{
	char		 text[4096];
	struct u256	 n;

	(void)state;
	memset(text, '9', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(amount_wei(text, "ether", &n), -1);
	assert_int_equal(amount_number(text, &n), -1);
	memcpy(text, "0x", 2);
	assert_int_equal(amount_number(text, &n), -1);
	text[1] = '.';
	assert_int_equal(amount_wei(text, "ether", &n), -1);
}

static void
bytes(void **state)
{
	uint8_t		 out[4];
	struct u256	 n;

	(void)state;
	assert_int_equal(amount_bytes("0x0102aBfF", out, 4), 0);
	assert_memory_equal(out, "\x01\x02\xab\xff", 4);
	assert_int_equal(amount_bytes("0102abff", out, 4), -1);
	assert_int_equal(amount_bytes("0x0102abf", out, 4), -1);
	assert_int_equal(amount_bytes("0x0102abff0", out, 4), -1);
	assert_int_equal(amount_bytes("0x0102abfg", out, 4), -1);
	assert_int_equal(amount_number("10", &n), 0);
	assert_int_equal(n.b[U256_SIZE - 1], 10);
	assert_int_equal(amount_number("0x1ff", &n), 0);
	assert_int_equal(n.b[U256_SIZE - 2], 1);
	assert_int_equal(amount_number("ten", &n), -1);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(wei),
		cmocka_unit_test(endless),
		cmocka_unit_test(bytes)
	};

	return (cmocka_run_group_tests_name("amount", tests, NULL, NULL));
}
