/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/jsonscan.h"
#include "signerctl/table.h"
#include "signerctl/talk.h"

#define GAP	2
/* Of what stands below a row, and of a line that goes on. */
#define BELOW	4
#define DEEPER	2
#define NOTHING	"-"
/* In the place of a domain of zeros. */
#define DEFAULT	"default"

/* ---- Text ------------------------------------------------------------- */

/* The code of a character of UTF-8 that has n bytes, from 1 to 4. */
static uint32_t
code_of(const char *s, size_t n)
{
	const unsigned char	*p = (const unsigned char *)s;
	uint32_t		 code = n == 1 ? *p : *p & (0xffU >> (n + 1));

	while (--n > 0)
		code = code << 6 | (*++p & 0x3f);
	return (code);
}

/* What a terminal obeys: C0, DEL, C1, what turns the order of a line. */
static bool
is_control(uint32_t code)
{
	return (code < 0x20 || (code >= 0x7f && code < 0xa0) ||
	    code == 0x61c || code == 0x200e || code == 0x200f ||
	    (code >= 0x2028 && code <= 0x202e) ||
	    (code >= 0x2066 && code <= 0x2069));
}

size_t
table_character(const char *s, bool *plain, uint32_t *code)
{
	size_t	 n = jsonscan_utf8(s, strnlen(s, 4));

	*code = n > 0 ? code_of(s, n) : 0xfffd;
	*plain = n > 0 && !is_control(*code);
	return (n > 0 ? n : 1);
}

/* f NULL: only the width. */
size_t
table_text(FILE *f, const char *text)
{
	size_t	 width = 0, n, i;
	uint32_t code;
	bool	 plain;

	for (; *text != '\0'; text += n) {
		n = table_character(text, &plain, &code);
		width += plain ? 1 : 4 * n;
		if (f == NULL)
			continue;
		if (plain)
			fwrite(text, 1, n, f);
		for (i = 0; !plain && i < n; i++)
			fprintf(f, "\\x%02x", (unsigned char)text[i]);
	}
	return (width);
}

/*
 * Bytes up to a blank that is not in quotes, or to the end; as far as there is
 * one: a name may hold anything.
 */
static size_t
word_length(const char *text)
{
	bool	 quoted = false;
	size_t	 n;

	for (n = 0; text[n] != '\0' && (quoted || text[n] != ' '); n++) {
		if (text[n] == '"')
			quoted = !quoted;
		else if (quoted && text[n] == '\\' && text[n + 1] != '\0')
			n++;
	}
	return (n);
}

void
table_wrap(FILE *f, size_t at, size_t next, const char *text)
{
	char	*copy, *word;
	size_t	 n, width;
	bool	 first = true;

	if ((copy = strdup(text)) == NULL)
		give_up("out of memory");
	for (word = copy; *word != '\0'; word += n) {
		n = word_length(word);
		if (word[n] != '\0')
			word[n++] = '\0';
		width = table_text(NULL, word);
		if (!first && at + 1 + width > TABLE_WIDTH) {
			fprintf(f, "\n%*s", (int)next, "");
			at = next;
		} else if (!first) {
			fputc(' ', f);
			at++;
		}
		at += table_text(f, word);
		first = false;
	}
	free(copy);
}

char *
table_rule(const char *rule)
{
	static const char	 zeros[] = "0x0000000000000000000000000000000000"
				    "000000000000000000000000000000";
	char			*text, *to;
	size_t			 n;

	/* A word never takes more room than it had. */
	if ((text = to = strdup(rule)) == NULL)
		give_up("out of memory");
	for (; *rule != '\0'; rule += n) {
		n = word_length(rule);
		if (n == sizeof(zeros) - 1 && memcmp(rule, zeros, n) == 0)
			to = stpcpy(to, DEFAULT);
		else {
			memcpy(to, rule, n);
			to += n;
		}
		if (rule[n] != '\0')
			*to++ = rule[n++];
	}
	*to = '\0';
	return (text);
}

void
table_seconds(char out[TABLE_TIMESIZE], uint64_t seconds)
{
	unsigned long long	 days = seconds / 86400;
	unsigned int		 rest = (unsigned int)(seconds % 86400);

	if (days > 0)
		snprintf(out, TABLE_TIMESIZE, "%llu d %u:%02u", days,
		    rest / 3600, rest / 60 % 60);
	else if (rest >= 3600)
		snprintf(out, TABLE_TIMESIZE, "%u:%02u h", rest / 3600,
		    rest / 60 % 60);
	else if (rest >= 60)
		snprintf(out, TABLE_TIMESIZE, "%u:%02u min", rest / 60,
		    rest % 60);
	else
		snprintf(out, TABLE_TIMESIZE, "%u s", rest);
}

static void
date(char out[TABLE_TIMESIZE], time_t when)
{
	struct tm	 tm;

	if (gmtime_r(&when, &tm) == NULL ||
	    strftime(out, TABLE_TIMESIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		snprintf(out, TABLE_TIMESIZE, "?");
}

/* ---- Tables ----------------------------------------------------------- */

static bool
is_false(const char *value)
{
	return (value != NULL && strcmp(value, "false") == 0);
}

static const char *
shown(const struct ctl_row *row, const struct table_column *column,
    char room[TABLE_TIMESIZE])
{
	const char	*value = row_value(row, column->field);

	if (value == NULL)
		return ("");
	switch (column->form) {
	case TABLE_UP:
		if (is_false(row_value(row, "up")))
			return ("no");
		/* FALLTHROUGH */
	case TABLE_SECONDS:
		table_seconds(room, strtoull(value, NULL, 10));
		return (room);
	case TABLE_YES:
		return (strcmp(value, "true") == 0 ? "yes" : "");
	case TABLE_NO:
		return (strcmp(value, "true") == 0 ? "yes" : "no");
	case TABLE_BYTES:
		snprintf(room, TABLE_TIMESIZE, "%.1f MiB",
		    strtod(value, NULL) / (1024 * 1024));
		return (room);
	case TABLE_TIME:
		date(room, (time_t)strtoll(value, NULL, 10));
		return (room);
	case TABLE_PLAIN:
	case TABLE_WRAPPED:
	case TABLE_BELOW:
		break;
	}
	return (value);
}

/* 0: nothing is in it, or it is not one that has a width. */
static size_t
width_of(const struct table_column *column, const char *section,
    const struct ctl_row *const *rows, size_t nrows)
{
	char	 room[TABLE_TIMESIZE];
	size_t	 i, n, width = 0;

	if (column->form == TABLE_BELOW)
		return (0);
	for (i = 0; i < nrows; i++) {
		if (!row_is(rows[i], section))
			continue;
		n = table_text(NULL, shown(rows[i], column, room));
		if (n > width)
			width = n;
	}
	n = strlen(column->heading);
	return (width > 0 && width < n ? n : width);
}

struct layout {
	const struct table_column	*columns;
	size_t				 ncolumns;
	size_t				 width[CTL_FIELDS];
	size_t				 at;		/* a cell begins here */
	size_t				 behind;	/* blanks to come */
};

/* Blanks go before what follows them: a line does not end with any. */
static void
print_cell(FILE *f, struct layout *l, size_t i, const char *text)
{
	size_t	 n = 0;

	if (text[0] == '\0')
		text = NOTHING;
	fprintf(f, "%*s", (int)l->behind, "");
	if (l->columns[i].form == TABLE_WRAPPED)
		table_wrap(f, l->at, l->at + DEEPER, text);
	else
		n = table_text(f, text);
	l->behind = l->width[i] - n + GAP;
	l->at += l->width[i] + GAP;
}

static void
end_line(FILE *f, struct layout *l)
{
	l->at = l->behind = 0;
	fputc('\n', f);
}

/* All that belongs below a row: "text", or "heading value, heading value". */
static void
print_below(FILE *f, const struct layout *l, const struct ctl_row *row)
{
	const struct table_column	*c;
	const char			*value;
	char				*text = NULL;
	size_t				 len;
	FILE				*out;

	if ((out = open_memstream(&text, &len)) == NULL)
		give_up("out of memory");
	for (c = l->columns; c < l->columns + l->ncolumns; c++) {
		value = row_value(row, c->field);
		if (c->form != TABLE_BELOW || value == NULL || *value == '\0')
			continue;
		fprintf(out, "%s%s%s%s", ftell(out) > 0 ? ", " : "",
		    c->heading, c->heading[0] != '\0' ? " " : "", value);
	}
	if (fclose(out) == EOF)
		give_up("out of memory");
	if (len > 0) {
		fprintf(f, "%*s", BELOW, "");
		table_wrap(f, BELOW, 2 * BELOW, text);
		fputc('\n', f);
	}
	free(text);
}

static void
print_row(FILE *f, struct layout *l, const struct ctl_row *row)
{
	char	 room[TABLE_TIMESIZE];
	size_t	 i;

	for (i = 0; i < l->ncolumns; i++)
		if (l->width[i] > 0)
			print_cell(f, l, i, shown(row, &l->columns[i], room));
	end_line(f, l);
	print_below(f, l, row);
}

static void
print_headings(FILE *f, struct layout *l)
{
	size_t	 i;

	for (i = 0; i < l->ncolumns; i++)
		if (l->width[i] > 0)
			print_cell(f, l, i, l->columns[i].heading);
	end_line(f, l);
}

size_t
table_print(FILE *f, const char *section, const struct table_column *columns,
    size_t ncolumns, const struct ctl_row *const *rows, size_t nrows)
{
	struct layout	 l = { columns, ncolumns, { 0 }, 0, 0 };
	size_t		 i, n = 0;

	for (i = 0; i < ncolumns && i < CTL_FIELDS; i++)
		l.width[i] = width_of(&columns[i], section, rows, nrows);
	for (i = 0; i < nrows; i++) {
		if (!row_is(rows[i], section))
			continue;
		if (n++ == 0)
			print_headings(f, &l);
		print_row(f, &l, rows[i]);
	}
	return (n);
}
