/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_RESIDENT_H
#define COMMON_RESIDENT_H

#include <sys/types.h>

#include <stdint.h>

/* Bytes of memory that a process has in use; 0: not to be known. */
uint64_t	 resident_bytes(pid_t);

#endif /* COMMON_RESIDENT_H */
