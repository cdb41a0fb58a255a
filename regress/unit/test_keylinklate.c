/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: signerd/keylink.o common/imsgev.o common/log.o
 * common/log_render.o common/hex.o common/u256.o keyd/keymsg.o keyd/keymsg_request.o
 * keyd/keymsg_rule.o compat/imsg.o compat/imsg-buffer.o */
/* libs: libevent */

#include "regress/unit/keylink_util.h"

static void
unknown_answers(void **state)
{
	/* Beside that of the first: other slots, none, other times. */
	static const uint64_t	 others[] = {
		KEYLINK_WINDOW - 1, 2, KEYLINK_WINDOW, 0x7fffffff, 0xffffffff,
		1ULL << 32, 1ULL << 63, UINT64_MAX
	};
	struct fate		 a;
	uint64_t		 late = 0;
	size_t			 i;

	(void)state;
	submit(&a, 'a', 2);
	listen_keyd();
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		answer(asked[0].id ^ others[i]);
		assert_int_equal(k.late, ++late);
		/* A signature that was made has its line in the log. */
		assert_int_equal(imsgbuf_queuelen(&log_buf), late);
		assert_int_equal(a.replies, 0);
	}
	send_answer(asked[0].id ^ 2, REFUSAL_FEE, 0);
	listen_keyd();
	assert_int_equal(k.late, late + 1);
	assert_int_equal(imsgbuf_queuelen(&log_buf), late);
	/* The channel is as good as before. */
	answer(asked[0].id);
	assert_int_equal(a.replies, 1);
	/* Once only. */
	answer(asked[0].id);
	answer(asked[0].id);
	assert_int_equal(a.replies, 1);
	assert_int_equal(k.late, late + 3);
	assert_int_equal(a.rpc->in_keyd, 1);
	discard(&a);
}

/* The slot of an answered request has a new one in it. */
static void
repeated_in_new_slot(void **state)
{
	struct fate	 filler, a;

	(void)state;
	limits.max_waiting = 1000;
	submit(&filler, 'f', KEYLINK_WINDOW);
	listen_keyd();
	submit(&a, 'a', 1);
	answer(asked[5].id);
	asked_for(KEYLINK_WINDOW, "a0");
	assert_int_equal((uint32_t)asked[KEYLINK_WINDOW].id,
	    (uint32_t)asked[5].id);
	answer(asked[5].id);
	assert_int_equal(a.replies, 0);
	assert_int_equal(k.late, 1);
	answer(asked[KEYLINK_WINDOW].id);
	assert_int_equal(a.replies, 1);
	discard(&filler);
}

static void
bad_requests(void **state)
{
	struct fate	 a;

	(void)state;
	submit(&a, 'a', 2);
	listen_keyd();
	assert_int_equal(keymsg_send_badrequest(&keyd, asked[0].id), 0);
	assert_int_equal(keymsg_send_badrequest(&keyd, asked[0].id), 0);
	assert_int_equal(keymsg_send_badrequest(&keyd, 0), 0);
	assert_int_equal(imsgbuf_flush(&keyd), 0);
	listen_keyd();
	assert_int_equal(a.unsendable, 1);
	assert_int_equal(a.error, EPROTO);
	assert_int_equal(k.late, 2);
	answer(asked[1].id);
	assert_null(a.rpc);
}

/* What does not decode is told, and nothing else happens. */
static void
malformed_answers(void **state)
{
	static const uint32_t	 types[] = {
		KEYD_SIGNED, KEYD_REFUSED, KEYD_BADREQUEST, KEYD_SIGN,
		KEYD_READY, LOG_MSG, 0, UINT32_MAX
	};
	struct fate		 a;
	size_t			 i;

	(void)state;
	submit(&a, 'a', 1);
	listen_keyd();
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		assert_int_equal(imsg_compose(&keyd, types[i], 0, 0, -1,
		    "\0\0\0\0", 5), 1);
		assert_int_equal(imsgbuf_flush(&keyd), 0);
		listen_keyd();
		assert_int_equal(imsgbuf_queuelen(&log_buf), i + 1);
	}
	assert_int_equal(k.late, 0);
	assert_string_equal(lost_why, "");
	answer(asked[0].id);
	assert_int_equal(a.replies, 1);
}

/* The client goes while its calls are in keyd. */
static void
cancel_in_keyd(void **state)
{
	struct fate	 a, b, never;
	int		 i;

	(void)state;
	limits.max_waiting = 2;
	make(&never, 'n', 1);
	keylink_cancel(&k, never.rpc);
	submit(&a, 'a', 4);
	submit(&b, 'b', 1);
	asked_for(0, "a0 a1 b0");
	assert_int_equal(k.nwaiting, 2);
	rpc_end(a.rpc);
	assert_int_equal(k.nwaiting, 1);
	/* Its slots are used until keyd has answered. */
	assert_true(k.workers[0].slots[(uint32_t)asked[0].id].used);
	for (i = 0; i < 3; i++)
		answer(asked[i].id);
	assert_int_equal(a.replies, 0);
	assert_int_equal(b.replies, 1);
	assert_int_equal(k.late, 2);
	assert_int_equal(k.workers[0].bytes, 0);
	asked_for(0, "a0 a1 b0");
	assert_int_equal(imsgbuf_queuelen(&log_buf), 2);
	discard(&never);
}

/* The client goes while its calls wait for their turn. */
static void
cancel_in_turn(void **state)
{
	struct fate	 filler, a, b;

	(void)state;
	limits.max_waiting = 1000;
	submit(&filler, 'f', KEYLINK_WINDOW);
	listen_keyd();
	submit(&a, 'a', 2);
	submit(&b, 'b', 1);
	discard(&a);
	answer(asked[0].id);
	answer(asked[1].id);
	asked_for(KEYLINK_WINDOW, "b0");
	discard(&b);
	discard(&filler);
}

static void
keyd_gone(void **state)
{
	struct fate	 a;

	(void)state;
	submit(&a, 'a', 1);
	listen_keyd();
	close(keyd_fd);
	keyd_fd = -1;
	turn();
	assert_string_equal(lost_why, "closed");
	/* Nothing more is to be asked. */
	assert_true(keylink_busy(&k));
	discard(&a);
}

static void
keyd_lies(void **state)
{
	unsigned char	 head[HDR];

	(void)state;
	raw_header(head, 1, 3);
	assert_int_equal(write(keyd_fd, head, sizeof(head)), sizeof(head));
	turn();
	assert_string_not_equal(lost_why, "");
	assert_string_not_equal(lost_why, "closed");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		link_test(unknown_answers),
		link_test(repeated_in_new_slot),
		link_test(bad_requests),
		link_test(malformed_answers),
		link_test(cancel_in_keyd),
		link_test(cancel_in_turn),
		link_test(keyd_gone),
		link_test(keyd_lies)
	};

	return (cmocka_run_group_tests_name("keylinklate", tests, NULL, NULL));
}
