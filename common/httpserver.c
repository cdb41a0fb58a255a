/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <arpa/inet.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "common/clock.h"
#include "common/heap.h"
#include "common/httpserver_local.h"
#include "common/log.h"

/* Connections taken from one socket in one turn of the loop. */
#define ACCEPTS		8
/* The same while requests are under way. */
#define ACCEPTS_BUSY	2
/* Rounds of them from a socket that is to be closed. */
#define DRAIN_TURNS	64
/* About what one takes in memory, most of it within libtls. */
#define CONNECTION	((size_t)40 * 1024)
/* Pause after descriptors ran out, in ms. */
#define PAUSE		250
/* For other processes to take a connection, and then for what they left. */
#define YIELD		20

/* ---- Connections by address ------------------------------------------- */

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
bucket(struct httpserver *server, const uint8_t key[ADDRCOUNT_KEY])
{
	uint32_t	 h = 2166136261U;
	int		 i;

	/* FNV-1a; the peer gains nothing from a long chain but its own. */
	for (i = 0; i < ADDRCOUNT_KEY; i++)
		h = (h ^ key[i]) * 16777619U;
	return (&server->addresses[h % ADDRCOUNT_BUCKETS]);
}

static struct addrcount *
find(struct httpserver *server, const uint8_t key[ADDRCOUNT_KEY])
{
	struct addrcount	*a;

	SLIST_FOREACH(a, bucket(server, key), entry)
		if (memcmp(a->key, key, ADDRCOUNT_KEY) == 0)
			return (a);
	return (NULL);
}

/* Counts one more; NULL where that is too many, or memory is short. */
static struct addrcount *
count_address(struct httpserver *server, const uint8_t key[ADDRCOUNT_KEY])
{
	struct addrcount	*a;

	if ((a = find(server, key)) == NULL) {
		if ((a = calloc(1, sizeof(*a))) == NULL)
			return (NULL);
		memcpy(a->key, key, ADDRCOUNT_KEY);
		handshake_source_init(&a->source);
		SLIST_INSERT_HEAD(bucket(server, key), a, entry);
	}
	if (a->count >= server->limits->max_per_address)
		return (NULL);
	a->count++;
	return (a);
}

static void
forget_address(struct httpserver *server, struct addrcount *a)
{
	if (--a->count > 0)
		return;
	SLIST_REMOVE(bucket(server, a->key), a, addrcount, entry);
	free(a);
}

uint16_t
httpserver_peer(const struct sockaddr_storage *ss, char text[INET6_ADDRSTRLEN])
{
	const struct sockaddr_in	*in;
	const struct sockaddr_in6	*in6;

	text[0] = '\0';
	if (ss->ss_family == AF_INET) {
		in = (const struct sockaddr_in *)ss;
		inet_ntop(AF_INET, &in->sin_addr, text, INET6_ADDRSTRLEN);
		return (ntohs(in->sin_port));
	}
	if (ss->ss_family == AF_INET6) {
		in6 = (const struct sockaddr_in6 *)ss;
		inet_ntop(AF_INET6, &in6->sin6_addr, text, INET6_ADDRSTRLEN);
		return (ntohs(in6->sin6_port));
	}
	return (0);
}

/* ---- Room for connections and bodies ---------------------------------- */

/* The handshakes of one address make room before those of others do. */
static bool
goes_before(const struct httpconn *c, const struct httpconn *victim)
{
	return (victim == NULL || c->state != CONN_HANDSHAKE ||
	    c->from->greeting > victim->from->greeting);
}

/*
 * Makes room: closes the oldest connection of nobody, in its handshake or
 * without a certificate.  -1 where there is none.
 */
static int
evict(struct httpserver *server)
{
	struct httpconn	*c, *victim = NULL;

	TAILQ_FOREACH(c, &server->conns, entry) {
		if (c->state == CONN_UPGRADED ||
		    tlsconn_peer(c->conn) != TLSCONN_NOCERT)
			continue;
		/* A handshake may still show a certificate: rather others. */
		if (goes_before(c, victim))
			victim = c;
		if (c->state != CONN_HANDSHAKE)
			break;
	}
	if (victim == NULL)
		return (-1);
	server->count.closed[CLOSED_EVICTED]++;
	httpconn_free(victim);
	return (0);
}

static struct httpconn *
largest_body(struct httpserver *server)
{
	struct httpconn	*c, *largest = NULL;

	TAILQ_FOREACH(c, &server->conns, entry)
		if (c->held > 0 && (c->state == CONN_READING ||
		    c->state == CONN_WAITING)) {
			/* Kept for a next request, by nobody needed. */
			if (c->state == CONN_READING && http_idle(c->http))
				return (c);
			if (largest == NULL || c->held > largest->held)
				largest = c;
		}
	return (largest);
}

void
httpserver_shed(struct httpserver *server)
{
	struct httpconn	*c;

	while (server->held > server->limits->max_bodies &&
	    (c = largest_body(server)) != NULL) {
		httpconn_drop_body(c);
		/* Memory kept from one request to the next. */
		if (c->state == CONN_WAITING || !http_idle(c->http))
			httpanswer_shed(c);
	}
}

/* ---- Accepting -------------------------------------------------------- */

static void
refuse(int fd, const struct sockaddr_storage *ss, const char *why,
    uint32_t limit)
{
	struct log_record	 r;
	char			 peer[INET6_ADDRSTRLEN];

	close(fd);
	if (!log_start_noise(&r, LOG_LVL_WARN, "connection refused"))
		return;
	(void)httpserver_peer(ss, peer);
	log_str(&r, "peer", peer);
	log_str(&r, "reason", why);
	if (limit > 0)
		log_num(&r, "limit", limit);
	log_end(&r);
}

static bool
take(struct listener *l, int fd, const struct sockaddr_storage *ss)
{
	struct httpserver		*server = l->server;
	const struct httpserver_limits	*limits = server->limits;
	struct addrcount		*from;
	uint8_t				 key[ADDRCOUNT_KEY];

	/* First, for who has too many is not to cost another its place. */
	address_key(ss, key);
	if ((from = count_address(server, key)) == NULL) {
		refuse(fd, ss, "max connections-per-address",
		    limits->max_per_address);
		server->count.refused[REFUSED_ADDRESS]++;
		return (false);
	}
	if (server->nconns >= limits->max_connections &&
	    evict(server) == -1) {
		forget_address(server, from);
		refuse(fd, ss, "max connections", limits->max_connections);
		server->count.refused[REFUSED_CONNECTIONS]++;
		return (false);
	}
	if (httpconn_new(l, fd, ss, from) == -1) {
		forget_address(server, from);
		refuse(fd, ss, strerror(errno), 0);
		server->count.refused[REFUSED_MEMORY]++;
		return (false);
	}
	server->count.accepted++;
	return (true);
}

static int
resume_later(struct httpserver *server)
{
	static const struct timeval	 tv = { 0, PAUSE * 1000 };

	return (event_add(server->resume, &tv));
}

static void
stop_accepting(struct httpserver *server)
{
	struct listener	*l;

	SLIST_FOREACH(l, &server->listeners, entry)
		event_del(l->ev);
}

static void
pause_accepting(struct httpserver *server)
{
	log_errno("cannot accept connections");
	/* Rather in vain again than never more. */
	if (resume_later(server) == 0)
		stop_accepting(server);
}

/* It is full, and another process may not be. */
static bool
leave_to_others(struct httpserver *server)
{
	static const struct timeval	 tv = { 0, YIELD * 1000 };
	uint64_t			 now;

	if (!server->limits->shared ||
	    server->nconns < server->limits->max_connections ||
	    (now = clock_us()) < server->takes ||
	    event_add(server->resume, &tv) == -1)
		return (false);
	server->takes = now + 2 * YIELD * 1000;
	stop_accepting(server);
	return (true);
}

static void
on_resume(int fd, short what, void *arg)
{
	struct httpserver	*server = arg;
	struct listener		*l;

	(void)fd;
	(void)what;
	SLIST_FOREACH(l, &server->listeners, entry)
		if (l->accepting && event_add(l->ev, NULL) == -1)
			(void)resume_later(server);
}

/*
 * So many of those that there are, and of these so many to be served; false
 * where there are no more.
 */
static bool
accept_some(struct listener *l, uint32_t some, uint32_t served)
{
	struct sockaddr_storage	 ss;
	socklen_t		 len;
	int			 fd;

	while (some-- > 0 && served > 0) {
		len = sizeof(ss);
		memset(&ss, 0, sizeof(ss));
		fd = accept4(l->fd, (struct sockaddr *)&ss, &len,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd != -1) {
			served -= take(l, fd, &ss);
			continue;
		}
		switch (errno) {
		case EAGAIN:
			return (false);
		case EINTR:
		case ECONNABORTED:
			continue;
		default:
			/*
			 * EMFILE, ENFILE, ENOBUFS, ENOMEM; and whatever else
			 * would be there again at once.
			 */
			pause_accepting(l->server);
			return (false);
		}
	}
	return (true);
}

/*
 * One whose handshake would only wait is better off with another process, if
 * there are several.  But some are taken in any case: what waits in the kernel
 * waits behind whoever came before, from wherever.
 */
static void
on_accept(int fd, short what, void *arg)
{
	struct listener	*l = arg;
	uint32_t	 waiting = handshake_waiting();

	(void)fd;
	(void)what;
	if (!leave_to_others(l->server))
		(void)accept_some(l,
		    handshake_requests() ? ACCEPTS_BUSY : ACCEPTS,
		    waiting < ACCEPTS ? ACCEPTS - waiting : 1);
}

static void
listener_free(struct listener *l)
{
	if (l->ev != NULL)
		event_free(l->ev);
	tlsctx_unref(l->tls);
	tlsctx_unref(l->next);
	free(l);
}

static struct tlsctx *
reference(struct tlsctx *tls)
{
	return (tls != NULL ? tlsctx_ref(tls) : NULL);
}

/* Not accepting yet; NULL where memory is short. */
static struct listener *
listener_new(struct httpserver *server, int fd)
{
	struct listener	*l;

	if ((l = calloc(1, sizeof(*l))) == NULL)
		return (NULL);
	l->server = server;
	l->fd = fd;
	l->ev = event_new(server->base, fd, EV_READ | EV_PERSIST, on_accept,
	    l);
	if (l->ev == NULL) {
		listener_free(l);
		return (NULL);
	}
	SLIST_INSERT_HEAD(&server->listeners, l, entry);
	return (l);
}

/* One that is out of the list. */
static void
listener_end(struct listener *l)
{
	close(l->fd);
	listener_free(l);
}

static void
listener_close(struct listener *l)
{
	SLIST_REMOVE(&l->server->listeners, l, listener, entry);
	listener_end(l);
}

/* ---- A change while it serves ----------------------------------------- */

int
httpserver_prepare(struct httpserver *server, uint32_t id, int fd,
    struct tlsctx *tls)
{
	struct listener	*l;

	if (fd == -1) {
		SLIST_FOREACH(l, &server->listeners, entry)
			if (l->id == id && !l->prepared)
				break;
		if (l == NULL) {
			errno = EINVAL;
			return (-1);
		}
	} else if ((l = listener_new(server, fd)) == NULL)
		return (-1);
	l->id = id;
	l->prepared = true;
	l->next = reference(tls);
	return (0);
}

void
httpserver_keep(struct httpserver *server, struct tlsctx *tls)
{
	struct listener	*l;

	SLIST_FOREACH(l, &server->listeners, entry) {
		if (l->prepared)
			continue;
		l->prepared = true;
		l->next = reference(tls != NULL ? tls : l->tls);
	}
}

void
httpserver_contexts(const struct httpserver *server,
    void (*each)(struct tlsctx *, void *), void *arg)
{
	struct listener	*l;

	SLIST_FOREACH(l, &server->listeners, entry)
		if (l->accepting && l->tls != NULL)
			each(l->tls, arg);
}

struct tlsctx *
httpserver_rest(const struct httpserver *server)
{
	return (server->rest);
}

void
httpserver_discard(struct httpserver *server)
{
	struct listener	*l, *next;

	for (l = SLIST_FIRST(&server->listeners); l != NULL; l = next) {
		next = SLIST_NEXT(l, entry);
		l->prepared = false;
		tlsctx_unref(l->next);
		l->next = NULL;
		if (!l->accepting)
			listener_close(l);
	}
}

/* Its connections go on; so do those that the kernel has accepted. */
static void
retire(struct listener *l)
{
	struct httpserver	*server = l->server;
	struct httpconn		*c;
	int			 i;

	for (i = 0; i < DRAIN_TURNS; i++)
		if (!accept_some(l, ACCEPTS, ACCEPTS))
			break;
	TAILQ_FOREACH(c, &server->conns, entry)
		if (c->listener == l)
			c->listener = NULL;
	listener_close(l);
}

static void
bring_up(struct listener *l)
{
	l->renewed = l->tls != l->next;
	tlsctx_unref(l->tls);
	l->tls = l->next;
	l->next = NULL;
	l->prepared = false;
	if (l->accepting)
		return;
	l->accepting = true;
	if (event_add(l->ev, NULL) == -1)
		(void)resume_later(l->server);
}

/* Whether it is to be judged, and now. */
static bool
is_unjudged(const struct httpconn *c)
{
	return (c->generation != c->server->generation &&
	    c->state != CONN_UPGRADED && c->state != CONN_HANDSHAKE &&
	    c->state != CONN_CLOSING);
}

static bool
is_under_way(const struct httpconn *c)
{
	return (c->state == CONN_BUSY || c->state == CONN_WAITING);
}

/* What it has asked is of no more use to it. */
static void
judge(struct httpconn *c)
{
	if (httpconn_trusted(c))
		return;
	if (is_under_way(c))
		httpconn_free(c);
	else
		httpconn_close(c);
}

/* One that goes by the same context as before has no other judge. */
static void
next_generation(struct httpserver *server, bool rest_renewed)
{
	struct httpconn	*c;
	uint32_t	 before = server->generation++;

	TAILQ_FOREACH(c, &server->conns, entry)
		if (c->generation == before && !(c->listener != NULL ?
		    c->listener->renewed : rest_renewed))
			c->generation = server->generation;
}

/* Before any of their answers: there are no more of them than `max queue`. */
static void
judge_under_way(struct httpserver *server)
{
	struct httpconn	*c, *next;

	for (c = TAILQ_FIRST(&server->conns); c != NULL; c = next) {
		next = TAILQ_NEXT(c, entry);
		if (is_under_way(c) && is_unjudged(c))
			judge(c);
	}
}

void
httpserver_commit(struct httpserver *server, struct tlsctx *rest)
{
	struct listener	*l, *next;
	struct httpconn	*c;
	bool		 renewed = rest != server->rest;

	if (server->stopping)
		return;
	for (l = SLIST_FIRST(&server->listeners); l != NULL; l = next) {
		next = SLIST_NEXT(l, entry);
		if (l->prepared)
			bring_up(l);
		else
			retire(l);
	}
	rest = reference(rest);
	tlsctx_unref(server->rest);
	server->rest = rest;
	next_generation(server, renewed);
	TAILQ_FOREACH(c, &server->conns, entry)
		httpconn_set_limits(c);
	judge_under_way(server);
	event_active(server->judge, EV_TIMEOUT, 0);
}

/* A few of them; requests have their turn before the next. */
static void
on_judge(int fd, short what, void *arg)
{
	static const struct timeval	 now;
	struct httpserver		*server = arg;
	struct httpconn			*c, *next;
	int				 n = 0;

	(void)fd;
	(void)what;
	for (c = TAILQ_FIRST(&server->conns); c != NULL; c = next) {
		next = TAILQ_NEXT(c, entry);
		if (!is_unjudged(c))
			continue;
		if (n++ == HTTPSERVER_JUDGED) {
			event_add(server->judge, &now);
			return;
		}
		judge(c);
	}
}

/* ---- The end ---------------------------------------------------------- */

/* Also where there is nobody left to wait for. */
static void
on_stop_timer(int fd, short what, void *arg)
{
	struct httpserver	*server = arg;
	struct httpconn		*c, *next;

	(void)fd;
	(void)what;
	if (server->stopped)
		return;
	server->stopped = true;
	event_del(server->stop_timer);
	if (server->nconns > 0)
		log_info("stopped with %u connections open", server->nconns);
	for (c = TAILQ_FIRST(&server->conns); c != NULL; c = next) {
		next = TAILQ_NEXT(c, entry);
		if (c->state != CONN_UPGRADED)
			httpconn_free(c);
	}
	server->cb.stopped(server, server->arg);
}

static void
check_last(struct httpserver *server)
{
	if (server->stopping && !server->stopped && server->nconns == 0)
		event_active(server->stop_timer, EV_TIMEOUT, 0);
}

void
httpserver_forget(struct httpserver *server, struct httpconn *c)
{
	server->held -= c->held;
	TAILQ_REMOVE(&server->conns, c, entry);
	server->nconns--;
	forget_address(server, c->from);
	heap_freed(CONNECTION + c->held);
	check_last(server);
}

/* After what had come by then was read: who is idle now has asked nothing. */
static void
on_leave(int fd, short what, void *arg)
{
	struct httpserver	*server = arg;
	struct httpconn		*c;

	(void)fd;
	(void)what;
	if (server->stopped)
		return;
	TAILQ_FOREACH(c, &server->conns, entry)
		httpconn_stop(c);
	check_last(server);
}

void
httpserver_stop(struct httpserver *server)
{
	struct timeval	 tv;
	struct listener	*l;
	struct httpconn	*c;

	if (server->stopping)
		return;
	server->stopping = true;
	event_del(server->resume);
	TAILQ_FOREACH(c, &server->conns, entry)
		c->listener = NULL;
	while ((l = SLIST_FIRST(&server->listeners)) != NULL) {
		SLIST_REMOVE_HEAD(&server->listeners, entry);
		listener_end(l);
	}
	/* The last answers are to be read yet. */
	tv = clock_in_ms(server->limits->timeout_request + HTTPSERVER_LINGER);
	event_add(server->stop_timer, &tv);
	tv = clock_in_ms(0);
	event_add(server->leave, &tv);
}

uint32_t
httpserver_connections(const struct httpserver *server)
{
	return (server->nconns);
}

struct httpserver *
httpserver_new(struct event_base *base,
    const struct httpserver_limits *limits, const struct httpserver_cb *cb,
    void *arg)
{
	struct httpserver	*server;
	size_t			 i;

	if ((server = calloc(1, sizeof(*server))) == NULL)
		return (NULL);
	server->base = base;
	server->limits = limits;
	server->cb = *cb;
	server->arg = arg;
	SLIST_INIT(&server->listeners);
	TAILQ_INIT(&server->conns);
	for (i = 0; i < ADDRCOUNT_BUCKETS; i++)
		SLIST_INIT(&server->addresses[i]);
	server->resume = evtimer_new(base, on_resume, server);
	server->stop_timer = evtimer_new(base, on_stop_timer, server);
	server->leave = evtimer_new(base, on_leave, server);
	server->judge = evtimer_new(base, on_judge, server);
	if (server->resume == NULL || server->stop_timer == NULL ||
	    server->leave == NULL || server->judge == NULL) {
		httpserver_free(server);
		return (NULL);
	}
	return (server);
}

void
httpserver_free(struct httpserver *server)
{
	if (server->resume != NULL)
		event_free(server->resume);
	if (server->stop_timer != NULL)
		event_free(server->stop_timer);
	if (server->leave != NULL)
		event_free(server->leave);
	if (server->judge != NULL)
		event_free(server->judge);
	tlsctx_unref(server->rest);
	free(server);
}
