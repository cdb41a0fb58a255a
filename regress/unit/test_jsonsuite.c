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

#include "jsonsuite_cases.h"

#define CASES	(sizeof(suite) / sizeof(suite[0]))

/* What the daemons allow. */
static const struct json_limits	limits = { 512, 100000 };

/* In memory of its very size, so that a byte past it is noticed. */
static char *
made(const struct suite_case *c, size_t *len)
{
	size_t	 tail = strlen(c->tail), i;
	char	*text, *p;

	*len = c->times * (c->len + tail);
	text = malloc(*len > 0 ? *len : 1);
	assert_non_null(text);
	p = text;
	for (i = 0; i < c->times; i++, p += c->len)
		if (c->len > 0)
			memcpy(p, c->text, c->len);
	for (i = 0; i < c->times; i++, p += tail)
		if (tail > 0)
			memcpy(p, c->tail, tail);
	return (text);
}

/* A refusal says where, within the text or at its end, and in which words. */
static void
check_refusal(const struct suite_case *c, enum json_error error, size_t at,
    size_t len)
{
	if (at > len)
		fail_msg("%s: fault at %zu of %zu", c->name, at, len);
	assert_true(strlen(json_strerror(error)) > 3);
}

static void
check_scan(const struct suite_case *c, const char *text, size_t len)
{
	enum json_error	error;
	size_t		at = SIZE_MAX;

	error = jsonscan(text, len, &limits, NULL, &at);
	if (error != c->scan)
		fail_msg("%s: scan: %s", c->name, json_strerror(error));
	if (error != JSON_OK)
		check_refusal(c, error, at, len);
}

static void
check_parse(const struct suite_case *c, const char *text, size_t len)
{
	struct json_doc	*doc;
	enum json_error	 error;
	const char	*root;
	size_t		 at = SIZE_MAX, rootlen;

	error = json_parse(&doc, text, len, &limits, &at);
	if (error != c->parse)
		fail_msg("%s: parse: %s", c->name, json_strerror(error));
	if (error != JSON_OK) {
		assert_null(doc);
		check_refusal(c, error, at, len);
		return;
	}
	/* The tree is of all of the text but the white space around it. */
	root = json_text(doc, json_root(doc), &rootlen);
	assert_non_null(root);
	assert_true(root - text == (ptrdiff_t)strspn(text, " \t\r\n"));
	while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
		len--;
	assert_ptr_equal(root + rootlen, text + len);
	json_free(doc);
}

static void
check_class(char kind)
{
	const struct suite_case	*c;
	char			*text;
	size_t			 i, len;

	for (i = 0; i < CASES; i++) {
		c = &suite[i];
		if (c->name[0] != kind)
			continue;
		text = made(c, &len);
		check_scan(c, text, len);
		check_parse(c, text, len);
		free(text);
	}
}

static void
test_to_be_accepted(void **state)
{
	(void)state;
	check_class('y');
}

static void
test_to_be_refused(void **state)
{
	(void)state;
	check_class('n');
}

static void
test_decided_here(void **state)
{
	(void)state;
	check_class('i');
}

/* A case of the first kind is refused, if at all, for what it stands for. */
static void
test_table(void **state)
{
	size_t	 count[3] = { 0, 0, 0 }, i, j;
	char	 kind;

	(void)state;
	for (i = 0; i < CASES; i++) {
		kind = suite[i].name[0];
		if (kind == 'y') {
			assert_int_equal(suite[i].scan, JSON_OK);
			assert_true(suite[i].parse == JSON_OK ||
			    suite[i].parse == JSON_NUL);
		} else if (kind == 'n')
			assert_int_not_equal(suite[i].scan, JSON_OK);
		count[kind == 'y' ? 0 : kind == 'n' ? 1 : 2]++;
		for (j = 0; j < i; j++)
			assert_string_not_equal(suite[i].name, suite[j].name);
	}
	assert_int_equal(count[0], 95);
	assert_int_equal(count[1], 188);
	assert_int_equal(count[2], 35);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_to_be_accepted),
		cmocka_unit_test(test_to_be_refused),
		cmocka_unit_test(test_decided_here),
	};

	return (cmocka_run_group_tests_name("jsonsuite", tests, NULL, NULL));
}
