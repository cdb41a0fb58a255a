/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/handshake.o common/tlsconn.o common/tlsctx.o common/tlsio.o
 * common/tlspeer.o common/tlstrust.o
 * common/sandbox.o common/sandbox_tables.o common/log.o common/log_render.o
 * common/hex.o common/u256.o compat/imsg.o compat/imsg-buffer.o
 * regress/unit/tlspair.o regress/unit/tlsmeet.o */
/* libs: libtls libssl libcrypto libevent libseccomp */

/* Connections that are begun here. */

#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <openssl/err.h>

#include "common/sandbox.h"
#include "common/tlsconn_local.h"
#include "regress/unit/forked.h"
#include "regress/unit/tlsmeet.h"

void
sandbox_hook(int entered)
{
	(void)entered;
}

/* ---- What goes well ---------------------------------------------------- */

/* One context makes many connections, and lives as long as the last. */
static void
test_good(void **state)
{
	struct tlsctx *sctx = server_ctx("tlsv1.2,tlsv1.3");
	struct tlsctx_config old;
	struct tlsctx *cctx = client_ctx(&named);
	struct meeting m = { 0 };
	int i;

	(void)state;
	for (i = 0; i < 3; i++)
		check_good(sctx, cctx, "localhost", "TLSv1.3");
	/* As DNS has it. */
	check_good(sctx, cctx, "localhost.", "TLSv1.3");
	client_config(&old, &named);
	old.protocols = "tlsv1.2";
	meet(&m, sctx, cctx, "LocalHost");
	tlsctx_unref(cctx);
	TURNS_UNTIL(&m, m.client.ready && m.server.ready);
	assert_string_equal(m.client.name, "localhost");
	part(&m);
	cctx = make_client(&old);
	check_good(sctx, cctx, "localhost", "TLSv1.2");
	tlsctx_unref(cctx);
	tlsctx_unref(sctx);
}

static void
check_name(const struct cert *cert, const char *name, const char *want)
{
	struct tlsctx *sctx = server_with(cert);
	struct tlsctx *cctx = client_ctx(&named);
	struct meeting m = { 0 };

	m.client.talk = true;
	meet(&m, sctx, cctx, name);
	TURNS_UNTIL(&m, m.client.ready || m.client.ended);
	if (want == NULL)
		assert_int_equal(m.client.ended, 0);
	else {
		assert_int_equal(m.client.ready, 0);
		assert_int_equal(m.client.end, TLSCONN_FAILED);
		assert_string_equal(m.client.error, want);
		/* Nothing was said to it. */
		TURNS_UNTIL(&m, m.server.ended);
		assert_int_equal(m.server.got, 0);
	}
	part(&m);
	tlsctx_unref(sctx);
	tlsctx_unref(cctx);
}

static void
test_names(void **state)
{
	static const struct san many[] = {
		DNS("*.c.example"), DNS("b\x1b.test"),
		{ GEN_IPADD, "\x7f\0\0\1", 4 },
		{ GEN_IPADD, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16 },
		{ GEN_EMAIL, "c.test", 6 },
		DNS("f*.d.test"), DNS("192.0.2.7")
	};
	static const char list[] = "*.c.example, b?.test, 127.0.0.1, ::1, "
	    "f*.d.test, 192.0.2.7";
	struct cert c;
	char want[256];

	(void)state;
	make_cert(&c, &ca, "cn.test", many, 7);
	check_name(&c, "a.c.example", NULL);
	check_name(&c, "127.0.0.1", NULL);
	check_name(&c, "::1", NULL);
	check_name(&c, "0:0::1", NULL);
#define NOT(name)	do {						\
	snprintf(want, sizeof(want), "server certificate: not for %s "	\
	    "but for %s", name, list);					\
	check_name(&c, name, want);					\
} while (0)
	NOT("c.example");
	NOT("a.b.c.example");
	NOT("127.0.0.2");
	NOT("::2");
	/* Not an address of it, though a name says so; nor the CN. */
	NOT("192.0.2.7");
	NOT("cn.test");
	NOT("c.test");
	NOT("foo.d.test");
#undef NOT
	free_cert(&c);
	check_name(&unnamed, "cn.example", "server certificate: not for "
	    "cn.example but for nobody");
	check_name(&named, "b.example", NULL);
	check_name(&named, "c.example", "server certificate: not for "
	    "c.example but for a.example, b.example");
}

/* Of very many names the first are told. */
static void
test_many_names(void **state)
{
	static char text[40][65];
	struct san sans[40];
	struct cert c;
	char want[1024];
	int i;

	(void)state;
	for (i = 0; i < 40; i++) {
		snprintf(text[i], sizeof(text[i]), "%02d.%0*d.example", i, 40,
		    0);
		sans[i].type = GEN_DNS;
		sans[i].data = text[i];
		sans[i].len = strlen(text[i]);
	}
	make_cert(&c, &ca, "many", sans, 40);
	snprintf(want, sizeof(want), "server certificate: not for x.example "
	    "but for %s, %s, %s, ...", text[0], text[1], text[2]);
	check_name(&c, "x.example", want);
	free_cert(&c);
	/* None of them fits. */
	memset(want, 'a', 250);
	for (i = 50; i < 250; i += 50)
		want[i] = '.';
	want[250] = '\0';
	sans[0].data = want;
	sans[0].len = 250;
	make_cert(&c, &ca, "long", sans, 1);
	check_name(&c, "x.example", "server certificate: not for x.example "
	    "but for ...");
	free_cert(&c);
}

/* Nothing is said of silence: the time limit is the owner's. */
static void
test_silence(void **state)
{
	struct tlsctx *cctx = client_ctx(&named);
	struct meeting m = { 0 };
	char hello[4096];
	ssize_t n;
	int i;

	(void)state;
	meet(&m, NULL, cctx, "localhost");
	while ((n = recv(m.fd, hello, sizeof(hello), 0)) == -1)
		event_base_loop(m.base, EVLOOP_NONBLOCK);
	/* SNI and ALPN are in it, and the name's dot is not. */
	assert_non_null(memmem(hello, (size_t)n, "localhost", 9));
	assert_non_null(memmem(hello, (size_t)n, "\x08http/1.1", 9));
	for (i = 0; i < 100; i++)
		event_base_loop(m.base, EVLOOP_NONBLOCK);
	assert_int_equal(m.client.ready + m.client.ended, 0);
	/* One that hangs up in the handshake is an end, not a failure. */
	close(m.fd);
	m.fd = -1;
	TURNS_UNTIL(&m, m.client.ended);
	assert_int_equal(m.client.end, TLSCONN_EOF);
	part(&m);

	memset(&m, 0, sizeof(m));
	meet(&m, NULL, cctx, "localhost");
	event_base_loop(m.base, EVLOOP_NONBLOCK);
	part(&m);
	/* Numeric names are no SNI (RFC 6066, 3). */
	memset(&m, 0, sizeof(m));
	meet(&m, NULL, cctx, "127.0.0.1");
	while ((n = recv(m.fd, hello, sizeof(hello), 0)) == -1)
		event_base_loop(m.base, EVLOOP_NONBLOCK);
	assert_null(memmem(hello, (size_t)n, "127.0.0.1", 9));
	part(&m);
	tlsctx_unref(cctx);
}

/* ---- For the owner ----------------------------------------------------- */

static void
refused_config(const struct tlsctx_config *c, const char *want)
{
	char err[256];

	if (tlsctx_client(c, err, sizeof(err)) != NULL)
		fail_msg("no failure with \"%s\"", want);
	if (strstr(err, want) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", want, err);
	assert_int_equal(ERR_peek_error(), 0);
}

static void
test_config(void **state)
{
	static const uint8_t words[] = "-----BEGIN RUBBISH-----\n";
	struct tlsctx_config c, good;

	(void)state;
	client_config(&good, &named);
	c = good;
	c.calen = 0;
	refused_config(&c, "no CA");
	c = good;
	c.ca = words;
	c.calen = sizeof(words) - 1;
	refused_config(&c, "verify");
	c = good;
	c.cert = words;
	c.certlen = sizeof(words) - 1;
	refused_config(&c, "certificate");
	c = good;
	c.key = (const uint8_t *)ca.keypem;
	c.keylen = ca.keypemlen;
	refused_config(&c, "key");
	c = good;
	c.crl = words;
	c.crllen = sizeof(words) - 1;
	refused_config(&c, "crl");
	c = good;
	c.protocols = "tlsv9";
	refused_config(&c, "not configured");
}

static void
test_wrong_context(void **state)
{
	struct tlsctx *sctx = server_ctx("tlsv1.3");
	struct tlsctx *cctx = client_ctx(&named);
	struct event_base *base = event_base_new();
	int fds[2];

	(void)state;
	tcp_pair(fds);
	errno = 0;
	assert_null(tlsconn_connect(base, sctx, fds[1], "localhost",
	    INPUT_SIZE, &meet_cb, NULL));
	assert_int_equal(errno, EINVAL);
	errno = 0;
	assert_null(tlsconn_connect(base, cctx, fds[1], "", INPUT_SIZE,
	    &meet_cb, NULL));
	assert_int_equal(errno, EINVAL);
	/* The socket is still the caller's. */
	assert_int_equal(close(fds[0]), 0);
	assert_int_equal(close(fds[1]), 0);
	tlsctx_unref(sctx);
	tlsctx_unref(cctx);
	event_base_free(base);
}

static void
other_input(struct tlsconn *c, void *arg)
{
	struct side *s = arg;

	s->got += 1000 * evbuffer_get_length(tlsconn_input(c));
}

static void
test_new_owner(void **state)
{
	struct tlsconn_cb others = meet_cb;
	struct tlsctx *sctx = server_ctx("tlsv1.3");
	struct tlsctx *cctx = client_ctx(&named);
	struct side other = { 0 };
	struct meeting m = { 0 };
	unsigned int value = 0;
	socklen_t len = sizeof(value);

	(void)state;
	others.input = other_input;
	m.server.talk = true;
	meet(&m, sctx, cctx, "localhost");
	TURNS_UNTIL(&m, m.client.got == 5 && m.server.ready);
	tlsconn_set_cb(m.client.c, &others, &other);
	say(&m.server, "hello");
	TURNS_UNTIL(&m, other.got == 5000);
	tlsconn_close(m.server.c, 1000);
	TURNS_UNTIL(&m, other.ended);
	assert_int_equal(m.client.got, 5);
	assert_int_equal(m.client.ended + other.ready, 0);
	tlsconn_user_timeout(m.client.c, 1234);
	assert_int_equal(getsockopt(m.client.c->io.fd, IPPROTO_TCP,
	    TCP_USER_TIMEOUT, &value, &len), 0);
	assert_int_equal(value, 1234);
	part(&m);
	tlsctx_unref(sctx);
	tlsctx_unref(cctx);
}

/* ---- In the sandbox ---------------------------------------------------- */

/*
 * As the processes have it: the sandbox closes first, then come the files'
 * contents and the connected sockets.  No file is opened.
 */
static void
in_sandbox(void *arg)
{
	struct event_base *base = event_base_new();
	struct tlsctx_config c;
	struct tlsctx *cctx, *sctx;
	struct side a = { 0 }, b = { 0 };
	char err[256], why[256];
	int *fds = arg, landlock;

	want(sandbox_enter(&sandbox_frontend, &landlock, why,
	    sizeof(why)) == 0);
	client_config(&c, &named);
	want((cctx = tlsctx_client(&c, err, sizeof(err))) != NULL);
	server_config(&c);
	want((sctx = tlsctx_server(&c, err, sizeof(err))) != NULL);
	a.echo = b.talk = true;
	want((a.c = tlsconn_accept(base, sctx, fds[0], INPUT_SIZE,
	    &meet_cb, &a)) != NULL);
	want((b.c = tlsconn_connect(base, cctx, fds[1], "localhost",
	    INPUT_SIZE, &meet_cb, &b)) != NULL);
	while (b.got < 5 && !a.ended && !b.ended)
		event_base_loop(base, EVLOOP_ONCE);
	want(b.got == 5);
	tlsconn_free(b.c);
	want((b.c = tlsconn_connect(base, cctx, fds[3], "elsewhere",
	    INPUT_SIZE, &meet_cb, &b)) != NULL);
	want(tlsconn_accept(base, sctx, fds[2], INPUT_SIZE, &meet_cb,
	    &a) != NULL);
	while (!b.ended)
		event_base_loop(base, EVLOOP_ONCE);
	want(strcmp(b.error, "server certificate: not for elsewhere but for "
	    "localhost") == 0);
}

static void
test_sandbox(void **state)
{
	int fds[4], i;

	(void)state;
	tcp_pair(fds);
	tcp_pair(fds + 2);
	forked_exits(in_sandbox, fds, 0);
	for (i = 0; i < 4; i++)
		close(fds[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_many_names),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_config),
		cmocka_unit_test(test_wrong_context),
		cmocka_unit_test(test_new_owner),
		cmocka_unit_test(test_sandbox)
	};

	return (cmocka_run_group_tests_name("tlsclient", tests, pair_setup,
	    pair_teardown));
}
