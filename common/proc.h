/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_PROC_H
#define COMMON_PROC_H

#include <sys/types.h>

#include <stddef.h>

#include "common/log.h"

/*
 * Processes of one daemon: how the parent starts a child and how a child
 * begins.  A child is always exec'd, so that it shares no memory with its
 * parent, with descriptor PROC_PARENT_FD as its one end of a socketpair and
 * an empty environment.
 */
#define PROC_PARENT_FD	3

/* The user that children run as; uid 0 where the daemon is not root's. */
struct proc_user {
	uid_t		 uid;
	gid_t		 gid;
	const char	*chroot;	/* NULL: none (not root) */
};

struct proc_child {
	pid_t	 pid;		/* 0: not running */
	int	 fd;		/* our end of its socketpair */
};

/*
 * Starts dir/name with the log level and, as root, the user and chroot on
 * its command line.  0, or -1 with errno: also that of a failing execve.
 */
int	proc_start(struct proc_child *, const char *dir, const char *name,
	    const struct proc_user *, enum log_level);
/* The same, with another name to be seen by than that of the program. */
int	proc_start_as(struct proc_child *, const char *dir,
	    const char *program, const char *name, const struct proc_user *,
	    enum log_level);

/* "exited with status 1", "killed by signal 9 (Killed)", ... */
void	proc_status(int status, char *, size_t);

/* A connected pair, non-blocking and close-on-exec.  -1 with errno. */
int	proc_socketpair(int [2]);
/*
 * Room in a socket for what its other end has not read yet: so many bytes, or
 * as many of them as the system gives.
 */
void	proc_socket_room(int fd, int size);

/*
 * Descriptors 0 to 2 are open, all others closed: what the parent begins
 * with.
 */
void	proc_sane_fds(void);
/*
 * The command line of a child, as proc_start wrote it.  Ends the process
 * with a message where it is not of that form (somebody ran it by hand).
 */
struct proc_args {
	enum log_level	 level;
	struct proc_user user;		/* chroot NULL: stay as we are */
};
void	proc_parse_args(struct proc_args *, int argc, char **argv);

/* Signals that are the parent's business are ignored; no core files. */
void	proc_child_init(void);

#endif /* COMMON_PROC_H */
