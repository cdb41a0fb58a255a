/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/random.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <secp256k1.h>
#include <secp256k1_preallocated.h>
#include <secp256k1_recovery.h>

#include "common/secret.h"
#include "keyd/keccak.h"
#include "keyd/sign.h"

#define POINT_SIZE	65	/* uncompressed: 04, X, Y */

static secp256k1_context *context;
static void *memory;		/* that it is in */
static size_t memory_size;

static int
random_bytes(uint8_t *p, size_t size)
{
#ifdef __linux__
	ssize_t n;

	do {
		n = getrandom(p, size, 0);
	} while (n == -1 && errno == EINTR);
	if (n == -1)
		return (-1);
	if ((size_t)n != size) {
		errno = EIO;
		return (-1);
	}
	return (0);
#else
	return (getentropy(p, size));
#endif
}

int
sign_randomize(void)
{
	uint8_t seed[32];
	int ok;

	if (random_bytes(seed, sizeof(seed)) == -1)
		return (-1);
	ok = secp256k1_context_randomize(context, seed);
	explicit_bzero(seed, sizeof(seed));
	secret_wipe_stack();
	if (!ok) {
		errno = EIO;
		return (-1);
	}
	return (0);
}

int
sign_init(void)
{
	size_t size;

	/* In memory of ours: the library would abort where there is none. */
	size = secp256k1_context_preallocated_size(SECP256K1_CONTEXT_NONE);
	if ((memory = malloc(size)) == NULL)
		return (-1);
	memory_size = size;
	context = secp256k1_context_preallocated_create(memory,
	    SECP256K1_CONTEXT_NONE);
	if (sign_randomize() == -1) {
		sign_exit();
		return (-1);
	}
	return (0);
}

void
sign_exit(void)
{
	if (context == NULL)
		return;
	secp256k1_context_preallocated_destroy(context);
	explicit_bzero(memory, memory_size);
	free(memory);
	context = NULL;
	memory = NULL;
}

static void
write_point(uint8_t xy[64], const secp256k1_pubkey *pubkey)
{
	uint8_t point[POINT_SIZE];
	size_t len = sizeof(point);

	secp256k1_ec_pubkey_serialize(secp256k1_context_static, point, &len,
	    pubkey, SECP256K1_EC_UNCOMPRESSED);
	memcpy(xy, point + 1, 64);
}

static void
address_of(uint8_t address[ADDRESS_SIZE], const uint8_t xy[64])
{
	uint8_t hash[KECCAK_SIZE];

	keccak256(hash, xy, 64);
	memcpy(address, hash + KECCAK_SIZE - ADDRESS_SIZE, ADDRESS_SIZE);
}

int
sign_pubkey(uint8_t xy[64], const uint8_t *p, size_t len)
{
	secp256k1_pubkey pubkey;

	if (!secp256k1_ec_pubkey_parse(secp256k1_context_static, &pubkey, p,
	    len))
		return (-1);
	write_point(xy, &pubkey);
	return (0);
}

int
sign_key(struct sign_key *key, const uint8_t *secret)
{
	secp256k1_pubkey pubkey;
	int ok;

	memset(key, 0, sizeof(*key));
	ok = secp256k1_ec_pubkey_create(context, &pubkey, secret);
	secret_wipe_stack();
	if (!ok)
		return (-1);
	key->secret = secret;
	write_point(key->pubkey, &pubkey);
	address_of(key->address, key->pubkey);
	return (0);
}

/* That of the key, of low s, of a v that chains have. */
static int
verify(const uint8_t digest[HASH_SIZE], const struct signature *sig,
    const uint8_t xy[64])
{
	secp256k1_ecdsa_signature plain;
	secp256k1_pubkey pubkey;
	uint8_t point[POINT_SIZE], compact[64];

	point[0] = 0x04;
	memcpy(point + 1, xy, 64);
	memcpy(compact, sig->r, 32);
	memcpy(compact + 32, sig->s, 32);
	return (sig->v <= 1 && secp256k1_ec_pubkey_parse(context, &pubkey,
	    point, sizeof(point)) && secp256k1_ecdsa_signature_parse_compact(
	    context, &plain, compact) && secp256k1_ecdsa_verify(context,
	    &plain, digest, &pubkey) ? 0 : -1);
}

/* X and Y of the key that a signature of digest leads to. */
static int
recover(const uint8_t digest[HASH_SIZE], const struct signature *sig,
    uint8_t xy[64])
{
	secp256k1_ecdsa_recoverable_signature rsig;
	secp256k1_pubkey pubkey;
	uint8_t compact[64];

	/* 2 and 3, an x over the order, are in no signature on any chain. */
	if (sig->v > 1)
		return (-1);
	memcpy(compact, sig->r, 32);
	memcpy(compact + 32, sig->s, 32);
	if (!secp256k1_ecdsa_recoverable_signature_parse_compact(context,
	    &rsig, compact, sig->v))
		return (-1);
	if (!secp256k1_ecdsa_recover(context, &pubkey, &rsig, digest))
		return (-1);
	write_point(xy, &pubkey);
	return (0);
}

static int
make_signature(const struct sign_key *key, const uint8_t digest[HASH_SIZE],
    struct signature *sig)
{
	secp256k1_ecdsa_recoverable_signature rsig;
	uint8_t compact[64];
	int ok, recid;

	ok = secp256k1_ecdsa_sign_recoverable(context, &rsig, digest,
	    key->secret, secp256k1_nonce_function_rfc6979, NULL);
	secret_wipe_stack();
	if (!ok)
		return (-1);
	secp256k1_ecdsa_recoverable_signature_serialize_compact(context,
	    compact, &recid, &rsig);
	memcpy(sig->r, compact, 32);
	memcpy(sig->s, compact + 32, 32);
	sig->v = (uint8_t)recid;
	return (0);
}

bool
sign_has_low_s(const struct signature *sig)
{
	static const uint8_t half[32] = {
		0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d,
		0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0
	};

	return (memcmp(sig->s, half, sizeof(half)) <= 0);
}

int
sign_digest(const struct sign_key *key, const uint8_t digest[HASH_SIZE],
    struct signature *sig)
{
	/*
	 * A signature of a faulty computation can give the key away.  What is
	 * verified are the bytes that leave.
	 */
	if (make_signature(key, digest, sig) == -1 || !sign_has_low_s(sig) ||
	    verify(digest, sig, key->pubkey) == -1) {
		memset(sig, 0, sizeof(*sig));
		return (-1);
	}
	return (0);
}

int
sign_recover(const uint8_t digest[HASH_SIZE], const struct signature *sig,
    uint8_t address[ADDRESS_SIZE])
{
	uint8_t xy[64];

	if (recover(digest, sig, xy) == -1)
		return (-1);
	address_of(address, xy);
	return (0);
}
