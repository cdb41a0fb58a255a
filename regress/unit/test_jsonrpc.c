/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/jsonrpc.o common/json.o common/jsonscan.o common/hex.o common/u256.o */
/* libs: libevent libcjson */

#include <event2/buffer.h>
#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/jsonrpc.h"

#define V	"\"jsonrpc\":\"2.0\""

static const struct json_limits	limits = { 512, 100000 };

/* A document with the request made of its root. */
struct parsed {
	struct json_doc		*doc;
	struct jsonrpc_request	 req;
};

static void
parse(struct parsed *p, const char *text)
{
	if (json_parse(&p->doc, text, strlen(text), &limits, NULL) != JSON_OK)
		fail_msg("refused: %s", text);
	memset(&p->req, 0x55, sizeof(p->req));
	jsonrpc_request(&p->req, p->doc, json_root(p->doc));
}

static void
check_id(const struct jsonrpc_request *req, const char *want, const char *text)
{
	if (want == NULL) {
		if (req->id != NULL)
			fail_msg("an id: %s", text);
		return;
	}
	if (req->id == NULL || req->idlen != strlen(want) ||
	    memcmp(req->id, want, req->idlen) != 0)
		fail_msg("id is not %s: %s", want, text);
}

static void
check_call(const char *text, const char *id, const char *method)
{
	struct parsed	p;

	parse(&p, text);
	if (p.req.kind != JSONRPC_CALL)
		fail_msg("no call: %s", text);
	check_id(&p.req, id, text);
	assert_string_equal(p.req.method, method);
	json_free(p.doc);
}

static void
check_kind(const char *text, enum jsonrpc_kind kind)
{
	struct parsed	p;

	parse(&p, text);
	if (p.req.kind != kind)
		fail_msg("kind %d: %s", p.req.kind, text);
	json_free(p.doc);
}

static void
check_invalid(const char *text, const char *id)
{
	struct parsed	p;

	parse(&p, text);
	if (p.req.kind != JSONRPC_ERROR)
		fail_msg("kind %d: %s", p.req.kind, text);
	assert_int_equal(p.req.code, JSONRPC_INVALID);
	assert_string_equal(p.req.message, "invalid request");
	check_id(&p.req, id, text);
	json_free(p.doc);
}

static void
test_ids(void **state)
{
	static const char *const	ids[] = {
		"1", "0", "-7", "-0", "1.50", "1e3", "1E+3",
		"18446744073709551617", "\"abc\"", "\"\"", "\"a\\u0062\"",
		"\"a\\u0062\\\"c\\/\"", "\"\xc3\xa9\"", "true", "false",
		"\"null\"",
		("123456789012345678901234567890123456789012345678901234567"
		"89012345678901234567890.00")
	};
	char	text[512];
	size_t	i;

	(void)state;
	for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		snprintf(text, sizeof(text),
		    "{" V ",\"id\":  %s ,\"method\":\"health_status\"}",
		    ids[i]);
		check_call(text, ids[i], "health_status");
		snprintf(text, sizeof(text), " {\"id\":%s}\n", ids[i]);
		check_invalid(text, ids[i]);
	}
	check_call("{" V ",\"id\":null,\"method\":\"m\"}", NULL, "m");
	check_invalid("{" V ",\"id\":[1],\"method\":\"m\"}", NULL);
	check_invalid("{" V ",\"id\":[],\"method\":\"m\"}", NULL);
	check_invalid("{" V ",\"id\":{\"a\":1},\"method\":\"m\"}", NULL);
}

static void
test_call(void **state)
{
	struct parsed	p;

	(void)state;
	check_call("{\"method\":\"health\\u005fstatus\",\"id\":1,"
	    "\"jsonrpc\":\"2\\u002e0\"}", "1", "health_status");
	check_call("{" V ",\"id\":1,\"method\":\"a\",\"extra\":{\"a\":[1]}}",
	    "1", "a");
	check_call("{" V ",\"id\":1,\"method\":\"a\",\"result\":1}", "1",
	    "a");
	parse(&p, "{" V ",\"id\":1,\"method\":\"a\"}");
	assert_null(p.req.params);
	json_free(p.doc);
	parse(&p, "{" V ",\"id\":1,\"method\":\"a\",\"params\":null}");
	assert_true(cJSON_IsNull(p.req.params));
	json_free(p.doc);
	parse(&p, "{" V ",\"id\":1,\"method\":\"a\",\"params\":[7]}");
	assert_true(cJSON_IsArray(p.req.params));
	assert_ptr_equal(p.req.params,
	    json_member(json_root(p.doc), "params"));
	json_free(p.doc);
}

static void
test_invalid(void **state)
{
	static const char *const	elements[] = {
		"1", "\"x\"", "null", "true", "[]", "[1]", "{}", "1.5",
		"[{" V ",\"id\":1,\"method\":\"a\"}]",
		"{" V "}", "{\"method\":\"a\"}", "{" V ",\"method\":\"\"}",
		"{\"jsonrpc\":\"1.0\",\"method\":\"a\"}",
		"{" V ",\"result\":1}", "{" V ",\"params\":[]}",
	};
	static const char *const	with_id[] = {
		"", V, V ",\"method\":\"\"", V ",\"method\":5",
		V ",\"method\":null", V ",\"method\":[\"a\"]",
		V ",\"method\":{}", "\"method\":\"a\"",
		"\"jsonrpc\":\"1.0\",\"method\":\"a\"",
		"\"jsonrpc\":\"2.00\",\"method\":\"a\"",
		"\"jsonrpc\":\"\",\"method\":\"a\"",
		"\"jsonrpc\":2.0,\"method\":\"a\"",
		"\"jsonrpc\":null,\"method\":\"a\"",
		"\"jsonrpc\":[\"2.0\"],\"method\":\"a\"",
		"\"result\":1", V ",\"error\":null",
		V ",\"result\":1,\"params\":null",
		V ",\"error\":{},\"params\":[]",
	};
	char	text[256];
	size_t	i;

	(void)state;
	for (i = 0; i < sizeof(elements) / sizeof(elements[0]); i++)
		check_invalid(elements[i], NULL);
	for (i = 0; i < sizeof(with_id) / sizeof(with_id[0]); i++) {
		snprintf(text, sizeof(text), "{%s%s\"id\":1.50}", with_id[i],
		    *with_id[i] == '\0' ? "" : ",");
		check_invalid(text, "1.50");
	}
}

static void
test_notification(void **state)
{
	(void)state;
	check_kind("{" V ",\"method\":\"a\"}", JSONRPC_NOTIFICATION);
	check_kind("{" V ",\"method\":\"no_such\",\"params\":{}}",
	    JSONRPC_NOTIFICATION);
	check_kind("{" V ",\"method\":\"a\",\"result\":1}",
	    JSONRPC_NOTIFICATION);
}

static void
test_response(void **state)
{
	(void)state;
	check_kind("{" V ",\"id\":1,\"result\":true}", JSONRPC_RESPONSE);
	check_kind("{" V ",\"id\":1,\"result\":null}", JSONRPC_RESPONSE);
	check_kind("{" V ",\"id\":\"a\",\"error\":{\"code\":1}}",
	    JSONRPC_RESPONSE);
	check_kind("{" V ",\"id\":null,\"error\":{\"code\":1}}",
	    JSONRPC_RESPONSE);
	check_kind("{" V ",\"id\":1,\"method\":\"\",\"result\":1}",
	    JSONRPC_RESPONSE);
	check_invalid("{" V ",\"id\":[],\"result\":1}", NULL);
}

/* Who answers to which of two members decides what is signed. */
static void
test_repeated(void **state)
{
	static const char *const	with_id[] = {
		"\"method\":\"a\",\"method\":\"a\"",
		"\"method\":\"a\",\"method\":\"b\"",
		"\"method\":\"a\",\"m\\u0065thod\":\"b\"",
		("\"method\":\"a\"," V),
		"\"method\":\"a\",\"jsonrpc\":\"1.0\"",
		"\"method\":\"a\",\"params\":[1],\"params\":[2]",
		"\"method\":\"a\",\"x\":1,\"x\":2",
		"\"result\":1,\"result\":2",
		/* Names in another case. */
		"\"method\":\"a\",\"Method\":\"b\"", "\"METHOD\":\"b\"",
		"\"method\":\"a\",\"Params\":[1]",
		"\"method\":\"a\",\"JSONRPC\":\"2.0\"",
		"\"Result\":1", "\"Error\":{}",
	};
	char	text[256];
	size_t	i;

	(void)state;
	for (i = 0; i < sizeof(with_id) / sizeof(with_id[0]); i++) {
		snprintf(text, sizeof(text), "{" V ",%s,\"id\":7}",
		    with_id[i]);
		check_invalid(text, "7");
		snprintf(text, sizeof(text), "{" V ",%s}", with_id[i]);
		check_invalid(text, NULL);
	}
	check_invalid("{" V ",\"id\":1,\"method\":\"a\",\"id\":1}", NULL);
	check_invalid("{" V ",\"id\":1,\"method\":\"a\",\"id\":2}", NULL);
	check_invalid("{" V ",\"id\":1,\"method\":\"a\",\"i\\u0064\":[]}",
	    NULL);
	check_invalid("{" V ",\"id\":1,\"method\":\"a\",\"ID\":2}", NULL);
	check_invalid("{" V ",\"Id\":1,\"method\":\"a\"}", NULL);
	/* What is below the envelope is the method's affair. */
	check_kind("{" V ",\"id\":1,\"method\":\"a\",\"params\":[{\"b\":1,"
	    "\"b\":2,\"ID\":3}]}", JSONRPC_CALL);
}

static void
test_method_length(void **state)
{
	static const size_t	lengths[] = { 2047, 2048, 2049, 5000 };
	struct parsed		p;
	char			name[5001], text[5100], want[64];
	size_t			i;

	(void)state;
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		memset(name, 'm', lengths[i]);
		name[lengths[i]] = '\0';
		snprintf(text, sizeof(text),
		    "{" V ",\"id\":\"x\",\"method\":\"%s\"}", name);
		parse(&p, text);
		check_id(&p.req, "\"x\"", "long name");
		if (lengths[i] <= JSONRPC_METHOD_MAX) {
			assert_int_equal(p.req.kind, JSONRPC_CALL);
			assert_string_equal(p.req.method, name);
		} else {
			assert_int_equal(p.req.kind, JSONRPC_ERROR);
			assert_int_equal(p.req.code, JSONRPC_INVALID);
			snprintf(want, sizeof(want),
			    "method name too long: %zu > 2048", lengths[i]);
			assert_string_equal(p.req.message, want);
		}
		json_free(p.doc);
		snprintf(text, sizeof(text), "{" V ",\"method\":\"%s\"}",
		    name);
		check_kind(text, JSONRPC_NOTIFICATION);
	}
}

/* Members of a batch keep to themselves. */
static void
test_batch(void **state)
{
	static const char	text[] = "[{" V ",\"id\":1,\"method\":\"a\"},"
				    "2,{" V ",\"method\":\"b\"},"
				    "{" V ",\"id\":2.0,\"method\":\"c\"}]";
	struct jsonrpc_request	req;
	struct json_doc		*doc;
	const cJSON		*element;

	(void)state;
	assert_int_equal(json_parse(&doc, text, sizeof(text) - 1, &limits,
	    NULL), JSON_OK);
	element = json_root(doc)->child;
	jsonrpc_request(&req, doc, element);
	assert_int_equal(req.kind, JSONRPC_CALL);
	check_id(&req, "1", text);
	element = element->next;
	jsonrpc_request(&req, doc, element);
	assert_int_equal(req.kind, JSONRPC_ERROR);
	check_id(&req, NULL, text);
	element = element->next;
	jsonrpc_request(&req, doc, element);
	assert_int_equal(req.kind, JSONRPC_NOTIFICATION);
	element = element->next;
	jsonrpc_request(&req, doc, element);
	assert_int_equal(req.kind, JSONRPC_CALL);
	check_id(&req, "2.0", text);
	assert_string_equal(req.method, "c");
	json_free(doc);
}

static void
check_argument(const char *params, int n, const char *error)
{
	struct json_doc	*doc = NULL;
	const cJSON	*arg = (const cJSON *)params, *root = NULL;
	char		 message[64] = "";
	int		 r;

	if (params != NULL) {
		assert_int_equal(json_parse(&doc, params, strlen(params),
		    &limits, NULL), JSON_OK);
		root = json_root(doc);
	}
	r = jsonrpc_argument(root, n, &arg, message, sizeof(message));
	if (error != NULL) {
		assert_int_equal(r, -1);
		assert_string_equal(message, error);
	} else {
		assert_int_equal(r, 0);
		if (n == 0)
			assert_null(arg);
		else
			assert_ptr_equal(arg, root->child);
	}
	json_free(doc);
}

static void
test_argument(void **state)
{
	static const char	missing[] =
				    "missing value for required argument 0";
	static const char	many0[] =
				    "too many arguments, want at most 0";
	static const char	many1[] =
				    "too many arguments, want at most 1";

	(void)state;
	check_argument(NULL, 0, NULL);
	check_argument("null", 0, NULL);
	check_argument("[]", 0, NULL);
	check_argument("[1]", 0, many0);
	check_argument("[null]", 0, many0);
	check_argument("[1,2]", 0, many0);
	check_argument(NULL, 1, missing);
	check_argument("null", 1, missing);
	check_argument("[]", 1, missing);
	check_argument("[1]", 1, NULL);
	check_argument("[{\"a\":1}]", 1, NULL);
	check_argument("[null]", 1, NULL);
	check_argument("[1,2]", 1, many1);
	check_argument("[1,null]", 1, many1);
	check_argument("{}", 0, "non-array args");
	check_argument("{}", 1, "non-array args");
	check_argument("\"x\"", 1, "non-array args");
	check_argument("false", 0, "non-array args");
	check_argument("0", 1, "non-array args");
}

static void
check_output(struct evbuffer *out, const char *want)
{
	size_t	n = evbuffer_get_length(out);

	assert_int_equal(n, strlen(want));
	assert_memory_equal(evbuffer_pullup(out, -1), want, n);
	evbuffer_drain(out, n);
}

static void
test_error(void **state)
{
	struct evbuffer	*out = evbuffer_new();

	(void)state;
	assert_int_equal(jsonrpc_error(out, NULL, 0, JSONRPC_PARSE,
	    "parse error"), 0);
	check_output(out, "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":"
	    "{\"code\":-32700,\"message\":\"parse error\"}}");
	assert_int_equal(jsonrpc_error(out, "1.50,", 4, JSONRPC_DEFAULT,
	    "a\"b\\c\n<\x01\xff> \xc3\xa9"), 0);
	check_output(out, "{\"jsonrpc\":\"2.0\",\"id\":1.50,\"error\":"
	    "{\"code\":-32000,\"message\":\"a\\\"b\\\\c\\n\\u003c\\u0001"
	    "\\ufffd\\u003e \xc3\xa9\"}}");
	assert_int_equal(jsonrpc_error(out, "\"a\\u0062\"", 9, 0, ""), 0);
	check_output(out, "{\"jsonrpc\":\"2.0\",\"id\":\"a\\u0062\","
	    "\"error\":{\"code\":0,\"message\":\"\"}}");
	assert_int_equal(jsonrpc_error(out, "1", 1, -2147483647 - 1, "x"),
	    0);
	check_output(out, "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":"
	    "{\"code\":-2147483648,\"message\":\"x\"}}");
	evbuffer_free(out);
}

static void
test_result(void **state)
{
	struct evbuffer	*out = evbuffer_new();
	char		*text, *all;
	size_t		 n = 3 * 1024 * 1024;

	(void)state;
	evbuffer_add(out, "[", 1);
	assert_int_equal(jsonrpc_result(out, "18446744073709551617", 20,
	    "\"0x12\"", 6), 0);
	evbuffer_add(out, ",", 1);
	assert_int_equal(jsonrpc_result(out, NULL, 0, "{\"a\":\"<\"}x", 9),
	    0);
	check_output(out, "[{\"jsonrpc\":\"2.0\",\"id\":18446744073709551617,"
	    "\"result\":\"0x12\"},{\"jsonrpc\":\"2.0\",\"id\":null,"
	    "\"result\":{\"a\":\"<\"}}");

	assert_non_null(text = malloc(n));
	memset(text, '7', n);
	assert_int_equal(jsonrpc_result(out, text, n, text, n), 0);
	assert_int_equal(evbuffer_get_length(out), 2 * n + 33);
	all = (char *)evbuffer_pullup(out, -1);
	assert_memory_equal(all + 22, text, n);
	assert_memory_equal(all + 22 + n, ",\"result\":", 10);
	assert_memory_equal(all + 32 + n, text, n);
	assert_int_equal(all[2 * n + 32], '}');
	free(text);
	evbuffer_free(out);
}

static int	starved;

static void *
scarce_malloc(size_t n)
{
	return (starved ? NULL : malloc(n));
}

static void *
scarce_realloc(void *p, size_t n)
{
	return (starved ? NULL : realloc(p, n));
}

/* All of an answer or nothing of it. */
static void
test_memory(void **state)
{
	struct evbuffer	*out;
	char		 text[20000];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_non_null(out = evbuffer_new());
	evbuffer_add(out, "[", 1);
	starved = 1;
	assert_int_equal(jsonrpc_error(out, "1", 1, 1, text), -1);
	assert_int_equal(jsonrpc_result(out, "1", 1, text, sizeof(text)), -1);
	assert_int_equal(jsonrpc_result(out, "1", 1, text, SIZE_MAX - 8), -1);
	assert_int_equal(jsonrpc_result(out, text, SIZE_MAX / 2, text,
	    SIZE_MAX / 2), -1);
	starved = 0;
	check_output(out, "[");
	assert_int_equal(jsonrpc_error(out, "1", 1, 1, text), 0);
	evbuffer_free(out);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_call),
		cmocka_unit_test(test_invalid),
		cmocka_unit_test(test_notification),
		cmocka_unit_test(test_response),
		cmocka_unit_test(test_repeated),
		cmocka_unit_test(test_method_length),
		cmocka_unit_test(test_batch),
		cmocka_unit_test(test_argument),
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_result),
		cmocka_unit_test(test_memory),
	};

	/* Before libevent allocates anything. */
	event_set_mem_functions(scarce_malloc, scarce_realloc, free);
	return (cmocka_run_group_tests_name("jsonrpc", tests, NULL, NULL));
}
