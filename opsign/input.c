/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "opsign/input.h"

static uint8_t *
read_all(int fd, size_t *len)
{
	uint8_t *data = NULL, *new;
	size_t size = 0;
	ssize_t n;

	for (*len = 0;; *len += (size_t)n) {
		if (*len + 1 >= size) {
			size = size == 0 ? 65536 : 2 * size;
			if ((new = realloc(data, size)) == NULL)
				break;
			data = new;
		}
		do
			n = read(fd, data + *len, size - *len - 1);
		while (n == -1 && errno == EINTR);
		if (n == 0) {
			data[*len] = '\0';
			return (data);
		}
		if (n == -1)
			break;
		if (*len > INPUT_MAX) {
			errno = EFBIG;
			break;
		}
	}
	free(data);
	return (NULL);
}

uint8_t *
input_read(const char *path, size_t *len)
{
	uint8_t *data;
	int fd;

	if (strcmp(path, "-") == 0) {
		if ((data = read_all(STDIN_FILENO, len)) == NULL)
			warn("standard input");
		return (data);
	}
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1 ||
	    (data = read_all(fd, len)) == NULL) {
		warn("%s", path);
		data = NULL;
	}
	if (fd != -1)
		close(fd);
	return (data);
}
