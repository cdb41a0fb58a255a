/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/tlsexpiry.o */
/* libs: libevent */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <event2/event.h>

#include "common/log.h"
#include "common/tlsconn.h"
#include "common/tlsexpiry.h"

#define DAY	((int64_t)86400)

struct tlsctx {
	struct tlsctx_times	 times;
	struct tlsctx_told	 told;
};

static struct tlsctx	 ctx;
static struct tlsexpiry	 expiry;
static int64_t		 now;
static char		 said[512];

time_t
time(time_t *t)
{
	if (t != NULL)
		*t = (time_t)now;
	return ((time_t)now);
}

const struct tlsctx_times *
tlsctx_times(const struct tlsctx *c)
{
	return (&c->times);
}

struct tlsctx_told *
tlsctx_told(struct tlsctx *c)
{
	return (&c->told);
}

static void
note(const char *text)
{
	size_t	 len = strlen(said);

	snprintf(said + len, sizeof(said) - len, "%s ", text);
}

bool
log_start(struct log_record *r, enum log_level level, const char *msg)
{
	(void)r;
	note(level == LOG_LVL_ERROR ? "error" : "warn");
	note(strstr(msg, "expired") != NULL ? "past" : "soon");
	return (true);
}

void
log_str(struct log_record *r, const char *key, const char *value)
{
	(void)r;
	if (strcmp(key, "at") != 0)
		note(value);
}

void
log_end(struct log_record *r)
{
	(void)r;
}

void
fatal(const char *fmt, ...)
{
	(void)fmt;
	abort();
}

static void
walk(struct tlsexpiry *e, void *arg)
{
	(void)arg;
	tlsexpiry_look(e, &ctx, "link", "edge");
}

/* What is said then, and when it is looked at next, in s. */
static int64_t
at(int64_t when, const char *want)
{
	now = when;
	expiry.now = now;
	expiry.next = INT64_MAX;
	said[0] = '\0';
	walk(&expiry, NULL);
	assert_string_equal(said, want);
	return (expiry.next);
}

static int
setup(void **state)
{
	(void)state;
	memset(&ctx, 0, sizeof(ctx));
	memset(&expiry, 0, sizeof(expiry));
	return (0);
}

static void
nothing(void **state)
{
	(void)state;
	assert_int_equal(at(1000, ""), INT64_MAX);
}

static void
certificate(void **state)
{
	const int64_t	 end = 100 * DAY;

	(void)state;
	ctx.times.certificate = end;
	assert_int_equal(at(50 * DAY, ""), end - 14 * DAY);
	assert_int_equal(at(end - 14 * DAY - 1, ""), end - 14 * DAY);
	assert_int_equal(at(end - 14 * DAY, "warn soon edge certificate "),
	    end - DAY);
	at(end - DAY - 1, "");
	assert_int_equal(at(end - DAY, "warn soon edge certificate "),
	    end + 1);
	/* It is good to the end of its last second. */
	assert_int_equal(at(end, ""), end + 1);
	assert_int_equal(at(end + 1, "error past edge certificate "),
	    INT64_MAX);
	at(end + 100 * DAY, "");
}

/* What is so when it is loaded has been told then. */
static void
told_before(void **state)
{
	(void)state;
	ctx.times.certificate = 10 * DAY;
	at(5 * DAY, "");
	at(9 * DAY, "warn soon edge certificate ");
	memset(&ctx.told, 0, sizeof(ctx.told));
	at(11 * DAY, "");
	at(12 * DAY, "");
	/* Not so of authorities, unless they have expired. */
	ctx.times.certificate = 0;
	ctx.times.ca = 20 * DAY;
	memset(&ctx.told, 0, sizeof(ctx.told));
	at(12 * DAY, "warn soon edge ca ");
	memset(&ctx.told, 0, sizeof(ctx.told));
	at(21 * DAY, "");
}

/* A quarter of what it had, at most three days. */
static void
crl(void **state)
{
	const int64_t	 hour = 3600;

	(void)state;
	ctx.times.crl = 30 * DAY;
	assert_int_equal(at(2 * DAY, ""), 27 * DAY);
	assert_int_equal(at(27 * DAY, "warn soon edge crl "), 30 * DAY + 1);
	at(30 * DAY, "");
	at(30 * DAY + 1, "error past edge crl ");
	memset(&ctx.told, 0, sizeof(ctx.told));
	assert_int_equal(at(29 * DAY, ""), 30 * DAY - 6 * hour);
	at(30 * DAY - 6 * hour, "warn soon edge crl ");
	memset(&ctx.told, 0, sizeof(ctx.told));
	at(31 * DAY, "");
}

/* The timer is set to the next of them, and runs at once after a change. */
static void
timer(void **state)
{
	struct event_base	*base = event_base_new();
	struct timeval		 tv, mono;

	(void)state;
	now = 1000 * DAY;
	ctx.times.crl = now + 400;
	tlsexpiry_init(&expiry, base, walk, NULL);
	said[0] = '\0';
	tlsexpiry_changed(&expiry);
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_string_equal(said, "");
	assert_true(event_pending(expiry.timer, EV_TIMEOUT, &tv));
	event_base_gettimeofday_cached(base, &mono);
	assert_in_range(tv.tv_sec - mono.tv_sec, 298, 302);
	/* However far away it is. */
	ctx.times.crl = now + 400 * DAY;
	tlsexpiry_changed(&expiry);
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_true(event_pending(expiry.timer, EV_TIMEOUT, &tv));
	assert_in_range(tv.tv_sec - mono.tv_sec, 598, 602);
	event_free(expiry.timer);
	event_base_free(base);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test_setup(nothing, setup),
		cmocka_unit_test_setup(certificate, setup),
		cmocka_unit_test_setup(told_before, setup),
		cmocka_unit_test_setup(crl, setup),
		cmocka_unit_test_setup(timer, setup)
	};

	return (cmocka_run_group_tests_name("tlsexpiry", tests, NULL, NULL));
}
