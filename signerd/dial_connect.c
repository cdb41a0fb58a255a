/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <netinet/tcp.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "signerd/dial_connect.h"

#define RESOLUTION_DELAY	50	/* ms, RFC 8305 section 8 */
#define ATTEMPT_DELAY		250

enum lane {
	IN6,
	IN,
	NLANES
};

struct runner {
	struct dial_race	*race;
	struct dial_address	 address;
	struct event		*event;
	int			 fd;		/* -1: out */
	int			 error;		/* why */
};

struct dial_race {
	struct event_base		*base;
	const struct dial_race_cb	*cb;
	void				*arg;
	struct dial_addresses		 lanes[NLANES];
	size_t				 next[NLANES];
	bool				 known[NLANES];
	enum lane			 last;
	bool				 waited;	/* for IPv6 */
	struct event			*timer;
	struct event			*turn;
	struct runner			 runners[NLANES * DIAL_MAXADDRESSES];
	size_t				 nrunners;
	size_t				 running;
};

static void	take_turn(struct dial_race *);

static const char *
reason(int error)
{
	switch (error) {
	case 0:
		return ("no answer");
	case ECONNREFUSED:
		return ("connection refused");
	case ECONNRESET:
		return ("connection reset");
	case ETIMEDOUT:
		return ("connection timed out");
	case EHOSTUNREACH:
		return ("no route to host");
	case ENETUNREACH:
		return ("network is unreachable");
	case EADDRNOTAVAIL:
		return ("no local address for it");
	case EAFNOSUPPORT:
		return ("this host lacks the address family");
	case EACCES:
	case EPERM:
		return ("not permitted");
	case EMFILE:
	case ENFILE:
		return ("too many open files");
	default:
		return (strerror(error));
	}
}

/* Takes one out of the race. */
static void
drop(struct runner *r, int error)
{
	if (r->event != NULL) {
		event_free(r->event);
		r->event = NULL;
	}
	if (r->fd != -1) {
		close(r->fd);
		r->fd = -1;
		r->race->running--;
	}
	r->error = error;
}

static void
win(struct runner *r)
{
	struct dial_race	*race = r->race;
	int			 fd = r->fd;

	r->fd = -1;
	race->running--;
	race->cb->won(fd, &r->address, race->arg);
}

static void
on_connect(int fd, short what, void *arg)
{
	struct runner		*r = arg;
	struct dial_race	*race = r->race;
	socklen_t		 len = sizeof(int);
	int			 error = 0;

	(void)what;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		error = errno;
	if (error == 0) {
		win(r);
		return;
	}
	drop(r, error);
	/* The next one need not wait. */
	event_del(race->timer);
	take_turn(race);
}

/* 0: connected; EINPROGRESS; or why not. */
static int
begin(struct runner *r)
{
	int	 one = 1;

	r->fd = socket(r->address.sa.sa_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (r->fd == -1)
		return (errno);
	r->race->running++;
	(void)setsockopt(r->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(r->fd, &r->address.sa, r->address.len) == 0)
		return (0);
	if (errno != EINPROGRESS && errno != EINTR)
		return (errno);
	r->event = event_new(r->race->base, r->fd, EV_WRITE, on_connect, r);
	if (r->event == NULL || event_add(r->event, NULL) == -1)
		return (ENOMEM);
	return (EINPROGRESS);
}

static const struct dial_address *
next_address(struct dial_race *race)
{
	enum lane	 lane = race->last == IN6 ? IN : IN6;

	if (race->next[lane] == race->lanes[lane].n)
		lane = race->last;
	if (race->next[lane] == race->lanes[lane].n)
		return (NULL);
	race->last = lane;
	return (&race->lanes[lane].address[race->next[lane]++]);
}

static void
set_timer(struct dial_race *race, int ms)
{
	struct timeval	 tv = { 0, ms * 1000 };

	event_add(race->timer, &tv);
}

/* Whether IPv6 may still come in time to be the first. */
static bool
awaits_in6(struct dial_race *race)
{
	if (race->nrunners > 0 || race->known[IN6] || race->waited)
		return (false);
	if (race->lanes[IN].n > 0 &&
	    !event_pending(race->timer, EV_TIMEOUT, NULL))
		set_timer(race, RESOLUTION_DELAY);
	return (true);
}

/* It may be gone afterwards. */
static void
take_turn(struct dial_race *race)
{
	const struct dial_address	*a;
	struct runner			*r;
	int				 error;

	if (awaits_in6(race))
		return;
	if (race->nrunners == 0)
		event_del(race->timer);
	while (!event_pending(race->timer, EV_TIMEOUT, NULL) &&
	    (a = next_address(race)) != NULL) {
		r = &race->runners[race->nrunners++];
		r->race = race;
		r->address = *a;
		if ((error = begin(r)) == 0) {
			win(r);
			return;
		}
		if (error == EINPROGRESS)
			set_timer(race, ATTEMPT_DELAY);
		else
			drop(r, error);
	}
	if (race->running == 0 && race->known[IN6] && race->known[IN] &&
	    race->next[IN6] == race->lanes[IN6].n &&
	    race->next[IN] == race->lanes[IN].n)
		race->cb->lost(race->arg);
}

static void
on_turn(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	take_turn(arg);
}

static void
on_timer(int fd, short what, void *arg)
{
	struct dial_race	*race = arg;

	(void)fd;
	(void)what;
	race->waited = true;
	take_turn(race);
}

struct dial_race *
dial_race_new(struct event_base *base, const struct dial_race_cb *cb,
    void *arg)
{
	struct dial_race	*race;

	if ((race = calloc(1, sizeof(*race))) == NULL)
		return (NULL);
	race->base = base;
	race->cb = cb;
	race->arg = arg;
	race->last = IN;
	race->timer = evtimer_new(base, on_timer, race);
	race->turn = event_new(base, -1, 0, on_turn, race);
	if (race->timer == NULL || race->turn == NULL) {
		dial_race_free(race);
		return (NULL);
	}
	return (race);
}

void
dial_race_add(struct dial_race *race, int family,
    const struct dial_addresses *addresses)
{
	enum lane	 lane = family == AF_INET6 ? IN6 : IN;

	if (race->known[lane])
		return;
	race->lanes[lane] = *addresses;
	race->known[lane] = true;
	event_active(race->turn, EV_TIMEOUT, 0);
}

size_t
dial_race_tried(const struct dial_race *race)
{
	return (race->nrunners);
}

void
dial_race_text(const struct dial_race *race, char *text, size_t size)
{
	const struct runner	*r;
	char			 peer[DIAL_PEER_MAX + 1], part[256], more[32];
	size_t			 i, len = 0, n, tail;

	text[0] = '\0';
	for (i = 0; i < race->nrunners; i++) {
		r = &race->runners[i];
		dial_address_text(&r->address, peer);
		snprintf(part, sizeof(part), "%s%s: %s", i > 0 ? ", " : "",
		    peer, reason(r->error));
		snprintf(more, sizeof(more), " and %zu more",
		    race->nrunners - i);
		n = strlen(part);
		tail = i + 1 < race->nrunners ? sizeof(more) : 0;
		if (len + n + tail >= size) {
			snprintf(text + len, size - len, "%s", more);
			return;
		}
		memcpy(text + len, part, n + 1);
		len += n;
	}
}

void
dial_race_free(struct dial_race *race)
{
	size_t	 i;

	if (race == NULL)
		return;
	for (i = 0; i < race->nrunners; i++)
		drop(&race->runners[i], race->runners[i].error);
	if (race->timer != NULL)
		event_free(race->timer);
	if (race->turn != NULL)
		event_free(race->turn);
	free(race);
}
