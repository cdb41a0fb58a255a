/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>

#include <stdint.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "common/clock.h"
#include "common/lane.h"
#include "common/turn.h"

#define REST_MIN	200	/* us; less is not worth a pause */
#define REST_MAX	100000

static TAILQ_HEAD(, turn)	 queue = TAILQ_HEAD_INITIALIZER(queue);
static uint64_t			 served[LANES];	/* when, as a count */
static uint64_t			 count;
static uint64_t			 rest;		/* clock_us(): not before */
static struct event		 next;		/* pending: some wait */

static void
wake_next(void)
{
	uint64_t	 now = clock_us(), left;
	struct timeval	 tv;

	/* The base goes by the time when the loop's turn began. */
	(void)event_base_update_cache_time(event_get_base(&next));
	left = rest > now ? rest - now : 0;
	tv.tv_sec = (time_t)(left / 1000000);
	tv.tv_usec = (suseconds_t)(left % 1000000);
	event_add(&next, &tv);
}

static struct turn *
choose(void)
{
	struct turn	*t, *best = NULL;

	TAILQ_FOREACH(t, &queue, entry)
		if (best == NULL || served[t->lane] < served[best->lane])
			best = t;
	return (best);
}

static void
on_next(evutil_socket_t fd, short what, void *arg)
{
	struct turn	*t = choose();
	uint64_t	 began = clock_us(), took;

	(void)fd;
	(void)what;
	(void)arg;
	turn_leave(t);
	served[t->lane] = ++count;
	t->run(t->arg);
	took = clock_us() - began;
	if (took > REST_MAX)
		took = REST_MAX;
	rest = took < REST_MIN ? 0 : began + 2 * took;
	if (!TAILQ_EMPTY(&queue))
		wake_next();
}

void
turn_init(struct turn *t, void (*run)(void *), void *arg)
{
	t->run = run;
	t->arg = arg;
	t->waiting = false;
}

void
turn_join(struct turn *t, struct event_base *base, const char *whose)
{
	if (t->waiting)
		return;
	t->lane = lane_of(whose);
	t->waiting = true;
	if (TAILQ_EMPTY(&queue))
		event_assign(&next, base, -1, 0, on_next, NULL);
	TAILQ_INSERT_TAIL(&queue, t, entry);
	/* It may be that there was no memory for it before. */
	if (!event_pending(&next, EV_TIMEOUT, NULL))
		wake_next();
}

void
turn_leave(struct turn *t)
{
	if (!t->waiting)
		return;
	TAILQ_REMOVE(&queue, t, entry);
	t->waiting = false;
	if (TAILQ_EMPTY(&queue))
		event_del(&next);
}
