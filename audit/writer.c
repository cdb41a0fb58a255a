/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "audit/writer.h"
#include "common/log.h"

void
writer_append(struct writer *w, const struct audit_append *append)
{
	memcpy(w->buf + w->len, append->text, append->len);
	w->len += append->len;
	w->last = append->last;
	w->sync |= append->sync;
	w->answer |= append->answer;
}

void
writer_switch(struct writer *w)
{
	w->switching = true;
}

void
writer_sync(struct writer *w)
{
	int	 r;

	do {
		r = fdatasync(w->fd);
	} while (r == -1 && errno == EINTR);
	/*
	 * The kernel forgets that a page could not be written once it has
	 * said so: another attempt would succeed and mean nothing.
	 */
	if (r == -1)
		fatal("the audit file cannot be flushed to the disk");
}

static int
write_all(struct writer *w)
{
	ssize_t	 n;

	while (w->done < w->len) {
		n = write(w->fd, w->buf + w->done, w->len - w->done);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			w->failures++;
			return (errno);
		}
		w->done += (size_t)n;
		w->written += (uint64_t)n;
	}
	w->done = w->len = 0;
	return (0);
}

int
writer_write(struct writer *w)
{
	int	 error;

	if ((error = write_all(w)) != 0)
		return (error);
	if (w->sync || w->switching)
		writer_sync(w);
	w->sync = false;
	if (w->switching) {
		close(w->fd);
		w->fd = w->next;
		w->next = -1;
		w->switching = false;
	}
	return (0);
}

size_t
writer_left(const struct writer *w)
{
	size_t	 i, n = 0;

	for (i = w->done; i < w->len; i++)
		n += w->buf[i] == '\n';
	return (n);
}
