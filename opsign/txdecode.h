/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef OPSIGN_TXDECODE_H
#define OPSIGN_TXDECODE_H

#include <stddef.h>
#include <stdint.h>

#include "keyd/tx.h"

/*
 * Signed transactions of types 2 (EIP-1559), 3 (EIP-4844, without sidecar)
 * and 4 (EIP-7702), read as strictly as nodes read them: every length and
 * number in its one shortest form, nothing behind the last item.  What they
 * mean, and whose signature it is, is not looked at here.
 */
struct txsigned {
	struct tx		 tx;	/* has: what the type always has */
	struct signature	 sig;
	uint8_t			 digest[HASH_SIZE];	/* that is signed */
	uint8_t			 hash[HASH_SIZE];	/* of it all */
	/* What tx points to beside the bytes themselves. */
	struct tx_access	*access;
	struct tx_auth		*auths;
	uint8_t			*keys;
	uint8_t			*blobs;
};

/*
 * The call data points into raw, which has to stay.  NULL, or what is wrong;
 * txdecode_clear() either way.
 */
const char	*txdecode(struct txsigned *, const uint8_t *raw, size_t len);
void		 txdecode_clear(struct txsigned *);

#endif /* OPSIGN_TXDECODE_H */
