/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_FUZZ_TXREAD_H
#define REGRESS_FUZZ_TXREAD_H

#include "keyd/request.h"
#include "keyd/tx.h"
#include "regress/fuzz/rlpread.h"

/*
 * Reads an encoded transaction back, by EIP-1559, EIP-4844 and EIP-7702, and
 * ends the run where it is not what was asked for.
 */
static inline void
txread_access(struct rlp_in *in, const struct tx *tx)
{
	struct rlp_in	 list = rlpread_list(in), entry, keys;
	size_t		 i, k;

	for (i = 0; tx->has & TX_ACCESSLIST && i < tx->naccess; i++) {
		entry = rlpread_list(&list);
		rlpread_equal(&entry, tx->access[i].address, ADDRESS_SIZE);
		keys = rlpread_list(&entry);
		for (k = 0; k < tx->access[i].nkeys; k++)
			rlpread_equal(&keys, tx->access[i].keys +
			    k * HASH_SIZE, HASH_SIZE);
		must(keys.len == 0 && entry.len == 0);
	}
	must(list.len == 0);
}

static inline void
txread_blobs(struct rlp_in *in, const struct tx *tx)
{
	struct rlp_in	 list;
	size_t		 i;

	rlpread_is(in, &tx->max_blob_fee);
	list = rlpread_list(in);
	for (i = 0; i < tx->nblobs; i++)
		rlpread_equal(&list, tx->blobs + i * HASH_SIZE, HASH_SIZE);
	must(list.len == 0);
}

static inline void
txread_auths(struct rlp_in *in, const struct tx *tx)
{
	const struct tx_auth	*a;
	struct rlp_in		 list = rlpread_list(in), entry;
	size_t			 i;

	for (i = 0; i < tx->nauths; i++) {
		a = &tx->auths[i];
		entry = rlpread_list(&list);
		rlpread_is(&entry, &a->chain_id);
		rlpread_equal(&entry, a->address, ADDRESS_SIZE);
		rlpread_is_u64(&entry, a->nonce);
		rlpread_is_u64(&entry, a->y_parity);
		rlpread_is(&entry, &a->r);
		rlpread_is(&entry, &a->s);
		must(entry.len == 0);
	}
	must(list.len == 0);
}

/* The call data as the protocol has it: input, else data, else none. */
static inline void
txread_calldata(struct rlp_in *in, const struct tx *tx)
{
	if (tx->has & TX_INPUT)
		rlpread_equal(in, tx->input, tx->inputlen);
	else if (tx->has & TX_DATA)
		rlpread_equal(in, tx->data, tx->datalen);
	else
		rlpread_equal(in, NULL, 0);
}

/* With *sig filled where the transaction is a signed one. */
static inline void
txread(const uint8_t *raw, size_t len, const struct tx *tx,
    struct signature *sig)
{
	static const struct u256	 zero;
	struct rlp_in			 in = { raw + 1, len - 1 }, tail;
	struct u256			 v, r, s;
	uint8_t				 type = 2;

	if (tx->has & TX_BLOBHASHES)
		type = 3;
	if (tx->has & TX_AUTHLIST)
		type = 4;
	must(len > 1 && raw[0] == type);
	tail = in;
	in = rlpread_list(&tail);
	must(tail.len == 0);
	rlpread_is(&in, &tx->chain_id);
	rlpread_is_u64(&in, tx->nonce);
	rlpread_is(&in, &tx->max_priority_fee);
	rlpread_is(&in, &tx->max_fee);
	rlpread_is_u64(&in, tx->gas);
	rlpread_equal(&in, tx->to, tx->has & TX_TO ? ADDRESS_SIZE : 0);
	rlpread_is(&in, tx->has & TX_VALUE ? &tx->value : &zero);
	txread_calldata(&in, tx);
	txread_access(&in, tx);
	if (type == 3)
		txread_blobs(&in, tx);
	if (type == 4)
		txread_auths(&in, tx);
	if (sig != NULL) {
		v = rlpread_number(&in);
		sig->v = v.b[U256_SIZE - 1];
		v.b[U256_SIZE - 1] = 0;
		must(sig->v <= 1 && u256_is_zero(&v));
		r = rlpread_number(&in);
		s = rlpread_number(&in);
		memcpy(sig->r, r.b, sizeof(sig->r));
		memcpy(sig->s, s.b, sizeof(sig->s));
	}
	must(in.len == 0);
}

#endif /* REGRESS_FUZZ_TXREAD_H */
