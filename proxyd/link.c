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
#include "common/heap.h"
#include "common/http.h"
#include "common/log.h"
#include "common/tlsconn.h"
#include "common/turn.h"
#include "common/wslink.h"
#include "common/wsupgrade.h"
#include "proxyd/link.h"

/* Numbers that every JSON parser takes as they are. */
#define ID_MAX		((uint64_t)1 << 53)
#define ID_DIGITS	16
/* Bytes of a request beside its argument. */
#define REQUEST_ENVELOPE	4096

static const char *
signer_name(const struct link *link)
{
	return (link->signer != NULL ? link->signer->name : "");
}

void
link_log(enum log_level level, const char *msg, const struct link *link,
    const char *reason)
{
	struct log_record	 r;

	if (!log_start_noise(&r, level, msg))
		return;
	log_str(&r, "signer", signer_name(link));
	log_str(&r, "name", link->certname);
	log_str(&r, "peer", link->peer);
	if (reason != NULL)
		log_str(&r, "reason", reason);
	if (link->late > 0)
		log_num(&r, "late", link->late);
	log_end(&r);
}

/* ---- What calls need of a link ---------------------------------------- */

static size_t
max_message(const struct link *link)
{
	return ((size_t)link->relay->rules->config.limits.max_body + RELAY_ENVELOPE);
}

static size_t
max_output(const struct link *link)
{
	return (2 * max_message(link));
}

bool
link_usable(const struct link *link, size_t argumentlen)
{
	return (link->signer != NULL && !link->signer->down &&
	    wslink_open(link->ws) &&
	    link->nattempts < link->relay->rules->config.limits.max_link_requests &&
	    wslink_unsent(link->ws) + argumentlen + REQUEST_ENVELOPE <=
	    max_output(link));
}

enum rank { STABLE, NEW, IN_DOUBT };

static enum rank
rank(const struct link *link)
{
	uint64_t	 ms = link->relay->rules->config.limits.timeout_stable;
	uint64_t	 now = clock_us();

	if (link->fault != 0 && now - link->fault < ms * 1000)
		return (IN_DOUBT);
	return (now - link->registered < ms * 1000 ? NEW : STABLE);
}

bool
link_in_doubt(const struct link *link)
{
	return (rank(link) == IN_DOUBT);
}

bool
link_precedes(const struct link *link, const struct link *later)
{
	enum rank	 a = rank(link), b = rank(later);

	if (a != b)
		return (a < b);
	return (a != IN_DOUBT || link->fault <= later->fault);
}

void
link_suspect(struct link *link, const char *why)
{
	link_log(LOG_LVL_WARN, "signer in doubt", link, why);
	link->fault = clock_us();
}

static int
send_request(struct link *link, const struct call *call, uint64_t id,
    const char *client, uint64_t ms)
{
	struct evbuffer	*out;
	unsigned char	*text;
	int		 r = -1;

	if ((out = evbuffer_new()) == NULL)
		return (-1);
	if (wire_request(out, call, link, id, client, ms) == 0 &&
	    (text = evbuffer_pullup(out, -1)) != NULL)
		r = wslink_send(link->ws, (char *)text,
		    evbuffer_get_length(out));
	evbuffer_free(out);
	return (r);
}

struct attempt *
link_ask(struct link *link, struct call *call, const char *client,
    uint64_t ms)
{
	struct attempt	*a;

	if ((a = calloc(1, sizeof(*a))) == NULL)
		return (NULL);
	a->link = link;
	a->call = call;
	a->signer = link->signer;
	a->id = link->next_id;
	a->sent = clock_us();
	if (send_request(link, call, a->id, client, ms) == -1) {
		free(a);
		return (NULL);
	}
	link->next_id = link->next_id % ID_MAX + 1;
	TAILQ_INSERT_TAIL(&link->attempts, a, of_link);
	link->nattempts++;
	return (a);
}

void
link_forget(struct attempt *a)
{
	TAILQ_REMOVE(&a->link->attempts, a, of_link);
	a->link->nattempts--;
	free(a);
}

static void
fail_attempts(struct link *link)
{
	struct attempt	*a;

	while ((a = TAILQ_FIRST(&link->attempts)) != NULL)
		call_lost(a);
}

void
link_unregister(struct link *link)
{
	link->relay->changes++;
	/* First, so that no call comes back to it. */
	if (link->signer != NULL && link->signer->link == link)
		link->signer->link = NULL;
	link->signer = NULL;
	fail_attempts(link);
}

/* ---- The end ---------------------------------------------------------- */

static void
link_free(struct link *link)
{
	struct relay	*relay = link->relay;

	link_unregister(link);
	wslink_free(link->ws);
	httpconn_release(link->conn);
	if (link->timer != NULL)
		event_free(link->timer);
	TAILQ_REMOVE(&relay->links, link, entry);
	relay->nlinks--;
	free(link);
	relay_link_gone(relay);
}

static void
on_end(struct wslink *ws, const struct wslink_end *end, void *arg)
{
	struct link	*link = arg;
	char		 text[300];

	(void)ws;
	if (end->code != 0)
		snprintf(text, sizeof(text), "%s (%u%s)", end->reason,
		    end->code, end->by_peer ? ", by the signer" : "");
	else
		snprintf(text, sizeof(text), "%s", end->reason);
	if (link->signer != NULL)
		link_log(LOG_LVL_WARN, "signer lost", link, text);
	else
		link_log(LOG_LVL_INFO, "link closed", link, text);
	link_free(link);
}

void
link_stop(struct relay *relay)
{
	struct link	*link, *next;

	for (link = TAILQ_FIRST(&relay->links); link != NULL; link = next) {
		next = TAILQ_NEXT(link, entry);
		wslink_close(link->ws, LINK_GOING_AWAY, "proxyd stops");
	}
	relay_link_gone(relay);
}

/* ---- Messages --------------------------------------------------------- */

/* As it was sent, or 0, which none is. */
static uint64_t
id_of(const char *text, size_t len)
{
	uint64_t	 id = 0;
	size_t		 i;

	if (text == NULL || len == 0 || len > ID_DIGITS || text[0] == '0')
		return (0);
	for (i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return (0);
		id = id * 10 + (uint64_t)(text[i] - '0');
	}
	return (id);
}

static struct attempt *
attempt_by_id(const struct link *link, uint64_t id)
{
	struct attempt	*a;

	/* Nearly always the first. */
	TAILQ_FOREACH(a, &link->attempts, of_link)
		if (a->id == id)
			return (a);
	return (NULL);
}

/* Nobody waits for it: too late, a second time, or for nothing. */
static void
drop_answer(struct link *link)
{
	count_late(link->signer);
	if (link->late++ == 0)
		link_log(LOG_LVL_INFO, "answer that nobody waits for", link,
		    NULL);
}

/* Whether somebody waited for it. */
static bool
take_answer(struct link *link, const struct json_doc *doc, const cJSON *root)
{
	const cJSON	*id = json_member(root, "id");
	const char	*text = NULL;
	struct attempt	*a;
	size_t		 len = 0;

	if (cJSON_IsNumber(id))
		text = json_raw(doc, id, &len);
	if ((a = attempt_by_id(link, id_of(text, len))) == NULL) {
		drop_answer(link);
		return (false);
	}
	call_answered(a, doc, json_member(root, "result"),
	    json_member(root, "error"));
	return (true);
}

/* An answer has no method; all else is looked at as a request. */
static bool
is_answer(const cJSON *root)
{
	return (cJSON_IsObject(root) && json_member(root, "method") == NULL &&
	    (json_member(root, "result") != NULL ||
	    json_member(root, "error") != NULL) &&
	    !json_repeats(root, false));
}

void
link_no_memory(struct link *link)
{
	log_error("no memory for a signer's message");
	wslink_close(link->ws, LINK_NO_ROOM, "out of memory");
	link_unregister(link);
}

static void
on_message(struct wslink *ws, const char *text, size_t len, void *arg)
{
	struct link	*link = arg;
	struct rpc_text	 t;

	(void)ws;
	heap_message(len);
	rpc_read(&t, &link->relay->rpc_limits, text, len);
	/* It was asked for nothing before it has registered. */
	if (link->signer != NULL && t.error == JSON_OK &&
	    is_answer(json_root(t.doc))) {
		if (!take_answer(link, t.doc, json_root(t.doc)) &&
		    len > TURN_LARGE)
			register_useless(link);
	} else
		register_message(link, &t);
	json_free(t.doc);
}

/* ---- The beginning ---------------------------------------------------- */

static void
on_register_timer(int fd, short what, void *arg)
{
	struct link	*link = arg;

	(void)fd;
	(void)what;
	link_log(LOG_LVL_WARN, "signer refused", link,
	    "it did not register in time");
	count_refused(link->relay, LINKREFUSAL_LATE);
	wslink_close(link->ws, LINK_POLICY, "not registered in time");
}

static void
fill_config(const struct link *link, struct wslink_config *config)
{
	const struct config_limits	*l = &link->relay->rules->config.limits;

	memset(config, 0, sizeof(*config));
	config->max_message = link->stranger ? LINK_STRANGER_MESSAGE :
	    max_message(link);
	config->max_output = max_output(link);
	config->ping = l->timeout_ping;
	config->dead = l->timeout_dead;
	config->close = RELAY_LINGER;
	config->peer = link->certname;
}

void
link_configure(struct link *link)
{
	struct wslink_config	 config;

	fill_config(link, &config);
	wslink_set_config(link->ws, &config);
}

static struct wslink *
open_wslink(struct link *link, struct tlsconn *tls)
{
	static const struct wslink_cb	 cb = { on_message, on_end };
	struct wslink_config		 config;

	fill_config(link, &config);
	return (wslink_new(link->relay->base, WEBSOCKET_SERVER, tls, &config,
	    &cb, link));
}

static struct link *
link_new(struct relay *relay, struct httpconn *conn)
{
	uint32_t	 ms = relay->rules->config.limits.timeout_register;
	struct timeval	 tv;
	struct link	*link;
	const char	*address = httpconn_address(conn);
	bool		 six = strchr(address, ':') != NULL;

	if ((link = calloc(1, sizeof(*link))) == NULL)
		return (NULL);
	link->relay = relay;
	link->conn = conn;
	link->serial = ++relay->serial;
	link->next_id = 1;
	TAILQ_INIT(&link->attempts);
	snprintf(link->certname, sizeof(link->certname), "%s",
	    httpconn_name(conn));
	link->stranger = ruleset_signer(relay->rules, link->certname,
	    NULL) == NULL;
	snprintf(link->peer, sizeof(link->peer), six ? "[%s]:%u" : "%s:%u",
	    address, httpconn_port(conn));
	link->timer = evtimer_new(relay->base, on_register_timer, link);
	if (link->timer == NULL) {
		free(link);
		return (NULL);
	}
	tv = clock_in_ms(ms);
	event_add(link->timer, &tv);
	return (link);
}

/* The answer is in the output, and the connection is a websocket now. */
static void
accept_link(struct relay *relay, struct httpconn *conn)
{
	struct tlsconn	*tls = httpconn_detach(conn);
	struct link	*link;

	tlsconn_flush(tls);
	if ((link = link_new(relay, conn)) != NULL &&
	    (link->ws = open_wslink(link, tls)) != NULL) {
		TAILQ_INSERT_TAIL(&relay->links, link, entry);
		relay->nlinks++;
		relay->counts.links++;
		link_log(LOG_LVL_DEBUG, "link opened", link, NULL);
		return;
	}
	log_error("no memory for a signer's link");
	count_refused(relay, LINKREFUSAL_MEMORY);
	if (link != NULL) {
		event_free(link->timer);
		free(link);
	}
	tlsconn_free(tls);
	httpconn_release(conn);
}

static const char	*const no_room_texts[] = {
	[LINKREFUSAL_STOPPING] = "stopping",
	[LINKREFUSAL_MAX] = "max links",
	[LINKREFUSAL_SAME] = "too many links of this signer are not registered",
	[LINKREFUSAL_STRANGERS] = "too many links of unexpected signers"
};

/*
 * Why there is no room for one more link of that certificate;
 * LINKREFUSAL_COUNT: there is.
 */
static enum link_refusal
no_room(const struct relay *relay, const char *certname)
{
	const struct link	*link;
	uint32_t		 same = 0, strangers = 0;
	bool			 known;

	if (relay->stopping)
		return (LINKREFUSAL_STOPPING);
	if (relay->nlinks >= relay->rules->config.limits.max_links)
		return (LINKREFUSAL_MAX);
	known = ruleset_signer(relay->rules, certname, NULL) != NULL;
	TAILQ_FOREACH(link, &relay->links, entry) {
		if (link->registered != 0)
			continue;
		if (link->stranger)
			strangers++;
		else if (strcmp(link->certname, certname) == 0)
			same++;
	}
	if (known && same >= LINK_UNREGISTERED)
		return (LINKREFUSAL_SAME);
	if (!known && strangers >= LINK_STRANGERS)
		return (LINKREFUSAL_STRANGERS);
	return (LINKREFUSAL_COUNT);
}

static void
refuse_upgrade(struct relay *relay, struct httpconn *conn, int status,
    const char *reason, enum link_refusal why)
{
	count_refused(relay, why);
	httpconn_refuse_upgrade(conn, status, reason);
}

static bool
on_upgrade(struct httpconn *conn, const struct http_parser *http, void *arg)
{
	struct relay		*relay = arg;
	struct evbuffer		*out = tlsconn_output(httpconn_tls(conn));
	const char		*path = http_path(http), *reason;
	enum link_refusal	 why;
	int			 status;

	if (tlsconn_peer(httpconn_tls(conn)) != TLSCONN_NAMED ||
	    (strcmp(path, "/") != 0 && strcmp(path, "/ws") != 0 &&
	    strcmp(path, "/ws/") != 0))
		return (false);
	why = no_room(relay, httpconn_name(conn));
	if (why != LINKREFUSAL_COUNT) {
		struct http_response	 r = { .status = 503, .close = true,
					    .retry_after = 1 };

		(void)http_respond(out, &r, 0);
		refuse_upgrade(relay, conn, 503, no_room_texts[why], why);
		return (true);
	}
	status = wsupgrade_serve(http, out, &reason);
	if (status == 101)
		accept_link(relay, conn);
	else if (status > 0)
		refuse_upgrade(relay, conn, status, reason,
		    LINKREFUSAL_UPGRADE);
	else
		refuse_upgrade(relay, conn, 503, "out of memory",
		    LINKREFUSAL_MEMORY);
	return (true);
}

/* Signers have nothing to ask for over plain HTTP. */
static void
on_request(struct httpconn *conn, const char *body, size_t len, void *arg)
{
	static const char	 text[] = "{\"jsonrpc\":\"2.0\",\"id\":null,"
				    "\"error\":{\"code\":-32601,\"message\":"
				    "\"signers register here by websocket: "
				    "clients have another port\"}}\n";
	struct log_record	 r;
	struct evbuffer		*out;

	(void)body;
	(void)len;
	(void)arg;
	if (log_start_noise(&r, LOG_LVL_WARN, "a request where signers "
	    "register")) {
		log_str(&r, "client", httpconn_name(conn));
		log_str(&r, "peer", httpconn_address(conn));
		log_end(&r);
	}
	if ((out = evbuffer_new()) == NULL ||
	    evbuffer_add(out, text, sizeof(text) - 1) == -1)
		httpconn_unavailable(conn);
	else
		httpconn_answer(conn, out);
	if (out != NULL)
		evbuffer_free(out);
}

static void
on_cancel(struct httpconn *conn, void *arg)
{
	(void)conn;
	(void)arg;
}

static void
on_stopped(struct httpserver *server, void *arg)
{
	(void)server;
	relay_link_gone(arg);
}

const struct httpserver_cb link_cb = {
	on_request, on_cancel, on_upgrade, on_stopped, "signers"
};
