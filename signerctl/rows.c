/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "signerctl/talk.h"

void *
talk_grow(void *p, size_t n, size_t size)
{
	if ((p = reallocarray(p, n, size)) == NULL)
		give_up("out of memory");
	return (p);
}

struct row *
answer_add(struct answer *a, const char *section)
{
	struct row	*r;

	/* The room doubles. */
	if ((a->nrows & (a->nrows - 1)) == 0)
		a->rows = talk_grow(a->rows, a->nrows == 0 ? 1 :
		    2 * a->nrows, sizeof(*a->rows));
	r = &a->rows[a->nrows++];
	memset(r, 0, sizeof(*r));
	r->row.section = section;
	return (r);
}

void
answer_free(struct answer *a)
{
	size_t	 i, n;

	for (i = 0; i < a->nrows; i++) {
		free(a->rows[i].strings);
		free(a->rows[i].last);
		for (n = 0; n < CTL_FIELDS; n++)
			free(a->rows[i].more[n]);
	}
	free(a->rows);
	free(a->slots);
	memset(a, 0, sizeof(*a));
}

/* ---- Finding ---------------------------------------------------------- */

static size_t
hash(const char *section, const char *value)
{
	uint64_t	 h = 14695981039346656037ULL;

	for (; *section != '\0'; section++)
		h = (h ^ (unsigned char)*section) * 1099511628211ULL;
	for (h *= 31; *value != '\0'; value++)
		h = (h ^ (unsigned char)*value) * 1099511628211ULL;
	return ((size_t)(h ^ h >> 32));
}

/* Where it is, or where it would be; there is always room. */
static size_t *
slot_of(const struct answer *a, const char *section, const char *value)
{
	const struct ctl_row	*row;
	size_t			 i;

	for (i = hash(section, value);; i++) {
		i &= a->nslots - 1;
		if (a->slots[i] == 0)
			return (&a->slots[i]);
		row = &a->rows[a->slots[i] - 1].row;
		if (row_is(row, section) &&
		    strcmp(row->fields[0].value, value) == 0)
			return (&a->slots[i]);
	}
}

static void
enter(struct answer *a, size_t index)
{
	const struct ctl_row	*row = &a->rows[index].row;
	size_t			*slot;

	if (row->nfields == 0)
		return;
	slot = slot_of(a, row->section, row->fields[0].value);
	/* The first of those that are alike. */
	if (*slot == 0)
		*slot = index + 1;
}

/* Rows that have come since the last time, twice the room for all. */
static void
enter_all(struct answer *a)
{
	if (a->nslots < 2 * (a->nrows + 1)) {
		a->nslots = a->nslots == 0 ? 64 : a->nslots;
		while (a->nslots < 4 * (a->nrows + 1))
			a->nslots *= 2;
		free(a->slots);
		if ((a->slots = calloc(a->nslots, sizeof(*a->slots))) == NULL)
			give_up("out of memory");
		a->nfound = 0;
	}
	for (; a->nfound < a->nrows; a->nfound++)
		enter(a, a->nfound);
}

struct row *
answer_find(struct answer *a, const char *section, const char *name,
    const char *value, bool add)
{
	struct row	*r;
	size_t		*slot;

	enter_all(a);
	slot = slot_of(a, section, value);
	if (*slot != 0)
		return (&a->rows[*slot - 1]);
	if (!add)
		return (NULL);
	r = answer_add(a, section);
	row_set(r, name, CTL_STRING, value);
	return (r);
}

/* ---- Rows ------------------------------------------------------------- */

static struct ctl_field *
find_field(struct ctl_row *row, const char *name)
{
	unsigned int	 i;

	for (i = 0; i < row->nfields; i++)
		if (strcmp(row->fields[i].name, name) == 0)
			return (&row->fields[i]);
	return (NULL);
}

const char *
row_value(const struct ctl_row *row, const char *name)
{
	unsigned int	 i;

	for (i = 0; i < row->nfields; i++)
		if (strcmp(row->fields[i].name, name) == 0)
			return (row->fields[i].value);
	return (NULL);
}

const char *
row_said(const struct ctl_row *row, const char *name)
{
	const char	*value = row_value(row, name);

	return (value != NULL ? value : "?");
}

bool
row_is(const struct ctl_row *row, const char *section)
{
	return (strcmp(row->section, section) == 0);
}

/* name is to outlive the row. */
void
row_set(struct row *r, const char *name, enum ctl_kind kind,
    const char *value)
{
	struct ctl_field	*f = find_field(&r->row, name);
	size_t			 i;

	if (f == NULL) {
		if (r->row.nfields == CTL_FIELDS)
			return;
		f = &r->row.fields[r->row.nfields++];
		f->name = name;
	}
	i = (size_t)(f - r->row.fields);
	free(r->more[i]);
	if ((r->more[i] = strdup(value)) == NULL)
		give_up("out of memory");
	f->kind = kind;
	f->value = r->more[i];
	f->len = strlen(value);
}

void
row_count(struct row *r, const char *name, uint64_t n)
{
	const char	*before = row_value(&r->row, name);
	char		 text[24];

	if (before != NULL)
		n += strtoull(before, NULL, 10);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
	row_set(r, name, CTL_NUMBER, text);
}
