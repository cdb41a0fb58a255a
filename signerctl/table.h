/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef SIGNERCTL_TABLE_H
#define SIGNERCTL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/ctlmsg.h"

/*
 * Rows for people, and for programs.  Bytes that a terminal would obey are
 * shown as \xNN.
 */

/* What a line has room for.  A name that is longer makes it longer. */
#define TABLE_WIDTH	80

/* How a value is shown. */
enum table_form {
	TABLE_PLAIN,
	TABLE_SECONDS,		/* as "3 d 4:05" */
	TABLE_YES,		/* "yes" or nothing */
	TABLE_NO,		/* "yes" or "no" */
	TABLE_UP,		/* the same, or "no" where `up` is false */
	TABLE_BYTES,		/* as "1.5 MiB" */
	TABLE_TIME,		/* Unix time, as a date */
	/* The last column: what has no room goes on in the next line. */
	TABLE_WRAPPED,
	/* On lines of its own below the row, after its heading if it has one. */
	TABLE_BELOW
};

struct table_column {
	const char	*field;
	const char	*heading;
	enum table_form	 form;
};

/*
 * Those of the rows that are of the section, under headings, in columns;
 * columns that are empty in all of them are left out, and "-" stands where one
 * has nothing.  Returns how many rows.
 */
size_t	table_print(FILE *, const char *section,
	    const struct table_column *, size_t ncolumns,
	    const struct ctl_row *const *rows, size_t nrows);
/*
 * Bytes of the next character, 1 of what is none; plain: it can be shown.  Its
 * code, U+FFFD of what is none.
 */
size_t	table_character(const char *, bool *plain, uint32_t *code);
/* Printable, and how wide it is then; f NULL: that alone. */
size_t	table_text(FILE *, const char *);
/*
 * The same, in lines: from that column on, which is where we are, and a next
 * line from another one.  They end at blanks that are not in quotes.
 */
void	table_wrap(FILE *, size_t at, size_t next, const char *);
/* A rule, with a word for a domain of zeros; to be freed. */
char	*table_rule(const char *);
/* Into room for the longest. */
#define TABLE_TIMESIZE	48
void	table_seconds(char [TABLE_TIMESIZE], uint64_t);

/* ---- signerctl/table_json.c -------------------------------------------- */

/*
 * One object: a member for each section, whose value is the list of its rows,
 * each an object; that of a section among single is one object.  Sections
 * that have no rows are there, too.  Lists end with NULL.  -1: no memory.
 */
int	table_json(FILE *, const char *const *sections,
	    const char *const *single, const struct ctl_row *const *rows,
	    size_t nrows);

#endif /* SIGNERCTL_TABLE_H */
