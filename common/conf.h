/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_CONF_H
#define COMMON_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * What the configurations of the daemons have in common once they are parsed;
 * for the parsing see common/conf_parse.h.
 */

/* Bytes, without the NUL. */
#define CONF_NAME_MAX	64	/* of users and of what a file names */
#define CONF_PATH_MAX	1023
#define CONF_LISTENS	256	/* sockets to listen on */

/* A file that the configuration names, and where it does so. */
struct conf_file {
	char		*path;		/* NULL: not named */
	const char	*conf;		/* file of the statement, or NULL */
	int		 line;		/* of the statement */
	int		 fd;		/* open for reading, or -1 */
};

/* `control`, and its times. */
struct conf_control {
	char		*path;		/* NULL: not named */
	bool		 off;
	uint32_t	 idle;		/* timeout control-idle, ms */
	uint32_t	 check;		/* timeout control-check, ms */
	const char	*conf;
	int		 line;
};

/* The files of a tls block, wherever they are kept. */
struct conf_tls {
	struct conf_file *ca;
	struct conf_file *cert;
	struct conf_file *key;
	struct conf_file *crl;
};

void		 conf_tls_init(const struct conf_tls *);
void		 conf_tls_free(const struct conf_tls *);
/*
 * Gives a block that names no authority, or no certificate, those of the
 * other.  A revocation list goes with its authority: it is taken over only
 * where that is.
 */
void		 conf_tls_inherit(const struct conf_tls *,
		    const struct conf_tls *other);

/*
 * Opens the file, if there is one, and checks it: a regular file that nobody
 * else can write to (see lexer_untrusted), and one that holds secrets gives
 * no access to group and others.  Faults are written to stderr as
 * "FILE:LINE: text"; -1 if there was one.
 */
int		 conf_file_open(struct conf_file *, bool secret);
/*
 * All of a block.  Faults of files taken over from the other one, which has
 * been opened before, are not told again.  other can be NULL.
 */
int		 conf_tls_open(const struct conf_tls *,
		    const struct conf_tls *other);
void		 conf_tls_close(const struct conf_tls *);
/* Closes a descriptor and makes it -1, if it is not that already. */
void		 conf_fd_close(int *);

/*
 * Binds and listens on a numeric address, as the statement ("listen on") says
 * at that place; the descriptor, or -1 with a message.  The port that the
 * kernel chose for port 0 is put in the place of the 0.
 */
int		 conf_bind(const char *statement, const char *conf, int line,
		    const char *host, uint16_t *port);
/*
 * The same, of which less is expected than of others: only so many can wait to
 * be accepted that those of a flood have had their turn soon after it.
 */
int		 conf_bind_few(const char *statement, const char *conf,
		    int line, const char *host, uint16_t *port);
/*
 * Whether a socket that listens at one of two addresses keeps the other from
 * being bound: they are the same, or one is all addresses.
 */
bool		 conf_in_the_way(const char *host, uint16_t port,
		    const char *other, uint16_t otherport);

/* ---- Printing --------------------------------------------------------- */

struct rule;
struct conf_settings;

/* A keyword and a string, with blanks around them as they come. */
void		 conf_print_named(FILE *, const char *keyword,
		    const char *text);
/* " KEYWORD { 0x.. 0x.. }": a list of one stands without braces. */
void		 conf_print_bytes(FILE *, const char *keyword,
		    const void *items, size_t n, size_t size);
void		 conf_print_names(FILE *, const char *keyword,
		    char *const *names, size_t n);
void		 conf_print_chains(FILE *, const struct rule *);
void		 conf_print_methods(FILE *, const struct rule *);
/* All clauses of a rule but its client. */
void		 conf_print_clauses(FILE *, const struct rule *);
/* The statement, where it was given. */
void		 conf_print_control(FILE *, const struct conf_control *);
/* Each file's statement after the separator, as far as it is named. */
void		 conf_print_tls(FILE *, const char *separator,
		    const struct conf_file *ca, const struct conf_file *cert,
		    const struct conf_file *key, const struct conf_file *crl);
/* Of the daemon's struct config. */
void		 conf_print_settings(FILE *, const struct conf_settings *,
		    const void *config);

#endif /* COMMON_CONF_H */
