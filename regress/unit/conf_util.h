/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_UNIT_CONF_UTIL_H
#define REGRESS_UNIT_CONF_UTIL_H

#include <sys/stat.h>

#include <err.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/conf.h"
#include "common/log.h"

/* For the tests of what reads configurations: a directory with files in it. */
static char	 dir[] = "/tmp/test_conf.XXXXXX";

void
fatal(const char *fmt, ...)
{
	err(1, "%s", fmt);
}

/* Of mode 0600 where it is new; its path, until the next one. */
static inline const char *
write_file(const char *name, const char *text)
{
	static char	 path[128];
	int		 fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return (path);
}

/* The directory, with these files, each of which holds its name. */
static inline int
make_dir(const char *const *names)
{
	if (mkdtemp(dir) == NULL)
		return (-1);
	for (; *names != NULL; names++)
		write_file(*names, *names);
	return (0);
}

static inline int
remove_dir(const char *const *names)
{
	char	 path[128];

	for (; *names != NULL; names++) {
		snprintf(path, sizeof(path), "%s/%s", dir, *names);
		unlink(path);
	}
	return (rmdir(dir));
}

/* It is open, to be read and by this process alone, and holds this. */
static inline void
check_file(const struct conf_file *file, const char *text)
{
	char	 buf[16];
	ssize_t	 n;

	assert_int_not_equal(file->fd, -1);
	assert_int_equal(fcntl(file->fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(fcntl(file->fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	n = read(file->fd, buf, sizeof(buf) - 1);
	assert_true(n >= 0);
	buf[n] = '\0';
	assert_string_equal(buf, text);
}

#endif /* REGRESS_UNIT_CONF_UTIL_H */
