/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef KEYD_KECCAK_H
#define KEYD_KECCAK_H

#include <stddef.h>
#include <stdint.h>

/*
 * Keccak-256 as Ethereum uses it (Yellow Paper, appendix on notation): the
 * Keccak submission with rate 1088, capacity 512 and padding 01, which is not
 * FIPS 202's SHA3-256.
 */
#define KECCAK_SIZE	32

void	keccak256(uint8_t out[KECCAK_SIZE], const void *, size_t);

#endif /* KEYD_KECCAK_H */
