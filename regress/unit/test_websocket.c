/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: common/websocket.o common/jsonscan.o common/hex.o
 *	regress/unit/websocket_util.o
 */
/* libs: libevent wslay */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <event2/buffer.h>

#include "common/websocket.h"
#include "regress/unit/entropy.h"
#include "regress/unit/websocket_cases.h"
#include "regress/unit/websocket_util.h"

static const enum websocket_role roles[] = { WEBSOCKET_CLIENT,
    WEBSOCKET_SERVER };

/* ---- The table -------------------------------------------------------- */

static void
build(struct evbuffer *stream, const struct wire *w, enum websocket_role to)
{
	size_t i;

	for (i = 0; i < MAX_FRAMES && w->frames[i].flags != 0; i++)
		put_frame(stream, &w->frames[i], to);
}

static void
test_table(void **state)
{
	static const size_t pieces[] = { SIZE_MAX, 1, 2, 3, 7, 125, 4095,
	    4096, 4097 };
	const struct wire *w;
	struct evbuffer *stream;
	struct peer p;
	size_t i, role, j;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]) * 2; i++) {
		w = &table[i / 2];
		role = i % 2;
		stream = evbuffer_new();
		build(stream, w, roles[role]);
		for (j = 0; j < sizeof(pieces) / sizeof(pieces[0]); j++) {
			peer_start(&p, roles[role], MAX_MESSAGE);
			peer_feed(&p, stream, pieces[j]);
			peer_result(&p);
			if (strcmp(p.trace, w->want) != 0)
				fail_msg("%s, role %zu, by %zu: %s, not %s",
				    w->name, role, pieces[j], p.trace,
				    w->want);
			peer_stop(&p);
		}
		evbuffer_free(stream);
	}
}

/* Each of the 65536 codes. */
static void
test_codes(void **state)
{
	struct evbuffer *stream;
	struct frame frame;
	struct peer p;
	unsigned int code;
	char data[2], want[16];
	size_t i;
	bool good;

	(void)state;
	stream = evbuffer_new();
	for (code = 0; code <= 0xffff; code++) {
		good = false;
		for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
			good = good || (code >= codes[i].first &&
			    code <= codes[i].last);
		snprintf(want, sizeof(want), good ? "<%u >" : "!1002", code);
		data[0] = (char)(code >> 8);
		data[1] = (char)code;
		frame = (struct frame){ FR_USED, 0x88, data, 2 };
		put_frame(stream, &frame, roles[code % 2]);
		peer_start(&p, roles[code % 2], MAX_MESSAGE);
		peer_feed(&p, stream, SIZE_MAX);
		peer_result(&p);
		if (strcmp(p.trace, want) != 0)
			fail_msg("%s, not %s", p.trace, want);
		peer_stop(&p);

		/* The same for what is to be sent. */
		peer_start(&p, roles[code % 2], MAX_MESSAGE);
		assert_int_equal(websocket_close(p.ws, (uint16_t)code, ""),
		    good ? 0 : -1);
		assert_int_equal(websocket_state(p.ws),
		    good ? WEBSOCKET_CLOSING : WEBSOCKET_OPEN);
		peer_stop(&p);
		evbuffer_drain(stream, evbuffer_get_length(stream));
	}
	evbuffer_free(stream);
}

/* ---- Sending ---------------------------------------------------------- */

static void
test_send(void **state)
{
	static const size_t sizes[] = { 0, 1, 125, 126, 65535, 65536, 200000 };
	char *text, want[64];
	struct peer p;
	size_t i, role;

	(void)state;
	assert_non_null(text = malloc(200000));
	memset(text, 'a', 200000);
	for (role = 0; role < 2; role++) {
		for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			peer_start(&p, roles[role], 10);
			assert_int_equal(websocket_send(p.ws, text, sizes[i]),
			    0);
			snprintf(want, sizeof(want), ">81 a*%zu", sizes[i]);
			peer_sent(&p, true);
			assert_string_equal(p.trace,
			    sizes[i] == 0 ? ">81 " :
			    sizes[i] == 1 ? ">81 a" : want);
			peer_stop(&p);
		}
		peer_start(&p, roles[role], 10);
		assert_int_equal(websocket_ping(p.ws, T125, 125), 0);
		assert_int_equal(websocket_ping(p.ws, T125 "x", 126), -1);
		assert_int_equal(websocket_ping(p.ws, NULL, 0), 0);
		peer_sent(&p, true);
		assert_string_equal(p.trace, ">89 " T125 ">89 ");
		peer_stop(&p);
	}
	free(text);
}

/* Each frame of a client has a key of its own, and a server's none. */
static void
test_masking_keys(void **state)
{
	unsigned char frame[6 + 1];
	uint32_t key, all, any, last;
	struct peer p;
	int i;

	(void)state;
	peer_start(&p, WEBSOCKET_CLIENT, 10);
	all = UINT32_MAX;
	any = last = 0;
	for (i = 0; i < 64; i++) {
		assert_int_equal(websocket_send(p.ws, "x", 1), 0);
		assert_int_equal(evbuffer_remove(p.output, frame,
		    sizeof(frame)), sizeof(frame));
		memcpy(&key, frame + 2, 4);
		assert_int_not_equal(key, last);
		last = key;
		all &= key;
		any |= key;
	}
	assert_int_equal(all, 0);
	assert_int_equal(any, UINT32_MAX);
	peer_stop(&p);
}

static void
close_with(const char *reason, const char *want)
{
	struct peer p;

	peer_start(&p, WEBSOCKET_SERVER, 10);
	assert_int_equal(websocket_close(p.ws, 4001, reason), 0);
	peer_sent(&p, true);
	assert_string_equal(p.trace, want);
	assert_string_equal(websocket_reason(p.ws), want + 6);
	peer_stop(&p);
}

static void
test_close_reason(void **state)
{
	(void)state;
	close_with("", ">4001 ");
	close_with("replaced", ">4001 replaced");
	close_with(T123, ">4001 " T123);
	close_with(T123 "n", ">4001 " T123);
	/* Cut between characters. */
	close_with(T25 T25 T25 T25 "0123456789abcdefghijkl" E_ACUTE,
	    ">4001 " T25 T25 T25 T25 "0123456789abcdefghijkl");
	close_with(T25 T25 T25 T25 "0123456789abcdefghijk" E_ACUTE "x",
	    ">4001 " T25 T25 T25 T25 "0123456789abcdefghijk" E_ACUTE);
}

/* Closing from this side: what comes after it, and how it ends. */
static void
close_first(const struct wire *w, enum websocket_state after)
{
	struct evbuffer *stream;
	struct peer p;
	size_t role;

	for (role = 0; role < 2; role++) {
		peer_start(&p, roles[role], 100);
		assert_int_equal(websocket_end(p.ws), WEBSOCKET_NOT_ENDED);
		assert_int_equal(websocket_close(p.ws, 1001, "stop"), 0);
		assert_int_equal(websocket_close(p.ws, 1000, ""), -1);
		assert_int_equal(websocket_send(p.ws, "x", 1), -1);
		assert_int_equal(websocket_ping(p.ws, "x", 1), -1);
		assert_int_equal(websocket_state(p.ws), WEBSOCKET_CLOSING);
		stream = evbuffer_new();
		build(stream, w, roles[role]);
		peer_feed(&p, stream, 3);
		assert_int_equal(websocket_state(p.ws), after);
		assert_int_equal(websocket_end(p.ws), WEBSOCKET_BY_OWNER);
		assert_int_equal(websocket_code(p.ws), 1001);
		assert_string_equal(websocket_reason(p.ws), "stop");
		assert_int_equal(websocket_flush(p.ws), 0);
		peer_sent(&p, true);
		assert_string_equal(p.trace, ">1001 stop");
		evbuffer_free(stream);
		peer_stop(&p);
	}
}

static void
test_close_first(void **state)
{
	static const struct wire answered = { "", { TEXT("a"), PING("b"),
	    PONG("c"), BIG(0, 0x82, 200), CLOSE("\x03\xe9"), TEXT("d") }, "" };
	static const struct wire refused = { "", { TEXT("a"), LAST("b"),
	    CLOSE("\x03\xe9") }, "" };
	static const struct wire silent = { "", { TEXT("a"), PING("b") },
	    "" };

	(void)state;
	close_first(&answered, WEBSOCKET_DONE);
	close_first(&refused, WEBSOCKET_DONE);
	close_first(&silent, WEBSOCKET_CLOSING);
}

static void
test_done(void **state)
{
	struct evbuffer *stream;
	struct peer p;

	(void)state;
	stream = evbuffer_new();
	build(stream, &(struct wire){ "", { CLOSE(C1000) }, "" },
	    WEBSOCKET_SERVER);
	peer_start(&p, WEBSOCKET_SERVER, 100);
	peer_feed(&p, stream, SIZE_MAX);
	assert_int_equal(websocket_state(p.ws), WEBSOCKET_DONE);
	assert_int_equal(websocket_send(p.ws, "x", 1), -1);
	assert_int_equal(websocket_ping(p.ws, "x", 1), -1);
	assert_int_equal(websocket_close(p.ws, 1001, ""), -1);
	assert_int_equal(websocket_code(p.ws), 1000);
	/* What still comes is forgotten. */
	evbuffer_add(p.input, "xyz", 3);
	assert_int_equal(websocket_input(p.ws, p.input), WEBSOCKET_DONE);
	assert_int_equal(evbuffer_get_length(p.input), 0);
	peer_stop(&p);
	evbuffer_free(stream);
}

/* ---- Bounds ----------------------------------------------------------- */

static void
put_ping(struct evbuffer *stream, uint32_t n, enum websocket_role to)
{
	char data[125];
	struct frame frame = { FR_USED, 0x89, data, sizeof(data) };

	memset(data, 0, sizeof(data));
	snprintf(data, sizeof(data), "%u", n);
	put_frame(stream, &frame, to);
}

/* Takes the frames of output; the payload of the last one. */
static size_t
last_pong(struct peer *p, char *data, size_t size)
{
	size_t n;

	for (n = 0; take_frame(p, data, size) > 0; n++)
		;
	return (n);
}

static void
flood(enum websocket_role role, size_t backlog)
{
	struct evbuffer *stream;
	struct peer p;
	char data[256], *text;
	size_t most;
	uint32_t i;

	stream = evbuffer_new();
	peer_start(&p, role, 100);
	assert_non_null(text = calloc(1, backlog + 1));
	if (backlog > 0)
		assert_int_equal(websocket_send(p.ws, text, backlog), 0);
	most = evbuffer_get_length(p.output) + 2 * 131;
	if (most < WEBSOCKET_PONG_ROOM + 2 * 131)
		most = WEBSOCKET_PONG_ROOM + 2 * 131;
	for (i = 0; i < 20000; i++) {
		put_ping(stream, i, role);
		if (i % 100 == 99)
			peer_feed(&p, stream, SIZE_MAX);
		if (i % 100 == 99)
			evbuffer_drain(stream, evbuffer_get_length(stream));
		assert_true(evbuffer_get_length(p.output) <= most);
		assert_int_equal(websocket_flush(p.ws), 0);
	}
	assert_true(evbuffer_get_length(p.output) <= most);

	/* The latest ping is answered once there is room. */
	assert_true(last_pong(&p, data, sizeof(data)) > 1);
	assert_string_not_equal(data, "19999");
	assert_int_equal(websocket_flush(p.ws), 0);
	assert_int_equal(last_pong(&p, data, sizeof(data)), 1);
	assert_string_equal(data, "19999");
	assert_int_equal(websocket_flush(p.ws), 0);
	assert_int_equal(evbuffer_get_length(p.output), 0);

	/* And pings are answered again as they come. */
	evbuffer_drain(stream, evbuffer_get_length(stream));
	put_ping(stream, 7, role);
	put_ping(stream, 8, role);
	peer_feed(&p, stream, SIZE_MAX);
	assert_int_equal(last_pong(&p, data, sizeof(data)), 2);
	assert_string_equal(data, "8");
	free(text);
	peer_stop(&p);
	evbuffer_free(stream);
}

static void
test_ping_flood(void **state)
{
	(void)state;
	flood(WEBSOCKET_CLIENT, 0);
	flood(WEBSOCKET_SERVER, 0);
	flood(WEBSOCKET_SERVER, 100000);
}

/*
 * Where output never gets short, each pong waits for the one before it to be
 * sent and no longer.
 */
static void
test_pong_in_traffic(void **state)
{
	struct evbuffer *stream;
	static char text[20000];
	struct peer p;
	size_t len;
	uint32_t i;

	(void)state;
	memset(text, 'a', sizeof(text));
	stream = evbuffer_new();
	peer_start(&p, WEBSOCKET_SERVER, 100);
	assert_int_equal(websocket_send(p.ws, text, sizeof(text)), 0);
	for (i = 0; i < 10; i++) {
		put_ping(stream, i, WEBSOCKET_SERVER);
		peer_feed(&p, stream, SIZE_MAX);
		len = evbuffer_get_length(p.output);
		peer_feed(&p, stream, SIZE_MAX);
		assert_int_equal(evbuffer_get_length(p.output), len);
		assert_int_equal(websocket_send(p.ws, text, sizeof(text)), 0);
		/* All but the last message is sent, and one byte less. */
		len = evbuffer_get_length(p.output) - 20004;
		evbuffer_drain(p.output, len - 1);
		assert_int_equal(websocket_flush(p.ws), 0);
		assert_int_equal(evbuffer_get_length(p.output), 20005);
		evbuffer_drain(p.output, 1);
		assert_int_equal(websocket_flush(p.ws), 0);
		assert_int_equal(evbuffer_get_length(p.output), 20004 + 127);
		evbuffer_drain(stream, evbuffer_get_length(stream));
	}
	peer_stop(&p);
	evbuffer_free(stream);
}

/*
 * Pings take no memory, whether they are answered, wait for room or come
 * after a close frame; and none is answered after one.
 */
static void
test_ping_memory(void **state)
{
	static char text[20000];
	struct evbuffer *stream;
	struct peer p;
	size_t held;
	int i, step;

	(void)state;
	memset(text, 'a', sizeof(text));
	stream = evbuffer_new();
	for (i = 0; i < 100; i++)
		put_ping(stream, 1, WEBSOCKET_SERVER);
	peer_start(&p, WEBSOCKET_SERVER, 100);
	for (step = 0; step < 3; step++) {
		if (step == 1)
			assert_int_equal(websocket_send(p.ws, text,
			    sizeof(text)), 0);
		if (step == 2)
			assert_int_equal(websocket_close(p.ws, 1000, ""), 0);
		peer_feed(&p, stream, SIZE_MAX);
		held = heap_held();
		for (i = 0; i < 100; i++) {
			if (step == 0)
				evbuffer_drain(p.output, SIZE_MAX);
			peer_feed(&p, stream, SIZE_MAX);
		}
		assert_true(heap_held() <= held + 32768);
	}
	evbuffer_drain(p.output, evbuffer_get_length(p.output));
	assert_int_equal(websocket_flush(p.ws), 0);
	assert_int_equal(evbuffer_get_length(p.output), 0);
	peer_stop(&p);
	evbuffer_free(stream);
}

/* A message in a million fragments, then one in a million of a byte. */
static void
test_tiny_fragments(void **state)
{
	static const struct frame first = TEXT0(""), empty = MORE(""),
	    byte = MORE("a"), last = LAST("");
	struct evbuffer *many;
	struct peer p;
	size_t held;
	int i;

	(void)state;
	peer_start(&p, WEBSOCKET_SERVER, 1000000);
	many = evbuffer_new();
	for (i = 0; i < 1000; i++)
		put_frame(many, &empty, WEBSOCKET_SERVER);
	put_frame(p.input, &first, WEBSOCKET_SERVER);
	peer_feed(&p, many, SIZE_MAX);
	held = heap_held();
	for (i = 0; i < 999; i++)
		peer_feed(&p, many, SIZE_MAX);
	assert_int_equal(websocket_state(p.ws), WEBSOCKET_OPEN);
	assert_true(heap_held() <= held + 4096);
	evbuffer_drain(many, evbuffer_get_length(many));
	for (i = 0; i < 1000; i++)
		put_frame(many, &byte, WEBSOCKET_SERVER);
	for (i = 0; i < 1000; i++)
		peer_feed(&p, many, SIZE_MAX);
	/* The message, once, and what doubling leaves unused. */
	assert_true(heap_held() <= held + 1000000 + 8192);
	put_frame(p.input, &last, WEBSOCKET_SERVER);
	assert_int_equal(websocket_input(p.ws, p.input), WEBSOCKET_OPEN);
	assert_string_equal(p.trace, "[a*1000000]");
	assert_true(heap_held() <= held + 8192);
	evbuffer_free(many);
	peer_stop(&p);
}

/* What a header announces takes no memory. */
static void
test_announced(void **state)
{
	static const struct frame huge = BIG(FR_HEAD, 0x82, 500000000);
	struct peer p;
	size_t held;

	(void)state;
	peer_start(&p, WEBSOCKET_CLIENT, 1000000000);
	held = heap_held();
	put_frame(p.input, &huge, WEBSOCKET_CLIENT);
	assert_int_equal(websocket_input(p.ws, p.input), WEBSOCKET_OPEN);
	assert_true(heap_held() <= held + 8192);
	peer_stop(&p);
}

static void
test_limits(void **state)
{
	struct evbuffer *output;

	(void)state;
	output = evbuffer_new();
	assert_null(websocket_new(WEBSOCKET_CLIENT, SIZE_MAX, output,
	    &(struct websocket_cb){ NULL, NULL }, NULL));
	websocket_free(NULL);
	evbuffer_free(output);
}

/* Output that takes nothing, at each place that appends to it. */
static void
test_no_output(void **state)
{
	static const struct frame ping = PING("x"), close = CLOSE(C1000),
	    bad = LAST("x");
	struct peer p;
	int i, n;

	(void)state;
	for (i = 0; i < 6; i++) {
		peer_start(&p, WEBSOCKET_CLIENT, 100);
		evbuffer_freeze(p.output, 0);
		no_entropy = i == 5;
		if (no_entropy)
			evbuffer_unfreeze(p.output, 0);
		n = -1;
		if (i == 0 || i == 5)
			n = websocket_send(p.ws, "x", 1);
		else if (i == 1)
			n = websocket_ping(p.ws, "x", 1);
		else if (i == 2)
			n = websocket_close(p.ws, 1000, "x");
		else
			put_frame(p.input, i == 3 ? &ping : &bad,
			    WEBSOCKET_CLIENT);
		put_frame(p.input, &close, WEBSOCKET_CLIENT);
		assert_int_equal(n, -1);
		assert_int_equal(websocket_state(p.ws), i < 3 || i == 5 ?
		    WEBSOCKET_DONE : WEBSOCKET_OPEN);
		assert_int_equal(websocket_input(p.ws, p.input),
		    WEBSOCKET_DONE);
		assert_int_equal(websocket_state(p.ws), WEBSOCKET_DONE);
		assert_int_equal(websocket_code(p.ws), i == 2 ? 1000 :
		    i == 4 ? 1002 : 1011);
		no_entropy = false;
		evbuffer_unfreeze(p.output, 0);
		assert_int_equal(websocket_send(p.ws, "x", 1), -1);
		assert_int_equal(websocket_flush(p.ws), 0);
		assert_int_equal(evbuffer_get_length(p.output), 0);
		peer_stop(&p);
	}
}

/* Every frame has a mask of its own, and few calls are made for them. */
static void
test_masks(void **state)
{
	uint8_t masks[100][4], frame[7];
	struct peer p;
	int i, k;

	(void)state;
	entropy_calls = 0;
	peer_start(&p, WEBSOCKET_CLIENT, 100);
	for (i = 0; i < 100; i++) {
		assert_int_equal(websocket_send(p.ws, "x", 1), 0);
		assert_int_equal(evbuffer_get_length(p.output), 7);
		evbuffer_remove(p.output, frame, sizeof(frame));
		assert_int_equal(frame[1], 0x81);
		assert_int_equal(frame[6] ^ frame[2], 'x');
		memcpy(masks[i], frame + 2, 4);
		for (k = 0; k < i; k++)
			assert_memory_not_equal(masks[k], masks[i], 4);
	}
	assert_int_equal(entropy_calls, 2);
	/* What is left is used up before it is missed. */
	no_entropy = true;
	for (i = 0; websocket_send(p.ws, "x", 1) == 0; i++)
		;
	no_entropy = false;
	assert_int_equal(i, 28);
	assert_int_equal(websocket_code(p.ws), 1011);
	peer_stop(&p);
}

/* ---- Callbacks that act ----------------------------------------------- */

static struct websocket *acting;
static struct evbuffer *acting_output;
static int calls;

static void
act(struct websocket *ws, const char *data, size_t len, void *arg)
{
	(void)arg;
	assert_ptr_equal(ws, acting);
	calls++;
	if (strcmp(data, "free") == 0) {
		websocket_free(ws);
		evbuffer_free(acting_output);
		assert_string_equal(data, "free");
	} else if (strcmp(data, "close") == 0)
		assert_int_equal(websocket_close(ws, 1008, "no"), 0);
	else if (strcmp(data, "ping") == 0)
		assert_int_equal(websocket_ping(ws, "x", 1), 0);
	else
		assert_int_equal(websocket_send(ws, data, len), 0);
}

static void
act_pong(struct websocket *ws, const uint8_t *data, size_t len, void *arg)
{
	(void)len;
	(void)arg;
	assert_ptr_equal(ws, acting);
	calls++;
	if (data != NULL && data[0] == 'f') {
		websocket_free(ws);
		evbuffer_free(acting_output);
	}
}

/* 0, or the final state; calls counts callbacks. */
static enum websocket_state
act_on(const struct wire *w, enum websocket_role role)
{
	static const struct websocket_cb cb = { act, act_pong };
	enum websocket_state state;
	struct evbuffer *input;
	struct peer p;

	calls = 0;
	memset(&p, 0, sizeof(p));
	p.role = role;
	p.output = acting_output = evbuffer_new();
	input = evbuffer_new();
	build(input, w, role);
	acting = p.ws = websocket_new(role, 100, acting_output, &cb, NULL);
	assert_non_null(acting);
	state = websocket_input(acting, input);
	if (state != WEBSOCKET_FREED) {
		peer_sent(&p, true);
		assert_string_equal(p.trace, w->want);
		websocket_free(acting);
		evbuffer_free(acting_output);
	}
	evbuffer_free(input);
	return (state);
}

static void
test_acting(void **state)
{
	static const struct wire answers = { "", { TEXT("a"), PING("x"),
	    TEXT("ping"), TEXT("b"), CLOSE(C1000) },
	    ">81 a>8a x>89 x>81 b>1000 " };
	static const struct wire closes = { "", { TEXT("a"), TEXT("close"),
	    TEXT("b"), PING(""), PONG(""), CLOSE("\x03\xf0") },
	    ">81 a>1008 no" };
	static const struct wire frees = { "", { TEXT("a"), TEXT("free"),
	    TEXT("b"), PING("x"), PONG("f"), CLOSE(C1000) }, "" };
	static const struct wire frees_in_pong = { "", { TEXT0("a"),
	    PONG("f"), PING("x"), LAST("b"), TEXT("c") }, "" };
	static const struct wire frees_after_close = { "", { TEXT("close"),
	    TEXT("free") }, ">1008 no" };
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_int_equal(act_on(&answers, roles[i]), WEBSOCKET_DONE);
		assert_int_equal(calls, 3);
		assert_int_equal(act_on(&closes, roles[i]), WEBSOCKET_DONE);
		assert_int_equal(calls, 2);
		assert_int_equal(act_on(&frees, roles[i]), WEBSOCKET_FREED);
		assert_int_equal(calls, 2);
		assert_int_equal(act_on(&frees_in_pong, roles[i]),
		    WEBSOCKET_FREED);
		assert_int_equal(calls, 1);
		assert_int_equal(act_on(&frees_after_close, roles[i]),
		    WEBSOCKET_CLOSING);
		assert_int_equal(calls, 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_send),
		cmocka_unit_test(test_masking_keys),
		cmocka_unit_test(test_close_reason),
		cmocka_unit_test(test_close_first),
		cmocka_unit_test(test_done),
		cmocka_unit_test(test_ping_flood),
		cmocka_unit_test(test_ping_memory),
		cmocka_unit_test(test_pong_in_traffic),
		cmocka_unit_test(test_tiny_fragments),
		cmocka_unit_test(test_announced),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_no_output),
		cmocka_unit_test(test_masks),
		cmocka_unit_test(test_acting),
	};

	return (cmocka_run_group_tests_name("websocket", tests, NULL, NULL));
}
