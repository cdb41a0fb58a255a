/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: compat/imsg.o compat/imsg-buffer.o */

#include "regress/unit/fieldfails.h"
#include "common/msgfield.c"
#include "keyd/auditmsg.c"

#include "regress/unit/msg_util.h"

/* Each step in the making of a message fails: it is not queued, nor lost. */

static int
send_word(struct imsgbuf *ibuf, const void *arg)
{
	(void)arg;
	return (auditmsg_send(ibuf, AUDIT_READY, -1));
}

static int
send_file(struct imsgbuf *ibuf, const void *arg)
{
	return (auditmsg_send(ibuf, AUDIT_FILE, *(const int *)arg));
}

static int
send_config(struct imsgbuf *ibuf, const void *arg)
{
	return (auditmsg_send_config(ibuf, arg));
}

static int
send_worker(struct imsgbuf *ibuf, const void *arg)
{
	return (auditmsg_send_worker(ibuf, arg));
}

static int
send_name(struct imsgbuf *ibuf, const void *arg)
{
	return (auditmsg_send_name(ibuf, AUDIT_KEY, 1, arg));
}

static int
send_failed(struct imsgbuf *ibuf, const void *arg)
{
	return (auditmsg_send_failed(ibuf, arg));
}

static int
send_append(struct imsgbuf *ibuf, const void *arg)
{
	return (auditmsg_send_append(ibuf, arg));
}

static int
send_where(struct imsgbuf *ibuf, const void *arg)
{
	return (auditmsg_send_where(ibuf, arg));
}

static int
send_number(struct imsgbuf *ibuf, const void *arg)
{
	(void)arg;
	return (auditmsg_send_number(ibuf, AUDIT_WRITTEN, 1));
}

static void
of_the_parent(void **state)
{
	static const struct audit_config config = { 1, true, false, 64, 1,
					      1, 2 };
	int				 fd, other;

	(void)state;
	fd = a_pipe(&other);
	assert_int_equal(each_failure(send_word, &p.a, NULL, -1, 0), 1);
	assert_int_equal(each_failure(send_file, &p.a, &fd, fd, 0), 1);
	close(other);
	assert_int_equal(each_failure(send_config, &p.a, &config, -1, 0),
	    1 + 5);
	assert_int_equal(each_failure(send_worker, &p.a, &config, -1, 0),
	    1 + 2);
	/* A string is its length and its bytes. */
	assert_int_equal(each_failure(send_name, &p.a, "key", -1, 0),
	    1 + 1 + 2);
}

static void
of_the_trail(void **state)
{
	static const struct audit_append append = { 1, true, true, "r\n",
					    2 };
	static const struct audit_where	 where;

	(void)state;
	assert_int_equal(each_failure(send_failed, &p.a, "why", -1, 0),
	    1 + 1);
	assert_int_equal(each_failure(send_append, &p.a, &append, -1, 0),
	    1 + 4);
	assert_int_equal(each_failure(send_where, &p.a, &where, -1, 0),
	    1 + 5);
	assert_int_equal(each_failure(send_number, &p.a, NULL, -1, 0),
	    1 + 1);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, channel_open,	\
		    channel_close)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(of_the_parent),
		TEST(of_the_trail)
	};

	return (cmocka_run_group_tests_name("auditmsgfails", tests, NULL,
	    NULL));
}
