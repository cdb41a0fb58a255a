/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: keyd/keystore.o keyd/keystore_json.o keyd/scrypt.o keyd/keccak.o
 * keyd/sign.o common/json.o common/jsonscan.o common/secret.o common/hex.o
 * common/u256.o
 * libs: libcrypto libcjson libsecp256k1
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "keyd/keystore.h"
#include "keyd/scrypt.h"
#include "regress/unit/keystore_vectors.h"
#include "regress/unit/secrets_util.h"

#define NCASES(a)	(sizeof(a) / sizeof((a)[0]))

static bool
is_zero(const uint8_t *secret)
{
	static const uint8_t zeros[SECRET_SIZE];

	return (memcmp(secret, zeros, SECRET_SIZE) == 0);
}

/* ---- Files of others --------------------------------------------------- */

static void
test_vectors(void **state)
{
	struct keystore ks;
	uint8_t secret[SECRET_SIZE], wanted[SECRET_SIZE];
	const struct vector *v;
	size_t i;

	(void)state;
	for (i = 0; i < NCASES(vectors); i++) {
		v = &vectors[i];
		if (keystore_parse(&ks, v->text, strlen(v->text)) !=
		    KEYSTORE_OK)
			fail_msg("%s does not parse", v->name);
		assert_int_equal(keystore_decrypt(&ks, v->password,
		    strlen(v->password), secret), KEYSTORE_OK);
		hex_secret(wanted, v->secret, SECRET_SIZE);
		if (memcmp(secret, wanted, SECRET_SIZE) != 0)
			fail_msg("%s: another key", v->name);
		assert_pool_free();
	}
}

static void
test_address(void **state)
{
	struct keystore ks;
	struct sign_key key;
	uint8_t secret[SECRET_SIZE];

	(void)state;
	assert_int_equal(keystore_parse(&ks, light, strlen(light)),
	    KEYSTORE_OK);
	assert_true(ks.has_address);
	assert_int_equal(keystore_decrypt(&ks, "", 0, secret), KEYSTORE_OK);
	assert_int_equal(sign_key(&key, secret), 0);
	assert_memory_equal(key.address, ks.address, ADDRESS_SIZE);
	assert_int_equal(keystore_parse(&ks, vectors[0].text,
	    strlen(vectors[0].text)), KEYSTORE_OK);
	assert_false(ks.has_address);
}

/* ---- Files that are broken --------------------------------------------- */

/* light with a part of it replaced; freed by the caller. */
static char *
variant(const char *old, const char *new)
{
	const char *at = strstr(light, old);
	size_t size = strlen(light) + strlen(new) + 1;
	char *text;

	if (at == NULL)
		fail_msg("no %s in it", old);
	assert_non_null(text = malloc(size));
	snprintf(text, size, "%.*s%s%s", (int)(at - light), light, new,
	    at + strlen(old));
	return (text);
}

static void
test_broken(void **state)
{
	static const struct keystore zeros;
	struct keystore ks;
	enum keystore_error error;
	size_t i;
	char *text;

	(void)state;
	for (i = 0; i < NCASES(broken); i++) {
		text = variant(broken[i].old, broken[i].new);
		error = keystore_parse(&ks, text, strlen(text));
		if (error != broken[i].error)
			fail_msg("%s -> %s: %s", broken[i].old,
			    broken[i].new, keystore_strerror(error));
		if (error != KEYSTORE_OK)
			assert_memory_equal(&ks, &zeros, sizeof(ks));
		free(text);
	}
}

/* Every text that ends too early. */
static void
test_cut(void **state)
{
	struct keystore ks;
	char *text;
	size_t n;

	(void)state;
	for (n = 0; n < strlen(light); n++) {
		assert_non_null(text = malloc(n + 1));
		memcpy(text, light, n);
		assert_int_equal(keystore_parse(&ks, text, n),
		    KEYSTORE_JSON);
		free(text);
	}
}

/* What is flipped in any of the four is found, as is another password. */
static void
test_damaged(void **state)
{
	struct keystore ks, bad;
	uint8_t secret[SECRET_SIZE];
	size_t i;
	uint8_t *part[4];

	(void)state;
	assert_int_equal(keystore_parse(&ks, light, strlen(light)),
	    KEYSTORE_OK);
	part[0] = bad.ciphertext;
	part[1] = bad.mac;
	part[2] = bad.mac + KEYSTORE_MAC - 1;
	part[3] = bad.salt;
	for (i = 0; i < NCASES(part); i++) {
		bad = ks;
		part[i][0] ^= 1;
		memset(secret, 0x55, sizeof(secret));
		assert_int_equal(keystore_decrypt(&bad, "", 0, secret),
		    KEYSTORE_PASSWORD);
		assert_true(is_zero(secret));
	}
	memset(secret, 0x55, sizeof(secret));
	assert_int_equal(keystore_decrypt(&ks, "x", 1, secret),
	    KEYSTORE_PASSWORD);
	assert_true(is_zero(secret));
	assert_pool_free();
}

/* Where the numbers are the largest, or over it by the least. */
static void
test_costs(void **state)
{
	struct keystore ks;
	char text[64], *whole;
	size_t i;

	(void)state;
	for (i = 0; i < NCASES(costs); i++) {
		snprintf(text, sizeof(text), "\"n\":%llu,\"p\":%llu,"
		    "\"r\":%llu", costs[i].n, costs[i].p, costs[i].r);
		whole = variant("\"n\":2,\"p\":1,\"r\":8", text);
		if (keystore_parse(&ks, whole, strlen(whole)) !=
		    costs[i].error)
			fail_msg("%s", text);
		free(whole);
	}
}

/* ---- Files of ours ----------------------------------------------------- */

static void
fill(struct keystore *ks, enum keystore_kdf kdf)
{
	memset(ks, 0, sizeof(*ks));
	ks->kdf = kdf;
	ks->n = 16;
	ks->r = 8;
	ks->p = 2;
	ks->c = 3;
	ks->salt_len = 32;
	memset(ks->salt, 0x5a, ks->salt_len);
	memset(ks->iv, 0xa5, sizeof(ks->iv));
	memset(ks->id, 0x0f, sizeof(ks->id));
	memset(ks->address, 0xee, sizeof(ks->address));
	ks->has_address = true;
}

static void
assert_both_ways(enum keystore_kdf kdf, const char *password, size_t len)
{
	struct keystore ks, again;
	uint8_t in[SECRET_SIZE], out[SECRET_SIZE];
	char text[KEYSTORE_MAX];
	size_t i, n;

	for (i = 0; i < SECRET_SIZE; i++)
		in[i] = (uint8_t)(i * 7 + 1);
	fill(&ks, kdf);
	assert_int_equal(keystore_encrypt(&ks, password, len, in),
	    KEYSTORE_OK);
	assert_memory_not_equal(ks.ciphertext, in, SECRET_SIZE);
	n = keystore_print(&ks, text, sizeof(text));
	assert_true(n > 0 && n == strlen(text) && text[n - 1] == '\n');
	assert_int_equal(keystore_parse(&again, text, n), KEYSTORE_OK);
	assert_memory_equal(&again.salt, &ks.salt, sizeof(ks.salt));
	assert_memory_equal(&again.mac, &ks.mac, sizeof(ks.mac));
	assert_memory_equal(&again.address, &ks.address, ADDRESS_SIZE);
	assert_int_equal(keystore_decrypt(&again, password, len, out),
	    KEYSTORE_OK);
	assert_memory_equal(in, out, SECRET_SIZE);
	assert_int_equal(keystore_decrypt(&again, password, len - 1, out),
	    KEYSTORE_PASSWORD);
	assert_pool_free();
}

static void
test_both_ways(void **state)
{
	char password[1024];

	(void)state;
	memset(password, 'p', sizeof(password));
	password[3] = '\0';
	password[4] = (char)0xff;
	assert_both_ways(KEYSTORE_SCRYPT, "secret", 6);
	assert_both_ways(KEYSTORE_PBKDF2, "secret", 6);
	assert_both_ways(KEYSTORE_SCRYPT, password, sizeof(password));
	assert_both_ways(KEYSTORE_PBKDF2, password, sizeof(password));
}

static void
test_print(void **state)
{
	struct keystore ks;
	char *text;
	size_t n, size;

	(void)state;
	fill(&ks, KEYSTORE_SCRYPT);
	ks.ciphertext_len = SECRET_SIZE;
	ks.salt_len = KEYSTORE_SALT_MAX;
	ks.n = ks.r = ks.p = UINT64_MAX;
	assert_non_null(text = malloc(KEYSTORE_MAX));
	n = keystore_print(&ks, text, KEYSTORE_MAX);
	assert_true(n > 0);
	assert_non_null(strstr(text,
	    "\"id\":\"0f0f0f0f-0f0f-0f0f-0f0f-0f0f0f0f0f0f\""));
	free(text);
	for (size = 1; size <= n; size++) {
		assert_non_null(text = malloc(size));
		assert_int_equal(keystore_print(&ks, text, size), 0);
		free(text);
	}
}

/* No secret memory, and more memory than is allowed to anyone. */
static void
test_memory(void **state)
{
	struct keystore ks;
	uint8_t secret[SECRET_SIZE];
	void *p;

	(void)state;
	assert_int_equal(keystore_parse(&ks, light, strlen(light)),
	    KEYSTORE_OK);
	assert_non_null(p = secret_alloc(POOL));
	memset(secret, 0x55, sizeof(secret));
	assert_int_equal(keystore_decrypt(&ks, "", 0, secret),
	    KEYSTORE_MEMORY);
	assert_true(is_zero(secret));
	assert_int_equal(keystore_encrypt(&ks, "", 0, secret),
	    KEYSTORE_MEMORY);
	secret_free(p, POOL);
	/* As no file can have it: libcrypto holds to the limit, too. */
	ks.n = 1ULL << 24;
	memset(secret, 0x55, sizeof(secret));
	assert_int_equal(keystore_decrypt(&ks, "", 0, secret),
	    KEYSTORE_LIBRARY);
	assert_true(is_zero(secret));
	assert_pool_free();
}

/* ---- scrypt ------------------------------------------------------------ */

/* RFC 7914, section 12: the first one, whose r is 1. */
static void
test_scrypt_vector(void **state)
{
	static const char wanted[] =
	    "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
	    "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906";
	uint8_t out[64];
	char hex[128];

	(void)state;
	assert_int_equal(scrypt_r1("", 0, (const uint8_t *)"", 0, 16, 1, out,
	    sizeof(out)), 0);
	hex_encode(hex, out, sizeof(out));
	assert_memory_equal(hex, wanted, sizeof(hex));
}

/* Where libcrypto does it, too. */
static void
test_scrypt_agrees(void **state)
{
	static const uint8_t salt[] = "NaCl";
	uint8_t ours[48], theirs[48];
	uint64_t n, p;

	(void)state;
	for (n = 2; n <= 32768; n *= 2)
		for (p = 1; p <= 3; p++) {
			assert_int_equal(scrypt_r1("pass", 4, salt, 4, n, p,
			    ours, sizeof(ours)), 0);
			assert_int_equal(EVP_PBE_scrypt("pass", 4, salt, 4,
			    n, 1, p, 1 << 26, theirs, sizeof(theirs)), 1);
			assert_memory_equal(ours, theirs, sizeof(ours));
		}
}

static void
test_scrypt_memory(void **state)
{
	uint8_t out[32] = { 0 };

	(void)state;
#ifdef SIGNERD_SANITIZE
	/* Its reallocarray(3) ends the process instead. */
	skip();
#endif
	assert_int_equal(scrypt_r1("", 0, out, 0, 1ULL << 60, 1, out,
	    sizeof(out)), -1);
	assert_int_equal(scrypt_r1("", 0, out, 0, 2, 1ULL << 60, out,
	    sizeof(out)), -1);
}

static void
test_strerror(void **state)
{
	enum keystore_error a, b;

	(void)state;
	for (a = KEYSTORE_OK; a < KEYSTORE_MAXERROR; a++) {
		assert_non_null(keystore_strerror(a));
		for (b = KEYSTORE_OK; b < a; b++)
			assert_string_not_equal(keystore_strerror(a),
			    keystore_strerror(b));
	}
	assert_string_equal(keystore_strerror(KEYSTORE_MAXERROR),
	    "unknown error");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_address),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_costs),
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_scrypt_vector),
		cmocka_unit_test(test_scrypt_agrees),
		cmocka_unit_test(test_scrypt_memory),
		cmocka_unit_test(test_strerror),
	};

	return (cmocka_run_group_tests_name("keystore", tests, secrets_setup,
	    secrets_teardown));
}
