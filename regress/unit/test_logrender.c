/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/log.o common/log_render.o compat/imsg.o
 * compat/imsg-buffer.o common/hex.o common/u256.o */
/* libs: libcjson */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <cjson/cJSON.h>

#include "common/log.h"

#define WHEN	1795356000123456	/* 2026-11-22T14:00:00.123456Z */
#define HEAD	"time=2026-11-22T14:00:00.123456Z level=info process=p "
#define JHEAD	"{\"time\":\"2026-11-22T14:00:00.123456Z\"," \
		"\"level\":\"info\",\"process\":\"p\","

static char	 line[6 * LOG_RECORD_MAX + 256];

static const char *
render(enum log_format fmt, const struct log_record *r)
{
	size_t	 len;

	len = log_render(line, sizeof(line), fmt, "p", r, WHEN);
	assert_int_equal(len, strlen(line));
	return (line);
}

static void
start(struct log_record *r, const char *msg)
{
	memset(r, 0x5a, sizeof(*r));
	assert_true(log_start(r, LOG_LVL_INFO, msg));
}

static void
expect_escaped(int c, const char *value, const struct log_record *r)
{
	char	 esc[16], want_line[256];
	int	 plain = c > ' ' && c < 0x7f && strchr("\"=\\", c) == NULL;

	if (c == '"' || c == '\\')
		snprintf(esc, sizeof(esc), "\\%c", c);
	else if (c < 0x20 || c > 0x7e)
		snprintf(esc, sizeof(esc), "\\u%04x", (unsigned)c);
	else
		snprintf(esc, sizeof(esc), "%c", c);
	if (plain)
		snprintf(want_line, sizeof(want_line), HEAD "msg=m v=%s",
		    value);
	else
		snprintf(want_line, sizeof(want_line), HEAD
		    "msg=m v=\"a%sb\"", esc);
	assert_string_equal(render(LOG_FMT_LOGFMT, r), want_line);
	snprintf(want_line, sizeof(want_line), JHEAD
	    "\"msg\":\"m\",\"v\":\"a%sb\"}", esc);
	assert_string_equal(render(LOG_FMT_JSON, r), want_line);
}

/* In the middle of a value, every byte that a C string can hold. */
static void
escapes_every_byte(void **state)
{
	struct log_record	 r;
	char			 value[] = "a?b";
	int			 c;

	(void)state;
	for (c = 1; c < 256; c++) {
		value[1] = (char)c;
		start(&r, "m");
		log_str(&r, "v", value);
		expect_escaped(c, value, &r);
	}
}

/* All of them, as key and as value: a parser must find them again. */
static void
json_is_json(void **state)
{
	struct log_record	 r;
	const cJSON		*v;
	char			 all[256], utf8[512];
	cJSON			*doc;
	size_t			 n = 0;
	int			 c;

	(void)state;
	for (c = 1; c < 256; c++) {
		all[c - 1] = (char)c;
		if (c >= 0x80) {
			utf8[n++] = (char)(0xc0 | c >> 6);
			utf8[n++] = (char)(0x80 | (c & 0x3f));
		} else
			utf8[n++] = (char)c;
	}
	all[255] = utf8[n] = '\0';
	start(&r, all);
	log_str(&r, all + 40, "value");
	log_num(&r, "n", UINT64_MAX);
	assert_non_null(doc = cJSON_Parse(render(LOG_FMT_JSON, &r)));
	assert_int_equal(cJSON_GetArraySize(doc), 6);
	assert_non_null(v = cJSON_GetObjectItemCaseSensitive(doc, "msg"));
	assert_string_equal(v->valuestring, utf8);
	assert_non_null(v = cJSON_GetObjectItemCaseSensitive(doc,
	    utf8 + 40));
	assert_string_equal(v->valuestring, "value");
	assert_non_null(v = cJSON_GetObjectItemCaseSensitive(doc, "n"));
	assert_true(cJSON_IsNumber(v));
	cJSON_Delete(doc);
}

static void
expect_time(int64_t when, const char *time)
{
	struct log_record	 r;
	char			 want_line[256];

	start(&r, "m");
	log_render(line, sizeof(line), LOG_FMT_LOGFMT, "p", &r, when);
	snprintf(want_line, sizeof(want_line),
	    "time=%s level=info process=p msg=m", time);
	assert_string_equal(line, want_line);
}

/* Each line has its own, whichever was written before. */
static void
times(void **state)
{
	(void)state;
	expect_time(WHEN, "2026-11-22T14:00:00.123456Z");
	expect_time(WHEN - 123456, "2026-11-22T14:00:00.000000Z");
	expect_time(WHEN - 123457, "2026-11-22T13:59:59.999999Z");
	expect_time(WHEN, "2026-11-22T14:00:00.123456Z");
	expect_time(WHEN + 876543, "2026-11-22T14:00:00.999999Z");
	expect_time(WHEN + 876545, "2026-11-22T14:00:01.000001Z");
	expect_time(1000000, "1970-01-01T00:00:01.000000Z");
	expect_time(0, "1970-01-01T00:00:00.000000Z");
}

/* Digits that a number begins, ends or goes on with. */
static void
numbers(void **state)
{
	struct log_record	 r;
	char			 want_line[256];
	uint64_t		 n;

	(void)state;
	for (n = 1; n < UINT64_MAX / 10; n *= 10) {
		start(&r, "m");
		log_num(&r, "n", n);
		log_num(&r, "k", n - 1);
		snprintf(want_line, sizeof(want_line), HEAD
		    "msg=m n=%llu k=%llu", (unsigned long long)n,
		    (unsigned long long)n - 1);
		assert_string_equal(render(LOG_FMT_LOGFMT, &r), want_line);
	}
}

static void
forms(void **state)
{
	struct log_record	 r;
	const uint8_t		 hex[] = { 0x00, 0xab, 0xff };

	(void)state;
	start(&r, "two words");
	log_str(&r, "empty", "");
	log_num(&r, "zero", 0);
	log_num(&r, "most", UINT64_MAX);
	log_hex(&r, "hash", hex, sizeof(hex));
	log_hex(&r, "none", hex, 0);
	assert_string_equal(render(LOG_FMT_LOGFMT, &r), HEAD
	    "msg=\"two words\" empty=\"\" zero=0 most=18446744073709551615 "
	    "hash=0x00abff none=0x");
	assert_string_equal(render(LOG_FMT_JSON, &r), JHEAD
	    "\"msg\":\"two words\",\"empty\":\"\",\"zero\":0,"
	    "\"most\":18446744073709551615,\"hash\":\"0x00abff\","
	    "\"none\":\"0x\"}");
}

/* A key with '#' from a child whose value is no number stays a string. */
static void
numbers_that_are_none(void **state)
{
	static const char	*bad[] = {
		"", "00", "01", "-1", "1.5", "1e3", " 1", "1 ", "+1", "0x1",
		"1}", "null"
	};
	struct log_record	 r;
	char			 want_line[256];
	size_t			 i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		start(&r, "m");
		log_str(&r, "#n", bad[i]);
		snprintf(want_line, sizeof(want_line), JHEAD
		    "\"msg\":\"m\",\"n\":\"%s\"}", bad[i]);
		assert_string_equal(render(LOG_FMT_JSON, &r), want_line);
	}
	start(&r, "m");
	log_str(&r, "#n", "10");
	assert_string_equal(render(LOG_FMT_JSON, &r), JHEAD
	    "\"msg\":\"m\",\"n\":10}");
}

/* No key can forge a second field or end a line. */
static void
hostile_keys(void **state)
{
	static const char	*keys[] = {
		"", "#", "a b", "a=b", "a\n", "\"", "\\", "a\x7f", "a\xc3"
	};
	struct log_record	 r;
	size_t			 i;

	(void)state;
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		start(&r, "m");
		log_str(&r, keys[i], "v");
		assert_string_equal(render(LOG_FMT_LOGFMT, &r),
		    HEAD "msg=m ?=v");
	}
	start(&r, "m");
	log_str(&r, "a\"\n", "v");
	assert_string_equal(render(LOG_FMT_JSON, &r),
	    JHEAD "\"msg\":\"m\",\"a\\\"\\u000a\":\"v\"}");
}

/* Whatever the size of the buffer: never more than that, always a NUL. */
static void
renders_within_size(void **state)
{
	struct log_record	 r;
	char			 whole[256], part[256];
	size_t			 size, len, full;
	int			 fmt;

	(void)state;
	start(&r, "a\x01\x02");
	log_num(&r, "n", 5);
	for (fmt = LOG_FMT_LOGFMT; fmt <= LOG_FMT_JSON; fmt++) {
		full = log_render(whole, sizeof(whole), (enum log_format)fmt,
		    "p", &r, WHEN);
		for (size = 2; size < full + 3; size++) {
			memset(part, 'x', sizeof(part));
			len = log_render(part, size, (enum log_format)fmt,
			    "p", &r, WHEN);
			assert_true(len <= size - 1);
			assert_int_equal(part[len], '\0');
			assert_int_equal(strlen(part), len);
			assert_int_equal(part[size], 'x');
			if (fmt == LOG_FMT_JSON)
				assert_int_equal(part[--len], '}');
			assert_memory_equal(part, whole, len);
		}
	}
}

/* The largest records in the longest form are written whole. */
static void
cut_records(void **state)
{
	struct log_record	 r;
	char			 big[LOG_RECORD_MAX + 1];
	size_t			 room = LOG_RECORD_MAX - sizeof("msg") - 1;

	(void)state;
	memset(big, 1, sizeof(big));
	big[room] = '\0';
	start(&r, big);
	assert_false(r.cut);
	assert_int_equal(r.len, LOG_RECORD_MAX);
	log_str(&r, "k", "");
	assert_true(r.cut);
	assert_int_equal(r.nfields, 1);
	render(LOG_FMT_JSON, &r);
	assert_int_equal(strlen(line), strlen(JHEAD "\"msg\":\"\"") +
	    6 * room + strlen(",\"cut\":\"true\"}"));

	big[room] = 1;
	big[room + 1] = '\0';
	start(&r, big);
	assert_true(r.cut);
	assert_int_equal(r.len, LOG_RECORD_MAX);
	assert_int_equal(strlen(r.buf + 4), room);
	render(LOG_FMT_LOGFMT, &r);
	assert_string_equal(line + strlen(line) - 10, "\" cut=true");

	/* A key that leaves no room, not even for an empty value. */
	big[room - 1] = '\0';
	start(&r, big);
	log_str(&r, "", "");
	assert_true(r.cut);
	big[room - 2] = '\0';
	start(&r, big);
	log_str(&r, "", "");
	assert_false(r.cut);
	assert_int_equal(r.len, LOG_RECORD_MAX);
}

/* A hash and a signature are shown whole. */
static void
hex_limit(void **state)
{
	struct log_record	 r;
	uint8_t			 bytes[65] = { 0 };

	(void)state;
	start(&r, "m");
	bytes[63] = 0xfe;
	log_hex(&r, "h", bytes, 64);
	assert_false(r.cut);
	assert_int_equal(strlen(r.buf + 8), 2 + 2 * 64);
	assert_string_equal(r.buf + 8 + 2 * 64, "fe");
	log_hex(&r, "h", bytes, 65);
	assert_true(r.cut);
	assert_int_equal(r.nfields, 3);
}

static void
field_limit(void **state)
{
	struct log_record	 r;
	int			 i;

	(void)state;
	start(&r, "m");
	for (i = 1; i < LOG_FIELDS_MAX; i++)
		log_str(&r, "k", "v");
	assert_false(r.cut);
	log_num(&r, "k", 1);
	assert_true(r.cut);
	log_str(&r, "k", "v");
	assert_int_equal(r.nfields, LOG_FIELDS_MAX);
	assert_int_equal(r.len, 6 + 4 * (LOG_FIELDS_MAX - 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes_every_byte),
		cmocka_unit_test(json_is_json),
		cmocka_unit_test(times),
		cmocka_unit_test(numbers),
		cmocka_unit_test(forms),
		cmocka_unit_test(numbers_that_are_none),
		cmocka_unit_test(hostile_keys),
		cmocka_unit_test(renders_within_size),
		cmocka_unit_test(cut_records),
		cmocka_unit_test(hex_limit),
		cmocka_unit_test(field_limit)
	};

	return (cmocka_run_group_tests_name("logrender", tests, NULL, NULL));
}
