/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: keyd/keystore.o keyd/keystore_json.o keyd/scrypt.o keyd/keccak.o
 * common/json.o common/jsonscan.o common/secret.o common/hex.o common/u256.o
 * libs: libcrypto libcjson
 */

#include "common/secret.h"
#include "keyd/keystore.h"
#include "keyd/sign.h"
#include "regress/fuzz/fuzz.h"

/*
 * V3 keystores.  What is taken asks for no more than is allowed, is the same
 * when it is printed and read again, and decrypts or does not, by its MAC
 * alone; of what is refused nothing is left.
 */
#define POOL	4096

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	FUZZ_ASSERT(secret_init(POOL) == 0);
	return (0);
}

static bool
is_nothing(const void *p, size_t n)
{
	const uint8_t	*byte = p;
	size_t		 i;

	for (i = 0; i < n; i++)
		if (byte[i] != 0)
			return (false);
	return (true);
}

static void
is_allowed(const struct keystore *ks)
{
	FUZZ_ASSERT(ks->salt_len >= 1 && ks->salt_len <= KEYSTORE_SALT_MAX);
	FUZZ_ASSERT(ks->ciphertext_len >= 1 &&
	    ks->ciphertext_len <= KEYSTORE_CIPHERTEXT);
	if (ks->kdf == KEYSTORE_PBKDF2) {
		FUZZ_ASSERT(ks->c >= 1 && ks->c <= KEYSTORE_PBKDF2_COUNT);
		return;
	}
	FUZZ_ASSERT(ks->kdf == KEYSTORE_SCRYPT);
	FUZZ_ASSERT(ks->n >= 2 && (ks->n & (ks->n - 1)) == 0);
	FUZZ_ASSERT(ks->n <= KEYSTORE_SCRYPT_MEMORY / 128 / ks->r);
	FUZZ_ASSERT(ks->r * ks->p >= 1 &&
	    ks->r * ks->p <= KEYSTORE_SCRYPT_BLOCKS);
	FUZZ_ASSERT(ks->n * ks->r * ks->p <= KEYSTORE_SCRYPT_WORK);
}

static void
is_same_again(const struct keystore *ks)
{
	static const uint8_t	 nobody[ADDRESS_SIZE];
	struct keystore		 again;
	char			 text[KEYSTORE_MAX];
	size_t			 n;

	n = keystore_print(ks, text, sizeof(text));
	FUZZ_ASSERT(n > 0 && n < sizeof(text));
	FUZZ_ASSERT(keystore_parse(&again, text, n) == KEYSTORE_OK);
	/* One without an address is written with one. */
	if (!ks->has_address) {
		FUZZ_ASSERT(memcmp(again.address, nobody,
		    sizeof(nobody)) == 0);
		again.has_address = false;
	}
	FUZZ_ASSERT(again.kdf == ks->kdf && again.c == ks->c &&
	    again.n == ks->n && again.r == ks->r && again.p == ks->p);
	FUZZ_ASSERT(memcmp(again.salt, ks->salt, sizeof(ks->salt)) == 0 &&
	    again.salt_len == ks->salt_len);
	FUZZ_ASSERT(memcmp(again.ciphertext, ks->ciphertext,
	    sizeof(ks->ciphertext)) == 0 &&
	    again.ciphertext_len == ks->ciphertext_len);
	FUZZ_ASSERT(memcmp(again.iv, ks->iv, sizeof(ks->iv)) == 0 &&
	    memcmp(again.mac, ks->mac, sizeof(ks->mac)) == 0 &&
	    memcmp(again.address, ks->address, sizeof(ks->address)) == 0);
}

static bool
is_cheap(const struct keystore *ks)
{
	return (ks->kdf == KEYSTORE_PBKDF2 ? ks->c <= 16 :
	    ks->n * ks->r * ks->p <= 64);
}

/* With the password of the kept inputs, and with another one. */
static void
decrypt(const struct keystore *ks)
{
	static const uint8_t	 zeros[SECRET_SIZE];
	struct keystore		 own = *ks;
	enum keystore_error	 error;
	uint8_t			 secret[SECRET_SIZE], again[SECRET_SIZE];

	memset(secret, 0x55, sizeof(secret));
	error = keystore_decrypt(ks, "foo", 3, secret);
	FUZZ_ASSERT(error == KEYSTORE_OK || error == KEYSTORE_PASSWORD);
	if (error != KEYSTORE_OK)
		FUZZ_ASSERT(memcmp(secret, zeros, SECRET_SIZE) == 0);
	FUZZ_ASSERT(keystore_encrypt(&own, "bar", 3, secret) == KEYSTORE_OK);
	FUZZ_ASSERT(keystore_decrypt(&own, "bar", 3, again) == KEYSTORE_OK);
	FUZZ_ASSERT(memcmp(secret, again, SECRET_SIZE) == 0);
	FUZZ_ASSERT(keystore_decrypt(&own, "foo", 3, again) ==
	    KEYSTORE_PASSWORD);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct keystore		 ks;
	enum keystore_error	 error;
	char			*text = fuzz_copy(data, size);
	void			*all;

	memset(&ks, 0x55, sizeof(ks));
	error = keystore_parse(&ks, text, size);
	free(text);
	FUZZ_ASSERT(error < KEYSTORE_PASSWORD);
	if (error != KEYSTORE_OK) {
		FUZZ_ASSERT(is_nothing(&ks, sizeof(ks)));
		return (0);
	}
	is_allowed(&ks);
	is_same_again(&ks);
	if (is_cheap(&ks))
		decrypt(&ks);
	FUZZ_ASSERT((all = secret_alloc(POOL)) != NULL);
	secret_free(all, POOL);
	return (0);
}
