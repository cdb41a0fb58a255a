/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/log.o common/log_render.o compat/imsg.o
 * compat/imsg-buffer.o common/hex.o common/u256.o */

#include "regress/unit/log_util.h"

/*
 * What anybody can cause must not keep signatures out of the log, and what a
 * child says must not pass for the parent's word.
 */

static int
open_as_child(void **state)
{
	if (channel_open(state) == -1)
		return (-1);
	log_to_parent(&child, NULL);
	return (0);
}

/* Hands the child's next record over; the text that is written for it. */
static const char *
written(struct log_rate *rate)
{
	hand_over(rate);
	return (caught);
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
		assert_non_null(strstr(written(&rate), "msg=noise\n"));
	assert_non_null(strstr(written(&rate), "level=error process=keyd "
	    "msg=noise\n"));
	assert_non_null(strstr(written(&rate), "msg=other\n"));
	/* The sum comes with the next one. */
	fake_monotonic.tv_sec++;
	assert_true(noise(LOG_LVL_INFO));
	assert_non_null(strstr(written(&rate), "level=warn process=keyd "
	    "msg=\"records of connections left out\" count=7\n"));
	assert_non_null(strstr(written(&rate), "msg=noise\n"));
	fake_monotonic.tv_sec++;
	assert_true(noise(LOG_LVL_INFO));
	assert_int_equal(imsgbuf_queuelen(&child), 1);
}

static int	 wakes;

static void
on_noise(void)
{
	wakes++;
}

/* Whoever is woken has it told, whether or not more comes. */
static void
noise_is_told_by_itself(void **state)
{
	struct log_rate	 rate = { 0, 0, 0, 0, 0 };
	int		 i, n;

	(void)state;
	log_on_noise(on_noise);
	fake_monotonic.tv_sec++;
	for (i = 0; i < LOG_NOISE_MAX; i++) {
		assert_true(noise(LOG_LVL_INFO));
		(void)hand_over(&rate);
	}
	log_noise_sum();
	assert_int_equal(imsgbuf_queuelen(&child), 0);
	for (n = 1; n < 3; n++) {
		assert_int_equal(wakes, n - 1);
		for (i = 0; i < 4 * n; i++)
			assert_false(noise(LOG_LVL_INFO));
		assert_int_equal(wakes, n);
		log_noise_sum();
		assert_non_null(strstr(written(&rate), n == 1 ?
		    "connections left out\" count=4\n" :
		    "connections left out\" count=8\n"));
		log_noise_sum();
		assert_int_equal(imsgbuf_queuelen(&child), 0);
	}
	fake_monotonic.tv_sec++;
	assert_true(noise(LOG_LVL_INFO));
	assert_int_equal(imsgbuf_queuelen(&child), 1);
	log_on_noise(NULL);
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
		assert_int_equal(*written(&rate) != '\0', i < 3);
	for (i = 0; i < 5; i++)
		assert_int_equal(*written(&rate) != '\0', i < 3);
	for (i = 0; i < 2; i++)
		assert_string_equal(written(&rate), "");
	assert_true(rate.suppressed == 6);
	fake_monotonic.tv_sec++;
	say("signed");
	say("m");
	assert_non_null(strstr(written(&rate), "count=6\n"));
	assert_non_null(strstr(written(&rate), "msg=m\n"));
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
		text = written(&rate);
		assert_non_null(strstr(text, " level=warn process=keyd "
		    "msg=\"a malformed log record\"\n"));
		assert_null(strstr(text, "forged"));
	}
	for (i = 0; i < sizeof(free_keys) / sizeof(free_keys[0]); i++) {
		compose(free_keys[i]);
		assert_non_null(strstr(written(&rate), "msg=forged"));
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
		assert_int_equal(*written(&rate) != '\0', i < 3);
	assert_true(rate.suppressed == 17);
}

#define channel_test(f)							\
	cmocka_unit_test_setup_teardown(f, open_as_child, channel_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		channel_test(noise_is_limited),
		channel_test(noise_is_told_by_itself),
		channel_test(signed_have_their_own_budget),
		channel_test(signed_have_more_room),
		channel_test(reserved_keys),
		channel_test(malformed_are_counted)
	};

	log_init("test");
	return (cmocka_run_group_tests_name("lograte", tests, NULL, NULL));
}
