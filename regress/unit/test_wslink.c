/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/wslink.o common/websocket.o common/jsonscan.o common/hex.o
 * common/handshake.o common/tlsconn.o common/tlsctx.o common/tlsio.o
 * common/tlspeer.o common/tlstrust.o
 * common/turn.o
 * regress/unit/tlspair.o regress/unit/wslink_util.o */
/* libs: libtls libssl libcrypto libevent wslay */

/* A link and a peer that does as the test says, over plain TCP. */

#include <sys/types.h>
#include <sys/socket.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include "common/tlsconn.h"
#include "common/wslink.h"
#include "regress/unit/tlspair.h"
#include "regress/unit/wslink_util.h"

/*
 * Over plain TCP: what the peer sends is bytes, and so is what it gets.  The
 * link is the server unless it says otherwise.
 */
struct script {
	struct event_base	*base;
	struct owner_of		 o;
	struct tlsconn		*conn;
	int			 ready;
	int			 fd;
	struct evbuffer		*sent;	/* by the link */
	bool			 fin;
	struct websocket	*ws;	/* the peer's */
	struct evbuffer		*out;
	int			 pongs;
	char			 pong[16];	/* the last */
	size_t			 got;	/* bytes of messages */
};

static void
peer_message(struct websocket *ws, const char *text, size_t len, void *arg)
{
	struct script *s = arg;

	(void)ws;
	(void)text;
	s->got += len;
}

static void
peer_pong(struct websocket *ws, const uint8_t *data, size_t len, void *arg)
{
	struct script *s = arg;

	(void)ws;
	s->pongs++;
	snprintf(s->pong, sizeof(s->pong), "%.*s", (int)len,
	    (const char *)data);
}

/* The connection alone; what is written first is in its input. */
static void
script_connect(struct script *s, const void *first, size_t len)
{
	int fds[2];

	memset(s, 0, sizeof(*s));
	assert_non_null(s->base = event_base_new());
	tcp_pair(fds);
	s->fd = fds[1];
	s->sent = evbuffer_new();
	assert_non_null(s->conn = tlsconn_accept(s->base, NULL, fds[0],
	    INPUT_SIZE, &before_link, &s->ready));
	assert_int_equal(send(s->fd, first, len, 0), len);
	while (s->ready == 0 ||
	    evbuffer_get_length(tlsconn_input(s->conn)) < len)
		event_base_loop(s->base, EVLOOP_ONCE);
}

static void
script_link(struct script *s, enum websocket_role role,
    const struct wslink_config *config)
{
	static const struct websocket_cb cb = { peer_message, peer_pong };

	CALL(s->o.l = wslink_new(s->base, role, s->conn, config, &link_cb,
	    &s->o));
	assert_non_null(s->o.l);
	assert_int_equal(s->o.messages, 0);
	s->out = evbuffer_new();
	assert_non_null(s->ws = websocket_new(role == WEBSOCKET_SERVER ?
	    WEBSOCKET_CLIENT : WEBSOCKET_SERVER, 16 << 20, s->out, &cb, s));
}

static void
script_start(struct script *s, const struct wslink_config *config)
{
	script_connect(s, "", 0);
	script_link(s, WEBSOCKET_SERVER, config);
}

static void
script_stop(struct script *s)
{
	wslink_free(s->o.l);
	websocket_free(s->ws);
	evbuffer_free(s->out);
	evbuffer_free(s->sent);
	if (s->fd != -1)
		close(s->fd);
	event_base_free(s->base);
}

static void
script_read(struct script *s)
{
	char buf[65536];
	ssize_t n;

	while ((n = recv(s->fd, buf, sizeof(buf), 0)) > 0)
		evbuffer_add(s->sent, buf, (size_t)n);
	s->fin |= n == 0;
}

/* What the peer's websocket has to say, as far as the socket takes it. */
static void
script_write(struct script *s)
{
	size_t len;
	ssize_t n;

	while ((len = evbuffer_get_length(s->out)) > 0) {
		len = len < 65536 ? len : 65536;
		n = send(s->fd, evbuffer_pullup(s->out, (ev_ssize_t)len), len,
		    MSG_NOSIGNAL);
		if (n <= 0)
			break;
		evbuffer_drain(s->out, (size_t)n);
	}
}

static void
script_put(struct script *s, const void *bytes, size_t len)
{
	assert_int_equal(send(s->fd, bytes, len, MSG_NOSIGNAL), len);
}

/* The peer neither reads nor answers. */
#define MUTE_UNTIL(s, cond)	do {					\
	while (!(cond))							\
		link_turn((s)->base);					\
} while (0)

/* It reads, and does as its websocket says. */
#define PEER_UNTIL(s, cond)	do {					\
	while (!(cond)) {						\
		script_write(s);					\
		link_turn((s)->base);					\
		script_read(s);						\
		websocket_input((s)->ws, (s)->sent);			\
	}								\
} while (0)

static void
test_left_over(void **state)
{
	struct script s;

	(void)state;
	/* A message came with the upgrade. */
	script_connect(&s, "\x81\x85\0\0\0\0hello", 11);
	script_link(&s, WEBSOCKET_SERVER, &usual);
	MUTE_UNTIL(&s, s.o.messages == 1);
	assert_string_equal(s.o.text, "hello");
	script_stop(&s);

	/* And the peer's half, and a half close before the link is there. */
	script_connect(&s, "\x81\x85\0\0\0\0hello\x81\x83\0\0\0\0", 17);
	script_link(&s, WEBSOCKET_SERVER, &usual);
	script_put(&s, "two", 3);
	shutdown(s.fd, SHUT_WR);
	MUTE_UNTIL(&s, s.o.ended);
	assert_int_equal(s.o.messages, 2);
	assert_string_equal(s.o.text, "two");
	expect_end(&s.o, true, 0, "the peer closed the connection without a "
	    "close frame");
	script_stop(&s);

	/* The whole life of a link; the previous owner had paused it. */
	script_connect(&s, "\x81\x85\0\0\0\0hello\x88\x82\0\0\0\0\x03\xe9",
	    19);
	tlsconn_pause(s.conn);
	script_link(&s, WEBSOCKET_SERVER, &usual);
	PEER_UNTIL(&s, s.fin);
	assert_int_equal(s.o.ended, 0);
	close(s.fd);
	s.fd = -1;
	MUTE_UNTIL(&s, s.o.ended);
	assert_int_equal(s.o.messages, 1);
	expect_end(&s.o, true, 1001, "no reason given");
	script_stop(&s);

	/* Paused, and nothing there: it goes on. */
	script_connect(&s, "", 0);
	tlsconn_pause(s.conn);
	script_link(&s, WEBSOCKET_SERVER, &usual);
	script_put(&s, "\x81\x85\0\0\0\0hello", 11);
	MUTE_UNTIL(&s, s.o.messages == 1);
	script_stop(&s);
}

static void
ignore(struct tlsconn *c, void *arg)
{
	(void)c;
	(void)arg;
}

static void
take_over(struct tlsconn *c, void *arg)
{
	struct script *s = arg;

	assert_ptr_equal(c, s->conn);
	script_link(s, WEBSOCKET_SERVER, &usual);
}

static void
no_end(struct tlsconn *c, enum tlsconn_end end, void *arg)
{
	(void)c;
	(void)end;
	(void)arg;
	fail_msg("the end of one that belongs to a link");
}

/* All of it and the end come in the turn in which the link begins. */
static void
check_taken_over(const void *bytes, size_t len)
{
	static const struct tlsconn_cb cb = { ignore, take_over, ignore,
	    no_end };
	struct script s = { 0 };
	int fds[2];

	assert_non_null(s.base = event_base_new());
	tcp_pair(fds);
	s.fd = fds[1];
	s.sent = evbuffer_new();
	script_put(&s, bytes, len);
	shutdown(s.fd, SHUT_WR);
	assert_non_null(s.conn = tlsconn_accept(s.base, NULL, fds[0],
	    INPUT_SIZE, &cb, &s));
	MUTE_UNTIL(&s, s.o.ended);
	assert_int_equal(s.o.messages, 1);
	assert_string_equal(s.o.text, "hello");
	assert_int_equal(s.o.by_peer, 1);
	if (len > 11)
		expect_end(&s.o, true, 1001, "no reason given");
	else
		expect_end(&s.o, true, 0, "the peer closed the connection "
		    "without a close frame");
	script_stop(&s);
}

static void
test_taken_over(void **state)
{
	(void)state;
	check_taken_over("\x81\x85\0\0\0\0hello", 11);
	check_taken_over("\x81\x85\0\0\0\0hello\x88\x82\0\0\0\0\x03\xe9",
	    19);
}

static void
test_pings(void **state)
{
	struct wslink_config c = usual;
	struct script s;
	uint64_t begun, last, least = UINT64_MAX, most = 0, now;
	unsigned char ping[10];
	int i;

	(void)state;
	c.ping = 80;
	script_start(&s, &c);
	last = begun = clock_us();
	for (i = 0; i < 20; i++) {
		while (recv(s.fd, ping, 10, 0) != 10)
			link_turn(s.base);
		assert_int_equal(ping[0], 0x89);
		assert_int_equal(ping[1], 8);
		now = clock_us();
		least = now - last < least ? now - last : least;
		most = now - last > most ? now - last : most;
		last = now;
	}
	/* The machine may be slow, not fast; they are not all alike. */
	assert_true(now - begun >= 20 * 64000);
	assert_true(most - least > 8000);
	script_stop(&s);

	/* The peer's are answered, and from a client they are masked. */
	script_connect(&s, "", 0);
	script_link(&s, WEBSOCKET_CLIENT, &usual);
	websocket_ping(s.ws, "abc", 3);
	PEER_UNTIL(&s, s.pongs == 1);
	script_stop(&s);
}

/* A pong with these 8 bytes, and a message after it, which is waited for. */
static void
script_pong(struct script *s, const uint8_t mark[8])
{
	static const char after[] = "\x81\x81\0\0\0\0x";
	char pong[] = "\x8a\x88\0\0\0\0........";
	int before = s->o.messages;

	memcpy(pong + 6, mark, 8);
	script_put(s, pong, 14);
	script_put(s, after, 7);
	MUTE_UNTIL(s, s->o.messages == before + 1);
}

/* From the last ping to its own pong, whatever the peer says beside that. */
static void
test_round_trip(void **state)
{
	struct wslink_config c = usual;
	struct script s;
	uint8_t ping[2][10], other[8];
	uint64_t before = clock_us(), early, late, first;

	(void)state;
	c.ping = 200;
	script_start(&s, &c);
	while (recv(s.fd, ping[0], 10, 0) != 10) {
		before = clock_us();
		link_turn(s.base);
	}
	early = clock_us();
	assert_int_equal(wslink_round_trip(s.o.l), 0);
	memcpy(other, ping[0] + 2, 8);
	other[7] ^= 1;
	script_pong(&s, other);
	assert_int_equal(wslink_round_trip(s.o.l), 0);
	late = clock_us();
	script_pong(&s, ping[0] + 2);
	first = wslink_round_trip(s.o.l);
	assert_true(first >= late - early);
	assert_true(first <= clock_us() - before);
	/* Once; and not after the next ping either. */
	script_pong(&s, ping[0] + 2);
	assert_int_equal(wslink_round_trip(s.o.l), first);
	while (recv(s.fd, ping[1], 10, 0) != 10)
		link_turn(s.base);
	assert_memory_not_equal(ping[0] + 2, ping[1] + 2, 8);
	late = clock_us();
	script_pong(&s, ping[0] + 2);
	assert_int_equal(wslink_round_trip(s.o.l), first);
	MUTE_UNTIL(&s, clock_us() - late > first);
	script_pong(&s, ping[1] + 2);
	assert_true(wslink_round_trip(s.o.l) > first);
	script_stop(&s);
}

static void
test_silence(void **state)
{
	struct wslink_config c = usual;
	struct script s;
	uint64_t begun;

	(void)state;
	c.ping = 30;
	c.dead = 150;
	begun = clock_us();
	script_start(&s, &c);
	MUTE_UNTIL(&s, s.o.ended);
	expect_end(&s.o, true, 0, "dead: nothing received for 150 ms");
	assert_true(clock_us() - begun >= 150000);
	script_stop(&s);

	/* A byte now and then is life, even of one message. */
	c.dead = 800;
	script_start(&s, &c);
	begun = clock_us();
	script_put(&s, "\x81\xff\0\0\0\0\0\x0f\xff\xff", 10);
	while (clock_us() - begun < 2000000) {
		script_put(&s, "x", 1);
		link_turn(s.base);
	}
	assert_int_equal(s.o.ended, 0);
	MUTE_UNTIL(&s, s.o.ended);
	assert_string_equal(s.o.reason, "dead: nothing received for 800 ms");
	assert_int_equal(s.o.messages, 0);
	script_stop(&s);
}

static void
test_never_reads(void **state)
{
	static const char text[65536];
	struct wslink_config c = usual;
	struct script s;
	size_t n;

	(void)state;
	c.max_output = 1 << 20;
	script_start(&s, &c);
	for (n = 0; wslink_open(s.o.l); n++) {
		in_call++;
		if (wslink_send(s.o.l, text, sizeof(text)) == -1)
			assert_int_equal(s.o.ended, 0);
		in_call--;
		assert_true(wslink_unsent(s.o.l) <= c.max_output);
		if (n % 8 == 0 && wslink_open(s.o.l))
			link_turn(s.base);
	}
	/* The kernel took some of it. */
	assert_true(n > 17);
	MUTE_UNTIL(&s, s.o.ended);
	assert_non_null(strstr(s.o.reason, "the peer does not read: "));
	assert_int_equal(s.o.by_peer, 0);
	assert_int_equal(s.o.code, 0);
	script_stop(&s);
}

/* Exactly as much as may wait, and a byte more. */
static void
test_max_output(void **state)
{
	static const char text[2000];
	struct wslink_config c = usual;
	struct script s;

	(void)state;
	c.max_output = 2000;
	script_start(&s, &c);
	CALL(assert_int_equal(wslink_send(s.o.l, text, 1000), 0));
	CALL(assert_int_equal(wslink_send(s.o.l, text, 2000 -
	    wslink_unsent(s.o.l)), 0));
	assert_true(wslink_open(s.o.l));
	PEER_UNTIL(&s, s.got > 1900);
	CALL(assert_int_equal(wslink_send(s.o.l, text, 1), 0));
	CALL(assert_int_equal(wslink_send(s.o.l, text, 2000), -1));
	assert_false(wslink_open(s.o.l));
	CALL(assert_int_equal(wslink_send(s.o.l, text, 1), -1));
	s.o.keep = true;
	MUTE_UNTIL(&s, s.o.ended);
	expect_end(&s.o, false, 0, "the peer does not read: 3 bytes wait, "
	    "and no room for 2000");
	script_stop(&s);

	/* Freed before the loop comes to tell it. */
	script_start(&s, &c);
	CALL(assert_int_equal(wslink_send(s.o.l, text, 2001), -1));
	link_drop(&s.o);
	link_turn(s.base);
	assert_int_equal(s.o.ended, 0);
	script_stop(&s);
}

/* One that talks but reads nothing of what waits for it. */
static void
test_deaf(void **state)
{
	static const char text[65536];
	static const char ping[] = "\x89\x80\0\0\0";
	struct wslink_config c = usual;
	struct script s;
	uint64_t begun = clock_us();
	ssize_t n;

	(void)state;
	c.ping = 50;
	c.dead = 300;
	script_start(&s, &c);
	while (wslink_unsent(s.o.l) < 3 * sizeof(text)) {
		CALL(assert_int_equal(wslink_send(s.o.l, text,
		    sizeof(text)), 0));
		event_base_loop(s.base, EVLOOP_NONBLOCK);
	}
	while (!s.o.ended) {
		/* A frame at a time goes, or nothing. */
		n = send(s.fd, ping, 6, MSG_NOSIGNAL);
		assert_true(n == 6 || n == -1);
		link_turn(s.base);
	}
	assert_true(clock_us() - begun >= 300000);
	assert_non_null(strstr(s.o.reason, "dead: the peer has read nothing "
	    "for 300 ms, "));
	assert_int_equal(s.o.by_peer, 1);
	script_stop(&s);
}

/* One that reads slowly is not dead. */
static void
test_slow(void **state)
{
	struct wslink_config c = usual;
	struct script s;
	char *text, buf[16384];
	size_t len = 6 << 20, total = 0;
	uint64_t begun = clock_us();
	ssize_t n;

	(void)state;
	c.ping = 20;
	c.dead = 800;
	assert_non_null(text = calloc(1, len));
	script_start(&s, &c);
	CALL(assert_int_equal(wslink_send(s.o.l, text, len), 0));
	while (clock_us() - begun < 2000000 || total < len) {
		assert_int_equal(s.o.ended, 0);
		if (clock_us() - begun > total * 2000000 / len &&
		    (n = recv(s.fd, buf, sizeof(buf), 0)) > 0)
			total += (size_t)n;
		send(s.fd, "\x8a\x80\0\0\0", 6, MSG_NOSIGNAL);
		link_turn(s.base);
	}
	assert_int_equal(s.o.ended, 0);
	free(text);
	script_stop(&s);
}

/* Pings without end: one that reads its pongs is served, */
static void
test_ping_flood(void **state)
{
	struct wslink_config c = usual;
	struct script s;
	int i;

	(void)state;
	script_start(&s, &usual);
	s.o.echo = true;
	for (i = 0; i < 50000; i++)
		websocket_ping(s.ws, "0123456789", 10);
	websocket_send(s.ws, "hello", 5);
	PEER_UNTIL(&s, s.got == 5);
	assert_true(s.pongs > 0);
	assert_int_equal(s.o.ended, 0);
	script_stop(&s);

	/* and gets the last of them, though there was no room for it; */
	script_start(&s, &usual);
	while (wslink_unsent(s.o.l) < WEBSOCKET_PONG_ROOM) {
		while (evbuffer_get_length(s.out) < 1 << 20)
			websocket_ping(s.ws, "0123456789", 10);
		script_write(&s);
		link_turn(s.base);
	}
	websocket_ping(s.ws, "last", 4);
	PEER_UNTIL(&s, strcmp(s.pong, "last") == 0);
	script_stop(&s);

	/* one that does not is dead after a while, and takes no memory. */
	c.dead = 3000;
	c.ping = 500;
	script_start(&s, &c);
	while (!s.o.ended) {
		for (i = 0; i < 5000 && evbuffer_get_length(s.out) < 1 << 20;
		    i++)
			websocket_ping(s.ws, "0123456789", 10);
		script_write(&s);
		link_turn(s.base);
		if (!s.o.ended)
			assert_true(wslink_unsent(s.o.l) < 32768);
	}
	/* Nor is it read from; whichever was seen first. */
	assert_true(strstr(s.o.reason, "dead: the peer has read nothing "
	    "for 3000 ms, ") != NULL || strstr(s.o.reason, "dead: nothing "
	    "received for 3000 ms") != NULL);
	script_stop(&s);
}

/* ---- Ends of a scripted peer ------------------------------------------- */

/* Bytes that are answered with a close frame. */
static void
check_refused(const void *bytes, size_t len, uint16_t code,
    const char *reason)
{
	struct script s;

	script_start(&s, &usual);
	script_put(&s, bytes, len);
	PEER_UNTIL(&s, s.fin);
	assert_int_equal(websocket_end(s.ws), WEBSOCKET_BY_PEER);
	assert_int_equal(websocket_code(s.ws), code);
	assert_string_equal(websocket_reason(s.ws), reason);
	/* It waits for the peer to read that, as long as it may. */
	assert_int_equal(s.o.ended, 0);
	close(s.fd);
	s.fd = -1;
	MUTE_UNTIL(&s, s.o.ended);
	expect_end(&s.o, false, code, reason);
	assert_int_equal(s.o.messages, 0);
	script_stop(&s);
}

static void
test_refused(void **state)
{
	static const char garbage[] = "GET / HTTP/1.1\r\n\r\n";

	(void)state;
	check_refused(garbage, sizeof(garbage) - 1, 1002, "malformed frame");
	/* Not masked; not UTF-8; over 1 MiB. */
	check_refused("\x81\x05hello", 7, 1002, "malformed frame");
	check_refused("\x81\x81\0\0\0\0\xff", 7, 1007,
	    "text that is not UTF-8");
	check_refused("\x81\xff\0\0\0\0\0\x10\0\x01\0\0\0\0x", 15, 1009,
	    "message too large");
}

static void
test_peer_closes(void **state)
{
	static const struct {
		uint16_t	 code;
		const char	*sent, *want;
	} cases[] = {
		{ 1000, "", "no reason given" },
		{ 1001, "going away", "going away" },
		{ 1008, "no such signer", "no such signer" },
		{ 4001, "replaced \x01\x7f", "replaced ??" }
	};
	struct script s;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		script_start(&s, &usual);
		websocket_close(s.ws, cases[i].code, cases[i].sent);
		PEER_UNTIL(&s, s.fin);
		assert_int_equal(websocket_state(s.ws), WEBSOCKET_DONE);
		close(s.fd);
		s.fd = -1;
		MUTE_UNTIL(&s, s.o.ended);
		expect_end(&s.o, true, cases[i].code, cases[i].want);
		script_stop(&s);
	}
	/* None at all: 1005. */
	script_start(&s, &usual);
	script_put(&s, "\x88\x80\0\0\0\0", 6);
	PEER_UNTIL(&s, s.fin);
	close(s.fd);
	s.fd = -1;
	MUTE_UNTIL(&s, s.o.ended);
	expect_end(&s.o, true, 1005, "no reason given");
	script_stop(&s);
}

static void
test_gone(void **state)
{
	static const char want[] = "the peer closed the connection without "
	    "a close frame";
	struct linger linger = { 1, 0 };
	struct script s;

	(void)state;
	script_start(&s, &usual);
	shutdown(s.fd, SHUT_WR);
	MUTE_UNTIL(&s, s.o.ended);
	expect_end(&s.o, true, 0, want);
	script_stop(&s);

	/* In the middle of a message, by a reset. */
	script_start(&s, &usual);
	script_put(&s, "\x81\x85\0\0\0\0he", 8);
	link_turn(s.base);
	setsockopt(s.fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(s.fd);
	s.fd = -1;
	MUTE_UNTIL(&s, s.o.ended);
	expect_end(&s.o, true, 0, want);
	assert_int_equal(s.o.messages, 0);
	script_stop(&s);
}

/* Ours was the first word, and no last one comes. */
static void
test_close_in_vain(void **state)
{
	struct wslink_config c = usual;
	struct script s;
	uint64_t begun;

	(void)state;
	c.close = 100;
	script_start(&s, &c);
	begun = clock_us();
	CALL(wslink_close(s.o.l, 1001, "stopping"));
	/* What it says instead is not heard, and is no answer. */
	while (!s.o.ended) {
		send(s.fd, "\x81\x85\0\0\0\0hello", 11, MSG_NOSIGNAL);
		link_turn(s.base);
	}
	assert_true(clock_us() - begun >= 100000);
	expect_end(&s.o, false, 1001, "stopping; no close frame from the "
	    "peer in time");
	assert_int_equal(s.o.messages, 0);
	script_stop(&s);

	script_start(&s, &c);
	CALL(wslink_close(s.o.l, 1001, "stopping"));
	shutdown(s.fd, SHUT_WR);
	MUTE_UNTIL(&s, s.o.ended);
	expect_end(&s.o, false, 1001, "stopping; the peer closed without a "
	    "close frame");
	script_stop(&s);

	/* It says farewell, and stays. */
	script_start(&s, &c);
	begun = clock_us();
	websocket_close(s.ws, 1000, "bye");
	PEER_UNTIL(&s, s.o.ended);
	assert_true(clock_us() - begun >= 100000);
	expect_end(&s.o, true, 1000, "bye");
	script_stop(&s);
}

/* In fragments, with a ping between them, a byte a segment. */
static void
test_fragments(void **state)
{
	static const char bytes[] = "\x01\x83\0\0\0\0one\x89\x80\0\0\0\0"
	    "\0\x80\0\0\0\0\0\x83\0\0\0\0two\x80\x85\0\0\0\0three"
	    "\x81\x81\0\0\0\0x";
	struct script s;
	size_t i;

	(void)state;
	script_start(&s, &usual);
	for (i = 0; i < sizeof(bytes) - 1; i++) {
		script_put(&s, bytes + i, 1);
		link_turn(s.base);
		if (s.o.messages == 0)
			s.o.text[0] = '\0';
		else if (s.o.messages == 1)
			assert_string_equal(s.o.text, "onetwothree");
	}
	PEER_UNTIL(&s, s.o.messages == 2 && s.pongs == 1);
	assert_string_equal(s.o.text, "x");
	script_stop(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_left_over),
		cmocka_unit_test(test_taken_over),
		cmocka_unit_test(test_pings),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_never_reads),
		cmocka_unit_test(test_max_output),
		cmocka_unit_test(test_deaf),
		cmocka_unit_test(test_slow),
		cmocka_unit_test(test_ping_flood),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_peer_closes),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_close_in_vain),
		cmocka_unit_test(test_fragments)
	};

	return (cmocka_run_group_tests_name("wslink", tests, pair_setup,
	    pair_teardown));
}
