/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_TLSIDLE_H
#define COMMON_TLSIDLE_H

/*
 * Has every TLS connection of this process that is made from now on give back
 * its buffers, of 17 kB each way, while nothing is under way on it.  -1 where
 * memory is short.
 */
int	tlsidle_init(void);

#endif /* COMMON_TLSIDLE_H */
