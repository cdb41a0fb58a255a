/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stddef.h>

#include "common/histogram.h"

const uint64_t histogram_bounds[HISTOGRAM_BOUNDS] = {
	50, 100, 200, 500,
	1000, 2000, 5000,
	10000, 20000, 50000,
	100000, 200000, 500000,
	1000000, 2000000, 5000000,
	10000000
};

void
histogram_add(struct histogram *h, uint64_t value)
{
	size_t	 i = 0;

	while (i < HISTOGRAM_BOUNDS && value > histogram_bounds[i])
		i++;
	h->bucket[i]++;
	h->sum += value;
}

void
histogram_merge(struct histogram *h, const struct histogram *other)
{
	size_t	 i;

	for (i = 0; i < HISTOGRAM_BUCKETS; i++)
		h->bucket[i] += other->bucket[i];
	h->sum += other->sum;
}

uint64_t
histogram_count(const struct histogram *h)
{
	uint64_t	 count = 0;
	size_t		 i;

	for (i = 0; i < HISTOGRAM_BUCKETS; i++)
		count += h->bucket[i];
	return (count);
}
