/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_HTTPSERVER_H
#define COMMON_HTTPSERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/metrics.h"

struct evbuffer;
struct event_base;
struct http_parser;
struct tlsconn;
struct tlsctx;

/*
 * An HTTP/1.1 server for JSON-RPC over mutual TLS (common/http.h,
 * common/tlsconn.h): listening sockets, connections, their number by source
 * address, time limits, the answers that need no JSON (401, 404, 405, 415,
 * /healthz) and memory for bodies.  What a body means is the owner's.
 */
struct httpserver_limits {
	uint32_t	max_connections;
	uint32_t	max_per_address;
	uint32_t	max_header;		/* bytes */
	uint32_t	max_body;		/* bytes */
	uint32_t	max_bodies;		/* bytes, of all connections */
	uint32_t	timeout_handshake;	/* ms, here and below */
	uint32_t	timeout_header;
	uint32_t	timeout_body;
	uint32_t	timeout_idle;
	uint32_t	timeout_write;
	uint32_t	timeout_request;	/* what a stop waits for */
	/*
	 * Other processes accept on the same sockets: with max_connections it
	 * leaves new ones to them for a moment, before it makes room for one
	 * or refuses it.
	 */
	bool		shared;
};

struct httpserver;
struct httpconn;

struct httpserver_cb {
	/*
	 * The body of a POST to /, of a named client.  To be answered with
	 * httpconn_answer() or httpconn_unavailable(), from within or later;
	 * the next request waits for that.  A large one comes when it is its
	 * turn (turn.h), within timeout_request, or is answered with 503.
	 */
	void	(*request)(struct httpconn *, const char *body, size_t len,
		    void *arg);
	/*
	 * A connection goes whose request has not been answered: it is not
	 * to be used any more.
	 */
	void	(*cancel)(struct httpconn *, void *arg);
	/*
	 * A GET with an Upgrade field, by whomever, on any path: true where
	 * the owner has taken the connection with httpconn_detach() or has
	 * written a whole refusal to tlsconn_output() and wants it closed
	 * (httpconn_refuse_upgrade()).  NULL: there are no upgrades; false:
	 * it is a request like others.  Not asked on a connection whose
	 * certificate has expired or whose peer has closed its side, nor by
	 * a stopping server.
	 */
	bool	(*upgrade)(struct httpconn *, const struct http_parser *,
		    void *arg);
	/*
	 * The last connection of a stopping server has gone, or the time is
	 * up: then only what was upgraded is still there.
	 */
	void	(*stopped)(struct httpserver *, void *arg);
	/* For the log: whom the sockets are for; NULL: it goes unsaid. */
	const char	*whom;
};

/*
 * limits must outlive it, and may change while it serves: what is for
 * requests holds for those that begin after httpserver_commit().
 */
struct httpserver *httpserver_new(struct event_base *,
		    const struct httpserver_limits *,
		    const struct httpserver_cb *, void *arg);
/*
 * Its sockets, at the start and when they change while it serves.  Each that
 * there is to be is prepared, with the TLS context that it is to have from
 * then on, which is referenced (NULL: plain TCP): one that is new, listening
 * and non-blocking, which becomes the server's (no connection is accepted
 * yet); or, with fd -1, one that goes on, by the id that it was prepared with
 * before.  0; or -1 with errno: memory is short, or EINVAL: no socket has that
 * id; fd is then still the caller's.
 */
int		 httpserver_prepare(struct httpserver *, uint32_t id, int fd,
		    struct tlsctx *);
/*
 * All sockets that were not prepared go on: with that context or, NULL, with
 * the one that each has.
 */
void		 httpserver_keep(struct httpserver *, struct tlsctx *);
/* Of each socket that connections are accepted on, and has one. */
void		 httpserver_contexts(const struct httpserver *,
		    void (*)(struct tlsctx *, void *), void *arg);
/* The context for connections of sockets that were closed, or NULL. */
struct tlsctx	*httpserver_rest(const struct httpserver *);
/*
 * Puts it in force.  Sockets that were not prepared are closed; their
 * connections go on, and are judged by the context `rest` (referenced; NULL:
 * not at all).  Every connection whose socket has another context now is
 * judged by it, and closed if that does not trust its certificate any more:
 * now where a request of it is under way, which is cancelled; else before its
 * next request or soon.  Upgraded ones are the owner's to judge.
 */
void		 httpserver_commit(struct httpserver *, struct tlsctx *rest);
/* Closes what is new of it. */
void		 httpserver_discard(struct httpserver *);
/*
 * Accepts no more; requests that have come are answered, and their connections
 * closed; idle ones are closed; all after timeout_request and a second.
 * stopped() is called from the loop.
 */
void		 httpserver_stop(struct httpserver *);
/* Of a server that has stopped, with no connection left. */
void		 httpserver_free(struct httpserver *);
/*
 * What it has counted, under the names that the metrics have in this daemon;
 * METRIC_COUNT: it is not said.
 */
struct httpserver_metrics {
	enum metric	requests;	/* method */
	enum metric	responses;	/* method, response_code */
	enum metric	inflight;	/* method */
	enum metric	duration;	/* method, response_code */
	enum metric	latency;	/* the same again */
	enum metric	size;		/* method, response_code */
	enum metric	connections;
	enum metric	max;
	enum metric	accepted;
	enum metric	refused;	/* reason */
	enum metric	closed;		/* reason */
	enum metric	handshakes;
	enum metric	failures;	/* reason, of handshakes */
	enum metric	greeting;	/* handshakes that wait for a turn */
	enum metric	bodies;		/* bytes */
	enum metric	waiting;	/* large bodies */
	/*
	 * NULL, or the first label's value of all of them but the histograms:
	 * where a daemon has two.
	 */
	const char	*whom;
};
void		 httpserver_say(const struct httpserver *,
		    struct metrics_out *, const struct httpserver_metrics *);
/* Those that were upgraded count until they are released. */
uint32_t	 httpserver_connections(const struct httpserver *);

/*
 * The answer to the request in progress: JSON text (drained from body), or
 * NULL for an empty body; or a bare 503 with Retry-After.
 */
void		 httpconn_answer(struct httpconn *, struct evbuffer *body);
void		 httpconn_unavailable(struct httpconn *);

/* First DNS name in its certificate, or "". */
const char	*httpconn_name(const struct httpconn *);
/* Numeric address and port of the peer. */
const char	*httpconn_address(const struct httpconn *);
uint16_t	 httpconn_port(const struct httpconn *);
/* When the request in progress was there, all of it: clock_us(). */
uint64_t	 httpconn_received(const struct httpconn *);
struct tlsconn	*httpconn_tls(const struct httpconn *);
/*
 * The context by which its peer's certificate is judged now; NULL: by none.
 * Also of one that was upgraded.
 */
struct tlsctx	*httpconn_tlsctx(const struct httpconn *);
/*
 * Of one that was upgraded, whether that is the context that it was judged by
 * last; it is from now on.
 */
bool		 httpconn_settled(struct httpconn *);
/*
 * What the owner keeps with it.  A connection that goes while no request of
 * it is in progress is not told: the data is to be taken back by then.
 */
void		 httpconn_set_data(struct httpconn *, void *);
void		*httpconn_data(const struct httpconn *);

/*
 * From within upgrade(): the TLS connection becomes the caller's, who sets
 * its callbacks and frees it; the httpconn stays as its place among the
 * connections until httpconn_release(), which comes after that.
 */
struct tlsconn	*httpconn_detach(struct httpconn *);
void		 httpconn_release(struct httpconn *);
/*
 * From within upgrade(): sends what the output holds, and closes.  Status and
 * reason are for the log.
 */
void		 httpconn_refuse_upgrade(struct httpconn *, int status,
		    const char *reason);

#endif /* COMMON_HTTPSERVER_H */
