/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_HEAP_H
#define COMMON_HEAP_H

#include <stddef.h>

struct event_base;

/*
 * Memory that a process has freed goes back to the system: where many
 * connections or large messages have gone, malloc(3) would keep theirs for
 * good.  It is done a second after HEAP_LEAST bytes have been freed, and never
 * for more than a hundredth of the time.
 */
#define HEAP_LEAST	((size_t)1024 * 1024)

/*
 * Before anything else of libevent is called.  It keeps 24 bytes for every
 * descriptor that it ever knew; somewhere among those of a connection, each
 * of them would hold back a page for good.  So they have a place of their own,
 * and what libevent gives away to be freed, as evbuffer_readln(3) does, cannot
 * be.  -1 where there is none to be had.
 */
int	heap_begin(void);
/* Without it, and without a malloc(3) that knows how, nothing is given back. */
void	heap_init(struct event_base *);
/* About so many bytes were freed, in one piece or many. */
void	heap_freed(size_t);
/* The same of a message of that length, and of what was made of it. */
void	heap_message(size_t len);

#endif /* COMMON_HEAP_H */
