/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: keyd/tx.o keyd/rlp.o keyd/sign.o keyd/keccak.o common/secret.o
 * common/hex.o common/u256.o
 * libs: libsecp256k1
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keyd/keccak.h"
#include "keyd/tx.h"
#include "regress/unit/secrets_util.h"
#include "regress/unit/tx_vectors.h"

/*
 * Transactions of EIP-1559, EIP-4844 and EIP-7702 at the ends of what their
 * fields can be: digest and signed bytes as another encoder and another
 * arithmetic have them.  What fills the lists is told by the same rules
 * there.
 */
#define NVECTORS	(sizeof(tx_vectors) / sizeof(tx_vectors[0]))
#define MAXDATA		65536
#define MAXKEYS		64
#define MAXBLOBS	6
#define MAXAUTHS	300

static struct sign_key	 key;
static uint8_t		 data[MAXDATA];
static uint8_t		 keys[MAXKEYS * HASH_SIZE];
static uint8_t		 blobs[MAXBLOBS * HASH_SIZE];
static struct tx_access	 access[5];
static struct tx_auth	 auths[MAXAUTHS];

static void
quantity(struct u256 *n, const char *text)
{
	assert_int_equal(hex_quantity(text, strlen(text), n), HEX_OK);
}

static void
quantity64(uint64_t *n, const char *text)
{
	assert_int_equal(hex_quantity64(text, strlen(text), n), HEX_OK);
}

static void
fill_access(struct tx *tx, const struct tx_vector *v)
{
	uint8_t	*p = keys;
	size_t	 i, k;

	tx->has |= TX_ACCESSLIST;
	tx->access = access;
	tx->naccess = v->naccess;
	for (i = 0; i < v->naccess; i++) {
		memset(access[i].address, (int)i, ADDRESS_SIZE);
		access[i].keys = p;
		access[i].nkeys = v->nkeys[i];
		for (k = 0; k < v->nkeys[i]; k++, p += HASH_SIZE) {
			assert_true(p < keys + sizeof(keys));
			memset(p, (int)i + 1, HASH_SIZE);
			p[0] = (uint8_t)k;
		}
	}
}

static void
fill_blobs(struct tx *tx, const struct tx_vector *v)
{
	size_t	 i;

	assert_true(v->nblobs <= MAXBLOBS);
	tx->has |= TX_BLOBHASHES | TX_MAXBLOBFEE;
	tx->blobs = blobs;
	tx->nblobs = v->nblobs;
	for (i = 0; i < v->nblobs; i++) {
		memset(blobs + i * HASH_SIZE, (int)i, HASH_SIZE);
		blobs[i * HASH_SIZE] = 1;
	}
	quantity(&tx->max_blob_fee, v->blobfee);
}

/* r is 2^256 - 1 shortened by i bytes, s half of it (of the first: 0). */
static void
fill_auth(struct tx_auth *a, size_t i)
{
	size_t	 zeros = i % U256_SIZE;

	memset(a, 0, sizeof(*a));
	if (i == 1)
		memset(&a->chain_id, 0xff, sizeof(a->chain_id));
	else
		u256_from_u64(&a->chain_id, i);
	memset(a->address, (int)(i & 0xff), ADDRESS_SIZE);
	a->nonce = i == 0 ? 0 : UINT64_MAX >> i % 64;
	a->y_parity = (uint8_t)i;
	memset(a->r.b + zeros, 0xff, U256_SIZE - zeros);
	if (i == 0)
		return;
	a->s = a->r;
	a->s.b[zeros] = 0x7f;
}

static void
fill_tx(struct tx *tx, const struct tx_vector *v)
{
	size_t	 i;

	memset(tx, 0, sizeof(*tx));
	tx->has = TX_GAS | TX_MAXFEE | TX_MAXPRIORITYFEE | TX_NONCE |
	    TX_CHAINID | TX_VALUE | TX_TYPE | TX_INPUT;
	tx->type = (uint64_t)v->type;
	quantity(&tx->chain_id, v->chain);
	quantity64(&tx->nonce, v->nonce);
	quantity(&tx->max_priority_fee, v->tip);
	quantity(&tx->max_fee, v->fee);
	quantity64(&tx->gas, v->gas);
	quantity(&tx->value, v->value);
	if (v->to != NULL) {
		tx->has |= TX_TO;
		unhex(tx->to, v->to, ADDRESS_SIZE);
	}
	assert_true(v->datalen <= MAXDATA && v->nauths <= MAXAUTHS);
	tx->input = data;
	tx->inputlen = v->datalen;
	if (v->naccess > 0)
		fill_access(tx, v);
	if (v->nblobs > 0)
		fill_blobs(tx, v);
	if (v->nauths > 0) {
		tx->has |= TX_AUTHLIST;
		tx->auths = auths;
		tx->nauths = v->nauths;
		for (i = 0; i < v->nauths; i++)
			fill_auth(&auths[i], i);
	}
}

static int
setup(void **state)
{
	uint8_t	*secret;
	size_t	 i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + 1);
	if (secrets_setup(state) == -1 ||
	    (secret = secret_alloc(SECRET_SIZE)) == NULL)
		return (-1);
	memset(secret, 0x46, SECRET_SIZE);
	return (sign_key(&key, secret));
}

static void
assert_bytes(const char *name, const char *what, const uint8_t *got,
    const char *wanted)
{
	uint8_t	 bytes[HASH_SIZE];

	unhex(bytes, wanted, sizeof(bytes));
	if (memcmp(got, bytes, sizeof(bytes)) != 0)
		fail_msg("%s: another %s", name, what);
}

static void
sign_vector(const struct tx_vector *v)
{
	struct signature sig;
	struct tx	 tx;
	uint8_t		 digest[HASH_SIZE], hash[HASH_SIZE], *raw;
	size_t		 len;

	fill_tx(&tx, v);
	assert_int_equal(tx_check(&tx), REFUSAL_NONE);
	assert_int_equal(tx_encode(&tx, NULL, &raw, &len), 0);
	keccak256(digest, raw, len);
	free(raw);
	assert_bytes(v->name, "digest", digest, v->digest);
	assert_int_equal(sign_digest(&key, digest, &sig), 0);
	assert_int_equal(tx_encode(&tx, &sig, &raw, &len), 0);
	assert_int_equal(raw[0], v->type);
	if (len != v->len)
		fail_msg("%s: %zu bytes, not %zu", v->name, len, v->len);
	keccak256(hash, raw, len);
	free(raw);
	assert_bytes(v->name, "hash", hash, v->hash);
}

static void
test_vectors(void **state)
{
	size_t	 i;

	(void)state;
	for (i = 0; i < NVECTORS; i++)
		sign_vector(&tx_vectors[i]);
}

/* An absent list and an empty one are the same bytes. */
static void
test_empty_access(void **state)
{
	struct tx	 tx;
	uint8_t		*a, *b;
	size_t		 alen, blen;

	(void)state;
	fill_tx(&tx, &tx_vectors[0]);
	assert_int_equal(tx_encode(&tx, NULL, &a, &alen), 0);
	tx.has |= TX_ACCESSLIST;
	tx.access = access;
	assert_int_equal(tx_check(&tx), REFUSAL_NONE);
	assert_int_equal(tx_encode(&tx, NULL, &b, &blen), 0);
	assert_int_equal(alen, blen);
	assert_memory_equal(a, b, alen);
	free(a);
	free(b);
}

/* What no type has: a creation of these, and a chain of zero in any. */
static void
test_refused(void **state)
{
	struct tx	 tx;
	size_t		 i;

	(void)state;
	for (i = 0; i < NVECTORS; i++) {
		fill_tx(&tx, &tx_vectors[i]);
		memset(&tx.chain_id, 0, sizeof(tx.chain_id));
		assert_int_equal(tx_check(&tx), REFUSAL_CHAINZERO);
		fill_tx(&tx, &tx_vectors[i]);
		tx.has &= ~TX_TO;
		tx.inputlen = 1;
		switch (tx_vectors[i].type) {
		case 3:
			assert_int_equal(tx_check(&tx), REFUSAL_BLOBTO);
			break;
		case 4:
			assert_int_equal(tx_check(&tx), REFUSAL_AUTHTO);
			break;
		default:
			assert_int_equal(tx_check(&tx), REFUSAL_NONE);
		}
		tx.inputlen = 0;
		assert_int_equal(tx_check(&tx), REFUSAL_CREATION);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_empty_access),
		cmocka_unit_test(test_refused),
	};

	return (cmocka_run_group_tests_name("txvectors", tests, setup,
	    secrets_teardown));
}
