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

/* ---- Small pieces ----------------------------------------------------- */

#ifndef SIGNERD_SANITIZE
/*
 * Small pieces of libevent's, of which it keeps one for each descriptor that
 * ever was: enough of them for 65536.
 */
#define PIECE		16
#define PIECES		((size_t)2 * 65536)

union piece {
	union piece	*next;		/* free */
	uint8_t		 bytes[PIECE];
};

static union piece	*pieces;	/* PIECES of them, or NULL */
static union piece	*unused;	/* that were used before */
static size_t		 nused;		/* that ever were */

static bool
is_piece(const void *p)
{
	uintptr_t	 at = (uintptr_t)p, first = (uintptr_t)pieces;

	return (pieces != NULL && at >= first &&
	    at < first + PIECES * sizeof(*pieces));
}

static void *
piece_malloc(size_t size)
{
	union piece	*p;

	if (size > PIECE || (unused == NULL && nused == PIECES))
		return (malloc(size));
	if ((p = unused) != NULL)
		unused = p->next;
	else
		p = &pieces[nused++];
	return (p);
}

static void
piece_free(void *memory)
{
	union piece	*p = memory;

	if (!is_piece(p)) {
		free(p);
		return;
	}
	p->next = unused;
	unused = p;
}

static void *
piece_realloc(void *old, size_t size)
{
	void	*new;

	if (old != NULL && !is_piece(old))
		return (realloc(old, size));
	if (size <= PIECE && old != NULL)
		return (old);
	if ((new = piece_malloc(size)) == NULL || old == NULL)
		return (new);
	memcpy(new, old, PIECE);
	piece_free(old);
	return (new);
}

int
heap_begin(void)
{
	void	*p;

	p = mmap(NULL, PIECES * sizeof(*pieces), PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return (-1);
	pieces = p;
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
