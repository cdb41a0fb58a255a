/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include <sys/time.h>

#include <stdint.h>
#include <time.h>

/*
 * Microseconds of CLOCK_MONOTONIC: the same count in every process of the
 * machine, so that a deadline can be passed on as it is.
 */
static inline uint64_t
clock_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000);
}

/* A time from now, for a timer. */
static inline struct timeval
clock_in_ms(uint32_t ms)
{
	struct timeval tv;

	tv.tv_sec = (time_t)(ms / 1000);
	tv.tv_usec = (suseconds_t)(ms % 1000 * 1000);
	return (tv);
}

#endif /* COMMON_CLOCK_H */
