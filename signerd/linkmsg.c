/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <errno.h>

#include "common/msgfield.h"
#include "signerd/linkmsg.h"

int
linkmsg_send_proxy(struct imsgbuf *ibuf, const struct link_proxy *lp)
{
	struct ibuf	*b;
	int		 ok;

	if ((b = imsg_create(ibuf, LINK_PROXY, 0, 0, 1024)) == NULL)
		return (-1);
	ok = ibuf_add_n32(b, lp->index) == 0 &&
	    ibuf_add_n8(b, lp->down) == 0 &&
	    msgfield_add_string(b, lp->name) == 0 &&
	    msgfield_add_string(b, lp->host) == 0 &&
	    msgfield_add_string(b, lp->target) == 0 &&
	    msgfield_add_string(b, lp->tlsname) == 0 &&
	    msgfield_add_string(b, lp->protocols) == 0;
	return (msgfield_finish(ibuf, b, ok));
}

static int
get_bool(struct ibuf *b, bool *value)
{
	uint8_t	 n;

	if (ibuf_get_n8(b, &n) == -1 || n > 1)
		return (-1);
	*value = n == 1;
	return (0);
}

int
linkmsg_get_proxy(struct imsg *imsg, struct link_proxy *lp)
{
	struct ibuf	 b;

	if (msgfield_begin(imsg, LINK_PROXY, &b) == -1 ||
	    ibuf_get_n32(&b, &lp->index) == -1 ||
	    lp->index >= CONFIG_NUMBERS || get_bool(&b, &lp->down) == -1 ||
	    msgfield_get_string(&b, lp->name, sizeof(lp->name)) == -1 ||
	    msgfield_get_string(&b, lp->host, sizeof(lp->host)) == -1 ||
	    msgfield_get_string(&b, lp->target, sizeof(lp->target)) == -1 ||
	    msgfield_get_string(&b, lp->tlsname, sizeof(lp->tlsname)) == -1 ||
	    msgfield_get_string(&b, lp->protocols,
	    sizeof(lp->protocols)) == -1)
		return (-1);
	return (ibuf_size(&b) == 0 ? 0 : -1);
}

int
linkmsg_send_file(struct imsgbuf *ibuf, uint32_t index, enum tlsfile file,
    int fd)
{
	struct ibuf	*b;

	if (fd == -1) {
		errno = EBADF;
		return (-1);
	}
	if ((b = imsg_create(ibuf, LINK_FILE, 0, 0, 8)) == NULL)
		return (-1);
	if (ibuf_add_n32(b, index) == -1 ||
	    ibuf_add_n8(b, (uint64_t)file) == -1) {
		ibuf_free(b);
		return (-1);
	}
	ibuf_fd_set(b, fd);
	imsg_close(ibuf, b);
	return (0);
}

int
linkmsg_get_file(struct imsg *imsg, uint32_t *index, enum tlsfile *file,
    int *fd)
{
	struct ibuf	 b;
	uint8_t		 kind;

	*fd = -1;
	if (msgfield_begin(imsg, LINK_FILE, &b) == -1 ||
	    ibuf_get_n32(&b, index) == -1 || *index >= CONFIG_NUMBERS ||
	    ibuf_get_n8(&b, &kind) == -1 || kind >= TLSFILE_COUNT ||
	    ibuf_size(&b) != 0)
		return (-1);
	*file = (enum tlsfile)kind;
	return ((*fd = imsg_get_fd(imsg)) == -1 ? -1 : 0);
}

int
linkmsg_send_dialer(struct imsgbuf *ibuf, int fd)
{
	if (fd == -1) {
		errno = EBADF;
		return (-1);
	}
	return (msgfield_send(ibuf, LINK_DIALER, fd));
}

int
linkmsg_get_dialer(struct imsg *imsg, int *fd)
{
	*fd = -1;
	if (imsg_get_type(imsg) != LINK_DIALER || imsg_get_len(imsg) != 0)
		return (-1);
	return ((*fd = imsg_get_fd(imsg)) == -1 ? -1 : 0);
}

int
linkmsg_send_error(struct imsgbuf *ibuf, const struct link_error *e)
{
	struct ibuf	*b;
	int		 ok;

	if ((b = imsg_create(ibuf, LINK_ERROR, 0, 0, 256)) == NULL)
		return (-1);
	ok = ibuf_add_n32(b, e->index) == 0 &&
	    msgfield_add_verdict(b, e->file, e->severity, e->text) == 0;
	return (msgfield_finish(ibuf, b, ok));
}

int
linkmsg_get_error(struct imsg *imsg, struct link_error *e)
{
	struct ibuf	 b;

	if (msgfield_begin(imsg, LINK_ERROR, &b) == -1 ||
	    ibuf_get_n32(&b, &e->index) == -1 || e->index >= CONFIG_NUMBERS)
		return (-1);
	return (msgfield_get_verdict(&b, &e->file, &e->severity, e->text,
	    sizeof(e->text)));
}

int
linkmsg_send_down(struct imsgbuf *ibuf, uint32_t index, bool down)
{
	struct ibuf	*b;
	int		 ok;

	if ((b = imsg_create(ibuf, LINK_DOWN, 0, 0, 8)) == NULL)
		return (-1);
	ok = ibuf_add_n32(b, index) == 0 && ibuf_add_n8(b, down) == 0;
	return (msgfield_finish(ibuf, b, ok));
}

int
linkmsg_get_down(struct imsg *imsg, uint32_t *index, bool *down)
{
	struct ibuf	 b;

	if (msgfield_begin(imsg, LINK_DOWN, &b) == -1 ||
	    ibuf_get_n32(&b, index) == -1 || *index >= CONFIG_NUMBERS ||
	    get_bool(&b, down) == -1)
		return (-1);
	return (ibuf_size(&b) == 0 ? 0 : -1);
}
