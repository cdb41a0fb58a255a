/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include "compat/imsg.h"

#ifndef HAVE_IMSG

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Values of ibuf.fd below zero. */
#define IBUF_NOFD	(-1)
#define IBUF_BORROWED	(-2)

#define IBUF_MINGROW	256

/*
 * One allocation: the struct, room for a header in front (so that
 * imsg_compose_ibuf() need not copy or chain), the first size bytes.  A
 * buffer that outgrows them moves to an allocation of its own.
 */
static struct ibuf *
ibuf_new(size_t size, size_t max)
{
	struct ibuf	*buf;

	if (size > SIZE_MAX - sizeof(*buf) - IMSG_HEADER_SIZE) {
		errno = ENOMEM;
		return (NULL);
	}
	if ((buf = malloc(sizeof(*buf) + IMSG_HEADER_SIZE + size)) == NULL)
		return (NULL);
	buf->next = NULL;
	buf->base = (unsigned char *)(buf + 1);
	buf->buf = buf->base + IMSG_HEADER_SIZE;
	buf->size = size;
	buf->max = max;
	buf->wpos = 0;
	buf->rpos = 0;
	buf->fd = IBUF_NOFD;
	return (buf);
}

struct ibuf *
ibuf_open(size_t len)
{
	if (len == 0) {
		errno = EINVAL;
		return (NULL);
	}
	return (ibuf_new(len, len));
}

struct ibuf *
ibuf_dynamic(size_t len, size_t max)
{
	if (max == 0 || max < len) {
		errno = EINVAL;
		return (NULL);
	}
	return (ibuf_new(len, max));
}

static int
ibuf_grow(struct ibuf *buf, size_t needed)
{
	unsigned char	*base, *old;
	size_t		 size;

	size = buf->size > buf->max / 2 ? buf->max : buf->size * 2;
	if (size < IBUF_MINGROW)
		size = buf->max < IBUF_MINGROW ? buf->max : IBUF_MINGROW;
	if (size < needed)
		size = needed;
	if (size > SIZE_MAX - IMSG_HEADER_SIZE) {
		errno = ENOMEM;
		return (-1);
	}

	old = buf->base == (unsigned char *)(buf + 1) ? NULL : buf->base;
	if ((base = realloc(old, IMSG_HEADER_SIZE + size)) == NULL)
		return (-1);
	if (old == NULL && buf->base != NULL)
		memcpy(base, buf->base, IMSG_HEADER_SIZE + buf->wpos);
	buf->base = base;
	buf->buf = base + IMSG_HEADER_SIZE;
	buf->size = size;
	return (0);
}

/* Where the next len bytes go; they count as written. */
static unsigned char *
ibuf_room(struct ibuf *buf, size_t len)
{
	unsigned char	*p;

	if (buf->fd == IBUF_BORROWED) {
		errno = EINVAL;
		return (NULL);
	}
	if (len > buf->max - buf->wpos) {
		errno = ERANGE;
		return (NULL);
	}
	if (len > buf->size - buf->wpos &&
	    ibuf_grow(buf, buf->wpos + len) == -1)
		return (NULL);
	p = buf->buf + buf->wpos;
	buf->wpos += len;
	return (p);
}

int
ibuf_add(struct ibuf *buf, const void *data, size_t len)
{
	unsigned char	*p;

	if ((p = ibuf_room(buf, len)) == NULL)
		return (-1);
	if (len > 0)
		memcpy(p, data, len);
	return (0);
}

int
ibuf_add_ibuf(struct ibuf *buf, const struct ibuf *from)
{
	return (ibuf_add(buf, ibuf_data(from), ibuf_size(from)));
}

int
ibuf_add_zero(struct ibuf *buf, size_t len)
{
	unsigned char	*p;

	if ((p = ibuf_room(buf, len)) == NULL)
		return (-1);
	memset(p, 0, len);
	return (0);
}

/* The lowest n bytes of the value, the highest of them first. */
static int
ibuf_add_net(struct ibuf *buf, uint64_t value, size_t n)
{
	unsigned char	*p;
	size_t		 i;

	if (n < sizeof(value) && value >> (8 * n) != 0) {
		errno = EINVAL;
		return (-1);
	}
	if ((p = ibuf_room(buf, n)) == NULL)
		return (-1);
	for (i = n; i > 0; i--) {
		p[i - 1] = (unsigned char)(value & 0xff);
		value >>= 8;
	}
	return (0);
}

int
ibuf_add_n8(struct ibuf *buf, uint64_t value)
{
	return (ibuf_add_net(buf, value, 1));
}

int
ibuf_add_n16(struct ibuf *buf, uint64_t value)
{
	return (ibuf_add_net(buf, value, 2));
}

int
ibuf_add_n32(struct ibuf *buf, uint64_t value)
{
	return (ibuf_add_net(buf, value, 4));
}

int
ibuf_add_n64(struct ibuf *buf, uint64_t value)
{
	return (ibuf_add_net(buf, value, 8));
}

void *
ibuf_data(const struct ibuf *buf)
{
	return (buf->buf + buf->rpos);
}

size_t
ibuf_size(const struct ibuf *buf)
{
	return (buf->wpos - buf->rpos);
}

size_t
ibuf_left(const struct ibuf *buf)
{
	if (buf->fd == IBUF_BORROWED)
		return (0);
	return (buf->max - buf->wpos);
}

/* Where the next len bytes are; they count as read. */
static const unsigned char *
ibuf_take(struct ibuf *buf, size_t len)
{
	const unsigned char	*p;

	if (len > ibuf_size(buf)) {
		errno = EBADMSG;
		return (NULL);
	}
	p = buf->buf + buf->rpos;
	buf->rpos += len;
	return (p);
}

int
ibuf_get(struct ibuf *buf, void *data, size_t len)
{
	const unsigned char	*p;

	if ((p = ibuf_take(buf, len)) == NULL)
		return (-1);
	if (len > 0)
		memcpy(data, p, len);
	return (0);
}

static int
ibuf_get_net(struct ibuf *buf, uint64_t *value, size_t n)
{
	const unsigned char	*p;
	size_t			 i;

	if ((p = ibuf_take(buf, n)) == NULL)
		return (-1);
	*value = 0;
	for (i = 0; i < n; i++)
		*value = *value << 8 | p[i];
	return (0);
}

int
ibuf_get_n8(struct ibuf *buf, uint8_t *value)
{
	return (ibuf_get(buf, value, sizeof(*value)));
}

int
ibuf_get_n16(struct ibuf *buf, uint16_t *value)
{
	uint64_t	v;

	if (ibuf_get_net(buf, &v, sizeof(*value)) == -1)
		return (-1);
	*value = (uint16_t)v;
	return (0);
}

int
ibuf_get_n32(struct ibuf *buf, uint32_t *value)
{
	uint64_t	v;

	if (ibuf_get_net(buf, &v, sizeof(*value)) == -1)
		return (-1);
	*value = (uint32_t)v;
	return (0);
}

int
ibuf_get_n64(struct ibuf *buf, uint64_t *value)
{
	return (ibuf_get_net(buf, value, sizeof(*value)));
}

int
ibuf_skip(struct ibuf *buf, size_t len)
{
	return (ibuf_take(buf, len) == NULL ? -1 : 0);
}

void
ibuf_from_buffer(struct ibuf *buf, void *data, size_t len)
{
	memset(buf, 0, sizeof(*buf));
	buf->base = buf->buf = data;
	buf->size = buf->max = buf->wpos = len;
	buf->fd = IBUF_BORROWED;
}

int
ibuf_get_ibuf(struct ibuf *buf, size_t len, struct ibuf *new)
{
	size_t	start = buf->rpos;

	if (ibuf_take(buf, len) == NULL)
		return (-1);
	ibuf_from_buffer(new, buf->buf + start, len);
	return (0);
}

void
ibuf_free(struct ibuf *buf)
{
	if (buf == NULL)
		return;
	/* Not ours to free: a mistake of the caller's, as in the original. */
	if (buf->fd == IBUF_BORROWED)
		abort();
	if (buf->fd >= 0)
		close(buf->fd);
	if (buf->base != (unsigned char *)(buf + 1))
		free(buf->base);
	free(buf);
}

int
ibuf_fd_avail(struct ibuf *buf)
{
	return (buf->fd >= 0);
}

int
ibuf_fd_get(struct ibuf *buf)
{
	int	fd = buf->fd;

	if (fd < 0)
		return (-1);
	buf->fd = IBUF_NOFD;
	return (fd);
}

void
ibuf_fd_set(struct ibuf *buf, int fd)
{
	if (buf->fd == IBUF_BORROWED)
		abort();
	if (buf->fd >= 0)
		close(buf->fd);
	buf->fd = fd >= 0 ? fd : IBUF_NOFD;
}

#else
/* The system has it; C wants a file not to be empty. */
typedef int	imsg_buffer_is_in_libutil;
#endif /* HAVE_IMSG */
