/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: common/lexer.o common/lexer_file.o common/lexer_macro.o
 */

#include "common/lexer.h"
#include "regress/fuzz/conftext.h"

/*
 * The words of any configuration.  The first byte chooses what the grammar
 * would do: with which of the tokens it goes to the statement's end.  A
 * second one a definition as of -D.
 */

static bool
starts(const char *word)
{
	return (strcmp(word, "allow") == 0 || strcmp(word, "key") == 0);
}

/* What every token keeps to. */
static void
check_token(const struct lexer_token *t, const struct lexer_pos *before)
{
	const char	*p;

	must(t->pos.file != NULL && t->pos.line >= 0);
	must(t->pos.order >= before->order);
	must(strlen(t->text) <= LEXER_MAXTEXT);
	for (p = t->text; *p != '\0'; p++)
		must((unsigned char)*p >= 0x20 && *p != 0x7f);
	switch (t->kind) {
	case LEXER_PUNCT:
		must(strlen(t->text) == 1 &&
		    strchr("{}=,", t->text[0]) != NULL);
		break;
	case LEXER_WORD:
		must(t->text[0] != '\0' && strpbrk(t->text, "\" \t") == NULL);
		break;
	default:
		break;
	}
}

static void
read_all(struct lexer *lx, uint8_t every)
{
	const struct lexer_token	*t;
	struct lexer_pos		 before = { NULL, 0, 0 };
	enum lexer_kind			 kind = LEXER_NEWLINE;
	unsigned int			 n = 0;
	bool				 named = false;

	while ((t = lexer_next(lx))->kind != LEXER_END) {
		check_token(t, &before);
		/* No statement is empty; the first of one says so. */
		must(kind != LEXER_NEWLINE || t->kind != LEXER_NEWLINE);
		must(kind != LEXER_NEWLINE || t->first);
		/* The grammar never sees a definition. */
		must(!named || t->kind != LEXER_PUNCT || t->text[0] != '=');
		named = t->first && t->kind == LEXER_WORD;
		before = t->pos;
		kind = t->kind;
		if (every > 0 && ++n % every == 0) {
			lexer_recover(lx);
			named = false;
			if (kind == LEXER_NEWLINE)
				continue;
			t = lexer_next(lx);
			must(t->kind == LEXER_NEWLINE || t->kind == LEXER_END);
			kind = LEXER_NEWLINE;
		}
	}
	/* Over and over. */
	must(lexer_next(lx)->kind == LEXER_END);
	must(lexer_last(lx)->file != NULL);
}

static unsigned int	 told;		/* faults, of the file that is read */

static void
print_line(const char *line, bool warning, void *arg)
{
	told += !warning;
	must(fprintf(arg, "%s\n", line) > 0);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	conftext_init();
	return (0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char	*const definitions[] = {
		NULL, "x=y", "name=\"a b\"", "a.b=", "=", "x", "x=$x",
		"x=\001"
	};
	struct conftext_said	 said;
	struct lexer_names	 names;
	struct lexer		*lx;
	struct take		 t = { data, size };
	uint8_t			 every = take_u8(&t) % 16;
	const char		*d = definitions[take_u8(&t) % 8];
	unsigned int		 faults;

	conftext_set(t.p, t.left);
	if (d != NULL)
		must((lexer_define(d) == 0) == (strchr(d, '=') > d &&
		    strchr(d, '\001') == NULL && strchr(d, '.') == NULL));
	conftext_listen(&said);
	lx = lexer_open(CONFTEXT, starts, NULL);
	read_all(lx, every);
	faults = lexer_nerrors(lx);
	told = 0;
	lexer_tell(lx, print_line, stderr);
	conftext_heard(&said);
	must((told > 0) == (faults > 0));
	must(!lexer_incomplete(lx) || faults > 0);
	lexer_close(lx, &names);
	lexer_names_free(&names);
	lexer_undefine();
	return (0);
}
