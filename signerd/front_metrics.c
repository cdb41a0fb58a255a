/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>

#include "common/handshake.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/tlsconn.h"
#include "signerd/frontend.h"

static void
say_times(const struct tlsctx_times *t, struct metrics_out *out)
{
	metrics_i64(out, METRIC_CERT_EXPIRY, t->certificate, "certificate",
	    "");
	metrics_i64(out, METRIC_CERT_EXPIRY, t->ca, "ca", "");
	if (t->crl != 0)
		metrics_i64(out, METRIC_CRL_UPDATE, t->crl, "");
}

static void
say_all(struct frontend *front, struct metrics_out *out)
{
	static const struct httpserver_metrics	 names = {
		.requests = METRIC_OP_HTTP_REQUESTS,
		.responses = METRIC_OP_HTTP_RESPONSES,
		.inflight = METRIC_OP_HTTP_INFLIGHT,
		.duration = METRIC_OP_HTTP_DURATION,
		.latency = METRIC_OP_HTTP_LATENCY,
		.size = METRIC_OP_HTTP_SIZE,
		.connections = METRIC_CONNECTIONS,
		.max = METRIC_CONNECTIONS_MAX,
		.accepted = METRIC_CONNECTIONS_ACCEPTED,
		.refused = METRIC_CONNECTIONS_REFUSED,
		.closed = METRIC_CONNECTIONS_CLOSED,
		.handshakes = METRIC_HANDSHAKES,
		.failures = METRIC_HANDSHAKE_FAILURES,
		.greeting = METRIC_HANDSHAKES_WAITING,
		.bodies = METRIC_BODY_BYTES,
		.waiting = METRIC_BODIES_WAITING
	};

	if (!front->serving)
		return;
	reqcount_say(&front->keylink, out, "frontend");
	httpserver_say(front->server, out, &names);
	metrics_u64(out, METRIC_HANDSHAKES_DEFERRED, handshake_deferred());
	metrics_u64(out, METRIC_LISTENERS, front->nclients);
	if (front->tls != NULL)
		say_times(tlsctx_times(front->tls), out);
	statusserver_say(front->status, out);
}

static void
answer(struct frontend *front, struct imsg *imsg)
{
	static struct metrics_writer	 w;
	uint32_t			 id;

	if (metrics_get(imsg, &id) == -1)
		fatalx("bad message for metrics");
	metrics_begin(&w, &front->parent.ibuf, id);
	say_all(front, &w.out);
	if (metrics_end(&w) == -1)
		log_errno("cannot tell the parent of metrics");
	imsgev_flush(&front->parent);
}

void
front_metrics_message(struct frontend *front, struct imsg *imsg)
{
	if (imsg_get_type(imsg) == METRICS_ASK)
		answer(front, imsg);
	else if (front->status == NULL ||
	    statusserver_message(front->status, imsg) == -1)
		fatalx("bad message of metrics");
}

int
front_metrics_start(struct frontend *front)
{
	const struct statusserver_config	 config = {
		.parent = &front->parent,
		.ready = ready_judge,
		.requests = METRIC_STATUS_REQUESTS,
		.connections = METRIC_STATUS_CONNECTIONS,
		.refused = METRIC_STATUS_REFUSED,
		.timeouts = METRIC_STATUS_TIMEOUTS
	};

	front->status = statusserver_new(front->base, &front->status_limits,
	    &config);
	return (front->status == NULL ? -1 : 0);
}
