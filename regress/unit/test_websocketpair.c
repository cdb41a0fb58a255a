/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * Random streams of fixed seeds: the two roles against each other, valid
 * streams against what they must give, and broken ones.
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

#include <cmocka.h>

#include <event2/buffer.h>

#include "common/websocket.h"
#include "regress/unit/rnd.h"
#include "regress/unit/websocket_cases.h"
#include "regress/unit/websocket_util.h"

/* ---- The two roles against each other --------------------------------- */

/* Message n of a side is that many letters, or numbers, of its own. */
struct side {
	struct websocket	*ws;
	struct side		*peer;
	struct evbuffer		*output;
	uint32_t		 lengths[200];
	size_t			 sent;
	size_t			 taken;
	uint32_t		 pings;
	uint32_t		 ponged;
};

static char text[70000];

static void
on_message(struct websocket *ws, const char *data, size_t len, void *arg)
{
	struct side *s = arg, *from = s->peer;

	assert_ptr_equal(ws, s->ws);
	assert_true(s->taken < from->sent);
	assert_int_equal(len, from->lengths[s->taken]);
	assert_memory_equal(data, text + s->taken, len);
	s->taken++;
}

static void
on_pong(struct websocket *ws, const uint8_t *data, size_t len, void *arg)
{
	struct side *s = arg;
	uint32_t n;

	(void)ws;
	assert_int_equal(len, sizeof(n));
	memcpy(&n, data, sizeof(n));
	assert_true(n > s->ponged && n <= s->pings);
	s->ponged = n;
}

static void
act(struct side *s)
{
	uint32_t len;

	if (rnd(4) == 0) {
		s->pings++;
		assert_int_equal(websocket_ping(s->ws, &s->pings, 4), 0);
		return;
	}
	if (s->sent == 200)
		return;
	len = rnd(3) == 0 ? rnd(3000) : rnd(200);
	if (rnd(20) == 0)
		len = 65536 - 100 + rnd(200);
	s->lengths[s->sent] = len;
	assert_int_equal(websocket_send(s->ws, text + s->sent, len), 0);
	s->sent++;
}

/* Some bytes of what s has sent, or all, to the other side. */
static void
carry(struct side *s, size_t most)
{
	struct evbuffer *part;
	enum websocket_state state;

	part = evbuffer_new();
	evbuffer_remove_buffer(s->output, part, most);
	state = websocket_input(s->peer->ws, part);
	assert_int_equal(state, websocket_state(s->peer->ws));
	assert_int_equal(evbuffer_get_length(part), 0);
	evbuffer_free(part);
	assert_int_equal(websocket_flush(s->ws), 0);
}

static void
carry_all(struct side *s)
{
	while (evbuffer_get_length(s->output) > 0 ||
	    evbuffer_get_length(s->peer->output) > 0) {
		carry(s, SIZE_MAX / 4);
		carry(s->peer, SIZE_MAX / 4);
	}
}

static void
end_pair(struct side *s)
{
	static const uint16_t good[] = { 1000, 1001, 1008, 4001 };
	uint16_t code;
	bool both;

	code = good[rnd(4)];
	both = rnd(3) == 0;
	assert_int_equal(websocket_close(s->ws, code, "the end"), 0);
	if (both)
		assert_int_equal(websocket_close(s->peer->ws, 1001, ""), 0);
	carry_all(s);
	assert_int_equal(websocket_state(s->ws), WEBSOCKET_DONE);
	assert_int_equal(websocket_state(s->peer->ws), WEBSOCKET_DONE);
	assert_int_equal(websocket_end(s->ws), WEBSOCKET_BY_OWNER);
	assert_int_equal(websocket_code(s->ws), code);
	assert_int_equal(websocket_end(s->peer->ws),
	    both ? WEBSOCKET_BY_OWNER : WEBSOCKET_BY_PEER);
	assert_int_equal(websocket_code(s->peer->ws), both ? 1001 : code);
	assert_string_equal(websocket_reason(s->peer->ws),
	    both ? "" : "the end");
}

static void
start_side(struct side *s, struct side *peer, enum websocket_role role)
{
	static const struct websocket_cb cb = { on_message, on_pong };

	memset(s, 0, sizeof(*s));
	s->peer = peer;
	s->output = evbuffer_new();
	s->ws = websocket_new(role, sizeof(text), s->output, &cb, s);
	assert_non_null(s->ws);
}

static void
run_pair(void)
{
	struct side sides[2], *s;
	int i;

	start_side(&sides[0], &sides[1], WEBSOCKET_CLIENT);
	start_side(&sides[1], &sides[0], WEBSOCKET_SERVER);
	for (i = 0; i < 300; i++) {
		s = &sides[rnd(2)];
		if (rnd(2) == 0)
			act(s);
		else
			carry(s, rnd(5) == 0 ? 100000 : rnd(300));
	}
	carry_all(sides);
	for (i = 0; i < 2; i++) {
		assert_int_equal(sides[i].taken, sides[!i].sent);
		assert_int_equal(sides[i].ponged, sides[i].pings);
		assert_int_equal(websocket_state(sides[i].ws),
		    WEBSOCKET_OPEN);
	}
	end_pair(&sides[rnd(2)]);
	for (i = 0; i < 2; i++) {
		websocket_free(sides[i].ws);
		evbuffer_free(sides[i].output);
	}
}

static void
test_pair(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(text); i++)
		text[i] = (char)('!' + i * 7 % 91);
	for (i = 0; i < 100; i++) {
		seed = i;
		run_pair();
	}
}

/* ---- Valid streams ---------------------------------------------------- */

#define MOST	1500

static void
put(struct evbuffer *stream, unsigned int b0, const char *data, size_t len,
    enum websocket_role to)
{
	struct frame frame = { FR_USED, b0, data, len };

	put_frame(stream, &frame, to);
}

static size_t
random_text(char *out)
{
	static const char *const chars[] = { "x", "\xc3\xa9",
	    "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\x7f", "\xed\x9f\xbf" };
	size_t i, n, len;

	n = rnd(12);
	for (i = len = 0; i < n; i++)
		len += (size_t)snprintf(out + len, 8, "%s", chars[rnd(6)]);
	out[len] = '\0';
	return (len);
}

/* A message in fragments, pings and pongs between them. */
static void
put_message(struct evbuffer *stream, enum websocket_role to, char *want,
    char *pongs)
{
	char message[64], control[4];
	size_t len, at, n;
	unsigned int b0;

	len = random_text(message);
	b0 = 1 + rnd(2);
	for (at = 0; rnd(3) != 0; b0 = 0) {
		n = rnd((uint32_t)(len - at) + 1);
		put(stream, b0, message + at, n, to);
		at += n;
		snprintf(control, sizeof(control), "%u", rnd(100));
		if (rnd(4) == 0) {
			put(stream, 0x89, control, strlen(control), to);
			strcat(strcat(pongs, ">"), control);
		} else if (rnd(4) == 0) {
			put(stream, 0x8a, control, strlen(control), to);
			strcat(strcat(strcat(want, "pong("), control), ")");
		}
	}
	put(stream, 0x80 | b0, message + at, len - at, to);
	strcat(strcat(strcat(want, "["), message), "]");
}

static void
test_valid_streams(void **state)
{
	char want[2 * MOST], pongs[MOST];
	struct evbuffer *stream;
	enum websocket_role role;
	struct peer p;
	uint32_t i;

	(void)state;
	for (i = 0; i < 3000; i++) {
		seed = i;
		role = i % 2 == 0 ? WEBSOCKET_CLIENT : WEBSOCKET_SERVER;
		stream = evbuffer_new();
		want[0] = pongs[0] = '\0';
		while (strlen(want) < MOST / 4 && strlen(pongs) < MOST / 4)
			put_message(stream, role, want, pongs);
		if (rnd(2) == 0) {
			put(stream, 0x88, "\x03\xe9" E_ACUTE, 4, role);
			strcat(want, "<1001 " E_ACUTE ">");
		}
		strcat(want, pongs);
		peer_start(&p, role, 64);
		peer_feed(&p, stream, rnd(3) == 0 ? SIZE_MAX :
		    1 + rnd(30));
		peer_result(&p);
		if (strcmp(p.trace, want) != 0)
			fail_msg("seed %u: %s, not %s", i, p.trace, want);
		peer_stop(&p);
		evbuffer_free(stream);
	}
}

/* ---- Broken streams --------------------------------------------------- */

static void
spoil(struct evbuffer *stream)
{
	unsigned char *bytes;
	size_t len, n;

	len = evbuffer_get_length(stream);
	bytes = evbuffer_pullup(stream, -1);
	for (n = rnd(4); n > 0; n--)
		bytes[rnd((uint32_t)len)] ^= (unsigned char)(1 << rnd(8));
	if (rnd(10) == 0)
		for (n = 0; n < len; n++)
			bytes[n] = (unsigned char)rnd(256);
}

/*
 * Whatever comes: the same however it is cut, and what is sent in answer is
 * made of sound frames (peer_result looks at them).
 */
static void
test_broken_streams(void **state)
{
	char want[2 * MOST], pongs[MOST], first[TRACE_MAX];
	struct evbuffer *stream;
	enum websocket_role role;
	struct peer p;
	uint32_t i;
	int piece, refused;

	(void)state;
	refused = 0;
	for (i = 0; i < 5000; i++) {
		seed = 1000000 + i;
		role = i % 2 == 0 ? WEBSOCKET_CLIENT : WEBSOCKET_SERVER;
		stream = evbuffer_new();
		want[0] = pongs[0] = '\0';
		while (strlen(want) < MOST / 16 && strlen(pongs) < MOST / 16)
			put_message(stream, role, want, pongs);
		put(stream, 0x88, "\x03\xe9" E_ACUTE, 4, role);
		spoil(stream);
		for (piece = 0; piece < 3; piece++) {
			peer_start(&p, role, 64);
			peer_feed(&p, stream, piece == 0 ? SIZE_MAX :
			    piece == 1 ? 1 : 2 + rnd(30));
			peer_result(&p);
			if (piece == 0)
				memcpy(first, p.trace, sizeof(first));
			else
				assert_string_equal(p.trace, first);
			refused += websocket_end(p.ws) == WEBSOCKET_REFUSED;
			peer_stop(&p);
		}
		evbuffer_free(stream);
	}
	assert_in_range(refused, 5000, 14000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pair),
		cmocka_unit_test(test_valid_streams),
		cmocka_unit_test(test_broken_streams),
	};

	return (cmocka_run_group_tests_name("websocketpair", tests, NULL,
	    NULL));
}
