/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/hex.o common/u256.o */

/*
 * Quantities and byte strings in hex: what is taken is, written again, the
 * same but for the case of letters; the narrow readers agree with the wide.
 */

#include <ctype.h>

#include "common/hex.h"
#include "regress/fuzz/fuzz.h"

static void
lower(char *s, size_t n)
{
	size_t	 i;

	for (i = 0; i < n; i++)
		s[i] = (char)tolower((unsigned char)s[i]);
}

/* text is in lower case, raw as it came. */
static void
quantity(const char *raw, const char *text, size_t size)
{
	struct u256	 v;
	enum hex_error	 e, narrow;
	uint64_t	 n, m = 0;
	char		 out[HEX_QUANTITYSIZE];
	size_t		 i;

	memset(&v, 0, sizeof(v));
	e = hex_quantity(raw, size, &v);
	narrow = hex_quantity64(raw, size, &n);
	FUZZ_ASSERT(hex_strerror(e) != NULL && hex_strerror(narrow) != NULL);
	if (e != HEX_OK) {
		FUZZ_ASSERT(narrow == e);
		return;
	}
	hex_from_quantity(out, &v);
	FUZZ_ASSERT(strlen(out) == size && memcmp(out, text, size) == 0);
	for (i = 0; i < U256_SIZE; i++)
		m = m << 8 | v.b[i];
	for (i = 0; i < U256_SIZE - 8; i++)
		if (v.b[i] != 0)
			break;
	FUZZ_ASSERT(narrow == (i < U256_SIZE - 8 ? HEX_RANGE : HEX_OK));
	FUZZ_ASSERT(narrow != HEX_OK || n == m);
}

static void
bytes(const char *raw, const char *text, size_t size)
{
	uint8_t		*out, *fixed;
	char		*again;
	size_t		 n = 0;
	enum hex_error	 e;

	FUZZ_ASSERT((out = malloc(hex_bytes_size(size) + 1)) != NULL);
	if ((e = hex_bytes(raw, size, out, &n)) == HEX_OK) {
		FUZZ_ASSERT(size == 2 + 2 * n && n == hex_bytes_size(size));
		FUZZ_ASSERT((again = malloc(2 * n + 1)) != NULL);
		hex_encode(again, out, n);
		FUZZ_ASSERT(memcmp(again, text + 2, 2 * n) == 0);
		FUZZ_ASSERT(raw[0] == '0' && text[1] == 'x');
		free(again);
		FUZZ_ASSERT((fixed = malloc(n + 1)) != NULL);
		FUZZ_ASSERT(hex_fixed(raw, size, fixed, n) == HEX_OK);
		FUZZ_ASSERT(memcmp(fixed, out, n) == 0);
		FUZZ_ASSERT(hex_fixed(raw, size, fixed, n + 1) ==
		    HEX_LENGTH);
		free(fixed);
	} else
		FUZZ_ASSERT(hex_strerror(e)[0] != '\0');
	free(out);
	FUZZ_ASSERT((fixed = malloc(20)) != NULL);
	if (hex_fixed(raw, size, fixed, 20) == HEX_OK) {
		char	 address[HEX_ADDRESSSIZE];

		hex_from_address(address, fixed);
		FUZZ_ASSERT(size == 42 && memcmp(address, text, 42) == 0);
	}
	free(fixed);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	*raw, *text;
	size_t	 i;
	int	 d;

	raw = fuzz_copy(data, size);
	text = fuzz_copy(data, size);
	lower(text, size);
	quantity(raw, text, size);
	bytes(raw, text, size);
	for (i = 0; i < size; i++) {
		d = hex_digit(raw[i]);
		FUZZ_ASSERT(d == -1 ||
		    "0123456789abcdef"[d] == text[i]);
		FUZZ_ASSERT((d != -1) == (raw[i] != '\0' &&
		    strchr("0123456789abcdef", text[i]) != NULL));
	}
	free(text);
	free(raw);
	return (0);
}
