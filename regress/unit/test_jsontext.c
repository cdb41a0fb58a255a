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
#define MAXVALUES	100000
#define MAXTEXT		(4 * 1024 * 1024)

static const struct json_limits	limits = { JSON_DEPTH_MAX, MAXVALUES };

static struct json_doc *
parse(const char *text, size_t len)
{
	struct json_doc	*doc;
	size_t		 at;

	if (json_parse(&doc, text, len, &limits, &at) != JSON_OK)
		fail_msg("refused at %zu of %zu", at, len);
	assert_non_null(doc);
	return (doc);
}

static void
check_text(const struct json_doc *doc, const cJSON *item, const char *want)
{
	const char	*text;
	size_t		 len;

	assert_non_null(item);
	assert_non_null(text = json_text(doc, item, &len));
	if (len != strlen(want) || memcmp(text, want, len) != 0)
		fail_msg("text %.*s, not %s", (int)len, text, want);
}

static void
test_kinds(void **state)
{
	static const char	text[] =
	    " \t{ \"s\" :\"a\\u0062\\\"]}\" ,\"t\":true,\"a\": [ ] ,"
	    "\"n\":[null , -1.50 ,[ {\n}\r, [[ ]]]] ,\"o\":{\"o\":{ } }} \n";
	struct json_doc		*doc;
	const cJSON		*root, *item;
	const char		*p;
	size_t			 len;

	(void)state;
	doc = parse(LIT(text));
	root = json_root(doc);
	/* Into the document's text, without the white space around. */
	assert_non_null(p = json_text(doc, root, &len));
	assert_ptr_equal(p, text + 2);
	assert_int_equal(len, sizeof(text) - 1 - 4);
	check_text(doc, json_member(root, "s"), "\"a\\u0062\\\"]}\"");
	check_text(doc, json_member(root, "t"), "true");
	check_text(doc, json_member(root, "a"), "[ ]");
	item = json_member(root, "n");
	check_text(doc, item, "[null , -1.50 ,[ {\n}\r, [[ ]]]]");
	check_text(doc, item->child, "null");
	check_text(doc, item->child->next, "-1.50");
	item = item->child->next->next;
	check_text(doc, item, "[ {\n}\r, [[ ]]]");
	check_text(doc, item->child, "{\n}");
	check_text(doc, item->child->next, "[[ ]]");
	check_text(doc, item->child->next->child, "[ ]");
	check_text(doc, json_member(root, "o"), "{\"o\":{ } }");
	check_text(doc, json_member(root, "o")->child, "{ }");
	json_free(doc);
}

/* Each kind of value alone, so that the first span is the last. */
static void
test_alone(void **state)
{
	static const char *const	texts[] = {
		"[]", "{}", "[[]]", "{\"\":{}}", "\"\"", "0", "-1e9999",
		"null", "true", "false", "[{},[],{}]", "{\"a\":[],\"b\":{}}"
	};
	struct json_doc	*doc;
	char		 text[64];
	size_t		 i;
	int		 len;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		doc = parse(texts[i], strlen(texts[i]));
		check_text(doc, json_root(doc), texts[i]);
		json_free(doc);
		len = snprintf(text, sizeof(text), "\r\n %s\t", texts[i]);
		doc = parse(text, (size_t)len);
		check_text(doc, json_root(doc), texts[i]);
		json_free(doc);
	}
}

/* A container longer than any number is no number. */
static void
test_long(void **state)
{
	struct json_doc	*doc;
	char		 text[512], number[100], array[400];

	(void)state;
	memset(number, '7', sizeof(number));
	number[sizeof(number) - 1] = '\0';
	snprintf(array, sizeof(array), "[-%s, %s ,\"-%s\"]", number, number,
	    number);
	snprintf(text, sizeof(text), "{\"a\":%s}", array);
	doc = parse(text, strlen(text));
	check_text(doc, json_root(doc), text);
	check_text(doc, json_member(json_root(doc), "a"), array);
	check_text(doc, json_member(json_root(doc), "a")->child->next,
	    number);
	assert_true(cJSON_IsString(
	    json_member(json_root(doc), "a")->child->next->next));
	json_free(doc);
}

static void
expect_foreign(const struct json_doc *doc, const cJSON *item)
{
	size_t	len = 99;

	assert_null(json_text(doc, item, &len));
	if (item != NULL)
		assert_null(json_raw(doc, item, &len));
	assert_int_equal(len, 99);
}

static void
test_foreign(void **state)
{
	static const int	indices[] = { 0, 1, 2, 3, 4, 100, -1,
				    INT32_MIN, INT32_MAX };
	struct json_doc		*doc, *other;
	cJSON			*copy, *number;
	size_t			 i;

	(void)state;
	doc = parse(LIT("[1,[2],{\"a\":3}]"));
	other = parse(LIT("[1,[2],{\"a\":3}]"));
	expect_foreign(doc, NULL);
	/* The same place in a document of the same text. */
	expect_foreign(doc, json_root(other));
	expect_foreign(doc, json_root(other)->child);
	expect_foreign(other, json_root(doc)->child->next);
	assert_non_null(copy = cJSON_Duplicate(json_root(doc), 1));
	expect_foreign(doc, copy);
	expect_foreign(doc, copy->child);
	cJSON_Delete(copy);
	assert_non_null(number = cJSON_CreateNumber(0));
	for (i = 0; i < sizeof(indices) / sizeof(indices[0]); i++) {
		number->valueint = indices[i];
		expect_foreign(doc, number);
	}
	cJSON_Delete(number);
	check_text(doc, json_root(doc), "[1,[2],{\"a\":3}]");
	json_free(doc);
	json_free(other);
}

/* Where a value is to stand, told by who wrote the text. */
struct place {
	size_t	off;
	size_t	len;
};

struct writer {
	char		*text;
	size_t		 len;
	struct place	*places;
	size_t		 n;
	size_t		 max;
};

static void
write_text(struct writer *w, const char *text)
{
	size_t	len = strlen(text);

	assert_true(w->len + len <= MAXTEXT);
	memcpy(w->text + w->len, text, len);
	w->len += len;
}

static void
write_space(struct writer *w)
{
	static const char *const	spaces[] = { "", "", "", " ", "\n\t",
					    "\r  " };

	write_text(w, spaces[rnd(6)]);
}

static void
write_value(struct writer *w, unsigned int depth)
{
	static const char *const	scalars[] = { "null", "true",
	    "false", "0", "-1.25e+7", "\"\"", "\"[{\\\"}]\"", "\"\\\\\"",
	    ("123456789012345678901234567890123456789012345678901234567890"
	    "1234567890"), "\"\xe2\x82\xac,:\"" };
	static const char *const	names[] = { "\"\":", "\"a\" :",
	    "\"]\\\"\": ", "\"\\u0061\":" };
	unsigned int			i, n, object;
	size_t				mine = w->n++, off;

	write_space(w);
	off = w->len;
	if (depth == 0 || rnd(3) == 0)
		write_text(w, scalars[rnd(10)]);
	else {
		object = rnd(2);
		write_text(w, object ? "{" : "[");
		write_space(w);
		for (i = 0, n = rnd(6); i < n && w->n < w->max; i++) {
			if (i > 0)
				write_text(w, ",");
			write_space(w);
			if (object)
				write_text(w, names[rnd(4)]);
			write_value(w, depth - 1);
		}
		write_text(w, object ? "}" : "]");
	}
	w->places[mine].off = off;
	w->places[mine].len = w->len - off;
	write_space(w);
}

/* Every item, in the order of the text, against the writer's places. */
static void
compare(const struct json_doc *doc, const struct writer *w)
{
	const cJSON	*up[JSON_DEPTH_MAX], *item = json_root(doc);
	const char	*text;
	size_t		 depth = 0, i = 0, len;

	for (;;) {
		assert_true(i < w->n);
		assert_non_null(text = json_text(doc, item, &len));
		assert_int_equal(text - w->text, w->places[i].off);
		assert_int_equal(len, w->places[i].len);
		i++;
		if (item->child != NULL) {
			up[depth++] = item;
			item = item->child;
			continue;
		}
		while (item->next == NULL && depth > 0)
			item = up[--depth];
		if (depth == 0)
			break;
		item = item->next;
	}
	assert_int_equal(i, w->n);
}

static void
test_random(void **state)
{
	struct json_doc	*doc;
	struct writer	 w;
	size_t		 deep = 0, values = 0;
	unsigned int	 i;

	(void)state;
	seed = 1;
	w.max = 400;
	assert_non_null(w.places = calloc(w.max + 1, sizeof(*w.places)));
	assert_non_null(w.text = malloc(MAXTEXT));
	for (i = 0; i < 3000; i++) {
		w.len = w.n = 0;
		write_value(&w, i % 40);
		doc = parse(w.text, w.len);
		compare(doc, &w);
		json_free(doc);
		values += w.n;
		deep += w.n > 30;
	}
	assert_true(values > 20000 && deep > 100);
	free(w.text);
	free(w.places);
}

/* As deep as may be, in a buffer without a byte of room. */
static void
test_deep(void **state)
{
	struct json_doc	*doc;
	const cJSON	*item;
	const char	*text;
	char		*p, *in;
	size_t		 i, len, n = JSON_DEPTH_MAX;

	(void)state;
	assert_non_null(in = malloc(n / 2 * 8));
	for (p = in, i = 0; i < n; i++, p += i % 2 == 0 ? 5 : 1)
		memcpy(p, i % 2 == 0 ? "[" : "{\"a\":", i % 2 == 0 ? 1 : 5);
	/* The innermost is an object: empty. */
	p -= 4;
	for (i = 0; i < n; i++)
		*p++ = i % 2 == 0 ? '}' : ']';
	len = (size_t)(p - in);
	assert_non_null(in = realloc(in, len));
	doc = parse(in, len);
	p = in;
	i = 0;
	for (item = json_root(doc); item != NULL; item = item->child) {
		assert_non_null(text = json_text(doc, item, &len));
		assert_ptr_equal(text, p);
		assert_int_equal(text[0], i % 2 == 0 ? '[' : '{');
		assert_int_equal(text[len - 1], i % 2 == 0 ? ']' : '}');
		p += i++ % 2 == 0 ? 1 : 5;
	}
	assert_int_equal(i, n);
	json_free(doc);
	free(in);
}

/* What is never closed, or wrongly, leaves nothing behind. */
static void
test_broken(void **state)
{
	static const char	text[] = "[1,{\"a\":[[],{},\"x\"],\"b\":"
				    "{\"c\":null}},[[[2]]]]";
	struct json_doc		*doc;
	char			*cut;
	size_t			 len;

	(void)state;
	for (len = 0; len < sizeof(text) - 1; len++) {
		assert_non_null(cut = malloc(len + 1));
		memcpy(cut, text, len);
		assert_int_equal(json_parse(&doc, cut, len, &limits, NULL),
		    JSON_SYNTAX);
		assert_null(doc);
		cut[len] = text[len] == ']' ? '}' : ']';
		json_parse(&doc, cut, len + 1, &limits, NULL);
		json_free(doc);
		free(cut);
	}
}

/*
 * As many values as may be, of which each is asked for: quadratic work, be
 * it of the scan or of json_text, would not end within the tests' time.
 */
static void
test_many(void **state)
{
	static const struct {
		const char	*open, *item, *close;
	} shapes[] = {
		{ "[", "[]", "]" }, { "[", "{}", "]" }, { "[", "\"x\"", "]" },
		{ "{", "\"a\":[]", "}" }
	};
	struct json_doc	*doc;
	const cJSON	*item;
	const char	*p, *text;
	char		*in;
	size_t		 i, len, n, s, turn;

	(void)state;
	assert_non_null(in = malloc(MAXTEXT));
	for (s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++) {
		len = (size_t)sprintf(in, "%s", shapes[s].open);
		for (i = 1; i < MAXVALUES; i++)
			len += (size_t)sprintf(in + len, "%s%s",
			    i == 1 ? "" : ",", shapes[s].item);
		len += (size_t)sprintf(in + len, "%s", shapes[s].close);
		doc = parse(in, len);
		for (turn = 0; turn < 10; turn++) {
			p = in;
			cJSON_ArrayForEach(item, json_root(doc)) {
				text = json_text(doc, item, &n);
				assert_true(text > p);
				p = text + n - 1;
			}
			assert_ptr_equal(p, in + len - 2);
			text = json_text(doc, json_root(doc), &n);
			assert_ptr_equal(text, in);
			assert_int_equal(n, len);
		}
		json_free(doc);
	}
	free(in);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_alone),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_deep),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_many),
	};

	return (cmocka_run_group_tests_name("jsontext", tests, NULL, NULL));
}
