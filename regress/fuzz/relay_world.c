/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <event2/buffer.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "common/tlsconn.h"
#include "regress/fuzz/relay_world.h"

struct wslink	*world_opened;

static const struct json_limits	limits = { 512, 100000 };

/* ---- common/log.h: nothing is written, all that is said is read -------- */

bool
log_start(struct log_record *r, enum log_level level, const char *msg)
{
	r->level = level;
	r->on = true;
	FUZZ_ASSERT(msg[0] != '\0');
	return (true);
}

bool
log_start_noise(struct log_record *r, enum log_level level, const char *msg)
{
	return (log_start(r, level, msg));
}

void
log_str(struct log_record *r, const char *key, const char *value)
{
	FUZZ_ASSERT(r->on && key[0] != '\0' && strlen(value) < SIZE_MAX);
}

void
log_num(struct log_record *r, const char *key, uint64_t n)
{
	(void)n;
	FUZZ_ASSERT(r->on && key[0] != '\0');
}

void
log_hex(struct log_record *r, const char *key, const uint8_t *p, size_t n)
{
	volatile uint8_t	 sum = 0;
	size_t			 i;

	FUZZ_ASSERT(r->on && key[0] != '\0');
	for (i = 0; i < n; i++)
		sum = (uint8_t)(sum ^ p[i]);
}

void
log_end(struct log_record *r)
{
	r->on = false;
}

/* Of want of memory alone. */
void
log_error(const char *fmt, ...)
{
	fprintf(stderr, "%s\n", fmt);
	abort();
}

/* ---- common/httpserver.h, common/tlsconn.h ----------------------------- */

const char *
httpconn_name(const struct httpconn *c)
{
	return (c->name);
}

const char *
httpconn_address(const struct httpconn *c)
{
	(void)c;
	return ("192.0.2.1");
}

uint16_t
httpconn_port(const struct httpconn *c)
{
	(void)c;
	return (1);
}

uint64_t
httpconn_received(const struct httpconn *c)
{
	(void)c;
	return (clock_us());
}

struct tlsconn *
httpconn_tls(const struct httpconn *c)
{
	return ((struct tlsconn *)(uintptr_t)c);
}

void
httpconn_set_data(struct httpconn *c, void *data)
{
	c->data = data;
}

void *
httpconn_data(const struct httpconn *c)
{
	return (c->data);
}

struct tlsconn *
httpconn_detach(struct httpconn *c)
{
	FUZZ_ASSERT(!c->detached);
	c->detached = true;
	return (httpconn_tls(c));
}

void
httpconn_release(struct httpconn *c)
{
	FUZZ_ASSERT(c->detached);
	c->detached = false;
}

void
httpconn_refuse_upgrade(struct httpconn *c, int status, const char *reason)
{
	FUZZ_ASSERT(!c->detached && status >= 400 && reason != NULL);
}

void
httpconn_answer(struct httpconn *c, struct evbuffer *body)
{
	FUZZ_ASSERT(c->busy);
	c->busy = false;
	c->answers++;
	if (body == NULL)
		world_check_answer(c, NULL, 0);
	else
		world_check_answer(c, (char *)evbuffer_pullup(body, -1),
		    evbuffer_get_length(body));
}

void
httpconn_unavailable(struct httpconn *c)
{
	FUZZ_ASSERT(c->busy);
	c->busy = false;
	c->answers++;
}

struct evbuffer *
tlsconn_output(struct tlsconn *c)
{
	return (((struct httpconn *)(void *)c)->out);
}

void
tlsconn_flush(struct tlsconn *c)
{
	(void)c;
}

void
tlsconn_free(struct tlsconn *c)
{
	(void)c;
}

enum tlsconn_peer
tlsconn_peer(const struct tlsconn *c)
{
	(void)c;
	return (TLSCONN_NAMED);
}

/* ---- common/wslink.h --------------------------------------------------- */

struct wslink *
wslink_new(struct event_base *base, enum websocket_role role,
    struct tlsconn *conn, const struct wslink_config *config,
    const struct wslink_cb *cb, void *arg)
{
	struct wslink	*ws;

	(void)base;
	(void)conn;
	(void)config;
	FUZZ_ASSERT(role == WEBSOCKET_SERVER);
	FUZZ_ASSERT((ws = calloc(1, sizeof(*ws))) != NULL);
	ws->cb = *cb;
	ws->arg = arg;
	ws->open = true;
	world_opened = ws;
	return (ws);
}

void
wslink_free(struct wslink *ws)
{
	free(ws);
}

/* A request, with an id of its own, or an answer: in either case JSON. */
int
wslink_send(struct wslink *ws, const char *text, size_t len)
{
	struct json_doc	*doc;
	const cJSON	*root;
	const char	*id;
	size_t		 n;
	uint64_t	 v;

	if (!ws->open || ws->stuck)
		return (-1);
	ws->sent++;
	FUZZ_ASSERT(json_parse(&doc, text, len, &limits, NULL) == JSON_OK);
	root = json_root(doc);
	if (cJSON_IsObject(root) && json_member(root, "method") != NULL) {
		id = json_raw(doc, json_member(root, "id"), &n);
		FUZZ_ASSERT(id != NULL);
		v = strtoull(id, NULL, 10);
		FUZZ_ASSERT(v == ws->last + 1);
		ws->last = v;
		FUZZ_ASSERT(cJSON_GetArraySize(json_member(root, "params")) >=
		    1);
	}
	json_free(doc);
	return (0);
}

bool
wslink_open(const struct wslink *ws)
{
	return (ws->open);
}

/* The end is told later, from the loop: by fuzz_relay.c. */
void
wslink_close(struct wslink *ws, uint16_t code, const char *reason)
{
	FUZZ_ASSERT(code >= 1000 && reason != NULL);
	ws->open = false;
}

void
wslink_set_config(struct wslink *ws, const struct wslink_config *config)
{
	FUZZ_ASSERT(ws != NULL && config->max_output > config->max_message);
}

struct tlsctx *
httpconn_tlsctx(const struct httpconn *c)
{
	FUZZ_ASSERT(c->detached);
	return ((struct tlsctx *)(uintptr_t)c);
}

bool
httpconn_settled(struct httpconn *c)
{
	FUZZ_ASSERT(c->detached);
	return (false);
}

/* Judged by what other tests see to. */
bool
wslink_trusted(const struct wslink *ws, struct tlsctx *tls, char *why,
    size_t size)
{
	FUZZ_ASSERT(ws != NULL && tls != NULL);
	snprintf(why, size, "it is not");
	return (!ws->distrusted);
}

size_t
wslink_unsent(struct wslink *ws)
{
	return (ws->stuck ? (size_t)1 << 30 : 0);
}
