/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_UNIT_ENTROPY_H
#define REGRESS_UNIT_ENTROPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

/* In place of the libc's: the same bytes each time; fails when told to. */
static bool	 no_entropy;

int
getentropy(void *buf, size_t len)
{
	static uint64_t	 n;
	uint8_t		*p = buf;

	if (no_entropy)
		return (-1);
	while (len-- > 0) {
		n = n * 6364136223846793005ULL + 1442695040888963407ULL;
		*p++ = (uint8_t)(n >> 56);
	}
	return (0);
}

#endif /* REGRESS_UNIT_ENTROPY_H */
