/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef KEYD_SIGN_H
#define KEYD_SIGN_H

#include <stddef.h>
#include <stdint.h>

#include "keyd/request.h"
#include "keyd/tx.h"

/*
 * secp256k1 keys and signatures (libsecp256k1).  A key's scalar lives in
 * secret memory (common/secret.h), where the caller put it.
 */
#define SECRET_SIZE	32

struct sign_key {
	const uint8_t	*secret;		/* SECRET_SIZE, secret memory */
	uint8_t		 pubkey[64];		/* X and Y, big endian */
	uint8_t		 address[ADDRESS_SIZE];
};

/* Makes and randomises the context.  -1 with errno. */
int	sign_init(void);
/* Blinds the context anew; to be called now and then.  -1 on failure. */
int	sign_randomize(void);
void	sign_exit(void);

/*
 * Fills key from a scalar that stays the caller's: -1 if it is zero or not
 * below the group's order.
 */
int	sign_key(struct sign_key *, const uint8_t *secret);
/*
 * Deterministic (RFC 6979, SHA-256), low s.  The signature is verified
 * against the key's public key before it is returned: -1 if anything fails,
 * and *sig is zeros.
 *
 * A verification leaves the parity of the nonce point's y open, for -R fits
 * as well as R; only a recovery of the key sees that v is right, and takes 5
 * us more (37 us and 32 us of libsecp256k1 0.2).  It is done without: a v
 * that is wrong gives nothing of the key away, and whoever takes the
 * signature finds that it is nobody's whom he knows, as with any other bit
 * that changes between here and there.
 */
int	sign_digest(const struct sign_key *, const uint8_t digest[HASH_SIZE],
	    struct signature *);
/*
 * Reads a public key, a point in SEC 1's form (compressed or not), as X and
 * Y.  -1 if it is none of the curve.  Needs no sign_init.
 */
int	sign_pubkey(uint8_t xy[64], const uint8_t *, size_t);
/* s is not above half the order (EIP-2): the one form that chains take. */
bool	sign_has_low_s(const struct signature *);
/* Address of the key that made a signature of digest.  -1 if none can. */
int	sign_recover(const uint8_t digest[HASH_SIZE],
	    const struct signature *, uint8_t address[ADDRESS_SIZE]);

#endif /* KEYD_SIGN_H */
