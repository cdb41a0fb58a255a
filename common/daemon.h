/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_DAEMON_H
#define COMMON_DAEMON_H

#include <sys/types.h>
#include <sys/resource.h>

#include <stdbool.h>
#include <stdint.h>

#include "common/log.h"
#include "common/proc.h"

/*
 * How a daemon of ours begins: its command line, the users of its children,
 * its limits, and the background.  Faults are told on stderr, as
 * "NAME: text".
 */
struct daemon_options {
	const char	*name;		/* of the daemon */
	const char	*file;		/* -f; before: the default */
	const char	*libexec;	/* -x */
	bool		 foreground;	/* -d */
	bool		 check;		/* -n */
	bool		 verbose;	/* -v */
};

/*
 * The command line, [-dnv] [-D name=value] [-f file] [-x dir]; define is
 * called for each -D and says -1 to what is not of that form.  Ends the
 * process where something is wrong.
 */
void	daemon_options(struct daemon_options *, int argc, char **argv,
	    int (*define)(const char *));

/*
 * Fills in the user that the statement names, for children whose root
 * directory is dir; if we are not root children are what we are.  0 or -1.
 */
int	daemon_user(const struct daemon_options *, struct proc_user *,
	    const char *statement, const char *name, const char *dir);
/*
 * Whether there is a user of that name, which children could be; if we are
 * not root there is none.  0 or -1.
 */
int	daemon_has_user(const struct daemon_options *, const char *name, bool *);
/* Whether dir can be that directory, if we are root.  0 or -1. */
int	daemon_chroot(const struct daemon_options *, const char *dir);

/*
 * Raises the limit of open files, which children inherit, as far as it goes,
 * and to need, if that is more.  0; or -1: then the fault begins with subject
 * ("max connections 9 needs") and ends with what to lower.
 */
int	daemon_files(const struct daemon_options *, rlim_t need,
	    const char *subject, const char *what);
/* What it is since then; a limit cannot be asked for in the sandbox. */
rlim_t	daemon_files_limit(void);

struct daemon_log {
	enum log_format	format;
	enum log_level	level;
	uint32_t	rate;
};

/*
 * From here on the log goes where it belongs, and unless the options say
 * otherwise we are in the background, while the process that was started
 * waits for daemon_ready().
 */
void	daemon_begin(struct daemon_options *, const struct daemon_log *);
/* The same for a log that has changed while the daemon runs. */
void	daemon_log(const struct daemon_options *, const struct daemon_log *);
/* What the level of the log is with these options. */
enum log_level daemon_level(const struct daemon_options *, enum log_level);
/*
 * From now on the level is debug, or that of the configuration, whatever the
 * options say.  It takes daemon_log() to put it in force.
 */
void	daemon_verbose(bool);
/*
 * In the background the working directory is the root; to read files again
 * whose names are relative we go where we were when they were read first, and
 * back.  -1 with errno where that is not there any more.
 */
int	daemon_enter(void);
void	daemon_return(void);
/* Where that is, for a message; "." in the foreground. */
const char *daemon_directory(void);
/* All is well: nothing is said on the terminal any more. */
void	daemon_ready(void);

#endif /* COMMON_DAEMON_H */
