/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_LIST_H
#define COMMON_LIST_H

#include <stddef.h>

/*
 * Lists are arrays.  This one makes room for one more item, of size bytes,
 * behind n of them, in a list (&list is given) that grows by this function
 * alone: it is moved seldom.  -1 where memory is short.
 */
int	list_grow(void *listp, size_t n, size_t size);

/* Bytes of an item to be sorted, at most. */
#define LIST_MAXSIZE	64

/*
 * Sorts n items of size bytes in place, as qsort(3) would; equal ones come in
 * any order.  For sandboxed processes and for items from a peer: it asks the
 * kernel for nothing, needs no heap, and is never quadratic.
 */
void	list_sort(void *, size_t n, size_t size,
	    int (*cmp)(const void *, const void *));

#endif /* COMMON_LIST_H */
