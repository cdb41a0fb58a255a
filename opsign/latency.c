/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stddef.h>
#include <string.h>

#include "opsign/latency.h"

void
latency_clear(struct latency *l)
{
	memset(l, 0, sizeof(*l));
}

/* How often v is to be halved to be below LATENCY_EXACT. */
static unsigned int
halvings(uint64_t v)
{
	unsigned int n;

	for (n = 0; v >= LATENCY_EXACT; v >>= 1)
		n++;
	return (n);
}

/* From LATENCY_EXACT on the halved value is in its upper half: 128 steps. */
static size_t
bucket(uint64_t v)
{
	unsigned int n = halvings(v);

	if (n == 0)
		return ((size_t)v);
	return (LATENCY_EXACT + (n - 1) * LATENCY_STEPS +
	    (size_t)(v >> n) - LATENCY_STEPS);
}

/* The largest time in a bucket. */
static uint64_t
highest(size_t i)
{
	size_t n, step;

	if (i < LATENCY_EXACT)
		return (i);
	n = (i - LATENCY_EXACT) / LATENCY_STEPS + 1;
	step = (i - LATENCY_EXACT) % LATENCY_STEPS + LATENCY_STEPS;
	return (((uint64_t)step + 1) << n) - 1;
}

void
latency_add(struct latency *l, uint64_t us)
{
	if (us > LATENCY_MAX)
		us = LATENCY_MAX;
	if (l->n == 0 || us < l->min)
		l->min = us;
	if (us > l->max)
		l->max = us;
	l->n++;
	l->sum += us;
	l->buckets[bucket(us)]++;
}

uint64_t
latency_at(const struct latency *l, unsigned int thousandths)
{
	uint64_t rank, seen = 0;
	size_t i;

	if (l->n == 0)
		return (0);
	/* The smallest number of times that is this share or more. */
	rank = l->n / 1000 * thousandths +
	    (l->n % 1000 * thousandths + 999) / 1000;
	if (rank == 0)
		return (l->min);
	for (i = 0; i < LATENCY_BUCKETS; i++) {
		seen += l->buckets[i];
		if (seen >= rank)
			return (highest(i) < l->max ? highest(i) : l->max);
	}
	return (l->max);
}

double
latency_mean(const struct latency *l)
{
	return (l->n == 0 ? 0 : (double)l->sum / (double)l->n);
}
