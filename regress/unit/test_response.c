/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: opsign/response.o common/http_syntax.o */
/* libs: libevent */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <event2/buffer.h>

#include "opsign/response.h"

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
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		refused(cases[i].text, cases[i].fault);
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
		cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup,
		    teardown),
	};

	return (cmocka_run_group_tests_name("response", tests, NULL, NULL));
}
