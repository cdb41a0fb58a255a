/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/tlscheck.h"
#include "common/tlsconn.h"

struct text {
	uint8_t	*data;
	size_t	 len;
	size_t	 size;
};

/* A larger buffer; nothing of the old one stays behind. */
static int
grow(struct text *t)
{
	size_t	 size = t->size == 0 ? 8192 : 2 * t->size;
	uint8_t	*data;

	if ((data = calloc(1, size)) == NULL)
		return (-1);
	if (t->data != NULL) {
		memcpy(data, t->data, t->len);
		explicit_bzero(t->data, t->size);
		free(t->data);
	}
	t->data = data;
	t->size = size;
	return (0);
}

static void
wipe(struct text *t)
{
	if (t->data == NULL)
		return;
	explicit_bzero(t->data, t->size);
	free(t->data);
	memset(t, 0, sizeof(*t));
}

static const char *
read_text(int fd, struct text *t)
{
	ssize_t	 n;

	for (;;) {
		if (t->len == t->size && grow(t) == -1)
			return ("out of memory");
		/* Others may read it, too, by the same open file. */
		n = pread(fd, t->data + t->len, t->size - t->len,
		    (off_t)t->len);
		if (n == 0)
			break;
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return (strerror(errno));
		t->len += (size_t)n;
		if (t->len > TLSFILES_MAX)
			return ("larger than 4 MiB");
	}
	return (t->len == 0 ? "empty" : NULL);
}

struct loader {
	struct text	 texts[TLSFILE_COUNT];
	enum tlsfiles_role role;
	const char	*protocols;
	tlsfiles_cb	*cb;
	void		*arg;
	int		 failed;
};

static void
tell(struct loader *l, enum tlsfile file, const char *text)
{
	l->failed = 1;
	l->cb(file, TLSFILE_FAULT, text, l->arg);
}

/*
 * With or without the CA and the CRL, so that a fault has one culprit.  The
 * certificate stands in for the CA: there must be one.
 */
static struct tlsctx *
attempt(struct loader *l, int ca, int crl, char *err, size_t size)
{
	enum tlsfile		 trust = ca ? TLSFILE_CA : TLSFILE_CERT;
	struct tlsctx_config	 config;

	memset(&config, 0, sizeof(config));
	config.cert = l->texts[TLSFILE_CERT].data;
	config.certlen = l->texts[TLSFILE_CERT].len;
	config.key = l->texts[TLSFILE_KEY].data;
	config.keylen = l->texts[TLSFILE_KEY].len;
	config.protocols = l->protocols;
	config.ca = l->texts[trust].data;
	config.calen = l->texts[trust].len;
	if (crl) {
		config.crl = l->texts[TLSFILE_CRL].data;
		config.crllen = l->texts[TLSFILE_CRL].len;
	}
	if (l->role == TLSFILES_CLIENT)
		return (tlsctx_client(&config, err, size));
	return (tlsctx_server(&config, err, size));
}

/* libtls has the last word. */
static struct tlsctx *
build(struct loader *l)
{
	static const enum tlsfile	 added[] = {
		TLSFILE_CERT, TLSFILE_CA, TLSFILE_CRL
	};
	struct tlsctx			*ctx = NULL;
	char				 err[400];
	int				 i, last;

	last = l->texts[TLSFILE_CRL].data != NULL ? 2 : 1;
	for (i = 0; i <= last; i++) {
		tlsctx_unref(ctx);
		ctx = attempt(l, i >= 1, i >= 2, err, sizeof(err));
		if (ctx == NULL) {
			tell(l, added[i], err);
			return (NULL);
		}
	}
	return (ctx);
}

static int
check(struct loader *l, char not_after[TLSFILES_TIME],
    struct tlsctx_times *times)
{
	struct tlscheck_text	 texts[TLSFILE_COUNT];
	int			 i;

	for (i = 0; i < TLSFILE_COUNT; i++) {
		texts[i].data = l->texts[i].data;
		texts[i].len = l->texts[i].len;
	}
	return (tlscheck(texts, l->role, not_after, times, l->cb, l->arg));
}

struct tlsctx *
tlsfiles_load(int files[TLSFILE_COUNT], enum tlsfiles_role role,
    const char *protocols, char not_after[TLSFILES_TIME], tlsfiles_cb *cb,
    void *arg)
{
	struct tlsctx_times times;
	struct loader	 l;
	struct tlsctx	*ctx = NULL;
	const char	*why;
	int		 i;

	memset(&l, 0, sizeof(l));
	l.role = role;
	l.protocols = protocols;
	l.cb = cb;
	l.arg = arg;
	not_after[0] = '\0';
	for (i = 0; i < TLSFILE_COUNT; i++) {
		if (files[i] == -1)
			continue;
		if ((why = read_text(files[i], &l.texts[i])) != NULL)
			tell(&l, (enum tlsfile)i, why);
		close(files[i]);
		files[i] = -1;
	}
	if (!l.failed && check(&l, not_after, &times) == 0)
		ctx = build(&l);
	if (ctx != NULL)
		tlsctx_set_times(ctx, &times);
	for (i = 0; i < TLSFILE_COUNT; i++)
		wipe(&l.texts[i]);
	return (ctx);
}
