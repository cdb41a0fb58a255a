/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/watchdog.o common/imsgev.o common/log.o
 * common/log_render.o common/hex.o compat/imsg.o compat/imsg-buffer.o */
/* libs: libevent */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>

#include <cmocka.h>

#include <event2/event.h>

#include "common/children.h"
#include "common/notify.h"
#include "common/ping.h"
#include "common/watchdog.h"

#define CHILDREN	3

static struct children	 set;
static struct child	 child[CHILDREN];
static struct imsgbuf	 far[CHILDREN];	/* the children's ends */
static uint64_t		 deadline;
static int		 alive;		/* times that it was told */

/* ---- In the place of common/notify.c ---------------------------------- */

void
notify_alive(void)
{
	alive++;
}

uint64_t
notify_watchdog(void)
{
	return (deadline);
}

/* ---- Children --------------------------------------------------------- */

static void
on_message(struct imsgev *iev, struct imsg *imsg, void *arg)
{
	(void)iev;
	(void)imsg;
	(void)arg;
	fail();
}

static void
on_closed(struct imsgev *iev, const char *why, void *arg)
{
	(void)iev;
	(void)why;
	(void)arg;
	fail();
}

static int
setup(void **state)
{
	static const struct imsgev_cb	 cb = { on_message, NULL, on_closed };
	int				 fd[2], i;

	(void)state;
	memset(&set, 0, sizeof(set));
	memset(child, 0, sizeof(child));
	assert_non_null(set.base = event_base_new());
	set.child = child;
	set.nchildren = CHILDREN;
	/* The last was never started. */
	for (i = 0; i < CHILDREN - 1; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM |
		    SOCK_NONBLOCK, 0, fd), 0);
		child[i].set = &set;
		child[i].name = "child";
		child[i].started = true;
		assert_int_equal(imsgev_init(&child[i].iev, set.base, fd[0],
		    1024, &cb, &child[i]), 0);
		assert_int_equal(imsgbuf_init(&far[i], fd[1]), 0);
	}
	log_set_level(LOG_LVL_ERROR);
	log_to_stderr(LOG_FMT_LOGFMT);
	alive = 0;
	deadline = (uint64_t)3600 * 1000000;
	return (0);
}

static int
teardown(void **state)
{
	int	 i;

	(void)state;
	for (i = 0; i < CHILDREN - 1; i++) {
		if (!child[i].iev.dead)
			imsgev_clear(&child[i].iev);
		imsgbuf_clear(&far[i]);
		close(far[i].fd);
	}
	if (set.watchdog != NULL)
		event_free(set.watchdog);
	event_base_free(set.base);
	return (0);
}

/* A round is due. */
static void
tick(void)
{
	event_active(set.watchdog, EV_TIMEOUT, 0);
	event_base_loop(set.base, EVLOOP_NONBLOCK);
}

/* The number that a child was asked with; -1 where it was not. */
static int64_t
asked(int i)
{
	struct imsg	 imsg;
	uint32_t	 number;

	event_base_loop(set.base, EVLOOP_NONBLOCK);
	(void)imsgbuf_read(&far[i]);
	if (imsg_get(&far[i], &imsg) <= 0)
		return (-1);
	assert_int_equal(ping_get(&imsg, CHILD_PONG, &number), -1);
	assert_int_equal(ping_get(&imsg, CHILD_PING, &number), 0);
	imsg_free(&imsg);
	return (number);
}

/* Takes a message of that child, of that size. */
static int
says(int i, uint32_t type, uint32_t number, uint16_t size)
{
	unsigned char	 body[8] = { 0 };
	struct imsgbuf	 in, out;
	struct imsg	 imsg;
	int		 fd[2], r;

	memcpy(body, &number, sizeof(number));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	assert_int_equal(imsgbuf_init(&out, fd[0]), 0);
	assert_int_equal(imsgbuf_init(&in, fd[1]), 0);
	assert_int_not_equal(imsg_compose(&out, type, 0, 0, -1, body, size),
	    -1);
	assert_int_equal(imsgbuf_flush(&out), 0);
	assert_int_equal(imsgbuf_read(&in), 1);
	assert_true(imsg_get(&in, &imsg) > 0);
	r = watchdog_answer(&child[i], &imsg);
	imsg_free(&imsg);
	imsgbuf_clear(&in);
	imsgbuf_clear(&out);
	close(fd[0]);
	close(fd[1]);
	return (r);
}

static int
pong(int i, int64_t number)
{
	return (says(i, CHILD_PONG, (uint32_t)number, 4));
}

/* ---- Tests ------------------------------------------------------------ */

/* When all have answered, once, and then they are asked again. */
static void
test_rounds(void **state)
{
	int64_t	 number;
	int	 round;

	(void)state;
	watchdog_start(&set);
	for (round = 1; round < 4; round++) {
		number = asked(0);
		assert_int_equal(number, round);
		assert_int_equal(asked(1), number);
		assert_int_equal(pong(1, number), 0);
		assert_int_equal(alive, round - 1);
		assert_int_equal(pong(0, number), 0);
		assert_int_equal(alive, round);
		assert_int_equal(asked(0), -1);
		tick();
	}
}

/* It is waited for, and neither asked again nor forgotten. */
static void
test_silent(void **state)
{
	int64_t	 number;
	int	 i;

	(void)state;
	watchdog_start(&set);
	number = asked(0);
	assert_int_equal(asked(1), number);
	assert_int_equal(pong(0, number), 0);
	for (i = 0; i < 5; i++) {
		tick();
		assert_int_equal(asked(0), -1);
		assert_int_equal(asked(1), -1);
		assert_true(child[1].silent);
		assert_false(child[0].silent);
	}
	assert_int_equal(alive, 0);
	assert_int_equal(pong(1, number), 0);
	assert_false(child[1].silent);
	assert_int_equal(alive, 1);
}

/* One that has closed its channel does not answer, either. */
static void
test_dead(void **state)
{
	int64_t	 number;

	(void)state;
	imsgev_clear(&child[1].iev);
	watchdog_start(&set);
	number = asked(0);
	assert_int_equal(pong(0, number), 0);
	assert_int_equal(alive, 0);
}

/* What no child of ours says. */
static void
test_unexpected(void **state)
{
	int64_t	 number;

	(void)state;
	assert_int_equal(pong(0, 0), -1);
	watchdog_start(&set);
	number = asked(0);
	assert_int_equal(pong(0, number + 1), -1);
	assert_int_equal(pong(0, number - 1), -1);
	assert_int_equal(says(0, CHILD_PING, (uint32_t)number, 4), -1);
	assert_int_equal(says(0, CHILD_PONG, (uint32_t)number, 3), -1);
	assert_int_equal(says(0, CHILD_PONG, (uint32_t)number, 5), -1);
	assert_int_equal(says(0, CHILD_PONG, (uint32_t)number, 0), -1);
	/* A child that was not started. */
	child[2].set = &set;
	assert_int_equal(pong(2, number), -1);
	assert_int_equal(pong(0, number), 0);
	assert_int_equal(pong(0, number), -1);
	assert_int_equal(alive, 0);
}

static void
test_unwanted(void **state)
{
	(void)state;
	for (deadline = 0; deadline < 4; deadline++) {
		watchdog_start(&set);
		assert_null(set.watchdog);
		assert_int_equal(asked(0), -1);
	}
	watchdog_stop(&set);
}

static void
test_stop(void **state)
{
	(void)state;
	deadline = UINT64_MAX;
	watchdog_start(&set);
	assert_true(evtimer_pending(set.watchdog, NULL));
	watchdog_stop(&set);
	assert_false(evtimer_pending(set.watchdog, NULL));
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(test_rounds),
		TEST(test_silent),
		TEST(test_dead),
		TEST(test_unexpected),
		TEST(test_unwanted),
		TEST(test_stop),
	};

	return (cmocka_run_group_tests_name("watchdog", tests, NULL, NULL));
}
