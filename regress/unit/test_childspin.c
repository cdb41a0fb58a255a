/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/heap.o common/imsgev.o common/log.o common/log_render.o
 * common/loop.o common/proc.o common/hex.o compat/imsg.o compat/imsg-buffer.o */
/* libs: libevent */

#include <sys/types.h>
#include <sys/wait.h>

#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/event.h>

#include "common/child.h"
#include "common/log.h"
#include "common/privdrop.h"
#include "common/sandbox.h"
#include "regress/unit/imsg_util.h"

/*
 * The loop of a child, in a forked process: when it sleeps.  It is neither in
 * a sandbox nor another user.
 */
#define BUSY	5	/* so often it is */

static unsigned int	 dispatched, once, looked, asked, yielded;

static int
loop_dispatch(struct event_base *b)
{
	dispatched++;
	return (event_base_dispatch(b));
}

static int
loop_turn(struct event_base *b, int flags)
{
	if (flags == EVLOOP_NONBLOCK)
		looked++;
	else
		once++;
	return (event_base_loop(b, flags));
}

static int
yield_turn(void)
{
	yielded++;
	return (sched_yield());
}

#define privdrop_child(u)	((void)(u))
#define sandbox_start(s)	((void)(s))
#define event_base_dispatch	loop_dispatch
#define event_base_loop		loop_turn
#define sched_yield		yield_turn

#include "common/child.c"

#undef event_base_dispatch
#undef event_base_loop
#undef sched_yield

static struct event	*timer;
static unsigned int	 fired;

static bool
is_busy(void *arg)
{
	return (arg == &asked && ++asked <= BUSY);
}

static void
later(void)
{
	struct timeval	 tv = { 0, 1000 };

	if (event_add(timer, &tv) == -1)
		_exit(90);
}

/* Switches it on; when it has slept again, off; and on once more. */
static void
on_time(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	switch (fired++) {
	case 0:
		if (dispatched != 1 || once + looked != 0)
			_exit(91);
		child_spin(is_busy, &asked);
		break;
	case 1:
		/* It may be late for its turns. */
		if (looked < BUSY || once == 0)
			fired--;
		else if (dispatched != 1 || looked != BUSY ||
		    yielded != BUSY)
			_exit(92);
		else
			child_spin(NULL, NULL);
		break;
	case 2:
		if (dispatched != 2 || looked != BUSY)
			_exit(93);
		child_spin(is_busy, &asked);
		break;
	default:
		_exit(dispatched == 2 && looked == BUSY ? 0 : 94);
	}
	later();
}

static void
nothing(struct imsgev *iev, struct imsg *imsg, void *arg)
{
	(void)iev;
	(void)imsg;
	(void)arg;
}

static void
run_child(int fd)
{
	static const struct imsgev_cb	 cb = {
		nothing, NULL, child_orphaned
	};
	static struct imsgev		 iev;
	static char			 name[] = "child";
	char				*argv[] = { name, NULL };

	if (dup2(fd, PROC_PARENT_FD) == -1)
		_exit(95);
	timer = evtimer_new(child_init("child", 1, argv), on_time, NULL);
	child_parent(&iev, 1024, &cb, NULL);
	later();
	child_run(NULL);
}

/*
 * While it is busy it looks and does not sleep, and lets others run before each
 * look; else it sleeps, whatever comes in the meantime.
 */
static void
spins_while_busy(void **state)
{
	int	 sv[2], status;
	pid_t	 pid;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    sv), 0);
	assert_int_not_equal(pid = fork(), -1);
	if (pid == 0)
		run_child(sv[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(sv[0]);
	close(sv[1]);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spins_while_busy),
	};

	return (cmocka_run_group_tests_name("childspin", tests, NULL, NULL));
}
