/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stddef.h>

#include "common/clock.h"
#include "proxyd/link.h"

/* ---- Names ------------------------------------------------------------ */

static const struct {
	const char	*name;
	const char	*text;
} reasons[REASON_MAX] = {
	[REASON_PARSE] = { "parse", NULL },
	[REASON_INVALID] = { "invalid-request", NULL },
	[REASON_NOMETHOD] = { "no-method", NULL },
	[REASON_ARGUMENTS] = { "params", NULL },
	[REASON_TOOLARGE] = { "too-large", NULL },
	[REASON_BYSIGNER] = { "refused-by-signer", NULL },
	[REASON_NOSIGNER] = { "no-signer", "no signer" },
	[REASON_TIME] = { "deadline", "deadline" },
	[REASON_BUSY] = { "busy", "busy" },
	[REASON_MEMORY] = { "memory", "out of memory" },
	[REASON_SIGNERBUSY] = { "signer-busy", "the signer is busy" },
	[REASON_SIGNERTIME] = { "signer-deadline", "the signer had no time" },
	[REASON_LOST] = { "link-lost", "the link to the signer was lost" },
	[REASON_NOSIGNATURE] = { "no-signature",
	    "an answer that is no signature" },
	[REASON_SENSELESS] = { "senseless", "an answer that makes no sense" },
	[REASON_SLOW] = { "slow", "no answer in time" }
};

const char *
reason_name(enum reason reason)
{
	if (reason >= REASON_PARSE && reason < REASON_MAX)
		return (reasons[reason].name);
	return (refusal_name((enum refusal)reason));
}

const char *
reason_text(enum reason reason)
{
	return (reasons[reason].text);
}

const char *
count_method_name(enum count_method method)
{
	static const char	*const names[COUNT_METHODS] = {
		"transaction", "block-payload", "other"
	};

	return (names[method]);
}

const char *
count_result_name(enum count_result result)
{
	static const char	*const names[RESULT_COUNT] = {
		"rejected", "answered", "signed", "refused",
		"refused-by-signer", "unavailable", "gone"
	};

	return (names[result]);
}

const char *
link_refusal_name(enum link_refusal refusal)
{
	static const char	*const names[LINKREFUSAL_COUNT] = {
		"stopping", "max-links", "not-registered", "unexpected-links",
		"no-websocket", "memory", "unexpected", "lacks", "too-often",
		"too-late", "other-messages", "useless-messages"
	};

	return (names[refusal]);
}

/* ---- Clients' calls --------------------------------------------------- */

static enum count_method
method_of(const struct call *call)
{
	switch (call->asked) {
	case RULE_TRANSACTION:
		return (COUNT_TRANSACTION);
	case RULE_PAYLOAD:
		return (COUNT_PAYLOAD);
	default:
		return (COUNT_OTHER);
	}
}

/* Those that have no rule are counted together: anybody can make up more. */
static struct client_counts *
counts_of(struct relay *relay, const struct ruleset *rules, const char *name)
{
	const struct route_client	*c;

	c = route_client_by_name(&rules->routes, name);
	return (c != NULL ? &rules->names[c->index]->counts :
	    &relay->counts.unknown);
}

static struct client_counts *
counts_of_message(const struct relaying *r)
{
	return (r->client != NULL ? &r->client->counts :
	    counts_of(r->relay, r->rules, httpconn_name(r->conn)));
}

/* Of what was refused by the RPC server, which tells by a code alone. */
static enum reason
reason_of(int code)
{
	switch (code) {
	case JSONRPC_PARSE:
		return (REASON_PARSE);
	case JSONRPC_NOMETHOD:
		return (REASON_NOMETHOD);
	case JSONRPC_PARAMS:
		return (REASON_ARGUMENTS);
	case JSONRPC_TOOLARGE:
		return (REASON_TOOLARGE);
	default:
		return (REASON_INVALID);
	}
}

static void
count_call(const struct relaying *r, struct client_counts *counts,
    const struct call *call)
{
	enum count_result	 result = call->result;
	enum reason		 why = call->why;

	/* Its answer is another one than it was. */
	if (call->base.code == JSONRPC_TOOLARGE && result == RESULT_SIGNED)
		result = RESULT_REJECTED;
	if (result == RESULT_REJECTED)
		why = reason_of(call->base.code);
	counts->requests[method_of(call)][result]++;
	if (result != RESULT_SIGNED && result != RESULT_ANSWERED)
		r->relay->counts.reasons[why]++;
}

void
count_message(const struct relaying *r)
{
	struct client_counts	*counts = counts_of_message(r);
	size_t			 i;

	for (i = 0; i < r->rpc.ncalls; i++)
		count_call(r, counts, (const struct call *)r->rpc.calls[i]);
}

static void
count_all(const struct relaying *r, enum count_result result)
{
	struct client_counts	*counts = counts_of_message(r);
	size_t			 i;

	for (i = 0; i < r->rpc.ncalls; i++)
		counts->requests[method_of(
		    (const struct call *)r->rpc.calls[i])][result]++;
}

void
count_unserved(const struct relaying *r, enum reason why)
{
	count_all(r, RESULT_UNAVAILABLE);
	r->relay->counts.reasons[why] += r->rpc.ncalls;
}

void
count_gone(const struct relaying *r)
{
	count_all(r, RESULT_GONE);
}

void
count_unread(struct relay *relay, const char *client)
{
	struct client_counts	*counts = counts_of(relay, relay->rules,
				    client);

	counts->requests[COUNT_OTHER][RESULT_UNAVAILABLE]++;
	relay->counts.reasons[REASON_MEMORY]++;
}

/* ---- Attempts --------------------------------------------------------- */

static struct counts *
counts_of_call(const struct call *call)
{
	return (&((const struct relaying *)call->base.rpc)->relay->counts);
}

void
count_sent(const struct call *call, struct signer *signer,
    enum count_sent how, uint64_t now)
{
	struct counts	*counts = counts_of_call(call);

	signer_now(signer)->counts.attempts++;
	if (how == SENT_FIRST)
		histogram_add(&counts->waiting[method_of(call)],
		    now - call->base.received);
	else if (how == SENT_RETRY)
		counts->retries++;
	else
		counts->hedges++;
}

void
count_answered(const struct call *call, struct signer *signer, uint64_t sent)
{
	struct counts	*counts = counts_of_call(call);
	uint64_t	 now = clock_us();

	signer_now(signer)->counts.answers++;
	histogram_add(&counts->at_signer[method_of(call)], now - sent);
	histogram_add(&counts->total[method_of(call)],
	    now - call->base.received);
}

void
count_failed(struct signer *signer, enum reason why)
{
	signer_now(signer)->counts.failures[why - REASON_ATTEMPT]++;
}

void
count_late(struct signer *signer)
{
	signer_now(signer)->counts.late++;
}

void
count_refused(struct relay *relay, enum link_refusal why)
{
	relay->counts.links_refused[why]++;
}
