/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "keyd/scrypt.h"

#define WORDS	16		/* of 32 bits, in a block of Salsa20 */
#define BLOCKS	2		/* 2 * r of them */
#define BYTES	(4 * WORDS * BLOCKS)

struct lane {
	uint32_t	w[BLOCKS][WORDS];
};

static uint32_t
rotate(uint32_t v, unsigned int by)
{
	return (v << by | v >> (32 - by));
}

static void
quarter(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
	*b ^= rotate(*a + *d, 7);
	*c ^= rotate(*b + *a, 9);
	*d ^= rotate(*c + *b, 13);
	*a ^= rotate(*d + *c, 18);
}

/* Section 3. */
static void
salsa20_8(uint32_t b[WORDS])
{
	uint32_t x[WORDS];
	int i;

	memcpy(x, b, sizeof(x));
	for (i = 0; i < 4; i++) {
		quarter(&x[0], &x[4], &x[8], &x[12]);
		quarter(&x[5], &x[9], &x[13], &x[1]);
		quarter(&x[10], &x[14], &x[2], &x[6]);
		quarter(&x[15], &x[3], &x[7], &x[11]);
		quarter(&x[0], &x[1], &x[2], &x[3]);
		quarter(&x[5], &x[6], &x[7], &x[4]);
		quarter(&x[10], &x[11], &x[8], &x[9]);
		quarter(&x[15], &x[12], &x[13], &x[14]);
	}
	for (i = 0; i < WORDS; i++)
		b[i] += x[i];
}

static void
mix_in(uint32_t to[WORDS], const uint32_t from[WORDS])
{
	int i;

	for (i = 0; i < WORDS; i++)
		to[i] ^= from[i];
}

/* scryptBlockMix, section 4: with r = 1 the order stays as it is. */
static void
block_mix(struct lane *b)
{
	mix_in(b->w[0], b->w[1]);
	salsa20_8(b->w[0]);
	mix_in(b->w[1], b->w[0]);
	salsa20_8(b->w[1]);
}

static void
load(struct lane *b, const uint8_t *p)
{
	int i, j;

	for (i = 0; i < BLOCKS; i++)
		for (j = 0; j < WORDS; j++, p += 4)
			b->w[i][j] = (uint32_t)p[0] | (uint32_t)p[1] << 8 |
			    (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void
store(uint8_t *p, const struct lane *b)
{
	int i, j;

	for (i = 0; i < BLOCKS; i++)
		for (j = 0; j < WORDS; j++, p += 4) {
			p[0] = (uint8_t)(b->w[i][j] & 0xff);
			p[1] = (uint8_t)(b->w[i][j] >> 8 & 0xff);
			p[2] = (uint8_t)(b->w[i][j] >> 16 & 0xff);
			p[3] = (uint8_t)(b->w[i][j] >> 24);
		}
}

/* scryptROMix, section 5; v has n elements. */
static void
ro_mix(uint8_t *bytes, struct lane *v, uint64_t n)
{
	struct lane x;
	uint64_t i;

	load(&x, bytes);
	for (i = 0; i < n; i++) {
		v[i] = x;
		block_mix(&x);
	}
	for (i = 0; i < n; i++) {
		/* Integerify: the last block's first words, little endian. */
		const struct lane *other = &v[x.w[1][0] & (n - 1)];

		mix_in(x.w[0], other->w[0]);
		mix_in(x.w[1], other->w[1]);
		block_mix(&x);
	}
	store(bytes, &x);
	explicit_bzero(&x, sizeof(x));
}

int
scrypt_r1(const char *password, size_t len, const uint8_t *salt,
    size_t salt_len, uint64_t n, uint64_t p, uint8_t *out, size_t size)
{
	struct lane *v;
	uint8_t *b;
	uint64_t i;
	int ok = 0;

	v = reallocarray(NULL, n, sizeof(*v));
	b = reallocarray(NULL, p, BYTES);
	if (v != NULL && b != NULL)
		ok = PKCS5_PBKDF2_HMAC(password, (int)len, salt,
		    (int)salt_len, 1, EVP_sha256(), (int)(p * BYTES), b);
	for (i = 0; ok == 1 && i < p; i++)
		ro_mix(b + i * BYTES, v, n);
	if (ok == 1)
		ok = PKCS5_PBKDF2_HMAC(password, (int)len, b,
		    (int)(p * BYTES), 1, EVP_sha256(), (int)size, out);
	if (v != NULL)
		explicit_bzero(v, n * sizeof(*v));
	if (b != NULL)
		explicit_bzero(b, p * BYTES);
	free(v);
	free(b);
	return (ok == 1 ? 0 : -1);
}
