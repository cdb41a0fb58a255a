/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "common/imsgev.h"

/* Until a peer that cannot be listened to is asked again. */
#define RETRY_US	10000

static void
die(struct imsgev *iev, const char *why)
{
	if (iev->dead)
		return;
	iev->dead = true;
	event_del(iev->read);
	event_del(iev->write);
	event_del(iev->flush);
	if (iev->later != NULL)
		event_del(iev->later);
	iev->cb->closed(iev, why, iev->arg);
}

/* The peer has gone; what it said before can still be read. */
static bool
is_gone(int error)
{
	return (error == EPIPE || error == ECONNRESET);
}

/* What is there, or a part of it; false where there was nothing. */
static bool
take(struct imsgev *iev)
{
	struct imsg	 imsg;
	ssize_t		 n = 0;

	switch (imsgbuf_read(&iev->ibuf)) {
	case 0:
		die(iev, NULL);
		return (false);
	case -1:
		if (errno != EAGAIN)
			die(iev, is_gone(errno) ? NULL : strerror(errno));
		return (false);
	}
	while (!iev->dead && (n = imsg_get(&iev->ibuf, &imsg)) > 0) {
		iev->cb->message(iev, &imsg, iev->arg);
		imsg_free(&imsg);
	}
	if (iev->dead)
		return (false);
	if (n == -1)
		die(iev, strerror(errno));
	else if (iev->cb->batch != NULL)
		iev->cb->batch(iev, iev->arg);
	return (!iev->dead);
}

static void
on_read(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)take(arg);
}

static void
on_later(int fd, short what, void *arg)
{
	struct imsgev	*iev = arg;

	(void)fd;
	(void)what;
	iev->resting = false;
	(void)take(iev);
	/* Where it cannot be listened to, it is asked again. */
	if (!iev->dead && !iev->resting && event_add(iev->read, NULL) == -1)
		imsgev_rest(iev, RETRY_US);
}

void
imsgev_rest(struct imsgev *iev, uint32_t us)
{
	struct timeval	 tv;

	tv.tv_sec = (time_t)(us / 1000000);
	tv.tv_usec = (suseconds_t)(us % 1000000);
	if (iev->later == NULL)
		iev->later = evtimer_new(event_get_base(iev->read), on_later,
		    iev);
	if (iev->later == NULL || event_add(iev->later, &tv) == -1)
		return;
	event_del(iev->read);
	iev->resting = true;
}

void
imsgev_drain(struct imsgev *iev)
{
	while (!iev->dead && take(iev))
		continue;
}

void
imsgev_write(struct imsgev *iev)
{
	if (iev->dead || iev->deaf || imsgbuf_queuelen(&iev->ibuf) == 0)
		return;
	if (imsgbuf_write(&iev->ibuf) == -1 && errno != EAGAIN) {
		/* Its end is to be found by reading, after its last words. */
		if (is_gone(errno))
			iev->deaf = true;
		else
			die(iev, strerror(errno));
		return;
	}
	if (imsgbuf_queuelen(&iev->ibuf) > 0)
		event_add(iev->write, NULL);
}

static void
on_write(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	imsgev_write(arg);
}

int
imsgev_init(struct imsgev *iev, struct event_base *base, int fd,
    uint32_t maxsize, const struct imsgev_cb *cb, void *arg)
{
	memset(iev, 0, sizeof(*iev));
	if (imsgbuf_init(&iev->ibuf, fd) == -1)
		return (-1);
	iev->cb = cb;
	iev->arg = arg;
	iev->read = event_new(base, fd, EV_READ | EV_PERSIST, on_read, iev);
	iev->write = event_new(base, fd, EV_WRITE, on_write, iev);
	iev->flush = event_new(base, -1, 0, on_write, iev);
	if (iev->read == NULL || iev->write == NULL || iev->flush == NULL ||
	    imsgbuf_set_maxsize(&iev->ibuf, maxsize) == -1 ||
	    event_add(iev->read, NULL) == -1) {
		if (iev->read != NULL)
			event_free(iev->read);
		if (iev->write != NULL)
			event_free(iev->write);
		if (iev->flush != NULL)
			event_free(iev->flush);
		imsgbuf_clear(&iev->ibuf);
		errno = ENOMEM;
		return (-1);
	}
	return (0);
}

void
imsgev_flush(struct imsgev *iev)
{
	if (!iev->dead)
		event_active(iev->flush, EV_TIMEOUT, 0);
}

void
imsgev_clear(struct imsgev *iev)
{
	iev->dead = true;
	event_free(iev->read);
	event_free(iev->write);
	event_free(iev->flush);
	if (iev->later != NULL)
		event_free(iev->later);
	imsgbuf_clear(&iev->ibuf);
	close(iev->ibuf.fd);
}
