/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <string.h>

#include "opsign/rlpread.h"

#define SHORT_MAX	55	/* bytes whose number is in the first byte */
#define STRING		0x80U
#define LIST		0xc0U

/* The length of a long item: n bytes, big endian. */
static bool
read_length(const struct rlpread *in, size_t n, size_t *len)
{
	size_t i;

	if (n > sizeof(*len) || n > in->len - 1 || in->p[1] == 0)
		return (false);
	*len = 0;
	for (i = 1; i <= n; i++)
		*len = *len << 8 | in->p[i];
	return (*len > SHORT_MAX);
}

static bool
next(struct rlpread *in, bool *list, struct rlpread *item)
{
	size_t head = 1, len;
	uint8_t first;

	if (in->len == 0)
		return (false);
	first = in->p[0];
	*list = first >= LIST;
	if (first < STRING) {
		head = 0;
		len = 1;
	} else {
		len = first - (*list ? LIST : STRING);
		if (len > SHORT_MAX) {
			head += len - SHORT_MAX;
			if (!read_length(in, len - SHORT_MAX, &len))
				return (false);
		}
	}
	if (len > in->len - head)
		return (false);
	/* A byte below 80 stands for itself. */
	if (!*list && head == 1 && len == 1 && in->p[1] < STRING)
		return (false);
	item->p = in->p + head;
	item->len = len;
	in->p += head + len;
	in->len -= head + len;
	return (true);
}

bool
rlpread_list(struct rlpread *in, struct rlpread *items)
{
	bool list;

	return (next(in, &list, items) && list);
}

bool
rlpread_bytes(struct rlpread *in, const uint8_t **bytes, size_t *len)
{
	struct rlpread item;
	bool list;

	if (!next(in, &list, &item) || list)
		return (false);
	*bytes = item.p;
	*len = item.len;
	return (true);
}

bool
rlpread_fixed(struct rlpread *in, uint8_t *out, size_t size)
{
	const uint8_t *bytes;
	size_t len;

	if (!rlpread_bytes(in, &bytes, &len) || len != size)
		return (false);
	memcpy(out, bytes, size);
	return (true);
}

/* Without leading zeros; 0 is nothing at all. */
bool
rlpread_u256(struct rlpread *in, struct u256 *n)
{
	const uint8_t *bytes;
	size_t len;

	if (!rlpread_bytes(in, &bytes, &len) || len > U256_SIZE ||
	    (len > 0 && bytes[0] == 0))
		return (false);
	memset(n, 0, sizeof(*n));
	memcpy(n->b + U256_SIZE - len, bytes, len);
	return (true);
}

bool
rlpread_u64(struct rlpread *in, uint64_t *n)
{
	const uint8_t *bytes;
	size_t len, i;

	if (!rlpread_bytes(in, &bytes, &len) || len > sizeof(*n) ||
	    (len > 0 && bytes[0] == 0))
		return (false);
	*n = 0;
	for (i = 0; i < len; i++)
		*n = *n << 8 | bytes[i];
	return (true);
}

bool
rlpread_count(struct rlpread in, size_t *n)
{
	struct rlpread item;
	bool list;

	for (*n = 0; in.len > 0; (*n)++)
		if (!next(&in, &list, &item))
			return (false);
	return (true);
}
