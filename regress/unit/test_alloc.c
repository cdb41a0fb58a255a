/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: regress/unit/alloc.o regress/faults/memory.o */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "regress/unit/alloc.h"

/* What the other tests with alloc.h stand on: it does have them fail. */

#define PIECES	5

struct what {
	unsigned int	 refused;	/* allocations that gave NULL */
	unsigned int	 runs;
	bool		 leak;
	void		*left[PIECES];
	unsigned int	 nleft;
	bool		 silent;
};

/* All five kinds, each given back. */
static bool
pieces(void *arg)
{
	struct what	*w = arg;
	void		*p[PIECES];
	bool		 well = true;
	int		 i;

	w->runs++;
	p[0] = malloc(10);
	p[1] = calloc(2, 10);
	p[2] = realloc(NULL, 10);
	p[3] = reallocarray(NULL, 2, 10);
	p[4] = malloc(1);
	for (i = 0; i < PIECES; i++) {
		if (p[i] == NULL) {
			assert_int_equal(errno, ENOMEM);
			w->refused++;
			well = false;
		}
		if (!w->leak || well)
			free(p[i]);
		else
			w->left[w->nleft++] = p[i];
	}
	return (well || w->silent);
}

static void
each_fails_once(void **state)
{
	struct what	 w = { 0 };

	(void)state;
	assert_int_equal(alloc_each(pieces, &w, 0), PIECES);
	assert_int_equal(w.refused, PIECES);
	/* The first and the last are without a fault. */
	assert_int_equal(w.runs, PIECES + 2);
}

static bool
text(void *arg)
{
	char	*copy = NULL, *all = NULL;
	int	 n;

	(void)arg;
	if ((copy = strdup("copy")) == NULL)
		return (false);
	n = asprintf(&all, "%s of %d", copy, 1);
	free(copy);
	if (n == -1)
		return (false);
	assert_string_equal(all, "copy of 1");
	free(all);
	return (true);
}

/* What libc allocates for us fails too. */
static void
within_libc(void **state)
{
	(void)state;
#ifdef SIGNERD_SANITIZE
	/* The sanitizers have a strdup(3) of their own. */
	assert_true(alloc_each(text, NULL, 1) >= 1);
#else
	/* asprintf(3) lives without giving back what is too much. */
	assert_true(alloc_each(text, NULL, 1) >= 2);
#endif
}

static bool
grows(void *arg)
{
	char	*p, *more;

	(void)arg;
	if ((p = malloc(4)) == NULL)
		return (false);
	memcpy(p, "old", 4);
	if ((more = realloc(p, 4000)) == NULL) {
		/* realloc(3): the old one is as it was. */
		assert_string_equal(p, "old");
		free(p);
		return (false);
	}
	free(more);
	return (true);
}

static void
realloc_leaves_the_old(void **state)
{
	(void)state;
	assert_int_equal(alloc_each(grows, NULL, 0), 2);
}

static void
finds_leaks_and_silence(void **state)
{
	struct what	 leak = { .leak = true }, silent = { .silent = true };
	unsigned int	 n;

	(void)state;
	if (!memory_replaced)
		skip();
	assert_string_equal(alloc_fault(pieces, &leak, 0, &n),
	    "memory is left");
	assert_int_equal(n, 1);
	while (leak.nleft > 0)
		free(leak.left[--leak.nleft]);
	assert_string_equal(alloc_fault(pieces, &silent, 2, &n),
	    "it is not reported");
	assert_int_equal(n, 3);
	assert_null(alloc_fault(pieces, &silent, PIECES, &n));
}

static bool
ends(void *arg)
{
	/* Volatile, or a compiler may do without the memory. */
	char	*volatile p = malloc(100);

	(void)arg;
	if (p == NULL) {
		fprintf(stderr, "no memory for it\n");
		exit(1);
	}
	free(p);
	return (true);
}

static void
ends_in_a_child(void **state)
{
	(void)state;
	assert_int_equal(alloc_each_fatal(ends, NULL, "no memory for it"), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_fails_once),
		cmocka_unit_test(within_libc),
		cmocka_unit_test(realloc_leaves_the_old),
		cmocka_unit_test(finds_leaks_and_silence),
		cmocka_unit_test(ends_in_a_child),
	};

	return (cmocka_run_group_tests_name("alloc", tests, NULL, NULL));
}
