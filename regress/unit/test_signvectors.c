/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: keyd/sign.o keyd/keccak.o common/secret.o common/hex.o
 * common/u256.o
 * libs: libsecp256k1
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "regress/unit/secrets_util.h"
#include "regress/unit/sign_vectors.h"

#define NVECTORS	(sizeof(sign_vectors) / sizeof(sign_vectors[0]))

/* SEC 2, section 2.4.1: the order, and half of it; the generator. */
#define ORDER	"0xfffffffffffffffffffffffffffffffe" \
		"baaedce6af48a03bbfd25e8cd0364141"
#define HALF	"0x7fffffffffffffffffffffffffffffff" \
		"5d576e7357a4501ddfe92f46681b20a0"
#define GX	"0x79be667ef9dcbbac55a06295ce870b07" \
		"029bfcdb2dce28d959f2815b16f81798"
#define GADDRESS "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf"

static uint8_t	*secret;

static int
setup(void **state)
{
	if (secrets_setup(state) == -1)
		return (-1);
	return ((secret = secret_alloc(SECRET_SIZE)) == NULL ? -1 : 0);
}

static int
teardown(void **state)
{
	secret_free(secret, SECRET_SIZE);
	return (secrets_teardown(state));
}

/* To the bit: r, the lower s, and the parity. */
static void
test_vectors(void **state)
{
	struct sign_key	 key;
	struct signature sig;
	uint8_t		 digest[HASH_SIZE], wanted[32], half[32];
	uint8_t		 address[ADDRESS_SIZE];
	size_t		 i;

	(void)state;
	unhex(half, HALF, sizeof(half));
	for (i = 0; i < NVECTORS; i++) {
		unhex(secret, sign_vectors[i].secret, SECRET_SIZE);
		unhex(digest, sign_vectors[i].digest, HASH_SIZE);
		assert_int_equal(sign_key(&key, secret), 0);
		assert_int_equal(sign_digest(&key, digest, &sig), 0);
		unhex(wanted, sign_vectors[i].r, 32);
		assert_memory_equal(sig.r, wanted, 32);
		unhex(wanted, sign_vectors[i].s, 32);
		assert_memory_equal(sig.s, wanted, 32);
		assert_int_equal(sig.v, sign_vectors[i].v);
		assert_true(memcmp(sig.s, half, sizeof(half)) <= 0);
		assert_int_equal(sign_recover(digest, &sig, address), 0);
		assert_memory_equal(address, key.address, ADDRESS_SIZE);
	}
}

/* As many of each parity, so that the one is not a constant. */
static void
test_parities(void **state)
{
	size_t	 i, n[2] = { 0, 0 };

	(void)state;
	for (i = 0; i < NVECTORS; i++)
		n[sign_vectors[i].v]++;
	assert_true(n[0] > 10 && n[1] > 10);
}

/* Digests that are no number below the order are signed as what they mean. */
static void
test_large_digests(void **state)
{
	static const char *const digests[] = {
		ORDER,
		"0xfffffffffffffffffffffffffffffffe"
		    "baaedce6af48a03bbfd25e8cd0364142",
		"0xffffffffffffffffffffffffffffffff"
		    "ffffffffffffffffffffffffffffffff",
	};
	struct sign_key	 key;
	struct signature sig;
	uint8_t		 digest[HASH_SIZE], half[32], address[ADDRESS_SIZE];
	size_t		 i;

	(void)state;
	unhex(half, HALF, sizeof(half));
	unhex(secret, sign_vectors[0].secret, SECRET_SIZE);
	assert_int_equal(sign_key(&key, secret), 0);
	for (i = 0; i < sizeof(digests) / sizeof(digests[0]); i++) {
		unhex(digest, digests[i], HASH_SIZE);
		assert_int_equal(sign_digest(&key, digest, &sig), 0);
		assert_true(memcmp(sig.s, half, sizeof(half)) <= 0);
		assert_int_equal(sign_recover(digest, &sig, address), 0);
		assert_memory_equal(address, key.address, ADDRESS_SIZE);
	}
}

/*
 * Signatures by arithmetic alone.  With R = G, that is k = 1 and r = x(G):
 * the key is (s - z) / r times G.
 */
static void
set_signature(struct signature *sig, uint8_t *digest, uint8_t v, uint8_t s,
    uint8_t z)
{
	memset(sig, 0, sizeof(*sig));
	memset(digest, 0, HASH_SIZE);
	unhex(sig->r, GX, sizeof(sig->r));
	sig->s[31] = s;
	sig->v = v;
	digest[HASH_SIZE - 1] = z;
}

static void
test_infinity(void **state)
{
	struct signature sig;
	uint8_t		 digest[HASH_SIZE], address[ADDRESS_SIZE];

	(void)state;
	/* s = z: the key would be the point at infinity. */
	set_signature(&sig, digest, 0, 1, 1);
	assert_int_equal(sign_recover(digest, &sig, address), -1);
	set_signature(&sig, digest, 0, 0x7f, 0x7f);
	assert_int_equal(sign_recover(digest, &sig, address), -1);
	/* The other R: -G, so that s = -z is needed. */
	set_signature(&sig, digest, 1, 1, 1);
	assert_int_equal(sign_recover(digest, &sig, address), 0);
	unhex(sig.s, "0xfffffffffffffffffffffffffffffffe"
	    "baaedce6af48a03bbfd25e8cd0364140", sizeof(sig.s));
	assert_int_equal(sign_recover(digest, &sig, address), -1);
}

/* s - z = r: the key 1; of a digest of zero too. */
static void
test_known_key(void **state)
{
	struct signature sig;
	uint8_t		 digest[HASH_SIZE], address[ADDRESS_SIZE];
	uint8_t		 wanted[ADDRESS_SIZE];

	(void)state;
	unhex(wanted, GADDRESS, sizeof(wanted));
	set_signature(&sig, digest, 0, 0, 0);
	memcpy(sig.s, sig.r, sizeof(sig.s));
	assert_int_equal(sign_recover(digest, &sig, address), 0);
	assert_memory_equal(address, wanted, sizeof(wanted));
	digest[HASH_SIZE - 1] = 1;
	sig.s[31]++;
	assert_int_equal(sign_recover(digest, &sig, address), 0);
	assert_memory_equal(address, wanted, sizeof(wanted));
	/* z = the order is z = 0, also here. */
	sig.s[31]--;
	unhex(digest, ORDER, sizeof(digest));
	assert_int_equal(sign_recover(digest, &sig, address), 0);
	assert_memory_equal(address, wanted, sizeof(wanted));
}

/* r and s of n, n + 1, p, 2^256 - 1 and 0 are none. */
static void
test_ranges(void **state)
{
	static const char *const bad[] = {
		"0x00000000000000000000000000000000"
		    "00000000000000000000000000000000",
		ORDER,
		"0xfffffffffffffffffffffffffffffffe"
		    "baaedce6af48a03bbfd25e8cd0364142",
		"0xffffffffffffffffffffffffffffffff"
		    "fffffffffffffffffffffffefffffc2f",
		"0xffffffffffffffffffffffffffffffff"
		    "ffffffffffffffffffffffffffffffff",
	};
	struct signature sig;
	uint8_t		 digest[HASH_SIZE], address[ADDRESS_SIZE], v;
	size_t		 i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		for (v = 0; v < 4; v++) {
			set_signature(&sig, digest, v, 9, 3);
			unhex(sig.r, bad[i], sizeof(sig.r));
			assert_int_equal(sign_recover(digest, &sig, address),
			    -1);
			set_signature(&sig, digest, v, 9, 3);
			unhex(sig.s, bad[i], sizeof(sig.s));
			assert_int_equal(sign_recover(digest, &sig, address),
			    -1);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_parities),
		cmocka_unit_test(test_large_digests),
		cmocka_unit_test(test_infinity),
		cmocka_unit_test(test_known_key),
		cmocka_unit_test(test_ranges),
	};

	return (cmocka_run_group_tests_name("signvectors", tests, setup,
	    teardown));
}
