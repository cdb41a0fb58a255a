/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_TRUSTED_H
#define COMMON_TRUSTED_H

#include <stddef.h>

/*
 * Whether root and we alone decide where the path of a directory leads, and
 * what is in there: every directory from / on, and every symbolic link on the
 * way, is root's or ours, and nobody else can write to any of them, unless it
 * is sticky, where each name is its owner's.  0, or -1 with why it is not so.
 */
int	trusted_directory(const char *path, char *why, size_t size);

#endif /* COMMON_TRUSTED_H */
