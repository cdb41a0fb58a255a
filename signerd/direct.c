/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdlib.h>

#include "common/handshake.h"
#include "signerd/frontend.h"
#include "signerd/reqlog.h"
#include "signerd/rpc.h"

/* A request by HTTP: one message, of a client that its certificate names. */
struct direct {
	struct rpc_owner	 owner;
	struct httpconn		*conn;
};

static struct httpconn *
end(struct direct *d)
{
	struct httpconn	*conn = d->conn;

	httpconn_set_data(conn, NULL);
	free(d);
	return (conn);
}

static void
answer(void *arg, struct signing *signing, struct evbuffer *body)
{
	(void)signing;
	httpconn_answer(end(arg), body);
}

static void
unavailable(void *arg, struct signing *signing, const char *reason)
{
	(void)signing;
	(void)reason;
	httpconn_unavailable(end(arg));
}

static void
request(struct httpconn *conn, const char *body, size_t len, void *arg)
{
	static const struct rpc_owner_ops	 ops = { answer, unavailable };
	struct frontend				*front = arg;
	struct rpc_owner			 owner = {
		.ops = &ops,
		.client = httpconn_name(conn),
		.peer = httpconn_address(conn),
		.limits = &front->config.limits,
		.keylink = &front->keylink,
		.names = &front->names,
		.received = httpconn_received(conn)
	};
	struct direct				*d;

	if ((d = malloc(sizeof(*d))) == NULL) {
		reqlog_unavailable(&owner, NULL, "out of memory");
		httpconn_unavailable(conn);
		return;
	}
	d->owner = owner;
	d->owner.arg = d;
	d->conn = conn;
	httpconn_set_data(conn, d);
	rpc_start(&d->owner, body, len);
}

static void
cancel(struct httpconn *conn, void *arg)
{
	struct direct	*d = httpconn_data(conn);

	(void)arg;
	if (d == NULL)
		return;
	rpc_cancel_all(&d->owner);
	free(d);
}

void
direct_limits(struct frontend *front)
{
	const struct config_limits	*l = &front->config.limits;

	front->limits.max_connections = l->max_connections;
	front->limits.max_per_address = l->max_per_address;
	handshake_set_percent(l->max_handshake);
	front->limits.max_header = l->max_header;
	front->limits.max_body = l->max_body;
	front->limits.max_bodies = l->max_bodies;
	front->limits.timeout_handshake = l->timeout_handshake;
	front->limits.timeout_header = l->timeout_header;
	front->limits.timeout_body = l->timeout_body;
	front->limits.timeout_idle = l->timeout_idle;
	front->limits.timeout_write = l->timeout_write;
	front->limits.timeout_request = l->timeout_request;
	front->limits.shared = l->window != 0;
	front->status_limits.max_connections = l->max_metrics;
	front->status_limits.timeout = l->timeout_metrics;
}

int
direct_start(struct frontend *front,
    void (*stopped)(struct httpserver *, void *))
{
	const struct httpserver_cb	 cb = {
		request, cancel, NULL, stopped, NULL
	};

	front->server = httpserver_new(front->base, &front->limits, &cb,
	    front);
	return (front->server == NULL ? -1 : 0);
}
