/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/event_struct.h>

#include "common/clock.h"
#include "common/tlsconn.h"
#include "common/turn.h"
#include "common/wslink.h"

#define POLICY_VIOLATION	1008
#define EXPIRED			"certificate has expired"
/* Bytes that a peer may still send after all has been said. */
#define DISCARD			(1024 * 1024)
#define REASON_SIZE		256
#define NEVER			UINT64_MAX
#define PING_MARK		8	/* bytes that a pong gives back */

enum state {
	ST_OPEN,
	ST_CLOSING,		/* our close frame is out, the peer's is due */
	ST_LEAVING,		/* all is said: tlsconn_close() */
	ST_OVER,		/* the end is to be told */
	ST_TOLD
};

struct wslink {
	struct tlsconn		*conn;
	struct websocket	*ws;
	struct wslink_config	 config;
	struct wslink_cb	 cb;
	void			*arg;
	enum state		 state;

	struct event		 timer;		/* the next deadline */
	struct event		 later;		/* the next turn of the loop */
	struct evbuffer_cb_entry *watch;	/* on the output */
	uint64_t		 heard;		/* the peer's last byte */
	uint64_t		 moved;		/* output went, or was empty */
	uint64_t		 ping;		/* when the next is due */
	uint8_t			 mark[PING_MARK]; /* of the last one sent */
	uint64_t		 pinged;	/* when it was, or 0: answered */
	uint64_t		 round_trip;
	uint64_t		 close;		/* when the peer's time is up */
	int64_t			 expiry;	/* Unix time; 0: none */

	struct turn		 turn;
	char			*held;		/* a message that waits for it */
	size_t			 heldlen;

	struct wslink_end	 end;
	char			 reason[REASON_SIZE];
	bool			 busy;		/* in a handler of ours */
	bool			 freed;		/* by the owner, meanwhile */
};

/* ---- Time ------------------------------------------------------------- */

static uint64_t
us(uint32_t ms)
{
	return ((uint64_t)ms * 1000);
}

/* So that pings of many links, or of both ends, do not meet. */
static uint64_t
jitter(uint32_t ms)
{
	uint64_t fifth = us(ms) / 5;
	uint64_t random;

	if (getentropy(&random, sizeof(random)) == -1)
		return (us(ms));
	return (us(ms) - fifth + random % (2 * fifth + 1));
}

/* In microseconds of clock_us(), whatever the wall clock does later. */
static uint64_t
expiry_due(const struct wslink *l, uint64_t now)
{
	int64_t left;

	if (l->expiry == 0)
		return (NEVER);
	left = l->expiry - (int64_t)time(NULL);
	return (left < 0 ? now : now + ((uint64_t)left + 1) * 1000000);
}

static uint64_t
least(uint64_t a, uint64_t b)
{
	return (a < b ? a : b);
}

static void
set_timer(struct wslink *l)
{
	uint64_t due, now = clock_us();
	struct timeval tv;

	if (l->state == ST_OPEN) {
		due = least(l->ping, l->heard + us(l->config.dead));
		due = least(due, expiry_due(l, now));
		if (wslink_unsent(l) > 0)
			due = least(due, l->moved + us(l->config.dead));
	} else if (l->state == ST_CLOSING || l->state == ST_LEAVING)
		due = l->close;
	else
		return;
	due = due > now ? due - now : 0;
	/* The expiry of a certificate may be very far away. */
	due = least(due, us(UINT32_MAX));
	tv.tv_sec = (time_t)(due / 1000000);
	tv.tv_usec = (suseconds_t)(due % 1000000);
	event_add(&l->timer, &tv);
}

/* ---- Ends ------------------------------------------------------------- */

static void
run_later(struct wslink *l)
{
	static const struct timeval now;

	event_add(&l->later, &now);
}

static void note_end(struct wslink *, bool, uint16_t, const char *, ...)
    __attribute__((format(printf, 4, 5)));

/* The first end counts.  What a peer wrote is shown as "?" where it must. */
static void
note_end(struct wslink *l, bool by_peer, uint16_t code, const char *fmt, ...)
{
	va_list ap;
	char *p;

	if (l->end.reason != NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(l->reason, sizeof(l->reason), fmt, ap);
	va_end(ap);
	for (p = l->reason; *p != '\0'; p++)
		if (*p < 0x20 || *p > 0x7e)
			*p = '?';
	l->end.by_peer = by_peer;
	l->end.code = code;
	l->end.reason = l->reason;
}

/* Something to add to the reason of an end that is known. */
static void
add_reason(struct wslink *l, const char *text)
{
	size_t len = strlen(l->reason);

	snprintf(l->reason + len, sizeof(l->reason) - len, "%s%s",
	    len > 0 ? "; " : "", text);
}

/* Nothing goes in or out any more; the loop tells the owner. */
static void
stop(struct wslink *l)
{
	if (l->state >= ST_OVER)
		return;
	l->state = ST_OVER;
	event_del(&l->timer);
	tlsconn_pause(l->conn);
	run_later(l);
}

static void
tell_end(struct wslink *l)
{
	l->state = ST_TOLD;
	event_del(&l->timer);
	event_del(&l->later);
	l->cb.end(l, &l->end, l->arg);
}

/* What is left of the link has to be done with in this time. */
static void
enter_close(struct wslink *l, enum state state)
{
	if (l->state == ST_OPEN)
		l->close = clock_us() + us(l->config.close);
	l->state = state;
	set_timer(l);
}

/* Looks what has become of the websocket. */
static void
follow(struct wslink *l)
{
	const char *reason;
	bool by_peer;

	if (l->state != ST_OPEN && l->state != ST_CLOSING)
		return;
	if (websocket_state(l->ws) == WEBSOCKET_DONE) {
		by_peer = websocket_end(l->ws) == WEBSOCKET_BY_PEER;
		reason = websocket_reason(l->ws);
		note_end(l, by_peer, websocket_code(l->ws), "%s",
		    reason[0] != '\0' ? reason : "no reason given");
		/* Either side has had its last word. */
		enter_close(l, ST_LEAVING);
		tlsconn_close(l->conn, DISCARD);
	} else
		tlsconn_flush(l->conn);
}

/* ---- Handlers --------------------------------------------------------- */

/* A handler ends: the owner may have freed the link in a callback. */
static void
leave(struct wslink *l)
{
	l->busy = false;
	if (l->freed)
		free(l);
}

static void
take_input(struct wslink *l)
{
	struct evbuffer *in = tlsconn_input(l->conn);

	if (evbuffer_get_length(in) == 0)
		return;
	if (l->state != ST_OPEN && l->state != ST_CLOSING) {
		evbuffer_drain(in, evbuffer_get_length(in));
		return;
	}
	l->heard = clock_us();
	if (websocket_input(l->ws, in) != WEBSOCKET_FREED)
		follow(l);
}

static void
on_message(struct websocket *ws, const char *text, size_t len, void *arg)
{
	struct wslink *l = arg;

	(void)ws;
	/* It may have been ended in the message before. */
	if (l->state != ST_OPEN)
		return;
	if (len <= TURN_LARGE || l->config.peer == NULL) {
		l->cb.message(l, text, len, l->arg);
		return;
	}
	l->held = websocket_hold(ws);
	l->heldlen = len;
	tlsconn_pause(l->conn);
	turn_join(&l->turn, event_get_base(&l->timer), l->config.peer);
}

/* That of the last ping, and not one that the peer has thought of. */
static void
on_pong(struct websocket *ws, const uint8_t *data, size_t len, void *arg)
{
	struct wslink *l = arg;

	(void)ws;
	if (l->pinged == 0 || len != PING_MARK ||
	    memcmp(data, l->mark, PING_MARK) != 0)
		return;
	l->round_trip = clock_us() - l->pinged;
	l->pinged = 0;
}

/* The message that was held, whether or not its turn has come. */
static void
deliver(struct wslink *l)
{
	char *text = l->held;

	if (text == NULL)
		return;
	l->held = NULL;
	turn_leave(&l->turn);
	websocket_go_on(l->ws);
	l->heard = clock_us();
	if (l->state == ST_OPEN)
		l->cb.message(l, text, l->heldlen, l->arg);
	free(text);
}

/* What there is of input, and then more of it. */
static void
go_on(struct wslink *l)
{
	take_input(l);
	if (!l->freed)
		follow(l);
	if (!l->freed && l->state < ST_OVER && l->held == NULL)
		tlsconn_resume(l->conn);
}

static void
on_turn(void *arg)
{
	struct wslink *l = arg;

	l->busy = true;
	deliver(l);
	if (!l->freed && l->state < ST_OVER)
		go_on(l);
	leave(l);
}

static void
on_ready(struct tlsconn *c, void *arg)
{
	(void)c;
	(void)arg;
}

static void
on_input(struct tlsconn *c, void *arg)
{
	struct wslink *l = arg;

	(void)c;
	l->busy = true;
	take_input(l);
	leave(l);
}

/* There is room for a pong that had to wait. */
static void
on_drained(struct tlsconn *c, void *arg)
{
	struct wslink *l = arg;

	(void)c;
	l->busy = true;
	if (l->state == ST_OPEN) {
		websocket_flush(l->ws);
		follow(l);
	}
	leave(l);
}

static void
conn_ended(struct wslink *l, struct tlsconn *c, enum tlsconn_end how)
{
	if (l->state == ST_CLOSING)
		add_reason(l, how == TLSCONN_FAILED ? tlsconn_error(c) :
		    "the peer closed without a close frame");
	if (how == TLSCONN_FAILED)
		note_end(l, true, 0, "connection failed: %s",
		    tlsconn_error(c));
	else
		note_end(l, true, 0, "the peer closed the connection without "
		    "a close frame");
	tell_end(l);
}

static void
on_end(struct tlsconn *c, enum tlsconn_end how, void *arg)
{
	struct wslink *l = arg;
	enum state before = l->state;

	l->busy = true;
	/* If it comes before on_later(); a close frame may be in there. */
	do {
		deliver(l);
		if (!l->freed)
			take_input(l);
	} while (!l->freed && l->held != NULL);
	if (!l->freed && l->state == before && before < ST_OVER)
		conn_ended(l, c, how);
	leave(l);
}

/* ---- Deadlines -------------------------------------------------------- */

static void
close_late(struct wslink *l)
{
	if (l->state == ST_CLOSING)
		add_reason(l, "no close frame from the peer in time");
	tell_end(l);
}

/* Whether the link has ended thereby. */
static bool
is_dead(struct wslink *l, uint64_t now)
{
	if (now >= l->heard + us(l->config.dead))
		note_end(l, true, 0, "dead: nothing received for %u ms",
		    l->config.dead);
	else if (wslink_unsent(l) > 0 &&
	    now >= l->moved + us(l->config.dead))
		note_end(l, true, 0, "dead: the peer has read nothing for "
		    "%u ms, %zu bytes wait", l->config.dead,
		    wslink_unsent(l));
	else
		return (false);
	tell_end(l);
	return (true);
}

/* What it holds cannot be told before: else a pong could be early. */
static void
send_ping(struct wslink *l)
{
	bool marked = getentropy(l->mark, PING_MARK) == 0;

	l->pinged = marked ? clock_us() : 0;
	websocket_ping(l->ws, l->mark, marked ? PING_MARK : 0);
	follow(l);
}

static void
check_deadlines(struct wslink *l)
{
	uint64_t now = clock_us();

	/* It is we who do not listen. */
	if (l->held != NULL)
		l->heard = now;
	if (is_dead(l, now))
		return;
	if (l->expiry != 0 && time(NULL) > l->expiry) {
		wslink_close(l, POLICY_VIOLATION, EXPIRED);
		return;
	}
	if (now >= l->ping) {
		l->ping = now + jitter(l->config.ping);
		send_ping(l);
	}
	set_timer(l);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct wslink *l = arg;

	(void)fd;
	(void)what;
	l->busy = true;
	if (l->state == ST_OPEN)
		check_deadlines(l);
	else if (l->state < ST_OVER && clock_us() >= l->close)
		close_late(l);
	else
		set_timer(l);
	leave(l);
}

/* What was there when the link began; what was ended in a call. */
static void
on_later(evutil_socket_t fd, short what, void *arg)
{
	struct wslink *l = arg;

	(void)fd;
	(void)what;
	l->busy = true;
	if (l->state == ST_OVER)
		tell_end(l);
	else
		go_on(l);
	leave(l);
}

/* The peer reads as long as something goes; time counts from when there is. */
static void
on_output(struct evbuffer *out, const struct evbuffer_cb_info *info,
    void *arg)
{
	struct wslink *l = arg;

	(void)out;
	if (info->n_deleted > 0 || info->orig_size == 0)
		l->moved = clock_us();
}

/* ---- For the owner ---------------------------------------------------- */

static void
start(struct wslink *l)
{
	static const struct tlsconn_cb cb = {
		on_ready, on_input, on_drained, on_end
	};

	l->expiry = tlsconn_peer_expiry(l->conn);
	l->heard = l->moved = clock_us();
	l->ping = l->heard + jitter(l->config.ping);
	tlsconn_set_cb(l->conn, &cb, l);
	tlsconn_user_timeout(l->conn, l->config.dead);
	set_timer(l);
	/* The previous owner may have paused it, or left something in it. */
	run_later(l);
}

struct wslink *
wslink_new(struct event_base *base, enum websocket_role role,
    struct tlsconn *conn, const struct wslink_config *config,
    const struct wslink_cb *cb, void *arg)
{
	static const struct websocket_cb ws_cb = { on_message, on_pong };
	struct evbuffer *out = tlsconn_output(conn);
	struct wslink *l;
	int error;

	if ((l = calloc(1, sizeof(*l))) == NULL)
		return (NULL);
	l->conn = conn;
	l->config = *config;
	l->cb = *cb;
	l->arg = arg;
	if ((l->ws = websocket_new(role, config->max_message, out, &ws_cb,
	    l)) == NULL ||
	    (l->watch = evbuffer_add_cb(out, on_output, l)) == NULL) {
		error = l->ws == NULL ? errno : ENOMEM;
		websocket_free(l->ws);
		free(l);
		errno = error;
		return (NULL);
	}
	event_assign(&l->timer, base, -1, 0, on_timer, l);
	event_assign(&l->later, base, -1, 0, on_later, l);
	turn_init(&l->turn, on_turn, l);
	start(l);
	return (l);
}

void
wslink_free(struct wslink *l)
{
	if (l == NULL)
		return;
	event_del(&l->timer);
	event_del(&l->later);
	turn_leave(&l->turn);
	free(l->held);
	l->held = NULL;
	evbuffer_remove_cb_entry(tlsconn_output(l->conn), l->watch);
	websocket_free(l->ws);
	tlsconn_free(l->conn);
	l->state = ST_TOLD;
	l->freed = true;
	if (!l->busy)
		free(l);
}

void
wslink_set_config(struct wslink *l, const struct wslink_config *config)
{
	size_t max_message = l->config.max_message;
	uint64_t ping;

	l->config = *config;
	l->config.max_message = max_message;
	if (l->state != ST_OPEN)
		return;
	ping = clock_us() + jitter(config->ping);
	if (ping < l->ping)
		l->ping = ping;
	set_timer(l);
}

bool
wslink_trusted(const struct wslink *l, struct tlsctx *ctx, char *why,
    size_t size)
{
	return (tlsconn_trusted(l->conn, ctx, why, size));
}

int
wslink_send(struct wslink *l, const char *text, size_t len)
{
	size_t unsent;

	if (!wslink_open(l))
		return (-1);
	unsent = wslink_unsent(l);
	if (unsent > l->config.max_output ||
	    len > l->config.max_output - unsent) {
		note_end(l, false, 0, "the peer does not read: %zu bytes "
		    "wait, and no room for %zu", unsent, len);
		stop(l);
		return (-1);
	}
	if (websocket_send(l->ws, text, len) == -1) {
		run_later(l);
		return (-1);
	}
	tlsconn_flush(l->conn);
	return (0);
}

bool
wslink_open(const struct wslink *l)
{
	return (l->state == ST_OPEN &&
	    websocket_state(l->ws) == WEBSOCKET_OPEN);
}

void
wslink_close(struct wslink *l, uint16_t code, const char *reason)
{
	if (!wslink_open(l))
		return;
	if (websocket_close(l->ws, code, reason) == -1) {
		run_later(l);
		return;
	}
	note_end(l, false, code, "%s", reason);
	enter_close(l, ST_CLOSING);
	tlsconn_flush(l->conn);
}

uint64_t
wslink_round_trip(const struct wslink *l)
{
	return (l->round_trip);
}

size_t
wslink_unsent(struct wslink *l)
{
	return (evbuffer_get_length(tlsconn_output(l->conn)));
}
