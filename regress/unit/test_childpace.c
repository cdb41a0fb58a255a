/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/children.o common/imsgev.o common/log.o common/log_render.o
 * common/hex.o compat/imsg.o compat/imsg-buffer.o */
/* libs: libevent */

#include <signal.h>

#include <event2/event.h>

#include "common/children.h"
#include "common/gather.h"
#include "common/loop.h"
#include "common/notify.h"
#include "common/proc.h"
#include "common/watchdog.h"
#include "regress/unit/log_util.h"

/*
 * How often a parent listens to a child that logs much.  The clock, which is
 * libevent's too, moves when a test says so.
 */
#define OTHER	0x700		/* a message that is no record */
#define PID	4711
#define MANY	20		/* batches: more than it takes */
#define REST_MS	4

static struct children		 set;
static struct child		 one;
static int			 taken;		/* messages of the other kind */
static bool			 gone;		/* to be waited for */

/* ---- What children.c is linked with ----------------------------------- */

/* A process has one, which stays; here each test has its own. */
struct event_base *
loop_new(void)
{
	return (event_base_new());
}

int
proc_start_as(struct proc_child *proc, const char *dir, const char *program,
    const char *name, const struct proc_user *user, enum log_level level)
{
	(void)dir;
	(void)program;
	(void)name;
	(void)user;
	(void)level;
	proc->pid = PID;
	proc->fd = dup(pair[1]);
	return (proc->fd == -1 ? -1 : 0);
}

void
proc_status(int status, char *how, size_t size)
{
	snprintf(how, size, "status %d", status);
}

pid_t
waitpid(pid_t pid, int *status, int options)
{
	(void)pid;
	(void)options;
	*status = 0;
	if (!gone)
		return (0);
	gone = false;
	return (PID);
}

void
notify_open(void)
{
}

void
notify_ready(const char *status, ...)
{
	(void)status;
}

void
notify_stopping(void)
{
}

void
watchdog_start(struct children *s)
{
	(void)s;
}

int
watchdog_answer(struct child *c, struct imsg *imsg)
{
	(void)c;
	(void)imsg;
	return (-1);
}

void
watchdog_stop(struct children *s)
{
	(void)s;
}

int
gather_message(struct gather *g, struct child *c, struct imsg *imsg)
{
	(void)g;
	(void)c;
	(void)imsg;
	return (-1);
}

static int
on_message(struct child *c, struct imsg *imsg, void *arg)
{
	(void)c;
	(void)arg;
	taken++;
	return (imsg_get_type(imsg) == OTHER ? 0 : -1);
}

static const struct children_cb	 callbacks = { .message = on_message };

/* ---- The child -------------------------------------------------------- */

static void
says(const char *msg)
{
	struct ibuf	*b;

	assert_non_null(b = imsg_create(&child, LOG_MSG, 0, 0, 64));
	assert_int_equal(ibuf_add_n8(b, LOG_LVL_INFO), 0);
	assert_int_equal(ibuf_add_n8(b, 0), 0);
	assert_int_equal(ibuf_add_n64(b, 0), 0);
	assert_int_equal(ibuf_add_n16(b, 1), 0);
	assert_int_equal(ibuf_add(b, "msg", 4), 0);
	assert_int_equal(ibuf_add(b, msg, strlen(msg) + 1), 0);
	imsg_close(&child, b);
}

static void
advance_us(long us)
{
	fake_monotonic.tv_nsec += us * 1000;
	if (fake_monotonic.tv_nsec >= 1000000000) {
		fake_monotonic.tv_nsec -= 1000000000;
		fake_monotonic.tv_sec++;
	}
}

/* What the parent writes of all that was said, and when the time has come. */
static size_t
turn(void)
{
	size_t	 lines;
	int	 sent, r;

	catch_begin();
	sent = imsgbuf_write(&child);
	r = event_base_loop(set.base, EVLOOP_NONBLOCK);
	lines = catch_end();
	assert_int_equal(sent, 0);
	assert_int_equal(r, 0);
	return (lines);
}

/* Until the child is listened to now and then; how many batches it took. */
static int
make_rest(void)
{
	int	 i;

	for (i = 0; i < MANY && !one.iev.resting; i++) {
		says("m");
		assert_int_equal(turn(), 1);
	}
	assert_true(one.iev.resting);
	return (i);
}

/* As its death does; the descriptor is there to be closed again. */
static void
close_child(void)
{
	int	 fd;

	assert_int_not_equal(fd = open("/dev/null", O_RDWR), -1);
	assert_int_equal(dup2(fd, pair[0]), pair[0]);
	assert_int_equal(dup2(fd, pair[1]), pair[1]);
	close(fd);
}

static int
begin(void **state)
{
	static const struct proc_user	 user;

	if (channel_open(state) == -1)
		return (-1);
	memset(&set, 0, sizeof(set));
	memset(&one, 0, sizeof(one));
	gone = false;
	taken = 0;
	set.daemon = "signerd";
	set.child = &one;
	set.nchildren = 1;
	set.cb = &callbacks;
	children_init(&set);
	if (children_start(&set, &one, "keyd", 0, &user, 4096) == -1)
		return (-1);
	set.ready = true;
	return (0);
}

static int
end(void **state)
{
	size_t	 i;

	if (one.iev.cb != NULL)
		imsgev_clear(&one.iev);
	for (i = 0; i < sizeof(set.signals) / sizeof(set.signals[0]); i++)
		event_free(set.signals[i]);
	event_free(set.deadline);
	event_free(set.sums);
	event_base_free(set.base);
	return (channel_close(state));
}

/* ---- Tests ------------------------------------------------------------ */

/* What it says meanwhile is written together, when the time has come. */
static void
rests(void **state)
{
	int	 i;

	(void)state;
	assert_in_range(make_rest(), 5, MANY);
	for (i = 0; i < 4; i++) {
		says("more");
		assert_int_equal(turn(), 0);
	}
	advance_us(REST_MS * 1000 - 1000);
	assert_int_equal(turn(), 0);
	advance_us(2000);
	assert_int_equal(turn(), 4);
	/* And it goes on so. */
	assert_true(one.iev.resting);
	says("again");
	assert_int_equal(turn(), 0);
	advance_us(REST_MS * 1000 + 1000);
	assert_int_equal(turn(), 1);
	/* That was one alone: the next is written when it comes. */
	assert_false(one.iev.resting);
	says("at once");
	assert_int_equal(turn(), 1);
}

/* Nothing came at all. */
static void
falls_silent(void **state)
{
	(void)state;
	make_rest();
	advance_us(REST_MS * 1000 + 1000);
	assert_int_equal(turn(), 0);
	assert_false(one.iev.resting);
	says("m");
	assert_int_equal(turn(), 1);
}

/* Fewer in a second are not worth it. */
static void
slow(void **state)
{
	int	 i;

	(void)state;
	for (i = 0; i < 2 * MANY; i++) {
		advance_us(1100);
		says("m");
		assert_int_equal(turn(), 1);
		assert_false(one.iev.resting);
	}
}

/* Where something may wait for an answer it is not kept waiting. */
static void
other_messages(void **state)
{
	int	 i;

	(void)state;
	for (i = 0; i < 2 * MANY; i++) {
		says("m");
		if (i % 4 == 0)
			assert_int_equal(imsg_compose(&child, OTHER, 0, 0, -1,
			    NULL, 0), 1);
		assert_int_equal(turn(), 1);
		assert_false(one.iev.resting);
	}
	assert_int_equal(taken, MANY / 2);
}

/* Its last words come before the word of its end. */
static void
dies(void **state)
{
	const char	*p;

	(void)state;
	make_rest();
	says("last");
	assert_int_equal(turn(), 0);
	close_child();
	gone = true;
	raise(SIGCHLD);
	assert_int_equal(turn(), 2);
	assert_non_null(p = strstr(caught, "msg=last\n"));
	assert_non_null(strstr(p, "msg=\"child died\" child=keyd"));
}

/* When the daemon stops it does not. */
static void
stopping(void **state)
{
	int	 i;

	(void)state;
	set.stopping = true;
	for (i = 0; i < 2 * MANY; i++) {
		says("m");
		assert_int_equal(turn(), 1);
		assert_false(one.iev.resting);
	}
}

#define pace_test(f)	cmocka_unit_test_setup_teardown(f, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		pace_test(rests),
		pace_test(falls_silent),
		pace_test(slow),
		pace_test(other_messages),
		pace_test(dies),
		pace_test(stopping)
	};

	log_init("test");
	return (cmocka_run_group_tests_name("childpace", tests, NULL, NULL));
}
