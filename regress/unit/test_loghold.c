/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/log.o common/log_render.o compat/imsg.o
 * compat/imsg-buffer.o common/hex.o common/u256.o */

#include <sys/stat.h>

#include <limits.h>
#include <stdlib.h>

#include "regress/unit/log_util.h"

/* Lines that are written together: log_hold() and log_release(). */

/* What becomes of the next writes: an errno, a number of bytes, or well. */
#define WELL		(-1)
#define BYTES(n)	(1000 + (n))
static int	 plan[8];
static size_t	 nplan, at;

/* What was asked of write(2). */
static size_t	 sizes[512];
static size_t	 nsizes;

ssize_t
write(int fd, const void *p, size_t size)
{
	int	 how = at < nplan ? plan[at++] : WELL;

	if (nsizes < sizeof(sizes) / sizeof(sizes[0]))
		sizes[nsizes++] = size;
	if (how > 0 && how < BYTES(0)) {
		errno = how;
		return (-1);
	}
	return (syscall(SYS_write, fd, p,
	    how == WELL ? size : (size_t)(how - BYTES(0))));
}

static int
begin(void **state)
{
	(void)state;
	log_init("test");
	log_set_level(LOG_LVL_INFO);
	log_to_stderr(LOG_FMT_LOGFMT);
	nplan = at = nsizes = 0;
	return (0);
}

static void
plan_writes(const int *how, size_t n)
{
	memcpy(plan, how, n * sizeof(*how));
	nplan = n;
	at = 0;
}

#define PLAN(...)							\
	plan_writes((const int []){ __VA_ARGS__ },			\
	    sizeof((const int []){ __VA_ARGS__ }) / sizeof(int))

/* The caught text has these in this order, and each but once. */
static void
expect_order(const char *const *texts)
{
	const char	*p = caught;

	for (; *texts != NULL; texts++) {
		assert_non_null(p = strstr(p, *texts));
		p += strlen(*texts);
		assert_null(strstr(p, *texts));
	}
}

#define ORDER(...)							\
	expect_order((const char *const []){ __VA_ARGS__, NULL })

static void
one_write(void **state)
{
	size_t	 while_held;

	(void)state;
	catch_begin();
	log_hold();
	log_hold();
	log_info("one");
	log_error("two");
	log_info("three");
	while_held = nsizes;
	log_release();
	log_release();
	assert_int_equal(catch_end(), 3);
	assert_int_equal(while_held, 0);
	assert_int_equal(nsizes, 1);
	ORDER("msg=one\n", "msg=two\n", "msg=three\n");
	/* And afterwards each by itself again. */
	catch_begin();
	log_info("four");
	log_info("five");
	assert_int_equal(catch_end(), 2);
	assert_int_equal(nsizes, 3);
}

/* Nobody else's lines can come into what is written at once. */
static void
many(void **state)
{
	const char	*p = caught;
	char		 text[32];
	size_t		 lines, i, sum = 0;

	(void)state;
	catch_begin();
	log_hold();
	for (i = 0; i < 300; i++)
		log_info("number%zu", i);
	log_release();
	lines = catch_end();
	assert_int_equal(lines, 300);
	for (i = 0; i < 300; i++) {
		snprintf(text, sizeof(text), "msg=number%zu\n", i);
		assert_non_null(p = strstr(p, text));
	}
	for (i = 0; i < nsizes; i++) {
		assert_true(sizes[i] <= PIPE_BUF);
		sum += sizes[i];
		assert_int_equal(caught[sum - 1], '\n');
	}
	assert_int_equal(sum, strlen(caught));
	assert_true(nsizes <= sum / (PIPE_BUF - 128) + 1);
}

/* One that is longer has its place among the others. */
static void
long_line(void **state)
{
	struct log_record	 r;
	char			 text[LOG_RECORD_MAX - 64];

	(void)state;
	memset(text, '\001', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	catch_begin();
	log_hold();
	log_info("one");
	log_start(&r, LOG_LVL_INFO, "two");
	log_str(&r, "text", text);
	log_end(&r);
	log_info("three");
	log_release();
	assert_int_equal(catch_end(), 3);
	ORDER("msg=one\n", "msg=two", "msg=three\n");
	assert_int_equal(nsizes, 3);
	assert_true(sizes[1] > PIPE_BUF);
}

static void
journal(void **state)
{
	struct stat	 st;
	char		 text[64];

	(void)state;
	catch_begin();
	if (fstat(STDERR_FILENO, &st) == -1)
		memset(&st, 0, sizeof(st));
	(void)snprintf(text, sizeof(text), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
	setenv("JOURNAL_STREAM", text, 1);
	log_to_stderr(LOG_FMT_LOGFMT);
	log_hold();
	log_error("one");
	log_warn("two");
	log_info("three");
	log_release();
	unsetenv("JOURNAL_STREAM");
	log_to_stderr(LOG_FMT_LOGFMT);
	assert_int_equal(catch_end(), 3);
	assert_int_equal(nsizes, 1);
	assert_memory_equal(caught, "<3>time=", 8);
	ORDER("msg=one\n<4>time=", "msg=two\n<6>time=", "msg=three\n");
}

static void
three_lines(void)
{
	log_hold();
	log_info("one");
	log_info("two");
	log_info("three");
	log_release();
}

/* There may be room for some of them where there is none for all. */
static void
no_room(void **state)
{
	(void)state;
	catch_begin();
	PLAN(EAGAIN, WELL, EAGAIN);
	three_lines();
	log_info("four");
	assert_int_equal(catch_end(), 4);
	ORDER("msg=one\n", "msg=\"log records could not be written\" count=1\n",
	    "msg=three\n", "msg=four\n");
	assert_null(strstr(caught, "msg=two"));
}

/* What is lost is counted, and no line begins within another. */
static void
torn(void **state)
{
	(void)state;
	catch_begin();
	/*
	 * All but a byte of the first; the end of it before the word of it;
	 * the same before the second.
	 */
	PLAN(BYTES(1), ENOSPC, ENOSPC, ENOSPC);
	three_lines();
	assert_int_equal(catch_end(), 3);
	assert_memory_equal(caught, "t\ntime=", 7);
	ORDER("count=2\n", "msg=three\n");
	assert_null(strstr(caught, "msg=one"));
	assert_null(strstr(caught, "msg=two"));
}

/* The first is whole, and not written again. */
static void
torn_between(void **state)
{
	int	 first;

	(void)state;
	catch_begin();
	log_info("one");
	first = (int)sizes[0];
	PLAN(BYTES(first + 4), ENOSPC);
	three_lines();
	assert_int_equal(catch_end(), 5);
	ORDER("time\ntime=", "count=1\n", "msg=three\n");
	assert_null(strstr(caught, "msg=two"));

	/* It ended where a line does. */
	catch_begin();
	PLAN(BYTES(first), ENOSPC);
	three_lines();
	assert_int_equal(catch_end(), 3);
	ORDER("msg=one\n", "msg=two\n", "msg=three\n");
	assert_null(strstr(caught, "could not be written"));
}

/* It is told of before those that can be written again. */
static void
fails_for_long(void **state)
{
	(void)state;
	catch_begin();
	PLAN(ENOSPC, ENOSPC, ENOSPC, ENOSPC, ENOSPC, ENOSPC);
	three_lines();
	three_lines();
	assert_int_equal(catch_end(), 4);
	ORDER("count=3\n", "msg=one\n", "msg=two\n", "msg=three\n");
}

static void
child_fatal(void *arg)
{
	(void)arg;
	log_hold();
	log_info("one");
	fatalx("two");
}

static void
fatal_writes(void **state)
{
	(void)state;
	forked_dies(child_fatal, NULL, "msg=one\n");
	forked_dies(child_fatal, NULL, "level=error process=test msg=two\n");
}

#define hold_test(f)	cmocka_unit_test_setup(f, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		hold_test(one_write),
		hold_test(many),
		hold_test(long_line),
		hold_test(journal),
		hold_test(no_room),
		hold_test(torn),
		hold_test(torn_between),
		hold_test(fails_for_long),
		hold_test(fatal_writes)
	};

	return (cmocka_run_group_tests_name("loghold", tests, NULL, NULL));
}
