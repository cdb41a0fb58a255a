/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/eachbyte.h"
#include "common/hex.h"
#include "common/jsonscan.h"

#define FIRST_SPANS	32

struct scan {
	const char			*text;
	size_t				 len;
	size_t				 pos;
	const struct json_limits	*limits;
	struct jsonscan_spans		*spans;	/* NULL: grammar alone */
	size_t				 values;
	size_t				 depth;
	size_t				 open;	/* span of the last bracket */
	/* One bit for each open bracket: set for an object. */
	unsigned char			 objects[JSON_DEPTH_MAX / CHAR_BIT + 1];
};

/* The next byte, or -1 at the end. */
static int
peek(const struct scan *s)
{
	return (s->pos < s->len ? (unsigned char)s->text[s->pos] : -1);
}

static void
skip_space(struct scan *s)
{
	int	c;

	while ((c = peek(s)) == ' ' || c == '\t' || c == '\n' || c == '\r')
		s->pos++;
}

static bool
is_digit(int c)
{
	return (c >= '0' && c <= '9');
}

static bool
in_object(const struct scan *s)
{
	size_t	top = s->depth - 1;

	return ((s->objects[top / CHAR_BIT] >> (top % CHAR_BIT) & 1) != 0);
}

/* Notes that a value of that length begins at off. */
static enum json_error
note(struct scan *s, size_t off, size_t len)
{
	struct jsonscan_spans	*spans = s->spans;
	struct jsonscan_span	*v;
	size_t			 max;

	if (spans->n == spans->max) {
		max = spans->max == 0 ? FIRST_SPANS : 2 * spans->max;
		if ((v = reallocarray(spans->v, max, sizeof(*v))) == NULL)
			return (JSON_MEMORY);
		spans->v = v;
		spans->max = max;
	}
	v = &spans->v[spans->n++];
	v->off = off;
	v->len = len;
	v->item = NULL;
	return (JSON_OK);
}

/* Until it is known, the length holds the way back to what is around. */
static enum json_error
note_open(struct scan *s)
{
	enum json_error	error;

	if ((error = note(s, s->pos, s->open)) == JSON_OK)
		s->open = s->spans->n - 1;
	return (error);
}

static void
note_close(struct scan *s)
{
	struct jsonscan_span	*span = &s->spans->v[s->open];

	s->open = span->len;
	span->len = s->pos - span->off;
}

static enum json_error
open_bracket(struct scan *s)
{
	enum json_error	error;
	size_t		at = s->depth;
	unsigned int	bit;

	if (at >= s->limits->max_depth || at >= JSON_DEPTH_MAX)
		return (JSON_DEPTH);
	if (s->spans != NULL && (error = note_open(s)) != JSON_OK)
		return (error);
	bit = 1U << (at % CHAR_BIT);
	if (s->text[s->pos] == '{')
		s->objects[at / CHAR_BIT] |= (unsigned char)bit;
	else
		s->objects[at / CHAR_BIT] &= (unsigned char)~bit;
	s->depth++;
	s->pos++;
	return (JSON_OK);
}

/* Takes the bracket that closes what is open, if it is there. */
static bool
close_bracket(struct scan *s)
{
	if (peek(s) != (in_object(s) ? '}' : ']'))
		return (false);
	s->depth--;
	s->pos++;
	if (s->spans != NULL)
		note_close(s);
	return (true);
}

size_t
jsonscan_utf8(const char *p, size_t n)
{
	const unsigned char	*u = (const unsigned char *)p;
	unsigned char		 low = 0x80, high = 0xbf;
	size_t			 i, len;

	if (n == 0)
		return (0);
	if (u[0] < 0x80)
		return (1);
	if (u[0] < 0xc2 || u[0] > 0xf4)
		return (0);
	len = u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
	if (len > n)
		return (0);
	/* Overlong forms, surrogates and what is above U+10FFFF. */
	if (u[0] == 0xe0)
		low = 0xa0;
	else if (u[0] == 0xed)
		high = 0x9f;
	else if (u[0] == 0xf0)
		low = 0x90;
	else if (u[0] == 0xf4)
		high = 0x8f;
	if (u[1] < low || u[1] > high)
		return (0);
	for (i = 2; i < len; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return (0);
	}
	return (len);
}

/* Value of the \uXXXX at off, or -1 if there is none. */
static int
unicode_escape(const struct scan *s, size_t off)
{
	const char	*p = s->text + off;
	int		 code = 0, digit, i;

	if (s->len - off < 6 || p[0] != '\\' || p[1] != 'u')
		return (-1);
	for (i = 2; i < 6; i++) {
		if ((digit = hex_digit(p[i])) == -1)
			return (-1);
		code = code * 16 + digit;
	}
	return (code);
}

static enum json_error
scan_unicode(struct scan *s)
{
	int	code, low;

	if ((code = unicode_escape(s, s->pos)) == -1)
		return (JSON_SYNTAX);
	if (s->spans == NULL) {
		s->pos += 6;
		return (JSON_OK);
	}
	if (code == 0)
		return (JSON_NUL);
	if (code >= 0xd800 && code <= 0xdbff) {
		low = unicode_escape(s, s->pos + 6);
		if (low < 0xdc00 || low > 0xdfff)
			return (JSON_UTF8);
		s->pos += 6;
	} else if (code >= 0xdc00 && code <= 0xdfff)
		return (JSON_UTF8);
	s->pos += 6;
	return (JSON_OK);
}

static enum json_error
scan_escape(struct scan *s)
{
	if (s->len - s->pos < 2) {
		s->pos = s->len;
		return (JSON_SYNTAX);
	}
	switch (s->text[s->pos + 1]) {
	case '"':
	case '\\':
	case '/':
	case 'b':
	case 'f':
	case 'n':
	case 'r':
	case 't':
		s->pos += 2;
		return (JSON_OK);
	case 'u':
		return (scan_unicode(s));
	}
	return (JSON_SYNTAX);
}

/* What stands for itself, and is nearly all of any long string. */
static void
skip_plain(struct scan *s)
{
	const unsigned char	*u = (const unsigned char *)s->text;
	size_t			 pos = s->pos;
	uint64_t		 w;

	for (; s->len - pos >= sizeof(w); pos += sizeof(w)) {
		memcpy(&w, u + pos, sizeof(w));
		if (((w & EACHBYTE(0x80)) | EACHBYTE_BELOW(w, ' ') |
		    EACHBYTE_ANY(w, '"') | EACHBYTE_ANY(w, '\\')) != 0)
			break;
	}
	while (pos < s->len && u[pos] >= ' ' && u[pos] < 0x80 &&
	    u[pos] != '"' && u[pos] != '\\')
		pos++;
	s->pos = pos;
}

static enum json_error
scan_string(struct scan *s)
{
	enum json_error	error;
	size_t		n;
	int		c;

	if (peek(s) != '"')
		return (JSON_SYNTAX);
	s->pos++;
	for (;;) {
		skip_plain(s);
		if ((c = peek(s)) == '"')
			break;
		if (c < ' ')
			return (JSON_SYNTAX);
		if (c == '\\') {
			if ((error = scan_escape(s)) != JSON_OK)
				return (error);
			continue;
		}
		n = jsonscan_utf8(s->text + s->pos, s->len - s->pos);
		if (n == 0)
			return (JSON_UTF8);
		s->pos += n;
	}
	s->pos++;
	return (JSON_OK);
}

/* One digit or more. */
static bool
scan_digits(struct scan *s)
{
	if (!is_digit(peek(s)))
		return (false);
	while (is_digit(peek(s)))
		s->pos++;
	return (true);
}

static enum json_error
scan_number(struct scan *s)
{
	if (peek(s) == '-')
		s->pos++;
	if (peek(s) == '0')
		s->pos++;
	else if (!scan_digits(s))
		return (JSON_SYNTAX);
	if (peek(s) == '.') {
		s->pos++;
		if (!scan_digits(s))
			return (JSON_SYNTAX);
	}
	if (peek(s) == 'e' || peek(s) == 'E') {
		s->pos++;
		if (peek(s) == '+' || peek(s) == '-')
			s->pos++;
		if (!scan_digits(s))
			return (JSON_SYNTAX);
	}
	return (JSON_OK);
}

static enum json_error
scan_literal(struct scan *s, const char *word)
{
	for (; *word != '\0'; word++) {
		if (peek(s) != *word)
			return (JSON_SYNTAX);
		s->pos++;
	}
	return (JSON_OK);
}

static enum json_error
scan_scalar(struct scan *s)
{
	switch (peek(s)) {
	case '"':
		return (scan_string(s));
	case 't':
		return (scan_literal(s, "true"));
	case 'f':
		return (scan_literal(s, "false"));
	case 'n':
		return (scan_literal(s, "null"));
	}
	return (scan_number(s));
}

/* A member's name and its colon. */
static enum json_error
scan_name(struct scan *s)
{
	enum json_error	error;

	skip_space(s);
	if ((error = scan_string(s)) != JSON_OK)
		return (error);
	skip_space(s);
	if (peek(s) != ':')
		return (JSON_SYNTAX);
	s->pos++;
	return (JSON_OK);
}

/*
 * A scalar, an empty array or object, or the beginning of one that is not
 * empty: then *due says that a value is next.
 */
static enum json_error
scan_value(struct scan *s, bool *due)
{
	enum json_error	error;
	size_t		off;
	int		c;

	*due = false;
	skip_space(s);
	/* The index of a value has to fit cJSON's valueint. */
	if (s->values >= s->limits->max_values || s->values >= INT_MAX)
		return (peek(s) == -1 ? JSON_SYNTAX : JSON_VALUES);
	s->values++;
	off = s->pos;
	if ((c = peek(s)) != '{' && c != '[') {
		if ((error = scan_scalar(s)) != JSON_OK || s->spans == NULL)
			return (error);
		return (note(s, off, s->pos - off));
	}
	if ((error = open_bracket(s)) != JSON_OK)
		return (error);
	skip_space(s);
	if (close_bracket(s))
		return (JSON_OK);
	*due = true;
	return (c == '{' ? scan_name(s) : JSON_OK);
}

/* What follows a value: closing brackets, a comma, the end. */
static enum json_error
scan_after(struct scan *s, bool *due)
{
	*due = false;
	for (;;) {
		skip_space(s);
		if (s->depth == 0)
			return (s->pos == s->len ? JSON_OK : JSON_SYNTAX);
		if (peek(s) == ',')
			break;
		if (!close_bracket(s))
			return (JSON_SYNTAX);
	}
	s->pos++;
	*due = true;
	return (in_object(s) ? scan_name(s) : JSON_OK);
}

enum json_error
jsonscan(const char *text, size_t len, const struct json_limits *limits,
    struct jsonscan_spans *spans, size_t *at)
{
	struct scan	s;
	enum json_error	error;
	bool		due;

	memset(&s, 0, sizeof(s));
	s.text = text;
	s.len = len;
	s.limits = limits;
	s.spans = spans;
	do {
		error = scan_value(&s, &due);
		if (error == JSON_OK && !due)
			error = scan_after(&s, &due);
	} while (error == JSON_OK && due);
	if (at != NULL)
		*at = s.pos;
	return (error);
}
