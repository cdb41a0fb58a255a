/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>
#include <string.h>

#include <event2/event.h>

#include "common/clock.h"
#include "common/control.h"
#include "common/log.h"
#include "common/reload.h"

/* Between reloads, times what the last one took. */
#define RELOAD_PAUSE	4

/* ---- Requests --------------------------------------------------------- */

/*
 * Others than root leave pauses in between, four times as long as the last one
 * took.  It may begin and end within this.
 */
static void
begin_reload(struct control *ctl, bool root)
{
	uint64_t	 now = clock_us();
	struct timeval	 tv;

	if (root || now >= ctl->next_reload) {
		ctl->cb->reload(ctl->arg);
		return;
	}
	tv = clock_in_ms((uint32_t)((ctl->next_reload - now) / 1000 + 1));
	event_add(ctl->again, &tv);
}

void
control_again(int fd, short what, void *arg)
{
	struct control		*ctl = arg;
	struct control_conn	*c;

	(void)fd;
	(void)what;
	TAILQ_FOREACH(c, &ctl->conns, entry)
		if (c->state == CONTROL_WAITS) {
			ctl->cb->reload(ctl->arg);
			return;
		}
}

int
control_take_reload(struct control_conn *c, struct imsg *imsg)
{
	if (ctlmsg_get_empty(imsg) == -1)
		return (-1);
	control_record(c, "reload", NULL);
	c->nfaults = 0;
	c->note[0] = '\0';
	c->state = CONTROL_WAITS;
	control_arm(c, CONTROL_NOTE);
	begin_reload(c->control, c->uid == 0);
	return (0);
}

/* ---- What is waited for ----------------------------------------------- */

void
control_note(struct control_conn *c)
{
	const struct control	*ctl = c->control;
	char			 names[RELOAD_NAMES];
	char			 text[sizeof(c->note)];
	bool			 busy;

	busy = reload_waits(ctl->reload, names, sizeof(names));
	if (c->state == CONTROL_RELOADS)
		snprintf(text, sizeof(text), "the reload has begun: waiting "
		    "for %s", names);
	else if (event_pending(ctl->again, EV_TIMEOUT, NULL))
		snprintf(text, sizeof(text), "waiting: the last reload was "
		    "just now");
	else
		snprintf(text, sizeof(text), "another reload is first%s%s",
		    busy ? ": waiting for " : "", names);
	control_arm(c, CONTROL_NOTE);
	if (strcmp(text, c->note) == 0)
		return;
	memcpy(c->note, text, sizeof(text));
	if (ctlmsg_send_note(&c->ibuf, text) == -1)
		log_errno("cannot answer on the control socket");
}

/* ---- Of a reload ------------------------------------------------------ */

static void
began(void *arg)
{
	struct control		*ctl = arg;
	struct control_conn	*c;

	ctl->reload_began = clock_us();
	TAILQ_FOREACH(c, &ctl->conns, entry)
		if (c->state == CONTROL_WAITS)
			c->state = CONTROL_RELOADS;
}

static void
fault(const char *line, void *arg)
{
	struct control		*ctl = arg;
	struct control_conn	*c;

	TAILQ_FOREACH(c, &ctl->conns, entry) {
		if (c->state != CONTROL_RELOADS ||
		    c->nfaults++ >= CONTROL_FAULTS)
			continue;
		if (ctlmsg_send_fault(&c->ibuf, line) == -1)
			log_errno("cannot answer on the control socket");
	}
}

static void
ended(bool good, void *arg)
{
	struct control		*ctl = arg;
	unsigned int		 generation = ctl->reload->generation;
	struct control_conn	*c;
	char			 text[128];
	uint64_t		 now = clock_us();

	ctl->generation = generation;
	if (good)
		ctl->loaded = now;
	ctl->next_reload = now + RELOAD_PAUSE * (now - ctl->reload_began);
	TAILQ_FOREACH(c, &ctl->conns, entry) {
		if (c->state != CONTROL_RELOADS)
			continue;
		if (c->nfaults > CONTROL_FAULTS)
			snprintf(text, sizeof(text), "%u more in the log",
			    c->nfaults - CONTROL_FAULTS);
		else
			snprintf(text, sizeof(text), "generation %u",
			    generation);
		control_end(c, good ? CTL_GOOD : CTL_BAD, text);
	}
	control_go_on(ctl);
}

/* The daemon has no turn left in which this could be sent. */
static void
late(const char *children, void *arg)
{
	struct control		*ctl = arg;
	struct control_conn	*c;
	char			 text[256];

	snprintf(text, sizeof(text), "not reloaded: no answer from %s: the "
	    "daemon ends", children);
	TAILQ_FOREACH(c, &ctl->conns, entry) {
		if (c->state != CONTROL_WAITS && c->state != CONTROL_RELOADS)
			continue;
		control_end(c, CTL_FAILED, text);
		(void)imsgbuf_write(&c->ibuf);
	}
}

void
control_watch(struct control *ctl, struct reload *reload)
{
	const struct reload_watch	 watch = {
		began, fault, ended, late, ctl
	};

	ctl->reload = reload;
	reload->watch = watch;
}
