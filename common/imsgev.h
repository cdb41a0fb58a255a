/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_IMSGEV_H
#define COMMON_IMSGEV_H

#include <stdbool.h>
#include <stdint.h>

#include "compat/imsg.h"

struct event;
struct event_base;

/*
 * An imsgbuf driven by libevent.  What is queued during one turn of the loop
 * leaves at its end with as few system calls as possible.
 */
struct imsgev;

struct imsgev_cb {
	/* One message; the callee does not free it, nor the imsgev. */
	void	(*message)(struct imsgev *, struct imsg *, void *arg);
	/* All messages that were there have been handed over; may be NULL. */
	void	(*batch)(struct imsgev *, void *arg);
	/*
	 * The peer has gone (why is NULL), or a failure; all that it said
	 * has been handed over, and the owner may free it here.
	 */
	void	(*closed)(struct imsgev *, const char *why, void *arg);
};

struct imsgev {
	struct imsgbuf		 ibuf;
	struct event		*read;
	struct event		*write;	/* the socket was full */
	struct event		*flush;	/* the end of this turn */
	struct event		*later;	/* the end of a rest, or NULL */
	const struct imsgev_cb	*cb;
	void			*arg;
	bool			 dead;
	bool			 deaf;		/* the peer reads no more */
	bool			 resting;	/* and it is not listened to */
};

/*
 * maxsize: of a message, without its header.  0, or -1 with errno; fd is then
 * still the caller's.
 */
int	imsgev_init(struct imsgev *, struct event_base *, int fd,
	    uint32_t maxsize, const struct imsgev_cb *, void *arg);
/* To be called after something was queued on ->ibuf. */
void	imsgev_flush(struct imsgev *);
/* Writes what is queued at once, as far as the socket takes it. */
void	imsgev_write(struct imsgev *);
/*
 * Hands over all messages that are there: of a peer that says no more, or
 * there may be no end of it.  Not from within a callback of it, and the owner
 * does not free it in one.
 */
void	imsgev_drain(struct imsgev *);
/*
 * Within batch: what the peer says in the next us waits in the socket and is
 * handed over then, in one batch, which can be of none.  Its end is not seen
 * sooner, either.  Where memory is short it is listened to as ever.
 */
void	imsgev_rest(struct imsgev *, uint32_t us);
/* Closes the descriptor too. */
void	imsgev_clear(struct imsgev *);

#endif /* COMMON_IMSGEV_H */
