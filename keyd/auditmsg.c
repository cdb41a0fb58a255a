/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <errno.h>
#include <string.h>

#include "common/msgfield.h"
#include "keyd/auditmsg.h"

int
auditmsg_send(struct imsgbuf *ibuf, enum audit_msg type, int fd)
{
	return (msgfield_send(ibuf, type, fd));
}

int
auditmsg_get_empty(struct imsg *imsg)
{
	return (imsg_get_len(imsg) == 0 ? 0 : -1);
}

int
auditmsg_get_fd(struct imsg *imsg, int *fd)
{
	*fd = -1;
	if (imsg_get_len(imsg) != 0)
		return (-1);
	return ((*fd = imsg_get_fd(imsg)) == -1 ? -1 : 0);
}

int
auditmsg_send_config(struct imsgbuf *ibuf, const struct audit_config *config)
{
	struct ibuf	*b;

	if ((b = imsg_create(ibuf, AUDIT_CONFIG, 0, 0, 14)) == NULL)
		return (-1);
	return (msgfield_finish(ibuf, b,
	    ibuf_add_n32(b, config->generation) != -1 &&
	    ibuf_add_n8(b, config->sync) != -1 &&
	    ibuf_add_n8(b, config->newfile) != -1 &&
	    ibuf_add_n32(b, config->queue) != -1 &&
	    ibuf_add_n32(b, config->head) != -1));
}

int
auditmsg_get_config(struct imsg *imsg, struct audit_config *config)
{
	struct ibuf	b;
	uint8_t		sync, newfile;

	memset(config, 0, sizeof(*config));
	if (msgfield_begin(imsg, AUDIT_CONFIG, &b) == -1 ||
	    ibuf_get_n32(&b, &config->generation) == -1 ||
	    ibuf_get_n8(&b, &sync) == -1 ||
	    ibuf_get_n8(&b, &newfile) == -1 ||
	    ibuf_get_n32(&b, &config->queue) == -1 ||
	    ibuf_get_n32(&b, &config->head) == -1 || ibuf_size(&b) != 0 ||
	    sync > 1 || newfile > 1 || config->queue == 0 ||
	    config->head == 0)
		return (-1);
	config->sync = sync;
	config->newfile = newfile;
	return (0);
}

int
auditmsg_send_worker(struct imsgbuf *ibuf, const struct audit_config *config)
{
	struct ibuf	*b;

	if ((b = imsg_create(ibuf, AUDIT_WORKER, 0, 0, 8)) == NULL)
		return (-1);
	return (msgfield_finish(ibuf, b,
	    ibuf_add_n32(b, config->worker) != -1 &&
	    ibuf_add_n32(b, config->workers) != -1));
}

int
auditmsg_get_worker(struct imsg *imsg, struct audit_config *config)
{
	struct ibuf	b;

	if (msgfield_begin(imsg, AUDIT_WORKER, &b) == -1 ||
	    ibuf_get_n32(&b, &config->worker) == -1 ||
	    ibuf_get_n32(&b, &config->workers) == -1 || ibuf_size(&b) != 0 ||
	    config->worker == 0 || config->worker > config->workers ||
	    config->workers > AUDIT_WORKERS)
		return (-1);
	return (0);
}

int
auditmsg_send_name(struct imsgbuf *ibuf, enum audit_msg type, uint32_t index,
    const char *name)
{
	struct ibuf	*b;

	if (strlen(name) > AUDIT_NAMEMAX) {
		errno = EINVAL;
		return (-1);
	}
	if ((b = imsg_create(ibuf, type, 0, 0, 6 + strlen(name))) == NULL)
		return (-1);
	return (msgfield_finish(ibuf, b, ibuf_add_n32(b, index) != -1 &&
	    msgfield_add_string(b, name) != -1));
}

int
auditmsg_get_name(struct imsg *imsg, struct audit_name *name)
{
	struct ibuf	b;

	memset(name, 0, sizeof(*name));
	if (imsg_get_ibuf(imsg, &b) == -1 ||
	    ibuf_get_n32(&b, &name->index) == -1 ||
	    msgfield_get_string(&b, name->name, sizeof(name->name)) == -1 ||
	    ibuf_size(&b) != 0)
		return (-1);
	return (0);
}

int
auditmsg_send_failed(struct imsgbuf *ibuf, const char *text)
{
	struct ibuf	*b;
	size_t		 len = strnlen(text, AUDIT_TEXTMAX);

	if ((b = imsg_create(ibuf, AUDIT_FAILED, 0, 0, len)) == NULL)
		return (-1);
	return (msgfield_finish(ibuf, b, ibuf_add(b, text, len) != -1));
}

int
auditmsg_get_failed(struct imsg *imsg, char text[AUDIT_TEXTMAX + 1])
{
	struct ibuf	b;
	size_t		len;

	text[0] = '\0';
	if (msgfield_begin(imsg, AUDIT_FAILED, &b) == -1)
		return (-1);
	len = ibuf_size(&b);
	if (len > AUDIT_TEXTMAX || ibuf_get(&b, text, len) == -1 ||
	    memchr(text, '\0', len) != NULL)
		return (-1);
	text[len] = '\0';
	return (0);
}

int
auditmsg_send_append(struct imsgbuf *ibuf, const struct audit_append *append)
{
	struct ibuf	*b;

	if (append->len > AUDIT_BATCH) {
		errno = ERANGE;
		return (-1);
	}
	b = imsg_create(ibuf, AUDIT_APPEND, 0, 0, 10 + append->len);
	if (b == NULL)
		return (-1);
	return (msgfield_finish(ibuf, b,
	    ibuf_add_n64(b, append->last) != -1 &&
	    ibuf_add_n8(b, append->sync) != -1 &&
	    ibuf_add_n8(b, append->answer) != -1 &&
	    ibuf_add(b, append->text, append->len) != -1));
}

int
auditmsg_get_append(struct imsg *imsg, struct audit_append *append)
{
	struct ibuf	b;
	uint8_t		sync, answer;

	memset(append, 0, sizeof(*append));
	if (msgfield_begin(imsg, AUDIT_APPEND, &b) == -1 ||
	    ibuf_get_n64(&b, &append->last) == -1 ||
	    ibuf_get_n8(&b, &sync) == -1 || ibuf_get_n8(&b, &answer) == -1 ||
	    sync > 1 || answer > 1)
		return (-1);
	append->sync = sync;
	append->answer = answer;
	append->text = ibuf_data(&b);
	append->len = ibuf_size(&b);
	if (append->len == 0 || append->len > AUDIT_BATCH ||
	    append->text[append->len - 1] != '\n')
		return (-1);
	return (0);
}

int
auditmsg_send_where(struct imsgbuf *ibuf, const struct audit_where *where)
{
	struct ibuf	*b;

	b = imsg_create(ibuf, AUDIT_HEAD, 0, 0, 24 + 2 * KECCAK_SIZE);
	if (b == NULL)
		return (-1);
	return (msgfield_finish(ibuf, b,
	    ibuf_add_n64(b, where->head.sequence) != -1 &&
	    ibuf_add(b, where->head.hash, KECCAK_SIZE) != -1 &&
	    ibuf_add_n64(b, where->torn) != -1 &&
	    ibuf_add(b, where->tornhash, KECCAK_SIZE) != -1 &&
	    ibuf_add_n64(b, where->tornlines) != -1));
}

int
auditmsg_get_where(struct imsg *imsg, struct audit_where *where)
{
	struct ibuf	b;

	memset(where, 0, sizeof(*where));
	if (msgfield_begin(imsg, AUDIT_HEAD, &b) == -1 ||
	    ibuf_get_n64(&b, &where->head.sequence) == -1 ||
	    ibuf_get(&b, where->head.hash, KECCAK_SIZE) == -1 ||
	    ibuf_get_n64(&b, &where->torn) == -1 ||
	    ibuf_get(&b, where->tornhash, KECCAK_SIZE) == -1 ||
	    ibuf_get_n64(&b, &where->tornlines) == -1 ||
	    ibuf_size(&b) != 0 || where->head.sequence == UINT64_MAX)
		return (-1);
	return (0);
}

int
auditmsg_send_number(struct imsgbuf *ibuf, enum audit_msg type, uint64_t n)
{
	struct ibuf	*b;

	if ((b = imsg_create(ibuf, type, 0, 0, 8)) == NULL)
		return (-1);
	return (msgfield_finish(ibuf, b, ibuf_add_n64(b, n) != -1));
}

int
auditmsg_get_number(struct imsg *imsg, uint64_t *n)
{
	struct ibuf	b;

	*n = 0;
	if (imsg_get_ibuf(imsg, &b) == -1 || ibuf_get_n64(&b, n) == -1 ||
	    ibuf_size(&b) != 0)
		return (-1);
	return (0);
}
