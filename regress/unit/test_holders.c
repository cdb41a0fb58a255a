/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: proxyd/holders.o common/list.o */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proxyd/holders.h"
#include "regress/unit/rnd.h"

#define SIGNERS	300
#define KEYS	500

static void
key_of(uint8_t key[20], uint32_t n)
{
	memset(key, 0x11, 20);
	memcpy(key + 16, &n, sizeof(n));
}

static bool	has[SIGNERS][KEYS];

/* Keys with one signer, with all of them, and everything in between. */
static void
fill(struct holders_index *ix, uint32_t nsigners)
{
	uint8_t		key[20];
	uint32_t	i, k;

	memset(has, 0, sizeof(has));
	for (i = 0; i < nsigners; i++)
		for (k = 0; k < KEYS; k++) {
			has[i][k] = rnd(KEYS) < k || i == k % nsigners;
			key_of(key, k);
			if (!has[i][k])
				continue;
			assert_int_not_equal(holders_add(ix, key, i),
			    HOLDERS_NONE);
			/* Once more; it counts once. */
			if (rnd(4) == 0)
				holders_add(ix, key, i);
		}
	assert_int_equal(holders_finish(ix, nsigners), 0);
}

static void
check_key(const struct holders *h, uint32_t k, uint32_t nsigners)
{
	size_t		words = holders_words(nsigners);
	uint64_t	set[(SIGNERS + 63) / 64] = { 0 };
	uint64_t	all[(SIGNERS + 63) / 64] = { 0 };
	uint32_t	i, n = 0;

	holders_collect(h, all, words);
	for (i = 0; i < nsigners; i++) {
		memset(set, 0, sizeof(set));
		holders_set_add(set, i);
		assert_true(holders_set_has(set, i));
		assert_int_equal(holders_set_has(all, i), has[i][k]);
		assert_int_equal(holders_meet(h, set, words), has[i][k]);
		if (has[i][k])
			assert_int_equal(h->signers[n++], i);
	}
	assert_int_equal(h->nsigners, n);
	memset(set, 0, sizeof(set));
	assert_false(holders_meet(h, set, words));
}

static void
who_has_what(void **state)
{
	static const uint32_t	counts[] = { 1, 2, 63, 64, 65, 129, SIGNERS };
	const struct holders	*h;
	struct holders_index	 ix;
	uint8_t			 key[20];
	uint32_t		 k;
	size_t			 i;

	(void)state;
	seed = 1;
	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		memset(&ix, 0xa5, sizeof(ix));
		holders_init(&ix, sizeof(key));
		key_of(key, 0);
		assert_null(holders_find(&ix, key));
		fill(&ix, counts[i]);
		assert_int_equal(ix.nentries, KEYS);
		/* Few have the same hash, however many there are. */
		assert_true(ix.nbuckets >= KEYS);
		for (k = 0; k < KEYS; k++) {
			key_of(key, k);
			assert_non_null(h = holders_find(&ix, key));
			assert_ptr_equal(h, &ix.entries[h->index]);
			assert_memory_equal(h->key, key, sizeof(key));
			check_key(h, k, counts[i]);
		}
		key_of(key, KEYS);
		assert_null(holders_find(&ix, key));
		holders_clear(&ix);
		assert_null(holders_find(&ix, key));
		assert_int_equal(ix.nentries, 0);
		holders_clear(&ix);
	}
}

/* An entry without a signer, for its number alone. */
static void
nobody(void **state)
{
	const struct holders	*h;
	struct holders_index	 ix;
	uint8_t			 key[20];
	uint64_t		 set[1] = { UINT64_MAX };

	(void)state;
	holders_init(&ix, sizeof(key));
	key_of(key, 5);
	assert_int_equal(holders_add(&ix, key, HOLDERS_NONE), 0);
	assert_int_equal(holders_add(&ix, key, HOLDERS_NONE), 0);
	key_of(key, 6);
	assert_int_equal(holders_add(&ix, key, 3), 1);
	assert_int_equal(holders_add(&ix, key, HOLDERS_NONE), 1);
	assert_int_equal(holders_finish(&ix, 4), 0);
	assert_non_null(h = holders_find(&ix, key));
	assert_int_equal(h->nsigners, 1);
	key_of(key, 5);
	assert_non_null(h = holders_find(&ix, key));
	assert_int_equal(h->nsigners, 0);
	assert_false(holders_meet(h, set, 1));
	set[0] = 0;
	holders_collect(h, set, 1);
	assert_int_equal(set[0], 0);
	holders_clear(&ix);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_has_what),
		cmocka_unit_test(nobody)
	};

	return (cmocka_run_group_tests_name("holders", tests, NULL, NULL));
}
