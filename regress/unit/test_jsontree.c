/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/json.o common/jsonscan.o common/hex.o common/u256.o */
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
#include "regress/unit/rnd.h"

#define LIT(s)	s, sizeof(s) - 1

/* The tree is the one that cJSON itself would make of the text. */

static const struct json_limits	limits = { JSON_DEPTH_MAX, 100000 };

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

/* In memory of its very size, so that a byte past it is noticed. */
static void
check_text(const char *text, size_t len)
{
	struct json_doc	*doc;
	const cJSON	*root;
	cJSON		*other;
	char		*exact;

	assert_non_null(exact = malloc(len));
	memcpy(exact, text, len);
	assert_int_equal(json_parse(&doc, exact, len, &limits, NULL),
	    JSON_OK);
	other = cJSON_ParseWithLengthOpts(text, len, NULL, 0);
	assert_non_null(other);
	root = json_root(doc);
	assert_null(root->next);
	assert_null(root->prev);
	check_item(root, other);
	cJSON_Delete(other);
	/* A copy by cJSON is as good as any of its own. */
	assert_non_null(other = cJSON_Duplicate(root, 1));
	check_item(root, other);
	json_free(doc);
	free(exact);
	cJSON_Delete(other);
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
		cmocka_unit_test(test_random)
	};

	return (cmocka_run_group_tests_name("jsontree", tests, NULL, NULL));
}
