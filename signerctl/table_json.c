/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <string.h>

#include <cjson/cJSON.h>

#include "signerctl/table.h"
#include "signerctl/talk.h"

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
	uint32_t code;
	bool	 plain;

	for (; *text != '\0'; text += n) {
		n = table_character(text, &plain, &code);
		if (plain)
			fwrite(text, 1, n, f);
		else
			fprintf(f, "\\u%04x", code);
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
