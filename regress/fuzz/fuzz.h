/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_FUZZ_FUZZ_H
#define REGRESS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What libFuzzer and replay.c call.  Always 0; called once, if it is there. */
int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);
int	LLVMFuzzerInitialize(int *, char ***);

/* A property of the code under test; there is no build without it. */
#define FUZZ_ASSERT(e)	do {						\
	if (!(e)) {							\
		fprintf(stderr, "%s:%d: not so: %s\n", __FILE__,	\
		    __LINE__, #e);					\
		abort();						\
	}								\
} while (0)

/*
 * The input as a source of choices: its bytes are taken from the end, so that
 * what is at the beginning stays text for mutations with a dictionary.  0 when
 * there is nothing left.
 */
struct fuzz {
	const uint8_t	*p;
	size_t		 n;
};

static inline uint8_t
fuzz_byte(struct fuzz *f)
{
	if (f->n == 0)
		return (0);
	return (f->p[--f->n]);
}

/* Below max, which is not 0; one byte of the input, two where that is big. */
static inline size_t
fuzz_below(struct fuzz *f, size_t max)
{
	size_t	v;

	v = fuzz_byte(f);
	if (max > 256)
		v = v << 8 | fuzz_byte(f);
	return (v % max);
}

/*
 * The input's head as a buffer of exactly its size, so that the sanitizers
 * see a read past its end; and with a NUL after it.  To be freed.
 */
static inline void *
fuzz_copy(const void *p, size_t n)
{
	void	*q;

	if ((q = calloc(1, n == 0 ? 1 : n)) == NULL)
		abort();
	if (n != 0)
		memcpy(q, p, n);
	return (q);
}

static inline char *
fuzz_string(const void *p, size_t n)
{
	char	*q;

	if ((q = malloc(n + 1)) == NULL)
		abort();
	if (n != 0)
		memcpy(q, p, n);
	q[n] = '\0';
	return (q);
}

#endif /* REGRESS_FUZZ_FUZZ_H */
