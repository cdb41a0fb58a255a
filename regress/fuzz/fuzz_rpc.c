/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: common/rpcserver.o common/jsonrpc.o common/json.o common/jsonscan.o
 *	common/hex.o common/u256.o common/log.o common/log_render.o
 *	compat/imsg.o compat/imsg-buffer.o
 */
/* libs: libevent libcjson */

/*
 * JSON-RPC messages, with an owner that answers at once or later, in an order
 * that follows from the input: each call is dispatched once and answered once,
 * in its place, with its id as it was written; nothing else is.
 */

#include <event2/buffer.h>

#include "common/log.h"
#include "common/rpcserver.h"
#include "regress/fuzz/pieces.h"

#define BATCH		8
#define RESPONSE	2000

/* An element of the message that is to be answered. */
struct expected {
	const char	*id;
	size_t		 idlen;
	int		 code;		/* of an error of the envelope, or 0 */
};

struct message {
	struct rpc	 rpc;		/* must be the first */
};

struct call {
	struct rpc_call	 base;		/* must be the first */
	char		*kept;		/* for clear() */
};

/* Of the input that is being run. */
static struct {
	struct pieces	 choice;
	size_t		 dispatched;
	size_t		 cleared;
	size_t		 unparsed;
	size_t		 rejected;
} run;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	/* rpcserver.c has nothing to log but the want of memory. */
	log_init("fuzz");
	log_set_level(LOG_LVL_ERROR);
	return (0);
}

/* ---- The owner --------------------------------------------------------- */

static void
answer(struct rpc_call *call, uint32_t how)
{
	static const char	 hex[] = "\"0x00ff\"";
	static const char	 error[] = "{\"code\":-32005,\"message\":\"\"}";
	char			 big[RESPONSE + 2];

	switch (how % 6) {
	case 0:
		rpc_result(call, hex, sizeof(hex) - 1);
		break;
	case 1:
		rpc_error(call, -32010, "a \"text\"\n<\xff>");
		break;
	case 2:
		rpc_error_raw(call, error, sizeof(error) - 1);
		break;
	case 3:
		rpc_reject(call, "m", JSONRPC_PARAMS, "missing");
		break;
	case 4:
		memset(big, 'f', sizeof(big));
		big[0] = big[sizeof(big) - 1] = '"';
		rpc_result(call, big, sizeof(big));
		break;
	default:
		rpc_result(call, "{\"a\":[1,null]}", 14);
	}
	FUZZ_ASSERT(rpc_answered(call));
	/* The first answer counts. */
	if (how & 64)
		rpc_error(call, -1, "a second answer");
	if (how & 128)
		rpc_defer(call);
	FUZZ_ASSERT(!call->deferred);
}

static void
dispatch(struct rpc_call *call, const struct jsonrpc_request *req,
    const struct json_doc *doc)
{
	struct call	*mine = (struct call *)call;
	const cJSON	*arg;
	char		 text[64];
	uint32_t	 how = pieces_next(&run.choice);
	size_t		 len;

	run.dispatched++;
	FUZZ_ASSERT(req->kind == JSONRPC_CALL && call->rpc->parsing);
	FUZZ_ASSERT(req->method != NULL && req->method[0] != '\0' &&
	    strlen(req->method) <= JSONRPC_METHOD_MAX);
	FUZZ_ASSERT((mine->kept = malloc(1)) != NULL);
	if (req->params != NULL)
		FUZZ_ASSERT(json_text(doc, req->params, &len) != NULL);
	if (strcmp(req->method, "m") == 0) {
		if (jsonrpc_argument(req->params, 1, &arg, text,
		    sizeof(text)) == 0)
			FUZZ_ASSERT(arg == req->params->child &&
			    arg->next == NULL);
		else
			FUZZ_ASSERT(arg == NULL && text[0] != '\0');
		rpc_defer(call);
		FUZZ_ASSERT(call->deferred);
	} else if (how % 8 == 0)
		rpc_no_method(call, req->method);
	else if (how % 2 == 0)
		rpc_defer(call);
	else
		answer(call, how >> 3);
}

static void
clear(struct rpc_call *call)
{
	run.cleared++;
	free(((struct call *)call)->kept);
}

static void
rejected(const struct rpc *rpc, const char *method, int code,
    const char *text)
{
	(void)method;
	FUZZ_ASSERT(rpc->owner == &run && code != 0 && text != NULL);
	run.rejected++;
}

static void
unparsed(const struct rpc *rpc, const char *reason, size_t at)
{
	(void)at;
	FUZZ_ASSERT(rpc->owner == &run && reason != NULL);
	run.unparsed++;
}

static const struct rpc_ops ops = {
	sizeof(struct message), sizeof(struct call), dispatch, clear,
	rejected, unparsed
};

/* All that wait, the ones that the input chooses first. */
static void
answer_deferred(struct rpc *rpc)
{
	struct rpc_call	*call;
	size_t		 i, k, left;
	bool		 more;

	while ((left = rpc->left) > 0) {
		FUZZ_ASSERT(rpc_join(rpc) == NULL);
		k = pieces_next(&run.choice) % left;
		for (i = 0; i < rpc->ncalls; i++)
			if (rpc->calls[i]->deferred && k-- == 0)
				break;
		FUZZ_ASSERT(i < rpc->ncalls);
		call = rpc->calls[i];
		FUZZ_ASSERT(!rpc_answered(call));
		answer(call, pieces_next(&run.choice));
		FUZZ_ASSERT(rpc->left == left - 1);
		more = rpc_error(call, 1, "again");
		FUZZ_ASSERT(more == (rpc->left > 0));
	}
}

/* ---- What is to be answered -------------------------------------------- */

/* No id, and nothing wrong with it. */
static bool
is_notification(const cJSON *element)
{
	const cJSON	*v, *method = json_member(element, "method");
	const cJSON	*version = json_member(element, "jsonrpc");

	if (!cJSON_IsString(method) || method->valuestring[0] == '\0' ||
	    !cJSON_IsString(version) || json_repeats(element, false) ||
	    strcmp(version->valuestring, "2.0") != 0)
		return (false);
	cJSON_ArrayForEach(v, element)
		if (v != method && v != version &&
		    strcmp(v->string, "params") != 0)
			return (false);
	return (true);
}

/* Returns whether it is a call to dispatch. */
static bool
expect(struct expected *list, size_t *n, const struct json_doc *doc,
    const cJSON *element)
{
	const cJSON		*id;
	struct jsonrpc_request	 req;

	jsonrpc_request(&req, doc, element);
	id = json_member(element, "id");
	/* By the specification: no id, no answer; and none to an answer. */
	if (cJSON_IsObject(element) && is_notification(element))
		FUZZ_ASSERT(req.kind == JSONRPC_NOTIFICATION);
	if (req.kind == JSONRPC_NOTIFICATION) {
		FUZZ_ASSERT(id == NULL &&
		    cJSON_IsString(json_member(element, "method")));
		return (false);
	}
	if (req.kind == JSONRPC_RESPONSE) {
		FUZZ_ASSERT(id != NULL &&
		    (json_member(element, "result") != NULL ||
		    json_member(element, "error") != NULL));
		return (false);
	}
	memset(&list[*n], 0, sizeof(list[*n]));
	if (req.kind == JSONRPC_CALL) {
		FUZZ_ASSERT(id != NULL && !json_repeats(element, false));
		FUZZ_ASSERT(strcmp(cJSON_GetStringValue(json_member(element,
		    "jsonrpc")), "2.0") == 0);
		FUZZ_ASSERT(strcmp(cJSON_GetStringValue(json_member(element,
		    "method")), req.method) == 0);
		if (!cJSON_IsNull(id))
			list[*n].id = json_raw(doc, id, &list[*n].idlen);
		FUZZ_ASSERT(cJSON_IsNull(id) || list[*n].id != NULL);
	} else {
		list[*n].code = req.code;
		list[*n].id = req.id;
		list[*n].idlen = req.idlen;
	}
	(*n)++;
	return (req.kind == JSONRPC_CALL);
}

static void
check_answer(const struct json_doc *doc, const cJSON *a,
    const struct expected *e)
{
	const cJSON	*id = json_member(a, "id");
	const cJSON	*error = json_member(a, "error");
	const char	*text;
	size_t		 len;

	FUZZ_ASSERT(cJSON_IsObject(a) && !json_repeats(a, false));
	FUZZ_ASSERT(strcmp(cJSON_GetStringValue(json_member(a, "jsonrpc")),
	    "2.0") == 0);
	FUZZ_ASSERT(id != NULL);
	text = json_raw(doc, id, &len);
	if (e->id == NULL)
		FUZZ_ASSERT(cJSON_IsNull(id));
	else
		FUZZ_ASSERT(len == e->idlen && memcmp(text, e->id, len) == 0);
	FUZZ_ASSERT((error != NULL) != (json_member(a, "result") != NULL));
	if (e->code != 0) {
		/* Where there is no room, that is said instead. */
		text = json_raw(doc, json_member(error, "code"), &len);
		FUZZ_ASSERT(text != NULL && (atoi(text) == e->code ||
		    atoi(text) == JSONRPC_TOOLARGE));
	}
	if (error != NULL) {
		int		 code;
		const char	*message;

		FUZZ_ASSERT(jsonrpc_error_parse(doc, error, &code,
		    &message) == 0);
	}
}

static void
check_joined(struct rpc *rpc, const struct expected *list, size_t n,
    bool batch)
{
	static const struct json_limits	 limits = { 512, 100000 };
	struct evbuffer			*out;
	struct json_doc			*doc;
	const cJSON			*v;
	char				*text;
	size_t				 len, i = 0;

	FUZZ_ASSERT(rpc->ncalls == n && rpc->left == 0);
	if (n == 0)
		return;
	FUZZ_ASSERT((out = rpc_join(rpc)) != NULL);
	len = evbuffer_get_length(out);
	text = (char *)evbuffer_pullup(out, -1);
	FUZZ_ASSERT(text[len - 1] == '\n' &&
	    memchr(text, '\n', len) == text + len - 1);
	FUZZ_ASSERT(json_parse(&doc, text, len, &limits, NULL) == JSON_OK);
	if (batch) {
		FUZZ_ASSERT(cJSON_IsArray(json_root(doc)));
		cJSON_ArrayForEach(v, json_root(doc)) {
			FUZZ_ASSERT(i < n);
			check_answer(doc, v, &list[i++]);
		}
		FUZZ_ASSERT(i == n);
	} else
		check_answer(doc, json_root(doc), list);
	json_free(doc);
	evbuffer_free(out);
}

static bool
is_blank(const char *text, size_t size)
{
	size_t	 i;

	for (i = 0; i < size; i++)
		if (text[i] != ' ' && text[i] != '\t' && text[i] != '\r' &&
		    text[i] != '\n')
			return (false);
	return (true);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct json_limits	 limits = { 512, 300 };
	static const struct rpc_limits	 bounds = { BATCH, 300, RESPONSE };
	struct expected			 list[BATCH + 1];
	struct json_doc			*doc = NULL;
	struct rpc			*rpc;
	const cJSON			*v, *root;
	char				*text;
	size_t				 n = 0, calls = 0, elements = 0;
	bool				 batch = false;

	memset(&run, 0, sizeof(run));
	memset(list, 0, sizeof(list));
	pieces_start(&run.choice, data, size, PIECES_WHOLE);
	text = fuzz_copy(data, size);
	rpc = rpc_parse(&ops, &run, &bounds, text, size);
	FUZZ_ASSERT(rpc != NULL && !rpc->parsing);
	if (is_blank(text, size))
		;
	else if (json_parse(&doc, text, size, &limits, NULL) != JSON_OK) {
		list[n++].code = JSONRPC_PARSE;
		FUZZ_ASSERT(run.unparsed == 1);
	} else if (!cJSON_IsArray(root = json_root(doc)))
		calls += expect(list, &n, doc, root);
	else {
		elements = (size_t)cJSON_GetArraySize(root);
		batch = elements > 0;
		cJSON_ArrayForEach(v, root)
			if (elements <= BATCH)
				calls += expect(list, &n, doc, v);
		if (elements == 0)
			list[n++].code = JSONRPC_INVALID;
	}
	FUZZ_ASSERT(run.dispatched == calls);
	answer_deferred(rpc);
	if (elements > BATCH) {
		/* One error, and nothing was carried out. */
		FUZZ_ASSERT(rpc->ncalls == 1 && rpc->batch);
		list[0].id = rpc->calls[0]->id;
		list[0].idlen = rpc->calls[0]->idlen;
		list[0].code = JSONRPC_INVALID;
		n = 1;
	}
	check_joined(rpc, list, n, batch);
	rpc_free(rpc);
	FUZZ_ASSERT(run.cleared == n);
	json_free(doc);
	free(text);
	return (0);
}
