/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/hex.o common/u256.o */
/* libs: libevent libcjson */

#include "regress/unit/nomemory.h"
#include "common/json.c"
#include "common/jsonrpc.c"
#include "common/jsonscan.c"
#include "common/rpcserver.c"

#define V	"\"jsonrpc\":\"2.0\""
#define ECHO(id, arg)							\
	"{" V ",\"id\":" id ",\"method\":\"echo\",\"params\":[" arg "]}"
#define RESULT(id, value)	"{" V ",\"id\":" id ",\"result\":" value "}"

static const struct rpc_limits	 limits = { 100, 1000, 10000 };

/* What is sent, and the one answer that may come of it. */
struct exchange {
	const char	*text;
	const char	*answer;
};

/* It is told, and nothing is done about it but to answer with less. */
void
log_error(const char *fmt, ...)
{
	assert_string_equal(fmt, "no memory for an answer");
	assert_true(nomemory_failed());
}

static void
dispatch(struct rpc_call *c, const struct jsonrpc_request *req,
    const struct json_doc *doc)
{
	const char	*raw;
	size_t		 len = 0;

	if (strcmp(req->method, "echo") != 0) {
		rpc_no_method(c, req->method);
		return;
	}
	if ((raw = json_text(doc, req->params->child, &len)) == NULL)
		return;
	rpc_result(c, raw, len);
}

static void
run(void *arg)
{
	static const struct rpc_ops	 ops = {
		sizeof(struct rpc), sizeof(struct rpc_call), dispatch, NULL,
		NULL, NULL
	};
	static char		 got[16384];
	const struct exchange	*e = arg;
	struct evbuffer		*out = NULL;
	struct rpc		*rpc;
	size_t			 len = strlen(e->answer);

	rpc = rpc_parse(&ops, NULL, &limits, e->text, strlen(e->text));
	if (rpc != NULL)
		out = rpc_join(rpc);
	if (out == NULL)
		assert_true(nomemory_failed());
	else {
		assert_int_equal(evbuffer_get_length(out), len);
		assert_int_equal(evbuffer_copyout(out, got, sizeof(got)), len);
		assert_memory_equal(got, e->answer, len);
		evbuffer_free(out);
	}
	rpc_free(rpc);
}

/* All of an answer, or none: what a bare 503 is made of. */
static void
messages(void **state)
{
	static struct exchange	 list[] = {
		{ ECHO("1", "2"), RESULT("1", "2") "\n" },
		{ ECHO("\"a\\u00e9\"", "{\"b\":[1,\"\\n\"]}"),
		    RESULT("\"a\\u00e9\"", "{\"b\":[1,\"\\n\"]}") "\n" },
		{ "[" ECHO("1", "2") "," ECHO("2", "[3]") ","
		    ECHO("3", "null") "]",
		    "[" RESULT("1", "2") "," RESULT("2", "[3]") ","
		    RESULT("3", "null") "]\n" },
		{ "[]", "{" V ",\"id\":null,\"error\":{\"code\":-32600,"
		    "\"message\":\"empty batch\"}}\n" },
		{ "{", "{" V ",\"id\":null,\"error\":{\"code\":-32700,"
		    "\"message\":\"parse error\"}}\n" },
		{ "{" V ",\"id\":7,\"method\":\"none\"}",
		    "{" V ",\"id\":7,\"error\":{\"code\":-32601,\"message\":"
		    "\"the method none does not exist/is not "
		    "available\"}}\n" },
		{ "{" V ",\"id\":7,\"method\":8}",
		    "{" V ",\"id\":7,\"error\":{\"code\":-32600,"
		    "\"message\":\"invalid request\"}}\n" },
	};
	size_t			 i;

	(void)state;
	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		assert_true(nomemory_each(run, &list[i]) >= 4);
}

/* Wherever libevent's pieces of memory happen to end. */
static void
lengths(void **state)
{
	static char	 text[8192], answer[8192], word[2048];
	struct exchange	 e = { text, answer };
	size_t		 n;

	(void)state;
	for (n = 1; n < 1100; n++) {
		memset(word, 'x', n);
		word[n] = '\0';
		snprintf(text, sizeof(text), "[" ECHO("1", "\"%s\"") ","
		    ECHO("2", "\"%s\"") "]", word, word);
		snprintf(answer, sizeof(answer), "[" RESULT("1", "\"%s\"") ","
		    RESULT("2", "\"%s\"") "]\n", word, word);
		assert_true(nomemory_each(run, &e) >= 8);
	}
}

/* An answer that is over the limit becomes an error, or there is none. */
static void
too_large(void **state)
{
	static char	 text[16384], answer[16384], word[9001];
	struct exchange	 e = { text, answer };

	(void)state;
	memset(word, 'x', sizeof(word) - 1);
	snprintf(text, sizeof(text), "[" ECHO("1", "\"%s\"") ","
	    ECHO("2", "\"%.5000s\"") "]", word, word);
	snprintf(answer, sizeof(answer), "[" RESULT("1", "\"%s\"") ",{" V
	    ",\"id\":2,\"error\":{\"code\":%d,\"message\":"
	    "\"response too large\"}}]\n", word, JSONRPC_TOOLARGE);
	assert_true(nomemory_each(run, &e) >= 8);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages),
		cmocka_unit_test(lengths),
		cmocka_unit_test(too_large),
	};

	nomemory_libraries();
	return (cmocka_run_group_tests_name("rpcmemory", tests, NULL, NULL));
}
