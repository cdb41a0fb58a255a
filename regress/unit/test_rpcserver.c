/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/rpcserver.o common/jsonrpc.o common/json.o common/jsonscan.o
 * common/hex.o common/u256.o common/log.o common/log_render.o compat/imsg.o
 * compat/imsg-buffer.o */
/* libs: libevent libcjson */

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <event2/buffer.h>

#include "common/log.h"
#include "common/rpcserver.h"

#define V	"\"jsonrpc\":\"2.0\""
#define CALL(id, method)						\
	"{" V ",\"id\":" id ",\"method\":\"" method "\"}"
#define RESULT(id, value)						\
	"{" V ",\"id\":" id ",\"result\":" value "}"
#define ERROR(id, code, text)						\
	"{" V ",\"id\":" id ",\"error\":{\"code\":" code		\
	",\"message\":\"" text "\"}}"

struct message {
	struct rpc	 rpc;
	unsigned int	 dispatched;
};

struct own {
	struct rpc_call	 head;
	char		*memory;	/* of the owner, freed by clear */
};

static struct rpc_limits	 limits;
static struct rpc_call		*deferred[16];
static size_t			 ndeferred;
static unsigned int		 calls, cleared, nrejected, nunparsed;
static unsigned int		 fail_evbuffers;
static char			 last_method[64], last_text[128];

/* Memory that is short: for the next answers, as many as that. */
struct evbuffer *
evbuffer_new(void)
{
	static struct evbuffer	*(*real)(void);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "evbuffer_new");
	if (fail_evbuffers > 0) {
		fail_evbuffers--;
		return (NULL);
	}
	return (real());
}

static void
dispatch(struct rpc_call *call, const struct jsonrpc_request *req,
    const struct json_doc *doc)
{
	struct own	*own = (struct own *)call;
	const char	*raw;
	size_t		 len = 0;

	assert_true(call->received > 0);
	assert_ptr_equal(call->rpc->owner, &limits);
	assert_non_null(own->memory = strdup("argument"));
	calls++;
	((struct message *)call->rpc)->dispatched++;
	if (strcmp(req->method, "later") == 0) {
		rpc_defer(call);
		rpc_defer(call);
		deferred[ndeferred++] = call;
	} else if (strcmp(req->method, "echo") == 0) {
		raw = json_raw(doc, req->params->child, &len);
		rpc_result(call, raw, len);
	} else if (strcmp(req->method, "at_once") == 0) {
		/* An owner is not to end a message that is being parsed. */
		rpc_defer(call);
		assert_true(rpc_result(call, "1", 1));
	} else if (strcmp(req->method, "fail") == 0)
		rpc_error(call, -32011, "a \"b\"");
	else if (strcmp(req->method, "raw") == 0)
		rpc_error_raw(call, "{\"code\":7,\"data\":[1.50]}", 24);
	else if (strcmp(req->method, "refuse") == 0)
		rpc_reject(call, req->method, JSONRPC_PARAMS, "refused");
	else if (strcmp(req->method, "silent") != 0)
		rpc_no_method(call, req->method);
}

static void
clear(struct rpc_call *call)
{
	struct own	*own = (struct own *)call;

	/* Those that were refused before dispatch have none. */
	if (own->memory != NULL)
		cleared++;
	free(own->memory);
}

static void
rejected(const struct rpc *rpc, const char *method, int code,
    const char *text)
{
	assert_ptr_equal(rpc->owner, &limits);
	assert_true(code < 0);
	nrejected++;
	snprintf(last_method, sizeof(last_method), "%.60s",
	    method != NULL ? method : "none");
	snprintf(last_text, sizeof(last_text), "%.120s", text);
}

static void
unparsed(const struct rpc *rpc, const char *reason, size_t at)
{
	assert_ptr_equal(rpc->owner, &limits);
	assert_true(strlen(reason) > 0);
	nunparsed++;
	snprintf(last_text, sizeof(last_text), "%zu", at);
}

static struct rpc *
parse(const char *text)
{
	static const struct rpc_ops	 ops = {
		sizeof(struct message), sizeof(struct own), dispatch, clear,
		rejected, unparsed
	};

	return (rpc_parse(&ops, &limits, &limits, text, strlen(text)));
}

static void
check_join(struct rpc *rpc, const char *want)
{
	struct evbuffer	*out;
	size_t		 len;

	assert_int_equal(rpc->left, 0);
	if ((out = rpc_join(rpc)) == NULL)
		fail_msg("no answer: %s", want);
	assert_int_equal(evbuffer_add(out, "", 1), 0);
	len = evbuffer_get_length(out);
	assert_string_equal((char *)evbuffer_pullup(out, -1), want);
	assert_int_equal(len, strlen(want) + 1);
	evbuffer_free(out);
}

/* What is answered at once; NULL: nothing. */
static void
check(const char *text, const char *want)
{
	struct rpc	*rpc;

	assert_non_null(rpc = parse(text));
	if (want != NULL)
		check_join(rpc, want);
	else
		assert_int_equal(rpc->ncalls, 0);
	rpc_free(rpc);
	assert_int_equal(cleared, calls);
}

static int
setup(void **state)
{
	(void)state;
	limits.max_batch = 5;
	limits.max_values = 1000;
	limits.max_response = 1000;
	ndeferred = 0;
	calls = cleared = nrejected = nunparsed = fail_evbuffers = 0;
	return (0);
}

static void
single_calls(void **state)
{
	(void)state;
	check("{" V ",\"id\":1.50,\"method\":\"echo\",\"params\":[2.0]}",
	    RESULT("1.50", "2.0") "\n");
	check(CALL("null", "fail"), ERROR("null", "-32011", "a \\\"b\\\"")
	    "\n");
	check(CALL("\"a\\u0062\"", "raw"), "{" V ",\"id\":\"a\\u0062\","
	    "\"error\":{\"code\":7,\"data\":[1.50]}}\n");
	check(CALL("1", "at_once"), RESULT("1", "1") "\n");
	assert_int_equal(nrejected, 0);
	check(CALL("1", "refuse"), ERROR("1", "-32602", "refused") "\n");
	assert_string_equal(last_method, "refuse");
	check(CALL("1", "x_y"), ERROR("1", "-32601",
	    "the method x_y does not exist/is not available") "\n");
	assert_string_equal(last_method, "x_y");
	check(CALL("1", "x_unsubscribe"), ERROR("1", "-32601",
	    "notifications not supported") "\n");
	assert_int_equal(nrejected, 3);
	check("{" V ",\"id\":{},\"method\":\"echo\"}",
	    ERROR("null", "-32600", "invalid request") "\n");
	assert_string_equal(last_method, "none");
	assert_string_equal(last_text, "invalid request");
	check("7", ERROR("null", "-32600", "invalid request") "\n");
	assert_int_equal(nrejected, 5);
}

static void
nothing_to_answer(void **state)
{
	(void)state;
	check("", NULL);
	check(" \t\r\n", NULL);
	check("{" V ",\"method\":\"fail\"}", NULL);
	check(RESULT("1", "2"), NULL);
	check("[{" V ",\"method\":\"fail\"}," RESULT("1", "2") "]", NULL);
	assert_int_equal(calls, 0);
	assert_int_equal(nrejected, 0);
}

static void
no_json(void **state)
{
	(void)state;
	check("[1,]", ERROR("null", "-32700", "parse error") "\n");
	assert_string_equal(last_text, "3");
	limits.max_values = 3;
	check("[1,2,3]", ERROR("null", "-32700", "parse error") "\n");
	assert_int_equal(nunparsed, 2);
	/* It has its own line in the log. */
	assert_int_equal(nrejected, 0);
}

static void
batches(void **state)
{
	(void)state;
	check("[" CALL("1", "fail") "]",
	    "[" ERROR("1", "-32011", "a \\\"b\\\"") "]\n");
	check("[]", ERROR("null", "-32600", "empty batch") "\n");
	/* In their places; what is not answered takes none. */
	check("[" CALL("\"a\"", "at_once") ",1,{" V ",\"method\":\"fail\"},"
	    RESULT("9", "9") "," CALL("\"a\"", "refuse") "]",
	    "[" RESULT("\"a\"", "1") ","
	    ERROR("null", "-32600", "invalid request") ","
	    ERROR("\"a\"", "-32602", "refused") "]\n");
	/* None of a batch that is too large is carried out. */
	calls = cleared = 0;
	check("[1,{" V ",\"method\":\"fail\"}," CALL("5", "fail") ","
	    CALL("6", "fail") ",1,1]",
	    "[" ERROR("5", "-32600", "batch too large") "]\n");
	check("[1,1,1,1,1,1]",
	    "[" ERROR("null", "-32600", "batch too large") "]\n");
	assert_int_equal(calls, 0);
	check("[1,1,1,1,1]", "["
	    ERROR("null", "-32600", "invalid request") ","
	    ERROR("null", "-32600", "invalid request") ","
	    ERROR("null", "-32600", "invalid request") ","
	    ERROR("null", "-32600", "invalid request") ","
	    ERROR("null", "-32600", "invalid request") "]\n");
}

/* The order of the answers is that of the calls. */
static void
out_of_order(void **state)
{
	struct rpc	*rpc;

	(void)state;
	rpc = parse("[" CALL("1", "later") "," CALL("2", "fail") ","
	    CALL("3", "later") "," CALL("4", "later") "]");
	assert_non_null(rpc);
	assert_int_equal(((struct message *)rpc)->dispatched, 4);
	assert_int_equal(rpc->ncalls, 4);
	assert_int_equal(rpc->left, 3);
	assert_null(rpc_join(rpc));
	assert_true(rpc_result(deferred[2], "44", 2));
	assert_true(rpc_answered(deferred[2]));
	assert_false(deferred[2]->deferred);
	/* The first answer counts. */
	assert_true(rpc_result(deferred[2], "55", 2));
	assert_true(rpc_error(deferred[2], -1, "no"));
	assert_true(rpc_error_raw(deferred[2], "{}", 2));
	assert_int_equal(rpc->left, 2);
	assert_true(rpc_error_raw(deferred[0], "{}", 2));
	assert_false(rpc_answered(deferred[1]));
	assert_null(rpc_join(rpc));
	assert_false(rpc_error(deferred[1], -32005, "busy"));
	assert_false(rpc_result(deferred[1], "1", 1));
	check_join(rpc, "[{" V ",\"id\":1,\"error\":{}},"
	    ERROR("2", "-32011", "a \\\"b\\\"") ","
	    ERROR("3", "-32005", "busy") "," RESULT("4", "44") "]\n");
	rpc_free(rpc);
	assert_int_equal(cleared, 4);
}

/* Nobody waits for it any more. */
static void
free_in_between(void **state)
{
	struct rpc	*rpc;

	(void)state;
	rpc = parse("[" CALL("1", "later") "," CALL("2", "later") ",3]");
	assert_non_null(rpc);
	assert_true(rpc_result(deferred[0], "1", 1));
	rpc_free(rpc);
	assert_int_equal(cleared, 2);
	rpc_free(NULL);
}

static void
response_limit(void **state)
{
	static const char	 whole[] = "[" RESULT("1", "11") ","
				    RESULT("2", "22");
	struct rpc		*rpc;
	size_t			 cut;

	(void)state;
	for (cut = 0; cut < 2; cut++) {
		ndeferred = 0;
		limits.max_response = sizeof(whole) - 2 - cut;
		rpc = parse("[" CALL("1", "later") "," CALL("2", "later")
		    "]");
		assert_non_null(rpc);
		rpc_result(deferred[0], "11", 2);
		rpc_result(deferred[1], "22", 2);
		check_join(rpc, cut == 0 ?
		    "[" RESULT("1", "11") "," RESULT("2", "22") "]\n" :
		    "[" RESULT("1", "11") ","
		    ERROR("2", "-32003", "response too large") "]\n");
		rpc_free(rpc);
	}
	limits.max_response = 10;
	check(CALL("1", "at_once"),
	    ERROR("1", "-32003", "response too large") "\n");
}

static void
memory_is_short(void **state)
{
	struct rpc	*rpc;

	(void)state;
	/* At once: no message. */
	fail_evbuffers = 1;
	assert_null(parse("[" CALL("1", "later") "," CALL("2", "fail") "]"));
	assert_int_equal(cleared, calls);
	fail_evbuffers = 1;
	assert_null(parse("{"));
	/* The owner has not said a word to it. */
	assert_null(parse(CALL("1", "silent")));
	/* Later: it has had its turn, and can have another answer. */
	ndeferred = 0;
	assert_non_null(rpc = parse("[" CALL("1", "later") "]"));
	fail_evbuffers = 1;
	assert_false(rpc_result(deferred[0], "1", 1));
	assert_int_equal(rpc->left, 0);
	assert_false(rpc_answered(deferred[0]));
	assert_null(rpc_join(rpc));
	assert_false(rpc_error(deferred[0], -32005, "busy"));
	assert_int_equal(rpc->left, 0);
	fail_evbuffers = 1;
	assert_null(rpc_join(rpc));
	check_join(rpc, "[" ERROR("1", "-32005", "busy") "]\n");
	rpc_free(rpc);
	/* A single answer is joined with nothing: it takes no more memory. */
	ndeferred = 0;
	assert_non_null(rpc = parse(CALL("1", "later")));
	assert_false(rpc_result(deferred[0], "1", 1));
	fail_evbuffers = 1;
	check_join(rpc, RESULT("1", "1") "\n");
	assert_int_equal(fail_evbuffers, 1);
	fail_evbuffers = 0;
	rpc_free(rpc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(single_calls, setup),
		cmocka_unit_test_setup(nothing_to_answer, setup),
		cmocka_unit_test_setup(no_json, setup),
		cmocka_unit_test_setup(batches, setup),
		cmocka_unit_test_setup(out_of_order, setup),
		cmocka_unit_test_setup(free_in_between, setup),
		cmocka_unit_test_setup(response_limit, setup),
		cmocka_unit_test_setup(memory_is_short, setup)
	};

	log_init("test");
	return (cmocka_run_group_tests_name("rpcserver", tests, NULL, NULL));
}
