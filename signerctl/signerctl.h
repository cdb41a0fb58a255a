/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef SIGNERCTL_SIGNERCTL_H
#define SIGNERCTL_SIGNERCTL_H

#include <stdbool.h>

/* What stands before the command. */
struct options {
	const char	*standard;	/* socket of the daemon */
	const char	*socket;	/* -s, or the same */
	bool		 proxyd;	/* -p */
};

/*
 * A command and the words that follow it: argv[0] is the command's own, and
 * argv[argc] is NULL, as for getopt(3), which begins anew (optind is 1).
 * Returns the exit status.  What is wrong with the words is for usage() to
 * say.
 */
struct command {
	const char	*name;
	const char	*form;		/* "show status [-j]" */
	bool		 asks;		/* a daemon */
	int		(*run)(const struct options *, int argc, char **argv);
};

/* Exit statuses: all is well; the answer is no; it could not be asked. */
#define STATUS_GOOD	0
#define STATUS_BAD	1
#define STATUS_ERROR	2

/* The forms of the command of that name, or of all (NULL); exits 2. */
void	usage(const char *name) __attribute__((noreturn));
/* On standard error, after "signerctl: ". */
void	complain(const char *, ...) __attribute__((format(printf, 1, 2)));
/* The same, and exits 2. */
void	give_up(const char *, ...)
	    __attribute__((noreturn, format(printf, 1, 2)));

#endif /* SIGNERCTL_SIGNERCTL_H */
