/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_NOTIFY_H
#define COMMON_NOTIFY_H

#include <stdint.h>

/*
 * What a service manager is told, by the protocol of sd_notify(3).  Where none
 * asks for it, by NOTIFY_SOCKET in the environment, nothing happens.  What
 * cannot be told is logged, and is no reason to end.
 */

/* Before the sandbox closes: it takes a socket. */
void		 notify_open(void);
/* Serving, for the first time or after notify_reloading(). */
void		 notify_ready(const char *status, ...)
		    __attribute__((format(printf, 1, 2)));
void		 notify_reloading(void);
void		 notify_stopping(void);
/* All is well; where the manager does not read, it is not waited for. */
void		 notify_alive(void);
/*
 * Microseconds within which it wants to hear that, again and again; 0 where it
 * does not.
 */
uint64_t	 notify_watchdog(void);

#endif /* COMMON_NOTIFY_H */
