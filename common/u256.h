/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_U256_H
#define COMMON_U256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Unsigned 256-bit integers, the word of the EVM: chain ids, values in wei,
 * fees.  Kept as 32 bytes, big endian, which is how they travel in messages,
 * in a payload message and (without leading zeros) in RLP.
 */
#define U256_SIZE	32
#define U256_DECSIZE	79	/* 78 digits and a NUL */

struct u256 {
	uint8_t	b[U256_SIZE];
};

/* As memcmp(3): below, equal to or above zero. */
int	u256_cmp(const struct u256 *, const struct u256 *);
bool	u256_is_zero(const struct u256 *);
void	u256_from_u64(struct u256 *, uint64_t);

/* 0, or -1 if the result does not fit, which leaves *r untouched. */
int	u256_add(struct u256 *r, const struct u256 *, const struct u256 *);
int	u256_mul_u64(struct u256 *r, const struct u256 *, uint64_t);

enum u256_error {
	U256_OK,
	U256_SYNTAX,		/* empty, or not digits alone */
	U256_RANGE		/* 2^256 or more */
};

/*
 * Decimal digits alone: no sign, no space; leading zeros are taken.  *r is
 * written on success only.  SYNTAX is told before RANGE.
 */
enum u256_error	u256_from_dec(struct u256 *r, const char *, size_t);
/* Writes digits without leading zeros and a NUL; returns their number. */
size_t	u256_to_dec(const struct u256 *, char [U256_DECSIZE]);

#endif /* COMMON_U256_H */
