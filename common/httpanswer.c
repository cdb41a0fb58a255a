/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <string.h>
#include <strings.h>

#include <event2/buffer.h>

#include "common/httpserver_local.h"
#include "common/log.h"

/* Bytes of answers that wait to be read before the next one is made. */
#define OUTPUT_MAX	65536

/* ---- Answers ---------------------------------------------------------- */

/* The answer is in the output: what comes next on this connection? */
static void
finish_answer(struct httpconn *c, bool last)
{
	if (last) {
		httpconn_close(c);
		return;
	}
	tlsconn_flush(c->conn);
	if (evbuffer_get_length(tlsconn_output(c->conn)) > OUTPUT_MAX)
		httpconn_set_state(c, CONN_ANSWERING);
	else
		httpconn_set_state(c, CONN_READING);
}

static void
send_answer(struct httpconn *c, struct http_response *r, struct evbuffer *body)
{
	size_t	 len = body != NULL ? evbuffer_get_length(body) : 0;

	/* A connection whose certificate expired is of no more use. */
	r->close = c->refused || c->server->stopping || httpconn_expired(c) ||
	    !http_keepalive(c->http);
	r->keepalive10 = !r->close && http_minor(c->http) == 0;
	if (http_respond(tlsconn_output(c->conn), r, len) == -1 ||
	    (len > 0 && !r->head &&
	    evbuffer_add_buffer(tlsconn_output(c->conn), body) == -1)) {
		log_error("no memory for an answer");
		r->close = true;
	}
	httpcount_answer(c, r->status, len);
	finish_answer(c, r->close);
}

static void
send_text(struct httpconn *c, int status, const char *type, const char *text)
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

void
httpanswer_empty(struct httpconn *c, int status, int retry_after)
{
	struct http_response	 r;

	memset(&r, 0, sizeof(r));
	r.status = status;
	r.retry_after = retry_after;
	send_answer(c, &r, NULL);
}

void
httpconn_answer(struct httpconn *c, struct evbuffer *body)
{
	struct http_response	 r;

	if (c->state != CONN_BUSY)
		return;
	memset(&r, 0, sizeof(r));
	r.status = 200;
	r.content_type = TEXT_JSON;
	send_answer(c, &r, body);
	if (!c->processing)
		httpconn_process(c);
}

void
httpconn_unavailable(struct httpconn *c)
{
	if (c->state != CONN_BUSY)
		return;
	httpanswer_empty(c, 503, 1);
	if (!c->processing)
		httpconn_process(c);
}

void
httpanswer_log_peer(struct log_record *r, const struct httpconn *c)
{
	if (c->server->cb.whom != NULL)
		log_str(r, "for", c->server->cb.whom);
	log_str(r, "client", c->name);
	log_str(r, "peer", c->address);
}

void
httpanswer_unserved(struct httpconn *c, const char *reason)
{
	struct log_record	 r;

	if (log_start_noise(&r, LOG_LVL_ERROR, "unavailable")) {
		httpanswer_log_peer(&r, c);
		log_str(&r, "reason", reason);
		log_end(&r);
	}
	httpanswer_empty(c, 503, 1);
}

void
httpanswer_shed(struct httpconn *c)
{
	c->refused = true;
	turn_leave(&c->turn);
	c->server->count.closed[CLOSED_BODIES]++;
	httpanswer_unserved(c, "max bodies");
}

/* ---- Verdicts --------------------------------------------------------- */

void
httpanswer_log(const struct httpconn *c, int status, const char *reason)
{
	struct log_record	 r;

	if (!log_start_noise(&r, LOG_LVL_INFO, "http request refused"))
		return;
	httpanswer_log_peer(&r, c);
	if (status == 401 && tlsconn_peer_subject(c->conn) != NULL)
		log_str(&r, "subject", tlsconn_peer_subject(c->conn));
	log_num(&r, "status", (uint64_t)status);
	log_str(&r, "reason", reason);
	/* The last one: it can be so long that the record is cut. */
	if (status == 404)
		log_str(&r, "path", http_path(c->http));
	log_end(&r);
}

void
httpanswer_verdict(struct httpconn *c, const struct httpverdict *v)
{
	if (v->status != 200)
		httpanswer_log(c, v->status, v->text);
	if (v->text == NULL)
		httpanswer_empty(c, v->status, 0);
	else
		send_text(c, v->status, v->type, v->text);
}

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
is_health(const struct httpconn *c)
{
	const char	*path = http_path(c->http);

	return (strcmp(path, "/healthz") == 0 ||
	    strcmp(path, "/healthz/") == 0);
}

static struct httpverdict
judge_health(const struct httpconn *c)
{
	struct httpverdict	 ok = { 200, TEXT_JSON,
		"{\"version\":\"" VERSION "\"}" };
	struct httpverdict	 not_allowed = { 405, TEXT_PLAIN,
		"method not allowed" };

	switch (http_method(c->http)) {
	case HTTP_GET:
	case HTTP_POST:
		return (ok);
	default:
		return (not_allowed);
	}
}

/* NULL, or what is wrong with who asks. */
static const char *
judge_peer(const struct httpconn *c)
{
	if (httpconn_expired(c))
		return ("client certificate has expired");
	switch (tlsconn_peer(c->conn)) {
	case TLSCONN_NOCERT:
		return ("client certificate was not provided");
	case TLSCONN_NODNS:
		return ("client certificate verified but did not contain "
		    "DNS SAN extension");
	case TLSCONN_NAMED:
		break;
	}
	return (NULL);
}

struct httpverdict
httpverdict(const struct httpconn *c)
{
	struct httpverdict	 v = { 0, TEXT_PLAIN, NULL };

	if (is_health(c))
		return (judge_health(c));
	if ((v.text = judge_peer(c)) != NULL) {
		v.status = 401;
		return (v);
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
		if (!is_json_type(http_content_type(c->http))) {
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
