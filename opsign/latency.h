/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef OPSIGN_LATENCY_H
#define OPSIGN_LATENCY_H

#include <stdint.h>

/*
 * Times in microseconds, any number of them in the same memory: up to 255
 * exactly, above in 128 steps for each doubling, so that a percentile is at
 * most 1/128 above the time that it stands for, and never below it.  Times
 * over LATENCY_MAX count as that.
 */
#define LATENCY_EXACT	256
#define LATENCY_STEPS	128
#define LATENCY_DOUBLINGS 24
#define LATENCY_BUCKETS	(LATENCY_EXACT + LATENCY_DOUBLINGS * LATENCY_STEPS)
#define LATENCY_MAX	UINT32_MAX	/* 71 minutes */

struct latency {
	uint64_t	 n;
	uint64_t	 sum;
	uint64_t	 min;		/* 0 where there is none */
	uint64_t	 max;
	uint64_t	 buckets[LATENCY_BUCKETS];
};

void		latency_clear(struct latency *);
void		latency_add(struct latency *, uint64_t us);
/*
 * The time that so many thousandths of all did not exceed: 500 is the median,
 * 1000 the maximum.  0 where there is none.
 */
uint64_t	latency_at(const struct latency *, unsigned int thousandths);
double		latency_mean(const struct latency *);

#endif /* OPSIGN_LATENCY_H */
