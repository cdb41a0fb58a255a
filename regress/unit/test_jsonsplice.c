/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: common/json_splice.o common/json.o common/jsonscan.o common/hex.o
 * common/u256.o
 */
/* libs: libcjson libevent */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include "common/json_splice.h"

static const struct json_limits	limits = { JSON_DEPTH_MAX, 100000 };

/* libevent may have no memory. */
static bool	scarce;

static void *
hook_malloc(size_t n)
{
	return (scarce ? NULL : malloc(n));
}

static void *
hook_realloc(void *p, size_t n)
{
	return (scarce ? NULL : realloc(p, n));
}

static struct json_doc *
parse(const char *text)
{
	struct json_doc	*doc;

	if (json_parse(&doc, text, strlen(text), &limits, NULL) != JSON_OK)
		fail_msg("refused: %s", text);
	return (doc);
}

static void
check_buffer(struct evbuffer *out, const char *want)
{
	size_t	len = evbuffer_get_length(out);

	if (len != strlen(want) ||
	    memcmp(evbuffer_pullup(out, -1), want, len) != 0)
		fail_msg("%.*s, not %s", (int)len, evbuffer_pullup(out, -1),
		    want);
}

static const struct {
	const char	*text, *name, *value, *want;
} cases[] = {
	/* Added, as the first. */
	{ "{}", "id", "1", "{\"id\":1}" },
	{ " { } ", "id", "1", "{\"id\":1 }" },
	{ "{\"a\":2}", "id", "[1, 2]", "{\"id\":[1, 2],\"a\":2}" },
	{ "\n{ \"a\" : {\"id\":3} }", "id", "null",
	    "{\"id\":null, \"a\" : {\"id\":3} }" },
	{ "{\"Id\":1,\"i\":2,\"idd\":3}", "id", "0",
	    "{\"id\":0,\"Id\":1,\"i\":2,\"idd\":3}" },
	{ "{\"a\":[{\"id\":1}]}", "id", "\"x\"",
	    "{\"id\":\"x\",\"a\":[{\"id\":1}]}" },
	/* Replaced, wherever it is. */
	{ "{\"id\":1}", "id", "2", "{\"id\":2}" },
	{ " { \"id\" : 1 , \"a\":1}\t", "id", "2",
	    "{ \"id\" : 2 , \"a\":1}" },
	{ "{\"a\":1,\"id\":\"long one\",\"b\":1.50}", "id", "{\"x\":[]}",
	    "{\"a\":1,\"id\":{\"x\":[]},\"b\":1.50}" },
	{ "{\"a\":1,\"id\":{\"x\":[{}]}}", "id", "7", "{\"a\":1,\"id\":7}" },
	{ "{\"a\":1,\"id\":[ ] }", "id", "7", "{\"a\":1,\"id\":7 }" },
	{ "{\"a\":{\"id\":1},\"id\":2}", "id", "3",
	    "{\"a\":{\"id\":1},\"id\":3}" },
	/* The first of a name, however it is written. */
	{ "{\"id\":1,\"id\":2}", "id", "3", "{\"id\":3,\"id\":2}" },
	{ "{\"\\u0069d\":1,\"id\":2}", "id", "3", "{\"\\u0069d\":3,\"id\":2}" },
	/* Names that need escapes, and none at all. */
	{ "{\"a\":1}", "x\"\\\n", "3", "{\"x\\\"\\\\\\n\":3,\"a\":1}" },
	{ "{\"x\\\"\":1}", "x\"", "3", "{\"x\\\"\":3}" },
	{ "{\"a\":1}", "", "3", "{\"\":3,\"a\":1}" },
	{ "{\"\":1}", "", "3", "{\"\":3}" },
	/* What else is there stays as it was written. */
	{ "{\"p\":1.0e+00,\"q\":\"\\u00e9\\/\",\"id\":0,\"r\":-0}", "id", "1",
	    "{\"p\":1.0e+00,\"q\":\"\\u00e9\\/\",\"id\":1,\"r\":-0}" }
};

static void
test_cases(void **state)
{
	struct evbuffer	*out;
	struct json_doc	*doc;
	char		*value;
	size_t		 i, len;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_non_null(out = evbuffer_new());
		doc = parse(cases[i].text);
		/* Without a NUL behind it. */
		len = strlen(cases[i].value);
		assert_non_null(value = malloc(len));
		memcpy(value, cases[i].value, len);
		assert_int_equal(json_splice(out, doc, json_root(doc),
		    cases[i].name, value, len), 0);
		check_buffer(out, cases[i].want);
		free(value);
		json_free(doc);
		doc = parse(cases[i].want);
		json_free(doc);
		evbuffer_free(out);
	}
}

/* An object inside of another, behind what the buffer has. */
static void
test_inner(void **state)
{
	struct evbuffer	*out;
	struct json_doc	*doc;
	const cJSON	*item;

	(void)state;
	assert_non_null(out = evbuffer_new());
	doc = parse("[{\"a\":1}, {\"b\":{\"id\":5,\"c\":[]}},{}]");
	assert_int_equal(evbuffer_add(out, "[", 1), 0);
	item = json_root(doc)->child;
	assert_int_equal(json_splice(out, doc, item, "id", "9", 1), 0);
	item = item->next->child;
	assert_int_equal(json_splice(out, doc, item, "id", "10", 2), 0);
	item = json_root(doc)->child->next->next;
	assert_int_equal(json_splice(out, doc, item, "id", "11", 2), 0);
	check_buffer(out,
	    "[{\"id\":9,\"a\":1}{\"id\":10,\"c\":[]}{\"id\":11}");
	json_free(doc);
	evbuffer_free(out);
}

static void
test_none(void **state)
{
	static const char *const	texts[] = { "[]", "[{\"id\":1}]",
					    "1", "\"{}\"", "null", "true" };
	struct evbuffer	*out;
	struct json_doc	*doc, *other;
	size_t		 i;

	(void)state;
	assert_non_null(out = evbuffer_new());
	assert_int_equal(evbuffer_add(out, "kept", 4), 0);
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		doc = parse(texts[i]);
		assert_int_equal(json_splice(out, doc, json_root(doc), "id",
		    "1", 1), -1);
		json_free(doc);
	}
	doc = parse("{\"id\":1}");
	other = parse("{\"id\":1}");
	assert_int_equal(json_splice(out, doc, NULL, "id", "1", 1), -1);
	assert_int_equal(json_splice(out, doc, json_root(other), "id", "1",
	    1), -1);
	assert_int_equal(json_splice(out, doc, json_root(doc), "id", "1",
	    SIZE_MAX), -1);
	assert_int_equal(json_splice(out, doc, json_root(doc), "new", "1",
	    SIZE_MAX - 8), -1);
	check_buffer(out, "kept");
	json_free(doc);
	json_free(other);
	evbuffer_free(out);
}

static void
test_memory(void **state)
{
	struct evbuffer	*out;
	struct json_doc	*doc;
	char		*value;
	size_t		 n = 1024 * 1024;

	(void)state;
	assert_non_null(value = malloc(n));
	memset(value, '1', n);
	assert_non_null(out = evbuffer_new());
	assert_int_equal(evbuffer_add(out, "kept", 4), 0);
	doc = parse("{\"a\":1}");
	scarce = true;
	assert_int_equal(json_splice(out, doc, json_root(doc), "id", value,
	    n), -1);
	assert_int_equal(json_splice(out, doc, json_root(doc), "a", value,
	    n), -1);
	scarce = false;
	check_buffer(out, "kept");
	assert_int_equal(json_splice(out, doc, json_root(doc), "a", value,
	    n), 0);
	assert_int_equal(evbuffer_get_length(out), 4 + n + 6);
	json_free(doc);
	evbuffer_free(out);
	free(value);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_inner),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_memory),
	};

	event_set_mem_functions(hook_malloc, hook_realloc, free);
	return (cmocka_run_group_tests_name("jsonsplice", tests, NULL, NULL));
}
