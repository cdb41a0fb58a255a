/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/httpserver.o common/httpconn.o common/httpanswer.o
 * common/httpcount.o common/metrics.o common/metrics_table.o
 * common/histogram.o common/msgfield.o
 * common/heap.o common/http.o common/http_response.o common/http_syntax.o
 * common/handshake.o common/tlsconn.o common/tlsctx.o common/tlsio.o common/tlspeer.o
 * common/tlstrust.o
 * common/turn.o common/log.o common/log_render.o compat/imsg.o
 * compat/imsg-buffer.o common/hex.o common/u256.o */
/* libs: libevent libtls libcrypto */

#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/socket.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
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

#include "common/http.h"
#include "common/httpserver.h"
#include "common/log.h"
#include "common/tlsconn.h"
#include "regress/unit/loopback.h"

/*
 * The server on plain sockets, where nobody has a certificate: what it does
 * for those that have one is seen in the tests of the daemon.
 */

/* The clock of libevent: it moves when a test says so. */
static uint64_t	 now_us = 5000000;

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	if (id == CLOCK_REALTIME)
		return ((int)syscall(SYS_clock_gettime, id, ts));
	ts->tv_sec = (time_t)(now_us / 1000000);
	ts->tv_nsec = (long)(now_us % 1000000) * 1000;
	return (0);
}

/* The next accepts fail like this, and all of them are counted. */
static int	 accept_error, accept_fails, accepts;

int
accept4(int fd, struct sockaddr *sa, socklen_t *len, int flags)
{
	accepts++;
	if (accept_fails > 0) {
		accept_fails--;
		errno = accept_error;
		return (-1);
	}
	return ((int)syscall(SYS_accept4, fd, sa, len, flags));
}

/* Timers that were set, but for those of the next turn of the loop. */
static unsigned int	 timers;

int
event_add(struct event *ev, const struct timeval *tv)
{
	static int	(*real)(struct event *, const struct timeval *);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "event_add");
	timers += tv != NULL && (tv->tv_sec > 0 || tv->tv_usec > 0);
	return (real(ev, tv));
}

/* ---- An owner --------------------------------------------------------- */

enum does { ASKS_NOTHING, LEAVES_IT, TAKES, TAKES_AND_ENDS, REFUSES };

static struct event_base		*base;
static struct httpserver		*server;
static struct httpserver_limits		 limits;
static in_port_t			 ports[2];
static enum does			 does;
static struct httpconn			*upgraded;
static struct tlsconn			*taken;
static unsigned int			 nupgrades, nstopped;
static char				 seen[128];

static void
request(struct httpconn *c, const char *body, size_t len, void *arg)
{
	(void)c;
	(void)body;
	(void)len;
	(void)arg;
	fail_msg("a request of nobody");
}

static void
cancel(struct httpconn *c, void *arg)
{
	(void)c;
	(void)arg;
	fail_msg("nothing to cancel");
}

static bool
upgrade(struct httpconn *c, const struct http_parser *http, void *arg)
{
	struct evbuffer	*out = tlsconn_output(httpconn_tls(c));

	assert_ptr_equal(arg, &limits);
	nupgrades++;
	snprintf(seen, sizeof(seen), "%s %s %s %s", http_path(http),
	    http_field(http, "upgrade"), httpconn_address(c),
	    httpconn_name(c));
	assert_true(httpconn_port(c) > 0);
	switch (does) {
	case REFUSES:
		evbuffer_add_printf(out, "HTTP/1.1 426 no\r\n\r\n");
		httpconn_refuse_upgrade(c, 426, "not this one");
		return (true);
	case TAKES:
	case TAKES_AND_ENDS:
		upgraded = c;
		taken = httpconn_detach(c);
		evbuffer_add_printf(out, "taken\n");
		tlsconn_flush(taken);
		if (does == TAKES)
			return (true);
		tlsconn_free(taken);
		httpconn_release(c);
		return (true);
	default:
		return (false);
	}
}

static void
stopped(struct httpserver *s, void *arg)
{
	assert_ptr_equal(s, server);
	assert_ptr_equal(arg, &limits);
	nstopped++;
}

/* ---- Clients ---------------------------------------------------------- */

static in_port_t
add_listener(uint32_t id)
{
	in_port_t	 port;
	int		 fd = loopback_listen(&port);

	assert_int_equal(httpserver_prepare(server, id, fd, NULL), 0);
	return (port);
}

/* Whatever is under way on loopback arrives. */
static void
settle(void)
{
	int	 i;

	for (i = 0; i < 50; i++)
		assert_true(event_base_loop(base, EVLOOP_NONBLOCK) != -1);
}

static void
say(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	settle();
}

/* All that has come begins so; the end of the connection is no part of it. */
static void
hears(int fd, const char *want)
{
	char	 buf[4096];
	ssize_t	 n;

	settle();
	n = read(fd, buf, sizeof(buf) - 1);
	buf[n < 0 ? 0 : n] = '\0';
	if (want[0] == '\0')
		assert_int_equal(n, -1);
	else if (strncmp(buf, want, strlen(want)) != 0)
		fail_msg("not %s: %s", want, buf);
}

/* The server has said that it is through. */
static bool
is_closed(int fd)
{
	char	 c;

	settle();
	return (read(fd, &c, 1) == 0);
}

static void
hang_up(int fd)
{
	close(fd);
	settle();
}

static const char	 ws[] = "GET /ws?x HTTP/1.1\r\nHost: a\r\n"
			    "Upgrade: WebSocket\r\n\r\n";

static int
setup(void **state)
{
	static const struct httpserver_cb	 cb = {
		request, cancel, upgrade, stopped, NULL
	};

	(void)state;
	assert_int_equal(tlsconn_init(), 0);
	memset(&limits, 0, sizeof(limits));
	limits.max_connections = limits.max_per_address = 3;
	limits.max_header = 1024;
	limits.max_body = limits.max_bodies = 65536;
	limits.timeout_handshake = limits.timeout_header = 10000;
	limits.timeout_body = limits.timeout_write = 10000;
	limits.timeout_idle = 60000;
	limits.timeout_request = 2000;
	nupgrades = nstopped = 0;
	does = ASKS_NOTHING;
	assert_non_null(base = event_base_new());
	server = httpserver_new(base, &limits, &cb, &limits);
	assert_non_null(server);
	ports[0] = add_listener(1);
	ports[1] = add_listener(2);
	httpserver_commit(server, NULL);
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	if (nstopped == 0)
		httpserver_stop(server);
	settle();
	assert_int_equal(nstopped, 1);
	assert_int_equal(httpserver_connections(server), 0);
	httpserver_free(server);
	event_base_free(base);
	return (0);
}

/* ---- Tests ------------------------------------------------------------ */

static void
two_sockets(void **state)
{
	int	 a = loopback_dial(ports[0]), b = loopback_dial(ports[1]);

	(void)state;
	say(a, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
	hears(a, "HTTP/1.1 200 ");
	say(b, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	hears(b, "HTTP/1.1 401 ");
	assert_int_equal(httpserver_connections(server), 2);
	hang_up(a);
	hang_up(b);
	assert_int_equal(httpserver_connections(server), 0);
}

static void
taken_over(void **state)
{
	int	 fd = loopback_dial(ports[1]);
	char	 rest[8] = "";

	(void)state;
	does = TAKES;
	/* After another request, and with bytes that are not for HTTP. */
	say(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	hears(fd, "HTTP/1.1 401 ");
	assert_int_equal(nupgrades, 0);
	say(fd, ws);
	hears(fd, "taken\n");
	assert_string_equal(seen, "/ws WebSocket 127.0.0.1 ");
	assert_int_equal(nupgrades, 1);
	say(fd, "frame");
	assert_int_equal(evbuffer_remove(tlsconn_input(taken), rest,
	    sizeof(rest)), 5);
	assert_string_equal(rest, "frame");
	/* It has no time limit, and counts. */
	now_us += 3600ULL * 1000000;
	settle();
	hears(fd, "");
	assert_int_equal(httpserver_connections(server), 1);
	assert_string_equal(httpconn_address(upgraded), "127.0.0.1");
	tlsconn_free(taken);
	httpconn_release(upgraded);
	assert_int_equal(httpserver_connections(server), 0);
	assert_true(is_closed(fd));
	hang_up(fd);
}

/* Bytes that came in the same piece. */
static void
taken_with_input(void **state)
{
	int	 fd = loopback_dial(ports[0]);
	char	 text[256], rest[8] = "";

	(void)state;
	does = TAKES;
	snprintf(text, sizeof(text), "%sGET /", ws);
	say(fd, text);
	assert_int_equal(nupgrades, 1);
	assert_int_equal(evbuffer_remove(tlsconn_input(taken), rest,
	    sizeof(rest)), 5);
	assert_string_equal(rest, "GET /");
	tlsconn_free(taken);
	httpconn_release(upgraded);
	hang_up(fd);
	/* And one that is through before upgrade() is. */
	does = TAKES_AND_ENDS;
	fd = loopback_dial(ports[0]);
	say(fd, text);
	assert_int_equal(nupgrades, 2);
	assert_int_equal(httpserver_connections(server), 0);
	hang_up(fd);
}

static void
refused(void **state)
{
	int	 fd = loopback_dial(ports[0]);

	(void)state;
	does = REFUSES;
	say(fd, ws);
	hears(fd, "HTTP/1.1 426 no\r\n\r\n");
	assert_true(is_closed(fd));
	hang_up(fd);
	assert_int_equal(httpserver_connections(server), 0);
}

/* A request like others: the owner was not asked, or is not interested. */
static void
no_upgrade(void **state)
{
	int	 fd = loopback_dial(ports[0]);

	(void)state;
	does = LEAVES_IT;
	say(fd, ws);
	hears(fd, "HTTP/1.1 401 ");
	assert_int_equal(nupgrades, 1);
	say(fd, "HEAD /ws HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\n\r\n");
	hears(fd, "HTTP/1.1 401 ");
	say(fd, "POST /ws HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\n"
	    "Content-Length: 1\r\n\r\nx");
	hears(fd, "HTTP/1.1 401 ");
	assert_int_equal(nupgrades, 1);
	hang_up(fd);
}

/* Who was taken over keeps its place; others without a name give way. */
static void
eviction(void **state)
{
	int	 fd[4], i;

	(void)state;
	limits.max_per_address = 10;
	does = TAKES;
	for (i = 0; i < 4; i++) {
		fd[i] = loopback_dial(ports[0]);
		if (i == 0)
			say(fd[i], ws);
		settle();
	}
	assert_int_equal(httpserver_connections(server), 3);
	hears(fd[0], "taken\n");
	assert_true(is_closed(fd[1]));
	hears(fd[2], "");
	hears(fd[3], "");
	limits.max_per_address = 3;
	i = loopback_dial(ports[1]);
	assert_true(is_closed(i));
	hang_up(i);
	for (i = 1; i < 4; i++)
		hang_up(fd[i]);
	tlsconn_free(taken);
	httpconn_release(upgraded);
	/* The address counts no more. */
	for (i = 0; i < 3; i++)
		fd[i] = loopback_dial(ports[0]);
	hears(fd[2], "");
	for (i = 0; i < 3; i++)
		hang_up(fd[i]);
}

static void
stops(void **state)
{
	int	 taken_fd = loopback_dial(ports[0]);
	int	 idle = loopback_dial(ports[0]);

	(void)state;
	does = TAKES;
	say(taken_fd, ws);
	hears(taken_fd, "taken\n");
	httpserver_stop(server);
	httpserver_stop(server);
	assert_true(is_closed(idle));
	hang_up(idle);
	/* The owner closes what it has taken. */
	hears(taken_fd, "");
	assert_int_equal(nstopped, 0);
	assert_int_equal(httpserver_connections(server), 1);
	tlsconn_free(taken);
	httpconn_release(upgraded);
	assert_int_equal(nstopped, 0);
	settle();
	assert_int_equal(nstopped, 1);
	hang_up(taken_fd);
}

/* Whose request has come by then, read or not, is answered. */
static void
stops_after_answers(void **state)
{
	static const char	 get[] = "GET /healthz HTTP/1.1\r\nHost: a\r\n"
				    "\r\n";
	char			 buf[4096];
	int			 one = loopback_dial(ports[0]);
	int			 many = loopback_dial(ports[0]);
	int			 idle = loopback_dial(ports[0]), i, n = 0;
	ssize_t			 len;

	(void)state;
	settle();
	assert_int_equal(write(one, get, strlen(get)), strlen(get));
	for (i = 0; i < 20; i++)
		assert_int_equal(write(many, get, strlen(get)), strlen(get));
	httpserver_stop(server);
	assert_true(is_closed(idle));
	hears(one, "HTTP/1.1 200 ");
	assert_true(is_closed(one));
	/* The first of them says that it is the last. */
	settle();
	len = read(many, buf, sizeof(buf) - 1);
	assert_true(len > 0);
	buf[len] = '\0';
	for (i = 0; i < len; i++)
		n += strncmp(buf + i, "HTTP/1.1 200 ", 13) == 0;
	assert_int_equal(n, 1);
	assert_non_null(strstr(buf, "Connection: close"));
	hang_up(one);
	hang_up(many);
	hang_up(idle);
	settle();
	assert_int_equal(nstopped, 1);
}

/* A peer that does not close its side, and an owner that does not end. */
static void
stops_in_time(void **state)
{
	int	 taken_fd = loopback_dial(ports[0]);
	int	 half = loopback_dial(ports[0]);

	(void)state;
	does = TAKES;
	say(taken_fd, ws);
	hears(taken_fd, "taken\n");
	say(half, "GET / HTTP/1.1\r\n");
	httpserver_stop(server);
	now_us += 2999 * 1000;
	settle();
	assert_int_equal(nstopped, 0);
	assert_int_equal(httpserver_connections(server), 2);
	now_us += 100 * 1000;
	settle();
	assert_int_equal(nstopped, 1);
	assert_int_equal(httpserver_connections(server), 1);
	assert_true(is_closed(half));
	tlsconn_free(taken);
	httpconn_release(upgraded);
	hang_up(half);
	hang_up(taken_fd);
}

/*
 * Without descriptors or memory it tries no more, on no socket, until a while
 * has passed; who waits is served then.
 */
static void
accepts_later(void **state)
{
	static const int	 errors[] = { EMFILE, ENFILE, ENOBUFS, ENOMEM };
	int			 a, b;
	size_t			 i;

	(void)state;
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		accept_error = errors[i];
		accept_fails = 1;
		accepts = 0;
		a = loopback_dial(ports[0]);
		b = loopback_dial(ports[1]);
		say(a, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
		assert_int_equal(accepts, 1);
		now_us += 240 * 1000;
		hears(a, "");
		assert_int_equal(accepts, 1);
		now_us += 20 * 1000;
		hears(a, "HTTP/1.1 200 ");
		say(b, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
		hears(b, "HTTP/1.1 200 ");
		hang_up(a);
		hang_up(b);
	}
}

/* One that has gone before it was accepted is none of the others' affair. */
static void
accepts_the_next(void **state)
{
	static const int	 errors[] = { EINTR, ECONNABORTED };
	size_t			 i;
	int			 fd;

	(void)state;
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		accept_error = errors[i];
		accept_fails = 3;
		fd = loopback_dial(ports[0]);
		say(fd, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
		hears(fd, "HTTP/1.1 200 ");
		assert_int_equal(accept_fails, 0);
		hang_up(fd);
	}
}

/*
 * Where others accept, too, and it is full: for a moment it takes none, on no
 * socket; then it makes room for whom they have left, on both.
 */
static void
leaves_to_others(void **state)
{
	int	 fd[6], i;

	(void)state;
	limits.max_per_address = 10;
	limits.shared = true;
	for (i = 0; i < 3; i++) {
		fd[i] = loopback_dial(ports[i % 2]);
		settle();
	}
	assert_int_equal(httpserver_connections(server), 3);
	accepts = 0;
	fd[3] = loopback_dial(ports[0]);
	fd[4] = loopback_dial(ports[1]);
	settle();
	now_us += 19 * 1000;
	settle();
	assert_int_equal(accepts, 0);
	hears(fd[0], "");
	now_us += 1000;
	settle();
	/* Two, and two times none. */
	assert_int_equal(accepts, 4);
	assert_int_equal(httpserver_connections(server), 3);
	assert_true(is_closed(fd[0]));
	assert_true(is_closed(fd[1]));
	hears(fd[2], "");
	/* A while later, again; and not where there is room. */
	now_us += 20 * 1000;
	fd[5] = loopback_dial(ports[0]);
	settle();
	assert_int_equal(accepts, 4);
	now_us += 20 * 1000;
	settle();
	assert_int_equal(accepts, 6);
	assert_true(is_closed(fd[2]));
	for (i = 0; i < 5; i++)
		hang_up(fd[i]);
	fd[0] = loopback_dial(ports[0]);
	settle();
	assert_int_equal(accepts, 8);
	assert_int_equal(httpserver_connections(server), 2);
	hang_up(fd[0]);
	hang_up(fd[5]);
}

/* It does not begin to accept again. */
static void
stops_while_paused(void **state)
{
	int	 fd;

	(void)state;
	accept_error = EMFILE;
	accept_fails = 1;
	accepts = 0;
	fd = loopback_dial(ports[0]);
	settle();
	assert_int_equal(accepts, 1);
	httpserver_stop(server);
	now_us += 1000 * 1000;
	settle();
	assert_int_equal(accepts, 1);
	assert_int_equal(nstopped, 1);
	close(fd);
}

static const char	 health[] = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";

static void
later(unsigned int ms)
{
	now_us += (uint64_t)ms * 1000;
	settle();
}

static void
asks(int fd)
{
	say(fd, health);
	hears(fd, "HTTP/1.1 200 ");
}

/* Nothing has come, and it is still there. */
static void
check_open(int fd)
{
	hears(fd, "");
}

/* Each limit counts from its own beginning, whatever ran before. */
static void
limits_in_turn(void **state)
{
	int	 fd = loopback_dial(ports[0]), i;

	(void)state;
	limits.timeout_header = 5000;
	asks(fd);
	for (i = 0; i < 5; i++) {
		later(59900);
		check_open(fd);
		asks(fd);
	}
	/* A header section that does not end. */
	later(30000);
	say(fd, "GET / HT");
	later(4900);
	check_open(fd);
	later(200);
	hears(fd, "HTTP/1.1 408 ");
	hang_up(fd);
	/* One that ends in time. */
	fd = loopback_dial(ports[0]);
	later(1000);
	say(fd, "GET /healthz HTTP/1.1\r\nHost: a\r\n");
	later(4900);
	say(fd, "\r\n");
	hears(fd, "HTTP/1.1 200 ");
	later(20000);
	check_open(fd);
	hang_up(fd);
	/* Idle. */
	fd = loopback_dial(ports[0]);
	asks(fd);
	later(59900);
	check_open(fd);
	later(200);
	assert_true(is_closed(fd));
	hang_up(fd);
	/* One that may be idle for a shorter time from now on. */
	fd = loopback_dial(ports[0]);
	asks(fd);
	limits.timeout_idle = 10000;
	httpserver_keep(server, NULL);
	httpserver_commit(server, NULL);
	later(9900);
	check_open(fd);
	later(200);
	assert_true(is_closed(fd));
	hang_up(fd);
}

/* Requests that come and go do not each set timers. */
static void
few_timers(void **state)
{
	int	 fd = loopback_dial(ports[0]), i;

	(void)state;
	asks(fd);
	timers = 0;
	for (i = 0; i < 100; i++) {
		asks(fd);
		later(10);
	}
	assert_in_range(timers, 0, 2);
	hang_up(fd);
}

#define server_test(f)							\
	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		server_test(two_sockets),
		server_test(taken_over),
		server_test(taken_with_input),
		server_test(refused),
		server_test(no_upgrade),
		server_test(eviction),
		server_test(accepts_later),
		server_test(accepts_the_next),
		server_test(leaves_to_others),
		server_test(stops_while_paused),
		server_test(limits_in_turn),
		server_test(few_timers),
		server_test(stops),
		server_test(stops_after_answers),
		server_test(stops_in_time)
	};

	log_init("test");
	log_set_level(LOG_LVL_ERROR);
	return (cmocka_run_group_tests_name("httpserver", tests, NULL, NULL));
}
