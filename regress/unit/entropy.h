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

#include "regress/unit/rnd.h"

/* In place of the libc's: the same bytes each time; fails when told to. */
static bool		 no_entropy;
static unsigned int	 entropy_calls;

int
getentropy(void *buf, size_t len)
{
	uint8_t	*p = buf;

	entropy_calls++;
	if (no_entropy)
		return (-1);
	while (len-- > 0)
		*p++ = (uint8_t)rnd(256);
	return (0);
}

#endif /* REGRESS_UNIT_ENTROPY_H */
