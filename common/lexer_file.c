/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/lexer_local.h"
#include "common/log.h"

/* Resizes to n items, all of them new if there was no memory before. */
void *
lexer_alloc(void *old, size_t n, size_t size)
{
	void *p;

	p = old == NULL ? calloc(n, size) : reallocarray(old, n, size);
	if (p == NULL)
		fatal("configuration");
	return (p);
}

char *
lexer_strndup(const char *text, size_t len)
{
	char *copy;

	copy = strndup(text, len);
	if (copy == NULL)
		fatal("configuration");
	return (copy);
}

struct lexer_pos
lexer_here(const struct lexer *lx)
{
	const struct lexer_source *src = lx->source;
	struct lexer_pos pos;

	if (src == NULL)
		return (lx->last);
	pos.file = src->name;
	pos.line = src->line;
	pos.order = lx->order;
	/* The end of the file belongs to the last line that there is. */
	if (src->at == src->len && src->len > 0 &&
	    src->text[src->len - 1] == '\n')
		pos.line--;
	return (pos);
}

/* ---- Files ------------------------------------------------------------ */

static const char *
keep_name(struct lexer *lx, const char *path)
{
	struct lexer_name *name;

	name = lexer_alloc(NULL, 1, sizeof(*name));
	name->name = lexer_strndup(path, strlen(path));
	SLIST_INSERT_HEAD(&lx->names, name, entry);
	return (name->name);
}

/*
 * Fills src->text; -1 with errno, EFBIG for a file that is too large.  One
 * byte more than allowed is read to tell.
 */
static int
read_all(struct lexer_source *src, int fd)
{
	ssize_t n;

	src->text = lexer_alloc(NULL, LEXER_MAXFILE + 1, 1);
	while (src->len <= LEXER_MAXFILE) {
		n = read(fd, src->text + src->len,
		    LEXER_MAXFILE + 1 - src->len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return (-1);
		if (n == 0) {
			src->text = lexer_alloc(src->text, src->len + 1, 1);
			return (0);
		}
		src->len += (size_t)n;
	}
	errno = EFBIG;
	return (-1);
}

static bool
is_open(const struct lexer *lx, const struct stat *st)
{
	const struct lexer_source *src;

	for (src = lx->source; src != NULL; src = src->outer) {
		if (src->dev == st->st_dev && src->ino == st->st_ino)
			return (true);
	}
	return (false);
}

char *
lexer_untrusted(const struct stat *st, const char *path)
{
	uid_t uid = geteuid();
	char *text = NULL;
	int n = 0;

	/* A terminal, or nothing: not a content that stays. */
	if (S_ISCHR(st->st_mode))
		return (NULL);
	if (st->st_uid != 0 && st->st_uid != uid)
		n = asprintf(&text, "belongs to user %u, not to root or user "
		    "%u: chown %u %s", (unsigned int)st->st_uid,
		    (unsigned int)uid, (unsigned int)uid, path);
	else if ((st->st_mode & S_IWOTH) != 0)
		n = asprintf(&text, "writable by others: chmod go-w %s",
		    path);
	else if ((st->st_mode & S_IWGRP) != 0 && uid == 0)
		n = asprintf(&text, "writable by its group: chmod go-w %s",
		    path);
	if (n == -1)
		fatal("configuration");
	return (text);
}

/* A fault of a file: of the first one itself, else of its include. */
static void file_fault(struct lexer *, const char *,
    const struct lexer_pos *, const char *, ...)
    __attribute__((format(printf, 4, 5)));

static void
file_fault(struct lexer *lx, const char *path, const struct lexer_pos *pos,
    const char *fmt, ...)
{
	va_list ap;
	char *text;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n == -1)
		fatal("configuration");
	if (pos->line == 0)
		lexer_error(lx, pos, "%s", text);
	else
		lexer_error(lx, pos, "%s: %s", path, text);
	free(text);
}

static int
open_source(struct lexer *lx, const char *path, const struct lexer_pos *pos,
    struct stat *st)
{
	bool help;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd != -1 && fstat(fd, st) == 0)
		return (fd);
	help = errno == ENOENT && pos->line == 0 && lx->help != NULL;
	file_fault(lx, path, pos, "cannot open: %s%s%s", strerror(errno),
	    help ? ": " : "", help ? lx->help : "");
	if (fd != -1)
		close(fd);
	return (-1);
}

/* Reports what keeps the file from being read; NULL then. */
static struct lexer_source *
load(struct lexer *lx, const char *path, const struct lexer_pos *pos)
{
	struct lexer_source *src;
	struct stat st;
	char *why;
	int fd;

	fd = open_source(lx, path, pos, &st);
	if (fd == -1)
		return (NULL);
	if (is_open(lx, &st)) {
		file_fault(lx, path, pos, "includes itself");
		close(fd);
		return (NULL);
	}
	src = lexer_alloc(NULL, 1, sizeof(*src));
	src->dev = st.st_dev;
	src->ino = st.st_ino;
	src->line = 1;
	if (read_all(src, fd) == -1) {
		if (errno == EFBIG)
			file_fault(lx, path, pos, "over 1 MiB");
		else
			file_fault(lx, path, pos, "cannot read: %s",
			    strerror(errno));
		free(src->text);
		free(src);
		src = NULL;
	} else if ((why = lexer_untrusted(&st, path)) != NULL) {
		file_fault(lx, path, pos, "%s", why);
		free(why);
	}
	close(fd);
	return (src);
}

/* ---- Foreign texts ---------------------------------------------------- */

/* Takes carriage returns from the ends of lines: one fault for all. */
static void
strip_returns(struct lexer *lx, struct lexer_source *src)
{
	struct lexer_pos pos = lexer_here(lx);
	size_t from, to = 0;
	int line = 1;

	pos.line = 0;
	for (from = 0; from < src->len; from++) {
		if (src->text[from] == '\n')
			line++;
		if (src->text[from] == '\r' && from + 1 < src->len &&
		    src->text[from + 1] == '\n') {
			if (pos.line == 0)
				pos.line = line;
			continue;
		}
		src->text[to++] = src->text[from];
	}
	src->len = to;
	if (pos.line != 0)
		lexer_error(lx, &pos, "DOS line ends: convert with "
		    "sed -i 's/\\r$//' %s", src->name);
}

static bool
begins(const struct lexer_source *src, const char *bytes)
{
	size_t len = strlen(bytes);

	return (src->len >= len && memcmp(src->text, bytes, len) == 0);
}

/* Of UTF-8 only the mark is in the way; UTF-16 cannot be read at all. */
static void
strip_mark(struct lexer *lx, struct lexer_source *src)
{
	struct lexer_pos pos = lexer_here(lx);

	if (begins(src, "\xef\xbb\xbf")) {
		src->at = 3;
		lexer_error(lx, &pos,
		    "byte order mark: save the file without it");
	} else if (begins(src, "\xff\xfe") || begins(src, "\xfe\xff")) {
		src->len = 0;
		lx->incomplete = true;
		lexer_error(lx, &pos, "byte order mark of UTF-16: save the "
		    "file as UTF-8 without one");
	}
}

void
lexer_push(struct lexer *lx, const char *path, const struct lexer_pos *pos)
{
	struct lexer_source *src;

	src = load(lx, path, pos);
	if (src == NULL) {
		lx->incomplete = true;
		return;
	}
	src->name = keep_name(lx, path);
	src->outer = lx->source;
	lx->source = src;
	lx->depth++;
	lx->order++;
	strip_mark(lx, src);
	strip_returns(lx, src);
}

void
lexer_pop(struct lexer *lx)
{
	struct lexer_source *src = lx->source;

	if (src->outer == NULL)
		lx->last = lexer_here(lx);
	lx->source = src->outer;
	lx->depth--;
	lx->order++;
	free(src->text);
	free(src);
}

void
lexer_include(struct lexer *lx, const char *name, const struct lexer_pos *pos)
{
	const char *slash;
	char *path;
	int dirlen;

	/* The first file is not an include. */
	if (lx->depth > LEXER_MAXDEPTH || lx->nfiles >= LEXER_MAXFILES) {
		lexer_error(lx, pos, lx->depth > LEXER_MAXDEPTH ?
		    "includes are nested over 16 deep" :
		    "over 1024 includes");
		lx->incomplete = true;
		return;
	}
	lx->nfiles++;
	slash = name[0] == '/' ? NULL : strrchr(pos->file, '/');
	dirlen = slash == NULL ? 0 : (int)(slash + 1 - pos->file);
	if (asprintf(&path, "%.*s%s", dirlen, pos->file, name) == -1)
		fatal("configuration");
	lexer_push(lx, path, pos);
	free(path);
}

void
lexer_names_free(struct lexer_names *names)
{
	struct lexer_name *name;

	while ((name = SLIST_FIRST(names)) != NULL) {
		SLIST_REMOVE_HEAD(names, entry);
		free(name->name);
		free(name);
	}
}

/* ---- Messages --------------------------------------------------------- */

static void keep_message(struct lexer *, const struct lexer_pos *,
    const char *, const char *, va_list)
    __attribute__((format(printf, 4, 0)));

static void
keep_message(struct lexer *lx, const struct lexer_pos *pos, const char *kind,
    const char *fmt, va_list ap)
{
	struct lexer_message *m;
	char *text, *line;

	if (lx->nmessages == LEXER_MAXERRORS)
		return;
	if (vasprintf(&text, fmt, ap) == -1)
		fatal("configuration");
	if ((pos->line == 0 ? asprintf(&line, "%s: %s%s", pos->file, kind,
	    text) : asprintf(&line, "%s:%d: %s%s", pos->file, pos->line, kind,
	    text)) == -1)
		fatal("configuration");
	free(text);
	/* Room for all at once: they are few, or many. */
	if (lx->messages == NULL)
		lx->messages = lexer_alloc(NULL, LEXER_MAXERRORS, sizeof(*m));
	m = &lx->messages[lx->nmessages];
	m->order = pos->order;
	m->index = lx->nmessages++;
	m->warning = kind[0] != '\0';
	m->text = line;
}

void
lexer_error(struct lexer *lx, const struct lexer_pos *pos, const char *fmt,
    ...)
{
	va_list ap;

	if (lx->mute)
		return;
	va_start(ap, fmt);
	keep_message(lx, pos, "", fmt, ap);
	va_end(ap);
	lx->nerrors++;
}

void
lexer_warn(struct lexer *lx, const struct lexer_pos *pos, const char *fmt,
    ...)
{
	va_list ap;

	va_start(ap, fmt);
	keep_message(lx, pos, "warning: ", fmt, ap);
	va_end(ap);
}

unsigned int
lexer_nerrors(const struct lexer *lx)
{
	return (lx->nerrors);
}

static int
by_order(const void *a, const void *b)
{
	const struct lexer_message *m = a, *n = b;

	if (m->order != n->order)
		return (m->order < n->order ? -1 : 1);
	return (m->index < n->index ? -1 : m->index > n->index);
}

void
lexer_tell(struct lexer *lx, void (*say)(const char *, bool, void *),
    void *arg)
{
	char *text;
	unsigned int i;

	if (lx->nmessages > 0)
		qsort(lx->messages, lx->nmessages, sizeof(*lx->messages),
		    by_order);
	for (i = 0; i < lx->nmessages; i++)
		say(lx->messages[i].text, lx->messages[i].warning, arg);
	if (lx->nmessages < LEXER_MAXERRORS)
		return;
	if (asprintf(&text, "%s:%d: too many %s, the rest is not shown",
	    lx->last.file, lx->last.line,
	    lx->nerrors > 0 ? "errors" : "warnings") == -1)
		fatal("configuration");
	say(text, lx->nerrors == 0, arg);
	free(text);
}
