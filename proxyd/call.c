/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include "common/clock.h"
#include "common/hex.h"
#include "common/log.h"
#include "proxyd/link.h"
#include "proxyd/reqlog.h"

#define SIGNATURE_TEXT	(2 + 2 + 2 * 65)	/* quotes, 0x, 65 bytes */
/*
 * What is signed is never longer than what was asked for, but for this.
 * Answers are kept until those of the whole batch are there.
 */
#define RESULT_ROOM	1024
#define ERROR_MAX	65536

static struct relaying *
relaying_of(const struct call *call)
{
	return ((struct relaying *)call->base.rpc);
}

static struct relay *
relay_of(const struct call *call)
{
	return (relaying_of(call)->relay);
}

/* ---- Which signer is next --------------------------------------------- */

static bool
was_tried(const struct call *call, const struct link *link)
{
	size_t	 i;

	for (i = 0; i < call->ntried; i++)
		if (call->tried[i] == link->serial)
			return (true);
	return (false);
}

static struct link *
candidate(const struct call *call, uint32_t index)
{
	struct ruleset	*rules = relaying_of(call)->rules;
	struct link	*link = ruleset_link(rules, index);

	if (link == NULL || was_tried(call, link) || !link_usable(link,
	    call->argumentlen) ||
	    !route_permits(&rules->routes, &call->route, index) ||
	    !advert_permits(&link->signer->advert, &call->route))
		return (NULL);
	return (link);
}

/* In the order of the file, as far as links are equally good. */
static struct link *
next_link(const struct call *call)
{
	const struct holders	*holders = call->route.holders;
	struct link		*link, *best = NULL;
	size_t			 i;

	if (call->ntried == RELAY_ATTEMPTS)
		return (NULL);
	for (i = 0; i < holders->nsigners; i++) {
		link = candidate(call, holders->signers[i]);
		if (link != NULL && (best == NULL ||
		    !link_precedes(best, link)))
			best = link;
	}
	return (best);
}

/* ---- Time ------------------------------------------------------------- */

static void
set_timer(struct call *call)
{
	uint64_t	 now = clock_us();
	uint64_t	 left = call->due > now ? call->due - now : 0;
	struct timeval	 tv;

	tv.tv_sec = (time_t)(left / 1000000);
	tv.tv_usec = (suseconds_t)(left % 1000000);
	event_add(call->timer, &tv);
}

static void
arm_timer(struct call *call, bool more)
{
	const struct relay_config	*config = &relay_of(call)->rules->config;
	const struct attempt		*a;
	uint64_t			 at = UINT64_MAX, limit;

	limit = (uint64_t)config->limits.timeout_attempt * 1000;
	TAILQ_FOREACH(a, &call->attempts, of_call)
		if (!a->slow && a->sent + limit < at)
			at = a->sent + limit;
	if (more && config->hedge > 0 &&
	    call->last_sent + (uint64_t)config->hedge * 1000 < at)
		at = call->last_sent + (uint64_t)config->hedge * 1000;
	if (at == UINT64_MAX) {
		event_del(call->timer);
		return;
	}
	call->due = at;
	set_timer(call);
}

/* Asks the next signer; false where there is none. */
static bool
ask_next(struct call *call, enum count_sent how)
{
	struct relaying	*r = relaying_of(call);
	struct attempt	*a;
	struct link	*link;
	uint64_t	 now = clock_us(), left;

	left = r->deadline > now ? (r->deadline - now) / 1000 : 0;
	while ((link = next_link(call)) != NULL) {
		call->tried[call->ntried++] = link->serial;
		a = link_ask(link, call, call->route.client->name, left);
		if (a == NULL)
			continue;
		count_sent(call, a->signer, call->last_sent == 0 ?
		    SENT_FIRST : how, now);
		call->last_sent = now;
		TAILQ_INSERT_TAIL(&call->attempts, a, of_call);
		arm_timer(call, true);
		return (true);
	}
	return (false);
}

/* Returns whether the call's message is still there. */
static bool
try_again(struct call *call, enum reason why)
{
	if (ask_next(call, SENT_RETRY))
		return (true);
	if (!TAILQ_EMPTY(&call->attempts)) {
		arm_timer(call, false);
		return (true);
	}
	client_unserved(relaying_of(call), call, why);
	return (false);
}

/* A signer is slow: the next one is asked as well. */
static void
on_timer(int fd, short what, void *arg)
{
	struct call	*call = arg;
	struct relay	*relay = relay_of(call);
	struct attempt	*a;
	enum count_sent	 how = SENT_HEDGE;
	uint64_t	 now = clock_us(), limit;

	(void)fd;
	(void)what;
	/* libevent's clock is a coarse one: it can be some ms too early. */
	if (now < call->due) {
		set_timer(call);
		return;
	}
	limit = (uint64_t)relay->rules->config.limits.timeout_attempt * 1000;
	TAILQ_FOREACH(a, &call->attempts, of_call)
		if (!a->slow && now - a->sent >= limit) {
			a->slow = true;
			how = SENT_RETRY;
			count_failed(a->signer, REASON_SLOW);
			link_suspect(a->link, reason_text(REASON_SLOW));
		}
	if (!ask_next(call, how))
		arm_timer(call, false);
}

bool
call_start(struct call *call)
{
	struct relay	*relay = relay_of(call);

	call->started = true;
	TAILQ_INIT(&call->attempts);
	relaying_of(call)->client->in_flight++;
	snprintf(call->id, sizeof(call->id), "%s-%llx", relay->boot,
	    (unsigned long long)++relay->ids);
	call->timer = evtimer_new(relay->base, on_timer, call);
	if (call->timer == NULL) {
		client_unserved(relaying_of(call), call, REASON_MEMORY);
		return (false);
	}
	return (try_again(call, REASON_NOSIGNER));
}

void
call_release(struct call *call)
{
	struct attempt	*a;

	if (!call->started || !call->relayed)
		return;
	call->relayed = false;
	while ((a = TAILQ_FIRST(&call->attempts)) != NULL) {
		TAILQ_REMOVE(&call->attempts, a, of_call);
		link_forget(a);
	}
	if (call->timer != NULL)
		event_free(call->timer);
	call->timer = NULL;
	relaying_of(call)->client->in_flight--;
}

/* ---- Answers ---------------------------------------------------------- */

/*
 * A string of hex: of 65 bytes where it is a payload's signature, else not
 * much longer than the request.
 */
static bool
good_result(const struct call *call, const char *text, size_t len)
{
	if (text == NULL || len < 6 || len % 2 != 0 ||
	    memcmp(text, "\"0x", 3) != 0 || text[len - 1] != '"')
		return (false);
	if (call->route.method == RULE_PAYLOAD && len != SIGNATURE_TEXT)
		return (false);
	if (len > call->argumentlen + RESULT_ROOM)
		return (false);
	return (hex_digits(text + 3, len - 4));
}

static bool
give_result(struct call *call, const char *text, size_t len)
{
	static const char	 head[] = "{\"signature\":";
	char			*object;
	size_t			 n = sizeof(head) - 1;
	bool			 left;

	if (!call->kona)
		return (rpc_result(&call->base, text, len));
	if ((object = malloc(n + len + 1)) == NULL) {
		relaying_of(call)->refused = true;
		return (rpc_error(&call->base, JSONRPC_INTERNAL,
		    "out of memory"));
	}
	memcpy(object, head, n);
	memcpy(object + n, text, len);
	object[n + len] = '}';
	left = rpc_result(&call->base, object, n + len + 1);
	free(object);
	return (left);
}

/* A link's attempt has failed; it is freed already. */
static void
failed(struct call *call, const struct attempt *was, enum reason why)
{
	count_failed(was->signer, why);
	try_again(call, why);
}

static void
unusable(struct call *call, const struct attempt *was, enum reason why)
{
	link_suspect(was->link, reason_text(why));
	failed(call, was, why);
}

static void
answered_error(struct call *call, const struct attempt *was,
    const struct json_doc *doc, const cJSON *error)
{
	struct relaying	*r = relaying_of(call);
	const char	*text, *message;
	size_t		 len = 0;
	bool		 left;
	int		 code;

	if (jsonrpc_error_parse(doc, error, &code, &message) == -1 ||
	    (text = json_text(doc, error, &len)) == NULL || len > ERROR_MAX) {
		unusable(call, was, REASON_SENSELESS);
		return;
	}
	if (code == LINK_BUSY || code == LINK_DEADLINE) {
		failed(call, was, code == LINK_BUSY ? REASON_SIGNERBUSY :
		    REASON_SIGNERTIME);
		return;
	}
	reqlog_refused_by(call, was->link, code, message);
	count_answered(call, was->signer, was->sent);
	call->result = RESULT_BYSIGNER;
	call->why = REASON_BYSIGNER;
	call_release(call);
	left = rpc_error_raw(&call->base, text, len);
	client_answered(r, left);
}

/* Whoever was asked before the one that has answered goes last for a while. */
static void
suspect_slower(const struct call *call, uint64_t sent)
{
	struct attempt	*a;

	TAILQ_FOREACH(a, &call->attempts, of_call)
		if (!a->slow && a->sent < sent)
			link_suspect(a->link, "slower than the next one");
}

static void
answered_result(struct call *call, const struct attempt *was,
    const struct json_doc *doc, const cJSON *result)
{
	struct relaying	*r = relaying_of(call);
	const char	*text = NULL;
	size_t		 len = 0;
	bool		 left;

	if (cJSON_IsString(result))
		text = json_raw(doc, result, &len);
	if (!good_result(call, text, len)) {
		unusable(call, was, REASON_NOSIGNATURE);
		return;
	}
	reqlog_relayed(call, was->link, was->sent);
	count_answered(call, was->signer, was->sent);
	call->result = RESULT_SIGNED;
	suspect_slower(call, was->sent);
	call_release(call);
	left = give_result(call, text, len);
	client_answered(r, left);
}

void
call_answered(struct attempt *a, const struct json_doc *doc,
    const struct cJSON *result, const struct cJSON *error)
{
	const struct attempt	 was = *a;
	struct call		*call = a->call;

	TAILQ_REMOVE(&call->attempts, a, of_call);
	link_forget(a);
	if (error != NULL && result != NULL)
		unusable(call, &was, REASON_SENSELESS);
	else if (error != NULL)
		answered_error(call, &was, doc, error);
	else
		answered_result(call, &was, doc, result);
}

void
call_lost(struct attempt *a)
{
	const struct attempt	 was = *a;
	struct call		*call = a->call;

	TAILQ_REMOVE(&call->attempts, a, of_call);
	link_forget(a);
	failed(call, &was, REASON_LOST);
}
