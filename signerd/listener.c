/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "common/log.h"
#include "signerd/frontend.h"

static void
address_key(const struct sockaddr_storage *ss, uint8_t key[ADDRCOUNT_KEY])
{
	const struct sockaddr_in	*in;
	const struct sockaddr_in6	*in6;

	memset(key, 0, ADDRCOUNT_KEY);
	if (ss->ss_family == AF_INET) {
		in = (const struct sockaddr_in *)ss;
		key[0] = 4;
		memcpy(key + 1, &in->sin_addr, 4);
	} else if (ss->ss_family == AF_INET6) {
		in6 = (const struct sockaddr_in6 *)ss;
		key[0] = 6;
		memcpy(key + 1, &in6->sin6_addr, 8);
	}
}

static struct addrcount_head *
bucket(struct frontend *front, const uint8_t key[ADDRCOUNT_KEY])
{
	uint32_t	 h = 2166136261U;
	int		 i;

	/* FNV-1a; the peer gains nothing from a long chain but its own. */
	for (i = 0; i < ADDRCOUNT_KEY; i++)
		h = (h ^ key[i]) * 16777619U;
	return (&front->addresses[h % ADDRCOUNT_BUCKETS]);
}

static struct addrcount *
find(struct frontend *front, const uint8_t key[ADDRCOUNT_KEY])
{
	struct addrcount	*a;

	SLIST_FOREACH(a, bucket(front, key), entry)
		if (memcmp(a->key, key, ADDRCOUNT_KEY) == 0)
			return (a);
	return (NULL);
}

/* Counts one more; -1 where that is too many, or memory is short. */
static int
count_address(struct frontend *front, const uint8_t key[ADDRCOUNT_KEY])
{
	struct addrcount	*a;

	if ((a = find(front, key)) == NULL) {
		if ((a = calloc(1, sizeof(*a))) == NULL)
			return (-1);
		memcpy(a->key, key, ADDRCOUNT_KEY);
		SLIST_INSERT_HEAD(bucket(front, key), a, entry);
	}
	if (a->count >= front->config.limits.max_per_address)
		return (-1);
	a->count++;
	return (0);
}

void
listener_forget(struct frontend *front, const uint8_t key[ADDRCOUNT_KEY])
{
	struct addrcount	*a;

	if ((a = find(front, key)) == NULL || --a->count > 0)
		return;
	SLIST_REMOVE(bucket(front, key), a, addrcount, entry);
	free(a);
}

static void
refuse(int fd, const struct sockaddr_storage *ss, const char *why,
    uint32_t limit)
{
	struct log_record	 r;
	char			 peer[INET6_ADDRSTRLEN];

	close(fd);
	if (!log_start_noise(&r, LOG_LVL_WARN, "connection refused"))
		return;
	(void)client_peer(ss, peer);
	log_str(&r, "peer", peer);
	log_str(&r, "reason", why);
	if (limit > 0)
		log_num(&r, "limit", limit);
	log_end(&r);
}

static void
take(struct frontend *front, int fd, const struct sockaddr_storage *ss)
{
	const struct config_limits	*limits = &front->config.limits;
	uint8_t				 key[ADDRCOUNT_KEY];

	/* First, for who has too many is not to cost another its place. */
	address_key(ss, key);
	if (count_address(front, key) == -1) {
		refuse(fd, ss, "max connections-per-address",
		    limits->max_per_address);
		return;
	}
	if (front->nclients >= limits->max_connections &&
	    client_evict(front) == -1) {
		listener_forget(front, key);
		refuse(fd, ss, "max connections", limits->max_connections);
		return;
	}
	if (client_new(front, fd, ss, key) == -1) {
		listener_forget(front, key);
		refuse(fd, ss, strerror(errno), 0);
	}
}

static void
pause_accepting(struct frontend *front)
{
	struct timeval	 tv = { 0, FRONT_PAUSE * 1000 };
	size_t		 i;

	log_errno("cannot accept connections");
	for (i = 0; i < front->nlisteners; i++)
		event_del(front->listeners[i].ev);
	event_add(front->resume, &tv);
}

static void
on_resume(int fd, short what, void *arg)
{
	struct frontend	*front = arg;
	size_t		 i;

	(void)fd;
	(void)what;
	for (i = 0; i < front->nlisteners; i++)
		event_add(front->listeners[i].ev, NULL);
}

static void
on_accept(int lfd, short what, void *arg)
{
	struct listener		*l = arg;
	struct sockaddr_storage	 ss;
	socklen_t		 len;
	int			 fd, i;

	(void)what;
	for (i = 0; i < FRONT_ACCEPTS; i++) {
		len = sizeof(ss);
		memset(&ss, 0, sizeof(ss));
		fd = accept4(lfd, (struct sockaddr *)&ss, &len,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd != -1) {
			take(l->front, fd, &ss);
			continue;
		}
		switch (errno) {
		case EMFILE:
		case ENFILE:
		case ENOBUFS:
		case ENOMEM:
			pause_accepting(l->front);
			return;
		case EINTR:
		case ECONNABORTED:
			continue;
		default:
			return;
		}
	}
}

int
listener_start(struct frontend *front)
{
	struct listener	*l;
	size_t		 i;

	front->resume = evtimer_new(front->base, on_resume, front);
	if (front->resume == NULL)
		return (-1);
	for (i = 0; i < front->nlisteners; i++) {
		l = &front->listeners[i];
		l->front = front;
		l->ev = event_new(front->base, l->fd, EV_READ | EV_PERSIST,
		    on_accept, l);
		if (l->ev == NULL || event_add(l->ev, NULL) == -1)
			return (-1);
	}
	return (0);
}

void
listener_stop(struct frontend *front)
{
	size_t	 i;

	if (front->resume != NULL)
		event_del(front->resume);
	for (i = 0; i < front->nlisteners; i++) {
		if (front->listeners[i].ev != NULL)
			event_free(front->listeners[i].ev);
		close(front->listeners[i].fd);
	}
	front->nlisteners = 0;
}
