/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_FUZZ_TAKE_H
#define REGRESS_FUZZ_TAKE_H

#include "regress/fuzz/fuzz.h"

/*
 * For targets that make more of their input than a text: it is taken piece by
 * piece from the front; at its end there are zeros.
 */
struct take {
	const uint8_t	*p;
	size_t		 left;
};

/* In short: it is on most lines of these targets. */
#define must(e)	FUZZ_ASSERT(e)

static inline void
take_bytes(struct take *t, void *out, size_t n)
{
	size_t	 have = n < t->left ? n : t->left;

	if (have > 0)
		memcpy(out, t->p, have);
	memset((uint8_t *)out + have, 0, n - have);
	t->p += have;
	t->left -= have;
}

static inline uint8_t
take_u8(struct take *t)
{
	uint8_t	 n;

	take_bytes(t, &n, 1);
	return (n);
}

/* Network byte order. */
static inline uint32_t
take_u32(struct take *t)
{
	uint8_t	 b[4];

	take_bytes(t, b, sizeof(b));
	return ((uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
	    (uint32_t)b[2] << 8 | b[3]);
}

static inline uint64_t
take_u64(struct take *t)
{
	uint64_t	 high = take_u32(t);

	return (high << 32 | take_u32(t));
}

/* Up to n bytes in place; *len is how many there were. */
static inline const uint8_t *
take_ref(struct take *t, size_t n, size_t *len)
{
	const uint8_t	*p = t->p;

	*len = n < t->left ? n : t->left;
	t->p += *len;
	t->left -= *len;
	return (p);
}

#endif /* REGRESS_FUZZ_TAKE_H */
