/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: keyd/rule.o compat/imsg.o compat/imsg-buffer.o */

#include "regress/unit/fieldfails.h"
#include "keyd/keymsg.c"
#include "keyd/keymsg_request.c"
#include "keyd/keymsg_rule.c"

#include "regress/unit/keymsg_util.h"

static int
send_config(struct imsgbuf *ibuf, const void *arg)
{
	return (keymsg_send_config(ibuf, arg));
}

static int
send_key(struct imsgbuf *ibuf, const void *arg)
{
	return (keymsg_send_key(ibuf, 3, *(const int *)arg));
}

static int
send_channel(struct imsgbuf *ibuf, const void *arg)
{
	return (keymsg_send_channel(ibuf, KEYD_LINK, *(const int *)arg));
}

static int
send_address(struct imsgbuf *ibuf, const void *arg)
{
	return (keymsg_send_address(ibuf, arg));
}

static int
send_badkey(struct imsgbuf *ibuf, const void *arg)
{
	return (keymsg_send_badkey(ibuf, arg));
}

static int
send_rule(struct imsgbuf *ibuf, const void *arg)
{
	return (keymsg_send_rule(ibuf, 0, arg));
}

static int
send_end(struct imsgbuf *ibuf, const void *arg)
{
	(void)arg;
	return (keymsg_send_end(ibuf));
}

static int
send_ready(struct imsgbuf *ibuf, const void *arg)
{
	(void)arg;
	return (keymsg_send_ready(ibuf));
}

static int
send_badconfig(struct imsgbuf *ibuf, const void *arg)
{
	return (keymsg_send_badconfig(ibuf, arg));
}

static int
send_request(struct imsgbuf *ibuf, const void *arg)
{
	return (keymsg_send_request(ibuf, arg));
}

static int
send_reply(struct imsgbuf *ibuf, const void *arg)
{
	return (keymsg_send_reply(ibuf, arg));
}

static int
send_badrequest(struct imsgbuf *ibuf, const void *arg)
{
	return (keymsg_send_badrequest(ibuf, *(const uint64_t *)arg));
}

/* A message and its fields: so many calls, none of which may be missed. */
static void
test_set_up(void **state)
{
	struct keyd_config	 config = { 1, 2, 65536 };
	struct keyd_address	 address = { 1, { 2 } };
	struct keyd_badkey	 bad = { 1, 2, 3 };

	(void)state;
	assert_int_equal(each_failure(send_config, &a, &config, -1, 0), 4);
	assert_int_equal(each_failure(send_address, &a, &address, -1, 0), 3);
	assert_int_equal(each_failure(send_badkey, &a, &bad, -1, 0), 4);
	assert_int_equal(each_failure(send_end, &a, NULL, -1, 0), 1);
	assert_int_equal(each_failure(send_ready, &a, NULL, -1, 0), 1);
	assert_int_equal(each_failure(send_badconfig, &a, "why", -1, 0), 3);
}

static void
test_descriptors(void **state)
{
	int	 fd;

	(void)state;
	assert_int_not_equal(fd = open("/dev/null", O_RDONLY), -1);
	assert_int_equal(each_failure(send_key, &a, &fd, fd, 0), 2);
	assert_int_not_equal(fd = open("/dev/null", O_RDONLY), -1);
	assert_int_equal(each_failure(send_channel, &a, &fd, fd, 0), 2);
}

static void
test_rule(void **state)
{
	static struct u256	 chains[KEYD_MAXPIECE + 1];
	static uint8_t		 domains[2][HASH_SIZE], to[3][ADDRESS_SIZE];
	struct rule		 rule;

	(void)state;
	fill_rule(&rule, RULE_MAXVALUE | RULE_MAXFEE | RULE_TO);
	rule.chains = chains;
	rule.nchains = KEYD_MAXPIECE + 1;
	rule.domains = domains;
	rule.ndomains = 2;
	rule.to = to;
	rule.nto = 3;
	/* The rule, and four pieces of its lists. */
	assert_int_equal(each_failure(send_rule, &a, &rule, -1, 1),
	    10 + 4 * 5);
}

static void
test_answers(void **state)
{
	struct keyd_reply	 reply;
	uint64_t		 id = 1;

	(void)state;
	memset(&reply, 0, sizeof(reply));
	reply.refusal = REFUSAL_FORBIDDEN;
	assert_int_equal(each_failure(send_reply, &a, &reply, -1, 0), 5);
	reply.refusal = REFUSAL_NONE;
	reply.result = (const uint8_t *)"signed";
	reply.resultlen = 6;
	assert_int_equal(each_failure(send_reply, &a, &reply, -1, 0), 8);
	assert_int_equal(each_failure(send_badrequest, &a, &id, -1, 0), 2);
}

/* Requests of all fields, and of any: there is nothing that cannot fail. */
static void
test_requests(void **state)
{
	struct sample	 s;
	int		 i, calls;

	(void)state;
	for (i = 0; i < 200; i++) {
		rnd_request(&s, METHOD_TRANSACTION, i % 2 ? TX_HASBITS :
		    rnd(TX_HASBITS + 1));
		calls = each_failure(send_request, &a, &s.request, -1, 0);
		assert_true(calls >= 8);
		rnd_request(&s, METHOD_PAYLOAD, (uint32_t)i % 32);
		calls = each_failure(send_request, &a, &s.request, -1, 0);
		assert_true(calls >= 9);
	}
}

/* What a request takes when it is read is given back if more fails. */
static void
test_reading(void **state)
{
	struct request	 got;
	struct sample	 s;
	struct imsg	 imsg;
	uint64_t	 id;
	int		 r;

	(void)state;
	do {
		rnd_request(&s, METHOD_TRANSACTION, TX_HASBITS);
	} while (s.request.tx.naccess == 0 || s.request.tx.nauths == 0);
	for (fail_at = 1; fail_at <= 3; fail_at++) {
		call = -100000;
		assert_int_equal(keymsg_send_request(&a, &s.request), 0);
		receive(&imsg);
		call = 0;
		r = keymsg_get_request(&imsg, &got, &id);
		assert_int_equal(r, fail_at <= 2 ? -1 : 0);
		assert_int_equal(id, s.request.id);
		if (r == 0)
			request_clear(&got);
		imsg_free(&imsg);
	}
	assert_int_equal(call, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_set_up, setup, teardown),
		cmocka_unit_test_setup_teardown(test_descriptors, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_rule, setup, teardown),
		cmocka_unit_test_setup_teardown(test_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_requests, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_reading, setup, teardown),
	};

	return (cmocka_run_group_tests_name("keymsgfails", tests, NULL, NULL));
}
