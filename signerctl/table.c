/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cjson/cJSON.h>

#include "common/jsonscan.h"
#include "signerctl/table.h"
#include "signerctl/talk.h"

#define GAP	2

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

/* Bytes of the next character, 1 of what is none; plain: it can be shown. */
static size_t
next_character(const char *s, bool *plain)
{
	size_t	 n = jsonscan_utf8(s, strnlen(s, 4));

	*plain = n > 0 && !is_control(code_of(s, n));
	return (n > 0 ? n : 1);
}

/* f NULL: only the width. */
size_t
table_text(FILE *f, const char *text)
{
	size_t	 width = 0, n, i;
	bool	 plain;

	for (; *text != '\0'; text += n) {
		n = next_character(text, &plain);
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

static const char *
shown(const struct ctl_row *row, const struct table_column *column,
    char room[TABLE_TIMESIZE])
{
	const char	*value = row_value(row, column->field);

	if (value == NULL)
		return ("");
	switch (column->form) {
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
		break;
	}
	return (value);
}

/* 0: nothing is in it. */
static size_t
width_of(const struct table_column *column, const char *section,
    const struct ctl_row *const *rows, size_t nrows)
{
	char	 room[TABLE_TIMESIZE];
	size_t	 i, n, width = 0;

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
	size_t				 behind;	/* blanks to come */
};

/* Blanks go before what follows them: a line does not end with any. */
static void
print_cell(FILE *f, struct layout *l, size_t i, const char *text)
{
	size_t	 n = 0;

	if (text[0] != '\0') {
		fprintf(f, "%*s", (int)l->behind, "");
		l->behind = 0;
		n = table_text(f, text);
	}
	l->behind += l->width[i] - n + GAP;
}

static void
end_line(FILE *f, struct layout *l)
{
	l->behind = 0;
	fputc('\n', f);
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
	struct layout	 l = { columns, ncolumns, { 0 }, 0 };
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

/* ---- JSON ------------------------------------------------------------- */

static bool
is_listed(const char *const *list, const char *section)
{
	for (; *list != NULL; list++)
		if (strcmp(*list, section) == 0)
			return (true);
	return (false);
}

static cJSON *
value_of(const struct ctl_field *field)
{
	switch (field->kind) {
	case CTL_NUMBER:
		/* As it is: a double has not all of its digits. */
		return (cJSON_CreateRaw(field->value));
	case CTL_BOOL:
		return (cJSON_CreateBool(strcmp(field->value, "true") == 0));
	case CTL_STRING:
		break;
	}
	return (cJSON_CreateString(field->value));
}

static cJSON *
object_of(const struct ctl_row *row)
{
	cJSON		*object, *value;
	unsigned int	 i;

	if ((object = cJSON_CreateObject()) == NULL)
		return (NULL);
	for (i = 0; i < row->nfields; i++) {
		value = value_of(&row->fields[i]);
		if (!cJSON_AddItemToObject(object, row->fields[i].name,
		    value)) {
			cJSON_Delete(value);
			cJSON_Delete(object);
			return (NULL);
		}
	}
	return (object);
}

static int
add_section(cJSON *all, const char *section, bool single,
    const struct ctl_row *const *rows, size_t nrows)
{
	cJSON	*list = single ? NULL : cJSON_AddArrayToObject(all, section);
	cJSON	*object;
	size_t	 i;
	bool	 added;

	if (!single && list == NULL)
		return (-1);
	for (i = 0; i < nrows; i++) {
		if (!row_is(rows[i], section))
			continue;
		object = object_of(rows[i]);
		added = single ?
		    cJSON_AddItemToObject(all, section, object) :
		    cJSON_AddItemToArray(list, object);
		if (!added) {
			cJSON_Delete(object);
			return (-1);
		}
		if (single)
			break;
	}
	return (0);
}

/* cJSON leaves all as it is but C0; outside of strings there is only ASCII. */
static void
print_json(FILE *f, const char *text)
{
	size_t	 n;
	bool	 plain;

	for (; *text != '\0'; text += n) {
		n = next_character(text, &plain);
		if (plain)
			fwrite(text, 1, n, f);
		else
			fprintf(f, "\\u%04x", jsonscan_utf8(text,
			    strnlen(text, 4)) == 0 ? 0xfffdU :
			    code_of(text, n));
	}
	fputc('\n', f);
}

int
table_json(FILE *f, const char *const *sections, const char *const *single,
    const struct ctl_row *const *rows, size_t nrows)
{
	cJSON	*all;
	char	*text = NULL;
	int	 r = 0;

	if ((all = cJSON_CreateObject()) == NULL)
		return (-1);
	for (; r == 0 && *sections != NULL; sections++)
		r = add_section(all, *sections, is_listed(single, *sections),
		    rows, nrows);
	if (r == 0 && (text = cJSON_PrintUnformatted(all)) == NULL)
		r = -1;
	if (text != NULL)
		print_json(f, text);
	cJSON_free(text);
	cJSON_Delete(all);
	return (r);
}
