/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <errno.h>

#include "common/msgfield.h"
#include "proxyd/relaymsg.h"

#define NLIMITS	(sizeof(struct config_limits) / sizeof(uint32_t))

/* The limits, as an array in one place for both directions. */
static void
limits_fields(struct config_limits *l, uint32_t *f[static NLIMITS])
{
	size_t	 n = 0;

	f[n++] = &l->max_connections;
	f[n++] = &l->max_per_address;
	f[n++] = &l->max_handshake;
	f[n++] = &l->max_header;
	f[n++] = &l->max_body;
	f[n++] = &l->max_bodies;
	f[n++] = &l->max_batch;
	f[n++] = &l->max_response;
	f[n++] = &l->max_values;
	f[n++] = &l->max_links;
	f[n++] = &l->max_queue;
	f[n++] = &l->max_waiting;
	f[n++] = &l->max_link_requests;
	f[n++] = &l->max_metrics;
	f[n++] = &l->timeout_handshake;
	f[n++] = &l->timeout_header;
	f[n++] = &l->timeout_body;
	f[n++] = &l->timeout_idle;
	f[n++] = &l->timeout_write;
	f[n++] = &l->timeout_request;
	f[n++] = &l->timeout_attempt;
	f[n++] = &l->timeout_register;
	f[n++] = &l->timeout_ping;
	f[n++] = &l->timeout_dead;
	f[n++] = &l->timeout_metrics;
	f[n++] = &l->timeout_stable;
}

int
relaymsg_send_config(struct imsgbuf *ibuf, const struct relay_config *c)
{
	struct config_limits	 limits = c->limits;
	uint32_t		*f[NLIMITS];
	struct ibuf		*b;
	size_t			 i;
	int			 ok = 1;

	limits_fields(&limits, f);
	if ((b = imsg_create(ibuf, RELAY_CONFIG, 0, 0, 256)) == NULL)
		return (-1);
	for (i = 0; i < NLIMITS; i++)
		ok &= ibuf_add_n32(b, *f[i]) == 0;
	ok &= ibuf_add_n32(b, c->hedge) == 0;
	ok &= ibuf_add_n8(b, (uint64_t)c->level) == 0;
	ok &= msgfield_add_string(b, c->protocols) == 0;
	return (msgfield_finish(ibuf, b, ok));
}

int
relaymsg_get_config(struct imsg *imsg, struct relay_config *c)
{
	struct ibuf	 b;
	uint32_t	*f[NLIMITS];
	uint8_t		 level;
	size_t		 i;

	limits_fields(&c->limits, f);
	if (msgfield_begin(imsg, RELAY_CONFIG, &b) == -1)
		return (-1);
	for (i = 0; i < NLIMITS; i++)
		if (ibuf_get_n32(&b, f[i]) == -1)
			return (-1);
	if (ibuf_get_n32(&b, &c->hedge) == -1 ||
	    ibuf_get_n8(&b, &level) == -1 || level > LOG_LVL_DEBUG ||
	    msgfield_get_string(&b, c->protocols, sizeof(c->protocols)) == -1)
		return (-1);
	c->level = (enum log_level)level;
	return (ibuf_size(&b) == 0 ? 0 : -1);
}

int
relaymsg_send_listen(struct imsgbuf *ibuf, const struct relay_listen *l,
    int fd)
{
	struct ibuf	*b;

	if ((b = imsg_create(ibuf, RELAY_LISTEN, 0, 0, 64)) == NULL)
		return (-1);
	if (ibuf_add_n32(b, l->index) == -1 ||
	    ibuf_add_n32(b, l->id) == -1 ||
	    ibuf_add_n8(b, (uint64_t)l->whom) == -1 ||
	    msgfield_add_string(b, l->address) == -1) {
		ibuf_free(b);
		return (-1);
	}
	ibuf_fd_set(b, fd);
	imsg_close(ibuf, b);
	return (0);
}

int
relaymsg_get_listen(struct imsg *imsg, struct relay_listen *l, int *fd)
{
	struct ibuf	 b;
	uint8_t		 whom;

	*fd = -1;
	if (msgfield_begin(imsg, RELAY_LISTEN, &b) == -1 ||
	    ibuf_get_n32(&b, &l->index) == -1 ||
	    l->index >= RELAY_MAXLISTENS ||
	    ibuf_get_n32(&b, &l->id) == -1 ||
	    ibuf_get_n8(&b, &whom) == -1 || whom >= WHOM_COUNT ||
	    msgfield_get_string(&b, l->address, sizeof(l->address)) == -1 ||
	    ibuf_size(&b) != 0)
		return (-1);
	l->whom = (enum config_whom)whom;
	*fd = imsg_get_fd(imsg);
	return (0);
}

int
relaymsg_send_file(struct imsgbuf *ibuf, enum tlsfile file, int fd)
{
	uint8_t	 kind = (uint8_t)file;

	if (fd == -1) {
		errno = EBADF;
		return (-1);
	}
	return (imsg_compose(ibuf, RELAY_FILE, 0, 0, fd, &kind, 1) == -1 ?
	    -1 : 0);
}

int
relaymsg_get_file(struct imsg *imsg, enum tlsfile *file, int *fd)
{
	uint8_t	 kind;

	*fd = -1;
	if (imsg_get_type(imsg) != RELAY_FILE ||
	    imsg_get_data(imsg, &kind, sizeof(kind)) == -1 ||
	    kind >= TLSFILE_COUNT)
		return (-1);
	*file = (enum tlsfile)kind;
	return ((*fd = imsg_get_fd(imsg)) == -1 ? -1 : 0);
}

int
relaymsg_send_error(struct imsgbuf *ibuf, const struct relay_error *e)
{
	struct ibuf	*b;
	int		 ok;

	if ((b = imsg_create(ibuf, RELAY_ERROR, 0, 0, 256)) == NULL)
		return (-1);
	ok = ibuf_add_n32(b, e->index) == 0 &&
	    msgfield_add_verdict(b, e->file, e->severity, e->text) == 0;
	return (msgfield_finish(ibuf, b, ok));
}

int
relaymsg_get_error(struct imsg *imsg, struct relay_error *e)
{
	struct ibuf	 b;

	if (msgfield_begin(imsg, RELAY_ERROR, &b) == -1 ||
	    ibuf_get_n32(&b, &e->index) == -1 || e->index >= RELAY_MAXLISTENS)
		return (-1);
	return (msgfield_get_verdict(&b, &e->file, &e->severity, e->text,
	    sizeof(e->text)));
}

int
relaymsg_send(struct imsgbuf *ibuf, enum relay_msg type)
{
	return (msgfield_send(ibuf, type, -1));
}

int
relaymsg_get_empty(struct imsg *imsg)
{
	return (imsg_get_len(imsg) == 0 ? 0 : -1);
}
