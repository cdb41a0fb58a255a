/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cjson/cJSON.h>

#include "signerctl/table.h"
#include "signerctl/talk.h"

#define GAP	2

/* ---- Text ------------------------------------------------------------- */

/* Bytes of a character that a terminal would obey: C0, DEL, C1; or 0. */
static size_t
control_length(const unsigned char *s)
{
	if (s[0] < 0x20 || s[0] == 0x7f)
		return (1);
	return (s[0] == 0xc2 && s[1] >= 0x80 && s[1] < 0xa0 ? 2 : 0);
}

/* f NULL: only the width. */
size_t
table_text(FILE *f, const char *text)
{
	const unsigned char	*s = (const unsigned char *)text;
	size_t			 width = 0, n;

	while (*s != '\0') {
		for (n = control_length(s); n > 0; n--, s++) {
			width += 4;
			if (f != NULL)
				fprintf(f, "\\x%02x", *s);
		}
		if (*s == '\0' || control_length(s) != 0)
			continue;
		if (f != NULL)
			fputc(*s, f);
		/* What goes on a character of UTF-8 takes no place. */
		if ((*s++ & 0xc0) != 0x80)
			width++;
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
		fprintf(f, "%s\n", text);
	cJSON_free(text);
	cJSON_Delete(all);
	return (r);
}
