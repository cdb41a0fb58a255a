/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include "common/msgfield.h"
#include "signerd/frontmsg.h"

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
	f[n++] = &l->max_transaction;
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
	f[n++] = &l->timeout_keyd;
	f[n++] = &l->timeout_connect;
	f[n++] = &l->timeout_register;
	f[n++] = &l->timeout_renew;
	f[n++] = &l->timeout_ping;
	f[n++] = &l->timeout_dead;
	f[n++] = &l->timeout_backoff;
	f[n++] = &l->timeout_stable;
	f[n++] = &l->timeout_metrics;
	f[n++] = &l->spin;
	f[n++] = &l->place;
	f[n++] = &l->window;
}

int
frontmsg_send_config(struct imsgbuf *ibuf, const struct front_config *c)
{
	struct config_limits	 limits = c->limits;
	uint32_t		*f[NLIMITS];
	struct ibuf		*b;
	size_t			 i;
	int			 ok = 1;

	limits_fields(&limits, f);
	if ((b = imsg_create(ibuf, FRONT_CONFIG, 0, 0, 256)) == NULL)
		return (-1);
	for (i = 0; i < NLIMITS; i++)
		ok &= ibuf_add_n32(b, *f[i]) == 0;
	ok &= msgfield_add_string(b, c->protocols) == 0;
	return (msgfield_finish(ibuf, b, ok));
}

int
frontmsg_get_config(struct imsg *imsg, struct front_config *c)
{
	struct ibuf	 b;
	uint32_t	*f[NLIMITS];
	size_t		 i;

	limits_fields(&c->limits, f);
	if (imsg_get_ibuf(imsg, &b) == -1)
		return (-1);
	for (i = 0; i < NLIMITS; i++)
		if (ibuf_get_n32(&b, f[i]) == -1)
			return (-1);
	if (msgfield_get_string(&b, c->protocols, sizeof(c->protocols)) == -1)
		return (-1);
	return (ibuf_size(&b) == 0 ? 0 : -1);
}

int
frontmsg_send_file(struct imsgbuf *ibuf, enum tlsfile file, int fd)
{
	uint8_t	 kind = (uint8_t)file;

	return (imsg_compose(ibuf, FRONT_FILE, 0, 0, fd, &kind, 1) == -1 ?
	    -1 : 0);
}

int
frontmsg_get_file(struct imsg *imsg, enum tlsfile *file, int *fd)
{
	uint8_t	 kind;

	if (imsg_get_data(imsg, &kind, sizeof(kind)) == -1 ||
	    kind >= TLSFILE_COUNT || (*fd = imsg_get_fd(imsg)) == -1)
		return (-1);
	*file = (enum tlsfile)kind;
	return (0);
}

int
frontmsg_send_key(struct imsgbuf *ibuf, const struct front_key *k)
{
	struct ibuf	*b;
	int		 ok;

	if ((b = imsg_create(ibuf, FRONT_KEY, 0, 0, 128)) == NULL)
		return (-1);
	ok = ibuf_add_n32(b, k->index) == 0 &&
	    msgfield_add_string(b, k->name) == 0 &&
	    ibuf_add(b, k->address, sizeof(k->address)) == 0;
	return (msgfield_finish(ibuf, b, ok));
}

int
frontmsg_get_key(struct imsg *imsg, struct front_key *k)
{
	struct ibuf	 b;

	if (imsg_get_ibuf(imsg, &b) == -1 ||
	    ibuf_get_n32(&b, &k->index) == -1 ||
	    msgfield_get_string(&b, k->name, sizeof(k->name)) == -1 ||
	    ibuf_get(&b, k->address, sizeof(k->address)) == -1)
		return (-1);
	return (ibuf_size(&b) == 0 ? 0 : -1);
}

int
frontmsg_send_error(struct imsgbuf *ibuf, const struct front_error *e)
{
	struct ibuf	*b;

	if ((b = imsg_create(ibuf, FRONT_ERROR, 0, 0, 256)) == NULL)
		return (-1);
	return (msgfield_finish(ibuf, b, msgfield_add_verdict(b, e->file,
	    e->severity, e->text) == 0));
}

int
frontmsg_get_error(struct imsg *imsg, struct front_error *e)
{
	struct ibuf	 b;

	if (imsg_get_ibuf(imsg, &b) == -1)
		return (-1);
	return (msgfield_get_verdict(&b, &e->file, &e->severity, e->text,
	    sizeof(e->text)));
}

int
frontmsg_send_keep(struct imsgbuf *ibuf, enum front_msg type, uint32_t number)
{
	struct ibuf	*b;

	if ((b = imsg_create(ibuf, type, 0, 0, 4)) == NULL)
		return (-1);
	return (msgfield_finish(ibuf, b, ibuf_add_n32(b, number) == 0));
}

int
frontmsg_get_keep(struct imsg *imsg, uint32_t *number)
{
	struct ibuf	 b;

	if (imsg_get_ibuf(imsg, &b) == -1 ||
	    ibuf_get_n32(&b, number) == -1)
		return (-1);
	return (ibuf_size(&b) == 0 ? 0 : -1);
}

int
frontmsg_send(struct imsgbuf *ibuf, enum front_msg type, int fd)
{
	return (msgfield_send(ibuf, type, fd));
}

int
frontmsg_get_fd(struct imsg *imsg, int *fd)
{
	if (imsg_get_len(imsg) != 0)
		return (-1);
	return ((*fd = imsg_get_fd(imsg)) == -1 ? -1 : 0);
}

int
frontmsg_get_empty(struct imsg *imsg)
{
	return (imsg_get_len(imsg) == 0 ? 0 : -1);
}
