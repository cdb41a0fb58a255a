/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_WSLINK_H
#define COMMON_WSLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/websocket.h"

struct event_base;
struct tlsconn;
struct tlsctx;

/*
 * A websocket on a TLS connection, after the opening handshake: messages both
 * ways, pings with jitter, the death of a peer that has fallen silent, and
 * the closing handshake within a time limit.  For either end of a link.
 */
struct wslink_config {
	size_t		max_message;	/* bytes, from the peer */
	size_t		max_output;	/* bytes that wait to be read by it */
	uint32_t	ping;		/* ms between pings, +-20 % */
	/*
	 * ms without a byte from the peer, or in which it takes none of those
	 * that wait for it: the link is dead.
	 */
	uint32_t	dead;
	uint32_t	close;		/* ms for the closing handshake */
	/*
	 * Who it is: its large messages take turns with those of others
	 * (turn.h).  NULL: they do not.  Must outlive the link.
	 */
	const char	*peer;
};

struct wslink;

/*
 * Why a link has ended: what came first.  by_peer: the peer's close frame, or
 * it went away, silently or not; the code is that of its close frame (1005 if
 * that had none), or 0 where none came.  Otherwise: wslink_close(), something
 * that the peer must not do (websocket.h), the end of its certificate, or
 * that it does not read; the code is the one sent, or 0 where none was.
 */
struct wslink_end {
	bool		 by_peer;
	uint16_t	 code;
	const char	*reason;	/* for the log; printable ASCII */
};

/*
 * Callbacks run from the event loop, never from within a wslink_ call of the
 * owner.  Within either of them the owner may call wslink_free.
 */
struct wslink_cb {
	/* A whole message; valid until the callback returns; NUL follows. */
	void	(*message)(struct wslink *, const char *, size_t, void *arg);
	/* The link is of no more use: free it.  Comes once. */
	void	(*end)(struct wslink *, const struct wslink_end *, void *arg);
};

/*
 * Takes over conn, with whatever its input still holds; its callbacks are set
 * anew.  What its output holds is sent first and counts as waiting.  When the
 * peer's certificate expires the link is closed, with 1008 "certificate has
 * expired".  NULL with errno; conn is then still the caller's.
 */
struct wslink	*wslink_new(struct event_base *, enum websocket_role,
		    struct tlsconn *conn, const struct wslink_config *,
		    const struct wslink_cb *, void *arg);
/* Closes at once, the connection too.  NULL is fine. */
void		 wslink_free(struct wslink *);

/*
 * Other times and another max_output, from now on; max_message stays, for a
 * message may have begun.
 */
void		 wslink_set_config(struct wslink *,
		    const struct wslink_config *);
/* Whether a newer context would trust the peer: see tlsconn_trusted(). */
bool		 wslink_trusted(const struct wslink *, struct tlsctx *,
		    char *why, size_t size);

/*
 * Queues a text message.  -1 where the link is not open any more or memory
 * is short.  Where more than max_output would have to wait, this message and
 * what was queued in the same turn of the loop included, the link ends: -1,
 * and the end is told later, from the loop.
 */
int		 wslink_send(struct wslink *, const char *, size_t);
/* May messages still be sent? */
bool		 wslink_open(const struct wslink *);
/*
 * Sends a close frame, with a code that may be sent (websocket.h); what still
 * comes is dropped.  The end follows when the peer has answered, or the time
 * is up.  Nothing happens where the link is not open any more.
 */
void		 wslink_close(struct wslink *, uint16_t code,
		    const char *reason);
/* Bytes that wait for the peer to read. */
size_t		 wslink_unsent(struct wslink *);
/*
 * Microseconds from the last ping that was answered to its pong; 0: none was
 * yet.
 */
uint64_t	 wslink_round_trip(const struct wslink *);

#endif /* COMMON_WSLINK_H */
