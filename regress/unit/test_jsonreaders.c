/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/jsonscan.o common/hex.o common/u256.o
 * regress/faults/memory.o */
/* libs: libcjson */

#include <cjson/cJSON.h>

static cJSON	*other_reader(const char *, size_t, const char **, cJSON_bool);

#define cJSON_ParseWithLengthOpts	other_reader
#include "common/json.c"
#undef cJSON_ParseWithLengthOpts

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "regress/faults/memory.h"

/*
 * The scan and cJSON read the same text.  Here cJSON reads another one, as if
 * it were at odds with the scan about the first: there is no tree then.
 */

static const struct json_limits	limits = { JSON_DEPTH_MAX, 1000 };
static const char		*instead;
static char			 was_read[512];

bool
memory_fails(enum memory_call call)
{
	(void)call;
	return (false);
}

static cJSON *
other_reader(const char *text, size_t len, const char **end, cJSON_bool ends)
{
	assert_true(len < sizeof(was_read));
	memcpy(was_read, text, len);
	was_read[len] = '\0';
	if (instead != NULL) {
		text = instead;
		len = strlen(instead);
	}
	return (cJSON_ParseWithLengthOpts(text, len, end, ends));
}

/* Of text, when cJSON reads what is given in its place. */
static enum json_error
reads(const char *text, const char *other)
{
	struct json_doc	*doc;
	int64_t		 live = memory_live;
	enum json_error	 error;

	instead = other;
	error = json_parse(&doc, text, strlen(text), &limits, NULL);
	assert_int_equal(doc == NULL, error != JSON_OK);
	json_free(doc);
	assert_int_equal(memory_live, live);
	return (error);
}

static void
test_kinds(void **state)
{
	static const char *const	texts[] = {
		"[]", "{}", "\"\"", "1", "true", "false", "null"
	};
	char				a[64], b[64];
	size_t				i, k;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		for (k = 0; k < sizeof(texts) / sizeof(texts[0]); k++) {
			assert_int_equal(reads(texts[i], texts[k]),
			    i == k ? JSON_OK : JSON_SYNTAX);
			snprintf(a, sizeof(a), "[0,{\"a\":%s}]", texts[i]);
			snprintf(b, sizeof(b), "[0,{\"a\":%s}]", texts[k]);
			assert_int_equal(reads(a, b),
			    i == k ? JSON_OK : JSON_SYNTAX);
		}
	}
}

/* The strings leave room for more items than the scan has seen. */
static void
test_numbers_of_values(void **state)
{
	static const char	text[] = "[1,2,\"0123456789012345678901234567"
				    "8901234567890123456789012345678901234567"
				    "8901234567890123456789012345678901234567"
				    "8901234567890123456789012345678901234567"
				    "\"]";

	(void)state;
	assert_int_equal(reads(text, NULL), JSON_OK);
	assert_int_equal(reads(text, "[3,4,\"\"]"), JSON_OK);
	assert_int_equal(reads(text, "[1,2]"), JSON_SYNTAX);
	assert_int_equal(reads(text, "[]"), JSON_SYNTAX);
	assert_int_equal(reads(text, "[1,2,\"\",3]"), JSON_SYNTAX);
	assert_int_equal(reads(text, "[1,2,\"\",3,4]"), JSON_SYNTAX);
}

/* Versions of it that fail with long numbers do not see them. */
static void
test_long(void **state)
{
	char	text[sizeof(was_read)], number[NUMBER_MAX + 2], zero[80];
	int	n;

	(void)state;
	for (n = NUMBER_MAX; n <= NUMBER_MAX + 1; n++) {
		memset(number, '7', sizeof(number));
		number[n] = '\0';
		snprintf(text, sizeof(text), "[%s,{\"%s\":\"%s\"},-%.62s,"
		    "[1.%s]]", number, number, number, number, number);
		assert_int_equal(reads(text, NULL), JSON_OK);
		snprintf(zero, sizeof(zero), "%-*s", n + 2, "0");
		snprintf(text, sizeof(text), "[%.*s,{\"%s\":\"%s\"},-%.62s,"
		    "[%s]]", n, n > NUMBER_MAX ? zero : number, number,
		    number, number, zero);
		assert_string_equal(was_read, text);
	}
}

/* Nor does it get more memory than the scan has found to be enough. */
static void
test_room(void **state)
{
	(void)state;
	assert_int_equal(reads("[1]", "[1,2]"), JSON_MEMORY);
	assert_int_equal(reads("[1]", "[\"0123456\"]"), JSON_MEMORY);
	assert_int_equal(reads("\"0123\"", "\"0123456789\""), JSON_MEMORY);
	assert_int_equal(reads("\"0123\"", "\"3210\""), JSON_OK);
	assert_int_equal(reads("\"01234567\"", "\"76543210\""), JSON_OK);
	/* What fails for want of memory is like what fails for grammar. */
	assert_int_equal(reads("[1]", "["), JSON_MEMORY);
	assert_int_equal(reads("[1]", "[[1,\"ab\",x]]"), JSON_MEMORY);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_numbers_of_values),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_room)
	};

	return (cmocka_run_group_tests_name("jsonreaders", tests, NULL, NULL));
}
