/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_PRIVDROP_H
#define COMMON_PRIVDROP_H

#include "common/proc.h"

/*
 * A child gives up everything that its user could lend it: root directory,
 * groups, user, capabilities, core dumps and debuggers; and it dies with its
 * parent.  Ends the process with a message if any of it fails.
 */
void	privdrop_child(const struct proc_user *);

/*
 * The parent, once its children run: no debugger can attach to it, and of
 * root's capabilities it keeps those that it needs for its children, which
 * are other users' processes (CAP_KILL), and to read and open again what it
 * has read and opened at the start: files in directories of whomever
 * (CAP_DAC_READ_SEARCH) and ports under 1024 (CAP_NET_BIND_SERVICE).  Where
 * it is not root it keeps none.
 */
void	privdrop_parent(void);

/*
 * Whether dir can be a root directory for children: an empty directory of
 * root's that nobody else can write to.  0, or -1 and a reason.
 */
int	privdrop_check_chroot(const char *dir, char *why, size_t size);

#endif /* COMMON_PRIVDROP_H */
