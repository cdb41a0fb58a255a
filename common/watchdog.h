/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_WATCHDOG_H
#define COMMON_WATCHDOG_H

struct child;
struct children;
struct imsg;

/*
 * Where a service manager wants to hear now and then that all is well
 * (common/notify.h), it hears so once every child has answered a ping, and
 * only then: a child whose loop stands still has the daemon restarted.  Each
 * time four times within its deadline, so that a child may be late.
 */

/* When all are ready. */
void	watchdog_start(struct children *);
/* A CHILD_PONG.  -1 where none was due, or not of that form. */
int	watchdog_answer(struct child *, struct imsg *);
/* When the daemon stops: nobody is asked any more. */
void	watchdog_stop(struct children *);

#endif /* COMMON_WATCHDOG_H */
