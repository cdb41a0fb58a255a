/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/httpserver.o common/httpconn.o common/httpanswer.o
 * common/httpcount.o common/metrics.o common/metrics_table.o
 * common/histogram.o common/msgfield.o
 * common/heap.o common/http.o common/http_response.o common/http_syntax.o
 * common/turn.o common/log.o common/log_render.o compat/imsg.o
 * compat/imsg-buffer.o common/hex.o common/u256.o */
/* libs: libevent */

#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/socket.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include "common/handshake.h"
#include "common/httpserver.h"
#include "common/log.h"
#include "common/tlsconn.h"
#include "regress/unit/loopback.h"

/*
 * Many at once: whom a server takes, whose handshakes wait for whose, and what
 * it says of requests to those who make handshakes.  The test speaks for TLS,
 * for the queue of handshakes and for the addresses of peers.
 */

/* ---- In the place of common/handshake.c ------------------------------- */

static uint32_t	 waiting;
static int	 requests;

void
handshake_source_init(struct handshake_source *s)
{
	TAILQ_INIT(&s->waiting);
}

void
handshake_request(void)
{
	requests++;
}

void
handshake_request_done(void)
{
	requests--;
}

bool
handshake_requests(void)
{
	return (requests > 0);
}

uint32_t
handshake_waiting(void)
{
	return (waiting);
}

/* ---- In the place of TLS ---------------------------------------------- */

struct tlsconn {
	struct tlsconn_cb	 cb;
	void			*arg;
	struct evbuffer		*in, *out;
	struct handshake_source	*source;
	int			 fd;
	enum tlsconn_peer	 peer;
};

#define MAX_CONNS	64

static struct tlsconn	*conns[MAX_CONNS];	/* in the order they came */
static int		 nconns;

struct tlsctx *
tlsctx_ref(struct tlsctx *ctx)
{
	return (ctx);
}

void
tlsctx_unref(struct tlsctx *ctx)
{
	(void)ctx;
}

struct tlsconn *
tlsconn_accept(struct event_base *base, struct tlsctx *ctx, int fd,
    size_t max, const struct tlsconn_cb *cb, void *arg)
{
	struct tlsconn	*c = calloc(1, sizeof(*c));

	(void)base;
	(void)ctx;
	(void)max;
	assert_non_null(c);
	c->cb = *cb;
	c->arg = arg;
	c->fd = fd;
	c->peer = TLSCONN_NOCERT;
	assert_non_null(c->in = evbuffer_new());
	assert_non_null(c->out = evbuffer_new());
	assert_true(nconns < MAX_CONNS);
	conns[nconns++] = c;
	return (c);
}

void
tlsconn_set_source(struct tlsconn *c, struct handshake_source *source)
{
	c->source = source;
}

bool
tlsconn_waits(const struct tlsconn *c)
{
	(void)c;
	return (false);
}

void
tlsconn_free(struct tlsconn *c)
{
	int	 i;

	for (i = 0; i < nconns; i++)
		if (conns[i] == c)
			conns[i] = NULL;
	evbuffer_free(c->in);
	evbuffer_free(c->out);
	close(c->fd);
	free(c);
}

void
tlsconn_close(struct tlsconn *c, size_t max)
{
	(void)c;
	(void)max;
}

bool
tlsconn_trusted(const struct tlsconn *c, struct tlsctx *ctx, char *why,
    size_t size)
{
	(void)c;
	(void)ctx;
	(void)why;
	(void)size;
	return (true);
}

struct evbuffer *
tlsconn_input(struct tlsconn *c)
{
	return (c->in);
}

struct evbuffer *
tlsconn_output(struct tlsconn *c)
{
	return (c->out);
}

void
tlsconn_flush(struct tlsconn *c)
{
	(void)c;
}

void
tlsconn_resume(struct tlsconn *c)
{
	(void)c;
}

const char *
tlsconn_cause(const struct tlsconn *c)
{
	(void)c;
	return ("other");
}

const char *
tlsconn_error(const struct tlsconn *c)
{
	(void)c;
	return ("");
}

const char *
tlsconn_version(const struct tlsconn *c)
{
	(void)c;
	return (NULL);
}

enum tlsconn_peer
tlsconn_peer(const struct tlsconn *c)
{
	return (c->peer);
}

const char *
tlsconn_peer_name(const struct tlsconn *c)
{
	return (c->peer == TLSCONN_NAMED ? "a.example" : NULL);
}

const char *
tlsconn_peer_subject(const struct tlsconn *c)
{
	(void)c;
	return (NULL);
}

int64_t
tlsconn_peer_expiry(const struct tlsconn *c)
{
	(void)c;
	return (0);
}

/* ---- Where they come from --------------------------------------------- */

static uint8_t	 from[MAX_CONNS];	/* last byte of each one's address */
static int	 ndialled, nfrom;

int
accept4(int fd, struct sockaddr *sa, socklen_t *len, int flags)
{
	struct sockaddr_in	*sin = (struct sockaddr_in *)(void *)sa;
	int			 got;

	got = (int)syscall(SYS_accept4, fd, sa, len, flags);
	if (got != -1)
		sin->sin_addr.s_addr = htonl(0x0a000000U + from[nfrom++]);
	return (got);
}

/* ---- The server ------------------------------------------------------- */

static struct event_base	*base;
static struct httpserver	*server;
static struct httpserver_limits	 limits;
static in_port_t		 port;
static struct httpconn		*asked;

static void
on_request(struct httpconn *c, const char *body, size_t len, void *arg)
{
	(void)body;
	(void)len;
	(void)arg;
	asked = c;
}

static void
on_cancel(struct httpconn *c, void *arg)
{
	(void)arg;
	assert_ptr_equal(c, asked);
	asked = NULL;
}

static void
on_stopped(struct httpserver *s, void *arg)
{
	(void)s;
	(void)arg;
}

static void
turn(void)
{
	assert_true(event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK) !=
	    -1);
}

/* One from that address wants to be accepted. */
static void
dial(uint8_t address)
{
	from[ndialled++] = address;
	close(loopback_dial(port));
}

static void
dial_many(int n, uint8_t address)
{
	while (n-- > 0)
		dial(address);
}

/* As many as want to be. */
static void
accept_all(int n)
{
	while (nfrom < n)
		turn();
}

static void
be_ready(struct tlsconn *c, enum tlsconn_peer peer)
{
	c->peer = peer;
	c->cb.ready(c, c->arg);
}

static void
ask(struct tlsconn *c, int len)
{
	evbuffer_add_printf(c->in, "POST / HTTP/1.1\r\nHost: a\r\n"
	    "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
	    "%*s", len, len, "");
	c->cb.input(c, c->arg);
}

static int
setup(void **state)
{
	static const struct httpserver_cb	 cb = {
		on_request, on_cancel, NULL, on_stopped, NULL
	};
	int					 fd;

	(void)state;
	nconns = ndialled = nfrom = requests = 0;
	waiting = 0;
	memset(&limits, 0, sizeof(limits));
	limits.max_connections = limits.max_per_address = MAX_CONNS;
	limits.max_header = 1024;
	limits.max_body = limits.max_bodies = 65536;
	limits.timeout_handshake = limits.timeout_header = 10000;
	limits.timeout_body = limits.timeout_write = 10000;
	limits.timeout_idle = limits.timeout_request = 60000;
	assert_non_null(base = event_base_new());
	assert_non_null(server = httpserver_new(base, &limits, &cb, NULL));
	fd = loopback_listen(&port);
	assert_int_equal(httpserver_prepare(server, 1, fd, NULL), 0);
	httpserver_commit(server, NULL);
	turn();
	return (0);
}

static int
teardown(void **state)
{
	int	 i;

	(void)state;
	for (i = 0; i < nconns; i++)
		if (conns[i] != NULL)
			conns[i]->cb.end(conns[i], TLSCONN_EOF,
			    conns[i]->arg);
	assert_int_equal(httpserver_connections(server), 0);
	assert_int_equal(requests, 0);
	httpserver_stop(server);
	turn();
	httpserver_free(server);
	event_base_free(base);
	return (0);
}

/* ---- Whom it takes ---------------------------------------------------- */

/* How many in one turn of the loop. */
static int
taken(void)
{
	int	 before = nfrom;

	turn();
	return (nfrom - before);
}

/* The fewer, the more of their handshakes wait; but some in any case. */
static void
few_while_others_wait(void **state)
{
	(void)state;
	dial_many(15, 1);
	assert_int_equal(taken(), 8);
	waiting = 6;
	assert_int_equal(taken(), 2);
	waiting = 8;
	assert_int_equal(taken(), 1);
	waiting = 1000;
	assert_int_equal(taken(), 1);
	waiting = 0;
	assert_int_equal(taken(), 3);
}

static void
few_beside_requests(void **state)
{
	(void)state;
	dial_many(6, 1);
	requests = 1;
	assert_int_equal(taken(), 2);
	assert_int_equal(taken(), 2);
	requests = 0;
	assert_int_equal(taken(), 2);
}

/* Who is sent away has no handshake. */
static void
the_refused_do_not_count(void **state)
{
	(void)state;
	limits.max_per_address = 1;
	waiting = 8;
	dial_many(7, 1);
	dial(2);
	assert_int_equal(taken(), 1);
	assert_int_equal(taken(), 7);
	assert_int_equal(httpserver_connections(server), 2);
}

/* What a socket that goes has accepted is all taken, the refused as well. */
static void
all_of_a_socket_that_goes(void **state)
{
	(void)state;
	limits.max_per_address = 1;
	waiting = 1000;
	requests = 1;
	dial_many(12, 1);
	dial(2);
	httpserver_commit(server, NULL);
	assert_int_equal(nfrom, 13);
	assert_int_equal(httpserver_connections(server), 2);
	requests = 0;
}

/* ---- Whose handshakes wait for whose ---------------------------------- */

static void
sources_are_addresses(void **state)
{
	(void)state;
	dial(1);
	dial(2);
	dial(1);
	accept_all(3);
	assert_non_null(conns[0]->source);
	assert_ptr_equal(conns[0]->source, conns[2]->source);
	assert_ptr_not_equal(conns[0]->source, conns[1]->source);
}

/* The oldest of those who have the most in handshakes. */
static void
the_many_make_room(void **state)
{
	(void)state;
	limits.max_connections = 6;
	dial(1);
	dial_many(2, 2);
	dial_many(3, 3);
	accept_all(6);
	dial(4);
	accept_all(7);
	assert_null(conns[3]);
	/* One that is through with it counts no more. */
	be_ready(conns[4], TLSCONN_NAMED);
	dial(4);
	accept_all(8);
	assert_null(conns[1]);
	assert_non_null(conns[0]);
	assert_non_null(conns[5]);
	/* Those without a certificate before any of them. */
	be_ready(conns[7], TLSCONN_NOCERT);
	dial(5);
	accept_all(9);
	assert_null(conns[7]);
	assert_non_null(conns[0]);
	assert_int_equal(httpserver_connections(server), 6);
}

/* ---- What it says of requests ----------------------------------------- */

static void
requests_are_told(void **state)
{
	(void)state;
	dial(1);
	accept_all(1);
	be_ready(conns[0], TLSCONN_NAMED);
	assert_int_equal(requests, 0);
	ask(conns[0], 10);
	assert_non_null(asked);
	assert_int_equal(requests, 1);
	httpconn_answer(asked, NULL);
	assert_int_equal(requests, 0);
	/* One after the other, and one that goes unanswered. */
	ask(conns[0], 10);
	assert_int_equal(requests, 1);
	conns[0]->cb.end(conns[0], TLSCONN_FAILED, conns[0]->arg);
	assert_null(asked);
	assert_int_equal(requests, 0);
}

/* While it waits for its turn, and in it. */
static void
large_ones_are_told(void **state)
{
	(void)state;
	asked = NULL;
	dial(1);
	accept_all(1);
	be_ready(conns[0], TLSCONN_NAMED);
	ask(conns[0], 20000);
	assert_null(asked);
	assert_int_equal(requests, 1);
	while (asked == NULL)
		turn();
	assert_int_equal(requests, 1);
	httpconn_unavailable(asked);
	assert_int_equal(requests, 0);
}

/* Nobody's are answered on the spot, and are no reason to wait. */
static void
nobody_is_not_told(void **state)
{
	(void)state;
	asked = NULL;
	dial(1);
	accept_all(1);
	be_ready(conns[0], TLSCONN_NOCERT);
	requests = 100;
	ask(conns[0], 10);
	assert_null(asked);
	assert_int_equal(requests, 100);
	requests = 0;
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
#define TEST(name)							\
	cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(few_while_others_wait),
		TEST(few_beside_requests),
		TEST(the_refused_do_not_count),
		TEST(all_of_a_socket_that_goes),
		TEST(sources_are_addresses),
		TEST(the_many_make_room),
		TEST(requests_are_told),
		TEST(large_ones_are_told),
		TEST(nobody_is_not_told)
	};

	log_init("test");
	log_set_level(LOG_LVL_ERROR);
	return (cmocka_run_group_tests_name("httpcrowd", tests, NULL, NULL));
}
