/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>
#include <sys/resource.h>

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "common/daemon.h"
#include "common/privdrop.h"

/* To the process that was started by hand, which waits for our word. */
static int	 ready_fd = -1;
/* Where we were before we went to the background; NULL: we are there. */
static char	*directory;
static rlim_t	 files_limit;
/* What an operator has said of the log since the start. */
static enum { SAID_NOTHING, SAID_VERBOSE, SAID_BRIEF } said;

/* ---- The command line ------------------------------------------------- */

static _Noreturn void
usage(const struct daemon_options *o)
{
	fprintf(stderr, "usage: %s [-dnv] [-D name=value] [-f file] "
	    "[-x dir]\n", o->name);
	exit(1);
}

void
daemon_options(struct daemon_options *o, int argc, char **argv,
    int (*define)(const char *))
{
	int	 c;

	o->libexec = LIBEXECDIR;
	while ((c = getopt(argc, argv, "dD:f:nvx:")) != -1) {
		switch (c) {
		case 'd':
			o->foreground = true;
			break;
		case 'D':
			if (define(optarg) == -1) {
				fprintf(stderr, "%s: -D %s: must be "
				    "name=value\n", o->name, optarg);
				exit(1);
			}
			break;
		case 'f':
			o->file = optarg;
			break;
		case 'n':
			o->check = true;
			break;
		case 'v':
			o->verbose = true;
			break;
		case 'x':
			o->libexec = optarg;
			break;
		default:
			usage(o);
		}
	}
	if (optind != argc)
		usage(o);
}

/* ---- Users and limits ------------------------------------------------- */

/* Also where there is none: then *pw is NULL. */
static int
find_user(const struct daemon_options *o, const char *name,
    struct passwd **pw)
{
	errno = 0;
	if ((*pw = getpwnam(name)) != NULL)
		return (0);
	switch (errno) {
	case EINTR:
	case EIO:
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ERANGE:
		/* Not an answer, getpwnam(3). */
		fprintf(stderr, "%s: user \"%s\" cannot be looked up: %s\n",
		    o->name, name, strerror(errno));
		return (-1);
	}
	return (0);
}

int
daemon_has_user(const struct daemon_options *o, const char *name, bool *has)
{
	struct passwd	*pw;

	*has = false;
	if (geteuid() == 0) {
		if (find_user(o, name, &pw) == -1)
			return (-1);
		*has = pw != NULL;
	}
	return (0);
}

int
daemon_user(const struct daemon_options *o, struct proc_user *user,
    const char *statement, const char *name, const char *dir)
{
	struct passwd	*pw;

	memset(user, 0, sizeof(*user));
	if (geteuid() != 0)
		return (0);
	if (find_user(o, name, &pw) == -1)
		return (-1);
	if (pw == NULL) {
		fprintf(stderr, "%s: %s \"%s\": no such user: make it "
		    "with \"useradd --system --no-create-home --shell "
		    "/usr/sbin/nologin %s\"\n", o->name, statement, name,
		    name);
		return (-1);
	}
	if (pw->pw_uid == 0 || pw->pw_gid == 0) {
		fprintf(stderr, "%s: %s \"%s\": must not be root\n",
		    o->name, statement, name);
		return (-1);
	}
	user->uid = pw->pw_uid;
	user->gid = pw->pw_gid;
	user->chroot = dir;
	return (0);
}

int
daemon_chroot(const struct daemon_options *o, const char *dir)
{
	char	 why[512];

	if (geteuid() != 0 || privdrop_check_chroot(dir, why,
	    sizeof(why)) == 0)
		return (0);
	fprintf(stderr, "%s: chroot \"%s\": %s\n", o->name, dir, why);
	return (-1);
}

int
daemon_files(const struct daemon_options *o, rlim_t need, const char *subject,
    const char *what)
{
	struct rlimit	 rl;
	rlim_t		 before;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1) {
		fprintf(stderr, "%s: getrlimit: %s\n", o->name,
		    strerror(errno));
		return (-1);
	}
	before = rl.rlim_cur;
	/* All that there is: a reload may need more, and cannot ask. */
	if (rl.rlim_max < need)
		rl.rlim_max = need;
	files_limit = rl.rlim_cur = rl.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &rl) == 0)
		return (0);
	files_limit = before;
	if (before >= need)
		return (0);
	fprintf(stderr, "%s: %s %llu open files: raise the limit (ulimit -n) "
	    "or lower %s\n", o->name, subject, (unsigned long long)need, what);
	return (-1);
}

rlim_t
daemon_files_limit(void)
{
	return (files_limit);
}

/* ---- The background --------------------------------------------------- */

/* In the process that was started: leaves as the daemon tells. */
static _Noreturn void
await_ready(const char *name, int fd)
{
	char	 status = 1;
	ssize_t	 n;

	do {
		n = read(fd, &status, 1);
	} while (n == -1 && errno == EINTR);
	if (n == 1)
		_exit(status);
	fprintf(stderr, "%s: ended before it was ready: the log (syslog, "
	    "facility daemon) says why, or start it with -d\n", name);
	_exit(1);
}

/* Helpers are looked for there after the working directory has changed. */
static const char *
absolute(const char *dir)
{
	char	*path = realpath(dir, NULL);

	return (path != NULL ? path : dir);
}

/* Without one every record would be lost, unseen. */
static void
check_syslog(const char *name)
{
#ifdef _PATH_LOG
	if (access(_PATH_LOG, W_OK) == -1)
		fprintf(stderr, "%s: warning: no syslog (%s: %s): "
		    "nothing will be logged; start it with -d to log to "
		    "standard error\n", name, _PATH_LOG, strerror(errno));
#endif
}

static void
background(const char *name)
{
	int	 fds[2];

	if (pipe2(fds, O_CLOEXEC) == -1)
		fatal("pipe");
	switch (fork()) {
	case -1:
		fatal("fork");
	case 0:
		close(fds[0]);
		ready_fd = fds[1];
		break;
	default:
		close(fds[1]);
		await_ready(name, fds[0]);
	}
	directory = getcwd(NULL, 0);
	if (setsid() == -1 || chdir("/") == -1)
		fatal("cannot go to the background");
}

const char *
daemon_directory(void)
{
	return (directory != NULL ? directory : ".");
}

int
daemon_enter(void)
{
	return (directory != NULL ? chdir(directory) : 0);
}

void
daemon_return(void)
{
	if (directory != NULL && chdir("/") == -1)
		log_errno("cannot go to /");
}

/* ---- The log ---------------------------------------------------------- */

void
daemon_verbose(bool on)
{
	said = on ? SAID_VERBOSE : SAID_BRIEF;
}

enum log_level
daemon_level(const struct daemon_options *o, enum log_level level)
{
	if (said != SAID_NOTHING)
		return (said == SAID_VERBOSE ? LOG_LVL_DEBUG : level);
	return (o->verbose && !o->check ? LOG_LVL_DEBUG : level);
}

void
daemon_log(const struct daemon_options *o, const struct daemon_log *log)
{
	log_set_rate(log->rate);
	log_set_level(daemon_level(o, log->level));
	log_set_format(log->format);
}

void
daemon_begin(struct daemon_options *o, const struct daemon_log *log)
{
	daemon_log(o, log);
	if (o->foreground || o->check) {
		log_to_stderr(log->format);
		return;
	}
	check_syslog(o->name);
	o->libexec = absolute(o->libexec);
	background(o->name);
	log_to_syslog(log->format, o->name);
}

void
daemon_ready(void)
{
	char	 ok = 0;
	int	 fd;

	if (ready_fd == -1)
		return;
	log_detach();
	if ((fd = open("/dev/null", O_RDWR)) == -1)
		fatal("/dev/null");
	/* Standard output may be a pipe that somebody waits for the end of. */
	if (dup3(fd, STDIN_FILENO, 0) == -1 ||
	    dup3(fd, STDOUT_FILENO, 0) == -1 ||
	    dup3(fd, STDERR_FILENO, 0) == -1)
		fatal("dup");
	close(fd);
	if (write(ready_fd, &ok, 1) == -1)
		log_errno("cannot report that all is well");
	close(ready_fd);
	ready_fd = -1;
}
