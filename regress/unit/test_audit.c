/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: keyd/audit.o keyd/audit_parse.o keyd/keccak.o audit/tail.o
 * common/hex.o common/u256.o */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "audit/tail.h"
#include "keyd/audit.h"

/*
 * Records of the audit trail, their chain, and where the chain of a file goes
 * on.
 */
static struct audit_line	 line;
static struct audit_head	 head;

/* The record after head, without its newline. */
static const char *
record(const char *key, const char *value)
{
	audit_begin(&line, &head, 0, "signed");
	if (key != NULL)
		audit_str(&line, key, value);
	audit_end(&line, &head);
	return (audit_text(&line));
}

static const char *
parsed(const char *text)
{
	struct audit_record	 r;

	return (audit_parse(text, strlen(text), &r));
}

static int
setup(void **state)
{
	(void)state;
	memset(&head, 0, sizeof(head));
	return (0);
}

/* ---- Records ---------------------------------------------------------- */

static void
is_of_the_form(void **state)
{
	struct audit_record	 r;
	struct u256		 n;
	uint8_t			 bytes[40], zeros[KECCAK_SIZE] = { 0 };
	char			 copy[KECCAK_SIZE + AUDIT_LINEMAX];
	size_t			 i;

	(void)state;
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	memset(n.b, 0xff, sizeof(n.b));
	audit_begin(&line, &head, 1732320000123456ULL, "start");
	audit_num(&line, "a", UINT64_MAX);
	audit_num(&line, "b", 0);
	audit_hex(&line, "c", bytes, sizeof(bytes));
	audit_u256(&line, "d", &n);
	audit_hex(&line, "prev", zeros, sizeof(zeros));
	audit_end(&line, &head);
	line.buf[KECCAK_SIZE + line.len - 1] = '\0';
	assert_ptr_equal(strstr(audit_text(&line), "seq=1 time=2024-11-23T00:00:"
	    "00.123456Z event=start a=18446744073709551615 b=0 c=0x00010203"
	    "0405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122"
	    "2324252627 d=11579208923731619542357098500868790785326998466564"
	    "0564039457584007913129639935 prev=0x000000000000000000000000000"
	    "0000000000000000000000000000000000000 hash=0x"),
	    audit_text(&line));
	assert_null(audit_parse(audit_text(&line), line.len - 1, &r));
	assert_true(audit_is_event(&r, "start"));
	assert_false(audit_is_event(&r, "star"));
	assert_int_equal(r.sequence, 1);
	assert_int_equal(head.sequence, 1);
	assert_true(r.has_prev);
	assert_memory_equal(r.prev, zeros, sizeof(zeros));
	assert_memory_equal(r.hash, head.hash, sizeof(head.hash));
	/* The hash is of the one before and of these bytes. */
	memset(copy, 0, sizeof(copy));
	memcpy(copy + KECCAK_SIZE, audit_text(&line), line.len);
	assert_int_equal(r.hashed, line.len - 1 - strlen(" hash=0x") - 64);
	keccak256(bytes, copy, KECCAK_SIZE + r.hashed);
	assert_memory_equal(bytes, head.hash, KECCAK_SIZE);
}

static void
each_follows_from_the_one_before(void **state)
{
	struct audit_head	 first;
	uint8_t			 hash[KECCAK_SIZE];
	struct audit_record	 r;

	(void)state;
	record(NULL, NULL);
	first = head;
	record(NULL, NULL);
	assert_int_equal(head.sequence, 2);
	assert_null(audit_parse(audit_text(&line), line.len - 1, &r));
	audit_hash(hash, first.hash, line.buf + KECCAK_SIZE, r.hashed);
	assert_memory_equal(hash, head.hash, sizeof(hash));
	first.hash[31] ^= 1;
	audit_hash(hash, first.hash, line.buf + KECCAK_SIZE, r.hashed);
	assert_memory_not_equal(hash, head.hash, sizeof(hash));
}

static void
days_are_those_of_the_calendar(void **state)
{
	char		 text[64];
	struct tm	 tm;
	time_t		 t;
	uint64_t	 day;

	(void)state;
	for (day = 0; day < 200000; day += 13) {
		t = (time_t)(day * 86400 + day % 86400);
		assert_non_null(gmtime_r(&t, &tm));
		strftime(text, sizeof(text),
		    " time=%Y-%m-%dT%H:%M:%S.000007Z ", &tm);
		setup(NULL);
		audit_begin(&line, &head, (uint64_t)t * 1000000 + 7, "stop");
		assert_memory_equal(audit_text(&line) + 5, text,
		    strlen(text));
	}
}

static void
each_byte_is_escaped(void **state)
{
	char	 value[2] = { 0, 0 }, want[32];
	int	 c;

	(void)state;
	for (c = 1; c < 256; c++) {
		value[0] = (char)c;
		if (c == '"' || c == '\\')
			snprintf(want, sizeof(want), " key=\"\\%c\" ", c);
		else if (c == ' ' || c == '=')
			snprintf(want, sizeof(want), " key=\"%c\" ", c);
		else if (c < ' ' || c >= 0x7f)
			snprintf(want, sizeof(want), " key=\"\\u%04x\" ",
			    (unsigned int)c);
		else
			snprintf(want, sizeof(want), " key=%c ", c);
		record("key", value);
		line.buf[KECCAK_SIZE + line.len - 1] = '\0';
		assert_non_null(strstr(audit_text(&line), want));
		assert_null(parsed(audit_text(&line)));
	}
	record("key", "");
	line.buf[KECCAK_SIZE + line.len - 1] = '\0';
	assert_non_null(strstr(audit_text(&line), " key=\"\" "));
	assert_null(parsed(audit_text(&line)));
}

static void
never_longer_than_a_line(void **state)
{
	char	 long_value[AUDIT_LINEMAX + 1];
	size_t	 n, whole = 0;

	(void)state;
	for (n = AUDIT_LINEMAX - 200; n < AUDIT_LINEMAX; n++) {
		memset(long_value, 'x', n);
		long_value[n] = '\0';
		record("key", long_value);
		assert_true(line.len <= AUDIT_LINEMAX);
		assert_int_equal(audit_text(&line)[line.len - 1], '\n');
		whole += !line.cut;
		assert_true(line.cut || line.len < AUDIT_LINEMAX ||
		    audit_text(&line)[line.len - 1] == '\n');
	}
	assert_in_range(whole, 1, 199);
}

/* A head and an end that are right, and something else in between. */
static const char *
between(const char *text)
{
	static char	 buf[2 * AUDIT_LINEMAX];

	snprintf(buf, sizeof(buf), "seq=1 time=1970-01-01T00:00:00.000000Z "
	    "event=signed%s hash=0x%064d", text, 0);
	return (parsed(buf));
}

static void
one_form_alone(void **state)
{
	static const char *const bad[] = {
		" ", "  a=b", " a=b ", " a", " =b", " a=", " A=b", " a1=b",
		" a=b c", " a=\"b\"", " a=\"", " a=\"b c", " a=\"b c\"d",
		" a=\"\\u0041\"", " a=\"\\u00E9\"", " a=\"\\u0100\"",
		" a=\"\\u00g0\"", " a=\"\\u00\"", " a=\"\\n\"",
		" a=\"\\u0000\"", " a=\"\\u0022\"", " a=\"\t\"", " a=\"\x7f\"",
		" a=b=c", " a=b\"c", " a=b\\c", " a=\xe9", " prev=0x12",
		(" prev=0x0000000000000000000000000000000000000000000000000000"
		"00000000000g"), " torn=0", " torn=x", " torn=1 torn=2",
		" tornhash=0x12", " torn=1 tornhash=1", " tornlines=1",
		" torn=99999999999999999999", " hash=0x12"
	};
	static const char *const good[] = {
		"", " a=b", " a=\"b c\"", " a=\"\"", " a=\"\\u00e9\"",
		" a=\"\\\"\\\\\"", " a=\"=\"", " a=\"\\u0001\" b=c"
	};
	size_t			 i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_null(between(good[i]));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (between(bad[i]) == NULL)
			fail_msg("taken: %s", bad[i]);
}

static void
begins_and_ends_as_it_should(void **state)
{
	static const char *const bad[] = {
		"", "seq", "seq=", "seq=0", "seq=01", "seq=1", "seq=1 ",
		("seq=18446744073709551616 time=1970-01-01T00:00:00.000000Z "
		"event=x"), "seq=1 event=x time=1970-01-01T00:00:00.000000Z",
		"seq=1 time=1970-01-01T00:00:00.00000Z event=x",
		"seq=1 time=1970-01-01T00:00:00.000000z event=x",
		"seq=1 time=1970-01-01T00:00:00.000000Z",
		"seq=1 time=1970-01-01T00:00:00.000000Z event=\"x y\" hash=0",
		"seq=1 time=1970-01-01T00:00:00.000000Z event=x a=b"
	};
	char			 copy[AUDIT_LINEMAX];
	size_t			 i, len;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_non_null(parsed(bad[i]));
	record("client", "a b");
	len = line.len - 1;
	memcpy(copy, audit_text(&line), len);
	copy[len] = '\0';
	assert_null(parsed(copy));
	for (i = 0; i < len; i++) {
		copy[i] = '\0';
		assert_non_null(parsed(copy));
		copy[i] = audit_text(&line)[i];
	}
	copy[len - 1] = 'A';
	assert_non_null(parsed(copy));
}

/* ---- Where a file's chain goes on ------------------------------------- */

static FILE			*file;
static struct audit_where	 where;
static bool			 open_end;
static char			 why[256];

static int
begin_file(void **state)
{
	file = tmpfile();
	return (file == NULL ? -1 : setup(state));
}

static int
end_file(void **state)
{
	(void)state;
	return (fclose(file));
}

static void
write_text(const char *text, size_t len)
{
	assert_int_equal(fwrite(text, 1, len, file), len);
	assert_int_equal(fflush(file), 0);
}

static void
write_record(bool first)
{
	audit_begin(&line, &head, 0, first ? "start" : "signed");
	if (first)
		audit_hex(&line, "prev", head.hash, sizeof(head.hash));
	audit_end(&line, &head);
	write_text(audit_text(&line), line.len);
}

static int
look(void)
{
	return (tail_read(fileno(file), &where, &open_end, why,
	    sizeof(why)));
}

static void
assert_goes_on(uint64_t torn, bool is_open)
{
	assert_int_equal(look(), 0);
	assert_int_equal(where.head.sequence, head.sequence);
	assert_memory_equal(where.head.hash, head.hash, sizeof(head.hash));
	assert_int_equal(where.torn, torn);
	assert_int_equal(open_end, is_open);
}

static void
goes_on_after_the_last(void **state)
{
	int	 i;

	(void)state;
	assert_goes_on(0, false);
	for (i = 0; i < 700; i++) {
		write_record(i == 0);
		if (i < 3 || i % 50 == 0)
			assert_goes_on(0, false);
	}
	/* The file is larger than what is read of it. */
	assert_true(ftell(file) > AUDIT_TORNMAX + 2 * AUDIT_LINEMAX);
	assert_goes_on(0, false);
}

static void
what_is_torn_is_counted(void **state)
{
	static char	 zeros[AUDIT_TORNMAX];
	uint8_t		 hash[KECCAK_SIZE];

	(void)state;
	write_record(true);
	write_record(false);
	write_text("seq=3 ti", 8);
	assert_goes_on(9, true);
	assert_int_equal(where.tornlines, 0);
	keccak256(hash, "seq=3 ti\n", 9);
	assert_memory_equal(where.tornhash, hash, sizeof(hash));
	write_text("me\nx", 4);
	assert_goes_on(13, true);
	assert_int_equal(where.tornlines, 1);
	write_text("\n", 1);
	assert_goes_on(13, false);
	assert_int_equal(where.tornlines, 2);
	write_text(zeros, AUDIT_TORNMAX - 14);
	assert_goes_on(AUDIT_TORNMAX, true);
	write_text(zeros, 2);
	assert_int_equal(look(), -1);
}

static void
a_record_that_does_not_follow(void **state)
{
	long	 end;

	(void)state;
	write_record(true);
	write_record(false);
	end = ftell(file);
	head.hash[0] ^= 1;
	write_record(false);
	head.hash[0] ^= 1;
	assert_int_equal(look(), 0);
	assert_int_equal(where.head.sequence, 2);
	assert_int_equal(where.torn, ftell(file) - end);
	assert_int_equal(where.tornlines, 1);
	/* Nor one with a number that does not. */
	head = where.head;
	head.sequence++;
	write_record(false);
	assert_int_equal(look(), 0);
	assert_int_equal(where.head.sequence, 2);
}

/* With the right hash, but not after the record that is in front of it. */
static void
a_record_out_of_line(void **state)
{
	struct audit_head	 before;
	long			 end;

	write_record(true);
	end = ftell(file);
	before = head;
	/* Some are missing. */
	head.sequence += 5;
	write_record(false);
	assert_int_equal(look(), 0);
	assert_int_equal(where.head.sequence, 1);
	assert_int_equal(where.torn, ftell(file) - end);
	/* There is something else in between. */
	assert_int_equal(ftruncate(fileno(file), end), 0);
	rewind(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	write_text("seq=2\n", 6);
	head = before;
	write_record(false);
	assert_int_equal(look(), 0);
	assert_int_equal(where.head.sequence, 1);
	assert_int_equal(where.torn, ftell(file) - end);
	/* There is nothing in front of it. */
	assert_int_equal(ftruncate(fileno(file), 0), 0);
	rewind(file);
	setup(state);
	head.sequence = 1;
	write_record(false);
	assert_int_equal(look(), -1);
	assert_non_null(strstr(why, "move it away"));
}

/* Longer than a record may be, though it begins and ends as one. */
static void
a_line_that_is_too_long(void **state)
{
	static char	 text[AUDIT_LINEMAX + 200];
	size_t		 end, n;

	(void)state;
	record(NULL, NULL);
	end = line.len - 1 - strlen(" hash=0x") - 2 * KECCAK_SIZE;
	memcpy(text, audit_text(&line), end);
	n = sizeof(text) - (line.len - 1 - end) - 1 - end;
	memcpy(text + end, " a=", 3);
	memset(text + end + 3, 'b', n - 3);
	memcpy(text + end + n, audit_text(&line) + end, line.len - 1 - end);
	assert_int_equal(strlen(text), sizeof(text) - 1);
	assert_string_equal(parsed(text), "no record: longer than any");
	/* The longest that there may be. */
	memmove(text + end + 3, text + end + 3 + 200, sizeof(text) - end - 3 -
	    200);
	assert_int_equal(strlen(text), AUDIT_LINEMAX - 1);
	assert_null(parsed(text));
}

static void
a_file_of_something_else(void **state)
{
	(void)state;
	write_text("s", 1);
	assert_goes_on(2, true);
	write_text("eq=1 time=19", 12);
	assert_goes_on(14, true);
	rewind(file);
	write_text("127.0.0.1", 9);
	assert_int_equal(look(), -1);
	assert_non_null(strstr(why, "move it away"));
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test_setup(is_of_the_form, setup),
		cmocka_unit_test_setup(each_follows_from_the_one_before,
		    setup),
		cmocka_unit_test_setup(days_are_those_of_the_calendar, setup),
		cmocka_unit_test_setup(each_byte_is_escaped, setup),
		cmocka_unit_test_setup(never_longer_than_a_line, setup),
		cmocka_unit_test_setup(one_form_alone, setup),
		cmocka_unit_test_setup(begins_and_ends_as_it_should, setup),
		cmocka_unit_test_setup_teardown(goes_on_after_the_last,
		    begin_file, end_file),
		cmocka_unit_test_setup_teardown(what_is_torn_is_counted,
		    begin_file, end_file),
		cmocka_unit_test_setup_teardown(a_record_that_does_not_follow,
		    begin_file, end_file),
		cmocka_unit_test_setup_teardown(a_record_out_of_line,
		    begin_file, end_file),
		cmocka_unit_test_setup(a_line_that_is_too_long, setup),
		cmocka_unit_test_setup_teardown(a_file_of_something_else,
		    begin_file, end_file)
	};

	return (cmocka_run_group_tests_name("audit", tests, NULL, NULL));
}
