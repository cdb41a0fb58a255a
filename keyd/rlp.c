/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <string.h>

#include "keyd/rlp.h"

/* A string of one byte below this is its own encoding. */
#define RLP_STRING	0x80
#define RLP_LIST	0xc0
/* Longest content whose length is in the first byte. */
#define RLP_SHORT	55

/* Bytes of a number without leading zeros; none for 0. */
static size_t
width(uint64_t n)
{
	size_t w;

	for (w = 0; n != 0; n >>= 8)
		w++;
	return (w);
}

static size_t
header_size(size_t len)
{
	return (len <= RLP_SHORT ? 1 : 1 + width(len));
}

static uint8_t *
put_number(uint8_t *p, uint64_t n, size_t w)
{
	size_t i;

	for (i = w; i > 0; i--, n >>= 8)
		p[i - 1] = (uint8_t)n;
	return (p + w);
}

static uint8_t *
put_header(uint8_t *p, uint8_t base, size_t len)
{
	size_t w;

	if (len <= RLP_SHORT) {
		*p++ = (uint8_t)(base + len);
		return (p);
	}
	w = width(len);
	*p++ = (uint8_t)(base + RLP_SHORT + w);
	return (put_number(p, len, w));
}

size_t
rlp_bytes_size(const uint8_t *data, size_t len)
{
	if (len == 1 && data[0] < RLP_STRING)
		return (1);
	return (header_size(len) + len);
}

size_t
rlp_list_size(size_t payload)
{
	return (header_size(payload) + payload);
}

uint8_t *
rlp_bytes(uint8_t *p, const uint8_t *data, size_t len)
{
	if (len == 1 && data[0] < RLP_STRING) {
		*p++ = data[0];
		return (p);
	}
	p = put_header(p, RLP_STRING, len);
	if (len > 0)
		memcpy(p, data, len);
	return (p + len);
}

uint8_t *
rlp_list(uint8_t *p, size_t payload)
{
	return (put_header(p, RLP_LIST, payload));
}

size_t
rlp_u64_size(uint64_t n)
{
	return (n < RLP_STRING ? 1 : 1 + width(n));
}

uint8_t *
rlp_u64(uint8_t *p, uint64_t n)
{
	size_t w;

	if (n != 0 && n < RLP_STRING) {
		*p++ = (uint8_t)n;
		return (p);
	}
	w = width(n);
	*p++ = (uint8_t)(RLP_STRING + w);
	return (put_number(p, n, w));
}

static size_t
leading_zeros(const struct u256 *n)
{
	size_t i;

	for (i = 0; i < U256_SIZE && n->b[i] == 0; i++)
		continue;
	return (i);
}

size_t
rlp_u256_size(const struct u256 *n)
{
	size_t skip = leading_zeros(n);

	return (rlp_bytes_size(n->b + skip, U256_SIZE - skip));
}

uint8_t *
rlp_u256(uint8_t *p, const struct u256 *n)
{
	size_t skip = leading_zeros(n);

	return (rlp_bytes(p, n->b + skip, U256_SIZE - skip));
}
