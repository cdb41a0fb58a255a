/*
 * objects: keyd/eckey.o keyd/der.o keyd/sign.o keyd/keccak.o
 *     common/base64.o common/hex.o common/secret.o common/u256.o
 * libs: libsecp256k1
 */
/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * Work with private keys, to be run by valgrind, in the way of libsecp256k1's
 * own test: the key is marked as undefined, and memcheck complains of each
 * branch and each address that depends on it.  What a call gives away on
 * purpose (a public key, a signature, that a file is well formed) is marked
 * as defined again as it leaves the call.
 *
 * usage: ctime sign | FILE | branch | lookup | compare | table
 *
 * The last four do what must not be done: memcheck has to find it.  Exit
 * status 2: built without valgrind's header.
 */

#include <dlfcn.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <secp256k1.h>
#include <secp256k1_recovery.h>

#include "common/base64.h"
#include "common/hex.h"
#include "common/secret.h"
#include "keyd/keccak.h"
#include "keyd/sign.h"

/* The reader of key files calls the decoders by way of functions below. */
static ssize_t	hidden_base64(uint8_t *, const char *, size_t);
static bool	hidden_hex_valid(const char *, size_t);
static void	hidden_hex(uint8_t *, const char *, size_t);

#define base64_decode		hidden_base64
#define hex_digits	hidden_hex_valid
#define hex_secret		hidden_hex
#include "keyd/keyfile.c"
#undef base64_decode
#undef hex_digits
#undef hex_secret

#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#define hide(p, size)	(void)VALGRIND_MAKE_MEM_UNDEFINED(p, size)
#define show(p, size)	(void)VALGRIND_MAKE_MEM_DEFINED(p, size)
#define WATCHED		(RUNNING_ON_VALGRIND != 0)
#else
#define hide(p, size)	((void)(p), (void)(size))
#define show(p, size)	((void)(p), (void)(size))
#define WATCHED		false
#endif

/* The scalar that the files hold, as test_ctime.py writes it. */
static const uint8_t scalar[SECRET_SIZE] = {
	0x3b, 0x91, 0xd7, 0x0c, 0xf2, 0x58, 0xae, 0x04,
	0x6f, 0xc5, 0x1b, 0x71, 0x87, 0xed, 0x43, 0xa9,
	0xff, 0x55, 0xbb, 0x11, 0x77, 0xcd, 0x23, 0x89,
	0xdf, 0x35, 0x9b, 0xe1, 0x47, 0xad, 0x03, 0x69
};

static volatile unsigned int	sink;
/* How much of a key has been hidden: a test that hides none shows nothing. */
static size_t			hidden;
static bool			with_table;

/* ---- What is in the place of functions that keyd/ calls ----------------- */

typedef int create_function(const secp256k1_context *, secp256k1_pubkey *,
    const unsigned char *);
typedef int sign_function(const secp256k1_context *,
    secp256k1_ecdsa_recoverable_signature *, const unsigned char *,
    const unsigned char *, secp256k1_nonce_function, const void *);

static create_function	*library_create;
static sign_function	*library_sign;

/* A public key, and that the scalar was in its range, are no secrets. */
int
secp256k1_ec_pubkey_create(const secp256k1_context *ctx,
    secp256k1_pubkey *pubkey, const unsigned char *secret)
{
	int	 r;

	r = library_create(ctx, pubkey, secret);
	show(pubkey, sizeof(*pubkey));
	show(&r, sizeof(r));
	return (r);
}

/* Nor is a signature. */
int
secp256k1_ecdsa_sign_recoverable(const secp256k1_context *ctx,
    secp256k1_ecdsa_recoverable_signature *sig, const unsigned char *digest,
    const unsigned char *secret, secp256k1_nonce_function nonce,
    const void *data)
{
	int	 r;

	r = library_sign(ctx, sig, digest, secret, nonce, data);
	show(sig, sizeof(*sig));
	show(&r, sizeof(r));
	return (r);
}

/*
 * Six bits a character: those that hold bits of the scalar alone, and of
 * nothing that the structure around it fixes, are hidden.
 */
static ssize_t
hidden_base64(uint8_t *out, const char *s, size_t len)
{
	uint8_t		*at;
	size_t		 first, last;
	ssize_t		 n;

	n = base64_decode(out, s, len);
	if (n == -1 || (at = memmem(out, (size_t)n, scalar,
	    sizeof(scalar))) == NULL)
		return (n);
	first = ((size_t)(at - out) * 8 + 5) / 6;
	last = ((size_t)(at - out) + sizeof(scalar)) * 8 / 6;
	hide(s + first, last - first);
	hidden += last - first;
	n = base64_decode(out, s, len);
	/* That a file is well formed is known. */
	show(&n, sizeof(n));
	return (n);
}

/* As it must not be written. */
__attribute__((noinline))
static void
decode_by_table(uint8_t *out, const char *s, size_t n)
{
	static uint8_t	 table[256];
	size_t		 i;

	for (i = 0; i < 256; i++)
		table[i] = (uint8_t)(hex_digit((char)i) & 15);
	for (i = 0; i < n; i++)
		out[i] = (uint8_t)(table[(uint8_t)s[2 * i]] << 4 |
		    table[(uint8_t)s[2 * i + 1]]);
}

/* The text itself is split into lines, so is hidden here and not before. */
static void
hidden_hex(uint8_t *out, const char *s, size_t n)
{
	hide(s, 2 * n);
	hidden += 2 * n;
	if (with_table)
		decode_by_table(out, s, n);
	else
		hex_secret(out, s, n);
	show(s, 2 * n);
}

static bool
hidden_hex_valid(const char *s, size_t len)
{
	bool	 valid;

	hide(s, len);
	valid = hex_digits(s, len);
	show(s, len);
	show(&valid, sizeof(valid));
	return (valid);
}

/* ---- Work --------------------------------------------------------------- */

static void
fail(const char *what)
{
	fprintf(stderr, "ctime: %s\n", what);
	exit(3);
}

static void
work(const struct sign_key *key)
{
	struct signature	 sig;
	uint8_t			 digest[HASH_SIZE] = { 1 };
	uint8_t			 address[ADDRESS_SIZE];
	int			 i;

	for (i = 0; i < 4; i++) {
		keccak256(digest, digest, sizeof(digest));
		if (sign_digest(key, digest, &sig) == -1)
			fail("no signature");
		if (sign_recover(digest, &sig, address) == -1 ||
		    memcmp(address, key->address, sizeof(address)) != 0)
			fail("a signature of another key");
		if (sign_randomize() == -1)
			fail("no blinding");
	}
}

static void
load_and_sign(const uint8_t *secret)
{
	struct sign_key	 key;

	if (sign_key(&key, secret) == -1)
		fail("no key");
	work(&key);
}

static void
sign_with_hidden(void)
{
	uint8_t	*secret;

	if ((secret = secret_alloc(SECRET_SIZE)) == NULL)
		fail("no secret memory");
	memcpy(secret, scalar, SECRET_SIZE);
	hide(secret, SECRET_SIZE);
	hidden += SECRET_SIZE;
	load_and_sign(secret);
	secret_free(secret, SECRET_SIZE);
}

/* From the file to the signature, as keyd does it. */
static void
sign_with_file(const char *path)
{
	struct keyfile	 kf;
	int		 fd;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		fail(path);
	if (keyfile_read(&kf, fd) != KEYFILE_OK)
		fail("the key file is not taken");
	close(fd);
	load_and_sign(kf.secret);
	show(kf.secret, SECRET_SIZE);
	if (memcmp(kf.secret, scalar, SECRET_SIZE) != 0)
		fail("another key");
	secret_free(kf.secret, SECRET_SIZE);
}

/* What must be found. */
static void
do_wrong(const char *how)
{
	static const uint8_t	 squares[16] = { 0, 1, 4, 9, 16, 25, 36 };
	uint8_t			*secret;

	if ((secret = secret_alloc(SECRET_SIZE)) == NULL)
		fail("no secret memory");
	memcpy(secret, scalar, SECRET_SIZE);
	hide(secret, SECRET_SIZE);
	hidden += SECRET_SIZE;
	if (strcmp(how, "branch") == 0) {
		if (secret[31] & 1)
			sink++;
	} else if (strcmp(how, "lookup") == 0)
		sink += squares[secret[7] & 15];
	else if (memcmp(secret, scalar, SECRET_SIZE) == 0)
		sink++;
	secret_free(secret, SECRET_SIZE);
}

int
main(int argc, char *argv[])
{
	if (argc < 2)
		fail("usage: ctime sign | FILE | branch | lookup | compare");
	if (!WATCHED)
		return (2);
	library_create = (create_function *)dlsym(RTLD_NEXT,
	    "secp256k1_ec_pubkey_create");
	library_sign = (sign_function *)dlsym(RTLD_NEXT,
	    "secp256k1_ecdsa_sign_recoverable");
	if (library_create == NULL || library_sign == NULL ||
	    secret_init(65536) == -1 || sign_init() == -1)
		fail("setup");
	if (strcmp(argv[1], "sign") == 0)
		sign_with_hidden();
	else if (argv[1][0] == '/') {
		with_table = argc > 2 && strcmp(argv[2], "table") == 0;
		sign_with_file(argv[1]);
	} else
		do_wrong(argv[1]);
	sign_exit();
	secret_exit();
	printf("%zu bytes hidden\n", hidden);
	return (0);
}
