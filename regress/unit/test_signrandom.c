/*
 * objects: keyd/sign.o keyd/keccak.o common/secret.o
 * libs: libsecp256k1
 */
/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/random.h>
#include <sys/types.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include <secp256k1.h>
#include <secp256k1_preallocated.h>

#include "keyd/sign.h"

/* What getrandom(2) and the library do, and what was asked of them. */
static ssize_t	 random_size;		/* what it gives; -1: an error */
static int	 random_error, random_calls, interruptions;
static int	 creates, destroys, no_blinding;
static uint8_t	 seeds[4][32];
static int	 blindings;

ssize_t
getrandom(void *p, size_t size, unsigned int flags)
{
	random_calls++;
	/* It waits for the kernel's generator to be seeded. */
	assert_int_equal(flags, 0);
	assert_int_equal(size, 32);
	if (interruptions > 0) {
		interruptions--;
		errno = EINTR;
		return (-1);
	}
	if (random_size == -1) {
		errno = random_error;
		return (-1);
	}
	memset(p, 0x60 + random_calls, size);
	return (random_size);
}

/* The library's contexts are not needed, only where they are. */
static void	*a_context;

secp256k1_context *
secp256k1_context_preallocated_create(void *p, unsigned int flags)
{
	assert_int_equal(flags, SECP256K1_CONTEXT_NONE);
	creates++;
	a_context = p;
	return (p);
}

void
secp256k1_context_preallocated_destroy(secp256k1_context *ctx)
{
	assert_ptr_equal(ctx, a_context);
	destroys++;
}

int
secp256k1_context_randomize(secp256k1_context *ctx, const unsigned char *seed)
{
	assert_ptr_equal(ctx, a_context);
	assert_true(blindings < 4);
	memcpy(seeds[blindings++], seed, 32);
	return (!no_blinding);
}

static int
setup(void **state)
{
	(void)state;
	random_size = 32;
	random_error = random_calls = interruptions = 0;
	creates = destroys = no_blinding = blindings = 0;
	return (0);
}

/* 32 bytes of the kernel's, at the start and each time anew. */
static void
test_blinding(void **state)
{
	uint8_t	 want[32];

	(void)state;
	assert_int_equal(sign_init(), 0);
	assert_int_equal(blindings, 1);
	assert_int_equal(sign_randomize(), 0);
	assert_int_equal(random_calls, 2);
	assert_int_equal(blindings, 2);
	memset(want, 0x61, sizeof(want));
	assert_memory_equal(seeds[0], want, sizeof(want));
	memset(want, 0x62, sizeof(want));
	assert_memory_equal(seeds[1], want, sizeof(want));
	sign_exit();
	assert_int_equal(destroys, 1);
	sign_exit();
	assert_int_equal(destroys, 1);
}

static void
test_interrupted(void **state)
{
	(void)state;
	interruptions = 3;
	assert_int_equal(sign_init(), 0);
	assert_int_equal(random_calls, 4);
	assert_int_equal(blindings, 1);
	sign_exit();
}

/* Nothing is blinded with less than all of it, and nothing is left behind. */
static void
test_no_random(void **state)
{
	static const struct {
		ssize_t	 size;
		int	 given, told;
	} cases[] = {
		{ -1, ENOSYS, ENOSYS }, { -1, EAGAIN, EAGAIN },
		{ 0, 0, EIO }, { 31, 0, EIO }
	};
	size_t	 i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		setup(NULL);
		random_size = cases[i].size;
		random_error = cases[i].given;
		errno = 0;
		assert_int_equal(sign_init(), -1);
		assert_int_equal(errno, cases[i].told);
		assert_int_equal(blindings, 0);
		assert_int_equal(creates, 1);
		assert_int_equal(destroys, 1);
	}
}

static void
test_no_blinding(void **state)
{
	(void)state;
	no_blinding = 1;
	assert_int_equal(sign_init(), -1);
	assert_int_equal(errno, EIO);
	assert_int_equal(destroys, 1);
	/* Later: a failure to be told, but the context stays. */
	no_blinding = 0;
	assert_int_equal(sign_init(), 0);
	no_blinding = 1;
	assert_int_equal(sign_randomize(), -1);
	assert_int_equal(errno, EIO);
	assert_int_equal(destroys, 1);
	sign_exit();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_blinding, setup),
		cmocka_unit_test_setup(test_interrupted, setup),
		cmocka_unit_test_setup(test_no_random, setup),
		cmocka_unit_test_setup(test_no_blinding, setup),
	};

	return (cmocka_run_group_tests_name("signrandom", tests, NULL, NULL));
}
