/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/reload.o common/report.o common/faults.o common/imsgev.o
 * common/notify.o
 * common/log.o common/log_render.o common/hex.o compat/imsg.o
 * compat/imsg-buffer.o */
/* libs: libevent */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <event2/event.h>

#include "common/children.h"
#include "common/faults.h"
#include "common/reload.h"
#include "common/report.h"

static struct children	 set;
static struct child	 child[3];
static struct reload	 reload;
static char		 said[256];
static int		 ask;		/* children that prepare() asks */
static bool		 faulty;
static bool		 ended;		/* so was the daemon */

/* ---- In the place of the children's end ------------------------------- */

void
children_end(struct children *s)
{
	(void)s;
	ended = true;
}

void
children_failed(struct children *s)
{
	s->failed = true;
}

/* ---- A daemon --------------------------------------------------------- */

static void
note(const char *what, const struct child *c)
{
	size_t	 len = strlen(said);

	snprintf(said + len, sizeof(said) - len, "%s%s%s ", what,
	    c != NULL ? "-" : "", c != NULL ? c->name : "");
}

static int
prepare(void *arg)
{
	int	 i;

	assert_ptr_equal(arg, &set);
	note("prepare", NULL);
	if (faulty)
		report_fault("f:1: wrong");
	for (i = 0; i < ask; i++)
		reload_ask(&reload, &child[i]);
	return (faulty ? -1 : 0);
}

static int
commit(struct child *c, void *arg)
{
	(void)arg;
	note("commit", c);
	return (0);
}

static int
discard(struct child *c, void *arg)
{
	(void)arg;
	note("discard", c);
	return (0);
}

static void
done(void *arg)
{
	(void)arg;
	note("done", NULL);
}

static void
failed(void *arg)
{
	(void)arg;
	note("failed", NULL);
}

static void
expect(const char *what)
{
	assert_string_equal(said, what);
	said[0] = '\0';
}

static int
setup(void **state)
{
	static const struct reload_cb	 cb = {
		prepare, commit, discard, done, failed
	};
	static const char		*names[] = { "a", "b", "c" };
	int				 i;

	(void)state;
	memset(&set, 0, sizeof(set));
	memset(child, 0, sizeof(child));
	memset(&reload, 0, sizeof(reload));
	assert_non_null(set.base = event_base_new());
	set.child = child;
	set.nchildren = 3;
	set.ready = true;
	for (i = 0; i < 3; i++) {
		child[i].name = names[i];
		/* There is nothing behind it. */
		child[i].iev.dead = true;
	}
	ask = 3;
	faulty = ended = false;
	said[0] = '\0';
	reload_init(&reload, &set, &cb, &set);
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	assert_false(ended);
	event_free(reload.deadline);
	event_free(reload.later);
	event_base_free(set.base);
	return (0);
}

static void
turn(void)
{
	event_base_loop(set.base, EVLOOP_NONBLOCK);
}

/* ---- Tests ------------------------------------------------------------ */

static void
test_good(void **state)
{
	(void)state;
	reload_begin(&reload);
	expect("prepare ");
	assert_true(reload_awaits(&reload, &child[1]));
	assert_false(reload_switches(&reload));
	assert_int_equal(reload_committed(&reload, &child[0]), -1);
	assert_int_equal(reload_answered(&reload, &child[1], true), 0);
	assert_int_equal(reload_answered(&reload, &child[1], true), -1);
	assert_false(reload_awaits(&reload, &child[1]));
	assert_int_equal(reload_answered(&reload, &child[0], true), 0);
	expect("");
	assert_int_equal(reload_answered(&reload, &child[2], true), 0);
	/* One after the other, in their order. */
	expect("commit-a ");
	assert_true(reload_switches(&reload));
	assert_int_equal(reload_committed(&reload, &child[1]), -1);
	assert_int_equal(reload_committed(&reload, &child[0]), 0);
	expect("commit-b ");
	assert_int_equal(reload_committed(&reload, &child[0]), -1);
	assert_int_equal(reload_committed(&reload, &child[1]), 0);
	expect("commit-c ");
	assert_int_equal(reload.generation, 1);
	assert_int_equal(reload_committed(&reload, &child[2]), 0);
	expect("done ");
	assert_int_equal(reload.generation, 2);
	assert_int_equal(reload.phase, RELOAD_NONE);
	assert_false(reload_switches(&reload));
	assert_int_equal(reload_committed(&reload, &child[2]), -1);
	turn();
	expect("");
}

static void
test_fault_of_the_file(void **state)
{
	(void)state;
	faulty = true;
	ask = 0;
	reload_begin(&reload);
	expect("prepare failed ");
	assert_int_equal(reload.generation, 1);
	assert_int_equal(report_count(), 1);
	assert_string_equal(report_first(), "f:1: wrong");
	faulty = false;
	reload_begin(&reload);
	expect("prepare done ");
	assert_int_equal(report_count(), 0);
}

/* All have their say; then those that were asked are told. */
static void
test_fault_of_a_child(void **state)
{
	(void)state;
	ask = 2;
	reload_begin(&reload);
	expect("prepare ");
	assert_int_equal(reload_answered(&reload, &child[0], false), 0);
	assert_int_equal(report_count(), 1);
	expect("");
	assert_int_equal(reload_answered(&reload, &child[2], true), -1);
	assert_int_equal(reload_answered(&reload, &child[1], true), 0);
	expect("discard-a discard-b failed ");
	assert_int_equal(reload.generation, 1);
	assert_int_equal(reload_answered(&reload, &child[0], true), -1);
}

/* It says that it is ready, and has told of a fault. */
static void
test_fault_and_ready(void **state)
{
	const struct conf_file	 file = {
		(char *)(uintptr_t)"/x", "f", 7, -1
	};

	(void)state;
	ask = 1;
	reload_begin(&reload);
	faults_report(&set, &file, "bad\n", 0);
	assert_int_equal(reload_answered(&reload, &child[0], true), 0);
	expect("prepare discard-a failed ");
	assert_string_equal(report_first(), "f:7: /x: bad?");
	/* The same fault is told again of the next. */
	reload_begin(&reload);
	assert_int_equal(report_count(), 0);
	faults_report(&set, &file, "bad\n", 0);
	faults_report(&set, &file, "bad\n", 0);
	assert_int_equal(report_count(), 1);
	assert_int_equal(reload_answered(&reload, &child[0], true), 0);
	expect("prepare discard-a failed ");
}

/* A child is asked when another has answered. */
static void
test_asked_later(void **state)
{
	(void)state;
	ask = 1;
	reload_begin(&reload);
	reload_ask(&reload, &child[2]);
	assert_int_equal(reload_answered(&reload, &child[0], true), 0);
	expect("prepare ");
	assert_int_equal(reload_answered(&reload, &child[2], true), 0);
	expect("commit-a ");
	assert_int_equal(reload_committed(&reload, &child[0]), 0);
	expect("commit-c ");
	assert_int_equal(reload_committed(&reload, &child[2]), 0);
	expect("done ");
}

static void
test_one_more(void **state)
{
	(void)state;
	ask = 1;
	set.ready = false;
	reload_begin(&reload);
	turn();
	expect("");
	set.ready = true;
	reload_ready(&reload);
	turn();
	expect("prepare ");
	reload_begin(&reload);
	reload_begin(&reload);
	turn();
	expect("");
	assert_int_equal(reload_answered(&reload, &child[0], false), 0);
	expect("discard-a failed ");
	ask = 0;
	turn();
	expect("prepare done ");
	turn();
	expect("");
}

static int
part_prepare(void *arg)
{
	(void)arg;
	note("part", NULL);
	reload_ask(&reload, &child[1]);
	return (0);
}

static int
part_commit(struct child *c, void *arg)
{
	(void)arg;
	note("commit-part", c);
	return (0);
}

static int
part_discard(struct child *c, void *arg)
{
	(void)arg;
	note("discard-part", c);
	return (0);
}

static void
part_done(void *arg)
{
	(void)arg;
	note("done-part", NULL);
}

static void
part_failed(void *arg)
{
	(void)arg;
	note("failed-part", NULL);
}

/* The whole comes after it, if it is asked for meanwhile. */
static void
test_part(void **state)
{
	static const struct reload_cb	 cb = {
		part_prepare, part_commit, part_discard, part_done,
		part_failed
	};

	(void)state;
	ask = 0;
	assert_true(reload_part(&reload, &cb));
	expect("part ");
	assert_false(reload_idle(&reload));
	assert_false(reload_part(&reload, &cb));
	assert_int_equal(reload_answered(&reload, &child[1], true), 0);
	expect("commit-part-b ");
	/* Who asks on the control socket is not kept waiting. */
	assert_false(reload_switches(&reload));
	reload_begin(&reload);
	assert_int_equal(reload_committed(&reload, &child[1]), 0);
	expect("done-part ");
	assert_int_equal(reload.generation, 1);
	/* Its turn has come. */
	assert_false(reload_part(&reload, &cb));
	turn();
	expect("prepare done ");
	assert_int_equal(reload.generation, 2);
	assert_true(reload_part(&reload, &cb));
	assert_int_equal(reload_answered(&reload, &child[1], false), 0);
	expect("part discard-part-b failed-part ");
	assert_int_equal(reload.generation, 2);
	set.ready = false;
	assert_false(reload_part(&reload, &cb));
	set.ready = true;
	set.stopping = true;
	assert_false(reload_part(&reload, &cb));
	expect("");
}

static int		 began;

static void
on_began(void *arg)
{
	(void)arg;
	began++;
}

static void
on_fault(const char *line, void *arg)
{
	(void)arg;
	note(line, NULL);
}

static void
on_ended(bool good, void *arg)
{
	(void)arg;
	note(good ? "good" : "bad", NULL);
}

/* All of a reload but the end of it. */
static void
test_trial(void **state)
{
	static const struct reload_cb	 cb = {
		prepare, NULL, discard, NULL, failed
	};

	(void)state;
	began = 0;
	reload.watch.began = on_began;
	reload.watch.fault = on_fault;
	reload.watch.ended = on_ended;
	ask = 2;
	assert_true(reload_try(&reload, &cb));
	assert_int_equal(began, 1);
	assert_true(reload.trial);
	assert_false(reload_try(&reload, &cb));
	/* It has a turn of its own. */
	reload_begin(&reload);
	assert_int_equal(reload_answered(&reload, &child[0], true), 0);
	assert_int_equal(reload_answered(&reload, &child[1], true), 0);
	expect("prepare discard-a discard-b failed good ");
	assert_int_equal(reload.generation, 1);
	assert_false(reload.trial);
	ask = 0;
	turn();
	expect("prepare done good ");
	assert_int_equal(reload.generation, 2);
	assert_int_equal(began, 2);
	/* Faults are for who has asked. */
	ask = 1;
	assert_true(reload_try(&reload, &cb));
	assert_int_equal(reload_answered(&reload, &child[0], false), 0);
	expect("prepare the a cannot take up the configuration: its records "
	    "in the log say why discard-a failed bad ");
	ask = 0;
	faulty = true;
	assert_true(reload_try(&reload, &cb));
	expect("prepare f:1: wrong failed bad ");
	assert_int_equal(reload.generation, 2);
}

static void
on_late(const char *children, void *arg)
{
	assert_ptr_equal(arg, &set);
	/* Whoever waits is told before the daemon ends. */
	assert_false(ended);
	note("late", NULL);
	note(children, NULL);
}

/* Of those that do not answer, whoever is asked. */
static void
test_late(void **state)
{
	char	 names[RELOAD_NAMES];

	(void)state;
	reload.watch.late = on_late;
	reload.watch.arg = &set;
	assert_false(reload_waits(&reload, names, sizeof(names)));
	assert_string_equal(names, "");
	reload_begin(&reload);
	assert_true(reload_waits(&reload, names, sizeof(names)));
	assert_string_equal(names, "a, b, c");
	/* As far as there is room. */
	assert_true(reload_waits(&reload, names, 5));
	assert_string_equal(names, "a, b");
	assert_int_equal(reload_answered(&reload, &child[1], true), 0);
	expect("prepare ");
	event_active(reload.deadline, EV_TIMEOUT, 0);
	turn();
	expect("late a, c ");
	assert_true(ended);
	ended = false;
	/* And of one that does not put it in force. */
	assert_int_equal(reload_answered(&reload, &child[0], true), 0);
	assert_int_equal(reload_answered(&reload, &child[2], true), 0);
	assert_int_equal(reload_committed(&reload, &child[0]), 0);
	expect("commit-a commit-b ");
	event_active(reload.deadline, EV_TIMEOUT, 0);
	turn();
	expect("late b ");
	assert_true(ended);
	ended = false;
}

static void
test_stopping(void **state)
{
	(void)state;
	set.stopping = true;
	reload_begin(&reload);
	turn();
	expect("");
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test_setup_teardown(test_good, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fault_of_the_file, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_fault_of_a_child, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_fault_and_ready, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_asked_later, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_one_more, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_part, setup, teardown),
		cmocka_unit_test_setup_teardown(test_trial, setup, teardown),
		cmocka_unit_test_setup_teardown(test_late, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stopping, setup, teardown)
	};

	return (cmocka_run_group_tests_name("reload", tests, NULL, NULL));
}
