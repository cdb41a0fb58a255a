/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef SIGNERCTL_NEWFILE_H
#define SIGNERCTL_NEWFILE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A file for a secret, of mode 0600, which is there under its name when all
 * of it is on the disk, and never before.  Until then it has another name in
 * the same directory and goes away when the process ends, by exit(3) or by a
 * signal.  One at a time.  What fails ends the process with a message.
 */

/* Nothing has the name yet; or, with force, a regular file or a link has. */
void	newfile_check(const char *path, bool force);
/* Opens; from here on signals that end the process make it exit instead. */
void	newfile_open(const char *path, bool force);
void	newfile_write(const void *, size_t);
/* To the disk, and gives it its name. */
void	newfile_commit(void);

#endif /* SIGNERCTL_NEWFILE_H */
