/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_HEX_H
#define COMMON_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/u256.h"

/*
 * Hexadecimal as Ethereum's JSON-RPC writes it (execution-apis, "hex value
 * encoding"): quantities and byte strings, both with a 0x (or 0X) prefix,
 * digits of either case.
 */
enum hex_error {
	HEX_OK,
	HEX_PREFIX,		/* no 0x */
	HEX_EMPTY,		/* no digit after 0x where one is needed */
	HEX_SYNTAX,		/* a character that is not a digit */
	HEX_ODD,		/* half a byte */
	HEX_ZERO,		/* a quantity with leading zeros */
	HEX_RANGE,		/* a quantity over 64 or 256 bits */
	HEX_LENGTH		/* not the number of bytes that was asked for */
};

/* Never NULL; a phrase such as "hex number with leading zero digits". */
const char	*hex_strerror(enum hex_error);

/* Quantity: at least one digit, no leading zeros.  Output on HEX_OK only. */
enum hex_error	 hex_quantity(const char *, size_t, struct u256 *);
enum hex_error	 hex_quantity64(const char *, size_t, uint64_t *);

/* Exactly n bytes; HEX_LENGTH if more or fewer are there. */
enum hex_error	 hex_fixed(const char *, size_t, uint8_t *out, size_t n);
/*
 * Any number of bytes, none included.  out has room for (len - 2) / 2 bytes
 * (hex_bytes_size); *outlen is their number.
 */
enum hex_error	 hex_bytes(const char *, size_t len, uint8_t *out,
		    size_t *outlen);
size_t		 hex_bytes_size(size_t len);

/* One digit without prefix: 0 to 15, or -1.  For readers of other forms. */
int		 hex_digit(char);

/*
 * Without a prefix, private keys too: whether all of them are digits, and then
 * n bytes from 2 * n digits.  The time does not depend on which digits they
 * are, nor does what a cache has seen.
 */
bool		 hex_digits(const char *, size_t);
void		 hex_secret(uint8_t *out, const char *, size_t n);

/* 2 * n lower-case digits, no prefix, no NUL. */
void		 hex_encode(char *out, const uint8_t *, size_t n);
/* "0x", digits without leading zeros ("0x0" for zero), NUL. */
#define HEX_QUANTITYSIZE	67
void		 hex_from_quantity(char out[HEX_QUANTITYSIZE],
		    const struct u256 *);
/* "0x", 40 digits in the mixed case of EIP-55 is not made here: lower. */
#define HEX_ADDRESSSIZE		43
void		 hex_from_address(char out[HEX_ADDRESSSIZE],
		    const uint8_t [20]);

#endif /* COMMON_HEX_H */
