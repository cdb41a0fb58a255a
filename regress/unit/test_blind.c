/* objects: */
/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "keyd/blind.h"

#define START	123456789012ULL

static void
count(struct blind *b, uint32_t n)
{
	while (n-- > 0)
		blind_count(b, START + b->signatures);
}

static void
test_nothing_signed(void **state)
{
	struct blind b = { 0, 0 };

	(void)state;
	assert_false(blind_due(&b, UINT64_MAX, false));
	assert_false(blind_due(&b, UINT64_MAX, true));
	assert_int_equal(blind_timeout(&b, UINT64_MAX), -1);
}

static void
test_by_number(void **state)
{
	struct blind b = { 0, 0 };

	(void)state;
	count(&b, BLIND_SIGNATURES - 1);
	assert_false(blind_due(&b, START, false));
	count(&b, 1);
	assert_true(blind_due(&b, START, false));
	assert_int_equal(blind_timeout(&b, START), 0);
}

/* A request that waits goes before it, but not for ever. */
static void
test_those_who_wait(void **state)
{
	struct blind b = { 0, 0 };

	(void)state;
	count(&b, 2 * BLIND_SIGNATURES - 1);
	assert_false(blind_due(&b, START + 10 * (uint64_t)BLIND_US, true));
	count(&b, 1);
	assert_true(blind_due(&b, START, true));
}

static void
test_by_time(void **state)
{
	struct blind b = { 0, 0 };

	(void)state;
	count(&b, 1);
	assert_int_equal(b.first, START);
	assert_int_equal(blind_timeout(&b, START), BLIND_US / 1000 + 1);
	assert_false(blind_due(&b, START + BLIND_US - 1, false));
	assert_int_equal(blind_timeout(&b, START + BLIND_US - 1), 1);
	assert_true(blind_due(&b, START + BLIND_US, false));
	assert_int_equal(blind_timeout(&b, START + BLIND_US), 0);
	/* From the first signature on, not from the last. */
	count(&b, 5);
	assert_int_equal(b.first, START);
	/* After a blinding, from the next one. */
	b.signatures = 0;
	blind_count(&b, START + BLIND_US);
	assert_int_equal(b.first, START + BLIND_US);
	assert_false(blind_due(&b, START + BLIND_US + 1, false));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_signed),
		cmocka_unit_test(test_by_number),
		cmocka_unit_test(test_those_who_wait),
		cmocka_unit_test(test_by_time),
	};

	return (cmocka_run_group_tests_name("blind", tests, NULL, NULL));
}
