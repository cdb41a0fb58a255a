/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_EACHBYTE_H
#define COMMON_EACHBYTE_H

#include <stdint.h>

/*
 * Eight bytes at a time, in a word; which of them is the first does not
 * matter.  A word with n in each byte; and words that are not 0 where w has a
 * byte below n (at most 0x80), or one that is n.
 */
#define EACHBYTE(n)		((uint64_t)0x0101010101010101 * (n))
#define EACHBYTE_BELOW(w, n)	(((w) - EACHBYTE(n)) & ~(w) & EACHBYTE(0x80))
#define EACHBYTE_ANY(w, n)	EACHBYTE_BELOW((w) ^ EACHBYTE(n), 1)

#endif /* COMMON_EACHBYTE_H */
