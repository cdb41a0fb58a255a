/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>

#include <errno.h>
#include <poll.h>
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

/* The parent has gone, or has told us to go by closing its end. */
static _Noreturn void
leave(void)
{
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
		leave();
	case -1:
		if (errno == EAGAIN)
			return;
		/* It may have left without reading all that was said. */
		if (errno == ECONNRESET)
			leave();
		fatal("messages of the parent");
	}
	while ((n = imsg_get(&k->parent, &imsg)) > 0) {
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
		leave();
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

static void
channel_write(struct channel *c)
{
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
	return (imsgbuf_queuelen(&c->ibuf) >= KEYD_MAXANSWERS ||
	    c->unread >= KEYD_MAXUNREAD);
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
	channel_write(c);
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

/* Fills pfd[0] for the parent and pfd[1 + i] for the channels. */
static int
prepare_poll(struct keyd *k, struct pollfd *pfd)
{
	struct channel	*c;
	size_t		 i;
	int		 timeout = blind_timeout(&k->blind, clock_us());

	pfd[0].fd = k->parent.fd;
	pfd[0].events = POLLIN;
	if (imsgbuf_queuelen(&k->parent) > 0)
		pfd[0].events |= POLLOUT;
	for (i = 0; i < k->nchannels; i++) {
		c = &k->channels[i];
		memset(&pfd[1 + i], 0, sizeof(pfd[1 + i]));
		/* Not looked at: else a hang-up would be seen for ever. */
		pfd[1 + i].fd = -1;
		if (!c->open)
			continue;
		if (imsgbuf_queuelen(&c->ibuf) > 0)
			pfd[1 + i].events |= POLLOUT;
		if (k->now != NULL && !channel_full(c)) {
			if (c->pending)
				timeout = 0;
			else
				pfd[1 + i].events |= POLLIN;
		}
		if (pfd[1 + i].events != 0)
			pfd[1 + i].fd = c->ibuf.fd;
	}
	return (timeout);
}

static void
serve_channels(struct keyd *k, const struct pollfd *pfd)
{
	struct channel	*c;
	size_t		 i;

	for (i = 0; i < k->nchannels; i++) {
		c = &k->channels[i];
		if (c->open && pfd[1 + i].revents & POLLOUT)
			channel_write(c);
		if (c->open && !channel_full(c) &&
		    pfd[1 + i].revents & (POLLIN | POLLHUP | POLLERR))
			channel_read(c);
		if (c->open && c->pending && !channel_full(c))
			channel_serve(k, c);
	}
}

/* After the answers have gone; those who still wait come first. */
static void
blind_anew(struct keyd *k)
{
	bool	 waiting = false;
	size_t	 i;

	for (i = 0; i < k->nchannels; i++)
		waiting |= k->channels[i].pending;
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
	struct pollfd	 pfd[1 + KEYD_MAXCHANNELS];
	size_t		 before;
	int		 timeout;

	for (;;) {
		timeout = prepare_poll(k, pfd);
		before = k->nchannels;
		if (poll(pfd, 1 + before, timeout) == -1) {
			/* poll(2) may be short of memory of its own. */
			if (errno == EINTR || errno == EAGAIN)
				continue;
			fatal("poll");
		}
		if (pfd[0].revents & (POLLIN | POLLHUP | POLLERR))
			parent_read(k);
		/* A channel that came just now has not been polled. */
		if (before == k->nchannels)
			serve_channels(k, pfd);
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
