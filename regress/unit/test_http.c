/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/http.o common/http_syntax.o common/http_response.o */
/* libs: libevent */

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <event2/buffer.h>

#include "common/clock.h"
#include "common/http.h"
#include "common/http_syntax.h"
#include "regress/unit/http_cases.h"
#include "regress/unit/rnd.h"

static const struct http_limits limits = { MAX_HEADER, MAX_BODY };

static void trace_add(char *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

static void
trace_add(char *trace, const char *fmt, ...)
{
	va_list ap;
	size_t len;

	len = strlen(trace);
	va_start(ap, fmt);
	vsnprintf(trace + len, TRACE_MAX - len, fmt, ap);
	va_end(ap);
}

static void
trace_body(char *trace, const struct http_parser *p)
{
	const char *body;
	size_t i, len;

	body = http_body(p, &len);
	assert_int_equal(body[len], '\0');
	trace_add(trace, "[");
	for (i = 0; i < len; i++)
		trace_add(trace, "%c", body[i] == '\0' ? '?' : body[i]);
	trace_add(trace, "] %c", http_keepalive(p) ? '+' : '-');
}

/* Takes all events that input gives; true until a refusal. */
static bool
take(struct http_parser *p, struct evbuffer *input, char *trace, bool *inbody)
{
	for (;;) {
		switch (http_parse(p, input)) {
		case HTTP_MORE:
			assert_int_equal(evbuffer_get_length(input), 0);
			return (true);
		case HTTP_HEADER:
			assert_false(http_idle(p));
			trace_add(trace, "%c %s ", "GhPO"[http_method(p)],
			    http_path(p));
			*inbody = true;
			break;
		case HTTP_BODY:
			assert_true(http_idle(p));
			trace_body(trace, p);
			*inbody = false;
			break;
		case HTTP_BAD:
			trace_add(trace, "!%d", http_status(p));
			assert_non_null(http_reason(p));
			assert_int_equal(http_parse(p, input), HTTP_BAD);
			return (false);
		}
	}
}

/* Feeds in pieces of that size, the first of them of another. */
static void
feed(const struct wire *w, const struct http_limits *lim, size_t first,
    size_t piece, char *trace)
{
	struct http_parser *p;
	struct evbuffer *input;
	bool inbody, good;
	size_t i, n;

	assert_non_null(p = http_new(lim));
	assert_non_null(input = evbuffer_new());
	trace[0] = '\0';
	inbody = false;
	good = true;
	n = first;
	for (i = 0; i < w->len && good; i += n, n = piece) {
		if (n > w->len - i)
			n = w->len - i;
		evbuffer_add(input, w->in + i, n);
		good = take(p, input, trace, &inbody);
	}
	if (good && inbody)
		trace_add(trace, "?");
	if (good && http_in_header(p))
		trace_add(trace, "~");
	assert_int_equal(good && !inbody && http_idle(p),
	    good && !inbody && !http_in_header(p));
	evbuffer_free(input);
	http_free(p);
}

/* All at once, but every byte in a chain of its own. */
static void
feed_chains(const struct wire *w, char *trace)
{
	struct http_parser *p;
	struct evbuffer *input;
	bool inbody = false;
	size_t i;

	assert_non_null(p = http_new(&limits));
	assert_non_null(input = evbuffer_new());
	trace[0] = '\0';
	for (i = 0; i < w->len; i++)
		evbuffer_add_reference(input, w->in + i, 1, NULL, NULL);
	if (take(p, input, trace, &inbody)) {
		if (inbody)
			trace_add(trace, "?");
		if (http_in_header(p))
			trace_add(trace, "~");
	}
	evbuffer_free(input);
	http_free(p);
}

static void
check(const struct wire *w, const char *trace, const char *how, size_t at)
{
	if (strcmp(trace, w->out) != 0)
		fail_msg("%s (%s %zu): expected \"%s\", got \"%s\"", w->name,
		    how, at, w->out, trace);
}

static void
test_table(void **state)
{
	char trace[TRACE_MAX];
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		feed(&table[i], &limits, table[i].len, 1, trace);
		check(&table[i], trace, "whole", 0);
		feed(&table[i], &limits, 1, 1, trace);
		check(&table[i], trace, "bytes", 1);
		feed_chains(&table[i], trace);
		check(&table[i], trace, "chains", 1);
		for (n = 1; n < table[i].len; n++) {
			feed(&table[i], &limits, n, table[i].len, trace);
			check(&table[i], trace, "split at", n);
		}
	}
}

/* Checks the outcome of a text that is made by the test. */
static void
check_made(const char *name, const char *in, size_t len, const char *out)
{
	struct wire w;
	char trace[TRACE_MAX];

	w.name = name;
	w.in = in;
	w.len = len;
	w.out = out;
	feed(&w, &limits, len, 1, trace);
	check(&w, trace, "whole", 0);
	feed(&w, &limits, 1, 1, trace);
	check(&w, trace, "bytes", 1);
}

/* A header section of len bytes in all, filled up with one field. */
static size_t
make_header(char *buf, size_t size, size_t len, const char *more)
{
	int n;

	n = snprintf(buf, size, P H "%sX: %0*d\r\n\r\n", more,
	    (int)(len - strlen(P H "X: \r\n\r\n") - strlen(more)), 0);
	assert_int_equal(n, len);
	return ((size_t)n);
}

static void
test_header_limit(void **state)
{
	char buf[1024];
	size_t len;

	(void)state;
	len = make_header(buf, sizeof(buf), MAX_HEADER, "");
	check_made("at the limit", buf, len, "P / [] +");
	len = make_header(buf + 2, sizeof(buf) - 2, MAX_HEADER, "");
	memcpy(buf, "\r\n", 2);
	check_made("at the limit, empty line", buf, len + 2, "P / [] +");
	len = make_header(buf, sizeof(buf), MAX_HEADER + 1, "");
	check_made("one over", buf, len, "!431");
	check_made("one over, last missing", buf, len - 1, "~");
	memset(buf, 'a', sizeof(buf));
	check_made("no line, at the limit", buf, MAX_HEADER, "~");
	check_made("no line", buf, MAX_HEADER + 1, "!431");
	memcpy(buf, "GET /", 5);
	check_made("target, at the limit", buf, MAX_HEADER, "~");
	check_made("target over it", buf, MAX_HEADER + 1, "!414");
	memcpy(buf, "\r\nGET /", 7);
	check_made("after an empty line", buf, MAX_HEADER + 3, "!414");
	len = make_header(buf, sizeof(buf), MAX_HEADER, CH);
	memcpy(buf + len, "0\r\n\r\n", 5);
	check_made("at the limit, chunked", buf, len + 5, "P / [] +");
}

/* A chunked body whose extension, or trailer, has len bytes. */
static size_t
make_chunked(char *buf, size_t size, const char *before, size_t len,
    const char *after)
{
	size_t n;

	n = (size_t)snprintf(buf, size, P H CH "\r\n%s", before);
	assert_true(n + len + strlen(after) < size);
	memset(buf + n, 'x', len);
	memcpy(buf + n + len, after, strlen(after));
	return (n + len + strlen(after));
}

static void
test_chunk_limits(void **state)
{
	char buf[2048];
	size_t len;

	(void)state;
	/* The last line needs two bytes of the same allowance. */
	len = make_chunked(buf, sizeof(buf), "0;", MAX_HEADER - 3,
	    "\r\n\r\n");
	check_made("extension at the limit", buf, len, "P / [] +");
	len = make_chunked(buf, sizeof(buf), "1;", MAX_HEADER - 1, "\r\na");
	check_made("extension takes all", buf, len, "P / ?");
	len = make_chunked(buf, sizeof(buf), "1;", MAX_HEADER, "\r\na");
	check_made("extension one over", buf, len, "P / !400");
	len = make_chunked(buf, sizeof(buf), "0000000000000001;", MAX_HEADER,
	    "\r\na");
	check_made("extension one over, zeros", buf, len, "P / !400");
	len = make_chunked(buf, sizeof(buf), "1;", 1500, "");
	check_made("extension without an end", buf, len, "P / !400");
	len = make_chunked(buf, sizeof(buf), "1;", MAX_HEADER - 11,
	    "\r\na\r\n1;123456789\r\nb\r\n1\r\nc");
	check_made("extensions together", buf, len, "P / ?");
	len = make_chunked(buf, sizeof(buf), "1;", MAX_HEADER - 11,
	    "\r\na\r\n1;1234567890\r\nb\r\n1\r\nc");
	check_made("extensions together, one over", buf, len, "P / !400");
	len = make_chunked(buf, sizeof(buf), "0\r\n", MAX_HEADER - 5,
	    ":\r\n\r\n");
	check_made("trailer at the limit", buf, len, "P / [] +");
	len = make_chunked(buf, sizeof(buf), "0\r\n", MAX_HEADER - 4,
	    ":\r\n\r\n");
	check_made("trailer one over", buf, len, "P / !431");
	len = make_chunked(buf, sizeof(buf), "0\r\n", 1500, "");
	check_made("trailer without an end", buf, len, "P / !431");
}

static struct http_parser *
parse_to(const char *in, enum http_event want, struct evbuffer **input)
{
	static const struct http_limits big = { 16384, 5242880 };
	struct http_parser *p;

	assert_non_null(p = http_new(&big));
	assert_non_null(*input = evbuffer_new());
	evbuffer_add(*input, in, strlen(in));
	assert_int_equal(http_parse(p, *input), want);
	return (p);
}

static void
test_fields(void **state)
{
	struct http_parser *p;
	struct evbuffer *in;
	const char *value, *path;
	char fill[4000];
	size_t len;

	(void)state;
	p = parse_to("POST /p?q HTTP/1.1\r\nHost:a\r\nX-One: \t b c\t \r\n"
	    "x-one: second\r\nEmpty: \t\r\n" CH "\r\n", HTTP_HEADER, &in);
	assert_string_equal(http_field(p, "x-oNE"), "b c");
	assert_string_equal(http_field(p, "host"), "a");
	assert_string_equal(http_field(p, "Empty"), "");
	assert_null(http_field(p, "X-On"));
	assert_null(http_field(p, "b c"));
	assert_int_equal(http_minor(p), 1);
	assert_true(http_has_body(p));
	value = http_field(p, "X-One");
	path = http_path(p);

	/* Long lines within the body must not move what was handed out. */
	memset(fill, 'x', sizeof(fill));
	evbuffer_add_printf(in, "1;%.*s\r\na\r\n0\r\nY: %.*s\r\n\r\n",
	    (int)sizeof(fill), fill, (int)sizeof(fill), fill);
	assert_int_equal(http_parse(p, in), HTTP_BODY);
	assert_string_equal(value, "b c");
	assert_string_equal(path, "/p");
	assert_ptr_equal(http_field(p, "X-One"), value);
	assert_null(http_field(p, "Y"));
	assert_string_equal(http_body(p, &len), "a");
	assert_int_equal(len, 1);

	evbuffer_add_printf(in, "GET / HTTP/1.0\r\n\r\n");
	assert_int_equal(http_parse(p, in), HTTP_HEADER);
	assert_null(http_field(p, "X-One"));
	assert_int_equal(http_minor(p), 0);
	assert_false(http_has_body(p));
	evbuffer_free(in);
	http_free(p);
}

static void
check_continue(const char *in, bool want)
{
	struct http_parser *p;
	struct evbuffer *input;

	p = parse_to(in, HTTP_HEADER, &input);
	assert_int_equal(http_wants_continue(p), want);
	assert_false(http_wants_continue(p));
	evbuffer_free(input);
	http_free(p);
}

/* The first one, in any case; that of one request alone. */
static void
test_content_type(void **state)
{
	struct http_parser *p;
	struct evbuffer *in;
	char fill[4000];

	(void)state;
	p = parse_to("POST / HTTP/1.1\r\nHost:a\r\nCONTENT-type: \t a/b \r\n"
	    "Content-Type: c/d\r\nContent-Typ: x\r\nContent-Length:0\r\n"
	    "\r\n", HTTP_HEADER, &in);
	assert_string_equal(http_content_type(p), "a/b");
	assert_ptr_equal(http_content_type(p), http_field(p, "content-type"));
	assert_int_equal(http_parse(p, in), HTTP_BODY);
	assert_string_equal(http_content_type(p), "a/b");

	memset(fill, 'x', sizeof(fill));
	evbuffer_add_printf(in, "GET / HTTP/1.1\r\nHost:a\r\nX:%.*s\r\n\r\n",
	    (int)sizeof(fill), fill);
	assert_int_equal(http_parse(p, in), HTTP_HEADER);
	assert_null(http_content_type(p));
	assert_int_equal(http_parse(p, in), HTTP_BODY);

	/* Where the section moves after it. */
	evbuffer_add_printf(in, "GET / HTTP/1.1\r\nHost:a\r\nContent-Type:\r\n"
	    "X:%.*s%.*s\r\n\r\n", (int)sizeof(fill), fill,
	    (int)sizeof(fill), fill);
	assert_int_equal(http_parse(p, in), HTTP_HEADER);
	assert_string_equal(http_content_type(p), "");
	evbuffer_free(in);
	http_free(p);
}

static void
test_continue(void **state)
{
	struct http_parser *p;
	struct evbuffer *in;

	(void)state;
#define X	"Expect: 100-continue\r\n"
	check_continue(P H X "Content-Length: 1\r\n\r\n", true);
	check_continue(P H X CH "\r\n", true);
	check_continue(P H X "Content-Length: 1\r\n\r\na", false);
	check_continue(P H X CH "\r\n1", false);
	check_continue(P H X "Content-Length: 0\r\n\r\n", false);
	check_continue(P H X "\r\n", false);
	check_continue(P H "Content-Length: 1\r\n\r\n", false);
	check_continue("POST / HTTP/1.0\r\n" X "Content-Length: 1\r\n\r\n",
	    false);

	/* Part of the body came before the question. */
	p = parse_to(P H X CH "\r\n", HTTP_HEADER, &in);
	evbuffer_add(in, "1", 1);
	assert_int_equal(http_parse(p, in), HTTP_MORE);
	assert_false(http_wants_continue(p));
	evbuffer_free(in);
	http_free(p);
	p = parse_to(P H X "Content-Length: 2\r\n\r\n", HTTP_HEADER, &in);
	assert_int_equal(http_parse(p, in), HTTP_MORE);
	assert_true(http_wants_continue(p));
	evbuffer_add(in, "1", 1);
	assert_int_equal(http_parse(p, in), HTTP_MORE);
	assert_false(http_wants_continue(p));
	evbuffer_free(in);
	http_free(p);
#undef X
}

static void
test_idle(void **state)
{
	struct http_parser *p;
	struct evbuffer *in;
	size_t i;
	static const char request[] = "\r\n" P H "Content-Length: 1\r\n\r\na";
	const size_t len = sizeof(request) - 1;

	(void)state;
	p = parse_to("", HTTP_MORE, &in);
	for (i = 0; i < len; i++) {
		assert_int_equal(http_idle(p), i <= 2);
		assert_int_equal(http_in_header(p), i > 2 && i < len - 1);
		evbuffer_add(in, request + i, 1);
		assert_int_equal(http_parse(p, in), i == len - 2 ?
		    HTTP_HEADER : i == len - 1 ? HTTP_BODY : HTTP_MORE);
	}
	assert_true(http_idle(p));
	assert_false(http_in_header(p));
	evbuffer_free(in);
	http_free(p);
}

/*
 * The memory of a large body is not kept for the next request, that of a
 * small one is; either can be dropped between them.
 */
static void
test_held(void **state)
{
	static const size_t sizes[] = { 10000, 100, 3000, 0, 20000 };
	static const struct http_limits lim = { 1024, 65536 };
	struct evbuffer *input;
	struct http_parser *p;
	char *body;
	size_t i, len;

	(void)state;
	assert_non_null(p = http_new(&lim));
	assert_non_null(input = evbuffer_new());
	assert_non_null(body = calloc(1, 20000));
	assert_null(http_field(p, "host"));
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		evbuffer_add_printf(input, "POST / HTTP/1.1\r\nHost: a\r\n"
		    "Content-Length: %zu\r\n\r\n", sizes[i]);
		assert_int_equal(http_parse(p, input), HTTP_HEADER);
		assert_true(http_held(p) <= 4096);
		if (i > 0 && sizes[i - 1] > 4096)
			assert_int_equal(http_held(p), 0);
		evbuffer_add(input, body, sizes[i]);
		assert_int_equal(http_parse(p, input), HTTP_BODY);
		(void)http_body(p, &len);
		assert_int_equal(len, sizes[i]);
		assert_true(http_held(p) >= sizes[i]);
	}
	assert_true(http_idle(p));
	http_drop_body(p);
	assert_int_equal(http_held(p), 0);
	/* The largest, in pieces that are no power of two: not a byte more. */
	evbuffer_add_printf(input, "POST / HTTP/1.1\r\nHost: a\r\n"
	    "Content-Length: 65536\r\n\r\n");
	assert_int_equal(http_parse(p, input), HTTP_HEADER);
	for (i = 0; i < 65536; i += len) {
		len = i < 60000 ? 20000 : 5536;
		evbuffer_add(input, body, len);
		assert_int_equal(http_parse(p, input), i + len < 65536 ?
		    HTTP_MORE : HTTP_BODY);
	}
	assert_int_equal(http_held(p), 65536);
	http_free(p);
	evbuffer_free(input);
	free(body);
}

/*
 * A peer that says a large length and sends little must not cost memory, and
 * one that sends single bytes must not cost more than linear time.
 */
static void
test_slow_body(void **state)
{
	struct http_parser *p;
	struct evbuffer *in;
	const size_t len = 5242880;
	size_t i, got;
	uint64_t start;
	const char *body;

	(void)state;
	p = parse_to(P H "Content-Length: 5242880\r\n\r\n", HTTP_HEADER, &in);
	start = clock_us();
	for (i = 0; i < len; i++) {
		evbuffer_add(in, &"abcdefg"[i % 7], 1);
		assert_true(http_parse(p, in) ==
		    (i + 1 < len ? HTTP_MORE : HTTP_BODY));
	}
	/* Some 0.3 s; a quadratic reader would take hours. */
	assert_true(clock_us() - start < 60 * 1000000);
	body = http_body(p, &got);
	assert_int_equal(got, len);
	for (i = 0; i < len; i += 4099)
		assert_int_equal(body[i], "abcdefg"[i % 7]);
	evbuffer_free(in);
	http_free(p);
}

/* Bodies and chunks in random pieces come out as they were. */
static void
test_random_chunks(void **state)
{
	struct http_parser *p;
	struct evbuffer *in;
	size_t i, n, len, total;
	const char *body;
	char block[300];

	(void)state;
	p = parse_to(P H CH "\r\n", HTTP_HEADER, &in);
	for (i = 0; i < sizeof(block); i++)
		block[i] = (char)(i * 7);
	for (seed = 1, total = 0, i = 0; i < 2000; i++) {
		n = rnd(sizeof(block) - 1) + 1;
		evbuffer_add_printf(in, "%zX\r\n", n);
		evbuffer_add(in, block, n);
		evbuffer_add(in, "\r\n", 2);
		assert_int_equal(http_parse(p, in), HTTP_MORE);
		total += n;
	}
	evbuffer_add(in, "0\r\n\r\n", 5);
	assert_int_equal(http_parse(p, in), HTTP_BODY);
	body = http_body(p, &len);
	assert_int_equal(len, total);
	for (seed = 1, i = 0, total = 0; i < 2000; i++, total += n) {
		n = rnd(sizeof(block) - 1) + 1;
		assert_memory_equal(body + total, block, n);
	}
	evbuffer_free(in);
	http_free(p);
}

/* Every single byte, put in every place of a request, never breaks it. */
static void
test_every_byte(void **state)
{
	static const char request[] = P H CH "\r\n3;a\r\nabc\r\n0\r\nX: y\r\n"
	    "\r\n" G H "\r\n";
	struct wire w;
	char one[TRACE_MAX], all[TRACE_MAX], in[sizeof(request)];
	size_t i;
	int c;

	(void)state;
	w.name = "every byte";
	w.in = in;
	w.len = sizeof(request) - 1;
	for (i = 0; i < w.len; i++) {
		memcpy(in, request, sizeof(in));
		for (c = 0; c < 256; c++) {
			in[i] = (char)c;
			feed(&w, &limits, 1, 1, one);
			feed(&w, &limits, w.len, 1, all);
			assert_string_equal(one, all);
		}
	}
}

static void
test_new(void **state)
{
	struct http_limits huge = { SIZE_MAX, 1 };

	(void)state;
	assert_null(http_new(&huge));
	huge.max_header = 1;
	huge.max_body = SIZE_MAX;
	assert_null(http_new(&huge));
	http_free(NULL);
}

/* Replaces the date, which must look like one. */
static char *
response(const struct http_response *r, size_t len)
{
	static char buf[1024];
	struct evbuffer *out;
	char *date, *end;
	char wday[4], month[4];
	int day, year, hour, min, sec, n;

	assert_non_null(out = evbuffer_new());
	assert_int_equal(http_respond(out, r, len), 0);
	n = evbuffer_remove(out, buf, sizeof(buf) - 1);
	assert_true(n > 0);
	buf[n] = '\0';
	evbuffer_free(out);
	if ((date = strstr(buf, "Date: ")) == NULL)
		return (buf);
	assert_int_equal(sscanf(date, "Date: %3s, %2d %3s %4d %2d:%2d:%2d GMT"
	    "\r\n", wday, &day, month, &year, &hour, &min, &sec), 7);
	assert_true(year >= 2026);
	end = strstr(date, "\r\n");
	assert_int_equal(end - date, strlen("Date: Sun, 06 Nov 1994 08:49:37 "
	    "GMT"));
	memmove(date + 6, end, strlen(end) + 1);
	return (buf);
}

static void
test_respond(void **state)
{
	struct http_response r;
	struct evbuffer *out;
	char fill[1024];

	(void)state;
	memset(&r, 0, sizeof(r));
	r.status = 200;
	r.content_type = "application/json";
	assert_string_equal(response(&r, 42), "HTTP/1.1 200 OK\r\nDate: \r\n"
	    "Content-Type: application/json\r\nContent-Length: 42\r\n\r\n");
	r.close = true;
	r.keepalive10 = true;
	r.status = 405;
	r.allow = "GET, POST";
	assert_string_equal(response(&r, 1), "HTTP/1.1 405 Method Not Allowed"
	    "\r\nDate: \r\nContent-Type: application/json\r\n"
	    "Content-Length: 1\r\nAllow: GET, POST\r\nConnection: close\r\n"
	    "\r\n");
	memset(&r, 0, sizeof(r));
	r.status = 503;
	r.retry_after = 1;
	r.keepalive10 = true;
	assert_string_equal(response(&r, 0), "HTTP/1.1 503 Service Unavailable"
	    "\r\nDate: \r\nContent-Length: 0\r\nRetry-After: 1\r\n"
	    "Connection: keep-alive\r\n\r\n");
	r.retry_after = INT_MAX;
	r.status = 200;
	r.content_type = "application/json";
	assert_string_equal(response(&r, SIZE_MAX), "HTTP/1.1 200 OK\r\nDate: "
	    "\r\nContent-Type: application/json\r\nContent-Length: "
	    "18446744073709551615\r\nRetry-After: 2147483647\r\n"
	    "Connection: keep-alive\r\n\r\n");
	r.status = 100;
	assert_string_equal(response(&r, 0), "HTTP/1.1 100 Continue\r\n\r\n");
	/* What has no room is not sent in part. */
	r.status = 200;
	r.content_type = memset(fill, 'x', sizeof(fill) - 1);
	fill[sizeof(fill) - 1] = '\0';
	assert_non_null(out = evbuffer_new());
	assert_int_equal(http_respond(out, &r, 1), -1);
	assert_int_equal(evbuffer_get_length(out), 0);
	evbuffer_free(out);
	assert_string_equal(http_phrase(414), "URI Too Long");
	assert_string_equal(http_phrase(431),
	    "Request Header Fields Too Large");
	assert_string_equal(http_phrase(299), "Unknown");
}

static void
test_syntax(void **state)
{
	/* RFC 9110, 5.6.2. */
	static const char token[] = "!#$%&'*+-.^_`|~0123456789"
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	char text[] = "axz";
	uint64_t n;
	int c;

	(void)state;
	assert_true(http_content_length("18446744073709551615", &n));
	assert_true(n == UINT64_MAX);
	assert_true(http_content_length("18446744073709551614", &n));
	assert_true(n == UINT64_MAX - 1);
	assert_true(http_content_length("184467440737095516159", &n));
	assert_true(n == UINT64_MAX);
	for (c = 1; c <= UINT8_MAX; c++) {
		text[1] = (char)c;
		assert_true(http_is_token(text, 3) ==
		    (strchr(token, c) != NULL));
	}
	assert_false(http_is_token("", 0));
	assert_false(http_is_token("a\0b", 3));
	assert_true(http_is_host("", 0));
	assert_false(http_is_host("a\0", 2));
	assert_false(http_is_host("[]", 2));
	assert_true(http_is_host("[::ffff:1.2.3.4]", 16));
	assert_true(http_list_has("a,,close", "close"));
	assert_false(http_list_has("", "close"));
	assert_false(http_list_has(" , ", "close"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_header_limit),
		cmocka_unit_test(test_chunk_limits),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_content_type),
		cmocka_unit_test(test_continue),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_held),
		cmocka_unit_test(test_slow_body),
		cmocka_unit_test(test_random_chunks),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_new),
		cmocka_unit_test(test_respond),
		cmocka_unit_test(test_syntax)
	};

	return (cmocka_run_group_tests_name("http", tests, NULL, NULL));
}
