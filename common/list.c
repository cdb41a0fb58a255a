/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/list.h"

int
list_grow(void *listp, size_t n, size_t size)
{
	void	*grown, *list;

	/* Full whenever n is a power of two: then there is room for 2n. */
	if ((n & (n - 1)) != 0)
		return (0);
	if (n > SIZE_MAX / 2)
		return (-1);
	memcpy(&list, listp, sizeof(list));
	if ((grown = reallocarray(list, n > 0 ? 2 * n : 1, size)) == NULL)
		return (-1);
	memcpy(listp, &grown, sizeof(grown));
	return (0);
}

/* ---- Sorting ---------------------------------------------------------- */

struct heap {
	uint8_t		*items;
	size_t		 size;
	int		(*cmp)(const void *, const void *);
};

static uint8_t *
at(const struct heap *h, size_t i)
{
	return (h->items + i * h->size);
}

/*
 * Puts the item where it belongs in the heap below root.  First the hole goes
 * all the way down, then the item up from there: it comes from the end of the
 * heap and nearly always belongs far below.
 */
static void
sift(const struct heap *h, const uint8_t *item, size_t root, size_t n)
{
	size_t	 hole = root, child, parent;

	while ((child = 2 * hole + 1) < n) {
		if (child + 1 < n && h->cmp(at(h, child), at(h, child + 1)) < 0)
			child++;
		memcpy(at(h, hole), at(h, child), h->size);
		hole = child;
	}
	for (; hole > root; hole = parent) {
		parent = (hole - 1) / 2;
		if (h->cmp(at(h, parent), item) >= 0)
			break;
		memcpy(at(h, hole), at(h, parent), h->size);
	}
	memcpy(at(h, hole), item, h->size);
}

static int
is_sorted(const struct heap *h, size_t n)
{
	size_t	 i;

	for (i = 1; i < n; i++)
		if (h->cmp(at(h, i - 1), at(h, i)) > 0)
			return (0);
	return (1);
}

/* Heapsort: no input makes it slow. */
void
list_sort(void *items, size_t n, size_t size,
    int (*cmp)(const void *, const void *))
{
	struct heap	 h = { items, size, cmp };
	uint8_t		 item[LIST_MAXSIZE];
	size_t		 i;

	if (is_sorted(&h, n))
		return;
	for (i = n / 2; i-- > 0; ) {
		memcpy(item, at(&h, i), size);
		sift(&h, item, i, n);
	}
	for (i = n; i-- > 1; ) {
		memcpy(item, at(&h, i), size);
		memcpy(at(&h, i), at(&h, 0), size);
		sift(&h, item, 0, i);
	}
}
