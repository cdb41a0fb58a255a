/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef SIGNERD_DIAL_RESOLVE_H
#define SIGNERD_DIAL_RESOLVE_H

#include <stdbool.h>
#include <stdint.h>

#include "signerd/dial_address.h"
#include "signerd/dial_files.h"

struct event_base;

/*
 * One name, looked up by libevent's evdns: A and AAAA at once, each with
 * sockets of its own, so that no lookup knows of another.  Nothing is kept
 * from one to the next.
 */
struct dial_lookup;

/* From harmless to grave: of two, the later one is the better reason. */
enum dial_dns {
	DIAL_DNS_FOUND,
	DIAL_DNS_NODATA,	/* the name exists, with other records */
	DIAL_DNS_NXDOMAIN,
	DIAL_DNS_TRUNCATED,
	DIAL_DNS_OTHER,
	DIAL_DNS_REFUSED,
	DIAL_DNS_SERVFAIL,
	DIAL_DNS_SILENT,
	DIAL_DNS_MAX
};

/*
 * Called once for AF_INET6 and once for AF_INET, in either order and always
 * from the event loop; dial_lookup_free may be called from it.
 */
typedef void (*dial_lookup_cb)(int family, enum dial_dns,
	    const struct dial_addresses *, void *arg);

/*
 * The servers are asked in their order, each `attempts` times, the next one
 * when `timeout` has passed, or earlier, so that all of them have been asked
 * within nine tenths of limit (ms).  NULL with errno, which is EINVAL for a
 * name that has no labels of 1 to 63 bytes, DIAL_HOST_MAX in all.
 */
struct dial_lookup *dial_lookup_start(struct event_base *, const char *name,
	    uint16_t port, const struct dial_resolvconf *, uint32_t limit,
	    dial_lookup_cb, void *arg);
/* After it the callback is not called any more.  NULL is taken. */
void	dial_lookup_free(struct dial_lookup *);

/* "no such name (NXDOMAIN)", ... */
const char *dial_dns_text(enum dial_dns);

#endif /* SIGNERD_DIAL_RESOLVE_H */
