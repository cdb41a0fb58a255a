/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_SECRET_H
#define COMMON_SECRET_H

#include <stddef.h>
#include <stdint.h>

/*
 * Memory for private keys: one pool a process, made before the sandbox
 * closes and never grown, in which secrets are handed out and wiped.  It is
 * memfd_secret(2) memory where the kernel has it (no other process, and not
 * the kernel's own copy calls, can map or read it), else anonymous memory
 * that is locked, excluded from core dumps and not inherited by fork.
 */

/*
 * Makes the pool of at least size bytes.  Returns 0, or -1 with errno: the
 * memory could not be had or locked.
 */
int	 secret_init(size_t size);
/* "memfd_secret", "mlock" or (before secret_init) "none". */
const char *secret_kind(void);
/*
 * size bytes of zeros, aligned for any object, or NULL where the pool is
 * used up.  To be given back with secret_free, which wipes.
 */
void	*secret_alloc(size_t size);
void	 secret_free(void *, size_t size);
/* Wipes and unmaps the whole pool. */
void	 secret_exit(void);
/*
 * Wipes the part of the stack that deeper calls may have used, and the vector
 * registers (of x86-64 and arm64), after work with a secret.
 */
void	 secret_wipe_stack(void);

#endif /* COMMON_SECRET_H */
