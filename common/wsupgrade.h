/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_WSUPGRADE_H
#define COMMON_WSUPGRADE_H

#include <stddef.h>

struct evbuffer;
struct http_parser;

/*
 * The opening handshake of a websocket (RFC 6455, section 4), version 13,
 * without subprotocols, origin or extensions.  What follows it is the
 * business of common/websocket.h.
 */

/*
 * Loads SHA-1 from libcrypto, to be called before the sandbox closes.  -1
 * where it is not to be had.
 */
int	wsupgrade_init(void);

/* ---- Client ----------------------------------------------------------- */

#define WSUPGRADE_MAX_HEADER	16384	/* bytes of the answer */
#define WSUPGRADE_KEY_SIZE	25	/* 16 bytes in base64, and a NUL */
#define WSUPGRADE_ACCEPT_SIZE	29	/* 20 bytes */

enum wsupgrade_event {
	WSUPGRADE_MORE,		/* needs more bytes */
	WSUPGRADE_DONE,		/* it is a websocket now */
	WSUPGRADE_REFUSED	/* final; wsupgrade_error() */
};

/* The owner's memory; holds nothing that is to be freed. */
struct wsupgrade {
	char		accept[WSUPGRADE_ACCEPT_SIZE];	/* to be answered */
	size_t		used;		/* bytes of the header section */
	unsigned int	seen;
	char		error[160];
};

/*
 * Begins: appends the request with a new key to out.  host is what Host
 * shall hold ("name", "name:port", "[::1]:port"), target in origin-form
 * ("/ws").  -1 where one of them is malformed (EINVAL) or memory or random
 * bytes are short.
 */
int	wsupgrade_request(struct wsupgrade *, struct evbuffer *out,
	    const char *host, const char *target);

/*
 * Takes from input what makes up the answer, line by line, and leaves what
 * follows it.  Refused are: another status line than HTTP/1.1 with 101,
 * no Upgrade with "websocket", no Connection with "Upgrade" among its
 * options, no Sec-WebSocket-Accept, or two, or one that does not belong to
 * the key, any Sec-WebSocket-Extensions or Sec-WebSocket-Protocol, a
 * malformed field, a header section of more than WSUPGRADE_MAX_HEADER bytes.
 * Do not call again after DONE.
 */
enum wsupgrade_event wsupgrade_answer(struct wsupgrade *,
	    struct evbuffer *input);

/*
 * After WSUPGRADE_REFUSED, for the log: "proxy answered 401 Unauthorized",
 * or what was wrong.  Printable ASCII alone: what the peer wrote has "?" for
 * other bytes and is cut.
 */
const char *wsupgrade_error(const struct wsupgrade *);

/* ---- Server ----------------------------------------------------------- */

/*
 * Judges a request at HTTP_HEADER and appends the whole answer to out: 101,
 * or else the refusal, with Connection: close.  Returns the status, -1 where
 * memory is short, and with a refusal a phrase for the log in *reason.
 *	400	no Upgrade with "websocket", no Connection with "Upgrade", no
 *		Sec-WebSocket-Key or one that is not 16 bytes in base64, a body
 *	405	a method other than GET
 *	426	Sec-WebSocket-Version is not 13
 *	505	HTTP/1.0
 * Host is the parser's to demand.  Of a field that is there several times
 * the first counts.  Extensions and subprotocols are declined by silence.
 * After 101 the parser is of no more use and what input still holds belongs
 * to the websocket.
 */
int	wsupgrade_serve(const struct http_parser *, struct evbuffer *out,
	    const char **reason);

/*
 * The Sec-WebSocket-Accept for a key (4.2.2): base64 of SHA-1 over the key
 * and the GUID.  -1 where libcrypto fails.
 */
int	wsupgrade_accept(char out[WSUPGRADE_ACCEPT_SIZE], const char *key);

#endif /* COMMON_WSUPGRADE_H */
