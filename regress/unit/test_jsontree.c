/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/json.o common/jsonscan.o common/hex.o common/u256.o
 * regress/faults/memory.o */
/* libs: libcjson */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/json.h"
#include "regress/faults/memory.h"
#include "regress/unit/rnd.h"

#define LIT(s)	s, sizeof(s) - 1

/*
 * The tree is the one that cJSON makes in memory of its own, and takes one
 * allocation whatever is in the text.
 */

static const struct json_limits	limits = { JSON_DEPTH_MAX, 100000 };

/* Calls for memory, and which one of malloc(3) fails. */
static unsigned int	mallocs, callocs, fails;

bool
memory_fails(enum memory_call call)
{
	if (call == MEMORY_CALLOC)
		callocs++;
	return (call == MEMORY_MALLOC && ++mallocs == fails);
}

static void	check_list(const cJSON *, const cJSON *);

static void
check_strings(const char *a, const char *b)
{
	assert_int_equal(a == NULL, b == NULL);
	if (a != NULL)
		assert_string_equal(a, b);
}

static void
check_item(const cJSON *a, const cJSON *b)
{
	assert_int_equal((uintptr_t)a % _Alignof(cJSON), 0);
	assert_int_equal(a->type, b->type);
	check_strings(a->string, b->string);
	check_strings(a->valuestring, b->valuestring);
	if (cJSON_IsNumber(a))
		assert_true(a->valuedouble == b->valuedouble);
	check_list(a->child, b->child);
}

/* And neighbours know each other as in a list of cJSON's. */
static void
check_list(const cJSON *a, const cJSON *b)
{
	const cJSON	*first = a, *last = NULL;

	for (; a != NULL && b != NULL; a = a->next, b = b->next) {
		check_item(a, b);
		if (last != NULL)
			assert_ptr_equal(a->prev, last);
		last = a;
	}
	assert_null(a);
	assert_null(b);
	if (first != NULL)
		assert_ptr_equal(first->prev, last);
}

/* One for the document, one for the tree, and those of the scan. */
static struct json_doc *
parse(const char *text, size_t len)
{
	struct json_doc	*doc;
	enum json_error	 error;

	mallocs = callocs = 0;
	error = json_parse(&doc, text, len, &limits, NULL);
	if (memory_replaced) {
		assert_int_equal(callocs, 1);
		assert_int_equal(mallocs, 1);
	}
	if (error != JSON_OK)
		fail_msg("%s: %.*s", json_strerror(error), (int)len, text);
	return (doc);
}

/* In memory of its very size, so that a byte past it is noticed. */
static void
check_text(const char *text, size_t len)
{
	struct json_doc	*doc;
	const cJSON	*root;
	cJSON		*other, *copy;
	int64_t		 live = memory_live;
	char		*exact;

	assert_non_null(exact = malloc(len));
	memcpy(exact, text, len);
	doc = parse(exact, len);
	other = cJSON_ParseWithLengthOpts(text, len, NULL, 0);
	assert_non_null(other);
	root = json_root(doc);
	assert_null(root->next);
	assert_null(root->prev);
	check_item(root, other);
	check_item(root, other);
	/* A copy by cJSON is as good as any of its own, and stays. */
	assert_non_null(copy = cJSON_Duplicate(root, 1));
	json_free(doc);
	free(exact);
	check_item(copy, other);
	cJSON_Delete(copy);
	cJSON_Delete(other);
	assert_int_equal(memory_live, live);
}

static void
test_kinds(void **state)
{
	(void)state;
	check_text(LIT("0"));
	check_text(LIT("\"\""));
	check_text(LIT("{}"));
	check_text(LIT("[]"));
	check_text(LIT(" [ ] "));
	check_text(LIT("[true,false,null,\"a\",1,[],{}]"));
	check_text(LIT("{\"\":{\"\":[{\"\":\"\"}]},\"a\":[[[]],[]],\"b\":0}"));
	check_text(LIT("[[1,[2,[3],4],5],[[6]],{\"x\":[7]},8]"));
	check_text(LIT("{\"a\":{\"b\":{}},\"c\":{\"d\":1},\"e\":2}"));
	check_text(LIT("{\"a\":1,\"a\":2}"));
}

static void
test_strings(void **state)
{
	static const char	*const strings[] = {
		"\\b\\f\\n\\r\\t\\\"\\\\\\/", "a\\nb\\\\", "\\\\\\\\", "\\/x",
		"\\u0001\\u001f\\u007f", "\\u0080\\u07ff\\u0800\\uffff",
		"\\ud800\\udc00\\udbff\\udfff", "\\uD834\\uDd1E", "\\u00e9",
		"\\u0041\\u00DF\\u20aC", "caf\xc3\xa9 \xe2\x82\xac",
		"\xf0\x9d\x84\x9e\\ud834\\udd1e", "0x0123456789abcdef",
		"1234567\\u0038" "9", "12345678\\t", "\\u0031" "2345678"
	};
	char			 text[256];
	size_t			 i;
	int			 len;

	(void)state;
	for (i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		len = snprintf(text, sizeof(text),
		    "{\"%s\":[\"%s\"],\"x\":\"%s\"}", strings[i], strings[i],
		    strings[i]);
		check_text(text, (size_t)len);
		check_text(text + strlen(strings[i]) + 5,
		    strlen(strings[i]) + 2);
	}
}

/* 63 digits. */
#define LONGEST	"1234567890123456789012345678901" \
		"23456789012345678901234567890123"

static void
test_numbers(void **state)
{
	static const char	*const numbers[] = {
		"0", "-0", "7", "-7", "255", "1.5", "-1.5e-7", "1e3", "1E+3",
		"999999999999999", "123456789012345", "1234567890123456",
		"9007199254740993", "-999999999999999", "18446744073709551617",
		"0.1000000000000000055511151231257827", "1e9999", "-1e9999",
		"1e-9999", "0.0", "10.25",
		LONGEST
	};
	char			 text[160];
	size_t			 i;
	int			 len;

	(void)state;
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		check_text(numbers[i], strlen(numbers[i]));
		len = snprintf(text, sizeof(text), "[%s , %s]", numbers[i],
		    numbers[i]);
		check_text(text, (size_t)len);
	}
}

/* Of any size, alone and many together, with nothing between them. */
static void
test_sizes(void **state)
{
	static char	 text[65536], word[201];
	size_t		 len, n;
	int		 i;

	(void)state;
	for (n = 0; n < sizeof(word) - 1; n++) {
		memset(word, 0, sizeof(word));
		memset(word, 'a' + (char)(n % 26), n);
		len = (size_t)sprintf(text, "\"%s\"", word);
		check_text(text, len);
		len = 0;
		for (i = 0; i < 40; i++)
			len += (size_t)sprintf(text + len,
			    "%c\"%s\":\"%s\"", i == 0 ? '{' : ',', word,
			    word + n % 7 * n / 7);
		text[len++] = '}';
		check_text(text, len);
	}
	for (n = 1; n < 60; n++) {
		memset(word, 0, sizeof(word));
		memset(word, '1', n);
		check_text(word, n);
		len = 0;
		for (i = 0; i < 40; i++)
			len += (size_t)sprintf(text + len, "%c%s",
			    i == 0 ? '[' : ',', word);
		text[len++] = ']';
		check_text(text, len);
	}
}

/* As many as there may be, without anything that takes a byte more. */
static void
test_many(void **state)
{
	static const char	*const each[] = { "7", "\"\"", "[]", "{}" };
	size_t			 i, k, len, n = limits.max_values - 1;
	char			*text;

	(void)state;
	assert_non_null(text = malloc(3 * n + 3));
	for (k = 0; k < sizeof(each) / sizeof(each[0]); k++) {
		len = 0;
		for (i = 0; i < n; i++)
			len += (size_t)sprintf(text + len, "%c%s",
			    i == 0 ? '[' : ',', each[k]);
		text[len++] = ']';
		check_text(text, len);
	}
	free(text);
	text = malloc(2 * JSON_DEPTH_MAX);
	assert_non_null(text);
	memset(text, '[', JSON_DEPTH_MAX);
	memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
	check_text(text, 2 * JSON_DEPTH_MAX);
	free(text);
}

/* That there is no memory for the tree is no matter of cJSON's other users. */
static void
test_memory(void **state)
{
	static const char	 text[] = "{\"a\":[1,\"x\"]}";
	struct json_doc		*doc;
	cJSON			*item;
	int64_t			 live = memory_live;
	char			*printed;

	(void)state;
	if (!memory_replaced)
		skip();
	mallocs = 0;
	fails = 1;
	assert_int_equal(json_parse(&doc, LIT(text), &limits, NULL),
	    JSON_MEMORY);
	fails = 0;
	assert_null(doc);
	assert_int_equal(memory_live, live);
	doc = parse(LIT(text));
	assert_non_null(item = cJSON_CreateString("of its own"));
	assert_int_equal(mallocs, 3);
	assert_int_equal(memory_live, live + 5);
	cJSON_Delete(item);
	assert_int_equal(memory_live, live + 3);
	assert_non_null(printed = cJSON_PrintUnformatted(json_root(doc)));
	json_free(doc);
	assert_string_equal(printed, text);
	cJSON_free(printed);
	assert_int_equal(memory_live, live);
}

/* ---- Texts at random --------------------------------------------------- */

#define TEXT	4096

static size_t
put(char *out, const char *text)
{
	size_t	 len = strlen(text);

	memcpy(out, text, len);
	return (len);
}

static size_t
put_string(char *out)
{
	static const char	*const parts[] = {
		"a", "zz", "0123456789", "\\n", "\\\"", "\\\\", "\\u00e9",
		"\\ud83d\\ude00", "\xc3\xa9", "\xf0\x9f\x98\x80", "\\u0800", " "
	};
	size_t			 n = put(out, "\""), i = rnd(6);

	while (i-- > 0)
		n += put(out + n, parts[rnd(sizeof(parts) /
		    sizeof(parts[0]))]);
	return (n + put(out + n, "\""));
}

static size_t
put_value(char *out, unsigned int depth)
{
	static const char	*const plain[] = {
		"true", "false", "null", "0", "-12.5e1", "4711", "[]", "{ }"
	};
	unsigned int		 kind = rnd(depth == 0 ? 3 : 6), i, count;
	bool			 object = kind == 3;
	size_t			 n = 0;

	if (kind == 0)
		return (put_string(out));
	if (kind < 3)
		return (put(out, plain[rnd(sizeof(plain) /
		    sizeof(plain[0]))]));
	count = rnd(4);
	n += put(out, object ? "{" : "[ ");
	for (i = 0; i < count; i++) {
		n += put(out + n, i == 0 ? "" : " ,");
		if (object) {
			n += put_string(out + n);
			n += put(out + n, ":");
		}
		n += put_value(out + n, depth - 1);
	}
	return (n + put(out + n, object ? "}" : "]\n"));
}

static void
test_random(void **state)
{
	static char	 text[16 * TEXT];
	int		 i;

	(void)state;
	for (i = 0; i < 2000; i++)
		check_text(text, put_value(text, 4));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_random)
	};

	return (cmocka_run_group_tests_name("jsontree", tests, NULL, NULL));
}
