/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf_parse.h"
#include "common/log.h"

/* ---- Keywords --------------------------------------------------------- */

static int
compare(const void *name, const void *keyword)
{
	return (strcmp(name, ((const struct conf_keyword *)keyword)->name));
}

static const struct conf_keyword *
find_keyword(const struct conf_parser *p, const char *name)
{
	return (bsearch(name, p->language->keywords, p->language->nkeywords,
	    sizeof(p->language->keywords[0]), compare));
}

/* The keyword that begins the statement, or NULL. */
static const struct conf_keyword *
statement_keyword(const struct conf_parser *p)
{
	const struct conf_keyword *k = NULL;

	if (p->first != NULL && p->first->kind == LEXER_WORD)
		k = find_keyword(p, p->first->text);
	return (k == NULL || k->form == NULL ? NULL : k);
}

/* Flags of the keyword that one of the last tokens is; 0: it is none. */
static unsigned int
recent_flags(const struct conf_parser *p, unsigned int i)
{
	const struct lexer_token *t = p->recent[i].t;
	const struct conf_keyword *k;

	if (t == NULL || t->kind != LEXER_WORD)
		return (0);
	k = find_keyword(p, t->text);
	return (k == NULL ? 0 : k->flags);
}

bool
conf_starts(const struct conf_parser *p, const char *word)
{
	const struct conf_keyword *k = find_keyword(p, word);
	const struct conf_keyword *block = statement_keyword(p);

	if (k == NULL || k->form == NULL || (k->flags & CONF_INBRACES) != 0)
		return (false);
	return ((k->flags & CONF_INBLOCK) == 0 || block == NULL ||
	    (block->flags & CONF_BLOCK) == 0);
}

/* ---- Tokens ----------------------------------------------------------- */

/*
 * A word of our grammar's or of nobody's.  After the number of something that
 * has units, on the same line, an unknown word is meant as one.
 */
static int
word_number(const struct conf_parser *p, const struct lexer_token *t)
{
	const struct conf_keyword *k = find_keyword(p, t->text);
	const struct lexer_token *value = p->recent[1].t;
	const struct lexer_token *name = p->recent[2].t;
	const char *fraction;
	size_t whole;

	if (k != NULL)
		return (k->token);
	if (value == NULL || name == NULL || value->pos.line != t->pos.line ||
	    !isalpha((unsigned char)t->text[0]) ||
	    !conf_decimal(value->text, &whole, &fraction))
		return (p->language->word);
	if ((recent_flags(p, 2) & CONF_AMOUNT) != 0)
		return (p->language->unit);
	k = statement_keyword(p);
	if (k != NULL && (k->flags & CONF_GROUP) != 0 && conf_setting_unit(
	    p->language->settings, k->name, name->text, t->text))
		return (p->language->unit);
	return (p->language->word);
}

static int
token_number(const struct conf_parser *p, const struct lexer_token *t)
{
	switch (t->kind) {
	case LEXER_END:
		return (0);
	case LEXER_NEWLINE:
		return ('\n');
	case LEXER_PUNCT:
		return (t->text[0]);
	case LEXER_STRING:
		return (p->language->string);
	case LEXER_WORD:
		return (word_number(p, t));
	case LEXER_BAD:
		break;
	}
	return (p->language->bad);
}

int
conf_lex(struct conf_parser *p)
{
	const struct lexer_token *t = p->recent[0].t;

	/* The lexer frees a statement as it begins to read the next one. */
	if (t != NULL && t->kind == LEXER_NEWLINE) {
		p->first = NULL;
		memset(p->recent, 0, sizeof(p->recent));
	}
	t = lexer_next(p->lexer);
	if (t->first)
		p->first = t;
	p->recent[2] = p->recent[1];
	p->recent[1] = p->recent[0];
	p->recent[0].t = t;
	p->recent[0].number = token_number(p, t);
	return (p->recent[0].number);
}

/* ---- Faults ----------------------------------------------------------- */

static unsigned int
least(unsigned int a, unsigned int b)
{
	return (a < b ? a : b);
}

/*
 * Levenshtein's distance, where two letters in each other's place are one
 * fault, if it is small enough for the length of the name.
 */
unsigned int
conf_resembles(const char *word, const char *name)
{
	unsigned int rows[3][32], *row, *above, *before, i, j;
	size_t wlen = strlen(word), nlen = strlen(name);

	if (nlen >= sizeof(rows[0]) / sizeof(rows[0][0]) ||
	    wlen > nlen + 2 || nlen > wlen + 2)
		return (0);
	row = rows[0];
	for (j = 0; j <= nlen; j++)
		row[j] = j;
	for (i = 1; i <= wlen; i++) {
		above = rows[(i - 1) % 3];
		before = rows[(i + 1) % 3];
		row = rows[i % 3];
		row[0] = i;
		for (j = 1; j <= nlen; j++) {
			row[j] = above[j - 1] + (word[i - 1] != name[j - 1]);
			row[j] = least(row[j], above[j] + 1);
			row[j] = least(row[j], row[j - 1] + 1);
			if (i > 1 && j > 1 && word[i - 1] == name[j - 2] &&
			    word[i - 2] == name[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
		}
	}
	return (row[nlen] <= (nlen > 3 ? 2U : 1U) ? row[nlen] : 0);
}

static void
unknown_statement(struct conf_parser *p, const struct lexer_token *t)
{
	const struct conf_language *language = p->language;
	const struct conf_keyword *best = NULL;
	unsigned int faults = 0, n;
	size_t i;

	for (i = 0; i < language->nkeywords; i++) {
		if (language->keywords[i].form == NULL)
			continue;
		n = conf_resembles(t->text, language->keywords[i].name);
		if (n > 0 && (best == NULL || n < faults)) {
			best = &language->keywords[i];
			faults = n;
		}
	}
	if (best == NULL)
		lexer_error(p->lexer, &t->pos, "unknown statement \"%s\"",
		    t->text);
	else
		lexer_error(p->lexer, &t->pos, "unknown statement "
		    "\"%s\": did you mean \"%s\"?", t->text, best->name);
}

/* A second value after one that stands alone. */
static bool
lacks_braces(const struct conf_parser *p)
{
	const struct lexer_token *t = p->recent[0].t;

	if (t->kind != LEXER_WORD && t->kind != LEXER_STRING &&
	    p->recent[0].number != ',')
		return (false);
	if (find_keyword(p, t->text) != NULL)
		return (false);
	if ((recent_flags(p, 2) & CONF_LIST) == 0 || p->recent[2].t->first)
		return (false);
	return (p->recent[1].t->kind == LEXER_WORD ||
	    p->recent[1].t->kind == LEXER_STRING);
}

static void
syntax_error(struct conf_parser *p, const struct lexer_token *t,
    const struct conf_keyword *k)
{
	const char *colon = k == NULL ? "" : ": expected: ";
	const char *form = k == NULL ? "" : k->form;

	if (t->kind == LEXER_NEWLINE || t->kind == LEXER_END)
		lexer_error(p->lexer, &t->pos,
		    "syntax error at the end of the line%s%s", colon, form);
	else if (lacks_braces(p))
		lexer_error(p->lexer, &t->pos, "syntax error at \"%s\": "
		    "a list needs braces: %s { %s ... }", t->text,
		    p->recent[2].t->text, p->recent[1].t->text);
	else
		lexer_error(p->lexer, &t->pos,
		    "syntax error at \"%s\"%s%s", t->text, colon, form);
}

/*
 * What the statement at fault would have said cannot be missed later.  If it
 * is not known what statement it is, this can be any.
 */
static void
syntax_fault(struct conf_parser *p)
{
	const struct lexer_token *t = p->recent[0].t;
	const struct conf_keyword *k = statement_keyword(p);

	if (t->first && t->kind == LEXER_WORD && k == NULL)
		unknown_statement(p, t);
	else if (t->kind != LEXER_BAD)
		syntax_error(p, t, k);
	p->broken |= k == NULL ? p->language->statements : k->statements;
	lexer_recover(p->lexer);
}

void
conf_parser_error(struct conf_parser *p, const char *message)
{
	if (strcmp(message, "syntax error") == 0) {
		syntax_fault(p);
		return;
	}
	/* There may be no word yet that it could be said of. */
	errno = ENOMEM;
	fatal("configuration: %s", message);
}

void
conf_empty_list(struct conf_parser *p)
{
	lexer_error(p->lexer, &p->recent[0].t->pos, "empty list");
}

/* ---- What is held ----------------------------------------------------- */

void
conf_hold_setting(struct conf_parser *p, const struct lexer_token *name,
    const struct lexer_token *value, const struct lexer_token *unit)
{
	p->held.name = name;
	p->held.value = value;
	p->held.unit = unit;
}

void
conf_hold_amount(struct conf_parser *p, unsigned int clause,
    const struct lexer_token *value, const struct lexer_token *unit)
{
	p->held.name = NULL;
	p->held.clause = clause;
	p->held.value = value;
	p->held.unit = unit;
}

void
conf_release(struct conf_parser *p)
{
	struct conf_held h = p->held;

	p->held.value = NULL;
	if (h.value == NULL)
		return;
	if (h.name != NULL)
		conf_setting(p, h.name, h.value, h.unit);
	else
		conf_amount(p, h.clause, h.value, h.unit);
}
