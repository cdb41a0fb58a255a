/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_UNIT_WEBSOCKET_UTIL_H
#define REGRESS_UNIT_WEBSOCKET_UTIL_H

#include <stdbool.h>
#include <stddef.h>

#include "common/websocket.h"

struct evbuffer;
struct frame;

#define TRACE_MAX	4096

/* A websocket, its buffers, and what its callbacks and frames were. */
struct peer {
	struct websocket	*ws;
	enum websocket_role	 role;
	struct evbuffer		*input;
	struct evbuffer		*output;
	char			 trace[TRACE_MAX];
};

/* Appends a frame as the other side of that role would send it. */
void	put_frame(struct evbuffer *, const struct frame *,
	    enum websocket_role to);

void	peer_start(struct peer *, enum websocket_role, size_t max_message);
void	peer_stop(struct peer *);
/* Input of these bytes, in pieces of that size; the buffer stays whole. */
void	peer_feed(struct peer *, struct evbuffer *, size_t piece);
/*
 * Takes a frame from output, checks that it is masked as the role says, and
 * gives its first byte, 0 where there is none, and its payload, cut to size
 * and NUL-terminated.
 */
int	take_frame(struct peer *, char *data, size_t size);
/*
 * Appends to the trace what output holds: each frame with its first byte
 * (`all`), or pongs alone; then a close frame.
 */
void	peer_sent(struct peer *, bool all);
/* Appends to the trace how it ended, then the pongs. */
void	peer_result(struct peer *);

/* Bytes allocated now; 0 where the libc does not tell. */
size_t	heap_held(void);

#endif /* REGRESS_UNIT_WEBSOCKET_UTIL_H */
