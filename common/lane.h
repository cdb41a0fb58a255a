/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_LANE_H
#define COMMON_LANE_H

#include <stdint.h>

/*
 * Who takes turns with others is told from them by the lane of his name.  Two
 * names that have the same one share their turns, which is all that comes of
 * it.
 */
#define LANES	256

static inline uint32_t
lane_of(const char *name)
{
	uint32_t	 h = 2166136261U;

	/* FNV-1a. */
	for (; *name != '\0'; name++)
		h = (h ^ (unsigned char)*name) * 16777619U;
	return (h % LANES);
}

#endif /* COMMON_LANE_H */
