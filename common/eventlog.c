/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <event2/event.h>

#include "common/eventlog.h"
#include "common/log.h"

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

static void
on_fatal(int error)
{
	fatalx("event loop: libevent gives up (%d)", error);
}

void
eventlog_init(void)
{
	event_set_log_callback(on_log);
	event_set_fatal_callback(on_fatal);
}
