/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/resident.h"

/* Resident pages are the second number of /proc/PID/statm. */
uint64_t
resident_bytes(pid_t pid)
{
	unsigned long long	 pages = 0;
	char			 path[64], text[128], *second;
	ssize_t			 n;
	long			 size = sysconf(_SC_PAGESIZE);
	int			 fd;

	snprintf(path, sizeof(path), "/proc/%lld/statm", (long long)pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return (0);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0 || size <= 0)
		return (0);
	text[n] = '\0';
	if ((second = strchr(text, ' ')) != NULL)
		pages = strtoull(second, NULL, 10);
	return (pages * (uint64_t)size);
}
