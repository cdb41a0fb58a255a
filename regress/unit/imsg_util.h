/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_UNIT_IMSG_UTIL_H
#define REGRESS_UNIT_IMSG_UTIL_H

#include <sys/socket.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "compat/imsg.h"
#include "regress/unit/rnd.h"

/* For the tests of compat/imsg.h: a channel, and raw bytes on it. */
#define FDMARK		0x80000000U
#define HDR		IMSG_HEADER_SIZE
#define MIB		(1024 * 1024)

/* a sends to b. */
struct pair {
	struct imsgbuf	a;
	struct imsgbuf	b;
	int		fd[2];
	int		fds;		/* open before, to find leaks */
};

static inline int
open_fds(void)
{
	int	fd, n = 0;

	for (fd = 0; fd < 256; fd++)
		if (fcntl(fd, F_GETFD) != -1)
			n++;
	return (n);
}

static inline int
a_pipe(int *other)
{
	int	p[2];

	assert_int_equal(pipe(p), 0);
	*other = p[1];
	return (p[0]);
}

static inline void
pair_open(struct pair *p)
{
	p->fds = open_fds();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    p->fd), 0);
	assert_int_equal(imsgbuf_init(&p->a, p->fd[0]), 0);
	assert_int_equal(imsgbuf_init(&p->b, p->fd[1]), 0);
}

static inline void
pair_fdpass(struct pair *p)
{
	imsgbuf_allow_fdpass(&p->a);
	imsgbuf_allow_fdpass(&p->b);
}

static inline void
pair_close(struct pair *p)
{
	imsgbuf_clear(&p->a);
	imsgbuf_clear(&p->b);
	close(p->fd[0]);
	if (p->fd[1] != -1)
		close(p->fd[1]);
	assert_int_equal(open_fds(), p->fds);
}

static inline void
send_raw(struct pair *p, const void *data, size_t len)
{
	assert_int_equal(send(p->fd[0], data, len, 0), len);
}

/* Bytes with n descriptors on them, all the same file. */
static inline void
send_raw_fds(struct pair *p, const void *data, size_t len, size_t n)
{
	union {
		struct cmsghdr	hdr;
		unsigned char	buf[CMSG_SPACE(8 * sizeof(int))];
	}		 control;
	struct cmsghdr	*cmsg;
	struct msghdr	 msg = { 0 };
	struct iovec	 iov = { (void *)(uintptr_t)data, len };
	int		 fds[8];
	size_t		 i;

	fds[0] = open("/dev/null", O_RDONLY);
	assert_int_not_equal(fds[0], -1);
	for (i = 1; i < n; i++)
		fds[i] = fds[0];
	memset(&control, 0, sizeof(control));
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	msg.msg_control = &control;
	msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
	cmsg = CMSG_FIRSTHDR(&msg);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(cmsg), fds, n * sizeof(int));
	assert_int_equal(sendmsg(p->fd[0], &msg, 0), len);
	close(fds[0]);
}

/* A header in out; returns the length of the whole message. */
static inline size_t
raw_header(unsigned char *out, uint32_t type, uint32_t len)
{
	struct imsg_hdr	hdr = { type, len, 7, 8 };

	memcpy(out, &hdr, sizeof(hdr));
	return (len & ~FDMARK);
}

static inline void
expect(struct imsgbuf *ibuf, struct imsg *imsg, uint32_t type, size_t len)
{
	assert_int_equal(imsg_get(ibuf, imsg), len + HDR);
	assert_int_equal(imsg_get_type(imsg), type);
	assert_int_equal(imsg_get_len(imsg), len);
}

static inline void
expect_none(struct imsgbuf *ibuf)
{
	struct imsg	imsg;

	assert_int_equal(imsg_get(ibuf, &imsg), 0);
}

static inline void
fill(unsigned char *p, size_t len, uint32_t start)
{
	size_t	i;

	for (i = 0; i < len; i++)
		p[i] = (unsigned char)(start + i * 7 + (i >> 8));
}

static inline int
filled(const unsigned char *p, size_t len, uint32_t start)
{
	size_t	i;

	for (i = 0; i < len; i++)
		if (p[i] != (unsigned char)(start + i * 7 + (i >> 8)))
			return (0);
	return (1);
}

/* Both directions of one thread: write some, read some. */
static inline void
pump(struct pair *p, struct imsg *imsg)
{
	int	i;

	for (i = 0; i < 1000; i++) {
		assert_int_equal(imsgbuf_write(&p->a), 0);
		assert_int_equal(imsgbuf_read(&p->b), 1);
		if (imsg_get(&p->b, imsg) > 0)
			return;
	}
	fail();
}

#endif /* REGRESS_UNIT_IMSG_UTIL_H */
