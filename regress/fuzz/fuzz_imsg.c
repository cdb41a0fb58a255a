/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: compat/imsg.o compat/imsg-buffer.o */

#include <sys/socket.h>
#include <sys/uio.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

#include "compat/imsg.h"
#include "regress/fuzz/take.h"

/*
 * The framing: a stream of bytes that comes in pieces, some of them with
 * descriptors.  However it was cut, the messages are those that the stream
 * holds, and it fails where the stream has its first impossible length.  The
 * input: flags, the number of pieces, their lengths, the stream.
 */
#define MAXHELD		8

static struct imsgbuf	 ibuf;
static int		 fd[2];

/* What the stream holds. */
struct stream {
	const uint8_t	*p;
	size_t		 len;
	size_t		 sent;		/* as much has been sent */
	size_t		 at;		/* of the next message to be got */
	uint32_t	 max;
	bool		 fdpass;
};

/* Messages that are not freed at once: what they point to stays. */
struct held {
	struct imsg	 imsg;
	size_t		 at;
};

static struct held	 held[MAXHELD];
static size_t		 nheld, nfds;

/* Length of the message at that place; 0: not all of its header is there. */
static uint32_t
length_at(const struct stream *s, size_t at, size_t end)
{
	struct imsg_hdr	 hdr;

	if (end - at < sizeof(hdr))
		return (0);
	memcpy(&hdr, s->p + at, sizeof(hdr));
	return (hdr.len & 0x7fffffffU);
}

/* The error that reading that far has to end with, or 0. */
static int
expected_error(const struct stream *s)
{
	size_t		 at = 0;
	uint32_t	 len;

	while (s->sent - at >= sizeof(struct imsg_hdr)) {
		len = length_at(s, at, s->sent);
		if (len < sizeof(struct imsg_hdr))
			return (EBADMSG);
		if (len > s->max)
			return (ERANGE);
		if (len > s->sent - at)
			return (0);
		at += len;
	}
	return (0);
}

static void
check_body(const struct stream *s, struct imsg *imsg, size_t at)
{
	size_t		 len = imsg_get_len(imsg);
	struct imsg_hdr	 hdr;
	struct ibuf	 b;

	memcpy(&hdr, s->p + at, sizeof(hdr));
	must(imsg_get_type(imsg) == hdr.type);
	must(imsg_get_id(imsg) == hdr.peerid);
	must((uint32_t)imsg_get_pid(imsg) == hdr.pid);
	must(len == length_at(s, at, s->len) - sizeof(hdr));
	must((imsg_get_ibuf(imsg, &b) == 0) == (len > 0));
	if (len > 0) {
		must(ibuf_size(&b) == len);
		must(memcmp(ibuf_data(&b), s->p + at + sizeof(hdr), len) == 0);
	}
}

static void
check_fd(const struct stream *s, struct imsg *imsg, size_t at)
{
	struct imsg_hdr	 hdr;
	int		 got;

	memcpy(&hdr, s->p + at, sizeof(hdr));
	if ((got = imsg_get_fd(imsg)) == -1)
		return;
	must(s->fdpass && (hdr.len & 0x80000000U) != 0 && nfds > 0);
	must(fcntl(got, F_GETFD) == FD_CLOEXEC);
	must(imsg_get_fd(imsg) == -1);
	close(got);
	nfds--;
}

static void
release(const struct stream *s)
{
	struct held	*h = &held[--nheld];

	check_body(s, &h->imsg, h->at);
	check_fd(s, &h->imsg, h->at);
	imsg_free(&h->imsg);
}

static void
get_all(struct stream *s, bool hold)
{
	struct imsg	 imsg;
	ssize_t		 n;

	while ((n = imsg_get(&ibuf, &imsg)) > 0) {
		must(length_at(s, s->at, s->sent) == (uint32_t)n);
		must((size_t)n <= s->sent - s->at);
		check_body(s, &imsg, s->at);
		if (nheld == MAXHELD)
			release(s);
		held[nheld].at = s->at;
		held[nheld++].imsg = imsg;
		s->at += (size_t)n;
		if (!hold)
			release(s);
	}
	must(n == 0);
}

/* n bytes of the stream, with some descriptors. */
static void
send_piece(struct stream *s, size_t n, size_t count)
{
	union {
		struct cmsghdr	 hdr;
		unsigned char	 buf[CMSG_SPACE(3 * sizeof(int))];
	}		 control;
	struct iovec	 iov;
	struct msghdr	 msg;
	struct cmsghdr	*cmsg;
	int		 fds[3] = { fd[0], fd[0], fd[0] };

	memset(&msg, 0, sizeof(msg));
	memset(&control, 0, sizeof(control));
	iov.iov_base = (void *)(uintptr_t)(s->p + s->sent);
	iov.iov_len = n;
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	if (count > 0) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(count * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, count * sizeof(int));
	}
	must(sendmsg(fd[1], &msg, 0) == (ssize_t)n);
	nfds += count;
	s->sent += n;
}

/* The lowest free descriptor: the same after as before. */
static int
lowest(void)
{
	int	 n = dup(0);

	if (n == -1)
		n = dup(2);
	must(n != -1 && close(n) == 0);
	return (n);
}

static void
read_stream(struct stream *s, struct take *pieces, bool hold)
{
	int	 error = 0, r;
	uint8_t	 c;
	size_t	 n;

	while (s->sent < s->len && error == 0) {
		c = take_u8(pieces);
		n = (c & 0x20) == 0 ? (size_t)(c & 0x1f) + 1 :
		    ((size_t)(c & 0x1f) + 1) << 8;
		if (pieces->left == 0 || n > s->len - s->sent)
			n = s->len - s->sent;
		send_piece(s, n, c >> 6);
		r = imsgbuf_read(&ibuf);
		error = expected_error(s);
		if (error != 0) {
			must(r == -1 && errno == error);
			must(imsgbuf_read(&ibuf) == -1 && errno == error);
		} else
			must(r == 1);
		get_all(s, hold);
	}
	/* Nothing more is there. */
	if (error == 0)
		must(imsgbuf_read(&ibuf) == 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t	 limits[] = { 0, 1, 200, 100000 };
	struct stream		 s;
	struct take		 t = { data, size }, pieces;
	uint8_t			 flags = take_u8(&t);
	int			 before = lowest(), buffer = 1 << 20;

	memset(&s, 0, sizeof(s));
	pieces.p = take_ref(&t, take_u8(&t), &pieces.left);
	s.p = take_ref(&t, 65536, &s.len);
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd) == 0);
	must(setsockopt(fd[1], SOL_SOCKET, SO_SNDBUF, &buffer,
	    sizeof(buffer)) == 0);
	must(imsgbuf_init(&ibuf, fd[0]) == 0);
	s.max = MAX_IMSGSIZE;
	if (flags & 3) {
		s.max = limits[flags & 3] + (uint32_t)IMSG_HEADER_SIZE;
		must(imsgbuf_set_maxsize(&ibuf, limits[flags & 3]) == 0);
	}
	if ((s.fdpass = (flags & 4) != 0))
		imsgbuf_allow_fdpass(&ibuf);
	nfds = 0;
	read_stream(&s, &pieces, (flags & 8) != 0);
	if (flags & 16)
		imsgbuf_clear(&ibuf);
	while (nheld > 0)
		release(&s);
	imsgbuf_clear(&ibuf);
	close(fd[0]);
	close(fd[1]);
	must(lowest() == before);
	return (0);
}
