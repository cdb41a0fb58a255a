/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/log.o common/log_render.o compat/imsg.o
 * compat/imsg-buffer.o common/hex.o common/u256.o */

#include <sys/socket.h>
#include <sys/syscall.h>

#include <time.h>

#include "common/log.h"
#include "compat/imsg.h"
#include "regress/unit/forked.h"

/*
 * What anybody can cause must not keep signatures out of the log, and what a
 * child says must not pass for the parent's word.
 */
static struct timespec	 fake_monotonic = { 1000, 0 };

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	if (id == CLOCK_MONOTONIC) {
		*ts = fake_monotonic;
		return (0);
	}
	return ((int)syscall(SYS_clock_gettime, id, ts));
}

static struct imsgbuf	 child, parent;
static int		 pair[2];

static int
channel_open(void **state)
{
	(void)state;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == -1 ||
	    imsgbuf_init(&child, pair[0]) == -1 ||
	    imsgbuf_init(&parent, pair[1]) == -1)
		return (-1);
	log_to_parent(&child, NULL);
	return (0);
}

static int
channel_close(void **state)
{
	(void)state;
	log_to_parent(NULL, NULL);
	log_set_rate(5000);
	log_set_level(LOG_LVL_INFO);
	imsgbuf_clear(&child);
	imsgbuf_clear(&parent);
	close(pair[0]);
	close(pair[1]);
	return (0);
}

/* Hands the child's next record over; the text that is written for it. */
static const char *
hand_over(struct log_rate *rate)
{
	static char	 text[65536];
	struct imsg	 imsg;
	FILE		*catcher;
	ssize_t		 n;
	int		 real;

	while ((n = imsg_get(&parent, &imsg)) == 0) {
		assert_int_equal(imsgbuf_write(&child), 0);
		assert_int_equal(imsgbuf_read(&parent), 1);
	}
	assert_true(n > 0);
	assert_non_null(catcher = tmpfile());
	fflush(stderr);
	real = dup(STDERR_FILENO);
	dup2(fileno(catcher), STDERR_FILENO);
	log_child(&imsg, "keyd", rate);
	dup2(real, STDERR_FILENO);
	close(real);
	imsg_free(&imsg);
	rewind(catcher);
	text[fread(text, 1, sizeof(text) - 1, catcher)] = '\0';
	fclose(catcher);
	return (text);
}

static bool
noise(enum log_level level)
{
	struct log_record	 r;

	if (!log_start_noise(&r, level, "noise"))
		return (false);
	log_end(&r);
	return (true);
}

static void
say(const char *msg)
{
	struct log_record	 r;

	assert_true(log_start(&r, LOG_LVL_INFO, msg));
	log_end(&r);
}

/* ---- What anybody can cause ------------------------------------------- */

static void
noise_is_limited(void **state)
{
	struct log_rate	 rate = { 0, 0, 0, 0, 0 };
	int		 i;

	(void)state;
	fake_monotonic.tv_sec++;
	for (i = 0; i < LOG_NOISE_MAX; i++)
		assert_true(noise(LOG_LVL_INFO));
	for (i = 0; i < 7; i++)
		assert_false(noise(LOG_LVL_INFO));
	/* What is not logged anyway has not been left out. */
	assert_false(noise(LOG_LVL_DEBUG));
	/* Neither other levels nor other records are concerned. */
	assert_true(noise(LOG_LVL_ERROR));
	say("other");
	assert_int_equal(imsgbuf_queuelen(&child), LOG_NOISE_MAX + 2);
	for (i = 0; i < LOG_NOISE_MAX; i++)
		assert_non_null(strstr(hand_over(&rate), "msg=noise\n"));
	assert_non_null(strstr(hand_over(&rate), "level=error process=keyd "
	    "msg=noise\n"));
	assert_non_null(strstr(hand_over(&rate), "msg=other\n"));
	/* The sum comes with the next one. */
	fake_monotonic.tv_sec++;
	assert_true(noise(LOG_LVL_INFO));
	assert_non_null(strstr(hand_over(&rate), "level=warn process=keyd "
	    "msg=\"records of connections left out\" count=7\n"));
	assert_non_null(strstr(hand_over(&rate), "msg=noise\n"));
	fake_monotonic.tv_sec++;
	assert_true(noise(LOG_LVL_INFO));
	assert_int_equal(imsgbuf_queuelen(&child), 1);
}

/* ---- Signatures ------------------------------------------------------- */

static void
signed_have_their_own_budget(void **state)
{
	struct log_rate	 rate = { 0, 0, 0, 0, 0 };
	int		 i;

	(void)state;
	log_set_rate(3);
	for (i = 0; i < 5; i++)
		say("m");
	for (i = 0; i < 5; i++)
		say("signed");
	/* Neither of these is one. */
	say("signed too late");
	say("signe");
	for (i = 0; i < 5; i++)
		assert_int_equal(*hand_over(&rate) != '\0', i < 3);
	for (i = 0; i < 5; i++)
		assert_int_equal(*hand_over(&rate) != '\0', i < 3);
	for (i = 0; i < 2; i++)
		assert_string_equal(hand_over(&rate), "");
	assert_true(rate.suppressed == 6);
	fake_monotonic.tv_sec++;
	say("signed");
	say("m");
	assert_non_null(strstr(hand_over(&rate), "count=6\n"));
	assert_non_null(strstr(hand_over(&rate), "msg=m\n"));
}

static void
signed_have_more_room(void **state)
{
	int	 i;

	(void)state;
	for (i = 0; i < LOG_QUEUE_MAX + 5; i++)
		say("m");
	assert_int_equal(imsgbuf_queuelen(&child), LOG_QUEUE_MAX);
	for (i = 0; i < LOG_QUEUE_MAX + 5; i++)
		say("signed");
	assert_int_equal(imsgbuf_queuelen(&child), 2 * LOG_QUEUE_MAX);
}

/* ---- Records that lie ------------------------------------------------- */

static void
compose(const char *key)
{
	struct log_record	 r;

	assert_true(log_start(&r, LOG_LVL_INFO, "forged"));
	log_str(&r, "before", "1");
	log_str(&r, key, "2");
	log_str(&r, "after", "3");
	log_end(&r);
}

static void
reserved_keys(void **state)
{
	static const char	*const keys[] = {
		"time", "level", "process", "msg", "cut",
		"#time", "#level", "#process", "#msg", "#cut"
	};
	static const char	*const free_keys[] = {
		"tim", "times", "levels", "message", "cuts", "##msg", "Time"
	};
	struct log_rate		 rate = { 0, 0, 0, 0, 0 };
	size_t			 i;
	const char		*text;

	(void)state;
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		compose(keys[i]);
		text = hand_over(&rate);
		assert_non_null(strstr(text, " level=warn process=keyd "
		    "msg=\"a malformed log record\"\n"));
		assert_null(strstr(text, "forged"));
	}
	for (i = 0; i < sizeof(free_keys) / sizeof(free_keys[0]); i++) {
		compose(free_keys[i]);
		assert_non_null(strstr(hand_over(&rate), "msg=forged"));
	}
}

static void
malformed_are_counted(void **state)
{
	struct log_rate	 rate = { 0, 0, 0, 0, 0 };
	int		 i;

	(void)state;
	log_set_rate(3);
	for (i = 0; i < 20; i++)
		compose("msg");
	for (i = 0; i < 20; i++)
		assert_int_equal(*hand_over(&rate) != '\0', i < 3);
	assert_true(rate.suppressed == 17);
}

#define channel_test(f)							\
	cmocka_unit_test_setup_teardown(f, channel_open, channel_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		channel_test(noise_is_limited),
		channel_test(signed_have_their_own_budget),
		channel_test(signed_have_more_room),
		channel_test(reserved_keys),
		channel_test(malformed_are_counted)
	};

	log_init("test");
	return (cmocka_run_group_tests_name("lograte", tests, NULL, NULL));
}
