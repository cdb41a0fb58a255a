/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_UNIT_RND_H
#define REGRESS_UNIT_RND_H

#include <stdint.h>

/* Random numbers, the same each time: Knuth's constants for MMIX. */
static uint64_t	 seed;

static inline uint32_t
rnd(uint32_t bound)
{
	seed = seed * 6364136223846793005U + 1442695040888963407U;
	return ((uint32_t)(seed >> 33) % bound);
}

#endif /* REGRESS_UNIT_RND_H */
