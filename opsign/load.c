/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/resource.h>
#include <sys/time.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "common/clock.h"
#include "opsign/ask.h"
#include "opsign/load.h"

#define RETRY_MS	100	/* after a connection that failed */
#define SECOND		1000000

enum phase {
	PHASE_WARMUP,
	PHASE_MEASURE,
	PHASE_DRAIN		/* what is under way is waited for */
};

struct load;

/* One connection, or its successors. */
struct lane {
	struct load	*load;
	struct conn	*conn;
	struct event	 timer;		/* for its slot, or to connect again */
	uint64_t	 id;		/* first of what is under way */
	uint64_t	 due;		/* when its time began */
	bool		 connected;	/* its handshake is through */
	bool		 met;		/* it was so once, or failed to */
	bool		 asked;
	bool		 over;
};

struct load {
	const struct load_options	*options;
	const struct endpoint		*endpoint;
	struct workload			*workload;
	struct load_result		*result;
	struct event_base		*base;
	enum phase			 phase;
	struct lane			*lanes;
	unsigned int			 left;	/* lanes that are not over */
	unsigned int			 unmet;

	struct event			 turn;		/* of the phase */
	struct event			 tick;		/* of the progress */
	struct event			 sigint;
	struct event			 sigterm;

	uint64_t			 slot;		/* the next one */
	double				 gap;		/* between two, us */
	double				 slot_part;	/* below 1 us */
	uint64_t			 began;		/* of measuring */
	double				 cpu;

	struct latency			 interval;	/* since the last tick */
	uint64_t			 tick_answered;
	uint64_t			 tick_errors;
	uint64_t			 tick_at;
};

static void	lane_connect(struct lane *);
static void	lane_next(struct lane *);
static void	measure(struct load *);

static double
cpu_seconds(void)
{
	struct rusage ru;

	if (getrusage(RUSAGE_SELF, &ru) == -1)
		return (0);
	return ((double)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) +
	    (double)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / SECOND);
}

/* ---- Lanes ------------------------------------------------------------ */

/* The warm-up begins when the last connection is there. */
static void
lane_met(struct lane *l)
{
	struct load *load = l->load;
	struct timeval tv = clock_in_ms(load->options->warmup_ms);

	if (l->met)
		return;
	l->met = true;
	if (--load->unmet > 0 || load->phase != PHASE_WARMUP)
		return;
	if (load->options->warmup_ms == 0)
		measure(load);
	else
		(void)event_add(&load->turn, &tv);
}

static void
lane_over(struct lane *l)
{
	if (l->over)
		return;
	l->over = true;
	lane_met(l);
	event_del(&l->timer);
	conn_free(l->conn);
	l->conn = NULL;
	if (--l->load->left == 0)
		event_base_loopbreak(l->load->base);
}

static void
lane_wait(struct lane *l, uint64_t us)
{
	struct timeval tv = { (time_t)(us / SECOND),
	    (suseconds_t)(us % SECOND) };

	if (event_add(&l->timer, &tv) == -1)
		lane_over(l);
}

static void
lane_ask(struct lane *l)
{
	struct workload *w = l->load->workload;

	l->id = workload_next(w);
	l->asked = true;
	conn_ask(l->conn, w->head, w->headlen, w->body, w->len);
}

/* The next time at which a request begins; those that were missed first. */
static uint64_t
take_slot(struct load *load)
{
	uint64_t slot = load->slot;

	load->slot_part += load->gap;
	load->slot += (uint64_t)load->slot_part;
	load->slot_part -= (double)(uint64_t)load->slot_part;
	return (slot);
}

/* Sets due; true where that is in the future. */
static bool
is_early(struct lane *l)
{
	uint64_t now = clock_us();

	if (l->load->options->rate == 0) {
		l->due = now;
		return (false);
	}
	l->due = take_slot(l->load);
	if (l->due <= now)
		return (false);
	lane_wait(l, l->due - now);
	return (true);
}

static void
lane_reconnect(struct lane *l)
{
	conn_free(l->conn);
	l->conn = NULL;
	l->connected = false;
	lane_connect(l);
}

/* Once its time has come. */
static void
lane_begin(struct lane *l)
{
	if (l->conn != NULL && conn_usable(l->conn)) {
		lane_ask(l);
		return;
	}
	if (l->conn != NULL && !l->load->options->reconnect &&
	    l->load->phase == PHASE_MEASURE)
		l->load->result->reconnects++;
	lane_reconnect(l);
}

static void
lane_next(struct lane *l)
{
	if (l->load->phase == PHASE_DRAIN) {
		lane_over(l);
		return;
	}
	if (l->load->options->reconnect) {
		conn_free(l->conn);
		l->conn = NULL;
	}
	if (!is_early(l))
		lane_begin(l);
}

static void
on_lane_timer(evutil_socket_t fd, short what, void *arg)
{
	struct lane *l = arg;

	(void)fd;
	(void)what;
	if (l->load->phase == PHASE_DRAIN)
		lane_over(l);
	else
		lane_begin(l);
}

/* ---- What comes back -------------------------------------------------- */

static void
count(struct load *load, const struct workload_counts *c, uint64_t us)
{
	struct load_result *r = load->result;
	int i;

	if (load->phase == PHASE_DRAIN)
		return;
	load->tick_answered += c->answered;
	if (c->answered > 0)
		latency_add(&load->interval, us);
	for (i = 0; i < FAULT_KINDS; i++)
		load->tick_errors += c->errors[i];
	if (load->phase != PHASE_MEASURE)
		return;
	r->answered += c->answered;
	r->verified += c->verified;
	if (c->answered > 0) {
		r->exchanges++;
		latency_add(&r->latency, us);
	}
	for (i = 0; i < FAULT_KINDS; i++) {
		if (c->errors[i] > 0 && r->errors[i] == 0)
			r->first[i] = c->fault[i];
		r->errors[i] += c->errors[i];
	}
}

static void
on_ready(struct conn *c, void *arg)
{
	struct lane *l = arg;
	const struct conn_times *times = conn_times(c);
	struct load_result *r = l->load->result;

	l->connected = true;
	if (l->load->phase == PHASE_MEASURE)
		r->handshakes++;
	lane_met(l);
	latency_add(&r->handshake, times->connect_us + times->handshake_us);
	if (l->load->phase == PHASE_DRAIN)
		lane_over(l);
	else if (l->due != 0)
		lane_ask(l);
	else
		lane_next(l);
}

static void
on_answer(struct conn *c, const struct response *response, void *arg)
{
	struct lane *l = arg;
	struct workload_counts counts;
	uint64_t us = clock_us() - l->due;

	(void)c;
	memset(&counts, 0, sizeof(counts));
	l->asked = false;
	workload_check(l->load->workload, response, l->id, &counts);
	count(l->load, &counts, us);
	lane_next(l);
}

static void
on_failed(struct conn *c, const struct fault *f, void *arg)
{
	struct lane *l = arg;
	struct load *load = l->load;
	struct workload_counts counts;
	uint64_t n = l->asked ? load->workload->each : 1;

	(void)c;
	lane_met(l);
	memset(&counts, 0, sizeof(counts));
	counts.errors[f->kind] = n;
	counts.fault[f->kind] = *f;
	count(load, &counts, 0);
	if (load->phase == PHASE_MEASURE)
		load->result->reconnects++;
	conn_free(l->conn);
	l->conn = NULL;
	l->asked = false;
	if (load->phase == PHASE_DRAIN) {
		lane_over(l);
		return;
	}
	/* Who does not let us in is not asked without end. */
	l->due = clock_us() + (l->connected ? 0 : RETRY_MS * 1000);
	lane_wait(l, l->connected ? 0 : RETRY_MS * 1000);
	l->connected = false;
}

static void
lane_connect(struct lane *l)
{
	static const struct conn_cb cb = { on_ready, on_answer, on_failed };

	l->conn = conn_open(l->load->base, l->load->endpoint, &cb, l);
	if (l->conn == NULL)
		lane_over(l);
}

/* ---- Time ------------------------------------------------------------- */

/* For who measures at the same time. */
static void
say(const struct load *load, const char *phase)
{
	if (load->options->phases)
		fprintf(stderr, "%s\n", phase);
}

static void
drain(struct load *load)
{
	struct load_result *r = load->result;
	unsigned int i;

	if (load->phase == PHASE_DRAIN)
		return;
	if (load->phase == PHASE_MEASURE) {
		r->seconds = (double)(clock_us() - load->began) / SECOND;
		r->cpu_seconds = cpu_seconds() - load->cpu;
		say(load, "measured");
	}
	load->phase = PHASE_DRAIN;
	event_del(&load->turn);
	for (i = 0; i < load->options->connections; i++)
		if (!load->lanes[i].asked)
			lane_over(&load->lanes[i]);
}

static void
measure(struct load *load)
{
	struct timeval tv = clock_in_ms(load->options->duration_ms);

	load->phase = PHASE_MEASURE;
	say(load, "measuring");
	/* What was late before is not measured. */
	load->slot = load->began = clock_us();
	load->cpu = cpu_seconds();
	if (event_add(&load->turn, &tv) == -1)
		drain(load);
}

static void
on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct load *load = arg;

	(void)fd;
	(void)what;
	if (load->phase == PHASE_WARMUP)
		measure(load);
	else
		drain(load);
}

/* The first signal ends the measurement in order, the second at once. */
static void
on_signal(evutil_socket_t fd, short what, void *arg)
{
	struct load *load = arg;

	(void)fd;
	(void)what;
	if (load->phase == PHASE_DRAIN)
		event_base_loopbreak(load->base);
	drain(load);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct load *load = arg;
	uint64_t now = clock_us();
	double seconds = (double)(now - load->tick_at) / SECOND;

	(void)fd;
	(void)what;
	fprintf(stderr, "\r%s %9.0f/s  p50 %.2f ms  p99 %.2f ms  "
	    "errors %llu \033[K", load->phase == PHASE_WARMUP ? "warm-up" :
	    "measuring", (double)load->tick_answered / seconds,
	    (double)latency_at(&load->interval, 500) / 1000,
	    (double)latency_at(&load->interval, 990) / 1000,
	    (unsigned long long)load->tick_errors);
	fflush(stderr);
	latency_clear(&load->interval);
	load->tick_answered = load->tick_errors = 0;
	load->tick_at = now;
}

/* ---- The whole -------------------------------------------------------- */

static void
start(struct load *load)
{
	const struct load_options *o = load->options;
	static const struct timeval second = { 1, 0 };
	struct lane *l;
	unsigned int i;

	for (i = 0; i < o->connections; i++) {
		l = &load->lanes[i];
		l->load = load;
		event_assign(&l->timer, load->base, -1, 0, on_lane_timer, l);
	}
	load->slot = load->tick_at = clock_us();
	load->gap = o->rate > 0 ? (double)SECOND / (double)o->rate : 0;
	event_assign(&load->turn, load->base, -1, 0, on_turn, load);
	event_assign(&load->tick, load->base, -1, EV_PERSIST, on_tick, load);
	evsignal_assign(&load->sigint, load->base, SIGINT, on_signal, load);
	evsignal_assign(&load->sigterm, load->base, SIGTERM, on_signal, load);
	(void)event_add(&load->sigint, NULL);
	(void)event_add(&load->sigterm, NULL);
	if (o->progress)
		(void)event_add(&load->tick, &second);
	load->left = load->unmet = o->connections;
	for (i = 0; i < o->connections; i++) {
		l = &load->lanes[i];
		/* With connections kept, connecting is not its time. */
		if (o->reconnect)
			lane_next(l);
		else
			lane_connect(l);
	}
}

static void
stop(struct load *load)
{
	unsigned int i;

	for (i = 0; i < load->options->connections; i++)
		lane_over(&load->lanes[i]);
	event_del(&load->turn);
	event_del(&load->tick);
	event_del(&load->sigint);
	event_del(&load->sigterm);
	if (load->options->progress)
		fprintf(stderr, "\r\033[K");
}

int
load_run(const struct load_options *o, const struct endpoint *e,
    struct workload *w, struct load_result *r)
{
	struct load *load;

	memset(r, 0, sizeof(*r));
	if ((load = calloc(1, sizeof(*load))) == NULL)
		return (-1);
	load->options = o;
	load->endpoint = e;
	load->workload = w;
	load->result = r;
	load->lanes = calloc(o->connections, sizeof(*load->lanes));
	load->base = ask_loop();
	if (load->lanes != NULL && load->base != NULL) {
		start(load);
		(void)event_base_dispatch(load->base);
		stop(load);
	} else
		r = NULL;
	if (load->base != NULL)
		event_base_free(load->base);
	free(load->lanes);
	free(load);
	return (r != NULL ? 0 : -1);
}
