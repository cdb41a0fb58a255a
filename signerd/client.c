/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <arpa/inet.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include "common/http.h"
#include "common/log.h"
#include "signerd/frontend.h"
#include "signerd/reqlog.h"
#include "signerd/rpc.h"

/* Decrypted bytes that wait to be taken, and answers that wait to be read. */
#define INPUT_MAX	65536
#define OUTPUT_MAX	65536
/* Memory for a body that is kept from one request to the next. */
#define BODY_KEEP	4096
/* Requests of one connection in one turn of the loop. */
#define REQUESTS_TURN	8

#define TEXT_PLAIN	"text/plain; charset=utf-8"
#define TEXT_JSON	"application/json"

static void	client_process(struct client *);

const char *
client_name(const struct client *c)
{
	const char	*name = tlsconn_peer_name(c->conn);

	return (name != NULL ? name : "");
}

static void
set_timeout(struct client *c, uint32_t ms)
{
	struct timeval	 tv;

	c->timeout = ms;
	tv.tv_sec = ms / 1000;
	tv.tv_usec = (ms % 1000) * 1000;
	event_add(c->timer, &tv);
}

/* By what the connection waits for. */
static void
arm_timer(struct client *c)
{
	const struct config_limits	*l = &c->front->config.limits;

	switch (c->state) {
	case CLIENT_HANDSHAKE:
		set_timeout(c, l->timeout_handshake);
		break;
	case CLIENT_READING:
		if (evbuffer_get_length(tlsconn_output(c->conn)) > 0)
			set_timeout(c, l->timeout_write);
		else
			set_timeout(c, l->timeout_idle);
		break;
	case CLIENT_BUSY:
		/* The rpc has a deadline of its own. */
		event_del(c->timer);
		break;
	case CLIENT_ANSWERING:
		set_timeout(c, l->timeout_write);
		break;
	case CLIENT_CLOSING:
		set_timeout(c, c->front->stopping ? FRONT_LINGER :
		    l->timeout_write);
		break;
	}
}

static void
set_state(struct client *c, enum client_state state)
{
	c->state = state;
	arm_timer(c);
}

/* ---- Memory for bodies ------------------------------------------------ */

static void
account(struct client *c)
{
	size_t	 held = http_held(c->http);

	c->front->held += held - c->held;
	c->held = held;
}

static void
drop_body(struct client *c)
{
	http_drop_body(c->http);
	account(c);
}

/* ---- Answers ---------------------------------------------------------- */

static void
close_client(struct client *c)
{
	set_state(c, CLIENT_CLOSING);
	/* It may be long until the peer closes its side. */
	drop_body(c);
	tlsconn_close(c->conn, c->front->config.limits.max_body);
}

/* The answer is in the output: what comes next on this connection? */
static void
finish_answer(struct client *c, bool last)
{
	if (last) {
		close_client(c);
		return;
	}
	tlsconn_flush(c->conn);
	if (evbuffer_get_length(tlsconn_output(c->conn)) > OUTPUT_MAX)
		set_state(c, CLIENT_ANSWERING);
	else
		set_state(c, CLIENT_READING);
}

static void
send_answer(struct client *c, struct http_response *r, struct evbuffer *body)
{
	size_t	 len = body != NULL ? evbuffer_get_length(body) : 0;

	r->close = c->refused || c->front->stopping || !http_keepalive(c->http);
	r->keepalive10 = !r->close && http_minor(c->http) == 0;
	if (http_respond(tlsconn_output(c->conn), r, len) == -1 ||
	    (len > 0 && !r->head &&
	    evbuffer_add_buffer(tlsconn_output(c->conn), body) == -1)) {
		log_error("no memory for an answer");
		r->close = true;
	}
	finish_answer(c, r->close);
}

static void
send_text(struct client *c, int status, const char *type, const char *text)
{
	struct http_response	 r;
	struct evbuffer		*body;

	memset(&r, 0, sizeof(r));
	r.status = status;
	r.content_type = type;
	r.head = http_method(c->http) == HTTP_HEAD;
	if (status == 405)
		r.allow = "GET, POST";
	body = evbuffer_new();
	if (body == NULL || evbuffer_add_printf(body, "%s\n", text) == -1)
		log_error("no memory for an answer");
	send_answer(c, &r, body);
	if (body != NULL)
		evbuffer_free(body);
}

static void
send_empty(struct client *c, int status, const char *type, int retry_after)
{
	struct http_response	 r;

	memset(&r, 0, sizeof(r));
	r.status = status;
	r.content_type = type;
	r.retry_after = retry_after;
	send_answer(c, &r, NULL);
}

void
client_answer(struct client *c, struct evbuffer *body)
{
	struct http_response	 r;

	c->rpc = NULL;
	memset(&r, 0, sizeof(r));
	r.status = 200;
	r.content_type = TEXT_JSON;
	send_answer(c, &r, body);
	if (!c->processing)
		client_process(c);
}

void
client_unavailable(struct client *c)
{
	c->rpc = NULL;
	send_empty(c, 503, NULL, 1);
	if (!c->processing)
		client_process(c);
}

/* ---- Requests --------------------------------------------------------- */

/* What a request gets that is not for JSON-RPC; status 0: it is. */
struct verdict {
	int		 status;
	const char	*type;
	const char	*text;
};

static bool
is_json_type(const char *type)
{
	static const char	*const types[] = {
		"application/json", "application/json-rpc",
		"application/jsonrequest"
	};
	size_t			 i, len;

	if (type == NULL)
		return (false);
	len = strcspn(type, ";");
	while (len > 0 && (type[len - 1] == ' ' || type[len - 1] == '\t'))
		len--;
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strlen(types[i]) == len &&
		    strncasecmp(type, types[i], len) == 0)
			return (true);
	return (false);
}

static bool
is_health(const struct client *c)
{
	const char	*path = http_path(c->http);

	return (strcmp(path, "/healthz") == 0 ||
	    strcmp(path, "/healthz/") == 0);
}

static struct verdict
judge_health(const struct client *c)
{
	struct verdict	 ok = { 200, TEXT_JSON,
		"{\"version\":\"" VERSION "\"}" };
	struct verdict	 not_allowed = { 405, TEXT_PLAIN,
		"method not allowed" };

	switch (http_method(c->http)) {
	case HTTP_GET:
	case HTTP_POST:
		return (ok);
	default:
		return (not_allowed);
	}
}

/* By the header section alone, in the order of the protocol. */
static struct verdict
judge(const struct client *c)
{
	struct verdict	 v = { 0, TEXT_PLAIN, NULL };

	if (is_health(c))
		return (judge_health(c));
	if (c->expiry != 0 && time(NULL) > c->expiry) {
		v.status = 401;
		v.text = "client certificate has expired";
		return (v);
	}
	switch (tlsconn_peer(c->conn)) {
	case TLSCONN_NOCERT:
		v.status = 401;
		v.text = "client certificate was not provided";
		return (v);
	case TLSCONN_NODNS:
		v.status = 401;
		v.text = "client certificate verified but did not contain "
		    "DNS SAN extension";
		return (v);
	case TLSCONN_NAMED:
		break;
	}
	if (strcmp(http_path(c->http), "/") != 0) {
		v.status = 404;
		v.text = "404 page not found";
		return (v);
	}
	switch (http_method(c->http)) {
	case HTTP_GET:
		if (http_has_body(c->http)) {
			v.status = 405;
			v.text = "method not allowed";
		} else
			v.status = 200;
		return (v);
	case HTTP_POST:
		if (!is_json_type(http_field(c->http, "content-type"))) {
			v.status = 415;
			v.text = "invalid content type, only application/json "
			    "is supported";
		}
		return (v);
	default:
		v.status = 405;
		v.text = "method not allowed";
		return (v);
	}
}

static void
log_http(const struct client *c, int status, const char *reason)
{
	struct log_record	 r;

	if (!log_start_noise(&r, LOG_LVL_INFO, "http request refused"))
		return;
	log_str(&r, "client", client_name(c));
	log_str(&r, "peer", c->address);
	if (status == 401 && tlsconn_peer_subject(c->conn) != NULL)
		log_str(&r, "subject", tlsconn_peer_subject(c->conn));
	log_num(&r, "status", (uint64_t)status);
	log_str(&r, "reason", reason);
	log_end(&r);
}

static void
give_verdict(struct client *c, const struct verdict *v)
{
	if (v->status != 200)
		log_http(c, v->status, v->text);
	/* A connection whose certificate expired is of no more use. */
	if (c->expiry != 0 && time(NULL) > c->expiry)
		c->refused = true;
	if (v->text == NULL)
		send_empty(c, v->status, NULL, 0);
	else
		send_text(c, v->status, v->type, v->text);
}

static struct client *
largest_body(struct frontend *front)
{
	struct client	*c, *largest = NULL;

	TAILQ_FOREACH(c, &front->clients, entry)
		if (c->state == CLIENT_READING && c->held > 0) {
			/* Kept for a next request, by nobody needed. */
			if (http_idle(c->http))
				return (c);
			if (largest == NULL || c->held > largest->held)
				largest = c;
		}
	return (largest);
}

/* Who takes the most has to give way, not who comes last. */
static void
shed(struct frontend *front)
{
	struct client	*c;

	while (front->held > front->config.limits.max_bodies &&
	    (c = largest_body(front)) != NULL) {
		drop_body(c);
		/* Memory kept from one request to the next. */
		if (http_idle(c->http))
			continue;
		c->refused = true;
		reqlog_unavailable(c, "max bodies");
		send_empty(c, 503, NULL, 1);
	}
}

/* ---- One request after the other ------------------------------------- */

static void
on_header(struct client *c)
{
	static const char	 go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct verdict		 v = judge(c);

	/* Without a certificate no body is taken, however good the path. */
	if (v.status != 0 && http_has_body(c->http)) {
		/* Not read: nothing after it can be told apart from it. */
		c->refused = true;
		give_verdict(c, &v);
		return;
	}
	set_timeout(c, c->front->config.limits.timeout_body);
	if (http_wants_continue(c->http)) {
		evbuffer_add(tlsconn_output(c->conn), go_on,
		    sizeof(go_on) - 1);
		tlsconn_flush(c->conn);
	}
}

static void
on_body(struct client *c)
{
	struct verdict	 v = judge(c);
	const char	*body;
	size_t		 len;

	if (v.status != 0) {
		give_verdict(c, &v);
		return;
	}
	set_state(c, CLIENT_BUSY);
	body = http_body(c->http, &len);
	rpc_start(c, body, len);
	/* It is decoded, and the answer may take its time. */
	if (c->held > BODY_KEEP)
		drop_body(c);
}

static void
on_bad(struct client *c)
{
	int	 status = http_status(c->http);

	c->refused = true;
	log_http(c, status, http_reason(c->http));
	send_text(c, status, TEXT_PLAIN, http_reason(c->http));
}

/* The header section has begun and is not complete: its own time runs. */
static void
on_more(struct client *c, bool began)
{
	if (began && http_in_header(c->http))
		set_timeout(c, c->front->config.limits.timeout_header);
}

static void
client_process(struct client *c)
{
	static const struct timeval	 now;
	bool				 idle;
	int				 n = 0;

	if (c->yielded)
		return;
	c->processing = true;
	while (c->state == CLIENT_READING) {
		if (n == REQUESTS_TURN) {
			c->yielded = true;
			event_add(c->later, &now);
			break;
		}
		idle = http_idle(c->http);
		switch (http_parse(c->http, tlsconn_input(c->conn))) {
		case HTTP_MORE:
			account(c);
			shed(c->front);
			c->processing = false;
			if (c->state != CLIENT_READING)
				return;
			if (c->eof || (c->front->stopping &&
			    http_idle(c->http))) {
				close_client(c);
				return;
			}
			on_more(c, idle && !http_idle(c->http));
			tlsconn_resume(c->conn);
			return;
		case HTTP_HEADER:
			on_header(c);
			break;
		case HTTP_BODY:
			n++;
			account(c);
			on_body(c);
			break;
		case HTTP_BAD:
			on_bad(c);
			break;
		}
	}
	c->processing = false;
}

/* The others have had their turn. */
static void
on_later(int fd, short what, void *arg)
{
	struct client	*c = arg;

	(void)fd;
	(void)what;
	c->yielded = false;
	client_process(c);
}

/* ---- The connection --------------------------------------------------- */

static void
on_ready(struct tlsconn *conn, void *arg)
{
	struct client		*c = arg;
	struct log_record	 r;

	if (log_start(&r, LOG_LVL_DEBUG, "connected")) {
		log_str(&r, "client", client_name(c));
		log_str(&r, "peer", c->address);
		log_num(&r, "port", c->port);
		log_str(&r, "tls", tlsconn_version(conn) != NULL ?
		    tlsconn_version(conn) : "none");
		log_end(&r);
	}
	c->expiry = tlsconn_peer_expiry(conn);
	if (c->front->stopping)
		close_client(c);
	else
		set_state(c, CLIENT_READING);
}

static void
on_input(struct tlsconn *conn, void *arg)
{
	(void)conn;
	client_process(arg);
}

static void
on_drained(struct tlsconn *conn, void *arg)
{
	struct client	*c = arg;

	(void)conn;
	if (c->state == CLIENT_ANSWERING) {
		set_state(c, CLIENT_READING);
		client_process(c);
	} else if (c->state == CLIENT_READING && http_idle(c->http))
		arm_timer(c);
}

static void
on_end(struct tlsconn *conn, enum tlsconn_end how, void *arg)
{
	struct client		*c = arg;
	struct log_record	 r;

	/* A half-close: what has come is answered yet. */
	if (how == TLSCONN_EOF && (c->state == CLIENT_BUSY ||
	    (c->state == CLIENT_READING && c->yielded))) {
		c->eof = true;
		return;
	}
	if (how == TLSCONN_FAILED &&
	    log_start_noise(&r, c->state == CLIENT_HANDSHAKE ? LOG_LVL_INFO :
	    LOG_LVL_DEBUG, c->state == CLIENT_HANDSHAKE ?
	    "handshake failed" : "connection failed")) {
		log_str(&r, "client", client_name(c));
		log_str(&r, "peer", c->address);
		log_num(&r, "port", c->port);
		log_str(&r, "reason", tlsconn_error(conn));
		log_end(&r);
	}
	client_free(c);
}

static void
on_timeout(int fd, short what, void *arg)
{
	struct client		*c = arg;
	struct log_record	 r;
	struct http_response	 late;

	(void)fd;
	(void)what;
	if (log_start(&r, LOG_LVL_DEBUG, "connection timed out")) {
		log_str(&r, "client", client_name(c));
		log_str(&r, "peer", c->address);
		log_num(&r, "after_ms", c->timeout);
		log_end(&r);
	}
	if (c->state == CLIENT_READING && http_idle(c->http) &&
	    evbuffer_get_length(tlsconn_output(c->conn)) == 0) {
		close_client(c);
		return;
	}
	if (c->state != CLIENT_READING ||
	    evbuffer_get_length(tlsconn_output(c->conn)) > 0) {
		client_free(c);
		return;
	}
	memset(&late, 0, sizeof(late));
	late.status = 408;
	c->refused = true;
	send_answer(c, &late, NULL);
}

uint16_t
client_peer(const struct sockaddr_storage *ss, char text[INET6_ADDRSTRLEN])
{
	const struct sockaddr_in	*in;
	const struct sockaddr_in6	*in6;

	text[0] = '\0';
	if (ss->ss_family == AF_INET) {
		in = (const struct sockaddr_in *)ss;
		inet_ntop(AF_INET, &in->sin_addr, text, INET6_ADDRSTRLEN);
		return (ntohs(in->sin_port));
	}
	if (ss->ss_family == AF_INET6) {
		in6 = (const struct sockaddr_in6 *)ss;
		inet_ntop(AF_INET6, &in6->sin6_addr, text, INET6_ADDRSTRLEN);
		return (ntohs(in6->sin6_port));
	}
	return (0);
}

int
client_new(struct frontend *front, int fd,
    const struct sockaddr_storage *ss,
    const uint8_t addrkey[ADDRCOUNT_KEY])
{
	static const struct tlsconn_cb	 cb = {
		on_ready, on_input, on_drained, on_end
	};
	struct http_limits		 limits;
	struct client			*c;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return (-1);
	c->front = front;
	memcpy(c->addrkey, addrkey, ADDRCOUNT_KEY);
	c->port = client_peer(ss, c->address);
	limits.max_header = front->config.limits.max_header;
	limits.max_body = front->config.limits.max_body;
	c->http = http_new(&limits);
	c->timer = evtimer_new(front->base, on_timeout, c);
	c->later = evtimer_new(front->base, on_later, c);
	if (c->http == NULL || c->timer == NULL || c->later == NULL)
		goto fail;
	c->conn = tlsconn_accept(front->base, front->tls, fd, INPUT_MAX, &cb,
	    c);
	if (c->conn == NULL)
		goto fail;
	TAILQ_INSERT_TAIL(&front->clients, c, entry);
	front->nclients++;
	set_state(c, CLIENT_HANDSHAKE);
	return (0);
fail:
	if (c->timer != NULL)
		event_free(c->timer);
	if (c->later != NULL)
		event_free(c->later);
	http_free(c->http);
	free(c);
	errno = ENOMEM;
	return (-1);
}

void
client_free(struct client *c)
{
	struct frontend	*front = c->front;

	if (c->rpc != NULL)
		rpc_cancel(c->rpc);
	tlsconn_free(c->conn);
	event_free(c->timer);
	event_free(c->later);
	front->held -= c->held;
	http_free(c->http);
	TAILQ_REMOVE(&front->clients, c, entry);
	front->nclients--;
	listener_forget(front, c->addrkey);
	free(c);
	frontend_client_gone(front);
}

int
client_evict(struct frontend *front)
{
	struct client	*c, *victim = NULL;

	TAILQ_FOREACH(c, &front->clients, entry) {
		if (tlsconn_peer(c->conn) != TLSCONN_NOCERT)
			continue;
		/* A handshake may still show a certificate: rather others. */
		if (victim == NULL || c->state != CLIENT_HANDSHAKE)
			victim = c;
		if (c->state != CLIENT_HANDSHAKE)
			break;
	}
	if (victim == NULL)
		return (-1);
	client_free(victim);
	return (0);
}

void
client_stop(struct client *c)
{
	if (c->state == CLIENT_READING && http_idle(c->http))
		close_client(c);
	else if (c->state == CLIENT_CLOSING)
		arm_timer(c);
}
