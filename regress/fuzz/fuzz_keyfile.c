/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: keyd/keyfile.o keyd/keyfile_error.o keyd/eckey.o keyd/der.o
 * keyd/sign.o keyd/keccak.o common/secret.o common/base64.o common/hex.o
 * common/u256.o
 * libs: libsecp256k1 libcrypto
 */

#include <sys/mman.h>
#include <unistd.h>

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>

#include "common/base64.h"
#include "common/hex.h"
#include "common/secret.h"
#include "keyd/keyfile.h"
#include "keyd/sign.h"
#include "regress/fuzz/take.h"

/*
 * Key files.  The first byte: the rest is the text of a file, or the DER of
 * a block whose base64 is right.  What is accepted is a key of the curve, the
 * same one that libcrypto reads, and the same when it is written anew in each
 * form.  What is refused leaves no byte of it.
 */
enum { TEXT, SEC1, PKCS8, NMODES };

#define POOL	65536

static int	 file;

static void
write_file(const char *text, size_t len)
{
	must(ftruncate(file, 0) == 0);
	must(pwrite(file, text, len, 0) == (ssize_t)len);
	must(lseek(file, 0, SEEK_SET) == 0);
}

/* A block of that DER; freed by the caller. */
static char *
block(int mode, const uint8_t *der, size_t len)
{
	const char	*label = mode == SEC1 ? "EC PRIVATE KEY" :
			    "PRIVATE KEY";
	size_t		 size = 4 * (len / 3 + 1) + 1, at, n;
	char		*base64, *text;

	must((base64 = malloc(size)) != NULL);
	must((text = malloc(2 * size + 128)) != NULL);
	base64_encode(base64, der, len);
	n = (size_t)sprintf(text, "-----BEGIN %s-----\n", label);
	for (at = 0; base64[at] != '\0'; at += strlen(base64 + at) < 64 ?
	    strlen(base64 + at) : 64)
		n += (size_t)sprintf(text + n, "%.64s\n", base64 + at);
	sprintf(text + n, "-----END %s-----\n", label);
	free(base64);
	return (text);
}

/* The text is that of the same key. */
static void
is_same(const char *text, const struct sign_key *key, int has_pubkey)
{
	struct keyfile	 kf;

	write_file(text, strlen(text));
	must(keyfile_read(&kf, file) == KEYFILE_OK);
	must(memcmp(kf.secret, key->secret, SECRET_SIZE) == 0);
	must(kf.has_pubkey == has_pubkey);
	if (has_pubkey)
		must(memcmp(kf.pubkey, key->pubkey, sizeof(kf.pubkey)) == 0);
	secret_free(kf.secret, SECRET_SIZE);
}

static size_t
put(uint8_t *p, size_t at, const char *hex)
{
	size_t	 n = strlen(hex) / 2, i;

	for (i = 0; i < n; i++)
		p[at + i] = (uint8_t)(hex_digit(hex[2 * i]) << 4 |
		    hex_digit(hex[2 * i + 1]));
	return (at + n);
}

static size_t
put_key(uint8_t *p, size_t at, const struct sign_key *key, const char *middle)
{
	memcpy(p + at, key->secret, SECRET_SIZE);
	at = put(p, at + SECRET_SIZE, middle);
	memcpy(p + at, key->pubkey, sizeof(key->pubkey));
	return (at + sizeof(key->pubkey));
}

static void
rewrite(const struct sign_key *key)
{
	uint8_t	 der[256];
	char	 hex[2 * SECRET_SIZE + 1], *text;
	size_t	 n;

	hex_encode(hex, key->secret, SECRET_SIZE);
	hex[2 * SECRET_SIZE] = '\0';
	is_same(hex, key, 0);
	n = put(der, 0, "30740201010420");
	n = put_key(der, n, key, "a00706052b8104000aa14403420004");
	text = block(SEC1, der, n);
	is_same(text, key, 1);
	free(text);
	n = put(der, 0, "308184020100301006072a8648ce3d020106052b8104000a"
	    "046d306b0201010420");
	n = put_key(der, n, key, "a14403420004");
	text = block(PKCS8, der, n);
	is_same(text, key, 1);
	free(text);
}

/* What libcrypto makes of it. */
static void
is_theirs(const uint8_t *der, size_t len, const struct sign_key *key)
{
	const uint8_t	*p = der;
	const EC_KEY	*ec;
	EVP_PKEY	*pkey;
	uint8_t		 scalar[SECRET_SIZE];

	ERR_clear_error();
	if ((pkey = d2i_AutoPrivateKey(NULL, &p, (long)len)) == NULL) {
		ERR_clear_error();
		return;
	}
	must(p == der + len);
	must((ec = EVP_PKEY_get0_EC_KEY(pkey)) != NULL);
	must(BN_bn2binpad(EC_KEY_get0_private_key(ec), scalar,
	    sizeof(scalar)) == sizeof(scalar));
	must(memcmp(scalar, key->secret, SECRET_SIZE) == 0);
	must(EC_GROUP_get_degree(EC_KEY_get0_group(ec)) == 256);
	if (EC_GROUP_get_curve_name(EC_KEY_get0_group(ec)) != NID_undef)
		must(EC_GROUP_get_curve_name(EC_KEY_get0_group(ec)) ==
		    NID_secp256k1);
	EVP_PKEY_free(pkey);
}

static void
is_pool_free(void)
{
	void	*p;

	must((p = secret_alloc(POOL)) != NULL);
	secret_free(p, POOL);
}

static void
is_key(const struct keyfile *kf, int mode, const uint8_t *data, size_t len)
{
	struct sign_key	 key;

	must(sign_key(&key, kf->secret) == 0);
	must(kf->line > 0);
	if (kf->has_pubkey)
		must(memcmp(kf->pubkey, key.pubkey, sizeof(kf->pubkey)) == 0);
	rewrite(&key);
	if (mode != TEXT)
		is_theirs(data, len, &key);
}

/* The parser alone: in exactly so much memory, and what it leaves. */
static void
parse(const char *text, size_t len, const struct keyfile *read,
    enum keyfile_error error)
{
	static const uint8_t	 zeros[SECRET_SIZE];
	struct keyfile		 kf;
	enum keyfile_error	 again;

	must((kf.secret = secret_alloc(SECRET_SIZE)) != NULL);
	memset(kf.secret, 0x55, SECRET_SIZE);
	again = keyfile_parse(&kf, text, len);
	if (again != KEYFILE_OK) {
		must(again == error && kf.line == read->line);
		must(memcmp(kf.secret, zeros, SECRET_SIZE) == 0);
	} else if (error == KEYFILE_OK)
		must(memcmp(kf.secret, read->secret, SECRET_SIZE) == 0);
	else
		must(error == KEYFILE_RANGE || error == KEYFILE_MISMATCH);
	secret_free(kf.secret, SECRET_SIZE);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	must(secret_init(POOL) == 0 && sign_init() == 0);
	must((file = memfd_create("key", MFD_CLOEXEC)) != -1);
	return (0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct take		 t = { data, size };
	int			 mode = take_u8(&t) % NMODES;
	enum keyfile_error	 error;
	struct keyfile		 kf;
	char			*text;
	size_t			 len;

	if (mode == TEXT) {
		text = fuzz_copy(t.p, t.left);
		len = t.left;
	} else {
		text = block(mode, t.p, t.left);
		len = strlen(text);
	}
	write_file(text, len);
	error = keyfile_read(&kf, file);
	must((error == KEYFILE_OK) == (kf.secret != NULL));
	must((error == KEYFILE_TOOLONG) == (len > KEYFILE_MAX));
	must(error != KEYFILE_READ && error < KEYFILE_MAXERROR &&
	    error != KEYFILE_MEMORY);
	if (error == KEYFILE_OK)
		is_key(&kf, mode, t.p, t.left);
	if (error != KEYFILE_TOOLONG)
		parse(text, len, &kf, error);
	secret_free(kf.secret, SECRET_SIZE);
	free(text);
	is_pool_free();
	return (0);
}
