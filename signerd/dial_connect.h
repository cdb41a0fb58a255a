/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef SIGNERD_DIAL_CONNECT_H
#define SIGNERD_DIAL_CONNECT_H

#include <stddef.h>

#include "signerd/dial_address.h"

struct event_base;

/*
 * A race of connections to the addresses of one name (RFC 8305): IPv6 and
 * IPv4 take turns, IPv6 first; the next one starts 250 ms after the last, or
 * when that has failed; where only IPv4 is known, IPv6 is given 50 ms to turn
 * up.  The first connection wins, the others are closed.
 */
struct dial_race;

/*
 * One of them is called, once, from the event loop, and may free the race.
 * The descriptor (TCP_NODELAY, non-blocking, close-on-exec) becomes the
 * callee's.
 */
struct dial_race_cb {
	void	(*won)(int fd, const struct dial_address *, void *arg);
	/* Both families are known and nothing is left to be tried. */
	void	(*lost)(void *arg);
};

struct dial_race *dial_race_new(struct event_base *,
	    const struct dial_race_cb *, void *arg);
/* What a family has, once for each; nothing is known before. */
void	dial_race_add(struct dial_race *, int family,
	    const struct dial_addresses *);
/* How many were tried. */
size_t	dial_race_tried(const struct dial_race *);
/* "[::1]:9989: connection refused, 192.0.2.1:9989: no answer" */
void	dial_race_text(const struct dial_race *, char *, size_t);
/* NULL is taken. */
void	dial_race_free(struct dial_race *);

#endif /* SIGNERD_DIAL_CONNECT_H */
