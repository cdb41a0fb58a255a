/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_LEXER_LOCAL_H
#define COMMON_LEXER_LOCAL_H

#include <sys/types.h>
#include <stdint.h>

#include "common/lexer.h"

/* Shared by the parts of the lexer, and by nobody else. */

/* A file that is being read, and the one that includes it. */
struct lexer_source {
	struct lexer_source	*outer;
	const char		*name;
	char			*text;
	size_t			 len;
	size_t			 at;
	int			 line;
	dev_t			 dev;
	ino_t			 ino;
};

struct lexer_macro {
	SLIST_ENTRY(lexer_macro) entry;
	char		*name;
	char		*text;		/* NULL: its definition was faulty */
};
SLIST_HEAD(lexer_macros, lexer_macro);

struct lexer_message {
	unsigned int	 order;
	unsigned int	 index;		/* among those of the same line */
	bool		 warning;
	char		*text;
};

struct lexer {
	bool		 (*starts)(const char *);
	const char	*help;		/* when there is no first file */
	struct lexer_source *source;	/* NULL at the end */
	unsigned int	 nfiles;
	unsigned int	 depth;		/* of sources */
	unsigned int	 order;
	struct lexer_pos last;
	bool		 incomplete;
	struct lexer_names names;

	const char	*expansion;	/* rest of a macro's text, or NULL */
	struct lexer_macros macros;

	struct lexer_token *tokens;	/* of this statement, last one first */
	struct lexer_token *pending;	/* looked at and to be given out */
	enum lexer_kind	 given;		/* kind of the token given out last */
	bool		 start;		/* the next token is a first one */
	bool		 cut;		/* the next token is a newline */
	unsigned int	 braces;	/* open */
	int		 brace_line;	/* of the outermost */
	bool		 linestart;	/* within braces: first of its line */
	bool		 mute;		/* skipping: no messages */

	struct lexer_message *messages;
	unsigned int	 nmessages;
	unsigned int	 nerrors;
};

/* lexer_file.c */
void		*lexer_alloc(void *, size_t n, size_t size);
char		*lexer_strndup(const char *, size_t);
struct lexer_pos lexer_here(const struct lexer *);
/* Makes the file the source; name is as written in the statement at pos. */
void		 lexer_include(struct lexer *, const char *name,
		    const struct lexer_pos *);
void		 lexer_push(struct lexer *, const char *path,
		    const struct lexer_pos *);
void		 lexer_pop(struct lexer *);

/* lexer_macro.c */
const struct lexer_macro *lexer_macro(const struct lexer *, const char *);
bool		 lexer_macro_name(const char *, size_t);
/* text NULL: known, but faulty. */
void		 lexer_macro_set(struct lexer *, const char *name,
		    const char *text);
void		 lexer_macros_free(struct lexer_macros *);

#endif /* COMMON_LEXER_LOCAL_H */
