/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_STATUSSERVER_H
#define COMMON_STATUSSERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/imsgev.h"
#include "common/metrics_set.h"

struct evbuffer;
struct event_base;
struct statusserver;

/*
 * GET and HEAD of /metrics, /healthz and /readyz, by plain HTTP, one request a
 * connection; for the process of a daemon that has the network.  For metrics
 * it asks the parent (METRICS_WANT), which asks every process, this one
 * included.
 *
 * Who scrapes is not known, so that none of them may cost the daemon's clients
 * anything: few connections, the oldest of which gives way; each has its time;
 * so many are accepted in a second; and the parent is asked once for all who
 * wait, and not again before fifty times as long as it took to show it, or a
 * second.
 */

/* They are to be there as long as the server; see statusserver_commit(). */
struct statusserver_limits {
	uint32_t	max_connections;	/* max metrics-connections */
	uint32_t	timeout;		/* timeout metrics, ms */
};

struct statusserver_config {
	/* The channel to the parent. */
	struct imsgev	*parent;
	/*
	 * By a sorted set, whether the daemon could do now what it is for.
	 * Appends lines of text: why not, and what of it it could not.
	 */
	bool		(*ready)(const struct metrics_set *, struct evbuffer *);
	/* What its own metrics are called in this daemon. */
	enum metric	 requests;		/* path, code */
	enum metric	 connections;
	enum metric	 refused;
	enum metric	 timeouts;
};

/* Without sockets yet.  NULL where memory is short. */
struct statusserver *statusserver_new(struct event_base *,
		    const struct statusserver_limits *,
		    const struct statusserver_config *);
/*
 * Its sockets, as those of httpserver_prepare(): one that is new, which
 * becomes the server's, or with fd -1 one that goes on.  0; or -1 with errno:
 * memory is short, or EINVAL: no socket has that id; fd is then still the
 * caller's.
 */
int		 statusserver_prepare(struct statusserver *, uint32_t id,
		    int fd);
/* In force: others are closed.  Connections go on. */
void		 statusserver_commit(struct statusserver *);
void		 statusserver_discard(struct statusserver *);
/* Closes everything. */
void		 statusserver_stop(struct statusserver *);

/*
 * METRICS_SAMPLE and METRICS_END of the parent.  -1: malformed.
 */
int		 statusserver_message(struct statusserver *, struct imsg *);
/* Its own metrics, for METRICS_ASK. */
void		 statusserver_say(const struct statusserver *,
		    struct metrics_out *);

#endif /* COMMON_STATUSSERVER_H */
