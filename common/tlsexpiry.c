/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include <event2/event.h>

#include "common/log.h"
#include "common/tlsconn.h"
#include "common/tlsexpiry.h"

#define DAY	86400
/* The clock may be set: it is looked at so often at least, in s. */
#define MOST	600

/* How far it is with one of them. */
enum stage {
	GOOD,
	SOON,
	AT_LAST,
	PAST
};

struct subject {
	const char	*file;
	int64_t		 end;
	int64_t		 soon;		/* s before the end */
	int64_t		 last;		/* the same, or 0: not told of */
};

static int
stage_of(const struct subject *s, int64_t now)
{
	if (now > s->end)
		return (PAST);
	if (now >= s->end - s->last && s->last > 0)
		return (AT_LAST);
	return (now >= s->end - s->soon ? SOON : GOOD);
}

/* When the stage is another. */
static int64_t
next_of(const struct subject *s, int stage)
{
	switch (stage) {
	case GOOD:
		return (s->end - s->soon);
	case SOON:
		return (s->last > 0 ? s->end - s->last : s->end + 1);
	default:
		return (s->end + 1);
	}
}

static void
tell(const struct subject *s, int stage, const char *key, const char *value)
{
	struct log_record	 r;
	struct tm		 tm;
	time_t			 end = (time_t)s->end;
	char			 text[32] = "";

	if (!log_start(&r, stage == PAST ? LOG_LVL_ERROR : LOG_LVL_WARN,
	    stage == PAST ? "TLS file has expired" : "TLS file expires"))
		return;
	if (key != NULL)
		log_str(&r, key, value);
	log_str(&r, "file", s->file);
	if (gmtime_r(&end, &tm) != NULL)
		(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	log_str(&r, "at", text);
	log_end(&r);
}

static void
look_at(struct tlsexpiry *e, const struct subject *s, uint8_t *told,
    const char *key, const char *value)
{
	int	 stage = stage_of(s, e->now);

	if (stage > *told) {
		*told = (uint8_t)stage;
		tell(s, stage, key, value);
	}
	if (stage < PAST && next_of(s, stage) < e->next)
		e->next = next_of(s, stage);
}

static int64_t
least(int64_t a, int64_t b)
{
	return (a < b ? a : b);
}

void
tlsexpiry_look(struct tlsexpiry *e, struct tlsctx *ctx, const char *key,
    const char *value)
{
	const struct tlsctx_times	*times = tlsctx_times(ctx);
	struct tlsctx_told		*told = tlsctx_told(ctx);
	bool				 first = told->since == 0;
	struct subject			 s[] = {
		{ "certificate", times->certificate, TLSEXPIRY_DAYS * DAY,
		    DAY },
		{ "ca", times->ca, TLSEXPIRY_DAYS * DAY, DAY },
		{ "crl", times->crl, 0, 0 }
	};
	size_t				 i;

	if (first)
		told->since = e->now;
	s[2].soon = least(TLSEXPIRY_CRL_DAYS * DAY,
	    (times->crl - told->since) / 4);
	for (i = 0; i < sizeof(s) / sizeof(s[0]); i++) {
		if (s[i].end == 0)
			continue;
		/* What was so when it was loaded has been told. */
		if (first && (i == 0 || stage_of(&s[i], e->now) == PAST))
			told->stages[i] = (uint8_t)stage_of(&s[i], e->now);
		look_at(e, &s[i], &told->stages[i], key, value);
	}
}

static void
on_timer(int fd, short what, void *arg)
{
	struct tlsexpiry	*e = arg;
	struct timeval		 tv = { 0, 0 };

	(void)fd;
	(void)what;
	e->now = (int64_t)time(NULL);
	e->next = e->now + MOST;
	e->walk(e, e->arg);
	tv.tv_sec = (time_t)(e->next > e->now ? e->next - e->now : 1);
	event_add(e->timer, &tv);
}

void
tlsexpiry_changed(struct tlsexpiry *e)
{
	event_active(e->timer, EV_TIMEOUT, 0);
}

void
tlsexpiry_init(struct tlsexpiry *e, struct event_base *base,
    void (*walk)(struct tlsexpiry *, void *), void *arg)
{
	e->walk = walk;
	e->arg = arg;
	if ((e->timer = evtimer_new(base, on_timer, e)) == NULL)
		fatal("evtimer_new");
}
