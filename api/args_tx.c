/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdlib.h>
#include <string.h>

#include "api/args_local.h"

#define TX_ADDRESS(field, bit)						\
static int								\
tx_##field(struct args *a, const cJSON *v, const struct args_src *src,	\
    const char *name)							\
{									\
	a->request.tx.has |= (bit);					\
	return (args_fixed(v, src, name, a->request.tx.field, ADDRESS_SIZE)); \
}

#define TX_QUANTITY(field, bit)						\
static int								\
tx_##field(struct args *a, const cJSON *v, const struct args_src *src,	\
    const char *name)							\
{									\
	a->request.tx.has |= (bit);					\
	return (args_quantity(v, src, name, &a->request.tx.field));	\
}

#define TX_QUANTITY64(field, bit)					\
static int								\
tx_##field(struct args *a, const cJSON *v, const struct args_src *src,	\
    const char *name)							\
{									\
	a->request.tx.has |= (bit);					\
	return (args_quantity64(v, src, name, &a->request.tx.field));	\
}

TX_ADDRESS(from, TX_FROM)
TX_ADDRESS(to, TX_TO)
TX_QUANTITY(max_fee, TX_MAXFEE)
TX_QUANTITY(max_priority_fee, TX_MAXPRIORITYFEE)
TX_QUANTITY(max_blob_fee, TX_MAXBLOBFEE)
TX_QUANTITY(value, TX_VALUE)
TX_QUANTITY(chain_id, TX_CHAINID)
TX_QUANTITY64(gas, TX_GAS)
TX_QUANTITY64(nonce, TX_NONCE)
TX_QUANTITY64(type, TX_TYPE)

static int
tx_gas_price(struct args *a, const cJSON *v, const struct args_src *src,
    const char *name)
{
	struct u256	 ignored;

	a->request.tx.has |= TX_GASPRICE;
	return (args_quantity(v, src, name, &ignored));
}

static int
tx_data(struct args *a, const cJSON *v, const struct args_src *src,
    const char *name)
{
	struct tx	*tx = &a->request.tx;

	tx->has |= TX_DATA;
	if (args_bytes(v, src, name, &a->data, &tx->datalen) == -1)
		return (-1);
	tx->data = a->data;
	return (0);
}

static int
tx_input(struct args *a, const cJSON *v, const struct args_src *src,
    const char *name)
{
	struct tx	*tx = &a->request.tx;

	tx->has |= TX_INPUT;
	if (args_bytes(v, src, name, &a->input, &tx->inputlen) == -1)
		return (-1);
	tx->input = a->input;
	return (0);
}

/* The storage keys of all entries, one after the other in args.keys. */
static int
access_keys(const cJSON *list, const struct args_src *src, uint8_t *keys,
    struct tx_access *entry)
{
	const cJSON	*v;

	entry->keys = keys;
	cJSON_ArrayForEach(v, list) {
		if (args_fixed(v, src, "storageKeys", keys, HASH_SIZE) == -1)
			return (-1);
		keys += HASH_SIZE;
		entry->nkeys++;
	}
	return (0);
}

/* One entry's grammar; adds its keys to *nkeys. */
static int
access_check(const cJSON *entry, const struct args_src *src, size_t *nkeys)
{
	const cJSON	*address, *keys, *v;

	if (!cJSON_IsObject(entry))
		return (args_fault(src, "accessList",
		    "entry must be an object"));
	cJSON_ArrayForEach(v, entry)
		if (strcmp(v->string, "address") != 0 &&
		    strcmp(v->string, "storageKeys") != 0)
			return (args_fault(src, "accessList",
			    "unknown member"));
	address = json_member(entry, "address");
	keys = json_member(entry, "storageKeys");
	if (address == NULL || cJSON_IsNull(address))
		return (args_fault(src, "accessList",
		    "missing required field 'address'"));
	if (keys == NULL || cJSON_IsNull(keys))
		return (args_fault(src, "accessList",
		    "missing required field 'storageKeys'"));
	if (!cJSON_IsArray(keys))
		return (args_fault(src, "storageKeys", "must be an array"));
	cJSON_ArrayForEach(v, keys)
		(*nkeys)++;
	return (0);
}

static int
tx_access(struct args *a, const cJSON *list, const struct args_src *src,
    const char *name)
{
	struct tx	*tx = &a->request.tx;
	const cJSON	*v;
	size_t		 n = 0, nkeys = 0, done = 0;

	tx->has |= TX_ACCESSLIST;
	if (!cJSON_IsArray(list))
		return (args_fault(src, name, "must be an array"));
	cJSON_ArrayForEach(v, list) {
		if (access_check(v, src, &nkeys) == -1)
			return (-1);
		n++;
	}
	a->access = calloc(n + 1, sizeof(*a->access));
	a->keys = calloc(nkeys + 1, HASH_SIZE);
	if (a->access == NULL || a->keys == NULL)
		return (args_nomemory(src, name));
	tx->access = a->access;
	cJSON_ArrayForEach(v, list) {
		struct tx_access	*entry = &a->access[tx->naccess++];

		if (args_fixed(json_member(v, "address"), src, "address",
		    entry->address, ADDRESS_SIZE) == -1 ||
		    access_keys(json_member(v, "storageKeys"), src,
		    a->keys + done * HASH_SIZE, entry) == -1)
			return (-1);
		done += entry->nkeys;
	}
	return (0);
}

static int
tx_blobs(struct args *a, const cJSON *list, const struct args_src *src,
    const char *name)
{
	struct tx	*tx = &a->request.tx;
	const cJSON	*v;
	size_t		 n = 0;

	tx->has |= TX_BLOBHASHES;
	if (!cJSON_IsArray(list))
		return (args_fault(src, name, "must be an array"));
	cJSON_ArrayForEach(v, list)
		n++;
	if ((a->blobs = calloc(n + 1, HASH_SIZE)) == NULL)
		return (args_nomemory(src, name));
	tx->blobs = a->blobs;
	cJSON_ArrayForEach(v, list)
		if (args_fixed(v, src, name, a->blobs +
		    tx->nblobs++ * HASH_SIZE, HASH_SIZE) == -1)
			return (-1);
	return (0);
}

/* The entry that is being filled is the last one. */
static struct tx_auth *
last_auth(struct args *a)
{
	return (&a->auths[a->request.tx.nauths - 1]);
}

static int
auth_chain_id(struct args *a, const cJSON *v, const struct args_src *src,
    const char *name)
{
	return (args_quantity(v, src, name, &last_auth(a)->chain_id));
}

static int
auth_address(struct args *a, const cJSON *v, const struct args_src *src,
    const char *name)
{
	return (args_fixed(v, src, name, last_auth(a)->address, ADDRESS_SIZE));
}

static int
auth_nonce(struct args *a, const cJSON *v, const struct args_src *src,
    const char *name)
{
	return (args_quantity64(v, src, name, &last_auth(a)->nonce));
}

static int
auth_y_parity(struct args *a, const cJSON *v, const struct args_src *src,
    const char *name)
{
	uint64_t	 n;

	if (args_quantity64(v, src, name, &n) == -1)
		return (-1);
	if (n > UINT8_MAX)
		return (args_fault(src, name, "hex number > 8 bits"));
	last_auth(a)->y_parity = (uint8_t)n;
	return (0);
}

static int
auth_r(struct args *a, const cJSON *v, const struct args_src *src,
    const char *name)
{
	return (args_quantity(v, src, name, &last_auth(a)->r));
}

static int
auth_s(struct args *a, const cJSON *v, const struct args_src *src,
    const char *name)
{
	return (args_quantity(v, src, name, &last_auth(a)->s));
}

static const struct args_member auth_members[] = {
	{ "chainId", auth_chain_id, REQUIRED },
	{ "address", auth_address, REQUIRED },
	{ "nonce", auth_nonce, REQUIRED },
	{ "yParity", auth_y_parity, REQUIRED },
	{ "r", auth_r, REQUIRED },
	{ "s", auth_s, REQUIRED },
	{ NULL, NULL, OPTIONAL }
};

static int
tx_auths(struct args *a, const cJSON *list, const struct args_src *src,
    const char *name)
{
	struct tx	*tx = &a->request.tx;
	const cJSON	*v;
	size_t		 n = 0;

	tx->has |= TX_AUTHLIST;
	if (!cJSON_IsArray(list))
		return (args_fault(src, name, "must be an array"));
	cJSON_ArrayForEach(v, list)
		n++;
	if ((a->auths = calloc(n + 1, sizeof(*a->auths))) == NULL)
		return (args_nomemory(src, name));
	tx->auths = a->auths;
	cJSON_ArrayForEach(v, list) {
		tx->nauths++;
		if (args_object(a, v, src, auth_members) == -1)
			return (-1);
	}
	return (0);
}

static const struct args_member tx_members[] = {
	{ "from", tx_from, OPTIONAL },
	{ "to", tx_to, OPTIONAL },
	{ "gas", tx_gas, OPTIONAL },
	{ "gasPrice", tx_gas_price, OPTIONAL },
	{ "maxFeePerGas", tx_max_fee, OPTIONAL },
	{ "maxPriorityFeePerGas", tx_max_priority_fee, OPTIONAL },
	{ "value", tx_value, OPTIONAL },
	{ "nonce", tx_nonce, OPTIONAL },
	{ "data", tx_data, OPTIONAL },
	{ "input", tx_input, OPTIONAL },
	{ "accessList", tx_access, OPTIONAL },
	{ "chainId", tx_chain_id, OPTIONAL },
	{ "blobVersionedHashes", tx_blobs, OPTIONAL },
	{ "maxFeePerBlobGas", tx_max_blob_fee, OPTIONAL },
	{ "authorizationList", tx_auths, OPTIONAL },
	{ "type", tx_type, OPTIONAL },
	{ NULL, NULL, OPTIONAL }
};

int
args_transaction(struct args *a, const struct json_doc *doc, const cJSON *arg,
    char *why, size_t size)
{
	return (args_decode(a, METHOD_TRANSACTION, doc, arg, tx_members, why,
	    size));
}
