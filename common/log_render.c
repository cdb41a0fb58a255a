/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/log.h"

/*
 * The one place where untrusted bytes become text of a log.  Output is
 * printable ASCII; everything else is escaped, so that no value can break a
 * line, forge a field or speak to a terminal.
 */
struct line {
	char	*buf;
	size_t	 size;		/* of buf, the NUL included */
	size_t	 len;
};


static void
put(struct line *l, const char *s, size_t n)
{
	if (n > l->size - 1 - l->len)
		n = l->size - 1 - l->len;
	memcpy(l->buf + l->len, s, n);
	l->len += n;
	l->buf[l->len] = '\0';
}

static void
puts_line(struct line *l, const char *s)
{
	put(l, s, strlen(s));
}

static void
put_escaped(struct line *l, const char *s)
{
	char	 esc[8];
	int	 n;

	for (; *s != '\0'; s++) {
		unsigned char	 c = (unsigned char)*s;

		if (c == '"' || c == '\\') {
			esc[0] = '\\';
			esc[1] = (char)c;
			put(l, esc, 2);
		} else if (c < 0x20 || c >= 0x7f) {
			n = snprintf(esc, sizeof(esc), "\\u%04x", c);
			put(l, esc, (size_t)n);
		} else
			put(l, s, 1);
	}
}

/* Whether logfmt can show the value without quotes. */
static int
is_plain(const char *s)
{
	const char	*p;

	for (p = s; *p != '\0'; p++)
		if (*p <= ' ' || *p >= 0x7f || *p == '"' || *p == '=' ||
		    *p == '\\')
			return (0);
	return (p != s);
}

/* A key that begins with '#' says so of its value; it need not be true. */
static int
is_number(const char *s)
{
	return (*s != '\0' && s[strspn(s, "0123456789")] == '\0' &&
	    (s[0] != '0' || s[1] == '\0'));
}

static void
put_value(struct line *l, enum log_format fmt, int number, const char *value)
{
	if ((fmt == LOG_FMT_LOGFMT && is_plain(value)) ||
	    (number && is_number(value))) {
		puts_line(l, value);
		return;
	}
	put(l, "\"", 1);
	put_escaped(l, value);
	put(l, "\"", 1);
}

static void
put_field(struct line *l, enum log_format fmt, const char *key,
    const char *value)
{
	int	 number = key[0] == '#';

	if (number)
		key++;
	if (fmt == LOG_FMT_LOGFMT) {
		if (l->len > 0)
			put(l, " ", 1);
		if (is_plain(key))
			puts_line(l, key);
		else
			put(l, "?", 1);
		put(l, "=", 1);
	} else {
		put(l, l->len > 0 ? "," : "{", 1);
		put_value(l, fmt, 0, key);
		put(l, ":", 1);
	}
	put_value(l, fmt, number, value);
}

static void
put_time(struct line *l, enum log_format fmt, int64_t unix_us)
{
	struct tm	 tm;
	time_t		 t = (time_t)(unix_us / 1000000);
	char		 date[32], text[48];

	if (gmtime_r(&t, &tm) == NULL)
		memset(&tm, 0, sizeof(tm));
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, sizeof(text), "%s.%06dZ", date,
	    (int)(unix_us % 1000000));
	put_field(l, fmt, "time", text);
}

size_t
log_render(char *buf, size_t size, enum log_format fmt, const char *process,
    const struct log_record *r, int64_t unix_us)
{
	struct line	 l = { buf, size - 1, 0 };
	const char	*key = r->buf, *value;
	uint32_t	 i;

	buf[0] = '\0';
	put_time(&l, fmt, unix_us);
	put_field(&l, fmt, "level", log_level_name(r->level));
	put_field(&l, fmt, "process", process);
	for (i = 0; i < r->nfields; i++) {
		value = key + strlen(key) + 1;
		put_field(&l, fmt, key, value);
		key = value + strlen(value) + 1;
	}
	if (r->cut)
		put_field(&l, fmt, "cut", "true");
	if (fmt == LOG_FMT_JSON) {
		/* One byte was kept back for it. */
		buf[l.len++] = '}';
		buf[l.len] = '\0';
	}
	return (l.len);
}
