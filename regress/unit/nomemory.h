/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_UNIT_NOMEMORY_H
#define REGRESS_UNIT_NOMEMORY_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <event2/buffer.h>
#include <event2/event.h>

/*
 * To be included before the source of a module: one allocation, of its own or
 * of the libraries below it, fails when its turn comes.
 */
static unsigned int	 nomemory_turn, nomemory_at;	/* from 1; 0: none */
static int		 nomemory_live;		/* allocations to be freed */

static inline bool
nomemory_now(void)
{
	if (++nomemory_turn != nomemory_at)
		return (false);
	errno = ENOMEM;
	return (true);
}

static inline void *
nomemory_counted(void *p)
{
	nomemory_live += p != NULL;
	return (p);
}

static inline void *
nomemory_malloc(size_t size)
{
	return (nomemory_now() ? NULL : nomemory_counted(malloc(size)));
}

static inline void *
nomemory_calloc(size_t n, size_t size)
{
	return (nomemory_now() ? NULL : nomemory_counted(calloc(n, size)));
}

static inline void *
nomemory_realloc(void *p, size_t size)
{
	if (nomemory_now())
		return (NULL);
	return (p == NULL ? nomemory_counted(malloc(size)) :
	    realloc(p, size));
}

static inline void *
nomemory_reallocarray(void *p, size_t n, size_t size)
{
	assert_true(size == 0 || n <= SIZE_MAX / size);
	return (nomemory_realloc(p, n * size));
}

static inline void
nomemory_free(void *p)
{
	nomemory_live -= p != NULL;
	free(p);
}

/* Before a library has allocated anything. */
static inline void
nomemory_libraries(void)
{
	event_set_mem_functions(nomemory_malloc, nomemory_realloc,
	    nomemory_free);
}

/*
 * Runs f with the first allocation failing, then with the second, until it
 * asks for no more.  f tells by assertions whether what it got is whole or
 * none; nothing is left allocated.  Returns how many failed.
 */
static inline unsigned int
nomemory_each(void (*f)(void *), void *arg)
{
	int	 before = nomemory_live;

	for (nomemory_at = 1;; nomemory_at++) {
		nomemory_turn = 0;
		f(arg);
		assert_int_equal(nomemory_live, before);
		if (nomemory_turn < nomemory_at)
			break;
	}
	nomemory_at = 0;
	return (nomemory_turn);
}

/* Whether one has failed in this run. */
static inline bool
nomemory_failed(void)
{
	return (nomemory_at != 0 && nomemory_turn >= nomemory_at);
}

#define malloc(size)			nomemory_malloc(size)
#define calloc(n, size)			nomemory_calloc(n, size)
#define realloc(p, size)		nomemory_realloc(p, size)
#define reallocarray(p, n, size)	nomemory_reallocarray(p, n, size)
#define free(p)				nomemory_free(p)

#endif /* REGRESS_UNIT_NOMEMORY_H */
