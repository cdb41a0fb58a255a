/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_UNIT_SECRETS_UTIL_H
#define REGRESS_UNIT_SECRETS_UTIL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/hex.h"
#include "common/secret.h"
#include "keyd/sign.h"

/* For the tests of what handles keys: secret memory, and libsecp256k1. */
#define POOL	65536

static inline int
secrets_setup(void **state)
{
	(void)state;
	return (secret_init(POOL) == -1 || sign_init() == -1 ? -1 : 0);
}

static inline int
secrets_teardown(void **state)
{
	(void)state;
	sign_exit();
	secret_exit();
	return (0);
}

/* All of it is free: what was taken was given back. */
static inline void
assert_pool_free(void)
{
	void	*p = secret_alloc(POOL);

	assert_non_null(p);
	secret_free(p, POOL);
}

/* The bytes of 0x and so many digits. */
static inline void
unhex(uint8_t *out, const char *text, size_t size)
{
	assert_int_equal(hex_fixed(text, strlen(text), out, size), HEX_OK);
}

#endif /* REGRESS_UNIT_SECRETS_UTIL_H */
