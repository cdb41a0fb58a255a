/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/base64.o */

/*
 * Base64 has one text for some bytes and one row of bytes for a text: what
 * decodes is written the same, and all that is written decodes.
 */

#include "common/base64.h"
#include "regress/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	*text, *copy;
	uint8_t	*out;
	size_t	 room;
	ssize_t	 n;

	copy = fuzz_copy(data, size);
	FUZZ_ASSERT((out = malloc(base64_size(size) + 1)) != NULL);
	if ((n = base64_decode(out, copy, size)) != -1) {
		FUZZ_ASSERT((size_t)n <= base64_size(size));
		room = base64_encoded_size((size_t)n);
		FUZZ_ASSERT(room == size + 1);
		FUZZ_ASSERT((text = malloc(room)) != NULL);
		base64_encode(text, out, (size_t)n);
		FUZZ_ASSERT(memcmp(text, copy, room - 1) == 0);
		FUZZ_ASSERT(text[room - 1] == '\0');
		free(text);
	}
	free(out);
	room = base64_encoded_size(size);
	FUZZ_ASSERT((text = malloc(room)) != NULL);
	base64_encode(text, data, size);
	FUZZ_ASSERT(strlen(text) == room - 1 && room - 1 == (size + 2) / 3 *
	    4);
	FUZZ_ASSERT((out = malloc(base64_size(room - 1))) != NULL ||
	    room == 1);
	FUZZ_ASSERT(base64_decode(out, text, room - 1) == (ssize_t)size);
	FUZZ_ASSERT(size == 0 || memcmp(out, data, size) == 0);
	free(out);
	free(text);
	free(copy);
	return (0);
}
