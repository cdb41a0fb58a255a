/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "signerd/dialer.h"

/* Of answers: a link process that does not read them loses some. */
#define QUEUE_MAX	256

static void
complain(const char *what, uint32_t number)
{
	struct log_record	 r;

	if (!log_start_noise(&r, LOG_LVL_ERROR, "refused to dial"))
		return;
	log_str(&r, "reason", what);
	log_num(&r, "number", number);
	log_end(&r);
}

static bool
has_room(struct dialer *d)
{
	if (!d->linked)
		return (false);
	if (imsgbuf_queuelen(&d->link.ibuf) < QUEUE_MAX)
		return (true);
	complain("answers are not read", QUEUE_MAX);
	return (false);
}

static void
answer_failed(struct dialer *d, uint32_t index, uint32_t cookie,
    const char *text)
{
	struct dial_result	 result;

	if (!has_room(d))
		return;
	memset(&result, 0, sizeof(result));
	result.index = index;
	result.cookie = cookie;
	snprintf(result.text, sizeof(result.text), "%s", text);
	if (dialmsg_send_failed(&d->link.ibuf, &result) == -1)
		log_errno("cannot answer the link process");
	imsgev_flush(&d->link);
}

static void
log_end_of(const struct endpoint *e, const char *what, const char *key,
    const char *value)
{
	struct log_record	 r;

	if (!log_start_noise(&r, LOG_LVL_DEBUG, what))
		return;
	log_str(&r, "host", e->config.host);
	log_num(&r, "port", e->config.port);
	log_str(&r, key, value);
	log_num(&r, "us", clock_us() - e->begun);
	log_end(&r);
}

void
dialer_failed(struct endpoint *e, const char *text)
{
	e->failures++;
	log_end_of(e, "not connected", "reason", text);
	answer_failed(e->dialer, e->config.index, e->cookie, text);
}

void
dialer_connected(struct endpoint *e, int fd, const struct dial_address *to)
{
	struct dialer		*d = e->dialer;
	struct dial_result	 result;

	memset(&result, 0, sizeof(result));
	result.index = e->config.index;
	result.cookie = e->cookie;
	dial_address_text(to, result.peer);
	log_end_of(e, "connected", "peer", result.peer);
	if (!has_room(d)) {
		close(fd);
		return;
	}
	if (dialmsg_send_connected(&d->link.ibuf, &result, fd) == -1) {
		log_errno("cannot answer the link process");
		close(fd);
	}
	imsgev_flush(&d->link);
}

static void
take_request(struct dialer *d, struct imsg *imsg)
{
	struct dial_request	 request;
	struct endpoint		*e;

	if (dialmsg_get_request(imsg, &request) == -1) {
		complain("malformed request", imsg_get_type(imsg));
		return;
	}
	if (!d->endpoints[request.index].used) {
		complain("no such endpoint", request.index);
		if (imsg_get_type(imsg) == DIAL_CONNECT)
			answer_failed(d, request.index, request.cookie,
			    "no such endpoint");
		return;
	}
	e = &d->endpoints[request.index];
	if (imsg_get_type(imsg) == DIAL_CANCEL) {
		if (e->cookie == request.cookie)
			attempt_cancel(e);
	} else if (e->state != ATTEMPT_NONE) {
		complain("an attempt is under way", request.index);
		answer_failed(d, request.index, request.cookie,
		    "an attempt is under way");
	} else
		attempt_begin(e, request.cookie);
}

static void
on_message(struct imsgev *iev, struct imsg *imsg, void *arg)
{
	(void)iev;
	switch (imsg_get_type(imsg)) {
	case DIAL_CONNECT:
	case DIAL_CANCEL:
		take_request(arg, imsg);
		break;
	default:
		complain("unknown message", imsg_get_type(imsg));
	}
}

/* The parent says when this is the end. */
static void
on_closed(struct imsgev *iev, const char *why, void *arg)
{
	struct dialer	*d = arg;
	uint32_t	 i;

	if (why != NULL)
		log_error("the channel to the link process: %s", why);
	for (i = 0; i < DIAL_MAXENDPOINTS; i++)
		attempt_cancel(&d->endpoints[i]);
	imsgev_clear(iev);
	d->linked = false;
}

int
dialer_link_start(struct dialer *d, int fd)
{
	static const struct imsgev_cb	 cb = { on_message, NULL, on_closed };

	if (imsgev_init(&d->link, d->base, fd, DIAL_MSGSIZE, &cb, d) == -1)
		return (-1);
	imsgbuf_allow_fdpass(&d->link.ibuf);
	d->linked = true;
	return (0);
}
