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
#include "common/jsonscan.h"

#define LIT(s)	s, sizeof(s) - 1

static const struct json_limits	limits = { 512, 100000 };

/* Allocations that may still succeed; the tests for lack of memory set it. */
static long	allowance = -1;

static bool
may_allocate(void)
{
	if (allowance == 0)
		return (false);
	if (allowance > 0)
		allowance--;
	return (true);
}

/* In place of the libc's, so that the noting of spans can fail. */
void *
reallocarray(void *p, size_t n, size_t size)
{
	if (!may_allocate() || (size != 0 && n > SIZE_MAX / size))
		return (NULL);
	return (realloc(p, n * size));
}

static struct json_doc *
parse(const char *text, size_t len)
{
	struct json_doc	*doc;
	size_t		 at;

	if (json_parse(&doc, text, len, &limits, &at) != JSON_OK)
		fail_msg("refused at %zu: %.*s", at, (int)len, text);
	assert_non_null(doc);
	return (doc);
}

static void
check_raw(const struct json_doc *doc, const cJSON *item, const char *want)
{
	const char	*raw;
	size_t		 len;

	assert_non_null(item);
	assert_non_null(raw = json_raw(doc, item, &len));
	if (len != strlen(want) || memcmp(raw, want, len) != 0)
		fail_msg("raw %.*s, not %s", (int)len, raw, want);
}

/*
 * Scans a copy without a byte of room behind it, so that a sanitizer sees
 * what reads on; the same again by json_parse where that can differ in
 * nothing.
 */
static enum json_error
scan(const char *text, size_t len, size_t *at)
{
	enum json_error	error;
	char		*copy;

	assert_non_null(copy = malloc(len == 0 ? 1 : len));
	memcpy(copy, text, len);
	error = jsonscan(copy, len, &limits, NULL, at);
	assert_true(*at <= len);
	free(copy);
	return (error);
}

static enum json_error
try_parse(const char *text, size_t len)
{
	struct json_doc	*doc;
	enum json_error	 error;
	char		*copy;

	assert_non_null(copy = malloc(len == 0 ? 1 : len));
	memcpy(copy, text, len);
	error = json_parse(&doc, copy, len, &limits, NULL);
	assert_true((doc != NULL) == (error == JSON_OK));
	json_free(doc);
	free(copy);
	return (error);
}

struct text {
	const char	*text;
	size_t		 len;
};

static const struct text	valid[] = {
	/* Structure and white space. */
	{ LIT("[]") }, { LIT("{}") }, { LIT(" [ ] ") }, { LIT("\t{\r\n}\n") },
	{ LIT("[[]   ]") }, { LIT("[[],[[]],{}]") }, { LIT("[1,2,3]") },
	{ LIT("[null, 1, \"1\", {}]") }, { LIT("[1\n]") }, { LIT(" [1]") },
	{ LIT("[2] ") }, { LIT("{\"\":0}") }, { LIT("{\"a\":[]}") },
	{ LIT("{\"a\":\"b\",\"a\":\"c\"}") }, { LIT("{\"a\":{\"b\":{}}}") },
	{ LIT("{ \"a\" : 1 , \"b\" : [ 2 , 3 ] }") },
	{ LIT("{\n\"a\":\n\"b\"\n}") }, { LIT("{\"a\":[{\"b\":[]}]}") },
	/* Scalars on their own. */
	{ LIT("null") }, { LIT("true") }, { LIT("false") }, { LIT("42") },
	{ LIT("\"\"") }, { LIT("\"asd\"") }, { LIT("-0.1") }, { LIT(" 0 ") },
	/* Numbers. */
	{ LIT("[0]") }, { LIT("[-0]") }, { LIT("[0.0]") },
	{ LIT("[-0.0e-0]") },
	{ LIT("[123]") }, { LIT("[-123]") }, { LIT("[1.50]") },
	{ LIT("[0e1]") }, { LIT("[0E+1]") }, { LIT("[1e3]") },
	{ LIT("[1E22]") },
	{ LIT("[1e-2]") }, { LIT("[1E+2]") }, { LIT("[123.456e78]") },
	{ LIT("[0.4e00669999999999999999999999999999999999999999999999999999"
	    "999999999999999999999999969999999006]") },
	{ LIT("[-1e+9999]") }, { LIT("[1.5e+9999]") },
	{ LIT("[123e-10000000]") },
	{ LIT("[-123123123123123123123123123123]") },
	{ LIT("[18446744073709551617]") },
	{ LIT("[-0.000000000000000000000000000000000000000000000000000000000"
	    "00000000000000000000001]") },
	/* Strings. */
	{ LIT("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]") }, { LIT("[\"\\\\u0000\"]") },
	{ LIT("[\"\\u0060\\u012a\\u12AB\"]") }, { LIT("[\"a/*b*/c/*d//e\"]") },
	{ LIT("[\"\\uD801\\udc37\"]") }, { LIT("[\"\\uFFFF\"]") },
	{ LIT("[\"\\ud83d\\ude39\\ud83d\\udc8d\"]") },
	{ LIT("[\"\\u0022\\u005C\"]") }, { LIT("[\"new\\u000Aline\"]") },
	{ LIT("[\"\x7f\"]") }, { LIT("[\" \"]") }, { LIT("[\"\\u200B\"]") },
	{ LIT("[\"\\uDBFF\\uDFFE\"]") }, { LIT("[\"asd \"]") },
	/* UTF-8: first and last of each length, and around surrogates. */
	{ LIT("\"\xc2\x80\xdf\xbf\"") }, { LIT("\"\xe0\xa0\x80\"") },
	{ LIT("\"\xec\xbf\xbf\xed\x80\x80\xed\x9f\xbf\"") },
	{ LIT("\"\xee\x80\x80\xef\xbf\xbf\"") },
	{ LIT("\"\xf0\x90\x80\x80\xf1\x80\x80\x80\xf3\xbf\xbf\xbf\"") },
	{ LIT("\"\xf4\x80\x80\x80\xf4\x8f\xbf\xbf\"") },
	{ LIT("{\"\xc3\xa9\":1}") }, { LIT("\"\xe2\x80\xa8\xef\xbb\xbf\"") },
};

static const struct text	invalid[] = {
	{ LIT("") }, { LIT(" ") }, { LIT("\xef\xbb\xbf") }, { LIT("\0") },
	{ LIT("\xef\xbb\xbf[]") }, { LIT("[]\0") }, { LIT("[\0]") },
	/* Literals. */
	{ LIT("nul") }, { LIT("nulL") }, { LIT("True") }, { LIT("tru") },
	{ LIT("truee") }, { LIT("fals") }, { LIT("nulll") }, { LIT("[nan]") },
	{ LIT("[NaN]") }, { LIT("[Infinity]") }, { LIT("[-Infinity]") },
	{ LIT("[undefined]") }, { LIT("true false") }, { LIT("[tru]") },
	/* Numbers. */
	{ LIT("-") }, { LIT("[-]") }, { LIT("[+1]") }, { LIT("[01]") },
	{ LIT("[-01]") }, { LIT("[00]") }, { LIT("[.5]") }, { LIT("[-.5]") },
	{ LIT("[1.]") }, { LIT("1.") }, { LIT("[1.e1]") }, { LIT("[1.0e]") },
	{ LIT("[1e]") }, { LIT("[1e+]") }, { LIT("1e-") }, { LIT("[1eE2]") },
	{ LIT("[0e+-1]") }, { LIT("[1e1.5]") }, { LIT("[0x1]") },
	{ LIT("[1 000]") }, { LIT("[1_0]") }, { LIT("[--1]") },
	{ LIT("[1.2.3]") }, { LIT("[1+2]") }, { LIT("[2.e3]") },
	{ LIT("[- 1]") }, { LIT("[0.1.2]") }, { LIT("[1a]") },
	{ LIT("[\xef\xbc\x91]") }, { LIT("1 2") }, { LIT("[-1x]") },
	/* Arrays. */
	{ LIT("[") }, { LIT("]") }, { LIT("[1") }, { LIT("[1,") },
	{ LIT("[1,]") }, { LIT("[,1]") }, { LIT("[,]") }, { LIT("[1,,2]") },
	{ LIT("[1 2]") }, { LIT("[1:2]") }, { LIT("[1]]") }, { LIT("[1}") },
	{ LIT("[\"a\"") }, { LIT("[[1]") }, { LIT("[\"a\" \"b\"]") },
	{ LIT("[]x") }, { LIT("[] []") }, { LIT("[1];") }, { LIT("[*]") },
	/* Objects. */
	{ LIT("{") }, { LIT("}") }, { LIT("{]") }, { LIT("{\"a\"}") },
	{ LIT("{\"a\":}") }, { LIT("{\"a\":1,}") }, { LIT("{,}") },
	{ LIT("{\"a\" 1}") }, { LIT("{:1}") }, { LIT("{a:1}") },
	{ LIT("{'a':1}") }, { LIT("{1:1}") }, { LIT("{null:1}") },
	{ LIT("{\"a\":1 \"b\":2}") }, { LIT("{\"a\":1,,\"b\":2}") },
	{ LIT("{\"a\":1") }, { LIT("{\"a\":1]") }, { LIT("{\"a\"::1}") },
	{ LIT("{\"a\":1}{\"b\":2}") }, { LIT("{\"a\":1}#") },
	{ LIT("{\"a\":1/**/}") }, { LIT("{\"a\":1}//") }, { LIT("{\"a") },
	{ LIT("{\"a\":1 , }") }, { LIT("{[]:1}") }, { LIT("{\"a\",1}") },
	/* Strings. */
	{ LIT("\"") }, { LIT("[\"a]") }, { LIT("\"\\") }, { LIT("\"\\\"") },
	{ LIT("[\"\\a\"]") }, { LIT("[\"\\x00\"]") }, { LIT("['a']") },
	{ LIT("[\"\\u\"]") }, { LIT("[\"\\u00A\"]") }, { LIT("\"\\u00") },
	{ LIT("[\"\\u00G0\"]") }, { LIT("[\"\\U0041\"]") },
	{ LIT("\"\\u0041") },
	{ LIT("[\"a\nb\"]") },
	{ LIT("[\"\t\"]") }, { LIT("[\"\x1f\"]") }, { LIT("[\"a\0b\"]") },
	{ LIT("[\"\\\t\"]") }, { LIT("[\"\\'\"]") }, { LIT("[\"x\"\\n]") },
	/* White space that is none. */
	{ LIT("[\f]") }, { LIT("[\v]") }, { LIT("[\xc2\xa0]") },
	{ LIT("[\xe2\x81\xa0]") }, { LIT("/**/[]") }, { LIT("<null>") },
};

static void
test_valid(void **state)
{
	size_t	at, i;

	(void)state;
	for (i = 0; i < sizeof(valid) / sizeof(valid[0]); i++) {
		if (scan(valid[i].text, valid[i].len, &at) != JSON_OK)
			fail_msg("refused at %zu: %s", at, valid[i].text);
		if (try_parse(valid[i].text, valid[i].len) != JSON_OK)
			fail_msg("not parsed: %s", valid[i].text);
	}
}

static void
test_invalid(void **state)
{
	size_t	at, i;

	(void)state;
	for (i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
		if (scan(invalid[i].text, invalid[i].len, &at) != JSON_SYNTAX)
			fail_msg("taken: %s", invalid[i].text);
		if (try_parse(invalid[i].text, invalid[i].len) != JSON_SYNTAX)
			fail_msg("parsed: %s", invalid[i].text);
	}
}

/* Every document cut short anywhere is refused or, a number, is whole. */
static void
test_cut(void **state)
{
	static const char	text[] = "{\"a\":[1.5e3,true,null,\"\\u12aB"
				    "\xe2\x82\xac\xf0\x9f\x98\x80\\n\"],"
				    "\"\xc3\xa9\":{\"b\":-0}} ";
	enum json_error		error;
	size_t			at, i, n = sizeof(text) - 1;

	(void)state;
	for (i = 0; i < n - 1; i++) {
		error = scan(text, i, &at);
		assert_true(error == JSON_SYNTAX || error == JSON_UTF8);
		assert_true(try_parse(text, i) == error);
	}
	assert_int_equal(scan(text, n - 1, &at), JSON_OK);
	assert_int_equal(scan(text, n, &at), JSON_OK);
}

static void
test_utf8(void **state)
{
	static const struct text	bad[] = {
		/* No lead, or none that leads. */
		{ LIT("\x80") }, { LIT("\xbf") }, { LIT("\xfe") },
		{ LIT("\xff") }, { LIT("\xf8\x88\x80\x80\x80") },
		{ LIT("\xf5\x80\x80\x80") },
		/* Overlong. */
		{ LIT("\xc0\x80") }, { LIT("\xc1\xbf") }, { LIT("\xc0\xaf") },
		{ LIT("\xe0\x80\x80") }, { LIT("\xe0\x9f\xbf") },
		{ LIT("\xf0\x80\x80\x80") }, { LIT("\xf0\x8f\xbf\xbf") },
		/* Surrogates. */
		{ LIT("\xed\xa0\x80") }, { LIT("\xed\xbf\xbf") },
		{ LIT("\xed\xa0\xbd\xed\xb8\xb9") },
		/* Above U+10FFFF. */
		{ LIT("\xf4\x90\x80\x80") }, { LIT("\xf4\xbf\xbf\xbf") },
		/* Cut, then another character or nothing. */
		{ LIT("\xc3") }, { LIT("\xe2\x82") }, { LIT("\xf0\x9f\x98") },
		{ LIT("\xe2\x82x") }, { LIT("\xe2x\x82") },
		{ LIT("\xc3\xc3\xa9") }, { LIT("\xf0\x9f\x98x") },
		{ LIT("\xf0\x9fx\x80") }, { LIT("\xe2\x28\xa1") },
	};
	char	text[32];
	size_t	at, i, n;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		n = bad[i].len;
		memcpy(text, "[\"ab", 4);
		memcpy(text + 4, bad[i].text, n);
		memcpy(text + 4 + n, "\"]", 2);
		assert_int_equal(scan(text, n + 6, &at), JSON_UTF8);
		assert_int_equal(at, 4);
		assert_int_equal(try_parse(text, n + 6), JSON_UTF8);
		assert_int_equal(scan(text, n + 4, &at), JSON_UTF8);
		text[0] = '{';
		memcpy(text + 4 + n, "\":1}", 4);
		assert_int_equal(scan(text, n + 8, &at), JSON_UTF8);
	}
}

/* Grammatical, and yet not for a tree of C strings. */
static void
test_unshowable(void **state)
{
	static const struct {
		struct text	text;
		enum json_error	error;
	}	docs[] = {
		{ { LIT("\"\\u0000\"") }, JSON_NUL },
		{ { LIT("{\"a\\u0000b\":1}") }, JSON_NUL },
		{ { LIT("[\"x\\ud800\"]") }, JSON_UTF8 },
		{ { LIT("[\"\\ud800x12345\"]") }, JSON_UTF8 },
		{ { LIT("[\"\\uDBFF\\u0041\"]") }, JSON_UTF8 },
		{ { LIT("[\"\\ud800\\ud800\\udc00\"]") }, JSON_UTF8 },
		{ { LIT("[\"\\udc00\"]") }, JSON_UTF8 },
		{ { LIT("[\"\\uDFFF\\ud800\"]") }, JSON_UTF8 },
		{ { LIT("{\"\\udead\":1}") }, JSON_UTF8 },
		{ { LIT("[\"\\ud800\\n\"]") }, JSON_UTF8 },
	};
	size_t	at, i;

	(void)state;
	for (i = 0; i < sizeof(docs) / sizeof(docs[0]); i++) {
		assert_int_equal(scan(docs[i].text.text, docs[i].text.len,
		    &at), JSON_OK);
		assert_int_equal(try_parse(docs[i].text.text,
		    docs[i].text.len), docs[i].error);
	}
	/* Wrong either way. */
	assert_int_equal(scan(LIT("[\"\\uD834\\uDd\"]"), &at), JSON_SYNTAX);
	assert_int_not_equal(try_parse(LIT("[\"\\uD834\\uDd\"]")), JSON_OK);
}

static void
test_position(void **state)
{
	struct json_doc	*doc;
	size_t		 at;

	(void)state;
	assert_int_equal(scan(LIT("[1,2,x]"), &at), JSON_SYNTAX);
	assert_int_equal(at, 5);
	assert_int_equal(scan(LIT("[1] x"), &at), JSON_SYNTAX);
	assert_int_equal(at, 4);
	assert_int_equal(scan(LIT("[\"\\ud8"), &at), JSON_SYNTAX);
	assert_int_equal(at, 2);
	assert_int_equal(scan(LIT("{\"a\":"), &at), JSON_SYNTAX);
	assert_int_equal(at, 5);
	assert_int_equal(json_parse(&doc, LIT("[\"ab\\u0000\"]"), &limits,
	    &at), JSON_NUL);
	assert_int_equal(at, 4);
	assert_null(doc);
	assert_int_equal(jsonscan(LIT("x"), &limits, NULL, NULL), JSON_SYNTAX);
}

static void
test_strerror(void **state)
{
	int	i;

	(void)state;
	for (i = JSON_SYNTAX; i <= JSON_MEMORY + 1; i++)
		assert_string_not_equal(json_strerror((enum json_error)i),
		    json_strerror((enum json_error)(i - 1)));
}

/* n opening brackets and what closes them; objects where n is odd. */
static size_t
nest(char *text, size_t n)
{
	size_t	i, len = 0;

	for (i = 0; i < n; i++) {
		if (i % 2 == 0)
			text[len++] = '[';
		else {
			memcpy(text + len, "{\"a\":", 5);
			len += 5;
		}
	}
	text[len++] = '7';
	while (i-- > 0)
		text[len++] = i % 2 == 0 ? ']' : '}';
	return (len);
}

static void
test_depth(void **state)
{
	static const size_t	depths[] = {
		0, 1, 2, 7, 8, 9, 511, 512, 999, 1000
	};
	struct json_limits	some = { 0, 10000 };
	struct json_doc		*doc;
	const cJSON		*item;
	char			text[8 * 1002];
	size_t			at, i, len, n;

	(void)state;
	for (i = 0; i < sizeof(depths) / sizeof(depths[0]); i++) {
		n = some.max_depth = depths[i];
		len = nest(text, n);
		assert_int_equal(json_parse(&doc, text, len, &some, &at),
		    JSON_OK);
		for (item = json_root(doc); item->child != NULL; n--)
			item = item->child;
		assert_int_equal(n, 0);
		check_raw(doc, item, "7");
		assert_false(json_repeats(json_root(doc), true));
		json_free(doc);

		len = nest(text, depths[i] + 1);
		assert_int_equal(jsonscan(text, len, &some, NULL, &at),
		    JSON_DEPTH);
		assert_int_equal(json_parse(&doc, text, len, &some, NULL),
		    JSON_DEPTH);
		assert_null(doc);
	}
	/* However much the caller allows. */
	some.max_depth = SIZE_MAX;
	len = nest(text, JSON_DEPTH_MAX);
	assert_int_equal(jsonscan(text, len, &some, NULL, NULL), JSON_OK);
	len = nest(text, JSON_DEPTH_MAX + 1);
	assert_int_equal(jsonscan(text, len, &some, NULL, NULL), JSON_DEPTH);
}

/* Megabytes of brackets must end at the limit, not on the stack. */
static void
test_depth_flood(void **state)
{
	char	*text;
	size_t	at, n = 4 * 1024 * 1024;

	(void)state;
	assert_non_null(text = malloc(n));
	memset(text, '[', n);
	assert_int_equal(jsonscan(text, n, &limits, NULL, &at), JSON_DEPTH);
	assert_int_equal(at, limits.max_depth);
	free(text);
}

static void
test_values(void **state)
{
	struct json_doc		*doc;
	const cJSON		*item;
	char			*text, want[16];
	size_t			 at, i, len = 0, n = limits.max_values;

	(void)state;
	assert_non_null(text = malloc(8 * n + 2));
	text[len++] = '[';
	/* The array is a value, too. */
	for (i = 0; i < n - 1; i++)
		len += (size_t)sprintf(text + len, "%s%zu", i == 0 ? "" : ",",
		    i);
	text[len] = ']';
	doc = parse(text, len + 1);
	i = 0;
	cJSON_ArrayForEach(item, json_root(doc)) {
		snprintf(want, sizeof(want), "%zu", i++);
		check_raw(doc, item, want);
	}
	assert_int_equal(i, n - 1);
	json_free(doc);

	memcpy(text + len, ",0]", 3);
	assert_int_equal(jsonscan(text, len + 3, &limits, NULL, &at),
	    JSON_VALUES);
	assert_int_equal(at, len + 1);
	assert_int_equal(json_parse(&doc, text, len + 3, &limits, NULL),
	    JSON_VALUES);
	free(text);
}

static void
test_values_small(void **state)
{
	static const struct json_limits	one = { 8, 1 }, five = { 8, 5 },
					none = { 8, 0 };

	(void)state;
	assert_int_equal(jsonscan(LIT("[]"), &one, NULL, NULL), JSON_OK);
	assert_int_equal(jsonscan(LIT("[1]"), &one, NULL, NULL), JSON_VALUES);
	assert_int_equal(jsonscan(LIT("1"), &none, NULL, NULL), JSON_VALUES);
	/* Names are not values; every kind of value is. */
	assert_int_equal(jsonscan(LIT("{\"a\":true,\"b\":[\"\"],\"c\":{}}"),
	    &five, NULL, NULL), JSON_OK);
	assert_int_equal(jsonscan(LIT("{\"a\":true,\"b\":[\"\"],\"c\":[{}]}"),
	    &five, NULL, NULL), JSON_VALUES);
}

static void
test_raw_numbers(void **state)
{
	static const char *const	numbers[] = {
		"0", "-0", "1.50", "1e3", "1E+3", "-1.5e-7",
		"18446744073709551617", "0.1000000000000000055511151231257827",
		"1e9999", "-1e9999", "1e-9999",
		/* 63, 64 and 65 characters, and many more. */
		"123456789012345678901234567890123456789012345678901234567890"
		"123",
		"123456789012345678901234567890123456789012345678901234567890"
		"1234",
		"-12345678901234567890123456789012345678901234567890123456789"
		"01234",
		"0.0000000000000000000000000000000000000000000000000000000000"
		"00000000000000000000000000000000000000000000000000000000001",
		"1e0000000000000000000000000000000000000000000000000000000000"
		"00001",
	};
	struct json_doc	*doc;
	const cJSON	*root;
	char		 text[512];
	size_t		 i;
	int		 len;

	(void)state;
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		doc = parse(numbers[i], strlen(numbers[i]));
		check_raw(doc, json_root(doc), numbers[i]);
		json_free(doc);

		len = snprintf(text, sizeof(text),
		    " {\"a\":%s,\"b\":[%s ,-%s],\"c\":\"%s\",\"d\":5}",
		    numbers[i], numbers[i],
		    numbers[i] + (*numbers[i] == '-'), numbers[i]);
		assert_in_range(len, 0, sizeof(text) - 1);
		doc = parse(text, (size_t)len);
		root = json_root(doc);
		check_raw(doc, json_member(root, "a"), numbers[i]);
		check_raw(doc, json_member(root, "b")->child, numbers[i]);
		assert_string_equal(json_member(root, "c")->valuestring,
		    numbers[i]);
		check_raw(doc, json_member(root, "d"), "5");
		assert_true(json_member(root, "d")->valuedouble == 5.0);
		/* Not a value that could be taken for the number. */
		if (strlen(numbers[i]) >= 64)
			assert_true(json_member(root, "a")->valuedouble !=
			    json_member(root, "a")->valuedouble);
		json_free(doc);
	}
}

static void
test_raw_kinds(void **state)
{
	static const char	text[] = "{\"s\":\"a\\u0062\\\"\",\"t\":true,"
				    "\"f\":false,\"n\":null,\"a\":[[],{}],"
				    "\"o\":{\"x\":\"\"},\"z\":-7}";
	struct json_doc		*doc;
	const cJSON		*root;
	size_t			 len = 99;

	(void)state;
	doc = parse(LIT(text));
	root = json_root(doc);
	assert_null(json_raw(doc, root, &len));
	assert_null(json_raw(doc, json_member(root, "a"), &len));
	assert_null(json_raw(doc, json_member(root, "a")->child, &len));
	assert_null(json_raw(doc, json_member(root, "o"), &len));
	assert_int_equal(len, 99);
	check_raw(doc, json_member(root, "s"), "\"a\\u0062\\\"\"");
	assert_string_equal(json_member(root, "s")->valuestring, "ab\"");
	check_raw(doc, json_member(root, "t"), "true");
	assert_true(cJSON_IsTrue(json_member(root, "t")));
	check_raw(doc, json_member(root, "f"), "false");
	check_raw(doc, json_member(root, "n"), "null");
	check_raw(doc, json_member(root, "o")->child, "\"\"");
	check_raw(doc, json_member(root, "z"), "-7");
	json_free(doc);
	json_free(NULL);
}

static void
test_member(void **state)
{
	struct json_doc	*doc;
	const cJSON	*root;

	(void)state;
	doc = parse(LIT("{\"Id\":1,\"id\":2,\"\":3,\"i\\u0064x\":[4]}"));
	root = json_root(doc);
	check_raw(doc, json_member(root, "id"), "2");
	check_raw(doc, json_member(root, "Id"), "1");
	check_raw(doc, json_member(root, ""), "3");
	assert_true(cJSON_IsArray(json_member(root, "idx")));
	assert_null(json_member(root, "ID"));
	assert_null(json_member(root, "i"));
	assert_null(json_member(json_member(root, "idx"), "id"));
	assert_null(json_member(json_member(root, "id"), "id"));
	assert_null(json_member(NULL, "id"));
	json_free(doc);
}

static void
check_repeats(const char *text, bool flat, bool deep)
{
	struct json_doc	*doc = parse(text, strlen(text));

	assert_true(json_repeats(json_root(doc), false) == flat);
	assert_true(json_repeats(json_root(doc), true) == deep);
	json_free(doc);
}

static void
test_repeats(void **state)
{
	struct json_doc	*doc;
	const cJSON	*first;

	(void)state;
	check_repeats("{}", false, false);
	check_repeats("7", false, false);
	check_repeats("{\"a\":1,\"A\":2,\"\":3,\"aa\":4}", false, false);
	check_repeats("{\"a\":1,\"b\":2,\"a\":1}", true, true);
	check_repeats("{\"a\":1,\"\\u0061\":2}", true, true);
	check_repeats("{\"\":1,\"\":2}", true, true);
	check_repeats("{\"a\":{\"a\":{\"a\":1}},\"b\":{\"a\":1}}", false,
	    false);
	check_repeats("{\"a\":{\"b\":1,\"b\":2}}", false, true);
	check_repeats("[1,[{\"x\":[{\"b\":1},{\"c\":1,\"b\":2,\"c\":3}]}]]",
	    false, true);
	check_repeats("[{\"a\":1},{\"a\":1}]", false, false);

	/* An item's neighbours are not its own. */
	doc = parse(LIT("[{\"a\":[1]},{\"b\":1,\"b\":2}]"));
	first = json_root(doc)->child;
	assert_false(json_repeats(first, true));
	assert_true(json_repeats(first->next, false));
	json_free(doc);
}

/* Sizes around the change of method; any two members may be the same. */
static void
test_repeats_pairs(void **state)
{
	static const size_t	sizes[] = { 2, 15, 16, 17, 18, 40 };
	char			text[1024];
	size_t			a, b, i, len, n, s;

	(void)state;
	for (s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		n = sizes[s];
		for (a = 0; a < n; a++) {
			/* With b == a no two are the same. */
			for (b = a; b < n; b++) {
				len = 0;
				for (i = 0; i < n; i++)
					len += (size_t)sprintf(text + len,
					    "%c\"n%zu\":0", i == 0 ? '{' : ',',
					    (i == b ? a : i) * 37 % 64);
				memcpy(text + len, "}", 2);
				check_repeats(text, a != b, a != b);
			}
		}
	}
}

/* Many members in orders that a naive sort does not like. */
static void
test_repeats_many(void **state)
{
	struct json_doc	*doc;
	char		*text;
	size_t		 i, len, name, n = 90000, order;

	(void)state;
	assert_non_null(text = malloc(16 * n));
	for (order = 0; order < 4; order++) {
		len = 0;
		for (i = 0; i < n; i++) {
			name = order == 0 ? i : order == 1 ? n - i :
			    order == 2 ? (i < n / 2 ? i : n * 2 - i) :
			    i * 7919 % n;
			len += (size_t)sprintf(text + len, "%c\"%zu\":0",
			    i == 0 ? '{' : ',', name);
		}
		text[len] = '}';
		doc = parse(text, len + 1);
		assert_false(json_repeats(json_root(doc), true));
		json_free(doc);
		len += (size_t)sprintf(text + len, ",\"%d\":0", 4711);
		text[len] = '}';
		doc = parse(text, len + 1);
		assert_true(json_repeats(json_root(doc), false));
		allowance = 0;
		assert_true(json_repeats(json_root(doc), false));
		allowance = -1;
		json_free(doc);
	}
	free(text);
}

/*
 * Each allocation of notes in turn fails: nothing is left behind, nothing is
 * taken.  Of the others see test_allocparse.c.
 */
static void
test_memory(void **state)
{
	static const char	text[] = "{\"a\":[1,2,\"x\",{\"b\":null}],\"c\""
				    ":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16"
				    ",17,18,19,20,21,22,23,24,25,26,27,28,29,"
				    "30,31,32,33]}";
	struct json_doc		*doc;
	enum json_error		error = JSON_MEMORY;
	long			n;

	(void)state;
	for (n = 0; error != JSON_OK && n < 200; n++) {
		allowance = n;
		error = json_parse(&doc, LIT(text), &limits, NULL);
		allowance = -1;
		if (error != JSON_OK) {
			assert_int_equal(error, JSON_MEMORY);
			assert_null(doc);
		}
	}
	assert_int_equal(error, JSON_OK);
	/* The notes of 41 values, in two sizes. */
	assert_int_equal(n, 3);
	check_raw(doc, json_member(json_root(doc), "a")->child, "1");
	json_free(doc);
}

static void
check_escape(const char *text, size_t len, const char *want)
{
	char	*out;
	size_t	 n;

	n = json_escape(NULL, text, len);
	assert_int_equal(n, strlen(want));
	assert_true(n <= 6 * len);
	assert_non_null(out = malloc(n + 1));
	out[n] = 'Z';
	assert_int_equal(json_escape(out, text, len), n);
	assert_memory_equal(out, want, n);
	assert_int_equal(out[n], 'Z');
	free(out);
}

static void
test_escape(void **state)
{
	char	one[] = "x";
	int	c;

	(void)state;
	for (c = ' '; c < 0x80; c++) {
		one[0] = (char)c;
		if (strchr("\"\\<>&", c) == NULL)
			check_escape(one, 1, one);
	}
	check_escape(LIT(""), "");
	check_escape(LIT("plain 'text' / \x7f"), "plain 'text' / \x7f");
	check_escape(LIT("\"\\\b\f\n\r\t"), "\\\"\\\\\\b\\f\\n\\r\\t");
	check_escape(LIT("\0\x01\x1f"), "\\u0000\\u0001\\u001f");
	check_escape(LIT("<a> & b"), "\\u003ca\\u003e \\u0026 b");
	check_escape(LIT("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
	    "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
	check_escape(LIT("\xe2\x80\xa7\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa"),
	    "\xe2\x80\xa7\\u2028\\u2029\xe2\x80\xaa");
	check_escape(LIT("\xff\xc3(\xed\xa0\x80\xe2\x82"),
	    "\\ufffd\\ufffd(\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd");
	assert_true(json_escape(NULL, "", SIZE_MAX) == SIZE_MAX);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_invalid),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_unshowable),
		cmocka_unit_test(test_position),
		cmocka_unit_test(test_strerror),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_depth_flood),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_values_small),
		cmocka_unit_test(test_raw_numbers),
		cmocka_unit_test(test_raw_kinds),
		cmocka_unit_test(test_member),
		cmocka_unit_test(test_repeats),
		cmocka_unit_test(test_repeats_pairs),
		cmocka_unit_test(test_repeats_many),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_escape),
	};

	return (cmocka_run_group_tests_name("json", tests, NULL, NULL));
}
