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
 * The parent, once its children run: keeps CAP_KILL where it is root (its
 * children are other users' processes), else no capability at all; and no
 * debugger can attach to it.
 */
void	privdrop_parent(void);

/*
 * Whether dir can be a root directory for children: an empty directory of
 * root's that nobody else can write to.  0, or -1 and a reason.
 */
int	privdrop_check_chroot(const char *dir, char *why, size_t size);

#endif /* COMMON_PRIVDROP_H */
