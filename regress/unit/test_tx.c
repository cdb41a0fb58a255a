/*
 * objects: keyd/tx.o keyd/rlp.o keyd/request.o keyd/keccak.o keyd/sign.o
 *     common/secret.o common/hex.o common/u256.o
 * libs: libsecp256k1
 */
/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "keyd/keccak.h"
#include "keyd/tx.h"
#include "regress/unit/secrets_util.h"
#include "regress/unit/tx_cases.h"

#define HUNDRED	100

/* Of the test keys of regress/conform. */
static const char *const secrets[NKEYS] = {
	[KEY_SEQUENCER] = "0x4e725d0bf5bcca1fe73e29a1af8af9b6"
	    "3e9475de25722fc7611b061005693732",
	[KEY_BATCHER] = "0x10a60add0d3994141012851bc9a257e1"
	    "797b314ad27980ed16bda5aafdc9908b",
	[KEY_MULTI10] = "0x228f18e7038158f853c4c875da80cfdc"
	    "08b01cb56ec590b4e0bdca25f55b88ea",
};
static const char *const addresses[NKEYS] = {
	[KEY_SEQUENCER] = "0x37B74BB9bB365760657Ab18581Ae67613e9EAAfc",
	[KEY_BATCHER] = "0x05B4b087e84CC1ab1E96aEb84A56bfffEDfb005a",
	[KEY_MULTI10] = "0xb2290F2B6B85189D35AA4f8eA148071528910781",
};

/* What the members of a tx lead to. */
struct storage {
	uint8_t			input[512];
	uint8_t			blobs[2 * HASH_SIZE];
	uint8_t			keys[HUNDRED][3][HASH_SIZE];
	struct tx_access	access[HUNDRED];
	struct tx_auth		auths[2];
};

static void
set_number(struct tx *tx, uint32_t bit, struct u256 *n, const char *text)
{
	if (text == NULL)
		return;
	tx->has |= bit;
	assert_int_equal(hex_quantity(text, strlen(text), n), HEX_OK);
}

static void
set_u64(struct tx *tx, uint32_t bit, uint64_t *n, const char *text)
{
	if (text == NULL)
		return;
	tx->has |= bit;
	assert_int_equal(hex_quantity64(text, strlen(text), n), HEX_OK);
}

static void
set_access(struct tx *tx, struct storage *st, const struct tx_case *c)
{
	size_t i;

	if (c->access_address == NULL && !c->hundred)
		return;
	tx->has |= TX_ACCESSLIST;
	tx->access = st->access;
	if (c->access_address != NULL) {
		tx->naccess = 1;
		unhex(st->access[0].address, c->access_address, ADDRESS_SIZE);
		unhex(st->keys[0][0], c->access_key, HASH_SIZE);
		st->access[0].nkeys = 1;
		st->access[0].keys = st->keys[0][0];
		return;
	}
	tx->naccess = HUNDRED;
	for (i = 0; i < HUNDRED; i++) {
		st->access[i].address[ADDRESS_SIZE - 1] = (uint8_t)i;
		memset(st->keys[i], (int)i, sizeof(st->keys[i]));
		st->access[i].nkeys = 3;
		st->access[i].keys = st->keys[i][0];
	}
}

static void
set_auths(struct tx *tx, struct storage *st, size_t n)
{
	struct tx_auth *auth;
	size_t i;

	if (n == 0)
		return;
	tx->has |= TX_AUTHLIST;
	tx->auths = st->auths;
	tx->nauths = n;
	for (i = 0; i < n; i++) {
		auth = &st->auths[i];
		u256_from_u64(&auth->chain_id, i == 0 ? 10 : 0);
		memset(auth->address, 0x33, ADDRESS_SIZE);
		auth->nonce = i == 0 ? 1 : 0xffff;
		auth->y_parity = (uint8_t)i;
		u256_from_u64(&auth->r, 1);
		u256_from_u64(&auth->s, 2);
	}
}

static void
set_tx(struct tx *tx, struct storage *st, const struct tx_case *c)
{
	memset(tx, 0, sizeof(*tx));
	memset(st, 0, sizeof(*st));
	set_u64(tx, TX_GAS, &tx->gas, c->gas);
	set_u64(tx, TX_NONCE, &tx->nonce, c->nonce);
	set_number(tx, TX_MAXFEE, &tx->max_fee, c->max_fee);
	set_number(tx, TX_MAXPRIORITYFEE, &tx->max_priority_fee,
	    c->max_priority_fee);
	set_number(tx, TX_MAXBLOBFEE, &tx->max_blob_fee, c->max_blob_fee);
	set_number(tx, TX_VALUE, &tx->value, c->value);
	set_number(tx, TX_CHAINID, &tx->chain_id, c->chain_id);
	if (c->to != NULL) {
		tx->has |= TX_TO;
		unhex(tx->to, c->to, ADDRESS_SIZE);
	}
	if (c->input != NULL) {
		tx->has |= TX_INPUT;
		tx->input = st->input;
		assert_true(hex_bytes_size(strlen(c->input)) <=
		    sizeof(st->input));
		assert_int_equal(hex_bytes(c->input, strlen(c->input),
		    st->input, &tx->inputlen), HEX_OK);
	}
	if (c->blobs != NULL) {
		tx->has |= TX_BLOBHASHES;
		tx->blobs = st->blobs;
		tx->nblobs = hex_bytes_size(strlen(c->blobs)) / HASH_SIZE;
		assert_true(tx->nblobs <= 2);
		unhex(st->blobs, c->blobs, tx->nblobs * HASH_SIZE);
	}
	set_access(tx, st, c);
	set_auths(tx, st, c->nauths);
}

static struct sign_key keys[NKEYS];

static int
setup(void **state)
{
	uint8_t *secret;
	size_t i;

	if (secrets_setup(state) == -1)
		return (-1);
	for (i = 0; i < NKEYS; i++) {
		if ((secret = secret_alloc(SECRET_SIZE)) == NULL)
			return (-1);
		unhex(secret, secrets[i], SECRET_SIZE);
		if (sign_key(&keys[i], secret) == -1)
			return (-1);
	}
	return (0);
}

static void
assert_result(const struct tx_case *c, const uint8_t *raw, size_t len)
{
	uint8_t hash[HASH_SIZE], expected[HASH_SIZE];
	char *text;

	if (c->hash != NULL) {
		unhex(expected, c->hash, HASH_SIZE);
		keccak256(hash, raw, len);
		assert_memory_equal(hash, expected, HASH_SIZE);
		return;
	}
	text = calloc(2 * len + 3, 1);
	assert_non_null(text);
	memcpy(text, "0x", 2);
	hex_encode(text + 2, raw, len);
	assert_string_equal(text, c->result);
	free(text);
}

/* As keyd does it: encode, hash, sign, encode; then find the signer. */
static void
sign_case(const struct tx_case *c)
{
	static struct storage st;
	struct signature sig;
	struct tx tx;
	uint8_t digest[HASH_SIZE], address[ADDRESS_SIZE], from[ADDRESS_SIZE];
	uint8_t *raw;
	size_t len;

	set_tx(&tx, &st, c);
	assert_int_equal(tx_check(&tx), REFUSAL_NONE);
	assert_int_equal(tx_encode(&tx, NULL, &raw, &len), 0);
	keccak256(digest, raw, len);
	free(raw);
	assert_int_equal(sign_digest(&keys[c->key], digest, &sig), 0);
	assert_int_equal(tx_encode(&tx, &sig, &raw, &len), 0);
	assert_int_equal(raw[0], tx_type(&tx));
	assert_result(c, raw, len);
	free(raw);
	assert_int_equal(sign_recover(digest, &sig, address), 0);
	unhex(from, addresses[c->key], ADDRESS_SIZE);
	assert_memory_equal(address, from, ADDRESS_SIZE);
	assert_memory_equal(keys[c->key].address, from, ADDRESS_SIZE);
}

static void
test_recorded(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(tx_cases) / sizeof(tx_cases[0]); i++) {
		print_message("    %s\n", tx_cases[i].name);
		sign_case(&tx_cases[i]);
	}
}

/* A transfer with every member that has no fault. */
static struct tx
good(void)
{
	static struct storage st;
	struct tx tx;

	set_tx(&tx, &st, &tx_cases[0]);
	tx.has &= ~(uint32_t)(TX_INPUT | TX_DATA);
	return (tx);
}

/*
 * Mends one fault after the other: what is found next shows the order.
 */
static void
test_check_order(void **state)
{
	static const uint8_t data[] = { 1, 2, 3 }, input[] = { 1, 2, 4 };
	static struct tx_auth auth;
	struct tx tx;

	(void)state;
	memset(&tx, 0, sizeof(tx));
	tx.has = TX_GASPRICE | TX_BLOBHASHES | TX_AUTHLIST | TX_TYPE |
	    TX_DATA | TX_INPUT;
	tx.data = data;
	tx.input = input;
	tx.datalen = tx.inputlen = sizeof(data);
	assert_int_equal(tx_check(&tx), REFUSAL_GAS);
	tx.has |= TX_GAS;
	assert_int_equal(tx_check(&tx), REFUSAL_GASPRICE);
	tx.has &= ~(uint32_t)TX_GASPRICE;
	assert_int_equal(tx_check(&tx), REFUSAL_FEES);
	tx.has |= TX_MAXFEE;
	assert_int_equal(tx_check(&tx), REFUSAL_FEES);
	tx.has |= TX_MAXPRIORITYFEE;
	tx.has &= ~(uint32_t)TX_MAXFEE;
	assert_int_equal(tx_check(&tx), REFUSAL_FEES);
	tx.has |= TX_MAXFEE;
	u256_from_u64(&tx.max_priority_fee, 1);
	assert_int_equal(tx_check(&tx), REFUSAL_FEEORDER);
	u256_from_u64(&tx.max_fee, 1);
	assert_int_equal(tx_check(&tx), REFUSAL_NONCE);
	tx.has |= TX_NONCE;
	assert_int_equal(tx_check(&tx), REFUSAL_DATAINPUT);
	tx.inputlen = tx.datalen = 0;
	assert_int_equal(tx_check(&tx), REFUSAL_CREATION);
	tx.inputlen = tx.datalen = 2;
	assert_int_equal(tx_check(&tx), REFUSAL_CHAIN);
	tx.has |= TX_CHAINID;
	assert_int_equal(tx_check(&tx), REFUSAL_BLOBSEMPTY);
	tx.nblobs = 1;
	tx.blobs = (const uint8_t *)"0123456789abcdef0123456789abcdef";
	assert_int_equal(tx_check(&tx), REFUSAL_BLOBFEE);
	tx.has |= TX_MAXBLOBFEE;
	tx.has &= ~(uint32_t)TX_BLOBHASHES;
	assert_int_equal(tx_check(&tx), REFUSAL_NOBLOBS);
	tx.has |= TX_BLOBHASHES;
	assert_int_equal(tx_check(&tx), REFUSAL_AUTHSEMPTY);
	tx.auths = &auth;
	tx.nauths = 1;
	assert_int_equal(tx_check(&tx), REFUSAL_CHAINZERO);
	u256_from_u64(&tx.chain_id, 1);
	assert_int_equal(tx_check(&tx), REFUSAL_BLOBTO);
	tx.has &= ~(uint32_t)(TX_BLOBHASHES | TX_MAXBLOBFEE);
	assert_int_equal(tx_check(&tx), REFUSAL_AUTHTO);
	tx.has |= TX_BLOBHASHES | TX_MAXBLOBFEE | TX_TO;
	assert_int_equal(tx_check(&tx), REFUSAL_BLOBAUTH);
	tx.has &= ~(uint32_t)(TX_BLOBHASHES | TX_MAXBLOBFEE);
	assert_int_equal(tx_check(&tx), REFUSAL_TYPE);
	tx.type = 4;
	assert_int_equal(tx_check(&tx), REFUSAL_NONE);
}

static void
test_check_calldata(void **state)
{
	static const uint8_t a[] = { 1, 2 }, b[] = { 1, 2 };
	struct tx tx = good();

	(void)state;
	assert_int_equal(tx_check(&tx), REFUSAL_NONE);
	tx.has |= TX_DATA | TX_INPUT;
	assert_int_equal(tx_check(&tx), REFUSAL_NONE);
	tx.data = a;
	tx.datalen = 2;
	assert_int_equal(tx_check(&tx), REFUSAL_DATAINPUT);
	tx.input = b;
	tx.inputlen = 1;
	assert_int_equal(tx_check(&tx), REFUSAL_DATAINPUT);
	tx.inputlen = 2;
	assert_int_equal(tx_check(&tx), REFUSAL_NONE);

	/* A creation needs a byte of either; an empty input hides data. */
	tx.has = (tx.has & ~(uint32_t)(TX_TO | TX_INPUT)) | TX_DATA;
	assert_int_equal(tx_check(&tx), REFUSAL_NONE);
	tx.datalen = 0;
	assert_int_equal(tx_check(&tx), REFUSAL_CREATION);
	tx.has &= ~(uint32_t)TX_DATA;
	assert_int_equal(tx_check(&tx), REFUSAL_CREATION);
	tx.has |= TX_INPUT;
	tx.inputlen = 0;
	assert_int_equal(tx_check(&tx), REFUSAL_CREATION);
	tx.inputlen = 1;
	assert_int_equal(tx_check(&tx), REFUSAL_NONE);
}

static void
test_calldata(void **state)
{
	static const uint8_t data[] = { 1 }, input[] = { 2, 3 };
	struct tx tx = good();
	size_t len = 99;

	(void)state;
	tx.data = data;
	tx.datalen = sizeof(data);
	tx.input = input;
	tx.inputlen = sizeof(input);
	assert_null(tx_calldata(&tx, &len));
	assert_int_equal(len, 0);
	tx.has |= TX_DATA;
	assert_ptr_equal(tx_calldata(&tx, &len), data);
	assert_int_equal(len, 1);
	tx.has |= TX_INPUT;
	assert_ptr_equal(tx_calldata(&tx, &len), input);
	assert_int_equal(len, 2);
}

static void
test_type(void **state)
{
	static const uint64_t wrong[] = { 0, 1, 5, 0x7f, 0x102, UINT64_MAX };
	static const uint8_t blob[HASH_SIZE];
	static struct tx_auth auth;
	struct tx tx = good();
	uint64_t type;
	size_t i;

	(void)state;
	tx.has |= TX_TYPE;
	for (type = 2; type <= 4; type++) {
		tx.type = type;
		assert_int_equal(tx_check(&tx),
		    type == 2 ? REFUSAL_NONE : REFUSAL_TYPE);
	}
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		tx.type = wrong[i];
		assert_int_equal(tx_check(&tx), REFUSAL_TYPE);
	}
	tx.has |= TX_BLOBHASHES | TX_MAXBLOBFEE;
	tx.blobs = blob;
	tx.nblobs = 1;
	tx.type = 2;
	assert_int_equal(tx_type(&tx), 3);
	assert_int_equal(tx_check(&tx), REFUSAL_TYPE);
	tx.type = 3;
	assert_int_equal(tx_check(&tx), REFUSAL_NONE);
	tx.has &= ~(uint32_t)(TX_BLOBHASHES | TX_MAXBLOBFEE);
	tx.has |= TX_AUTHLIST;
	tx.auths = &auth;
	tx.nauths = 1;
	assert_int_equal(tx_type(&tx), 4);
	assert_int_equal(tx_check(&tx), REFUSAL_TYPE);
	tx.type = 4;
	assert_int_equal(tx_check(&tx), REFUSAL_NONE);
}

/* Of absent members the value has no meaning: it is not encoded. */
static void
test_absent(void **state)
{
	struct tx tx = good(), clean;
	uint8_t *a, *b;
	size_t alen, blen;

	(void)state;
	tx.has &= ~(uint32_t)(TX_TO | TX_VALUE);
	memset(tx.to, 0, sizeof(tx.to));
	memset(&tx.value, 0, sizeof(tx.value));
	clean = tx;
	memset(tx.to, 0x77, sizeof(tx.to));
	memset(&tx.value, 0x77, sizeof(tx.value));
	memset(&tx.max_blob_fee, 0x77, sizeof(tx.max_blob_fee));
	memset(tx.from, 0x77, sizeof(tx.from));
	tx.naccess = tx.nblobs = tx.nauths = tx.datalen = tx.inputlen = 9;
	assert_int_equal(tx_encode(&tx, NULL, &a, &alen), 0);
	assert_int_equal(tx_encode(&clean, NULL, &b, &blen), 0);
	assert_int_equal(alen, blen);
	assert_memory_equal(a, b, alen);
	free(a);
	free(b);
}

/* r and s are numbers: leading zeros of theirs are not encoded. */
static void
test_short_signature(void **state)
{
	static const uint8_t tail[] = { 0x01, 0x05, 0x81, 0x80 };
	struct signature sig;
	struct tx tx = good();
	uint8_t *raw;
	size_t len;

	(void)state;
	memset(&sig, 0, sizeof(sig));
	sig.v = 1;
	sig.r[31] = 5;
	sig.s[31] = 0x80;
	assert_int_equal(tx_encode(&tx, &sig, &raw, &len), 0);
	assert_true(len > sizeof(tail));
	assert_memory_equal(raw + len - sizeof(tail), tail, sizeof(tail));
	/* 02, c0 + 39, ... */
	assert_int_equal(raw[1], 0xc0 + len - 2);
	free(raw);
}

/* An entry of nothing but an address; the second list is not the first's. */
static void
test_empty_access(void **state)
{
	static const uint8_t expected[] = { 0xd7, 0xd6, 0x94 };
	struct tx_access entry;
	struct tx tx = good();
	uint8_t *raw;
	size_t len;

	(void)state;
	memset(&entry, 0, sizeof(entry));
	tx.has |= TX_ACCESSLIST;
	tx.access = &entry;
	tx.naccess = 1;
	assert_int_equal(tx_encode(&tx, NULL, &raw, &len), 0);
	assert_memory_equal(raw + len - 24, expected, sizeof(expected));
	assert_int_equal(raw[len - 1], 0xc0);
	free(raw);
	tx.naccess = 0;
	tx.access = NULL;
	assert_int_equal(tx_encode(&tx, NULL, &raw, &len), 0);
	assert_int_equal(raw[len - 1], 0xc0);
	free(raw);
}

/* Lengths that cannot be are refused before anything is read. */
static void
test_oversize(void **state)
{
	struct tx_access entries[2];
	struct tx tx = good();
	uint8_t *raw = NULL;
	size_t len = 0;

	(void)state;
	memset(entries, 0, sizeof(entries));
	tx.has |= TX_ACCESSLIST;
	tx.access = entries;
	tx.naccess = 2;
	entries[0].nkeys = entries[1].nkeys = SIZE_MAX / 33 + 2;
	errno = 0;
	assert_int_equal(tx_encode(&tx, NULL, &raw, &len), -1);
	assert_int_equal(errno, EMSGSIZE);
	entries[0].nkeys = entries[1].nkeys = ((size_t)1 << 30) / 33 - 9;
	assert_int_equal(tx_encode(&tx, NULL, &raw, &len), -1);
	assert_int_equal(errno, EMSGSIZE);
	tx.has &= ~(uint32_t)TX_ACCESSLIST;
	tx.has |= TX_BLOBHASHES | TX_MAXBLOBFEE;
	tx.nblobs = SIZE_MAX / 33 + 2;
	assert_int_equal(tx_encode(&tx, NULL, &raw, &len), -1);
	tx.has &= ~(uint32_t)TX_BLOBHASHES;
	tx.has |= TX_INPUT;
	tx.input = (const uint8_t *)"";
	tx.inputlen = SIZE_MAX;
	assert_int_equal(tx_encode(&tx, NULL, &raw, &len), -1);
	assert_null(raw);
	assert_int_equal(len, 0);
}

static void
assert_cost(const struct tx *tx, const char *expected)
{
	struct u256 cost;
	char text[U256_DECSIZE];

	memset(&cost, 0x55, sizeof(cost));
	if (expected == NULL) {
		assert_int_equal(tx_max_cost(tx, &cost), -1);
		return;
	}
	assert_int_equal(tx_max_cost(tx, &cost), 0);
	u256_to_dec(&cost, text);
	assert_string_equal(text, expected);
}

static void
test_max_cost(void **state)
{
	struct tx tx = good();

	(void)state;
	assert_cost(&tx, "30000000000000");
	/* Without blobs their fee does not count. */
	u256_from_u64(&tx.max_blob_fee, 5);
	tx.nblobs = 2;
	assert_cost(&tx, "30000000000000");
	tx.has |= TX_BLOBHASHES | TX_MAXBLOBFEE;
	assert_cost(&tx, "30000001310720");
	tx.gas = 0;
	assert_cost(&tx, "1310720");
	tx.nblobs = 3;
	memset(&tx.max_blob_fee, 0, sizeof(tx.max_blob_fee));
	assert_cost(&tx, "0");
}

static void
test_max_cost_overflow(void **state)
{
	struct tx tx = good();

	(void)state;
	/* (2^256 - 1) * 1, then * 2. */
	memset(&tx.max_fee, 0xff, sizeof(tx.max_fee));
	tx.gas = 1;
	assert_cost(&tx, "1157920892373161954235709850086879078532699846656"
	    "40564039457584007913129639935");
	tx.gas = 2;
	assert_cost(&tx, NULL);
	tx.gas = UINT64_MAX;
	assert_cost(&tx, NULL);

	/* The sum alone is too large. */
	tx.gas = 1;
	tx.has |= TX_BLOBHASHES | TX_MAXBLOBFEE;
	tx.nblobs = 1;
	u256_from_u64(&tx.max_blob_fee, 1);
	assert_cost(&tx, NULL);

	/* The blobs alone: 2^239 * 2^17. */
	tx.gas = 0;
	memset(&tx.max_blob_fee, 0, sizeof(tx.max_blob_fee));
	tx.max_blob_fee.b[2] = 0x80;
	assert_cost(&tx, NULL);
	tx.max_blob_fee.b[2] = 0x40;
	assert_cost(&tx, "5789604461865809771178549250434395392663499233282"
	    "0282019728792003956564819968");
	/* More blobs than 64 bits of gas. */
	memset(&tx.max_blob_fee, 0, sizeof(tx.max_blob_fee));
	tx.nblobs = (size_t)1 << 47;
	assert_cost(&tx, NULL);
}

struct text {
	enum refusal	 refusal;
	int		 code;
	const char	*text;
};

static const struct text texts[] = {
	{ REFUSAL_GAS, -32010, "gas not specified" },
	{ REFUSAL_GASPRICE, -32010,
	    "only accepts maxFeePerGas/maxPriorityFeePerGas params" },
	{ REFUSAL_FEES, -32010,
	    "missing maxFeePerGas or maxPriorityFeePerGas" },
	{ REFUSAL_FEEORDER, -32010, "maxFeePerGas < maxPriorityFeePerGas" },
	{ REFUSAL_NONCE, -32010, "nonce not specified" },
	{ REFUSAL_DATAINPUT, -32010,
	    "both \"data\" and \"input\" are set and not equal. Please use "
	    "\"input\" to pass transaction call data" },
	{ REFUSAL_CREATION, -32010,
	    "contract creation without any data provided" },
	{ REFUSAL_CHAIN, -32010, "chain id not specified" },
	{ REFUSAL_BLOBSEMPTY, -32010,
	    "non-null blob versioned hashes should not be empty" },
	{ REFUSAL_BLOBFEE, -32010,
	    "when including blobs a blob-fee-cap is required" },
	{ REFUSAL_NOBLOBS, -32010, "unexpected blob-fee-cap, transaction "
	    "does not include blobs" },
	{ REFUSAL_AUTHSEMPTY, -32010,
	    "non-null auth list should not be empty" },
	{ REFUSAL_CHAINZERO, -32010, "chain id must not be zero" },
	{ REFUSAL_BLOBTO, -32010, "blob transaction without \"to\"" },
	{ REFUSAL_AUTHTO, -32010, "set-code transaction without \"to\"" },
	{ REFUSAL_BLOBAUTH, -32010,
	    "blobs and authorizations in one transaction" },
	{ REFUSAL_TYPE, -32010, "type does not agree with the members" },
	{ REFUSAL_FROM, -32010, "unexpected from address" },
	{ REFUSAL_METHOD, -32011, "method not authorized" },
	{ REFUSAL_TXCHAIN, -32011, "chain not authorized" },
	{ REFUSAL_TO, -32011, "to address not authorized" },
	{ REFUSAL_VALUE, -32011, "value exceeds maximum" },
	{ REFUSAL_FEE, -32011, "fee exceeds maximum" },
	{ REFUSAL_FORBIDDEN, -32000,
	    "Forbidden: client is not authorized to use any keys" },
	{ REFUSAL_DEADLINE, -32006, "deadline exceeded" },
	{ REFUSAL_INTERNAL, -32603, "internal error" },
	{ REFUSAL_MAX, -32603, "internal error" },
	{ (enum refusal)-1, -32603, "internal error" },
};

static void
test_refusals(void **state)
{
	enum refusal a, b;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(refusal_code(texts[i].refusal),
		    texts[i].code);
		assert_string_equal(refusal_text(texts[i].refusal),
		    texts[i].text);
	}
	/* Names are for logs: one word each, no two alike. */
	for (a = REFUSAL_NONE; a < REFUSAL_MAX; a++) {
		assert_non_null(refusal_name(a));
		assert_null(strpbrk(refusal_name(a), " \"="));
		for (b = REFUSAL_NONE; b < a; b++)
			assert_string_not_equal(refusal_name(a),
			    refusal_name(b));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recorded),
		cmocka_unit_test(test_check_order),
		cmocka_unit_test(test_check_calldata),
		cmocka_unit_test(test_calldata),
		cmocka_unit_test(test_type),
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_short_signature),
		cmocka_unit_test(test_empty_access),
		cmocka_unit_test(test_oversize),
		cmocka_unit_test(test_max_cost),
		cmocka_unit_test(test_max_cost_overflow),
		cmocka_unit_test(test_refusals),
	};

	return (cmocka_run_group_tests_name("tx", tests, setup,
	    secrets_teardown));
}
