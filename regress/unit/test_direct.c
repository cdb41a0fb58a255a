/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: signerd/direct.o common/handshake.o */
/* libs: libevent */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "signerd/frontend.h"
#include "signerd/reqlog.h"
#include "signerd/rpc.h"

/* Which limits the HTTP servers have; no request comes here. */
static struct frontend	 front;

struct httpserver *
httpserver_new(struct event_base *base,
    const struct httpserver_limits *limits, const struct httpserver_cb *cb,
    void *arg)
{
	(void)base;
	(void)limits;
	(void)cb;
	(void)arg;
	return (NULL);
}

void
httpconn_answer(struct httpconn *c, struct evbuffer *body)
{
	(void)c;
	(void)body;
}

void
httpconn_unavailable(struct httpconn *c)
{
	(void)c;
}

const char *
httpconn_name(const struct httpconn *c)
{
	(void)c;
	return ("");
}

const char *
httpconn_address(const struct httpconn *c)
{
	(void)c;
	return ("");
}

uint64_t
httpconn_received(const struct httpconn *c)
{
	(void)c;
	return (0);
}

void
httpconn_set_data(struct httpconn *c, void *data)
{
	(void)c;
	(void)data;
}

void *
httpconn_data(const struct httpconn *c)
{
	(void)c;
	return (NULL);
}

void
reqlog_unavailable(const struct rpc_owner *owner, const struct call *call,
    const char *reason)
{
	(void)owner;
	(void)call;
	(void)reason;
}

struct signing *
rpc_start(struct rpc_owner *owner, const char *body, size_t len)
{
	(void)owner;
	(void)body;
	(void)len;
	return (NULL);
}

void
rpc_cancel_all(struct rpc_owner *owner)
{
	(void)owner;
}

/* ------------------------------------------------------------------------ */

static void
each_limit(void **state)
{
	struct config_limits		*l = &front.config.limits;
	const struct httpserver_limits	*h = &front.limits;

	(void)state;
	l->max_connections = 1;
	l->max_per_address = 2;
	l->max_header = 3;
	l->max_body = 4;
	l->max_bodies = 5;
	l->timeout_handshake = 6;
	l->timeout_header = 7;
	l->timeout_body = 8;
	l->timeout_idle = 9;
	l->timeout_write = 10;
	l->timeout_request = 11;
	l->max_metrics = 12;
	l->timeout_metrics = 13;
	direct_limits(&front);
	assert_int_equal(h->max_connections, 1);
	assert_int_equal(h->max_per_address, 2);
	assert_int_equal(h->max_header, 3);
	assert_int_equal(h->max_body, 4);
	assert_int_equal(h->max_bodies, 5);
	assert_int_equal(h->timeout_handshake, 6);
	assert_int_equal(h->timeout_header, 7);
	assert_int_equal(h->timeout_body, 8);
	assert_int_equal(h->timeout_idle, 9);
	assert_int_equal(h->timeout_write, 10);
	assert_int_equal(h->timeout_request, 11);
	assert_int_equal(front.status_limits.max_connections, 12);
	assert_int_equal(front.status_limits.timeout, 13);
}

/* One of several leaves connections to the others; one alone does not. */
static void
whether_there_are_others(void **state)
{
	(void)state;
	front.config.limits.window = 0;
	direct_limits(&front);
	assert_false(front.limits.shared);
	front.config.limits.window = 2;
	direct_limits(&front);
	assert_true(front.limits.shared);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_limit),
		cmocka_unit_test(whether_there_are_others)
	};

	return (cmocka_run_group_tests_name("direct", tests, NULL, NULL));
}
