/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include "common/clock.h"
#include "common/heap.h"
#include "common/httpserver_local.h"
#include "common/log.h"

/* Decrypted bytes that wait to be taken. */
#define INPUT_MAX	65536
/* Memory for a body that is kept from one request to the next. */
#define BODY_KEEP	4096
/* Requests of one connection in one turn of the loop. */
#define REQUESTS_TURN	8

/* ---- Time ------------------------------------------------------------- */

bool
httpconn_expired(const struct httpconn *c)
{
	return (c->expiry != 0 && time(NULL) > c->expiry);
}

static void
run_timer(struct httpconn *c, uint64_t now)
{
	uint64_t	 left = c->due > now ? c->due - now : 0;
	struct timeval	 tv;

	tv.tv_sec = (time_t)(left / 1000000);
	tv.tv_usec = (suseconds_t)(left % 1000000);
	event_add(c->timer, &tv);
	c->armed = c->due;
}

/*
 * Limits come and go with each request, and nearly none is ever reached: a
 * timer that runs already and is not too late goes on, and looks what is due
 * when it ends.
 */
static void
set_timeout(struct httpconn *c, uint32_t ms)
{
	uint64_t	 now = clock_us();

	c->timeout = ms;
	c->due = now + (uint64_t)ms * 1000;
	if (c->armed == 0 || c->due < c->armed)
		run_timer(c, now);
}

/* Whether the time is up. */
static bool
is_due(struct httpconn *c)
{
	uint64_t	 now = clock_us();

	c->armed = 0;
	if (c->due == 0)
		return (false);
	if (now < c->due) {
		run_timer(c, now);
		return (false);
	}
	c->due = 0;
	return (true);
}

/*
 * How long it may be idle: not past its certificate, which is good to the
 * end of its last second.
 */
static uint32_t
idle_time(const struct httpconn *c)
{
	uint32_t	 idle = c->server->limits->timeout_idle;
	struct timespec	 now;
	int64_t		 left;

	if (c->expiry == 0)
		return (idle);
	clock_gettime(CLOCK_REALTIME, &now);
	left = c->expiry - now.tv_sec;
	if (left < 0)
		return (1);
	if (left > idle / 1000)
		return (idle);
	left = (left + 1) * 1000 - now.tv_nsec / 1000000;
	return (left < idle ? (uint32_t)left : idle);
}

/* By what the connection waits for. */
static void
arm_timer(struct httpconn *c)
{
	const struct httpserver_limits	*l = c->server->limits;

	switch (c->state) {
	case CONN_HANDSHAKE:
		set_timeout(c, l->timeout_handshake);
		break;
	case CONN_READING:
		if (evbuffer_get_length(tlsconn_output(c->conn)) > 0)
			set_timeout(c, l->timeout_write);
		else
			set_timeout(c, idle_time(c));
		break;
	case CONN_WAITING:
		set_timeout(c, l->timeout_request);
		break;
	case CONN_BUSY:
		/* The owner has a deadline of its own. */
		c->due = 0;
		break;
	case CONN_UPGRADED:
		c->due = c->armed = 0;
		event_del(c->timer);
		break;
	case CONN_ANSWERING:
		set_timeout(c, l->timeout_write);
		break;
	case CONN_CLOSING:
		set_timeout(c, c->server->stopping ? HTTPSERVER_LINGER :
		    l->timeout_write);
		break;
	}
}

static bool
is_request(enum httpconn_state state)
{
	return (state == CONN_WAITING || state == CONN_BUSY);
}

/* Handshakes of others go by it: see handshake.h, and evict(). */
static void
enter(struct httpconn *c, enum httpconn_state state)
{
	bool	 was = is_request(c->state), is = is_request(state);

	if (c->state == CONN_HANDSHAKE && state != CONN_HANDSHAKE)
		c->from->greeting--;
	if (is && !was)
		handshake_request();
	else if (was && !is)
		handshake_request_done();
	c->state = state;
}

void
httpconn_set_state(struct httpconn *c, enum httpconn_state state)
{
	enter(c, state);
	arm_timer(c);
}

/* ---- Memory for bodies ------------------------------------------------ */

static void
account(struct httpconn *c)
{
	size_t	 held = http_held(c->http);

	c->server->held += held - c->held;
	c->held = held;
}

void
httpconn_drop_body(struct httpconn *c)
{
	heap_message(c->held);
	http_drop_body(c->http);
	account(c);
}

void
httpconn_close(struct httpconn *c)
{
	httpconn_set_state(c, CONN_CLOSING);
	/* It may be long until the peer closes its side. */
	httpconn_drop_body(c);
	tlsconn_close(c->conn, c->server->limits->max_body);
}

/* ---- One request after the other ------------------------------------- */

/* Whether the owner has taken it, or refused it in its own words. */
static bool
upgrade(struct httpconn *c)
{
	const struct httpserver	*server = c->server;

	if (server->cb.upgrade == NULL || server->stopping || c->eof ||
	    http_method(c->http) != HTTP_GET ||
	    http_field(c->http, "upgrade") == NULL || httpconn_expired(c))
		return (false);
	if (!httpconn_trusted(c)) {
		httpconn_close(c);
		return (true);
	}
	if (!server->cb.upgrade(c, c->http, server->arg))
		return (false);
	if (c->state == CONN_UPGRADED) {
		http_free(c->http);
		c->http = NULL;
	} else if (c->state == CONN_READING)
		httpconn_close(c);
	return (true);
}

static void
on_header(struct httpconn *c)
{
	static const char	 go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct httpverdict	 v;

	if (upgrade(c))
		return;
	httpcount_request(c);
	v = httpverdict(c);
	/* Without a certificate no body is taken, however good the path. */
	if (v.status != 0 && http_has_body(c->http)) {
		/* Not read: nothing after it can be told apart from it. */
		c->refused = true;
		httpanswer_verdict(c, &v);
		return;
	}
	set_timeout(c, c->server->limits->timeout_body);
	if (http_wants_continue(c->http)) {
		evbuffer_add(tlsconn_output(c->conn), go_on,
		    sizeof(go_on) - 1);
		tlsconn_flush(c->conn);
	}
}

static void
hand_over(struct httpconn *c)
{
	const char	*body;
	size_t		 len;

	if (!httpconn_trusted(c)) {
		httpconn_close(c);
		return;
	}
	httpconn_set_state(c, CONN_BUSY);
	body = http_body(c->http, &len);
	c->server->cb.request(c, body, len, c->server->arg);
	/* It is decoded, and the answer may take its time. */
	if (c->held > BODY_KEEP)
		httpconn_drop_body(c);
}

static void
on_body(struct httpconn *c)
{
	struct httpverdict	 v = httpverdict(c);
	size_t			 len;

	if (!httpconn_trusted(c)) {
		httpconn_close(c);
		return;
	}
	if (v.status != 0) {
		httpanswer_verdict(c, &v);
		return;
	}
	c->received = clock_us();
	(void)http_body(c->http, &len);
	if (len <= TURN_LARGE) {
		hand_over(c);
		return;
	}
	httpconn_set_state(c, CONN_WAITING);
	turn_join(&c->turn, c->server->base, c->name);
	httpserver_shed(c->server);
}

static void
on_bad(struct httpconn *c)
{
	struct httpverdict	 v = {
		http_status(c->http), TEXT_PLAIN, http_reason(c->http)
	};

	c->refused = true;
	if (v.status == 503) {
		httpanswer_log(c, v.status, v.text);
		httpanswer_empty(c, v.status, 1);
	} else
		httpanswer_verdict(c, &v);
}

/* The header section has begun and is not complete: its own time runs. */
static void
on_more(struct httpconn *c, bool began)
{
	if (began && http_in_header(c->http))
		set_timeout(c, c->server->limits->timeout_header);
}

/* No more bytes for now. */
static void
wait_for_more(struct httpconn *c, bool idle)
{
	account(c);
	httpserver_shed(c->server);
	if (c->state != CONN_READING)
		return;
	if (c->eof || (c->server->stopping && http_idle(c->http))) {
		httpconn_close(c);
		return;
	}
	on_more(c, idle && !http_idle(c->http));
	tlsconn_resume(c->conn);
}

static void
take_requests(struct httpconn *c)
{
	static const struct timeval	 now;
	bool				 idle;
	int				 n = 0;

	while (c->state == CONN_READING) {
		if (n == REQUESTS_TURN) {
			c->yielded = true;
			event_add(c->later, &now);
			return;
		}
		idle = http_idle(c->http);
		switch (http_parse(c->http, tlsconn_input(c->conn))) {
		case HTTP_MORE:
			wait_for_more(c, idle);
			return;
		case HTTP_HEADER:
			on_header(c);
			break;
		case HTTP_BODY:
			n++;
			account(c);
			on_body(c);
			break;
		case HTTP_BAD:
			on_bad(c);
			break;
		}
	}
}

void
httpconn_process(struct httpconn *c)
{
	if (c->yielded)
		return;
	c->processing = true;
	take_requests(c);
	c->processing = false;
	if (c->released)
		httpconn_free(c);
}

static void
on_turn(void *arg)
{
	struct httpconn	*c = arg;

	c->processing = true;
	hand_over(c);
	c->processing = false;
	/* What came after it. */
	httpconn_process(c);
}

/* The others have had their turn. */
static void
on_later(int fd, short what, void *arg)
{
	struct httpconn	*c = arg;

	(void)fd;
	(void)what;
	c->yielded = false;
	httpconn_process(c);
}

/* ---- The connection --------------------------------------------------- */

static void
on_ready(struct tlsconn *conn, void *arg)
{
	struct httpconn		*c = arg;
	const char		*name = tlsconn_peer_name(conn);
	struct log_record	 r;

	snprintf(c->name, sizeof(c->name), "%s", name != NULL ? name : "");
	if (log_start(&r, LOG_LVL_DEBUG, "connected")) {
		httpanswer_log_peer(&r, c);
		log_num(&r, "port", c->port);
		log_str(&r, "tls", tlsconn_version(conn) != NULL ?
		    tlsconn_version(conn) : "none");
		log_end(&r);
	}
	c->server->count.handshakes++;
	c->expiry = tlsconn_peer_expiry(conn);
	if (c->server->stopping || !httpconn_trusted(c))
		httpconn_close(c);
	else
		httpconn_set_state(c, CONN_READING);
}

static void
on_input(struct tlsconn *conn, void *arg)
{
	(void)conn;
	httpconn_process(arg);
}

static void
on_drained(struct tlsconn *conn, void *arg)
{
	struct httpconn	*c = arg;

	(void)conn;
	if (c->state == CONN_ANSWERING) {
		httpconn_set_state(c, CONN_READING);
		httpconn_process(c);
	} else if (c->state == CONN_READING && http_idle(c->http))
		arm_timer(c);
}

static void
on_end(struct tlsconn *conn, enum tlsconn_end how, void *arg)
{
	struct httpconn		*c = arg;
	struct log_record	 r;

	/* A half-close: what has come is answered yet. */
	if (how == TLSCONN_EOF && (c->state == CONN_BUSY ||
	    c->state == CONN_WAITING ||
	    (c->state == CONN_READING && c->yielded))) {
		c->eof = true;
		return;
	}
	if (c->state == CONN_HANDSHAKE)
		httpcount_failure(c->server, how == TLSCONN_FAILED ?
		    tlsconn_cause(conn) : "closed");
	if (how == TLSCONN_FAILED &&
	    log_start_noise(&r, c->state == CONN_HANDSHAKE ? LOG_LVL_INFO :
	    LOG_LVL_DEBUG, c->state == CONN_HANDSHAKE ?
	    "handshake failed" : "connection failed")) {
		httpanswer_log_peer(&r, c);
		log_num(&r, "port", c->port);
		log_str(&r, "reason", tlsconn_error(conn));
		log_end(&r);
	}
	httpconn_free(c);
}

static void
log_timeout(const struct httpconn *c)
{
	struct log_record	 r;

	if (!log_start(&r, LOG_LVL_DEBUG, "connection timed out"))
		return;
	httpanswer_log_peer(&r, c);
	log_num(&r, "after_ms", c->timeout);
	log_end(&r);
}

static void
log_expired(const struct httpconn *c)
{
	struct log_record	 r;

	if (!log_start_noise(&r, LOG_LVL_INFO, "certificate expired"))
		return;
	httpanswer_log_peer(&r, c);
	log_end(&r);
}

static void
on_idle(struct httpconn *c)
{
	if (httpconn_expired(c)) {
		c->server->count.closed[CLOSED_EXPIRED]++;
		log_expired(c);
	} else if (c->timeout < c->server->limits->timeout_idle) {
		/* The timer was early, or the clock was set back. */
		arm_timer(c);
		return;
	} else {
		c->server->count.closed[CLOSED_IDLE]++;
		log_timeout(c);
	}
	httpconn_close(c);
}

static void
on_timeout(int fd, short what, void *arg)
{
	struct httpconn	*c = arg;
	bool		 unsent;

	(void)fd;
	(void)what;
	if (!is_due(c))
		return;
	if (c->state == CONN_WAITING) {
		turn_leave(&c->turn);
		httpconn_drop_body(c);
		httpanswer_unserved(c, "deadline");
		httpconn_process(c);
		return;
	}
	unsent = evbuffer_get_length(tlsconn_output(c->conn)) > 0;
	if (c->state == CONN_READING && http_idle(c->http) && !unsent) {
		on_idle(c);
		return;
	}
	if (c->state == CONN_HANDSHAKE)
		httpcount_failure(c->server, "timeout");
	else if (c->state != CONN_CLOSING)
		c->server->count.closed[CLOSED_TIMEOUT]++;
	log_timeout(c);
	if (c->state != CONN_READING || unsent) {
		httpconn_free(c);
		return;
	}
	c->refused = true;
	httpanswer_empty(c, 408, 0);
}

/* ---- Its beginning and its end ---------------------------------------- */

static void
destroy(struct httpconn *c)
{
	if (c->timer != NULL)
		event_free(c->timer);
	if (c->later != NULL)
		event_free(c->later);
	turn_leave(&c->turn);
	http_free(c->http);
	free(c);
}

static struct http_limits
http_limits_of(const struct httpserver *server)
{
	struct http_limits	 limits = {
		server->limits->max_header, server->limits->max_body
	};

	return (limits);
}

int
httpconn_new(struct listener *l, int fd,
    const struct sockaddr_storage *ss, struct addrcount *from)
{
	static const struct tlsconn_cb	 cb = {
		on_ready, on_input, on_drained, on_end
	};
	struct httpserver		*server = l->server;
	const struct http_limits	 limits = http_limits_of(server);
	struct httpconn			*c;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return (-1);
	c->server = server;
	c->listener = l;
	c->generation = server->generation;
	c->from = from;
	c->port = httpserver_peer(ss, c->address);
	turn_init(&c->turn, on_turn, c);
	c->http = http_new(&limits);
	c->timer = evtimer_new(server->base, on_timeout, c);
	c->later = evtimer_new(server->base, on_later, c);
	if (c->http != NULL && c->timer != NULL && c->later != NULL)
		c->conn = tlsconn_accept(server->base, l->tls, fd,
		    INPUT_MAX, &cb, c);
	if (c->conn == NULL) {
		destroy(c);
		errno = ENOMEM;
		return (-1);
	}
	TAILQ_INSERT_TAIL(&server->conns, c, entry);
	server->nconns++;
	from->greeting++;
	tlsconn_set_source(c->conn, &from->source);
	httpconn_set_state(c, CONN_HANDSHAKE);
	return (0);
}

void
httpconn_free(struct httpconn *c)
{
	httpcount_forget(c);
	if (c->state == CONN_BUSY)
		c->server->cb.cancel(c, c->server->arg);
	tlsconn_free(c->conn);
	enter(c, CONN_CLOSING);
	httpserver_forget(c->server, c);
	destroy(c);
}

void
httpconn_stop(struct httpconn *c)
{
	if (c->state == CONN_READING && http_idle(c->http) && !c->yielded)
		httpconn_close(c);
	else if (c->state == CONN_CLOSING)
		arm_timer(c);
}

/* ---- A change of the server ------------------------------------------- */

void
httpconn_set_limits(struct httpconn *c)
{
	const struct http_limits	 limits = http_limits_of(c->server);

	if (c->http == NULL)
		return;
	http_set_limits(c->http, &limits);
	if (c->state == CONN_READING && http_idle(c->http) &&
	    c->timeout != idle_time(c))
		arm_timer(c);
}

struct tlsctx *
httpconn_tlsctx(const struct httpconn *c)
{
	return (c->listener != NULL ? c->listener->tls : c->server->rest);
}

static void
log_distrust(const struct httpconn *c, const char *why)
{
	struct log_record	 r;

	if (!log_start_noise(&r, LOG_LVL_WARN, "certificate not trusted any "
	    "more"))
		return;
	httpanswer_log_peer(&r, c);
	log_num(&r, "port", c->port);
	log_str(&r, "reason", why);
	log_end(&r);
}

bool
httpconn_trusted(struct httpconn *c)
{
	struct tlsctx	*tls = httpconn_tlsctx(c);
	char		 why[256];

	if (c->generation == c->server->generation)
		return (true);
	c->generation = c->server->generation;
	if (tls == NULL || tlsconn_trusted(c->conn, tls, why, sizeof(why)))
		return (true);
	c->server->count.closed[CLOSED_UNTRUSTED]++;
	log_distrust(c, why);
	return (false);
}

bool
httpconn_settled(struct httpconn *c)
{
	bool	 settled = c->generation == c->server->generation;

	c->generation = c->server->generation;
	return (settled);
}

/* ---- Upgrades --------------------------------------------------------- */

struct tlsconn *
httpconn_detach(struct httpconn *c)
{
	struct tlsconn	*conn = c->conn;

	httpconn_set_state(c, CONN_UPGRADED);
	event_del(c->later);
	httpconn_drop_body(c);
	c->conn = NULL;
	return (conn);
}

void
httpconn_release(struct httpconn *c)
{
	/* It may be the one whose upgrade() has not returned yet. */
	if (c->processing)
		c->released = true;
	else
		httpconn_free(c);
}

void
httpconn_refuse_upgrade(struct httpconn *c, int status, const char *reason)
{
	c->refused = true;
	httpanswer_log(c, status, reason);
	httpconn_close(c);
}

/* ---- For the owner ---------------------------------------------------- */

const char *
httpconn_name(const struct httpconn *c)
{
	return (c->name);
}

const char *
httpconn_address(const struct httpconn *c)
{
	return (c->address);
}

uint64_t
httpconn_received(const struct httpconn *c)
{
	return (c->received);
}

uint16_t
httpconn_port(const struct httpconn *c)
{
	return (c->port);
}

struct tlsconn *
httpconn_tls(const struct httpconn *c)
{
	return (c->conn);
}

void
httpconn_set_data(struct httpconn *c, void *data)
{
	c->data = data;
}

void *
httpconn_data(const struct httpconn *c)
{
	return (c->data);
}
