/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>

#include <event2/event.h>

#include "common/children.h"
#include "common/faults.h"
#include "common/notify.h"
#include "common/reload.h"
#include "common/report.h"

/* From the beginning of a reload to its end. */
#define RELOAD_SECONDS	30

#define FOREACH(c, set)							\
	for ((c) = (set)->child; (c) < (set)->child + (set)->nchildren; (c)++)

/* Whose lines are being told: report_to() knows no more than a function. */
static const struct reload	*telling;

static bool
is_whole(const struct reload *r)
{
	return (r->cb == r->whole);
}

static bool
is_watched(const struct reload *r)
{
	return (is_whole(r) || r->trial);
}

static void
log_line(const char *line, bool warning)
{
	const struct reload_watch	*watch = &telling->watch;
	struct log_record		 rec;

	if (is_watched(telling) && watch->fault != NULL)
		watch->fault(line, watch->arg);
	if (telling->trial)
		return;
	if (!log_start(&rec, warning ? LOG_LVL_WARN : LOG_LVL_ERROR,
	    warning ? "reload warning" : "reload error"))
		return;
	log_str(&rec, warning ? "warning" : "error", line);
	log_end(&rec);
}

static void
end(struct reload *r, bool good)
{
	struct child	*c;

	event_del(r->deadline);
	r->phase = RELOAD_NONE;
	FOREACH(c, r->set)
		c->reload = CHILD_ASIDE;
	faults_forget();
	if (is_watched(r) && r->watch.ended != NULL)
		r->watch.ended(good, r->watch.arg);
	r->trial = false;
	if (r->again)
		event_active(r->later, EV_TIMEOUT, 0);
}

/* Nothing of it stays; good: so it was to be. */
static void
forget(struct reload *r, bool good)
{
	struct log_record	 rec;
	struct child		*c;

	FOREACH(c, r->set) {
		if (c->reload == CHILD_ASIDE)
			continue;
		if (r->cb->discard(c, r->arg) == -1)
			fatal("cannot tell the %s", c->name);
		imsgev_flush(&c->iev);
	}
	r->cb->failed(r->arg);
	if (is_whole(r)) {
		log_start(&rec, LOG_LVL_ERROR, "reload failed");
		log_num(&rec, "generation", r->generation);
		log_num(&rec, "errors", report_count());
		log_str(&rec, "error", report_first());
		log_end(&rec);
		notify_ready("configuration %u stays in force: %s",
		    r->generation, report_first());
	}
	end(r, good);
}

/* The next that has not put it in force. */
static void
commit_next(struct reload *r)
{
	struct child	*c;

	r->phase = RELOAD_COMMITTING;
	FOREACH(c, r->set) {
		if (c->reload != CHILD_PREPARED)
			continue;
		c->reload = CHILD_COMMITTING;
		if (r->cb->commit(c, r->arg) == -1)
			fatal("cannot tell the %s", c->name);
		imsgev_flush(&c->iev);
		return;
	}
	if (is_whole(r))
		r->generation++;
	r->cb->done(r->arg);
	if (is_whole(r))
		notify_ready("configuration %u in force", r->generation);
	end(r, true);
}

/* Once nobody owes an answer. */
static void
decide(struct reload *r)
{
	struct child	*c;
	bool		 good = report_count() == 0;

	FOREACH(c, r->set) {
		if (c->reload == CHILD_ASKED)
			return;
		if (c->reload == CHILD_UNABLE)
			good = false;
	}
	if (good && !r->trial)
		commit_next(r);
	else
		forget(r, good);
}

static void
start(struct reload *r, const struct reload_cb *cb)
{
	struct timeval	 tv = { RELOAD_SECONDS, 0 };
	int		 error;

	r->cb = cb;
	r->phase = RELOAD_PREPARING;
	if (is_whole(r))
		notify_reloading();
	faults_forget();
	telling = r;
	if (is_watched(r) && r->watch.began != NULL)
		r->watch.began(r->watch.arg);
	report_to(log_line);
	event_add(r->deadline, &tv);
	r->preparing = true;
	error = r->cb->prepare(r->arg);
	r->preparing = false;
	if (error == -1)
		forget(r, false);
	else
		decide(r);
}

void
reload_begin(struct reload *r)
{
	if (r->set->stopping)
		return;
	if (!r->set->ready || r->phase != RELOAD_NONE)
		r->again = true;
	else {
		r->again = false;
		start(r, r->whole);
	}
}

bool
reload_idle(const struct reload *r)
{
	return (!r->set->stopping && r->set->ready && !r->again &&
	    r->phase == RELOAD_NONE);
}

bool
reload_switches(const struct reload *r)
{
	return (is_whole(r) && r->phase == RELOAD_COMMITTING);
}

bool
reload_part(struct reload *r, const struct reload_cb *cb)
{
	if (!reload_idle(r))
		return (false);
	start(r, cb);
	return (true);
}

bool
reload_try(struct reload *r, const struct reload_cb *cb)
{
	if (!reload_idle(r))
		return (false);
	r->trial = true;
	start(r, cb);
	return (true);
}

void
reload_ready(struct reload *r)
{
	if (r->again)
		event_active(r->later, EV_TIMEOUT, 0);
}

static void
on_later(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	reload_begin(arg);
}

static bool
owes_answer(const struct child *c)
{
	return (c->reload == CHILD_ASKED || c->reload == CHILD_COMMITTING);
}

bool
reload_waits(const struct reload *r, char *text, size_t size)
{
	const struct child	*c;
	size_t			 n = 0;

	text[0] = '\0';
	FOREACH(c, r->set) {
		if (!owes_answer(c))
			continue;
		n += (size_t)snprintf(text + n, size - n, "%s%s",
		    n > 0 ? ", " : "", c->name);
		if (n >= size)
			break;
	}
	return (n > 0);
}

static void
on_deadline(int fd, short what, void *arg)
{
	struct log_record	 rec;
	struct reload		*r = arg;
	struct child		*c;
	char			 names[RELOAD_NAMES];

	(void)fd;
	(void)what;
	if (r->set->stopping)
		return;
	if (reload_waits(r, names, sizeof(names)) && r->watch.late != NULL)
		r->watch.late(names, r->watch.arg);
	FOREACH(c, r->set) {
		if (!owes_answer(c))
			continue;
		log_start(&rec, LOG_LVL_ERROR,
		    "child does not answer a reload: killed");
		log_str(&rec, "child", c->name);
		log_num(&rec, "pid", (uint64_t)c->proc.pid);
		log_end(&rec);
	}
	children_end(r->set);
}

void
reload_ask(struct reload *r, struct child *c)
{
	(void)r;
	c->reload = CHILD_ASKED;
}

bool
reload_awaits(const struct reload *r, const struct child *c)
{
	return (r->phase == RELOAD_PREPARING && c->reload == CHILD_ASKED);
}

int
reload_answered(struct reload *r, struct child *c, bool good)
{
	if (!reload_awaits(r, c))
		return (-1);
	c->reload = good ? CHILD_PREPARED : CHILD_UNABLE;
	if (!good && report_count() == 0)
		report_fault("the %s cannot take up the configuration: its "
		    "records in the log say why", c->name);
	if (!r->preparing)
		decide(r);
	return (0);
}

int
reload_committed(struct reload *r, struct child *c)
{
	if (r->phase != RELOAD_COMMITTING || c->reload != CHILD_COMMITTING)
		return (-1);
	c->reload = CHILD_COMMITTED;
	commit_next(r);
	return (0);
}

void
reload_init(struct reload *r, struct children *set,
    const struct reload_cb *cb, void *arg)
{
	r->set = set;
	r->whole = r->cb = cb;
	r->arg = arg;
	r->generation = 1;
	if ((r->deadline = evtimer_new(set->base, on_deadline, r)) == NULL ||
	    (r->later = evtimer_new(set->base, on_later, r)) == NULL)
		fatal("evtimer_new");
}
