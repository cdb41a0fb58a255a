/*
 * objects: keyd/payload.o keyd/request.o keyd/keccak.o keyd/sign.o
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
#include <string.h>

#include "keyd/keccak.h"
#include "keyd/payload.h"
#include "regress/unit/secrets_util.h"

/* A request that passes: chain 10, hash 00 01 02 ... 1f. */
static struct payload
good(void)
{
	struct payload payload;
	uint8_t i;

	memset(&payload, 0, sizeof(payload));
	payload.has = PAYLOAD_CHAIN | PAYLOAD_HASH;
	u256_from_u64(&payload.chain_id, 10);
	for (i = 0; i < HASH_SIZE; i++)
		payload.hash[i] = i;
	return (payload);
}

static void
test_encode(void **state)
{
	struct payload payload = good();
	uint8_t out[PAYLOAD_SIZE], expected[PAYLOAD_SIZE];

	(void)state;
	memset(payload.domain, 0xd0, sizeof(payload.domain));
	memset(payload.sender, 0xee, sizeof(payload.sender));
	unhex(expected,
	    "0xd0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0"
	    "d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0"
	    "00000000000000000000000000000000"
	    "0000000000000000000000000000000a"
	    "000102030405060708090a0b0c0d0e0f"
	    "101112131415161718191a1b1c1d1e1f", sizeof(expected));
	payload_encode(&payload, out);
	assert_memory_equal(out, expected, sizeof(out));
	memset(payload.chain_id.b, 0xcc, sizeof(payload.chain_id.b));
	memset(expected + 32, 0xcc, 32);
	payload_encode(&payload, out);
	assert_memory_equal(out, expected, sizeof(out));
}

static const struct {
	const char	*domain;	/* NULL: zeros */
	const char	*signature;
} recorded[] = {
	{ NULL,
	    "0x91b991725cea6753854e49ab797dc93d"
	    "d9b256a5007955c3864859a5887df822"
	    "711f4a79447ae7364d69c4d10a103a4e"
	    "2848fde9e0c1c3abfbe6f63646bac16e00" },
	{ "0x000102030405060708090a0b0c0d0e0f"
	    "101112131415161718191a1b1c1d1e1f",
	    "0x7e0c6ebf9e95a96cbd36afde8abefbd7"
	    "b60ac31ee6f95dcc7598b715584d9596"
	    "386544f20d951a4f745a91ca5bdb827a"
	    "d2fa691a07cd2437d54b40e7c75b9e0601" },
	{ "0xffffffffffffffffffffffffffffffff"
	    "ffffffffffffffffffffffffffffffff",
	    "0x73bf4ed23414de24cd5cdd1e40114376"
	    "0083523f58b7077220827f2f6821f307"
	    "6a0fcc1e2aa5783e3637492b80c1a47a"
	    "663c2a7a45058ee3346243c407d5fc1600" },
};

/* The recorded answers of op-signer, with the key "sequencer". */
static void
test_recorded(void **state)
{
	struct payload payload = good();
	struct signature sig;
	struct sign_key key;
	uint8_t message[PAYLOAD_SIZE], digest[HASH_SIZE], expected[65];
	uint8_t *secret;
	size_t i;

	(void)state;
	secret = secret_alloc(SECRET_SIZE);
	assert_non_null(secret);
	unhex(secret, "0x4e725d0bf5bcca1fe73e29a1af8af9b6"
	    "3e9475de25722fc7611b061005693732", SECRET_SIZE);
	assert_int_equal(sign_key(&key, secret), 0);
	for (i = 0; i < sizeof(recorded) / sizeof(recorded[0]); i++) {
		if (recorded[i].domain != NULL)
			unhex(payload.domain, recorded[i].domain, HASH_SIZE);
		unhex(expected, recorded[i].signature, sizeof(expected));
		payload_encode(&payload, message);
		keccak256(digest, message, sizeof(message));
		assert_int_equal(sign_digest(&key, digest, &sig), 0);
		assert_memory_equal(sig.r, expected, 32);
		assert_memory_equal(sig.s, expected + 32, 32);
		assert_int_equal(sig.v, expected[64]);
	}
	secret_free(secret, SECRET_SIZE);
}

static void
test_check(void **state)
{
	struct payload payload = good();

	(void)state;
	assert_int_equal(payload_check(&payload), REFUSAL_NONE);
	payload.has |= PAYLOAD_SENDER;
	assert_int_equal(payload_check(&payload), REFUSAL_NONE);
	payload.has = 0;
	assert_int_equal(payload_check(&payload), REFUSAL_PCHAIN);
	payload.has = PAYLOAD_HASH;
	assert_int_equal(payload_check(&payload), REFUSAL_PCHAIN);
	payload.has = PAYLOAD_CHAINRANGE;
	assert_int_equal(payload_check(&payload), REFUSAL_PCHAINRANGE);
	payload.has |= PAYLOAD_CHAIN | PAYLOAD_HASH;
	assert_int_equal(payload_check(&payload), REFUSAL_PCHAINRANGE);
	payload.has = PAYLOAD_CHAIN;
	assert_int_equal(payload_check(&payload), REFUSAL_PHASH);
	payload.has |= PAYLOAD_HASHLENGTH;
	assert_int_equal(payload_check(&payload), REFUSAL_PHASHLENGTH);
	payload.has |= PAYLOAD_HASH;
	assert_int_equal(payload_check(&payload), REFUSAL_PHASHLENGTH);
}

/* Every first byte; the ones after it say nothing. */
static void
test_domain_safe(void **state)
{
	uint8_t domain[HASH_SIZE];
	unsigned int i;
	bool safe;

	(void)state;
	for (i = 0; i < 256; i++) {
		safe = i == 0 || (i >= 0x80 && i <= 0xbf) || i == 0xff;
		memset(domain, 0, sizeof(domain));
		domain[0] = (uint8_t)i;
		assert_int_equal(payload_domain_safe(domain), safe);
		memset(domain + 1, 0xf8, sizeof(domain) - 1);
		assert_int_equal(payload_domain_safe(domain), safe);
	}
}

static void
test_refusals(void **state)
{
	static const struct {
		enum refusal	 refusal;
		int		 code;
		const char	*text;
	} payload[] = {
		{ REFUSAL_PCHAIN, -32012, "chainId not specified" },
		{ REFUSAL_PCHAINRANGE, -32012, "chain_id is too large" },
		{ REFUSAL_PHASH, -32012, "payloadHash not specified" },
		{ REFUSAL_PHASHLENGTH, -32012,
		    "payloadHash has unexpected length" },
		{ REFUSAL_CHAINID, -32013, "unexpected chainId" },
		{ REFUSAL_DOMAIN, -32013, "domain not authorized" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(payload) / sizeof(payload[0]); i++) {
		assert_int_equal(refusal_code(payload[i].refusal),
		    payload[i].code);
		assert_string_equal(refusal_text(payload[i].refusal),
		    payload[i].text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encode),
		cmocka_unit_test(test_recorded),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_domain_safe),
		cmocka_unit_test(test_refusals),
	};

	return (cmocka_run_group_tests_name("payload", tests, secrets_setup,
	    secrets_teardown));
}
