/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_HTTP_H
#define COMMON_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct evbuffer;

/*
 * Requests of HTTP/1.1 and 1.0 (RFC 9112), read strictly, one after the
 * other, from the decrypted input of one connection.  The parser takes what
 * it has understood out of the evbuffer and keeps no pointer into it.
 *
 * Refused with 400: a bare CR or LF, obs-fold, white space before the colon,
 * control bytes or NUL in a field, a field name that is not a token, both
 * Content-Length and Transfer-Encoding, Content-Length malformed or twice,
 * a transfer coding other than "chunked" alone, Transfer-Encoding in 1.0, no
 * Host (1.1) or two of them, a request target that is not in origin-form
 * (absolute-form is taken and its path used), a malformed chunk.  With 413:
 * a body over the limit, told by Content-Length before any of it is read.
 * With 414: a request target that fills the header section's limit.  With 431:
 * a header section over its limit.  With 417: an expectation other than
 * 100-continue.  With 505: another major version.  With 503: memory is
 * short.  After any of these the connection cannot be used again.
 *
 * One empty line before a request is skipped.  Trailers are checked as fields
 * are and forgotten; together with chunk extensions they may take as many
 * bytes as a header section.
 */
struct http_limits {
	size_t	max_header;	/* bytes, to the empty line's end; 16384 */
	size_t	max_body;	/* bytes, decoded; 5242880 */
};

enum http_method {
	HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_OTHER
};

enum http_event {
	HTTP_MORE,		/* needs more bytes */
	HTTP_HEADER,		/* the header section is complete */
	HTTP_BODY,		/* the body is complete: http_body() */
	HTTP_BAD		/* refused: http_status(), http_reason() */
};

struct http_parser;

/* The limits are copied.  NULL with errno where memory is short. */
struct http_parser *http_new(const struct http_limits *);
void		 http_free(struct http_parser *);
/* Other limits, for requests that begin from now on. */
void		 http_set_limits(struct http_parser *,
		    const struct http_limits *);

/*
 * Takes from input what makes up the next event.  Each request yields
 * HTTP_HEADER once and then, even where it has no body, HTTP_BODY once; the
 * next call begins the next request.  Between them the caller may decide to
 * answer early: it then closes the connection and does not call again.
 * HTTP_MORE may have taken bytes.  HTTP_BAD is final.
 */
enum http_event	 http_parse(struct http_parser *, struct evbuffer *input);

/* Valid from HTTP_HEADER until the next request begins. */
enum http_method http_method(const struct http_parser *);
/* Path of the target, without the query; NUL-terminated, no NUL within. */
const char	*http_path(const struct http_parser *);
/*
 * Value of the first field of that name, in any case; surrounding white
 * space removed; NULL if there is none.
 */
const char	*http_field(const struct http_parser *, const char *name);
/* That of Content-Type, which needs no search. */
const char	*http_content_type(const struct http_parser *);
/* HTTP/1.1 without "close", or 1.0 with "keep-alive". */
bool		 http_keepalive(const struct http_parser *);
/* 0 for 1.0, 1 for 1.1 and its successors of the same major version. */
int		 http_minor(const struct http_parser *);
/* The request has a body that is not known to be empty. */
bool		 http_has_body(const struct http_parser *);
/*
 * The client waits for "100 Continue" and has not sent any of the body yet;
 * true once a request.
 */
bool		 http_wants_continue(struct http_parser *);

/*
 * The body, from HTTP_BODY until the next http_parse; NUL-terminated past
 * its end for the convenience of parsers, though it may hold NULs.  Owned by
 * the parser.
 */
const char	*http_body(const struct http_parser *, size_t *len);

/*
 * Bytes of memory that are held for the body, read or still being read; and
 * to let them go: the body is then empty, and one that is still being read
 * is lost (the connection must not be used again).
 */
size_t		 http_held(const struct http_parser *);
void		 http_drop_body(struct http_parser *);

/* No byte of the next request has been taken: the connection is idle. */
bool		 http_idle(const struct http_parser *);
/* Within a header section, from its first byte to its end. */
bool		 http_in_header(const struct http_parser *);

/* After HTTP_BAD: one of the above, and a phrase for the log. */
int		 http_status(const struct http_parser *);
const char	*http_reason(const struct http_parser *);

/* Reason phrase of a status that this daemon sends, else "Unknown". */
const char	*http_phrase(int status);

struct http_response {
	int		 status;
	const char	*content_type;	/* NULL: no field, no body */
	bool		 close;		/* adds Connection: close */
	bool		 keepalive10;	/* adds Connection: keep-alive */
	bool		 head;		/* answer to HEAD: field, no body */
	int		 retry_after;	/* seconds; 0: no field */
	const char	*allow;		/* for 405; NULL: no field */
};

/*
 * Appends the header section (with Date and Content-Length: len) to out; the
 * body, if any, is the caller's to append.  Status 100 is a line of its own,
 * without fields.  -1 where memory is short, or the section is over 512 bytes.
 */
int		 http_respond(struct evbuffer *out,
		    const struct http_response *, size_t len);

#endif /* COMMON_HTTP_H */
