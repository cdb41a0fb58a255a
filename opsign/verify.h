/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef OPSIGN_VERIFY_H
#define OPSIGN_VERIFY_H

#include <cjson/cJSON.h>

#include "keyd/sign.h"
#include "opsign/fault.h"
#include "opsign/txdecode.h"

/* The result of a request to sign, against what was asked. */

enum verify_depth {
	VERIFY_SHAPE,		/* all that costs little: not by whom */
	VERIFY_SIGNER		/* the key is recovered */
};

struct verified {
	struct signature	 sig;
	uint8_t			 digest[HASH_SIZE];
	uint8_t			 address[ADDRESS_SIZE];	/* of VERIFY_SIGNER */
};

/* The bytes of a result, a string 0x...; to be freed; NULL and the fault. */
uint8_t	*verify_bytes(const cJSON *result, size_t *len, struct fault *);

/*
 * 65 bytes, r, s and v, for this payload, by expected (NULL: whoever).  0, or
 * -1 and the fault: FAULT_ANSWER where it has not the form of a signature,
 * FAULT_SIGNATURE where it is not the one that it should be.
 */
int	verify_payload(struct verified *, const struct payload *,
	    const uint8_t *result, size_t len, enum verify_depth,
	    const uint8_t *expected, struct fault *);

/*
 * A signed transaction with just the fields that were asked for.  What was
 * decoded, as far as it goes, is in txsigned, which is to be cleared either
 * way and refers to result.
 */
int	verify_tx(struct verified *, struct txsigned *, const struct tx *asked,
	    const uint8_t *result, size_t len, enum verify_depth,
	    const uint8_t *expected, struct fault *);

#endif /* OPSIGN_VERIFY_H */
