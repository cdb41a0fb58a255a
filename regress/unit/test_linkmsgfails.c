/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: compat/imsg.o compat/imsg-buffer.o */

#include "regress/unit/fieldfails.h"
#include "common/msgfield.c"
#include "signerd/dialmsg.c"
#include "signerd/frontmsg.c"
#include "signerd/linkmsg.c"

#include "regress/unit/msg_util.h"

/* ---- To the link process and from it --------------------------------- */

static int
send_proxy(struct imsgbuf *ibuf, const void *arg)
{
	return (linkmsg_send_proxy(ibuf, arg));
}

static int
send_link_file(struct imsgbuf *ibuf, const void *arg)
{
	return (linkmsg_send_file(ibuf, 1, TLSFILE_CA, *(const int *)arg));
}

static int
send_dialer(struct imsgbuf *ibuf, const void *arg)
{
	return (linkmsg_send_dialer(ibuf, *(const int *)arg));
}

static int
send_down(struct imsgbuf *ibuf, const void *arg)
{
	(void)arg;
	return (linkmsg_send_down(ibuf, 1, true));
}

static int
send_link_error(struct imsgbuf *ibuf, const void *arg)
{
	return (linkmsg_send_error(ibuf, arg));
}

static int
a_descriptor(void)
{
	int	 fd;

	assert_int_not_equal(fd = open("/dev/null", O_RDONLY), -1);
	return (fd);
}

static void
links(void **state)
{
	static struct link_proxy	 proxy;
	static struct link_error	 error;
	int				 fd;

	(void)state;
	fill_text(proxy.target, sizeof(proxy.target) - 1);
	assert_int_equal(each_failure(send_proxy, &p.a, &proxy, -1, 0),
	    3 + 5 * 2);
	assert_int_equal(each_failure(send_down, &p.a, NULL, -1, 0), 3);
	fill_text(error.text, sizeof(error.text) - 1);
	assert_int_equal(each_failure(send_link_error, &p.a, &error, -1, 0),
	    4 + 2);
	fd = a_descriptor();
	assert_int_equal(each_failure(send_link_file, &p.a, &fd, fd, 0), 3);
	fd = a_descriptor();
	assert_int_equal(each_failure(send_dialer, &p.a, &fd, fd, 0), 1);
}

/* ---- To the dialer and from it --------------------------------------- */

static int
send_dial_config(struct imsgbuf *ibuf, const void *arg)
{
	return (dialmsg_send_config(ibuf, arg));
}

static int
send_endpoint(struct imsgbuf *ibuf, const void *arg)
{
	return (dialmsg_send_endpoint(ibuf, arg));
}

static int
send_dial_request(struct imsgbuf *ibuf, const void *arg)
{
	return (dialmsg_send_request(ibuf, DIAL_CONNECT, arg));
}

static int	 connected;

static int
send_connected(struct imsgbuf *ibuf, const void *arg)
{
	return (dialmsg_send_connected(ibuf, arg, connected));
}

static int
send_dial_failed(struct imsgbuf *ibuf, const void *arg)
{
	return (dialmsg_send_failed(ibuf, arg));
}

static void
dialer(void **state)
{
	static struct dial_config	 config;
	static struct dial_endpoint	 endpoint = { 1, "a.example", 443 };
	static struct dial_request	 request = { 1, 2 };
	static struct dial_result	 result;

	(void)state;
	config.connect_timeout = 5000;
	config.nnameservers = 2;
	strcat(config.nameservers[0], "127.0.0.1");
	strcat(config.nameservers[1], "::1");
	assert_int_equal(each_failure(send_dial_config, &p.a, &config, -1, 0),
	    3 + 2 * 2);
	assert_int_equal(each_failure(send_endpoint, &p.a, &endpoint, -1, 0),
	    3 + 2);
	assert_int_equal(each_failure(send_dial_request, &p.a, &request, -1,
	    0), 3);
	strcat(result.text, "refused");
	strcat(result.peer, "127.0.0.1:443");
	assert_int_equal(each_failure(send_dial_failed, &p.a, &result, -1, 0),
	    3 + 2);
	connected = a_descriptor();
	assert_int_equal(each_failure(send_connected, &p.a, &result,
	    connected, 0), 3 + 2);
}

/* ---- To the frontend and from it ------------------------------------- */

static int
send_front_config(struct imsgbuf *ibuf, const void *arg)
{
	return (frontmsg_send_config(ibuf, arg));
}

static int
send_front_key(struct imsgbuf *ibuf, const void *arg)
{
	return (frontmsg_send_key(ibuf, arg));
}

static int
send_front_error(struct imsgbuf *ibuf, const void *arg)
{
	return (frontmsg_send_error(ibuf, arg));
}

static void
frontend(void **state)
{
	static struct front_config	 config;
	static struct front_key		 key;
	static struct front_error	 error;
	int				 calls;

	(void)state;
	calls = each_failure(send_front_config, &p.a, &config, -1, 0);
	assert_int_equal(calls, 1 + sizeof(config.limits) / 4 + 2);
	strcat(key.name, "sequencer");
	assert_int_equal(each_failure(send_front_key, &p.a, &key, -1, 0), 5);
	strcat(error.text, "no such file");
	assert_int_equal(each_failure(send_front_error, &p.a, &error, -1, 0),
	    5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(links, channel_open,
		    channel_close),
		cmocka_unit_test_setup_teardown(dialer, channel_open,
		    channel_close),
		cmocka_unit_test_setup_teardown(frontend, channel_open,
		    channel_close),
	};

	return (cmocka_run_group_tests_name("linkmsgfails", tests, NULL,
	    NULL));
}
