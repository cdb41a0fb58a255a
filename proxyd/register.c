/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include "api/method.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/wslink.h"
#include "proxyd/link.h"

#define ANSWER								\
	"{\"version\":1,\"software\":\"proxyd/" VERSION "\","		\
	"\"features\":[\"client\",\"deadline\"]}"
#define WINDOW		10000000	/* of what is counted, in us */

/* What is asked over a link by a signer; one at a time. */
struct registration {
	struct rpc	 rpc;		/* must be the first */
};

static void
log_registered(const struct link *link, bool again)
{
	struct log_record	 r;
	const struct advert	*a = &link->signer->advert;

	if (!log_start(&r, again ? LOG_LVL_DEBUG : LOG_LVL_INFO, again ?
	    "signer still registered" : "signer registered"))
		return;
	log_str(&r, "signer", link->signer->name);
	log_str(&r, "name", link->certname);
	log_str(&r, "peer", link->peer);
	log_str(&r, "protocol", a->given ? "1" : "2025");
	if (a->given) {
		log_str(&r, "software", a->software);
		log_num(&r, "keys", a->nkeys);
		log_str(&r, "features", a->client && a->deadline ?
		    "client,deadline" : a->client ? "client" : a->deadline ?
		    "deadline" : "none");
	}
	log_end(&r);
}

/* The reason goes to both operators. */
static void
refuse(struct rpc_call *call, struct link *link, enum link_refusal why,
    const char *reason)
{
	struct log_record	 r;

	count_refused(link->relay, why);
	if (log_start_noise(&r, LOG_LVL_ERROR, "signer refused")) {
		log_str(&r, "name", link->certname);
		log_str(&r, "peer", link->peer);
		log_str(&r, "reason", reason);
		log_end(&r);
	}
	/* It is closed for this, and not for being late. */
	event_del(link->timer);
	snprintf(link->reason, sizeof(link->reason), "%s", reason);
	link->refused = link->reason;
	rpc_error(call, LINK_UNEXPECTED, reason);
}

/* The advert becomes the signer's. */
static void
learn(struct relay *relay, struct signer *signer, struct advert *advert)
{
	relay->changes++;
	advert_clear(&signer->advert);
	signer->advert = *advert;
	signer->known = true;
	memset(advert, 0, sizeof(*advert));
}

/* The newest authenticated registration is the one that counts. */
static void
replace(struct link *link, struct signer *signer, struct advert *advert)
{
	struct link		*old = signer->link;
	struct log_record	 r;

	learn(link->relay, signer, advert);
	signer->link = link;
	link->signer = signer;
	link->registered = clock_us();
	link->older = old;
	signer->counts.registrations++;
	signer->counts.replaced += old != NULL;
	if (old != NULL && log_start(&r, LOG_LVL_WARN,
	    "signer registered anew")) {
		log_str(&r, "signer", signer->name);
		log_str(&r, "peer", link->peer);
		log_str(&r, "before", old->peer);
		log_end(&r);
	}
}

/*
 * The link that was replaced: what is under way there goes to the newer one,
 * after the answer to its registration, which says in what form.
 */
static void
end_older(struct link *link)
{
	struct link	*old = link->older;

	link->older = NULL;
	if (old == NULL)
		return;
	wslink_close(old->ws, LINK_REPLACED,
	    "replaced by a newer registration of this signer");
	link_unregister(old);
}

static void
take(struct rpc_call *call, struct link *link, struct advert *advert)
{
	const struct route_signer	*words;
	struct signer			*signer;
	char				 why[192], text[sizeof(link->reason)];
	bool				 again;

	signer = ruleset_signer(link->relay->rules, link->certname, &words);
	if (signer == NULL) {
		snprintf(text, sizeof(text), "unexpected signer: the proxy's "
		    "configuration has no signer of certificate name '%s'",
		    link->certname);
		refuse(call, link, LINKREFUSAL_UNEXPECTED, text);
		return;
	}
	if (!advert_covers(advert, words, why, sizeof(why))) {
		snprintf(text, sizeof(text), "unexpected signer: as '%s' "
		    "(certificate name '%s') it does not have all that the "
		    "proxy's configuration says: %s",
		    words->name, link->certname, why);
		refuse(call, link, LINKREFUSAL_LACKS, text);
		return;
	}
	advert_bind(advert, words);
	event_del(link->timer);
	again = link->signer != NULL;
	if (!again)
		replace(link, signer, advert);
	else {
		/* These are settled once for a connection. */
		advert->client = link->signer->advert.client;
		advert->deadline = link->signer->advert.deadline;
		learn(link->relay, link->signer, advert);
	}
	log_registered(link, again);
	if (link->signer->advert.given)
		rpc_result(call, ANSWER, sizeof(ANSWER) - 1);
	else
		rpc_result(call, "true", 4);
}

static void
check_window(struct link *link)
{
	uint64_t	 now = clock_us();

	if (now - link->window <= WINDOW)
		return;
	link->window = now;
	link->nregistrations = link->nuseless = 0;
}

static bool
too_often(struct link *link)
{
	check_window(link);
	return (++link->nregistrations > LINK_REGISTRATIONS);
}

static void
serve_signer(struct rpc_call *call, struct link *link,
    const struct jsonrpc_request *req, const struct json_doc *doc)
{
	const cJSON	*arg = NULL;
	struct advert	 advert;
	char		 why[160], text[224];

	if (too_often(link)) {
		refuse(call, link, LINKREFUSAL_OFTEN,
		    "registers too often");
		return;
	}
	/* A signer of 2025 gives no argument at all. */
	if (cJSON_IsArray(req->params) && req->params->child != NULL) {
		if (jsonrpc_argument(req->params, 1, &arg, text,
		    sizeof(text)) == -1) {
			rpc_error(call, JSONRPC_PARAMS, text);
			return;
		}
	} else if (req->params != NULL && !cJSON_IsNull(req->params) &&
	    !cJSON_IsArray(req->params)) {
		rpc_error(call, JSONRPC_PARAMS, "non-array args");
		return;
	}
	if (advert_parse(&advert, doc, arg, why, sizeof(why)) == -1) {
		/* Not answered: then register_message() hears of it. */
		if (errno == ENOMEM) {
			advert_clear(&advert);
			return;
		}
		snprintf(text, sizeof(text), "invalid argument 0: %s", why);
		rpc_error(call, JSONRPC_PARAMS, text);
	} else
		take(call, link, &advert);
	advert_clear(&advert);
}

static void
dispatch(struct rpc_call *call, const struct jsonrpc_request *req,
    const struct json_doc *doc)
{
	if (strcmp(req->method, LINK_SERVE_SIGNER) == 0)
		serve_signer(call, call->rpc->owner, req, doc);
	else if (strcmp(req->method, "health_status") == 0)
		rpc_result(call, METHOD_HEALTH, sizeof(METHOD_HEALTH) - 1);
	else
		rpc_no_method(call, req->method);
}

static void
log_fault(const struct link *link, const char *msg, const char *reason)
{
	struct log_record	 r;

	if (!log_start_noise(&r, LOG_LVL_WARN, msg))
		return;
	log_str(&r, "name", link->certname);
	log_str(&r, "peer", link->peer);
	log_str(&r, "reason", reason);
	log_end(&r);
}

static void
rejected(const struct rpc *rpc, const char *method, int code,
    const char *text)
{
	(void)method;
	(void)code;
	log_fault(rpc->owner, "signer's message rejected", text);
}

static void
unparsed(const struct rpc *rpc, const char *reason, size_t at)
{
	struct link	*link = rpc->owner;

	(void)at;
	log_fault(link, "signer's message is no JSON", reason);
	if (link->signer != NULL)
		link_suspect(link, "a message that is no JSON");
}

static const struct rpc_ops ops = {
	sizeof(struct registration), sizeof(struct rpc_call), dispatch, NULL,
	rejected, unparsed
};

/* 0, or -1 where there is no memory for it. */
static int
send_answer(struct link *link, struct rpc *rpc)
{
	struct evbuffer	*out;
	unsigned char	*text;

	if ((out = rpc_join(rpc)) == NULL)
		return (-1);
	/* Without its newline: the message has an end of its own. */
	if ((text = evbuffer_pullup(out, -1)) != NULL)
		(void)wslink_send(link->ws, (char *)text,
		    evbuffer_get_length(out) - 1);
	evbuffer_free(out);
	return (text != NULL ? 0 : -1);
}

static void
turn_out(struct link *link)
{
	wslink_close(link->ws, LINK_POLICY, link->refused);
	link_unregister(link);
}

void
register_useless(struct link *link)
{
	check_window(link);
	if (link->signer == NULL || ++link->nuseless <= LINK_USELESS)
		return;
	link->refused = "too much that nobody has asked for";
	log_fault(link, "signer refused", link->refused);
	count_refused(link->relay, LINKREFUSAL_USELESS);
	turn_out(link);
}

void
register_message(struct link *link, const struct rpc_text *text)
{
	struct rpc_limits	 limits = link->relay->rpc_limits;
	uint32_t		 before = link->nregistrations;
	struct rpc		*rpc;

	limits.max_batch = 1;
	rpc = rpc_take(&ops, link, &limits, text);
	if (rpc == NULL || (rpc->ncalls > 0 && send_answer(link, rpc) == -1))
		link_no_memory(link);
	rpc_free(rpc);
	end_older(link);
	if (link->signer == NULL && link->refused == NULL &&
	    ++link->nfirst == LINK_FIRST_MESSAGES) {
		link->refused = "messages, but none that registers";
		count_refused(link->relay, LINKREFUSAL_SILENT);
	}
	if (link->refused != NULL)
		turn_out(link);
	else if (link->nregistrations == before)
		register_useless(link);
}
