/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <event2/buffer.h>

#include "common/http_syntax.h"
#include "opsign/response.h"

#define INTERIM_MAX	8	/* answers of 1xx before the answer */
#define BODY_START	1024
#define BODY_KEEP	65536	/* kept from one answer to the next */
#define CHUNK_LINE	256	/* a chunk's size with its extensions */

enum state {
	ST_HEADER,
	ST_LENGTH,		/* bytes counted by want */
	ST_EOF,			/* bytes up to the end of the connection */
	ST_CHUNK_SIZE,
	ST_CHUNK_DATA,		/* bytes counted by want */
	ST_CHUNK_END,		/* CRLF behind them */
	ST_TRAILER,
	ST_DONE,
	ST_BAD
};

struct response_parser {
	struct response_limits	 limits;
	enum state		 state;
	struct response		 response;
	const char		*fault;

	char			*line;		/* what is read by CRLF */
	size_t			 linelen;
	size_t			 linemax;	/* where it is too long */
	char			 last;		/* byte that was taken */
	bool			 fields;	/* to the empty line */
	size_t			 spent;		/* on trailers, extensions */

	char			*body;
	size_t			 bodycap;
	uint64_t		 want;

	int			 interim;
	int			 minor;
	bool			 has_length;
	bool			 chunked;
	bool			 close;
	bool			 keepalive;
};

struct response_parser *
response_new(const struct response_limits *limits)
{
	struct response_parser *p;

	if (limits->max_header > SIZE_MAX / 4 ||
	    limits->max_body > SIZE_MAX / 4 ||
	    (p = calloc(1, sizeof(*p))) == NULL)
		return (NULL);
	p->limits = *limits;
	if ((p->line = malloc(limits->max_header + CHUNK_LINE)) == NULL) {
		free(p);
		return (NULL);
	}
	p->state = ST_DONE;
	return (p);
}

void
response_free(struct response_parser *p)
{
	if (p == NULL)
		return;
	free(p->line);
	free(p->body);
	free(p);
}

const struct response *
response_get(const struct response_parser *p)
{
	return (&p->response);
}

const char *
response_fault(const struct response_parser *p)
{
	return (p->fault);
}

bool
response_idle(const struct response_parser *p)
{
	return (p->state == ST_DONE || (p->state == ST_HEADER &&
	    p->linelen == 0 && p->interim == 0));
}

static bool
bad(struct response_parser *p, const char *fault)
{
	p->state = ST_BAD;
	p->fault = fault;
	return (false);
}

/* ---- Lines ------------------------------------------------------------ */

/* Until CRLF, or to the empty line. */
static void
begin_lines(struct response_parser *p, bool fields, size_t max)
{
	p->linelen = 0;
	p->linemax = max;
	p->last = '\0';
	p->fields = fields;
}

static bool
is_complete(const struct response_parser *p)
{
	if (p->last != '\n')
		return (false);
	if (!p->fields || p->linelen == 2)
		return (true);
	return (p->linelen >= 4 &&
	    memcmp(p->line + p->linelen - 4, "\r\n\r\n", 4) == 0);
}

static bool
take_byte(struct response_parser *p, char c)
{
	static const char begin[] = "HTTP/1.";

	/* What speaks another protocol may never send the end of a line. */
	if (p->state == ST_HEADER && p->linelen < sizeof(begin) - 1 &&
	    c != begin[p->linelen])
		return (bad(p, "not HTTP/1.1"));
	if (p->state == ST_CHUNK_END && c != "\r\n"[p->linelen])
		return (bad(p, "a chunk longer than its size"));
	if (p->linelen == p->linemax)
		return (bad(p, p->state == ST_HEADER ? "header section too "
		    "long" : "chunk extensions or trailers too long"));
	if ((p->last == '\r') != (c == '\n'))
		return (bad(p, c == '\n' ? "bare LF" : "bare CR"));
	if (((unsigned char)c < 0x20 && c != '\t' && c != '\r' &&
	    c != '\n') || c == 0x7f)
		return (bad(p, "control byte in the header"));
	p->line[p->linelen++] = c;
	p->last = c;
	return (true);
}

/* True once it is complete; what is behind it stays in input. */
static bool
take_lines(struct response_parser *p, struct evbuffer *input)
{
	struct evbuffer_iovec vec;
	size_t i;

	while (evbuffer_peek(input, -1, NULL, &vec, 1) > 0 &&
	    vec.iov_len > 0) {
		for (i = 0; i < vec.iov_len;) {
			if (!take_byte(p, ((const char *)vec.iov_base)[i++]))
				return (false);
			if (is_complete(p)) {
				(void)evbuffer_drain(input, i);
				return (true);
			}
		}
		(void)evbuffer_drain(input, i);
	}
	return (false);
}

/* ---- Header section --------------------------------------------------- */

static void
copy_text(char *out, size_t size, const char *s)
{
	size_t i;

	for (i = 0; i < size - 1 && s[i] != '\0'; i++)
		out[i] = s[i] < 0x20 || s[i] > 0x7e ? '?' : s[i];
	out[i] = '\0';
}

static bool
take_status_line(struct response_parser *p, const char *s)
{
	if (strncmp(s, "HTTP/", 5) != 0 || strlen(s) < 12 ||
	    http_version(s, 8, &p->minor) != 0 || s[8] != ' ')
		return (bad(p, "not HTTP/1.1"));
	if (s[9] < '1' || s[9] > '5' || strspn(s + 9, "0123456789") != 3 ||
	    (s[12] != ' ' && s[12] != '\0'))
		return (bad(p, "malformed status line"));
	p->response.status = (s[9] - '0') * 100 + (s[10] - '0') * 10 +
	    (s[11] - '0');
	copy_text(p->response.reason, sizeof(p->response.reason),
	    s[12] == ' ' ? s + 13 : "");
	return (true);
}

static bool
same(const char *a, const char *b)
{
	return (strcasecmp(a, b) == 0);
}

static bool
is_json(const char *value)
{
	size_t len = strcspn(value, "; \t");

	return (len == 16 && strncasecmp(value, "application/json", 16) == 0);
}

/* Seconds; a date, the other form, says nothing that could be used here. */
static int
seconds(const char *value)
{
	uint64_t n;

	if (!http_content_length(value, &n) || n > 86400)
		return (-1);
	return ((int)n);
}

static bool
note_framing(struct response_parser *p, const char *name, const char *value)
{
	if (same(name, "Content-Length")) {
		if (p->has_length || !http_content_length(value, &p->want))
			return (bad(p, "malformed or repeated "
			    "Content-Length"));
		p->has_length = true;
	} else if (same(name, "Transfer-Encoding")) {
		if (p->chunked || !same(value, "chunked"))
			return (bad(p, "a transfer coding that was not "
			    "offered"));
		p->chunked = true;
	} else if (same(name, "Content-Encoding") && !same(value, "identity"))
		return (bad(p, "a content coding that was not offered"));
	return (true);
}

static bool
note_field(struct response_parser *p, const char *name, const char *value)
{
	struct response *r = &p->response;

	if (same(name, "Connection")) {
		p->close |= http_list_has(value, "close");
		p->keepalive |= http_list_has(value, "keep-alive");
	} else if (same(name, "Content-Type"))
		r->json = is_json(value);
	else if (same(name, "Retry-After"))
		r->retry_after = seconds(value);
	else if (same(name, "Location"))
		copy_text(r->location, sizeof(r->location), value);
	return (note_framing(p, name, value));
}

/* Splits a line into name and value, in place. */
static bool
take_field(struct response_parser *p, char *s, size_t len)
{
	char *colon;

	if (s[0] == ' ' || s[0] == '\t')
		return (bad(p, "folded field"));
	if ((colon = memchr(s, ':', len)) == NULL ||
	    !http_is_token(s, (size_t)(colon - s)))
		return (bad(p, "malformed field"));
	*colon = '\0';
	while (len > 0 && (s[len - 1] == ' ' || s[len - 1] == '\t'))
		s[--len] = '\0';
	if (p->state == ST_TRAILER)
		return (true);
	return (note_field(p, s, colon + 1 + strspn(colon + 1, " \t")));
}

/* All lines but the empty one; each loses its CRLF. */
static bool
each_line(struct response_parser *p, bool status_line)
{
	char *s, *end;
	size_t len;

	for (s = p->line; s[0] != '\r'; s = end + 2) {
		end = strstr(s, "\r\n");
		len = (size_t)(end - s);
		*end = '\0';
		if (status_line ? !take_status_line(p, s) :
		    !take_field(p, s, len))
			return (false);
		status_line = false;
	}
	return (true);
}

/* Where the body ends (RFC 9112, 6.3). */
static bool
begin_body(struct response_parser *p)
{
	struct response *r = &p->response;

	if (p->chunked && (p->has_length || p->minor == 0))
		return (bad(p, "both Content-Length and Transfer-Encoding, or "
		    "the latter in HTTP/1.0"));
	r->reusable = !p->close && (p->minor > 0 || p->keepalive);
	if (r->status == 204 || r->status == 304) {
		p->want = 0;
		p->state = ST_LENGTH;
	} else if (p->chunked) {
		begin_lines(p, false, CHUNK_LINE);
		p->state = ST_CHUNK_SIZE;
	} else if (p->has_length)
		p->state = ST_LENGTH;
	else {
		r->reusable = false;
		p->state = ST_EOF;
	}
	if (p->want > p->limits.max_body)
		return (bad(p, "body too long"));
	return (true);
}

static void
begin_response(struct response_parser *p)
{
	memset(&p->response, 0, sizeof(p->response));
	p->response.retry_after = -1;
	p->response.body = "";
	p->want = 0;
	p->minor = 0;
	p->has_length = p->chunked = p->close = p->keepalive = false;
	p->spent = 0;
	p->state = ST_HEADER;
	begin_lines(p, true, p->limits.max_header);
}

static bool
step_header(struct response_parser *p, struct evbuffer *input)
{
	if (!take_lines(p, input))
		return (false);
	p->line[p->linelen] = '\0';
	if (!each_line(p, true))
		return (false);
	if (p->response.status == 101)
		return (bad(p, "an upgrade that nobody asked for"));
	if (p->response.status >= 200)
		return (begin_body(p));
	if (++p->interim > INTERIM_MAX)
		return (bad(p, "too many interim answers"));
	begin_response(p);
	return (true);
}

/* ---- Bodies ----------------------------------------------------------- */

/* Room for n bytes more and a NUL, by doubling. */
static bool
make_room(struct response_parser *p, size_t n)
{
	size_t need = p->response.bodylen + n + 1, cap = p->bodycap;
	char *new;

	if (need <= cap)
		return (true);
	cap = cap < BODY_START ? BODY_START : cap * 2;
	if (cap < need)
		cap = need;
	if ((new = realloc(p->body, cap)) == NULL)
		return (bad(p, "out of memory"));
	p->body = new;
	p->bodycap = cap;
	return (true);
}

/* Up to want bytes; true when all of these are there. */
static bool
take_body(struct response_parser *p, struct evbuffer *input)
{
	size_t n = evbuffer_get_length(input);
	int got;

	if (n > p->want)
		n = (size_t)p->want;
	if (n > 0) {
		if (!make_room(p, n))
			return (false);
		got = evbuffer_remove(input, p->body + p->response.bodylen, n);
		if (got < 0)
			return (bad(p, "out of memory"));
		p->response.bodylen += (size_t)got;
		p->body[p->response.bodylen] = '\0';
		p->response.body = p->body;
		p->want -= (uint64_t)got;
	}
	return (p->want == 0);
}

static bool
step_length(struct response_parser *p, struct evbuffer *input)
{
	if (take_body(p, input))
		p->state = ST_DONE;
	return (false);
}

static bool
step_eof(struct response_parser *p, struct evbuffer *input)
{
	/* One more than may come, to see that there is too much. */
	p->want = p->limits.max_body - p->response.bodylen + 1;
	if (take_body(p, input))
		bad(p, "body too long");
	return (false);
}

static bool
step_chunk_size(struct response_parser *p, struct evbuffer *input)
{
	size_t extlen;

	if (!take_lines(p, input))
		return (false);
	if (!http_chunk_size(p->line, p->linelen - 2, &p->want, &extlen))
		return (bad(p, "malformed chunk"));
	p->spent += extlen;
	if (p->spent > p->limits.max_header)
		return (bad(p, "chunk extensions or trailers too long"));
	if (p->want > p->limits.max_body - p->response.bodylen)
		return (bad(p, "body too long"));
	p->state = p->want > 0 ? ST_CHUNK_DATA : ST_TRAILER;
	begin_lines(p, p->want == 0, p->want > 0 ? 2 : p->limits.max_header);
	return (true);
}

static bool
step_chunk_data(struct response_parser *p, struct evbuffer *input)
{
	if (!take_body(p, input))
		return (false);
	p->state = ST_CHUNK_END;
	return (true);
}

static bool
step_chunk_end(struct response_parser *p, struct evbuffer *input)
{
	if (!take_lines(p, input))
		return (false);
	p->state = ST_CHUNK_SIZE;
	begin_lines(p, false, CHUNK_LINE);
	return (true);
}

/* Checked as fields are, and forgotten. */
static bool
step_trailer(struct response_parser *p, struct evbuffer *input)
{
	if (!take_lines(p, input))
		return (false);
	p->line[p->linelen] = '\0';
	if (each_line(p, false))
		p->state = ST_DONE;
	return (false);
}

/* Each is true where the next one may go on. */
static bool (*const steps[])(struct response_parser *, struct evbuffer *) = {
	[ST_HEADER] = step_header,
	[ST_LENGTH] = step_length,
	[ST_EOF] = step_eof,
	[ST_CHUNK_SIZE] = step_chunk_size,
	[ST_CHUNK_DATA] = step_chunk_data,
	[ST_CHUNK_END] = step_chunk_end,
	[ST_TRAILER] = step_trailer
};

enum response_event
response_parse(struct response_parser *p, struct evbuffer *input, bool eof)
{
	if (p->state == ST_DONE) {
		if (p->bodycap > BODY_KEEP) {
			free(p->body);
			p->body = NULL;
			p->bodycap = 0;
		}
		p->interim = 0;
		begin_response(p);
	}
	while (p->state < ST_DONE && steps[p->state](p, input))
		continue;
	if (p->state == ST_EOF && eof)
		p->state = ST_DONE;
	if (p->state < ST_DONE)
		return (RESPONSE_MORE);
	return (p->state == ST_DONE ? RESPONSE_DONE : RESPONSE_BAD);
}
