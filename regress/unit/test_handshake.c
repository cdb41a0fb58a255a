/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/handshake.o */
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

#include "common/handshake.h"

/* Who has had a step, in their order; the clock moves by what each takes. */
static uint64_t			 now_us = 1000000000;
static struct event_base	*base;
static char			 steps[128];
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
	static int	 (*real)(struct event *, const struct timeval *);

	if (refused > 0) {
		refused--;
		return (-1);
	}
	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "event_add");
	return (real(ev, tv));
}

struct guest {
	struct handshake	 h;
	const char		*name;
	struct guest		*leaves;	/* in this one's step */
	int			 again;
	int			 requests;	/* of it, in its step */
};

static void
on_step(void *arg)
{
	struct guest	*g = arg;

	strncat(steps, g->name, 1);
	now_us += takes;
	if (g->leaves != NULL)
		handshake_leave(&g->leaves->h);
	for (; g->requests > 0; g->requests--) {
		handshake_request();
		handshake_request_done();
	}
	if (g->again-- > 0)
		handshake_join(&g->h, base);
}

static void
join(struct guest *g, struct handshake_source *source, const char *name)
{
	g->name = name;
	handshake_init(&g->h, source, on_step, g);
	handshake_join(&g->h, base);
}

static void
run_loop(void)
{
	event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

/* Time goes by, and nothing else happens. */
static void
later(uint64_t us)
{
	now_us += us;
	run_loop();
}

#define STEPS(text)	assert_string_equal(steps, text)

/*
 * The first of three has had its step, which took so long; ends by itself
 * where all have.
 */
static void
begin(struct guest g[3], uint64_t us)
{
	takes = us;
	join(&g[0], NULL, "a");
	join(&g[1], NULL, "b");
	join(&g[2], NULL, "c");
	run_loop();
	STEPS("a");
}

static void
finish(void)
{
	int	 i;

	for (i = 0; i < 100 && handshake_waiting() > 0; i++)
		later(2000000);
	assert_int_equal(handshake_waiting(), 0);
}

static int
setup(void **state)
{
	(void)state;
	base = event_base_new();
	steps[0] = '\0';
	takes = 0;
	now_us += 10000000;
	handshake_set_percent(20);
	return (base == NULL ? -1 : 0);
}

/* Before any other: nothing was set. */
static int
setup_first(void **state)
{
	(void)state;
	base = event_base_new();
	return (base == NULL ? -1 : 0);
}

static int
teardown(void **state)
{
	(void)state;
	event_base_free(base);
	return (handshake_requests() || handshake_waiting() > 0 ? -1 : 0);
}

/* ---- Who -------------------------------------------------------------- */

/* One in a turn of the loop, and none from within handshake_join(). */
static void
one_at_a_time(void **state)
{
	struct guest	 g[3] = { 0 };

	(void)state;
	join(&g[0], NULL, "a");
	join(&g[1], NULL, "b");
	handshake_join(&g[1].h, base);
	join(&g[2], NULL, "c");
	STEPS("");
	assert_int_equal(handshake_waiting(), 3);
	run_loop();
	STEPS("a");
	run_loop();
	STEPS("ab");
	assert_int_equal(handshake_waiting(), 1);
	run_loop();
	STEPS("abc");
	run_loop();
	STEPS("abc");
}

/* Who begins many waits for himself. */
static void
by_source(void **state)
{
	struct handshake_source	 s[3];
	struct guest		 g[8] = { 0 };
	size_t			 i;

	(void)state;
	for (i = 0; i < 3; i++)
		handshake_source_init(&s[i]);
	for (i = 0; i < 5; i++)
		join(&g[i], &s[0], "m");
	join(&g[5], &s[1], "n");
	join(&g[6], &s[2], "o");
	join(&g[7], &s[1], "n");
	for (i = 0; i < 8; i++)
		run_loop();
	STEPS("mnomnmmm");
}

/* One that comes late, and needs two steps, is before what had come by then. */
static void
newcomer(void **state)
{
	struct handshake_source	 s[2];
	struct guest		 g[21] = { 0 };
	size_t			 i;

	(void)state;
	handshake_source_init(&s[0]);
	handshake_source_init(&s[1]);
	for (i = 0; i < 20; i++)
		join(&g[i], &s[0], "m");
	run_loop();
	run_loop();
	g[20].again = 1;
	join(&g[20], &s[1], "N");
	for (i = 0; i < 6; i++)
		run_loop();
	STEPS("mmmNmNmm");
	finish();
}

/* The second step of one is before the first of another, and no third is. */
static void
joins_again(void **state)
{
	struct guest	 g[2] = { 0 };
	size_t		 i;

	(void)state;
	g[0].again = 2;
	join(&g[0], NULL, "p");
	join(&g[1], NULL, "q");
	for (i = 0; i < 6; i++)
		run_loop();
	STEPS("ppqp");
}

/* Before its turn, in that of another, and where there is none. */
static void
leaves(void **state)
{
	struct handshake_source	 s;
	struct guest		 g[4] = { 0 };
	size_t			 i;

	(void)state;
	handshake_source_init(&s);
	join(&g[0], &s, "r");
	handshake_leave(&g[0].h);
	handshake_leave(&g[0].h);
	run_loop();
	STEPS("");
	join(&g[1], NULL, "s");
	join(&g[2], &s, "t");
	join(&g[3], NULL, "u");
	g[1].leaves = &g[2];
	g[3].leaves = &g[3];
	for (i = 0; i < 4; i++)
		run_loop();
	STEPS("su");
}

/* ---- When ------------------------------------------------------------- */

/* Without requests there is no pause, however long they take. */
static void
all_of_the_time(void **state)
{
	struct guest	 g[3] = { 0 };
	uint64_t	 before = handshake_deferred();

	(void)state;
	begin(g, 1000);
	run_loop();
	run_loop();
	STEPS("abc");
	assert_int_equal(handshake_deferred(), before);
}

/* A fifth of it, while there is a request. */
static void
share(void **state)
{
	struct guest	 g[3] = { 0 };
	uint64_t	 before = handshake_deferred();

	(void)state;
	handshake_request();
	assert_true(handshake_requests());
	begin(g, 1000);
	run_loop();
	later(3900);
	STEPS("a");
	later(200);
	STEPS("ab");
	later(3800);
	STEPS("ab");
	later(300);
	STEPS("abc");
	assert_int_equal(handshake_deferred(), before + 2);
	handshake_request_done();
}

/* The pause is of what was before, whoever comes in it. */
static void
rest_of_the_last(void **state)
{
	struct guest	 g[2] = { 0 };

	(void)state;
	handshake_request();
	takes = 1000;
	join(&g[0], NULL, "a");
	run_loop();
	STEPS("a");
	join(&g[1], NULL, "b");
	later(3900);
	STEPS("a");
	later(200);
	STEPS("ab");
	handshake_request_done();
}

/* What it is where nobody has said so: a tenth. */
static void
share_by_default(void **state)
{
	struct guest	 g[2] = { 0 };

	(void)state;
	handshake_request();
	takes = 1000;
	join(&g[0], NULL, "a");
	join(&g[1], NULL, "b");
	run_loop();
	later(8900);
	STEPS("a");
	later(200);
	STEPS("ab");
	handshake_request_done();
}

static void
other_shares(void **state)
{
	struct guest	 half[3] = { 0 }, all[3] = { 0 };

	(void)state;
	handshake_request();
	handshake_set_percent(50);
	begin(half, 1000);
	later(900);
	STEPS("a");
	later(200);
	STEPS("ab");
	finish();
	steps[0] = '\0';
	handshake_set_percent(100);
	begin(all, 1000);
	run_loop();
	run_loop();
	STEPS("abc");
	handshake_request_done();
}

/* That of a step in which the system let others run is bounded. */
static void
rest_is_bounded(void **state)
{
	struct guest	 g[3] = { 0 };

	(void)state;
	handshake_request();
	begin(g, 60000000);
	later(39000);
	STEPS("a");
	takes = 0;
	later(1100);
	STEPS("ab");
	run_loop();
	STEPS("abc");
	handshake_request_done();
}

/* The last request was answered: another one has as long to come. */
static void
quiet(void **state)
{
	struct guest	 g[3] = { 0 };

	(void)state;
	handshake_request();
	handshake_request();
	begin(g, 1000);
	later(500);
	handshake_request_done();
	later(1100);
	STEPS("a");
	handshake_request_done();
	later(900);
	STEPS("a");
	later(200);
	STEPS("ab");
	/* Nobody has asked since. */
	run_loop();
	STEPS("abc");
}

/* The next one came just before there was time for a step. */
static void
no_quiet_after_all(void **state)
{
	struct guest	 g[3] = { 0 };

	(void)state;
	handshake_request();
	begin(g, 1000);
	handshake_request_done();
	later(900);
	handshake_request();
	later(200);
	STEPS("a");
	later(2800);
	STEPS("a");
	later(200);
	STEPS("ab");
	handshake_request_done();
	finish();
}

/* One request after the other, with little time in between. */
static void
closely_spaced(void **state)
{
	struct guest	 g[3] = { 0 };
	int		 i;

	(void)state;
	handshake_request();
	begin(g, 1000);
	for (i = 0; i < 19; i++) {
		handshake_request_done();
		later(100);
		handshake_request();
		later(100);
		STEPS("a");
	}
	later(300);
	STEPS("ab");
	handshake_request_done();
	finish();
}

/* Those that are answered within the step are no reason for a longer pause. */
static void
requests_within_a_step(void **state)
{
	struct guest	 g[3] = { { .requests = 3 } };

	(void)state;
	begin(g, 1000);
	later(900);
	STEPS("a");
	later(200);
	STEPS("ab");
	finish();
}

/* ---- Short of memory -------------------------------------------------- */

/* It is its turn all the same. */
static void
not_woken(void **state)
{
	struct guest	 g[3] = { 0 };

	(void)state;
	refused = 1;
	join(&g[0], NULL, "v");
	STEPS("");
	run_loop();
	STEPS("v");
	/* In a pause, too: the loop is not to turn for nothing. */
	handshake_request();
	takes = 1000;
	join(&g[1], NULL, "w");
	join(&g[2], NULL, "x");
	refused = 1;
	run_loop();
	run_loop();
	STEPS("vwx");
	handshake_request_done();
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
#define TEST(name)							\
	cmocka_unit_test_setup_teardown(name, setup, teardown)
		cmocka_unit_test_setup_teardown(share_by_default, setup_first,
		    teardown),
		TEST(one_at_a_time),
		TEST(by_source),
		TEST(newcomer),
		TEST(joins_again),
		TEST(leaves),
		TEST(all_of_the_time),
		TEST(share),
		TEST(rest_of_the_last),
		TEST(other_shares),
		TEST(rest_is_bounded),
		TEST(quiet),
		TEST(no_quiet_after_all),
		TEST(closely_spaced),
		TEST(requests_within_a_step),
		TEST(not_woken)
	};

	return (cmocka_run_group_tests_name("handshake", tests, NULL, NULL));
}
