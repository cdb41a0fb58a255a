/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include "compat/imsg.h"

#ifndef HAVE_IMSG

#include <sys/socket.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* imsgbuf.flags */
#define IMSG_FDPASS	(1 << 0)

/* In the length on the wire: a descriptor belongs to this message. */
#define IMSG_FDMARK	0x80000000U

#define READ_SIZE	65536
/* Below this much free space a chunk is tidied or grown before a read. */
#define READ_LOW	(READ_SIZE / 2)

/*
 * What was read.  Received messages point into it and hold a reference, so
 * that nothing is copied; it is moved or reused only while the imsgbuf alone
 * refers to it.
 */
struct imsg_chunk {
	size_t		refs;
	size_t		size;
	unsigned char	data[];
};

/* A descriptor that a message, read but not yet got, has claimed. */
struct imsg_claim {
	struct imsg_claim	*next;
	int			 fd;
};

struct msgbuf {
	/* To be sent. */
	struct ibuf		 *head;
	struct ibuf		**tail;
	uint32_t		  queuelen;
	/*
	 * Read: whole messages from rpos to ppos, then a part of one up to
	 * wpos.  msglen is the length of that one, 0 until its header is
	 * complete.
	 */
	struct imsg_chunk	 *chunk;
	size_t			  rpos;
	size_t			  ppos;
	size_t			  wpos;
	size_t			  msglen;
	struct imsg_claim	 *claims;
	struct imsg_claim	**lastclaim;
	/*
	 * Descriptors that are not claimed yet: of the message whose header
	 * is incomplete, and of one that came with the rest of it.
	 */
	int			  rfd;
	int			  nextfd;
	int			  error;
};

static void
chunk_release(struct imsg_chunk *chunk)
{
	if (chunk != NULL && --chunk->refs == 0)
		free(chunk);
}

int
imsgbuf_init(struct imsgbuf *imsgbuf, int fd)
{
	struct msgbuf	*w;

	memset(imsgbuf, 0, sizeof(*imsgbuf));
	if ((w = calloc(1, sizeof(*w))) == NULL)
		return (-1);
	w->tail = &w->head;
	w->lastclaim = &w->claims;
	w->rfd = w->nextfd = -1;
	imsgbuf->w = w;
	imsgbuf->pid = getpid();
	imsgbuf->maxsize = MAX_IMSGSIZE;
	imsgbuf->fd = fd;
	return (0);
}

void
imsgbuf_allow_fdpass(struct imsgbuf *imsgbuf)
{
	imsgbuf->flags |= IMSG_FDPASS;
}

int
imsgbuf_set_maxsize(struct imsgbuf *imsgbuf, uint32_t max)
{
	if (max >= IMSG_FDMARK - IMSG_HEADER_SIZE) {
		errno = ERANGE;
		return (-1);
	}
	imsgbuf->maxsize = max + (uint32_t)IMSG_HEADER_SIZE;
	return (0);
}

/* Nobody is going to claim them. */
static void
read_unclaimed(struct msgbuf *w)
{
	if (w->rfd != -1)
		close(w->rfd);
	if (w->nextfd != -1)
		close(w->nextfd);
	w->rfd = w->nextfd = -1;
}

void
imsgbuf_clear(struct imsgbuf *imsgbuf)
{
	struct msgbuf		*w = imsgbuf->w;
	struct imsg_claim	*claim;
	struct ibuf		*buf;

	if (w == NULL)
		return;
	while ((buf = w->head) != NULL) {
		w->head = buf->next;
		ibuf_free(buf);
	}
	while ((claim = w->claims) != NULL) {
		w->claims = claim->next;
		close(claim->fd);
		free(claim);
	}
	read_unclaimed(w);
	chunk_release(w->chunk);
	free(w);
	imsgbuf->w = NULL;
}

/* Forgets what was got; moves the rest to the front where that may be. */
static void
read_tidy(struct msgbuf *w)
{
	struct imsg_chunk	*chunk = w->chunk;

	if (chunk == NULL || chunk->refs > 1)
		return;
	if (w->rpos == w->wpos && chunk->size > READ_SIZE) {
		/* Grown for a large message, which is gone. */
		chunk_release(chunk);
		w->chunk = NULL;
	} else if (w->rpos > 0 &&
	    (w->rpos == w->wpos || chunk->size - w->wpos < READ_LOW))
		memmove(chunk->data, chunk->data + w->rpos,
		    w->wpos - w->rpos);
	else
		return;
	w->ppos -= w->rpos;
	w->wpos -= w->rpos;
	w->rpos = 0;
}

/*
 * Makes room for a read.  A large message gets its memory as it comes in,
 * not for the length it claims.
 */
static int
read_room(struct msgbuf *w)
{
	struct imsg_chunk	*chunk, *old;
	size_t			 left, limit, size;

	read_tidy(w);
	old = w->chunk;
	if (old != NULL && old->size - w->wpos >= READ_LOW)
		return (0);

	left = w->wpos - w->rpos;
	limit = w->ppos - w->rpos + w->msglen + 2 * READ_SIZE;
	size = left < READ_LOW ? READ_SIZE : 2 * left + READ_SIZE;
	if (size > limit)
		size = limit;
	if (old != NULL && old->refs == 1 && w->rpos == 0) {
		if ((chunk = realloc(old, sizeof(*chunk) + size)) == NULL)
			return (-1);
	} else {
		if ((chunk = malloc(sizeof(*chunk) + size)) == NULL)
			return (-1);
		if (old != NULL && left > 0)
			memcpy(chunk->data, old->data + w->rpos, left);
		chunk_release(old);
		w->ppos -= w->rpos;
		w->wpos = left;
		w->rpos = 0;
	}
	chunk->refs = 1;
	chunk->size = size;
	w->chunk = chunk;
	return (0);
}

/*
 * Keeps the one descriptor that came along.  Where several came, or the
 * kernel had more than fit, none is kept: no honest peer sends that.
 */
static void
read_fds(struct msgbuf *w, struct msghdr *msg)
{
	struct cmsghdr	*cmsg;
	size_t		 i, n;
	int		 fd, kept = -1, bad;

	bad = (msg->msg_flags & MSG_CTRUNC) != 0;
	for (cmsg = CMSG_FIRSTHDR(msg); cmsg != NULL;
	    cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET ||
		    cmsg->cmsg_type != SCM_RIGHTS ||
		    cmsg->cmsg_len < CMSG_LEN(0))
			continue;
		n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(fd);
		for (i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(fd),
			    sizeof(fd));
			if (bad || n != 1 || kept != -1) {
				bad = 1;
				close(fd);
			} else
				kept = fd;
		}
	}
	if (kept != -1 && bad)
		close(kept);
	else if (w->rfd == -1)
		w->rfd = kept;
	else
		w->nextfd = kept;
}

/* Takes the header of the message at ppos, and the descriptor it marks. */
static int
read_header(struct msgbuf *w, uint32_t maxsize)
{
	unsigned char		*p = w->chunk->data + w->ppos;
	struct imsg_claim	*claim;
	struct imsg_hdr		 hdr;
	uint32_t		 len;

	memcpy(&hdr, p, sizeof(hdr));
	len = hdr.len & ~IMSG_FDMARK;
	if (len < sizeof(hdr)) {
		errno = EBADMSG;
		return (-1);
	}
	if (len > maxsize) {
		errno = ERANGE;
		return (-1);
	}
	if ((hdr.len & IMSG_FDMARK) != 0) {
		if (w->rfd != -1) {
			if ((claim = malloc(sizeof(*claim))) == NULL)
				return (-1);
			claim->next = NULL;
			claim->fd = w->rfd;
			w->rfd = w->nextfd;
			w->nextfd = -1;
			*w->lastclaim = claim;
			w->lastclaim = &claim->next;
		} else {
			/* From here on the mark says that a claim is there. */
			hdr.len = len;
			memcpy(p, &hdr, sizeof(hdr));
		}
	}
	w->msglen = len;
	return (0);
}

static int
read_messages(struct msgbuf *w, uint32_t maxsize)
{
	size_t	left;

	for (;;) {
		left = w->wpos - w->ppos;
		if (w->msglen == 0) {
			if (left < IMSG_HEADER_SIZE)
				break;
			if (read_header(w, maxsize) == -1)
				return (-1);
		}
		if (left < w->msglen)
			break;
		w->ppos += w->msglen;
		w->msglen = 0;
	}
	/*
	 * A descriptor comes with the first byte of its message, so only a
	 * header that is still incomplete may claim it later, and but one.
	 */
	if (left == 0 || w->msglen != 0)
		read_unclaimed(w);
	if (w->nextfd != -1)
		close(w->nextfd);
	w->nextfd = -1;
	return (0);
}

static ssize_t
read_socket(struct imsgbuf *imsgbuf)
{
	union {
		struct cmsghdr	hdr;
		unsigned char	buf[CMSG_SPACE(sizeof(int))];
	}		 control;
	struct msgbuf	*w = imsgbuf->w;
	struct msghdr	 msg;
	struct iovec	 iov;
	ssize_t		 n;

	do {
		memset(&msg, 0, sizeof(msg));
		iov.iov_base = w->chunk->data + w->wpos;
		iov.iov_len = w->chunk->size - w->wpos;
		msg.msg_iov = &iov;
		msg.msg_iovlen = 1;
		if ((imsgbuf->flags & IMSG_FDPASS) != 0) {
			memset(&control, 0, sizeof(control));
			msg.msg_control = &control;
			msg.msg_controllen = sizeof(control);
		}
		n = recvmsg(imsgbuf->fd, &msg, MSG_CMSG_CLOEXEC);
	} while (n == -1 && errno == EINTR);
	if (n != -1 && msg.msg_control != NULL)
		read_fds(w, &msg);
	return (n);
}

int
imsgbuf_read(struct imsgbuf *imsgbuf)
{
	struct msgbuf	*w = imsgbuf->w;
	ssize_t		 n;

	if (w->error != 0) {
		errno = w->error;
		return (-1);
	}
	if (read_room(w) == -1)
		return (-1);
	if ((n = read_socket(imsgbuf)) == -1)
		return (errno == EAGAIN || errno == EWOULDBLOCK ? 1 : -1);
	if (n == 0)
		return (0);
	w->wpos += (size_t)n;
	if (read_messages(w, imsgbuf->maxsize) == -1) {
		w->error = errno;
		return (-1);
	}
	return (1);
}

ssize_t
imsg_get(struct imsgbuf *imsgbuf, struct imsg *imsg)
{
	struct msgbuf		*w = imsgbuf->w;
	struct imsg_claim	*claim;
	unsigned char		*p;

	if (w->rpos == w->ppos)
		return (0);
	p = w->chunk->data + w->rpos;
	memcpy(&imsg->hdr, p, sizeof(imsg->hdr));
	imsg->data = NULL;
	imsg->chunk = NULL;
	imsg->fd = -1;
	if ((imsg->hdr.len & IMSG_FDMARK) != 0) {
		imsg->hdr.len &= ~IMSG_FDMARK;
		claim = w->claims;
		if ((w->claims = claim->next) == NULL)
			w->lastclaim = &w->claims;
		imsg->fd = claim->fd;
		free(claim);
	}
	if (imsg->hdr.len > IMSG_HEADER_SIZE) {
		imsg->data = p + IMSG_HEADER_SIZE;
		imsg->chunk = w->chunk;
		imsg->chunk->refs++;
	}
	w->rpos += imsg->hdr.len;
	return ((ssize_t)imsg->hdr.len);
}

void
imsg_free(struct imsg *imsg)
{
	if (imsg->fd != -1)
		close(imsg->fd);
	imsg->fd = -1;
	chunk_release(imsg->chunk);
	imsg->chunk = NULL;
	imsg->data = NULL;
	imsg->hdr.len = IMSG_HEADER_SIZE;
}

int
imsg_get_ibuf(struct imsg *imsg, struct ibuf *buf)
{
	if (imsg->data == NULL) {
		errno = EBADMSG;
		return (-1);
	}
	ibuf_from_buffer(buf, imsg->data, imsg_get_len(imsg));
	return (0);
}

int
imsg_get_data(struct imsg *imsg, void *data, size_t len)
{
	if (imsg->data == NULL || imsg_get_len(imsg) != len) {
		errno = EBADMSG;
		return (-1);
	}
	memcpy(data, imsg->data, len);
	return (0);
}

int
imsg_get_fd(struct imsg *imsg)
{
	int	fd = imsg->fd;

	imsg->fd = -1;
	return (fd);
}

uint32_t
imsg_get_id(struct imsg *imsg)
{
	return (imsg->hdr.peerid);
}

size_t
imsg_get_len(struct imsg *imsg)
{
	return (imsg->hdr.len - IMSG_HEADER_SIZE);
}

pid_t
imsg_get_pid(struct imsg *imsg)
{
	return ((pid_t)imsg->hdr.pid);
}

uint32_t
imsg_get_type(struct imsg *imsg)
{
	return (imsg->hdr.type);
}

static void
imsg_header(struct imsgbuf *imsgbuf, struct imsg_hdr *hdr, uint32_t type,
    uint32_t id, pid_t pid)
{
	hdr->type = type;
	hdr->len = IMSG_HEADER_SIZE;
	hdr->peerid = id;
	hdr->pid = (uint32_t)(pid == 0 ? imsgbuf->pid : pid);
}

struct ibuf *
imsg_create(struct imsgbuf *imsgbuf, uint32_t type, uint32_t id, pid_t pid,
    size_t datalen)
{
	struct imsg_hdr	 hdr;
	struct ibuf	*msg;

	if (datalen > imsgbuf->maxsize - IMSG_HEADER_SIZE) {
		errno = ERANGE;
		return (NULL);
	}
	msg = ibuf_dynamic(IMSG_HEADER_SIZE + datalen, imsgbuf->maxsize);
	if (msg == NULL)
		return (NULL);
	imsg_header(imsgbuf, &hdr, type, id, pid);
	if (ibuf_add(msg, &hdr, sizeof(hdr)) == -1) {
		ibuf_free(msg);
		return (NULL);
	}
	return (msg);
}

int
imsg_add(struct ibuf *msg, const void *data, size_t datalen)
{
	if (datalen > INT_MAX || ibuf_add(msg, data, datalen) == -1) {
		if (datalen > INT_MAX)
			errno = ERANGE;
		ibuf_free(msg);
		return (-1);
	}
	return ((int)datalen);
}

void
imsg_close(struct imsgbuf *imsgbuf, struct ibuf *msg)
{
	struct msgbuf	*w = imsgbuf->w;
	struct imsg_hdr	 hdr;

	if ((imsgbuf->flags & IMSG_FDPASS) == 0)
		ibuf_fd_set(msg, -1);
	memcpy(&hdr, ibuf_data(msg), sizeof(hdr));
	hdr.len = (uint32_t)ibuf_size(msg);
	if (ibuf_fd_avail(msg))
		hdr.len |= IMSG_FDMARK;
	memcpy(ibuf_data(msg), &hdr, sizeof(hdr));
	msg->next = NULL;
	*w->tail = msg;
	w->tail = &msg->next;
	w->queuelen++;
}

int
imsg_composev(struct imsgbuf *imsgbuf, uint32_t type, uint32_t id, pid_t pid,
    int fd, const struct iovec *iov, int iovcnt)
{
	struct ibuf	*msg;
	size_t		 len = 0;
	int		 i;

	for (i = 0; i < iovcnt; i++) {
		if (iov[i].iov_len > SIZE_MAX - len) {
			errno = ERANGE;
			return (-1);
		}
		len += iov[i].iov_len;
	}
	if ((msg = imsg_create(imsgbuf, type, id, pid, len)) == NULL)
		return (-1);
	for (i = 0; i < iovcnt; i++)
		if (imsg_add(msg, iov[i].iov_base, iov[i].iov_len) == -1)
			return (-1);
	ibuf_fd_set(msg, fd);
	imsg_close(imsgbuf, msg);
	return (1);
}

int
imsg_compose(struct imsgbuf *imsgbuf, uint32_t type, uint32_t id, pid_t pid,
    int fd, const void *data, size_t datalen)
{
	struct ibuf	*msg;

	if ((msg = imsg_create(imsgbuf, type, id, pid, datalen)) == NULL)
		return (-1);
	if (imsg_add(msg, data, datalen) == -1)
		return (-1);
	ibuf_fd_set(msg, fd);
	imsg_close(imsgbuf, msg);
	return (1);
}

int
imsg_compose_ibuf(struct imsgbuf *imsgbuf, uint32_t type, uint32_t id,
    pid_t pid, struct ibuf *buf)
{
	struct imsg_hdr	hdr;

	if (ibuf_size(buf) > imsgbuf->maxsize - IMSG_HEADER_SIZE) {
		ibuf_free(buf);
		errno = ERANGE;
		return (-1);
	}
	imsg_header(imsgbuf, &hdr, type, id, pid);
	/* The header goes into the room that every buffer has in front. */
	buf->buf -= sizeof(hdr);
	buf->wpos += sizeof(hdr);
	memcpy(ibuf_data(buf), &hdr, sizeof(hdr));
	imsg_close(imsgbuf, buf);
	return (1);
}

uint32_t
imsgbuf_queuelen(struct imsgbuf *imsgbuf)
{
	return (imsgbuf->w->queuelen);
}

static void
write_done(struct msgbuf *w, size_t n)
{
	struct ibuf	*buf;
	size_t		 len;

	/* A descriptor goes with the first byte. */
	ibuf_fd_set(w->head, -1);
	while (n > 0 && (buf = w->head) != NULL) {
		len = ibuf_size(buf);
		if (n < len) {
			buf->rpos += n;
			return;
		}
		n -= len;
		if ((w->head = buf->next) == NULL)
			w->tail = &w->head;
		w->queuelen--;
		ibuf_free(buf);
	}
}

static void
write_fd(struct msghdr *msg, int fd)
{
	struct cmsghdr	*cmsg;

	cmsg = CMSG_FIRSTHDR(msg);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
}

/*
 * One sendmsg of what is queued, up to the next message with a descriptor:
 * that one begins a sendmsg of its own.  Returns 1 if all of it went, 0 if
 * the socket is full, -1 with errno.
 */
static int
write_socket(struct imsgbuf *imsgbuf)
{
	union {
		struct cmsghdr	hdr;
		unsigned char	buf[CMSG_SPACE(sizeof(int))];
	}		 control;
	struct msgbuf	*w = imsgbuf->w;
	struct iovec	 iov[IOV_MAX];
	struct msghdr	 msg;
	struct ibuf	*buf;
	size_t		 i = 0, total = 0;
	ssize_t		 n;

	memset(&msg, 0, sizeof(msg));
	for (buf = w->head; buf != NULL && i < IOV_MAX; buf = buf->next) {
		if (i > 0 && ibuf_fd_avail(buf))
			break;
		iov[i].iov_base = ibuf_data(buf);
		iov[i].iov_len = ibuf_size(buf);
		total += iov[i++].iov_len;
	}
	msg.msg_iov = iov;
	msg.msg_iovlen = i;
	if (ibuf_fd_avail(w->head)) {
		memset(&control, 0, sizeof(control));
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		write_fd(&msg, w->head->fd);
	}
	do {
		n = sendmsg(imsgbuf->fd, &msg, MSG_NOSIGNAL);
	} while (n == -1 && errno == EINTR);
	if (n == -1)
		return (errno == EAGAIN || errno == EWOULDBLOCK ||
		    errno == ENOBUFS || errno == ENOMEM ? 0 : -1);
	write_done(w, (size_t)n);
	return ((size_t)n == total);
}

int
imsgbuf_write(struct imsgbuf *imsgbuf)
{
	int	more;

	while (imsgbuf->w->head != NULL) {
		if ((more = write_socket(imsgbuf)) == -1)
			return (-1);
		if (more == 0)
			break;
	}
	return (0);
}

int
imsgbuf_flush(struct imsgbuf *imsgbuf)
{
	while (imsgbuf->w->head != NULL)
		if (imsgbuf_write(imsgbuf) == -1)
			return (-1);
	return (0);
}

#else
/* The system has it; C wants a file not to be empty. */
typedef int	imsg_is_in_libutil;
#endif /* HAVE_IMSG */
