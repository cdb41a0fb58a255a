/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMPAT_IMSG_H
#define COMPAT_IMSG_H

#ifdef HAVE_IMSG

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/uio.h>
#include <stdint.h>
#include <imsg.h>

#else

#include <sys/types.h>
#include <sys/uio.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The part of OpenBSD 7.7's imsg_init(3) and ibuf_add(3) that is used here,
 * with the meaning that it has there, for systems without it.
 *
 * What differs: the payload of a received message lies in the buffer that it
 * was read into and is not aligned, so it must be read with the ibuf_get
 * functions, imsg_get_data() or as bytes.  It stays until imsg_free(), also
 * over further reads and imsgbuf_clear().
 */
#define IMSG_HEADER_SIZE	sizeof(struct imsg_hdr)
#define MAX_IMSGSIZE		16384	/* default, header included */

/* Bytes to be sent or being read; written at wpos, read at rpos. */
struct ibuf {
	struct ibuf	*next;
	unsigned char	*base;		/* room for a header, then buf */
	unsigned char	*buf;
	size_t		 size;
	size_t		 max;
	size_t		 wpos;
	size_t		 rpos;
	int		 fd;
};

struct msgbuf;

struct imsgbuf {
	struct msgbuf	*w;
	pid_t		 pid;
	uint32_t	 maxsize;
	int		 fd;
	int		 flags;
};

struct imsg_hdr {
	uint32_t	 type;
	uint32_t	 len;		/* header included */
	uint32_t	 peerid;
	uint32_t	 pid;
};

struct imsg_chunk;

struct imsg {
	struct imsg_hdr		 hdr;
	void			*data;	/* NULL without a payload */
	struct imsg_chunk	*chunk;	/* that data lies in */
	int			 fd;
};

/*
 * imsg-buffer.c
 *
 * Functions that return int return 0, or -1 with errno: ENOMEM; EINVAL for a
 * value that does not fit and for adding to a buffer that is only read;
 * ERANGE over the maximum; EBADMSG where fewer bytes are left than asked for.
 */
struct ibuf	*ibuf_open(size_t len);
struct ibuf	*ibuf_dynamic(size_t len, size_t max);
int		 ibuf_add(struct ibuf *, const void *, size_t);
int		 ibuf_add_ibuf(struct ibuf *, const struct ibuf *);
int		 ibuf_add_zero(struct ibuf *, size_t);
int		 ibuf_add_n8(struct ibuf *, uint64_t);
int		 ibuf_add_n16(struct ibuf *, uint64_t);
int		 ibuf_add_n32(struct ibuf *, uint64_t);
int		 ibuf_add_n64(struct ibuf *, uint64_t);
/* What is still to be read, and how many bytes that is. */
void		*ibuf_data(const struct ibuf *);
size_t		 ibuf_size(const struct ibuf *);
/* How many bytes may still be added. */
size_t		 ibuf_left(const struct ibuf *);
int		 ibuf_get(struct ibuf *, void *, size_t);
int		 ibuf_get_n8(struct ibuf *, uint8_t *);
int		 ibuf_get_n16(struct ibuf *, uint16_t *);
int		 ibuf_get_n32(struct ibuf *, uint32_t *);
int		 ibuf_get_n64(struct ibuf *, uint64_t *);
/* The new buffer borrows the bytes; it is not to be freed. */
int		 ibuf_get_ibuf(struct ibuf *, size_t, struct ibuf *);
int		 ibuf_skip(struct ibuf *, size_t);
/* As above, over any bytes. */
void		 ibuf_from_buffer(struct ibuf *, void *, size_t);
/* Closes the descriptor, too.  NULL is taken. */
void		 ibuf_free(struct ibuf *);
int		 ibuf_fd_avail(struct ibuf *);
/* The descriptor becomes the caller's; -1 if there is none. */
int		 ibuf_fd_get(struct ibuf *);
/* The descriptor becomes the buffer's; an earlier one is closed. */
void		 ibuf_fd_set(struct ibuf *, int);

/* imsg.c */

/* The descriptor stays the caller's.  0, or -1 with errno. */
int		 imsgbuf_init(struct imsgbuf *, int);
/* Without it descriptors are neither sent nor taken. */
void		 imsgbuf_allow_fdpass(struct imsgbuf *);
/*
 * The largest payload, header not included, of messages both ways.  0, or -1
 * with ERANGE.
 */
int		 imsgbuf_set_maxsize(struct imsgbuf *, uint32_t);
/*
 * Reads what is there: 1, also for EAGAIN; 0 at the end of the stream; -1
 * with errno.  A length below that of a header (EBADMSG) or over the maximum
 * (ERANGE) is an error that stays.
 */
int		 imsgbuf_read(struct imsgbuf *);
/*
 * Sends what is queued until the socket is full (EAGAIN, ENOBUFS, ENOMEM): 0,
 * or -1 with errno.  imsgbuf_queuelen() tells whether something is left.
 */
int		 imsgbuf_write(struct imsgbuf *);
/* Sends all; for blocking sockets. */
int		 imsgbuf_flush(struct imsgbuf *);
/* Frees everything, messages to be sent included. */
void		 imsgbuf_clear(struct imsgbuf *);
uint32_t	 imsgbuf_queuelen(struct imsgbuf *);
/*
 * The next message, to be freed with imsg_free().  Its length with the
 * header, or 0 if there is none.
 */
ssize_t		 imsg_get(struct imsgbuf *, struct imsg *);
/* 0, or -1 with EBADMSG if there is no payload. */
int		 imsg_get_ibuf(struct imsg *, struct ibuf *);
/* 0, or -1 with EBADMSG if the payload has not that length. */
int		 imsg_get_data(struct imsg *, void *, size_t);
/* The descriptor becomes the caller's; -1 if there is none. */
int		 imsg_get_fd(struct imsg *);
uint32_t	 imsg_get_id(struct imsg *);
/* Of the payload. */
size_t		 imsg_get_len(struct imsg *);
pid_t		 imsg_get_pid(struct imsg *);
uint32_t	 imsg_get_type(struct imsg *);
/*
 * 1, or -1 with errno: ENOMEM, or ERANGE for a payload over the maximum.  On
 * success the descriptor (-1: none) is closed once it was sent; on failure
 * it stays the caller's.
 */
int		 imsg_compose(struct imsgbuf *, uint32_t type, uint32_t id,
		    pid_t, int fd, const void *, size_t);
int		 imsg_composev(struct imsgbuf *, uint32_t type, uint32_t id,
		    pid_t, int fd, const struct iovec *, int);
/* The buffer, with its descriptor, is consumed in either case. */
int		 imsg_compose_ibuf(struct imsgbuf *, uint32_t type,
		    uint32_t id, pid_t, struct ibuf *);
/* NULL with errno on failure. */
struct ibuf	*imsg_create(struct imsgbuf *, uint32_t type, uint32_t id,
		    pid_t, size_t);
/* The length, or -1 with errno, and then the message has been freed. */
int		 imsg_add(struct ibuf *, const void *, size_t);
void		 imsg_close(struct imsgbuf *, struct ibuf *);
/* Closes a descriptor that was not taken. */
void		 imsg_free(struct imsg *);

#endif /* HAVE_IMSG */

#endif /* COMPAT_IMSG_H */
