/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <tls.h>

#include "common/tlsconn_local.h"

#define TURN_MAX	(16 * TLSIO_MAX)	/* of one connection, a turn */
/* One at a time is read; what is in it is at once copied on. */
static uint8_t scratch[TLSIO_MAX];

/* ---- Events ----------------------------------------------------------- */

static bool
can_read(const struct tlsconn *c)
{
	return (c->state == ST_OPEN && !c->eof && !c->paused &&
	    evbuffer_get_length(c->in) < c->max_input);
}

/* Nothing would ever be heard of it again: the loop, this turn, ends it. */
static void
give_up(struct tlsconn *c)
{
	c->broken = true;
	event_active(&c->later, EV_TIMEOUT, 0);
}

static void
set_event(struct tlsconn *c, struct event *ev, bool *on, bool want)
{
	if (want == *on)
		return;
	if (!want)
		(void)event_del(ev);
	else if (event_add(ev, NULL) == -1) {
		give_up(c);
		return;
	}
	*on = want;
}

/* In the next turn, for the other connections have theirs before. */
static void
run_later(struct tlsconn *c)
{
	static const struct timeval now;

	/* Where there is no memory for that, in this one. */
	if (event_add(&c->later, &now) == -1)
		event_active(&c->later, EV_TIMEOUT, 0);
}

/* Waits for what the state of things needs, and for nothing else. */
static void
rearm(struct tlsconn *c)
{
	bool in, out;

	in = out = false;
	if (c->broken)
		return;
	switch (c->state) {
	case ST_HANDSHAKE:
		if (c->handshake.waits)
			break;
		/* FALLTHROUGH */
	case ST_NOTIFY:
		in = c->want_in;
		out = c->want_out;
		break;
	case ST_OPEN:
		/* Read ahead by what was no step of reading. */
		if (tlsio_has_kept(&c->io) && !c->more) {
			c->more = true;
			run_later(c);
		}
		in = (can_read(c) && !c->read_wants_out) || c->write_wants_in;
		out = c->blocked || (can_read(c) && c->read_wants_out);
		break;
	case ST_SENDING:
		in = c->write_wants_in;
		out = c->blocked;
		break;
	case ST_DISCARD:
		in = true;
		break;
	case ST_START:
	case ST_ENDED:
		break;
	}
	set_event(c, &c->rd, &c->rd_on, in);
	set_event(c, &c->wr, &c->wr_on, out);
}

static void
remove_events(struct tlsconn *c)
{
	handshake_leave(&c->handshake);
	event_del(&c->rd);
	event_del(&c->wr);
	event_del(&c->flush);
	event_del(&c->later);
	c->rd_on = c->wr_on = false;
}

static void
destroy(struct tlsconn *c)
{
	if (c->in != NULL)
		evbuffer_free(c->in);
	if (c->out != NULL)
		evbuffer_free(c->out);
	free(c->expected);
	free(c);
}

/* A handler ends: the owner may have freed the connection in a callback. */
static void
leave(struct tlsconn *c)
{
	c->busy = false;
	if (c->freed)
		destroy(c);
	else
		rearm(c);
}

static void
end(struct tlsconn *c, enum tlsconn_end how)
{
	remove_events(c);
	c->state = ST_ENDED;
	c->cb.end(c, how, c->arg);
}

static void
end_io(struct tlsconn *c, enum tlsio_result result)
{
	end(c, result == TLSIO_EOF ? TLSCONN_EOF : TLSCONN_FAILED);
}

/* ---- Closing ---------------------------------------------------------- */

/* Raw bytes: after close_notify nobody wants to know what they say. */
static void
discard(struct tlsconn *c)
{
	enum tlsio_result result;
	size_t n, total;

	for (total = 0; total < TURN_MAX; total += n) {
		result = tlsio_read_raw(&c->io, scratch, sizeof(scratch), &n);
		if (result == TLSIO_WANT_IN)
			return;
		if (result == TLSIO_FAILED) {
			end(c, TLSCONN_FAILED);
			return;
		}
		if (result == TLSIO_EOF || n > c->max_discard) {
			end(c, TLSCONN_CLOSED);
			return;
		}
		c->max_discard -= n;
	}
}

static void
notify(struct tlsconn *c)
{
	enum tlsio_result result;

	c->state = ST_NOTIFY;
	result = tlsio_notify(&c->io);
	c->want_in = result == TLSIO_WANT_IN;
	c->want_out = result == TLSIO_WANT_OUT;
	if (c->want_in || c->want_out)
		return;
	c->state = ST_DISCARD;
	(void)shutdown(c->io.fd, SHUT_WR);
	discard(c);
}

/* ---- Reading and writing ---------------------------------------------- */

/* All output is gone. */
static void
sent(struct tlsconn *c, bool any)
{
	if (c->state == ST_SENDING) {
		notify(c);
		return;
	}
	if (any)
		c->cb.drained(c, c->arg);
	if (c->freed || c->state != ST_OPEN || !c->eof || c->eof_told ||
	    evbuffer_get_length(c->out) > 0)
		return;
	c->eof_told = true;
	c->cb.end(c, TLSCONN_EOF, c->arg);
}

/* Sends one piece; TLSIO_DONE while more may be sent. */
static enum tlsio_result
write_piece(struct tlsconn *c)
{
	unsigned char *data;
	size_t len, n;
	enum tlsio_result result;

	len = evbuffer_get_length(c->out);
	if (len > TLSIO_MAX)
		len = TLSIO_MAX;
	/* OpenSSL has begun a record with just these bytes. */
	if (c->retry > 0)
		len = c->retry;
	data = evbuffer_pullup(c->out, (ev_ssize_t)len);
	if (data == NULL)
		return (tlsio_failed(&c->io, "out of memory"));
	result = tlsio_write(&c->io, data, len, &n);
	c->retry = result != TLSIO_DONE && c->io.tls != NULL ? len : 0;
	if (result == TLSIO_DONE)
		evbuffer_drain(c->out, n);
	c->write_wants_in = result == TLSIO_WANT_IN;
	c->blocked = result == TLSIO_WANT_OUT;
	return (result);
}

static void
write_out(struct tlsconn *c)
{
	size_t total;
	enum tlsio_result result;
	bool any;

	any = false;
	for (total = 0; evbuffer_get_length(c->out) > 0; total += TLSIO_MAX) {
		if (total == TURN_MAX) {
			c->blocked = true;
			return;
		}
		result = write_piece(c);
		/* Not an EOF: whoever has an answer could not give it. */
		if (result == TLSIO_EOF || result == TLSIO_FAILED) {
			tlsio_last_words(&c->io);
			end(c, TLSCONN_FAILED);
		}
		if (result != TLSIO_DONE)
			return;
		any = true;
	}
	sent(c, any);
}

/* Reads until there is no more, or enough; TLSIO_DONE in the latter case. */
static enum tlsio_result
fill_input(struct tlsconn *c)
{
	size_t n, room, total;
	enum tlsio_result result;

	for (total = 0; can_read(c) && total < TURN_MAX; total += n) {
		room = c->max_input - evbuffer_get_length(c->in);
		if (room > sizeof(scratch))
			room = sizeof(scratch);
		result = tlsio_read(&c->io, scratch, room, &n);
		if (result != TLSIO_DONE)
			return (result);
		if (evbuffer_add(c->in, scratch, n) == -1)
			return (tlsio_failed(&c->io, "out of memory"));
		/* The end of a record; if there is more, the loop tells. */
		if (n < room && !tlsio_has_kept(&c->io))
			return (TLSIO_WANT_IN);
	}
	return (TLSIO_DONE);
}

static void
read_in(struct tlsconn *c)
{
	size_t before;
	enum tlsio_result result;

	if (!can_read(c))
		return;
	before = evbuffer_get_length(c->in);
	result = fill_input(c);
	c->more = result == TLSIO_DONE;
	c->read_wants_out = result == TLSIO_WANT_OUT;
	c->eof = result == TLSIO_EOF;
	if (evbuffer_get_length(c->in) > before) {
		c->cb.input(c, c->arg);
		if (c->freed || c->state != ST_OPEN)
			return;
	}
	if (result == TLSIO_FAILED)
		end_io(c, result);
	else if (result == TLSIO_EOF)
		write_out(c);
	else if (c->more && can_read(c))
		run_later(c);
}

/* ---- Handshake -------------------------------------------------------- */

static void
open_up(struct tlsconn *c)
{
	c->state = ST_OPEN;
	c->more = true;
	c->cb.ready(c, c->arg);
	if (!c->freed && evbuffer_get_length(c->out) > 0)
		write_out(c);
	if (!c->freed)
		read_in(c);
}

/*
 * A server's side begins with the first step: a client that connects and says
 * nothing takes no session's memory, and its turn comes before its cost.
 */
static int
begin(struct tlsconn *c)
{
	if (c->io.tls != NULL)
		return (0);
	if (tlsio_accept(&c->io, tlsctx_tls(c->ctx)) == -1) {
		tlsio_failed(&c->io, "out of memory");
		return (-1);
	}
	return (0);
}

static void
shake_hands(struct tlsconn *c)
{
	enum tlsio_result result = TLSIO_FAILED;

	if (begin(c) == 0)
		result = tlsio_handshake(&c->io);
	c->want_in = result == TLSIO_WANT_IN;
	c->want_out = result == TLSIO_WANT_OUT;
	if (result == TLSIO_DONE) {
		if (tlspeer_note(c) == 0 && tlspeer_is_expected(c))
			open_up(c);
		else
			end(c, TLSCONN_FAILED);
	} else if (!c->want_in && !c->want_out)
		end_io(c, result);
}

/* It is its turn. */
static void
on_step(void *arg)
{
	struct tlsconn *c = arg;

	c->busy = true;
	shake_hands(c);
	leave(c);
}

/* ---- Handlers --------------------------------------------------------- */

static void
on_read(evutil_socket_t fd, short what, void *arg)
{
	struct tlsconn *c = arg;

	(void)fd;
	(void)what;
	c->busy = true;
	if (c->state == ST_HANDSHAKE)
		handshake_join(&c->handshake, event_get_base(&c->rd));
	else if (c->state == ST_NOTIFY)
		notify(c);
	else if (c->state == ST_DISCARD)
		discard(c);
	else {
		if (c->write_wants_in)
			write_out(c);
		if (!c->freed)
			read_in(c);
	}
	leave(c);
}

static void
on_write(evutil_socket_t fd, short what, void *arg)
{
	struct tlsconn *c = arg;

	(void)fd;
	(void)what;
	c->busy = true;
	if (c->state == ST_HANDSHAKE && c->want_out)
		handshake_join(&c->handshake, event_get_base(&c->rd));
	else if (c->state == ST_NOTIFY)
		notify(c);
	else if (c->state == ST_OPEN || c->state == ST_SENDING) {
		write_out(c);
		if (!c->freed && c->read_wants_out)
			read_in(c);
	}
	leave(c);
}

static void
on_later(evutil_socket_t fd, short what, void *arg)
{
	struct tlsconn *c = arg;

	(void)fd;
	(void)what;
	if (c->broken) {
		c->busy = true;
		tlsio_failed(&c->io, "out of memory");
		end(c, TLSCONN_FAILED);
		leave(c);
		return;
	}
	c->busy = true;
	if (c->state == ST_START)
		open_up(c);
	else
		read_in(c);
	leave(c);
}

/* ---- For the owner ---------------------------------------------------- */

/* A plain one, until it has a context; takes fd once all has begun. */
static struct tlsconn *
start(struct event_base *base, int fd, size_t max_input,
    const struct tlsconn_cb *cb, void *arg)
{
	struct tlsconn *c;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return (NULL);
	c->io.fd = fd;
	if ((c->in = evbuffer_new()) == NULL ||
	    (c->out = evbuffer_new()) == NULL) {
		destroy(c);
		return (NULL);
	}
	c->cb = *cb;
	c->arg = arg;
	c->max_input = max_input;
	c->peer = TLSCONN_NOCERT;
	event_assign(&c->rd, base, fd, EV_READ | EV_PERSIST, on_read, c);
	event_assign(&c->wr, base, fd, EV_WRITE | EV_PERSIST, on_write, c);
	/* Not wr: who stops to wait for the socket has still to flush. */
	event_assign(&c->flush, base, -1, 0, on_write, c);
	event_assign(&c->later, base, -1, 0, on_later, c);
	handshake_init(&c->handshake, NULL, on_step, c);
	c->state = ST_START;
	return (c);
}

static void
no_delay(const struct tlsconn *c)
{
	int one = 1;

	(void)setsockopt(c->io.fd, IPPROTO_TCP, TCP_NODELAY, &one,
	    sizeof(one));
}

struct tlsconn *
tlsconn_accept(struct event_base *base, struct tlsctx *ctx, int fd,
    size_t max_input, const struct tlsconn_cb *cb, void *arg)
{
	struct tlsconn *c;

	if ((c = start(base, fd, max_input, cb, arg)) == NULL) {
		errno = ENOMEM;
		return (NULL);
	}
	no_delay(c);
	if (ctx != NULL) {
		c->state = ST_HANDSHAKE;
		c->ctx = tlsctx_ref(ctx);
		c->io.verifier = tlsctx_tls(ctx);
	} else
		run_later(c);
	c->want_in = true;
	rearm(c);
	return (c);
}

void
tlsconn_set_source(struct tlsconn *c, struct handshake_source *source)
{
	c->handshake.source = source;
}

bool
tlsconn_waits(const struct tlsconn *c)
{
	return (c->handshake.waits);
}

/* As DNS has it, the name may end with a dot; in a certificate it may not. */
static char *
without_dot(const char *name)
{
	size_t len = strlen(name);

	if (len > 1 && name[len - 1] == '.')
		len--;
	return (strndup(name, len));
}

/* -1: nothing has begun. */
static int
begin_client(struct tlsconn *c, struct tlsctx *ctx, const char *name)
{
	struct tls *tls;

	if ((c->expected = without_dot(name)) == NULL ||
	    (tls = tlsctx_client_tls(ctx)) == NULL)
		return (-1);
	if (tlsio_connect(&c->io, tls, c->expected) == 0)
		return (0);
	tls_free(tls);
	return (-1);
}

struct tlsconn *
tlsconn_connect(struct event_base *base, struct tlsctx *ctx, int fd,
    const char *name, size_t max_input, const struct tlsconn_cb *cb, void *arg)
{
	struct tlsconn *c;

	if (tlsctx_tls(ctx) != NULL || name[0] == '\0') {
		errno = EINVAL;
		return (NULL);
	}
	if ((c = start(base, fd, max_input, cb, arg)) == NULL ||
	    begin_client(c, ctx, name) == -1) {
		if (c != NULL)
			destroy(c);
		errno = ENOMEM;
		return (NULL);
	}
	no_delay(c);
	c->state = ST_HANDSHAKE;
	c->ctx = tlsctx_ref(ctx);
	c->io.verifier = c->io.tls;
	c->io.client = true;
	/* The hello is a step of a handshake too, and waits for its turn. */
	c->want_out = true;
	rearm(c);
	return (c);
}

void
tlsconn_set_cb(struct tlsconn *c, const struct tlsconn_cb *cb, void *arg)
{
	c->cb = *cb;
	c->arg = arg;
}

void
tlsconn_user_timeout(struct tlsconn *c, uint32_t ms)
{
#ifdef TCP_USER_TIMEOUT
	unsigned int value = ms;

	(void)setsockopt(c->io.fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &value,
	    sizeof(value));
#else
	(void)c;
	(void)ms;
#endif
}

void
tlsconn_free(struct tlsconn *c)
{
	if (c == NULL)
		return;
	remove_events(c);
	c->state = ST_ENDED;
	tlsio_clear(&c->io);
	tlsctx_unref(c->ctx);
	c->ctx = NULL;
	close(c->io.fd);
	c->io.fd = -1;
	c->freed = true;
	if (!c->busy)
		destroy(c);
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
	/* A blocked one goes on when the socket takes more. */
	if (c->state == ST_OPEN && !c->blocked && !c->write_wants_in)
		event_active(&c->flush, EV_WRITE, 0);
}

void
tlsconn_pause(struct tlsconn *c)
{
	c->paused = true;
	rearm(c);
}

void
tlsconn_resume(struct tlsconn *c)
{
	c->paused = false;
	if (c->more && can_read(c))
		run_later(c);
	rearm(c);
}

void
tlsconn_close(struct tlsconn *c, size_t max_discard)
{
	if (c->state == ST_SENDING || c->state == ST_NOTIFY ||
	    c->state == ST_DISCARD)
		return;
	c->max_discard = max_discard;
	handshake_leave(&c->handshake);
	/* Where there is no session, there is nothing to say farewell to. */
	if (c->state == ST_HANDSHAKE || c->state == ST_ENDED) {
		evbuffer_drain(c->out, evbuffer_get_length(c->out));
		c->retry = 0;
		c->blocked = c->write_wants_in = false;
		tlsio_clear(&c->io);
	}
	c->state = ST_SENDING;
	if (!c->blocked && !c->write_wants_in)
		event_active(&c->flush, EV_WRITE, 0);
	rearm(c);
}

const char *
tlsconn_error(const struct tlsconn *c)
{
	return (c->io.error);
}

const char *
tlsconn_cause(const struct tlsconn *c)
{
	return (c->io.cause != NULL ? c->io.cause : "other");
}

const char *
tlsconn_version(const struct tlsconn *c)
{
	return (c->io.tls != NULL ? tls_conn_version(c->io.tls) : NULL);
}
