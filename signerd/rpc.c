/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>

#include "common/clock.h"
#include "common/hex.h"
#include "common/jsonrpc.h"
#include "common/log.h"
#include "signerd/frontend.h"
#include "signerd/reqlog.h"
#include "signerd/rpc.h"

#define HEALTH_RESULT	"\"" VERSION "\""
#define MODULES_RESULT							\
	"{\"eth\":\"1.0\",\"health\":\"1.0\",\"opsigner\":\"1.0\"," 	\
	"\"rpc\":\"1.0\"}"

#define DEPTH_MAX	512	/* of nested arrays and objects */

typedef int	(*decoder)(struct args *, const struct json_doc *,
		    const cJSON *, char *, size_t);

struct method {
	const char	*name;
	int		 nargs;
	const char	*result;	/* where it is always the same */
	decoder		 decode;	/* of the argument of what keyd does */
};

static const struct method methods[] = {
	{ "opsigner_signBlockPayload", 1, NULL, args_payload_v1 },
	{ "opsigner_signBlockPayloadV2", 1, NULL, args_payload_v2 },
	{ "eth_signTransaction", 1, NULL, args_transaction },
	{ "health_status", 0, HEALTH_RESULT, NULL },
	{ "rpc_modules", 0, MODULES_RESULT, NULL },
	{ NULL, 0, NULL, NULL }
};

/* ---- Answers to single calls ------------------------------------------ */

/* The first answer counts. */
static struct evbuffer *
open_answer(struct call *call)
{
	if (call->answer == NULL)
		call->answer = evbuffer_new();
	return (call->answer);
}

static void
answer_error(struct call *call, int code, const char *message)
{
	struct evbuffer	*out = open_answer(call);

	if (out == NULL || jsonrpc_error(out, call->id, call->idlen, code,
	    message) == -1)
		log_error("no memory for an answer");
}

/* The same for a call that keyd is not asked about. */
static void
reject(struct call *call, const char *method, int code, const char *message)
{
	reqlog_rejected(call->rpc->client, method, code, message);
	answer_error(call, code, message);
}

static void
answer_result(struct call *call, const char *json, size_t len)
{
	struct evbuffer	*out = open_answer(call);

	if (out == NULL || jsonrpc_result(out, call->id, call->idlen, json,
	    len) == -1)
		log_error("no memory for an answer");
}

static void
answer_signed(struct call *call, const struct keyd_reply *reply)
{
	static const char	 object[] = "{\"signature\":";
	size_t			 size, n = 0;
	char			*json;

	size = sizeof(object) + 2 * reply->resultlen + 8;
	if ((json = malloc(size)) == NULL) {
		answer_error(call, JSONRPC_INTERNAL, "out of memory");
		return;
	}
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
	answer_result(call, json, n);
	free(json);
}

/* The two refusals whose text holds something of the request. */
static void
refusal_message(const struct call *call, enum refusal refusal, char *text,
    size_t size)
{
	const struct tx	*tx = &call->args.request.tx;
	char		 fee[HEX_QUANTITYSIZE], tip[HEX_QUANTITYSIZE];

	switch (refusal) {
	case REFUSAL_FORBIDDEN:
		snprintf(text, size, "Forbidden: client '%s' is not "
		    "authorized to use any keys", call->args.request.client);
		break;
	case REFUSAL_FEEORDER:
		hex_from_quantity(fee, &tx->max_fee);
		hex_from_quantity(tip, &tx->max_priority_fee);
		snprintf(text, size, "maxFeePerGas (%s) < "
		    "maxPriorityFeePerGas (%s)", fee, tip);
		break;
	default:
		snprintf(text, size, "%s", refusal_text(refusal));
		break;
	}
}

/* ---- The life of an rpc ----------------------------------------------- */

static void
call_free(struct call *call)
{
	free(call->id);
	args_clear(&call->args);
	if (call->answer != NULL)
		evbuffer_free(call->answer);
	free(call);
}

/* The keylink has let go of it, or never knew it. */
static void
rpc_free(struct rpc *rpc)
{
	size_t	 i;

	for (i = 0; i < rpc->ncalls; i++)
		call_free(rpc->calls[i]);
	free(rpc->calls);
	free(rpc);
}

static struct rpc *
rpc_new(struct client *client, size_t n)
{
	struct rpc	*rpc;

	if ((rpc = calloc(1, sizeof(*rpc))) == NULL)
		return (NULL);
	if ((rpc->calls = calloc(n + 1, sizeof(*rpc->calls))) == NULL) {
		free(rpc);
		return (NULL);
	}
	rpc->client = client;
	rpc->deadline = clock_us() +
	    (uint64_t)client->front->config.limits.timeout_request * 1000;
	return (rpc);
}

void
rpc_cancel(struct rpc *rpc)
{
	keylink_cancel(&rpc->client->front->keylink, rpc);
	rpc_free(rpc);
}

void
rpc_expired(struct rpc *rpc)
{
	struct client	*client = rpc->client;

	reqlog_unavailable(client, "deadline");
	rpc_cancel(rpc);
	client_unavailable(client);
}

/* One answer of a batch; over the limit it turns into an error. */
static void
join_answer(struct evbuffer *out, struct call *call, size_t limit)
{
	if (evbuffer_get_length(out) + evbuffer_get_length(call->answer) >
	    limit) {
		evbuffer_drain(call->answer,
		    evbuffer_get_length(call->answer));
		answer_error(call, JSONRPC_TOOLARGE, "response too large");
	}
	if (evbuffer_get_length(out) > 1)
		evbuffer_add(out, ",", 1);
	evbuffer_add_buffer(out, call->answer);
}

/* False where memory was short when one of them was made. */
static bool
all_answered(const struct rpc *rpc)
{
	size_t	 i;

	for (i = 0; i < rpc->ncalls; i++)
		if (rpc->calls[i]->answer == NULL ||
		    evbuffer_get_length(rpc->calls[i]->answer) == 0)
			return (false);
	return (true);
}

static struct evbuffer *
join_answers(struct rpc *rpc)
{
	struct evbuffer	*out;
	size_t		 i, limit;

	/* Rather none than an answer that is not whole. */
	if (!all_answered(rpc) || (out = evbuffer_new()) == NULL)
		return (NULL);
	limit = rpc->client->front->config.limits.max_response;
	if (rpc->batch)
		evbuffer_add(out, "[", 1);
	for (i = 0; i < rpc->ncalls; i++)
		join_answer(out, rpc->calls[i], limit);
	if (rpc->batch)
		evbuffer_add(out, "]", 1);
	return (out);
}

static void
finish(struct rpc *rpc)
{
	struct client	*client = rpc->client;
	struct evbuffer	*out = NULL;

	if (rpc->ncalls > 0 && (out = join_answers(rpc)) != NULL)
		evbuffer_add(out, "\n", 1);
	if (rpc->ncalls > 0 && out == NULL) {
		rpc_cancel(rpc);
		client_unavailable(client);
		return;
	}
	rpc_cancel(rpc);
	client_answer(client, out);
	if (out != NULL)
		evbuffer_free(out);
}

struct call *
rpc_next(struct rpc *rpc)
{
	struct call	*call;

	for (; rpc->next < rpc->ncalls; rpc->next++) {
		call = rpc->calls[rpc->next];
		if (call->keyed && !call->asked)
			return (call);
	}
	return (NULL);
}

static bool
answered(struct rpc *rpc)
{
	if (--rpc->left > 0)
		return (true);
	finish(rpc);
	return (false);
}

bool
rpc_reply(struct call *call, const struct keyd_reply *reply)
{
	struct rpc	*rpc = call->rpc;
	struct client	*client = rpc->client;
	char		 text[512];

	switch (reply->refusal) {
	case REFUSAL_NONE:
		reqlog_signed(client, call, reply);
		answer_signed(call, reply);
		break;
	case REFUSAL_DEADLINE:
	case REFUSAL_INTERNAL:
		/* One element that is too busy is the whole answer's 503. */
		reqlog_unavailable(client, refusal_name(reply->refusal));
		rpc_cancel(rpc);
		client_unavailable(client);
		return (false);
	default:
		refusal_message(call, reply->refusal, text, sizeof(text));
		reqlog_refused(client, call, reply, text);
		answer_error(call, refusal_code(reply->refusal), text);
		break;
	}
	/* Not needed any more, and a batch may be long. */
	args_clear(&call->args);
	return (answered(rpc));
}

bool
rpc_unsendable(struct call *call, int error)
{
	if (error == ERANGE || error == EMSGSIZE)
		reject(call, NULL, JSONRPC_PARAMS,
		    "invalid argument 0: larger than max transaction");
	else {
		log_error("a request cannot be sent to keyd: %s",
		    strerror(error));
		answer_error(call, JSONRPC_INTERNAL, "internal error");
	}
	return (answered(call->rpc));
}

/* ---- From the body to calls ------------------------------------------- */

static void
decode_call(struct call *call, const struct method *m,
    const struct json_doc *doc, const cJSON *arg)
{
	decoder	 decode = call->kona ? args_payload_kona : m->decode;
	char		 why[192], text[256];

	if (decode(&call->args, doc, arg, why, sizeof(why)) == -1) {
		args_clear(&call->args);
		snprintf(text, sizeof(text), "invalid argument 0: %s", why);
		reject(call, m->name, JSONRPC_PARAMS, text);
		return;
	}
	snprintf(call->args.request.client, sizeof(call->args.request.client),
	    "%s", client_name(call->rpc->client));
	call->keyed = true;
}

static void
no_such_method(struct call *call, const char *name)
{
	static const char	*const suffixes[] = { "_subscribe", "_unsubscribe" };
	char			 text[JSONRPC_METHOD_MAX + 64];
	size_t			 i, len = strlen(name), n;

	for (i = 0; i < 2; i++) {
		n = strlen(suffixes[i]);
		if (len >= n && strcmp(name + len - n, suffixes[i]) == 0) {
			reject(call, name, JSONRPC_NOMETHOD,
			    "notifications not supported");
			return;
		}
	}
	snprintf(text, sizeof(text),
	    "the method %s does not exist/is not available", name);
	reject(call, name, JSONRPC_NOMETHOD, text);
}

static void
dispatch(struct call *call, const struct jsonrpc_request *req,
    const struct json_doc *doc)
{
	const struct method	*m;
	const cJSON		*arg;
	char			 text[64];

	for (m = methods; m->name != NULL; m++)
		if (strcmp(m->name, req->method) == 0)
			break;
	if (m->name == NULL) {
		no_such_method(call, req->method);
		return;
	}
	if (m->decode == args_payload_v1 && cJSON_IsObject(req->params)) {
		call->kona = true;
		decode_call(call, m, doc, req->params);
		return;
	}
	if (jsonrpc_argument(req->params, m->nargs, &arg, text,
	    sizeof(text)) == -1)
		reject(call, m->name, JSONRPC_PARAMS, text);
	else if (m->result != NULL)
		answer_result(call, m->result, strlen(m->result));
	else
		decode_call(call, m, doc, arg);
}

/* One element: a call to answer, or nothing.  -1 where memory is short. */
static int
add_element(struct rpc *rpc, const struct json_doc *doc, const cJSON *element)
{
	struct jsonrpc_request	 req;
	struct call		*call;

	jsonrpc_request(&req, doc, element);
	if (req.kind == JSONRPC_NOTIFICATION || req.kind == JSONRPC_RESPONSE)
		return (0);
	if ((call = calloc(1, sizeof(*call))) == NULL)
		return (-1);
	rpc->calls[rpc->ncalls++] = call;
	call->rpc = rpc;
	call->received = clock_us();
	if (req.id != NULL) {
		if ((call->id = malloc(req.idlen)) == NULL)
			return (-1);
		memcpy(call->id, req.id, req.idlen);
		call->idlen = req.idlen;
	}
	if (req.kind == JSONRPC_ERROR)
		reject(call, NULL, req.code, req.message);
	else
		dispatch(call, &req, doc);
	if (call->answer == NULL) {
		if (!call->keyed)
			return (-1);
		rpc->left++;
	}
	return (0);
}

static int
add_error(struct rpc *rpc, const char *id, size_t idlen, int code,
    const char *text)
{
	struct call	*call;

	if ((call = calloc(1, sizeof(*call))) == NULL)
		return (-1);
	rpc->calls[rpc->ncalls++] = call;
	call->rpc = rpc;
	if (id != NULL && (call->id = malloc(idlen)) != NULL) {
		memcpy(call->id, id, idlen);
		call->idlen = idlen;
	}
	if (code != JSONRPC_PARSE)
		reject(call, NULL, code, text);
	else
		answer_error(call, code, text);
	return (call->answer != NULL ? 0 : -1);
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
			return (add_error(rpc, req.id, req.idlen,
			    JSONRPC_INVALID, "batch too large"));
	}
	return (add_error(rpc, NULL, 0, JSONRPC_INVALID, "batch too large"));
}

/* The calls of a document.  NULL where memory is short. */
static struct rpc *
rpc_build(struct client *client, const struct json_doc *doc)
{
	const cJSON	*root = json_root(doc), *v;
	struct rpc	*rpc;
	size_t		 n = 0, max = client->front->config.limits.max_batch;
	int		 r = 0;

	cJSON_ArrayForEach(v, root)
		n++;
	if (!cJSON_IsArray(root) || n == 0 || n > max)
		n = 1;
	if ((rpc = rpc_new(client, n)) == NULL)
		return (NULL);
	if (!cJSON_IsArray(root))
		r = add_element(rpc, doc, root);
	else if (root->child == NULL)
		r = add_error(rpc, NULL, 0, JSONRPC_INVALID, "empty batch");
	else if ((size_t)cJSON_GetArraySize(root) > max) {
		rpc->batch = true;
		r = add_too_large(rpc, doc, root);
	} else {
		rpc->batch = true;
		cJSON_ArrayForEach(v, root)
			if ((r = add_element(rpc, doc, v)) == -1)
				break;
	}
	if (r == -1) {
		rpc_free(rpc);
		return (NULL);
	}
	return (rpc);
}

static bool
is_blank(const char *body, size_t len)
{
	size_t	 i;

	for (i = 0; i < len; i++)
		if (strchr(" \t\r\n", body[i]) == NULL || body[i] == '\0')
			return (false);
	return (true);
}

static struct rpc *
rpc_parse(struct client *client, const char *body, size_t len)
{
	struct json_limits	 limits;
	struct json_doc		*doc;
	struct rpc		*rpc;
	enum json_error		 error;
	size_t			 at;

	limits.max_depth = DEPTH_MAX;
	limits.max_values = client->front->config.limits.max_values;
	error = json_parse(&doc, body, len, &limits, &at);
	if (error == JSON_MEMORY)
		return (NULL);
	if (error != JSON_OK) {
		reqlog_unparsed(client, json_strerror(error), at);
		if ((rpc = rpc_new(client, 1)) != NULL &&
		    add_error(rpc, NULL, 0, JSONRPC_PARSE,
		    "parse error") == -1) {
			rpc_free(rpc);
			rpc = NULL;
		}
		return (rpc);
	}
	rpc = rpc_build(client, doc);
	json_free(doc);
	return (rpc);
}

void
rpc_start(struct client *client, const char *body, size_t len)
{
	struct frontend	*front = client->front;
	struct rpc	*rpc;

	if (is_blank(body, len)) {
		client_answer(client, NULL);
		return;
	}
	if ((rpc = rpc_parse(client, body, len)) == NULL) {
		reqlog_unavailable(client, "out of memory");
		client_unavailable(client);
		return;
	}
	if (rpc->left == 0) {
		finish(rpc);
		return;
	}
	if (keylink_busy(&front->keylink)) {
		reqlog_unavailable(client, "busy");
		rpc_free(rpc);
		client_unavailable(client);
		return;
	}
	client->rpc = rpc;
	keylink_submit(&front->keylink, rpc);
}
