/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>
#include <sys/stat.h>

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/trusted.h"

/* Symbolic links on one way, as the kernel has it. */
#define MAXLINKS	40

/*
 * The way: a name without links that is seen to be good, "" for the root, and
 * what follows it.  As nobody else can change the first part, it still leads
 * to the same when it is used.
 */
struct way {
	char	 done[PATH_MAX];
	char	 rest[PATH_MAX];
	char	 name[2 * PATH_MAX];	/* done, and the next of it */
	int	 links;
};

static bool
check_owner(const struct stat *st, const char *name, char *why, size_t size)
{
	uid_t	 uid = geteuid();

	if (st->st_uid == 0 || st->st_uid == uid)
		return (true);
	snprintf(why, size, "%s%s belongs to user %u, not to root%s",
	    S_ISLNK(st->st_mode) ? "the symbolic link " : "", name,
	    (unsigned int)st->st_uid, uid == 0 ? "" : " or the daemon's");
	return (false);
}

static bool
check_directory(const struct stat *st, const char *name, char *why,
    size_t size)
{
	if (!S_ISDIR(st->st_mode)) {
		snprintf(why, size, "%s is not a directory", name);
		return (false);
	}
	if (!check_owner(st, name, why, size))
		return (false);
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) == 0 ||
	    (st->st_mode & S_ISVTX) != 0)
		return (true);
	snprintf(why, size, "%s is writable by others: chmod go-w %s", name,
	    name);
	return (false);
}

/* What a link says takes its place. */
static int
follow(struct way *w)
{
	char	 target[PATH_MAX], rest[PATH_MAX];
	ssize_t	 n;

	if (w->links++ == MAXLINKS) {
		errno = ELOOP;
		return (-1);
	}
	if ((n = readlink(w->name, target, sizeof(target) - 1)) == -1)
		return (-1);
	target[n] = '\0';
	memcpy(rest, w->rest, sizeof(rest));
	if ((size_t)snprintf(w->rest, sizeof(w->rest), "%s/%s", target,
	    rest) >= sizeof(w->rest)) {
		errno = ENAMETOOLONG;
		return (-1);
	}
	if (target[0] == '/')
		w->done[0] = '\0';
	return (0);
}

/* Takes the next name off the rest; false: there is none. */
static bool
next_name(struct way *w)
{
	char	*from = w->rest + strspn(w->rest, "/");
	size_t	 n = strcspn(from, "/");

	snprintf(w->name, sizeof(w->name), "%s/%.*s", w->done, (int)n, from);
	memmove(w->rest, from + n, strlen(from + n) + 1);
	return (n > 0);
}

static bool
is_last(const char *name, const char *last)
{
	return (strcmp(strrchr(name, '/') + 1, last) == 0);
}

static int
go(struct way *w, char *why, size_t size)
{
	struct stat	 st;

	if (is_last(w->name, "."))
		return (0);
	if (is_last(w->name, "..")) {
		/* Of what has no links in it. */
		if (w->done[0] != '\0')
			*strrchr(w->done, '/') = '\0';
		return (0);
	}
	if (lstat(w->name, &st) == -1)
		snprintf(why, size, "%s: %s", w->name, strerror(errno));
	else if (S_ISLNK(st.st_mode)) {
		if (!check_owner(&st, w->name, why, size))
			return (-1);
		if (follow(w) == 0)
			return (0);
		snprintf(why, size, "%s: %s", w->name, strerror(errno));
	} else if (check_directory(&st, w->name, why, size)) {
		if ((size_t)snprintf(w->done, sizeof(w->done), "%s",
		    w->name) < sizeof(w->done))
			return (0);
		snprintf(why, size, "%s", strerror(ENAMETOOLONG));
	}
	return (-1);
}

int
trusted_directory(const char *path, char *why, size_t size)
{
	struct way	 w;
	struct stat	 st;

	memset(&w, 0, sizeof(w));
	if ((size_t)snprintf(w.rest, sizeof(w.rest), "%s", path) >=
	    sizeof(w.rest)) {
		snprintf(why, size, "%s", strerror(ENAMETOOLONG));
		return (-1);
	}
	if (lstat("/", &st) == -1) {
		snprintf(why, size, "/: %s", strerror(errno));
		return (-1);
	}
	if (!check_directory(&st, "/", why, size))
		return (-1);
	while (next_name(&w))
		if (go(&w, why, size) == -1)
			return (-1);
	return (0);
}
