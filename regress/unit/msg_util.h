/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_UNIT_MSG_UTIL_H
#define REGRESS_UNIT_MSG_UTIL_H

#include <stdbool.h>

#include "regress/unit/imsg_util.h"

/*
 * For the tests of message codecs: what was encoded arrives at the other end
 * of a channel, and any bytes can be sent as the body of a message.
 */

static struct pair	 p;

static inline int
channel_open(void **state)
{
	(void)state;
	pair_open(&p);
	pair_fdpass(&p);
	return (0);
}

static inline int
channel_close(void **state)
{
	(void)state;
	pair_close(&p);
	return (0);
}

/* What was queued, at the other end. */
static inline void
receive(struct imsg *imsg, uint32_t type)
{
	ssize_t	 n;

	while ((n = imsg_get(&p.b, imsg)) == 0) {
		assert_int_equal(imsgbuf_write(&p.a), 0);
		assert_int_equal(imsgbuf_read(&p.b), 1);
	}
	assert_true(n > 0);
	assert_int_equal(imsg_get_type(imsg), type);
}

/* Decodes by imsg's type; a descriptor that it takes goes to *fd. */
typedef int	 decoder(struct imsg *, int *fd);

/* A body of these bytes; with a descriptor if wanted, which is not lost. */
static inline int
decode_raw(decoder *decode, uint32_t type, const void *data, size_t len,
    bool with)
{
	struct imsg	 imsg;
	int		 r, got = -1, fd = -1, other = -1;

	if (with)
		fd = a_pipe(&other);
	assert_int_equal(imsg_compose(&p.a, type, 0, 0, fd, data, len), 1);
	receive(&imsg, type);
	r = decode(&imsg, &got);
	if (r == -1)
		assert_int_equal(got, -1);
	if (got != -1) {
		assert_true(with);
		assert_int_equal(fcntl(got, F_GETFD), FD_CLOEXEC);
		close(got);
	}
	imsg_free(&imsg);
	if (other != -1)
		close(other);
	return (r);
}

/* Exact sizes: each shorter body and each longer one by a byte. */
static inline void
exact(decoder *decode, uint32_t type, const void *data, size_t len, bool with)
{
	unsigned char	 body[16384];
	size_t		 n;
	int		 c;

	assert_true(len < sizeof(body));
	if (len > 0)
		memcpy(body, data, len);
	assert_int_equal(decode_raw(decode, type, body, len, with), 0);
	for (n = 0; n < len; n++)
		assert_int_equal(decode_raw(decode, type, body, n, with), -1);
	for (c = 0; c < 256; c++) {
		body[len] = (unsigned char)c;
		assert_int_equal(decode_raw(decode, type, body, len + 1, with),
		    -1);
	}
}

/* The body of what the encoder has queued. */
static inline size_t
encoded(uint32_t type, unsigned char *body, size_t size)
{
	struct imsg	 imsg;
	size_t		 len;

	receive(&imsg, type);
	len = imsg_get_len(&imsg);
	assert_true(len <= size);
	if (len > 0)
		assert_int_equal(imsg_get_data(&imsg, body, len), 0);
	imsg_free(&imsg);
	return (len);
}

/* Bodies with one byte or more changed, and of noise: nothing may break. */
static inline void
noise(decoder *decode, uint32_t type, const void *data, size_t len, bool with)
{
	unsigned char	 body[16384];
	size_t		 n;
	int		 i, k;

	assert_true(len > 0 && len <= sizeof(body));
	for (i = 0; i < 1000; i++) {
		memcpy(body, data, len);
		for (k = 0; k <= i % 4; k++)
			body[rnd((uint32_t)len)] = (unsigned char)rnd(256);
		(void)decode_raw(decode, type, body, len, with);
		n = rnd((uint32_t)len + 1);
		for (k = 0; k < (int)n; k++)
			body[k] = (unsigned char)rnd(i % 2 ? 256 : 3);
		(void)decode_raw(decode, type, body, n, with);
	}
}

static inline void
fill_text(char *s, size_t len)
{
	memset(s, 'x', len);
	s[len] = '\0';
}

#endif /* REGRESS_UNIT_MSG_UTIL_H */
