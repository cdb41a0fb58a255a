/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include "api/method.h"
#include "common/clock.h"
#include "common/heap.h"
#include "common/hex.h"
#include "common/json_splice.h"
#include "common/log.h"
#include "proxyd/link.h"
#include "proxyd/reqlog.h"

/* The relay of this process. */
static struct relay	*self;

static void	dispatch(struct rpc_call *, const struct jsonrpc_request *,
		    const struct json_doc *);
static void	clear(struct rpc_call *);
static void	rejected(const struct rpc *, const char *, int, const char *);
static void	unparsed(const struct rpc *, const char *, size_t);

static const struct rpc_ops ops = {
	sizeof(struct relaying), sizeof(struct call), dispatch, clear,
	rejected, unparsed
};

void
client_init(struct relay *relay)
{
	self = relay;
}

static void
rejected(const struct rpc *rpc, const char *method, int code,
    const char *text)
{
	reqlog_rejected(rpc->owner, method, code, text);
}

static void
unparsed(const struct rpc *rpc, const char *reason, size_t at)
{
	reqlog_unparsed(rpc->owner, reason, at);
}

/* ---- From the body to calls ------------------------------------------- */

static void
clear(struct rpc_call *base)
{
	struct call	*call = (struct call *)base;

	free(call->argument);
	call->argument = NULL;
}

static const uint8_t *
named_address(const struct request *request)
{
	if (request->method == METHOD_TRANSACTION)
		return (request->tx.has & TX_FROM ? request->tx.from : NULL);
	return (request->payload.has & PAYLOAD_SENDER ?
	    request->payload.sender : NULL);
}

/*
 * Where the client has left the choice of the key to the rules, its address
 * is filled in: or else the signer's own rules would choose, which are not the
 * same for every client.
 */
static int
write_argument(struct evbuffer *out, const struct call *call,
    const struct request *request, const struct method *m,
    const struct json_doc *doc, const cJSON *arg)
{
	char		 value[HEX_ADDRESSSIZE + 2];
	char		 hex[HEX_ADDRESSSIZE];

	if (call->kona)
		return (wire_payload(out, &request->payload,
		    call->route.address));
	hex_from_address(hex, call->route.address);
	snprintf(value, sizeof(value), "\"%s\"", hex);
	return (json_splice(out, doc, arg, m->address, value, strlen(value)));
}

/* As it came. */
static int
keep_text(struct call *call, const struct json_doc *doc, const cJSON *arg)
{
	const char	*text;
	size_t		 len;

	if ((text = json_text(doc, arg, &len)) == NULL ||
	    (call->argument = malloc(len)) == NULL)
		return (-1);
	memcpy(call->argument, text, len);
	call->argumentlen = len;
	return (0);
}

static int
keep_written(struct call *call, const struct request *request,
    const struct method *m, const struct json_doc *doc, const cJSON *arg)
{
	struct evbuffer	*out;
	size_t		 len;
	int		 result = -1;

	if ((out = evbuffer_new()) == NULL)
		return (-1);
	if (write_argument(out, call, request, m, doc, arg) == 0 &&
	    (len = evbuffer_get_length(out)) > 0 &&
	    (call->argument = malloc(len)) != NULL) {
		evbuffer_remove(out, call->argument, len);
		call->argumentlen = len;
		result = 0;
	}
	evbuffer_free(out);
	return (result);
}

static int
keep_argument(struct call *call, const struct request *request,
    const struct method *m, const struct json_doc *doc, const cJSON *arg)
{
	struct relaying	*r = (struct relaying *)call->base.rpc;
	int		 result;

	if (!call->kona && named_address(request) != NULL)
		result = keep_text(call, doc, arg);
	else
		result = keep_written(call, request, m, doc, arg);
	if (result == 0)
		r->held += call->argumentlen;
	return (result);
}

static void
decide(struct call *call, struct request *request, const struct method *m,
    const struct json_doc *doc, const cJSON *arg)
{
	struct relaying	*r = (struct relaying *)call->base.rpc;
	enum refusal	 refusal;
	uint32_t	 rule;
	char		 text[512];

	snprintf(request->client, sizeof(request->client), "%s",
	    httpconn_name(call->base.rpc->owner));
	refusal = route_decide(&self->rules->routes, request, &call->route,
	    &rule);
	if (refusal != REFUSAL_NONE) {
		refusal_message(text, sizeof(text), refusal, request,
		    "client", request->client);
		reqlog_refused(call->base.rpc->owner, request, refusal, rule,
		    text);
		call->result = RESULT_REFUSED;
		call->why = (enum reason)refusal;
		rpc_error(&call->base, refusal_code(refusal), text);
		return;
	}
	call->method = m->name;
	if (request->method == METHOD_PAYLOAD)
		call->payload = request->payload;
	if (keep_argument(call, request, m, doc, arg) == -1) {
		r->refused = true;
		rpc_error(&call->base, JSONRPC_INTERNAL, "out of memory");
		return;
	}
	call->relayed = true;
	r->client = self->rules->names[call->route.client->index];
	rpc_defer(&call->base);
}

static void
decode(struct call *call, const struct method *m, args_decoder *decoder,
    const struct json_doc *doc, const cJSON *arg)
{
	struct args	 args;
	char		 why[192], text[256];

	memset(&args, 0, sizeof(args));
	if (decoder(&args, doc, arg, why, sizeof(why)) == -1) {
		/* The whole message is unavailable where no call is answered. */
		if (errno != ENOMEM) {
			snprintf(text, sizeof(text), "invalid argument 0: %s",
			    why);
			rpc_reject(&call->base, m->name, JSONRPC_PARAMS, text);
		}
	} else
		decide(call, &args.request, m, doc, arg);
	args_clear(&args);
}

static void
dispatch(struct rpc_call *base, const struct jsonrpc_request *req,
    const struct json_doc *doc)
{
	struct call		*call = (struct call *)base;
	const struct method	*m;
	const cJSON		*arg;
	char			 text[64];

	if ((m = method_find(req->method)) == NULL) {
		rpc_no_method(base, req->method);
		return;
	}
	if (m->decode != NULL)
		call->asked = m->decode == args_transaction ?
		    RULE_TRANSACTION : RULE_PAYLOAD;
	if (m->decode_object != NULL && cJSON_IsObject(req->params)) {
		call->kona = true;
		decode(call, m, m->decode_object, doc, req->params);
		return;
	}
	if (jsonrpc_argument(req->params, m->decode != NULL, &arg, text,
	    sizeof(text)) == -1)
		rpc_reject(base, m->name, JSONRPC_PARAMS, text);
	else if (m->decode != NULL)
		decode(call, m, m->decode, doc, arg);
	else {
		call->result = RESULT_ANSWERED;
		rpc_result(base, m->result, strlen(m->result));
	}
}

/* ---- The life of a message -------------------------------------------- */

static struct call *
next_call(struct relaying *r)
{
	struct call	*call;

	for (; r->next < r->rpc.ncalls; r->next++) {
		call = (struct call *)r->rpc.calls[r->next];
		if (call->relayed && !call->started)
			return (call);
	}
	return (NULL);
}

static void
leave_turn(struct relaying *r)
{
	if (!r->in_turn)
		return;
	TAILQ_REMOVE(&r->client->turn, r, turn);
	r->in_turn = false;
}

static void
join_turn(struct relaying *r)
{
	if (r->in_turn || next_call(r) == NULL)
		return;
	TAILQ_INSERT_TAIL(&r->client->turn, r, turn);
	r->in_turn = true;
}

/* The message, or one call of it, waits for answers no more. */
static void
count_off(struct relaying *r, size_t ncalls)
{
	self->nwaiting -= (uint32_t)ncalls;
	r->client->nwaiting -= (uint32_t)ncalls;
}

static void
count_on(struct relaying *r)
{
	self->nwaiting += (uint32_t)r->rpc.left;
	r->client->nwaiting += (uint32_t)r->rpc.left;
	self->held += r->held;
	r->client->held += r->held;
	r->waits = true;
	TAILQ_INSERT_TAIL(&r->client->messages, r, entry);
}

static void
message_free(struct relaying *r)
{
	size_t	 i;

	if (r->client != NULL && r->waits) {
		leave_turn(r);
		count_off(r, r->rpc.left);
		self->held -= r->held;
		r->client->held -= r->held;
		TAILQ_REMOVE(&r->client->messages, r, entry);
		for (i = 0; i < r->rpc.ncalls; i++)
			call_release((struct call *)r->rpc.calls[i]);
	}
	heap_message(r->held);
	if (r->timer != NULL)
		event_free(r->timer);
	httpconn_set_data(r->conn, NULL);
	ruleset_unref(r->rules);
	rpc_free(&r->rpc);
}

static void
finish(struct relaying *r)
{
	struct httpconn	*conn = r->conn;
	struct evbuffer	*out;

	out = r->refused ? NULL : rpc_join(&r->rpc);
	if (out == NULL) {
		reqlog_unavailable(conn, NULL, REASON_MEMORY);
		count_unserved(r, REASON_MEMORY);
	} else
		count_message(r);
	message_free(r);
	if (out == NULL) {
		httpconn_unavailable(conn);
		return;
	}
	httpconn_answer(conn, out);
	evbuffer_free(out);
}

/* Starts calls of this client as far as there is room. */
static void
pump(struct relay *relay, struct client *client)
{
	struct relaying	*r;
	struct call	*call;

	/* An answer on the spot can lead to the next request, and here. */
	if (client->pumping)
		return;
	client->pumping = true;
	while (client->in_flight < relay->rules->config.limits.max_waiting &&
	    (r = TAILQ_FIRST(&client->turn)) != NULL) {
		leave_turn(r);
		if ((call = next_call(r)) != NULL && call_start(call))
			join_turn(r);
	}
	client->pumping = false;
}

void
client_answered(struct relaying *r, bool left)
{
	struct client	*client = client_ref(r->client);

	count_off(r, 1);
	if (!left)
		finish(r);
	pump(self, client);
	client_unref(client, &self->names);
}

void
client_unserved(struct relaying *r, const struct call *call,
    enum reason why)
{
	struct client	*client = client_ref(r->client);
	struct httpconn	*conn = r->conn;

	reqlog_unavailable(conn, call, why);
	count_unserved(r, why);
	message_free(r);
	httpconn_unavailable(conn);
	pump(self, client);
	client_unref(client, &self->names);
}

/* What a signer has been asked for in vain; NULL: nothing yet. */
static const struct call *
first_unanswered(const struct relaying *r)
{
	const struct call	*call;
	size_t			 i;

	for (i = 0; i < r->rpc.ncalls; i++) {
		call = (const struct call *)r->rpc.calls[i];
		if (call->started && !rpc_answered(&call->base))
			return (call);
	}
	return (NULL);
}

static void
on_deadline(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	client_unserved(arg, first_unanswered(arg), REASON_TIME);
}

static int
begin(struct relaying *r)
{
	uint64_t	 now = clock_us(), left = 0;
	struct timeval	 tv;

	r->deadline = httpconn_received(r->conn) +
	    (uint64_t)self->rules->config.limits.timeout_request * 1000;
	if (r->deadline > now)
		left = r->deadline - now;
	tv.tv_sec = (time_t)(left / 1000000);
	tv.tv_usec = (suseconds_t)(left % 1000000);
	r->timer = evtimer_new(self->base, on_deadline, r);
	if (r->timer == NULL)
		return (-1);
	event_add(r->timer, &tv);
	return (0);
}

/* Nothing of it waits yet. */
static void
refuse(struct relaying *r, enum reason why)
{
	struct httpconn	*conn = r->conn;

	reqlog_unavailable(conn, NULL, why);
	count_unserved(r, why);
	message_free(r);
	httpconn_unavailable(conn);
}

/* ---- Room ------------------------------------------------------------- */

static bool
is_full(const struct relaying *r)
{
	return (self->nwaiting + r->rpc.left >
	    self->rules->config.limits.max_queue);
}

static bool
holds_too_much(const struct relaying *r)
{
	return (self->held > 0 && self->held + r->held >
	    self->rules->config.limits.max_bodies);
}

/*
 * The last message of the client that has the most waiting, of calls or of
 * bytes, where that is more than the one who asks would have.
 */
static struct relaying *
greediest(const struct relaying *r, bool bytes)
{
	struct client	*c, *most = NULL;
	size_t		 n, max;

	max = bytes ? r->client->held + r->held :
	    r->client->nwaiting + r->rpc.left;
	TAILQ_FOREACH(c, &self->names, entry) {
		if ((n = bytes ? c->held : c->nwaiting) <= max)
			continue;
		max = n;
		most = c;
	}
	return (most == NULL ? NULL : TAILQ_LAST(&most->messages, messages));
}

/*
 * Who has the most makes room, and if that is who asks there is none: a
 * client that fills the queue shuts out itself alone.
 */
static bool
make_room(const struct relaying *r)
{
	struct relaying	*victim;
	bool		 full;

	for (;;) {
		full = is_full(r);
		if (!full && !holds_too_much(r))
			return (true);
		/* By calls where these are too many, else by bytes. */
		if ((victim = greediest(r, !full)) == NULL)
			return (false);
		client_unserved(victim, NULL, REASON_BUSY);
	}
}

static void
on_request(struct httpconn *conn, const char *body, size_t len, void *arg)
{
	struct relay	*relay = arg;
	struct client	*client;
	struct relaying	*r;

	r = (struct relaying *)rpc_parse(&ops, conn, &relay->rpc_limits, body,
	    len);
	if (r == NULL) {
		reqlog_unavailable(conn, NULL, REASON_MEMORY);
		count_unread(relay, httpconn_name(conn));
		httpconn_unavailable(conn);
		return;
	}
	r->conn = conn;
	r->relay = relay;
	/* By which it was decided on. */
	r->rules = ruleset_ref(relay->rules);
	httpconn_set_data(conn, r);
	if (r->rpc.ncalls == 0) {
		message_free(r);
		httpconn_answer(conn, NULL);
		return;
	}
	if (r->rpc.left == 0 || r->refused) {
		finish(r);
		return;
	}
	if (!make_room(r)) {
		refuse(r, REASON_BUSY);
		return;
	}
	if (begin(r) == -1) {
		refuse(r, REASON_MEMORY);
		return;
	}
	count_on(r);
	join_turn(r);
	client = client_ref(r->client);
	pump(relay, client);
	client_unref(client, &relay->names);
}

/* The client has gone: what is under way for it is dropped. */
static void
on_cancel(struct httpconn *conn, void *arg)
{
	struct relaying	*r = httpconn_data(conn);
	struct relay	*relay = arg;
	struct client	*client;

	if (r == NULL)
		return;
	if ((client = r->client) != NULL)
		client_ref(client);
	count_gone(r);
	message_free(r);
	if (client == NULL)
		return;
	pump(relay, client);
	client_unref(client, &relay->names);
}

static void
on_stopped(struct httpserver *server, void *arg)
{
	(void)server;
	/* Every client has its answer: now the signers can go. */
	link_stop(arg);
}

const struct httpserver_cb client_cb = {
	on_request, on_cancel, NULL, on_stopped, "clients"
};
