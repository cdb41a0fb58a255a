/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: signerd/keylink.o common/imsgev.o common/log.o
 * common/log_render.o common/hex.o common/u256.o keyd/keymsg.o keyd/keymsg_request.o
 * keyd/keymsg_rule.o compat/imsg.o compat/imsg-buffer.o */
/* libs: libevent */

#include "regress/unit/keylink_util.h"

/* Which of several keyds is asked. */
#define WORKERS	3

static struct imsgbuf	 others[WORKERS];	/* from 1 */
static uint8_t		 large[256 * 1024];
static uint64_t		 due = LATER;		/* of a large one, in us */

static int
workers_open(void **state)
{
	int	 i, fd[2];

	if (link_open(state) == -1)
		return (-1);
	for (i = 1; i < WORKERS; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM |
		    SOCK_NONBLOCK, 0, fd), 0);
		assert_int_equal(imsgbuf_init(&others[i], fd[1]), 0);
		assert_int_equal(imsgbuf_set_maxsize(&others[i], 2 * MIB), 0);
		assert_int_equal(keylink_add(&k, fd[0]), 0);
	}
	assert_int_equal(k.nworkers, WORKERS);
	return (0);
}

static int
workers_close(void **state)
{
	int	 i;

	assert_true(TAILQ_EMPTY(&k.turn));
	for (i = 1; i < WORKERS; i++) {
		imsgev_clear(&k.workers[i].iev);
		imsgbuf_clear(&others[i]);
		close(others[i].fd);
	}
	return (link_close(state));
}

/* How many requests each has, as digits. */
static void
in_workers(const char *want)
{
	char	 got[WORKERS + 1];
	int	 i;

	for (i = 0; i < WORKERS; i++)
		got[i] = (char)('0' + k.workers[i].nsent);
	got[i] = '\0';
	assert_string_equal(got, want);
}

/* A worker's answer to the request that it has had for the longest time. */
static void
reply_first(int worker, enum refusal refusal)
{
	struct keylink_worker	*w = &k.workers[worker];
	struct imsgbuf		*ibuf = worker == 0 ? &keyd : &others[worker];
	struct keylink_slot	*s = TAILQ_FIRST(&w->sent);
	struct keyd_reply	 reply;
	uint8_t			 bytes[65] = { 1 };
	unsigned int		 before = w->nsent;

	assert_non_null(s);
	memset(&reply, 0, sizeof(reply));
	reply.id = (uint64_t)s->generation << 32 |
	    (uint64_t)(s - w->slots);
	reply.refusal = refusal;
	reply.rule = refusal == REFUSAL_NONE ? 0 : POLICY_NORULE;
	reply.result = bytes;
	reply.resultlen = refusal == REFUSAL_NONE ? sizeof(bytes) : 0;
	assert_int_equal(keymsg_send_reply(ibuf, &reply), 0);
	assert_int_equal(imsgbuf_flush(ibuf), 0);
	/* It may be asked another at once. */
	while (TAILQ_FIRST(&w->sent) == s && w->nsent == before)
		turn();
}

static void
answer_first(int worker)
{
	reply_first(worker, REFUSAL_NONE);
}

static void
cannot_record(int worker)
{
	reply_first(worker, REFUSAL_AUDIT);
}

/* A call of so many bytes of data. */
static void
submit_large(struct fate *f, char name, size_t size)
{
	struct request	*r;

	make(f, name, 1);
	r = &signing_call(f->rpc, 0)->args.request;
	r->method = METHOD_TRANSACTION;
	memset(&r->tx, 0, sizeof(r->tx));
	r->tx.has = TX_DATA;
	r->tx.data = large;
	r->tx.datalen = size;
	f->rpc->deadline = now_us + due;
	keylink_submit(&k, f->rpc);
}

static void
discard_all(struct fate *f, size_t n)
{
	while (n-- > 0)
		discard(&f[n]);
}

/* The one that has the fewest; of equals the first from the start on. */
static void
least_in_flight(void **state)
{
	struct fate	 f[7];

	(void)state;
	submit(&f[0], 'a', 1);
	in_workers("100");
	submit(&f[1], 'b', 1);
	in_workers("110");
	submit(&f[2], 'c', 1);
	in_workers("111");
	submit(&f[3], 'd', 1);
	in_workers("211");
	answer_first(1);
	in_workers("201");
	submit(&f[4], 'e', 1);
	in_workers("211");
	answer_first(0);
	answer_first(0);
	answer_first(1);
	answer_first(2);
	in_workers("000");
	limits.place = 2;
	submit(&f[5], 'f', 1);
	in_workers("001");
	submit(&f[6], 'g', 1);
	in_workers("101");
	discard_all(f, 7);
}

/* One signing has no more than `max waiting` in all of them together. */
static void
waiting_of_all(void **state)
{
	struct fate	 f[2];

	(void)state;
	limits.max_waiting = 5;
	submit(&f[0], 'a', 20);
	in_workers("221");
	answer_first(2);
	in_workers("221");
	submit(&f[1], 'b', 3);
	in_workers("332");
	discard_all(f, 2);
}

/* Each has its window; over that they wait here. */
static void
window_of_each(void **state)
{
	struct fate	 f[WORKERS * KEYLINK_WINDOW + 2];
	size_t		 i, n = sizeof(f) / sizeof(f[0]);

	(void)state;
	for (i = 0; i < n; i++)
		submit(&f[i], 'a', 1);
	for (i = 0; i < WORKERS; i++)
		assert_int_equal(k.workers[i].nsent, KEYLINK_WINDOW);
	answer_first(1);
	assert_int_equal(k.workers[1].nsent, KEYLINK_WINDOW);
	discard_all(f, n);
}

/* One of several frontends has less of it. */
static void
window_of_one_of_several(void **state)
{
	struct fate	 f[3 * WORKERS];
	size_t		 i;

	(void)state;
	limits.window = 2;
	for (i = 0; i < 3 * WORKERS; i++)
		submit(&f[i], 'a', 1);
	in_workers("222");
	limits.window = KEYLINK_WINDOW + 1;
	answer_first(0);
	in_workers("332");
	discard_all(f, 3 * WORKERS);
}

/* What is small does not go where something large is. */
static void
large_ones(void **state)
{
	struct fate	 f[9];

	(void)state;
	submit_large(&f[0], 'a', 128 * 1024);
	in_workers("010");
	submit_large(&f[1], 'b', 128 * 1024);
	in_workers("011");
	/* Never to the first, though it has nothing to do. */
	submit_large(&f[2], 'c', 128 * 1024);
	in_workers("021");
	submit(&f[3], 'd', 1);
	submit(&f[4], 'e', 1);
	submit(&f[5], 'f', 1);
	in_workers("321");
	/* That one is not large, but counts for more. */
	submit_large(&f[6], 'g', KEYLINK_LARGE / 2);
	in_workers("421");
	answer_first(2);
	submit(&f[7], 'h', 1);
	submit(&f[8], 'i', 1);
	in_workers("422");
	discard_all(f, 9);
}

/* Where there is no room for it others are not held up, nor is it forgotten. */
static void
no_room_for_large_ones(void **state)
{
	struct fate	 f[8];
	int		 i;

	(void)state;
	limits.max_transaction = 160 * 1024;
	for (i = 0; i < 6; i++)
		submit_large(&f[i], 'a', 100 * 1024);
	in_workers("022");
	submit(&f[6], 'b', 1);
	in_workers("122");
	/* One that goes while it waits. */
	discard(&f[4]);
	answer_first(1);
	in_workers("122");
	assert_null(f[0].rpc);
	assert_true(TAILQ_EMPTY(&k.turn));
	/* And one whose time is up. */
	due = 60000;
	submit_large(&f[7], 'c', 100 * 1024);
	due = LATER;
	in_workers("122");
	assert_false(TAILQ_EMPTY(&k.turn));
	now_us += 90000;
	while (f[7].rpc != NULL)
		turn();
	assert_int_equal(f[7].expired, 1);
	discard_all(f, 7);
}

/*
 * What is large keeps its turn while there is room for others alone, and comes
 * before those who have had one since.
 */
static void
large_ones_have_their_turn(void **state)
{
	struct fate	 f[8], one;
	int		 i;

	(void)state;
	limits.window = 1;
	for (i = 0; i < 3; i++)
		submit(&f[i], 'a' + (char)i, 1);
	submit(&f[3], 'd', 1);
	answer_first(0);
	answer_first(0);
	in_workers("011");
	/* Each has had a turn but this one, whose place is with the others. */
	submit_large(&one, 'l', 128 * 1024);
	in_workers("011");
	for (i = 4; i < 8; i++)
		submit(&f[i], 'a' + (char)(i - 4), 1);
	in_workers("111");
	answer_first(0);
	answer_first(0);
	in_workers("111");
	assert_int_equal(one.rpc->in_keyd, 0);
	answer_first(1);
	assert_int_equal(one.rpc->in_keyd, 1);
	in_workers("111");
	/* Its next one is not before the others'. */
	answer_first(1);
	assert_null(one.rpc);
	in_workers("111");
	discard_all(f, 8);
}

/* Where there is room for it alone it does not wait for others. */
static void
room_for_large_ones_alone(void **state)
{
	struct fate	 f[4], one;

	(void)state;
	limits.window = 2;
	limits.max_transaction = 160 * 1024;
	submit(&f[0], 'a', 1);
	submit_large(&f[1], 'b', 100 * 1024);
	submit_large(&f[2], 'c', 100 * 1024);
	submit(&f[3], 'd', 1);
	in_workers("211");
	submit_large(&one, 'l', 100 * 1024);
	in_workers("221");
	discard(&one);
	discard_all(f, 4);
}

/* Of a message of several calls, one that is asked again can be larger. */
static void
a_large_one_again(void **state)
{
	struct request	*r;
	struct fate	 f;

	(void)state;
	limits.window = 1;
	make(&f, 'a', 4);
	r = &signing_call(f.rpc, 0)->args.request;
	r->method = METHOD_TRANSACTION;
	memset(&r->tx, 0, sizeof(r->tx));
	r->tx.has = TX_DATA;
	r->tx.data = large;
	r->tx.datalen = 128 * 1024;
	keylink_submit(&k, f.rpc);
	in_workers("111");
	cannot_record(1);
	in_workers("101");
	/* The small one that was the next comes after it. */
	answer_first(0);
	in_workers("001");
	answer_first(2);
	in_workers("101");
	assert_int_equal(TAILQ_FIRST(&k.workers[2].sent)->size / 1024, 128);
	while (f.rpc != NULL)
		answer_first(k.workers[0].nsent > 0 ? 0 : 2);
	assert_int_equal(f.replies, 4);
}

/* One that does not answer is not asked; when none does, that is to be busy. */
static void
one_is_silent(void **state)
{
	struct fate	 f[8];

	(void)state;
	submit(&f[0], 'a', 1);
	submit(&f[1], 'b', 1);
	submit(&f[2], 'c', 1);
	answer_first(0);
	answer_first(2);
	in_workers("010");
	now_us += 101000;
	assert_false(keylink_busy(&k));
	submit(&f[3], 'd', 1);
	submit(&f[4], 'e', 1);
	submit(&f[5], 'f', 1);
	submit(&f[6], 'g', 1);
	submit(&f[7], 'h', 1);
	in_workers("312");
	assert_int_equal(f[3].replies + f[4].replies + f[5].replies, 0);
	turn();
	while (f[1].rpc != NULL)
		turn();
	assert_int_equal(f[1].expired, 1);
	assert_true(keylink_behind(&k));
	now_us += 101000;
	assert_true(keylink_busy(&k));
	answer_first(2);
	answer_first(2);
	assert_false(keylink_busy(&k));
	answer_first(1);
	discard_all(f, 8);
}

/* It answers its own requests alone. */
static void
not_for_another(void **state)
{
	struct fate	 f[2];
	uint64_t	 late = k.late;

	(void)state;
	submit(&f[0], 'a', 1);
	submit(&f[1], 'b', 1);
	in_workers("110");
	answer_first(0);
	in_workers("010");
	/* The first slot, in that one: it has been used once here. */
	send_answer((uint64_t)k.workers[1].slots[0].generation << 32,
	    REFUSAL_NONE, 1);
	while (k.late == late)
		turn();
	assert_int_equal(f[1].replies, 0);
	in_workers("010");
	answer_first(1);
	assert_int_equal(f[1].replies, 1);
}

/* ---- One that cannot record what it is asked --------------------------- */

static void
another_is_asked(void **state)
{
	struct fate	 f[5];

	(void)state;
	submit(&f[0], 'a', 1);
	in_workers("100");
	cannot_record(0);
	in_workers("010");
	assert_int_equal(f[0].replies, 0);
	answer_first(1);
	assert_int_equal(f[0].replies, 1);
	assert_int_equal(f[0].refusal, REFUSAL_NONE);
	/* For a while it is not asked, though it has nothing to do. */
	now_us += KEYLINK_SHY - 1;
	submit(&f[1], 'b', 1);
	submit(&f[2], 'c', 1);
	submit(&f[3], 'd', 1);
	in_workers("021");
	now_us++;
	submit(&f[4], 'e', 1);
	in_workers("121");
	cannot_record(0);
	in_workers("022");
	discard_all(f, 5);
}

/* However late that is: it is not the one that has refused it. */
static void
another_is_asked_later(void **state)
{
	struct fate	 f[3];
	int		 i;

	(void)state;
	limits.window = 1;
	for (i = 0; i < 3; i++)
		submit(&f[i], 'a' + (char)i, 1);
	in_workers("111");
	cannot_record(0);
	in_workers("011");
	now_us += KEYLINK_SHY;
	answer_first(1);
	in_workers("011");
	answer_first(1);
	assert_int_equal(f[0].replies, 1);
	assert_int_equal(f[0].refusal, REFUSAL_NONE);
	discard_all(f, 3);
}

/* One that has recorded again is asked as before. */
static void
it_records_again(void **state)
{
	struct fate	 f[5];

	(void)state;
	submit(&f[0], 'a', 1);
	submit(&f[1], 'b', 1);
	submit(&f[2], 'c', 1);
	submit(&f[3], 'd', 1);
	in_workers("211");
	cannot_record(0);
	in_workers("121");
	answer_first(0);
	answer_first(1);
	in_workers("011");
	submit(&f[4], 'e', 1);
	in_workers("111");
	discard_all(f, 5);
}

/* Where none can, that is the answer, at once and after each was asked once. */
static void
nobody_can(void **state)
{
	struct fate	 f;
	int		 i;

	(void)state;
	for (i = 0; i < 2; i++) {
		submit(&f, 'a', 1);
		cannot_record(0);
		in_workers(i == 0 ? "010" : "000");
		if (i == 0) {
			cannot_record(1);
			in_workers("001");
			assert_int_equal(f.replies, 0);
			cannot_record(2);
		}
		in_workers("000");
		assert_null(f.rpc);
		assert_int_equal(f.replies, 1);
		assert_int_equal(f.refusal, REFUSAL_AUDIT);
	}
	/* Nor is one asked over and over for which each comes to be able. */
	submit(&f, 'a', 1);
	for (i = 0; i < WORKERS; i++) {
		assert_int_equal(f.replies, 0);
		now_us += 2 * KEYLINK_SHY / 5;
		k.workers[(i + 1) % WORKERS].shy = false;
		cannot_record(i);
	}
	assert_int_equal(f.replies, 1);
	in_workers("000");
}

/* Of a message of several calls it is that one. */
static void
one_of_several_calls(void **state)
{
	struct fate	 f;
	struct call	*first;

	(void)state;
	limits.max_waiting = 3;
	submit(&f, 'a', 6);
	in_workers("111");
	first = TAILQ_FIRST(&k.workers[0].sent)->call;
	cannot_record(0);
	in_workers("021");
	assert_ptr_equal(TAILQ_LAST(&k.workers[1].sent, keylink_slots)->call,
	    first);
	assert_int_equal(f.rpc->in_keyd, 3);
	while (f.rpc != NULL)
		answer_first(k.workers[1].nsent > 0 ? 1 : 2);
	assert_int_equal(f.replies, 6);
	/* And of one that nobody waits for nothing is asked. */
	submit(&f, 'a', 1);
	in_workers("010");
	discard(&f);
	cannot_record(1);
	in_workers("000");
}

/* What is large goes to the first where none of the others can. */
static void
large_ones_that_cannot(void **state)
{
	struct fate	 f[4];

	(void)state;
	limits.max_transaction = 160 * 1024;
	submit_large(&f[0], 'a', 100 * 1024);
	submit_large(&f[1], 'b', 100 * 1024);
	in_workers("011");
	cannot_record(1);
	in_workers("002");
	submit_large(&f[2], 'c', 100 * 1024);
	in_workers("002");
	assert_false(TAILQ_EMPTY(&k.turn));
	/* The one that waited here is not forgotten; nor is the last. */
	cannot_record(2);
	in_workers("201");
	submit_large(&f[3], 'd', 100 * 1024);
	in_workers("201");
	cannot_record(2);
	assert_false(TAILQ_EMPTY(&k.turn));
	answer_first(0);
	in_workers("200");
	answer_first(0);
	in_workers("200");
	answer_first(0);
	answer_first(0);
	in_workers("000");
	assert_int_equal(f[0].replies + f[1].replies + f[2].replies +
	    f[3].replies, 4);
}

/* ------------------------------------------------------------------------ */

/* A few in all of them are few. */
static void
spins_for_all(void **state)
{
	struct fate	 f[3];

	(void)state;
	limits.spin = 200;
	submit(&f[0], 'a', 1);
	now_us += 150;
	submit(&f[1], 'b', 1);
	now_us += 150;
	assert_true(keylink_spins(&k));
	submit(&f[2], 'c', 1);
	assert_false(keylink_spins(&k));
	discard_all(f, 3);
}

#define workers_test(f)							\
	cmocka_unit_test_setup_teardown(f, workers_open, workers_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		workers_test(least_in_flight),
		workers_test(waiting_of_all),
		workers_test(window_of_each),
		workers_test(window_of_one_of_several),
		workers_test(large_ones),
		workers_test(no_room_for_large_ones),
		workers_test(large_ones_have_their_turn),
		workers_test(room_for_large_ones_alone),
		workers_test(a_large_one_again),
		workers_test(one_is_silent),
		workers_test(not_for_another),
		workers_test(another_is_asked),
		workers_test(another_is_asked_later),
		workers_test(it_records_again),
		workers_test(nobody_can),
		workers_test(one_of_several_calls),
		workers_test(large_ones_that_cannot),
		workers_test(spins_for_all)
	};

	return (cmocka_run_group_tests_name("keylinkworkers", tests, NULL,
	    NULL));
}
