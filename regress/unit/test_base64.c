/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/base64.o */
/* libs: libcrypto */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/evp.h>

#include "common/base64.h"

static void
test_vectors(void **state)
{
	/* RFC 4648, section 10. */
	static const struct {
		const char	*text;
		const char	*want;
	}	good[] = {
		{ "", "" }, { "Zg==", "f" }, { "Zm8=", "fo" },
		{ "Zm9v", "foo" }, { "Zm9vYg==", "foob" },
		{ "Zm9vYmE=", "fooba" }, { "Zm9vYmFy", "foobar" },
		{ "+/+/", "\xfb\xff\xbf" }, { "/w==", "\xff" },
	};
	uint8_t	out[8];
	size_t	i, n;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		n = strlen(good[i].want);
		memset(out, 0x77, sizeof(out));
		assert_int_equal(base64_decode(out, good[i].text,
		    strlen(good[i].text)), n);
		assert_memory_equal(out, good[i].want, n);
		assert_int_equal(out[n], 0x77);
	}
}

static void
test_size(void **state)
{
	(void)state;
	assert_int_equal(base64_size(0), 0);
	assert_int_equal(base64_size(4), 3);
	assert_int_equal(base64_size(44), 33);
	assert_true(base64_size(SIZE_MAX) <= SIZE_MAX);
	assert_true(base64_size(SIZE_MAX) >= SIZE_MAX / 4 * 3);
}

static void
test_refused(void **state)
{
	static const char *const	bad[] = {
		"Z", "Zg", "Zg=", "Zm8", "Zg===", "Zg== ", " Zg==", "Zg==\n",
		"Zm9v\n", "Zm 9", "=", "==", "====", "Z===", "=Zg=", "Z=g=",
		"Zg==Zg==", "Zm8=Zm9v", "Zm=v", "Zg=a",
		/* Unused bits that are not zero. */
		"Zh==", "Zn==", "Zm9=", "Zm+=",
		/* The other alphabet and neighbours of the ranges. */
		"-_-_", "Zm9@", "Zm9[", "Zm9`", "Zm9{", "Zm9.", "Zm9:",
		"Zm9,", "Zm9*", "\xc3\xa9Zm",
	};
	uint8_t	out[16];
	size_t	i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (base64_decode(out, bad[i], strlen(bad[i])) != -1)
			fail_msg("taken: %s", bad[i]);
	}
	assert_int_equal(base64_decode(out, "Zm\0v", 4), -1);
}

static void
test_alphabet(void **state)
{
	static const char	set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t			out[3];
	char			text[4];
	const char		*p;
	int			c, at;

	(void)state;
	for (at = 0; at < 4; at++) {
		for (c = 0; c < 256; c++) {
			memcpy(text, "AAAA", 4);
			text[at] = (char)c;
			p = c == 0 ? NULL : strchr(set, c);
			if (p == NULL && !(c == '=' && at == 3)) {
				assert_int_equal(base64_decode(out, text, 4),
				    -1);
				continue;
			}
			if (p == NULL)
				continue;
			assert_int_equal(base64_decode(out, text, 4), 3);
			assert_int_equal(out[0] << 16 | out[1] << 8 | out[2],
			    (p - set) << (6 * (3 - at)));
		}
	}
}

/* Against libcrypto's encoder, each length with exactly the room it needs. */
static void
test_lengths(void **state)
{
	uint8_t		in[200], *out;
	unsigned char	text[300];
	size_t		i;
	ssize_t		n;
	int		len;

	(void)state;
	for (i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(i * 151 + 7);
	for (i = 0; i <= sizeof(in); i++) {
		len = EVP_EncodeBlock(text, in, (int)i);
		out = malloc(base64_size((size_t)len) + 1);
		assert_non_null(out);
		n = base64_decode(out, (char *)text, (size_t)len);
		assert_int_equal(n, i);
		assert_memory_equal(out, in, i);
		free(out);
	}
}

static void
test_encode_vectors(void **state)
{
	static const struct {
		const char	*in;
		const char	*want;
	}	cases[] = {
		{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" },
		{ "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
		{ "\xfb\xff\xbf", "+/+/" }, { "\xff", "/w==" },
		{ "\xff\xff\xff", "////" },
	};
	char	out[16];
	size_t	i, n;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		n = strlen(cases[i].want) + 1;
		memset(out, 0x77, sizeof(out));
		base64_encode(out, (const uint8_t *)cases[i].in,
		    strlen(cases[i].in));
		assert_string_equal(out, cases[i].want);
		assert_int_equal(base64_encoded_size(strlen(cases[i].in)), n);
		assert_int_equal(out[n], 0x77);
	}
	assert_true(base64_encoded_size(SIZE_MAX / 2) > SIZE_MAX / 2);
}

/* Against libcrypto's encoder and the decoder, every length. */
static void
test_encode_lengths(void **state)
{
	uint8_t		in[200], back[300];
	unsigned char	want[300];
	size_t		i, n;
	char		*out;

	(void)state;
	for (i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(i * 167 + 11);
	for (i = 0; i <= sizeof(in); i++) {
		n = (size_t)EVP_EncodeBlock(want, in, (int)i) + 1;
		assert_int_equal(base64_encoded_size(i), n);
		assert_non_null(out = malloc(n));
		base64_encode(out, in, i);
		assert_memory_equal(out, want, n);
		assert_int_equal(base64_decode(back, out, n - 1), i);
		assert_memory_equal(back, in, i);
		free(out);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_alphabet),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_encode_vectors),
		cmocka_unit_test(test_encode_lengths),
	};

	return (cmocka_run_group_tests_name("base64", tests, NULL, NULL));
}
