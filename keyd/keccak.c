/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <string.h>

#include "keyd/keccak.h"

/* Bytes taken in between two permutations: 1088 bits. */
#define RATE	136
#define LANES	25

#define ROTL(x, n)	((x) << (n) | (x) >> (64 - (n)))

/* One row of chi. */
#define CHI(i) do {							\
	a[(i)] = b[(i)] ^ (~b[(i) + 1] & b[(i) + 2]);			\
	a[(i) + 1] = b[(i) + 1] ^ (~b[(i) + 2] & b[(i) + 3]);		\
	a[(i) + 2] = b[(i) + 2] ^ (~b[(i) + 3] & b[(i) + 4]);		\
	a[(i) + 3] = b[(i) + 3] ^ (~b[(i) + 4] & b[(i)]);		\
	a[(i) + 4] = b[(i) + 4] ^ (~b[(i)] & b[(i) + 1]);		\
} while (0)

#define PARITY(x)	(a[(x)] ^ a[(x) + 5] ^ a[(x) + 10] ^		\
			    a[(x) + 15] ^ a[(x) + 20])

static const uint64_t round_constants[24] = {
	0x0000000000000001, 0x0000000000008082, 0x800000000000808a,
	0x8000000080008000, 0x000000000000808b, 0x0000000080000001,
	0x8000000080008081, 0x8000000000008009, 0x000000000000008a,
	0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
	0x000000008000808b, 0x800000000000008b, 0x8000000000008089,
	0x8000000000008003, 0x8000000000008002, 0x8000000000000080,
	0x000000000000800a, 0x800000008000000a, 0x8000000080008081,
	0x8000000000008080, 0x0000000080000001, 0x8000000080008008
};

/* Keccak-f[1600]; lane (x, y) is state[x + 5 * y]. */
static void
permute(uint64_t state[LANES])
{
	uint64_t a[LANES], b[LANES], c0, c1, c2, c3, c4, d0, d1, d2, d3, d4;
	int i;

	memcpy(a, state, sizeof(a));
	for (i = 0; i < 24; i++) {
		/* theta */
		c0 = PARITY(0);
		c1 = PARITY(1);
		c2 = PARITY(2);
		c3 = PARITY(3);
		c4 = PARITY(4);
		d0 = c4 ^ ROTL(c1, 1);
		d1 = c0 ^ ROTL(c2, 1);
		d2 = c1 ^ ROTL(c3, 1);
		d3 = c2 ^ ROTL(c4, 1);
		d4 = c3 ^ ROTL(c0, 1);

		/* rho and pi */
		b[0] = a[0] ^ d0;
		b[1] = ROTL(a[6] ^ d1, 44);
		b[2] = ROTL(a[12] ^ d2, 43);
		b[3] = ROTL(a[18] ^ d3, 21);
		b[4] = ROTL(a[24] ^ d4, 14);
		b[5] = ROTL(a[3] ^ d3, 28);
		b[6] = ROTL(a[9] ^ d4, 20);
		b[7] = ROTL(a[10] ^ d0, 3);
		b[8] = ROTL(a[16] ^ d1, 45);
		b[9] = ROTL(a[22] ^ d2, 61);
		b[10] = ROTL(a[1] ^ d1, 1);
		b[11] = ROTL(a[7] ^ d2, 6);
		b[12] = ROTL(a[13] ^ d3, 25);
		b[13] = ROTL(a[19] ^ d4, 8);
		b[14] = ROTL(a[20] ^ d0, 18);
		b[15] = ROTL(a[4] ^ d4, 27);
		b[16] = ROTL(a[5] ^ d0, 36);
		b[17] = ROTL(a[11] ^ d1, 10);
		b[18] = ROTL(a[17] ^ d2, 15);
		b[19] = ROTL(a[23] ^ d3, 56);
		b[20] = ROTL(a[2] ^ d2, 62);
		b[21] = ROTL(a[8] ^ d3, 55);
		b[22] = ROTL(a[14] ^ d4, 39);
		b[23] = ROTL(a[15] ^ d0, 41);
		b[24] = ROTL(a[21] ^ d1, 2);

		/* chi and iota */
		CHI(0);
		CHI(5);
		CHI(10);
		CHI(15);
		CHI(20);
		a[0] ^= round_constants[i];
	}
	memcpy(state, a, sizeof(a));
}

static uint64_t
load64(const uint8_t *p)
{
	return ((uint64_t)p[0] | (uint64_t)p[1] << 8 |
	    (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 |
	    (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 |
	    (uint64_t)p[6] << 48 | (uint64_t)p[7] << 56);
}

static void
absorb(uint64_t state[LANES], const uint8_t *block)
{
	size_t i;

	for (i = 0; i < RATE / 8; i++)
		state[i] ^= load64(block + 8 * i);
	permute(state);
}

void
keccak256(uint8_t out[KECCAK_SIZE], const void *data, size_t len)
{
	uint64_t state[LANES] = { 0 };
	uint8_t last[RATE] = { 0 };
	const uint8_t *p = data;
	size_t i;

	for (; len >= RATE; p += RATE, len -= RATE)
		absorb(state, p);
	if (len > 0)
		memcpy(last, p, len);
	last[len] = 0x01;
	last[RATE - 1] |= 0x80;
	absorb(state, last);
	for (i = 0; i < KECCAK_SIZE; i++)
		out[i] = (uint8_t)(state[i / 8] >> 8 * (i % 8));
}
