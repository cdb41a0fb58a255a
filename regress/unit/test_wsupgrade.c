/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: common/wsupgrade.o common/base64.o common/http.o
 *	common/http_syntax.o common/http_response.o common/websocket.o
 *	common/jsonscan.o common/hex.o
 */
/* libs: libevent libcrypto wslay */

#include <errno.h>
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

#include "common/base64.h"
#include "common/http.h"
#include "common/websocket.h"
#include "common/wsupgrade.h"
#include "regress/unit/entropy.h"

#define KEY	"dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT	"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

static void
add(struct evbuffer *buf, const char *s)
{
	assert_int_equal(evbuffer_add(buf, s, strlen(s)), 0);
}

/* All of the buffer, as a string. */
static char *
drain(struct evbuffer *buf, char *out, size_t size)
{
	size_t len;

	len = evbuffer_get_length(buf);
	assert_true(len < size);
	assert_int_equal(evbuffer_remove(buf, out, len), len);
	out[len] = '\0';
	return (out);
}

static void
test_accept(void **state)
{
	char out[WSUPGRADE_ACCEPT_SIZE];

	(void)state;
	assert_int_equal(wsupgrade_init(), 0);
	assert_int_equal(wsupgrade_accept(out, KEY), 0);
	assert_string_equal(out, ACCEPT);
	assert_int_equal(wsupgrade_accept(out, "AAAAAAAAAAAAAAAAAAAAAA=="), 0);
	assert_string_equal(out, "ICX+Yqv66kxgM0FcWaLWlFLwTAI=");
}

/* ---- Client ----------------------------------------------------------- */

static void
test_request(void **state)
{
	char text[512], want[512], accept[WSUPGRADE_ACCEPT_SIZE];
	char key[WSUPGRADE_KEY_SIZE], last[WSUPGRADE_KEY_SIZE] = "";
	struct evbuffer *out;
	struct wsupgrade up;
	uint8_t nonce[18];
	const char *p;
	int i;

	(void)state;
	out = evbuffer_new();
	for (i = 0; i < 8; i++) {
		memset(&up, 0xff, sizeof(up));
		assert_int_equal(wsupgrade_request(&up, out,
		    "proxy.example:9989", "/ws"), 0);
		drain(out, text, sizeof(text));
		assert_non_null(p = strstr(text, "Sec-WebSocket-Key: "));
		snprintf(key, sizeof(key), "%s", p + 19);
		assert_int_equal(base64_decode(nonce, key, 24), 16);
		assert_string_not_equal(key, last);
		memcpy(last, key, sizeof(last));
		snprintf(want, sizeof(want), "GET /ws HTTP/1.1\r\n"
		    "Host: proxy.example:9989\r\nUpgrade: websocket\r\n"
		    "Connection: Upgrade\r\nSec-WebSocket-Key: %s\r\n"
		    "Sec-WebSocket-Version: 13\r\n\r\n", key);
		assert_string_equal(text, want);
		wsupgrade_accept(accept, key);
		assert_string_equal(up.accept, accept);
		assert_int_equal(up.used, 0);
		assert_int_equal(up.seen, 0);
		assert_string_equal(wsupgrade_error(&up), "");
	}
	assert_int_equal(wsupgrade_request(&up, out, "[::1]:1", "/ws?a=b"),
	    0);
	assert_non_null(strstr(drain(out, text, sizeof(text)),
	    "GET /ws?a=b HTTP/1.1\r\nHost: [::1]:1\r\n"));
	evbuffer_free(out);
}

static void
test_request_refused(void **state)
{
	static const struct {
		const char	*host;
		const char	*target;
	} bad[] = { { "", "/ws" }, { "a b", "/" }, { "a\r\nX: y", "/" },
	    { "a:b", "/" }, { "a/b", "/" }, { "a", "" }, { "a", "ws" },
	    { "a", "/w s" }, { "a", "/\r\nX: y" }, { "a", "/#x" },
	    { "a", "http://b/" }, { "a", "/\xff" }, { "a", "*" } };
	struct evbuffer *out;
	struct wsupgrade up;
	size_t i;

	(void)state;
	out = evbuffer_new();
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		errno = 0;
		if (wsupgrade_request(&up, out, bad[i].host, bad[i].target) !=
		    -1 || errno != EINVAL)
			fail_msg("taken: %s %s", bad[i].host, bad[i].target);
		assert_int_equal(evbuffer_get_length(out), 0);
	}
	no_entropy = true;
	assert_int_equal(wsupgrade_request(&up, out, "a", "/"), -1);
	assert_int_equal(evbuffer_get_length(out), 0);
	no_entropy = false;
	evbuffer_freeze(out, 0);
	assert_int_equal(wsupgrade_request(&up, out, "a", "/"), -1);
	assert_int_equal(errno, ENOMEM);
	evbuffer_free(out);
}

#define S	"HTTP/1.1 101 Switching Protocols\r\n"
#define U	"Upgrade: websocket\r\n"
#define C	"Connection: Upgrade\r\n"
#define A	"Sec-WebSocket-Accept: " ACCEPT "\r\n"
#define E	"\r\n"
#define LACKS	"proxy's answer lacks "
#define FIELD	"proxy's answer has a malformed field"
#define NOHTTP	"proxy's answer is not of HTTP/1.1: "
#define X50	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

/* NULL: taken, and "rest" is left; "": more is needed; else the error. */
static const struct answer {
	const char	*name;
	const char	*in;
	const char	*error;
} answers[] = {
	{ "plain", S U C A E "rest", NULL },
	{ "another order and case", "HTTP/1.1 101 \r\nCONNECTION:upgrade\r\n"
	    "sec-websocket-accept:\t" ACCEPT " \t\r\nupgrade: WebSocket\r\n"
	    E "rest", NULL },
	{ "lists", S "Upgrade: foo/1, websocket\r\n"
	    "Connection: keep-alive, Upgrade\r\n" A E "rest", NULL },
	{ "lists in several fields", S "Upgrade: foo\r\n" U
	    "Connection: keep-alive\r\n" C A E "rest", NULL },
	{ "other fields", S "Date: x\r\nServer: \xc3\xa9\r\nX:\r\n" U C A E
	    "rest", NULL },

	{ "nothing", "", "" },
	{ "part of the status", "HTTP/1.1 10", "" },
	{ "no end", S U C A, "" },
	{ "half an end", S U C A "\r", "" },

	{ "200", "HTTP/1.1 200 OK\r\n" U C A E, "proxy answered 200 OK" },
	{ "401", "HTTP/1.1 401 Unauthorized\r\n",
	    "proxy answered 401 Unauthorized" },
	{ "100", "HTTP/1.1 100 Continue\r\n" E S U C A E,
	    "proxy answered 100 Continue" },
	{ "102", "HTTP/1.1 102 x\r\n" U C A E, "proxy answered 102 x" },
	{ "no reason", "HTTP/1.1 503 \r\n", "proxy answered 503 " },
	{ "bad bytes", "HTTP/1.1 503 a\tb\x1b[1m\x7f\xff\"\\c\r\n",
	    "proxy answered 503 a?b?[1m??\"\\c" },
	{ "a long reason", "HTTP/1.1 503 " X50 X50 "\r\n",
	    "proxy answered 503 " X50 "xxxxxxxxxx" },
	{ "HTTP/1.0", "HTTP/1.0 101 x\r\n" U C A E,
	    NOHTTP "HTTP/1.0 101 x" },
	{ "HTTP/2", "HTTP/2 101 x\r\n", NOHTTP "HTTP/2 101 x" },
	{ "lower case", "http/1.1 101 x\r\n", NOHTTP "http/1.1 101 x" },
	{ "no space", "HTTP/1.1 101\r\n", NOHTTP "HTTP/1.1 101" },
	{ "1010", "HTTP/1.1 1010 x\r\n", NOHTTP "HTTP/1.1 1010 x" },
	{ "10", "HTTP/1.1 10 x y\r\n", NOHTTP "HTTP/1.1 10 x y" },
	{ "two spaces", "HTTP/1.1  101 x\r\n", NOHTTP "HTTP/1.1  101 x" },
	{ "empty line", E S U C A E, NOHTTP },
	{ "no HTTP", "SSH-2.0-x\r\n", NOHTTP "SSH-2.0-x" },

	{ "no Upgrade", S C A E, LACKS "Upgrade: websocket" },
	{ "another Upgrade", S "Upgrade: websockets\r\n" C A E,
	    LACKS "Upgrade: websocket" },
	{ "no Connection", S U A E, LACKS "Connection: Upgrade" },
	{ "another Connection", S U "Connection: close\r\n" A E,
	    LACKS "Connection: Upgrade" },
	{ "no Accept", S U C E, LACKS "Sec-WebSocket-Accept" },
	{ "another Accept", S U C
	    "Sec-WebSocket-Accept: S3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" E,
	    "proxy's Sec-WebSocket-Accept does not belong to the request" },
	{ "a longer Accept", S U C "Sec-WebSocket-Accept: " ACCEPT "x\r\n" E,
	    "proxy's Sec-WebSocket-Accept does not belong to the request" },
	{ "an empty Accept", S U C "Sec-WebSocket-Accept:\r\n" E,
	    "proxy's Sec-WebSocket-Accept does not belong to the request" },
	{ "two Accept", S U C A A E,
	    "proxy's answer has two Sec-WebSocket-Accept" },
	{ "extension", S U C A
	    "sec-websocket-extensions: permessage-deflate\r\n" E,
	    "proxy chose an extension that was not offered" },
	{ "empty extension", S U C A "Sec-WebSocket-Extensions:\r\n" E,
	    "proxy chose an extension that was not offered" },
	{ "subprotocol", S U C A "Sec-WebSocket-Protocol: x\r\n" E,
	    "proxy chose a subprotocol that was not offered" },

	{ "no colon", S U C A "x\r\n" E, FIELD },
	{ "no name", S U C A ": x\r\n" E, FIELD },
	{ "space before the colon", S U C "X : y\r\n" A E, FIELD },
	{ "folded", S U C A "X: y\r\n z\r\n" E, FIELD },
	{ "bare LF", S "Upgrade: websocket\n" C A E, FIELD },
	{ "bare CR", S U C A "X: a\rb\r\n" E, FIELD },
	{ "control byte", S U C A "X: a\x01\r\n" E, FIELD },
	{ "DEL", S U C A "X: a\x7f\r\n" E, FIELD },
};

static void
answer_in_pieces(const struct answer *a, size_t piece)
{
	enum wsupgrade_event event;
	struct wsupgrade up;
	struct evbuffer *in;
	char rest[64];
	size_t i, n;

	memset(&up, 0, sizeof(up));
	memcpy(up.accept, ACCEPT, sizeof(ACCEPT));
	in = evbuffer_new();
	event = wsupgrade_answer(&up, in);
	for (i = 0; i < strlen(a->in) && event == WSUPGRADE_MORE; i += n) {
		n = strlen(a->in) - i < piece ? strlen(a->in) - i : piece;
		evbuffer_add(in, a->in + i, n);
		event = wsupgrade_answer(&up, in);
	}
	if (a->error == NULL) {
		if (event != WSUPGRADE_DONE)
			fail_msg("%s: %s", a->name, wsupgrade_error(&up));
		evbuffer_add(in, a->in + i, strlen(a->in) - i);
		assert_string_equal(drain(in, rest, sizeof(rest)), "rest");
	} else if (a->error[0] == '\0') {
		assert_int_equal(event, WSUPGRADE_MORE);
	} else {
		if (event != WSUPGRADE_REFUSED ||
		    strcmp(wsupgrade_error(&up), a->error) != 0)
			fail_msg("%s: %s", a->name, wsupgrade_error(&up));
		assert_int_equal(wsupgrade_answer(&up, in),
		    WSUPGRADE_REFUSED);
	}
	evbuffer_free(in);
}

static void
test_answers(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		answer_in_pieces(&answers[i], SIZE_MAX);
		answer_in_pieces(&answers[i], 1);
		answer_in_pieces(&answers[i], 5);
	}
}

/* A NUL must end nothing early. */
static void
test_answer_nul(void **state)
{
	static const char *const parts[][2] = {
	    { S U C "Sec-WebSocket-Accept: " ACCEPT, "x\r\n" E },
	    { S U C A "X: a", "b\r\n" E }, { "HTTP/1.1 101", " x\r\n" } };
	struct wsupgrade up;
	struct evbuffer *in;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		memset(&up, 0, sizeof(up));
		memcpy(up.accept, ACCEPT, sizeof(ACCEPT));
		in = evbuffer_new();
		add(in, parts[i][0]);
		evbuffer_add(in, "", 1);
		add(in, parts[i][1]);
		assert_int_equal(wsupgrade_answer(&up, in),
		    WSUPGRADE_REFUSED);
		evbuffer_free(in);
	}
}

/* A header of that many bytes; in lines, or in one field. */
static enum wsupgrade_event
answer_of(size_t size, bool lines, size_t *left)
{
	static const char head[] = S U C A;
	enum wsupgrade_event event;
	struct wsupgrade up;
	struct evbuffer *in;
	size_t n;

	memset(&up, 0, sizeof(up));
	memcpy(up.accept, ACCEPT, sizeof(ACCEPT));
	in = evbuffer_new();
	add(in, head);
	for (n = sizeof(head) - 1; lines && n + 16 < size; n += 8)
		add(in, "X: yyy\r\n");
	add(in, "Z:");
	for (n += 2; n < size - 4; n++)
		add(in, "z");
	event = wsupgrade_answer(&up, in);
	if (event == WSUPGRADE_MORE) {
		add(in, "\r\n\r\n\x88");
		event = wsupgrade_answer(&up, in);
	}
	*left = evbuffer_get_length(in);
	if (event == WSUPGRADE_REFUSED)
		assert_string_equal(wsupgrade_error(&up),
		    "proxy's answer has too long a header");
	evbuffer_free(in);
	return (event);
}

static void
test_answer_too_long(void **state)
{
	size_t left;

	(void)state;
	assert_int_equal(answer_of(16384, false, &left), WSUPGRADE_DONE);
	assert_int_equal(left, 1);
	assert_int_equal(answer_of(16384, true, &left), WSUPGRADE_DONE);
	assert_int_equal(left, 1);
	assert_int_equal(answer_of(16385, false, &left), WSUPGRADE_REFUSED);
	assert_int_equal(answer_of(16385, true, &left), WSUPGRADE_REFUSED);
	assert_int_equal(answer_of(16389, false, &left), WSUPGRADE_REFUSED);
	/* Known before the line has come to its end. */
	assert_true(left > 16000);
	assert_int_equal(answer_of(100000, true, &left), WSUPGRADE_REFUSED);
}

/* ---- Server ----------------------------------------------------------- */

#define G	"GET /ws HTTP/1.1\r\nHost: a\r\n"
#define K	"Sec-WebSocket-Key: " KEY "\r\n"
#define V	"Sec-WebSocket-Version: 13\r\n"

static const struct request {
	const char	*name;
	const char	*in;
	int		 status;
} requests[] = {
	{ "plain", G U C K V E, 101 },
	{ "Firefox", G "Connection: keep-alive, Upgrade\r\n" U K V
	    "Sec-WebSocket-Extensions: permessage-deflate\r\n"
	    "Sec-WebSocket-Protocol: x\r\nOrigin: null\r\n" E, 101 },
	{ "case", G "upgrade: WEBSOCKET\r\nconnection: UPGRADE\r\n" K V E,
	    101 },
	{ "Upgrade as a list", G "Upgrade: h2c, websocket\r\n" C K V E, 101 },
	{ "empty body", G U C K V "Content-Length: 0\r\n" E, 101 },

	{ "POST", "POST /ws HTTP/1.1\r\nHost: a\r\n" U C K V E, 405 },
	{ "HEAD", "HEAD /ws HTTP/1.1\r\nHost: a\r\n" U C K V E, 405 },
	{ "HTTP/1.0", "GET /ws HTTP/1.0\r\nHost: a\r\n" U C K V E, 505 },
	{ "no Upgrade", G C K V E, 400 },
	{ "another Upgrade", G "Upgrade: h2c\r\n" C K V E, 400 },
	{ "no Connection", G U K V E, 400 },
	{ "another Connection", G U "Connection: close\r\n" K V E, 400 },
	{ "no version", G U C K E, 426 },
	{ "version 12", G U C K "Sec-WebSocket-Version: 12\r\n" E, 426 },
	{ "version 130", G U C K "Sec-WebSocket-Version: 130\r\n" E, 426 },
	{ "versions", G U C K "Sec-WebSocket-Version: 13, 8\r\n" E, 426 },
	{ "no key", G U C V E, 400 },
	{ "empty key", G U C V "Sec-WebSocket-Key:\r\n" E, 400 },
	{ "15 bytes", G U C V "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAA\r\n" E,
	    400 },
	{ "17 bytes", G U C V
	    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAA=\r\n" E, 400 },
	{ "18 bytes", G U C V
	    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAAA\r\n" E, 400 },
	{ "19 bytes", G U C V
	    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAAAAA==\r\n" E, 400 },
	{ "not base64", G U C V
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j*Q==\r\n" E, 400 },
	{ "unused bits", G U C V
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==\r\n" E, 400 },
	{ "body", G U C K V "Content-Length: 1\r\n" E, 400 },
	{ "chunks", G U C K V "Transfer-Encoding: chunked\r\n" E, 400 },
};

static void
check_refusal(const struct request *r, const char *text, const char *reason)
{
	char line[32];

	snprintf(line, sizeof(line), "HTTP/1.1 %d ", r->status);
	assert_non_null(reason);
	assert_ptr_equal(strstr(text, line), text);
	assert_null(strstr(text, "Unknown"));
	assert_non_null(strstr(text, "close\r\n"));
	assert_non_null(strstr(text, "Content-Length: 0\r\n"));
	assert_null(strstr(text, "Sec-WebSocket-Accept"));
	assert_int_equal(r->status == 426,
	    strstr(text, "Sec-WebSocket-Version: 13\r\n") != NULL);
	assert_int_equal(r->status == 405,
	    strstr(text, "Allow: GET\r\n") != NULL);
	assert_string_equal(strstr(text, "\r\n\r\n"), "\r\n\r\n");
}

static void
test_serve(void **state)
{
	static const struct http_limits limits = { 16384, 1024 };
	struct evbuffer *in, *out;
	struct http_parser *p;
	const char *reason;
	char text[1024], rest[16];
	size_t i;
	int status;

	(void)state;
	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		in = evbuffer_new();
		out = evbuffer_new();
		assert_non_null(p = http_new(&limits));
		add(in, requests[i].in);
		add(in, "rest");
		assert_int_equal(http_parse(p, in), HTTP_HEADER);
		reason = NULL;
		status = wsupgrade_serve(p, out, &reason);
		if (status != requests[i].status)
			fail_msg("%s: %d", requests[i].name, status);
		drain(out, text, sizeof(text));
		if (status == 101)
			assert_string_equal(text, S U C A E);
		else
			check_refusal(&requests[i], text, reason);
		assert_string_equal(drain(in, rest, sizeof(rest)), "rest");
		evbuffer_freeze(out, 0);
		assert_int_equal(wsupgrade_serve(p, out, &reason), -1);
		http_free(p);
		evbuffer_free(in);
		evbuffer_free(out);
	}
}

/* ---- Both ------------------------------------------------------------- */

static int got;

static void
on_message(struct websocket *ws, const char *data, size_t len, void *arg)
{
	(void)ws;
	(void)len;
	assert_string_equal(data, arg);
	got++;
}

/*
 * Client and server on two buffers, with websocket frames right behind the
 * handshake in both directions.
 */
static void
test_both(void **state)
{
	static const struct http_limits limits = { 16384, 1024 };
	static const struct websocket_cb cb = { on_message, NULL };
	static char to_server[] = "to the server", to_client[] = "to client";
	struct websocket *client, *server;
	struct evbuffer *up, *down;
	struct wsupgrade upgrade;
	struct http_parser *p;
	const char *reason;

	(void)state;
	up = evbuffer_new();
	down = evbuffer_new();
	assert_non_null(p = http_new(&limits));
	assert_int_equal(wsupgrade_request(&upgrade, up, "a", "/ws"), 0);
	client = websocket_new(WEBSOCKET_CLIENT, 100, up, &cb, to_client);
	assert_int_equal(websocket_send(client, to_server, 13), 0);

	assert_int_equal(http_parse(p, up), HTTP_HEADER);
	assert_string_equal(http_path(p), "/ws");
	assert_int_equal(wsupgrade_serve(p, down, &reason), 101);
	http_free(p);
	server = websocket_new(WEBSOCKET_SERVER, 100, down, &cb, to_server);
	assert_int_equal(websocket_input(server, up), WEBSOCKET_OPEN);
	assert_int_equal(got, 1);
	assert_int_equal(websocket_send(server, to_client, 9), 0);

	assert_int_equal(wsupgrade_answer(&upgrade, down), WSUPGRADE_DONE);
	assert_int_equal(websocket_input(client, down), WEBSOCKET_OPEN);
	assert_int_equal(got, 2);
	websocket_free(client);
	websocket_free(server);
	evbuffer_free(up);
	evbuffer_free(down);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accept),
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_request_refused),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_answer_nul),
		cmocka_unit_test(test_answer_too_long),
		cmocka_unit_test(test_serve),
		cmocka_unit_test(test_both),
	};

	return (cmocka_run_group_tests_name("wsupgrade", tests, NULL, NULL));
}
