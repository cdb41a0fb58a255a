/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_HTTPSERVER_LOCAL_H
#define COMMON_HTTPSERVER_LOCAL_H

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <netinet/in.h>

#include <stdbool.h>
#include <stdint.h>

#include "common/handshake.h"
#include "common/http.h"
#include "common/httpserver.h"
#include "common/tlsconn.h"
#include "common/turn.h"

struct event;
struct log_record;

/*
 * What the files of the HTTP server share: httpserver.c (sockets, counts,
 * memory of all, the end), httpconn.c (one connection), httpanswer.c (what
 * it is answered).
 */

/* What a client has to close its end when the server stops, in ms. */
#define HTTPSERVER_LINGER	1000

/* Connections by source address: IPv4, or the /64 of IPv6. */
#define ADDRCOUNT_BUCKETS	1024
#define ADDRCOUNT_KEY		9	/* family mark and 8 bytes */

#define HTTPCONN_NAME_MAX	253	/* bytes of a DNS name */

struct addrcount {
	SLIST_ENTRY(addrcount)	 entry;
	uint8_t			 key[ADDRCOUNT_KEY];
	uint32_t		 count;
	uint32_t		 greeting;	/* of these, in a handshake */
	struct handshake_source	 source;
};
SLIST_HEAD(addrcount_head, addrcount);

/* Connections judged anew in one turn of the loop. */
#define HTTPSERVER_JUDGED	8

struct listener {
	SLIST_ENTRY(listener)	 entry;
	struct httpserver	*server;
	struct tlsctx		*tls;
	struct tlsctx		*next;		/* from the commit on */
	struct event		*ev;
	int			 fd;
	uint32_t		 id;
	bool			 renewed;	/* by the last commit */
	bool			 prepared;
	bool			 accepting;
};

/* ---- What is counted: common/httpcount.c -------------------------------- */

#define HTTPCOUNT_METHODS	4
#define HTTPCOUNT_CODES		16
#define HTTPCOUNT_CAUSES	16

enum httpcount_refused {
	REFUSED_ADDRESS,	/* max connections-per-address */
	REFUSED_CONNECTIONS,	/* max connections */
	REFUSED_MEMORY,
	REFUSED_COUNT
};

enum httpcount_closed {
	CLOSED_IDLE,
	CLOSED_TIMEOUT,
	CLOSED_EXPIRED,		/* its certificate */
	CLOSED_UNTRUSTED,	/* the same */
	CLOSED_EVICTED,		/* for another one */
	CLOSED_BODIES,		/* max bodies */
	CLOSED_COUNT
};

struct httpcount {
	uint64_t	 requests[HTTPCOUNT_METHODS];
	uint64_t	 inflight[HTTPCOUNT_METHODS];
	struct histogram latency[HTTPCOUNT_METHODS][HTTPCOUNT_CODES];
	struct histogram size[HTTPCOUNT_METHODS][HTTPCOUNT_CODES];
	uint64_t	 accepted;
	uint64_t	 refused[REFUSED_COUNT];
	uint64_t	 closed[CLOSED_COUNT];
	uint64_t	 handshakes;
	uint64_t	 failures[HTTPCOUNT_CAUSES];
};

struct httpserver {
	struct event_base	*base;
	const struct httpserver_limits *limits;
	struct httpserver_cb	 cb;
	void			*arg;
	SLIST_HEAD(listeners, listener) listeners;
	struct tlsctx		*rest;		/* see httpserver_commit */
	uint32_t		 generation;	/* commits */
	struct event		*judge;		/* the next turn of the loop */
	struct event		*resume;	/* accepting, after a pause */
	uint64_t		 takes;		/* what others left, till then */
	struct event		*stop_timer;
	struct event		*leave;		/* of the idle, in a stop */
	bool			 stopping;
	bool			 stopped;
	TAILQ_HEAD(, httpconn)	 conns;
	uint32_t		 nconns;
	size_t			 held;		/* bytes of bodies, of all */
	struct httpcount	 count;
	struct addrcount_head	 addresses[ADDRCOUNT_BUCKETS];
};

enum httpconn_state {
	CONN_HANDSHAKE,
	CONN_READING,		/* idle, or within a request */
	CONN_WAITING,		/* for its turn: a large body */
	CONN_BUSY,		/* the owner works on the answer */
	CONN_ANSWERING,		/* a long answer is on its way */
	CONN_CLOSING,
	CONN_UPGRADED		/* the TLS connection is the owner's */
};

struct httpconn {
	TAILQ_ENTRY(httpconn)	 entry;
	struct httpserver	*server;
	struct listener		*listener;	/* NULL: closed since */
	uint32_t		 generation;	/* that it was judged in */
	struct tlsconn		*conn;		/* NULL once detached */
	struct http_parser	*http;		/* NULL once upgraded */
	struct event		*timer;
	void			*data;		/* the owner's */
	enum httpconn_state	 state;
	uint32_t		 timeout;	/* ms: the limit in force */
	uint64_t		 due;		/* clock_us() of it; 0: none */
	uint64_t		 armed;		/* of the timer; 0: it is not */
	bool			 processing;
	bool			 released;	/* meanwhile, by the owner */
	size_t			 held;		/* bytes of its body */
	bool			 eof;		/* nothing more will come */
	int64_t			 expiry;	/* of its certificate, or 0 */
	bool			 yielded;	/* until `later` */
	struct event		*later;		/* the next turn of the loop */
	struct turn		 turn;
	uint64_t		 received;	/* clock_us(): the whole body */
	bool			 refused;	/* answered before its body */
	bool			 counted;	/* a request without an answer */
	enum http_method	 method;	/* of it */
	uint64_t		 begun;		/* clock_us(), the same */
	char			 name[HTTPCONN_NAME_MAX + 1];
	char			 address[INET6_ADDRSTRLEN];
	uint16_t		 port;
	struct addrcount	*from;
};

/* The header section of a request is there; and its answer, of len bytes. */
void		 httpcount_request(struct httpconn *);
void		 httpcount_answer(struct httpconn *, int status, size_t len);
/* It goes without one. */
void		 httpcount_forget(struct httpconn *);
/* A handshake has failed for one of the causes of tlsconn_cause(). */
void		 httpcount_failure(struct httpserver *, const char *cause);

/* ---- common/httpserver.c ---------------------------------------------- */

/* The address as text, and the port. */
uint16_t	 httpserver_peer(const struct sockaddr_storage *,
		    char text[INET6_ADDRSTRLEN]);
/* A connection has gone. */
void		 httpserver_forget(struct httpserver *, struct httpconn *);
/* Who takes the most memory for its body has to give way. */
void		 httpserver_shed(struct httpserver *);

/* ---- common/httpconn.c ------------------------------------------------ */

/*
 * Takes over a connected socket; the caller has counted its address.  -1 on
 * failure: fd is then still the caller's.
 */
int		 httpconn_new(struct listener *, int fd,
		    const struct sockaddr_storage *, struct addrcount *);
/* Closes at once. */
void		 httpconn_free(struct httpconn *);
/* Sends what is left, and closes. */
void		 httpconn_close(struct httpconn *);
/* The server stops: idle ones are closed, others after their answer. */
void		 httpconn_stop(struct httpconn *);
/* And the timer goes with it. */
void		 httpconn_set_state(struct httpconn *, enum httpconn_state);
/*
 * Goes on with the input.  The last thing to be done with it in a callback:
 * it may be gone then.
 */
void		 httpconn_process(struct httpconn *);
/* Limits of the server have changed. */
void		 httpconn_set_limits(struct httpconn *);
/*
 * Judges its certificate anew, where that has not been done since the last
 * commit.  False: it is not trusted, which was logged; the caller closes it.
 */
bool		 httpconn_trusted(struct httpconn *);
/* Its certificate has expired since the handshake. */
bool		 httpconn_expired(const struct httpconn *);
/* Lets the memory of its body go: see http_drop_body(). */
void		 httpconn_drop_body(struct httpconn *);

/* ---- common/httpanswer.c ---------------------------------------------- */

/* What a request gets that is not for JSON-RPC; status 0: it is. */
struct httpverdict {
	int		 status;
	const char	*type;
	const char	*text;		/* NULL: empty */
};

#define TEXT_PLAIN	"text/plain; charset=utf-8"
#define TEXT_JSON	"application/json"

/* By the header section alone, in the order of the protocol. */
struct httpverdict httpverdict(const struct httpconn *);
/* Answers so; other than 200 is logged. */
void		 httpanswer_verdict(struct httpconn *,
		    const struct httpverdict *);
/* Of every record of a connection: for, client, peer. */
void		 httpanswer_log_peer(struct log_record *,
		    const struct httpconn *);
void		 httpanswer_log(const struct httpconn *, int status,
		    const char *reason);
/* A status without a body; retry_after in seconds, 0: no such field. */
void		 httpanswer_empty(struct httpconn *, int status,
		    int retry_after);
/* A bare 503 instead of what the owner would say, and the log says why. */
void		 httpanswer_unserved(struct httpconn *, const char *reason);
/* It has to give way to others: the same, and its connection is closed. */
void		 httpanswer_shed(struct httpconn *);

#endif /* COMMON_HTTPSERVER_LOCAL_H */
