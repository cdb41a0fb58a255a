/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef OPSIGN_FAULT_H
#define OPSIGN_FAULT_H

#include <stddef.h>

/* What opsign(1) exits with; the numbers are its users'. */
enum status {
	STATUS_OK = 0,
	STATUS_REFUSED = 1,	/* it was answered, with an error */
	STATUS_USAGE = 2,	/* flags, files, input, memory: nothing asked */
	STATUS_UNREACHABLE = 3,	/* no connection, no TLS, closed */
	STATUS_BUSY = 4,	/* try again */
	STATUS_INVALID = 5	/* the answer is not what was asked for */
};

/* Why there is no signature.  Names are in the JSON of users. */
enum fault_kind {
	FAULT_NONE,
	FAULT_CONNECT,		/* no address, no TCP connection */
	FAULT_TLS,		/* no handshake, or an alert */
	FAULT_CLOSED,		/* the connection ended before the answer */
	FAULT_TIMEOUT,		/* no answer in time */
	FAULT_BUSY,		/* answered: later, or elsewhere */
	FAULT_HTTP,		/* another status of HTTP than 200 */
	FAULT_RPC,		/* an error object of JSON-RPC */
	FAULT_ANSWER,		/* not HTTP, JSON or JSON-RPC, or not ours */
	FAULT_SIGNATURE,	/* signed something else, or by somebody else */
	FAULT_KINDS
};

struct fault {
	enum fault_kind	 kind;
	int		 code;		/* of HTTP or JSON-RPC, or 0 */
	int		 retry_after;	/* seconds, or -1 */
	char		 text[512];	/* printable ASCII */
};

const char	*fault_name(enum fault_kind);
enum status	 fault_status(enum fault_kind);

/* Sets all of it; the text's bytes that are not printable become "?". */
void	 fault_set(struct fault *, enum fault_kind, const char *, ...)
	    __attribute__((__format__(__printf__, 3, 4)));

/*
 * What a user can do about it, a sentence or two; NULL where nothing can be
 * said.
 */
const char	*fault_advice(const struct fault *);

#endif /* OPSIGN_FAULT_H */
