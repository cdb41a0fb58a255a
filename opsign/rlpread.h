/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef OPSIGN_RLPREAD_H
#define OPSIGN_RLPREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/u256.h"

/*
 * Recursive Length Prefix (Yellow Paper, appendix B), read in its one
 * canonical form: the counterpart of keyd/rlp.h.  Each takes the next item
 * off the front of in and returns false where it is none of that kind; after
 * that in is of no use.
 */
struct rlpread {
	const uint8_t	*p;
	size_t		 len;
};

bool	rlpread_list(struct rlpread *in, struct rlpread *items);
bool	rlpread_bytes(struct rlpread *in, const uint8_t **, size_t *len);
/* Of that very size. */
bool	rlpread_fixed(struct rlpread *in, uint8_t *, size_t size);
bool	rlpread_u256(struct rlpread *in, struct u256 *);
bool	rlpread_u64(struct rlpread *in, uint64_t *);
/* How many items there are; they are well-formed one after the other. */
bool	rlpread_count(struct rlpread in, size_t *n);

#endif /* OPSIGN_RLPREAD_H */
