/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_GATHER_H
#define COMMON_GATHER_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>

#include "common/children.h"
#include "common/metrics.h"

struct event;
struct gather;
struct gather_chunk;

/*
 * The parent's part in metrics: asks all of its children at once, waits at
 * most a second, and hands what they and itself have said to all who want it.
 * Who comes while one is under way is part of the next.  They begin at most
 * ten times a second, however many want one.
 *
 * What children say is checked: its form, that the metric is one of theirs to
 * say (metric_def.from), and how much it is.
 */
#define GATHER_TIMEOUT	1000	/* ms */
#define GATHER_PAUSE	100	/* ms, from one's beginning to the next */

/* Who wants it; the caller's, until done() or gather_forget(). */
struct gather_ask {
	TAILQ_ENTRY(gather_ask) entry;
	/* A piece: whole samples, as metrics_decode() reads them. */
	void	(*samples)(const void *, size_t len, void *arg);
	/* That was all; another may be asked for. */
	void	(*done)(void *arg);
	void	*arg;
};
TAILQ_HEAD(gather_asks, gather_ask);

struct gather_cb {
	/*
	 * A sample of a child that has answered in time; before own().  May
	 * be NULL.
	 */
	void	(*seen)(const struct metric_sample *, void *arg);
	/* Samples of the parent, beside `up`. */
	void	(*own)(struct metrics_out *, void *arg);
};

/* Of a child; in the order of the children's array. */
struct gather_child {
	bool			 asked;
	bool			 ended;
	uint64_t		 missed;	/* deadlines */
	unsigned int		 unread;	/* asks, at most */
	struct gather_chunk	*first;
	struct gather_chunk	**last;
	size_t			 bytes;
	size_t			 nsamples;
};
#define GATHER_CHILDREN	64

struct gather {
	struct children		*set;
	const struct gather_cb	*cb;
	void			*arg;
	enum metric		 up;
	const char		*server;	/* the child that serves them */
	uint32_t		 id;		/* of the last one */
	bool			 running;
	uint64_t		 begun;		/* clock_us() */
	struct event		*timer;		/* deadline, or pause */
	struct gather_asks	 now;
	struct gather_asks	 next;
	struct gather_child	 children[GATHER_CHILDREN];
	struct gather_child	 own;		/* the parent's */
	/* The server's question. */
	struct gather_ask	 want;
	struct event		*later;		/* it has much to read yet */
	bool			 wanted;
	uint32_t		 want_id;
};

/*
 * After children_init(); set->gather is this from then on.  up: signerd's or
 * proxyd's gauge of processes; server: the child that may say METRICS_WANT, of
 * several the first.
 * Ends the process where memory is short.
 */
void	gather_init(struct gather *, struct children *,
	    const struct gather_cb *, void *arg, enum metric up,
	    const char *server);
/* done() comes later, from the loop, unless the daemon stops before. */
void	gather_begin(struct gather *, struct gather_ask *);
/* It is not wanted any more. */
void	gather_forget(struct gather *, struct gather_ask *);
/* A message of a child with one of the types of metrics.  -1: out of order. */
int	gather_message(struct gather *, struct child *, struct imsg *);

#endif /* COMMON_GATHER_H */
