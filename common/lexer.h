/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_LEXER_H
#define COMMON_LEXER_H

#include <sys/queue.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * The words of a configuration file, for a grammar of any daemon: files and
 * includes, macros, quoted strings, comments, places and messages.  What the
 * words mean is the grammar's.
 *
 * The lexer itself carries out `name = "value"`, `include "file"` and
 * `$name`: the grammar sees only what is left.  A macro's text is read in
 * the place of its use as if it had been written there, except that it
 * cannot name another macro.
 */
#define LEXER_MAXFILE	(1024 * 1024)	/* bytes of one file */
#define LEXER_MAXTEXT	8191		/* bytes of a word, string or macro */
#define LEXER_MAXDEPTH	16		/* includes within includes */
#define LEXER_MAXFILES	1024		/* includes in all */
#define LEXER_MAXERRORS	1000		/* messages that are kept */

struct lexer;

/* Where something stands. */
struct lexer_pos {
	const char	*file;		/* of the names, see lexer_close */
	int		 line;		/* 0: the file as a whole */
	unsigned int	 order;		/* of the line, includes expanded */
};

enum lexer_kind {
	LEXER_END,		/* of the text; over and over */
	LEXER_NEWLINE,		/* end of a statement, never of an empty one */
	LEXER_WORD,		/* not quoted */
	LEXER_STRING,		/* quoted; text is without quotes and escapes */
	LEXER_PUNCT,		/* one of { } = , */
	LEXER_BAD		/* a fault that has been reported already */
};

/*
 * Owned by the lexer, and valid until the first token of the next statement
 * is asked for.
 */
struct lexer_token {
	struct lexer_token	*next;	/* the lexer's own */
	enum lexer_kind		 kind;
	bool			 first;	/* of its statement */
	struct lexer_pos	 pos;
	char			 text[];	/* can be empty */
};

/* The names of the files, to which every lexer_pos points. */
struct lexer_name {
	SLIST_ENTRY(lexer_name) entry;
	char		*name;
};
SLIST_HEAD(lexer_names, lexer_name);
void		 lexer_names_free(struct lexer_names *);

/*
 * A macro for all files read from now on, as "name=value", which no
 * definition in a file replaces.  -1 if it is not of that form, or the value
 * is too long or has control bytes.
 */
int		 lexer_define(const char *);
/* Forgets those macros. */
void		 lexer_undefine(void);

/*
 * Begins to read a file.  starts tells whether a word begins a statement and
 * never a line within braces: such a word at the head of a line, where a
 * brace is open, means that the closing one was forgotten.  NULL: no word.
 * A file that cannot be read, or that somebody else can write to, is reported
 * like any other fault.  help, if not NULL, ends the message about a first
 * file that does not exist.  Short of memory is fatal, here and below.
 */
struct lexer	*lexer_open(const char *path, bool (*starts)(const char *),
		    const char *help);
const struct lexer_token *lexer_next(struct lexer *);
/*
 * After a syntax error: goes to the end of the statement that the last token
 * belongs to, so that the next token is its LEXER_NEWLINE.
 */
void		 lexer_recover(struct lexer *);
/* Some text is missing: a file could not be read. */
bool		 lexer_incomplete(const struct lexer *);
/* The last line of the first file, after LEXER_END. */
const struct lexer_pos *lexer_last(const struct lexer *);

/*
 * Messages are kept and told by lexer_tell, each in a line "FILE:LINE: text"
 * or "FILE:LINE: warning: text", in the order of the text, whatever the order
 * of these calls.
 */
void		 lexer_error(struct lexer *, const struct lexer_pos *,
		    const char *, ...) __attribute__((format(printf, 3, 4)));
void		 lexer_warn(struct lexer *, const struct lexer_pos *,
		    const char *, ...) __attribute__((format(printf, 3, 4)));
unsigned int	 lexer_nerrors(const struct lexer *);
void		 lexer_tell(struct lexer *,
		    void (*)(const char *line, bool warning, void *arg),
		    void *arg);

/*
 * What makes a file one that others can decide the content of, and how to put
 * it right: it belongs to neither root nor our user, or others can write to
 * it; nor can its group if we are root.  Ordinary users often have a group of
 * their own.  NULL if it can be trusted, else a text to be freed.
 */
struct stat;
char		*lexer_untrusted(const struct stat *, const char *path);

/* Frees all but the names of the files, which become the caller's. */
void		 lexer_close(struct lexer *, struct lexer_names *);

#endif /* COMMON_LEXER_H */
