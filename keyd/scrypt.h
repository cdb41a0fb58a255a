/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef KEYD_SCRYPT_H
#define KEYD_SCRYPT_H

#include <stddef.h>
#include <stdint.h>

/*
 * scrypt (RFC 7914) with r = 1 and any n.  libcrypto refuses an n that is not
 * below 2^16 then, as the RFC has it (section 2), but there are keystores
 * with such numbers, the one in the definition of the V3 keystore first of
 * all.  Everything else is for libcrypto.
 */
#define SCRYPT_R1_MAX	65536

/*
 * n is a power of two, from 2.  Takes 128 * (n + p) bytes of heap, and wipes
 * them.  0, or -1: short of memory, or libcrypto refuses.
 */
int	scrypt_r1(const char *password, size_t len, const uint8_t *salt,
	    size_t salt_len, uint64_t n, uint64_t p, uint8_t *out,
	    size_t size);

#endif /* KEYD_SCRYPT_H */
