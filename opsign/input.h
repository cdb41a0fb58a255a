/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef OPSIGN_INPUT_H
#define OPSIGN_INPUT_H

#include <stddef.h>
#include <stdint.h>

#define INPUT_MAX	(32 * 1024 * 1024)

/*
 * A whole file, "-" being standard input, with a NUL behind it; to be freed.
 * NULL with the reason on standard error.
 */
uint8_t	*input_read(const char *path, size_t *len);

#endif /* OPSIGN_INPUT_H */
