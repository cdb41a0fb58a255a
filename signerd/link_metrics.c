/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/tlsconn.h"
#include "signerd/uplink.h"

static const char *const states[] = {
	[UPLINK_WAITING] = "waiting",
	[UPLINK_DIALLING] = "dialling",
	[UPLINK_HANDSHAKE] = "handshake",
	[UPLINK_UPGRADING] = "upgrading",
	[UPLINK_REGISTERING] = "registering",
	[UPLINK_UP] = "up",
	[UPLINK_CLOSING] = "closing",
	[UPLINK_STOPPED] = "stopped",
	[UPLINK_DOWN] = "down"
};

static void
say_counts(const struct uplink *u, struct metrics_out *out)
{
	const struct uplink_counts	*c;
	const char			*name = u->proxy.name;
	size_t				 i;

	c = &u->linkd->counts[u->proxy.index];
	metrics_u64(out, METRIC_LINK_REQUESTS, c->messages, name);
	metrics_u64(out, METRIC_LINK_ATTEMPTS, c->attempts, name);
	metrics_u64(out, METRIC_LINK_REGISTRATIONS, c->registrations, name);
	for (i = 0; i < UPLINK_STOPPED; i++)
		if (i != UPLINK_WAITING && i != UPLINK_CLOSING)
			metrics_u64(out, METRIC_LINK_FAILURES,
			    c->failures[i], name, states[i]);
}

static void
say_times(const struct uplink *u, struct metrics_out *out)
{
	const struct tlsctx_times	*t = tlsctx_times(u->tls);
	const char			*name = u->proxy.name;

	metrics_i64(out, METRIC_CERT_EXPIRY, t->certificate, "certificate",
	    name);
	metrics_i64(out, METRIC_CERT_EXPIRY, t->ca, "ca", name);
	if (t->crl != 0)
		metrics_i64(out, METRIC_CRL_UPDATE, t->crl, name);
}

/*
 * Where the one of a changed certificate is not up yet the one before it
 * serves.
 */
static void
say_link(const struct uplink *u, struct metrics_out *out)
{
	const struct uplink	*now = u;
	const char		*name = u->proxy.name;
	uint64_t		 up = 0;

	if (u->state != UPLINK_UP && u->elder != NULL &&
	    u->elder->state == UPLINK_UP)
		now = u->elder;
	if (now->state == UPLINK_UP)
		up = (clock_us() - now->since) / 1000000;
	metrics_info(out, METRIC_LINK_STATE, name, states[now->state],
	    now->peer);
	metrics_u64(out, METRIC_LINK_REGISTERED, now->state == UPLINK_UP,
	    name);
	metrics_u64(out, METRIC_LINK_SINCE, up, name);
	metrics_u64(out, METRIC_LINK_IN_FLIGHT, u->owner.nsignings +
	    (now != u ? now->owner.nsignings : 0), name);
	say_counts(u, out);
	say_times(u, out);
}

void
link_metrics_answer(struct linkd *l, struct imsg *imsg)
{
	static struct metrics_writer	 w;
	uint32_t			 id;
	size_t				 i;

	if (metrics_get(imsg, &id) == -1)
		fatalx("bad message for metrics");
	metrics_begin(&w, &l->parent.ibuf, id);
	if (l->serving) {
		reqcount_say(&l->keylink, &w.out, "link");
		for (i = 0; i < CONFIG_NUMBERS; i++)
			if (l->uplinks[i] != NULL)
				say_link(l->uplinks[i], &w.out);
	}
	if (metrics_end(&w) == -1)
		log_errno("cannot tell the parent of metrics");
	imsgev_flush(&l->parent);
}
