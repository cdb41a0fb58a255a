/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#undef _FORTIFY_SOURCE

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "regress/faults/memory.h"

int64_t	memory_live;

#ifdef __GLIBC__
const bool	memory_replaced = true;

/* What libc, or the sanitizers, would have done. */
#ifdef SIGNERD_SANITIZE
#define REAL(name)	__interceptor_##name
#else
#define REAL(name)	__libc_##name
#endif

void	*REAL(malloc)(size_t);
void	*REAL(calloc)(size_t, size_t);
void	*REAL(realloc)(void *, size_t);
void	*REAL(memalign)(size_t, size_t);
void	 REAL(free)(void *);
void	*memalign(size_t, size_t);

static void *
counted(void *p)
{
	if (p != NULL)
		__atomic_add_fetch(&memory_live, 1, __ATOMIC_RELAXED);
	return (p);
}

static bool
fails(enum memory_call call)
{
	if (!memory_fails(call))
		return (false);
	errno = ENOMEM;
	return (true);
}

void *
malloc(size_t size)
{
	return (fails(MEMORY_MALLOC) ? NULL : counted(REAL(malloc)(size)));
}

void *
calloc(size_t n, size_t size)
{
	return (fails(MEMORY_CALLOC) ? NULL : counted(REAL(calloc)(n, size)));
}

void *
realloc(void *old, size_t size)
{
	void	*p;

	if (fails(MEMORY_REALLOC))
		return (NULL);
	p = REAL(realloc)(old, size);
	if (old == NULL)
		return (counted(p));
	/* Given back, as glibc has it. */
	if (p == NULL && size == 0)
		__atomic_sub_fetch(&memory_live, 1, __ATOMIC_RELAXED);
	return (p);
}

void *
reallocarray(void *old, size_t n, size_t size)
{
	size_t	 all;

	if (__builtin_mul_overflow(n, size, &all)) {
		errno = ENOMEM;
		return (NULL);
	}
	return (realloc(old, all));
}

void
free(void *p)
{
	if (p != NULL)
		__atomic_sub_fetch(&memory_live, 1, __ATOMIC_RELAXED);
	REAL(free)(p);
}

void *
memalign(size_t alignment, size_t size)
{
	return (fails(MEMORY_MALLOC) ? NULL :
	    counted(REAL(memalign)(alignment, size)));
}

void *
aligned_alloc(size_t alignment, size_t size)
{
	return (memalign(alignment, size));
}

int
posix_memalign(void **out, size_t alignment, size_t size)
{
	void	*p;

	if ((p = memalign(alignment, size)) == NULL)
		return (ENOMEM);
	*out = p;
	return (0);
}
#else
const bool	memory_replaced = false;
#endif
