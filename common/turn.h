/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_TURN_H
#define COMMON_TURN_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;

/*
 * Large messages take turns.  To parse one can take twenty milliseconds, and
 * whoever may ask at all may send many: so it is one at a time, and between
 * two of them all else has as much time as the last one took.  The next is
 * that of the peer which was served the longest ago, so that who sends many
 * waits for himself.
 *
 * All of a process is in one queue.
 */
#define TURN_LARGE	8192	/* bytes; what is shorter does not wait */

struct turn {
	TAILQ_ENTRY(turn)	 entry;
	void			(*run)(void *arg);
	void			*arg;
	uint32_t		 lane;
	bool			 waiting;
};

/* run is called from the loop; it may join anew, or free the turn. */
void	turn_init(struct turn *, void (*run)(void *), void *arg);
/* whose: the peer's name. */
void	turn_join(struct turn *, struct event_base *, const char *whose);
/* Before it is freed; nothing happens where it does not wait. */
void	turn_leave(struct turn *);

#endif /* COMMON_TURN_H */
