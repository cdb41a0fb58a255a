/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <string.h>

#include "api/method.h"
#include "common/clock.h"
#include "signerd/keylink.h"
#include "signerd/reqcount.h"
#include "signerd/rpc.h"

/* As rules and the log name them. */
static const char *const methods[REQCOUNT_METHODS] = {
	[REQCOUNT_TRANSACTION] = "transaction",
	[REQCOUNT_PAYLOAD] = "block-payload",
	[REQCOUNT_OTHER] = "other"
};

static const char *const results[REQCOUNT_RESULTS] = {
	[REQCOUNT_SIGNED] = "signed",
	[REQCOUNT_REFUSED] = "refused",
	[REQCOUNT_REJECTED] = "rejected",
	[REQCOUNT_ANSWERED] = "answered",
	[REQCOUNT_UNAVAILABLE] = "unavailable"
};

/* The first half by code, the second by the words of the log. */
enum reason {
	REASON_PARSE,
	REASON_INVALID,
	REASON_METHOD,
	REASON_PARAMS,
	REASON_TOOLARGE,
	REASON_INTERNAL,
	REASON_BUSY,
	REASON_DEADLINE,
	REASON_MEMORY,
	REASON_OTHER,
	REASON_COUNT
};
_Static_assert(REASON_COUNT <= REQCOUNT_REASONS, "room for each reason");

static const struct {
	const char	*name;
	int		 code;		/* 0: none */
	const char	*word;		/* NULL: none */
} reasons[REASON_COUNT] = {
	[REASON_PARSE] = { "parse", JSONRPC_PARSE, NULL },
	[REASON_INVALID] = { "invalid-request", JSONRPC_INVALID, NULL },
	[REASON_METHOD] = { "no-method", JSONRPC_NOMETHOD, NULL },
	[REASON_PARAMS] = { "params", JSONRPC_PARAMS, NULL },
	[REASON_TOOLARGE] = { "too-large", JSONRPC_TOOLARGE, NULL },
	[REASON_INTERNAL] = { "internal", JSONRPC_INTERNAL, "internal" },
	[REASON_BUSY] = { "busy", 0, "busy" },
	[REASON_DEADLINE] = { "deadline", 0, "deadline" },
	[REASON_MEMORY] = { "memory", 0, "out of memory" },
	[REASON_OTHER] = { "other", 0, NULL }
};

static struct reqcount *
count_of(const struct rpc_owner *owner)
{
	return (&owner->keylink->count);
}

static enum reqcount_method
method_of(const struct request *request)
{
	switch (request->method) {
	case METHOD_TRANSACTION:
		return (REQCOUNT_TRANSACTION);
	case METHOD_PAYLOAD:
		return (REQCOUNT_PAYLOAD);
	}
	return (REQCOUNT_OTHER);
}

/* Names are the peer's: what is none of ours is the last. */
static enum reqcount_method
method_by_name(const char *name)
{
	const struct method	*m;

	if (name == NULL || (m = method_find(name)) == NULL ||
	    m->decode == NULL)
		return (REQCOUNT_OTHER);
	return (m->decode == args_transaction ? REQCOUNT_TRANSACTION :
	    REQCOUNT_PAYLOAD);
}

/* ---- Counting --------------------------------------------------------- */

struct reqcount_times
reqcount_times(const struct call *call, const struct keyd_reply *reply)
{
	struct reqcount_times	 t;
	uint64_t		 now = clock_us(), since = now - call->sent;

	t.keyd = reply->us;
	/* From the decision to ask until keyd took it up and answered. */
	t.queue = since > t.keyd ? since - t.keyd : 0;
	t.queue += call->sent - call->head.received;
	t.total = now - call->head.received;
	return (t);
}

void
reqcount_reply(const struct call *call, const struct keyd_reply *reply)
{
	struct reqcount			*count = count_of(call_owner(call));
	const struct reqcount_times	 t = reqcount_times(call, reply);
	enum reqcount_method		 m = method_of(&call->args.request);

	if (m == REQCOUNT_OTHER)
		return;
	count->calls[m][reply->refusal == REFUSAL_NONE ? REQCOUNT_SIGNED :
	    REQCOUNT_REFUSED]++;
	histogram_add(&count->total[m], t.total);
	histogram_add(&count->queue[m], t.queue);
	histogram_add(&count->keyd[m], t.keyd);
}

void
reqcount_rejected(const struct rpc_owner *owner, const struct call *call,
    const char *method, int code)
{
	struct reqcount		*count = count_of(owner);
	enum reqcount_method	 m = method_by_name(method);
	size_t			 i = 0;

	if (method == NULL && call != NULL)
		m = method_of(&call->args.request);
	while (i < REASON_OTHER && reasons[i].code != code)
		i++;
	count->calls[m][REQCOUNT_REJECTED]++;
	count->rejections[i]++;
}

void
reqcount_unparsed(const struct rpc_owner *owner)
{
	count_of(owner)->calls[REQCOUNT_OTHER][REQCOUNT_REJECTED]++;
	count_of(owner)->rejections[REASON_PARSE]++;
}

void
reqcount_answered(const struct rpc_owner *owner)
{
	count_of(owner)->calls[REQCOUNT_OTHER][REQCOUNT_ANSWERED]++;
}

void
reqcount_unavailable(const struct rpc_owner *owner, const struct call *call,
    const char *reason)
{
	struct reqcount		*count = count_of(owner);
	enum reqcount_method	 m = REQCOUNT_OTHER;
	size_t			 i = 0;

	if (call != NULL)
		m = method_of(&call->args.request);
	while (i < REASON_OTHER && (reasons[i].word == NULL ||
	    strcmp(reasons[i].word, reason) != 0))
		i++;
	count->calls[m][REQCOUNT_UNAVAILABLE]++;
	count->rejections[i]++;
}

/* ---- Saying ----------------------------------------------------------- */

static void
say_calls(const struct reqcount *count, struct metrics_out *out,
    const char *process)
{
	size_t	 m, r;

	/* Without a key nothing is signed, and with one nothing else. */
	for (m = 0; m < REQCOUNT_METHODS; m++)
		for (r = 0; r < REQCOUNT_RESULTS; r++)
			if (count->calls[m][r] > 0 || (m != REQCOUNT_OTHER &&
			    r != REQCOUNT_ANSWERED))
				metrics_u64(out, METRIC_REQUESTS,
				    count->calls[m][r], process, methods[m],
				    results[r]);
	for (r = 0; r < REASON_COUNT; r++)
		metrics_u64(out, METRIC_REJECTIONS, count->rejections[r],
		    process, reasons[r].name);
}

void
reqcount_say(const struct keylink *k, struct metrics_out *out,
    const char *process)
{
	const struct reqcount		*count = &k->count;
	uint64_t			 n = 0;
	size_t				 m;
	unsigned int			 i;

	say_calls(count, out, process);
	for (m = 0; m < REQCOUNT_OTHER; m++) {
		metrics_hist(out, METRIC_REQUEST_SECONDS, &count->total[m],
		    process, methods[m]);
		metrics_hist(out, METRIC_REQUEST_QUEUE_SECONDS,
		    &count->queue[m], process, methods[m]);
		metrics_hist(out, METRIC_REQUEST_KEYD_SECONDS,
		    &count->keyd[m], process, methods[m]);
	}
	for (i = 0; i < k->nworkers; i++)
		n += k->workers[i].nsent;
	metrics_u64(out, METRIC_QUEUE, k->nwaiting, process);
	metrics_u64(out, METRIC_QUEUE_MAX, k->limits->max_queue, process);
	metrics_u64(out, METRIC_IN_KEYD, n, process);
	metrics_u64(out, METRIC_KEYD_BEHIND, keylink_behind(k), process);
	metrics_u64(out, METRIC_LATE_ANSWERS, k->late, process);
}
