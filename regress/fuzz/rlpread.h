/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_FUZZ_RLPREAD_H
#define REGRESS_FUZZ_RLPREAD_H

#include "common/u256.h"
#include "regress/fuzz/take.h"

/*
 * RLP (Yellow Paper, appendix B) as strictly as nodes read it: each length
 * and each number in its one shortest form.  Of items, not of the keyd's
 * encoder, whose counterpart it is.
 */
struct rlp_in {
	const uint8_t	*p;
	size_t		 len;
};

/*
 * Takes the next item off the front.  -1: malformed, or not canonical.  With
 * a list *item is what the list holds.
 */
static inline int
rlpread_item(struct rlp_in *in, int *list, struct rlp_in *item)
{
	uint8_t	 first;
	size_t	 n, len = 0, i;

	if (in->len == 0)
		return (-1);
	first = in->p[0];
	*list = first >= 0xc0;
	item->p = in->p;
	if (first < 0x80) {
		item->len = 1;
		in->p++;
		in->len--;
		return (0);
	}
	first &= 0x3f;
	n = first > 55 ? (size_t)first - 55 : 0;
	if (n > 8 || 1 + n > in->len)
		return (-1);
	if (n == 0)
		len = first;
	for (i = 0; i < n; i++)
		len = len << 8 | in->p[1 + i];
	if (n > 0 && (in->p[1] == 0 || len <= 55))
		return (-1);
	if (len > in->len - 1 - n)
		return (-1);
	item->p = in->p + 1 + n;
	item->len = len;
	if (!*list && len == 1 && item->p[0] < 0x80)
		return (-1);
	in->len -= 1 + n + len;
	in->p = item->p + len;
	return (0);
}

/* Each of these ends the run where there is no such item. */

static inline struct rlp_in
rlpread_list(struct rlp_in *in)
{
	struct rlp_in	 item;
	int		 list;

	must(rlpread_item(in, &list, &item) == 0 && list);
	return (item);
}

static inline struct rlp_in
rlpread_bytes(struct rlp_in *in)
{
	struct rlp_in	 item;
	int		 list;

	must(rlpread_item(in, &list, &item) == 0 && !list);
	return (item);
}

static inline void
rlpread_equal(struct rlp_in *in, const void *bytes, size_t len)
{
	struct rlp_in	 item = rlpread_bytes(in);

	must(item.len == len);
	must(len == 0 || memcmp(item.p, bytes, len) == 0);
}

/* Without leading zeros, 0 as nothing at all. */
static inline struct u256
rlpread_number(struct rlp_in *in)
{
	struct rlp_in	 item = rlpread_bytes(in);
	struct u256	 n;

	must(item.len <= U256_SIZE);
	must(item.len == 0 || item.p[0] != 0);
	memset(&n, 0, sizeof(n));
	if (item.len > 0)
		memcpy(n.b + U256_SIZE - item.len, item.p, item.len);
	return (n);
}

static inline void
rlpread_is(struct rlp_in *in, const struct u256 *wanted)
{
	struct u256	 n = rlpread_number(in);

	must(memcmp(&n, wanted, sizeof(n)) == 0);
}

static inline void
rlpread_is_u64(struct rlp_in *in, uint64_t wanted)
{
	struct u256	 n = rlpread_number(in);
	uint64_t	 got = 0;
	size_t		 i;

	for (i = 0; i < U256_SIZE; i++) {
		must(i >= U256_SIZE - 8 || n.b[i] == 0);
		got = got << 8 | n.b[i];
	}
	must(got == wanted);
}

#endif /* REGRESS_FUZZ_RLPREAD_H */
