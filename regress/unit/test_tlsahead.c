/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/handshake.o common/tlsconn.o common/tlsctx.o common/tlsio.o
 * common/tlspeer.o common/tlstrust.o regress/unit/tlspair.o */
/* libs: libtls libssl libcrypto libevent */

#include <sys/types.h>
#include <sys/socket.h>

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include "common/tlsconn.h"
#include "common/tlsconn_local.h"
#include "regress/unit/tlspair.h"

/* What is read from a socket before TLS has asked for it. */
#define RECORDS	7
#define SIZE	5	/* bytes of each */

static int		 watched = -1;
static unsigned int	 reads;		/* calls that read from that */

ssize_t
read(int fd, void *buf, size_t size)
{
	static ssize_t (*real)(int, void *, size_t);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "read");
	reads += fd == watched;
	return (real(fd, buf, size));
}

ssize_t
recv(int fd, void *buf, size_t size, int flags)
{
	static ssize_t (*real)(int, void *, size_t, int);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "recv");
	reads += fd == watched;
	return (real(fd, buf, size, flags));
}

/* A request of one record costs one call, of TLS and of the system. */
static void
check_one_read(struct tlsctx *ctx)
{
	struct pair p = { 0 };
	unsigned int before;
	int i;

	pair_up(&p, ctx, &named);
	pair_round_trip(&p);
	pair_settle(&p);
	watched = p.o.c->io.fd;
	for (i = 0; i < 3; i++) {
		reads = 0;
		before = tls_reads;
		pair_round_trip(&p);
		pair_settle(&p);
		assert_int_equal(reads, 1);
		assert_int_equal(tls_reads, before + (ctx != NULL));
	}
	/* The same where it comes in two pieces, but that it takes two. */
	reads = 0;
	p.cl.piece = ctx != NULL ? 16 : 3;
	pair_round_trip(&p);
	p.cl.piece = 0;
	pair_settle(&p);
	assert_in_range(reads, 2, 3);
	watched = -1;
	pair_stop(&p);
}

static void
test_one_read(void **state)
{
	struct tlsctx *ctx;

	(void)state;
	ctx = server_ctx("tlsv1.3");
	check_one_read(ctx);
	tlsctx_unref(ctx);
	ctx = server_ctx("tlsv1.2");
	check_one_read(ctx);
	tlsctx_unref(ctx);
	check_one_read(NULL);
}

/* Some records that go to the socket together, and perhaps the end. */
static void
send_records(struct pair *p, char first, bool end)
{
	char text[SIZE];
	int i;

	for (i = 0; i < RECORDS; i++) {
		memset(text, first + i, sizeof(text));
		assert_int_equal(SSL_write(p->cl.ssl, text, SIZE), SIZE);
	}
	if (end)
		SSL_shutdown(p->cl.ssl);
}

/* What was left in the owner's input is so many bytes of that letter. */
static void
take_record(struct pair *p, char letter)
{
	struct evbuffer *in = tlsconn_input(p->o.c);
	char text[SIZE], want[SIZE];

	memset(want, letter, sizeof(want));
	assert_int_equal(evbuffer_get_length(in), SIZE);
	assert_int_equal(evbuffer_remove(in, text, SIZE), SIZE);
	assert_memory_equal(text, want, SIZE);
}

static void
start_slow(struct pair *p, struct tlsctx *ctx)
{
	pair_start(p, ctx, &named, SIZE);
	p->o.keep = true;
	UNTIL(p, p->o.ready && p->cl.up);
}

/*
 * There is no room for more than one: the others wait where the socket does
 * not tell of them, and come when there is room, the end last.
 */
static void
test_kept(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");
	struct pair p = { 0 };
	int i;

	(void)state;
	start_slow(&p, ctx);
	send_records(&p, 'a', true);
	for (i = 0; i < RECORDS; i++) {
		UNTIL(&p, p.o.input == i + 1);
		pair_settle(&p);
		assert_int_equal(p.o.input, i + 1);
		assert_int_equal(p.o.ended, 0);
		take_record(&p, (char)('a' + i));
		OWN(tlsconn_resume(p.o.c));
	}
	UNTIL(&p, p.o.ended);
	assert_int_equal(p.o.end, TLSCONN_EOF);
	pair_stop(&p);
	tlsctx_unref(ctx);
}

/* Where there is room for all of them they are one piece of input. */
static void
test_together(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");
	struct pair p = { 0 };

	(void)state;
	pair_up(&p, ctx, &named);
	pair_settle(&p);
	send_records(&p, 'a', false);
	UNTIL(&p, p.o.got == RECORDS * SIZE);
	assert_int_equal(p.o.input, 1);
	pair_stop(&p);
	tlsctx_unref(ctx);
}

/* Paused, and with what goes out meanwhile. */
static void
test_kept_paused(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");
	struct pair p = { 0 };
	unsigned int before;

	(void)state;
	start_slow(&p, ctx);
	send_records(&p, 'a', false);
	UNTIL(&p, p.o.input == 1);
	OWN(tlsconn_pause(p.o.c));
	take_record(&p, 'a');
	before = tls_reads;
	pair_say(&p, "meanwhile");
	UNTIL(&p, pair_received(&p) == 9);
	pair_settle(&p);
	assert_int_equal(p.o.input, 1);
	assert_int_equal(tls_reads, before);
	OWN(tlsconn_resume(p.o.c));
	UNTIL(&p, p.o.input == 2);
	take_record(&p, 'b');
	/* It may go with some left. */
	pair_stop(&p);
	tlsctx_unref(ctx);
}

/* What is kept of one is not another's. */
static void
test_kept_apart(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");
	struct pair p = { 0 }, q = { 0 };
	int i;

	(void)state;
	start_slow(&p, ctx);
	start_slow(&q, ctx);
	send_records(&p, 'a', false);
	send_records(&q, 'A', false);
	for (i = 0; i < RECORDS; i++) {
		UNTIL(&p, p.o.input == i + 1);
		UNTIL(&q, q.o.input == i + 1);
		take_record(&q, (char)('A' + i));
		OWN(tlsconn_resume(q.o.c));
		take_record(&p, (char)('a' + i));
		OWN(tlsconn_resume(p.o.c));
	}
	pair_stop(&p);
	pair_stop(&q);
	tlsctx_unref(ctx);
}

/* The first request may come with the end of the handshake. */
static void
test_with_handshake(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");
	struct pair p = { 0 };

	(void)state;
	pair_start(&p, ctx, &named, SIZE);
	p.o.keep = true;
	while (!p.cl.up) {
		p.cl.piece = SSL_get_state(p.cl.ssl) == TLS_ST_BEFORE ? 0 : 1;
		pair_turn(&p);
	}
	p.cl.piece = 0;
	/* Its certificate and Finished are on their way, in part. */
	assert_int_equal(p.o.ready, 0);
	send_records(&p, 'a', false);
	UNTIL(&p, p.o.input == 1);
	take_record(&p, 'a');
	OWN(tlsconn_resume(p.o.c));
	UNTIL(&p, p.o.input == 2);
	take_record(&p, 'b');
	pair_stop(&p);
	tlsctx_unref(ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_read),
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_together),
		cmocka_unit_test(test_kept_paused),
		cmocka_unit_test(test_kept_apart),
		cmocka_unit_test(test_with_handshake)
	};

	return (cmocka_run_group_tests_name("tlsahead", tests, pair_setup,
	    pair_teardown));
}
