/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/util.h>

#include "common/eachbyte.h"
#include "common/http.h"
#include "common/http_syntax.h"

/*
 * A line is appended piece by piece as it comes, so no byte is looked at
 * twice; a complete one is checked and packed down to what is kept of it.
 * Of the header section that is the path, then name and value of each field,
 * each ended by a NUL.  Lines within a body have a buffer of their own, for
 * the caller may hold pointers to the fields.
 */
struct text {
	char	*buf;
	size_t	 cap;
	size_t	 len;
	size_t	 line;			/* where the line begins */
};

#define TEXT_START	256	/* first allocation */
#define TEXT_KEEP	2048	/* kept from one request to the next */
#define BODY_START	512
#define BODY_KEEP	4096

enum state {
	ST_START,		/* request line, or an empty line before it */
	ST_FIELD,
	ST_BODY,		/* bytes counted by want */
	ST_CHUNK_SIZE,
	ST_CHUNK_DATA,		/* bytes counted by want */
	ST_CHUNK_END,		/* CRLF after them */
	ST_TRAILER,
	ST_DONE,
	ST_BAD
};

enum step { STEP_MORE, STEP_NEXT, STEP_HEADER, STEP_BODY, STEP_BAD };

struct http_parser {
	struct http_limits	 limits;
	struct http_limits	 next;		/* of the next request */
	enum state		 state;

	struct text		 header;
	struct text		 inner;		/* lines of a chunked body */
	struct text		*text;		/* the one that is written */
	const char		*ahead;		/* seen of the input, not */
	size_t			 aheadlen;	/* drained yet; within */
	size_t			 aheadpos;	/* http_parse() alone */
	size_t			 fields;	/* where they begin in header */
	size_t			 type;		/* Content-Type's value, or 0 */
	size_t			 left;		/* bytes the section may grow */
	bool			 cr;		/* the last byte was CR */
	bool			 emptyline;	/* one was skipped */

	char			*body;
	size_t			 bodycap;
	size_t			 bodylen;
	uint64_t		 want;
	size_t			 chunkleft;	/* extensions and trailers */

	enum http_method	 method;
	int			 minor;
	int			 nhost;
	bool			 chunked;
	bool			 has_length;
	bool			 expect;
	bool			 close;
	bool			 keepalive;
	bool			 has_body;

	int			 status;
	const char		*reason;
};

struct http_parser *
http_new(const struct http_limits *limits)
{
	struct http_parser *p;

	if (limits->max_header > SIZE_MAX / 8 ||
	    limits->max_body > SIZE_MAX / 8) {
		errno = EINVAL;
		return (NULL);
	}
	if ((p = calloc(1, sizeof(*p))) == NULL)
		return (NULL);
	p->limits = p->next = *limits;
	p->left = limits->max_header;
	p->text = &p->header;
	return (p);
}

void
http_free(struct http_parser *p)
{
	if (p == NULL)
		return;
	free(p->header.buf);
	free(p->inner.buf);
	free(p->body);
	free(p);
}

/* What has begun has been measured by the old ones. */
void
http_set_limits(struct http_parser *p, const struct http_limits *limits)
{
	if (limits->max_header > SIZE_MAX / 8 ||
	    limits->max_body > SIZE_MAX / 8)
		return;
	p->next = *limits;
	if (http_idle(p)) {
		p->limits = *limits;
		p->left = limits->max_header;
	}
}

static enum step
refuse(struct http_parser *p, int status, const char *reason)
{
	p->state = ST_BAD;
	p->status = status;
	p->reason = reason;
	return (STEP_BAD);
}

/* Room for need bytes, by doubling, never more than most. */
static bool
grow(char **buf, size_t *cap, size_t need, size_t start, size_t most)
{
	size_t n;
	char *new;

	if (need <= *cap)
		return (true);
	n = *cap > most / 2 ? most : *cap * 2;
	if (n < start)
		n = start;
	if (n < need)
		n = need;
	if ((new = realloc(*buf, n)) == NULL)
		return (false);
	*buf = new;
	*cap = n;
	return (true);
}

/* ---- Lines ------------------------------------------------------------ */

/*
 * The section is full: RFC 9112, 3, has a status of its own for a target that
 * is too long; RFC 6585, 5, for all else.
 */
static enum step
line_over(struct http_parser *p)
{
	const struct text *t = p->text;

	if (p->state == ST_CHUNK_SIZE)
		return (refuse(p, 400, "chunk extensions too long"));
	if (p->state == ST_START && t->len > 0 &&
	    memchr(t->buf, ' ', t->len) != NULL)
		return (refuse(p, 414, "request target too long"));
	return (refuse(p, 431, "header section too long"));
}

static size_t
line_most(const struct http_parser *p)
{
	return (p->limits.max_header + HTTP_CHUNK_DIGITS + 2);
}

/* One byte of a line; STEP_NEXT once the line is complete. */
static enum step
line_byte(struct http_parser *p, char c)
{
	struct text *t = p->text;

	if (p->left == 0)
		return (line_over(p));
	p->left--;
	if (p->cr && c != '\n')
		return (refuse(p, 400, "bare CR"));
	if (!p->cr && c == '\n')
		return (refuse(p, 400, "bare LF"));
	if (((unsigned char)c < 0x20 && c != '\t' && c != '\r' &&
	    c != '\n') || c == 0x7f)
		return (refuse(p, 400, "control byte in the header"));
	if (!grow(&t->buf, &t->cap, t->len + 1, TEXT_START, line_most(p)))
		return (refuse(p, 503, "out of memory"));
	t->buf[t->len++] = c;
	p->cr = c == '\r';
	return (c == '\n' ? STEP_NEXT : STEP_MORE);
}

/* Takes what was seen of the input out of it. */
static int
drain_seen(struct http_parser *p, struct evbuffer *input)
{
	size_t n = p->aheadpos;

	p->aheadpos = p->aheadlen = 0;
	return (n > 0 ? evbuffer_drain(input, n) : 0);
}

/* Whether there is more input, and then `ahead` has some of it. */
static bool
see_more(struct http_parser *p, struct evbuffer *input)
{
	struct evbuffer_iovec vec;

	if (p->aheadpos < p->aheadlen)
		return (true);
	if (drain_seen(p, input) == -1 ||
	    evbuffer_peek(input, -1, NULL, &vec, 1) <= 0)
		return (false);
	p->ahead = vec.iov_base;
	p->aheadlen = vec.iov_len;
	return (vec.iov_len > 0);
}

/* How many bytes at the beginning are neither CR, LF nor a control byte. */
static size_t
plain_bytes(const char *s, size_t len)
{
	uint64_t w;
	size_t n;

	for (n = 0; len - n >= sizeof(w); n += sizeof(w)) {
		memcpy(&w, s + n, sizeof(w));
		if ((EACHBYTE_BELOW(w, 0x20) | EACHBYTE_ANY(w, 0x7f)) != 0)
			break;
	}
	while (n < len && (unsigned char)s[n] >= 0x20 && s[n] != 0x7f)
		n++;
	return (n);
}

/* As many such bytes of a line as there are. */
static enum step
line_plain(struct http_parser *p)
{
	struct text *t = p->text;
	const char *s = p->ahead + p->aheadpos;
	size_t n = p->aheadlen - p->aheadpos;

	n = plain_bytes(s, n < p->left ? n : p->left);
	if (n == 0)
		return (STEP_MORE);
	if (!grow(&t->buf, &t->cap, t->len + n, TEXT_START, line_most(p)))
		return (refuse(p, 503, "out of memory"));
	memcpy(t->buf + t->len, s, n);
	t->len += n;
	p->left -= n;
	p->aheadpos += n;
	return (STEP_MORE);
}

/* Moves bytes from input to the line until it is complete. */
static enum step
line_take(struct http_parser *p, struct evbuffer *input)
{
	enum step step;

	step = STEP_MORE;
	while (step == STEP_MORE && see_more(p, input)) {
		if (!p->cr)
			step = line_plain(p);
		if (step == STEP_MORE && p->aheadpos < p->aheadlen)
			step = line_byte(p, p->ahead[p->aheadpos++]);
	}
	return (step);
}

/* The complete line, its CRLF replaced by a NUL. */
static char *
line_text(struct http_parser *p, size_t *len)
{
	struct text *t = p->text;

	*len = t->len - t->line - 2;
	t->buf[t->len - 2] = '\0';
	return (t->buf + t->line);
}

/* Begins the next line in place of this one, of which len bytes are kept. */
static void
line_keep(struct http_parser *p, size_t len)
{
	p->text->line += len;
	p->text->len = p->text->line;
	p->cr = false;
}

/* Splits a field in place into name and value, both NUL-terminated. */
static enum step
split_field(struct http_parser *p, char *s, size_t len, char **value)
{
	char *colon;

	if (s[0] == ' ' || s[0] == '\t')
		return (refuse(p, 400, "folded field"));
	if ((colon = memchr(s, ':', len)) == NULL)
		return (refuse(p, 400, "field without a colon"));
	if (!http_is_token(s, (size_t)(colon - s)))
		return (refuse(p, 400, "malformed field name"));
	*colon = '\0';
	while (len > 0 && (s[len - 1] == ' ' || s[len - 1] == '\t'))
		s[--len] = '\0';
	*value = colon + 1 + strspn(colon + 1, " \t");
	return (STEP_NEXT);
}

static bool
same_name(const char *a, const char *b)
{
	return (evutil_ascii_strcasecmp(a, b) == 0);
}

/* The name at s, of len bytes, is this one: a literal. */
#define IS_NAME(s, len, name)						\
	((len) == sizeof(name) - 1 && same_name(s, name))

/* ---- Header section --------------------------------------------------- */

static void
text_reset(struct text *t)
{
	if (t->cap > TEXT_KEEP) {
		free(t->buf);
		t->buf = NULL;
		t->cap = 0;
	}
	t->len = t->line = 0;
}

static void
begin_request(struct http_parser *p)
{
	text_reset(&p->header);
	text_reset(&p->inner);
	if (p->bodycap > BODY_KEEP) {
		free(p->body);
		p->body = NULL;
		p->bodycap = 0;
	}
	p->state = ST_START;
	p->text = &p->header;
	p->fields = p->type = 0;
	p->limits = p->next;
	p->left = p->limits.max_header;
	p->cr = p->emptyline = false;
	p->bodylen = 0;
	p->want = 0;
	p->method = HTTP_OTHER;
	p->minor = p->nhost = 0;
	p->chunked = p->has_length = p->expect = false;
	p->close = p->keepalive = p->has_body = false;
}

static enum http_method
method_of(const char *s, size_t len)
{
	if (len == 3 && memcmp(s, "GET", 3) == 0)
		return (HTTP_GET);
	if (len == 4 && memcmp(s, "HEAD", 4) == 0)
		return (HTTP_HEAD);
	if (len == 4 && memcmp(s, "POST", 4) == 0)
		return (HTTP_POST);
	return (HTTP_OTHER);
}

static enum step
parse_request_line(struct http_parser *p, char *s, size_t len)
{
	const char *target, *version, *path;
	size_t pathlen;
	int status;

	if ((target = memchr(s, ' ', len)) == NULL ||
	    !http_is_token(s, (size_t)(target - s)))
		return (refuse(p, 400, "malformed request line"));
	p->method = method_of(s, (size_t)(target++ - s));
	version = memchr(target, ' ', len - (size_t)(target - s));
	if (version == NULL)
		return (refuse(p, 400, "malformed request line"));
	status = http_version(version + 1, len - (size_t)(version + 1 - s),
	    &p->minor);
	if (status != 0)
		return (refuse(p, status, status == 505 ?
		    "version of HTTP not served" : "malformed version"));
	if (!http_target_path(target, (size_t)(version - target), &path,
	    &pathlen))
		return (refuse(p, 400, "malformed request target"));
	memmove(s, path, pathlen);
	s[pathlen] = '\0';
	line_keep(p, pathlen + 1);
	p->fields = p->header.line;
	p->state = ST_FIELD;
	return (STEP_NEXT);
}

static enum step
step_start(struct http_parser *p, struct evbuffer *input)
{
	enum step step;
	size_t len;
	char *s;

	if ((step = line_take(p, input)) != STEP_NEXT)
		return (step);
	s = line_text(p, &len);
	if (len > 0)
		return (parse_request_line(p, s, len));
	/* RFC 9112, 2.2: one empty line before the request is forgiven. */
	if (p->emptyline)
		return (refuse(p, 400, "empty lines before the request"));
	p->emptyline = true;
	p->left = p->limits.max_header;
	line_keep(p, 0);
	return (STEP_NEXT);
}

static enum step
note_length(struct http_parser *p, const char *value)
{
	if (p->has_length)
		return (refuse(p, 400, "repeated Content-Length"));
	if (!http_content_length(value, &p->want))
		return (refuse(p, 400, "malformed Content-Length"));
	p->has_length = true;
	return (STEP_NEXT);
}

/* What a field means for the framing and the life of the connection. */
static enum step
note_field(struct http_parser *p, const char *name, size_t len,
    const char *value)
{
	if (IS_NAME(name, len, "Content-Length"))
		return (note_length(p, value));
	if (IS_NAME(name, len, "Transfer-Encoding")) {
		if (p->chunked || !same_name(value, "chunked"))
			return (refuse(p, 400, "transfer coding not served"));
		p->chunked = true;
	} else if (IS_NAME(name, len, "Host")) {
		if (p->nhost++ > 0)
			return (refuse(p, 400, "repeated Host"));
		if (!http_is_host(value, strlen(value)))
			return (refuse(p, 400, "malformed Host"));
	} else if (IS_NAME(name, len, "Expect")) {
		if (!same_name(value, "100-continue"))
			return (refuse(p, 417, "expectation not served"));
		p->expect = true;
	} else if (IS_NAME(name, len, "Connection")) {
		p->close |= http_list_has(value, "close");
		p->keepalive |= http_list_has(value, "keep-alive");
	} else if (IS_NAME(name, len, "Content-Type") && p->type == 0)
		/* Where the value will stand: see step_field(). */
		p->type = p->header.line + len + 1;
	return (STEP_NEXT);
}

static enum step
end_of_header(struct http_parser *p, struct evbuffer *input)
{
	if (p->minor > 0 && p->nhost == 0)
		return (refuse(p, 400, "no Host"));
	if (p->chunked && p->has_length)
		return (refuse(p, 400,
		    "both Content-Length and Transfer-Encoding"));
	if (p->chunked && p->minor == 0)
		return (refuse(p, 400, "Transfer-Encoding in HTTP/1.0"));
	if (p->want > p->limits.max_body)
		return (refuse(p, 413, "body too large"));
	p->text = &p->inner;
	p->chunkleft = p->limits.max_header;
	p->left = p->chunkleft + HTTP_CHUNK_DIGITS + 2;
	p->has_body = p->chunked || p->want > 0;
	/* RFC 9110, 10.1.1: not from 1.0, nor once the body has begun. */
	p->expect = p->expect && p->has_body && p->minor > 0 &&
	    !see_more(p, input);
	p->state = p->chunked ? ST_CHUNK_SIZE : ST_BODY;
	return (STEP_HEADER);
}

static enum step
step_field(struct http_parser *p, struct evbuffer *input)
{
	char *s, *value;
	enum step step;
	size_t len, namelen, valuelen;

	if ((step = line_take(p, input)) != STEP_NEXT)
		return (step);
	s = line_text(p, &len);
	if (len == 0) {
		line_keep(p, 0);
		return (end_of_header(p, input));
	}
	if ((step = split_field(p, s, len, &value)) != STEP_NEXT)
		return (step);
	namelen = strlen(s);
	if ((step = note_field(p, s, namelen, value)) != STEP_NEXT)
		return (step);
	valuelen = strlen(value) + 1;
	memmove(s + namelen + 1, value, valuelen);
	line_keep(p, namelen + 1 + valuelen);
	return (STEP_NEXT);
}

/* ---- Bodies ----------------------------------------------------------- */

/* Moves up to want bytes; memory grows with what has come. */
static enum step
body_take(struct http_parser *p, struct evbuffer *input)
{
	size_t n;
	int got;

	if (drain_seen(p, input) == -1)
		return (STEP_MORE);
	n = evbuffer_get_length(input);
	if (n > p->want)
		n = (size_t)p->want;
	if (n > 0) {
		if (!grow(&p->body, &p->bodycap, p->bodylen + n + 1,
		    BODY_START, p->limits.max_body + 1))
			return (refuse(p, 503, "out of memory"));
		got = evbuffer_remove(input, p->body + p->bodylen, n);
		if (got < 0)
			return (refuse(p, 503, "out of memory"));
		p->bodylen += (size_t)got;
		p->want -= (uint64_t)got;
		p->body[p->bodylen] = '\0';
		p->expect = false;
	}
	return (p->want == 0 ? STEP_NEXT : STEP_MORE);
}

static enum step
step_body(struct http_parser *p, struct evbuffer *input)
{
	enum step step;

	if ((step = body_take(p, input)) != STEP_NEXT)
		return (step);
	p->state = ST_DONE;
	return (STEP_BODY);
}

static enum step
step_chunk_size(struct http_parser *p, struct evbuffer *input)
{
	enum step step;
	uint64_t size;
	size_t len, extlen;
	const char *s;

	if (see_more(p, input))
		p->expect = false;
	if ((step = line_take(p, input)) != STEP_NEXT)
		return (step);
	s = line_text(p, &len);
	if (!http_chunk_size(s, len, &size, &extlen))
		return (refuse(p, 400, "malformed chunk size"));
	if (extlen > p->chunkleft)
		return (refuse(p, 400, "chunk extensions too long"));
	if (size > p->limits.max_body - p->bodylen)
		return (refuse(p, 413, "body too large"));
	line_keep(p, 0);
	p->chunkleft -= extlen;
	p->left = p->chunkleft;
	p->want = size;
	p->state = size > 0 ? ST_CHUNK_DATA : ST_TRAILER;
	return (STEP_NEXT);
}

static enum step
step_chunk_data(struct http_parser *p, struct evbuffer *input)
{
	enum step step;

	if ((step = body_take(p, input)) == STEP_NEXT)
		p->state = ST_CHUNK_END;
	return (step);
}

static enum step
step_chunk_end(struct http_parser *p, struct evbuffer *input)
{
	char c;

	while (see_more(p, input)) {
		c = p->ahead[p->aheadpos++];
		if (c != (p->cr ? '\n' : '\r'))
			return (refuse(p, 400, "chunk longer than its size"));
		p->cr = !p->cr;
		if (p->cr)
			continue;
		p->left = p->chunkleft + HTTP_CHUNK_DIGITS + 2;
		p->state = ST_CHUNK_SIZE;
		return (STEP_NEXT);
	}
	return (STEP_MORE);
}

/* Trailers are checked as fields are, and forgotten. */
static enum step
step_trailer(struct http_parser *p, struct evbuffer *input)
{
	static const char *const forbidden[] = { "Content-Length",
	    "Transfer-Encoding", "Host", "Connection", "Expect", "Trailer",
	    "Content-Type", "Content-Encoding", "Authorization" };
	char *s, *value;
	enum step step;
	size_t i, len;

	if ((step = line_take(p, input)) != STEP_NEXT)
		return (step);
	s = line_text(p, &len);
	if (len == 0) {
		line_keep(p, 0);
		p->state = ST_DONE;
		return (STEP_BODY);
	}
	if ((step = split_field(p, s, len, &value)) != STEP_NEXT)
		return (step);
	for (i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
		if (same_name(s, forbidden[i]))
			return (refuse(p, 400, "forbidden trailer"));
	line_keep(p, 0);
	return (STEP_NEXT);
}

enum http_event
http_parse(struct http_parser *p, struct evbuffer *input)
{
	static enum step (*const steps[])(struct http_parser *,
	    struct evbuffer *) = {
		[ST_START] = step_start,
		[ST_FIELD] = step_field,
		[ST_BODY] = step_body,
		[ST_CHUNK_SIZE] = step_chunk_size,
		[ST_CHUNK_DATA] = step_chunk_data,
		[ST_CHUNK_END] = step_chunk_end,
		[ST_TRAILER] = step_trailer
	};
	enum step step;

	if (p->state == ST_DONE)
		begin_request(p);
	if (p->state == ST_BAD)
		return (HTTP_BAD);
	do
		step = steps[p->state](p, input);
	while (step == STEP_NEXT);
	(void)drain_seen(p, input);
	switch (step) {
	case STEP_HEADER:
		return (HTTP_HEADER);
	case STEP_BODY:
		return (HTTP_BODY);
	case STEP_BAD:
		return (HTTP_BAD);
	default:
		return (HTTP_MORE);
	}
}

/* ---- What was read ---------------------------------------------------- */

enum http_method
http_method(const struct http_parser *p)
{
	return (p->method);
}

const char *
http_path(const struct http_parser *p)
{
	return (p->fields > 0 ? p->header.buf : "");
}

const char *
http_field(const struct http_parser *p, const char *name)
{
	const char *s, *value, *end;

	if (p->fields == 0)
		return (NULL);
	/* A line that is being read lies past `line`. */
	end = p->header.buf + p->header.line;
	for (s = p->header.buf + p->fields; s < end;
	    s = value + strlen(value) + 1) {
		value = s + strlen(s) + 1;
		if (same_name(s, name))
			return (value);
	}
	return (NULL);
}

const char *
http_content_type(const struct http_parser *p)
{
	return (p->type > 0 ? p->header.buf + p->type : NULL);
}

bool
http_keepalive(const struct http_parser *p)
{
	return (!p->close && (p->minor > 0 || p->keepalive));
}

int
http_minor(const struct http_parser *p)
{
	return (p->minor);
}

bool
http_has_body(const struct http_parser *p)
{
	return (p->has_body);
}

bool
http_wants_continue(struct http_parser *p)
{
	bool wants;

	wants = p->expect && p->state != ST_START && p->state != ST_FIELD &&
	    p->state != ST_BAD;
	if (wants)
		p->expect = false;
	return (wants);
}

const char *
http_body(const struct http_parser *p, size_t *len)
{
	*len = p->bodylen;
	return (p->bodylen > 0 ? p->body : "");
}

size_t
http_held(const struct http_parser *p)
{
	/* Without room for the NUL, which no limit speaks of. */
	return (p->bodycap > 0 ? p->bodycap - 1 : 0);
}

void
http_drop_body(struct http_parser *p)
{
	free(p->body);
	p->body = NULL;
	p->bodycap = p->bodylen = 0;
}

bool
http_idle(const struct http_parser *p)
{
	return (p->state == ST_DONE ||
	    (p->state == ST_START && !http_in_header(p)));
}

bool
http_in_header(const struct http_parser *p)
{
	/* An empty line before the request is no part of it. */
	return (p->state == ST_FIELD || (p->state == ST_START &&
	    p->header.len > 0 && p->header.buf[0] != '\r'));
}

int
http_status(const struct http_parser *p)
{
	return (p->status);
}

const char *
http_reason(const struct http_parser *p)
{
	return (p->reason);
}
