/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/http.o common/http_syntax.o common/http_response.o */
/* libs: libevent */

/*
 * A stream of requests: what the parser makes of it must not depend on how
 * the network cuts it, and must keep to what common/http.h says.
 */

#include <event2/buffer.h>

#include "common/http.h"
#include "common/http_syntax.h"
#include "regress/fuzz/trace.h"

static const struct http_limits limits = { 512, 256 };

static void
trace_header(struct trace *t, const struct http_parser *h)
{
	static const char	*const fields[] = {
		"Host", "content-length", "Transfer-Encoding", "Content-Type",
		"Connection", "Expect", "Upgrade", "Sec-WebSocket-Key"
	};
	const char		*path = http_path(h), *value;
	size_t			 i, j;

	FUZZ_ASSERT(path != NULL && strlen(path) < limits.max_header);
	for (i = 0; path[i] != '\0'; i++)
		FUZZ_ASSERT(path[i] > ' ' && path[i] < 0x7f &&
		    path[i] != '?');
	fprintf(t->f, "%d %s %d %d %d\n", http_method(h), path,
	    http_keepalive(h), http_minor(h), http_has_body(h));
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if ((value = http_field(h, fields[i])) == NULL)
			continue;
		j = strlen(value);
		FUZZ_ASSERT(j < limits.max_header);
		FUZZ_ASSERT(j == 0 || (value[0] != ' ' && value[0] != '\t' &&
		    value[j - 1] != ' ' && value[j - 1] != '\t'));
		while (j-- > 0)
			FUZZ_ASSERT((unsigned char)value[j] >= ' ' ||
			    value[j] == '\t');
		fprintf(t->f, "%s: %s\n", fields[i], value);
	}
	if ((value = http_field(h, "Host")) != NULL)
		FUZZ_ASSERT(value[strspn(value, "abcdefghijklmnopqrstuvwxyz"
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~%!$&'()*+,;=:[]")]
		    == '\0');
	/* What a smuggler would like. */
	FUZZ_ASSERT(http_field(h, "Content-Length") == NULL ||
	    http_field(h, "Transfer-Encoding") == NULL);
	FUZZ_ASSERT(http_minor(h) == 0 || http_field(h, "Host") != NULL);
}

static void
trace_body(struct trace *t, const struct http_parser *h)
{
	const char	*body;
	size_t		 len;

	body = http_body(h, &len);
	FUZZ_ASSERT(len <= limits.max_body);
	FUZZ_ASSERT(body != NULL && body[len] == '\0');
	FUZZ_ASSERT(len == 0 || http_has_body(h));
	FUZZ_ASSERT(http_held(h) <= 2 * limits.max_body + 4096);
	fprintf(t->f, "[%zu ", len);
	fwrite(body, 1, len, t->f);
	fputs("]\n", t->f);
}

static void
trace_bad(struct trace *t, struct http_parser *h, struct evbuffer *in)
{
	int	status = http_status(h);

	FUZZ_ASSERT(status == 400 || status == 413 || status == 414 ||
	    status == 417 || status == 431 || status == 505);
	FUZZ_ASSERT(http_reason(h) != NULL && http_reason(h)[0] != '\0');
	FUZZ_ASSERT(http_parse(h, in) == HTTP_BAD);
	FUZZ_ASSERT(http_status(h) == status);
	fprintf(t->f, "! %d %s\n", status, http_reason(h));
	t->bad = true;
}

static bool
is_token(const uint8_t *p, size_t n)
{
	size_t	 i;

	for (i = 0; i < n; i++)
		if (p[i] == '\0' || strchr("!#$%&'*+-.^_`|~0123456789"
		    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
		    p[i]) == NULL)
			return (false);
	return (n > 0);
}

/*
 * A header section that was taken, as the next hop would read it: lines that
 * end with CRLF and have no CR, LF or NUL within, three words, then fields
 * with a token for a name; and an empty line where it ends.
 */
static void
check_section(const uint8_t *p, size_t n)
{
	const uint8_t	*end = p + n, *eol, *mark;
	size_t		 i, lines = 0;

	FUZZ_ASSERT(n <= limits.max_header + 2);
	if (n > 2 && memcmp(p, "\r\n", 2) == 0)
		p += 2;
	for (;; p = eol + 2, lines++) {
		eol = memmem(p, (size_t)(end - p), "\r\n", 2);
		FUZZ_ASSERT(eol != NULL);
		if (eol == p)
			break;
		for (i = 0; p + i < eol; i++)
			FUZZ_ASSERT(p[i] != '\r' && p[i] != '\n' &&
			    p[i] != '\0' && p[i] != 0x7f);
		mark = memchr(p, lines == 0 ? ' ' : ':', (size_t)(eol - p));
		FUZZ_ASSERT(mark != NULL && is_token(p, (size_t)(mark - p)));
	}
	FUZZ_ASSERT(lines > 0 && eol + 2 == end);
}

/* All events that the input now gives; of a whole one, the rest is at rest. */
static void
events(struct trace *t, struct http_parser *h, struct evbuffer *in,
    const uint8_t *rest)
{
	enum http_event	 e;
	size_t		 n, before = evbuffer_get_length(in);

	while ((e = http_parse(h, in)) != HTTP_MORE && !t->bad) {
		n = before - evbuffer_get_length(in);
		before -= n;
		if (rest != NULL && e == HTTP_HEADER)
			check_section(rest, n);
		if (rest != NULL)
			rest += n;
		if (e == HTTP_HEADER) {
			FUZZ_ASSERT(!http_idle(h) && !http_in_header(h));
			trace_header(t, h);
			(void)http_wants_continue(h);
			FUZZ_ASSERT(!http_wants_continue(h));
		} else if (e == HTTP_BODY)
			trace_body(t, h);
		else
			trace_bad(t, h, in);
	}
	/* What is left waits for the end of a line, or of a chunk's. */
	FUZZ_ASSERT(t->bad || evbuffer_get_length(in) <=
	    limits.max_header + 2);
}

static void
requests(struct trace *t, struct pieces *cut)
{
	struct http_parser	*h = http_new(&limits);
	struct evbuffer		*in = evbuffer_new();
	const uint8_t		*p;
	size_t			 n;

	FUZZ_ASSERT(h != NULL && in != NULL);
	while (!t->bad && (n = pieces_take(cut, &p)) != 0) {
		FUZZ_ASSERT(evbuffer_add(in, p, n) == 0);
		events(t, h, in, cut->how == PIECES_WHOLE ? p : NULL);
	}
	if (!t->bad)
		fprintf(t->f, "~ %d %d\n", http_idle(h), http_in_header(h));
	evbuffer_free(in);
	http_free(h);
}

/* The response line and fields of one of our own answers. */
static void
respond(const uint8_t *data, size_t size)
{
	static const int	 statuses[] = { 100, 200, 401, 413, 503 };
	struct http_response	 r;
	struct evbuffer		*out;
	struct evbuffer_ptr	 end;

	if (size < 3)
		return;
	memset(&r, 0, sizeof(r));
	r.status = statuses[data[0] % 5];
	r.content_type = data[1] & 1 ? "application/json" : NULL;
	r.close = (data[1] & 2) != 0;
	r.keepalive10 = (data[1] & 4) != 0;
	r.head = (data[1] & 8) != 0;
	r.retry_after = data[1] & 16 ? 1 : 0;
	r.allow = data[1] & 32 ? "GET, POST" : NULL;
	FUZZ_ASSERT((out = evbuffer_new()) != NULL);
	FUZZ_ASSERT(http_respond(out, &r, data[2]) == 0);
	end = evbuffer_search(out, "\r\n\r\n", 4, NULL);
	FUZZ_ASSERT(end.pos >= 0 &&
	    (size_t)end.pos + 4 == evbuffer_get_length(out));
	evbuffer_free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	trace_same(requests, data, size);
	respond(data, size);
	return (0);
}
