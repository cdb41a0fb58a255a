/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>

#include "api/link.h"
#include "api/method.h"
#include "common/clock.h"
#include "common/heap.h"
#include "common/hex.h"
#include "common/log.h"
#include "signerd/config.h"
#include "signerd/keylink.h"
#include "signerd/reqcount.h"
#include "signerd/reqlog.h"
#include "signerd/rpc.h"

/* ---- Answers to single calls ------------------------------------------ */

/* An error for a call that keyd is not asked about, or not any more. */
static bool
reject(struct call *call, const char *method, int code, const char *message)
{
	reqlog_rejected(call_owner(call), call, method, code, message);
	reqcount_rejected(call_owner(call), call, method, code);
	return (rpc_error(&call->head, code, message));
}

/* One that could not be served now, on a link. */
static bool
answer_unserved(struct call *call, int code)
{
	return (rpc_error(&call->head, code, code == LINK_DEADLINE ?
	    "deadline exceeded" : "busy"));
}

/* JSON text, to be freed; NULL where memory is short. */
static char *
signature_text(const struct call *call, const struct keyd_reply *reply,
    size_t *len)
{
	static const char	 object[] = "{\"signature\":";
	size_t			 size, n = 0;
	char			*json;

	size = sizeof(object) + 2 * reply->resultlen + 8;
	if ((json = malloc(size)) == NULL)
		return (NULL);
	if (call->kona) {
		memcpy(json, object, sizeof(object) - 1);
		n = sizeof(object) - 1;
	}
	json[n++] = '"';
	json[n++] = '0';
	json[n++] = 'x';
	hex_encode(json + n, reply->result, reply->resultlen);
	n += 2 * reply->resultlen;
	json[n++] = '"';
	if (call->kona)
		json[n++] = '}';
	*len = n;
	return (json);
}

static void
refusal_of(const struct call *call, enum refusal refusal, char *text,
    size_t size)
{
	const struct rpc_owner	*owner = call_owner(call);
	const struct request	*request = &call->args.request;
	/* One that names no client asks for itself. */
	bool			 proxy = request->client[0] == '\0' &&
				    owner->link != NULL;

	refusal_message(text, size, refusal, request, proxy ? "proxy" :
	    "client", proxy ? owner->link : request->client);
}

/* ---- From the text to calls ------------------------------------------- */

/*
 * What is asked for cannot be told: without an answer here the whole message
 * is unavailable.
 */
static void
no_memory(struct call *call)
{
	if (call_owner(call)->via != 0)
		answer_unserved(call, LINK_BUSY);
}

/* What the proxy says of a call; -1: it is rejected. */
static int
take_metadata(struct call *call, const struct method *m,
    const struct json_doc *doc, const cJSON *arg, struct metadata *meta)
{
	struct signing	*s = call_signing(call);
	uint64_t	 deadline;
	char		 why[128], text[192];

	if (metadata_decode(meta, doc, arg, why, sizeof(why)) == -1) {
		if (errno == ENOMEM) {
			no_memory(call);
			return (-1);
		}
		snprintf(text, sizeof(text), "invalid argument 1: %s", why);
		reject(call, m->name, JSONRPC_PARAMS, text);
		return (-1);
	}
	snprintf(call->origin, sizeof(call->origin), "%s", meta->id);
	if (!meta->limited)
		return (0);
	/* All of a batch are answered together: the earliest counts. */
	deadline = call->head.received + meta->deadline * 1000;
	if (s->deadline == 0 || deadline < s->deadline)
		s->deadline = deadline;
	return (0);
}

static void
decode_call(struct call *call, const char *method, args_decoder *decode,
    const struct json_doc *doc, const cJSON *arg, const char *client)
{
	struct request	*request = &call->args.request;
	char		 why[192], text[256];
	int		 r, error = 0;

	if ((r = decode(&call->args, doc, arg, why, sizeof(why))) == -1) {
		error = errno;
		args_clear(&call->args);
	}
	request->via = call_owner(call)->via;
	snprintf(request->client, sizeof(request->client), "%s", client);
	if (r == -1 && error == ENOMEM)
		no_memory(call);
	else if (r == -1) {
		snprintf(text, sizeof(text), "invalid argument 0: %s", why);
		reject(call, method, JSONRPC_PARAMS, text);
	} else
		rpc_defer(&call->head);
}

static void
dispatch_signing(struct call *call, const struct method *m,
    const cJSON *params, const struct json_doc *doc)
{
	const struct rpc_owner	*owner = call_owner(call);
	const cJSON		*args[2] = { NULL, NULL };
	struct metadata		 meta;
	const char		*client = owner->client;
	char			 text[64];

	if (m->decode_object != NULL && cJSON_IsObject(params) &&
	    !owner->metadata) {
		call->kona = true;
		decode_call(call, m->name, m->decode_object, doc, params,
		    client);
		return;
	}
	if (jsonrpc_arguments(params, owner->metadata ? 2 : 1, args, text,
	    sizeof(text)) == -1) {
		reject(call, m->name, JSONRPC_PARAMS, text);
		return;
	}
	if (owner->metadata) {
		if (take_metadata(call, m, doc, args[1], &meta) == -1)
			return;
		client = meta.client;
	}
	decode_call(call, m->name, m->decode, doc, args[0], client);
}

static void
dispatch(struct rpc_call *head, const struct jsonrpc_request *req,
    const struct json_doc *doc)
{
	struct call		*call = (struct call *)(void *)head;
	const struct method	*m;
	const cJSON		*none;
	char			 text[64];

	if ((m = method_find(req->method)) == NULL)
		rpc_no_method(head, req->method);
	else if (m->decode != NULL)
		dispatch_signing(call, m, req->params, doc);
	else if (jsonrpc_argument(req->params, 0, &none, text,
	    sizeof(text)) == -1)
		reject(call, m->name, JSONRPC_PARAMS, text);
	else {
		reqcount_answered(call_owner(call));
		rpc_result(head, m->result, strlen(m->result));
	}
}

static void
clear(struct rpc_call *head)
{
	args_clear(&((struct call *)(void *)head)->args);
}

static void
rejected(const struct rpc *rpc, const char *method, int code,
    const char *text)
{
	reqlog_rejected(rpc->owner, NULL, method, code, text);
	reqcount_rejected(rpc->owner, NULL, method, code);
}

static void
unparsed(const struct rpc *rpc, const char *reason, size_t at)
{
	reqlog_unparsed(rpc->owner, reason, at);
	reqcount_unparsed(rpc->owner);
}

/* ---- The life of a signing -------------------------------------------- */

/* Whatever comes of its end, it is nobody's but ours by then. */
static void
leave(struct signing *s)
{
	struct rpc_owner	*owner = s->rpc.owner;

	keylink_cancel(owner->keylink, s);
	LIST_REMOVE(s, entry);
	owner->nsignings--;
	owner->held -= s->held;
	heap_message(s->held);
}

static void
release(struct signing *s)
{
	if (s->starting)
		s->over = true;
	else
		rpc_free(&s->rpc);
}

void
rpc_cancel(struct signing *s)
{
	leave(s);
	release(s);
}

void
rpc_cancel_all(struct rpc_owner *owner)
{
	struct signing	*s;

	while ((s = LIST_FIRST(&owner->signings)) != NULL)
		rpc_cancel(s);
}

/* The owner may be gone when these two return. */
static void
end_unavailable(struct signing *s, const char *reason)
{
	struct rpc_owner	*owner = s->rpc.owner;

	leave(s);
	owner->ops->unavailable(owner->arg, s, reason);
	release(s);
}

static void
end_answered(struct signing *s, struct evbuffer *out)
{
	struct rpc_owner	*owner = s->rpc.owner;

	leave(s);
	owner->ops->answer(owner->arg, s, out);
	if (out != NULL)
		evbuffer_free(out);
	release(s);
}

/* Calls without an answer, where there is no other way to say so. */
static void
answer_rest(struct signing *s, int code)
{
	size_t	 i;

	for (i = 0; i < s->rpc.ncalls; i++)
		if (!rpc_answered(s->rpc.calls[i]))
			answer_unserved(signing_call(s, i), code);
}

static void
finish(struct signing *s)
{
	const struct rpc_owner	*owner = s->rpc.owner;
	struct evbuffer		*out;

	if (s->rpc.ncalls == 0) {
		end_answered(s, NULL);
		return;
	}
	/* Those for which memory was short. */
	if (owner->via != 0)
		answer_rest(s, LINK_BUSY);
	if ((out = rpc_join(&s->rpc)) == NULL) {
		reqcount_unavailable(owner, NULL, "out of memory");
		end_unavailable(s, "out of memory");
	} else
		end_answered(s, out);
}

/* Where there is a status code, it is for the whole message. */
static void
give_up(struct signing *s, int code, const char *reason)
{
	const struct rpc_owner	*owner = s->rpc.owner;
	size_t			 i;

	reqlog_unavailable(owner, s->rpc.ncalls == 1 ? signing_call(s, 0) :
	    NULL, reason);
	for (i = 0; i < s->rpc.ncalls; i++)
		if (!rpc_answered(s->rpc.calls[i]))
			reqcount_unavailable(owner, signing_call(s, i),
			    reason);
	if (owner->via == 0) {
		end_unavailable(s, reason);
		return;
	}
	answer_rest(s, code);
	finish(s);
}

void
rpc_expired(struct signing *s)
{
	bool	 over = s->deadline <= clock_us();

	give_up(s, over ? LINK_DEADLINE : LINK_BUSY,
	    over ? "deadline" : "busy");
}

struct call *
rpc_next(struct signing *s)
{
	struct call	*call;

	for (; s->next < s->rpc.ncalls; s->next++) {
		call = signing_call(s, s->next);
		if (call->head.deferred && !call->asked)
			return (call);
	}
	return (NULL);
}

void
rpc_again(struct call *call)
{
	call->asked = false;
	call_signing(call)->next = 0;
}

static bool
answered(struct signing *s, bool left)
{
	if (!left)
		finish(s);
	return (left);
}

/* keyd came too late to it, or failed. */
static bool
unserved(struct call *call, enum refusal refusal)
{
	struct signing	*s = call_signing(call);

	if (call_owner(call)->via == 0) {
		/* One element that is too busy is the whole answer's 503. */
		give_up(s, LINK_BUSY, refusal_name(refusal));
		return (false);
	}
	reqlog_unavailable(call_owner(call), call, refusal_name(refusal));
	reqcount_unavailable(call_owner(call), call, refusal_name(refusal));
	return (answered(s, answer_unserved(call,
	    refusal == REFUSAL_DEADLINE ? LINK_DEADLINE : LINK_BUSY)));
}

bool
rpc_reply(struct call *call, const struct keyd_reply *reply)
{
	bool	 left;
	char	 text[512], *json;
	size_t	 len;

	switch (reply->refusal) {
	case REFUSAL_NONE:
		reqlog_signed(call, reply);
		reqcount_reply(call, reply);
		if ((json = signature_text(call, reply, &len)) == NULL)
			return (unserved(call, REFUSAL_INTERNAL));
		left = rpc_result(&call->head, json, len);
		free(json);
		break;
	case REFUSAL_DEADLINE:
	case REFUSAL_INTERNAL:
	case REFUSAL_AUDIT:
		return (unserved(call, reply->refusal));
	case REFUSAL_FORBIDDEN:
		/* The rules went while it was on its way. */
		if (call_owner(call)->leaving)
			return (unserved(call, reply->refusal));
		/* FALLTHROUGH */
	default:
		refusal_of(call, reply->refusal, text, sizeof(text));
		reqlog_refused(call, reply, text);
		reqcount_reply(call, reply);
		left = rpc_error(&call->head, refusal_code(reply->refusal),
		    text);
		break;
	}
	/* Not needed any more, and a batch may be long. */
	args_clear(&call->args);
	return (answered(call_signing(call), left));
}

bool
rpc_unsendable(struct call *call, int error)
{
	bool	 left;

	if (error == ERANGE || error == EMSGSIZE)
		left = reject(call, NULL, JSONRPC_PARAMS,
		    "invalid argument 0: larger than max transaction");
	else {
		log_error("a request cannot be sent to keyd: %s",
		    strerror(error));
		if (error == ENOMEM)
			return (unserved(call, REFUSAL_INTERNAL));
		reqcount_rejected(call_owner(call), call, NULL,
		    JSONRPC_INTERNAL);
		left = rpc_error(&call->head, JSONRPC_INTERNAL,
		    "internal error");
	}
	return (answered(call_signing(call), left));
}

/* Has its calls asked.  NULL where it has come to its end at once. */
static struct signing *
submit(struct signing *s)
{
	const struct rpc_owner	*owner = s->rpc.owner;

	s->starting = true;
	keylink_submit(owner->keylink, s);
	s->starting = false;
	if (!s->over)
		return (s);
	rpc_free(&s->rpc);
	return (NULL);
}

/*
 * A message alone is within max body and max batch; whoever sends more than
 * one at once can have too much here.
 */
static bool
is_busy(const struct rpc_owner *owner)
{
	if (keylink_busy(owner->keylink) || owner->busy)
		return (true);
	if (owner->nsignings == 1)
		return (false);
	return ((owner->max_signings > 0 &&
	    owner->nsignings > owner->max_signings) ||
	    (owner->max_held > 0 && owner->held > owner->max_held));
}

struct signing *
rpc_start(struct rpc_owner *owner, const char *body, size_t len)
{
	static const struct rpc_ops	 ops = {
		sizeof(struct signing), sizeof(struct call), dispatch, clear,
		rejected, unparsed
	};
	const struct config_limits	*l = owner->limits;
	const struct rpc_limits		 limits = {
		l->max_batch, l->max_values, l->max_response
	};
	uint64_t			 deadline;
	struct signing			*s;

	deadline = owner->received > 0 ? owner->received : clock_us();
	deadline += (uint64_t)l->timeout_request * 1000;
	s = (struct signing *)(void *)rpc_parse(&ops, owner, &limits, body,
	    len);
	if (s == NULL) {
		reqlog_unavailable(owner, NULL, "out of memory");
		reqcount_unavailable(owner, NULL, "out of memory");
		owner->ops->unavailable(owner->arg, NULL, "out of memory");
		return (NULL);
	}
	if (s->deadline == 0 || s->deadline > deadline)
		s->deadline = deadline;
	LIST_INSERT_HEAD(&owner->signings, s, entry);
	owner->nsignings++;
	s->held = len + s->rpc.ncalls * sizeof(struct call);
	owner->held += s->held;
	if (s->rpc.left == 0)
		finish(s);
	else if (is_busy(owner))
		give_up(s, LINK_BUSY, "busy");
	else
		return (submit(s));
	return (NULL);
}
