/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: regress/unit/alloc.o regress/faults/memory.o opsign/response.o
 * common/http_syntax.o */
/* libs: libevent */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <event2/buffer.h>

#include "opsign/response.h"
#include "regress/unit/alloc.h"

/* What a server may answer, and what it may not. */
static const struct response_limits limits = { 256, 64 };
static struct response_parser	*parser;
static struct evbuffer		*input;

static int
setup(void **state)
{
	(void)state;
	parser = response_new(&limits);
	input = evbuffer_new();
	return (parser != NULL && input != NULL ? 0 : -1);
}

static int
teardown(void **state)
{
	(void)state;
	response_free(parser);
	evbuffer_free(input);
	return (0);
}

static enum response_event
feed(const char *text, bool eof)
{
	assert_int_equal(evbuffer_add(input, text, strlen(text)), 0);
	return (response_parse(parser, input, eof));
}

/* A whole one, whose status and body are these. */
static const struct response *
done(const char *text, int status, const char *body)
{
	const struct response *r;

	assert_int_equal(feed(text, false), RESPONSE_DONE);
	r = response_get(parser);
	assert_int_equal(r->status, status);
	assert_string_equal(r->body, body);
	assert_int_equal(r->bodylen, strlen(body));
	return (r);
}

static void
refused(const char *text, const char *fault)
{
	void *state = NULL;

	teardown(&state);
	assert_int_equal(setup(&state), 0);
	assert_int_equal(feed(text, false), RESPONSE_BAD);
	assert_string_equal(response_fault(parser), fault);
	/* For good. */
	assert_int_equal(feed("HTTP/1.1 204 x\r\n\r\n", false), RESPONSE_BAD);
}

static void
test_plain(void **state)
{
	const struct response *r;

	(void)state;
	assert_true(response_idle(parser));
	assert_int_equal(feed("HTTP/1.1 200 OK\r\nContent-", false),
	    RESPONSE_MORE);
	assert_false(response_idle(parser));
	assert_int_equal(feed("Type: application/json; charset=utf-8\r\n"
	    "Content-Length: 5\r\n\r\nab", false), RESPONSE_MORE);
	r = done("cdeHTTP/1.1 404 Not\tFound\r\nContent-Length:0\r\n\r\n", 200,
	    "abcde");
	assert_true(r->json && r->reusable);
	assert_int_equal(r->retry_after, -1);
	/* The next one is there already, and has nothing of the first. */
	r = done("", 404, "");
	assert_string_equal(r->reason, "Not?Found");
	assert_false(r->json);
	assert_true(r->reusable);
	assert_int_equal(evbuffer_get_length(input), 0);
}

static void
test_chunked(void **state)
{
	(void)state;
	done("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
	    "3;name=\"x\"\r\nabc\r\n0A\r\n0123456789\r\n000\r\n"
	    "Expires: never\r\n\r\n", 200, "abc0123456789");
	done("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "0\r\n\r\n", 200, "");
}

static void
test_connection(void **state)
{
	(void)state;
	assert_false(done("HTTP/1.1 200 OK\r\nConnection: Close\r\n"
	    "Content-Length: 0\r\n\r\n", 200, "")->reusable);
	assert_false(done("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
	    200, "")->reusable);
	assert_true(done("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n"
	    "Connection: keep-alive\r\n\r\n", 200, "")->reusable);
}

static void
test_end_of_connection(void **state)
{
	const struct response *r;

	(void)state;
	assert_int_equal(feed("HTTP/1.1 502 Bad Gateway\r\n\r\n<html>",
	    false), RESPONSE_MORE);
	assert_int_equal(feed("x", true), RESPONSE_DONE);
	r = response_get(parser);
	assert_string_equal(r->body, "<html>x");
	assert_false(r->reusable);
	/* One that is cut off is not whole. */
	assert_int_equal(feed("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"
	    "ab", true), RESPONSE_MORE);
}

static void
test_fields(void **state)
{
	const struct response *r;

	(void)state;
	r = done("HTTP/1.1 503 Service Unavailable\r\nretry-after: 7\r\n"
	    "Content-Length: 0\r\n\r\n", 503, "");
	assert_int_equal(r->retry_after, 7);
}

static void
test_location(void **state)
{
	const struct response *r;

	(void)state;
	r = done("HTTP/1.1 302 Found\r\nLocation: https://x.example/\xc3\xa4"
	    "\r\nRetry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n"
	    "Content-Length: 0\r\n\r\n", 302, "");
	assert_string_equal(r->location, "https://x.example/??");
	assert_int_equal(r->retry_after, -1);
}

static void
test_without_body(void **state)
{
	(void)state;
	done("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", 204, "");
	done("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304,
	    "");
}

static void
test_interim(void **state)
{
	static const char one[] = "HTTP/1.1 100 Continue\r\n"
	    "Content-Length: 999\r\n\r\n";
	int i;

	(void)state;
	for (i = 0; i < 8; i++)
		assert_int_equal(feed(one, false), RESPONSE_MORE);
	assert_false(response_idle(parser));
	done("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, "x");
	for (i = 0; i < 8; i++)
		assert_int_equal(feed(one, false), RESPONSE_MORE);
	assert_int_equal(feed(one, false), RESPONSE_BAD);
	assert_string_equal(response_fault(parser),
	    "too many interim answers");
}

/* However the network cuts it. */
static void
test_pieces(void **state)
{
	static const char text[] = "HTTP/1.1 200 OK\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n3;name=\"x\"\r\nabc\r\n"
	    "0A\r\n0123456789\r\n0\r\nExpires: never\r\n\r\n";
	char piece[2] = { 0, 0 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(text) - 2; i++) {
		piece[0] = text[i];
		assert_int_equal(feed(piece, false), RESPONSE_MORE);
	}
	assert_false(response_idle(parser));
	done("\n", 200, "abc0123456789");
	assert_true(response_idle(parser));
}

static void
test_blanks(void **state)
{
	const struct response *r;

	(void)state;
	r = done("HTTP/1.1 200\r\nContent-Length: \t 2 \t \r\n"
	    "Retry-After:9\t\r\nContent-Type:application/json\t; x=y\r\n"
	    "Location: \t \r\n\r\nab", 200, "ab");
	assert_int_equal(r->retry_after, 9);
	assert_true(r->json);
	assert_string_equal(r->reason, "");
	assert_string_equal(r->location, "");
}

/* Over all chunks there are as many bytes for them as for a header. */
static void
test_extensions(void **state)
{
	static const char chunk[] = "1;123456789012345678901234567890\r\nx\r\n";
	int i;

	(void)state;
	assert_int_equal(feed("HTTP/1.1 200 OK\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n", false), RESPONSE_MORE);
	for (i = 0; i < 256 / 31; i++)
		assert_int_equal(feed(chunk, false), RESPONSE_MORE);
	assert_int_equal(feed("1;1234567\r\nx\r\n0\r\n\r\n", false),
	    RESPONSE_DONE);
	teardown(state);
	assert_int_equal(setup(state), 0);
	assert_int_equal(feed("HTTP/1.1 200 OK\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n", false), RESPONSE_MORE);
	for (i = 0; i < 256 / 31; i++)
		assert_int_equal(feed(chunk, false), RESPONSE_MORE);
	assert_int_equal(feed("1;12345678\r\n", false), RESPONSE_BAD);
	assert_string_equal(response_fault(parser),
	    "chunk extensions or trailers too long");
}

static void
test_limits(void **state)
{
	char text[512];
	int n;

	(void)state;
	teardown(state);
	assert_int_equal(setup(state), 0);
	/* A section of 256 bytes passes, one of 257 does not. */
	n = snprintf(text, sizeof(text), "HTTP/1.1 204 x\r\nX: ");
	memset(text + n, 'x', sizeof(text) - (size_t)n);
	memcpy(text + 252, "\r\n\r\n", 5);
	done(text, 204, "");
	memset(text + n, 'x', sizeof(text) - (size_t)n);
	memcpy(text + 253, "\r\n\r\n", 5);
	refused(text, "header section too long");
	/* And bodies of 64 and 65. */
	teardown(state);
	n = snprintf(text, sizeof(text), "HTTP/1.1 200 x\r\n"
	    "Content-Length: 64\r\n\r\n%064d", 0);
	assert_int_equal(setup(state), 0);
	done(text, 200, text + n - 64);
	refused("HTTP/1.1 200 x\r\nContent-Length: 65\r\n\r\n",
	    "body too long");
	refused("HTTP/1.1 200 x\r\nContent-Length: 18446744073709551616\r\n"
	    "\r\n", "body too long");
	refused("HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "41\r\n", "body too long");
	refused("HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "3\r\nabc\r\n3e\r\n", "body too long");
	refused("HTTP/1.1 200 x\r\n\r\n0123456789012345678901234567890123456"
	    "7890123456789012345678901234", "body too long");
}

static void
test_refused(void **state)
{
	static const struct {
		const char	*text;
		const char	*fault;
	} cases[] = {
		{ "SSH-2.0-x\r\n", "not HTTP/1.1" },
		{ "HTTP/2.0 200 OK\r\n\r\n", "not HTTP/1.1" },
		{ "\r\nHTTP/1.1 200 OK\r\n\r\n", "not HTTP/1.1" },
		{ "HTTP/1.x 200 OK\r\n\r\n", "not HTTP/1.1" },
		{ "HTTP/1.10 200 OK\r\n\r\n", "not HTTP/1.1" },
		{ "HTTP/1.1\t200 OK\r\n\r\n", "not HTTP/1.1" },
		{ "HTTP/1.1 20\r\n\r\n", "not HTTP/1.1" },
		{ "HTTP/1.1 200\nX: y\n\n", "bare LF" },
		{ "HTTP/1.1 200 \rx", "bare CR" },
		{ "HTTP/1.1 200 \x01\r\n", "control byte in the header" },
		{ "HTTP/1.1 20 OK\r\n\r\n", "malformed status line" },
		{ "HTTP/1.1 2000 OK\r\n\r\n", "malformed status line" },
		{ "HTTP/1.1 600 OK\r\n\r\n", "malformed status line" },
		{ "HTTP/1.1 200OK\r\n\r\n", "malformed status line" },
		{ "HTTP/1.1 101 x\r\n\r\n",
		    "an upgrade that nobody asked for" },
		{ "HTTP/1.1 200 x\r\n y: z\r\n\r\n", "folded field" },
		{ "HTTP/1.1 200 x\r\nname : z\r\n\r\n", "malformed field" },
		{ "HTTP/1.1 200 x\r\nname\r\n\r\n", "malformed field" },
		{ "HTTP/1.1 200 x\r\nContent-Length: 1\r\n"
		    "Content-Length: 1\r\n\r\n",
		    "malformed or repeated Content-Length" },
		{ "HTTP/1.1 200 x\r\nContent-Length: -1\r\n\r\n",
		    "malformed or repeated Content-Length" },
		{ "HTTP/1.1 200 x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
		    "a transfer coding that was not offered" },
		{ "HTTP/1.1 200 x\r\nContent-Encoding: gzip\r\n\r\n",
		    "a content coding that was not offered" },
		{ "HTTP/1.1 200 x\r\nContent-Length: 1\r\n"
		    "Transfer-Encoding: chunked\r\n\r\n",
		    "both Content-Length and Transfer-Encoding, or the "
		    "latter in HTTP/1.0" },
		{ "HTTP/1.0 200 x\r\nTransfer-Encoding: chunked\r\n\r\n",
		    "both Content-Length and Transfer-Encoding, or the "
		    "latter in HTTP/1.0" },
		{ "HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
		    "malformed chunk" },
		{ "HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n"
		    "1\r\nabc\r\n", "a chunk longer than its size" },
		{ "HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n"
		    "0\r\n folded\r\n\r\n", "folded field" },
		{ "HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n"
		    "0\r\nname\r\n\r\n", "malformed field" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		refused(cases[i].text, cases[i].fault);
}

/* ---- Memory ----------------------------------------------------------- */

static const struct response_limits large = { 256, 1024 * 1024 };

/* An answer of that length has been taken. */
static bool
takes(struct response_parser *p, size_t len)
{
	struct evbuffer *b;
	enum response_event event;
	char line[80], *body;

	alloc_pause();
	assert_non_null(b = evbuffer_new());
	assert_non_null(body = malloc(len));
	memset(body, 'b', len);
	snprintf(line, sizeof(line), "HTTP/1.1 200 OK\r\n"
	    "Content-Length: %zu\r\n\r\n", len);
	assert_int_equal(evbuffer_add(b, line, strlen(line)), 0);
	assert_int_equal(evbuffer_add(b, body, len / 2), 0);
	alloc_resume();
	event = response_parse(p, b, false);
	alloc_pause();
	assert_int_equal(evbuffer_add(b, body, len - len / 2), 0);
	alloc_resume();
	if (event == RESPONSE_MORE)
		event = response_parse(p, b, false);
	alloc_pause();
	if (event == RESPONSE_DONE) {
		assert_int_equal(response_get(p)->bodylen, len);
		assert_memory_equal(response_get(p)->body, body, len);
	} else {
		assert_int_equal(event, RESPONSE_BAD);
		assert_string_equal(response_fault(p), "out of memory");
	}
	free(body);
	evbuffer_free(b);
	alloc_resume();
	return (event == RESPONSE_DONE);
}

static bool
two_answers(void *arg)
{
	struct response_parser *p;
	bool well;

	(void)arg;
	if ((p = response_new(&large)) == NULL)
		return (false);
	well = takes(p, 3000) && takes(p, 300000);
	response_free(p);
	return (well);
}

/* The parser, its line, and a body that grows four times. */
static void
test_memory(void **state)
{
	(void)state;
	assert_int_equal(alloc_each(two_answers, NULL, 0), 6);
	response_free(NULL);
}

/* What a long answer took is given back, what a short one took is kept. */
static void
test_kept(void **state)
{
	struct response_parser *p;
	struct evbuffer *b;
	int64_t before;

	(void)state;
	if (!memory_replaced)
		skip();
	assert_non_null(p = response_new(&large));
	assert_non_null(b = evbuffer_new());
	assert_true(takes(p, 65535));
	before = memory_live;
	assert_int_equal(response_parse(p, b, false), RESPONSE_MORE);
	assert_int_equal(memory_live, before);
	response_free(p);
	assert_non_null(p = response_new(&large));
	assert_true(takes(p, 65536));
	before = memory_live;
	assert_int_equal(response_parse(p, b, false), RESPONSE_MORE);
	assert_int_equal(memory_live, before - 1);
	evbuffer_free(b);
	response_free(p);
}

/* Before they are added to. */
static void
test_largest_limits(void **state)
{
	struct response_limits most = { SIZE_MAX / 4 + 1, 1 };

	(void)state;
	assert_null(response_new(&most));
	most.max_header = 1;
	most.max_body = SIZE_MAX / 4 + 1;
	assert_null(response_new(&most));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_plain, setup, teardown),
		cmocka_unit_test_setup_teardown(test_chunked, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_connection, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_end_of_connection, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_location, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_fields, setup, teardown),
		cmocka_unit_test_setup_teardown(test_without_body, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_interim, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_pieces, setup, teardown),
		cmocka_unit_test_setup_teardown(test_blanks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_extensions, setup,
		    teardown),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_largest_limits),
		cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup,
		    teardown),
	};

	return (cmocka_run_group_tests_name("response", tests, NULL, NULL));
}
