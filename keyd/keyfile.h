/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef KEYD_KEYFILE_H
#define KEYD_KEYFILE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Private key files: PEM "EC PRIVATE KEY" (SEC 1 / RFC 5915) with the curve
 * by name or by explicit parameters, which must be secp256k1's own; PEM
 * "PRIVATE KEY" (PKCS#8, RFC 5208/5958) around the same; or 64 hexadecimal
 * digits.  A PEM "EC PARAMETERS" block before the key is skipped, as are
 * text lines outside of blocks.  White space at the end of a line and of the
 * file is taken.  Where the file holds the public key too, the caller
 * compares (keyfile_parse gives it back).
 */
#define KEYFILE_MAX	8192	/* bytes */

enum keyfile_error {
	KEYFILE_OK,
	KEYFILE_EMPTY,
	KEYFILE_TOOLONG,
	KEYFILE_READ,		/* read(2) failed: errno */
	KEYFILE_FORM,		/* neither PEM nor 64 hex digits */
	KEYFILE_HEXLENGTH,	/* hex digits, but not 64 of them */
	KEYFILE_LABEL,		/* a PEM block of another kind */
	KEYFILE_ENCRYPTED,	/* an encrypted PEM key */
	KEYFILE_NOEND,		/* no END line, or another label in it */
	KEYFILE_BASE64,
	KEYFILE_DER,		/* malformed ASN.1 */
	KEYFILE_VERSION,
	KEYFILE_ALGORITHM,	/* PKCS#8 of another kind than EC */
	KEYFILE_CURVE,		/* a named curve other than secp256k1 */
	KEYFILE_PARAMETERS,	/* explicit, and not secp256k1's */
	KEYFILE_NOCURVE,	/* no parameters at all */
	KEYFILE_RANGE,		/* zero, or not below the group's order */
	KEYFILE_MISMATCH,	/* the public key in it is another's */
	KEYFILE_TWO,		/* a second key in the file */
	KEYFILE_MEMORY,		/* secret memory is used up */
	KEYFILE_MAXERROR
};

/* A phrase that says what was expected and, where it helps, what to do. */
const char	*keyfile_strerror(enum keyfile_error);

struct keyfile {
	uint8_t	*secret;	/* SECRET_SIZE bytes, in secret memory */
	uint8_t	 pubkey[64];	/* X and Y, where has_pubkey */
	int	 has_pubkey;
	/* Where the fault is, or the key begins, from 1; 0: unknown. */
	unsigned int line;
};

/*
 * text is in secret memory and stays the caller's; kf->secret is filled
 * (SECRET_SIZE bytes of secret memory, the caller's; zeros on an error).  No
 * other copy of the key is left anywhere, the stack included.  Takes up to
 * twice len of secret memory meanwhile.
 */
enum keyfile_error keyfile_parse(struct keyfile *, const char *text,
		    size_t len);
/*
 * Reads fd to its end into secret memory and parses; checks the scalar's
 * range and the public key through sign_key().  On success kf->secret is
 * secret memory to be freed with secret_free(); on an error NULL.
 */
enum keyfile_error keyfile_read(struct keyfile *, int fd);

#endif /* KEYD_KEYFILE_H */
