/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/rpcserver.h"

#define DEPTH_MAX	512	/* of nested arrays and objects */

/* ---- Answers to single calls ------------------------------------------ */

bool
rpc_answered(const struct rpc_call *call)
{
	return (call->answer != NULL &&
	    evbuffer_get_length(call->answer) > 0);
}

static bool
is_pending(const struct rpc *rpc)
{
	return (rpc->parsing || rpc->left > 0);
}

static struct evbuffer *
open_answer(struct rpc_call *call)
{
	if (call->answer == NULL)
		call->answer = evbuffer_new();
	return (call->answer);
}

/* The call had its turn, whether or not memory sufficed for its answer. */
static bool
settle(struct rpc_call *call, bool made)
{
	if (!made)
		log_error("no memory for an answer");
	if (call->deferred) {
		call->deferred = false;
		call->rpc->left--;
	}
	return (is_pending(call->rpc));
}

void
rpc_defer(struct rpc_call *call)
{
	if (call->deferred || rpc_answered(call))
		return;
	call->deferred = true;
	call->rpc->left++;
}

bool
rpc_result(struct rpc_call *call, const char *json, size_t len)
{
	struct evbuffer	*out;

	if (rpc_answered(call))
		return (is_pending(call->rpc));
	out = open_answer(call);
	return (settle(call, out != NULL && jsonrpc_result(out, call->id,
	    call->idlen, json, len) == 0));
}

bool
rpc_error(struct rpc_call *call, int code, const char *message)
{
	struct evbuffer	*out;

	if (rpc_answered(call))
		return (is_pending(call->rpc));
	call->code = code;
	out = open_answer(call);
	return (settle(call, out != NULL && jsonrpc_error(out, call->id,
	    call->idlen, code, message) == 0));
}

bool
rpc_error_raw(struct rpc_call *call, const char *json, size_t len)
{
	struct evbuffer	*out;

	if (rpc_answered(call))
		return (is_pending(call->rpc));
	out = open_answer(call);
	return (settle(call, out != NULL && jsonrpc_error_raw(out, call->id,
	    call->idlen, json, len) == 0));
}

bool
rpc_reject(struct rpc_call *call, const char *method, int code,
    const char *message)
{
	if (call->rpc->ops->rejected != NULL)
		call->rpc->ops->rejected(call->rpc, method, code, message);
	return (rpc_error(call, code, message));
}

bool
rpc_no_method(struct rpc_call *call, const char *method)
{
	static const char	*const suffixes[] = {
		"_subscribe", "_unsubscribe"
	};
	char			 text[JSONRPC_METHOD_MAX + 64];
	size_t			 i, len = strlen(method), n;

	for (i = 0; i < 2; i++) {
		n = strlen(suffixes[i]);
		if (len >= n && strcmp(method + len - n, suffixes[i]) == 0)
			return (rpc_reject(call, method, JSONRPC_NOMETHOD,
			    "notifications not supported"));
	}
	snprintf(text, sizeof(text),
	    "the method %s does not exist/is not available", method);
	return (rpc_reject(call, method, JSONRPC_NOMETHOD, text));
}

/* ---- All of them ------------------------------------------------------ */

/* One answer of a message; over the limit it turns into an error. */
static int
join_answer(struct rpc *rpc, struct evbuffer *out, struct rpc_call *call)
{
	if (evbuffer_get_length(out) + evbuffer_get_length(call->answer) >
	    rpc->limits.max_response) {
		evbuffer_drain(call->answer,
		    evbuffer_get_length(call->answer));
		call->code = JSONRPC_TOOLARGE;
		if (jsonrpc_error(call->answer, call->id, call->idlen,
		    JSONRPC_TOOLARGE, "response too large") == -1)
			return (-1);
	}
	if (evbuffer_get_length(out) > 1 && evbuffer_add(out, ",", 1) == -1)
		return (-1);
	return (evbuffer_add_buffer(out, call->answer));
}

static int
join_answers(struct rpc *rpc, struct evbuffer *out)
{
	size_t	 i;

	if (rpc->batch && evbuffer_add(out, "[", 1) == -1)
		return (-1);
	for (i = 0; i < rpc->ncalls; i++)
		if (join_answer(rpc, out, rpc->calls[i]) == -1)
			return (-1);
	if (rpc->batch && evbuffer_add(out, "]", 1) == -1)
		return (-1);
	return (evbuffer_add(out, "\n", 1));
}

/* The only answer is all of it, as it is.  NULL: it is not, or no memory. */
static struct evbuffer *
single_answer(struct rpc *rpc)
{
	struct rpc_call	*call;
	struct evbuffer	*out;

	if (rpc->batch || rpc->ncalls != 1)
		return (NULL);
	call = rpc->calls[0];
	if (evbuffer_get_length(call->answer) > rpc->limits.max_response ||
	    evbuffer_add(call->answer, "\n", 1) == -1)
		return (NULL);
	out = call->answer;
	call->answer = NULL;
	return (out);
}

struct evbuffer *
rpc_join(struct rpc *rpc)
{
	struct evbuffer	*out;
	size_t		 i;

	for (i = 0; i < rpc->ncalls; i++)
		if (!rpc_answered(rpc->calls[i]))
			return (NULL);
	if ((out = single_answer(rpc)) != NULL)
		return (out);
	if ((out = evbuffer_new()) == NULL)
		return (NULL);
	if (join_answers(rpc, out) == -1) {
		evbuffer_free(out);
		return (NULL);
	}
	return (out);
}

/* ---- From the text to calls ------------------------------------------- */

static void
call_free(struct rpc_call *call)
{
	if (call->rpc->ops->clear != NULL)
		call->rpc->ops->clear(call);
	free(call->id);
	if (call->answer != NULL)
		evbuffer_free(call->answer);
	free(call);
}

void
rpc_free(struct rpc *rpc)
{
	size_t	 i;

	if (rpc == NULL)
		return;
	for (i = 0; i < rpc->ncalls; i++)
		call_free(rpc->calls[i]);
	free(rpc->calls);
	free(rpc);
}

/* With room for n calls. */
static struct rpc *
rpc_new(const struct rpc_ops *ops, void *owner,
    const struct rpc_limits *limits, size_t n)
{
	struct rpc	*rpc;

	if ((rpc = calloc(1, ops->rpcsize)) == NULL)
		return (NULL);
	if ((rpc->calls = calloc(n + 1, sizeof(struct rpc_call *))) == NULL) {
		free(rpc);
		return (NULL);
	}
	rpc->ops = ops;
	rpc->owner = owner;
	rpc->limits = *limits;
	return (rpc);
}

/* NULL where memory is short; the call may be there then, without its id. */
static struct rpc_call *
add_call(struct rpc *rpc, const char *id, size_t idlen)
{
	struct rpc_call	*call;

	if ((call = calloc(1, rpc->ops->callsize)) == NULL)
		return (NULL);
	rpc->calls[rpc->ncalls++] = call;
	call->rpc = rpc;
	call->received = clock_us();
	if (id == NULL)
		return (call);
	if ((call->id = malloc(idlen)) == NULL)
		return (NULL);
	memcpy(call->id, id, idlen);
	call->idlen = idlen;
	return (call);
}

/* One element: a call to answer, or nothing.  -1 where memory is short. */
static int
add_element(struct rpc *rpc, const struct json_doc *doc, const cJSON *element)
{
	struct jsonrpc_request	 req;
	struct rpc_call		*call;

	jsonrpc_request(&req, doc, element);
	if (req.kind == JSONRPC_NOTIFICATION || req.kind == JSONRPC_RESPONSE)
		return (0);
	if (req.kind == JSONRPC_NOMEMORY)
		return (-1);
	if ((call = add_call(rpc, req.id, req.idlen)) == NULL)
		return (-1);
	if (req.kind == JSONRPC_ERROR)
		rpc_reject(call, NULL, req.code, req.message);
	else
		rpc->ops->dispatch(call, &req, doc);
	return (rpc_answered(call) || call->deferred ? 0 : -1);
}

static int
add_invalid(struct rpc *rpc, const char *id, size_t idlen, const char *text)
{
	struct rpc_call	*call;

	if ((call = add_call(rpc, id, idlen)) == NULL)
		return (-1);
	rpc_reject(call, NULL, JSONRPC_INVALID, text);
	return (rpc_answered(call) ? 0 : -1);
}

/* As the Go server does it: an array of one error, for the first call. */
static int
add_too_large(struct rpc *rpc, const struct json_doc *doc, const cJSON *batch)
{
	struct jsonrpc_request	 req;
	const cJSON		*v;

	cJSON_ArrayForEach(v, batch) {
		jsonrpc_request(&req, doc, v);
		if (req.kind == JSONRPC_CALL)
			return (add_invalid(rpc, req.id, req.idlen,
			    "batch too large"));
	}
	return (add_invalid(rpc, NULL, 0, "batch too large"));
}

static int
add_batch(struct rpc *rpc, const struct json_doc *doc, const cJSON *batch,
    size_t n)
{
	const cJSON	*v;

	if (n == 0)
		return (add_invalid(rpc, NULL, 0, "empty batch"));
	rpc->batch = true;
	if (n > rpc->limits.max_batch)
		return (add_too_large(rpc, doc, batch));
	cJSON_ArrayForEach(v, batch)
		if (add_element(rpc, doc, v) == -1)
			return (-1);
	return (0);
}

/* The calls of a document.  NULL where memory is short. */
static struct rpc *
rpc_build(const struct rpc_ops *ops, void *owner,
    const struct rpc_limits *limits, const struct json_doc *doc)
{
	const cJSON	*root = json_root(doc), *v;
	struct rpc	*rpc;
	size_t		 n = 0;
	int		 r;

	if (cJSON_IsArray(root))
		cJSON_ArrayForEach(v, root)
			n++;
	rpc = rpc_new(ops, owner, limits, n > limits->max_batch ? 1 : n + 1);
	if (rpc == NULL)
		return (NULL);
	rpc->parsing = true;
	if (cJSON_IsArray(root))
		r = add_batch(rpc, doc, root, n);
	else
		r = add_element(rpc, doc, root);
	rpc->parsing = false;
	if (r == -1) {
		rpc_free(rpc);
		return (NULL);
	}
	return (rpc);
}

static struct rpc *
rpc_unparsed(const struct rpc_ops *ops, void *owner,
    const struct rpc_limits *limits, const char *reason, size_t at)
{
	struct rpc	*rpc;
	struct rpc_call	*call;

	if ((rpc = rpc_new(ops, owner, limits, 1)) == NULL)
		return (NULL);
	if (ops->unparsed != NULL)
		ops->unparsed(rpc, reason, at);
	if ((call = add_call(rpc, NULL, 0)) != NULL)
		rpc_error(call, JSONRPC_PARSE, "parse error");
	if (call == NULL || !rpc_answered(call)) {
		rpc_free(rpc);
		return (NULL);
	}
	return (rpc);
}

static bool
is_blank(const char *text, size_t len)
{
	size_t	 i;

	for (i = 0; i < len; i++)
		if (text[i] != ' ' && text[i] != '\t' && text[i] != '\r' &&
		    text[i] != '\n')
			return (false);
	return (true);
}

void
rpc_read(struct rpc_text *t, const struct rpc_limits *limits,
    const char *text, size_t len)
{
	struct json_limits	 bounds;

	bounds.max_depth = DEPTH_MAX;
	bounds.max_values = limits->max_values;
	t->doc = NULL;
	t->blank = is_blank(text, len);
	t->error = t->blank ? JSON_SYNTAX :
	    json_parse(&t->doc, text, len, &bounds, &t->at);
}

struct rpc *
rpc_take(const struct rpc_ops *ops, void *owner,
    const struct rpc_limits *limits, const struct rpc_text *t)
{
	if (t->blank)
		return (rpc_new(ops, owner, limits, 0));
	if (t->error == JSON_MEMORY)
		return (NULL);
	if (t->error != JSON_OK)
		return (rpc_unparsed(ops, owner, limits,
		    json_strerror(t->error), t->at));
	return (rpc_build(ops, owner, limits, t->doc));
}

struct rpc *
rpc_parse(const struct rpc_ops *ops, void *owner,
    const struct rpc_limits *limits, const char *text, size_t len)
{
	struct rpc_text	 t;
	struct rpc	*rpc;

	rpc_read(&t, limits, text, len);
	rpc = rpc_take(ops, owner, limits, &t);
	json_free(t.doc);
	return (rpc);
}
