/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "signerctl/key.h"
#include "signerctl/newfile.h"

static struct {
	const char	*path;		/* for messages */
	const char	*name;		/* in its directory, part of path */
	bool		 force;
	int		 dir;
	int		 fd;
	char		 other[NAME_MAX + 1];	/* its name until then */
	volatile sig_atomic_t there;
} new = { NULL, NULL, false, -1, -1, "", 0 };

/* The directory of a path, in buf. */
static const char *
directory(const char *path, char *buf, size_t size)
{
	const char	*slash = strrchr(path, '/');
	size_t		 len;

	if (slash == NULL)
		return (".");
	len = slash == path ? 1 : (size_t)(slash - path);
	if (len >= size)
		refuse("%s: %s", path, strerror(ENAMETOOLONG));
	memcpy(buf, path, len);
	buf[len] = '\0';
	return (buf);
}

void
newfile_check(const char *path, bool force)
{
	struct stat	 st;

	if (*path == '\0' || path[strlen(path) - 1] == '/')
		refuse("\"%s\" is not the name of a file", path);
	if (lstat(path, &st) == -1) {
		if (errno != ENOENT)
			refuse("%s: %s", path, strerror(errno));
		return;
	}
	if (!force)
		refuse("%s: it is there already: nothing was written "
		    "(--force replaces it)", path);
	if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
		refuse("%s: not a file that can be replaced", path);
}

/* Called by exit(3), too. */
static void
discard(void)
{
	if (new.there) {
		new.there = 0;
		(void)unlinkat(new.dir, new.other, 0);
	}
}

/* There may be no more than this inside the sandbox. */
static void
on_signal(int signo)
{
	discard();
	_exit(128 + signo);
}

static void
catch_signals(void)
{
	static const int	 signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM,
				    SIGPIPE };
	struct sigaction	 sa;
	size_t			 i;

	memset(&sa, 0, sizeof(sa));
	sigfillset(&sa.sa_mask);
	sa.sa_handler = on_signal;
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &sa, NULL);
}

static void
open_directory(const char *path)
{
	char		 buf[PATH_MAX];
	const char	*dir = directory(path, buf, sizeof(buf));

	new.dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (new.dir == -1)
		refuse("%s: %s", dir, strerror(errno));
}

void
newfile_open(const char *path, bool force)
{
	uint8_t		 number[8];
	const char	*slash = strrchr(path, '/');
	int		 n;

	new.path = path;
	new.name = slash != NULL ? slash + 1 : path;
	new.force = force;
	open_directory(path);
	random_bytes(number, sizeof(number));
	n = snprintf(new.other, sizeof(new.other), ".%.200s.%02x%02x%02x%02x"
	    "%02x%02x%02x%02x", new.name, number[0], number[1], number[2],
	    number[3], number[4], number[5], number[6], number[7]);
	if (n < 0 || (size_t)n >= sizeof(new.other))
		refuse("%s: %s", path, strerror(ENAMETOOLONG));
	catch_signals();
	if (atexit(discard) != 0)
		refuse("out of memory");
	new.there = 1;
	new.fd = openat(new.dir, new.other, O_WRONLY | O_CREAT | O_EXCL |
	    O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
	if (new.fd == -1) {
		new.there = 0;
		refuse("%s: %s", path, strerror(errno));
	}
}

void
newfile_write(const void *data, size_t len)
{
	const uint8_t	*p = data;
	ssize_t		 n;

	while (len > 0) {
		n = write(new.fd, p, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			refuse("%s: %s", new.path, strerror(errno));
		p += n;
		len -= (size_t)n;
	}
}

static int
give_name(void)
{
	if (new.force)
		return (renameat(new.dir, new.other, new.dir, new.name));
	/* Where something has the name by now this fails. */
	return (linkat(new.dir, new.other, new.dir, new.name, 0));
}

void
newfile_commit(void)
{
	if (fsync(new.fd) == -1 || close(new.fd) == -1 || give_name() == -1)
		refuse("%s: %s", new.path, strerror(errno));
	if (new.force)
		new.there = 0;
	else
		discard();
	/* Some file systems have no such call for a directory. */
	if (fsync(new.dir) == -1 && errno != EINVAL && errno != ENOTSUP)
		refuse("%s: %s", new.path, strerror(errno));
	close(new.dir);
}
