/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/list.o */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/list.h"
#include "regress/unit/rnd.h"

static uint64_t	compared;

static int
compare(const void *a, const void *b)
{
	uint32_t	 x, y;

	compared++;
	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x < y ? -1 : x > y);
}

enum shape { RANDOM, FEW, UP, DOWN, EQUAL, ORGAN, SHAPES };

static uint32_t
value(enum shape shape, uint32_t i, uint32_t n)
{
	switch (shape) {
	case FEW:
		return (rnd(3));
	case UP:
		return (i);
	case DOWN:
		return (n - i);
	case EQUAL:
		return (7);
	case ORGAN:
		return (i < n / 2 ? i : n - i);
	default:
		return (rnd(UINT32_MAX));
	}
}

/*
 * Items of that size, in a block without a byte to spare: each begins with
 * what it is sorted by and goes on with a sum over it, which must stay.
 */
static void
sorts(enum shape shape, uint32_t n, size_t size)
{
	uint8_t		*items = malloc(n * size + (n == 0));
	uint64_t	 sum = 0, limit = 8;
	uint32_t	 i, k, last = 0;

	assert_non_null(items);
	for (i = 0; i < n; i++) {
		k = value(shape, i, n);
		sum += k;
		memset(items + i * size, (int)(k * 31 & 0xff), size);
		memcpy(items + i * size, &k, sizeof(k));
	}
	compared = 0;
	list_sort(n == 0 ? NULL : items, n, size, compare);
	for (i = n; i > 0; i /= 2)
		limit += 2 * (uint64_t)n;
	assert_true(compared <= limit);
	for (i = 0; i < n; i++) {
		memcpy(&k, items + i * size, sizeof(k));
		assert_true(k >= last);
		last = k;
		sum -= k;
		if (size > sizeof(k))
			assert_int_equal(items[i * size + size - 1],
			    k * 31 & 0xff);
	}
	assert_int_equal(sum, 0);
	free(items);
}

static void
all_shapes(void **state)
{
	static const size_t	sizes[] = { 4, 5, 40, 56, LIST_MAXSIZE };
	int			shape;
	uint32_t		n;
	size_t			i;

	(void)state;
	seed = 1;
	for (shape = RANDOM; shape < SHAPES; shape++)
		for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			for (n = 0; n < 70; n++)
				sorts((enum shape)shape, n, sizes[i]);
			sorts((enum shape)shape, 1000, sizes[i]);
		}
}

static void
large(void **state)
{
	int	shape;

	(void)state;
	for (shape = RANDOM; shape < SHAPES; shape++)
		sorts((enum shape)shape, 200000, 8);
}

static void
growing(void **state)
{
	uint32_t	*list = NULL, i;

	(void)state;
	for (i = 0; i < 5000; i++) {
		assert_int_equal(list_grow(&list, i, sizeof(*list)), 0);
		list[i] = i;
	}
	for (i = 0; i < 5000; i++)
		assert_int_equal(list[i], i);
	assert_int_equal(list_grow(&list, (SIZE_MAX >> 1) + 1,
	    sizeof(*list)), -1);
	assert_int_equal(list[4999], 4999);
	free(list);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_shapes),
		cmocka_unit_test(large),
		cmocka_unit_test(growing)
	};

	return (cmocka_run_group_tests_name("list", tests, NULL, NULL));
}
