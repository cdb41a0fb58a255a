/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/lexer_local.h"

/*
 * Those of the command line, which outlive the reading of one file: the
 * file may be read again.
 */
static struct lexer_macros defines = SLIST_HEAD_INITIALIZER(defines);

static struct lexer_macro *
find(const struct lexer_macros *macros, const char *name)
{
	struct lexer_macro *macro;

	SLIST_FOREACH(macro, macros, entry) {
		if (strcmp(macro->name, name) == 0)
			return (macro);
	}
	return (NULL);
}

static void
set(struct lexer_macros *macros, const char *name, const char *text)
{
	struct lexer_macro *macro;

	macro = find(macros, name);
	if (macro == NULL) {
		macro = lexer_alloc(NULL, 1, sizeof(*macro));
		macro->name = lexer_strndup(name, strlen(name));
		SLIST_INSERT_HEAD(macros, macro, entry);
	} else
		free(macro->text);
	macro->text = text == NULL ? NULL : lexer_strndup(text, strlen(text));
}

/* Of the command line first: they replace those of the file. */
const struct lexer_macro *
lexer_macro(const struct lexer *lx, const char *name)
{
	const struct lexer_macro *macro;

	macro = find(&defines, name);
	if (macro == NULL)
		macro = find(&lx->macros, name);
	return (macro);
}

bool
lexer_macro_name(const char *name, size_t len)
{
	size_t i;

	if (len == 0 || isdigit((unsigned char)name[0]))
		return (false);
	for (i = 0; i < len; i++) {
		if (!isalnum((unsigned char)name[i]) && name[i] != '_')
			return (false);
	}
	return (true);
}

void
lexer_macro_set(struct lexer *lx, const char *name, const char *text)
{
	set(&lx->macros, name, text);
}

int
lexer_define(const char *definition)
{
	const char *value, *p;
	char *name;
	size_t len;

	value = strchr(definition, '=');
	if (value == NULL)
		return (-1);
	len = (size_t)(value - definition);
	value++;
	if (!lexer_macro_name(definition, len) ||
	    strlen(value) > LEXER_MAXTEXT)
		return (-1);
	for (p = value; *p != '\0'; p++) {
		if (iscntrl((unsigned char)*p))
			return (-1);
	}
	name = lexer_strndup(definition, len);
	set(&defines, name, value);
	free(name);
	return (0);
}

void
lexer_undefine(void)
{
	lexer_macros_free(&defines);
}

void
lexer_macros_free(struct lexer_macros *macros)
{
	struct lexer_macro *macro;

	while ((macro = SLIST_FIRST(macros)) != NULL) {
		SLIST_REMOVE_HEAD(macros, entry);
		free(macro->name);
		free(macro->text);
		free(macro);
	}
}
