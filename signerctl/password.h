/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef SIGNERCTL_PASSWORD_H
#define SIGNERCTL_PASSWORD_H

#include <stddef.h>

/*
 * Passwords, and other secrets of one line, in secret memory.  What cannot
 * be had ends the process with a message.
 */
#define PASSWORD_MAX	1024	/* bytes */

struct password {
	char	*text;		/* secret memory, PASSWORD_MAX + 1 bytes */
	size_t	 len;
};

/*
 * Asked for on the terminal, without echo, by prompt.  A signal that ends or
 * stops the process meanwhile finds the terminal as it was before; after a
 * stop it is asked for anew.
 */
void	password_ask(struct password *, const char *prompt);
/* A new one: asked for twice, until both are the same, and not empty. */
void	password_ask_new(struct password *, const char *what);
/*
 * The first line of a file, which nobody but its owner may read.  Where it is
 * to be a new one, it must not be empty.
 */
void	password_read(struct password *, const char *path, int is_new);
void	password_free(struct password *);

#endif /* SIGNERCTL_PASSWORD_H */
