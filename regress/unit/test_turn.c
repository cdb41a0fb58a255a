/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/turn.o */
/* libs: libevent */

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <event2/event.h>

#include "common/turn.h"

/*
 * Who has been served, in their order; the clock moves by what each takes.
 * Each test has names of its own, for who had turns is not forgotten.
 */
static uint64_t			 now_us = 1000000000;
static struct event_base	*base;
static char			 served[64];
static uint64_t			 takes;

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	(void)id;
	ts->tv_sec = (time_t)(now_us / 1000000);
	ts->tv_nsec = (long)(now_us % 1000000) * 1000;
	return (0);
}

/* What libevent has no memory for. */
static int			 refused;

int
event_add(struct event *ev, const struct timeval *tv)
{
	int	 (*real)(struct event *, const struct timeval *);

	if (refused > 0) {
		refused--;
		return (-1);
	}
	*(void **)&real = dlsym(RTLD_NEXT, "event_add");
	return (real(ev, tv));
}

struct guest {
	struct turn	 turn;
	const char	*name;
	struct guest	*leaves;	/* when this one is served */
	int		 again;
};

static void
on_turn(void *arg)
{
	struct guest	*g = arg;

	strncat(served, g->name, 1);
	now_us += takes;
	if (g->leaves != NULL)
		turn_leave(&g->leaves->turn);
	if (g->again-- > 0)
		turn_join(&g->turn, base, g->name);
}

static void
join(struct guest *g, const char *name)
{
	g->name = name;
	turn_init(&g->turn, on_turn, g);
	turn_join(&g->turn, base, name);
}

static void
run_loop(void)
{
	event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

static int
setup(void **state)
{
	(void)state;
	base = event_base_new();
	served[0] = '\0';
	takes = 0;
	now_us += 1000000;
	return (base == NULL ? -1 : 0);
}

static int
teardown(void **state)
{
	(void)state;
	event_base_free(base);
	return (0);
}

/* One in a turn of the loop, and none from within turn_join(). */
static void
one_at_a_time(void **state)
{
	struct guest	 g[3] = { 0 };

	(void)state;
	join(&g[0], "a");
	join(&g[1], "b");
	join(&g[2], "c");
	assert_string_equal(served, "");
	run_loop();
	assert_string_equal(served, "a");
	run_loop();
	assert_string_equal(served, "ab");
	run_loop();
	assert_string_equal(served, "abc");
	run_loop();
	assert_string_equal(served, "abc");
}

/* All else has as much time as it took. */
static void
rests(void **state)
{
	struct guest	 g[2] = { 0 };

	(void)state;
	takes = 5000;
	join(&g[0], "e");
	join(&g[1], "f");
	run_loop();
	run_loop();
	assert_string_equal(served, "e");
	now_us += 4000;
	run_loop();
	assert_string_equal(served, "e");
	now_us += 1100;
	run_loop();
	assert_string_equal(served, "ef");
	/* Who comes meanwhile has to wait as well. */
	join(&g[0], "e");
	run_loop();
	assert_string_equal(served, "ef");
	now_us += 5100;
	run_loop();
	assert_string_equal(served, "efe");
}

/* However long it took. */
static void
rest_is_bounded(void **state)
{
	struct guest	 g[2] = { 0 };

	(void)state;
	takes = 60000000;
	join(&g[0], "g");
	join(&g[1], "h");
	run_loop();
	now_us += 110000;
	run_loop();
	assert_string_equal(served, "gh");
}

/* Who sends many waits for himself. */
static void
by_peer(void **state)
{
	struct guest	 g[6] = { 0 };
	size_t		 i;

	(void)state;
	for (i = 0; i < 4; i++)
		join(&g[i], "m");
	join(&g[4], "n");
	join(&g[5], "o");
	for (i = 0; i < 6; i++)
		run_loop();
	assert_string_equal(served, "mnommm");
}

static void
joins_again(void **state)
{
	struct guest	 g[2] = { 0 };
	size_t		 i;

	(void)state;
	g[0].again = 2;
	join(&g[0], "p");
	turn_join(&g[0].turn, base, "p");
	join(&g[1], "q");
	for (i = 0; i < 6; i++)
		run_loop();
	assert_string_equal(served, "pqpp");
}

/* Before its turn, in that of another, and where there is none. */
static void
leaves(void **state)
{
	struct guest	 g[4] = { 0 };
	size_t		 i;

	(void)state;
	join(&g[0], "r");
	turn_leave(&g[0].turn);
	turn_leave(&g[0].turn);
	run_loop();
	assert_string_equal(served, "");
	join(&g[1], "s");
	join(&g[2], "t");
	join(&g[3], "u");
	g[1].leaves = &g[2];
	g[3].leaves = &g[3];
	for (i = 0; i < 4; i++)
		run_loop();
	assert_string_equal(served, "su");
}

/* Whoever comes next wakes all. */
static void
not_woken(void **state)
{
	struct guest	 g[2] = { 0 };

	(void)state;
	refused = 1;
	join(&g[0], "v");
	run_loop();
	assert_string_equal(served, "");
	join(&g[1], "w");
	run_loop();
	run_loop();
	assert_string_equal(served, "vw");
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test_setup_teardown(one_at_a_time, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(rests, setup, teardown),
		cmocka_unit_test_setup_teardown(rest_is_bounded, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(by_peer, setup, teardown),
		cmocka_unit_test_setup_teardown(joins_again, setup, teardown),
		cmocka_unit_test_setup_teardown(leaves, setup, teardown),
		cmocka_unit_test_setup_teardown(not_woken, setup, teardown),
	};

	return (cmocka_run_group_tests_name("turn", tests, NULL, NULL));
}
