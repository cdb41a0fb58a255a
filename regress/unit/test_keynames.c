/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: signerd/keynames.o */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "signerd/keynames.h"

#define WORKERS	3

static struct keynames	 names;

/* A configuration with one key, of that name. */
static void
add(const char *name)
{
	struct front_key	 key;

	memset(&key, 0, sizeof(key));
	snprintf(key.name, sizeof(key.name), "%s", name);
	assert_int_equal(keynames_begin(&names), 0);
	assert_int_equal(keynames_add(&names, &key), 0);
	assert_string_equal(keynames_last(&names)->keys[0].name, name);
}

static int
setup(void **state)
{
	(void)state;
	keynames_init(&names);
	names.nworkers = WORKERS;
	add("a");
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	while (keynames_last(&names) != NULL)
		keynames_drop(&names);
	return (0);
}

/* What the first key of each worker is called. */
static void
called(const char *want)
{
	const struct front_key	*key;
	char			 got[WORKERS + 1];
	unsigned int		 i;

	for (i = 0; i < WORKERS; i++) {
		assert_non_null(key = keynames_find(&names, i, 0));
		assert_null(keynames_find(&names, i, 1));
		got[i] = key->name[0];
	}
	got[i] = '\0';
	assert_string_equal(got, want);
}

static size_t
count(void)
{
	const struct keyset	*set;
	size_t			 n = 0;

	STAILQ_FOREACH(set, &names.sets, entry)
		n++;
	return (n);
}

/* Each goes by another when it says so, and by that alone. */
static void
one_after_the_other(void **state)
{
	(void)state;
	called("aaa");
	add("b");
	called("aaa");
	assert_int_equal(keynames_switch(&names, 1), 0);
	called("aba");
	/* It has said so, and there is no other yet. */
	assert_int_equal(keynames_switch(&names, 1), -1);
	add("c");
	assert_int_equal(keynames_switch(&names, 1), 0);
	called("aca");
	assert_int_equal(keynames_switch(&names, 0), 0);
	called("bca");
	assert_int_equal(count(), 3);
	assert_int_equal(keynames_switch(&names, 2), 0);
	called("bcb");
	/* Nobody goes by the first any more. */
	assert_int_equal(count(), 2);
	assert_int_equal(keynames_switch(&names, 2), 0);
	assert_int_equal(keynames_switch(&names, 0), 0);
	called("ccc");
	assert_int_equal(count(), 1);
	assert_int_equal(keynames_switch(&names, 0), -1);
}

/* A candidate that is not to be, while some have not got to what is. */
static void
dropped(void **state)
{
	(void)state;
	add("b");
	assert_int_equal(keynames_switch(&names, 0), 0);
	add("x");
	keynames_drop(&names);
	called("baa");
	assert_int_equal(keynames_switch(&names, 0), -1);
	assert_int_equal(keynames_switch(&names, 1), 0);
	assert_int_equal(keynames_switch(&names, 2), 0);
	called("bbb");
	assert_int_equal(count(), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_after_the_other, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(dropped, setup, teardown),
	};

	return (cmocka_run_group_tests_name("keynames", tests, NULL, NULL));
}
