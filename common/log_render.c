/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdint.h>
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

/* What each byte may be in a line; none of it for NUL. */
#define CLEAN	1		/* itself, between quotes */
#define PLAIN	2		/* a part of what needs no quotes in logfmt */

static uint8_t	 kinds[256];

static void
fill_kinds(void)
{
	int	 c;

	for (c = ' '; c < 0x7f; c++)
		if (c != '"' && c != '\\')
			kinds[c] = c == ' ' || c == '=' ? CLEAN :
			    CLEAN | PLAIN;
}

static inline size_t
span(const char *s, unsigned int kind)
{
	size_t	 n = 0;

	while (kinds[(unsigned char)s[n]] & kind)
		n++;
	return (n);
}

static inline void
put(struct line *l, const char *s, size_t n)
{
	if (n > l->size - 1 - l->len)
		n = l->size - 1 - l->len;
	memcpy(l->buf + l->len, s, n);
	l->len += n;
}

static inline void
put_char(struct line *l, char c)
{
	if (l->len < l->size - 1)
		l->buf[l->len++] = c;
}

static void
put_escaped(struct line *l, const char *s)
{
	static const char	 hex[] = "0123456789abcdef";
	char			 esc[6] = "\\u00";
	size_t			 n;
	unsigned char		 c;

	for (;; s++) {
		n = span(s, CLEAN);
		put(l, s, n);
		s += n;
		if ((c = (unsigned char)*s) == '\0')
			return;
		if (c == '"' || c == '\\') {
			put_char(l, '\\');
			put_char(l, (char)c);
			continue;
		}
		esc[4] = hex[c >> 4];
		esc[5] = hex[c & 15];
		put(l, esc, sizeof(esc));
	}
}

/* A key that begins with '#' says so of its value; it need not be true. */
static int
is_number(const char *s)
{
	const char	*p = s;

	while (*p >= '0' && *p <= '9')
		p++;
	return (p != s && *p == '\0' && (s[0] != '0' || s[1] == '\0'));
}

static void
put_value(struct line *l, enum log_format fmt, int number, const char *value)
{
	size_t	 n;

	if (fmt == LOG_FMT_LOGFMT) {
		n = span(value, PLAIN);
		if (n > 0 && value[n] == '\0') {
			put(l, value, n);
			return;
		}
	} else if (number && is_number(value)) {
		put(l, value, strlen(value));
		return;
	}
	put_char(l, '"');
	put_escaped(l, value);
	put_char(l, '"');
}

static void
put_key(struct line *l, enum log_format fmt, const char *key)
{
	size_t	 n;

	if (fmt == LOG_FMT_JSON) {
		put_char(l, l->len > 0 ? ',' : '{');
		put_value(l, fmt, 0, key);
		put_char(l, ':');
		return;
	}
	if (l->len > 0)
		put_char(l, ' ');
	n = span(key, PLAIN);
	if (n > 0 && key[n] == '\0')
		put(l, key, n);
	else
		put_char(l, '?');
	put_char(l, '=');
}

static void
put_field(struct line *l, enum log_format fmt, const char *key,
    const char *value)
{
	int	 number = key[0] == '#';

	put_key(l, fmt, key + number);
	put_value(l, fmt, number, value);
}

/* Lines come in their thousands a second: the text of one is kept. */
static const char *
date_of(time_t t)
{
	static char	 text[32];
	static time_t	 when;
	struct tm	 tm;

	if (text[0] != '\0' && t == when)
		return (text);
	if (gmtime_r(&t, &tm) == NULL)
		memset(&tm, 0, sizeof(tm));
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	when = t;
	return (text);
}

static void
put_time(struct line *l, enum log_format fmt, int64_t unix_us)
{
	const char	*date = date_of((time_t)(unix_us / 1000000));
	size_t		 n = strlen(date), i;
	char		 text[48];
	uint32_t	 us = (uint32_t)(unix_us % 1000000);

	memcpy(text, date, n);
	memcpy(text + n, ".000000Z", sizeof(".000000Z"));
	for (i = n + 6; us > 0; i--, us /= 10)
		text[i] = (char)('0' + us % 10);
	put_field(l, fmt, "time", text);
}

size_t
log_render(char *buf, size_t size, enum log_format fmt, const char *process,
    const struct log_record *r, int64_t unix_us)
{
	struct line	 l = { buf, size - 1, 0 };
	const char	*key = r->buf, *value;
	uint32_t	 i;

	if (kinds['a'] == 0)
		fill_kinds();
	put_time(&l, fmt, unix_us > 0 ? unix_us : 0);
	put_field(&l, fmt, "level", log_level_name(r->level));
	put_field(&l, fmt, "process", process);
	for (i = 0; i < r->nfields; i++) {
		value = key + strlen(key) + 1;
		put_field(&l, fmt, key, value);
		key = value + strlen(value) + 1;
	}
	if (r->cut)
		put_field(&l, fmt, "cut", "true");
	/* One byte was kept back for it. */
	if (fmt == LOG_FMT_JSON)
		buf[l.len++] = '}';
	buf[l.len] = '\0';
	return (l.len);
}
