/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "common/secret.h"
#include "keyd/keccak.h"
#include "keyd/keystore.h"
#include "keyd/scrypt.h"
#include "keyd/sign.h"

#define CIPHER_KEY	16	/* of what is derived; the rest is the MAC's */

static const char *const errors[KEYSTORE_MAXERROR] = {
	[KEYSTORE_OK] = "no error",
	[KEYSTORE_JSON] = "malformed JSON, or a member twice",
	[KEYSTORE_VERSION] = "not a V3 keystore: expected \"version\": 3",
	[KEYSTORE_CRYPTO] = "not a V3 keystore: it has no object \"crypto\"",
	[KEYSTORE_CIPHER] = "unknown \"cipher\": expected \"aes-128-ctr\"",
	[KEYSTORE_IV_FORM] = "bad \"iv\": expected 32 hexadecimal digits",
	[KEYSTORE_TEXT_FORM] = "bad \"ciphertext\": expected at most 64 "
	    "hexadecimal digits, an even number",
	[KEYSTORE_MAC_FORM] = "bad \"mac\": expected 64 hexadecimal digits",
	[KEYSTORE_KDF] = "unknown \"kdf\": expected \"scrypt\" or "
	    "\"pbkdf2\" with \"kdfparams\"",
	[KEYSTORE_PRF] = "unknown \"prf\": expected \"hmac-sha256\"",
	[KEYSTORE_LENGTH] = "bad \"dklen\": expected 32",
	[KEYSTORE_SALT] = "bad \"salt\": expected at most 256 hexadecimal "
	    "digits, an even number",
	[KEYSTORE_NUMBERS] = "bad numbers in \"kdfparams\": expected \"c\" "
	    "from 1, or \"r\" and \"p\" from 1 and \"n\" a power of two "
	    "from 2",
	[KEYSTORE_COST] = "the numbers in \"kdfparams\" ask for too much "
	    "memory or time",
	[KEYSTORE_ADDRESS_FORM] = "bad \"address\": expected 40 hexadecimal "
	    "digits",
	[KEYSTORE_PASSWORD] = "wrong password, or the file is damaged",
	[KEYSTORE_MEMORY] = "out of memory",
	[KEYSTORE_LIBRARY] = "libcrypto cannot do it"
};

const char *
keystore_strerror(enum keystore_error error)
{
	if ((unsigned int)error >= KEYSTORE_MAXERROR)
		return ("unknown error");
	return (errors[error]);
}

static enum keystore_error
derive(const struct keystore *ks, const char *password, size_t len,
    uint8_t derived[KEYSTORE_DERIVED])
{
	int ok;

	if (ks->kdf == KEYSTORE_SCRYPT && ks->r == 1 &&
	    ks->n >= SCRYPT_R1_MAX)
		ok = scrypt_r1(password, len, ks->salt, ks->salt_len, ks->n,
		    ks->p, derived, KEYSTORE_DERIVED) == 0;
	else if (ks->kdf == KEYSTORE_SCRYPT)
		/* Some room for what it needs beside its large array. */
		ok = EVP_PBE_scrypt(password, len, ks->salt, ks->salt_len,
		    ks->n, ks->r, ks->p, KEYSTORE_SCRYPT_MEMORY + (8 << 20),
		    derived, KEYSTORE_DERIVED);
	else
		ok = PKCS5_PBKDF2_HMAC(password, (int)len, ks->salt,
		    (int)ks->salt_len, (int)ks->c, EVP_sha256(),
		    KEYSTORE_DERIVED, derived);
	return (ok == 1 ? KEYSTORE_OK : KEYSTORE_LIBRARY);
}

static void
make_mac(uint8_t mac[KEYSTORE_MAC], const struct keystore *ks,
    const uint8_t derived[KEYSTORE_DERIVED])
{
	uint8_t input[KEYSTORE_DERIVED - CIPHER_KEY + KEYSTORE_CIPHERTEXT];
	size_t half = KEYSTORE_DERIVED - CIPHER_KEY;

	memcpy(input, derived + CIPHER_KEY, half);
	memcpy(input + half, ks->ciphertext, ks->ciphertext_len);
	keccak256(mac, input, half + ks->ciphertext_len);
	explicit_bzero(input, sizeof(input));
}

/* Counter mode is its own reverse. */
static enum keystore_error
cipher(const struct keystore *ks, const uint8_t *key, const uint8_t *in,
    uint8_t *out, size_t len)
{
	EVP_CIPHER_CTX *ctx;
	int n = 0, ok;

	if ((ctx = EVP_CIPHER_CTX_new()) == NULL)
		return (KEYSTORE_MEMORY);
	ok = EVP_EncryptInit_ex(ctx, EVP_aes_128_ctr(), NULL, key,
	    ks->iv) == 1 &&
	    EVP_EncryptUpdate(ctx, out, &n, in, (int)len) == 1 &&
	    n == (int)len;
	EVP_CIPHER_CTX_free(ctx);
	return (ok ? KEYSTORE_OK : KEYSTORE_LIBRARY);
}

enum keystore_error
keystore_decrypt(const struct keystore *ks, const char *password, size_t len,
    uint8_t *secret)
{
	enum keystore_error error;
	uint8_t mac[KEYSTORE_MAC], *derived;

	memset(secret, 0, SECRET_SIZE);
	if ((derived = secret_alloc(KEYSTORE_DERIVED)) == NULL)
		return (KEYSTORE_MEMORY);
	if ((error = derive(ks, password, len, derived)) != KEYSTORE_OK)
		goto done;
	make_mac(mac, ks, derived);
	if (CRYPTO_memcmp(mac, ks->mac, sizeof(mac)) != 0)
		error = KEYSTORE_PASSWORD;
	else
		/* One that is shorter lacks the zeros at its beginning. */
		error = cipher(ks, derived, ks->ciphertext, secret +
		    SECRET_SIZE - ks->ciphertext_len, ks->ciphertext_len);
	if (error != KEYSTORE_OK)
		explicit_bzero(secret, SECRET_SIZE);
 done:
	secret_free(derived, KEYSTORE_DERIVED);
	secret_wipe_stack();
	return (error);
}

enum keystore_error
keystore_encrypt(struct keystore *ks, const char *password, size_t len,
    const uint8_t *secret)
{
	enum keystore_error error;
	uint8_t *derived;

	if ((derived = secret_alloc(KEYSTORE_DERIVED)) == NULL)
		return (KEYSTORE_MEMORY);
	ks->ciphertext_len = SECRET_SIZE;
	if ((error = derive(ks, password, len, derived)) == KEYSTORE_OK)
		error = cipher(ks, derived, secret, ks->ciphertext,
		    SECRET_SIZE);
	if (error == KEYSTORE_OK)
		make_mac(ks->mac, ks, derived);
	secret_free(derived, KEYSTORE_DERIVED);
	secret_wipe_stack();
	return (error);
}
