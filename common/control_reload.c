/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>

#include "common/clock.h"
#include "common/control.h"
#include "common/log.h"
#include "common/reload.h"

/* Between reloads, times what the last one took. */
#define RELOAD_PAUSE	4

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

void
control_watch(struct control *ctl, struct reload *reload)
{
	const struct reload_watch	 watch = { began, fault, ended, ctl };

	ctl->reload = reload;
	reload->watch = watch;
}
