/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/statusserver_local.h"

#define TEXT_PLAIN	"text/plain; charset=utf-8"

static const char *const paths[STATUS_PATHS] = {
	"/metrics", "/healthz", "/readyz", "other"
};
/* Those that there can be; another would be counted as the last. */
static const int codes[] = {
	200, 400, 404, 405, 413, 414, 417, 431, 503, 505, 500
};
#define NCODES	(sizeof(codes) / sizeof(codes[0]))
_Static_assert(NCODES <= STATUS_CODES, "room for each status");

/* ---- Accepting -------------------------------------------------------- */

/* Rather one of whom nothing is to be expected. */
static void
evict(struct statusserver *s)
{
	struct statusconn	*c, *oldest = TAILQ_FIRST(&s->conns);

	TAILQ_FOREACH(c, &s->conns, entry)
		if (c->state == STATUS_READING ||
		    c->state == STATUS_LINGERING)
			break;
	if (c == NULL)
		c = oldest;
	s->refused++;
	statusconn_free(c);
}

static void
pause_accepting(struct statusserver *s, uint32_t ms)
{
	struct timeval		 tv = clock_in_ms(ms);
	struct status_listener	*l;

	if (event_add(s->resume, &tv) == -1)
		return;
	SLIST_FOREACH(l, &s->listeners, entry)
		event_del(l->ev);
}

static void
resume(struct statusserver *s)
{
	struct status_listener	*l;

	SLIST_FOREACH(l, &s->listeners, entry)
		if (l->accepting)
			event_add(l->ev, NULL);
}

static void
on_resume(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	resume(arg);
}

/* Whether one more may be taken in this second. */
static bool
within_rate(struct statusserver *s)
{
	uint64_t	 now = clock_us(), second = now / 1000000;

	if (second != s->second) {
		s->second = second;
		s->accepted = 0;
	}
	if (s->accepted < STATUS_RATE)
		return (true);
	pause_accepting(s, 1000 - (uint32_t)(now / 1000 % 1000));
	return (false);
}

static void
take(struct statusserver *s, int fd)
{
	s->accepted++;
	if (s->nconns >= s->limits->max_connections)
		evict(s);
	if (statusconn_new(s, fd) == -1) {
		s->refused++;
		close(fd);
	}
}

static void
on_accept(int lfd, short what, void *arg)
{
	struct status_listener	*l = arg;
	int			 fd, i;

	(void)what;
	for (i = 0; i < STATUS_ACCEPTS && within_rate(l->server); i++) {
		fd = accept4(lfd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd != -1) {
			take(l->server, fd);
			continue;
		}
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		if (errno != EAGAIN) {
			log_errno("cannot accept connections for metrics");
			pause_accepting(l->server, 1000);
		}
		return;
	}
}

/* ---- Sockets ---------------------------------------------------------- */

/* It is in no list any more. */
static void
listener_free(struct status_listener *l)
{
	event_free(l->ev);
	close(l->fd);
	free(l);
}

static struct status_listener *
listener_new(struct statusserver *s, int fd)
{
	struct status_listener	*l;

	if ((l = calloc(1, sizeof(*l))) == NULL)
		return (NULL);
	l->server = s;
	l->fd = fd;
	l->ev = event_new(s->base, fd, EV_READ | EV_PERSIST, on_accept, l);
	if (l->ev == NULL) {
		free(l);
		return (NULL);
	}
	SLIST_INSERT_HEAD(&s->listeners, l, entry);
	return (l);
}

int
statusserver_prepare(struct statusserver *s, uint32_t id, int fd)
{
	struct status_listener	*l;

	if (fd == -1) {
		SLIST_FOREACH(l, &s->listeners, entry)
			if (l->id == id && l->accepting)
				break;
		if (l == NULL) {
			errno = EINVAL;
			return (-1);
		}
	} else if ((l = listener_new(s, fd)) == NULL) {
		errno = ENOMEM;
		return (-1);
	}
	l->id = id;
	l->prepared = true;
	return (0);
}

/* Those that are prepared stay after a commit, those that accept without. */
static void
sift(struct statusserver *s, bool commit)
{
	struct status_listeners	 all = s->listeners;
	struct status_listener	*l;

	SLIST_INIT(&s->listeners);
	while ((l = SLIST_FIRST(&all)) != NULL) {
		SLIST_REMOVE_HEAD(&all, entry);
		if (!(commit ? l->prepared : l->accepting)) {
			listener_free(l);
			continue;
		}
		l->accepting = true;
		l->prepared = false;
		SLIST_INSERT_HEAD(&s->listeners, l, entry);
	}
}

void
statusserver_commit(struct statusserver *s)
{
	sift(s, true);
	event_del(s->resume);
	resume(s);
}

void
statusserver_discard(struct statusserver *s)
{
	sift(s, false);
}

/* ---- What the parent is asked ----------------------------------------- */

static bool
is_wanted(const struct statusserver *s)
{
	const struct statusconn	*c;

	TAILQ_FOREACH(c, &s->conns, entry)
		if (c->state == STATUS_WAITING)
			return (true);
	return (false);
}

static void
ask_parent(struct statusserver *s)
{
	struct statusconn	*c;

	if (s->asking || !is_wanted(s))
		return;
	s->round++;
	TAILQ_FOREACH(c, &s->conns, entry)
		if (c->state == STATUS_WAITING)
			c->round = s->round;
	metrics_set_clear(&s->set);
	s->asking = true;
	s->asked = clock_us();
	s->failed = false;
	if (metrics_send(&s->config.parent->ibuf, METRICS_WANT,
	    s->round) == -1) {
		/* Who waits is told so when it has waited long enough. */
		log_errno("cannot ask the parent for metrics");
		s->asking = false;
		return;
	}
	imsgev_flush(s->config.parent);
}

static void
on_ask(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	ask_parent(arg);
}

void
statusserver_ask(struct statusserver *s)
{
	uint64_t	 now = clock_us();
	struct timeval	 tv;

	/* An answer for which the parent's memory was short does not come. */
	if (s->asking && now - s->asked > 2 * STATUS_WAIT * 1000)
		s->asking = false;
	if (s->asking || evtimer_pending(s->ask, NULL))
		return;
	tv = clock_in_ms(now < s->earliest ?
	    (uint32_t)((s->earliest - now) / 1000) + 1 : 0);
	event_add(s->ask, &tv);
}

/* ---- What it says ----------------------------------------------------- */

static void
answer_all(struct statusserver *s, enum status_path path, int status,
    const char *type, struct evbuffer *text)
{
	struct statusconn	*c, *next;

	for (c = TAILQ_FIRST(&s->conns); c != NULL; c = next) {
		next = TAILQ_NEXT(c, entry);
		if (c->state != STATUS_WAITING || c->path != path ||
		    c->round != s->round)
			continue;
		if (text != NULL)
			statusconn_answer(c, status, type, text);
		else
			statusconn_say(c, 503, "out of memory");
	}
}

static bool
is_asked(const struct statusserver *s, enum status_path path)
{
	const struct statusconn	*c;

	TAILQ_FOREACH(c, &s->conns, entry)
		if (c->state == STATUS_WAITING && c->path == path &&
		    c->round == s->round)
			return (true);
	return (false);
}

static void
answer_metrics(struct statusserver *s)
{
	struct evbuffer	*text = NULL;

	if (!s->failed && (text = evbuffer_new()) != NULL &&
	    metrics_render(text, &s->set) == -1) {
		evbuffer_free(text);
		text = NULL;
	}
	answer_all(s, STATUS_METRICS, 200, METRICS_CONTENT_TYPE, text);
	if (text != NULL)
		evbuffer_free(text);
}

static void
answer_ready(struct statusserver *s)
{
	struct evbuffer	*text = NULL;
	bool		 ready = false;

	if (!s->failed && (text = evbuffer_new()) != NULL)
		ready = s->config.ready(&s->set, text);
	answer_all(s, STATUS_READY, ready ? 200 : 503, TEXT_PLAIN, text);
	if (text != NULL)
		evbuffer_free(text);
}

static void
answer(struct statusserver *s)
{
	uint64_t	 begun = clock_us(), pause;

	s->asking = false;
	metrics_set_sort(&s->set);
	if (is_asked(s, STATUS_METRICS))
		answer_metrics(s);
	if (is_asked(s, STATUS_READY))
		answer_ready(s);
	metrics_set_clear(&s->set);
	pause = STATUS_RATIO * (clock_us() - begun);
	s->earliest = clock_us() + (pause < STATUS_PAUSE ? pause :
	    STATUS_PAUSE);
	/* Those who came meanwhile. */
	if (is_wanted(s))
		statusserver_ask(s);
}

int
statusserver_message(struct statusserver *s, struct imsg *imsg)
{
	struct ibuf	 b;
	uint32_t	 id;

	if (imsg_get_type(imsg) == METRICS_SAMPLE) {
		if (metrics_get_samples(imsg, &id, &b) == -1)
			return (-1);
		if (!s->asking || id != s->round)
			return (0);
		if (!s->failed && metrics_set_add(&s->set, ibuf_data(&b),
		    ibuf_size(&b)) == -1) {
			log_error("metrics cannot be kept: %zu samples",
			    s->set.n);
			s->failed = true;
		}
		return (0);
	}
	if (metrics_get(imsg, &id) == -1)
		return (-1);
	if (s->asking && id == s->round)
		answer(s);
	return (0);
}

/* ---- The server ------------------------------------------------------- */

void
statusserver_forget(struct statusserver *s, struct statusconn *c)
{
	TAILQ_REMOVE(&s->conns, c, entry);
	s->nconns--;
}

void
statusserver_count(struct statusserver *s, enum status_path path, int status)
{
	size_t	 i = 0;

	while (i < NCODES - 1 && codes[i] != status)
		i++;
	s->requests[path][i]++;
}

void
statusserver_say(const struct statusserver *s, struct metrics_out *out)
{
	size_t	 path, i;
	char	 code[8];

	for (path = 0; path < STATUS_PATHS; path++)
		for (i = 0; i < NCODES; i++) {
			if (s->requests[path][i] == 0)
				continue;
			snprintf(code, sizeof(code), "%d", codes[i]);
			metrics_u64(out, s->config.requests,
			    s->requests[path][i], paths[path], code);
		}
	metrics_u64(out, s->config.connections, s->nconns);
	metrics_u64(out, s->config.refused, s->refused);
	metrics_u64(out, s->config.timeouts, s->timeouts);
}

void
statusserver_stop(struct statusserver *s)
{
	struct status_listener	*l;
	struct statusconn	*c;

	event_del(s->resume);
	event_del(s->ask);
	while ((l = SLIST_FIRST(&s->listeners)) != NULL) {
		SLIST_REMOVE_HEAD(&s->listeners, entry);
		listener_free(l);
	}
	while ((c = TAILQ_FIRST(&s->conns)) != NULL)
		statusconn_free(c);
}

struct statusserver *
statusserver_new(struct event_base *base,
    const struct statusserver_limits *limits,
    const struct statusserver_config *config)
{
	struct statusserver	*s;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return (NULL);
	s->base = base;
	s->limits = limits;
	s->config = *config;
	SLIST_INIT(&s->listeners);
	TAILQ_INIT(&s->conns);
	s->resume = evtimer_new(base, on_resume, s);
	s->ask = evtimer_new(base, on_ask, s);
	if (s->resume == NULL || s->ask == NULL) {
		if (s->resume != NULL)
			event_free(s->resume);
		if (s->ask != NULL)
			event_free(s->ask);
		free(s);
		return (NULL);
	}
	return (s);
}
