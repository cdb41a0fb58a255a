/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_FAULTS_MEMORY_H
#define REGRESS_FAULTS_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * malloc() and its kin as functions of the program, which the libraries call
 * too.  Each that asks for memory asks memory_fails() first, which whoever
 * links this provides.
 */
enum memory_call {
	MEMORY_MALLOC,
	MEMORY_CALLOC,
	MEMORY_REALLOC
};

bool	memory_fails(enum memory_call);

/* Whether there is any of this here: it wants glibc. */
extern const bool	memory_replaced;
/* Pieces that were handed out and not given back. */
extern int64_t		memory_live;

#endif /* REGRESS_FAULTS_MEMORY_H */
