/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/handshake.o common/tlsconn.o common/tlsctx.o common/tlsio.o
 * common/tlspeer.o common/tlstrust.o
 * regress/unit/tlspair.o */
/* libs: libtls libssl libcrypto libevent */

#include <sys/types.h>
#include <sys/socket.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "common/tlsconn.h"
#include "regress/unit/tlspair.h"

/* ---- Data -------------------------------------------------------------- */

static void
test_byte_by_byte(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");
	struct pair p = { 0 };

	(void)state;
	pair_start(&p, ctx, &named, INPUT_SIZE);
	p.cl.piece = 1;
	UNTIL(&p, p.o.ready && p.cl.up);
	assert_string_equal(tlsconn_peer_name(p.o.c), "a.example");
	pair_round_trip(&p);
	pair_round_trip(&p);
	assert_int_equal(p.o.input, 2);
	SSL_shutdown(p.cl.ssl);
	UNTIL(&p, p.o.ended);
	assert_int_equal(p.o.end, TLSCONN_EOF);
	pair_stop(&p);
	tlsctx_unref(ctx);
}

static void
check_echo(struct tlsctx *ctx)
{
	const size_t len = 5 * 1048576;
	struct pair p = { 0 };
	unsigned char *data, *got;
	size_t i;

	assert_non_null(data = malloc(len));
	for (i = 0; i < len; i++)
		data[i] = (unsigned char)(i * 2654435761U >> 13);
	pair_up(&p, ctx, &named);
	p.o.echo = true;
	watch_retry = true;
	evbuffer_add(p.cl.tx, data, len);
	UNTIL(&p, pair_received(&p) == len);
	watch_retry = false;
	assert_int_equal(p.o.got, len);
	assert_true(p.o.drained > 0);
	assert_non_null(got = evbuffer_pullup(p.cl.rx, -1));
	assert_memory_equal(got, data, len);
	free(data);
	pair_stop(&p);
}

static void
test_echo(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");

	(void)state;
	check_echo(ctx);
	check_echo(NULL);
	tlsctx_unref(ctx);
}

/* Answers of one turn leave in one record; nothing leaves unasked. */
static void
test_coalescing(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");
	struct pair p = { 0 };
	unsigned int before;
	size_t raw;

	(void)state;
	pair_up(&p, ctx, &named);
	pair_round_trip(&p);
	pair_settle(&p);
	before = tls_writes;
	raw = p.cl.rawin;
	evbuffer_add(tlsconn_output(p.o.c), "one", 3);
	pair_settle(&p);
	assert_int_equal(tls_writes, before);
	pair_say(&p, "two");
	pair_say(&p, "three");
	assert_int_equal(tls_writes, before);
	UNTIL(&p, pair_received(&p) == 16);
	pair_settle(&p);
	assert_int_equal(tls_writes, before + 1);
	/* Header, type, tag: 5 + 1 + 16 bytes about the 11. */
	assert_int_equal(p.cl.rawin, raw + 11 + 22);
	assert_int_equal(p.o.drained, 2);
	OWN(tlsconn_flush(p.o.c));
	pair_settle(&p);
	assert_int_equal(p.o.drained, 2);
	pair_stop(&p);
	tlsctx_unref(ctx);
}

static void
check_never_reads(struct tlsctx *ctx)
{
	const size_t len = 16 * 1048576;
	struct pair p = { 0 };
	unsigned int before;
	size_t left;
	char *data;
	int i;

	assert_non_null(data = calloc(1, len));
	pair_up(&p, ctx, &named);
	p.cl.noread = true;
	watch_retry = true;
	evbuffer_add(tlsconn_output(p.o.c), data, len);
	OWN(tlsconn_flush(p.o.c));
	for (i = 0; i < 20000; i++)
		pair_turn(&p);
	left = evbuffer_get_length(tlsconn_output(p.o.c));
	assert_true(left > 0 && left < len);
	/* Neither the loop nor a flush writes while the socket is full. */
	before = tls_writes;
	for (i = 0; i < 1000; i++) {
		OWN(tlsconn_flush(p.o.c));
		pair_turn(&p);
	}
	assert_int_equal(tls_writes, before);
	assert_int_equal(evbuffer_get_length(tlsconn_output(p.o.c)), left);
	/* More behind it does not change the piece that is begun. */
	pair_say(&p, "end");
	p.cl.noread = false;
	UNTIL(&p, pair_received(&p) == len + 3);
	assert_int_equal(p.o.drained, 1);
	watch_retry = false;
	free(data);
	pair_stop(&p);
}

/* A short piece that did not fit is repeated as it was, not with more. */
static void
check_repeated(struct tlsctx *ctx)
{
	struct pair p = { 0 };
	char data[5000];
	struct evbuffer *out;
	unsigned int before;
	size_t total;
	int i;

	memset(data, 'x', sizeof(data));
	pair_up(&p, ctx, &named);
	p.cl.noread = true;
	watch_retry = true;
	out = tlsconn_output(p.o.c);
	for (total = 0; evbuffer_get_length(out) == 0;
	    total += sizeof(data)) {
		evbuffer_add(out, data, sizeof(data));
		OWN(tlsconn_flush(p.o.c));
		pair_turn(&p);
		pair_turn(&p);
	}
	pair_say(&p, "end");
	pair_settle(&p);
	before = tls_writes;
	for (i = 0; i < 100; i++) {
		OWN(tlsconn_flush(p.o.c));
		pair_turn(&p);
	}
	assert_int_equal(tls_writes, before);
	p.cl.noread = false;
	UNTIL(&p, pair_received(&p) == total + 3);
	assert_int_equal(evbuffer_get_length(out), 0);
	watch_retry = false;
	pair_stop(&p);
}

static void
test_never_reads(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");

	(void)state;
	check_never_reads(ctx);
	check_never_reads(NULL);
	check_repeated(ctx);
	check_repeated(NULL);
	tlsctx_unref(ctx);
}

/* ---- Pausing ----------------------------------------------------------- */

/* One record, taken in bites: the rest is inside of OpenSSL, not the fd. */
static void
check_bites(struct tlsctx *ctx)
{
	struct pair p = { 0 };
	struct evbuffer *in;
	char data[16384];
	unsigned int before;
	size_t total;

	memset(data, 'x', sizeof(data));
	pair_start(&p, ctx, &named, 1000);
	p.o.keep = true;
	UNTIL(&p, p.o.ready && p.cl.up);
	evbuffer_add(p.cl.tx, data, sizeof(data));
	for (total = 0; total < sizeof(data);) {
		in = tlsconn_input(p.o.c);
		UNTIL(&p, evbuffer_get_length(in) > 0);
		pair_settle(&p);
		assert_true(evbuffer_get_length(in) == 1000 ||
		    evbuffer_get_length(in) == sizeof(data) - total);
		before = tls_reads;
		pair_settle(&p);
		assert_int_equal(tls_reads, before);
		/* No room was made: nothing happens. */
		OWN(tlsconn_resume(p.o.c));
		total += evbuffer_get_length(in);
		evbuffer_drain(in, evbuffer_get_length(in));
		before = (unsigned int)p.o.input;
		OWN(tlsconn_resume(p.o.c));
		assert_int_equal(p.o.input, before);
	}
	assert_int_equal(total, sizeof(data));
	pair_stop(&p);
}

/* The owner takes each bite at once and does not ask for the next. */
static void
check_bites_taken(struct tlsctx *ctx)
{
	struct pair p = { 0 };
	char data[16384];

	memset(data, 'x', sizeof(data));
	pair_start(&p, ctx, &named, 1000);
	UNTIL(&p, p.o.ready && p.cl.up);
	evbuffer_add(p.cl.tx, data, sizeof(data));
	UNTIL(&p, p.o.got == sizeof(data));
	assert_int_equal(p.o.input, 17);
	pair_stop(&p);
}

static void
test_bites(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");

	(void)state;
	check_bites(ctx);
	check_bites(NULL);
	check_bites_taken(ctx);
	tlsctx_unref(ctx);
}

static void
check_pause(struct tlsctx *ctx)
{
	struct pair p = { 0 };
	unsigned int before;

	pair_start(&p, ctx, &named, INPUT_SIZE);
	p.o.pause_ready = true;
	evbuffer_add(p.cl.tx, "hello", 5);
	UNTIL(&p, p.o.ready && p.cl.up);
	pair_settle(&p);
	assert_int_equal(p.o.input, 0);
	before = tls_reads;
	pair_settle(&p);
	assert_int_equal(tls_reads, before);
	OWN(tlsconn_resume(p.o.c));
	assert_int_equal(p.o.input, 0);
	UNTIL(&p, p.o.got == 5);
	OWN(tlsconn_pause(p.o.c));
	evbuffer_add(p.cl.tx, "hello", 5);
	pair_settle(&p);
	assert_int_equal(p.o.got, 5);
	OWN(tlsconn_resume(p.o.c));
	UNTIL(&p, p.o.got == 10);
	pair_stop(&p);
}

static void
test_pause(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");

	(void)state;
	check_pause(ctx);
	check_pause(NULL);
	tlsctx_unref(ctx);
}

/* ---- Ends -------------------------------------------------------------- */

static void
client_half_close(struct pair *p)
{
	UNTIL(p, evbuffer_get_length(p->cl.tx) == 0);
	if (p->cl.ssl != NULL)
		SSL_shutdown(p->cl.ssl);
	pair_turn(p);
	UNTIL(p, evbuffer_get_length(p->cl.raw) == 0);
	shutdown(p->cl.fd, SHUT_WR);
}

/* A request and the end in one go: the answer comes, then the end. */
static void
check_half_close(struct tlsctx *ctx)
{
	struct pair p = { 0 };

	pair_up(&p, ctx, &named);
	p.o.echo = true;
	evbuffer_add(p.cl.tx, "hello", 5);
	client_half_close(&p);
	UNTIL(&p, p.o.ended);
	assert_int_equal(p.o.end, TLSCONN_EOF);
	assert_int_equal(p.o.drained, 1);
	UNTIL(&p, pair_received(&p) == 5);
	pair_settle(&p);
	assert_int_equal(p.o.ended, 1);
	/* An answer that is late. */
	pair_say(&p, "late");
	OWN(tlsconn_close(p.o.c, 1000));
	assert_int_equal(p.o.ended, 1);
	UNTIL(&p, p.o.ended == 2);
	assert_int_equal(p.o.end, TLSCONN_CLOSED);
	UNTIL(&p, pair_received(&p) == 9 && p.cl.fin);
	assert_int_equal(p.cl.eof, ctx != NULL);
	pair_stop(&p);
}

static void
test_half_close(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");

	(void)state;
	check_half_close(ctx);
	check_half_close(NULL);
	tlsctx_unref(ctx);
}

static void
check_gone(struct tlsctx *ctx, bool reset)
{
	struct linger linger = { 1, 0 };
	struct pair p = { 0 };

	pair_up(&p, ctx, &named);
	pair_round_trip(&p);
	if (reset)
		setsockopt(p.cl.fd, SOL_SOCKET, SO_LINGER, &linger,
		    sizeof(linger));
	close(p.cl.fd);
	p.cl.fd = -1;
	UNTIL(&p, p.o.ended);
	assert_int_equal(p.o.end, TLSCONN_EOF);
	pair_settle(&p);
	assert_int_equal(p.o.ended, 1);
	pair_stop(&p);
}

/* Without close_notify, and by a reset. */
static void
test_gone(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");

	(void)state;
	check_gone(ctx, false);
	check_gone(ctx, true);
	check_gone(NULL, false);
	check_gone(NULL, true);
	tlsctx_unref(ctx);
}

/* Records that were tampered with. */
static void
test_broken_record(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");
	struct pair p = { 0 };
	char zero[64] = { 0x17, 3, 3, 0, 59 };

	(void)state;
	pair_up(&p, ctx, &named);
	pair_round_trip(&p);
	evbuffer_add(p.cl.raw, zero, sizeof(zero));
	UNTIL(&p, p.o.ended);
	assert_int_equal(p.o.end, TLSCONN_FAILED);
	assert_true(strlen(p.o.error) > 0);
	pair_stop(&p);
	tlsctx_unref(ctx);
}

/* The answer to a peer that is still sending arrives whole. */
static void
check_close(struct tlsctx *ctx)
{
	struct pair p = { 0 };
	char data[65536];
	size_t i;

	memset(data, 'x', sizeof(data));
	pair_up(&p, ctx, &named);
	for (i = 0; i < 32; i++)
		evbuffer_add(p.cl.tx, data, sizeof(data));
	UNTIL(&p, p.o.input > 0);
	pair_say(&p, "too large");
	OWN(tlsconn_close(p.o.c, 1 << 24));
	OWN(tlsconn_close(p.o.c, 0));
	i = (size_t)p.o.input;
	UNTIL(&p, pair_received(&p) == 9 && p.cl.fin);
	assert_int_equal(p.cl.eof, ctx != NULL);
	UNTIL(&p, evbuffer_get_length(p.cl.tx) == 0);
	client_half_close(&p);
	UNTIL(&p, p.o.ended);
	assert_int_equal(p.o.end, TLSCONN_CLOSED);
	assert_int_equal(p.o.input, i);
	assert_false(p.cl.failed);
	pair_stop(&p);
}

/* One that never ends is not listened to for ever. */
static void
check_discard_limit(struct tlsctx *ctx)
{
	struct pair p = { 0 };
	char data[16384];

	memset(data, 'x', sizeof(data));
	pair_up(&p, ctx, &named);
	pair_settle(&p);
	OWN(tlsconn_close(p.o.c, 1000));
	UNTIL(&p, p.cl.fin);
	assert_int_equal(p.o.ended, 0);
	evbuffer_add(p.cl.tx, data, 900);
	pair_settle(&p);
	assert_int_equal(p.o.ended, 0);
	evbuffer_add(p.cl.tx, data, 200);
	UNTIL(&p, p.o.ended);
	assert_int_equal(p.o.end, TLSCONN_CLOSED);
	pair_stop(&p);
}

static void
test_close(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");

	(void)state;
	check_close(ctx);
	check_close(NULL);
	check_discard_limit(ctx);
	check_discard_limit(NULL);
	tlsctx_unref(ctx);
}

/* Closed while the socket is full: all of it is sent before the farewell. */
static void
test_close_blocked(void **state)
{
	const size_t len = 16 * 1048576;
	struct tlsctx *ctx = server_ctx("tlsv1.3");
	struct pair p = { 0 };
	char *data;
	int i;

	(void)state;
	assert_non_null(data = calloc(1, len));
	pair_up(&p, ctx, &named);
	p.cl.noread = true;
	evbuffer_add(tlsconn_output(p.o.c), data, len);
	OWN(tlsconn_flush(p.o.c));
	for (i = 0; i < 1000; i++)
		pair_turn(&p);
	OWN(tlsconn_close(p.o.c, 1000));
	pair_settle(&p);
	p.cl.noread = false;
	UNTIL(&p, p.cl.eof && p.cl.fin);
	assert_int_equal(pair_received(&p), len);
	client_half_close(&p);
	UNTIL(&p, p.o.ended);
	assert_int_equal(p.o.end, TLSCONN_CLOSED);
	free(data);
	pair_stop(&p);
	tlsctx_unref(ctx);
}

static void
check_free(struct tlsctx *ctx, enum when when)
{
	struct pair p = { 0 };

	pair_start(&p, ctx, &named, INPUT_SIZE);
	p.o.free_in = when;
	p.o.echo = true;
	evbuffer_add(p.cl.tx, "hello", 5);
	if (when == END) {
		UNTIL(&p, pair_received(&p) == 5);
		client_half_close(&p);
	}
	UNTIL(&p, p.o.c == NULL);
	UNTIL(&p, p.cl.fin || p.cl.failed);
	assert_int_equal(p.o.input, when > READY);
	assert_int_equal(p.o.drained, when > INPUT);
	assert_int_equal(p.o.ended, when == END);
	pair_stop(&p);
}

static void
check_close_in(struct tlsctx *ctx, enum when when)
{
	struct pair p = { 0 };

	pair_start(&p, ctx, &named, INPUT_SIZE);
	p.o.close_in = when;
	p.o.echo = true;
	evbuffer_add(p.cl.tx, "hello", 5);
	UNTIL(&p, p.cl.fin);
	shutdown(p.cl.fd, SHUT_WR);
	UNTIL(&p, p.o.ended);
	assert_int_equal(p.o.end, TLSCONN_CLOSED);
	assert_int_equal(p.o.input, when > READY);
	/* What the owner appends after it in the same callback is sent. */
	assert_int_equal(pair_received(&p), when > READY ? 5 : 0);
	assert_int_equal(p.cl.eof, ctx != NULL);
	pair_stop(&p);
}

static void
test_within_callbacks(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");
	enum when when;

	(void)state;
	for (when = READY; when <= END; when++) {
		check_free(ctx, when);
		check_free(NULL, when);
	}
	for (when = READY; when <= DRAINED; when++) {
		check_close_in(ctx, when);
		check_close_in(NULL, when);
	}
	tlsctx_unref(ctx);
}

static void
test_close_in_handshake(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");
	struct pair p = { 0 };

	(void)state;
	pair_start(&p, ctx, &named, INPUT_SIZE);
	OWN(tlsconn_close(p.o.c, 100000));
	UNTIL(&p, p.cl.fin);
	shutdown(p.cl.fd, SHUT_WR);
	UNTIL(&p, p.o.ended);
	assert_int_equal(p.o.end, TLSCONN_CLOSED);
	assert_int_equal(p.o.ready, 0);
	pair_stop(&p);

	p.base = NULL;
	pair_start(&p, ctx, &named, INPUT_SIZE);
	p.cl.piece = 100;
	pair_turn(&p);
	pair_turn(&p);
	OWN(tlsconn_free(p.o.c));
	p.o.c = NULL;
	pair_settle(&p);
	assert_int_equal(p.o.ended, 0);
	pair_stop(&p);
	tlsconn_free(NULL);
	tlsctx_unref(ctx);
}

static void
test_plain(void **state)
{
	struct pair p = { 0 };

	(void)state;
	pair_start(&p, NULL, NULL, INPUT_SIZE);
	assert_int_equal(p.o.ready, 0);
	UNTIL(&p, p.o.ready);
	assert_int_equal(tlsconn_peer(p.o.c), TLSCONN_NOCERT);
	assert_null(tlsconn_peer_name(p.o.c));
	assert_null(tlsconn_version(p.o.c));
	assert_true(tlsconn_peer_expiry(p.o.c) == 0);
	pair_round_trip(&p);
	pair_stop(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_byte_by_byte),
		cmocka_unit_test(test_echo),
		cmocka_unit_test(test_coalescing),
		cmocka_unit_test(test_never_reads),
		cmocka_unit_test(test_bites),
		cmocka_unit_test(test_pause),
		cmocka_unit_test(test_half_close),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_broken_record),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_close_blocked),
		cmocka_unit_test(test_within_callbacks),
		cmocka_unit_test(test_close_in_handshake),
		cmocka_unit_test(test_plain)
	};

	return (cmocka_run_group_tests_name("tlsconn", tests, pair_setup,
	    pair_teardown));
}
