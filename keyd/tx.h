/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef KEYD_TX_H
#define KEYD_TX_H

#include "keyd/request.h"

/*
 * Transactions of type 2 (EIP-1559), 3 (EIP-4844, without its sidecar) and
 * 4 (EIP-7702).
 */

/* r and s big endian; v is the parity of the point R (0 or 1). */
struct signature {
	uint8_t	r[32];
	uint8_t	s[32];
	uint8_t	v;
};

/*
 * The checks that go before the choice of a rule, in the order of the
 * protocol.  REFUSAL_NONE if all pass.
 */
enum refusal	tx_check(const struct tx *);

/* 2, 3 or 4, by the members that are there; tx_check() has passed. */
uint8_t		tx_type(const struct tx *);
/* The call data: input where there is one, else data, else nothing. */
const uint8_t	*tx_calldata(const struct tx *, size_t *len);
/*
 * What the transaction can cost beside its value, in wei: gas * maxFeePerGas
 * and, with blobs, number * 131072 * maxFeePerBlobGas.  -1 if that is 2^256
 * or more.
 */
int		tx_max_cost(const struct tx *, struct u256 *);

/*
 * EIP-2718 bytes: with a signature the signed transaction, without one what
 * is to be hashed and signed.  *out is the caller's to free.  -1 with errno
 * where memory is short.
 */
int		tx_encode(const struct tx *, const struct signature *,
		    uint8_t **out, size_t *len);

#endif /* KEYD_TX_H */
