/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>
#include <sys/wait.h>

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <event2/event.h>

#include "common/children.h"
#include "common/clock.h"
#include "common/gather.h"
#include "common/loop.h"
#include "common/notify.h"
#include "common/ping.h"
#include "common/watchdog.h"

/* Until children are ready; and, over their own time, until they are gone. */
#define START_SECONDS	30
#define STOP_SECONDS	3
/*
 * To be woken for each record of a child that logs thousands a second costs
 * more than to write it.  After so many batches of records in a row, each so
 * soon after the one before, it is listened to once in so many us, for as long
 * as there are so many to be found.
 */
#define PACE_BATCHES	8
#define PACE_SOON_US	1000
#define PACE_REST_US	4000
#define PACE_RECORDS	4

#define FOREACH(c, set)							\
	for ((c) = (set)->child; (c) < (set)->child + (set)->nchildren; (c)++)

static void
log_pid(enum log_level level, const char *msg, const struct child *c,
    const char *how)
{
	struct log_record	 r;

	if (!log_start(&r, level, msg))
		return;
	log_str(&r, "child", c->name);
	log_num(&r, "pid", (uint64_t)c->proc.pid);
	if (how != NULL)
		log_str(&r, "how", how);
	log_end(&r);
}

/* ---- The end ---------------------------------------------------------- */

static bool
all_gone(const struct children *set)
{
	const struct child	*c;

	FOREACH(c, set)
		if (c->running)
			return (false);
	return (true);
}

/* A child leaves when the parent's end of its socketpair is closed. */
static void
release(struct child *c)
{
	if (c->started && !c->iev.dead)
		imsgev_clear(&c->iev);
}

static void
release_all(struct children *set)
{
	struct child	*c;

	FOREACH(c, set)
		release(c);
}

static void
tell_to_finish(struct children *set, struct child *c)
{
	if (set->cb->stop(c, set->arg) == -1) {
		log_errno("cannot tell the %s to stop", c->name);
		return;
	}
	c->told = true;
	imsgev_flush(&c->iev);
}

static void
finish(struct children *set, struct child *c)
{
	if (c->word && set->ready && !set->ended && !c->iev.dead)
		tell_to_finish(set, c);
	if (!c->told)
		release(c);
}

/* Of those that are left, the first stage. */
static void
release_stage(struct children *set)
{
	struct child	*c;
	unsigned int	 stage = UINT_MAX;

	FOREACH(c, set)
		if (c->running && c->stage < stage)
			stage = c->stage;
	FOREACH(c, set)
		if (c->running && c->stage == stage && !c->told)
			finish(set, c);
}

static void
set_deadline(struct children *set, unsigned int seconds)
{
	struct timeval	 tv;

	tv.tv_sec = (time_t)seconds;
	tv.tv_usec = 0;
	event_add(set->deadline, &tv);
}

/* In order: what is in flight is answered, then the keys go. */
static void
stop(struct children *set)
{
	struct child	*c;

	if (set->stopping)
		return;
	set->stopping = true;
	watchdog_stop(set);
	notify_stopping();
	set_deadline(set, STOP_SECONDS + set->grace);
	if (!set->ready) {
		release_all(set);
		return;
	}
	FOREACH(c, set)
		if (c->running && !c->iev.dead && c->stage == 0)
			tell_to_finish(set, c);
	release_stage(set);
}

void
children_end(struct children *set)
{
	struct child	*c;

	set->status = 1;
	set->stopping = true;
	watchdog_stop(set);
	set->ready = true;
	FOREACH(c, set) {
		if (!c->running)
			continue;
		if (c->outlives && c->started && !set->ended)
			release(c);
		else
			kill(c->proc.pid, SIGKILL);
	}
	set->ended = true;
	if (all_gone(set))
		event_base_loopbreak(set->base);
	else
		set_deadline(set, STOP_SECONDS);
}

static void
on_deadline(int fd, short what, void *arg)
{
	struct children	*set = arg;
	struct child	*c;

	(void)fd;
	(void)what;
	FOREACH(c, set) {
		if (!c->running)
			continue;
		if (set->stopping)
			log_pid(LOG_LVL_ERROR, "child does not stop: killed",
			    c, NULL);
		else if (c->iev.dead)
			log_pid(LOG_LVL_ERROR, "child does not speak any "
			    "more: killed", c, NULL);
		else if (!c->answered)
			log_pid(LOG_LVL_ERROR, "child is not ready: killed",
			    c, NULL);
	}
	children_end(set);
}

/* What was suppressed is told of, whether more comes or not. */
static void
on_sums(int fd, short what, void *arg)
{
	struct children	*set = arg;
	struct child	*c;

	(void)fd;
	(void)what;
	FOREACH(c, set)
		log_child_end(c->name, &c->rate);
}

/* ---- Signals ---------------------------------------------------------- */

static void
child_gone(struct child *c, int status)
{
	struct children	*set = c->set;
	char		 how[64];

	c->running = false;
	/* The loop may not turn again, or not soon enough. */
	if (c->started && (set->stopping || c->iev.resting))
		imsgev_drain(&c->iev);
	log_child_end(c->name, &c->rate);
	proc_status(status, how, sizeof(how));
	if (!set->stopping) {
		/* What it had still to say comes before the word of its end. */
		log_pid(LOG_LVL_ERROR, "child died", c, how);
		children_end(set);
		return;
	}
	if (status != 0 && set->status == 0) {
		log_pid(LOG_LVL_ERROR, "child died", c, how);
		set->status = 1;
	}
	release_stage(set);
	if (all_gone(set))
		event_base_loopbreak(set->base);
}

static void
reap(struct children *set)
{
	struct child	*c;
	int		 status;
	pid_t		 pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		FOREACH(c, set)
			if (c->running && c->proc.pid == pid)
				child_gone(c, status);
	}
}

static void
on_signal(int sig, short what, void *arg)
{
	struct children	*set = arg;

	(void)what;
	switch (sig) {
	case SIGCHLD:
		reap(set);
		break;
	case SIGUSR1:
	case SIGUSR2:
		log_info("%s: nothing to do", strsignal(sig));
		break;
	case SIGHUP:
		if (set->cb->reload != NULL)
			set->cb->reload(set->arg);
		else
			log_warn("SIGHUP: to take up a changed "
			    "configuration, restart %s", set->daemon);
		break;
	default:
		log_info("stopping: %s", strsignal(sig));
		stop(set);
		if (all_gone(set))
			event_base_loopbreak(set->base);
		break;
	}
}

static int
catch_signals(struct children *set)
{
	static const int	 caught[] = {
		SIGCHLD, SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2
	};
	size_t			 i;

	signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < sizeof(caught) / sizeof(caught[0]); i++) {
		set->signals[i] = evsignal_new(set->base, caught[i],
		    on_signal, set);
		if (set->signals[i] == NULL ||
		    event_add(set->signals[i], NULL) == -1)
			return (-1);
	}
	return (0);
}

void
children_init(struct children *set)
{
	set->since = clock_us();
	if ((set->base = loop_new()) == NULL ||
	    (set->deadline = evtimer_new(set->base, on_deadline,
	    set)) == NULL || (set->sums = evtimer_new(set->base, on_sums,
	    set)) == NULL || catch_signals(set) == -1)
		fatal("event loop");
	if (!set->check)
		notify_open();
}

/* ---- Children --------------------------------------------------------- */

static void
now_ready(struct children *set)
{
	set->ready = true;
	event_del(set->deadline);
	if (set->failed) {
		children_end(set);
		return;
	}
	if (set->check) {
		/* Nothing is served: there is nothing to finish. */
		set->stopping = true;
		release_all(set);
		set_deadline(set, STOP_SECONDS);
		return;
	}
	set->cb->ready(set->arg);
	log_info("ready");
	notify_ready("ready");
	watchdog_start(set);
}

/* And speak still: who has fallen silent has a deadline to die. */
static bool
all_answered(const struct children *set)
{
	const struct child	*c;

	FOREACH(c, set)
		if (c->started && (!c->answered || c->iev.dead))
			return (false);
	return (true);
}

/* Those that every daemon has; all others are its own. */
static int
take_message(struct child *c, struct imsg *imsg)
{
	struct children	*set = c->set;

	switch (imsg_get_type(imsg)) {
	case CHILD_PONG:
		return (watchdog_answer(c, imsg));
	case METRICS_SAMPLE:
	case METRICS_END:
	case METRICS_WANT:
		return (set->gather == NULL ? -1 :
		    gather_message(set->gather, c, imsg));
	}
	return (set->cb->message(c, imsg, set->arg));
}

static void
on_message(struct imsgev *iev, struct imsg *imsg, void *arg)
{
	static const struct timeval	 tv = { 1, 0 };
	struct child			*c = arg;
	struct children			*set = c->set;

	(void)iev;
	if (imsg_get_type(imsg) == LOG_MSG) {
		/* More of them may follow: until something else does. */
		log_hold();
		c->pace.records++;
		log_child(imsg, c->name, &c->rate);
		if (c->rate.suppressed > 0 &&
		    !event_pending(set->sums, EV_TIMEOUT, NULL))
			event_add(set->sums, &tv);
		return;
	}
	log_release();
	c->pace.more = true;
	if (set->stopping)
		return;
	if (take_message(c, imsg) == -1) {
		log_error("a message of %s that was not expected", c->name);
		children_end(set);
		return;
	}
	if (!set->ready && all_answered(set))
		now_ready(set);
}

static void
on_batch(struct imsgev *iev, void *arg)
{
	struct child		*c = arg;
	struct child_pace	*p = &c->pace;
	uint64_t		 now = clock_us();

	log_release();
	if (p->more || (p->often >= PACE_BATCHES ?
	    p->records < PACE_RECORDS : now - p->last > PACE_SOON_US))
		p->often = 0;
	else if (p->often < PACE_BATCHES)
		p->often++;
	p->last = now;
	p->records = 0;
	p->more = false;
	if (p->often == PACE_BATCHES && !c->set->stopping)
		imsgev_rest(iev, PACE_REST_US);
}

/* Its death is reported when it is waited for; but it may live. */
static void
on_closed(struct imsgev *iev, const char *why, void *arg)
{
	struct child	*c = arg;

	(void)iev;
	log_release();
	if (c->set->stopping)
		return;
	if (why != NULL) {
		log_error("messages of %s: %s", c->name, why);
		children_end(c->set);
	} else
		set_deadline(c->set, STOP_SECONDS);
}

int
children_start(struct children *set, struct child *c, const char *name,
    unsigned int stage, const struct proc_user *user, uint32_t maxsize)
{
	static const struct imsgev_cb	 cb = {
		on_message, on_batch, on_closed
	};

	c->set = set;
	c->name = c->program = name;
	if (c->number > 0) {
		snprintf(c->numbered, sizeof(c->numbered), "%s%u", name,
		    c->number);
		c->name = c->numbered;
	}
	c->stage = stage;
	if (proc_start_as(&c->proc, set->libexec, name, c->name, user,
	    log_get_level()) == -1) {
		log_error("cannot start %s/%s: %s%s", set->libexec, name,
		    strerror(errno), errno == ENOENT ?
		    ": option -x names another directory" : "");
		children_end(set);
		return (-1);
	}
	c->running = true;
	c->since = clock_us();
	if (imsgev_init(&c->iev, set->base, c->proc.fd, maxsize, &cb,
	    c) == -1) {
		log_errno("imsgev_init");
		children_end(set);
		return (-1);
	}
	c->started = true;
	imsgbuf_allow_fdpass(&c->iev.ibuf);
	if (!set->check)
		log_pid(LOG_LVL_INFO, "started", c, NULL);
	return (0);
}

void
child_answered(struct child *c)
{
	c->answered = true;
}

void
children_failed(struct children *set)
{
	set->failed = true;
}

int
children_run(struct children *set)
{
	set_deadline(set, START_SECONDS);
	if (event_base_dispatch(set->base) == -1)
		fatalx("event loop");
	log_noise_sum();
	if (!set->check && set->status == 0)
		log_info("stopped");
	return (set->status);
}
