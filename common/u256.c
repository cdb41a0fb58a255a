/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <string.h>

#include "common/u256.h"

/* Digits of 2^256 - 1. */
#define MAXDIGITS	(U256_DECSIZE - 1)
/* Decimal digits are taken so many at a time. */
#define CHUNK		9
#define CHUNK_SCALE	1000000000
#define LIMBS		(U256_SIZE / 4)

int
u256_cmp(const struct u256 *a, const struct u256 *b)
{
	return (memcmp(a->b, b->b, U256_SIZE));
}

bool
u256_is_zero(const struct u256 *a)
{
	uint8_t	any = 0;
	size_t	i;

	for (i = 0; i < U256_SIZE; i++)
		any |= a->b[i];
	return (any == 0);
}

void
u256_from_u64(struct u256 *r, uint64_t v)
{
	size_t	i;

	memset(r, 0, sizeof(*r));
	for (i = U256_SIZE; v != 0; v >>= 8)
		r->b[--i] = (uint8_t)(v & 0xff);
}

int
u256_add(struct u256 *r, const struct u256 *a, const struct u256 *b)
{
	struct u256	sum;
	unsigned int	carry = 0;
	size_t		i;

	for (i = U256_SIZE; i-- > 0; ) {
		carry += (unsigned int)a->b[i] + b->b[i];
		sum.b[i] = (uint8_t)(carry & 0xff);
		carry >>= 8;
	}
	if (carry != 0)
		return (-1);
	*r = sum;
	return (0);
}

/*
 * a * m + add.  The multiplier goes in two halves of 32 bits, so that each
 * product and what is carried into it fit 64 bits.
 */
static int
mul_add(struct u256 *r, const struct u256 *a, uint32_t m, uint32_t add)
{
	struct u256	product;
	uint64_t	carry = add;
	size_t		i;

	for (i = U256_SIZE; i-- > 0; ) {
		carry += (uint64_t)a->b[i] * m;
		product.b[i] = (uint8_t)(carry & 0xff);
		carry >>= 8;
	}
	if (carry != 0)
		return (-1);
	*r = product;
	return (0);
}

int
u256_mul_u64(struct u256 *r, const struct u256 *a, uint64_t m)
{
	struct u256	high, low, sum;
	size_t		i;

	if (mul_add(&low, a, (uint32_t)(m & UINT32_MAX), 0) == -1 ||
	    mul_add(&high, a, (uint32_t)(m >> 32), 0) == -1)
		return (-1);
	for (i = 0; i < 4; i++) {
		if (high.b[i] != 0)
			return (-1);
	}
	memmove(high.b, high.b + 4, U256_SIZE - 4);
	memset(high.b + U256_SIZE - 4, 0, 4);
	if (u256_add(&sum, &high, &low) == -1)
		return (-1);
	*r = sum;
	return (0);
}

enum u256_error
u256_from_dec(struct u256 *r, const char *s, size_t len)
{
	struct u256	v;
	uint32_t	chunk, scale;
	size_t		i;

	if (len == 0)
		return (U256_SYNTAX);
	for (i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return (U256_SYNTAX);
	}
	for (; len > 0 && *s == '0'; len--)
		s++;
	/* Before the arithmetic: a peer may send megabytes of digits. */
	if (len > MAXDIGITS)
		return (U256_RANGE);
	memset(&v, 0, sizeof(v));
	while (len > 0) {
		chunk = 0;
		scale = 1;
		for (i = 0; i < CHUNK && len > 0; i++, s++, len--) {
			chunk = chunk * 10 + (uint32_t)(*s - '0');
			scale *= 10;
		}
		if (mul_add(&v, &v, scale, chunk) == -1)
			return (U256_RANGE);
	}
	*r = v;
	return (U256_OK);
}

/* Divides in place, from the first limb that is not 0; the remainder. */
static uint32_t
divide(uint32_t limbs[LIMBS], size_t first)
{
	uint64_t	rest = 0;
	size_t		i;

	for (i = first; i < LIMBS; i++) {
		rest = rest << 32 | limbs[i];
		limbs[i] = (uint32_t)(rest / CHUNK_SCALE);
		rest %= CHUNK_SCALE;
	}
	return ((uint32_t)rest);
}

size_t
u256_to_dec(const struct u256 *a, char out[U256_DECSIZE])
{
	uint32_t	limbs[LIMBS], chunk;
	char		digits[MAXDIGITS + CHUNK];
	size_t		first = 0, i, n = 0;

	for (i = 0; i < LIMBS; i++)
		limbs[i] = (uint32_t)a->b[4 * i] << 24 |
		    (uint32_t)a->b[4 * i + 1] << 16 |
		    (uint32_t)a->b[4 * i + 2] << 8 | a->b[4 * i + 3];
	do {
		while (first < LIMBS && limbs[first] == 0)
			first++;
		chunk = divide(limbs, first);
		for (i = 0; i < CHUNK; i++, chunk /= 10)
			digits[n++] = (char)('0' + chunk % 10);
	} while (first < LIMBS && (first < LIMBS - 1 || limbs[first] != 0));
	while (n > 1 && digits[n - 1] == '0')
		n--;
	for (i = 0; i < n; i++)
		out[i] = digits[n - 1 - i];
	out[n] = '\0';
	return (n);
}
