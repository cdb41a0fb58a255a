/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/lexer_local.h"

#define AT_END	(-1)

/* A text that grows up to LEXER_MAXTEXT. */
struct text {
	size_t	len;
	bool	over;
	char	buf[LEXER_MAXTEXT + 1];
};

static struct lexer_token *raw(struct lexer *);

/* ---- Characters ------------------------------------------------------- */

/* The next one: of a macro's text and then of the file. */
static int
peek(struct lexer *lx)
{
	const struct lexer_source *src = lx->source;

	if (lx->expansion != NULL) {
		if (*lx->expansion != '\0')
			return ((unsigned char)*lx->expansion);
		lx->expansion = NULL;
	}
	if (src == NULL || src->at == src->len)
		return (AT_END);
	return ((unsigned char)src->text[src->at]);
}

static void
take(struct lexer *lx)
{
	struct lexer_source *src = lx->source;

	if (lx->expansion != NULL) {
		lx->expansion++;
		return;
	}
	if (src->text[src->at++] == '\n') {
		src->line++;
		lx->order++;
	}
}

static bool
is_control(int c)
{
	return ((c >= 0 && c < 0x20) || c == 0x7f);
}

static bool
is_word(int c)
{
	if (c <= 0 || c >= 0x80)
		return (false);
	return (isalnum(c) || strchr("._-:/%@+*~", c) != NULL);
}

static void
put(struct text *t, int c)
{
	if (t->len == LEXER_MAXTEXT) {
		t->over = true;
		return;
	}
	t->buf[t->len++] = (char)c;
}

/* ---- Tokens ----------------------------------------------------------- */

static void
free_tokens(struct lexer *lx)
{
	struct lexer_token *t;

	while ((t = lx->tokens) != NULL) {
		lx->tokens = t->next;
		free(t);
	}
}

static struct lexer_token *
token(struct lexer *lx, enum lexer_kind kind, const struct lexer_pos *pos,
    const char *text, size_t len)
{
	struct lexer_token *t;

	if (lx->start && kind != LEXER_NEWLINE)
		free_tokens(lx);
	t = lexer_alloc(NULL, 1, sizeof(*t) + len + 1);
	t->kind = kind;
	t->first = lx->start;
	t->pos = *pos;
	memcpy(t->text, text, len);
	t->next = lx->tokens;
	lx->tokens = t;
	lx->start = kind == LEXER_NEWLINE || kind == LEXER_END;
	lx->linestart = false;
	return (t);
}

static struct lexer_token *
bad(struct lexer *lx, const struct lexer_pos *pos)
{
	return (token(lx, LEXER_BAD, pos, "", 0));
}

/* A brace is still open where the statement has to end. */
static struct lexer_token *
unclosed(struct lexer *lx, const struct lexer_pos *pos)
{
	lexer_error(lx, pos, "missing \"}\" for the \"{\" of line %d",
	    lx->brace_line);
	lx->braces = 0;
	lx->cut = true;
	return (bad(lx, pos));
}

/* Returns false if the comment holds what it must not. */
static bool
skip_comment(struct lexer *lx)
{
	struct lexer_pos pos = lexer_here(lx);
	int c, fault = 0;

	while ((c = peek(lx)) != AT_END && c != '\n') {
		if (is_control(c) && c != '\t' && fault == 0) {
			lexer_error(lx, &pos,
			    "control byte 0x%02x in a comment",
			    (unsigned int)c);
			fault = 1;
		}
		take(lx);
	}
	return (fault == 0);
}

/* Backslash at the end of a line. */
static bool
skip_continuation(struct lexer *lx)
{
	const struct lexer_source *src = lx->source;

	if (lx->expansion != NULL || src->len - src->at < 2 ||
	    src->text[src->at + 1] != '\n')
		return (false);
	take(lx);
	take(lx);
	return (true);
}

/* NULL: there is a token to be read; else what was found instead. */
static struct lexer_token *
skip_blank(struct lexer *lx)
{
	struct lexer_pos pos;
	int c;

	for (;;) {
		c = peek(lx);
		if (c == ' ' || c == '\t')
			take(lx);
		else if (c == '\n' && (lx->braces > 0 || lx->start)) {
			take(lx);
			lx->linestart = true;
		} else if (c == '#' && lx->expansion == NULL) {
			pos = lexer_here(lx);
			if (!skip_comment(lx))
				return (bad(lx, &pos));
		} else if (c != '\\' || !skip_continuation(lx))
			return (NULL);
	}
}

/*
 * Whether a word at the head of a line within braces cannot belong there: it
 * begins a statement, or a macro is defined.
 */
static bool
is_statement(const struct lexer *lx, const char *text)
{
	const struct lexer_source *src = lx->source;
	size_t at = src->at;

	if (lx->starts == NULL)
		return (false);
	while (at < src->len && (src->text[at] == ' ' ||
	    src->text[at] == '\t'))
		at++;
	return (lx->starts(text) ||
	    (at < src->len && src->text[at] == '='));
}

static struct lexer_token *
word(struct lexer *lx)
{
	struct lexer_pos pos = lexer_here(lx);
	bool written = lx->expansion == NULL;
	size_t at = lx->source->at;
	struct text t;

	t.len = 0;
	t.over = false;
	while (is_word(peek(lx))) {
		put(&t, peek(lx));
		take(lx);
	}
	t.buf[t.len] = '\0';
	if (t.over) {
		lexer_error(lx, &pos, "word is over 8191 bytes");
		return (bad(lx, &pos));
	}
	if (written && lx->braces > 0 && lx->linestart &&
	    is_statement(lx, t.buf)) {
		/* It begins a statement, to be read after this one. */
		lx->source->at = at;
		return (unclosed(lx, &pos));
	}
	return (token(lx, LEXER_WORD, &pos, t.buf, t.len));
}

/* Within a string: one that a macro's text begins ends there, too. */
static int
peek_string(struct lexer *lx, bool expanded)
{
	if (expanded && *lx->expansion == '\0')
		return (AT_END);
	return (peek(lx));
}

/* The character after a backslash in a string; false if it is unknown. */
static bool
escape(struct lexer *lx, struct text *t, const struct lexer_pos *pos,
    bool expanded, bool quiet)
{
	int c;

	take(lx);
	c = peek_string(lx, expanded);
	if (c == '"' || c == '\\') {
		put(t, c);
		take(lx);
		return (true);
	}
	if (quiet)
		return (false);
	if (c > ' ' && c < 0x7f)
		lexer_error(lx, pos, "\"\\%c\" in a string: only \\\" and "
		    "\\\\ are known", c);
	else
		lexer_error(lx, pos, "\"\\\" in a string: only \\\" and "
		    "\\\\ are known");
	return (false);
}

/* Reports the first fault only and still goes to the end of the string. */
static struct lexer_token *
string(struct lexer *lx)
{
	struct lexer_pos pos = lexer_here(lx);
	bool expanded = lx->expansion != NULL, fault = false;
	struct text t;
	int c;

	t.len = 0;
	t.over = false;
	take(lx);
	for (;;) {
		c = peek_string(lx, expanded);
		if (c == AT_END || c == '\n') {
			if (!fault)
				lexer_error(lx, &pos,
				    "string is not terminated");
			return (bad(lx, &pos));
		}
		if (c == '\\') {
			if (!escape(lx, &t, &pos, expanded, fault))
				fault = true;
			continue;
		}
		take(lx);
		if (c == '"')
			break;
		if (is_control(c) && !fault) {
			lexer_error(lx, &pos,
			    "control byte 0x%02x in a string",
			    (unsigned int)c);
			fault = true;
		}
		put(&t, c);
	}
	if (t.over && !fault)
		lexer_error(lx, &pos, "string is over 8191 bytes");
	if (t.over || fault)
		return (bad(lx, &pos));
	return (token(lx, LEXER_STRING, &pos, t.buf, t.len));
}

static struct lexer_token *
punct(struct lexer *lx, int c)
{
	struct lexer_pos pos = lexer_here(lx);
	char text = (char)c;

	take(lx);
	if (c == '{' && lx->braces++ == 0)
		lx->brace_line = pos.line;
	if (c == '}' && lx->braces > 0)
		lx->braces--;
	return (token(lx, LEXER_PUNCT, &pos, &text, 1));
}

/* Puts the macro's text before what follows; NULL unless it cannot. */
static struct lexer_token *
expand(struct lexer *lx)
{
	struct lexer_pos pos = lexer_here(lx);
	const struct lexer_source *src = lx->source;
	const struct lexer_macro *macro;
	size_t start;
	char *name;
	int c;

	take(lx);
	start = src->at;
	while ((c = peek(lx)) == '_' || (c > 0 && c < 0x80 && isalnum(c)))
		take(lx);
	if (!lexer_macro_name(src->text + start, src->at - start)) {
		lexer_error(lx, &pos, "\"$\" without the name of a macro");
		return (bad(lx, &pos));
	}
	name = lexer_strndup(src->text + start, src->at - start);
	macro = lexer_macro(lx, name);
	if (macro == NULL)
		lexer_error(lx, &pos, "macro \"%s\" is not defined", name);
	free(name);
	if (macro == NULL || macro->text == NULL)
		return (bad(lx, &pos));
	lx->expansion = macro->text;
	return (NULL);
}

static struct lexer_token *
unexpected(struct lexer *lx, int c)
{
	struct lexer_pos pos = lexer_here(lx);

	if (lx->expansion != NULL && (c == '$' || c == '#'))
		lexer_error(lx, &pos, "\"%c\" in the text of a macro", c);
	else if (is_control(c))
		lexer_error(lx, &pos, "control byte 0x%02x",
		    (unsigned int)c);
	else if (c >= 0x80)
		lexer_error(lx, &pos, "unexpected byte 0x%02x",
		    (unsigned int)c);
	else
		lexer_error(lx, &pos, "unexpected character \"%c\"", c);
	take(lx);
	return (bad(lx, &pos));
}

static struct lexer_token *
newline(struct lexer *lx)
{
	struct lexer_pos pos = lexer_here(lx);

	if (!lx->cut && peek(lx) == '\n')
		take(lx);
	lx->cut = false;
	return (token(lx, LEXER_NEWLINE, &pos, "", 0));
}

/* A token of the text as it stands, macros expanded. */
static struct lexer_token *
raw(struct lexer *lx)
{
	struct lexer_token *t;
	struct lexer_pos pos;
	int c;

	for (;;) {
		if (lx->cut)
			return (newline(lx));
		if ((t = skip_blank(lx)) != NULL)
			return (t);
		c = peek(lx);
		if (c == '$' && lx->expansion == NULL) {
			if ((t = expand(lx)) != NULL)
				return (t);
			continue;
		}
		if (c != AT_END)
			break;
		pos = lexer_here(lx);
		if (lx->source == NULL)
			return (token(lx, LEXER_END, &pos, "", 0));
		if (lx->braces > 0)
			return (unclosed(lx, &pos));
		if (!lx->start)
			return (newline(lx));
		lexer_pop(lx);
	}
	if (c == '\n')
		return (newline(lx));
	if (c == '"')
		return (string(lx));
	if (c == '{' || c == '}' || c == '=' || c == ',')
		return (punct(lx, c));
	if (is_word(c))
		return (word(lx));
	return (unexpected(lx, c));
}

/* ---- Statements of the lexer's own ------------------------------------ */

static bool
ends(const struct lexer_token *t)
{
	return (t->kind == LEXER_NEWLINE || t->kind == LEXER_END);
}

/* Whatever the rest of the statement holds has had its message. */
static struct lexer_token *
skip(struct lexer *lx, struct lexer_token *t)
{
	bool mute = lx->mute;

	lx->mute = true;
	while (!ends(t))
		t = raw(lx);
	lx->mute = mute;
	return (t);
}

static bool
is_punct(const struct lexer_token *t, char c)
{
	return (t->kind == LEXER_PUNCT && t->text[0] == c);
}

/*
 * The value of a macro, after the "=": words and strings.  False if it has a
 * fault, which has been reported.
 */
static bool
value(struct lexer *lx, const struct lexer_token *name, struct text *v)
{
	struct lexer_token *t;
	const char *p;
	bool none = true;

	for (t = raw(lx); !ends(t); t = raw(lx)) {
		if (t->kind == LEXER_PUNCT)
			lexer_error(lx, &t->pos,
			    "value of macro \"%s\" is not a string",
			    name->text);
		if (t->kind == LEXER_PUNCT || t->kind == LEXER_BAD) {
			skip(lx, t);
			return (false);
		}
		if (!none)
			put(v, ' ');
		for (p = t->text; *p != '\0'; p++)
			put(v, *p);
		none = false;
	}
	if (none)
		lexer_error(lx, &t->pos, "macro \"%s\" needs a value",
		    name->text);
	else if (v->over)
		lexer_error(lx, &name->pos,
		    "value of macro \"%s\" is over 8191 bytes", name->text);
	return (!none && !v->over);
}

static void
define(struct lexer *lx, const struct lexer_token *name,
    struct lexer_token *equals)
{
	struct text v;

	if (!lexer_macro_name(name->text, strlen(name->text))) {
		lexer_error(lx, &name->pos,
		    "\"%s\" cannot be the name of a macro", name->text);
		skip(lx, equals);
		return;
	}
	v.len = 0;
	v.over = false;
	if (!value(lx, name, &v)) {
		/* Its uses are not faults of their own. */
		lexer_macro_set(lx, name->text, NULL);
		return;
	}
	v.buf[v.len] = '\0';
	lexer_macro_set(lx, name->text, v.buf);
}

static void
include(struct lexer *lx, const struct lexer_token *keyword,
    struct lexer_token *file)
{
	struct lexer_token *t = file;

	if ((file->kind == LEXER_STRING || file->kind == LEXER_WORD) &&
	    file->text[0] != '\0')
		t = raw(lx);
	if (t == file || !ends(t)) {
		if (t->kind != LEXER_BAD)
			lexer_error(lx, &keyword->pos,
			    "include needs the name of one file");
		lx->incomplete = true;
		skip(lx, t);
		return;
	}
	lexer_include(lx, file->text, &keyword->pos);
}

/* ---- For the grammar -------------------------------------------------- */

struct lexer *
lexer_open(const char *path, bool (*starts)(const char *), const char *help)
{
	struct lexer *lx;
	struct lexer_name *name;

	lx = lexer_alloc(NULL, 1, sizeof(*lx));
	SLIST_INIT(&lx->names);
	SLIST_INIT(&lx->macros);
	lx->starts = starts;
	lx->help = help;
	lx->start = true;
	/* Messages about a file that is not there need a place, too. */
	name = lexer_alloc(NULL, 1, sizeof(*name));
	name->name = lexer_strndup(path, strlen(path));
	SLIST_INSERT_HEAD(&lx->names, name, entry);
	lx->last.file = name->name;
	lexer_push(lx, path, &lx->last);
	return (lx);
}

const struct lexer_token *
lexer_next(struct lexer *lx)
{
	struct lexer_token *t, *next;

	for (;;) {
		if (lx->pending != NULL) {
			t = lx->pending;
			lx->pending = NULL;
			break;
		}
		t = raw(lx);
		if (!t->first || t->kind != LEXER_WORD)
			break;
		next = raw(lx);
		if (is_punct(next, '='))
			define(lx, t, next);
		else if (strcmp(t->text, "include") == 0)
			include(lx, t, next);
		else {
			lx->pending = next;
			break;
		}
	}
	lx->given = t->kind;
	return (t);
}

void
lexer_recover(struct lexer *lx)
{
	struct lexer_token *t;

	if (lx->given == LEXER_NEWLINE || lx->given == LEXER_END)
		return;
	t = lx->pending;
	if (t == NULL) {
		lx->mute = true;
		t = raw(lx);
		lx->mute = false;
	}
	lx->pending = skip(lx, t);
}

bool
lexer_incomplete(const struct lexer *lx)
{
	return (lx->incomplete);
}

const struct lexer_pos *
lexer_last(const struct lexer *lx)
{
	return (&lx->last);
}

void
lexer_close(struct lexer *lx, struct lexer_names *names)
{
	unsigned int i;

	while (lx->source != NULL)
		lexer_pop(lx);
	free_tokens(lx);
	lexer_macros_free(&lx->macros);
	for (i = 0; i < lx->nmessages; i++)
		free(lx->messages[i].text);
	free(lx->messages);
	*names = lx->names;
	free(lx);
}
