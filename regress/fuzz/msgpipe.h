/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_FUZZ_MSGPIPE_H
#define REGRESS_FUZZ_MSGPIPE_H

#include <sys/socket.h>
#include <fcntl.h>
#include <unistd.h>

#include "compat/imsg.h"
#include "regress/fuzz/take.h"

/*
 * For the targets of message codecs: any body becomes a message that was
 * received, and of one that was encoded its body is seen.
 */
struct msgpipe {
	struct imsgbuf	 in;
	struct imsgbuf	 out;
	int		 fd[2];
	int		 free;		/* the lowest free descriptor */
};

static inline int
msgpipe_lowest(const struct msgpipe *p)
{
	int	 fd = dup(p->fd[0]);

	must(fd != -1 && close(fd) == 0);
	return (fd);
}

static inline void
msgpipe_open(struct msgpipe *p, uint32_t max)
{
	int	 size = 1 << 20;

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p->fd) == 0);
	must(setsockopt(p->fd[1], SOL_SOCKET, SO_SNDBUF, &size,
	    sizeof(size)) == 0);
	must(imsgbuf_init(&p->in, p->fd[0]) == 0);
	must(imsgbuf_init(&p->out, p->fd[1]) == 0);
	must(imsgbuf_set_maxsize(&p->in, max) == 0);
	must(imsgbuf_set_maxsize(&p->out, max) == 0);
	imsgbuf_allow_fdpass(&p->in);
	imsgbuf_allow_fdpass(&p->out);
}

/* Before each input: opens it before the first one. */
static inline void
msgpipe_begin(struct msgpipe *p, uint32_t max)
{
	if (p->fd[1] == 0)
		msgpipe_open(p, max);
	p->free = msgpipe_lowest(p);
}

/* Nothing is queued, and no descriptor was lost since the beginning. */
static inline void
msgpipe_clean(struct msgpipe *p)
{
	must(imsgbuf_queuelen(&p->out) == 0);
	must(msgpipe_lowest(p) == p->free);
}

/* What was queued on p->out, as it arrives; 0 where there is nothing. */
static inline ssize_t
msgpipe_next(struct msgpipe *p, struct imsg *imsg)
{
	ssize_t	 n;
	char	 c;

	while ((n = imsg_get(&p->in, imsg)) == 0) {
		if (imsgbuf_queuelen(&p->out) > 0)
			must(imsgbuf_write(&p->out) == 0);
		else if (recv(p->fd[0], &c, 1, MSG_PEEK) == -1)
			return (0);
		must(imsgbuf_read(&p->in) == 1);
	}
	must(n > 0);
	return (n);
}

/* The message of that body; with a descriptor of /dev/null if wanted. */
static inline void
msgpipe_make(struct msgpipe *p, struct imsg *imsg, uint32_t type, int with,
    const void *body, size_t len)
{
	int	 fd = -1;

	if (with)
		must((fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) != -1);
	must(imsg_compose(&p->out, type, 0, 0, fd, body, len) == 1);
	must(msgpipe_next(p, imsg) > 0);
}

/* The next one that was queued is this. */
static inline void
msgpipe_expect(struct msgpipe *p, uint32_t type, const void *body, size_t len)
{
	struct imsg	 imsg;
	struct ibuf	 b;

	must(msgpipe_next(p, &imsg) > 0);
	must(imsg_get_type(&imsg) == type);
	must(imsg_get_len(&imsg) == len);
	if (len > 0) {
		must(imsg_get_ibuf(&imsg, &b) == 0);
		must(memcmp(ibuf_data(&b), body, len) == 0);
	}
	imsg_free(&imsg);
}

/* What an encoder has queued is one message, and this one. */
static inline void
msgpipe_same(struct msgpipe *p, uint32_t type, const void *body, size_t len)
{
	must(imsgbuf_queuelen(&p->out) == 1);
	msgpipe_expect(p, type, body, len);
}

#endif /* REGRESS_FUZZ_MSGPIPE_H */
