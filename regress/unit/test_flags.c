/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: opsign/flags.o common/hex.o common/u256.o */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "opsign/flags.h"

/* The command line of opsign.  What is said of faults is not looked at. */
static bool		 on;
static const char	*text, *other;
static struct flag_list	 list;

static const struct flag common[] = {
	{ .name = "tls.ca", .letter = 't', .text = &text },
	{ .name = "json", .letter = 'j', .on = &on },
	{ .name = NULL }
};
static const struct flag own[] = {
	{ .name = "other", .text = &other },
	{ .name = "many", .letter = 'm', .list = &list },
	{ .name = NULL }
};

static int
parse(const char *line)
{
	static char copy[4096], *argv[256];
	char *word, *last;
	int argc = 0, n, i;

	on = false;
	text = other = NULL;
	list.n = 0;
	snprintf(copy, sizeof(copy), "%s", line);
	for (word = strtok_r(copy, " ", &last); word != NULL;
	    word = strtok_r(NULL, " ", &last))
		argv[argc++] = word;
	n = flags_parse(common, own, argc, argv);
	for (i = 0; i < n; i++)
		assert_string_equal(argv[i], i == 0 ? "a" : "-b");
	return (n);
}

static void
test_forms(void **state)
{
	(void)state;
	assert_int_equal(parse("--tls.ca x -j --other=y=z"), 0);
	assert_true(on);
	assert_string_equal(text, "x");
	assert_string_equal(other, "y=z");
	assert_int_equal(parse("a -tx -m 1 --many 2 --many=3"), 1);
	assert_string_equal(text, "x");
	assert_int_equal(list.n, 3);
	assert_string_equal(list.v[0], "1");
	assert_string_equal(list.v[2], "3");
	assert_int_equal(parse("--signer.tls.ca x a -- -b"), 2);
	assert_string_equal(text, "x");
	/* The next word is a value, whatever it looks like. */
	assert_int_equal(parse("--other --json"), 0);
	assert_string_equal(other, "--json");
	assert_false(on);
}

static void
test_faults(void **state)
{
	char line[1024];
	int i;

	(void)state;
	assert_int_equal(parse("--bogus"), -1);
	assert_int_equal(parse("-z"), -1);
	assert_int_equal(parse("--tls.c x"), -1);
	assert_int_equal(parse("--signer.other x"), -1);
	assert_int_equal(parse("--signer. x"), -1);
	assert_int_equal(parse("--tls.ca"), -1);
	assert_int_equal(parse("--json=yes"), -1);
	assert_int_equal(parse("--tls.ca x --tls.ca x"), -1);
	for (i = 0; i <= FLAGS_MANY; i++)
		memcpy(line + i * 4, "-m1 ", 5);
	assert_int_equal(parse(line), -1);
	line[FLAGS_MANY * 4] = '\0';
	assert_int_equal(parse(line), 0);
}

static void
amount(const char *in, const char *wei)
{
	char dec[U256_DECSIZE];
	struct u256 n;

	if (wei == NULL) {
		assert_int_equal(flags_amount("value", in, &n), -1);
		return;
	}
	assert_int_equal(flags_amount("value", in, &n), 0);
	u256_to_dec(&n, dec);
	assert_string_equal(dec, wei);
}

#define HIGHEST	"1157920892373161954235709850086879078532699846656405640394" \
		"57584007913129639935"

static void
test_amounts(void **state)
{
	(void)state;
	amount("0", "0");
	amount("5", "5");
	amount("5 wei", "5");
	amount("0x10", "16");
	amount("2gwei", "2000000000");
	amount("1.5gwei", "1500000000");
	amount("0.1 ether", "100000000000000000");
	amount("0.000000000000000001ether", "1");
	amount(HIGHEST, HIGHEST);
	amount("115792089237316195423570985008687907853269984665640564039457."
	    "584007913129639935ether", HIGHEST);
	amount("115792089237316195423570985008687907853269984665640564039457."
	    "584007913129639936ether", NULL);
	amount("0.0000000000000000001ether", NULL);
	amount("0.5", NULL);
	amount("0.5wei", NULL);
	amount("1.gwei", NULL);
	amount(".5gwei", NULL);
	amount("1..5gwei", NULL);
	amount("-1", NULL);
	amount("", NULL);
	amount("ether", NULL);
	amount("1 Ether", NULL);
	amount("1e18", NULL);
	amount("0x1gwei", NULL);
	amount("00000000000000000000000000000000000000000000000000000000000"
	    "000000000000000000000000000000000001", NULL);
}

static void
duration(const char *in, unsigned int wanted)
{
	unsigned int ms = 0;

	assert_int_equal(flags_duration("timeout", in, &ms),
	    wanted == 0 ? -1 : 0);
	assert_int_equal(ms, wanted);
}

static void
test_durations(void **state)
{
	(void)state;
	duration("1ms", 1);
	duration("500ms", 500);
	duration("2", 2000);
	duration("2s", 2000);
	duration("5m", 300000);
	duration("24h", 86400000);
	duration("25h", 0);
	duration("86400001ms", 0);
	duration("999999999h", 0);
	duration("9999999999ms", 0);
	duration("0", 0);
	duration("s", 0);
	duration("", 0);
	duration("1.5s", 0);
	duration("-1s", 0);
	duration("1s2", 0);
}

static void
test_numbers(void **state)
{
	uint64_t n = 0;
	uint8_t bytes[2];
	struct u256 big;

	(void)state;
	assert_int_equal(flags_number("c", "1", 1, 10, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(flags_number("c", "10", 1, 10, &n), 0);
	assert_int_equal(n, 10);
	assert_int_equal(flags_number("c", "11", 1, 10, &n), -1);
	assert_int_equal(flags_number("c", "0", 1, 10, &n), -1);
	assert_int_equal(flags_number("c", "18446744073709551617", 1, 10,
	    &n), -1);
	assert_int_equal(flags_number("c", "1x", 1, 10, &n), -1);
	assert_int_equal(flags_u256("chain", "0xa", &big), 0);
	assert_int_equal(big.b[31], 10);
	assert_int_equal(flags_u256("chain", "11", &big), 0);
	assert_int_equal(big.b[31], 11);
	assert_int_equal(flags_u256("chain", "0x0a", &big), -1);
	assert_int_equal(flags_bytes("to", "0x12fF", bytes, 2), 0);
	assert_int_equal(bytes[1], 0xff);
	assert_int_equal(flags_bytes("to", "0x12", bytes, 2), -1);
	assert_int_equal(flags_bytes("to", "12ff", bytes, 2), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_amounts),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_numbers),
	};

	return (cmocka_run_group_tests_name("flags", tests, NULL, NULL));
}
