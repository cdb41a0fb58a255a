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
/* Us, where something else is being reloaded. */
#define RETRY_US	20000

/* ---- Requests --------------------------------------------------------- */

/*
 * Others than root leave pauses in between, four times as long as the last one
 * took.  Us until it can be its turn; 0: it is.
 */
static uint64_t
pause_left(const struct control_conn *c)
{
	uint64_t	 now = clock_us(), next = c->control->next_reload;

	return (c->uid == 0 || now >= next ? 0 : next - now);
}

/*
 * It may begin and end within this.  One that was asked for is told by began()
 * when it does; a trial has to ask again.
 */
static void
go_on(struct control *ctl)
{
	struct control_conn	*c;
	struct timeval		 tv;
	uint64_t		 us, wait = UINT64_MAX;

	TAILQ_FOREACH(c, &ctl->conns, entry) {
		if (c->state != CONTROL_WAITS)
			continue;
		if ((us = pause_left(c)) == 0) {
			if (!c->trial)
				ctl->cb->reload(ctl->arg);
			else if (!ctl->cb->try(ctl->arg))
				us = RETRY_US;
		}
		if (us > 0 && us < wait)
			wait = us;
	}
	if (wait == UINT64_MAX)
		return;
	tv = clock_in_ms((uint32_t)(wait / 1000 + 1));
	event_add(ctl->again, &tv);
}

void
control_again(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	go_on(arg);
}

int
control_take_reload(struct control_conn *c, struct imsg *imsg)
{
	if (ctlmsg_get_empty(imsg) == -1)
		return (-1);
	c->trial = imsg_get_type(imsg) == CTL_TRY;
	control_record(c, c->trial ? "reload -n" : "reload", NULL);
	c->nfaults = 0;
	c->note[0] = '\0';
	c->state = CONTROL_WAITS;
	control_arm(c, CONTROL_NOTE);
	go_on(c->control);
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
	else if (pause_left(c) > 0)
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
		if (c->state == CONTROL_WAITS &&
		    c->trial == ctl->reload->trial)
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
	if (good && !ctl->reload->trial)
		ctl->loaded = now;
	ctl->next_reload = now + RELOAD_PAUSE * (now - ctl->reload_began);
	TAILQ_FOREACH(c, &ctl->conns, entry) {
		if (c->state != CONTROL_RELOADS)
			continue;
		if (c->nfaults > CONTROL_FAULTS)
			snprintf(text, sizeof(text), "%u more%s",
			    c->nfaults - CONTROL_FAULTS,
			    c->trial ? "" : " in the log");
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
