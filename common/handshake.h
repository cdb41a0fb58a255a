/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_HANDSHAKE_H
#define COMMON_HANDSHAKE_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;

/*
 * Handshakes take turns, too.  A step of one costs as much as twenty requests,
 * and anybody can ask for one.  So:
 *
 * - One step is taken in a turn of the loop.
 * - Sources have their turns one after the other, whatever each has waiting:
 *   who begins many handshakes waits for himself.  Of one source, second
 *   steps come before first ones: who has only said hello is not in the way
 *   of who goes on.
 * - While requests are under way, steps have no more than a share of the time:
 *   after each there is none until the rest of that time has gone by, or until
 *   nobody has asked for as long as the step took.  Where nobody asks for
 *   anything, all of the time is theirs.
 *
 * All of a process is in one queue.
 */

/* Those that wait for one reason or address; the owner's, unless NULL. */
struct handshake_source {
	TAILQ_ENTRY(handshake_source)	 entry;
	TAILQ_HEAD(, handshake)		 waiting;
};

struct handshake {
	TAILQ_ENTRY(handshake)		 entry;
	struct handshake_source		*source;
	void				(*step)(void *arg);
	void				*arg;
	uint32_t			 steps;		/* it has had */
	bool				 waits;
};

/* It must not go while a handshake of its own waits. */
void	handshake_source_init(struct handshake_source *);

/*
 * step is called from the loop; it may join anew, or free the handshake.
 * source NULL: one that all of these share.
 */
void	handshake_init(struct handshake *, struct handshake_source *,
	    void (*step)(void *arg), void *arg);
/* Waits for its next step; nothing happens where it does already. */
void	handshake_join(struct handshake *, struct event_base *);
/* Before it is freed; nothing happens where it does not wait. */
void	handshake_leave(struct handshake *);

/* Percent, 1 to 100, of the time that steps have; HANDSHAKE_PERCENT at first. */
#define HANDSHAKE_PERCENT	10
void	handshake_set_percent(uint32_t);
/* A request is under way, and is so no more. */
void	handshake_request(void);
void	handshake_request_done(void);
/* Whether there is one. */
bool	handshake_requests(void);

/* How many wait for a step. */
uint32_t handshake_waiting(void);
/* Steps that were put off for requests. */
uint64_t handshake_deferred(void);

#endif /* COMMON_HANDSHAKE_H */
