/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include "api/link.h"
#include "common/clock.h"
#include "common/heap.h"
#include "common/log.h"
#include "common/tlsconn.h"
#include "common/wslink.h"
#include "signerd/uplink.h"

#define INPUT_MAX	65536
#define NO_CODE		1005

static void	dial(struct uplink *);

static struct uplink_counts *
counts(struct uplink *u)
{
	return (&u->linkd->counts[u->proxy.index]);
}

static void
arm(struct uplink *u, uint32_t ms)
{
	struct timeval	 tv = clock_in_ms(ms);

	event_add(u->timer, &tv);
}

/* From half of it to all of it: proxies are not to be met in step. */
static uint32_t
jitter(uint32_t ms)
{
	uint32_t	 n;

	if (getentropy(&n, sizeof(n)) == -1)
		n = 0;
	return (ms / 2 + n % (ms / 2 + 1));
}

/* ---- The end of a link ------------------------------------------------ */

static void
close_all(struct uplink *u)
{
	rpc_cancel_all(&u->owner);
	event_del(u->renew);
	tlsconn_free(u->conn);
	u->conn = NULL;
	wslink_free(u->ws);
	u->ws = NULL;
	u->bare = false;
	u->stale = false;
	u->settled = false;
	u->asked = 0;
	u->owner.metadata = false;
	u->owner.busy = false;
	u->ending = false;
}

static uint32_t
next_pause(struct uplink *u)
{
	const struct config_limits	*l = &u->linkd->config.limits;
	uint32_t			 ms;

	/* It was up for long enough: what went before is forgotten. */
	if (u->since != 0 && clock_us() - u->since >=
	    (uint64_t)l->timeout_stable * 1000)
		u->backoff = UPLINK_BACKOFF_MIN;
	u->since = 0;
	if (u->slow)
		u->backoff = l->timeout_backoff;
	u->slow = false;
	if (u->backoff > l->timeout_backoff)
		u->backoff = l->timeout_backoff;
	ms = jitter(u->backoff);
	u->backoff *= 2;
	return (ms);
}

static void
log_down(const struct uplink *u, enum log_level level, const char *reason,
    uint64_t up, uint32_t pause)
{
	struct log_record	 r;

	if (!log_start(&r, level, "link down"))
		return;
	log_str(&r, "link", u->proxy.name);
	if (u->peer[0] != '\0')
		log_str(&r, "peer", u->peer);
	log_str(&r, "reason", reason);
	if (up != 0)
		log_num(&r, "up_ms", (clock_us() - up) / 1000);
	log_num(&r, "retry_ms", pause);
	log_end(&r);
}

static void
log_left(const struct uplink *u, const char *reason)
{
	struct log_record	 r;

	if (!log_start(&r, LOG_LVL_INFO, "link closed"))
		return;
	log_str(&r, "link", u->proxy.name);
	if (u->peer[0] != '\0')
		log_str(&r, "peer", u->peer);
	log_str(&r, "reason", reason);
	log_end(&r);
}

/* Until an operator says otherwise. */
static void
stay_down(struct uplink *u, const char *reason)
{
	log_left(u, reason);
	event_del(u->timer);
	u->since = 0;
	u->slow = false;
	u->state = UPLINK_DOWN;
}

/* Until the next attempt. */
static void
down(struct uplink *u, const char *reason)
{
	enum log_level	 level = u->slow ? LOG_LVL_ERROR : LOG_LVL_WARN;
	uint64_t	 up = u->since;
	uint32_t	 ms;

	close_all(u);
	if (u->linkd->stopping || u->listed) {
		if (!u->linkd->stopping)
			log_left(u, reason);
		u->state = UPLINK_STOPPED;
		event_del(u->timer);
		linkd_gone(u->linkd);
		return;
	}
	if (u->elder != NULL && clock_us() - u->begun >
	    (uint64_t)UPLINK_OVERLAP * 1000) {
		uplink_leave(u->elder);
		u->elder = NULL;
	}
	if (u->down) {
		stay_down(u, reason);
		return;
	}
	counts(u)->failures[u->state == UPLINK_CLOSING ? u->closed :
	    u->state]++;
	ms = next_pause(u);
	log_down(u, level, reason, up, ms);
	u->state = UPLINK_WAITING;
	arm(u, ms);
}

void
uplink_close(struct uplink *u, uint16_t code, const char *reason, bool slow)
{
	if (u->state == UPLINK_CLOSING)
		return;
	snprintf(u->reason, sizeof(u->reason), "%s", reason);
	u->slow = slow;
	u->closed = u->state;
	u->state = UPLINK_CLOSING;
	event_del(u->timer);
	event_del(u->renew);
	rpc_cancel_all(&u->owner);
	/* The end is told from the loop, and within a second. */
	wslink_close(u->ws, code, reason);
}

/* In an operator's words: who has ended it, and why. */
static void
say_end(const struct wslink_end *end, char *text, size_t size)
{
	if (end->code == 0 || (!end->by_peer && end->code == LINK_NO_ROOM))
		snprintf(text, size, "%s", end->reason);
	else if (end->by_peer && end->code == NO_CODE)
		snprintf(text, size, "closed by the proxy, without a reason");
	else if (end->by_peer)
		snprintf(text, size, "closed by the proxy: %u %s%s",
		    end->code, end->reason, end->code == LINK_REPLACED ?
		    " (another signer has our certificate's name)" : "");
	else if (end->code == LINK_POLICY)
		/* The one thing that wslink.h closes with it for. */
		snprintf(text, size, "the proxy's %s", end->reason);
	else
		snprintf(text, size, "the proxy broke the protocol: %u %s",
		    end->code, end->reason);
}

static void
on_ws_end(struct wslink *ws, const struct wslink_end *end, void *arg)
{
	struct uplink	*u = arg;
	char		 text[400];

	(void)ws;
	if (u->state == UPLINK_CLOSING) {
		down(u, u->reason);
		return;
	}
	/* Another has our name, or the proxy does not want us. */
	u->slow = end->by_peer &&
	    (end->code == LINK_REPLACED || end->code == LINK_POLICY);
	say_end(end, text, sizeof(text));
	down(u, text);
}

/* ---- Messages --------------------------------------------------------- */

/* Why it goes, other than by itself. */
static const char *
why_going(const struct uplink *u)
{
	if (u->linkd->stopping)
		return ("signerd stops");
	return (u->leaving ? "not configured any more" :
	    "taken down by an operator");
}

static bool
is_going(const struct uplink *u)
{
	return (u->linkd->stopping || u->leaving || u->ending);
}

/* Nothing more is in flight: a stopping link can go. */
static void
stop_when_idle(struct uplink *u)
{
	if (u->ws != NULL && u->owner.nsignings == 0)
		uplink_close(u, LINK_GOING_AWAY, why_going(u), false);
}

static void
on_answer(void *arg, struct signing *s, struct evbuffer *body)
{
	struct uplink	*u = arg;
	unsigned char	*text;
	size_t		 len;

	(void)s;
	/* It ends when this returns. */
	if (is_going(u))
		event_active(u->renew, EV_TIMEOUT, 0);
	if (u->ws == NULL || body == NULL)
		return;
	len = evbuffer_get_length(body);
	/* Without its newline: the message has an end of its own. */
	if (len <= 1)
		return;
	if ((text = evbuffer_pullup(body, -1)) == NULL)
		uplink_close(u, LINK_NO_ROOM, "out of memory", false);
	else
		(void)wslink_send(u->ws, (char *)text, len - 1);
}

static void
on_unavailable(void *arg, struct signing *s, const char *reason)
{
	struct uplink	*u = arg;

	(void)s;
	/* Not even an error can be told: the proxy asks another. */
	if (u->ws != NULL)
		uplink_close(u, LINK_NO_ROOM, reason, false);
}

static void
on_message(struct wslink *ws, const char *text, size_t len, void *arg)
{
	struct uplink	*u = arg;

	(void)ws;
	heap_message(len);
	if (u->state == UPLINK_CLOSING)
		return;
	if (u->asked != 0 && uplink_registration(u, text, len))
		return;
	counts(u)->messages++;
	(void)rpc_start(&u->owner, text, len);
}

/* ---- The beginning of a link ------------------------------------------ */

static struct wslink_config
wslink_limits(const struct uplink *u)
{
	const struct config_limits	*l = &u->linkd->config.limits;
	struct wslink_config		 config;

	memset(&config, 0, sizeof(config));
	config.max_message = (size_t)l->max_body + UPLINK_ENVELOPE;
	config.max_output = (size_t)l->max_response + UPLINK_ENVELOPE;
	config.ping = l->timeout_ping;
	config.dead = l->timeout_dead;
	config.close = UPLINK_LINGER;
	config.peer = u->proxy.name;
	return (config);
}

static struct wslink *
open_wslink(struct uplink *u)
{
	static const struct wslink_cb	 cb = { on_message, on_ws_end };
	const struct wslink_config	 config = wslink_limits(u);

	return (wslink_new(u->linkd->base, WEBSOCKET_CLIENT, u->conn, &config,
	    &cb, u));
}

static void
on_tls_ready(struct tlsconn *conn, void *arg)
{
	struct uplink	*u = arg;

	if (wsupgrade_request(&u->upgrade, tlsconn_output(conn),
	    u->proxy.host, u->proxy.target) == -1) {
		down(u, "cannot make a request for a websocket");
		return;
	}
	u->state = UPLINK_UPGRADING;
	tlsconn_flush(conn);
}

/* What to look at, for what a proxy answers instead of a websocket. */
static const char *
upgrade_hint(const char *error)
{
	if (strncmp(error, "proxy answered 401", 18) == 0)
		return (" (our certificate needs a DNS name)");
	if (strncmp(error, "proxy answered 404", 18) == 0)
		return (" (is the port of the url that for signers, and the "
		    "path right?)");
	return ("");
}

static void
on_tls_input(struct tlsconn *conn, void *arg)
{
	struct uplink	*u = arg;
	const char	*error;
	char		 text[320];

	switch (wsupgrade_answer(&u->upgrade, tlsconn_input(conn))) {
	case WSUPGRADE_MORE:
		tlsconn_resume(conn);
		break;
	case WSUPGRADE_REFUSED:
		error = wsupgrade_error(&u->upgrade);
		snprintf(text, sizeof(text), "no websocket: %s%s", error,
		    upgrade_hint(error));
		down(u, text);
		break;
	case WSUPGRADE_DONE:
		if ((u->ws = open_wslink(u)) == NULL) {
			down(u, "out of memory");
			return;
		}
		u->conn = NULL;
		u->state = UPLINK_REGISTERING;
		uplink_register(u);
		break;
	}
}

static void
on_tls_drained(struct tlsconn *conn, void *arg)
{
	(void)conn;
	(void)arg;
}

static void
on_tls_end(struct tlsconn *conn, enum tlsconn_end how, void *arg)
{
	if (how == TLSCONN_FAILED)
		down(arg, tlsconn_error(conn));
	else
		down(arg, "closed by the proxy before there was a websocket");
}

void
uplink_dialled(struct uplink *u, const struct dial_result *result, int fd)
{
	static const struct tlsconn_cb	 cb = {
		on_tls_ready, on_tls_input, on_tls_drained, on_tls_end
	};

	if (u->state != UPLINK_DIALLING || result->cookie != u->cookie) {
		if (fd != -1)
			close(fd);
		return;
	}
	snprintf(u->peer, sizeof(u->peer), "%s", result->peer);
	if (fd == -1) {
		down(u, result->text);
		return;
	}
	u->conn = tlsconn_connect(u->linkd->base, u->tls, fd,
	    u->proxy.tlsname, INPUT_MAX, &cb, u);
	if (u->conn == NULL) {
		close(fd);
		down(u, "out of memory");
		return;
	}
	u->state = UPLINK_HANDSHAKE;
	arm(u, u->linkd->config.limits.timeout_register);
}

static void
dial(struct uplink *u)
{
	struct log_record	 r;

	if (log_start(&r, LOG_LVL_DEBUG, "dialling")) {
		log_str(&r, "link", u->proxy.name);
		log_end(&r);
	}
	u->peer[0] = '\0';
	u->state = UPLINK_DIALLING;
	counts(u)->attempts++;
	/* Another's answer is not to be taken for ours. */
	u->cookie = ++u->linkd->cookies;
	arm(u, u->linkd->config.limits.timeout_connect + UPLINK_GRACE);
	linkd_dial(u->linkd, u, DIAL_CONNECT);
}

static void
timed_out(struct uplink *u, const char *what)
{
	char	 text[128];

	snprintf(text, sizeof(text), "%s within %u ms", what,
	    u->linkd->config.limits.timeout_register);
	if (u->ws != NULL)
		uplink_close(u, LINK_POLICY, text, false);
	else
		down(u, text);
}

static void
on_timer(int fd, short what, void *arg)
{
	struct uplink	*u = arg;

	(void)fd;
	(void)what;
	switch (u->state) {
	case UPLINK_WAITING:
		dial(u);
		break;
	case UPLINK_DIALLING:
		linkd_dial(u->linkd, u, DIAL_CANCEL);
		down(u, "the dialer does not answer");
		break;
	case UPLINK_HANDSHAKE:
		timed_out(u, "no end of the TLS handshake");
		break;
	case UPLINK_UPGRADING:
		timed_out(u, "no answer to the request for a websocket");
		break;
	case UPLINK_REGISTERING:
	case UPLINK_UP:
		timed_out(u, "no answer to opsignerproxy_serveSigner");
		break;
	case UPLINK_CLOSING:
	case UPLINK_DOWN:
	case UPLINK_STOPPED:
		break;
	}
}

static void
on_renew(int fd, short what, void *arg)
{
	struct uplink	*u = arg;

	(void)fd;
	(void)what;
	if (is_going(u))
		stop_when_idle(u);
	else
		uplink_register(u);
}

struct uplink *
uplink_new(struct linkd *linkd, const struct link_proxy *proxy)
{
	static const struct rpc_owner_ops	 ops = {
		on_answer, on_unavailable
	};
	struct uplink	*u;
	int		 i;

	if ((u = calloc(1, sizeof(*u))) == NULL)
		return (NULL);
	u->linkd = linkd;
	u->proxy = *proxy;
	for (i = 0; i < TLSFILE_COUNT; i++)
		u->files[i] = -1;
	u->state = UPLINK_STOPPED;
	u->timer = evtimer_new(linkd->base, on_timer, u);
	u->renew = evtimer_new(linkd->base, on_renew, u);
	if (u->timer == NULL || u->renew == NULL) {
		uplink_free(u);
		return (NULL);
	}
	LIST_INIT(&u->owner.signings);
	u->owner.ops = &ops;
	u->owner.arg = u;
	u->owner.client = "";
	u->owner.peer = u->peer;
	u->owner.via = proxy->index + 1;
	u->owner.link = u->proxy.name;
	return (u);
}

void
uplink_free(struct uplink *u)
{
	int	 i;

	if (u == NULL)
		return;
	for (i = 0; i < TLSFILE_COUNT; i++)
		if (u->files[i] != -1)
			close(u->files[i]);
	if (u->timer != NULL)
		event_free(u->timer);
	if (u->renew != NULL)
		event_free(u->renew);
	tlsctx_unref(u->tls);
	free(u->object);
	free(u);
}

void
uplink_limits(struct uplink *u)
{
	struct linkd			*l = u->linkd;
	const struct wslink_config	 config = wslink_limits(u);

	u->owner.max_signings = l->config.limits.max_link_requests;
	/* No proxy can have what is for all of them. */
	u->owner.max_held = l->config.limits.max_bodies /
	    (l->nuplinks > 0 ? l->nuplinks : 1);
	if (u->ws != NULL)
		wslink_set_config(u->ws, &config);
}

void
uplink_start(struct uplink *u)
{
	struct linkd	*l = u->linkd;

	u->owner.limits = &l->config.limits;
	u->owner.keylink = &l->keylink;
	u->owner.names = &l->names;
	uplink_limits(u);
	u->backoff = UPLINK_BACKOFF_MIN;
	u->begun = clock_us();
	u->down = u->proxy.down;
	if (u->down)
		stay_down(u, why_going(u));
	else
		dial(u);
}

void
uplink_set_down(struct uplink *u, bool going)
{
	if (u->down == going || u->state == UPLINK_STOPPED)
		return;
	u->down = going;
	if (going) {
		if (u->elder != NULL)
			uplink_leave(u->elder);
		u->elder = NULL;
		u->ending = true;
		uplink_stop(u);
	} else if (u->state == UPLINK_DOWN) {
		u->backoff = UPLINK_BACKOFF_MIN;
		u->begun = clock_us();
		dial(u);
	}
}

void
uplink_judge(struct uplink *u, struct tlsctx *tls)
{
	char	 why[256], text[384];
	bool	 good = true;

	if (u->state == UPLINK_HANDSHAKE) {
		down(u, "the certificates have changed meanwhile");
		return;
	}
	if (u->ws != NULL)
		good = wslink_trusted(u->ws, tls, why, sizeof(why));
	else if (u->conn != NULL)
		good = tlsconn_trusted(u->conn, tls, why, sizeof(why));
	if (good)
		return;
	snprintf(text, sizeof(text), "the proxy's certificate is not trusted "
	    "any more: %s", why);
	if (u->ws != NULL)
		uplink_close(u, LINK_POLICY, text, false);
	else
		down(u, text);
}

void
uplink_leave(struct uplink *u)
{
	struct uplink	*elder = u->elder;

	if (u->leaving)
		return;
	u->leaving = true;
	u->owner.leaving = true;
	u->elder = NULL;
	if (elder != NULL)
		uplink_leave(elder);
	uplink_stop(u);
}

void
uplink_stop(struct uplink *u)
{
	switch (u->state) {
	case UPLINK_REGISTERING:
	case UPLINK_UP:
		/* What comes from now on is for another signer. */
		u->owner.busy = true;
		event_del(u->renew);
		stop_when_idle(u);
		break;
	case UPLINK_CLOSING:
	case UPLINK_STOPPED:
		break;
	case UPLINK_DIALLING:
		linkd_dial(u->linkd, u, DIAL_CANCEL);
		/* FALLTHROUGH */
	case UPLINK_WAITING:
	case UPLINK_HANDSHAKE:
	case UPLINK_UPGRADING:
	case UPLINK_DOWN:
		down(u, why_going(u));
		break;
	}
}
