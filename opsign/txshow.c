/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>
#include <string.h>

#include "common/hex.h"
#include "opsign/txshow.h"

#define AMOUNT		200	/* bytes that one takes as text */
#define SHOWN		64	/* bytes of data that people are shown */

/* "1.5 gwei (1500000000 wei)"; ether where that is less to read. */
static void
render_amount(char out[AMOUNT], const struct u256 *wei)
{
	static const char zeros[] = "0000000000000000000";
	char dec[U256_DECSIZE], padded[U256_DECSIZE + 19];
	size_t len = u256_to_dec(wei, dec), places, whole, end;

	/* Below a thousandth of a gwei, wei alone is the plainest. */
	if (len <= 6) {
		snprintf(out, AMOUNT, "%s wei", dec);
		return;
	}
	places = len > 14 ? 18 : 9;
	snprintf(padded, sizeof(padded), "%s%s", len > places ? "" :
	    &zeros[18 - (places - len)], dec);
	whole = strlen(padded) - places;
	for (end = strlen(padded); end > whole && padded[end - 1] == '0';)
		end--;
	snprintf(out, AMOUNT, "%.*s%s%.*s %s (%s wei)", (int)whole, padded,
	    end > whole ? "." : "", (int)(end - whole), padded + whole,
	    places == 18 ? "ether" : "gwei", dec);
}

static void
show_amount(struct report *r, const char *name, const char *label,
    const struct u256 *wei)
{
	char text[AMOUNT];

	report_u256(r, name, NULL, wei);
	render_amount(text, wei);
	report_line(r, label, "%s", text);
}

static void
show_u64(struct report *r, const char *name, const char *label, uint64_t n)
{
	struct u256 v;

	u256_from_u64(&v, n);
	report_u256(r, name, label, &v);
}

static void
show_data(struct report *r, const struct tx *tx)
{
	char text[2 * SHOWN + 1];
	size_t n = tx->inputlen < SHOWN ? tx->inputlen : SHOWN;

	report_bytes(r, "input", NULL, tx->input, tx->inputlen);
	if (n == 0) {
		report_line(r, "data", "none");
		return;
	}
	hex_encode(text, tx->input, n);
	text[2 * n] = '\0';
	report_line(r, "data", "%zu bytes: 0x%s%s", tx->inputlen, text,
	    n < tx->inputlen ? "..." : "");
}

/* ---- Lists ------------------------------------------------------------ */

static cJSON *
hash_item(const uint8_t *p, size_t len)
{
	char text[2 * HASH_SIZE + 3] = "0x";

	hex_encode(text + 2, p, len);
	text[2 * len + 2] = '\0';
	return (cJSON_CreateString(text));
}

static cJSON *
hash_array(const uint8_t *p, size_t n)
{
	cJSON *array = cJSON_CreateArray();
	size_t i;

	for (i = 0; i < n; i++)
		cJSON_AddItemToArray(array, hash_item(p + i * HASH_SIZE,
		    HASH_SIZE));
	return (array);
}

static void
show_access(struct report *r, const struct tx *tx)
{
	cJSON *list, *entry;
	size_t i, nkeys = 0;

	list = cJSON_AddArrayToObject(r->root, "accessList");
	for (i = 0; i < tx->naccess; i++) {
		entry = cJSON_CreateObject();
		cJSON_AddItemToObject(entry, "address",
		    hash_item(tx->access[i].address, ADDRESS_SIZE));
		cJSON_AddItemToObject(entry, "storageKeys",
		    hash_array(tx->access[i].keys, tx->access[i].nkeys));
		cJSON_AddItemToArray(list, entry);
		nkeys += tx->access[i].nkeys;
	}
	if (tx->naccess > 0)
		report_line(r, "access list", "%zu %s, %zu %s", tx->naccess,
		    tx->naccess == 1 ? "address" : "addresses", nkeys,
		    nkeys == 1 ? "key" : "keys");
}

static void
show_blobs(struct report *r, const struct tx *tx)
{
	char text[2 * HASH_SIZE + 1];
	size_t i;

	show_amount(r, "maxFeePerBlobGas", "blob fee", &tx->max_blob_fee);
	cJSON_AddItemToObject(r->root, "blobVersionedHashes",
	    hash_array(tx->blobs, tx->nblobs));
	for (i = 0; i < tx->nblobs; i++) {
		hex_encode(text, tx->blobs + i * HASH_SIZE, HASH_SIZE);
		text[2 * HASH_SIZE] = '\0';
		report_line(r, "blob", "0x%s", text);
	}
}

static void
add_quantity(cJSON *object, const char *name, const struct u256 *n)
{
	char hex[HEX_QUANTITYSIZE];

	hex_from_quantity(hex, n);
	cJSON_AddStringToObject(object, name, hex);
}

static void
add_u64(cJSON *object, const char *name, uint64_t n)
{
	struct u256 v;

	u256_from_u64(&v, n);
	add_quantity(object, name, &v);
}

static void
show_auths(struct report *r, const struct tx *tx)
{
	char address[HEX_ADDRESSSIZE], chain[U256_DECSIZE];
	const struct tx_auth *a;
	cJSON *list, *entry;
	size_t i;

	list = cJSON_AddArrayToObject(r->root, "authorizationList");
	for (i = 0; i < tx->nauths; i++) {
		a = &tx->auths[i];
		hex_from_address(address, a->address);
		entry = cJSON_CreateObject();
		add_quantity(entry, "chainId", &a->chain_id);
		cJSON_AddStringToObject(entry, "address", address);
		add_u64(entry, "nonce", a->nonce);
		add_u64(entry, "yParity", a->y_parity);
		add_quantity(entry, "r", &a->r);
		add_quantity(entry, "s", &a->s);
		cJSON_AddItemToArray(list, entry);
		u256_to_dec(&a->chain_id, chain);
		report_line(r, "authorizes", "%s on chain %s, nonce %llu",
		    address, chain, (unsigned long long)a->nonce);
	}
}

/* ---- The whole -------------------------------------------------------- */

void
txshow(struct report *r, const struct txsigned *t)
{
	static const char *const types[] = {
		"2 (EIP-1559)", "3 (EIP-4844, blobs)", "4 (EIP-7702, set code)"
	};
	const struct tx *tx = &t->tx;
	struct u256 cost;

	show_u64(r, "type", NULL, tx->type);
	report_line(r, "type", "%s", types[tx->type - 2]);
	report_u256(r, "chainId", "chain", &tx->chain_id);
	show_u64(r, "nonce", "nonce", tx->nonce);
	if (tx->has & TX_TO)
		report_bytes(r, "to", "to", tx->to, ADDRESS_SIZE);
	else
		report_line(r, "to", "nobody: it creates a contract");
	show_amount(r, "value", "value", &tx->value);
	show_u64(r, "gas", "gas", tx->gas);
	show_amount(r, "maxFeePerGas", "max fee", &tx->max_fee);
	show_amount(r, "maxPriorityFeePerGas", "priority fee",
	    &tx->max_priority_fee);
	show_data(r, tx);
	show_access(r, tx);
	if (tx->type == 3)
		show_blobs(r, tx);
	if (tx->type == 4)
		show_auths(r, tx);
	if (tx_max_cost(tx, &cost) == 0)
		show_amount(r, "maxCost", "costs", &cost);
}
