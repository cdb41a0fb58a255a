/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_UNIT_ALLOC_H
#define REGRESS_UNIT_ALLOC_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "regress/faults/memory.h"

/*
 * Has each allocation of a scenario fail in turn: the first in one run, the
 * second in the next, until a run makes fewer.  Wants the objects
 * regress/unit/alloc.o and regress/faults/memory.o.
 *
 * A scenario begins with nothing and leaves nothing behind.  It returns
 * whether it went well; when it did, what came of it must have been checked
 * to be right.
 */
typedef bool	alloc_scenario(void *arg);

/*
 * Fails the test unless the first and the last run, where nothing fails, go
 * well, every other one says that it did not (but for `tolerated` of them),
 * and none leaves memory behind.  Returns how many allocations failed.
 */
unsigned int	alloc_each(alloc_scenario *, void *arg, unsigned int tolerated);
/* The same, but NULL or what is wrong when the *n'th allocation fails. */
const char	*alloc_fault(alloc_scenario *, void *arg,
		    unsigned int tolerated, unsigned int *n);
/*
 * The same of what ends the process with status 1 and a text on stderr where
 * memory is short: each run is one of a child.
 */
unsigned int	alloc_each_fatal(alloc_scenario *, void *arg, const char *text);

/*
 * Between these two nothing fails or is counted: for what a test does on its
 * own account in a scenario.
 */
void		alloc_pause(void);
void		alloc_resume(void);

#endif /* REGRESS_UNIT_ALLOC_H */
