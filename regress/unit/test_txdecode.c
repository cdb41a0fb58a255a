/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: regress/unit/alloc.o regress/faults/memory.o opsign/txdecode.o
 * opsign/rlpread.o keyd/tx.o keyd/rlp.o keyd/keccak.o common/u256.o
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keyd/keccak.h"
#include "keyd/rlp.h"
#include "opsign/rlpread.h"
#include "opsign/txdecode.h"
#include "regress/unit/alloc.h"

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
	memset(keys + 2 * HASH_SIZE, 0x4f, HASH_SIZE);
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
	access[0].nkeys = 2;
	memset(access[0].address, 0xa0, ADDRESS_SIZE);
	memset(access[1].address, 0xa1, ADDRESS_SIZE);
	access[1].keys = keys + 2 * HASH_SIZE;
	access[1].nkeys = 1;
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
	assert_int_equal(d->access[0].nkeys, 2);
	assert_memory_equal(d->access[0].keys, keys, 2 * HASH_SIZE);
	assert_memory_equal(d->access[1].address, access[1].address,
	    ADDRESS_SIZE);
	assert_int_equal(d->access[1].nkeys, 1);
	assert_memory_equal(d->access[1].keys, access[1].keys, HASH_SIZE);
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

/* ---- Items ------------------------------------------------------------ */

#define BLOB	(TX_BLOBHASHES | TX_MAXBLOBFEE)
#define NITEMS	14		/* at most: of type 3 */

/* The items of a transaction, to have others in their place. */
struct items {
	struct rlpread	 item[NITEMS + 1];
	size_t		 n;
	uint8_t		*raw;
};

static void
split(struct items *t, uint32_t kind)
{
	struct rlpread whole, in, before, items;
	const uint8_t *bytes;
	size_t len;

	make(kind);
	t->raw = encode(&len);
	whole.p = t->raw + 1;
	whole.len = len - 1;
	assert_true(rlpread_list(&whole, &in));
	for (t->n = 0; in.len > 0; t->n++) {
		assert_true(t->n < NITEMS);
		before = in;
		if (!rlpread_list(&in, &items)) {
			in = before;
			assert_true(rlpread_bytes(&in, &bytes, &len));
		}
		t->item[t->n].p = before.p;
		t->item[t->n].len = (size_t)(in.p - before.p);
	}
}

/* What is said of all of it. */
static const char *
said_of(const struct items *t)
{
	struct txsigned decoded;
	const char *why;
	static uint8_t buf[4096];
	uint8_t *raw, *p;
	size_t len = 0, i;

	for (i = 0; i < t->n; i++)
		len += t->item[i].len;
	/* Up to the end of it: a read past that is seen. */
	assert_true(rlp_list_size(len) < sizeof(buf));
	raw = buf + sizeof(buf) - 1 - rlp_list_size(len);
	raw[0] = t->raw[0];
	p = rlp_list(raw + 1, len);
	for (i = 0; i < t->n; i++) {
		memcpy(p, t->item[i].p, t->item[i].len);
		p += t->item[i].len;
	}
	why = txdecode(&decoded, raw, (size_t)(p - raw));
	txdecode_clear(&decoded);
	return (why);
}

/* The same with another item there, or with one more at the end. */
static void
said_with(const struct items *t, size_t at, const char *bytes, size_t len,
    const char *fault)
{
	struct items changed = *t;
	const char *why;

	changed.item[at].p = (const uint8_t *)bytes;
	changed.item[at].len = len;
	changed.n += at == t->n;
	why = said_of(&changed);
	if (fault == NULL)
		assert_null(why);
	else {
		assert_non_null(why);
		assert_string_equal(why, fault);
	}
}

/* Of each type the items, in their order. */
static const struct {
	uint32_t	 kind;
	const char	*faults[NITEMS];
} layouts[] = {
#define COMMON								\
	"chain id is malformed", "nonce is malformed",			\
	"priority fee is malformed", "fee is malformed",		\
	"gas is malformed", "receiver is malformed",			\
	"value is malformed", "data is malformed",			\
	"access list is malformed"
#define SIGNATURE							\
	"parity of the signature is malformed", "signature is malformed", \
	"signature is malformed"
	{ 0, { COMMON, SIGNATURE } },
	{ BLOB, { COMMON, "blob fee is malformed",
	    "blob hashes are malformed", SIGNATURE } },
	{ TX_AUTHLIST, { COMMON, "authorizations are malformed", SIGNATURE } }
};

/* A list where bytes belong, bytes where a list does, and what is too long. */
static void
test_items(void **state)
{
	static const char list[] = "\xc0", bytes[] = "\x80";
	static const char longer[] = "\xa1" "0123456789012345678901234567890"
	    "12";
	struct items t;
	size_t i, k;

	(void)state;
	assert_int_equal(sizeof(longer), 1 + 33 + 1);
	for (i = 0; i < 3; i++) {
		split(&t, layouts[i].kind);
		assert_null(said_of(&t));
		for (k = 0; k < t.n; k++) {
			assert_non_null(layouts[i].faults[k]);
			said_with(&t, k, t.item[k].p[0] < 0xc0 ? list : bytes,
			    1, layouts[i].faults[k]);
			if (k != 7)		/* which can be as long */
				said_with(&t, k, longer, 34,
				    layouts[i].faults[k]);
		}
		assert_true(k == NITEMS || layouts[i].faults[k] == NULL);
		said_with(&t, t.n, "\x01", 1, "items behind the signature");
		free(t.raw);
	}
}

static void
test_no_list(void **state)
{
	struct txsigned t;
	uint8_t bytes[] = { 2, 0x81, 0xc0 };

	(void)state;
	assert_string_equal(txdecode(&t, bytes, sizeof(bytes)),
	    "not a list of RLP");
	txdecode_clear(&t);
	assert_string_equal(txdecode(&t, bytes, 1), "not a list of RLP");
	txdecode_clear(&t);
	/* One of nothing. */
	bytes[1] = 0xc0;
	assert_string_equal(txdecode(&t, bytes, 2), "chain id is malformed");
	txdecode_clear(&t);
}

#define A19	"aaaaaaaaaaaaaaaaaaa"
#define A20	A19 "a"
#define H31	"hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh"
#define H32	H31 "h"
#define BYTES(s)	s, sizeof(s) - 1

struct inner {
	const char	*bytes;
	size_t		 len;
	bool		 good;
};

static void
said_inside(uint32_t kind, size_t at, const struct inner *cases, size_t n,
    const char *fault)
{
	struct items t;
	size_t i;

	split(&t, kind);
	for (i = 0; i < n; i++)
		said_with(&t, at, cases[i].bytes, cases[i].len,
		    cases[i].good ? NULL : fault);
	free(t.raw);
}

static void
test_access(void **state)
{
	static const struct inner cases[] = {
		{ BYTES("\xc0"), true },
		/* The least that an entry has, once and twice. */
		{ BYTES("\xd7\xd6\x94" A20 "\xc0"), true },
		{ BYTES("\xee\xd6\x94" A20 "\xc0\xd6\x94" A20 "\xc0"), true },
		{ BYTES("\xf8\x38\xf7\x94" A20 "\xe1\xa0" H32), true },
		/* No entry; none at all; no address, nor keys. */
		{ BYTES("\xc1\x80"), false },
		{ BYTES("\xc1\xc0"), false },
		{ BYTES("\xc3\xc2\x80\xc0"), false },
		{ BYTES("\xd6\xd5\x94" A20), false },
		{ BYTES("\xd7\xd6\x94" A20 "\x80"), false },
		{ BYTES("\xd6\xd5\x93" A19 "\xc0"), false },
		/* Another item; keys that are none, or too short. */
		{ BYTES("\xd8\xd7\x94" A20 "\xc0\xc0"), false },
		{ BYTES("\xd8\xd7\x94" A20 "\xc1\x80"), false },
		{ BYTES("\xd8\xd7\x94" A20 "\xc1\xc0"), false },
		{ BYTES("\xf7\xf6\x94" A20 "\xe0\x9f" H31), false }
	};

	(void)state;
	said_inside(0, 8, cases, sizeof(cases) / sizeof(cases[0]),
	    "access list is malformed");
}

static void
test_blobs(void **state)
{
	static const struct inner cases[] = {
		{ BYTES("\xc0"), true },
		{ BYTES("\xe1\xa0" H32), true },
		{ BYTES("\xf8\x42\xa0" H32 "\xa0" H32), true },
		{ BYTES("\xe0\x9f" H31), false },
		{ BYTES("\xe2\xa1" H32 "h"), false },
		{ BYTES("\xe2\xa0" H32 "\x80"), false },
		{ BYTES("\xe2\xc0\xa0" H32), false }
	};

	(void)state;
	said_inside(BLOB, 10, cases, sizeof(cases) / sizeof(cases[0]),
	    "blob hashes are malformed");
}

/* Chain, address, nonce, parity, r and s. */
static void
test_auths(void **state)
{
	static const struct inner cases[] = {
		{ BYTES("\xc0"), true },
		{ BYTES("\xdb\xda\x01\x94" A20 "\x02\x80\x03\x04"), true },
		{ BYTES("\xdc\xdb\x01\x94" A20 "\x02\x81\xff\x03\x04"),
		    true },
		{ BYTES("\xc1\x80"), false },
		{ BYTES("\xc1\xc0"), false },
		{ BYTES("\xdb\xda\x01\x94" A20 "\x02\x80\x03\xc0"), false },
		{ BYTES("\xdb\xda\x01\x94" A20 "\x02\x80\xc0\x04"), false },
		{ BYTES("\xdb\xda\x01\x94" A20 "\x02\xc0\x03\x04"), false },
		{ BYTES("\xdb\xda\x01\x94" A20 "\xc0\x80\x03\x04"), false },
		{ BYTES("\xda\xd9\x01\x93" A19 "\x02\x80\x03\x04"),
		    false },
		{ BYTES("\xdb\xda\xc0\x94" A20 "\x02\x80\x03\x04"), false },
		/* A parity of two bytes, an item less and one more. */
		{ BYTES("\xdd\xdc\x01\x94" A20 "\x02\x82\x01\x00\x03"
		    "\x04"), false },
		{ BYTES("\xda\xd9\x01\x94" A20 "\x02\x80\x03"), false },
		{ BYTES("\xdc\xdb\x01\x94" A20 "\x02\x80\x03\x04\x05"),
		    false },
		/* The second is cut off. */
		{ BYTES("\xdd\xda\x01\x94" A20 "\x02\x80\x03\x04\xda\x01"),
		    false }
	};

	(void)state;
	said_inside(TX_AUTHLIST, 9, cases, sizeof(cases) / sizeof(cases[0]),
	    "authorizations are malformed");
}

/* ---- Memory ----------------------------------------------------------- */

static bool
decodes(void *arg)
{
	struct items *t = arg;
	const char *why;

	why = said_of(t);
	if (why != NULL)
		assert_string_equal(why, "out of memory");
	return (why == NULL);
}

/* All that there is beside the bytes: entries, keys, hashes, a copy. */
static void
test_memory(void **state)
{
	static const unsigned int counts[] = { 3, 4, 4 };
	struct items t;
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		split(&t, layouts[i].kind);
		assert_int_equal(alloc_each(decodes, &t, 0), counts[i]);
		free(t.raw);
	}
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
		cmocka_unit_test(test_items),
		cmocka_unit_test(test_no_list),
		cmocka_unit_test(test_access),
		cmocka_unit_test(test_blobs),
		cmocka_unit_test(test_auths),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_canonical),
		cmocka_unit_test(test_numbers),
	};

	return (cmocka_run_group_tests_name("txdecode", tests, NULL, NULL));
}
