/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/event_struct.h>

#include "common/clock.h"
#include "common/tlsconn.h"
#include "opsign/conn.h"

#define MAX_HEADER	16384
#define MAX_BODY	(32 * 1024 * 1024)	/* a batch's answer: 25 MB */
#define MAX_INPUT	65536

enum conn_state {
	ST_CONNECT,		/* TCP */
	ST_HANDSHAKE,		/* TLS */
	ST_IDLE,
	ST_ASKED,
	ST_CLOSED		/* while nothing was asked */
};

struct conn {
	struct event_base	*base;
	const struct endpoint	*endpoint;
	struct conn_cb		 cb;
	void			*arg;
	enum conn_state		 state;

	size_t			 address;	/* the one that is tried */
	int			 fd;		/* until it is the TLS's */
	struct event		 connected;
	struct event		 timer;
	struct event		 later;		/* a failure within a call */
	const struct timeval	*timeout;
	struct tlsconn		*tls;
	struct response_parser	*parser;
	struct fault		 fault;
	bool			 reusable;

	uint64_t		 began;
	struct conn_times	 times;
};

static void	try_address(struct conn *);

/* ---- Ends ------------------------------------------------------------- */

/* The owner frees it, perhaps at once. */
static void
fail(struct conn *c)
{
	event_del(&c->timer);
	c->state = ST_CLOSED;
	c->cb.failed(c, &c->fault, c->arg);
}

static void
fail_later(struct conn *c)
{
	event_active(&c->later, EV_TIMEOUT, 0);
}

static void
on_later(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	fail(arg);
}

static void
start_timer(struct conn *c)
{
	/* Where it cannot be had, the kernel's patience is what there is. */
	(void)event_add(&c->timer, c->timeout);
}

static void
on_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;
	char address[128];
	unsigned int ms = c->endpoint->timeout_ms;

	(void)fd;
	(void)what;
	endpoint_address(c->endpoint, c->address, address, sizeof(address));
	switch (c->state) {
	case ST_CONNECT:
		fault_set(&c->fault, FAULT_CONNECT, "%s: no connection in "
		    "time (%u ms)", address, ms);
		event_del(&c->connected);
		close(c->fd);
		c->fd = -1;
		c->address++;
		try_address(c);
		return;
	case ST_HANDSHAKE:
		fault_set(&c->fault, FAULT_TLS, "%s: the handshake was not "
		    "through in time (%u ms): what the server answers is not "
		    "TLS, or nothing", address, ms);
		break;
	default:
		fault_set(&c->fault, FAULT_TIMEOUT, "%s: no answer in time "
		    "(%u ms)", address, ms);
		break;
	}
	fail(c);
}

/* ---- TLS -------------------------------------------------------------- */

static void
on_ready(struct tlsconn *tls, void *arg)
{
	struct conn *c = arg;

	(void)tls;
	c->times.handshake_us = clock_us() - c->began;
	event_del(&c->timer);
	c->state = ST_IDLE;
	c->reusable = true;
	c->cb.ready(c, c->arg);
}

static void
answered(struct conn *c)
{
	const struct response *r = response_get(c->parser);

	event_del(&c->timer);
	c->state = ST_IDLE;
	/* Bytes behind the answer are nobody's: what follows is not to be
	 * taken for the answer to another request. */
	c->reusable = r->reusable &&
	    evbuffer_get_length(tlsconn_input(c->tls)) == 0;
	c->cb.answer(c, r, c->arg);
}

static void
parse(struct conn *c, bool eof)
{
	switch (response_parse(c->parser, tlsconn_input(c->tls), eof)) {
	case RESPONSE_DONE:
		answered(c);
		return;
	case RESPONSE_BAD:
		fault_set(&c->fault, FAULT_ANSWER, "malformed answer: %s",
		    response_fault(c->parser));
		fail(c);
		return;
	default:
		break;
	}
	if (!eof)
		return;
	fault_set(&c->fault, FAULT_CLOSED, "the server closed the connection "
	    "%s", response_idle(c->parser) ? "without an answer" :
	    "in the middle of its answer");
	fail(c);
}

static void
on_input(struct tlsconn *tls, void *arg)
{
	struct conn *c = arg;

	(void)tls;
	if (c->state == ST_ASKED)
		parse(c, false);
	else
		c->reusable = false;
}

static void
on_drained(struct tlsconn *tls, void *arg)
{
	(void)tls;
	(void)arg;
}

static void
on_end(struct tlsconn *tls, enum tlsconn_end how, void *arg)
{
	struct conn *c = arg;
	char address[128];

	endpoint_address(c->endpoint, c->address, address, sizeof(address));
	if (how == TLSCONN_FAILED) {
		fault_set(&c->fault, FAULT_TLS, "%s: %s", address,
		    tlsconn_error(tls));
		if (c->state == ST_IDLE)
			c->state = ST_CLOSED;
		else
			fail(c);
	} else if (c->state == ST_HANDSHAKE) {
		fault_set(&c->fault, FAULT_TLS, "%s: the server closed the "
		    "connection in the handshake", address);
		fail(c);
	} else if (c->state == ST_ASKED)
		parse(c, true);
	else {
		fault_set(&c->fault, FAULT_CLOSED, "%s: the server closed the "
		    "connection before it was asked", address);
		c->state = ST_CLOSED;
	}
}

static const struct tlsconn_cb tls_cb = {
	.ready = on_ready,
	.input = on_input,
	.drained = on_drained,
	.end = on_end
};

/* ---- TCP -------------------------------------------------------------- */

static void
begin_tls(struct conn *c)
{
	c->times.connect_us = clock_us() - c->began;
	c->began = clock_us();
	c->state = ST_HANDSHAKE;
	c->tls = tlsconn_connect(c->base, c->endpoint->tls, c->fd,
	    c->endpoint->tlsname, MAX_INPUT, &tls_cb, c);
	if (c->tls == NULL) {
		fault_set(&c->fault, FAULT_TLS, "cannot begin: %s",
		    strerror(errno));
		fail_later(c);
		return;
	}
	c->fd = -1;
	start_timer(c);
}

/* To the next address, if there is one. */
static void
refused(struct conn *c, int error)
{
	char address[128];

	endpoint_address(c->endpoint, c->address, address, sizeof(address));
	fault_set(&c->fault, FAULT_CONNECT, "%s: %s", address,
	    strerror(error));
	close(c->fd);
	c->fd = -1;
	c->address++;
	try_address(c);
}

static void
on_connected(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;
	socklen_t len = sizeof(int);
	int error = 0;

	(void)what;
	event_del(&c->timer);
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		error = errno;
	if (error != 0)
		refused(c, error);
	else
		begin_tls(c);
}

static void
try_address(struct conn *c)
{
	const struct endpoint *e = c->endpoint;
	const struct sockaddr *sa;

	for (; c->address < e->naddrs; c->address++) {
		sa = (const struct sockaddr *)&e->addrs[c->address];
		c->state = ST_CONNECT;
		c->began = clock_us();
		c->fd = socket(sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK |
		    SOCK_CLOEXEC, 0);
		if (c->fd != -1 && (connect(c->fd, sa,
		    e->addrlens[c->address]) == 0 || errno == EINPROGRESS)) {
			event_assign(&c->connected, c->base, c->fd, EV_WRITE,
			    on_connected, c);
			if (event_add(&c->connected, NULL) == 0) {
				start_timer(c);
				return;
			}
			errno = ENOMEM;
		}
		fault_set(&c->fault, FAULT_CONNECT, "%s: %s", e->url.host,
		    strerror(errno));
		if (c->fd != -1)
			close(c->fd);
		c->fd = -1;
	}
	c->address = 0;
	fail_later(c);
}

/* ---- For the owner ---------------------------------------------------- */

struct conn *
conn_open(struct event_base *base, const struct endpoint *e,
    const struct conn_cb *cb, void *arg)
{
	static const struct response_limits limits = { MAX_HEADER, MAX_BODY };
	struct timeval tv = clock_in_ms(e->timeout_ms);
	struct conn *c;

	if ((c = calloc(1, sizeof(*c))) == NULL ||
	    (c->parser = response_new(&limits)) == NULL) {
		free(c);
		return (NULL);
	}
	c->base = base;
	c->endpoint = e;
	c->cb = *cb;
	c->arg = arg;
	c->fd = -1;
	/* All have the same: a queue, where others would be a heap. */
	c->timeout = event_base_init_common_timeout(base, &tv);
	event_assign(&c->timer, base, -1, 0, on_timeout, c);
	event_assign(&c->later, base, -1, 0, on_later, c);
	/* Connected or not, it is to be seen when it is deleted. */
	event_assign(&c->connected, base, -1, 0, on_connected, c);
	try_address(c);
	return (c);
}

void
conn_free(struct conn *c)
{
	if (c == NULL)
		return;
	event_del(&c->timer);
	event_del(&c->later);
	event_del(&c->connected);
	tlsconn_free(c->tls);
	if (c->fd != -1)
		close(c->fd);
	response_free(c->parser);
	free(c);
}

void
conn_ask(struct conn *c, const void *head, size_t headlen, const void *body,
    size_t len)
{
	struct evbuffer *out = tlsconn_output(c->tls);

	c->state = ST_ASKED;
	start_timer(c);
	if (evbuffer_add(out, head, headlen) == -1 ||
	    evbuffer_add(out, body, len) == -1) {
		fault_set(&c->fault, FAULT_CLOSED, "out of memory");
		fail_later(c);
		return;
	}
	tlsconn_flush(c->tls);
}

bool
conn_usable(const struct conn *c)
{
	return (c->state == ST_IDLE && c->reusable);
}

void
conn_unusable(const struct conn *c, struct fault *f)
{
	if (c->state == ST_CLOSED)
		*f = c->fault;
	else
		fault_set(f, FAULT_CLOSED, "the server closes the connection "
		    "after its answer");
}

const struct conn_times *
conn_times(const struct conn *c)
{
	return (&c->times);
}

const char *
conn_version(const struct conn *c)
{
	return (tlsconn_version(c->tls));
}

int64_t
conn_expiry(const struct conn *c)
{
	return (tlsconn_peer_expiry(c->tls));
}

const char *
conn_peer(const struct conn *c)
{
	return (tlsconn_peer_name(c->tls));
}

void
conn_address(const struct conn *c, char *text, size_t size)
{
	endpoint_address(c->endpoint, c->address, text, size);
}
