/*
 * objects: keyd/sign.o keyd/keccak.o common/secret.o common/hex.o
 *     common/u256.o
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

#include <cmocka.h>
#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

#include <secp256k1.h>
#include <secp256k1_recovery.h>

#include "keyd/keccak.h"
#include "regress/unit/memscan.h"
#include "regress/unit/secrets_util.h"

/*
 * RFC 6979 with secp256k1 and SHA-256, digest the SHA-256 of: "Satoshi
 * Nakamoto", "All those moments will be lost in time, like tears in rain.
 * Time to die...", again the first, and "Alan Turing".
 */
static const struct {
	const char	*secret;
	const char	*digest;
	const char	*r;
	const char	*s;
	const char	*address;
} vectors[] = {
	{ "0x00000000000000000000000000000000"
	    "00000000000000000000000000000001",
	    "0xa0dc65ffca799873cbea0ac274015b95"
	    "26505daaaed385155425f7337704883e",
	    "0x934b1ea10a4b3c1757e2b0c017d0b614"
	    "3ce3c9a7e6a4a49860d7a6ab210ee3d8",
	    "0x2442ce9d2b916064108014783e923ec3"
	    "6b49743e2ffa1c4496f01a512aafd9e5",
	    "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf" },
	{ "0x00000000000000000000000000000000"
	    "00000000000000000000000000000001",
	    "0x7d1833f54854ac51659521afcd0ec6dc"
	    "a2ce2351429614bfa28a756b1b3c637f",
	    "0x8600dbd41e348fe5c9465ab92d23e3db"
	    "8b98b873beecd930736488696438cb6b",
	    "0x547fe64427496db33bf66019dacbf003"
	    "9c04199abb0122918601db38a72cfc21",
	    "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf" },
	{ "0xfffffffffffffffffffffffffffffffe"
	    "baaedce6af48a03bbfd25e8cd0364140",
	    "0xa0dc65ffca799873cbea0ac274015b95"
	    "26505daaaed385155425f7337704883e",
	    "0xfd567d121db66e382991534ada77a6bd"
	    "3106f0a1098c231e47993447cd6af2d0",
	    "0x6b39cd0eb1bc8603e159ef5c20a5c8ad"
	    "685a45b06ce9bebed3f153d10d93bed5",
	    "0x80c0dbf239224071c59dd8970ab9d542e3414ab2" },
	{ "0xf8b8af8ce3c7cca5e300d33939540c10"
	    "d45ce001b8f252bfbc57ba0342904181",
	    "0x4ba38d48a60f1b29e9eb726eaff08b2e"
	    "83d8d81e031666fee50e85900d7dc1ef",
	    "0x7063ae83e7f62bbb171798131b4a0564"
	    "b956930092b33b07b395615d9ec7e15c",
	    "0x58dfcc1e00a35e1572f366ffe34ba0fc"
	    "47db1e7189759b9fb233c5b05ab388ea",
	    "0x3b7afc0192e752307a611e53ad177d55482bce2a" },
};

#define ORDER "0xfffffffffffffffffffffffffffffffe" \
	    "baaedce6af48a03bbfd25e8cd0364141"

/* What the library's signing function is made to do wrong. */
enum fault {
	FAULT_NONE,
	FAULT_FAILS,
	FAULT_BIT,		/* one bit of s is wrong */
	FAULT_HIGH,		/* a valid signature, but of high s */
	FAULT_RECID		/* says that R is over the order */
};

typedef int sign_function(const secp256k1_context *,
    secp256k1_ecdsa_recoverable_signature *, const unsigned char *,
    const unsigned char *, secp256k1_nonce_function, const void *);

typedef int randomize_function(secp256k1_context *, const unsigned char *);

static enum fault fault;
static sign_function *library_sign;
static randomize_function *library_randomize;
/* What the context was blinded with, in turn. */
static uint8_t seeds[16][32];
static size_t nseeds;
static bool blinding_fails;
static uint8_t *secret;

/* In the place of the library's own, which it calls. */
int
secp256k1_ecdsa_sign_recoverable(const secp256k1_context *ctx,
    secp256k1_ecdsa_recoverable_signature *sig, const unsigned char *digest,
    const unsigned char *key, secp256k1_nonce_function nonce,
    const void *data)
{
	unsigned char compact[64];
	int recid;

	if (fault == FAULT_FAILS)
		return (0);
	if (!library_sign(ctx, sig, digest, key, nonce, data))
		return (0);
	if (fault == FAULT_NONE)
		return (1);
	secp256k1_ecdsa_recoverable_signature_serialize_compact(ctx, compact,
	    &recid, sig);
	if (fault == FAULT_BIT)
		compact[63] ^= 1;
	if (fault == FAULT_RECID)
		recid |= 2;
	if (fault == FAULT_HIGH) {
		recid ^= 1;
		if (!secp256k1_ec_seckey_negate(ctx, compact + 32))
			return (0);
	}
	return (secp256k1_ecdsa_recoverable_signature_parse_compact(ctx, sig,
	    compact, recid));
}

/* Likewise. */
int
secp256k1_context_randomize(secp256k1_context *ctx, const unsigned char *seed)
{
	if (blinding_fails)
		return (0);
	if (seed != NULL && nseeds < sizeof(seeds) / sizeof(seeds[0]))
		memcpy(seeds[nseeds], seed, sizeof(seeds[0]));
	nseeds++;
	return (library_randomize(ctx, seed));
}

static int
setup(void **state)
{
	library_sign = (sign_function *)dlsym(RTLD_NEXT,
	    "secp256k1_ecdsa_sign_recoverable");
	library_randomize = (randomize_function *)dlsym(RTLD_NEXT,
	    "secp256k1_context_randomize");
	if (library_sign == NULL || library_randomize == NULL)
		return (-1);
	if (secrets_setup(state) == -1)
		return (-1);
	secret = secret_alloc(SECRET_SIZE);
	return (secret == NULL ? -1 : 0);
}

static int
teardown(void **state)
{
	secret_free(secret, SECRET_SIZE);
	return (secrets_teardown(state));
}

static void
test_rfc6979(void **state)
{
	struct sign_key key;
	struct signature sig;
	uint8_t digest[HASH_SIZE], expected[32], address[ADDRESS_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		unhex(secret, vectors[i].secret, SECRET_SIZE);
		unhex(digest, vectors[i].digest, HASH_SIZE);
		assert_int_equal(sign_key(&key, secret), 0);
		assert_ptr_equal(key.secret, secret);
		unhex(address, vectors[i].address, ADDRESS_SIZE);
		assert_memory_equal(key.address, address, ADDRESS_SIZE);
		assert_int_equal(sign_digest(&key, digest, &sig), 0);
		unhex(expected, vectors[i].r, 32);
		assert_memory_equal(sig.r, expected, 32);
		unhex(expected, vectors[i].s, 32);
		assert_memory_equal(sig.s, expected, 32);
		memset(address, 0, sizeof(address));
		assert_int_equal(sign_recover(digest, &sig, address), 0);
		assert_memory_equal(key.address, address, ADDRESS_SIZE);
	}
}

static void
test_pubkey_of_one(void **state)
{
	struct sign_key key;
	uint8_t generator[64];

	(void)state;
	unhex(secret, vectors[0].secret, SECRET_SIZE);
	assert_int_equal(sign_key(&key, secret), 0);
	unhex(generator, "0x79be667ef9dcbbac55a06295ce870b07"
	    "029bfcdb2dce28d959f2815b16f81798"
	    "483ada7726a3c4655da4fbfc0e1108a8"
	    "fd17b448a68554199c47d08ffb10d4b8", sizeof(generator));
	assert_memory_equal(key.pubkey, generator, sizeof(generator));
}

static void
test_range(void **state)
{
	static const char *const bad[] = {
		"0x00000000000000000000000000000000"
		    "00000000000000000000000000000000",
		ORDER,
		"0xfffffffffffffffffffffffffffffffe"
		    "baaedce6af48a03bbfd25e8cd0364142",
		"0xffffffffffffffffffffffffffffffff"
		    "ffffffffffffffffffffffffffffffff",
	};
	struct sign_key key;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		unhex(secret, bad[i], SECRET_SIZE);
		assert_int_equal(sign_key(&key, secret), -1);
		assert_null(key.secret);
	}
}

/* Low s, a parity of 0 or 1, and both parities do come up. */
static void
test_form(void **state)
{
	struct sign_key key;
	struct signature sig;
	uint8_t digest[HASH_SIZE] = { 0 }, half[32], seen = 0;
	unsigned int i;

	(void)state;
	unhex(half, "0x7fffffffffffffffffffffffffffffff"
	    "5d576e7357a4501ddfe92f46681b20a0", sizeof(half));
	unhex(secret, vectors[3].secret, SECRET_SIZE);
	assert_int_equal(sign_key(&key, secret), 0);
	for (i = 0; i < 64; i++) {
		keccak256(digest, digest, sizeof(digest));
		assert_int_equal(sign_digest(&key, digest, &sig), 0);
		assert_true(memcmp(sig.s, half, sizeof(half)) <= 0);
		assert_true(sig.v <= 1);
		seen |= (uint8_t)(1 << sig.v);
	}
	assert_int_equal(seen, 3);
}

/* Blinding changes nothing that can be seen. */
static void
test_randomize(void **state)
{
	struct sign_key key;
	struct signature before, after;
	uint8_t digest[HASH_SIZE];
	int i;

	(void)state;
	unhex(secret, vectors[3].secret, SECRET_SIZE);
	unhex(digest, vectors[3].digest, HASH_SIZE);
	assert_int_equal(sign_key(&key, secret), 0);
	assert_int_equal(sign_digest(&key, digest, &before), 0);
	for (i = 0; i < 8; i++) {
		assert_int_equal(sign_randomize(), 0);
		memset(&after, 0, sizeof(after));
		assert_int_equal(sign_digest(&key, digest, &after), 0);
		assert_memory_equal(&before, &after, sizeof(before));
	}
}

/* Each time with bytes that nobody knows; the first time at the start. */
static void
test_blinded_with_random_bytes(void **state)
{
	size_t i, k;

	(void)state;
	sign_exit();
	nseeds = 0;
	assert_int_equal(sign_init(), 0);
	assert_int_equal(nseeds, 1);
	for (i = 1; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
		assert_int_equal(sign_randomize(), 0);
		assert_int_equal(nseeds, i + 1);
		for (k = 0; k < i; k++) {
			assert_memory_not_equal(seeds[i], seeds[k], 16);
			assert_memory_not_equal(seeds[i] + 16, seeds[k] + 16,
			    16);
		}
	}
}

/* What was there before goes on to be used, and the caller knows. */
static void
test_blinding_fails(void **state)
{
	struct sign_key key;
	struct signature sig;
	uint8_t digest[HASH_SIZE];

	(void)state;
	unhex(secret, vectors[3].secret, SECRET_SIZE);
	unhex(digest, vectors[3].digest, HASH_SIZE);
	assert_int_equal(sign_key(&key, secret), 0);
	blinding_fails = true;
	assert_int_equal(sign_randomize(), -1);
	assert_int_equal(sign_digest(&key, digest, &sig), 0);
	sign_exit();
	assert_int_equal(sign_init(), -1);
	blinding_fails = false;
	assert_int_equal(sign_init(), 0);
}

/* A signature that is not the key's does not leave. */
static void
test_verification(void **state)
{
	static const struct signature zeros;
	struct sign_key key;
	struct signature sig;
	uint8_t digest[HASH_SIZE];

	(void)state;
	unhex(secret, vectors[3].secret, SECRET_SIZE);
	unhex(digest, vectors[3].digest, HASH_SIZE);
	assert_int_equal(sign_key(&key, secret), 0);
	key.pubkey[63] ^= 1;
	memset(&sig, 0x55, sizeof(sig));
	assert_int_equal(sign_digest(&key, digest, &sig), -1);
	assert_memory_equal(&sig, &zeros, sizeof(sig));
	key.pubkey[63] ^= 1;
	assert_int_equal(sign_digest(&key, digest, &sig), 0);
	/* A scalar that changed since. */
	secret[0] ^= 1;
	assert_int_equal(sign_digest(&key, digest, &sig), -1);
	assert_memory_equal(&sig, &zeros, sizeof(sig));
	memset(secret, 0, SECRET_SIZE);
	assert_int_equal(sign_digest(&key, digest, &sig), -1);
	assert_memory_equal(&sig, &zeros, sizeof(sig));
}

static void
test_faults(void **state)
{
	static const struct signature zeros;
	struct sign_key key;
	struct signature sig;
	uint8_t digest[HASH_SIZE];

	(void)state;
	unhex(secret, vectors[3].secret, SECRET_SIZE);
	unhex(digest, vectors[3].digest, HASH_SIZE);
	assert_int_equal(sign_key(&key, secret), 0);
	for (fault = FAULT_FAILS; fault <= FAULT_RECID; fault++) {
		memset(&sig, 0x55, sizeof(sig));
		assert_int_equal(sign_digest(&key, digest, &sig), -1);
		assert_memory_equal(&sig, &zeros, sizeof(sig));
	}
	fault = FAULT_NONE;
	assert_int_equal(sign_digest(&key, digest, &sig), 0);
}

static void
test_recover(void **state)
{
	struct sign_key key;
	struct signature sig, bad;
	uint8_t digest[HASH_SIZE], address[ADDRESS_SIZE];

	(void)state;
	unhex(secret, vectors[0].secret, SECRET_SIZE);
	unhex(digest, vectors[0].digest, HASH_SIZE);
	assert_int_equal(sign_key(&key, secret), 0);
	assert_int_equal(sign_digest(&key, digest, &sig), 0);
	/* The other parity and another digest lead to other keys. */
	bad = sig;
	bad.v ^= 1;
	if (sign_recover(digest, &bad, address) == 0)
		assert_memory_not_equal(address, key.address, ADDRESS_SIZE);
	digest[0] ^= 1;
	if (sign_recover(digest, &sig, address) == 0)
		assert_memory_not_equal(address, key.address, ADDRESS_SIZE);
	digest[0] ^= 1;

	bad = sig;
	for (bad.v = 2; bad.v != 0; bad.v++)
		assert_int_equal(sign_recover(digest, &bad, address), -1);
	/* R with an x over the order, which libsecp256k1 would take. */
	memset(bad.r, 0, sizeof(bad.r));
	bad.r[31] = 2;
	for (bad.v = 2; bad.v <= 3; bad.v++)
		assert_int_equal(sign_recover(digest, &bad, address), -1);
	bad = sig;
	memset(bad.r, 0, sizeof(bad.r));
	assert_int_equal(sign_recover(digest, &bad, address), -1);
	unhex(bad.r, ORDER, sizeof(bad.r));
	assert_int_equal(sign_recover(digest, &bad, address), -1);
	bad = sig;
	memset(bad.s, 0, sizeof(bad.s));
	assert_int_equal(sign_recover(digest, &bad, address), -1);
	unhex(bad.s, ORDER, sizeof(bad.s));
	assert_int_equal(sign_recover(digest, &bad, address), -1);
	/* 5 is the x of no point. */
	bad = sig;
	memset(bad.r, 0, sizeof(bad.r));
	bad.r[31] = 5;
	assert_int_equal(sign_recover(digest, &bad, address), -1);
}

static void
test_sign_pubkey(void **state)
{
	struct sign_key key;
	uint8_t point[65], xy[64];

	(void)state;
	unhex(secret, vectors[3].secret, SECRET_SIZE);
	assert_int_equal(sign_key(&key, secret), 0);
	point[0] = 4;
	memcpy(point + 1, key.pubkey, 64);
	assert_int_equal(sign_pubkey(xy, point, 65), 0);
	assert_memory_equal(xy, key.pubkey, 64);
	memset(xy, 0, sizeof(xy));
	point[0] = (uint8_t)(2 + (key.pubkey[63] & 1));
	assert_int_equal(sign_pubkey(xy, point, 33), 0);
	assert_memory_equal(xy, key.pubkey, 64);
	assert_int_equal(sign_pubkey(xy, point, 32), -1);
	assert_int_equal(sign_pubkey(xy, point, 0), -1);
	point[0] = 4;
	point[64] ^= 1;
	assert_int_equal(sign_pubkey(xy, point, 65), -1);
}

/* Below the caller, much deeper than any call here goes. */
#define DEPTH	(256 * 1024)

__attribute__((noinline, no_sanitize("address")))
static void
leave_copy(void)
{
	uint8_t copy[8192];

	memcpy(copy + 4096, secret, SECRET_SIZE);
	__asm__ volatile("" : : "r"(copy) : "memory");
}

/* Halves of the scalar as written and as little endian numbers are. */
__attribute__((noinline, no_sanitize("address")))
static size_t
copies_on_stack(uint8_t *reversed, uint8_t *buf)
{
	uintptr_t top = (uintptr_t)__builtin_frame_address(0);
	volatile uint8_t *p = secret;	/* no vectors, whose registers spill */
	size_t i, found = 0;

	for (i = 0; i < SECRET_SIZE; i++)
		reversed[i] = p[SECRET_SIZE - 1 - i];
	for (i = 0; i < SECRET_SIZE; i += 16) {
		found += memscan_range(top - DEPTH, top, secret + i, 16, buf);
		found += memscan_range(top - DEPTH, top, reversed + i, 16,
		    buf);
	}
	return (found);
}

static void
test_stack(void **state)
{
	struct sign_key key;
	struct signature sig;
	uint8_t digest[HASH_SIZE], *reversed, *buf;

	(void)state;
	if (!memscan_open())
		skip();
	reversed = secret_alloc(SECRET_SIZE);
	buf = secret_alloc(MEMSCAN_BUF);
	assert_non_null(reversed);
	assert_non_null(buf);
	/* Random, so that it is nowhere else. */
	assert_int_equal(getrandom(secret, SECRET_SIZE, 0), SECRET_SIZE);
	secret[0] = 0x7f;
	unhex(digest, vectors[0].digest, HASH_SIZE);
	assert_int_equal(copies_on_stack(reversed, buf), 0);
	leave_copy();
	assert_int_equal(copies_on_stack(reversed, buf), 2);
	secret_wipe_stack();
	assert_int_equal(copies_on_stack(reversed, buf), 0);

	memscan_fill_stack();
	assert_int_equal(sign_key(&key, secret), 0);
	assert_true(memscan_stack_left() < 4096);
	assert_int_equal(copies_on_stack(reversed, buf), 0);
	memscan_fill_stack();
	assert_int_equal(sign_digest(&key, digest, &sig), 0);
	assert_true(memscan_stack_left() < 4096);
	assert_int_equal(copies_on_stack(reversed, buf), 0);
	secret_free(buf, MEMSCAN_BUF);
	secret_free(reversed, SECRET_SIZE);
}

static void
test_again(void **state)
{
	struct sign_key key;

	(void)state;
	sign_exit();
	sign_exit();
	assert_int_equal(sign_init(), 0);
	unhex(secret, vectors[0].secret, SECRET_SIZE);
	assert_int_equal(sign_key(&key, secret), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc6979),
		cmocka_unit_test(test_pubkey_of_one),
		cmocka_unit_test(test_range),
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_randomize),
		cmocka_unit_test(test_blinded_with_random_bytes),
		cmocka_unit_test(test_blinding_fails),
		cmocka_unit_test(test_verification),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_recover),
		cmocka_unit_test(test_sign_pubkey),
		cmocka_unit_test(test_stack),
		cmocka_unit_test(test_again),
	};

	return (cmocka_run_group_tests_name("sign", tests, setup, teardown));
}
