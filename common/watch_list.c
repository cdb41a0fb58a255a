/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>
#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/conf_parse.h"
#include "common/report.h"
#include "common/secret.h"
#include "common/watch_local.h"
#include "keyd/keccak.h"

/* Which files there are to look at, and what they hold. */

_Static_assert(sizeof(struct watch_state) == KECCAK_SIZE,
    "a state is a hash");

struct conf_file *
watch_file(const struct conf_tls *tls, int file)
{
	switch (file) {
	case TLSFILE_CA:
		return (tls->ca);
	case TLSFILE_CERT:
		return (tls->cert);
	case TLSFILE_KEY:
		return (tls->key);
	default:
		return (tls->crl);
	}
}

/* ---- One file --------------------------------------------------------- */

/* Bytes read, at most size; -1 with errno. */
static ssize_t
read_all(int fd, uint8_t *buf, size_t size)
{
	size_t	 len = 0;
	ssize_t	 n;

	while (len < size) {
		n = read(fd, buf + len, size - len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return (-1);
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return ((ssize_t)len);
}

int
watch_digest(int fd, struct watch_state *state)
{
	struct stat	 st;
	uint8_t		*buf;
	size_t		 size;
	ssize_t		 n;
	int		 error;

	if (fstat(fd, &st) == -1)
		return (-1);
	/* One that is too large is not taken up, whatever follows. */
	size = st.st_size < 0 || st.st_size > TLSFILES_MAX ? TLSFILES_MAX :
	    (size_t)st.st_size;
	if ((buf = malloc(size + 1)) == NULL)
		return (-1);
	n = read_all(fd, buf, size + 1);
	if (n >= 0)
		keccak256(state->digest, buf, (size_t)n);
	/* It may be a private key. */
	explicit_bzero(buf, size + 1);
	free(buf);
	secret_wipe_stack();
	/*
	 * Whom it is passed on to reads it from the beginning, whatever has
	 * become of this.
	 */
	error = errno;
	if (lseek(fd, 0, SEEK_SET) == -1)
		return (-1);
	errno = error;
	return (n == -1 ? -1 : 0);
}

static char	*captured;

static void
capture(const char *line, bool warning)
{
	if (!warning && captured == NULL)
		captured = conf_copy(line);
}

/* What keeps it from being read is a state, too. */
static void
set_fault(struct watch_path *p, char *fault)
{
	keccak256(p->now.digest, fault, strlen(fault));
	/* No file holds that. */
	p->now.digest[0] ^= 0xff;
	p->fault = fault;
}

void
watch_look(struct watch_path *p)
{
	struct conf_file	 file = *p->file;
	char			 text[256];

	free(p->fault);
	p->fault = NULL;
	p->told = false;
	file.fd = -1;
	captured = NULL;
	report_to(capture);
	if (conf_file_open(&file, p->secret) == -1)
		set_fault(p, captured != NULL ? captured : conf_copy(""));
	else if (watch_digest(file.fd, &p->now) == -1) {
		snprintf(text, sizeof(text), "%s:%d: cannot read \"%.80s\": "
		    "%s", file.conf, file.line, file.path, strerror(errno));
		set_fault(p, conf_copy(text));
	}
	report_to(NULL);
	captured = NULL;
	conf_fd_close(&file.fd);
}

/* ---- Lists ------------------------------------------------------------ */

static size_t
find_path(struct watch_list *list, const struct conf_file *file, bool secret)
{
	struct watch_path	*p;
	size_t			 i;

	for (i = 0; i < list->npaths; i++)
		if (list->paths[i].secret == secret &&
		    strcmp(list->paths[i].file->path, file->path) == 0)
			return (i);
	list->paths = conf_grow(list->paths, list->npaths,
	    sizeof(*list->paths));
	p = &list->paths[list->npaths];
	memset(p, 0, sizeof(*p));
	p->file = file;
	p->secret = secret;
	return (list->npaths++);
}

void
watch_add(struct watch *w, const struct conf_tls *tls, const void *owner)
{
	struct watch_list	*list = &w->next;
	struct watch_set	*set;
	struct conf_file	*file;
	int			 i;

	list->sets = conf_grow(list->sets, list->nsets, sizeof(*list->sets));
	set = &list->sets[list->nsets++];
	memset(set, 0, sizeof(*set));
	set->tls = *tls;
	set->owner = owner;
	for (i = 0; i < TLSFILE_COUNT; i++) {
		file = watch_file(tls, i);
		set->paths[i] = WATCH_NOPATH;
		if (file->path == NULL)
			continue;
		set->paths[i] = find_path(list, file, i == TLSFILE_KEY);
		/* One that cannot be read is another at the first look. */
		if (file->fd != -1)
			(void)watch_digest(file->fd, &set->loaded[i]);
	}
}

void
watch_list_clear(struct watch_list *list)
{
	size_t	 i;

	for (i = 0; i < list->npaths; i++)
		free(list->paths[i].fault);
	for (i = 0; i < list->nsets; i++)
		free(list->sets[i].fault);
	free(list->paths);
	free(list->sets);
	memset(list, 0, sizeof(*list));
}
