/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_FUZZ_MAKETX_H
#define REGRESS_FUZZ_MAKETX_H

#include "keyd/request.h"
#include "regress/fuzz/take.h"

/* A request of the input's bytes, with every field that there is. */
struct maketx {
	struct tx_access	 access[8];
	struct tx_auth		 auths[8];
};

/* Numbers at the ends of what they can be are more than chance gives. */
static inline struct u256
make_u256(struct take *t)
{
	struct u256	 n;
	uint8_t		 width = take_u8(t);

	memset(&n, width > 0xf0 ? 0xff : 0, sizeof(n));
	width %= U256_SIZE + 1;
	take_bytes(t, n.b + U256_SIZE - width, width);
	return (n);
}

static inline uint64_t
make_u64(struct take *t)
{
	uint8_t		 width = take_u8(t) % 9;
	uint64_t	 n = 0;

	while (width-- > 0)
		n = n << 8 | take_u8(t);
	return (n);
}

static inline void
make_access(struct take *t, struct tx *tx, struct maketx *m)
{
	size_t	 i, len;

	tx->naccess = take_u8(t) % 9;
	tx->access = m->access;
	for (i = 0; i < tx->naccess; i++) {
		take_bytes(t, m->access[i].address, ADDRESS_SIZE);
		m->access[i].keys = take_ref(t, (size_t)take_u8(t) % 5 *
		    HASH_SIZE, &len);
		m->access[i].nkeys = len / HASH_SIZE;
	}
}

static inline void
make_auths(struct take *t, struct tx *tx, struct maketx *m)
{
	size_t	 i;

	tx->nauths = take_u8(t) % 9;
	tx->auths = m->auths;
	for (i = 0; i < tx->nauths; i++) {
		m->auths[i].chain_id = make_u256(t);
		take_bytes(t, m->auths[i].address, ADDRESS_SIZE);
		m->auths[i].nonce = make_u64(t);
		m->auths[i].y_parity = take_u8(t);
		m->auths[i].r = make_u256(t);
		m->auths[i].s = make_u256(t);
	}
}

/* The bits are those that are there; absent fields have values, too. */
static inline void
make_tx(struct take *t, struct tx *tx, struct maketx *m)
{
	size_t	 len;

	memset(tx, 0, sizeof(*tx));
	tx->has = take_u32(t) & TX_HASBITS;
	take_bytes(t, tx->from, ADDRESS_SIZE);
	take_bytes(t, tx->to, ADDRESS_SIZE);
	tx->gas = make_u64(t);
	tx->nonce = make_u64(t);
	tx->type = make_u64(t);
	tx->max_fee = make_u256(t);
	tx->max_priority_fee = make_u256(t);
	tx->max_blob_fee = make_u256(t);
	tx->value = make_u256(t);
	tx->chain_id = make_u256(t);
	tx->blobs = take_ref(t, (size_t)take_u8(t) % 7 * HASH_SIZE, &len);
	tx->nblobs = len / HASH_SIZE;
	make_access(t, tx, m);
	make_auths(t, tx, m);
	tx->data = take_ref(t, take_u32(t) % 70000, &tx->datalen);
	if (take_u8(t) & 1) {
		tx->input = tx->data;
		tx->inputlen = tx->datalen;
	} else
		tx->input = take_ref(t, t->left, &tx->inputlen);
}

#endif /* REGRESS_FUZZ_MAKETX_H */
