/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: compat/imsg.o compat/imsg-buffer.o */

#include <sys/stat.h>

#include "regress/unit/imsg_util.h"

static void
ibuf_fields(void **state)
{
	unsigned char	 expected[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
	    12, 13, 14, 15, 0, 0, 'x' };
	struct ibuf	*b, *c, part;
	uint8_t		 n8;
	uint16_t	 n16;
	uint32_t	 n32;
	uint64_t	 n64;
	char		 x;

	(void)state;
	assert_non_null(b = ibuf_dynamic(0, 18));
	assert_non_null(c = ibuf_open(1));
	assert_int_equal(ibuf_add(c, "x", 1), 0);
	assert_int_equal(ibuf_add_n8(b, 1), 0);
	assert_int_equal(ibuf_add_n16(b, 0x0203), 0);
	assert_int_equal(ibuf_add_n32(b, 0x04050607), 0);
	assert_int_equal(ibuf_add_n64(b, 0x08090a0b0c0d0e0f), 0);
	assert_int_equal(ibuf_left(b), 3);
	assert_int_equal(ibuf_add_zero(b, 2), 0);
	assert_int_equal(ibuf_add_ibuf(b, c), 0);
	assert_int_equal(ibuf_left(b), 0);
	assert_int_equal(ibuf_size(b), sizeof(expected));
	assert_memory_equal(ibuf_data(b), expected, sizeof(expected));

	assert_int_equal(ibuf_get_n8(b, &n8), 0);
	assert_int_equal(ibuf_get_n16(b, &n16), 0);
	assert_int_equal(ibuf_get_n32(b, &n32), 0);
	assert_int_equal(ibuf_get_n64(b, &n64), 0);
	assert_int_equal(n8, 1);
	assert_int_equal(n16, 0x0203);
	assert_int_equal(n32, 0x04050607);
	assert_true(n64 == 0x08090a0b0c0d0e0f);
	assert_int_equal(ibuf_skip(b, 1), 0);
	assert_int_equal(ibuf_get_ibuf(b, 2, &part), 0);
	assert_int_equal(ibuf_size(b), 0);
	assert_int_equal(ibuf_size(&part), 2);
	assert_int_equal(ibuf_left(&part), 0);
	assert_int_equal(ibuf_add_n8(&part, 1), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(ibuf_skip(&part, 1), 0);
	assert_int_equal(ibuf_get(&part, &x, 1), 0);
	assert_int_equal(x, 'x');
	ibuf_free(b);
	ibuf_free(c);
	ibuf_free(NULL);
}

static void
ibuf_refusals(void **state)
{
	struct ibuf	*b, part;
	unsigned char	 buf[8] = { 0 };
	uint8_t		 n8;
	uint16_t	 n16;
	uint32_t	 n32;
	uint64_t	 n64;

	(void)state;
	assert_null(ibuf_open(0));
	assert_null(ibuf_dynamic(0, 0));
	assert_null(ibuf_dynamic(2, 1));
	assert_null(ibuf_open(SIZE_MAX));
	assert_int_equal(errno, ENOMEM);

	assert_non_null(b = ibuf_open(3));
	assert_int_equal(ibuf_add_n8(b, 0x100), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(ibuf_add_n16(b, 0x10000), -1);
	assert_int_equal(errno, EINVAL);
	errno = 0;
	assert_int_equal(ibuf_add_n32(b, 0x100000000), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(ibuf_add_n32(b, 1), -1);
	assert_int_equal(errno, ERANGE);
	assert_int_equal(ibuf_add(b, buf, SIZE_MAX), -1);
	assert_int_equal(errno, ERANGE);
	assert_int_equal(ibuf_add_zero(b, SIZE_MAX - 1), -1);
	assert_int_equal(ibuf_size(b), 0);

	assert_int_equal(ibuf_get_n8(b, &n8), -1);
	assert_int_equal(errno, EBADMSG);
	assert_int_equal(ibuf_add_n8(b, 255), 0);
	assert_int_equal(ibuf_get_n16(b, &n16), -1);
	assert_int_equal(ibuf_add_n16(b, 65535), 0);
	assert_int_equal(ibuf_get_n32(b, &n32), -1);
	assert_int_equal(ibuf_get_n64(b, &n64), -1);
	assert_int_equal(ibuf_get(b, buf, 4), -1);
	assert_int_equal(ibuf_skip(b, SIZE_MAX), -1);
	assert_int_equal(ibuf_get_ibuf(b, 4, &part), -1);
	assert_int_equal(ibuf_get(b, buf, 3), 0);
	assert_int_equal(ibuf_get(b, buf, 0), 0);
	ibuf_free(b);
}

static void
ibuf_grows(void **state)
{
	struct ibuf	*b;
	size_t		 i;

	(void)state;
	assert_non_null(b = ibuf_dynamic(4, 100000));
	for (i = 0; i < 100000; i++)
		assert_int_equal(ibuf_add_n8(b, i & 0xff), 0);
	assert_int_equal(ibuf_add_n8(b, 0), -1);
	assert_int_equal(errno, ERANGE);
	for (i = 0; i < 100000; i++)
		if (((unsigned char *)ibuf_data(b))[i] != (i & 0xff))
			fail();
	ibuf_free(b);
}

static void
ibuf_descriptors(void **state)
{
	struct ibuf	*b;
	int		 fds = open_fds(), fd, other;

	(void)state;
	assert_non_null(b = ibuf_open(1));
	assert_int_equal(ibuf_fd_avail(b), 0);
	assert_int_equal(ibuf_fd_get(b), -1);
	fd = a_pipe(&other);
	ibuf_fd_set(b, fd);
	assert_int_equal(ibuf_fd_avail(b), 1);
	ibuf_fd_set(b, other);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	assert_int_equal(ibuf_fd_get(b), other);
	assert_int_equal(ibuf_fd_avail(b), 0);
	ibuf_fd_set(b, other);
	ibuf_free(b);
	assert_int_equal(open_fds(), fds);
}

static void
fd_passing(void **state)
{
	struct pair	p;
	struct imsg	imsg;
	char		c;
	int		fd[3], other[3], got, i;

	(void)state;
	pair_open(&p);
	pair_fdpass(&p);
	for (i = 0; i < 3; i++) {
		fd[i] = a_pipe(&other[i]);
		assert_int_equal(imsg_compose(&p.a, 1, 0, 0, -1, "x", 1), 1);
		assert_int_equal(imsg_compose(&p.a, 2, (uint32_t)i, 0, fd[i],
		    i == 1 ? NULL : "yy", i == 1 ? 0 : 2), 1);
	}
	assert_int_equal(imsg_compose(&p.a, 1, 0, 0, -1, NULL, 0), 1);
	assert_int_equal(imsgbuf_write(&p.a), 0);
	assert_int_equal(imsgbuf_queuelen(&p.a), 0);
	for (i = 0; i < 3; i++)
		assert_int_equal(fcntl(fd[i], F_GETFD), -1);
	/* All is read before anything is got. */
	for (i = 0; i < 6; i++)
		assert_int_equal(imsgbuf_read(&p.b), 1);
	for (i = 0; i < 3; i++) {
		expect(&p.b, &imsg, 1, 1);
		assert_int_equal(imsg_get_fd(&imsg), -1);
		imsg_free(&imsg);
		expect(&p.b, &imsg, 2, i == 1 ? 0 : 2);
		if (i == 2) {
			/* Not taken: closed. */
			got = open_fds();
			imsg_free(&imsg);
			assert_int_equal(open_fds(), got - 1);
		} else {
			got = imsg_get_fd(&imsg);
			assert_int_not_equal(got, -1);
			assert_int_equal(imsg_get_fd(&imsg), -1);
			imsg_free(&imsg);
			assert_int_equal(fcntl(got, F_GETFD), FD_CLOEXEC);
			c = (char)('a' + i);
			assert_int_equal(write(other[i], &c, 1), 1);
			assert_int_equal(read(got, &c, 1), 1);
			assert_int_equal(c, 'a' + i);
			close(got);
		}
		close(other[i]);
	}
	expect(&p.b, &imsg, 1, 0);
	assert_int_equal(imsg_get_fd(&imsg), -1);
	imsg_free(&imsg);
	pair_close(&p);
}

/* A message that takes several writes: the descriptor goes once. */
static void
fd_large(void **state)
{
	unsigned char	*big;
	struct pair	 p;
	struct imsg	 imsg;
	int		 fd, other;

	(void)state;
	assert_non_null(big = calloc(1, MIB));
	pair_open(&p);
	pair_fdpass(&p);
	assert_int_equal(imsgbuf_set_maxsize(&p.a, MIB), 0);
	assert_int_equal(imsgbuf_set_maxsize(&p.b, MIB), 0);
	fd = a_pipe(&other);
	assert_int_equal(imsg_compose(&p.a, 1, 0, 0, fd, big, MIB), 1);
	assert_int_equal(imsgbuf_write(&p.a), 0);
	assert_int_equal(imsgbuf_queuelen(&p.a), 1);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	pump(&p, &imsg);
	fd = imsg_get_fd(&imsg);
	assert_int_not_equal(fd, -1);
	close(fd);
	close(other);
	imsg_free(&imsg);
	pair_close(&p);
	free(big);
}

static void
fd_not_allowed(void **state)
{
	struct pair	p;
	struct imsg	imsg;
	int		fd, other, i;

	(void)state;
	/* 0: the receiver takes none; 1: the sender sends none. */
	for (i = 0; i < 2; i++) {
		pair_open(&p);
		imsgbuf_allow_fdpass(i == 0 ? &p.a : &p.b);
		fd = a_pipe(&other);
		assert_int_equal(imsg_compose(&p.a, 1, 0, 0, fd, "x", 1), 1);
		assert_int_equal(imsgbuf_write(&p.a), 0);
		assert_int_equal(fcntl(fd, F_GETFD), -1);
		assert_int_equal(imsgbuf_read(&p.b), 1);
		expect(&p.b, &imsg, 1, 1);
		assert_int_equal(imsg_get_fd(&imsg), -1);
		imsg_free(&imsg);
		close(other);
		pair_close(&p);
	}
}

static void
fd_without_message(void **state)
{
	unsigned char	buf[128] = { 0 };
	struct pair	p;
	struct imsg	imsg;
	int		fds;

	(void)state;
	pair_open(&p);
	pair_fdpass(&p);
	fds = open_fds();
	/* Not marked: closed at once, the body complete or not. */
	send_raw_fds(&p, buf, raw_header(buf, 1, HDR + 4), 1);
	assert_int_equal(imsgbuf_read(&p.b), 1);
	assert_int_equal(open_fds(), fds);
	expect(&p.b, &imsg, 1, 4);
	assert_int_equal(imsg_get_fd(&imsg), -1);
	imsg_free(&imsg);
	send_raw_fds(&p, buf, HDR + 2, 1);
	assert_int_equal(imsgbuf_read(&p.b), 1);
	assert_int_equal(open_fds(), fds);
	expect_none(&p.b);
	/* On the rest of a message that has begun. */
	send_raw_fds(&p, buf, 2, 1);
	assert_int_equal(imsgbuf_read(&p.b), 1);
	assert_int_equal(open_fds(), fds);
	expect(&p.b, &imsg, 1, 4);
	imsg_free(&imsg);
	pair_close(&p);
}

static void
fd_marked_alone(void **state)
{
	unsigned char	buf[128] = { 0 };
	struct pair	p;
	struct imsg	imsg;
	size_t		len, i;

	(void)state;
	pair_open(&p);
	pair_fdpass(&p);
	send_raw(&p, buf, raw_header(buf, 2, (HDR + 4) | FDMARK));
	assert_int_equal(imsgbuf_read(&p.b), 1);
	expect(&p.b, &imsg, 2, 4);
	assert_int_equal(imsg_get_fd(&imsg), -1);
	imsg_free(&imsg);
	/* The descriptor comes with the first byte of its message. */
	len = raw_header(buf, 3, (HDR + 4) | FDMARK);
	send_raw_fds(&p, buf, 1, 1);
	assert_int_equal(imsgbuf_read(&p.b), 1);
	for (i = 1; i < len; i++) {
		expect_none(&p.b);
		/* A second one, before the header is whole: dropped. */
		if (i == 5)
			send_raw_fds(&p, buf + i, 1, 1);
		else
			send_raw(&p, buf + i, 1);
		assert_int_equal(imsgbuf_read(&p.b), 1);
	}
	expect(&p.b, &imsg, 3, 4);
	i = (size_t)open_fds();
	imsg_free(&imsg);
	assert_int_equal(open_fds(), i - 1);
	pair_close(&p);
}

/*
 * A read that ends within a header, and the next with the rest of it and one
 * more message: each has its own descriptor.
 */
static void
fd_split_header(void **state)
{
	unsigned char	 buf[128] = { 0 };
	struct stat	 st;
	struct pair	 p;
	struct imsg	 imsg;
	size_t		 len, at;
	int		 fd, other;

	(void)state;
	len = raw_header(buf, 1, (HDR + 4) | FDMARK);
	for (at = 1; at < HDR; at++) {
		pair_open(&p);
		pair_fdpass(&p);
		send_raw_fds(&p, buf, at, 1);
		assert_int_equal(imsgbuf_read(&p.b), 1);
		expect_none(&p.b);
		send_raw(&p, buf + at, len - at);
		fd = a_pipe(&other);
		assert_int_equal(imsg_compose(&p.a, 2, 0, 0, fd, "x", 1), 1);
		assert_int_equal(imsgbuf_write(&p.a), 0);
		assert_int_equal(imsgbuf_read(&p.b), 1);
		expect(&p.b, &imsg, 1, 4);
		fd = imsg_get_fd(&imsg);
		assert_int_equal(fstat(fd, &st), 0);
		assert_true(S_ISCHR(st.st_mode));
		close(fd);
		imsg_free(&imsg);
		expect(&p.b, &imsg, 2, 1);
		fd = imsg_get_fd(&imsg);
		assert_int_equal(fstat(fd, &st), 0);
		assert_true(S_ISFIFO(st.st_mode));
		close(fd);
		imsg_free(&imsg);
		close(other);
		pair_close(&p);
	}
}

static void
fd_several(void **state)
{
	unsigned char	buf[128] = { 0 };
	struct pair	p;
	struct imsg	imsg;
	size_t		n;
	int		fds;

	(void)state;
	pair_open(&p);
	pair_fdpass(&p);
	fds = open_fds();
	for (n = 2; n <= 8; n++) {
		send_raw_fds(&p, buf, raw_header(buf, 1, HDR | FDMARK), n);
		assert_int_equal(imsgbuf_read(&p.b), 1);
		assert_int_equal(open_fds(), fds);
		expect(&p.b, &imsg, 1, 0);
		assert_int_equal(imsg_get_fd(&imsg), -1);
		imsg_free(&imsg);
	}
	pair_close(&p);
}

/* pair_close() counts: waiting to go, not got, without a whole header. */
static void
fd_cleared(void **state)
{
	unsigned char	buf[128] = { 0 };
	struct pair	p;
	int		fd, other;

	(void)state;
	pair_open(&p);
	pair_fdpass(&p);
	fd = a_pipe(&other);
	send_raw_fds(&p, buf, raw_header(buf, 1, HDR | FDMARK), 1);
	assert_int_equal(imsgbuf_read(&p.b), 1);
	send_raw_fds(&p, buf, 3, 1);
	assert_int_equal(imsgbuf_read(&p.b), 1);
	assert_int_equal(imsg_compose(&p.a, 1, 0, 0, fd, NULL, 0), 1);
	assert_int_equal(imsg_compose(&p.a, 1, 0, 0, other, NULL, 0), 1);
	pair_close(&p);
}

/* Mostly headers that could be good, with descriptors here and there. */
static void
garbage(void **state)
{
	unsigned char	buf[512];
	struct pair	p;
	struct imsg	imsg;
	uint64_t	n;
	uint32_t	i, len;
	int		turns;

	(void)state;
	for (n = 1; n <= 300; n++) {
		seed = n;
		pair_open(&p);
		pair_fdpass(&p);
		for (turns = 0; turns < 50; turns++) {
			len = 1 + rnd(sizeof(buf) - 1);
			for (i = 0; i < sizeof(buf); i++)
				buf[i] = (unsigned char)rnd(256);
			for (i = 0; i + 2 * HDR < sizeof(buf); i += 64)
				raw_header(buf + i, i, (rnd(2) != 0 ? 64 :
				    rnd(300)) | (rnd(2) != 0 ? FDMARK : 0));
			if (rnd(3) == 0)
				send_raw_fds(&p, buf, len, 1 + rnd(3));
			else
				send_raw(&p, buf, len);
			if (imsgbuf_read(&p.b) == -1)
				break;
			while (rnd(4) != 0 && imsg_get(&p.b, &imsg) > 0)
				imsg_free(&imsg);
		}
		pair_close(&p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ibuf_fields),
		cmocka_unit_test(ibuf_refusals),
		cmocka_unit_test(ibuf_grows),
		cmocka_unit_test(ibuf_descriptors),
		cmocka_unit_test(fd_passing),
		cmocka_unit_test(fd_large),
		cmocka_unit_test(fd_not_allowed),
		cmocka_unit_test(fd_without_message),
		cmocka_unit_test(fd_marked_alone),
		cmocka_unit_test(fd_split_header),
		cmocka_unit_test(fd_several),
		cmocka_unit_test(fd_cleared),
		cmocka_unit_test(garbage)
	};

	return (cmocka_run_group_tests_name("imsgfd", tests, NULL, NULL));
}
