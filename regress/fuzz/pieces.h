/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_FUZZ_PIECES_H
#define REGRESS_FUZZ_PIECES_H

#include "regress/fuzz/fuzz.h"

/*
 * Cuts an input as a network may, at places that follow from all its bytes:
 * so a seed is just what a peer sends, and a change anywhere cuts anew.
 */
enum pieces_how {
	PIECES_WHOLE, PIECES_BYTES, PIECES_RANDOM
};

struct pieces {
	const uint8_t	*p;
	size_t		 n;
	enum pieces_how	 how;
	uint32_t	 state;
	size_t		 max;		/* of the longest piece */
};

/* A linear congruential step (Numerical Recipes' constants) is plenty. */
static inline uint32_t
pieces_next(struct pieces *c)
{
	c->state = c->state * 1664525U + 1013904223U;
	return (c->state >> 8);
}

static inline void
pieces_start(struct pieces *c, const uint8_t *p, size_t n,
    enum pieces_how how)
{
	size_t	i;

	c->p = p;
	c->n = n;
	c->how = how;
	c->state = 2166136261U;
	for (i = 0; i < n; i++)
		c->state = (c->state ^ p[i]) * 16777619U;
	/* Now many short ones, now few long ones. */
	c->max = (size_t)2 << pieces_next(c) % 10;
}

/* The length of the next piece, at *p; 0 at the end. */
static inline size_t
pieces_take(struct pieces *c, const uint8_t **p)
{
	size_t	n = c->n;

	if (c->how == PIECES_BYTES && n > 1)
		n = 1;
	else if (c->how == PIECES_RANDOM && n > 1) {
		n = 1 + pieces_next(c) % c->max;
		if (n > c->n)
			n = c->n;
	}
	*p = c->p;
	if (n != 0) {
		c->p += n;
		c->n -= n;
	}
	return (n);
}

#endif /* REGRESS_FUZZ_PIECES_H */
