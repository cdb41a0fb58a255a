/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <errno.h>
#include <string.h>

#include "common/msgfield.h"
#include "signerd/dialmsg.h"

_Static_assert(DIAL_HOST_MAX <= UINT8_MAX && DIAL_ERROR_MAX <= UINT8_MAX,
    "a string's length travels in one byte");

/* A length in one byte, then 1 to size - 1 bytes without NULs. */
static int
add_string(struct ibuf *b, const char *s, size_t size)
{
	size_t	 len = strnlen(s, size);

	if (len == 0 || len >= size) {
		errno = EINVAL;
		return (-1);
	}
	return (ibuf_add_n8(b, len) == -1 || ibuf_add(b, s, len) == -1 ?
	    -1 : 0);
}

static int
get_string(struct ibuf *b, char *s, size_t size)
{
	uint8_t	 len;

	if (ibuf_get_n8(b, &len) == -1 || len == 0 || len >= size ||
	    ibuf_get(b, s, len) == -1 || memchr(s, '\0', len) != NULL)
		return (-1);
	s[len] = '\0';
	return (0);
}

int
dialmsg_send_config(struct imsgbuf *ibuf, const struct dial_config *config)
{
	struct ibuf	*b;
	uint32_t	 i;
	int		 ok;

	if (config->nnameservers > DIAL_MAXNAMESERVERS) {
		errno = EINVAL;
		return (-1);
	}
	if ((b = imsg_create(ibuf, DIAL_CONFIG, 0, 0, 64)) == NULL)
		return (-1);
	ok = ibuf_add_n32(b, config->connect_timeout) == 0 &&
	    ibuf_add_n32(b, config->nnameservers) == 0;
	for (i = 0; ok && i < config->nnameservers; i++)
		ok = add_string(b, config->nameservers[i],
		    sizeof(config->nameservers[i])) == 0;
	return (msgfield_finish(ibuf, b, ok));
}

int
dialmsg_get_config(struct imsg *imsg, struct dial_config *config)
{
	struct ibuf	 b;
	uint32_t	 i;

	memset(config, 0, sizeof(*config));
	if (msgfield_begin(imsg, DIAL_CONFIG, &b) == -1 ||
	    ibuf_get_n32(&b, &config->connect_timeout) == -1 ||
	    config->connect_timeout == 0 ||
	    ibuf_get_n32(&b, &config->nnameservers) == -1 ||
	    config->nnameservers > DIAL_MAXNAMESERVERS)
		return (-1);
	for (i = 0; i < config->nnameservers; i++)
		if (get_string(&b, config->nameservers[i],
		    sizeof(config->nameservers[i])) == -1)
			return (-1);
	return (ibuf_size(&b) == 0 ? 0 : -1);
}

int
dialmsg_send_endpoint(struct imsgbuf *ibuf, const struct dial_endpoint *e)
{
	struct ibuf	*b;
	int		 ok;

	if ((b = imsg_create(ibuf, DIAL_ENDPOINT, 0, 0, 64)) == NULL)
		return (-1);
	ok = ibuf_add_n32(b, e->index) == 0 &&
	    ibuf_add_n16(b, e->port) == 0 &&
	    add_string(b, e->host, sizeof(e->host)) == 0;
	return (msgfield_finish(ibuf, b, ok));
}

int
dialmsg_get_endpoint(struct imsg *imsg, struct dial_endpoint *e)
{
	struct ibuf	 b;

	memset(e, 0, sizeof(*e));
	if (msgfield_begin(imsg, DIAL_ENDPOINT, &b) == -1 ||
	    ibuf_get_n32(&b, &e->index) == -1 ||
	    e->index >= DIAL_MAXENDPOINTS ||
	    ibuf_get_n16(&b, &e->port) == -1 || e->port == 0 ||
	    get_string(&b, e->host, sizeof(e->host)) == -1)
		return (-1);
	return (ibuf_size(&b) == 0 ? 0 : -1);
}

int
dialmsg_send_request(struct imsgbuf *ibuf, enum dial_msg type,
    const struct dial_request *request)
{
	struct ibuf	*b;

	if ((b = imsg_create(ibuf, type, 0, 0, 8)) == NULL)
		return (-1);
	return (msgfield_finish(ibuf, b, ibuf_add_n32(b, request->index) == 0 &&
	    ibuf_add_n32(b, request->cookie) == 0));
}

int
dialmsg_get_request(struct imsg *imsg, struct dial_request *request)
{
	uint32_t	 type = imsg_get_type(imsg);
	struct ibuf	 b;

	memset(request, 0, sizeof(*request));
	if ((type != DIAL_CONNECT && type != DIAL_CANCEL) ||
	    imsg_get_ibuf(imsg, &b) == -1 ||
	    ibuf_get_n32(&b, &request->index) == -1 ||
	    request->index >= DIAL_MAXENDPOINTS ||
	    ibuf_get_n32(&b, &request->cookie) == -1)
		return (-1);
	return (ibuf_size(&b) == 0 ? 0 : -1);
}

static int
add_result(struct ibuf *b, const struct dial_result *result)
{
	return (ibuf_add_n32(b, result->index) == -1 ||
	    ibuf_add_n32(b, result->cookie) == -1 ? -1 : 0);
}

static int
get_result(struct ibuf *b, struct dial_result *result)
{
	return (ibuf_get_n32(b, &result->index) == -1 ||
	    result->index >= DIAL_MAXENDPOINTS ||
	    ibuf_get_n32(b, &result->cookie) == -1 ? -1 : 0);
}

int
dialmsg_send_connected(struct imsgbuf *ibuf, const struct dial_result *result,
    int fd)
{
	struct ibuf	*b;

	if (fd == -1) {
		errno = EBADF;
		return (-1);
	}
	if ((b = imsg_create(ibuf, DIAL_CONNECTED, 0, 0, 64)) == NULL)
		return (-1);
	if (add_result(b, result) == -1 ||
	    add_string(b, result->peer, sizeof(result->peer)) == -1)
		return (msgfield_finish(ibuf, b, 0));
	ibuf_fd_set(b, fd);
	return (msgfield_finish(ibuf, b, 1));
}

int
dialmsg_get_connected(struct imsg *imsg, struct dial_result *result, int *fd)
{
	struct ibuf	 b;

	*fd = -1;
	memset(result, 0, sizeof(*result));
	if (msgfield_begin(imsg, DIAL_CONNECTED, &b) == -1 ||
	    get_result(&b, result) == -1 ||
	    get_string(&b, result->peer, sizeof(result->peer)) == -1 ||
	    ibuf_size(&b) != 0)
		return (-1);
	return ((*fd = imsg_get_fd(imsg)) == -1 ? -1 : 0);
}

int
dialmsg_send_failed(struct imsgbuf *ibuf, const struct dial_result *result)
{
	struct ibuf	*b;

	if ((b = imsg_create(ibuf, DIAL_FAILED, 0, 0, 64)) == NULL)
		return (-1);
	return (msgfield_finish(ibuf, b, add_result(b, result) == 0 &&
	    add_string(b, result->text, sizeof(result->text)) == 0));
}

int
dialmsg_get_failed(struct imsg *imsg, struct dial_result *result)
{
	struct ibuf	 b;

	memset(result, 0, sizeof(*result));
	if (msgfield_begin(imsg, DIAL_FAILED, &b) == -1 ||
	    get_result(&b, result) == -1 ||
	    get_string(&b, result->text, sizeof(result->text)) == -1)
		return (-1);
	return (ibuf_size(&b) == 0 ? 0 : -1);
}

int
dialmsg_send(struct imsgbuf *ibuf, enum dial_msg type, int fd)
{
	return (msgfield_send(ibuf, type, fd));
}

int
dialmsg_get_fd(struct imsg *imsg, int *fd)
{
	*fd = -1;
	if (imsg_get_type(imsg) != DIAL_CHANNEL || imsg_get_len(imsg) != 0)
		return (-1);
	return ((*fd = imsg_get_fd(imsg)) == -1 ? -1 : 0);
}

int
dialmsg_get_file(struct imsg *imsg, int *fd)
{
	uint32_t	 type = imsg_get_type(imsg);

	*fd = -1;
	if ((type != DIAL_RESOLVCONF && type != DIAL_HOSTS) ||
	    imsg_get_len(imsg) != 0)
		return (-1);
	*fd = imsg_get_fd(imsg);
	return (0);
}

int
dialmsg_get_empty(struct imsg *imsg)
{
	return (imsg_get_len(imsg) == 0 ? 0 : -1);
}
