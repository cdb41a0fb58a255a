/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/heap.o */
/* libs: libevent */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include "common/heap.h"

/* The clock, and malloc(3)'s part in it, are the test's. */
static uint64_t			 now_us = 1000000000;
static struct event_base	*base;
static uint64_t			 takes;
static int			 trims;

int	malloc_trim(size_t);

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	(void)id;
	ts->tv_sec = (time_t)(now_us / 1000000);
	ts->tv_nsec = (long)(now_us % 1000000) * 1000;
	return (0);
}

int
malloc_trim(size_t pad)
{
	assert_int_equal(pad, 0);
	trims++;
	now_us += takes;
	return (1);
}

static void
pass(uint64_t us)
{
	now_us += us;
	event_base_loop(base, EVLOOP_NONBLOCK);
}

static int
setup(void **state)
{
	(void)state;
	/* Once for a process. */
	if (base == NULL && heap_begin() == 0 &&
	    (base = event_base_new()) != NULL)
		heap_init(base);
	takes = 0;
	trims = 0;
	now_us += 1000000000;
	return (base == NULL ? -1 : 0);
}

static int
teardown(void **state)
{
	(void)state;
	/* What the test has left. */
	heap_freed(HEAP_LEAST);
	pass(2000000000);
	return (0);
}

static void
little_is_kept(void **state)
{
	(void)state;
	heap_freed(HEAP_LEAST - 1);
	pass(5000000);
	assert_int_equal(trims, 0);
	heap_freed(1);
	pass(100000);
	assert_int_equal(trims, 0);
	pass(1000000);
	assert_int_equal(trims, 1);
}

/* Many connections that go at once are one piece of work. */
static void
many_at_once(void **state)
{
	int	 i;

	(void)state;
	for (i = 0; i < 10000; i++)
		heap_freed(40000);
	pass(1100000);
	pass(1100000);
	assert_int_equal(trims, 1);
}

static void
messages(void **state)
{
	int	 i;

	(void)state;
	for (i = 0; i < 1000; i++)
		heap_message(4096);
	pass(1100000);
	assert_int_equal(trims, 0);
	heap_message(100000);
	pass(1100000);
	assert_int_equal(trims, 1);
	heap_message(SIZE_MAX);
	heap_message(SIZE_MAX);
	pass(1100000);
	assert_int_equal(trims, 2);
}

/* A hundredth of the time at most. */
static void
cost_is_bounded(void **state)
{
	int	 i;

	(void)state;
	takes = 50000;
	for (i = 0; i < 1000; i++) {
		heap_freed(HEAP_LEAST);
		pass(100000);
	}
	assert_in_range(trims, 10, 21);
}

/* Bytes of all sizes that libevent asks for, and asks to be more. */
static void
small_pieces(void **state)
{
	static char	 text[100];
	struct evbuffer	*b[64];
	char		*line;
	size_t		 i, len;

	(void)state;
	memset(text, 'x', sizeof(text));
	for (i = 0; i < 64; i++) {
		assert_non_null(b[i] = evbuffer_new());
		assert_int_equal(evbuffer_add(b[i], text, i), 0);
		assert_true(evbuffer_add_printf(b[i], "%zu\n", i) > 0);
	}
	for (i = 0; i < 64; i++) {
		/* Is from there where it is short, and not to be freed. */
		line = evbuffer_readln(b[i], &len, EVBUFFER_EOL_LF);
		assert_non_null(line);
		assert_int_equal(len, i < 10 ? i + 1 : i + 2);
		assert_int_equal(strspn(line, "x"), i);
		assert_int_equal(atoi(line + i), i);
#ifndef SIGNERD_SANITIZE
		if (len + 1 > 32)
#endif
			free(line);
		evbuffer_free(b[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test_setup_teardown(little_is_kept, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(many_at_once, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(messages, setup, teardown),
		cmocka_unit_test_setup_teardown(small_pieces, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(cost_is_bounded, setup,
		    teardown),
	};

	return (cmocka_run_group_tests_name("heap", tests, NULL, NULL));
}
