/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: compat/imsg.o compat/imsg-buffer.o */

#include "regress/unit/fieldfails.h"
#include "common/msgfield.c"
#include "common/ctlmsg.c"
#include "keyd/keymsg.c"
#include "keyd/keymsg_check.c"
#include "keyd/keymsg_request.c"
#include "proxyd/relaymsg_check.c"

#include "regress/unit/msg_util.h"

/* Each step in the making of a message fails: it is not queued, nor lost. */

static int
send_show(struct imsgbuf *ibuf, const void *arg)
{
	(void)arg;
	return (ctlmsg_send_show(ibuf, CTL_STATS));
}

static int
send_reload(struct imsgbuf *ibuf, const void *arg)
{
	(void)arg;
	return (ctlmsg_send_reload(ibuf, false));
}

static int
send_log(struct imsgbuf *ibuf, const void *arg)
{
	(void)arg;
	return (ctlmsg_send_log(ibuf, true));
}

static int
send_check(struct imsgbuf *ibuf, const void *arg)
{
	return (ctlmsg_send_check(ibuf, arg));
}

static int
send_link(struct imsgbuf *ibuf, const void *arg)
{
	return (ctlmsg_send_link(ibuf, arg));
}

static int
send_row(struct imsgbuf *ibuf, const void *arg)
{
	return (ctlmsg_send_row(ibuf, arg));
}

static int
send_samples(struct imsgbuf *ibuf, const void *arg)
{
	return (ctlmsg_send_samples(ibuf, arg, 4));
}

static int
send_fault(struct imsgbuf *ibuf, const void *arg)
{
	return (ctlmsg_send_fault(ibuf, arg));
}

static int
send_note(struct imsgbuf *ibuf, const void *arg)
{
	return (ctlmsg_send_note(ibuf, arg));
}

static int
send_end(struct imsgbuf *ibuf, const void *arg)
{
	return (ctlmsg_send_end(ibuf, CTL_BAD, arg));
}

static int
send_keyd(struct imsgbuf *ibuf, const void *arg)
{
	return (keymsg_send_check(ibuf, arg));
}

static int
send_checked(struct imsgbuf *ibuf, const void *arg)
{
	return (keymsg_send_checked(ibuf, arg));
}

static int
send_relay(struct imsgbuf *ibuf, const void *arg)
{
	return (relaymsg_send_check(ibuf, arg));
}

static int
send_relay_checked(struct imsgbuf *ibuf, const void *arg)
{
	return (relaymsg_send_checked(ibuf, arg));
}

static int
send_down(struct imsgbuf *ibuf, const void *arg)
{
	(void)arg;
	return (relaymsg_send_down(ibuf, 1, true));
}

/* Of a payload: id, deadline, method, via, client, bits, domain. */
#define REQUEST	(3 + 1 + 2 + 2)

static void
requests(void **state)
{
	static struct ctl_check	 check;
	static struct ctl_link	 link;

	(void)state;
	assert_int_equal(each_failure(send_show, &p.a, NULL, -1, 0), 1);
	assert_int_equal(each_failure(send_reload, &p.a, NULL, -1, 0), 1);
	assert_int_equal(each_failure(send_log, &p.a, NULL, -1, 0), 1);
	fill_text(link.name, CTL_NAME_MAX);
	assert_int_equal(each_failure(send_link, &p.a, &link, -1, 0), 4);
	check.request.method = METHOD_PAYLOAD;
	fill_text(check.request.client, 9);
	assert_int_equal(each_failure(send_check, &p.a, &check, -1, 0),
	    1 + 4 + REQUEST);
	assert_int_equal(each_failure(send_keyd, &p.a, &check.request, -1, 0),
	    1 + REQUEST);
	assert_int_equal(each_failure(send_relay, &p.a, &check.request, -1,
	    0), 1 + REQUEST);
}

static void
answers(void **state)
{
	static struct keyd_checked	 keyd;
	static struct relay_checked	 relay;
	static struct ctl_row		 row = {
		"s", 1, { { "n", CTL_STRING, "value", 5 } }
	};

	(void)state;
	assert_int_equal(each_failure(send_row, &p.a, &row, -1, 0),
	    1 + 2 + 1 + 2 + 1 + 2);
	assert_int_equal(each_failure(send_samples, &p.a, "abcd", -1, 0), 1);
	assert_int_equal(each_failure(send_fault, &p.a, "x", -1, 0), 3);
	assert_int_equal(each_failure(send_note, &p.a, "x", -1, 0), 3);
	assert_int_equal(each_failure(send_end, &p.a, "x", -1, 0), 4);
	keyd.nverdicts = 2;
	assert_int_equal(each_failure(send_checked, &p.a, &keyd, -1, 0),
	    5 + 2 * 2);
	relay.nsigners = 2;
	assert_int_equal(each_failure(send_relay_checked, &p.a, &relay, -1,
	    0), 6 + 2 * 2);
	assert_int_equal(each_failure(send_down, &p.a, NULL, -1, 0), 3);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, channel_open,	\
		    channel_close)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(requests),
		TEST(answers)
	};

	return (cmocka_run_group_tests_name("ctlmsgfails", tests, NULL,
	    NULL));
}
