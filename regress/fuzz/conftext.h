/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_FUZZ_CONFTEXT_H
#define REGRESS_FUZZ_CONFTEXT_H

#include <sys/mman.h>
#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <unistd.h>

#include "common/log.h"
#include "regress/fuzz/take.h"

/*
 * Configuration files from memory: the lexer's open(2) is answered from here,
 * so no file of the system is ever read.  The input is the text of CONFTEXT,
 * and after each byte 1e that of a file which it can include: "a", "b".
 */
#define CONFTEXT	"conf"
#define CONFTEXT_FILES	3
#define CONFTEXT_OPENS	64	/* includes of one input */

static const char *const	 conftext_names[] = { CONFTEXT, "a", "b" };
static int			 conftext_fd[CONFTEXT_FILES];
static unsigned int		 conftext_opens;

void
fatal(const char *fmt, ...)
{
	fprintf(stderr, "fatal: %s\n", fmt);
	abort();
}

/* Only while a text is being parsed: others have files to open, too. */
static bool			 conftext_on;

static int
conftext_open(const char *path)
{
	char	 proc[64];
	int	 i;

	if (conftext_opens++ == CONFTEXT_OPENS) {
		errno = EMFILE;
		return (-1);
	}
	for (i = 0; i < CONFTEXT_FILES; i++) {
		if (strcmp(path, conftext_names[i]) != 0)
			continue;
		/* A new one each time, at the file's beginning. */
		snprintf(proc, sizeof(proc), "/proc/self/fd/%d",
		    conftext_fd[i]);
		return (openat(AT_FDCWD, proc, O_RDONLY | O_CLOEXEC));
	}
	errno = ENOENT;
	return (-1);
}

int
open(const char *path, int flags, ...)
{
	va_list	 ap;
	mode_t	 mode = 0;

	if (conftext_on) {
		must(flags == (O_RDONLY | O_CLOEXEC));
		return (conftext_open(path));
	}
	if ((flags & O_CREAT) != 0) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	return (openat(AT_FDCWD, path, flags, mode));
}

static inline void
conftext_init(void)
{
	int	 i;

	for (i = 0; i < CONFTEXT_FILES; i++) {
		conftext_fd[i] = memfd_create(conftext_names[i], MFD_CLOEXEC);
		must(conftext_fd[i] != -1);
		must(fchmod(conftext_fd[i], 0600) == 0);
	}
}

static inline void
conftext_write(int i, const void *text, size_t len)
{
	must(ftruncate(conftext_fd[i], 0) == 0);
	must(pwrite(conftext_fd[i], text, len, 0) == (ssize_t)len);
}

/* All files of an input. */
static inline void
conftext_set(const uint8_t *data, size_t size)
{
	const uint8_t	*end;
	size_t		 len;
	int		 i;

	conftext_opens = 0;
	for (i = 0; i < CONFTEXT_FILES; i++) {
		end = size > 0 ? memchr(data, 0x1e, size) : NULL;
		len = end != NULL ? (size_t)(end - data) : size;
		conftext_write(i, data, len);
		data += len;
		size -= len;
		if (size > 0) {
			data++;
			size--;
		}
	}
}

/* What is said on stderr meanwhile; the caller frees it. */
struct conftext_said {
	FILE	*before;
	char	*text;
	size_t	 len;
};

static inline void
conftext_listen(struct conftext_said *said)
{
	said->before = stderr;
	stderr = open_memstream(&said->text, &said->len);
	must(stderr != NULL);
	conftext_on = true;
}

/*
 * Messages have a place and a text, and bytes that a terminal can show.
 */
static inline void
conftext_heard(struct conftext_said *said)
{
	const char	*line, *end, *colon;
	size_t		 i;

	conftext_on = false;
	fclose(stderr);
	stderr = said->before;
	for (i = 0; i < said->len; i++)
		must(said->text[i] == '\n' ||
		    ((unsigned char)said->text[i] >= 0x20 &&
		    said->text[i] != 0x7f));
	must(said->len == 0 || said->text[said->len - 1] == '\n');
	for (line = said->text; *line != '\0'; line = end + 1) {
		end = strchr(line, '\n');
		colon = strstr(line, ": ");
		must(colon != NULL && colon > line && colon + 2 < end);
	}
	free(said->text);
}

#endif /* REGRESS_FUZZ_CONFTEXT_H */
