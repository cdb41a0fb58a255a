/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef OPSIGN_RESPONSE_H
#define OPSIGN_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>

struct evbuffer;

/*
 * Answers of HTTP/1.1 and 1.0 (RFC 9112), read as strictly as common/http.h
 * reads requests, one after the other, from the decrypted input of one
 * connection.  Bad are: a bare CR or LF, obs-fold, control bytes, a name that
 * is not a token, both Content-Length and Transfer-Encoding, or one of them
 * twice, a coding other than "chunked" alone, a malformed chunk, more than
 * the limits, an upgrade.  Interim answers (1xx) are passed over, 8 at most.
 */
struct response_limits {
	size_t	max_header;	/* bytes, with the empty line */
	size_t	max_body;	/* bytes, decoded */
};

enum response_event {
	RESPONSE_MORE,		/* needs more bytes */
	RESPONSE_DONE,		/* response_get() */
	RESPONSE_BAD		/* response_fault(); final */
};

struct response {
	int		 status;
	char		 reason[64];	/* its phrase */
	char		 location[128];	/* of a redirect; cut, or "" */
	bool		 json;		/* Content-Type: application/json */
	bool		 reusable;	/* the connection is, for another */
	int		 retry_after;	/* seconds, or -1 */
	const char	*body;		/* the parser's; a NUL behind it */
	size_t		 bodylen;
};

struct response_parser;

/* NULL where memory is short. */
struct response_parser *response_new(const struct response_limits *);
void		 response_free(struct response_parser *);

/*
 * Takes from input what belongs to the answer; the call after RESPONSE_DONE
 * begins the next.  eof: the peer sends no more.
 */
enum response_event response_parse(struct response_parser *,
		    struct evbuffer *input, bool eof);
/* From RESPONSE_DONE until the next call of response_parse(). */
const struct response *response_get(const struct response_parser *);
/* Nothing of an answer has been taken yet. */
bool		 response_idle(const struct response_parser *);
const char	*response_fault(const struct response_parser *);

#endif /* OPSIGN_RESPONSE_H */
