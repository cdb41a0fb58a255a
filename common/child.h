/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_CHILD_H
#define COMMON_CHILD_H

#include <stdbool.h>
#include <stdint.h>

#include "common/imsgev.h"

struct event_base;
struct sandbox;

/*
 * What every child with an event loop begins and ends with, in this order:
 * child_init(), what has to be loaded before the sandbox closes,
 * child_parent(), child_run().  Faults end the process.
 */

/* The log, the command line, signals; returns the loop. */
struct event_base *child_init(const char *name, int argc, char **argv);
/*
 * The channel to the parent, which may pass descriptors; from here on the log
 * goes there, too, and its pings (common/ping.h) are answered here.  The imsgev
 * is the caller's, and stays.
 */
void		 child_parent(struct imsgev *, uint32_t maxsize,
		    const struct imsgev_cb *, void *arg);
/*
 * For that channel's imsgev_cb: without a parent there is nothing to do.  Of
 * a failure it is told, if it can be.
 */
void		 child_orphaned(struct imsgev *, const char *why, void *arg)
		    __attribute__((noreturn));
/* Drops privileges, enters the sandbox and runs the loop, for good. */
void		 child_run(const struct sandbox *) __attribute__((noreturn));
/*
 * From now on the loop looks again at what has come, and does not sleep, while
 * busy() says so; NULL: it always sleeps.
 */
void		 child_spin(bool (*busy)(void *arg), void *arg);

/*
 * Ends it in order, with status 0, once the parent has taken all that is
 * queued for it, or has not for a second; the loop goes on until then.
 */
void		 child_finish(void);
/*
 * The channel to another child is gone.  Where that one has died the parent
 * ends this one, too, and is given the time to name the one that died first.
 */
void		 child_lost(const char *who, const char *why);

#endif /* COMMON_CHILD_H */
