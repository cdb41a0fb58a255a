/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdlib.h>
#include <string.h>

#include "keyd/keccak.h"
#include "keyd/rlp.h"
#include "opsign/rlpread.h"
#include "opsign/txdecode.h"

#define TX_DYNAMICFEE	2
#define TX_BLOB		3
#define TX_SETCODE	4

#define BASE_HAS	(TX_GAS | TX_MAXFEE | TX_MAXPRIORITYFEE | TX_VALUE | \
			    TX_NONCE | TX_INPUT | TX_ACCESSLIST | \
			    TX_CHAINID | TX_TYPE)

static const char *const nomemory = "out of memory";

/* Nothing, for a creation, or an address. */
static bool
read_to(struct rlpread *in, struct tx *tx)
{
	const uint8_t *bytes;
	size_t len;

	if (!rlpread_bytes(in, &bytes, &len) ||
	    (len != 0 && len != ADDRESS_SIZE))
		return (false);
	if (len > 0) {
		memcpy(tx->to, bytes, len);
		tx->has |= TX_TO;
	}
	return (true);
}

static const char *
read_common(struct rlpread *in, struct tx *tx)
{
	if (!rlpread_u256(in, &tx->chain_id))
		return ("chain id is malformed");
	if (!rlpread_u64(in, &tx->nonce))
		return ("nonce is malformed");
	if (!rlpread_u256(in, &tx->max_priority_fee))
		return ("priority fee is malformed");
	if (!rlpread_u256(in, &tx->max_fee))
		return ("fee is malformed");
	if (!rlpread_u64(in, &tx->gas))
		return ("gas is malformed");
	if (!read_to(in, tx))
		return ("receiver is malformed");
	if (!rlpread_u256(in, &tx->value))
		return ("value is malformed");
	if (!rlpread_bytes(in, &tx->input, &tx->inputlen))
		return ("data is malformed");
	return (NULL);
}

/* ---- Lists ------------------------------------------------------------ */

/*
 * There is room for all: an item of a list takes at least so many bytes, and
 * of hashes each takes 33.
 */
#define HASH_ITEM	(1 + HASH_SIZE)
#define ACCESS_ITEM	(1 + 1 + ADDRESS_SIZE + 1)

static bool
read_hashes(struct rlpread list, uint8_t *out, size_t *n)
{
	for (*n = 0; list.len > 0; (*n)++)
		if (!rlpread_fixed(&list, out + *n * HASH_SIZE, HASH_SIZE))
			return (false);
	return (true);
}

static bool
read_access_entry(struct rlpread *list, struct tx_access *entry,
    uint8_t *keys)
{
	struct rlpread fields, items;

	if (!rlpread_list(list, &fields) ||
	    !rlpread_fixed(&fields, entry->address, ADDRESS_SIZE) ||
	    !rlpread_list(&fields, &items) || fields.len > 0)
		return (false);
	entry->keys = keys;
	return (read_hashes(items, keys, &entry->nkeys));
}

static const char *
read_access(struct rlpread *in, struct txsigned *t)
{
	static const char malformed[] = "access list is malformed";
	struct rlpread list;
	size_t n, nkeys = 0;

	if (!rlpread_list(in, &list))
		return (malformed);
	t->access = calloc(list.len / ACCESS_ITEM + 1, sizeof(*t->access));
	t->keys = calloc(list.len / HASH_ITEM + 1, HASH_SIZE);
	if (t->access == NULL || t->keys == NULL)
		return (nomemory);
	for (n = 0; list.len > 0; n++) {
		if (!read_access_entry(&list, &t->access[n],
		    t->keys + nkeys * HASH_SIZE))
			return (malformed);
		nkeys += t->access[n].nkeys;
	}
	t->tx.access = t->access;
	t->tx.naccess = n;
	return (NULL);
}

static const char *
read_blobs(struct rlpread *in, struct txsigned *t)
{
	static const char malformed[] = "blob hashes are malformed";
	struct rlpread list;

	if (!rlpread_u256(in, &t->tx.max_blob_fee))
		return ("blob fee is malformed");
	if (!rlpread_list(in, &list))
		return (malformed);
	t->blobs = calloc(list.len / HASH_ITEM + 1, HASH_SIZE);
	if (t->blobs == NULL)
		return (nomemory);
	if (!read_hashes(list, t->blobs, &t->tx.nblobs))
		return (malformed);
	t->tx.blobs = t->blobs;
	t->tx.has |= TX_BLOBHASHES | TX_MAXBLOBFEE;
	return (NULL);
}

static bool
read_auth(struct rlpread *list, struct tx_auth *auth)
{
	struct rlpread in;
	uint64_t parity;

	if (!rlpread_list(list, &in) ||
	    !rlpread_u256(&in, &auth->chain_id) ||
	    !rlpread_fixed(&in, auth->address, ADDRESS_SIZE) ||
	    !rlpread_u64(&in, &auth->nonce) ||
	    !rlpread_u64(&in, &parity) || parity > UINT8_MAX ||
	    !rlpread_u256(&in, &auth->r) || !rlpread_u256(&in, &auth->s))
		return (false);
	auth->y_parity = (uint8_t)parity;
	return (in.len == 0);
}

static const char *
read_auths(struct rlpread *in, struct txsigned *t)
{
	static const char malformed[] = "authorizations are malformed";
	struct rlpread list;
	size_t n, i;

	if (!rlpread_list(in, &list) || !rlpread_count(list, &n))
		return (malformed);
	if ((t->auths = calloc(n + 1, sizeof(*t->auths))) == NULL)
		return (nomemory);
	for (i = 0; i < n; i++)
		if (!read_auth(&list, &t->auths[i]))
			return (malformed);
	t->tx.auths = t->auths;
	t->tx.nauths = n;
	t->tx.has |= TX_AUTHLIST;
	return (NULL);
}

/* ---- The whole -------------------------------------------------------- */

static const char *
read_signature(struct rlpread *in, struct signature *sig)
{
	struct u256 r, s;
	uint64_t parity;

	if (!rlpread_u64(in, &parity) || parity > 1)
		return ("parity of the signature is malformed");
	if (!rlpread_u256(in, &r) || !rlpread_u256(in, &s))
		return ("signature is malformed");
	if (in->len > 0)
		return ("items behind the signature");
	sig->v = (uint8_t)parity;
	memcpy(sig->r, r.b, sizeof(sig->r));
	memcpy(sig->s, s.b, sizeof(sig->s));
	return (NULL);
}

/* The same items without the signature, in a list of their own. */
static const char *
hash_unsigned(struct txsigned *t, uint8_t type, const uint8_t *items,
    size_t len)
{
	uint8_t *buf, *p;

	if ((buf = malloc(1 + rlp_list_size(len))) == NULL)
		return (nomemory);
	buf[0] = type;
	p = rlp_list(buf + 1, len);
	memcpy(p, items, len);
	keccak256(t->digest, buf, (size_t)(p - buf) + len);
	free(buf);
	return (NULL);
}

static const char *
read_items(struct txsigned *t, struct rlpread *in)
{
	const char *why;

	if ((why = read_common(in, &t->tx)) != NULL ||
	    (why = read_access(in, t)) != NULL)
		return (why);
	if (t->tx.type == TX_BLOB)
		return (read_blobs(in, t));
	if (t->tx.type == TX_SETCODE)
		return (read_auths(in, t));
	return (NULL);
}

const char *
txdecode(struct txsigned *t, const uint8_t *raw, size_t len)
{
	struct rlpread whole, in;
	const uint8_t *items;
	const char *why;

	memset(t, 0, sizeof(*t));
	if (len == 0 || raw[0] < TX_DYNAMICFEE || raw[0] > TX_SETCODE)
		return ("not a transaction of type 2, 3 or 4");
	t->tx.type = raw[0];
	t->tx.has = BASE_HAS;
	whole.p = raw + 1;
	whole.len = len - 1;
	if (!rlpread_list(&whole, &in))
		return ("not a list of RLP");
	if (whole.len > 0)
		return ("bytes behind the transaction");
	items = in.p;
	if ((why = read_items(t, &in)) != NULL ||
	    (why = hash_unsigned(t, raw[0], items,
	    (size_t)(in.p - items))) != NULL ||
	    (why = read_signature(&in, &t->sig)) != NULL)
		return (why);
	keccak256(t->hash, raw, len);
	return (NULL);
}

void
txdecode_clear(struct txsigned *t)
{
	free(t->access);
	free(t->keys);
	free(t->blobs);
	free(t->auths);
	memset(t, 0, sizeof(*t));
}
