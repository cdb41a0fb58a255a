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
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <cmocka.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include "common/heap.h"

/* The clock, and malloc(3)'s part in it, are the test's. */
static uint64_t			 now_us = 1000000000;
static struct event_base	*base;
static uint64_t			 takes;
static int			 trims;

#ifndef __GLIBC__
int	malloc_trim(size_t);
#endif

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
#ifdef SIGNERD_SANITIZE
		free(line);
#endif
		evbuffer_free(b[i]);
	}
}

#define BUFFERS	401	/* more than there are places for; a prime */

static size_t
heap_in_use(void)
{
#if defined(__GLIBC__) && !defined(SIGNERD_SANITIZE)
	return (mallinfo2().uordblks);
#else
	return (0);
#endif
}

/*
 * Fills n buffers, looks at them, and lets them go in the order of the step.
 * What the heap holds with all of them.
 */
static size_t
use_buffers(size_t n, size_t step)
{
	static struct evbuffer	*b[BUFFERS];
	char			 text[600];
	size_t			 i, len, held;

	for (i = 0; i < n; i++) {
		memset(text, (int)('a' + i % 26), sizeof(text));
		assert_non_null(b[i] = evbuffer_new());
		for (len = 0; len < 1 + i * 7 % sizeof(text); len += 100)
			assert_int_equal(evbuffer_add(b[i], text, 100), 0);
	}
	for (i = 0; i < n; i++) {
		len = evbuffer_get_length(b[i]);
		assert_int_equal(len, 100 * (i * 7 % sizeof(text) / 100 + 1));
		memset(text, (int)('a' + i % 26), sizeof(text));
		assert_memory_equal(evbuffer_pullup(b[i], -1), text, len);
	}
	held = heap_in_use();
	for (i = 0; i < n; i++)
		evbuffer_free(b[i * step % n]);
	return (held);
}

/*
 * Buffers have places of their own, as long as there are any.  Of as few as
 * malloc(3) keeps for each thread nothing would be seen.
 */
static void
buffers(void **state)
{
	size_t	 before;
	int	 i;

	(void)state;
	use_buffers(BUFFERS, 7);
	for (i = 0; i < 20; i++)
		use_buffers(BUFFERS, 1 + 2 * (size_t)i);
	before = heap_in_use();
	for (i = 0; i < 1000; i++)
		assert_int_equal(use_buffers(50, 1 + 2 * (size_t)(i % 2)),
		    before);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	int	*order = arg;

	(void)fd;
	(void)what;
	assert_int_equal(order[0], order[1]);
	order[1]++;
}

/* What grows moves from place to place, and to the heap. */
static void
growing(void **state)
{
	struct event	*timers[300];
	struct timeval	 tv = { 0, 0 };
	int		 order[300][2], i, n = 0;

	(void)state;
	for (i = 0; i < 300; i++) {
		order[i][0] = order[i][1] = i;
		assert_non_null(timers[i] = evtimer_new(base, on_tick,
		    order[i]));
		tv.tv_usec = (299 - i) * 1000;
		assert_int_equal(event_add(timers[i], &tv), 0);
	}
	pass(1000000);
	for (i = 0; i < 300; i++) {
		n += order[i][1] == i + 1;
		event_free(timers[i]);
	}
	assert_int_equal(n, 300);
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
		cmocka_unit_test_setup_teardown(buffers, setup, teardown),
		cmocka_unit_test_setup_teardown(growing, setup, teardown),
		cmocka_unit_test_setup_teardown(cost_is_bounded, setup,
		    teardown),
	};

	return (cmocka_run_group_tests_name("heap", tests, NULL, NULL));
}
