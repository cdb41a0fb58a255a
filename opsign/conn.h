/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef OPSIGN_CONN_H
#define OPSIGN_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "opsign/endpoint.h"
#include "opsign/response.h"

struct event_base;

/*
 * A connection to a signer: one request of HTTP/1.1 at a time, each answered
 * or failed within the endpoint's time.  The addresses of the endpoint are
 * tried in turn.
 */
struct conn;

/*
 * Callbacks run from the event loop, never from within a call of the owner,
 * who may call conn_free() in them.  After failed() the connection is of no
 * more use; what it is not told of is a connection that the server closes
 * while nothing is asked: conn_usable().
 */
struct conn_cb {
	void	(*ready)(struct conn *, void *arg);
	void	(*answer)(struct conn *, const struct response *, void *arg);
	void	(*failed)(struct conn *, const struct fault *, void *arg);
};

struct conn_times {
	uint64_t	 connect_us;	/* TCP */
	uint64_t	 handshake_us;	/* TLS */
};

/* Begins to connect.  NULL where memory is short. */
struct conn	*conn_open(struct event_base *, const struct endpoint *,
		    const struct conn_cb *, void *arg);
void		 conn_free(struct conn *);	/* NULL is fine */

/*
 * A request, head and body as they are: only when it is ready, usable and
 * nothing else is asked.
 */
void		 conn_ask(struct conn *, const void *head, size_t headlen,
		    const void *body, size_t len);
/* Ready, not closed by the server, and its last answer allows another. */
bool		 conn_usable(const struct conn *);
/* Why it is not. */
void		 conn_unusable(const struct conn *, struct fault *);

const struct conn_times *conn_times(const struct conn *);
/* Once it is ready: "TLSv1.3"; the end of the server's certificate. */
const char	*conn_version(const struct conn *);
int64_t		 conn_expiry(const struct conn *);
const char	*conn_peer(const struct conn *);	/* first name, or NULL */
/* The address it is connected to. */
void		 conn_address(const struct conn *, char *, size_t);

#endif /* OPSIGN_CONN_H */
