/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef SIGNERCTL_AMOUNT_H
#define SIGNERCTL_AMOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/u256.h"

/* Numbers as they stand on a command line.  0, or -1: they are not. */

/* Decimal, or 0x and hexadecimal digits. */
int	amount_number(const char *, struct u256 *);
/* 0x and 2 * n digits. */
int	amount_bytes(const char *, uint8_t *, size_t n);
bool	amount_is_unit(const char *);
/*
 * An amount in wei: 0x and digits; 0; or a decimal number, which may have a
 * fraction, and its unit, after it or in unit (NULL: none).
 */
int	amount_wei(const char *, const char *unit, struct u256 *);

#endif /* SIGNERCTL_AMOUNT_H */
