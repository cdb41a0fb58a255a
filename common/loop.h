/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_LOOP_H
#define COMMON_LOOP_H

struct event_base;

/*
 * The event loop: of one thread, with nothing of the environment, and by the
 * one system call that the sandbox knows.  NULL where that cannot be had.
 * From here on what libevent has to say is a record of the log, also why it
 * gives up, which ends the process with status 1.
 */
struct event_base	*loop_new(void);

#endif /* COMMON_LOOP_H */
