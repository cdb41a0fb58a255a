/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include "proxyd/parse.h"

/* proxyd.conf(5) has the same table. */
static const struct conf_setting settings[] = {
	CONF_SETTINGS_LOG,
	CONF_SETTINGS_WATCH,
	/* Off unless it is given. */
	{ "hedge", "after", SETTING_TIME, 0, 1, CONF_MIN,
	    offsetof(struct config, hedge) },
	CONF_SETTINGS_HTTP,
	{ "max", "links", SETTING_COUNT, 1024, 1, 65536,
	    CONF_LIMIT(max_links) },
	{ "max", "queue", SETTING_COUNT, 4096, 1, 65536,
	    CONF_LIMIT(max_queue) },
	{ "max", "waiting", SETTING_COUNT, 64, 1, 65536,
	    CONF_LIMIT(max_waiting) },
	CONF_SETTINGS_LINK,
	CONF_SETTINGS_METRICS,
	CONF_TIMEOUTS_HTTP,
	CONF_TIMEOUT(request, 3 * CONF_SEC, CONF_MIN),
	CONF_TIMEOUT(attempt, CONF_SEC, CONF_MIN),
	CONF_TIMEOUTS_LINK,
	CONF_TIMEOUT(stable, 5 * CONF_SEC, 60 * CONF_MIN),
	CONF_TIMEOUTS_METRICS,
	CONF_TIMEOUTS_CONTROL
};

#define NSETTINGS	(sizeof(settings) / sizeof(settings[0]))
_Static_assert(NSETTINGS <= CONF_MAXSETTINGS, "too many settings");

const struct conf_settings config_settings = { settings, NSETTINGS };

/* A smaller one of the other two, alone, says what is wanted. */
void
settings_check(struct parser *p)
{
	const struct config_limits *limits = &p->conf->limits;

	conf_settings_check(&p->common);
	if (p->conf->hedge >= limits->timeout_request)
		conf_setting_error(&p->common, "hedge after",
		    "timeout request",
		    "hedge after must be under timeout request");
	else if (p->conf->hedge >= limits->timeout_attempt)
		conf_setting_warn(&p->common, "hedge after", "hedge after is "
		    "not under timeout attempt, which ends first");
	if (limits->timeout_attempt > limits->timeout_request)
		conf_setting_warn(&p->common, "timeout attempt", "timeout "
		    "attempt is over timeout request, which ends first");
	if (limits->max_waiting > limits->max_queue)
		conf_setting_warn(&p->common, "max waiting",
		    "max waiting is over max queue");
}
