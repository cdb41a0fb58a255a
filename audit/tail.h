/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef AUDIT_TAIL_H
#define AUDIT_TAIL_H

#include <stdbool.h>
#include <stddef.h>

#include "keyd/auditmsg.h"

/*
 * Finds the last record of a file, which is verified against the one before
 * it.  What is behind that, AUDIT_TORNMAX bytes at most, a crash has left: it
 * stays, and *open says that it lacks a newline, which where->torn and
 * where->tornhash have counted in.  0, or -1 and why the chain cannot go on
 * from there.
 */
int	tail_read(int fd, struct audit_where *, bool *open, char *why,
	    size_t size);

#endif /* AUDIT_TAIL_H */
