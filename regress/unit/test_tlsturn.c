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
#include <openssl/err.h>
#include <tls.h>

#include "common/tlsconn.h"
#include "regress/unit/tlspair.h"

/*
 * A step of a handshake is dear and anybody can ask for one: however many
 * clients do, few steps are made in one turn of the loop.
 */
#define HERD	40
#define FEW	4	/* steps in one turn */

static unsigned int	 steps;		/* since the turn began */

int
tls_handshake(struct tls *ctx)
{
	static int (*real)(struct tls *);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "tls_handshake");
	steps++;
	return (real(ctx));
}

static unsigned int	 sessions;
static bool		 no_session;	/* memory is short */

int
tls_accept_cbs(struct tls *context, struct tls **session, tls_read_cb read_cb,
    tls_write_cb write_cb, void *arg)
{
	static int (*real)(struct tls *, struct tls **, tls_read_cb,
	    tls_write_cb, void *);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "tls_accept_cbs");
	if (no_session)
		return (-1);
	sessions++;
	return (real(context, session, read_cb, write_cb, arg));
}

/* One turn, where libevent would go on for as long as there is to do. */
int
event_base_loop(struct event_base *base, int flags)
{
	static int (*real)(struct event_base *, int);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "event_base_loop");
	return (real(base, flags | EVLOOP_ONCE));
}

struct one {
	struct tlsconn	*c;
	SSL		*ssl;
	int		 fd;
	int		 ready;
	int		 ended;
	bool		 up;
};

struct herd {
	struct event_base	*base;
	struct tlsctx		*ctx;
	SSL_CTX			*client;
	struct one		 all[HERD];
};

static void
on_ready(struct tlsconn *c, void *arg)
{
	struct one	*o = arg;

	(void)c;
	o->ready++;
}

static void
on_other(struct tlsconn *c, void *arg)
{
	(void)c;
	(void)arg;
}

static void
on_end(struct tlsconn *c, enum tlsconn_end how, void *arg)
{
	struct one	*o = arg;

	(void)c;
	(void)how;
	o->ended++;
}

static const struct tlsconn_cb callbacks = { on_ready, on_other, on_other,
    on_end };

static void
connect_one(struct herd *h, struct one *o)
{
	int	 fds[2];

	tcp_pair(fds);
	o->fd = fds[1];
	assert_non_null(o->c = tlsconn_accept(h->base, h->ctx, fds[0],
	    INPUT_SIZE, &callbacks, o));
	assert_non_null(o->ssl = SSL_new(h->client));
	SSL_set_fd(o->ssl, o->fd);
	SSL_set_connect_state(o->ssl);
}

/* The clients' part of all handshakes, as far as it goes. */
static void
clients_turn(struct herd *h)
{
	struct one	*o;

	for (o = h->all; o < h->all + HERD; o++) {
		if (o->ssl == NULL || o->up)
			continue;
		ERR_clear_error();
		o->up = SSL_do_handshake(o->ssl) == 1;
	}
}

/* All of them have said hello, and nobody has listened yet. */
static void
herd_fill(struct herd *h)
{
	int	 i;

	memset(h->all, 0, sizeof(h->all));
	assert_non_null(h->client = SSL_CTX_new(TLS_client_method()));
	for (i = 0; i < HERD; i++)
		connect_one(h, &h->all[i]);
	clients_turn(h);
	steps = 0;
}

static void
herd_start(struct herd *h)
{
	h->ctx = server_ctx("tlsv1.3");
	assert_non_null(h->base = event_base_new());
	herd_fill(h);
}

static void
drop(struct one *o)
{
	tlsconn_free(o->c);
	o->c = NULL;
	SSL_free(o->ssl);
	o->ssl = NULL;
	if (o->fd != -1)
		close(o->fd);
	o->fd = -1;
}

static void
herd_clear(struct herd *h)
{
	int	 i;

	for (i = 0; i < HERD; i++)
		drop(&h->all[i]);
	SSL_CTX_free(h->client);
	ERR_clear_error();
}

static void
herd_stop(struct herd *h)
{
	herd_clear(h);
	event_base_free(h->base);
	tlsctx_unref(h->ctx);
}

/* One turn of the loop; the steps of handshakes in it. */
static unsigned int
turn(struct herd *h)
{
	steps = 0;
	event_base_loop(h->base, EVLOOP_NONBLOCK);
	assert_in_range(steps, 0, FEW);
	return (steps);
}

static int
count_ready(const struct herd *h)
{
	int	 i, n = 0;

	for (i = 0; i < HERD; i++)
		n += h->all[i].ready;
	return (n);
}

/* Until that many are through; time is a bound against a standstill. */
static void
finish(struct herd *h, int wanted)
{
	uint64_t	 begun = clock_us();

	while (count_ready(h) < wanted) {
		clients_turn(h);
		turn(h);
		if (clock_us() - begun > 30 * 1000000)
			fail_msg("%d of %d", count_ready(h), wanted);
	}
}

static void
few_steps_a_turn(void **state)
{
	struct herd	 h;
	unsigned int	 total = 0, busy = 0, n;
	int		 i;

	(void)state;
	herd_start(&h);
	/* The answers to all hellos, while no client says more. */
	for (i = 0; i < 10 * HERD; i++) {
		n = turn(&h);
		total += n;
		busy += n > 0;
	}
	assert_int_equal(total, HERD);
	assert_in_range(busy, HERD / FEW, HERD);
	finish(&h, HERD);
	herd_stop(&h);
}

/* One that has a session is served between them. */
static void
others_are_served(void **state)
{
	struct herd	 h;
	struct pair	 p = { 0 };
	int		 i;

	(void)state;
	assert_non_null(p.base = event_base_new());
	h.base = p.base;
	h.ctx = server_ctx("tlsv1.3");
	pair_start(&p, h.ctx, &named, INPUT_SIZE);
	UNTIL(&p, p.o.ready && p.cl.up);
	pair_round_trip(&p);
	herd_fill(&h);
	evbuffer_add(p.cl.tx, "hello", 5);
	for (i = 0; i < HERD / FEW && pair_received(&p) < 10; i++)
		pair_turn(&p);
	assert_int_equal(pair_received(&p), 10);
	assert_true(steps < HERD);
	finish(&h, HERD);
	herd_clear(&h);
	tlsctx_unref(h.ctx);
	pair_stop(&p);
}

/* What becomes of those of the herd that wait; one in four stays. */
static bool
leaves(struct one *o, int how)
{
	switch (how) {
	case 0:
		drop(o);
		return (true);
	case 1:
		tlsconn_close(o->c, 1000);
		return (true);
	case 2:
		SSL_free(o->ssl);
		o->ssl = NULL;
		close(o->fd);
		o->fd = -1;
		return (true);
	default:
		return (false);
	}
}

/* Whoever leaves the queue, the others' turn comes all the same. */
static void
leaving_the_queue(void **state)
{
	struct herd	 h;
	bool		 left[HERD];
	int		 i, shift, n;

	(void)state;
	for (shift = 0; shift < 4; shift++) {
		herd_start(&h);
		turn(&h);
		turn(&h);
		for (i = 0, n = 0; i < HERD; i++) {
			left[i] = leaves(&h.all[i], (i + shift) % 4);
			n += !left[i];
		}
		assert_int_equal(n, HERD / 4);
		finish(&h, n);
		for (i = 0; i < HERD; i++)
			assert_int_equal(h.all[i].ready, !left[i]);
		herd_stop(&h);
	}
}

/* Who connects and says nothing takes no memory for a session. */
static void
no_session_for_the_silent(void **state)
{
	struct herd	 h;
	int		 i;

	(void)state;
	memset(&h, 0, sizeof(h));
	sessions = 0;
	h.ctx = server_ctx("tlsv1.3");
	assert_non_null(h.base = event_base_new());
	assert_non_null(h.client = SSL_CTX_new(TLS_client_method()));
	for (i = 0; i < HERD; i++)
		connect_one(&h, &h.all[i]);
	for (i = 0; i < HERD; i++)
		assert_int_equal(turn(&h), 0);
	assert_int_equal(sessions, 0);
	clients_turn(&h);
	turn(&h);
	assert_in_range(sessions, 0, FEW);
	finish(&h, HERD);
	assert_int_equal(sessions, HERD);
	herd_stop(&h);
}

static void
no_memory_for_a_session(void **state)
{
	struct herd	 h;
	int		 i;

	(void)state;
	herd_start(&h);
	no_session = true;
	for (i = 0; i < 10 * HERD && h.all[HERD - 1].ended == 0; i++)
		turn(&h);
	no_session = false;
	for (i = 0; i < HERD; i++) {
		assert_int_equal(h.all[i].ended, 1);
		assert_int_equal(h.all[i].ready, 0);
		assert_string_equal(tlsconn_error(h.all[i].c),
		    "out of memory");
	}
	herd_stop(&h);
}

/* A step for the hello, too: many links that are dialled at once. */
static void
clients_wait_as_well(void **state)
{
	struct tlsctx_config	 config;
	struct tlsctx		*ctx;
	struct tlsconn		*c[HERD];
	struct herd		 h;
	struct one		 o = { 0 };
	unsigned int		 total = 0, busy = 0, n;
	int			 fds[HERD][2], i;
	char			 err[256];

	(void)state;
	server_config(&config);
	assert_non_null(ctx = tlsctx_client(&config, err, sizeof(err)));
	assert_non_null(h.base = event_base_new());
	for (i = 0; i < HERD; i++) {
		tcp_pair(fds[i]);
		assert_non_null(c[i] = tlsconn_connect(h.base, ctx, fds[i][1],
		    "localhost", INPUT_SIZE, &callbacks, &o));
	}
	for (i = 0; i < 10 * HERD; i++) {
		n = turn(&h);
		total += n;
		busy += n > 0;
	}
	assert_int_equal(total, HERD);
	assert_in_range(busy, HERD / FEW, HERD);
	assert_int_equal(o.ready + o.ended, 0);
	for (i = 0; i < HERD; i++) {
		tlsconn_free(c[i]);
		close(fds[i][0]);
	}
	event_base_free(h.base);
	tlsctx_unref(ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_steps_a_turn),
		cmocka_unit_test(others_are_served),
		cmocka_unit_test(leaving_the_queue),
		cmocka_unit_test(no_session_for_the_silent),
		cmocka_unit_test(no_memory_for_a_session),
		cmocka_unit_test(clients_wait_as_well)
	};

	return (cmocka_run_group_tests_name("tlsturn", tests, pair_setup,
	    pair_teardown));
}
