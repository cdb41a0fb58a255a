/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <event2/event.h>

#include "common/children.h"
#include "common/notify.h"
#include "common/ping.h"
#include "common/watchdog.h"

#define ROUNDS		4	/* within the manager's deadline */

#define FOREACH(c, set)							\
	for ((c) = (set)->child; (c) < (set)->child + (set)->nchildren; (c)++)

static void
log_child_is(enum log_level level, const char *msg, const struct child *c)
{
	struct log_record	 r;

	if (!log_start(&r, level, msg))
		return;
	log_str(&r, "child", c->name);
	log_num(&r, "pid", (uint64_t)c->proc.pid);
	log_end(&r);
}

static bool
all_have_answered(const struct children *set)
{
	const struct child	*c;

	FOREACH(c, set)
		if (c->pinged)
			return (false);
	return (true);
}

static void
ask_all(struct children *set)
{
	struct child	*c;

	set->ping++;
	FOREACH(c, set) {
		if (!c->started)
			continue;
		c->pinged = true;
		if (c->iev.dead)
			continue;
		if (ping_send(&c->iev.ibuf, CHILD_PING, set->ping) == -1)
			log_errno("cannot ask the %s", c->name);
		imsgev_flush(&c->iev);
	}
}

/* Who has not answered since the last time is asked no more, and named. */
static void
on_time(int fd, short what, void *arg)
{
	struct children	*set = arg;
	struct child	*c;

	(void)fd;
	(void)what;
	if (all_have_answered(set)) {
		ask_all(set);
		return;
	}
	FOREACH(c, set) {
		if (!c->pinged || c->silent)
			continue;
		c->silent = true;
		log_child_is(LOG_LVL_ERROR, "child does not answer", c);
	}
}

int
watchdog_answer(struct child *c, struct imsg *imsg)
{
	uint32_t	 number;

	if (ping_get(imsg, CHILD_PONG, &number) == -1 || !c->pinged ||
	    number != c->set->ping)
		return (-1);
	c->pinged = false;
	if (c->silent)
		log_child_is(LOG_LVL_WARN, "child answers again", c);
	c->silent = false;
	if (all_have_answered(c->set))
		notify_alive();
	return (0);
}

void
watchdog_start(struct children *set)
{
	uint64_t	 us = notify_watchdog() / ROUNDS;
	struct timeval	 tv;

	if (us == 0)
		return;
	tv.tv_sec = (time_t)(us / 1000000);
	tv.tv_usec = (suseconds_t)(us % 1000000);
	set->watchdog = event_new(set->base, -1, EV_PERSIST, on_time, set);
	if (set->watchdog == NULL || event_add(set->watchdog, &tv) == -1)
		fatal("event loop");
	ask_all(set);
}

void
watchdog_stop(struct children *set)
{
	if (set->watchdog != NULL)
		event_del(set->watchdog);
}
