/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/log.o common/log_render.o compat/imsg.o
 * compat/imsg-buffer.o common/hex.o common/u256.o */

#include <sys/stat.h>

#include <stdlib.h>

#include "regress/unit/log_util.h"

/* What the module under test sees of syslog(3). */
static char		 syslog_text[256];
static int		 syslog_priority;

/* Both names: the second is that of fortified builds. */
void	fake_syslog(int, const char *, ...) __asm__("syslog")
	    __attribute__((format(printf, 2, 3)));
void	fake_syslog_chk(int, int, const char *, ...) __asm__("__syslog_chk")
	    __attribute__((format(printf, 3, 4)));

void
fake_syslog(int priority, const char *fmt, ...)
{
	va_list	 ap;

	syslog_priority = priority;
	va_start(ap, fmt);
	vsnprintf(syslog_text, sizeof(syslog_text), fmt, ap);
	va_end(ap);
}

void
fake_syslog_chk(int priority, int flag, const char *fmt, ...)
{
	va_list	 ap;

	(void)flag;
	syslog_priority = priority;
	va_start(ap, fmt);
	vsnprintf(syslog_text, sizeof(syslog_text), fmt, ap);
	va_end(ap);
}

/* What is to become of the next writes: an errno, 0 for one byte, or well. */
#define WELL	(-1)
static int	 writes[4];
static size_t	 nwrites;

ssize_t
write(int fd, const void *p, size_t size)
{
	int	 how = WELL;

	if (nwrites > 0) {
		how = writes[0];
		memmove(writes, writes + 1, --nwrites * sizeof(writes[0]));
	}
	if (how > 0) {
		errno = how;
		return (-1);
	}
	return (syscall(SYS_write, fd, p, how == 0 ? 1 : size));
}

static void
next_writes(int first, int second, int third, int fourth)
{
	writes[0] = first;
	writes[1] = second;
	writes[2] = third;
	writes[3] = fourth;
	nwrites = 4;
}

/* The caught text from behind its time, which is of now. */
static const char *
after_time(void)
{
	char	*p;

	assert_memory_equal(caught, "time=20", 7);
	assert_non_null(p = strchr(caught, ' '));
	assert_int_equal(p[-1], 'Z');
	assert_int_equal(p - caught,
	    strlen("time=2026-11-22T14:00:00.123456Z"));
	return (p + 1);
}

/* ---- Levels and destinations ----------------------------------------- */

static void
levels(void **state)
{
	static const char	*names[] = { "error", "warn", "info", "debug" };
	enum log_level		 level, at;
	struct log_record	 r;
	size_t			 lines;
	int			 i, j;

	(void)state;
	for (i = 0; i < 4; i++) {
		assert_string_equal(log_level_name((enum log_level)i),
		    names[i]);
		assert_int_equal(log_level_parse(names[i], &level), 0);
		assert_int_equal(level, i);
		log_set_level(level);
		assert_int_equal(log_get_level(), i);
		for (j = 0; j < 4; j++) {
			at = (enum log_level)j;
			assert_int_equal(log_start(&r, at, "m"), j <= i);
			log_num(&r, "n", 1);
			log_hex(&r, "h", (const uint8_t *)"a", 1);
			assert_int_equal(r.nfields, j <= i ? 3 : 0);
		}
		catch_begin();
		log_error("e");
		log_warn("w");
		log_info("i");
		log_debug("d");
		log_start(&r, LOG_LVL_DEBUG, "m");
		log_end(&r);
		lines = catch_end();
		assert_int_equal(lines, i + 1 + (i == 3));
	}
	assert_int_equal(log_level_parse("", &level), -1);
	assert_int_equal(log_level_parse("Info", &level), -1);
	assert_int_equal(log_level_parse("information", &level), -1);
	log_set_level(LOG_LVL_INFO);
}

static void
messages(void **state)
{
	size_t	 lines;
	int	 saved;

	(void)state;
	catch_begin();
	errno = ENOENT;
	log_errno("%s %d", "a\nb", 7);
	saved = errno;
	lines = catch_end();
	assert_int_equal(lines, 1);
	assert_int_equal(saved, ENOENT);
	assert_string_equal(after_time(), "level=error process=test "
	    "msg=\"a\\u000ab 7: No such file or directory\"\n");
	catch_begin();
	log_to_stderr(LOG_FMT_JSON);
	log_warn("x");
	log_to_stderr(LOG_FMT_LOGFMT);
	lines = catch_end();
	assert_int_equal(lines, 1);
	assert_memory_equal(caught, "{\"time\":\"20", 11);
	assert_non_null(strstr(caught, ",\"level\":\"warn\","
	    "\"process\":\"test\",\"msg\":\"x\"}\n"));
}

static void
to_syslog(void **state)
{
	static const int	 priorities[] = { 3, 4, 6, 7 };
	struct log_record	 r;
	size_t			 lines;
	int			 i;

	(void)state;
	log_set_level(LOG_LVL_DEBUG);
	for (i = 0; i < 4; i++) {
		catch_begin();
		log_to_syslog(LOG_FMT_LOGFMT, "ident");
		log_start(&r, (enum log_level)i, "100%n");
		log_end(&r);
		log_to_stderr(LOG_FMT_LOGFMT);
		lines = catch_end();
		/* At first errors are for the terminal as well. */
		assert_int_equal(lines, i == LOG_LVL_ERROR);
		if (lines > 0)
			assert_string_equal(after_time(),
			    "level=error process=test msg=100%n\n");
		assert_int_equal(syslog_priority, priorities[i]);
		assert_non_null(strstr(syslog_text,
		    " process=test msg=100%n"));
		assert_null(strchr(syslog_text, '\n'));
	}
	catch_begin();
	log_to_syslog(LOG_FMT_LOGFMT, "ident");
	log_detach();
	log_error("later");
	log_to_stderr(LOG_FMT_LOGFMT);
	lines = catch_end();
	assert_int_equal(lines, 0);
	assert_non_null(strstr(syslog_text, " process=test msg=later"));
	log_set_level(LOG_LVL_INFO);
}

/* What JOURNAL_STREAM says of a stream: its device and inode, and another. */
static void
name_stream(int fd, unsigned int more)
{
	struct stat	 st;
	char		 text[64];

	assert_int_equal(fstat(fd, &st), 0);
	(void)snprintf(text, sizeof(text), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino + more);
	assert_int_equal(setenv("JOURNAL_STREAM", text, 1), 0);
}

static void
to_the_journal(void **state)
{
	static const char	*begins[] = {
		"<3>time=2", "<4>time=2", "<6>time=2", "<7>time=2"
	};
	struct log_record	 r;
	int			 i;

	(void)state;
	log_set_level(LOG_LVL_DEBUG);
	for (i = 0; i < 4; i++) {
		catch_begin();
		name_stream(STDERR_FILENO, 0);
		log_to_stderr(LOG_FMT_LOGFMT);
		log_start(&r, (enum log_level)i, "m");
		log_end(&r);
		assert_int_equal(catch_end(), 1);
		assert_memory_equal(caught, begins[i], strlen(begins[i]));
	}
	/* The variable is of a stream that was; syslog has its own levels. */
	catch_begin();
	name_stream(STDERR_FILENO, 1);
	log_to_stderr(LOG_FMT_JSON);
	log_error("m");
	name_stream(STDERR_FILENO, 0);
	log_to_stderr(LOG_FMT_LOGFMT);
	log_to_syslog(LOG_FMT_LOGFMT, "ident");
	log_error("m");
	assert_int_equal(catch_end(), 2);
	assert_int_equal(caught[0], '{');
	assert_non_null(strstr(caught, "\ntime="));
	assert_memory_equal(syslog_text, "time=", 5);
	unsetenv("JOURNAL_STREAM");
	log_to_stderr(LOG_FMT_LOGFMT);
	log_set_level(LOG_LVL_INFO);
}

static void
child_fatal(void *arg)
{
	(void)arg;
	errno = EPERM;
	fatal("cannot %s", "go");
}

static void
child_fatalx(void *arg)
{
	(void)arg;
	errno = EPERM;
	fatalx("must not %s", "go");
}

static void
fatal_ends(void **state)
{
	(void)state;
	forked_dies(child_fatal, NULL, "level=error process=test "
	    "msg=\"cannot go: Operation not permitted\"\n");
	forked_dies(child_fatalx, NULL,
	    "level=error process=test msg=\"must not go\"\n");
}

/* ---- From a child to its parent -------------------------------------- */

static int	 woken;

static void
wake(void)
{
	woken++;
}

static void
by_message(void **state)
{
	struct log_record	 r;
	struct log_rate		 rate = { 0, 0, 0, 0, 0 };
	char			 big[LOG_RECORD_MAX];
	size_t			 lines;

	(void)state;
	woken = 0;
	catch_begin();
	log_to_parent(&child, wake);
	log_start(&r, LOG_LVL_WARN, "a b");
	log_num(&r, "n", 12);
	log_str(&r, "s", "x\ny");
	log_end(&r);
	lines = catch_end();
	assert_int_equal(lines, 0);
	assert_int_equal(woken, 1);
	assert_int_equal(imsgbuf_queuelen(&child), 1);
	assert_int_equal(hand_over(&rate), 1);
	assert_string_equal(after_time(), "level=warn process=keyd "
	    "msg=\"a b\" n=12 s=\"x\\u000ay\"\n");

	/* The largest there is, and that it was cut. */
	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	log_start(&r, LOG_LVL_ERROR, big);
	log_end(&r);
	assert_int_equal(hand_over(&rate), 1);
	assert_non_null(strstr(caught, "level=error"));
	assert_string_equal(caught + strlen(caught) - 11, "x cut=true\n");

	/* The parent's level counts, not the child's. */
	log_info("quiet");
	log_set_level(LOG_LVL_WARN);
	assert_int_equal(hand_over(&rate), 0);
}

/* Where the parent does not read, the child forgets, and counts. */
static void
queue_limit(void **state)
{
	struct log_rate	 rate = { 0, 0, 0, 0, 0 };
	int		 i;

	(void)state;
	log_set_rate(1000000);
	log_to_parent(&child, NULL);
	for (i = 0; i < LOG_QUEUE_MAX + 5; i++)
		log_info("m");
	assert_int_equal(imsgbuf_queuelen(&child), LOG_QUEUE_MAX);
	hand_over(&rate);
	assert_int_equal(rate.suppressed, 0);
	for (i = 1; i < LOG_QUEUE_MAX; i++) {
		log_set_level(LOG_LVL_ERROR);
		hand_over(&rate);
	}
	log_set_level(LOG_LVL_INFO);
	log_info("after");
	hand_over(&rate);
	assert_int_equal(rate.suppressed, 5);
	log_info("later");
	fake_monotonic.tv_sec++;
	assert_int_equal(hand_over(&rate), 2);
	assert_non_null(strstr(caught, "level=warn process=keyd "
	    "msg=\"log records suppressed\" count=5\n"));
	assert_int_equal(rate.suppressed, 0);
}

static void
rate_limit(void **state)
{
	struct log_rate	 rate = { 0, 0, 0, 0, 0 }, other = { 0, 0, 0, 0, 0 };
	int		 i;

	(void)state;
	log_set_rate(3);
	log_to_parent(&child, NULL);
	for (i = 0; i < 13; i++)
		log_info("m");
	for (i = 0; i < 10; i++) {
		/* Time goes on, but not into the next second. */
		fake_monotonic.tv_nsec = i * 99999999L;
		assert_int_equal(hand_over(&rate), i < 3);
	}
	assert_int_equal(rate.suppressed, 7);
	/* Another child has a count of its own. */
	assert_int_equal(hand_over(&other), 1);
	fake_monotonic.tv_sec++;
	assert_int_equal(hand_over(&rate), 2);
	assert_non_null(strstr(caught, "level=warn process=keyd "
	    "msg=\"log records suppressed\" count=7\n"));
	/* Told once. */
	fake_monotonic.tv_sec++;
	assert_int_equal(hand_over(&rate), 1);
	assert_null(strstr(caught, "suppressed"));
	fake_monotonic.tv_nsec = 0;
}

/* ---- A child that lies ----------------------------------------------- */

struct body {
	unsigned char	 b[8192];
	size_t		 len;
};

static void
body_make(struct body *m, uint8_t level, uint64_t lost, uint16_t nfields,
    const void *fields, size_t len)
{
	size_t	 i;

	m->b[0] = level;
	m->b[1] = 0;
	for (i = 0; i < 8; i++)
		m->b[2 + i] = (unsigned char)(lost >> (56 - 8 * i));
	m->b[10] = (unsigned char)(nfields >> 8);
	m->b[11] = (unsigned char)nfields;
	memcpy(m->b + 12, fields, len);
	m->len = 12 + len;
}

/* -1: it is malformed, which is what the one line says, and no more. */
static void
deliver(const struct body *m, int result, size_t lines)
{
	struct log_rate	 rate = { 0, 0, 0, 0, 0 };
	size_t		 n;

	assert_int_equal(imsg_compose(&child, LOG_MSG, 0, 0, -1, m->b,
	    m->len), 1);
	n = hand_over(&rate);
	assert_int_equal(n, result == -1 ? 1 : lines);
	assert_int_equal(rate.count, 1);
	assert_true(rate.suppressed == 0);
	if (result == -1)
		assert_string_equal(after_time(), "level=warn process=keyd "
		    "msg=\"a malformed log record\"\n");
}

static void
malformed(void **state)
{
	static const char	 good[] = "msg\0m\0k\0v";
	struct body		 m, part;
	unsigned int		 n;

	(void)state;
	body_make(&m, LOG_LVL_INFO, 0, 2, good, sizeof(good));
	deliver(&m, 0, 1);
	assert_string_equal(after_time(), "level=info process=keyd msg=m "
	    "k=v\n");
	/* Every shorter one, and one byte more of any value. */
	for (part = m; part.len-- > 0; )
		deliver(&part, -1, 0);
	for (n = 0; n < 256; n++) {
		part = m;
		part.b[part.len++] = (unsigned char)n;
		deliver(&part, -1, 0);
	}
	for (n = 0; n < 256; n++) {
		body_make(&m, (uint8_t)n, 0, 2, good, sizeof(good));
		deliver(&m, n <= LOG_LVL_DEBUG ? 0 : -1,
		    n <= LOG_LVL_INFO);
	}
	for (n = 0; n < 65536; n = n < 64 ? n + 1 : 2 * n + 1) {
		body_make(&m, LOG_LVL_INFO, 0, (uint16_t)n, good,
		    sizeof(good));
		deliver(&m, n == 2 ? 0 : -1, n == 2);
	}
	/* "msg" first, and something in it. */
	body_make(&m, LOG_LVL_INFO, 0, 1, "ms\0m", 5);
	deliver(&m, -1, 0);
	body_make(&m, LOG_LVL_INFO, 0, 1, "msgs\0m", 7);
	deliver(&m, -1, 0);
	body_make(&m, LOG_LVL_INFO, 0, 2, "k\0v\0msg\0m", 10);
	deliver(&m, -1, 0);
	body_make(&m, LOG_LVL_INFO, 0, 0, "", 0);
	deliver(&m, -1, 0);
	body_make(&m, LOG_LVL_INFO, 0, 1, "msg", 4);
	deliver(&m, -1, 0);
}

static void
malformed_sizes(void **state)
{
	char		 fields[LOG_RECORD_MAX + 2];
	struct body	 m;
	int		 i;

	(void)state;
	memset(fields, 0, sizeof(fields));
	memcpy(fields, "msg", 3);
	/* 48 fields, and 49, all of them well formed. */
	body_make(&m, LOG_LVL_INFO, 0, LOG_FIELDS_MAX, fields,
	    3 + 2 * LOG_FIELDS_MAX);
	deliver(&m, 0, 1);
	body_make(&m, LOG_LVL_INFO, 0, LOG_FIELDS_MAX + 1, fields,
	    3 + 2 * (LOG_FIELDS_MAX + 1));
	deliver(&m, -1, 0);
	/* As large as it may be, and a byte more. */
	memset(fields + 4, 'x', sizeof(fields) - 4);
	for (i = 0; i < 2; i++) {
		fields[LOG_RECORD_MAX - 1 + i] = '\0';
		body_make(&m, LOG_LVL_INFO, 0, 1, fields,
		    (size_t)LOG_RECORD_MAX + (size_t)i);
		deliver(&m, -i, i == 0);
		fields[LOG_RECORD_MAX - 1 + i] = 'x';
	}
	m.len = 0;
	deliver(&m, -1, 0);
	/* No line of a child can look like one of another process. */
	body_make(&m, LOG_LVL_INFO, 0, 2, "msg\0a\nb\0 process\0signerd", 25);
	deliver(&m, 0, 1);
	assert_string_equal(after_time(), "level=info process=keyd "
	    "msg=\"a\\u000ab\" ?=signerd\n");
}

/* Sums that a child makes up neither wrap nor hide the real ones. */
static void
hostile_sums(void **state)
{
	static const char	 good[] = "msg\0m";
	struct log_rate		 rate = { 0, 0, 0, 0, 0 };
	struct body		 m;
	int			 i;

	(void)state;
	body_make(&m, LOG_LVL_INFO, UINT64_MAX, 1, good, sizeof(good));
	for (i = 0; i < 3; i++)
		imsg_compose(&child, LOG_MSG, 0, 0, -1, m.b, m.len);
	fake_monotonic.tv_sec++;
	rate.second = (uint64_t)fake_monotonic.tv_sec;
	for (i = 0; i < 2; i++)
		hand_over(&rate);
	assert_true(rate.suppressed == 2ULL * UINT32_MAX);
	fake_monotonic.tv_sec++;
	assert_int_equal(hand_over(&rate), 2);
	assert_non_null(strstr(caught, " count=12884901885\n"));
}

static void
child_fatal_message(void *arg)
{
	(void)arg;
	log_to_parent(&child, NULL);
	fatalx("the end");
}

/* What a process says at its end reaches its parent. */
static void
fatal_is_sent(void **state)
{
	struct log_rate	 rate = { 0, 0, 0, 0, 0 };

	(void)state;
	forked_exits(child_fatal_message, NULL, 1);
	assert_int_equal(hand_over(&rate), 1);
	assert_string_equal(after_time(), "level=error process=keyd "
	    "msg=\"the end\"\n");
}

#define channel_test(f)							\
	cmocka_unit_test_setup_teardown(f, channel_open, channel_close)

/* ---- Writes that fail ------------------------------------------------- */

/* Whatever comes in between, a line is written to its end. */
static void
write_interrupted(void **state)
{
	(void)state;
	log_init("test");
	log_set_level(LOG_LVL_INFO);
	log_to_stderr(LOG_FMT_LOGFMT);
	catch_begin();
	next_writes(EINTR, 0, EINTR, 0);
	log_info("one");
	assert_int_equal(catch_end(), 1);
	assert_string_equal(after_time(),
	    "level=info process=test msg=one\n");
}

/* What is lost is counted, and no line begins within another. */
static void
write_fails(void **state)
{
	const char	*p;

	(void)state;
	log_init("test");
	log_set_level(LOG_LVL_INFO);
	log_to_stderr(LOG_FMT_LOGFMT);
	catch_begin();
	/* All but a byte of the first; the word of it; all of the second. */
	next_writes(0, ENOSPC, ENOSPC, ENOSPC);
	log_info("one");
	log_info("two");
	log_info("three");
	log_info("four");
	assert_int_equal(catch_end(), 4);
	assert_memory_equal(caught, "t\ntime=", 7);
	assert_null(strstr(caught, "one"));
	assert_null(strstr(caught, "two"));
	assert_non_null(p = strstr(caught, "level=warn process=test msg=\"log "
	    "records could not be written\" count=2\n"));
	assert_non_null(p = strstr(p, "msg=three\n"));
	assert_non_null(strstr(p, "msg=four\n"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(write_interrupted),
		cmocka_unit_test(write_fails),
		cmocka_unit_test(levels),
		cmocka_unit_test(messages),
		cmocka_unit_test(to_syslog),
		cmocka_unit_test(to_the_journal),
		cmocka_unit_test(fatal_ends),
		channel_test(by_message),
		channel_test(queue_limit),
		channel_test(rate_limit),
		channel_test(malformed),
		channel_test(malformed_sizes),
		channel_test(hostile_sums),
		channel_test(fatal_is_sent)
	};

	log_init("test");
	return (cmocka_run_group_tests_name("log", tests, NULL, NULL));
}
