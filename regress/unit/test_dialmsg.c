/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: signerd/dialmsg.o common/msgfield.o compat/imsg.o
 * compat/imsg-buffer.o */

#include "regress/unit/msg_util.h"
#include "signerd/dialmsg.h"

/* ---- Each decoder, for the bodies that it must refuse ---------------- */

static int
decode_as(struct imsg *imsg, uint32_t type, int *fd)
{
	static union {
		struct dial_config	 config;
		struct dial_endpoint	 endpoint;
		struct dial_request	 request;
		struct dial_result	 result;
	}	 u;

	memset(&u, 0xa5, sizeof(u));
	switch (type) {
	case DIAL_CONFIG:
		return (dialmsg_get_config(imsg, &u.config));
	case DIAL_ENDPOINT:
		return (dialmsg_get_endpoint(imsg, &u.endpoint));
	case DIAL_CONNECT:
	case DIAL_CANCEL:
		return (dialmsg_get_request(imsg, &u.request));
	case DIAL_CONNECTED:
		return (dialmsg_get_connected(imsg, &u.result, fd));
	case DIAL_FAILED:
		return (dialmsg_get_failed(imsg, &u.result));
	case DIAL_CHANNEL:
		return (dialmsg_get_fd(imsg, fd));
	case DIAL_RESOLVCONF:
	case DIAL_HOSTS:
		return (dialmsg_get_file(imsg, fd));
	default:
		return (dialmsg_get_empty(imsg));
	}
}

static int
decode(struct imsg *imsg, int *fd)
{
	return (decode_as(imsg, imsg_get_type(imsg), fd));
}

/* ---- Configuration --------------------------------------------------- */

static void
test_config(void **state)
{
	struct dial_config	 c, got;
	struct imsg		 imsg;
	unsigned char		 body[1024];
	size_t			 len;
	uint32_t		 n;

	(void)state;
	for (n = 0; n <= DIAL_MAXNAMESERVERS; n++) {
		memset(&c, 0, sizeof(c));
		c.connect_timeout = 5000 + n;
		c.nnameservers = n;
		if (n > 0)
			strcpy(c.nameservers[0], "127.0.0.1:5353");
		if (n > 1)
			memset(c.nameservers[n - 1], 'x', DIAL_NAMESERVER_MAX);
		for (len = 1; len + 1 < n; len++)
			strcpy(c.nameservers[len], "::1");
		assert_int_equal(dialmsg_send_config(&p.a, &c), 0);
		receive(&imsg, DIAL_CONFIG);
		memset(&got, 0xff, sizeof(got));
		assert_int_equal(dialmsg_get_config(&imsg, &got), 0);
		assert_memory_equal(&c, &got, sizeof(c));
		imsg_free(&imsg);
		assert_int_equal(dialmsg_send_config(&p.a, &c), 0);
		len = encoded(DIAL_CONFIG, body, sizeof(body));
		exact(decode, DIAL_CONFIG, body, len, false);
	}
}

static void
test_config_hostile(void **state)
{
	struct dial_config	 c;
	unsigned char		 body[1024];

	(void)state;
	memset(&c, 0, sizeof(c));
	c.connect_timeout = 1;
	c.nnameservers = DIAL_MAXNAMESERVERS + 1;
	assert_int_equal(dialmsg_send_config(&p.a, &c), -1);
	c.nnameservers = 1;		/* an empty one */
	assert_int_equal(dialmsg_send_config(&p.a, &c), -1);
	memset(c.nameservers[0], 'x', sizeof(c.nameservers[0]));
	assert_int_equal(dialmsg_send_config(&p.a, &c), -1);
	assert_int_equal(imsgbuf_queuelen(&p.a), 0);

	memset(body, 0, sizeof(body));
	/* No time; then more servers than there can be. */
	assert_int_equal(decode_raw(decode, DIAL_CONFIG, body, 8, false), -1);
	body[3] = 1;
	assert_int_equal(decode_raw(decode, DIAL_CONFIG, body, 8, false), 0);
	body[7] = DIAL_MAXNAMESERVERS + 1;
	assert_int_equal(decode_raw(decode, DIAL_CONFIG, body, 1000, false),
	    -1);
	memset(body + 4, 0xff, 4);
	assert_int_equal(decode_raw(decode, DIAL_CONFIG, body, 1000, false),
	    -1);
	memset(body + 4, 0, 4);
	body[7] = 1;
	/* Empty; with a NUL; too long. */
	assert_int_equal(decode_raw(decode, DIAL_CONFIG, body, 9, false), -1);
	body[8] = 2;
	body[9] = 'x';
	assert_int_equal(decode_raw(decode, DIAL_CONFIG, body, 11, false), -1);
	memset(body + 9, 'x', sizeof(body) - 9);
	body[8] = DIAL_NAMESERVER_MAX;
	assert_int_equal(decode_raw(decode, DIAL_CONFIG, body, 9 +
	    DIAL_NAMESERVER_MAX, false), 0);
	body[8]++;
	assert_int_equal(decode_raw(decode, DIAL_CONFIG, body, 10 +
	    DIAL_NAMESERVER_MAX, false), -1);
}

static void
test_endpoint(void **state)
{
	struct dial_endpoint	 e, got;
	struct imsg		 imsg;
	unsigned char		 body[1024];
	size_t			 len;

	(void)state;
	memset(&e, 0, sizeof(e));
	e.index = DIAL_MAXENDPOINTS - 1;
	e.port = 65535;
	memset(e.host, 'h', DIAL_HOST_MAX);
	assert_int_equal(dialmsg_send_endpoint(&p.a, &e), 0);
	receive(&imsg, DIAL_ENDPOINT);
	assert_int_equal(dialmsg_get_endpoint(&imsg, &got), 0);
	assert_memory_equal(&e, &got, sizeof(e));
	imsg_free(&imsg);
	assert_int_equal(dialmsg_send_endpoint(&p.a, &e), 0);
	len = encoded(DIAL_ENDPOINT, body, sizeof(body));
	exact(decode, DIAL_ENDPOINT, body, len, false);

	body[3] = DIAL_MAXENDPOINTS;			/* the index */
	assert_int_equal(decode_raw(decode, DIAL_ENDPOINT, body, len, false),
	    -1);
	body[3]--;
	body[4] = body[5] = 0;		/* the port */
	assert_int_equal(decode_raw(decode, DIAL_ENDPOINT, body, len, false),
	    -1);
	body[5] = 1;
	assert_int_equal(decode_raw(decode, DIAL_ENDPOINT, body, len, false),
	    0);
	body[len - 1] = '\0';
	assert_int_equal(decode_raw(decode, DIAL_ENDPOINT, body, len, false),
	    -1);
	body[len - 1] = body[len] = 'h';
	body[6]++;			/* the length */
	assert_int_equal(decode_raw(decode, DIAL_ENDPOINT, body, len + 1,
	    false), -1);

	e.host[0] = '\0';
	assert_int_equal(dialmsg_send_endpoint(&p.a, &e), -1);
	memset(e.host, 'h', sizeof(e.host));
	assert_int_equal(dialmsg_send_endpoint(&p.a, &e), -1);
}

/* ---- Requests and answers -------------------------------------------- */

static void
test_request(void **state)
{
	static const enum dial_msg	 types[] = {
		DIAL_CONNECT, DIAL_CANCEL
	};
	struct dial_request		 r = { 3, 0xfffffffe }, got;
	struct imsg			 imsg;
	unsigned char			 body[64];
	size_t				 i, len;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_int_equal(dialmsg_send_request(&p.a, types[i], &r), 0);
		receive(&imsg, types[i]);
		assert_int_equal(dialmsg_get_request(&imsg, &got), 0);
		assert_memory_equal(&r, &got, sizeof(r));
		imsg_free(&imsg);
		assert_int_equal(dialmsg_send_request(&p.a, types[i], &r), 0);
		len = encoded(types[i], body, sizeof(body));
		exact(decode, types[i], body, len, false);
		/* One that brings a descriptor: closed with the message. */
		assert_int_equal(decode_raw(decode, types[i], body, len, true),
		    0);
		body[3] = DIAL_MAXENDPOINTS;
		assert_int_equal(decode_raw(decode, types[i], body, len, false),
		    -1);
	}
}

static void
test_connected(void **state)
{
	struct dial_result	 r, got;
	struct imsg		 imsg;
	unsigned char		 body[1024];
	size_t			 len;
	int			 fd, other;

	(void)state;
	memset(&r, 0, sizeof(r));
	r.index = 63;
	r.cookie = 7;
	memset(r.peer, 'p', DIAL_PEER_MAX);
	fd = a_pipe(&other);
	assert_int_equal(dialmsg_send_connected(&p.a, &r, -1), -1);
	assert_int_equal(dialmsg_send_connected(&p.a, &r, fd), 0);
	receive(&imsg, DIAL_CONNECTED);
	assert_int_equal(dialmsg_get_connected(&imsg, &got, &fd), 0);
	assert_memory_equal(&r, &got, sizeof(r));
	imsg_free(&imsg);
	assert_int_equal(write(other, "x", 1), 1);
	assert_int_equal(read(fd, body, 1), 1);

	/* With one that the receiver does not take. */
	assert_int_equal(dialmsg_send_connected(&p.a, &r, fd), 0);
	len = encoded(DIAL_CONNECTED, body, sizeof(body));
	close(other);
	exact(decode, DIAL_CONNECTED, body, len, true);
	assert_int_equal(decode_raw(decode, DIAL_CONNECTED, body, len, false),
	    -1);
	body[3] = DIAL_MAXENDPOINTS;
	assert_int_equal(decode_raw(decode, DIAL_CONNECTED, body, len, true),
	    -1);

	/* On failure it stays the sender's. */
	fd = a_pipe(&other);
	r.peer[0] = '\0';
	assert_int_equal(dialmsg_send_connected(&p.a, &r, fd), -1);
	assert_int_equal(close(fd), 0);
	close(other);
}

static void
test_failed(void **state)
{
	struct dial_result	 r, got;
	struct imsg		 imsg;
	unsigned char		 body[1024];
	size_t			 len;

	(void)state;
	memset(&r, 0, sizeof(r));
	r.index = 1;
	r.cookie = 0xffffffff;
	assert_int_equal(dialmsg_send_failed(&p.a, &r), -1);
	memset(r.text, 't', DIAL_ERROR_MAX);
	assert_int_equal(dialmsg_send_failed(&p.a, &r), 0);
	receive(&imsg, DIAL_FAILED);
	assert_int_equal(dialmsg_get_failed(&imsg, &got), 0);
	assert_memory_equal(&r, &got, sizeof(r));
	imsg_free(&imsg);
	assert_int_equal(dialmsg_send_failed(&p.a, &r), 0);
	len = encoded(DIAL_FAILED, body, sizeof(body));
	exact(decode, DIAL_FAILED, body, len, false);
	body[20] = '\0';
	assert_int_equal(decode_raw(decode, DIAL_FAILED, body, len, false), -1);
}

/* ---- The others ------------------------------------------------------ */

static void
test_files(void **state)
{

	(void)state;
	exact(decode, DIAL_RESOLVCONF, NULL, 0, true);
	exact(decode, DIAL_HOSTS, NULL, 0, true);
	/* There may be no such file. */
	exact(decode, DIAL_RESOLVCONF, NULL, 0, false);
	exact(decode, DIAL_HOSTS, NULL, 0, false);
	exact(decode, DIAL_CHANNEL, NULL, 0, true);
	assert_int_equal(decode_raw(decode, DIAL_CHANNEL, NULL, 0, false), -1);
	exact(decode, DIAL_START, NULL, 0, false);
	exact(decode, DIAL_NEEDFILES, NULL, 0, false);
	assert_int_equal(dialmsg_send(&p.a, DIAL_READY, -1), 0);
	assert_int_equal(encoded(DIAL_READY, NULL, 0), 0);
}

/* A message of another type is none of these. */
static void
test_types(void **state)
{
	static const unsigned char	 zeros[16];
	struct imsg			 imsg;
	uint32_t			 type, as;
	int				 fd, other;

	(void)state;
	for (type = DIAL_CONFIG; type <= DIAL_FAILED + 1; type++) {
		for (as = DIAL_CONFIG; as <= DIAL_FAILED; as++) {
			if (type == as || as == DIAL_START ||
			    as == DIAL_READY || as == DIAL_NEEDFILES ||
			    (type == DIAL_CONNECT && as == DIAL_CANCEL) ||
			    (type == DIAL_CANCEL && as == DIAL_CONNECT) ||
			    (type == DIAL_RESOLVCONF && as == DIAL_HOSTS) ||
			    (type == DIAL_HOSTS && as == DIAL_RESOLVCONF))
				continue;
			assert_int_equal(imsg_compose(&p.a, type, 0, 0,
			    a_pipe(&other), zeros, as >= DIAL_CONNECT ? 8 : 0),
			    1);
			close(other);
			receive(&imsg, type);
			assert_int_equal(decode_as(&imsg, as, &fd), -1);
			imsg_free(&imsg);
		}
	}
}

static void
test_noise(void **state)
{
	unsigned char	 body[600];
	size_t		 len, i;
	int		 n;

	(void)state;
	seed = 20261122;
	for (n = 0; n < 20000; n++) {
		len = rnd(n % 3 == 0 ? sizeof(body) : 24);
		for (i = 0; i < len; i++)
			body[i] = (unsigned char)(rnd(3) ? rnd(3) : rnd(256));
		(void)decode_raw(decode, DIAL_CONFIG + rnd(12), body, len,
		    n % 2);
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
#define TEST(f)	cmocka_unit_test_setup_teardown(f, channel_open, channel_close)
		TEST(test_config),
		TEST(test_config_hostile),
		TEST(test_endpoint),
		TEST(test_request),
		TEST(test_connected),
		TEST(test_failed),
		TEST(test_files),
		TEST(test_types),
		TEST(test_noise),
	};

	return (cmocka_run_group_tests_name("dialmsg", tests, NULL, NULL));
}
