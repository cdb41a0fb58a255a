/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/handshake.o common/httpserver.o common/httpconn.o common/httpanswer.o
 * common/httpcount.o common/metrics.o common/metrics_table.o
 * common/histogram.o common/msgfield.o
 * common/heap.o common/http.o common/http_response.o common/http_syntax.o
 * common/turn.o common/log.o common/log_render.o compat/imsg.o
 * compat/imsg-buffer.o common/hex.o common/u256.o */
/* libs: libevent */

#include <sys/types.h>

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

#include "common/httpserver.h"
#include "common/log.h"
#include "common/tlsconn.h"
#include "regress/unit/loopback.h"

/*
 * When a server judges its connections anew, and which of them.  In the place
 * of TLS there is a connection that the test speaks for, whose certificate is
 * trusted by the contexts that say so.
 */

struct tlsctx {
	int	 refs;
	bool	 trusts;
	int	 judged;
};

struct tlsconn {
	const struct tlsconn_cb	*cb;
	void			*arg;
	struct tlsctx		*ctx;
	struct evbuffer		*in, *out;
	int			 fd;
	bool			 closed;
};

#define MAX_CONNS	8

static struct tlsconn	*conns[MAX_CONNS];	/* in the order they came */
static int		 nconns;

struct tlsctx *
tlsctx_ref(struct tlsctx *ctx)
{
	ctx->refs++;
	return (ctx);
}

void
tlsctx_unref(struct tlsctx *ctx)
{
	if (ctx != NULL)
		assert_true(ctx->refs-- > 0);
}

struct tlsconn *
tlsconn_accept(struct event_base *base, struct tlsctx *ctx, int fd,
    size_t max, const struct tlsconn_cb *cb, void *arg)
{
	struct tlsconn	*c = calloc(1, sizeof(*c));

	(void)base;
	(void)max;
	assert_non_null(c);
	c->cb = cb;
	c->arg = arg;
	c->ctx = ctx;
	c->fd = fd;
	c->in = evbuffer_new();
	c->out = evbuffer_new();
	assert_true(nconns < MAX_CONNS);
	conns[nconns++] = c;
	return (c);
}

void
tlsconn_free(struct tlsconn *c)
{
	int	 i;

	if (c == NULL)
		return;
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
	(void)max;
	c->closed = true;
}

void
tlsconn_set_source(struct tlsconn *c, struct handshake_source *source)
{
	(void)c;
	assert_non_null(source);
}

bool
tlsconn_waits(const struct tlsconn *c)
{
	(void)c;
	return (false);
}

bool
tlsconn_trusted(const struct tlsconn *c, struct tlsctx *ctx, char *why,
    size_t size)
{
	(void)c;
	ctx->judged++;
	snprintf(why, size, "it is not to be");
	return (ctx->trusts);
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
	(void)c;
	return (TLSCONN_NAMED);
}

const char *
tlsconn_peer_name(const struct tlsconn *c)
{
	(void)c;
	return ("a.example");
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

/* ---- The server ------------------------------------------------------- */

static struct event_base	*base;
static struct httpserver	*server;
static struct httpserver_limits	 limits;
static struct tlsctx		 first, second, strict;
static in_port_t		 ports[2];
static struct httpconn		*asked[MAX_CONNS];
static int			 nasked, ncancelled;

static void
request(struct httpconn *c, const char *body, size_t len, void *arg)
{
	(void)body;
	(void)len;
	(void)arg;
	asked[nasked++] = c;
}

static void
cancel(struct httpconn *c, void *arg)
{
	(void)c;
	(void)arg;
	ncancelled++;
}

static void
stopped(struct httpserver *s, void *arg)
{
	(void)s;
	(void)arg;
}

static in_port_t
add_listener(uint32_t id, struct tlsctx *ctx)
{
	in_port_t	 port;
	int		 fd = loopback_listen(&port);

	assert_int_equal(httpserver_prepare(server, id, fd, ctx), 0);
	return (port);
}

static void
settle(void)
{
	int	 i;

	for (i = 0; i < 20; i++)
		assert_true(event_base_loop(base, EVLOOP_NONBLOCK) != -1);
}

static struct tlsconn *
dial(in_port_t port)
{
	int	 fd = loopback_dial(port), before = nconns;

	while (nconns == before)
		settle();
	/* What is said goes by other ways. */
	close(fd);
	return (conns[before]);
}

static struct tlsconn *
dial_ready(in_port_t port)
{
	struct tlsconn	*c = dial(port);

	c->cb->ready(c, c->arg);
	return (c);
}

static void
ask(struct tlsconn *c)
{
	evbuffer_add_printf(c->in, "POST / HTTP/1.1\r\nHost: a\r\n"
	    "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
	c->cb->input(c, c->arg);
}

/* A body that waits for its turn. */
static void
ask_large(struct tlsconn *c)
{
	evbuffer_add_printf(c->in, "POST / HTTP/1.1\r\nHost: a\r\n"
	    "Content-Type: application/json\r\n"
	    "Content-Length: 20000\r\n\r\n%20000s", "");
	c->cb->input(c, c->arg);
}

/* With that context for the first socket; the second goes on. */
static void
change(struct tlsctx *ctx)
{
	assert_int_equal(httpserver_prepare(server, 1, -1, ctx), 0);
	httpserver_keep(server, NULL);
	httpserver_commit(server, httpserver_rest(server));
}

static bool
is_there(const struct tlsconn *c)
{
	int	 i;

	for (i = 0; i < nconns; i++)
		if (conns[i] == c)
			return (true);
	return (false);
}

static int
setup(void **state)
{
	static const struct httpserver_cb	 cb = {
		request, cancel, NULL, stopped, NULL
	};

	(void)state;
	memset(&limits, 0, sizeof(limits));
	limits.max_connections = limits.max_per_address = MAX_CONNS;
	limits.max_header = 1024;
	limits.max_body = limits.max_bodies = 65536;
	limits.timeout_handshake = limits.timeout_header = 10000;
	limits.timeout_body = limits.timeout_write = 10000;
	limits.timeout_idle = 60000;
	limits.timeout_request = 2000;
	memset(&first, 0, sizeof(first));
	first.trusts = true;
	second = first;
	memset(&strict, 0, sizeof(strict));
	nconns = nasked = ncancelled = 0;
	assert_non_null(base = event_base_new());
	assert_non_null(server = httpserver_new(base, &limits, &cb, NULL));
	ports[0] = add_listener(1, &first);
	ports[1] = add_listener(2, &second);
	httpserver_commit(server, &first);
	return (0);
}

static int
teardown(void **state)
{
	int	 i;

	(void)state;
	httpserver_stop(server);
	for (i = 0; i < nconns; i++)
		if (conns[i] != NULL)
			conns[i]->cb->end(conns[i], TLSCONN_CLOSED,
			    conns[i]->arg);
	settle();
	assert_int_equal(httpserver_connections(server), 0);
	httpserver_free(server);
	event_base_free(base);
	assert_int_equal(first.refs + second.refs + strict.refs, 0);
	return (0);
}

/* ---- Tests ------------------------------------------------------------ */

/* Before the loop has a turn: what is answered in it is not for them. */
static void
under_way(void **state)
{
	struct tlsconn	*bad = dial_ready(ports[0]);
	struct tlsconn	*good = dial_ready(ports[1]);
	struct tlsconn	*idle = dial_ready(ports[0]);

	(void)state;
	ask(bad);
	ask(good);
	assert_int_equal(nasked, 2);
	change(&strict);
	assert_int_equal(ncancelled, 1);
	assert_false(is_there(bad));
	assert_true(is_there(good));
	httpconn_answer(asked[1], NULL);
	assert_true(evbuffer_get_length(good->out) > 0);
	/* Who asks nothing has time. */
	assert_false(idle->closed);
	settle();
	assert_true(idle->closed);
	assert_false(good->closed);
}

/* Whose turn has not come is not handed over. */
static void
waiting(void **state)
{
	struct tlsconn	*one = dial_ready(ports[0]);

	(void)state;
	ask_large(one);
	assert_int_equal(nasked, 0);
	change(&strict);
	assert_false(is_there(one));
	settle();
	assert_int_equal(nasked, 0);
}

static void
before_the_next(void **state)
{
	struct tlsconn	*one = dial_ready(ports[0]);

	(void)state;
	ask(one);
	httpconn_answer(asked[0], NULL);
	change(&strict);
	ask(one);
	assert_int_equal(nasked, 1);
	assert_true(one->closed);
}

/* A socket that goes on as it was leaves its connections alone. */
static void
others(void **state)
{
	struct tlsconn	*one = dial_ready(ports[0]);
	struct tlsconn	*other = dial_ready(ports[1]);

	(void)state;
	/* That by now it would not trust it is no reason. */
	second.trusts = false;
	change(&first);
	settle();
	assert_int_equal(first.judged, 0);
	change(&strict);
	settle();
	assert_true(one->closed);
	assert_false(other->closed);
	assert_int_equal(second.judged, 0);
	ask(other);
	assert_int_equal(nasked, 1);
}

/* A handshake that was begun before two changes, the second not its. */
static void
late(void **state)
{
	struct tlsconn	*one = dial(ports[0]);

	(void)state;
	change(&strict);
	httpserver_keep(server, NULL);
	httpserver_commit(server, httpserver_rest(server));
	settle();
	assert_false(one->closed);
	one->cb->ready(one, one->arg);
	assert_true(one->closed);
}

/* Connections of a socket that is closed go by the rest. */
static void
rest(void **state)
{
	struct tlsconn	*one = dial_ready(ports[0]);

	(void)state;
	assert_int_equal(httpserver_prepare(server, 2, -1, &second), 0);
	httpserver_commit(server, &second);
	settle();
	assert_false(one->closed);
	assert_int_equal(second.judged, 1);
	assert_ptr_equal(httpserver_rest(server), &second);
	httpserver_keep(server, NULL);
	httpserver_commit(server, httpserver_rest(server));
	settle();
	assert_int_equal(second.judged, 1);
	httpserver_keep(server, NULL);
	httpserver_commit(server, &strict);
	settle();
	assert_true(one->closed);
}

/* All of them with one context, and nothing of it after a discard. */
static void
all(void **state)
{
	struct tlsconn	*one = dial_ready(ports[0]);
	struct tlsconn	*other = dial_ready(ports[1]);

	(void)state;
	httpserver_keep(server, &strict);
	assert_int_equal(strict.refs, 2);
	httpserver_discard(server);
	assert_int_equal(strict.refs, 0);
	settle();
	assert_false(one->closed || other->closed);
	httpserver_keep(server, &strict);
	httpserver_commit(server, &strict);
	settle();
	assert_true(one->closed && other->closed);
	assert_ptr_equal(dial(ports[0])->ctx, &strict);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test_setup_teardown(under_way, setup, teardown),
		cmocka_unit_test_setup_teardown(waiting, setup, teardown),
		cmocka_unit_test_setup_teardown(before_the_next, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(others, setup, teardown),
		cmocka_unit_test_setup_teardown(late, setup, teardown),
		cmocka_unit_test_setup_teardown(rest, setup, teardown),
		cmocka_unit_test_setup_teardown(all, setup, teardown)
	};

	log_init("test");
	log_set_level(LOG_LVL_ERROR);
	return (cmocka_run_group_tests_name("httpjudge", tests, NULL, NULL));
}
