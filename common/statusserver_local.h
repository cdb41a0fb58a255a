/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_STATUSSERVER_LOCAL_H
#define COMMON_STATUSSERVER_LOCAL_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>

#include "common/http.h"
#include "common/statusserver.h"

/*
 * What the files of the server share: statusserver.c (sockets, what is asked
 * of the parent), statusconn.c (one connection).
 */

struct event;

/* Connections accepted in one turn of the loop, and in a second. */
#define STATUS_ACCEPTS	4
#define STATUS_RATE	100
/* For the parent's answer, in ms. */
#define STATUS_WAIT	3000
/* How much longer than it took to show metrics nobody is asked again; in us. */
#define STATUS_RATIO	50
#define STATUS_PAUSE	1000000

enum status_path {
	STATUS_METRICS,
	STATUS_HEALTH,
	STATUS_READY,
	STATUS_OTHER,
	STATUS_PATHS
};

#define STATUS_CODES	16

struct status_listener {
	SLIST_ENTRY(status_listener) entry;
	struct statusserver	*server;
	struct event		*ev;
	int			 fd;
	uint32_t		 id;
	bool			 prepared;
	bool			 accepting;
};

enum statusconn_state {
	STATUS_READING,
	STATUS_WAITING,		/* for metrics */
	STATUS_ANSWERING,
	STATUS_LINGERING	/* all is sent: until the peer closes */
};

struct statusconn {
	TAILQ_ENTRY(statusconn)	 entry;
	struct statusserver	*server;
	int			 fd;
	struct event		*read;
	struct event		*write;
	struct event		*timer;
	struct evbuffer		*in;
	struct evbuffer		*out;
	struct http_parser	*http;
	enum statusconn_state	 state;
	enum status_path	 path;
	bool			 head;
	size_t			 discarded;	/* bytes */
	uint32_t		 round;		/* that it waits for */
};

struct statusserver {
	struct event_base	*base;
	const struct statusserver_limits *limits;
	struct statusserver_config config;
	SLIST_HEAD(status_listeners, status_listener) listeners;
	struct event		*resume;	/* accepting */
	uint64_t		 second;	/* of the rate */
	unsigned int		 accepted;	/* in it */
	TAILQ_HEAD(statusconns, statusconn) conns;	/* oldest first */
	uint32_t		 nconns;
	/* What the parent is asked. */
	struct event		*ask;		/* when it may be */
	uint32_t		 round;		/* that is asked for, or was */
	bool			 asking;
	uint64_t		 asked;		/* clock_us() */
	bool			 failed;	/* not all of it could be kept */
	uint64_t		 earliest;	/* clock_us(), for the next */
	struct metrics_set	 set;
	/* Counted. */
	uint64_t		 requests[STATUS_PATHS][STATUS_CODES];
	uint64_t		 refused;
	uint64_t		 timeouts;
};

/* ---- common/statusserver.c --------------------------------------------- */

/* One that waits for metrics. */
void	 statusserver_ask(struct statusserver *);
/* One has gone. */
void	 statusserver_forget(struct statusserver *, struct statusconn *);
void	 statusserver_count(struct statusserver *, enum status_path,
	    int status);

/* ---- common/statusconn.c ----------------------------------------------- */

/* Takes the descriptor.  -1 where memory is short: it is the caller's. */
int	 statusconn_new(struct statusserver *, int fd);
void	 statusconn_free(struct statusconn *);
/* Text of this type, which may be shared with others. */
void	 statusconn_answer(struct statusconn *, int status, const char *type,
	    struct evbuffer *text);
/* A line of text. */
void	 statusconn_say(struct statusconn *, int status, const char *text);

#endif /* COMMON_STATUSSERVER_LOCAL_H */
