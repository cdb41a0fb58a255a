/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * signerd's half of fuzz_agree: signerd/rpc.c as it is, with an end in the
 * place of keyd.  Both daemons have functions of these names, for the log.
 */
#define reqlog_signed		agree_log_signed
#define reqlog_refused		agree_log_refused
#define reqlog_rejected		agree_log_rejected
#define reqlog_unavailable	agree_log_unavailable
#define reqlog_unparsed		agree_log_unparsed

#include "signerd/rpc.c"

#include "regress/fuzz/agree.h"

void
reqlog_signed(const struct call *call, const struct keyd_reply *reply)
{
	(void)call;
	(void)reply;
}

void
reqlog_refused(const struct call *call, const struct keyd_reply *reply,
    const char *text)
{
	(void)call;
	(void)reply;
	(void)text;
}

void
reqlog_rejected(const struct rpc_owner *owner, const struct call *call,
    const char *method, int code, const char *text)
{
	(void)owner;
	(void)call;
	(void)method;
	(void)code;
	(void)text;
}

void
reqlog_unavailable(const struct rpc_owner *owner, const struct call *call,
    const char *reason)
{
	(void)owner;
	(void)call;
	(void)reason;
}

void
reqlog_unparsed(const struct rpc_owner *owner, const char *reason, size_t at)
{
	(void)owner;
	(void)reason;
	(void)at;
}

/* ---- In the place of keyd ---------------------------------------------- */

bool
keylink_busy(const struct keylink *k)
{
	(void)k;
	return (false);
}

void
keylink_submit(struct keylink *k, struct signing *s)
{
	struct rpc_owner	*owner = s->rpc.owner;
	struct agree_reading	*reading = owner->arg;
	struct call		*call;

	(void)k;
	while ((call = rpc_next(s)) != NULL) {
		call->asked = true;
		FUZZ_ASSERT(call->args.request.via == owner->via);
		reading->request(&call->args.request, reading->arg);
		reading->nrequests++;
	}
}

void
keylink_cancel(struct keylink *k, struct signing *s)
{
	(void)k;
	(void)s;
}

/* ---- The asker's side -------------------------------------------------- */

static void
on_answer(void *arg, struct signing *s, struct evbuffer *body)
{
	struct agree_reading	*reading = arg;

	(void)s;
	if (body == NULL)
		return;
	reading->answerlen = evbuffer_get_length(body);
	reading->answer = malloc(reading->answerlen + 1);
	FUZZ_ASSERT(reading->answer != NULL);
	evbuffer_remove(body, reading->answer, reading->answerlen);
	reading->answer[reading->answerlen] = '\0';
}

static void
on_unavailable(void *arg, struct signing *s, const char *reason)
{
	bool	 there_is_room = false;

	(void)arg;
	(void)s;
	(void)reason;
	FUZZ_ASSERT(there_is_room);
}

void
agree_read(struct agree_reading *reading, const char *text, size_t len)
{
	static struct keylink			 keylink;	/* counts */
	static const struct rpc_owner_ops	 ops = {
		on_answer, on_unavailable
	};
	static const struct config_limits	 limits = {
		.max_batch = 1000, .max_values = 100000,
		.max_response = 25000000, .timeout_request = 2000
	};
	struct rpc_owner			 owner;
	struct signing				*s;

	reading->nrequests = 0;
	reading->answer = NULL;
	reading->answerlen = 0;
	memset(&owner, 0, sizeof(owner));
	owner.ops = &ops;
	owner.arg = reading;
	owner.client = reading->link ? "" : AGREE_CLIENT;
	owner.peer = "";
	owner.via = reading->link ? 1 : 0;
	owner.link = reading->link ? "edge" : NULL;
	owner.metadata = reading->metadata;
	owner.limits = &limits;
	owner.keylink = &keylink;
	LIST_INIT(&owner.signings);
	if ((s = rpc_start(&owner, text, len)) != NULL) {
		FUZZ_ASSERT(reading->nrequests > 0);
		rpc_cancel(s);
	}
	FUZZ_ASSERT(LIST_EMPTY(&owner.signings) && owner.held == 0);
}
