/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>

#include <stdint.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "common/clock.h"
#include "common/handshake.h"

/* us; one that seems to take longer was not let run by the system. */
#define STEP_MAX	10000

/* Those with handshakes that wait; the first one's turn is the next. */
static TAILQ_HEAD(, handshake_source) sources =
    TAILQ_HEAD_INITIALIZER(sources);
static struct handshake_source	 common;	/* of whoever has none */
static uint32_t			 waiting;
static struct event		 next;		/* pending: some wait */

static uint32_t			 percent = HANDSHAKE_PERCENT;
static uint32_t			 requests;	/* under way */
static uint64_t			 asked;		/* clock_us(): when one was */
static uint64_t			 ended;		/* the last step */
static uint64_t			 took;
static bool			 stepping;
static bool			 deferring;	/* the next step is */
static uint64_t			 deferred;

/* ---- When ------------------------------------------------------------- */

/* clock_us(): no step before, as things are. */
static uint64_t
earliest(void)
{
	uint64_t	 rest = ended + took * (100 - percent) / percent;
	uint64_t	 quiet = asked + took;

	return (requests > 0 || rest < quiet ? rest : quiet);
}

static void
wake(void)
{
	uint64_t	 at = earliest(), now = clock_us(), left;
	struct timeval	 tv;

	left = at > now ? at - now : 0;
	if (left > 0 && !deferring) {
		deferring = true;
		deferred++;
	}
	/* The base goes by the time when the loop's turn began. */
	if (left > 0)
		(void)event_base_update_cache_time(event_get_base(&next));
	tv.tv_sec = (time_t)(left / 1000000);
	tv.tv_usec = (suseconds_t)(left % 1000000);
	/* Where there is no memory for that, at once. */
	if (event_add(&next, &tv) == -1) {
		took = 0;
		event_active(&next, EV_TIMEOUT, 0);
	}
}

/* ---- Who -------------------------------------------------------------- */

static struct handshake *
take_first(void)
{
	struct handshake_source	*s = TAILQ_FIRST(&sources);
	struct handshake	*h = TAILQ_FIRST(&s->waiting);

	/* If it has more, these wait until all others had their turn. */
	TAILQ_REMOVE(&s->waiting, h, entry);
	TAILQ_REMOVE(&sources, s, entry);
	if (!TAILQ_EMPTY(&s->waiting))
		TAILQ_INSERT_TAIL(&sources, s, entry);
	h->waits = false;
	h->steps++;
	waiting--;
	return (h);
}

static void
on_next(evutil_socket_t fd, short what, void *arg)
{
	struct handshake	*h;
	uint64_t		 began = clock_us();

	(void)fd;
	(void)what;
	(void)arg;
	/* Requests may have come since. */
	if (earliest() > began) {
		wake();
		return;
	}
	h = take_first();
	deferring = false;
	stepping = true;
	h->step(h->arg);
	stepping = false;
	ended = clock_us();
	took = ended - began;
	if (took > STEP_MAX)
		took = STEP_MAX;
	if (waiting > 0)
		wake();
}

void
handshake_source_init(struct handshake_source *s)
{
	TAILQ_INIT(&s->waiting);
}

void
handshake_init(struct handshake *h, struct handshake_source *source,
    void (*step)(void *), void *arg)
{
	if (common.waiting.tqh_last == NULL)
		handshake_source_init(&common);
	h->source = source != NULL ? source : &common;
	h->step = step;
	h->arg = arg;
	h->steps = 0;
	h->waits = false;
}

void
handshake_join(struct handshake *h, struct event_base *base)
{
	if (h->waits)
		return;
	if (waiting++ == 0)
		event_assign(&next, base, -1, 0, on_next, NULL);
	if (TAILQ_EMPTY(&h->source->waiting))
		TAILQ_INSERT_TAIL(&sources, h->source, entry);
	/* Not one more of them: input in pieces would be a step each. */
	if (h->steps == 1)
		TAILQ_INSERT_HEAD(&h->source->waiting, h, entry);
	else
		TAILQ_INSERT_TAIL(&h->source->waiting, h, entry);
	h->waits = true;
	if (waiting == 1 && !stepping)
		wake();
}

void
handshake_leave(struct handshake *h)
{
	if (!h->waits)
		return;
	TAILQ_REMOVE(&h->source->waiting, h, entry);
	if (TAILQ_EMPTY(&h->source->waiting))
		TAILQ_REMOVE(&sources, h->source, entry);
	h->waits = false;
	if (--waiting == 0) {
		event_del(&next);
		deferring = false;
	}
}

/* ---- Whose the time is ------------------------------------------------ */

void
handshake_set_percent(uint32_t n)
{
	percent = n;
}

void
handshake_request(void)
{
	requests++;
}

void
handshake_request_done(void)
{
	if (--requests > 0)
		return;
	asked = clock_us();
	/* Perhaps earlier than it was with requests. */
	if (waiting > 0 && !stepping)
		wake();
}

bool
handshake_requests(void)
{
	return (requests > 0);
}

uint32_t
handshake_waiting(void)
{
	return (waiting);
}

uint64_t
handshake_deferred(void)
{
	return (deferred);
}
