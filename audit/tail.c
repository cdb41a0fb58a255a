/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit/tail.h"

/* The last record, the one before it and what is torn are within it. */
#define WINDOW	(AUDIT_TORNMAX + 2 * AUDIT_LINEMAX)

/* The end of a file; room in front for what is hashed, and for a newline. */
struct window {
	char	*text;
	size_t	 len;
	bool	 whole;		/* the file is not longer */
	char	 buf[KECCAK_SIZE + WINDOW + 1];
};

static int
read_window(int fd, struct window *w)
{
	off_t	 size, at;
	ssize_t	 n;

	if ((size = lseek(fd, 0, SEEK_END)) == -1)
		return (-1);
	w->text = w->buf + KECCAK_SIZE;
	w->whole = size <= WINDOW;
	at = w->whole ? 0 : size - WINDOW;
	for (w->len = 0; w->len < WINDOW; w->len += (size_t)n) {
		n = pread(fd, w->text + w->len, WINDOW - w->len,
		    at + (off_t)w->len);
		if (n == -1 && errno == EINTR)
			n = 0;
		else if (n == -1)
			return (-1);
		else if (n == 0)
			break;
	}
	return (0);
}

/* The beginning of the line whose newline, or the end, is at end. */
static size_t
line_start(const struct window *w, size_t end)
{
	while (end > 0 && w->text[end - 1] != '\n')
		end--;
	return (end);
}

/* Of the line from start to its newline at end: it follows the one before. */
static bool
is_chained(struct window *w, size_t start, size_t end,
    struct audit_record *r)
{
	struct audit_record	 before;
	uint8_t			 hash[KECCAK_SIZE], saved[KECCAK_SIZE];
	size_t			 previous;
	char			*line = w->text + start;

	/* One that is cut off at the window's edge is none. */
	if ((start == 0 && !w->whole) ||
	    audit_parse(line, end - start, r) != NULL)
		return (false);
	if (r->has_prev)
		memcpy(before.hash, r->prev, sizeof(before.hash));
	else {
		if (start == 0)
			return (false);
		previous = line_start(w, start - 1);
		if (audit_parse(w->text + previous, start - 1 - previous,
		    &before) != NULL ||
		    before.sequence + 1 != r->sequence)
			return (false);
	}
	memcpy(saved, line - KECCAK_SIZE, sizeof(saved));
	audit_hash(hash, before.hash, line, r->hashed);
	memcpy(line - KECCAK_SIZE, saved, sizeof(saved));
	return (memcmp(hash, r->hash, sizeof(hash)) == 0);
}

/* Where the text behind the last record begins, or -1: there is none. */
static ssize_t
find_last(struct window *w, struct audit_head *head)
{
	struct audit_record	 r;
	size_t			 start, end = w->len;

	/* From newline to newline: end is that of a line. */
	while ((end = line_start(w, end)) > 0) {
		end--;
		start = line_start(w, end);
		if (is_chained(w, start, end, &r)) {
			head->sequence = r.sequence;
			memcpy(head->hash, r.hash, sizeof(head->hash));
			return ((ssize_t)end + 1);
		}
	}
	return (-1);
}

/* A file whose first record was not written to its end. */
static bool
is_first(const struct window *w)
{
	static const char	 begin[] = "seq=1 time=";
	size_t			 n = sizeof(begin) - 1;

	if (n > w->len)
		n = w->len;
	return (w->whole && w->len < AUDIT_LINEMAX &&
	    memcmp(w->text, begin, n) == 0);
}

static uint64_t
count_lines(const char *text, size_t len)
{
	uint64_t	 n = 0;

	while (len-- > 0)
		n += *text++ == '\n';
	return (n);
}

int
tail_read(int fd, struct audit_where *where, bool *open, char *why,
    size_t size)
{
	static struct window	 w;
	ssize_t			 end;

	memset(where, 0, sizeof(*where));
	*open = false;
	if (read_window(fd, &w) == -1) {
		snprintf(why, size, "cannot be read: %s", strerror(errno));
		return (-1);
	}
	if (w.len == 0)
		return (0);
	end = find_last(&w, &where->head);
	if (end == -1 && is_first(&w))
		end = 0;
	if (end == -1 || w.len - (size_t)end > AUDIT_TORNMAX) {
		snprintf(why, size, "its last %zu bytes hold no record that "
		    "follows from the one before it: move it away, and the "
		    "trail begins anew", w.len - (end == -1 ? 0 :
		    (size_t)end));
		return (-1);
	}
	if ((size_t)end == w.len)
		return (0);
	where->tornlines = count_lines(w.text + end, w.len - (size_t)end);
	if (w.text[w.len - 1] != '\n') {
		*open = true;
		w.text[w.len++] = '\n';
	}
	where->torn = w.len - (size_t)end;
	keccak256(where->tornhash, w.text + end, (size_t)where->torn);
	return (0);
}
