/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdlib.h>
#include <string.h>

#include "common/list.h"
#include "common/metrics_set.h"

/* One allocation: the item, its histogram, its labels. */
static struct metrics_item *
item_new(const struct metric_sample *s)
{
	struct metrics_item	*item;
	size_t			 i, len[METRICS_LABELS], size;
	char			*p;

	size = sizeof(*item);
	if (s->def->kind == METRIC_HISTOGRAM)
		size += sizeof(*item->hist);
	for (i = 0; i < s->nlabels; i++)
		size += len[i] = strlen(s->label[i]) + 1;
	if ((item = calloc(1, size)) == NULL)
		return (NULL);
	item->metric = s->metric;
	item->def = s->def;
	item->value = s->value;
	item->gauge = s->gauge;
	p = (char *)(item + 1);
	if (s->def->kind == METRIC_HISTOGRAM) {
		item->hist = (struct histogram *)(void *)p;
		*item->hist = s->hist;
		p += sizeof(*item->hist);
	}
	for (i = 0; i < s->nlabels; i++) {
		memcpy(p, s->label[i], len[i]);
		item->label[i] = p;
		p += len[i];
	}
	return (item);
}

int
metrics_set_add(struct metrics_set *set, const void *samples, size_t len)
{
	struct metric_sample	 s;
	struct metrics_item	*item;
	struct ibuf		 b;

	ibuf_from_buffer(&b, (void *)(uintptr_t)samples, len);
	while (ibuf_size(&b) > 0) {
		if (set->n == METRICS_MAXSAMPLES + set->more ||
		    metrics_decode(&b, &s) == -1 ||
		    list_grow(&set->items, set->n, sizeof(item)) == -1 ||
		    (item = item_new(&s)) == NULL)
			return (-1);
		set->items[set->n++] = item;
	}
	return (0);
}

void
metrics_set_clear(struct metrics_set *set)
{
	size_t	 i;

	for (i = 0; i < set->n; i++)
		free(set->items[i]);
	free(set->items);
	memset(set, 0, sizeof(*set));
}

/* ---- Order ------------------------------------------------------------ */

static bool
is_number(const char *s)
{
	return (s[0] != '\0' && s[strspn(s, "0123456789")] == '\0');
}

/* Numbers, which rules have, as such and before all others. */
static int
compare_labels(const char *a, const char *b)
{
	size_t	 na = strlen(a), nb = strlen(b);
	bool	 numeric = is_number(a);

	if (numeric != is_number(b))
		return (numeric ? -1 : 1);
	if (numeric && na != nb)
		return (na < nb ? -1 : 1);
	return (strcmp(a, b));
}

static int
compare(const struct metrics_item *a, const struct metrics_item *b)
{
	size_t	 i;
	int	 r;

	if (a->metric != b->metric)
		return (a->metric < b->metric ? -1 : 1);
	for (i = 0; i < METRICS_LABELS && a->label[i] != NULL; i++)
		if ((r = compare_labels(a->label[i], b->label[i])) != 0)
			return (r);
	return (0);
}

static int
compare_items(const void *a, const void *b)
{
	return (compare(*(struct metrics_item *const *)a,
	    *(struct metrics_item *const *)b));
}

static int64_t
sum(int64_t a, int64_t b)
{
	int64_t	 r;

	if (!__builtin_add_overflow(a, b, &r))
		return (r);
	return (a > 0 ? INT64_MAX : INT64_MIN);
}

/*
 * Of several processes of one kind.  What there is of something is added; of
 * what can be good or not, or is a time to beware of, the worst holds.
 */
static int64_t
merge_gauge(enum metric metric, int64_t a, int64_t b)
{
	switch (metric) {
	case METRIC_AUDIT_READY:
	case METRIC_CERT_EXPIRY:
	case METRIC_CRL_UPDATE:
		return (a < b ? a : b);
	case METRIC_KEYD_BEHIND:
	case METRIC_LISTENERS:
		return (a > b ? a : b);
	default:
		return (sum(a, b));
	}
}

static void
merge(struct metrics_item *item, const struct metrics_item *other)
{
	switch (item->def->kind) {
	case METRIC_COUNTER:
		item->value += other->value;
		break;
	case METRIC_GAUGE:
		item->gauge = merge_gauge(item->metric, item->gauge,
		    other->gauge);
		break;
	case METRIC_HISTOGRAM:
		histogram_merge(item->hist, other->hist);
		break;
	case METRIC_INFO:
		break;
	}
}

void
metrics_set_sort(struct metrics_set *set)
{
	size_t	 i, n = 0;

	list_sort(set->items, set->n, sizeof(set->items[0]), compare_items);
	for (i = 0; i < set->n; i++) {
		if (n > 0 && compare(set->items[n - 1], set->items[i]) == 0) {
			merge(set->items[n - 1], set->items[i]);
			free(set->items[i]);
		} else
			set->items[n++] = set->items[i];
	}
	set->n = n;
}

/* ---- Looking things up ------------------------------------------------ */

/* The first that is not below it. */
static size_t
lower_bound(const struct metrics_set *set, unsigned int metric)
{
	size_t	 low = 0, high = set->n, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if ((unsigned int)set->items[mid]->metric < metric)
			low = mid + 1;
		else
			high = mid;
	}
	return (low);
}

size_t
metrics_set_find(const struct metrics_set *set, enum metric metric, size_t *n)
{
	size_t	 first = lower_bound(set, metric);

	*n = lower_bound(set, (unsigned int)metric + 1) - first;
	return (first);
}

int64_t
metrics_set_gauge(const struct metrics_set *set, enum metric metric,
    const char *label)
{
	size_t	 i, n, first = metrics_set_find(set, metric, &n);

	for (i = first; i < first + n; i++)
		if (label == NULL ||
		    strcmp(set->items[i]->label[0], label) == 0)
			return (set->items[i]->gauge);
	return (0);
}
