/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include "common/clock.h"
#include "common/statusserver_local.h"

#define HEADER_MAX	8192
#define READ_SIZE	4096
/* Of what comes after a request. */
#define DISCARD_MAX	65536
/* Bytes written in one turn of the loop. */
#define WRITE_TURN	(256 * 1024)
#define TEXT_PLAIN	"text/plain; charset=utf-8"
#define METHODS		"GET, HEAD"

/* ---- Answering -------------------------------------------------------- */

static void
arm(struct statusconn *c, uint32_t ms)
{
	struct timeval	 tv = clock_in_ms(ms);

	event_add(c->timer, &tv);
}

/* The peer has to have read it before the socket is closed. */
static void
linger(struct statusconn *c)
{
	c->state = STATUS_LINGERING;
	if (shutdown(c->fd, SHUT_WR) == -1 ||
	    event_add(c->read, NULL) == -1)
		statusconn_free(c);
}

static void
send_more(struct statusconn *c)
{
	struct evbuffer_iovec	 piece;
	size_t			 sent = 0;
	ssize_t			 n;

	while (sent < WRITE_TURN &&
	    evbuffer_peek(c->out, -1, NULL, &piece, 1) > 0) {
		n = send(c->fd, piece.iov_base, piece.iov_len, MSG_NOSIGNAL);
		if (n == -1) {
			if (errno == EINTR)
				continue;
			if (errno == EAGAIN)
				break;
			statusconn_free(c);
			return;
		}
		evbuffer_drain(c->out, (size_t)n);
		sent += (size_t)n;
	}
	if (evbuffer_get_length(c->out) > 0)
		event_add(c->write, NULL);
	else
		linger(c);
}

static void
on_write(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	send_more(arg);
}

void
statusconn_answer(struct statusconn *c, int status, const char *type,
    struct evbuffer *text)
{
	struct http_response	 r;

	memset(&r, 0, sizeof(r));
	r.status = status;
	r.content_type = type;
	r.close = true;
	r.head = c->head;
	r.retry_after = status == 503 ? 1 : 0;
	r.allow = status == 405 ? METHODS : NULL;
	statusserver_count(c->server, c->path, status);
	/* Without memory it gets an empty one. */
	if (text == NULL ||
	    http_respond(c->out, &r, evbuffer_get_length(text)) == -1 ||
	    (!c->head && evbuffer_add_buffer_reference(c->out, text) == -1))
		evbuffer_drain(c->out, evbuffer_get_length(c->out));
	c->state = STATUS_ANSWERING;
	arm(c, c->server->limits->timeout);
	/* From the loop: the caller has not done with it. */
	event_active(c->write, EV_WRITE, 0);
}

void
statusconn_say(struct statusconn *c, int status, const char *line)
{
	struct evbuffer	*text = evbuffer_new();

	if (text != NULL)
		evbuffer_add_printf(text, "%s\n", line);
	statusconn_answer(c, status, TEXT_PLAIN, text);
	if (text != NULL)
		evbuffer_free(text);
}

/* ---- Requests --------------------------------------------------------- */

static enum status_path
find_path(const char *path)
{
	if (strcmp(path, "/metrics") == 0)
		return (STATUS_METRICS);
	if (strcmp(path, "/healthz") == 0)
		return (STATUS_HEALTH);
	if (strcmp(path, "/readyz") == 0)
		return (STATUS_READY);
	return (STATUS_OTHER);
}

/* The header section is there: a body is not wanted, and not waited for. */
static void
on_request(struct statusconn *c)
{
	enum http_method	 method = http_method(c->http);

	/* What comes after it has to wait. */
	event_del(c->read);
	c->head = method == HTTP_HEAD;
	c->path = find_path(http_path(c->http));
	if (c->path == STATUS_OTHER) {
		statusconn_say(c, 404,
		    "there are /metrics, /healthz and /readyz");
		return;
	}
	if (method != HTTP_GET && method != HTTP_HEAD) {
		statusconn_say(c, 405, "GET and HEAD alone");
		return;
	}
	if (c->path == STATUS_HEALTH) {
		statusconn_say(c, 200, "alive");
		return;
	}
	c->state = STATUS_WAITING;
	arm(c, STATUS_WAIT);
	statusserver_ask(c->server);
}

static void
take_request(struct statusconn *c)
{
	while (c->state == STATUS_READING) {
		switch (http_parse(c->http, c->in)) {
		case HTTP_MORE:
			return;
		case HTTP_HEADER:
			on_request(c);
			break;
		case HTTP_BODY:
			break;
		case HTTP_BAD:
			event_del(c->read);
			statusconn_say(c, http_status(c->http),
			    http_reason(c->http));
			return;
		}
	}
}

static void
on_read(int fd, short what, void *arg)
{
	struct statusconn	*c = arg;
	char			 buf[READ_SIZE];
	ssize_t			 n;

	(void)what;
	n = recv(fd, buf, sizeof(buf), 0);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || (c->state == STATUS_LINGERING &&
	    (c->discarded += (size_t)n) > DISCARD_MAX) ||
	    (c->state == STATUS_READING &&
	    evbuffer_add(c->in, buf, (size_t)n) == -1))
		statusconn_free(c);
	else
		take_request(c);
}

/* ---- The connection --------------------------------------------------- */

static void
on_timer(int fd, short what, void *arg)
{
	struct statusconn	*c = arg;

	(void)fd;
	(void)what;
	if (c->state == STATUS_WAITING) {
		statusconn_say(c, 503, "no answer of the parent");
		return;
	}
	c->server->timeouts++;
	statusconn_free(c);
}

void
statusconn_free(struct statusconn *c)
{
	statusserver_forget(c->server, c);
	if (c->read != NULL)
		event_free(c->read);
	if (c->write != NULL)
		event_free(c->write);
	if (c->timer != NULL)
		event_free(c->timer);
	if (c->in != NULL)
		evbuffer_free(c->in);
	if (c->out != NULL)
		evbuffer_free(c->out);
	http_free(c->http);
	if (c->fd != -1)
		close(c->fd);
	free(c);
}

int
statusconn_new(struct statusserver *s, int fd)
{
	static const struct http_limits	 limits = { HEADER_MAX, 0 };
	struct statusconn		*c;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return (-1);
	c->server = s;
	c->path = STATUS_OTHER;
	c->fd = -1;
	TAILQ_INSERT_TAIL(&s->conns, c, entry);
	s->nconns++;
	c->in = evbuffer_new();
	c->out = evbuffer_new();
	c->http = http_new(&limits);
	c->read = event_new(s->base, fd, EV_READ | EV_PERSIST, on_read, c);
	c->write = event_new(s->base, fd, EV_WRITE, on_write, c);
	c->timer = evtimer_new(s->base, on_timer, c);
	if (c->in == NULL || c->out == NULL || c->http == NULL ||
	    c->read == NULL || c->write == NULL || c->timer == NULL ||
	    event_add(c->read, NULL) == -1) {
		statusconn_free(c);
		return (-1);
	}
	c->fd = fd;
	arm(c, s->limits->timeout);
	return (0);
}
