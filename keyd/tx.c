/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "keyd/rlp.h"
#include "keyd/tx.h"

#define TX_DYNAMICFEE	2	/* EIP-1559 */
#define TX_BLOB		3	/* EIP-4844 */
#define TX_SETCODE	4	/* EIP-7702 */

/* GAS_PER_BLOB of EIP-4844. */
#define GAS_PER_BLOB	131072

/* Encoded: an address or a hash is longer than one byte, so has a header. */
#define RLP_ADDRESS	(1 + ADDRESS_SIZE)
#define RLP_HASH	(1 + HASH_SIZE)

/*
 * No transaction is near this; below it no sum of two sizes overflows, on
 * 32-bit machines too.
 */
#define TX_MAXSIZE	((size_t)1 << 30)

/* Contents of the lists, without their headers. */
struct sizes {
	size_t	access;
	size_t	blobs;
	size_t	auths;
	size_t	payload;	/* of the transaction itself */
};

static const struct u256 zero;

const uint8_t *
tx_calldata(const struct tx *tx, size_t *len)
{
	if (tx->has & TX_INPUT) {
		*len = tx->inputlen;
		return (tx->input);
	}
	if (tx->has & TX_DATA) {
		*len = tx->datalen;
		return (tx->data);
	}
	*len = 0;
	return (NULL);
}

static bool
same_calldata(const struct tx *tx)
{
	if (tx->datalen != tx->inputlen)
		return (false);
	return (tx->datalen == 0 ||
	    memcmp(tx->data, tx->input, tx->datalen) == 0);
}

static enum refusal
check_fees(const struct tx *tx)
{
	if (tx->has & TX_GASPRICE)
		return (REFUSAL_GASPRICE);
	if (!(tx->has & TX_MAXFEE) || !(tx->has & TX_MAXPRIORITYFEE))
		return (REFUSAL_FEES);
	if (u256_cmp(&tx->max_fee, &tx->max_priority_fee) < 0)
		return (REFUSAL_FEEORDER);
	return (REFUSAL_NONE);
}

static enum refusal
check_lists(const struct tx *tx)
{
	if (tx->has & TX_BLOBHASHES) {
		if (tx->nblobs == 0)
			return (REFUSAL_BLOBSEMPTY);
		if (!(tx->has & TX_MAXBLOBFEE))
			return (REFUSAL_BLOBFEE);
	} else if (tx->has & TX_MAXBLOBFEE)
		return (REFUSAL_NOBLOBS);
	if (tx->has & TX_AUTHLIST && tx->nauths == 0)
		return (REFUSAL_AUTHSEMPTY);
	return (REFUSAL_NONE);
}

/* What op-signer does not check. */
static enum refusal
check_agreement(const struct tx *tx)
{
	if (u256_is_zero(&tx->chain_id))
		return (REFUSAL_CHAINZERO);
	if (tx->has & TX_BLOBHASHES && !(tx->has & TX_TO))
		return (REFUSAL_BLOBTO);
	if (tx->has & TX_AUTHLIST && !(tx->has & TX_TO))
		return (REFUSAL_AUTHTO);
	if (tx->has & TX_BLOBHASHES && tx->has & TX_AUTHLIST)
		return (REFUSAL_BLOBAUTH);
	if (tx->has & TX_TYPE && tx->type != tx_type(tx))
		return (REFUSAL_TYPE);
	return (REFUSAL_NONE);
}

enum refusal
tx_check(const struct tx *tx)
{
	enum refusal refusal;
	size_t len;

	if (!(tx->has & TX_GAS))
		return (REFUSAL_GAS);
	if ((refusal = check_fees(tx)) != REFUSAL_NONE)
		return (refusal);
	if (!(tx->has & TX_NONCE))
		return (REFUSAL_NONCE);
	if (tx->has & TX_DATA && tx->has & TX_INPUT && !same_calldata(tx))
		return (REFUSAL_DATAINPUT);
	tx_calldata(tx, &len);
	if (!(tx->has & TX_TO) && len == 0)
		return (REFUSAL_CREATION);
	if (!(tx->has & TX_CHAINID))
		return (REFUSAL_CHAIN);
	if ((refusal = check_lists(tx)) != REFUSAL_NONE)
		return (refusal);
	return (check_agreement(tx));
}

uint8_t
tx_type(const struct tx *tx)
{
	if (tx->has & TX_AUTHLIST)
		return (TX_SETCODE);
	if (tx->has & TX_BLOBHASHES)
		return (TX_BLOB);
	return (TX_DYNAMICFEE);
}

int
tx_max_cost(const struct tx *tx, struct u256 *cost)
{
	struct u256 gas, blobs;

	if (u256_mul_u64(&gas, &tx->max_fee, tx->gas) == -1)
		return (-1);
	if (tx_type(tx) != TX_BLOB) {
		*cost = gas;
		return (0);
	}
	if (tx->nblobs > UINT64_MAX / GAS_PER_BLOB)
		return (-1);
	if (u256_mul_u64(&blobs, &tx->max_blob_fee,
	    (uint64_t)tx->nblobs * GAS_PER_BLOB) == -1)
		return (-1);
	return (u256_add(cost, &gas, &blobs));
}

/* Adds to a sum that stays within TX_MAXSIZE. */
static int
grow(size_t *sum, size_t size)
{
	if (size > TX_MAXSIZE || *sum > TX_MAXSIZE - size)
		return (-1);
	*sum += size;
	return (0);
}

static size_t
access_size(const struct tx_access *access)
{
	return (RLP_ADDRESS + rlp_list_size(access->nkeys * RLP_HASH));
}

static size_t
auth_size(const struct tx_auth *auth)
{
	return (rlp_u256_size(&auth->chain_id) + RLP_ADDRESS +
	    rlp_u64_size(auth->nonce) + rlp_u64_size(auth->y_parity) +
	    rlp_u256_size(&auth->r) + rlp_u256_size(&auth->s));
}

static int
measure_lists(const struct tx *tx, struct sizes *sizes)
{
	const struct tx_access *access;
	size_t i;

	memset(sizes, 0, sizeof(*sizes));
	if (tx->has & TX_ACCESSLIST) {
		for (i = 0; i < tx->naccess; i++) {
			access = &tx->access[i];
			if (access->nkeys > TX_MAXSIZE / RLP_HASH ||
			    grow(&sizes->access,
			    rlp_list_size(access_size(access))) == -1)
				return (-1);
		}
	}
	if (tx->has & TX_BLOBHASHES) {
		if (tx->nblobs > TX_MAXSIZE / RLP_HASH)
			return (-1);
		sizes->blobs = tx->nblobs * RLP_HASH;
	}
	if (tx->has & TX_AUTHLIST) {
		for (i = 0; i < tx->nauths; i++)
			if (grow(&sizes->auths,
			    rlp_list_size(auth_size(&tx->auths[i]))) == -1)
				return (-1);
	}
	return (0);
}

static const struct u256 *
tx_value(const struct tx *tx)
{
	return (tx->has & TX_VALUE ? &tx->value : &zero);
}

static size_t
signature_size(const struct signature *sig)
{
	struct u256 r, s;

	memcpy(r.b, sig->r, sizeof(r.b));
	memcpy(s.b, sig->s, sizeof(s.b));
	return (rlp_u64_size(sig->v) + rlp_u256_size(&r) +
	    rlp_u256_size(&s));
}

static int
measure(const struct tx *tx, const struct signature *sig,
    struct sizes *sizes)
{
	const uint8_t *calldata;
	uint8_t type = tx_type(tx);
	size_t len;

	if (measure_lists(tx, sizes) == -1)
		return (-1);
	calldata = tx_calldata(tx, &len);
	if (len > TX_MAXSIZE)
		return (-1);
	sizes->payload = rlp_u256_size(&tx->chain_id) +
	    rlp_u64_size(tx->nonce) +
	    rlp_u256_size(&tx->max_priority_fee) +
	    rlp_u256_size(&tx->max_fee) + rlp_u64_size(tx->gas) +
	    (tx->has & TX_TO ? RLP_ADDRESS : 1) +
	    rlp_u256_size(tx_value(tx));
	if (grow(&sizes->payload, rlp_bytes_size(calldata, len)) == -1 ||
	    grow(&sizes->payload, rlp_list_size(sizes->access)) == -1)
		return (-1);
	if (type == TX_BLOB) {
		sizes->payload += rlp_u256_size(&tx->max_blob_fee);
		if (grow(&sizes->payload, rlp_list_size(sizes->blobs)) == -1)
			return (-1);
	}
	if (type == TX_SETCODE &&
	    grow(&sizes->payload, rlp_list_size(sizes->auths)) == -1)
		return (-1);
	if (sig != NULL)
		sizes->payload += signature_size(sig);
	return (0);
}

static uint8_t *
put_access(uint8_t *p, const struct tx *tx, size_t size)
{
	const struct tx_access *access;
	size_t i, k;

	p = rlp_list(p, size);
	if (!(tx->has & TX_ACCESSLIST))
		return (p);
	for (i = 0; i < tx->naccess; i++) {
		access = &tx->access[i];
		p = rlp_list(p, access_size(access));
		p = rlp_bytes(p, access->address, ADDRESS_SIZE);
		p = rlp_list(p, access->nkeys * RLP_HASH);
		for (k = 0; k < access->nkeys; k++)
			p = rlp_bytes(p, access->keys + k * HASH_SIZE,
			    HASH_SIZE);
	}
	return (p);
}

static uint8_t *
put_blobs(uint8_t *p, const struct tx *tx, size_t size)
{
	size_t i;

	p = rlp_u256(p, &tx->max_blob_fee);
	p = rlp_list(p, size);
	for (i = 0; i < tx->nblobs; i++)
		p = rlp_bytes(p, tx->blobs + i * HASH_SIZE, HASH_SIZE);
	return (p);
}

static uint8_t *
put_auths(uint8_t *p, const struct tx *tx, size_t size)
{
	const struct tx_auth *auth;
	size_t i;

	p = rlp_list(p, size);
	for (i = 0; i < tx->nauths; i++) {
		auth = &tx->auths[i];
		p = rlp_list(p, auth_size(auth));
		p = rlp_u256(p, &auth->chain_id);
		p = rlp_bytes(p, auth->address, ADDRESS_SIZE);
		p = rlp_u64(p, auth->nonce);
		p = rlp_u64(p, auth->y_parity);
		p = rlp_u256(p, &auth->r);
		p = rlp_u256(p, &auth->s);
	}
	return (p);
}

static uint8_t *
put_signature(uint8_t *p, const struct signature *sig)
{
	struct u256 n;

	p = rlp_u64(p, sig->v);
	memcpy(n.b, sig->r, sizeof(n.b));
	p = rlp_u256(p, &n);
	memcpy(n.b, sig->s, sizeof(n.b));
	return (rlp_u256(p, &n));
}

static void
put_tx(uint8_t *p, const struct tx *tx, const struct signature *sig,
    const struct sizes *sizes)
{
	const uint8_t *calldata;
	uint8_t type = tx_type(tx);
	size_t len;

	*p++ = type;
	p = rlp_list(p, sizes->payload);
	p = rlp_u256(p, &tx->chain_id);
	p = rlp_u64(p, tx->nonce);
	p = rlp_u256(p, &tx->max_priority_fee);
	p = rlp_u256(p, &tx->max_fee);
	p = rlp_u64(p, tx->gas);
	p = rlp_bytes(p, tx->to, tx->has & TX_TO ? ADDRESS_SIZE : 0);
	p = rlp_u256(p, tx_value(tx));
	calldata = tx_calldata(tx, &len);
	p = rlp_bytes(p, calldata, len);
	p = put_access(p, tx, sizes->access);
	if (type == TX_BLOB)
		p = put_blobs(p, tx, sizes->blobs);
	if (type == TX_SETCODE)
		p = put_auths(p, tx, sizes->auths);
	if (sig != NULL)
		put_signature(p, sig);
}

int
tx_encode(const struct tx *tx, const struct signature *sig, uint8_t **out,
    size_t *len)
{
	struct sizes sizes;
	uint8_t *buf;
	size_t size;

	if (measure(tx, sig, &sizes) == -1) {
		errno = EMSGSIZE;
		return (-1);
	}
	size = 1 + rlp_list_size(sizes.payload);
	if ((buf = malloc(size)) == NULL)
		return (-1);
	put_tx(buf, tx, sig, &sizes);
	*out = buf;
	*len = size;
	return (0);
}
