/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef KEYD_RLP_H
#define KEYD_RLP_H

#include <stddef.h>
#include <stdint.h>

#include "common/u256.h"

/*
 * Recursive Length Prefix encoding (Yellow Paper, appendix B): sizes first,
 * then writing into a buffer of exactly that size.  The writers return the
 * position after what they wrote.
 */
size_t	 rlp_bytes_size(const uint8_t *, size_t);
size_t	 rlp_list_size(size_t payload);		/* header and payload */
size_t	 rlp_u64_size(uint64_t);
size_t	 rlp_u256_size(const struct u256 *);

uint8_t	*rlp_bytes(uint8_t *, const uint8_t *, size_t);
uint8_t	*rlp_list(uint8_t *, size_t payload);	/* the header alone */
uint8_t	*rlp_u64(uint8_t *, uint64_t);
uint8_t	*rlp_u256(uint8_t *, const struct u256 *);

#endif /* KEYD_RLP_H */
