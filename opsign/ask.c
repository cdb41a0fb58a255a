/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>
#include <string.h>

#include <event2/event.h>

#include "common/clock.h"
#include "opsign/ask.h"

#define HEAD_SIZE	1024

struct event_base *
ask_loop(void)
{
	struct event_config *config;
	struct event_base *base = NULL;

	if ((config = event_config_new()) == NULL)
		return (NULL);
	/* Where there is no such timer, that of a millisecond. */
	if (event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == 0 &&
	    event_config_set_flag(config, EVENT_BASE_FLAG_IGNORE_ENV) == 0 &&
	    event_config_set_flag(config,
	    EVENT_BASE_FLAG_PRECISE_TIMER) == 0)
		base = event_base_new_with_config(config);
	event_config_free(config);
	return (base);
}

/* ---- Callbacks -------------------------------------------------------- */

static void
on_ready(struct conn *c, void *arg)
{
	struct ask *a = arg;

	(void)c;
	a->result = 0;
	event_base_loopbreak(a->base);
}

static void
on_answer(struct conn *c, const struct response *r, void *arg)
{
	struct ask *a = arg;

	(void)c;
	a->response = r;
	a->result = 0;
	event_base_loopbreak(a->base);
}

static void
on_failed(struct conn *c, const struct fault *f, void *arg)
{
	struct ask *a = arg;

	(void)c;
	*a->fault = *f;
	a->result = -1;
	event_base_loopbreak(a->base);
}

static const struct conn_cb conn_cb = { on_ready, on_answer, on_failed };

/* ---- Requests --------------------------------------------------------- */

static int
wait_for(struct ask *a, struct fault *f)
{
	uint64_t began = clock_us();

	a->fault = f;
	a->result = -1;
	fault_set(f, FAULT_CONNECT, "the event loop failed");
	(void)event_base_dispatch(a->base);
	a->took_us = clock_us() - began;
	return (a->result);
}

int
ask_begin(struct ask *a, struct endpoint *e, struct fault *f)
{
	memset(a, 0, sizeof(*a));
	a->endpoint = e;
	if (endpoint_resolve(e, f) == -1)
		return (-1);
	if ((a->base = ask_loop()) == NULL ||
	    (a->conn = conn_open(a->base, e, &conn_cb, a)) == NULL) {
		fault_set(f, FAULT_CONNECT, "out of memory");
		return (-1);
	}
	return (wait_for(a, f));
}

void
ask_end(struct ask *a)
{
	conn_free(a->conn);
	if (a->base != NULL)
		event_base_free(a->base);
	memset(a, 0, sizeof(*a));
}

const struct response *
ask_send(struct ask *a, const char *head, size_t headlen, const char *body,
    size_t len, struct fault *f)
{
	if (!conn_usable(a->conn)) {
		conn_unusable(a->conn, f);
		return (NULL);
	}
	conn_ask(a->conn, head, headlen, body, len);
	return (wait_for(a, f) == 0 ? a->response : NULL);
}

size_t
ask_head(const struct endpoint *e, size_t bodylen, char *head, size_t size)
{
	int n;

	n = snprintf(head, size, "POST %s HTTP/1.1\r\nHost: %s\r\n"
	    "User-Agent: opsign/" VERSION "\r\n"
	    "Content-Type: application/json\r\nAccept: application/json\r\n"
	    "Content-Length: %zu\r\n\r\n", e->url.target, e->host, bodylen);
	return ((size_t)n);
}

const struct response *
ask_post(struct ask *a, const char *body, size_t len, struct fault *f)
{
	char head[HEAD_SIZE];
	size_t n = ask_head(a->endpoint, len, head, sizeof(head));

	return (ask_send(a, head, n, body, len, f));
}

const struct response *
ask_get(struct ask *a, const char *path, struct fault *f)
{
	char head[HEAD_SIZE];
	int n;

	n = snprintf(head, sizeof(head), "GET %s HTTP/1.1\r\nHost: %s\r\n"
	    "User-Agent: opsign/" VERSION "\r\n\r\n", path,
	    a->endpoint->host);
	return (ask_send(a, head, (size_t)n, "", 0, f));
}
