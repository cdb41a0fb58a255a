/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: signerd/keylink.o common/imsgev.o common/log.o
 * common/log_render.o common/hex.o common/u256.o keyd/keymsg.o keyd/keymsg_request.o
 * keyd/keymsg_rule.o compat/imsg.o compat/imsg-buffer.o */
/* libs: libevent */

#include "regress/unit/keylink_util.h"

/* ---- Whose turn it is ------------------------------------------------ */

static void
asks_and_answers(void **state)
{
	struct fate	 a;

	(void)state;
	submit(&a, 'a', 2);
	asked_for(0, "a0 a1");
	assert_true(asked[0].id != asked[1].id);
	assert_int_equal(signing_call(a.rpc, 0)->sent, now_us);
	/* Answers come in any order. */
	send_answer(asked[1].id, REFUSAL_FEE, 0);
	listen_keyd();
	assert_int_equal(a.replies, 1);
	assert_int_equal(a.refusal, REFUSAL_FEE);
	send_answer(asked[0].id, REFUSAL_NONE, 77);
	listen_keyd();
	assert_int_equal(a.replies, 2);
	assert_int_equal(a.refusal, REFUSAL_NONE);
	assert_int_equal(a.result, 77);
	assert_null(a.rpc);
	assert_int_equal(k.workers[0].bytes, 0);
	assert_int_equal(k.late, 0);
	assert_int_equal(nasked, 2);
	/* No timer without anybody who waits. */
	assert_int_equal(event_base_get_num_events(base,
	    EVENT_BASE_COUNT_ADDED), 1);
}

/* With the window full, all that wait get one call a turn. */
static void
round_robin(void **state)
{
	struct fate	 filler, a, b, c;
	size_t		 i;

	(void)state;
	limits.max_waiting = 1000;
	submit(&filler, 'f', KEYLINK_WINDOW);
	assert_int_equal(listen_keyd(), KEYLINK_WINDOW);
	submit(&a, 'a', 4);
	submit(&b, 'b', 2);
	submit(&c, 'c', 1);
	asked_for(KEYLINK_WINDOW, "");
	for (i = 0; i < 7; i++)
		answer(asked[i].id);
	asked_for(KEYLINK_WINDOW, "a0 b0 c0 a1 b1 a2 a3");
	discard(&a);
	discard(&b);
	discard(&c);
	discard(&filler);
}

/* However many messages a client has, it has one turn. */
static void
turns_of_clients(void **state)
{
	struct fate	 filler, many[5], one;
	size_t		 i;

	(void)state;
	limits.max_waiting = 1000;
	submit(&filler, 'f', KEYLINK_WINDOW);
	assert_int_equal(listen_keyd(), KEYLINK_WINDOW);
	for (i = 0; i < 5; i++)
		submit(&many[i], 'm', 1);
	submit(&one, 'o', 1);
	for (i = 0; i < 6; i++)
		answer(asked[i].id);
	asked_for(KEYLINK_WINDOW, "m0 o0 m0 m0 m0 m0");
	for (i = 0; i < 5; i++)
		discard(&many[i]);
	discard(&one);
	discard(&filler);
}

static void
max_waiting(void **state)
{
	struct fate	 a, b;

	(void)state;
	limits.max_waiting = 2;
	submit(&a, 'a', 5);
	asked_for(0, "a0 a1");
	/* That one has its share does not keep another waiting. */
	submit(&b, 'b', 3);
	asked_for(0, "a0 a1 b0 b1");
	answer(asked[1].id);
	asked_for(4, "a2");
	assert_int_equal(a.rpc->in_keyd, 2);
	answer(asked[0].id);
	answer(asked[3].id);
	asked_for(4, "a2 a3 b2");
	answer(asked[4].id);
	answer(asked[5].id);
	asked_for(4, "a2 a3 b2 a4");
	discard(&a);
	discard(&b);
}

static void
window(void **state)
{
	struct fate	 a;
	size_t		 i;

	(void)state;
	limits.max_waiting = 1000;
	submit(&a, 'a', KEYLINK_WINDOW + 50);
	assert_int_equal(listen_keyd(), KEYLINK_WINDOW);
	/* One out, one in; an id is not used again. */
	for (i = 0; i < KEYLINK_WINDOW + 50; i++) {
		answer(asked[i].id);
		assert_int_equal(nasked, i < 50 ? KEYLINK_WINDOW + i + 1 :
		    KEYLINK_WINDOW + 50);
	}
	assert_null(a.rpc);
	for (i = KEYLINK_WINDOW; i < nasked; i++)
		assert_true(asked[i].id != asked[i - KEYLINK_WINDOW].id);
}

/* Many large requests at once fill keyd by their bytes. */
static void
byte_window(void **state)
{
	struct fate	 a;
	size_t		 i;

	(void)state;
	limits.max_waiting = 1000;
	limits.max_transaction = 4096;
	make(&a, 'a', 12);
	for (i = 0; i < 12; i++)
		set_size(&a, i, 4096);
	keylink_submit(&k, a.rpc);
	/* One is not over the limit, so one more goes. */
	asked_for(0, "a0 a1");
	assert_int_equal(k.workers[0].bytes, 2 * 4096);
	answer(asked[0].id);
	asked_for(2, "a2");
	answer(asked[2].id);
	answer(asked[1].id);
	asked_for(2, "a2 a3 a4");
	discard(&a);
}

/* keyd would close the channel: such a request is not sent. */
static void
oversized(void **state)
{
	struct fate	 a, b, c;

	(void)state;
	limits.max_transaction = 4096;
	make(&a, 'a', 4);
	set_size(&a, 0, 4096);
	set_size(&a, 1, 4097);
	set_size(&a, 2, 8000);
	keylink_submit(&k, a.rpc);
	asked_for(0, "a0 a3");
	assert_int_equal(a.unsendable, 2);
	assert_int_equal(a.error, EMSGSIZE);
	assert_int_equal(a.rpc->in_keyd, 2);
	answer(asked[0].id);
	answer(asked[1].id);
	assert_int_equal(a.replies, 2);
	assert_null(a.rpc);
	/* The end of its rpc, which makes room for another. */
	make(&b, 'b', 1);
	make(&c, 'c', 1);
	b.successor = &c;
	b.at_end = submit_successor;
	set_size(&b, 0, 4097);
	keylink_submit(&k, b.rpc);
	assert_null(b.rpc);
	assert_int_equal(b.unsendable, 1);
	asked_for(2, "c0");
	assert_int_equal(k.workers[0].bytes, keymsg_request_size(&asked[2]) +
	    IMSG_HEADER_SIZE);
	discard(&c);
}

static void
oversized_again(struct fate *f)
{
	unsigned int	 more = f->more;

	if (more == 0)
		return;
	make(f, 'a', 1);
	f->more = more - 1;
	f->at_end = oversized_again;
	set_size(f, 0, 4097);
	keylink_submit(&k, f->rpc);
}

/* As many as a client likes to send: no deeper with each of them. */
static void
oversized_many(void **state)
{
	struct fate	 f;

	(void)state;
	limits.max_transaction = 4096;
	make(&f, 'a', 1);
	f.more = 100000;
	f.at_end = oversized_again;
	keylink_submit(&k, f.rpc);
	asked_for(0, "a0");
	answer(asked[0].id);
	assert_null(f.rpc);
	assert_int_equal(f.more, 0);
	asked_for(0, "a0");
}

/* An answer that leads to the next request on the spot. */
static void
successors(void **state)
{
	struct fate	 a, b, c;

	(void)state;
	make(&c, 'c', 2);
	make(&b, 'b', 1);
	b.successor = &c;
	b.at_end = submit_successor;
	make(&a, 'a', 1);
	a.successor = &b;
	a.at_end = submit_successor;
	keylink_submit(&k, a.rpc);
	asked_for(0, "a0");
	answer(asked[0].id);
	asked_for(0, "a0 b0");
	answer(asked[1].id);
	asked_for(0, "a0 b0 c0 c1");
	assert_null(a.rpc);
	assert_null(b.rpc);
	discard(&c);
}

/* ---- Time ------------------------------------------------------------ */

static void
advance(uint64_t ms)
{
	now_us += ms * 1000;
	turn();
}

/* keyd is told the nearer of its own time and the rpc's. */
static void
deadlines_sent(void **state)
{
	struct fate	 a, b;

	(void)state;
	submit(&a, 'a', 1);
	make(&b, 'b', 1);
	b.rpc->deadline = now_us + 99999;
	keylink_submit(&k, b.rpc);
	asked_for(0, "a0 b0");
	assert_int_equal(asked[0].deadline, now_us + 100000);
	assert_int_equal(asked[1].deadline, now_us + 99999);
	discard(&a);
	discard(&b);
}

/* keyd does not answer: over after `timeout keyd`, and not before it. */
static void
keyd_silent(void **state)
{
	struct fate	 a, b;
	uint64_t	 begin = now_us;
	int		 i;

	(void)state;
	submit(&a, 'a', 3);
	listen_keyd();
	assert_false(keylink_busy(&k));
	for (i = 0; i < 20 && a.expired == 0; i++)
		advance(10);
	assert_int_equal(a.expired, 1);
	assert_null(a.rpc);
	assert_in_range(now_us - begin, 100001, 160000);
	/* It is busy until it says something, and then works again. */
	assert_true(keylink_busy(&k));
	answer(asked[0].id);
	answer(asked[1].id);
	assert_true(keylink_busy(&k));
	answer(asked[2].id);
	assert_false(keylink_busy(&k));
	assert_int_equal(k.late, 3);
	assert_int_equal(a.replies, 0);
	submit(&b, 'b', 1);
	asked_for(3, "b0");
	answer(asked[3].id);
	assert_int_equal(b.replies, 1);
}

/* The rpc's own time, while it waits for its turn. */
static void
rpc_deadline(void **state)
{
	struct fate	 filler, a, b;
	uint64_t	 begin = now_us;
	int		 i;

	(void)state;
	limits.max_waiting = 1000;
	limits.timeout_keyd = 1000;
	submit(&filler, 'f', KEYLINK_WINDOW);
	make(&a, 'a', 2);
	a.rpc->deadline = now_us + 50000;
	keylink_submit(&k, a.rpc);
	submit(&b, 'b', 1);
	listen_keyd();
	/* The timer is that of the oldest, which has much time. */
	for (i = 0; i < 100 && a.expired == 0; i++) {
		advance(10);
		answer(asked[i].id);
		if (i == 3)
			discard(&filler);
	}
	assert_int_equal(a.expired, 1);
	assert_int_equal(a.replies, 0);
	assert_in_range(now_us - begin, 50000, 560000);
	assert_int_equal(b.expired, 0);
	discard(&b);
}

/* To the millisecond, where it is the oldest; not again when it is gone. */
static void
rpc_deadline_exact(void **state)
{
	struct fate	 a;

	(void)state;
	make(&a, 'a', 1);
	a.rpc->deadline = now_us + 30000;
	keylink_submit(&k, a.rpc);
	listen_keyd();
	advance(29);
	assert_int_equal(a.expired, 0);
	advance(1);
	assert_int_equal(a.expired, 1);
	advance(1000);
	assert_int_equal(a.expired, 1);
	assert_int_equal(event_base_get_num_events(base,
	    EVENT_BASE_COUNT_ADDED), 1);
}

/* A proxy may have less patience than who came before. */
static void
earlier_deadline(void **state)
{
	struct fate	 a, b, c;

	(void)state;
	limits.timeout_keyd = 1000;
	submit(&a, 'a', 1);
	advance(10);
	make(&b, 'b', 1);
	b.rpc->deadline = now_us + 60000;
	keylink_submit(&k, b.rpc);
	make(&c, 'c', 1);
	c.rpc->deadline = now_us + 30000;
	keylink_submit(&k, c.rpc);
	asked_for(0, "a0 b0 c0");
	advance(29);
	assert_int_equal(c.expired, 0);
	advance(1);
	assert_int_equal(c.expired, 1);
	advance(29);
	assert_int_equal(b.expired, 0);
	advance(1);
	assert_int_equal(b.expired, 1);
	assert_int_equal(a.expired, 0);
	answer(asked[0].id);
	assert_int_equal(a.replies, 1);
}

/* Several that end in one turn of the timer, one of many calls. */
static void
many_expire(void **state)
{
	struct fate	 f[20], next;
	int		 i;

	(void)state;
	for (i = 0; i < 20; i++) {
		submit(&f[i], 'a', 1 + (size_t)i);
		f[i].rpc->deadline = now_us + 40000;
	}
	/* The end of one brings another. */
	make(&next, 'n', 1);
	f[3].successor = &next;
	f[3].at_end = submit_successor;
	listen_keyd();
	advance(200);
	asked_for(KEYLINK_WINDOW, "");
	assert_int_equal(k.nwaiting, 1);
	discard(&next);
	for (i = 0; i < 20; i++) {
		assert_int_equal(f[i].expired, 1);
		assert_null(f[i].rpc);
	}
	assert_int_equal(k.nwaiting, 0);
	assert_int_equal(nasked, KEYLINK_WINDOW);
}

static void
queue_limit(void **state)
{
	struct fate	 f[3];

	(void)state;
	limits.max_queue = 3;
	submit(&f[0], 'a', 9);
	submit(&f[1], 'b', 1);
	assert_false(keylink_busy(&k));
	submit(&f[2], 'c', 1);
	assert_true(keylink_busy(&k));
	listen_keyd();
	discard(&f[1]);
	assert_false(keylink_busy(&k));
	discard(&f[0]);
	discard(&f[2]);
}

/* Few, and not for long. */
static void
spins(void **state)
{
	struct fate	 f[3];

	(void)state;
	limits.spin = 200;
	assert_false(keylink_spins(&k));
	submit(&f[0], 'a', 1);
	assert_true(keylink_spins(&k));
	now_us += 199;
	assert_true(keylink_spins(&k));
	now_us++;
	assert_false(keylink_spins(&k));
	/* The last one counts. */
	submit(&f[1], 'b', 1);
	assert_true(keylink_spins(&k));
	submit(&f[2], 'c', 1);
	assert_false(keylink_spins(&k));
	listen_keyd();
	answer(asked[0].id);
	assert_true(keylink_spins(&k));
	limits.spin = 0;
	assert_false(keylink_spins(&k));
	limits.spin = 200;
	answer(asked[1].id);
	answer(asked[2].id);
	assert_false(keylink_spins(&k));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		link_test(asks_and_answers),
		link_test(round_robin),
		link_test(turns_of_clients),
		link_test(max_waiting),
		link_test(window),
		link_test(byte_window),
		link_test(oversized),
		link_test(oversized_many),
		link_test(successors),
		link_test(deadlines_sent),
		link_test(keyd_silent),
		link_test(rpc_deadline),
		link_test(rpc_deadline_exact),
		link_test(earlier_deadline),
		link_test(many_expire),
		link_test(queue_limit),
		link_test(spins)
	};

	return (cmocka_run_group_tests_name("keylink", tests, NULL, NULL));
}
