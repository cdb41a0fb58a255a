/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>
#include <sys/file.h>
#include <sys/stat.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "common/report.h"
#include "signerd/config.h"

#ifdef O_PATH
#define DIRECTORY	(O_PATH | O_DIRECTORY | O_CLOEXEC)
#else
#define DIRECTORY	(O_RDONLY | O_DIRECTORY | O_CLOEXEC)
#endif
/* The mode that a file is made with, and the bits that one may have. */
#define MODE		0600
#define MODES		0640
/* How often, each 50 ms, to wait for the one who had the file before. */
#define LOCK_TRIES	80

static void	fault(const struct config_audit *, const char *, ...)
		    __attribute__((format(printf, 2, 3)));

static void
fault(const struct config_audit *audit, const char *fmt, ...)
{
	char text[2 * CONF_PATH_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	report_fault("%s:%d: audit file \"%s\": %s", audit->file.conf,
	    audit->file.line, audit->file.path, text);
}

static bool
is_trusted(const struct stat *st)
{
	return (st->st_uid == 0 || st->st_uid == geteuid());
}

static int
check_owner(const struct config_audit *audit, const struct stat *st,
    const char *what)
{
	if (is_trusted(st))
		return (0);
	fault(audit, "%s belongs to user %u, not to root or user %u", what,
	    (unsigned int)st->st_uid, (unsigned int)geteuid());
	return (-1);
}

/*
 * A directory of the path, from the one before.  Nobody else is to decide
 * where it leads: it is root's or ours, and so is a link to it; and others
 * cannot put anything in the place of what is in it.
 */
static int
open_directory(const struct config_audit *audit, int at, const char *name)
{
	struct stat st;
	char what[CONF_PATH_MAX + 16];
	int fd;

	snprintf(what, sizeof(what), "directory \"%s\"", name);
	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == -1) {
		fault(audit, "%s: %s", what, strerror(errno));
		return (-1);
	}
	if (check_owner(audit, &st, S_ISLNK(st.st_mode) ?
	    "a symbolic link on the way" : what) == -1)
		return (-1);
	fd = openat(at, name, DIRECTORY | (S_ISLNK(st.st_mode) ? 0 :
	    O_NOFOLLOW));
	if (fd == -1 || fstat(fd, &st) == -1)
		fault(audit, "%s: %s", what, strerror(errno));
	else if (check_owner(audit, &st, what) == 0) {
		if ((st.st_mode & S_IWOTH) == 0 || st.st_mode & S_ISVTX)
			return (fd);
		fault(audit, "%s can be written by everybody", what);
	}
	conf_fd_close(&fd);
	return (-1);
}

/* The directory that holds the file, whose name is left in *name. */
static int
open_parent(const struct config_audit *audit, char *path, char **name)
{
	char *p = path, *slash;
	int fd, next;

	fd = open_directory(audit, AT_FDCWD, *p == '/' ? "/" : ".");
	for (;;) {
		while (*p == '/')
			p++;
		if (fd == -1 || (slash = strchr(p, '/')) == NULL)
			break;
		*slash = '\0';
		next = open_directory(audit, fd, p);
		conf_fd_close(&fd);
		fd = next;
		p = slash + 1;
	}
	*name = p;
	if (fd != -1 && (*p == '\0' || strcmp(p, ".") == 0 ||
	    strcmp(p, "..") == 0)) {
		fault(audit, "is a directory");
		conf_fd_close(&fd);
	}
	return (fd);
}

static int
check_file(const struct config_audit *audit, const struct stat *st)
{
	unsigned int mode = st->st_mode & 07777;

	if (!S_ISREG(st->st_mode)) {
		fault(audit, "is not a regular file");
		return (-1);
	}
	if (check_owner(audit, st, "it") == -1)
		return (-1);
	if (st->st_nlink != 1) {
		fault(audit, "has another name, too: it may be another file");
		return (-1);
	}
	if ((mode & ~(unsigned int)MODES) != 0) {
		fault(audit, "has mode %04o: chmod %04o \"%s\"", mode,
		    mode & MODES, audit->file.path);
		return (-1);
	}
	return (0);
}

/*
 * The group is that of the one who starts the daemon, for the first file as
 * for those of reloads, when ours is the children's for the control socket.
 */
static int
open_new(int dir, const char *name, int flags)
{
	static gid_t group = (gid_t)-1;
	gid_t gid = getegid();
	int fd, error;

	if (group == (gid_t)-1)
		group = gid;
	fd = openat(dir, name, flags);
	if (fd != -1 || errno != ENOENT)
		return (fd);
	if (group != gid && setegid(group) == -1)
		return (-1);
	fd = openat(dir, name, flags | O_CREAT, MODE);
	error = errno;
	if (group != gid) {
		if (setegid(gid) == -1)
			fatal("setegid");
#ifdef __linux__
		/* As before: another effective id takes it back. */
		if (prctl(PR_SET_DUMPABLE, 0) == -1)
			fatal("prctl");
#endif
	}
	errno = error;
	return (fd);
}

/*
 * Whether there could be a file; errno.  In the sandbox only a file that has
 * no name can tell, where the file system has such.
 */
static bool
can_make(int dir, bool sandbox)
{
	int fd = -1;

	if (!sandbox)
		return (faccessat(dir, ".", W_OK | X_OK, 0) == 0);
#ifdef O_TMPFILE
	fd = openat(dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, MODE);
	if (fd == -1)
		return (errno == EOPNOTSUPP || errno == EISDIR);
#endif
	conf_fd_close(&fd);
	return (true);
}

/* Once for appending, once for reading. */
static int
open_both(struct config_audit *audit, int dir, const char *name, bool check,
    bool sandbox, struct stat *st)
{
	struct stat other;
	int flags = O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	int append = O_WRONLY | O_APPEND | flags;

	audit->file.fd = check ? openat(dir, name, append) :
	    open_new(dir, name, append);
	if (audit->file.fd == -1 && check && errno == ENOENT &&
	    can_make(dir, sandbox))
		return (0);
	if (audit->file.fd == -1) {
		fault(audit, "%s", errno == ELOOP ? "is a symbolic link: "
		    "name the file itself" : errno == ENXIO ?
		    "is not a regular file" : strerror(errno));
		return (-1);
	}
	if (fstat(audit->file.fd, st) == -1) {
		fault(audit, "%s", strerror(errno));
		return (-1);
	}
	if (check_file(audit, st) == -1)
		return (-1);
	audit->tail = openat(dir, name, O_RDONLY | flags);
	if (audit->tail == -1 || fstat(audit->tail, &other) == -1) {
		fault(audit, "cannot be read: %s", strerror(errno));
		return (-1);
	}
	if (other.st_dev != st->st_dev || other.st_ino != st->st_ino) {
		fault(audit, "was replaced while it was opened");
		return (-1);
	}
	audit->dev = (uint64_t)st->st_dev;
	audit->ino = (uint64_t)st->st_ino;
	return (0);
}

/*
 * The lock is that of the open file: the audit process has it for as long as
 * it lives, which can be a moment longer than its daemon.
 */
static int
lock(const struct config_audit *audit, bool wait)
{
	const struct timespec pause = { 0, 50000000 };
	int i;

	for (i = 0; flock(audit->file.fd, LOCK_EX | LOCK_NB) == -1; i++) {
		if (errno != EWOULDBLOCK || !wait || i == LOCK_TRIES) {
			fault(audit, "%s", errno == EWOULDBLOCK ?
			    "another daemon writes to it, or one of its readers "
			    "has locked it" : strerror(errno));
			return (-1);
		}
		nanosleep(&pause, NULL);
	}
	return (0);
}

static bool
is_same(const struct config_audit *audit, const struct config_audit *old)
{
	return (audit->dev == old->dev && audit->ino == old->ino);
}

static int
open_audit(struct config_audit *audit, const struct config_audit *running,
    bool check)
{
	struct stat st;
	char path[CONF_PATH_MAX + 1], *name;
	int dir, r;

	snprintf(path, sizeof(path), "%s", audit->file.path);
	memset(&st, 0, sizeof(st));
	if ((dir = open_parent(audit, path, &name)) == -1)
		return (-1);
	r = open_both(audit, dir, name, check, running != NULL, &st);
	close(dir);
	if (r == -1 || audit->file.fd == -1 || (check && running == NULL))
		return (r);
	if (running == NULL)
		return (lock(audit, true));
	if (is_same(audit, running)) {
		audit->kept = true;
		config_audit_close(audit);
		return (0);
	}
	if (st.st_size != 0) {
		fault(audit, "is not empty: a reload begins a new file, a "
		    "restart goes on with an old one");
		return (-1);
	}
	r = lock(audit, false);
	/* A file that is only tried is not kept: its lock would be, too. */
	if (check)
		config_audit_close(audit);
	return (r);
}

void
config_audit_close(struct config_audit *audit)
{
	conf_fd_close(&audit->file.fd);
	conf_fd_close(&audit->tail);
}

/* The name of a worker's is that of the first, and its number. */
static int
name_worker(struct config *conf, unsigned int worker)
{
	const struct config_audit *first = &conf->audit;
	struct config_audit *audit = config_audit_of(conf, worker);
	size_t size;

	size = strlen(first->file.path) + sizeof(".worker") + 8;
	if ((audit->file.path = malloc(size)) == NULL) {
		fault(first, "out of memory");
		return (-1);
	}
	audit->file.conf = first->file.conf;
	audit->file.line = first->file.line;
	audit->sync = first->sync;
	if (snprintf(audit->file.path, size, "%s.worker%u", first->file.path,
	    worker + 1) <= CONF_PATH_MAX)
		return (0);
	fault(first, "too long for another worker's");
	return (-1);
}

static int
open_worker(struct config *conf, const struct config *running,
    unsigned int worker, bool check)
{
	struct config_audit *audit = config_audit_of(conf, worker);

	if (worker > 0 && name_worker(conf, worker) == -1)
		return (-1);
	if (open_audit(audit, running == NULL ? NULL :
	    config_audit_of(running, worker), check) == 0)
		return (0);
	config_audit_close(audit);
	return (-1);
}

int
config_audit_open(struct config *conf, const struct config *running,
    bool check)
{
	unsigned int i;
	int status = 0;

	if (conf->audit.file.path == NULL)
		return (0);
	for (i = 0; i < conf->workers; i++)
		if (open_worker(conf, running, i, check) == -1)
			status = -1;
	return (status);
}
