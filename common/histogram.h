/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_HISTOGRAM_H
#define COMMON_HISTOGRAM_H

#include <stdint.h>

/*
 * How many values were how large.  The bounds are the same everywhere: 50 to
 * 10,000,000 by 1, 2 and 5, which for microseconds is from 50 us to 10 s.  A
 * value that is a bound counts as below it; one bucket more is for all that is
 * over the last.
 */
#define HISTOGRAM_BOUNDS	17
#define HISTOGRAM_BUCKETS	(HISTOGRAM_BOUNDS + 1)

extern const uint64_t histogram_bounds[HISTOGRAM_BOUNDS];

struct histogram {
	uint64_t	bucket[HISTOGRAM_BUCKETS];	/* each its own */
	uint64_t	sum;
};

void		 histogram_add(struct histogram *, uint64_t value);
/* Adds all that the other one has. */
void		 histogram_merge(struct histogram *, const struct histogram *);
uint64_t	 histogram_count(const struct histogram *);

#endif /* COMMON_HISTOGRAM_H */
