/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: opsign/txdecode.o opsign/rlpread.o keyd/tx.o keyd/rlp.o
 * keyd/keccak.o common/u256.o
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keyd/keccak.h"
#include "opsign/rlpread.h"
#include "opsign/txdecode.h"

static uint8_t			 data[300];
static uint8_t			 keys[3 * HASH_SIZE];
static uint8_t			 blobs[2 * HASH_SIZE];
static struct tx_access		 access[2];
static struct tx_auth		 auths[2];
static struct tx		 tx;
static struct signature		 sig;

/* Another value in every field. */
static void
make(uint32_t kind)
{
	memset(&tx, 0, sizeof(tx));
	memset(data, 0xda, sizeof(data));
	memset(keys, 0x4e, sizeof(keys));
	memset(blobs, 0xb1, sizeof(blobs));
	memset(sig.r, 0x11, sizeof(sig.r));
	memset(sig.s, 0x22, sizeof(sig.s));
	sig.v = 1;
	tx.has = TX_TO | TX_GAS | TX_MAXFEE | TX_MAXPRIORITYFEE | TX_VALUE |
	    TX_NONCE | TX_INPUT | TX_ACCESSLIST | TX_CHAINID | kind;
	memset(tx.to, 0x70, sizeof(tx.to));
	tx.gas = 30000;
	tx.nonce = UINT64_MAX;
	memset(&tx.max_fee, 0xff, sizeof(tx.max_fee));
	u256_from_u64(&tx.max_priority_fee, 3);
	u256_from_u64(&tx.max_blob_fee, 4);
	u256_from_u64(&tx.value, 5);
	u256_from_u64(&tx.chain_id, 10);
	tx.input = data;
	tx.inputlen = sizeof(data);
	access[0].keys = keys;
	access[0].nkeys = 3;
	memset(access[0].address, 0xa0, ADDRESS_SIZE);
	memset(access[1].address, 0xa1, ADDRESS_SIZE);
	access[1].nkeys = 0;
	tx.access = access;
	tx.naccess = 2;
	tx.blobs = blobs;
	tx.nblobs = 2;
	memset(auths, 0x77, sizeof(auths));
	tx.auths = auths;
	tx.nauths = 2;
}

static uint8_t *
encode(size_t *len)
{
	uint8_t *raw;

	assert_int_equal(tx_encode(&tx, &sig, &raw, len), 0);
	return (raw);
}

/* What the type has no room for, the decoder does not make up. */
static void
same(const struct txsigned *t)
{
	const struct tx *d = &t->tx;

	assert_int_equal(d->type, tx_type(&tx));
	assert_int_equal(d->nonce, tx.nonce);
	assert_int_equal(d->gas, tx.gas);
	assert_int_equal(u256_cmp(&d->max_fee, &tx.max_fee), 0);
	assert_int_equal(u256_cmp(&d->max_priority_fee,
	    &tx.max_priority_fee), 0);
	assert_int_equal(u256_cmp(&d->value, &tx.value), 0);
	assert_int_equal(u256_cmp(&d->chain_id, &tx.chain_id), 0);
	assert_int_equal(d->has & TX_TO, tx.has & TX_TO);
	assert_memory_equal(d->to, tx.to, ADDRESS_SIZE);
	assert_int_equal(d->inputlen, sizeof(data));
	assert_memory_equal(d->input, data, sizeof(data));
	assert_int_equal(d->naccess, 2);
	assert_memory_equal(d->access[0].address, access[0].address,
	    ADDRESS_SIZE);
	assert_int_equal(d->access[0].nkeys, 3);
	assert_memory_equal(d->access[0].keys, keys, sizeof(keys));
	assert_memory_equal(d->access[1].address, access[1].address,
	    ADDRESS_SIZE);
	assert_int_equal(d->access[1].nkeys, 0);
	assert_memory_equal(&t->sig, &sig, sizeof(sig));
	assert_int_equal(d->has & (TX_BLOBHASHES | TX_AUTHLIST),
	    tx.has & (TX_BLOBHASHES | TX_AUTHLIST));
}

static void
check_hashes(const struct txsigned *t, const uint8_t *raw, size_t len)
{
	uint8_t hash[KECCAK_SIZE], *bare;
	size_t n;

	keccak256(hash, raw, len);
	assert_memory_equal(hash, t->hash, sizeof(hash));
	assert_int_equal(tx_encode(&tx, NULL, &bare, &n), 0);
	keccak256(hash, bare, n);
	assert_memory_equal(hash, t->digest, sizeof(hash));
	free(bare);
}

static void
check(uint32_t kind, void (*more)(const struct txsigned *))
{
	struct txsigned t;
	uint8_t *raw;
	size_t len;

	make(kind);
	raw = encode(&len);
	assert_null(txdecode(&t, raw, len));
	same(&t);
	check_hashes(&t, raw, len);
	if (more != NULL)
		more(&t);
	txdecode_clear(&t);
	free(raw);
}

static void
same_blobs(const struct txsigned *t)
{
	assert_int_equal(u256_cmp(&t->tx.max_blob_fee, &tx.max_blob_fee), 0);
	assert_int_equal(t->tx.nblobs, 2);
	assert_memory_equal(t->tx.blobs, blobs, sizeof(blobs));
}

static void
same_auths(const struct txsigned *t)
{
	size_t i;

	assert_int_equal(t->tx.nauths, 2);
	for (i = 0; i < 2; i++) {
		assert_memory_equal(&t->tx.auths[i].chain_id,
		    &auths[i].chain_id, U256_SIZE);
		assert_memory_equal(t->tx.auths[i].address, auths[i].address,
		    ADDRESS_SIZE);
		assert_int_equal(t->tx.auths[i].nonce, auths[i].nonce);
		assert_int_equal(t->tx.auths[i].y_parity, auths[i].y_parity);
		assert_memory_equal(&t->tx.auths[i].r, &auths[i].r,
		    U256_SIZE);
		assert_memory_equal(&t->tx.auths[i].s, &auths[i].s,
		    U256_SIZE);
	}
}

static void
test_types(void **state)
{
	(void)state;
	check(0, NULL);
	check(TX_BLOBHASHES | TX_MAXBLOBFEE, same_blobs);
	check(TX_AUTHLIST, same_auths);
}

static void
test_creation(void **state)
{
	struct txsigned t;
	uint8_t *raw;
	size_t len;

	(void)state;
	make(0);
	tx.has &= ~(uint32_t)TX_TO;
	raw = encode(&len);
	assert_null(txdecode(&t, raw, len));
	assert_int_equal(t.tx.has & TX_TO, 0);
	txdecode_clear(&t);
	free(raw);
}

/* Every beginning of one is refused, and so is what has more behind it. */
static void
test_length(void **state)
{
	static const uint32_t kinds[] = { 0, TX_BLOBHASHES | TX_MAXBLOBFEE,
	    TX_AUTHLIST };
	struct txsigned t;
	uint8_t *raw, *longer;
	size_t len, i, k;

	(void)state;
	for (k = 0; k < 3; k++) {
		make(kinds[k]);
		raw = encode(&len);
		for (i = 0; i < len; i++) {
			assert_non_null(txdecode(&t, raw, i));
			txdecode_clear(&t);
		}
		assert_non_null(longer = calloc(1, len + 1));
		memcpy(longer, raw, len);
		assert_string_equal(txdecode(&t, longer, len + 1),
		    "bytes behind the transaction");
		txdecode_clear(&t);
		free(longer);
		free(raw);
	}
}

static void
test_type(void **state)
{
	static const uint8_t types[] = { 0, 1, 5, 0x7f, 0xc0, 0xf8 };
	struct txsigned t;
	uint8_t *raw;
	size_t len, i;

	(void)state;
	make(0);
	raw = encode(&len);
	for (i = 0; i < sizeof(types); i++) {
		raw[0] = types[i];
		assert_string_equal(txdecode(&t, raw, len),
		    "not a transaction of type 2, 3 or 4");
		txdecode_clear(&t);
	}
	/* Of another type there are items too few, or of another kind. */
	raw[0] = 3;
	assert_non_null(txdecode(&t, raw, len));
	txdecode_clear(&t);
	raw[0] = 4;
	assert_non_null(txdecode(&t, raw, len));
	txdecode_clear(&t);
	free(raw);
}

static void
test_parity(void **state)
{
	struct txsigned t;
	uint8_t *raw;
	size_t len;

	(void)state;
	make(0);
	raw = encode(&len);
	/* v, then r and s of 33 bytes each. */
	assert_int_equal(raw[len - 67], 1);
	raw[len - 67] = 2;
	assert_string_equal(txdecode(&t, raw, len),
	    "parity of the signature is malformed");
	txdecode_clear(&t);
	raw[len - 67] = 0;	/* not the form of zero */
	assert_string_equal(txdecode(&t, raw, len),
	    "parity of the signature is malformed");
	txdecode_clear(&t);
	free(raw);
}

/* ---- RLP -------------------------------------------------------------- */

static bool
takes(const char *bytes, size_t len)
{
	struct rlpread in;
	size_t n;

	in.p = (const uint8_t *)bytes;
	in.len = len;
	return (rlpread_count(in, &n) && n == 1);
}

static void
test_canonical(void **state)
{
	char text[60] = "\xb8\x38";

	(void)state;
	assert_true(takes("\x7f", 1));
	assert_true(takes("\x80", 1));
	assert_true(takes("\x81\x80", 2));
	assert_false(takes("\x81\x7f", 2));	/* stands for itself */
	assert_true(takes("\xc1\x7f", 2));
	assert_false(takes("\x82\x01", 2));	/* too short */
	assert_false(takes("\xb8", 1));
	assert_true(takes(text, 58));		/* 56 bytes */
	text[1] = 55;
	assert_false(takes(text, 57));		/* a length for the first byte */
	assert_false(takes("\xb9\x00\x38", 3));	/* with leading zeros */
	assert_false(takes("\xbf\xff\xff\xff\xff\xff\xff\xff\xff", 9));
	assert_false(takes("\xff\xff\xff\xff\xff\xff\xff\xff\xff", 9));
}

static bool
number(const char *bytes, size_t len, uint64_t *n)
{
	struct rlpread in;

	in.p = (const uint8_t *)bytes;
	in.len = len;
	return (rlpread_u64(&in, n));
}

static void
test_numbers(void **state)
{
	struct rlpread in;
	struct u256 big;
	uint8_t text[34];
	uint64_t n;

	(void)state;
	assert_true(number("\x80", 1, &n) && n == 0);
	assert_true(number("\x01", 1, &n) && n == 1);
	assert_true(number("\x82\x01\x00", 3, &n) && n == 256);
	assert_true(number("\x88\xff\xff\xff\xff\xff\xff\xff\xff", 9, &n) &&
	    n == UINT64_MAX);
	assert_false(number("\x00", 1, &n));
	assert_false(number("\x82\x00\x01", 3, &n));
	assert_false(number("\x89\x01\0\0\0\0\0\0\0\0", 10, &n));
	assert_false(number("\xc0", 1, &n));
	memset(text, 0xff, sizeof(text));
	text[0] = 0xa0;
	in.p = text;
	in.len = 33;
	assert_true(rlpread_u256(&in, &big) && big.b[0] == 0xff);
	text[0] = 0xa1;
	in.p = text;
	in.len = 34;
	assert_false(rlpread_u256(&in, &big));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_creation),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_type),
		cmocka_unit_test(test_parity),
		cmocka_unit_test(test_canonical),
		cmocka_unit_test(test_numbers),
	};

	return (cmocka_run_group_tests_name("txdecode", tests, NULL, NULL));
}
