/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef KEYD_KEYSTORE_H
#define KEYD_KEYSTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keyd/request.h"

/*
 * Ethereum's encrypted key files, version 3 ("Web3 Secret Storage
 * Definition"): JSON around a scalar that is encrypted with AES-128 in
 * counter mode, under a key that scrypt or PBKDF2 makes of a password.
 *
 * Not linked into keyd, which is to have no part in JSON and no hundreds of
 * megabytes for scrypt: whoever reads such a file is a process that ends
 * when it has done so.  The JSON holds no secret, so that a tree of cJSON's
 * may hold it; the password, what is made of it and the scalar are to be in
 * secret memory.
 */
#define KEYSTORE_MAX		8192	/* bytes of a file */
#define KEYSTORE_SALT_MAX	128
#define KEYSTORE_IV		16
#define KEYSTORE_MAC		32
#define KEYSTORE_DERIVED	32	/* dklen */
#define KEYSTORE_CIPHERTEXT	32	/* at most: leading zeros may lack */

/* What a file may ask for: half a GiB, some ten seconds. */
#define KEYSTORE_SCRYPT_MEMORY	(512ULL << 20)	/* 128 * n * r */
#define KEYSTORE_SCRYPT_WORK	(1ULL << 24)	/* n * r * p */
#define KEYSTORE_SCRYPT_BLOCKS	8192		/* r * p */
#define KEYSTORE_PBKDF2_COUNT	(1U << 24)

/* What is written: go-ethereum's standard, and its light one. */
#define KEYSTORE_STANDARD_N	262144
#define KEYSTORE_STANDARD_P	1
#define KEYSTORE_LIGHT_N	4096
#define KEYSTORE_LIGHT_P	6
#define KEYSTORE_R		8

enum keystore_error {
	KEYSTORE_OK,
	KEYSTORE_JSON,		/* not JSON, or an object repeats a member */
	KEYSTORE_VERSION,	/* not 3 */
	KEYSTORE_CRYPTO,	/* no "crypto" object */
	KEYSTORE_CIPHER,	/* not "aes-128-ctr" */
	KEYSTORE_IV_FORM,	/* not 32 digits */
	KEYSTORE_TEXT_FORM,	/* ciphertext: not 2 to 64 digits */
	KEYSTORE_MAC_FORM,	/* not 64 digits */
	KEYSTORE_KDF,		/* neither scrypt nor pbkdf2 */
	KEYSTORE_PRF,		/* not "hmac-sha256" */
	KEYSTORE_LENGTH,	/* dklen is not 32 */
	KEYSTORE_SALT,		/* not 2 to 256 digits */
	KEYSTORE_NUMBERS,	/* n, r, p or c is none, or is not allowed */
	KEYSTORE_COST,		/* over what a file may ask for */
	KEYSTORE_ADDRESS_FORM,	/* not 40 digits */
	KEYSTORE_PASSWORD,	/* the MAC is another one */
	KEYSTORE_MEMORY,
	KEYSTORE_LIBRARY,	/* libcrypto refused */
	KEYSTORE_MAXERROR
};

/* A phrase that says what was expected. */
const char	*keystore_strerror(enum keystore_error);

enum keystore_kdf {
	KEYSTORE_SCRYPT,
	KEYSTORE_PBKDF2
};

struct keystore {
	enum keystore_kdf	 kdf;
	uint64_t		 n, r, p;	/* of scrypt */
	uint64_t		 c;		/* of PBKDF2 */
	uint8_t			 salt[KEYSTORE_SALT_MAX];
	size_t			 salt_len;
	uint8_t			 iv[KEYSTORE_IV];
	uint8_t			 ciphertext[KEYSTORE_CIPHERTEXT];
	size_t			 ciphertext_len;
	uint8_t			 mac[KEYSTORE_MAC];
	uint8_t			 address[ADDRESS_SIZE];
	bool			 has_address;
	uint8_t			 id[16];	/* written, never read */
};

/* Reads the JSON and checks all that needs no password. */
enum keystore_error keystore_parse(struct keystore *, const char *text,
		    size_t len);
/*
 * secret (SECRET_SIZE bytes) is filled, or zeros on an error.  Its range, and
 * whether its address is the one in the file, are for the caller to check.
 * Takes KEYSTORE_DERIVED bytes of secret memory meanwhile, and as much heap
 * as the file asks for, which libcrypto wipes.
 */
enum keystore_error keystore_decrypt(const struct keystore *,
		    const char *password, size_t len, uint8_t *secret);
/*
 * The reverse: kdf and its numbers, salt_len, iv, salt, id, address are
 * given; ciphertext and mac are filled.
 */
enum keystore_error keystore_encrypt(struct keystore *,
		    const char *password, size_t len, const uint8_t *secret);
/*
 * Its JSON on one line; returns its length, which is below KEYSTORE_MAX,
 * or 0 if size is too small.  An address is part of it.
 */
size_t		 keystore_print(const struct keystore *, char *, size_t size);

#endif /* KEYD_KEYSTORE_H */
