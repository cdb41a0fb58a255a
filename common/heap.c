/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>
#include <sys/mman.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <event2/event.h>

#include "common/clock.h"
#include "common/heap.h"

#define DELAY		1000	/* ms, from the first to the last of many */
#define SMALL		4096	/* a message that leaves nothing behind */
#define TREE		16	/* bytes that one of JSON makes, usually */
#define SHARE		100	/* one part of the time in so many */

static struct event	*timer;
static size_t		 freed;
static uint64_t		 rest;		/* clock_us(): not before */

/* ---- Places for pieces ----------------------------------------------------- */

#ifndef SIGNERD_SANITIZE
/*
 * What libevent asks for all the time has places here, and need not be looked
 * for in the heap.  Of the small pieces it keeps one for each descriptor that
 * ever was: enough of them for 65536.  The others are gone in a moment, but
 * for the two buffers of each connection: an event or a buffer, and what is in
 * a buffer at first.
 */
#define PIECES		((size_t)2 * 65536)
#define ALIGN		16

struct place {
	struct place	*next;		/* free */
};

static struct pool {
	size_t		 size;		/* of a place, and of pieces in it */
	size_t		 least;		/* or rather the heap's */
	size_t		 count;
	uint8_t		*places;	/* NULL: there are none */
	struct place	*unused;	/* that were used before */
	size_t		 nused;		/* that ever were */
} pools[] = {
	{ ALIGN, 0, PIECES, NULL, NULL, 0 },
	{ 9 * ALIGN, ALIGN + 1, 256, NULL, NULL, 0 },
	{ 64 * ALIGN, 32 * ALIGN, 64, NULL, NULL, 0 }
};
#define POOLS	(sizeof(pools) / sizeof(pools[0]))

/* Where it is; NULL: in the heap. */
static struct pool *
pool_of(const void *memory)
{
	uintptr_t	 at = (uintptr_t)memory;
	struct pool	*p;

	for (p = pools; p < pools + POOLS; p++)
		if (p->places != NULL && at >= (uintptr_t)p->places &&
		    at < (uintptr_t)p->places + p->count * p->size)
			return (p);
	return (NULL);
}

static void *
take_place(struct pool *p)
{
	struct place	*place = p->unused;

	if (place != NULL) {
		p->unused = place->next;
		return (place);
	}
	if (p->places == NULL || p->nused == p->count)
		return (NULL);
	return (p->places + p->size * p->nused++);
}

static void *
piece_malloc(size_t size)
{
	struct pool	*p;
	void		*place;

	for (p = pools; p < pools + POOLS; p++)
		if (size >= p->least && size <= p->size &&
		    (place = take_place(p)) != NULL)
			return (place);
	return (malloc(size));
}

static void
piece_free(void *memory)
{
	struct pool	*p = pool_of(memory);
	struct place	*place = memory;

	if (p == NULL) {
		free(memory);
		return;
	}
	place->next = p->unused;
	p->unused = place;
}

static void *
piece_realloc(void *old, size_t size)
{
	struct pool	*p = pool_of(old);
	void		*new;

	if (old == NULL)
		return (piece_malloc(size));
	if (p == NULL)
		return (realloc(old, size));
	if (size <= p->size)
		return (old);
	if ((new = piece_malloc(size)) == NULL)
		return (NULL);
	memcpy(new, old, p->size);
	piece_free(old);
	return (new);
}

int
heap_begin(void)
{
	struct pool	*p;
	uint8_t		*places;
	size_t		 size = 0;

	for (p = pools; p < pools + POOLS; p++)
		size += p->count * p->size;
	places = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (places == MAP_FAILED)
		return (-1);
	for (p = pools; p < pools + POOLS; p++) {
		p->places = places;
		places += p->count * p->size;
	}
	event_set_mem_functions(piece_malloc, piece_realloc, piece_free);
	return (0);
}
#else
/* Sanitizers are to see each piece. */
int
heap_begin(void)
{
	return (0);
}
#endif

/* ---- What is free ----------------------------------------------------- */

static void
give_back(void)
{
#ifdef __GLIBC__
	uint64_t	 began = clock_us();

	(void)malloc_trim(0);
	rest = began + SHARE * (clock_us() - began);
#endif
}

static void
wait_until(uint64_t due)
{
	uint64_t	 now = clock_us(), left;
	struct timeval	 tv;

	left = due > now ? due - now : 0;
	tv.tv_sec = (time_t)(left / 1000000);
	tv.tv_usec = (suseconds_t)(left % 1000000);
	event_add(timer, &tv);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	if (clock_us() < rest) {
		wait_until(rest);
		return;
	}
	give_back();
	freed = 0;
}

void
heap_init(struct event_base *base)
{
	timer = evtimer_new(base, on_timer, NULL);
}

void
heap_freed(size_t n)
{
	freed = freed > SIZE_MAX - n ? SIZE_MAX : freed + n;
	if (timer == NULL || freed < HEAP_LEAST ||
	    evtimer_pending(timer, NULL))
		return;
	wait_until(clock_us() + (uint64_t)DELAY * 1000);
}

void
heap_message(size_t len)
{
	if (len > SMALL)
		heap_freed(len > SIZE_MAX / TREE ? SIZE_MAX : len * TREE);
}
