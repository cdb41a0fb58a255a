/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/wslink.o common/websocket.o common/jsonscan.o common/hex.o
 * common/handshake.o common/tlsconn.o common/tlsctx.o common/tlsio.o
 * common/tlspeer.o common/tlstrust.o
 * common/turn.o
 * regress/unit/tlspair.o regress/unit/wslink_util.o */
/* libs: libtls libssl libcrypto libevent wslay */

/* Two links with each other, over TLS. */

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
#include <openssl/pem.h>

#include "common/tlsconn.h"
#include "common/wslink.h"
#include "regress/unit/tlspair.h"
#include "regress/unit/wslink_util.h"

/* ---- The wall clock ---------------------------------------------------- */

static time_t	 stopped_at;	/* 0: it goes on */

time_t
time(time_t *t)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (stopped_at != 0)
		ts.tv_sec = stopped_at;
	if (t != NULL)
		*t = ts.tv_sec;
	return (ts.tv_sec);
}

/* ---- Two links --------------------------------------------------------- */

struct both {
	struct event_base	*base;
	struct tlsconn		*ca, *cb;
	int			 ready;
	struct owner_of		 a;	/* client */
	struct owner_of		 b;	/* server */
};

static struct tlsctx *
client_ctx(const struct cert *cert)
{
	struct tlsctx_config c;
	struct tlsctx *ctx;
	char err[256];

	server_config(&c);
	c.cert = (const uint8_t *)cert->pem;
	c.certlen = cert->pemlen;
	c.key = (const uint8_t *)cert->keypem;
	c.keylen = cert->keypemlen;
	if ((ctx = tlsctx_client(&c, err, sizeof(err))) == NULL)
		fail_msg("tlsctx_client: %s", err);
	return (ctx);
}

static void
both_start(struct both *b, const struct cert *cert,
    const struct wslink_config *ofa, const struct wslink_config *ofb)
{
	struct tlsctx *sctx = server_ctx("tlsv1.3");
	struct tlsctx *cctx = client_ctx(cert);
	int fds[2];

	memset(b, 0, sizeof(*b));
	tcp_pair(fds);
	assert_non_null(b->base = event_base_new());
	assert_non_null(b->cb = tlsconn_accept(b->base, sctx, fds[0],
	    INPUT_SIZE, &before_link, &b->ready));
	assert_non_null(b->ca = tlsconn_connect(b->base, cctx, fds[1],
	    "localhost", INPUT_SIZE, &before_link, &b->ready));
	while (b->ready < 2)
		event_base_loop(b->base, EVLOOP_ONCE);
	in_call++;
	assert_non_null(b->a.l = wslink_new(b->base, WEBSOCKET_CLIENT, b->ca,
	    ofa, &link_cb, &b->a));
	assert_non_null(b->b.l = wslink_new(b->base, WEBSOCKET_SERVER, b->cb,
	    ofb, &link_cb, &b->b));
	in_call--;
	assert_true(wslink_open(b->a.l) && wslink_open(b->b.l));
	tlsctx_unref(sctx);
	tlsctx_unref(cctx);
}

static void
both_stop(struct both *b)
{
	wslink_free(b->a.l);
	wslink_free(b->b.l);
	event_base_free(b->base);
	ERR_clear_error();
}

#define BOTH_UNTIL(p, cond)	do {					\
	while (!(cond))							\
		event_base_loop((p)->base, EVLOOP_ONCE);		\
} while (0)

static void
both_settle(struct both *b)
{
	int i;

	for (i = 0; i < 100; i++)
		event_base_loop(b->base, EVLOOP_NONBLOCK);
}

static void
test_messages(void **state)
{
	const size_t len = usual.max_message;
	struct both b;
	char *big;
	int i;

	(void)state;
	assert_non_null(big = malloc(len));
	memset(big, 'x', len);
	both_start(&b, &named, &usual, &usual);
	b.b.echo = true;
	CALL(assert_int_equal(wslink_send(b.a.l, "hello", 5), 0));
	assert_true(wslink_unsent(b.a.l) > 5);
	BOTH_UNTIL(&b, b.a.messages == 1);
	assert_string_equal(b.a.text, "hello");
	assert_string_equal(b.b.text, "hello");
	assert_int_equal(wslink_unsent(b.a.l), 0);
	CALL(assert_int_equal(wslink_send(b.a.l, big, len), 0));
	BOTH_UNTIL(&b, b.a.messages == 2);
	assert_int_equal(b.a.bytes, len + 5);
	for (i = 0; i < 1000; i++)
		CALL(assert_int_equal(wslink_send(b.a.l, "", 0), 0));
	BOTH_UNTIL(&b, b.a.messages == 1002);
	assert_int_equal(b.a.ended + b.b.ended, 0);
	free(big);
	both_stop(&b);
}

/* Either end closes; 4001 is for a link that was replaced. */
static void
check_close(bool server_closes, uint16_t code, const char *reason,
    const char *first_told, const char *told)
{
	struct both b;
	struct owner_of *first, *second;

	both_start(&b, &named, &usual, &usual);
	first = server_closes ? &b.b : &b.a;
	second = server_closes ? &b.a : &b.b;
	/* What was sent before arrives, what is sent after does not. */
	CALL(assert_int_equal(wslink_send(first->l, "before", 6), 0));
	CALL(wslink_close(first->l, code, reason));
	CALL(wslink_close(first->l, 1002, "again"));
	assert_false(wslink_open(first->l));
	assert_int_equal(first->ended, 0);
	CALL(assert_int_equal(wslink_send(first->l, "after", 5), -1));
	CALL(assert_int_equal(wslink_send(second->l, "late", 4), 0));
	BOTH_UNTIL(&b, first->ended && second->ended);
	expect_end(first, false, code, first_told);
	expect_end(second, true, code, told);
	assert_int_equal(second->messages, 1);
	assert_int_equal(first->messages, 0);
	both_stop(&b);
}

static void
test_close(void **state)
{
	(void)state;
	check_close(false, 1001, "stopping", "stopping", "stopping");
	check_close(true, 1001, "stopping", "stopping", "stopping");
	check_close(true, 4001, "replaced", "replaced", "replaced");
	check_close(true, 1008, "", "", "no reason given");
	check_close(false, 1000, "esc \x1b \xc3\xa9", "esc ? ??",
	    "esc ? ??");
}

/* Both at once: each has ended it itself. */
static void
test_close_both(void **state)
{
	struct both b;

	(void)state;
	both_start(&b, &named, &usual, &usual);
	both_settle(&b);
	CALL(wslink_close(b.a.l, 1001, "a"));
	CALL(wslink_close(b.b.l, 1000, "b"));
	BOTH_UNTIL(&b, b.a.ended && b.b.ended);
	expect_end(&b.a, false, 1001, "a");
	expect_end(&b.b, false, 1000, "b");
	both_stop(&b);
}

static void
test_within_message(void **state)
{
	enum act act;
	struct both b;

	(void)state;
	for (act = SEND; act <= FLOOD; act++) {
		both_start(&b, &named, &usual, &usual);
		b.b.act = act;
		CALL(wslink_send(b.a.l, "one", 3));
		CALL(wslink_send(b.a.l, "two", 3));
		CALL(wslink_send(b.a.l, "three", 5));
		switch (act) {
		case SEND:
			BOTH_UNTIL(&b, b.a.messages == 1);
			BOTH_UNTIL(&b, b.b.messages == 3);
			break;
		case CLOSE:
			BOTH_UNTIL(&b, b.a.ended && b.b.ended);
			expect_end(&b.a, true, 1001, "stopping");
			expect_end(&b.b, false, 1001, "stopping");
			assert_int_equal(b.b.messages, 1);
			break;
		case FLOOD:
			BOTH_UNTIL(&b, b.b.ended);
			assert_int_equal(b.b.by_peer, 0);
			assert_int_equal(b.b.messages, 1);
			break;
		default:
			BOTH_UNTIL(&b, b.a.ended);
			assert_null(b.b.l);
			assert_int_equal(b.b.ended, 0);
			assert_int_equal(b.b.messages, 1);
			expect_end(&b.a, true, 0, "the peer closed the "
			    "connection without a close frame");
		}
		both_stop(&b);
	}
	wslink_free(NULL);
}

/* Two that ping each other are alive, though nothing is said. */
static void
test_alive(void **state)
{
	struct wslink_config c = usual;
	struct both b;
	uint64_t begun;

	(void)state;
	c.ping = 20;
	c.dead = 3000;
	both_start(&b, &named, &c, &c);
	begun = clock_us();
	BOTH_UNTIL(&b, clock_us() - begun > 4000000);
	assert_int_equal(b.a.ended + b.b.ended, 0);
	assert_int_equal(b.a.messages + b.b.messages, 0);
	both_stop(&b);
}

static void
test_expiry(void **state)
{
	struct wslink_config c = usual;
	struct both b;
	uint64_t begun;

	(void)state;
	c.ping = 20;
	both_start(&b, &named, &usual, &c);
	both_settle(&b);
	/* On its last second it is still good. */
	stopped_at = EXPIRY - 1;
	begun = clock_us();
	BOTH_UNTIL(&b, clock_us() - begun > 60000);
	assert_int_equal(b.a.ended + b.b.ended, 0);
	stopped_at += 100;
	BOTH_UNTIL(&b, b.a.ended && b.b.ended);
	stopped_at = 0;
	expect_end(&b.b, false, 1008, "certificate has expired");
	expect_end(&b.a, true, 1008, "certificate has expired");
	both_stop(&b);
}

/* Told at its second, and not by the next ping that comes along. */
static void
test_expiry_on_time(void **state)
{
	struct both b;
	struct cert soon;
	BIO *bio;

	(void)state;
	make_cert(&soon, &ca, "soon", NULL, 0);
	/* Until then they have to meet, on a busy machine as well. */
	set_dates(&soon, &ca, PAST, time(NULL) + 6);
	free(soon.pem);
	bio = BIO_new(BIO_s_mem());
	PEM_write_bio_X509(bio, soon.x509);
	copy_bio(bio, &soon.pem, &soon.pemlen);
	both_start(&b, &soon, &usual, &usual);
	BOTH_UNTIL(&b, b.a.ended && b.b.ended);
	expect_end(&b.b, false, 1008, "certificate has expired");
	expect_end(&b.a, true, 1008, "certificate has expired");
	both_stop(&b);
	free_cert(&soon);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_close_both),
		cmocka_unit_test(test_within_message),
		cmocka_unit_test(test_alive),
		cmocka_unit_test(test_expiry),
		cmocka_unit_test(test_expiry_on_time)
	};

	return (cmocka_run_group_tests_name("wslinkpair", tests, pair_setup,
	    pair_teardown));
}
