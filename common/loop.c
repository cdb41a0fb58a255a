/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <event2/event.h>

#include "common/log.h"
#include "common/loop.h"

static void
on_log(int severity, const char *text)
{
	struct log_record	 r;
	enum log_level		 level = LOG_LVL_DEBUG;

	if (severity == EVENT_LOG_ERR)
		level = LOG_LVL_ERROR;
	else if (severity == EVENT_LOG_WARN)
		level = LOG_LVL_WARN;
	/* Shortages are many in a row. */
	if (!log_start_noise(&r, level, "libevent"))
		return;
	log_str(&r, "text", text);
	log_end(&r);
}

/* What was left out is told of within a second, whether more comes or not. */
static struct event	*noise;

static void
on_noise(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	log_noise_sum();
}

static void
wake(void)
{
	static const struct timeval	 tv = { 1, 0 };

	event_add(noise, &tv);
}

static void
on_fatal(int error)
{
	fatalx("event loop: libevent gives up (%d)", error);
}

struct event_base *
loop_new(void)
{
	struct event_config	*config;
	struct event_base	*made = NULL;

	event_set_log_callback(on_log);
	event_set_fatal_callback(on_fatal);
	if ((config = event_config_new()) == NULL)
		return (NULL);
	/* It would take these instead, and be killed in the sandbox. */
	if (event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == 0 &&
	    event_config_set_flag(config, EVENT_BASE_FLAG_IGNORE_ENV) == 0 &&
	    event_config_avoid_method(config, "poll") == 0 &&
	    event_config_avoid_method(config, "select") == 0)
		made = event_base_new_with_config(config);
	event_config_free(config);
	if (made != NULL && (noise = evtimer_new(made, on_noise,
	    NULL)) != NULL)
		log_on_noise(wake);
	return (made);
}
