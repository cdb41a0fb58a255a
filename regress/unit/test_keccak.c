/* objects: keyd/keccak.o common/hex.o common/u256.o */
/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "keyd/keccak.h"

#define PATTERN	1200

/* Of the first bytes of the pattern 3, 10, 17, ... (modulo 256). */
static const struct {
	size_t		 len;
	const char	*hash;
} vectors[] = {
	{ 0, "c5d2460186f7233c927e7db2dcc703c0"
	    "e500b653ca82273b7bfad8045d85a470" },
	{ 1, "69c322e3248a5dfc29d73c5b0553b018"
	    "5a35cd5bb6386747517ef7e53b15e287" },
	{ 31, "8522dc30be01c01348c0591309ac2948"
	    "c9ae4ce02facbb745f85a5297286d3dd" },
	{ 32, "04d1b47ed3b04c5ff6a0280293cb2ab5"
	    "5bd297c9c2e0c3449831b419285d7df2" },
	{ 64, "0251cf13aa5b18f1cbda7cddbe85f3dc"
	    "536fc93df590c2d20ca9b28af1ed2c39" },
	{ 96, "99801ef8a6af6467c96601ca8f5c685e"
	    "3af013e0b3bb568072eba51c370c0129" },
	{ 127, "fa3cd4a949bae0f7690ff5c8cbc6dc03"
	    "32d192d790ab4d80dc97ba37b6569deb" },
	{ 128, "1c51c71b758998e7b841d7abde03b6f2"
	    "b3e76b0313ed687269c30e16bb3aa488" },
	{ 134, "0c00ddc2482876f8fa8cc91ed55deedf"
	    "61049892967f383560faf8a5787f86c5" },
	{ 135, "00ef96af9cf4b24c7f269d922294444a"
	    "197d0a33638c2e56634c57e892103a8f" },
	{ 136, "742061bcad767ed4c4f5883b1dcb1aad"
	    "11afdcc140dc469d953759b127b9f9ed" },
	{ 137, "e3371f61e770abf254c34239c3b0099a"
	    "d90594507415bc81dd0a10b9692bbf2a" },
	{ 138, "27add0bac0d5b2ea84755cca7b588e19"
	    "c813eceec7f4843111b907ca20b55705" },
	{ 143, "6cd157df2e0156134b4e3f16bd8eeea0"
	    "fc1f7f3504f1380a06ff94b54142be95" },
	{ 144, "3762d4fcb83a69d2e5e97f500cb26b3e"
	    "d3e4efc8a06787064be4a8b39d76f50e" },
	{ 200, "66d2cdf3ab4c5bd3c75add9b60b14ac5"
	    "b7789534fa2da3f348853b847359a3a0" },
	{ 271, "4401c4afbe16ff911bdbf2d38e556e5b"
	    "861f3fdf0f9d4306b1c46f6ae4f73584" },
	{ 272, "ac141fd7b0a0ffcd2e967254d508da3e"
	    "c616596493c36fa304425647d90e6de5" },
	{ 273, "16192ea86793083e47731cb3c970600f"
	    "04768414d92bc0540e54ce8607a0fce0" },
	{ 407, "1164f64ea38b522d5e20b774066d1649"
	    "241b675f5692186bc85d064454318c9f" },
	{ 408, "e2e4d43589211efebc5d5470122a6c40"
	    "89d989bbc8e03bf72217226dc90696cc" },
	{ 409, "9ae9ac74fbbcdffdbef67825dfadedfc"
	    "ef4d0b2d3dde7a763d61fb5f96219419" },
	{ 1000, "80cdc8dd52cbb3dbaea8f383209893fa"
	    "2bb52efbd5aedbb4b26dcfe307fcdc9b" },
	{ 1088, "247251f595a2d50595311233f353243c"
	    "504d137d6aebafe9a74def0d23520f26" },
};

static void
assert_hash(const void *data, size_t len, const char *expected)
{
	uint8_t hash[KECCAK_SIZE];
	char text[2 * KECCAK_SIZE + 1] = "";

	keccak256(hash, data, len);
	hex_encode(text, hash, sizeof(hash));
	assert_string_equal(text, expected);
}

static void
fill_pattern(uint8_t *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		p[i] = (uint8_t)(i * 7 + 3);
}

static void
test_known(void **state)
{
	(void)state;
	assert_hash(NULL, 0, "c5d2460186f7233c927e7db2dcc703c0"
	    "e500b653ca82273b7bfad8045d85a470");
	assert_hash("abc", 3, "4e03657aea45a94fc7d47ba826c8d667"
	    "c0d1e6e33a64a036ec44f58fa12d6c45");
}

static void
test_lengths(void **state)
{
	uint8_t data[PATTERN];
	size_t i;

	(void)state;
	fill_pattern(data, sizeof(data));
	for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
		assert_hash(data, vectors[i].len, vectors[i].hash);
}

/* The hash of the hashes of the first 0, 1, ... 699 bytes. */
static void
test_every_length(void **state)
{
	uint8_t data[PATTERN], *hashes;
	size_t i;

	(void)state;
	fill_pattern(data, sizeof(data));
	hashes = malloc(700 * KECCAK_SIZE);
	assert_non_null(hashes);
	for (i = 0; i < 700; i++)
		keccak256(hashes + i * KECCAK_SIZE, data, i);
	assert_hash(hashes, 700 * KECCAK_SIZE,
	    "d11ae6119e88475d169a260be75695a7"
	    "842b4f372e6284052b1eec58e810fef1");
	free(hashes);
}

static void
test_long(void **state)
{
	uint8_t *data;

	(void)state;
	data = malloc(1000000);
	assert_non_null(data);
	memset(data, 0xa5, 1000000);
	assert_hash(data, 1000000, "df70b1cc69a0e51fde7d62fd0fd6e287"
	    "187bdcd24a9677dbb6bf3c6abdeea392");
	free(data);
}

/* Exactly len bytes are read, at any alignment; data may be the output. */
static void
test_bounds(void **state)
{
	uint8_t data[PATTERN], hash[KECCAK_SIZE], *p;
	size_t i;

	(void)state;
	fill_pattern(data, sizeof(data));
	for (i = 130; i < 280; i++) {
		p = malloc(i);
		assert_non_null(p);
		memcpy(p, data, i);
		keccak256(hash, p, i);
		free(p);
		p = malloc(i + 3);
		assert_non_null(p);
		memcpy(p + 3, data, i);
		keccak256(p + 3, p + 3, i);
		assert_memory_equal(hash, p + 3, sizeof(hash));
		free(p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_bounds),
	};

	return (cmocka_run_group_tests_name("keccak", tests, NULL, NULL));
}
