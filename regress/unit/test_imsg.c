/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: compat/imsg.o compat/imsg-buffer.o */

#include "regress/unit/imsg_util.h"

static void
round_trip(void **state)
{
	struct iovec	 iov[3] = { { (void *)(uintptr_t)"ab", 2 },
	    { NULL, 0 }, { (void *)(uintptr_t)"cd", 2 } };
	struct ibuf	*b, r;
	struct pair	 p;
	struct imsg	 imsg;
	char		 buf[8];

	(void)state;
	pair_open(&p);
	assert_int_equal(imsgbuf_queuelen(&p.a), 0);
	assert_int_equal(imsg_compose(&p.a, 1, 2, 0, -1, NULL, 0), 1);
	assert_int_equal(imsg_compose(&p.a, UINT32_MAX, UINT32_MAX, 4, -1,
	    "abc", 3), 1);
	assert_int_equal(imsg_composev(&p.a, 3, 0, 0, -1, iov, 3), 1);
	assert_non_null(b = imsg_create(&p.a, 4, 5, 6, 1));
	assert_int_equal(imsg_add(b, "xy", 2), 2);
	assert_int_equal(imsg_add(b, "z", 1), 1);
	imsg_close(&p.a, b);
	assert_int_equal(imsgbuf_queuelen(&p.a), 4);
	assert_int_equal(imsgbuf_write(&p.a), 0);
	assert_int_equal(imsgbuf_queuelen(&p.a), 0);
	expect_none(&p.b);
	assert_int_equal(imsgbuf_read(&p.b), 1);

	expect(&p.b, &imsg, 1, 0);
	assert_int_equal(imsg_get_id(&imsg), 2);
	assert_int_equal(imsg_get_pid(&imsg), getpid());
	assert_int_equal(imsg_get_fd(&imsg), -1);
	assert_int_equal(imsg_get_ibuf(&imsg, &r), -1);
	assert_int_equal(imsg_get_data(&imsg, buf, 0), -1);
	imsg_free(&imsg);
	expect(&p.b, &imsg, UINT32_MAX, 3);
	assert_int_equal(imsg_get_id(&imsg), UINT32_MAX);
	assert_int_equal(imsg_get_pid(&imsg), 4);
	assert_int_equal(imsg_get_data(&imsg, buf, 2), -1);
	assert_int_equal(imsg_get_data(&imsg, buf, 4), -1);
	assert_int_equal(imsg_get_data(&imsg, buf, 3), 0);
	assert_memory_equal(buf, "abc", 3);
	imsg_free(&imsg);
	expect(&p.b, &imsg, 3, 4);
	assert_int_equal(imsg_get_ibuf(&imsg, &r), 0);
	assert_int_equal(ibuf_size(&r), 4);
	assert_memory_equal(ibuf_data(&r), "abcd", 4);
	imsg_free(&imsg);
	expect(&p.b, &imsg, 4, 3);
	assert_int_equal(imsg_get_data(&imsg, buf, 3), 0);
	assert_memory_equal(buf, "xyz", 3);
	imsg_free(&imsg);
	imsg_free(&imsg);
	expect_none(&p.b);
	pair_close(&p);
}

static void
whole_ibuf(void **state)
{
	struct ibuf	*b;
	struct pair	 p;
	struct imsg	 imsg;
	unsigned char	 buf[3000];
	int		 fd, other;

	(void)state;
	pair_open(&p);
	pair_fdpass(&p);
	fill(buf, sizeof(buf), 1);
	/* Grown, partly read; fixed; with a descriptor; too large. */
	assert_non_null(b = ibuf_dynamic(1, 5000));
	assert_int_equal(ibuf_add(b, "12345", 5), 0);
	assert_int_equal(ibuf_add(b, buf, sizeof(buf)), 0);
	assert_int_equal(ibuf_skip(b, 5), 0);
	assert_int_equal(imsg_compose_ibuf(&p.a, 1, 0, 0, b), 1);
	assert_non_null(b = ibuf_open(2));
	assert_int_equal(ibuf_add(b, "ab", 2), 0);
	fd = a_pipe(&other);
	ibuf_fd_set(b, fd);
	assert_int_equal(imsg_compose_ibuf(&p.a, 2, 9, 0, b), 1);
	assert_non_null(b = ibuf_open(MAX_IMSGSIZE));
	assert_int_equal(ibuf_add_zero(b, MAX_IMSGSIZE - HDR + 1), 0);
	assert_int_equal(imsg_compose_ibuf(&p.a, 3, 0, 0, b), -1);
	assert_int_equal(errno, ERANGE);
	assert_int_equal(imsgbuf_flush(&p.a), 0);

	assert_int_equal(imsgbuf_read(&p.b), 1);
	expect(&p.b, &imsg, 1, sizeof(buf));
	assert_int_equal(imsg_get_fd(&imsg), -1);
	assert_int_equal(imsg_get_data(&imsg, buf, sizeof(buf)), 0);
	assert_true(filled(buf, sizeof(buf), 1));
	imsg_free(&imsg);
	if (imsg_get(&p.b, &imsg) == 0) {
		assert_int_equal(imsgbuf_read(&p.b), 1);
		expect(&p.b, &imsg, 2, 2);
	}
	assert_int_equal(imsg_get_id(&imsg), 9);
	fd = imsg_get_fd(&imsg);
	assert_int_not_equal(fd, -1);
	close(fd);
	close(other);
	imsg_free(&imsg);
	pair_close(&p);
}

static void
byte_by_byte(void **state)
{
	unsigned char	 stream[256], buf[64];
	struct pair	 p;
	struct imsg	 imsg;
	size_t		 i, len = 0, total;

	(void)state;
	fill(buf, sizeof(buf), 3);
	len += raw_header(stream, 1, HDR + 5);
	memcpy(stream + HDR, buf, 5);
	len += raw_header(stream + len, 2, HDR);
	total = len;
	len += raw_header(stream + len, 3, HDR + 64);
	memcpy(stream + total + HDR, buf, 64);

	pair_open(&p);
	for (i = 0; i < len; i++) {
		send_raw(&p, stream + i, 1);
		assert_int_equal(imsgbuf_read(&p.b), 1);
		if (i + 1 == HDR + 5) {
			expect(&p.b, &imsg, 1, 5);
			assert_true(filled(imsg.data, 5, 3));
		} else if (i + 1 == total)
			expect(&p.b, &imsg, 2, 0);
		else if (i + 1 == len) {
			expect(&p.b, &imsg, 3, 64);
			assert_true(filled(imsg.data, 64, 3));
		} else {
			expect_none(&p.b);
			continue;
		}
		imsg_free(&imsg);
		expect_none(&p.b);
	}
	pair_close(&p);
}

static void
large_messages(void **state)
{
	unsigned char	*big;
	struct pair	 p;
	struct imsg	 imsg;
	uint32_t	 i;

	(void)state;
	assert_non_null(big = malloc(MIB));
	pair_open(&p);
	assert_int_equal(imsgbuf_set_maxsize(&p.a, MIB), 0);
	assert_int_equal(imsgbuf_set_maxsize(&p.b, MIB), 0);
	assert_int_equal(imsg_compose(&p.a, 1, 0, 0, -1, "s", 1), 1);
	for (i = 0; i < 3; i++) {
		fill(big, MIB, i);
		assert_int_equal(imsg_compose(&p.a, 2, i, 0, -1, big,
		    MIB - i), 1);
		assert_int_equal(imsg_compose(&p.a, 3, i, 0, -1, "t", 1), 1);
	}
	pump(&p, &imsg);
	assert_int_equal(imsg_get_type(&imsg), 1);
	imsg_free(&imsg);
	for (i = 0; i < 3; i++) {
		pump(&p, &imsg);
		assert_int_equal(imsg_get_type(&imsg), 2);
		assert_int_equal(imsg_get_len(&imsg), MIB - i);
		assert_true(filled(imsg.data, MIB - i, i));
		imsg_free(&imsg);
		pump(&p, &imsg);
		assert_int_equal(imsg_get_type(&imsg), 3);
		assert_int_equal(imsg_get_id(&imsg), i);
		imsg_free(&imsg);
	}
	assert_int_equal(imsgbuf_queuelen(&p.a), 0);
	pair_close(&p);
	free(big);
}

static void
many_in_one_read(void **state)
{
	struct pair	 p;
	struct imsg	 imsg;
	uint32_t	 i, n = 3000, got = 0;

	(void)state;
	pair_open(&p);
	for (i = 0; i < n; i++)
		assert_int_equal(imsg_compose(&p.a, i, 0, 0, -1, &i,
		    sizeof(i)), 1);
	assert_int_equal(imsgbuf_queuelen(&p.a), n);
	assert_true(n > IOV_MAX);
	assert_int_equal(imsgbuf_write(&p.a), 0);
	assert_int_equal(imsgbuf_queuelen(&p.a), 0);
	assert_int_equal(imsgbuf_read(&p.b), 1);
	while (got < n) {
		if (imsg_get(&p.b, &imsg) == 0) {
			/* One read took as much as it could hold. */
			assert_true(got >= 60000 / (HDR + sizeof(i)));
			assert_int_equal(imsgbuf_read(&p.b), 1);
			continue;
		}
		assert_int_equal(imsg_get_type(&imsg), got);
		assert_int_equal(imsg_get_data(&imsg, &i, sizeof(i)), 0);
		assert_int_equal(i, got);
		imsg_free(&imsg);
		got++;
	}
	pair_close(&p);
}

static void
sizes_sent(void **state)
{
	unsigned char	 buf[MAX_IMSGSIZE] = { 0 };
	struct iovec	 iov[2] = { { buf, 100 }, { buf, 1 } };
	struct ibuf	*b;
	struct pair	 p;
	struct imsg	 imsg;

	(void)state;
	pair_open(&p);
	/* By default, the header counts. */
	assert_int_equal(imsg_compose(&p.a, 1, 0, 0, -1, buf,
	    MAX_IMSGSIZE - HDR), 1);
	assert_int_equal(imsg_compose(&p.a, 2, 0, 0, -1, buf,
	    MAX_IMSGSIZE - HDR + 1), -1);
	assert_int_equal(errno, ERANGE);
	assert_int_equal(imsgbuf_set_maxsize(&p.a, UINT32_MAX), -1);
	assert_int_equal(imsgbuf_set_maxsize(&p.a, FDMARK - HDR), -1);
	assert_int_equal(errno, ERANGE);
	assert_int_equal(imsgbuf_set_maxsize(&p.a, 100), 0);
	assert_int_equal(imsg_compose(&p.a, 3, 0, 0, -1, buf, 100), 1);
	assert_int_equal(imsg_compose(&p.a, 4, 0, 0, -1, buf, 101), -1);
	errno = 0;
	assert_int_equal(imsg_composev(&p.a, 4, 0, 0, -1, iov, 2), -1);
	assert_int_equal(errno, ERANGE);
	assert_null(imsg_create(&p.a, 4, 0, 0, 101));
	assert_null(imsg_create(&p.a, 4, 0, 0, SIZE_MAX));
	assert_non_null(b = imsg_create(&p.a, 4, 0, 0, 0));
	assert_int_equal(imsg_add(b, buf, 101), -1);
	assert_int_equal(imsgbuf_queuelen(&p.a), 2);
	assert_int_equal(imsgbuf_write(&p.a), 0);
	assert_int_equal(imsgbuf_read(&p.b), 1);
	expect(&p.b, &imsg, 1, MAX_IMSGSIZE - HDR);
	imsg_free(&imsg);
	expect(&p.b, &imsg, 3, 100);
	imsg_free(&imsg);
	pair_close(&p);
}

static void
sizes_received(void **state)
{
	static const struct {
		uint32_t	len;
		int		error;
	} cases[] = {
		{ 0, EBADMSG }, { 15, EBADMSG }, { FDMARK, EBADMSG },
		{ 15 | FDMARK, EBADMSG }, { 117, ERANGE },
		{ UINT32_MAX, ERANGE }, { FDMARK - 1, ERANGE }
	};
	unsigned char	buf[256] = { 0 };
	struct pair	p;
	struct imsg	imsg;
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pair_open(&p);
		pair_fdpass(&p);
		assert_int_equal(imsgbuf_set_maxsize(&p.b, 100), 0);
		/* A good message of the largest size, then a bad one. */
		raw_header(buf, 1, 116);
		raw_header(buf + 116, 2, cases[i].len);
		send_raw_fds(&p, buf, 116 + HDR, 1);
		assert_int_equal(imsgbuf_read(&p.b), -1);
		assert_int_equal(errno, cases[i].error);
		expect(&p.b, &imsg, 1, 100);
		imsg_free(&imsg);
		expect_none(&p.b);
		/* The error stays, with and without more to read. */
		errno = 0;
		assert_int_equal(imsgbuf_read(&p.b), -1);
		assert_int_equal(errno, cases[i].error);
		raw_header(buf, 1, 116);
		send_raw(&p, buf, 116);
		errno = 0;
		assert_int_equal(imsgbuf_read(&p.b), -1);
		assert_int_equal(errno, cases[i].error);
		pair_close(&p);
	}
}

static void
end_of_file(void **state)
{
	static const size_t	lens[] = { 0, 1, HDR - 1, HDR, HDR + 3 };
	unsigned char		buf[64] = { 0 };
	struct pair		p;
	struct imsg		imsg;
	size_t			i;

	(void)state;
	raw_header(buf, 1, HDR);
	raw_header(buf + HDR, 2, HDR + 4);
	for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		pair_open(&p);
		send_raw(&p, buf, HDR + lens[i]);
		assert_int_equal(shutdown(p.fd[0], SHUT_WR), 0);
		assert_int_equal(imsgbuf_read(&p.b), 1);
		assert_int_equal(imsgbuf_read(&p.b), 0);
		expect(&p.b, &imsg, 1, 0);
		imsg_free(&imsg);
		expect_none(&p.b);
		assert_int_equal(imsgbuf_read(&p.b), 0);
		pair_close(&p);
	}
}

static void
would_block(void **state)
{
	unsigned char	buf[4096];
	struct pair	p;
	struct imsg	imsg;
	uint32_t	i, n = 1000;

	(void)state;
	pair_open(&p);
	assert_int_equal(imsgbuf_read(&p.b), 1);
	expect_none(&p.b);
	assert_int_equal(imsgbuf_write(&p.a), 0);
	for (i = 0; i < n; i++) {
		fill(buf, sizeof(buf), i);
		assert_int_equal(imsg_compose(&p.a, i, 0, 0, -1, buf,
		    sizeof(buf)), 1);
	}
	assert_int_equal(imsgbuf_write(&p.a), 0);
	assert_int_equal(imsgbuf_write(&p.a), 0);
	i = imsgbuf_queuelen(&p.a);
	assert_true(i > 0 && i < n);
	for (i = 0; i < n; i++) {
		pump(&p, &imsg);
		assert_int_equal(imsg_get_type(&imsg), i);
		assert_true(filled(imsg.data, sizeof(buf), i));
		imsg_free(&imsg);
	}
	assert_int_equal(imsgbuf_queuelen(&p.a), 0);
	pair_close(&p);
}

static void
peer_gone(void **state)
{
	struct pair	p;

	(void)state;
	pair_open(&p);
	close(p.fd[1]);
	p.fd[1] = -1;
	assert_int_equal(imsg_compose(&p.a, 1, 0, 0, -1, NULL, 0), 1);
	assert_int_equal(imsgbuf_write(&p.a), -1);
	assert_int_equal(errno, EPIPE);
	assert_int_equal(imsgbuf_flush(&p.a), -1);
	assert_int_equal(imsgbuf_read(&p.a), 0);
	pair_close(&p);
}

static void
messages_stay(void **state)
{
	unsigned char	buf[8192];
	struct pair	p;
	struct imsg	held[8], imsg;
	uint32_t	i;

	(void)state;
	pair_open(&p);
	for (i = 0; i < 64; i++) {
		fill(buf, sizeof(buf), i);
		assert_int_equal(imsg_compose(&p.a, i, 0, 0, -1, buf,
		    sizeof(buf)), 1);
		pump(&p, &imsg);
		assert_int_equal(imsg_get_type(&imsg), i);
		if (i % 8 == 0)
			held[i / 8] = imsg;
		else
			imsg_free(&imsg);
	}
	pair_close(&p);
	for (i = 0; i < 8; i++) {
		assert_true(filled(held[i].data, sizeof(buf), i * 8));
		imsg_free(&held[i]);
	}
}

static uint32_t
a_size(void)
{
	switch (rnd(8)) {
	case 0:
		return (0);
	case 1:
		return (rnd(100000));
	case 2:
		return (rnd(5000));
	default:
		return (rnd(200));
	}
}

#define NRANDOM	400
#define NHELD	16

static void
random_queue(struct pair *p, uint32_t *sizes, uint32_t *sent)
{
	static unsigned char	buf[100000];

	while (*sent < NRANDOM && rnd(4) != 0) {
		sizes[*sent] = a_size();
		fill(buf, sizes[*sent], *sent);
		assert_int_equal(imsg_compose(&p->a, *sent, 0, 0, -1, buf,
		    sizes[*sent]), 1);
		(*sent)++;
	}
}

/* Replaces a message that was kept for a while, which must be unchanged. */
static void
random_keep(struct imsg *kept, const struct imsg *imsg)
{
	if (kept->data != NULL)
		assert_true(filled(kept->data, imsg_get_len(kept),
		    imsg_get_type(kept)));
	imsg_free(kept);
	*kept = *imsg;
}

/* Sizes, how much is sent and read at a time, how long messages are kept. */
static void
random_streams(void **state)
{
	struct pair	p;
	struct imsg	held[NHELD], imsg;
	uint32_t	sizes[NRANDOM], sent, got, i;
	uint64_t	n;
	int		turns;

	(void)state;
	for (n = 1; n <= 20; n++) {
		seed = n;
		memset(held, 0, sizeof(held));
		for (i = 0; i < NHELD; i++)
			held[i].fd = -1;
		pair_open(&p);
		assert_int_equal(imsgbuf_set_maxsize(&p.a, 100000), 0);
		assert_int_equal(imsgbuf_set_maxsize(&p.b, 100000), 0);
		sent = got = 0;
		for (turns = 0; got < NRANDOM && turns < 100000; turns++) {
			random_queue(&p, sizes, &sent);
			assert_int_equal(imsgbuf_write(&p.a), 0);
			assert_int_equal(imsgbuf_read(&p.b), 1);
			while (rnd(8) != 0 && imsg_get(&p.b, &imsg) > 0) {
				assert_int_equal(imsg_get_type(&imsg), got);
				assert_int_equal(imsg_get_len(&imsg),
				    sizes[got]);
				random_keep(&held[rnd(NHELD)], &imsg);
				got++;
			}
		}
		assert_int_equal(got, NRANDOM);
		pair_close(&p);
		memset(&imsg, 0, sizeof(imsg));
		imsg.fd = -1;
		for (i = 0; i < NHELD; i++)
			random_keep(&held[i], &imsg);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(whole_ibuf),
		cmocka_unit_test(byte_by_byte),
		cmocka_unit_test(large_messages),
		cmocka_unit_test(many_in_one_read),
		cmocka_unit_test(sizes_sent),
		cmocka_unit_test(sizes_received),
		cmocka_unit_test(end_of_file),
		cmocka_unit_test(would_block),
		cmocka_unit_test(peer_gone),
		cmocka_unit_test(messages_stay),
		cmocka_unit_test(random_streams)
	};

	return (cmocka_run_group_tests_name("imsg", tests, NULL, NULL));
}
