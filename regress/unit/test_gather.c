/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/gather.o common/metrics_set.o common/list.o common/metrics.o common/metrics_table.o
 * common/histogram.o common/msgfield.o common/imsgev.o common/log.o
 * common/log_render.o common/hex.o compat/imsg.o compat/imsg-buffer.o */
/* libs: libevent */

#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <event2/event.h>

#include "common/clock.h"
#include "common/gather.h"

/* The children's ends are ours. */
enum { KEYD, FRONTEND, LINK, NCHILDREN };
static const char *const names[NCHILDREN] = { "keyd", "frontend", "link" };

static struct children	 set;
static struct child	 child[NCHILDREN];
static struct imsgbuf	 end[NCHILDREN];
static struct gather	 gather;
static int		 refused;	/* messages out of order */
static int		 owns, seens, seens_at_own;
static bool		 released;	/* the server */

/* Of an asker. */
struct asker {
	struct gather_ask	 ask;
	struct metric_sample	 got[32];
	size_t			 n;
	int			 done;
};

static void
on_message(struct imsgev *iev, struct imsg *imsg, void *arg)
{
	(void)iev;
	if (gather_message(&gather, arg, imsg) == -1)
		refused++;
}

static void
on_closed(struct imsgev *iev, const char *why, void *arg)
{
	(void)iev;
	(void)why;
	(void)arg;
	fail();
}

static void
seen(const struct metric_sample *s, void *arg)
{
	(void)arg;
	assert_non_null(s->def);
	seens++;
}

static void
own(struct metrics_out *out, void *arg)
{
	(void)arg;
	owns++;
	seens_at_own = seens;
	metrics_u64(out, METRIC_CONFIG_GENERATION, 7);
}

static int
setup(void **state)
{
	static const struct imsgev_cb	 cb = { on_message, NULL, on_closed };
	static const struct gather_cb	 gcb = { seen, own };
	int				 i, fds[2];

	(void)state;
	log_init("test");
	memset(&set, 0, sizeof(set));
	memset(child, 0, sizeof(child));
	refused = owns = seens = 0;
	released = false;
	assert_non_null(set.base = event_base_new());
	set.child = child;
	set.nchildren = NCHILDREN;
	for (i = 0; i < NCHILDREN; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM |
		    SOCK_NONBLOCK, 0, fds), 0);
		assert_int_equal(imsgev_init(&child[i].iev, set.base, fds[0],
		    16384, &cb, &child[i]), 0);
		assert_int_equal(imsgbuf_init(&end[i], fds[1]), 0);
		child[i].set = &set;
		child[i].name = names[i];
		child[i].started = child[i].running = true;
		child[i].answered = true;
	}
	gather_init(&gather, &set, &gcb, NULL, METRIC_PROCESS_UP, "frontend");
	assert_ptr_equal(set.gather, &gather);
	return (0);
}

static int
teardown(void **state)
{
	int	 i;

	(void)state;
	for (i = 0; i < NCHILDREN; i++) {
		if (i != FRONTEND || !released)
			imsgev_clear(&child[i].iev);
		imsgbuf_clear(&end[i]);
		close(end[i].fd);
	}
	event_free(gather.timer);
	event_free(gather.later);
	event_base_free(set.base);
	return (0);
}

/* ---- Both sides ------------------------------------------------------- */

static void
turn(void)
{
	assert_int_equal(event_base_loop(set.base, EVLOOP_NONBLOCK) == -1, 0);
}

/* The next message to a child; the loop turns until it is there. */
static uint32_t
next(int who, struct imsg *imsg)
{
	struct pollfd	 pfd = { end[who].fd, POLLIN, 0 };

	while (imsg_get(&end[who], imsg) == 0) {
		event_base_loop(set.base, EVLOOP_NONBLOCK);
		if (poll(&pfd, 1, 1) == 1)
			assert_int_equal(imsgbuf_read(&end[who]), 1);
	}
	return (imsg_get_type(imsg));
}

static bool
is_silent(int who)
{
	struct imsg	 imsg;

	turn();
	turn();
	(void)imsgbuf_read(&end[who]);
	return (imsg_get(&end[who], &imsg) == 0);
}

static uint32_t
take_ask(int who)
{
	struct imsg	 imsg;
	uint32_t	 id;

	assert_int_equal(next(who, &imsg), METRICS_ASK);
	assert_int_equal(metrics_get(&imsg, &id), 0);
	imsg_free(&imsg);
	return (id);
}

static void
say(int who, uint32_t id, enum metric metric, uint64_t value,
    const char *label)
{
	static struct metrics_writer	 w;

	metrics_begin(&w, &end[who], id);
	metrics_u64(&w.out, metric, value, label);
	assert_int_equal(metrics_end(&w), 0);
	assert_int_equal(imsgbuf_flush(&end[who]), 0);
	turn();
	turn();
}

static void
say_end(int who, uint32_t id)
{
	assert_int_equal(metrics_send(&end[who], METRICS_END, id), 0);
	assert_int_equal(imsgbuf_flush(&end[who]), 0);
	turn();
	turn();
}

static void
take(const void *samples, size_t len, void *arg)
{
	struct asker	*a = arg;
	struct ibuf	 b;

	ibuf_from_buffer(&b, (void *)(uintptr_t)samples, len);
	while (ibuf_size(&b) > 0) {
		assert_in_range(a->n, 0, 31);
		assert_int_equal(metrics_decode(&b, &a->got[a->n++]), 0);
	}
}

static void
done(void *arg)
{
	((struct asker *)arg)->done++;
}

static void
begin(struct asker *a)
{
	memset(a, 0, sizeof(*a));
	a->ask.samples = take;
	a->ask.done = done;
	a->ask.arg = a;
	gather_begin(&gather, &a->ask);
}

/* The gauge of processes for that one, or the value of that metric. */
static int64_t
up(const struct asker *a, const char *process)
{
	size_t	 i;

	for (i = 0; i < a->n; i++)
		if (a->got[i].metric == METRIC_PROCESS_UP &&
		    strcmp(a->got[i].label[0], process) == 0)
			return (a->got[i].gauge);
	return (-1);
}

static int64_t
value(const struct asker *a, enum metric metric)
{
	size_t	 i;

	for (i = 0; i < a->n; i++)
		if (a->got[i].metric == metric)
			return (a->got[i].def->kind == METRIC_COUNTER ?
			    (int64_t)a->got[i].value : a->got[i].gauge);
	return (-1);
}

static void
wait_done(const struct asker *a)
{
	while (a->done == 0)
		event_base_loop(set.base, EVLOOP_ONCE);
}

/* ---- What comes of it ------------------------------------------------- */

static void
test_all(void **state)
{
	static struct asker	 a, b, c;
	uint32_t		 id;

	(void)state;
	begin(&a);
	id = take_ask(KEYD);
	assert_int_equal(take_ask(FRONTEND), id);
	assert_int_equal(take_ask(LINK), id);
	/* These are for the next one. */
	begin(&b);
	begin(&c);
	assert_true(is_silent(KEYD));
	say(KEYD, id, METRIC_KEYD_TURNS, 5, "link");
	say(LINK, id, METRIC_LINK_REGISTERED, 1, "edge");
	assert_int_equal(a.done, 0);
	say(FRONTEND, id, METRIC_OP_HTTP_REQUESTS, 9, "GET");
	assert_int_equal(a.done, 1);
	assert_int_equal(value(&a, METRIC_KEYD_TURNS), 5);
	assert_int_equal(value(&a, METRIC_LINK_REGISTERED), 1);
	assert_int_equal(value(&a, METRIC_OP_HTTP_REQUESTS), 9);
	assert_int_equal(value(&a, METRIC_CONFIG_GENERATION), 7);
	assert_int_equal(up(&a, "keyd"), 1);
	assert_int_equal(up(&a, "link"), 1);
	assert_int_equal(owns, 1);
	/* The parent has seen what its children say before it speaks. */
	assert_int_equal(seens_at_own, 3);
	/* Both in one, and no sooner than it may be. */
	assert_int_equal(take_ask(KEYD), id + 1);
	assert_true(clock_us() - gather.begun < 50000);
	say(KEYD, id + 1, METRIC_KEYD_TURNS, 6, "link");
	take_ask(FRONTEND);
	take_ask(LINK);
	gather_forget(&gather, &c.ask);
	say_end(FRONTEND, id + 1);
	say_end(LINK, id + 1);
	assert_int_equal(b.done, 1);
	assert_int_equal(c.done, 0);
	assert_int_equal(value(&b, METRIC_KEYD_TURNS), 6);
	assert_int_equal(value(&b, METRIC_LINK_REGISTERED), -1);
	assert_int_equal(refused, 0);
}

/* One that reads nothing, and is asked again and again. */
static void
test_unread(void **state)
{
	static struct asker	 a;
	size_t			 before = 0;
	int			 i;

	(void)state;
	for (i = 0; i < 3000; i++) {
		if (i == 2000)
			before = imsgbuf_queuelen(&child[LINK].iev.ibuf);
		gather.begun = 0;
		begin(&a);
		say_end(KEYD, take_ask(KEYD));
		say_end(FRONTEND, take_ask(FRONTEND));
		assert_int_equal(a.done, 0);
		/* Its second is over. */
		event_active(gather.timer, EV_TIMEOUT, 0);
		turn();
		assert_int_equal(a.done, 1);
		assert_int_equal(up(&a, "link"), 0);
		assert_int_equal(up(&a, "keyd"), 1);
	}
	assert_int_equal(imsgbuf_queuelen(&child[LINK].iev.ibuf), before);
	assert_int_equal(refused, 0);
}

static void
test_pause(void **state)
{
	static struct asker	 a;
	uint64_t		 begun;
	uint32_t		 id;
	int			 i, j;

	(void)state;
	for (i = 0; i < 2; i++) {
		begun = gather.begun;
		begin(&a);
		id = take_ask(KEYD);
		if (i > 0)
			assert_true(gather.begun - begun >=
			    GATHER_PAUSE * 1000);
		for (j = 1; j < NCHILDREN; j++)
			(void)take_ask(j);
		for (j = 0; j < NCHILDREN; j++)
			say_end(j, id);
		assert_int_equal(a.done, 1);
	}
}

/* Who does not come to an end is left out, and what it said as well. */
static void
test_deadline(void **state)
{
	static struct metrics_writer	 w;
	static struct asker		 a;
	uint32_t			 id;

	(void)state;
	child[LINK].answered = false;
	begin(&a);
	id = take_ask(KEYD);
	(void)take_ask(FRONTEND);
	say_end(FRONTEND, id);
	/* Without an end. */
	metrics_begin(&w, &end[KEYD], id);
	metrics_u64(&w.out, METRIC_KEYD_TURNS, 5, "link");
	assert_int_equal(metrics_send_samples(&end[KEYD], id, w.buf, w.len),
	    0);
	assert_int_equal(imsgbuf_flush(&end[KEYD]), 0);
	wait_done(&a);
	assert_int_equal(up(&a, "keyd"), 0);
	assert_int_equal(up(&a, "frontend"), 1);
	assert_int_equal(up(&a, "link"), 0);
	assert_int_equal(gather.children[KEYD].missed, 1);
	assert_int_equal(gather.children[LINK].missed, 0);
	assert_int_equal(value(&a, METRIC_KEYD_TURNS), -1);
	assert_true(is_silent(LINK));
	/* It comes late, which is nobody's fault. */
	say(KEYD, id, METRIC_KEYD_TURNS, 5, "link");
	assert_int_equal(refused, 0);
	assert_int_equal(a.n, 4);
}

/* ---- What children may not say ---------------------------------------- */

static void
test_lies(void **state)
{
	static uint8_t		 many[METRICS_MSGSIZE - 4];
	static struct asker	 a;
	uint32_t		 id;

	(void)state;
	/* Out of turn: none was asked. */
	say(LINK, 1, METRIC_LINK_REGISTERED, 1, "edge");
	assert_int_equal(refused, 0);
	begin(&a);
	id = take_ask(KEYD);
	/* Another's. */
	say(FRONTEND, id, METRIC_KEYD_TURNS, 99, "link");
	assert_int_equal(refused, 1);
	/* Twice, and with something after the end. */
	say(FRONTEND, id, METRIC_LISTENERS, 3, NULL);
	assert_int_equal(refused, 3);
	memset(many, 0xff, sizeof(many));
	assert_int_equal(metrics_send_samples(&end[LINK], id, many,
	    sizeof(many)), 0);
	say_end(LINK, id);
	assert_int_equal(refused, 4);
	/* Only one serves them. */
	assert_int_equal(metrics_send(&end[KEYD], METRICS_WANT, 1), 0);
	say(KEYD, id, METRIC_KEYD_TURNS, 1, "link");
	assert_int_equal(refused, 5);
	assert_int_equal(a.done, 1);
	assert_int_equal(value(&a, METRIC_KEYD_TURNS), 1);
}

/* A flood of samples is cut off before it is memory. */
static void
test_flood(void **state)
{
	static struct metrics_writer	 w;
	static struct asker		 a;
	uint32_t			 id;
	size_t				 i, j, kept;

	(void)state;
	begin(&a);
	id = take_ask(KEYD);
	for (i = 0; i < METRICS_MAXSAMPLES + 1000; i += 100) {
		metrics_begin(&w, &end[KEYD], id);
		for (j = 0; j < 100; j++)
			metrics_u64(&w.out, METRIC_KEYD_TURNS, j, "link");
		assert_int_equal(metrics_send_samples(&end[KEYD], id, w.buf,
		    w.len), 0);
		assert_int_equal(imsgbuf_flush(&end[KEYD]), 0);
		turn();
	}
	turn();
	assert_true(refused > 0);
	kept = gather.children[KEYD].nsamples;
	assert_in_range(kept, METRICS_MAXSAMPLES - 100, METRICS_MAXSAMPLES);
	gather_forget(&gather, &a.ask);
	say_end(KEYD, id);
	say_end(FRONTEND, id);
	say_end(LINK, id);
	assert_int_equal(gather.children[KEYD].nsamples, 0);
}

/* ---- Several of one program ------------------------------------------- */

static void
make_two(int who, const char *first, const char *second)
{
	child[who].program = child[LINK].program = names[who];
	child[who].name = first;
	child[who].number = 1;
	child[LINK].name = second;
	child[LINK].number = 2;
}

/* They say the same things, which are one sample for who asks. */
static void
test_two_of_a_program(void **state)
{
	struct asker	 a;
	uint32_t	 id;
	size_t		 i, turns = 0;

	(void)state;
	make_two(KEYD, "keyd1", "keyd2");
	begin(&a);
	id = take_ask(KEYD);
	assert_int_equal(take_ask(FRONTEND), id);
	assert_int_equal(take_ask(LINK), id);
	say(KEYD, id, METRIC_KEYD_TURNS, 3, "link");
	say(LINK, id, METRIC_KEYD_TURNS, 4, "link");
	assert_int_equal(refused, 0);
	say_end(FRONTEND, id);
	wait_done(&a);
	for (i = 0; i < a.n; i++)
		turns += a.got[i].metric == METRIC_KEYD_TURNS;
	assert_int_equal(turns, 1);
	assert_int_equal(value(&a, METRIC_KEYD_TURNS), 7);
	assert_int_equal(up(&a, "keyd1"), 1);
	assert_int_equal(up(&a, "keyd2"), 1);
	assert_int_equal(up(&a, "keyd"), -1);
}

/* So many distinct ones, of a hundred bytes and more. */
static void
say_many(int who, uint32_t id, enum metric metric, size_t n)
{
	static struct metrics_writer	 w;
	char				 label[128];
	size_t				 i = 0, stop;

	while (i < n) {
		metrics_begin(&w, &end[who], id);
		for (stop = i + 30; i < stop; i++) {
			snprintf(label, sizeof(label), "%0100zu", i);
			metrics_u64(&w.out, metric, i, label);
		}
		assert_int_equal(metrics_send_samples(&end[who], id, w.buf,
		    w.len), 0);
		assert_int_equal(imsgbuf_flush(&end[who]), 0);
		turn();
	}
	say_end(who, id);
}

static size_t	 nmany;
static uint64_t	 many_sum;

static void
take_many(const void *samples, size_t len, void *arg)
{
	struct metric_sample	 s;
	struct ibuf		 b;

	(void)arg;
	ibuf_from_buffer(&b, (void *)(uintptr_t)samples, len);
	while (ibuf_size(&b) > 0) {
		assert_int_equal(metrics_decode(&b, &s), 0);
		if (s.metric != METRIC_RULE_SIGNATURES &&
		    s.metric != METRIC_OP_HTTP_REQUESTS)
			continue;
		nmany++;
		many_sum += s.value;
	}
}

/* What is the same is one sample: that there are several leaves none out. */
static void
test_two_with_many(void **state)
{
	const size_t	 n = 30000;
	struct asker	 a;
	uint32_t	 id;

	(void)state;
	make_two(KEYD, "keyd1", "keyd2");
	nmany = 0;
	many_sum = 0;
	begin(&a);
	a.ask.samples = take_many;
	/* However long it takes here. */
	event_del(gather.timer);
	id = take_ask(KEYD);
	(void)take_ask(FRONTEND);
	(void)take_ask(LINK);
	say_many(KEYD, id, METRIC_RULE_SIGNATURES, n);
	say_many(LINK, id, METRIC_RULE_SIGNATURES, n);
	say_many(FRONTEND, id, METRIC_OP_HTTP_REQUESTS, n);
	wait_done(&a);
	assert_int_equal(refused, 0);
	assert_int_equal(nmany, 2 * n);
	assert_int_equal(many_sum, (uint64_t)n * (n - 1) / 2 * 3);
}

/* The first of them serves; another that wants to is out of order. */
static void
test_two_that_could_serve(void **state)
{
	(void)state;
	make_two(FRONTEND, "frontend1", "frontend2");
	assert_int_equal(metrics_send(&end[LINK], METRICS_WANT, 1), 0);
	assert_int_equal(imsgbuf_flush(&end[LINK]), 0);
	turn();
	turn();
	assert_int_equal(refused, 1);
	assert_int_equal(metrics_send(&end[FRONTEND], METRICS_WANT, 1), 0);
	assert_int_equal(imsgbuf_flush(&end[FRONTEND]), 0);
	assert_true(take_ask(KEYD) > 0);
	assert_int_equal(refused, 1);
}

/* ---- The child that serves them --------------------------------------- */

static void
test_want(void **state)
{
	struct metric_sample	 s;
	struct imsg		 imsg;
	struct ibuf		 b;
	uint32_t		 id, want;
	size_t			 n = 0;

	(void)state;
	assert_int_equal(metrics_send(&end[FRONTEND], METRICS_WANT, 55), 0);
	/* The second takes the place of the first. */
	assert_int_equal(metrics_send(&end[FRONTEND], METRICS_WANT, 56), 0);
	assert_int_equal(imsgbuf_flush(&end[FRONTEND]), 0);
	id = take_ask(KEYD);
	say(KEYD, id, METRIC_KEYD_TURNS, 5, "link");
	(void)take_ask(FRONTEND);
	say(FRONTEND, id, METRIC_OP_HTTP_REQUESTS, 9, "GET");
	(void)take_ask(LINK);
	say_end(LINK, id);
	while (next(FRONTEND, &imsg) == METRICS_SAMPLE) {
		assert_int_equal(metrics_get_samples(&imsg, &want, &b), 0);
		assert_int_equal(want, 56);
		while (ibuf_size(&b) > 0) {
			assert_int_equal(metrics_decode(&b, &s), 0);
			n++;
		}
		imsg_free(&imsg);
	}
	assert_int_equal(imsg_get_type(&imsg), METRICS_END);
	assert_int_equal(metrics_get(&imsg, &want), 0);
	assert_int_equal(want, 56);
	imsg_free(&imsg);
	/* Theirs, three gauges of processes, and the parent's. */
	assert_int_equal(n, 6);
	assert_false(gather.wanted);
	assert_int_equal(refused, 0);
}

/* The daemon stops, or it has died: its channel may be closed by then. */
static void
release_server(bool closed)
{
	if (!closed) {
		child[FRONTEND].iev.dead = true;
		return;
	}
	imsgev_clear(&child[FRONTEND].iev);
	released = true;
}

static void
server_goes_meanwhile(bool closed)
{
	size_t	 queued;

	assert_int_equal(metrics_send(&end[FRONTEND], METRICS_WANT, 1), 0);
	assert_int_equal(imsgbuf_flush(&end[FRONTEND]), 0);
	say_end(KEYD, take_ask(KEYD));
	say_end(LINK, take_ask(LINK));
	assert_true(gather.running && gather.wanted);
	release_server(closed);
	queued = closed ? 0 : imsgbuf_queuelen(&child[FRONTEND].iev.ibuf);
	while (gather.running)
		event_base_loop(set.base, EVLOOP_ONCE);
	assert_false(gather.wanted);
	assert_int_equal(owns, 1);
	if (!closed)
		assert_int_equal(imsgbuf_queuelen(&child[FRONTEND].iev.ibuf),
		    queued);
}

static void
test_server_stops(void **state)
{
	(void)state;
	server_goes_meanwhile(true);
}

static void
test_server_dies(void **state)
{
	(void)state;
	server_goes_meanwhile(false);
}

/* Another of its kind is not told what it has not asked, and may not ask. */
static void
test_first_of_two_dies(void **state)
{
	(void)state;
	make_two(FRONTEND, "frontend1", "frontend2");
	server_goes_meanwhile(false);
	assert_true(is_silent(LINK));
	assert_int_equal(refused, 0);
	assert_int_equal(metrics_send(&end[LINK], METRICS_WANT, 1), 0);
	assert_int_equal(imsgbuf_flush(&end[LINK]), 0);
	turn();
	turn();
	assert_int_equal(refused, 1);
	assert_false(gather.wanted);
}

/* It has so much to read that its question waits. */
static void
test_deaf_server_stops(void **state)
{
	int	 i;

	(void)state;
	for (i = 0; i < 5000; i++)
		assert_int_equal(metrics_send(&child[FRONTEND].iev.ibuf,
		    METRICS_END, 0), 0);
	assert_int_equal(metrics_send(&end[FRONTEND], METRICS_WANT, 1), 0);
	assert_int_equal(imsgbuf_flush(&end[FRONTEND]), 0);
	while (!gather.wanted)
		event_base_loop(set.base, EVLOOP_ONCE);
	assert_true(event_pending(gather.later, EV_TIMEOUT, NULL));
	release_server(true);
	while (event_pending(gather.later, EV_TIMEOUT, NULL))
		event_base_loop(set.base, EVLOOP_ONCE);
	assert_false(gather.wanted || gather.running);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_all, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pause, setup, teardown),
		cmocka_unit_test_setup_teardown(test_deadline, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_lies, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flood, setup, teardown),
		cmocka_unit_test_setup_teardown(test_two_of_a_program, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_two_with_many, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_two_that_could_serve,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(test_unread, setup, teardown),
		cmocka_unit_test_setup_teardown(test_want, setup, teardown),
		cmocka_unit_test_setup_teardown(test_server_stops, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_server_dies, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_first_of_two_dies, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_deaf_server_stops, setup,
		    teardown)
	};

	return (cmocka_run_group_tests_name("gather", tests, NULL, NULL));
}
