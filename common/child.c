/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>

#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/event.h>

#include "common/child.h"
#include "common/heap.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/ping.h"
#include "common/privdrop.h"
#include "common/proc.h"
#include "common/sandbox.h"

/* How often, and how many times, it is looked whether the parent reads. */
#define FINISH_PAUSE	2	/* ms */
#define FINISH_LOOKS	500

static struct proc_args		 args;
static struct event_base	*base;
static struct imsgbuf		 early;		/* until there is parent */
static struct imsgev		*parent;
static const struct imsgev_cb	*callbacks;	/* for its messages */
static bool			(*spins)(void *);	/* or NULL */
static void			*spins_arg;

struct event_base *
child_init(const char *name, int argc, char **argv)
{
	log_init(name);
	proc_parse_args(&args, argc, argv);
	log_set_level(args.level);
	/* Standard error is nobody's: what fails here is told like the rest. */
	if (imsgbuf_init(&early, PROC_PARENT_FD) == -1)
		fatal("the channel to the parent");
	log_to_parent(&early, NULL);
	proc_child_init();
	if (heap_begin() == -1 || (base = loop_new()) == NULL)
		fatal("event loop");
	heap_init(base);
	return (base);
}

static void
wake(void)
{
	imsgev_flush(parent);
}

static void
on_message(struct imsgev *iev, struct imsg *imsg, void *arg)
{
	if (imsg_get_type(imsg) != CHILD_PING) {
		callbacks->message(iev, imsg, arg);
		return;
	}
	if (ping_answer(&iev->ibuf, imsg) == -1)
		fatalx("bad ping message");
	imsgev_flush(iev);
}

void
child_parent(struct imsgev *iev, uint32_t maxsize,
    const struct imsgev_cb *cb, void *arg)
{
	static struct imsgev_cb	 own;

	callbacks = cb;
	own = *cb;
	own.message = on_message;
	if (imsgev_init(iev, base, PROC_PARENT_FD, maxsize, &own, arg) == -1)
		fatal("the channel to the parent");
	(void)imsgbuf_write(&early);
	imsgbuf_clear(&early);
	parent = iev;
	imsgbuf_allow_fdpass(&iev->ibuf);
	log_to_parent(&iev->ibuf, wake);
}

void
child_orphaned(struct imsgev *iev, const char *why, void *arg)
{
	(void)arg;
	if (why == NULL)
		_exit(0);
	/* It may be there still, and able to hear of it. */
	log_error("the channel to the parent: %s", why);
	(void)imsgbuf_write(&iev->ibuf);
	_exit(1);
}

/* What is queued for the parent goes first, as far as it fits. */
static _Noreturn void
leave(int status)
{
	log_noise_sum();
	if (!parent->dead)
		(void)imsgbuf_write(&parent->ibuf);
	_exit(status);
}

/* All of them where it always sleeps, else one. */
static int
turn(void)
{
	if (spins == NULL)
		return (event_base_dispatch(base));
	if (!spins(spins_arg))
		return (event_base_loop(base, EVLOOP_ONCE));
	/* Whoever is to make what is waited for may need this processor. */
	(void)sched_yield();
	return (event_base_loop(base, EVLOOP_NONBLOCK));
}

void
child_run(const struct sandbox *sandbox)
{
	int	 r;

	privdrop_child(&args.user);
	sandbox_start(sandbox);
	while ((r = turn()) == 0)
		continue;
	if (r == -1)
		fatalx("event loop");
	leave(1);
}

void
child_spin(bool (*busy)(void *arg), void *arg)
{
	/* The loop that always sleeps is to be left. */
	if (busy != NULL && spins == NULL)
		event_base_loopbreak(base);
	spins = busy;
	spins_arg = arg;
}

static bool
all_told(void)
{
	log_noise_sum();
	imsgev_write(parent);
	return (parent->dead || parent->deaf ||
	    imsgbuf_queuelen(&parent->ibuf) == 0);
}

static void
on_finish(int fd, short what, void *arg)
{
	static unsigned int	 looks;

	(void)fd;
	(void)what;
	(void)arg;
	if (all_told() || ++looks == FINISH_LOOKS)
		_exit(0);
}

void
child_finish(void)
{
	static struct event	*finish;
	struct timeval		 tv = { 0, FINISH_PAUSE * 1000 };

	if (all_told())
		_exit(0);
	if (finish != NULL)
		return;
	/* The parent has more to write than it can at once. */
	finish = event_new(base, -1, EV_PERSIST, on_finish, NULL);
	if (finish == NULL || event_add(finish, &tv) == -1)
		leave(0);
}

static void
on_lost_timer(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	leave(1);
}

void
child_lost(const char *who, const char *why)
{
	struct timeval	 tv = { 1, 0 };

	log_error("the channel to %s: %s", who, why);
	if (event_base_once(base, -1, EV_TIMEOUT, on_lost_timer, NULL,
	    &tv) == -1)
		leave(1);
}
