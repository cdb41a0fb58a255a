/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_METRICS_SET_H
#define COMMON_METRICS_SET_H

#include <stddef.h>
#include <stdint.h>

#include "common/metrics.h"

/*
 * Samples of several processes together, for who shows them.  Where several
 * have a sample of the same labels these are one: the sum; the worst, where it
 * tells whether something is good, or until when.
 */
struct metrics_item {
	enum metric		 metric;
	const struct metric_def	*def;
	const char		*label[METRICS_LABELS];	/* of the definition */
	uint64_t		 value;		/* of a counter */
	int64_t			 gauge;		/* of a gauge; 1: METRIC_INFO */
	struct histogram	*hist;		/* NULL: it is none */
};

struct metrics_set {
	struct metrics_item	**items;
	size_t			 n;
	size_t			 more;	/* than METRICS_MAXSAMPLES may be */
};

/*
 * Adds all in a piece, as it comes in a METRICS_SAMPLE.  -1: memory is short,
 * they are more than there may be in all, or a sample is malformed.
 */
int	metrics_set_add(struct metrics_set *, const void *, size_t len);
/*
 * When all have come: they are in the order of their definitions, and by
 * their labels, and each is there once.  If more are added then, once more.
 */
void	metrics_set_sort(struct metrics_set *);
void	metrics_set_clear(struct metrics_set *);

/*
 * Of a sorted one: where samples of that metric begin, from 0; how many they
 * are is put in *n.
 */
size_t	metrics_set_find(const struct metrics_set *, enum metric, size_t *n);
/* The gauge of that label, the first; 0 where there is none. */
int64_t	metrics_set_gauge(const struct metrics_set *, enum metric,
	    const char *label);

/* ---- common/metrics_render.c ------------------------------------------- */

struct evbuffer;

#define METRICS_CONTENT_TYPE	"text/plain; version=0.0.4; charset=utf-8"

/*
 * Appends a sorted set in the text format of Prometheus, 0.0.4.  -1 where
 * memory is short.
 */
int	metrics_render(struct evbuffer *, const struct metrics_set *);

#endif /* COMMON_METRICS_SET_H */
