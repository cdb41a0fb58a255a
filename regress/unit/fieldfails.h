/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_UNIT_FIELDFAILS_H
#define REGRESS_UNIT_FIELDFAILS_H

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "compat/imsg.h"

/*
 * To be included before the source of a codec: whatever it does to make a
 * message fails when its turn comes, be it that a message cannot be had or
 * that a field cannot be added to it.
 */
static int	 call, fail_at;			/* from 1; 0: none fails */
static int	 messages, freed, queued;	/* since each_failure() began */

static inline int
fails(void)
{
	if (++call != fail_at)
		return (0);
	errno = ENOMEM;
	return (1);
}

static inline struct ibuf *
made(struct ibuf *b)
{
	messages += b != NULL;
	return (b);
}

#define imsg_create(ibuf, type, id, pid, len)				\
	(fails() ? NULL : made(imsg_create(ibuf, type, id, pid, len)))
#define imsg_compose(ibuf, type, id, pid, fd, data, len)		\
	(fails() ? -1 : imsg_compose(ibuf, type, id, pid, fd, data, len))
#define imsg_close(ibuf, b)	(queued++, imsg_close(ibuf, b))
#define ibuf_free(b)		(freed++, ibuf_free(b))
#define ibuf_add(b, p, len)	(fails() ? -1 : ibuf_add(b, p, len))
#define ibuf_add_n8(b, n)	(fails() ? -1 : ibuf_add_n8(b, n))
#define ibuf_add_n16(b, n)	(fails() ? -1 : ibuf_add_n16(b, n))
#define ibuf_add_n32(b, n)	(fails() ? -1 : ibuf_add_n32(b, n))
#define ibuf_add_n64(b, n)	(fails() ? -1 : ibuf_add_n64(b, n))
#define calloc(n, size)		(fails() ? NULL : calloc(n, size))

/* Makes one message of what arg says and returns as the codec does. */
typedef int	 encoder(struct imsgbuf *, const void *arg);

/*
 * Each call in turn: the encoder says so, and has neither queued the message
 * nor lost it; a descriptor is not closed.  several: the ones before it may
 * be queued.  Returns how many calls there are.
 */
static inline int
each_failure(encoder *encode, struct imsgbuf *ibuf, const void *arg, int fd,
    int several)
{
	uint32_t	 before;
	int		 r;

	for (fail_at = 1;; fail_at++) {
		call = messages = freed = queued = 0;
		errno = 0;
		before = imsgbuf_queuelen(ibuf);
		r = encode(ibuf, arg);
		if (call < fail_at)
			break;
		assert_int_equal(r, -1);
		assert_int_equal(errno, ENOMEM);
		assert_int_equal(messages, freed + queued);
		if (!several)
			assert_int_equal(queued, 0);
		assert_int_equal(imsgbuf_queuelen(ibuf),
		    before + (uint32_t)queued);
		if (fd != -1)
			assert_int_not_equal(fcntl(fd, F_GETFD), -1);
	}
	assert_int_equal(r, 0);
	assert_int_equal(freed, 0);
	assert_true(imsgbuf_queuelen(ibuf) > before);
	fail_at = 0;
	return (call);
}

#endif /* REGRESS_UNIT_FIELDFAILS_H */
