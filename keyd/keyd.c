/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/privdrop.h"
#include "common/proc.h"
#include "common/sandbox.h"
#include "common/secret.h"
#include "keyd/keyd.h"

static struct keyd	 keyd;

/* What poll(2) looks at. */
#define PFD_PARENT	0
#define PFD_AUDIT	1
#define PFD_FIRST	2	/* and on: the channels */

/* The parent has gone, or has told us to go: by its word, or its silence. */
static _Noreturn void
leave(bool told)
{
	trail_stop(&keyd.trail, told);
	if (told)
		(void)imsgbuf_write(&keyd.parent);
	setup_clear(&keyd);
	sign_exit();
	secret_exit();
	exit(0);
}

static void
parent_read(struct keyd *k)
{
	struct imsg	 imsg;
	ssize_t		 n;

	switch (imsgbuf_read(&k->parent)) {
	case 0:
		leave(false);
	case -1:
		if (errno == EAGAIN)
			return;
		/* It may have left without reading all that was said. */
		if (errno == ECONNRESET)
			leave(false);
		fatal("messages of the parent");
	}
	while ((n = imsg_get(&k->parent, &imsg)) > 0) {
		if (imsg_get_type(&imsg) == AUDIT_STOP)
			leave(true);
		setup_message(k, &imsg);
		imsg_free(&imsg);
	}
	if (n == -1)
		fatal("messages of the parent");
}

static void
parent_write(struct keyd *k)
{
	if (imsgbuf_write(&k->parent) == 0 || errno == EAGAIN)
		return;
	if (errno == EPIPE || errno == ECONNRESET)
		leave(false);
	fatal("messages for the parent");
}

/*
 * Nothing that an asker does reaches further than its own channel.  why:
 * NULL for an end in order.
 */
static void
channel_close(struct channel *c, const char *why)
{
	if (why == NULL)
		log_debug("a %s has closed its channel", serve_asker(c));
	else
		log_warn("channel of a %s closed: %s", serve_asker(c), why);
	imsgbuf_clear(&c->ibuf);
	close(c->ibuf.fd);
	c->open = false;
	c->pending = false;
}

/* What was done is on record before anybody hears of it. */
static void
channel_write(struct keyd *k, struct channel *c)
{
	if (!trail_sent(&k->trail))
		return;
	if (imsgbuf_queuelen(&c->ibuf) > 0 &&
	    imsgbuf_write(&c->ibuf) == -1 && errno != EAGAIN) {
		channel_close(c, strerror(errno));
		return;
	}
	if (imsgbuf_queuelen(&c->ibuf) == 0)
		c->unread = 0;
}

/* Of one that does not read its answers no more is taken. */
static int
channel_full(struct channel *c)
{
	return (imsgbuf_queuelen(&c->ibuf) + c->held >= KEYD_MAXANSWERS ||
	    c->unread + c->heldbytes >= KEYD_MAXUNREAD);
}

/* Nor of anybody while records wait to leave. */
static bool
channel_ready(struct keyd *k, struct channel *c)
{
	return (c->open && trail_sent(&k->trail) && !channel_full(c));
}

static void
channel_serve(struct keyd *k, struct channel *c)
{
	struct imsg	 imsg;
	ssize_t		 n = 0;
	int		 i;

	c->pending = false;
	for (i = 0; i < KEYD_TURN && !channel_full(c); i++) {
		if ((n = imsg_get(&c->ibuf, &imsg)) <= 0)
			break;
		k->served++;
		if (serve_message(k, c, &imsg) == -1) {
			imsg_free(&imsg);
			channel_close(c, "an answer cannot be queued");
			return;
		}
		imsg_free(&imsg);
	}
	if (n == -1) {
		channel_close(c, "a malformed message");
		return;
	}
	c->pending = n > 0;
	c->turns++;
	c->full_turns += c->pending;
	trail_flush(&k->trail);
	channel_write(k, c);
}

static void
channel_read(struct channel *c)
{
	switch (imsgbuf_read(&c->ibuf)) {
	case 0:
		channel_close(c, NULL);
		break;
	case -1:
		if (errno != EAGAIN)
			channel_close(c, strerror(errno));
		break;
	default:
		c->pending = true;
	}
}

static void
poll_for(struct pollfd *pfd, struct imsgbuf *ibuf)
{
	pfd->fd = ibuf->fd;
	pfd->events = POLLIN;
	if (imsgbuf_queuelen(ibuf) > 0)
		pfd->events |= POLLOUT;
}

/* Fills PFD_PARENT, PFD_AUDIT and, for the channels, those from PFD_FIRST. */
static int
prepare_poll(struct keyd *k, struct pollfd *pfd)
{
	struct channel	*c;
	struct pollfd	*p;
	uint64_t	 now = clock_us();
	size_t		 i;
	int		 timeout;

	timeout = trail_timeout(&k->trail, now, blind_timeout(&k->blind, now));
	memset(pfd, 0, PFD_FIRST * sizeof(*pfd));
	poll_for(&pfd[PFD_PARENT], &k->parent);
	pfd[PFD_AUDIT].fd = -1;
	if (k->trail.on && k->trail.lost == 0)
		poll_for(&pfd[PFD_AUDIT], &k->trail.ibuf);
	for (i = 0; i < k->nchannels; i++) {
		c = &k->channels[i];
		p = &pfd[PFD_FIRST + i];
		memset(p, 0, sizeof(*p));
		/* Not looked at: else a hang-up would be seen for ever. */
		p->fd = -1;
		if (!c->open)
			continue;
		if (imsgbuf_queuelen(&c->ibuf) > 0 && trail_sent(&k->trail))
			p->events |= POLLOUT;
		if (k->now != NULL && channel_ready(k, c)) {
			if (c->pending)
				timeout = 0;
			else
				p->events |= POLLIN;
		}
		if (p->events != 0)
			p->fd = c->ibuf.fd;
	}
	return (now < k->spin_until ? 0 : timeout);
}

/* Answers that have waited for their records leave. */
static void
serve_trail(struct keyd *k, const struct pollfd *pfd)
{
	struct channel	*c;
	size_t		 i;

	if (pfd->fd == -1)
		return;
	if (pfd->revents & POLLOUT)
		trail_flush(&k->trail);
	if (k->trail.lost != 0 ||
	    (pfd->revents & (POLLIN | POLLHUP | POLLERR)) == 0)
		return;
	trail_read(k);
	for (i = 0; i < k->nchannels; i++) {
		c = &k->channels[i];
		if (c->open && c->broken)
			channel_close(c, "an answer cannot be queued");
		else if (c->open)
			channel_write(k, c);
	}
}

static void
serve_channels(struct keyd *k, const struct pollfd *pfd)
{
	struct channel	*c;
	size_t		 i;

	for (i = 0; i < k->nchannels; i++) {
		c = &k->channels[i];
		if (c->open && pfd[PFD_FIRST + i].revents & POLLOUT)
			channel_write(k, c);
		if (channel_ready(k, c) &&
		    pfd[PFD_FIRST + i].revents & (POLLIN | POLLHUP | POLLERR))
			channel_read(c);
		if (c->pending && channel_ready(k, c))
			channel_serve(k, c);
	}
}

/*
 * Who had an answer may ask again before this process would have slept and
 * been woken: but where many ask there is always another.
 */
static void
spin(struct keyd *k)
{
	if (k->served > KEYD_FEW)
		k->spin_until = 0;
	else if (k->served > 0 && k->now->spin > 0)
		k->spin_until = clock_us() + k->now->spin;
	k->served = 0;
}

/* After the answers have gone; those who can be served come first. */
static void
blind_anew(struct keyd *k)
{
	struct channel	*c;
	bool		 waiting = false;
	size_t		 i;

	for (i = 0; i < k->nchannels; i++) {
		c = &k->channels[i];
		waiting |= c->pending && channel_ready(k, c);
	}
	if (!blind_due(&k->blind, clock_us(), waiting))
		return;
	if (sign_randomize() == -1)
		log_errno("cannot blind the signing context anew");
	else
		log_debug("signing context blinded anew after %u signatures",
		    k->blind.signatures);
	k->blind.signatures = 0;
}

static _Noreturn void
serve(struct keyd *k)
{
	struct pollfd	 pfd[PFD_FIRST + KEYD_MAXCHANNELS];
	size_t		 before;
	int		 timeout;

	for (;;) {
		timeout = prepare_poll(k, pfd);
		before = k->nchannels;
		if (poll(pfd, PFD_FIRST + before, timeout) == -1) {
			/* poll(2) may be short of memory of its own. */
			if (errno == EINTR || errno == EAGAIN)
				continue;
			fatal("poll");
		}
		/* Whoever is to ask next may need this processor. */
		if (timeout == 0 && k->spin_until != 0)
			(void)sched_yield();
		if (pfd[PFD_PARENT].revents & (POLLIN | POLLHUP | POLLERR))
			parent_read(k);
		serve_trail(k, &pfd[PFD_AUDIT]);
		/* A channel that came just now has not been polled. */
		if (before == k->nchannels)
			serve_channels(k, pfd);
		trail_flush(&k->trail);
		trail_tick(&k->trail, clock_us());
		spin(k);
		blind_anew(k);
		if (imsgbuf_queuelen(&k->parent) > 0)
			parent_write(k);
	}
}

int
main(int argc, char *argv[])
{
	struct proc_args	 args;

	log_init("keyd");
	proc_parse_args(&args, argc, argv);
	log_set_level(args.level);
	if (imsgbuf_init(&keyd.parent, PROC_PARENT_FD) == -1 ||
	    imsgbuf_set_maxsize(&keyd.parent, KEYD_CONFIGSIZE) == -1)
		fatal("imsgbuf_init");
	imsgbuf_allow_fdpass(&keyd.parent);
	log_to_parent(&keyd.parent, NULL);
	trail_init(&keyd.trail);
	proc_child_init();
	if (secret_init(KEYD_SECRETS) == -1)
		fatal("no secret memory: raise the limit of locked memory");
	if (sign_init() == -1)
		fatal("libsecp256k1");
	privdrop_child(&args.user);
	sandbox_start(&sandbox_keyd);
	log_debug("keys are kept in %s memory", secret_kind());
	serve(&keyd);
}
