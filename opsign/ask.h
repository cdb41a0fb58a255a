/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef OPSIGN_ASK_H
#define OPSIGN_ASK_H

#include <stddef.h>
#include <stdint.h>

#include "opsign/conn.h"

/* One request after the other, each waited for. */
struct ask {
	struct event_base	*base;
	struct conn		*conn;
	const struct endpoint	*endpoint;
	const struct response	*response;
	struct fault		*fault;
	int			 result;
	uint64_t		 took_us;	/* of the last request */
};

/* Resolves and connects, to the end of the handshake.  -1 and the fault;
 * ask_end() either way. */
int	ask_begin(struct ask *, struct endpoint *, struct fault *);
void	ask_end(struct ask *);

/*
 * The answer, which is there until the next request, or NULL and the fault.
 */
const struct response *ask_get(struct ask *, const char *path,
	    struct fault *);
const struct response *ask_post(struct ask *, const char *body, size_t len,
	    struct fault *);

/* Any request, as it is. */
const struct response *ask_send(struct ask *, const char *head, size_t headlen,
	    const char *body, size_t len, struct fault *);

/* The head of a POST to the endpoint; its length.  size is enough at 1024. */
size_t	ask_head(const struct endpoint *, size_t bodylen, char *, size_t size);
/* The loop for connections: precise timers, one thread. */
struct event_base *ask_loop(void);

#endif /* OPSIGN_ASK_H */
