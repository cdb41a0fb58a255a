/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>

#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>

#include "common/child.h"
#include "common/log.h"
#include "common/sandbox.h"
#include "signerd/dialer.h"

/*
 * Resolves names and connects to the configured endpoints for the link
 * process, which is told of them by index alone.  After the start it has no
 * file but those that its parent passes to it.
 */

static struct dialer	 dialer;

/* evdns' own words: strangers on the network can cause them. */
static void
on_dns_log(int is_warning, const char *text)
{
	struct log_record	 r;

	if (!is_warning || !log_start_noise(&r, LOG_LVL_DEBUG, "evdns"))
		return;
	log_str(&r, "text", text);
	log_end(&r);
}

int
main(int argc, char *argv[])
{
	dialer.channel = -1;
	dialer.base = child_init("dialer", argc, argv);
	/* Some libevents open a file for it; later there are none. */
	if (evutil_secure_rng_init() == -1)
		fatalx("no random numbers");
	evdns_set_log_fn(on_dns_log);
	dialer_parent_start(&dialer);
	child_run(&sandbox_dialer);
}
