/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_FUZZ_REQUESTCHECK_H
#define REGRESS_FUZZ_REQUESTCHECK_H

#include <stddef.h>

#include "keyd/request.h"
#include "regress/fuzz/take.h"

/* Two typed requests, field by field: those that are there. */
static inline void
requestcheck_bytes(const void *a, size_t alen, const void *b, size_t blen)
{
	must(alen == blen);
	must(alen == 0 || memcmp(a, b, alen) == 0);
}

static inline void
requestcheck_access(const struct tx *a, const struct tx *b)
{
	size_t	 i;

	must(a->naccess == b->naccess);
	for (i = 0; i < a->naccess; i++) {
		must(memcmp(a->access[i].address, b->access[i].address,
		    ADDRESS_SIZE) == 0);
		requestcheck_bytes(a->access[i].keys,
		    a->access[i].nkeys * HASH_SIZE, b->access[i].keys,
		    b->access[i].nkeys * HASH_SIZE);
	}
}

static inline void
requestcheck_auths(const struct tx *a, const struct tx *b)
{
	const struct tx_auth	*x, *y;
	size_t			 i;

	must(a->nauths == b->nauths);
	for (i = 0; i < a->nauths; i++) {
		x = &a->auths[i];
		y = &b->auths[i];
		must(u256_cmp(&x->chain_id, &y->chain_id) == 0);
		must(memcmp(x->address, y->address, ADDRESS_SIZE) == 0);
		must(x->nonce == y->nonce && x->y_parity == y->y_parity);
		must(u256_cmp(&x->r, &y->r) == 0);
		must(u256_cmp(&x->s, &y->s) == 0);
	}
}

#define SAME(a, b, bit, field)						\
	must(((a)->has & (bit)) == 0 ||					\
	    memcmp(&(a)->field, &(b)->field, sizeof((a)->field)) == 0)

static inline void
requestcheck_tx(const struct tx *a, const struct tx *b)
{
	must(a->has == b->has);
	SAME(a, b, TX_FROM, from);
	SAME(a, b, TX_TO, to);
	SAME(a, b, TX_GAS, gas);
	SAME(a, b, TX_MAXFEE, max_fee);
	SAME(a, b, TX_MAXPRIORITYFEE, max_priority_fee);
	SAME(a, b, TX_VALUE, value);
	SAME(a, b, TX_NONCE, nonce);
	SAME(a, b, TX_CHAINID, chain_id);
	SAME(a, b, TX_MAXBLOBFEE, max_blob_fee);
	SAME(a, b, TX_TYPE, type);
	if (a->has & TX_DATA)
		requestcheck_bytes(a->data, a->datalen, b->data, b->datalen);
	if (a->has & TX_INPUT)
		requestcheck_bytes(a->input, a->inputlen, b->input,
		    b->inputlen);
	if (a->has & TX_BLOBHASHES)
		requestcheck_bytes(a->blobs, a->nblobs * HASH_SIZE, b->blobs,
		    b->nblobs * HASH_SIZE);
	if (a->has & TX_ACCESSLIST)
		requestcheck_access(a, b);
	if (a->has & TX_AUTHLIST)
		requestcheck_auths(a, b);
}

static inline void
requestcheck_payload(const struct payload *a, const struct payload *b)
{
	must(a->has == b->has);
	must(memcmp(a->domain, b->domain, HASH_SIZE) == 0);
	SAME(a, b, PAYLOAD_SENDER, sender);
	SAME(a, b, PAYLOAD_CHAIN, chain_id);
	SAME(a, b, PAYLOAD_HASH, hash);
}

#undef SAME

/* What is asked for; not who asks. */
static inline void
requestcheck(const struct request *a, const struct request *b)
{
	must(a->method == b->method);
	if (a->method == METHOD_TRANSACTION)
		requestcheck_tx(&a->tx, &b->tx);
	else
		requestcheck_payload(&a->payload, &b->payload);
}

#endif /* REGRESS_FUZZ_REQUESTCHECK_H */
