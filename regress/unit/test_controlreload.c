/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/control_reload.o common/ctlmsg.o common/msgfield.o
 * common/u256.o keyd/keymsg.o keyd/keymsg_request.o
 * common/log.o common/log_render.o common/hex.o compat/imsg.o
 * compat/imsg-buffer.o */
/* libs: libevent */

#include <sys/socket.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <event2/event.h>

#include "common/clock.h"
#include "common/control.h"
#include "common/reload.h"

/* Who waits for a reload on the control socket: what each is told, and when. */

#define CONNS	3

static struct control		 ctl;
static struct control_conn	 conn[CONNS];
static struct reload		 reload;
static struct imsgbuf		 far[CONNS];
static const char		*names;		/* that owe an answer */
static unsigned int		 asked;		/* reloads */
static unsigned int		 tried;
static bool			 willing;	/* to try */
static enum ctl_result		 wanted;	/* of an end */

/* ---- In the place of the rest of the control socket ------------------- */

bool
reload_waits(const struct reload *r, char *text, size_t size)
{
	assert_ptr_equal(r, &reload);
	snprintf(text, size, "%s", names);
	return (names[0] != '\0');
}

void
control_record(const struct control_conn *c, const char *command,
    const char *what)
{
	(void)c;
	(void)command;
	(void)what;
}

void
control_arm(struct control_conn *c, uint32_t ms)
{
	(void)c;
	assert_int_equal(ms, CONTROL_NOTE);
}

void
control_end(struct control_conn *c, enum ctl_result result, const char *text)
{
	assert_int_equal(ctlmsg_send_end(&c->ibuf, result, text), 0);
	c->state = CONTROL_READS;
}

void
control_go_on(struct control *c)
{
	assert_ptr_equal(c, &ctl);
}

static void
on_reload(void *arg)
{
	(void)arg;
	asked++;
}

static bool
on_try(void *arg)
{
	(void)arg;
	tried++;
	if (!willing)
		return (false);
	reload.trial = true;
	reload.watch.began(reload.watch.arg);
	return (true);
}

/* ---- Connections ------------------------------------------------------ */

static int
setup(void **state)
{
	static const struct control_cb	 cb = {
		.reload = on_reload, .try = on_try
	};
	int				 fd[2], i;

	(void)state;
	memset(&ctl, 0, sizeof(ctl));
	memset(&reload, 0, sizeof(reload));
	memset(conn, 0, sizeof(conn));
	asked = tried = 0;
	willing = true;
	names = "";
	ctl.cb = &cb;
	assert_non_null(ctl.base = event_base_new());
	assert_non_null(ctl.again = evtimer_new(ctl.base, control_again,
	    &ctl));
	TAILQ_INIT(&ctl.conns);
	for (i = 0; i < CONNS; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM |
		    SOCK_NONBLOCK, 0, fd), 0);
		assert_int_equal(imsgbuf_init(&conn[i].ibuf, fd[0]), 0);
		assert_int_equal(imsgbuf_init(&far[i], fd[1]), 0);
		conn[i].control = &ctl;
		conn[i].uid = 1;
		TAILQ_INSERT_TAIL(&ctl.conns, &conn[i], entry);
	}
	control_watch(&ctl, &reload);
	return (0);
}

static int
teardown(void **state)
{
	int	 i;

	(void)state;
	for (i = 0; i < CONNS; i++) {
		close(conn[i].ibuf.fd);
		close(far[i].fd);
		imsgbuf_clear(&conn[i].ibuf);
		imsgbuf_clear(&far[i]);
	}
	event_free(ctl.again);
	event_base_free(ctl.base);
	return (0);
}

/* Asks, on that connection. */
static void
ask_for(int i, bool trial)
{
	struct imsg	 imsg;

	assert_int_equal(ctlmsg_send_reload(&far[i], trial), 0);
	assert_int_equal(imsgbuf_write(&far[i]), 0);
	assert_int_equal(imsgbuf_read(&conn[i].ibuf), 1);
	assert_true(imsg_get(&conn[i].ibuf, &imsg) > 0);
	assert_int_equal(control_take_reload(&conn[i], &imsg), 0);
	imsg_free(&imsg);
}

static void
ask(int i)
{
	ask_for(i, false);
}

/* The next message is that one; NULL: there is none. */
static void
told(int i, enum ctl_msg type, const char *text)
{
	enum ctl_result	 result;
	struct imsg	 imsg;
	char		 got[CTL_TEXT_MAX + 1];

	(void)imsgbuf_read(&far[i]);
	if (text == NULL) {
		assert_int_equal(imsg_get(&far[i], &imsg), 0);
		return;
	}
	assert_true(imsg_get(&far[i], &imsg) > 0);
	assert_int_equal(imsg_get_type(&imsg), type);
	assert_int_equal(type == CTL_NOTE ? ctlmsg_get_note(&imsg, got) :
	    ctlmsg_get_end(&imsg, &result, got), 0);
	assert_string_equal(got, text);
	if (type == CTL_END)
		assert_int_equal(result, wanted);
	imsg_free(&imsg);
}

static void
note(int i)
{
	control_note(&conn[i]);
	assert_int_equal(imsgbuf_write(&conn[i].ibuf), 0);
}

/* ---- Tests ------------------------------------------------------------ */

static void
test_notes(void **state)
{
	(void)state;
	ask(0);
	assert_int_equal(asked, 1);
	reload.watch.began(reload.watch.arg);
	names = "keyd, link";
	note(0);
	told(0, CTL_NOTE, "the reload has begun: waiting for keyd, link");
	/* Once is enough. */
	note(0);
	told(0, CTL_NOTE, NULL);
	names = "link";
	note(0);
	told(0, CTL_NOTE, "the reload has begun: waiting for link");
	/* One that comes meanwhile. */
	ask(1);
	note(1);
	told(1, CTL_NOTE, "another reload is first: waiting for link");
	names = "";
	note(1);
	told(1, CTL_NOTE, "another reload is first");
	/* What the one before was told is not what the next one was. */
	reload.watch.ended(true, reload.watch.arg);
	imsgbuf_write(&conn[0].ibuf);
	ask(0);
	reload.watch.began(reload.watch.arg);
	names = "link";
	note(0);
	assert_string_equal(conn[0].note,
	    "the reload has begun: waiting for link");
}

static void
test_pause(void **state)
{
	(void)state;
	ctl.next_reload = clock_us() + 100000000;
	ask(0);
	assert_int_equal(asked, 0);
	note(0);
	told(0, CTL_NOTE, "waiting: the last reload was just now");
	/* Root need not wait, and others go with it. */
	conn[1].uid = 0;
	ask(1);
	assert_int_equal(asked, 1);
	reload.watch.began(reload.watch.arg);
	assert_int_equal(conn[0].state, CONTROL_RELOADS);
	assert_int_equal(conn[1].state, CONTROL_RELOADS);
	assert_int_equal(conn[2].state, CONTROL_READS);
}

/* The daemon ends: it is said at once, and to those who wait alone. */
static void
test_late(void **state)
{
	static const char	 text[] = "not reloaded: no answer from "
				    "frontend: the daemon ends";

	(void)state;
	wanted = CTL_FAILED;
	ask(0);
	reload.watch.began(reload.watch.arg);
	ask(1);
	reload.watch.late("frontend", reload.watch.arg);
	told(0, CTL_END, text);
	told(1, CTL_END, text);
	told(2, CTL_END, NULL);
}

static void
ended(bool good)
{
	int	 i;

	reload.watch.ended(good, reload.watch.arg);
	reload.trial = false;
	for (i = 0; i < CONNS; i++)
		(void)imsgbuf_write(&conn[i].ibuf);
}

/* What is tried is not what is reloaded: each has its own. */
static void
test_trial(void **state)
{
	(void)state;
	ctl.loaded = 7;
	reload.generation = 3;
	ask_for(0, true);
	assert_int_equal(tried, 1);
	assert_int_equal(asked, 0);
	assert_int_equal(conn[0].state, CONTROL_RELOADS);
	ask(1);
	assert_int_equal(asked, 1);
	assert_int_equal(conn[1].state, CONTROL_WAITS);
	wanted = CTL_BAD;
	ended(false);
	told(0, CTL_END, "generation 3");
	told(1, CTL_END, NULL);
	reload.watch.began(reload.watch.arg);
	assert_int_equal(conn[1].state, CONTROL_RELOADS);
	/* Not while there is one. */
	willing = false;
	conn[2].uid = 0;
	ask_for(2, true);
	assert_int_equal(conn[2].state, CONTROL_WAITS);
	assert_true(event_pending(ctl.again, EV_TIMEOUT, NULL));
	wanted = CTL_GOOD;
	ended(true);
	told(1, CTL_END, "generation 3");
	assert_int_not_equal(ctl.loaded, 7);
	ctl.loaded = 7;
	willing = true;
	event_base_loop(ctl.base, EVLOOP_ONCE);
	assert_int_equal(conn[2].state, CONTROL_RELOADS);
	ended(true);
	told(2, CTL_END, "generation 3");
	assert_int_equal(ctl.loaded, 7);
}

/* One that has to pause is not carried on by one that waits for less. */
static void
test_pause_of_a_trial(void **state)
{
	(void)state;
	ctl.next_reload = clock_us() + 100000000;
	ask(0);
	conn[1].uid = 0;
	willing = false;
	ask_for(1, true);
	willing = true;
	event_base_loop(ctl.base, EVLOOP_ONCE);
	assert_int_equal(tried, 2);
	assert_int_equal(asked, 0);
	assert_int_equal(conn[0].state, CONTROL_WAITS);
	assert_int_equal(conn[1].state, CONTROL_RELOADS);
	assert_true(event_pending(ctl.again, EV_TIMEOUT, NULL));
	/* And one that is of no use keeps the pause, too. */
	ask_for(2, true);
	assert_int_equal(tried, 2);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test_setup_teardown(test_notes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pause, setup, teardown),
		cmocka_unit_test_setup_teardown(test_trial, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pause_of_a_trial, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_late, setup, teardown)
	};

	return (cmocka_run_group_tests_name("controlreload", tests, NULL,
	    NULL));
}
