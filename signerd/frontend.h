/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef SIGNERD_FRONTEND_H
#define SIGNERD_FRONTEND_H

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <netinet/in.h>

#include <stdbool.h>
#include <stdint.h>

#include "common/imsgev.h"
#include "common/tlsconn.h"
#include "signerd/frontmsg.h"
#include "signerd/keylink.h"

struct client;
struct evbuffer;
struct event;
struct event_base;
struct http_parser;
struct rpc;

/* Listening sockets that one frontend serves. */
#define FRONT_MAXLISTEN	256
/* Connections taken from one socket in one turn of the loop. */
#define FRONT_ACCEPTS	8
/* What a client has to close its end when the daemon stops, in ms. */
#define FRONT_LINGER	1000
/* Pause after descriptors ran out, in ms. */
#define FRONT_PAUSE	250

struct listener {
	struct frontend	*front;
	struct event	*ev;
	int		 fd;
};

/* Connections by source address: IPv4, or the /64 of IPv6. */
#define ADDRCOUNT_BUCKETS	1024
#define ADDRCOUNT_KEY		9	/* family mark and 8 bytes */

struct addrcount {
	SLIST_ENTRY(addrcount)	 entry;
	uint8_t			 key[ADDRCOUNT_KEY];
	uint32_t		 count;
};
SLIST_HEAD(addrcount_head, addrcount);

struct frontend {
	struct event_base	*base;
	struct imsgev		 parent;
	struct front_config	 config;
	bool			 configured;
	bool			 serving;
	bool			 stopping;
	struct tlsctx		*tls;
	int			 files[FRONT_NFILES];	/* or -1 */
	struct listener		 listeners[FRONT_MAXLISTEN];
	size_t			 nlisteners;
	struct event		*resume;	/* accepting, after a pause */
	int			 channel;	/* to keyd, until serving */
	struct keylink		 keylink;
	struct front_key	*keys;
	size_t			 nkeys;
	TAILQ_HEAD(, client)	 clients;
	uint32_t		 nclients;
	size_t			 held;		/* bytes of bodies, of all */
	struct addrcount_head	 addresses[ADDRCOUNT_BUCKETS];
	struct event		*stop_timer;
};

/* ---- signerd/listener.c ----------------------------------------------- */

/* Begins to accept on all of front->listeners.  -1 where memory is short. */
int	listener_start(struct frontend *);
/* Closes them. */
void	listener_stop(struct frontend *);
/* A client has gone. */
void	listener_forget(struct frontend *, const uint8_t key[ADDRCOUNT_KEY]);

/* ---- signerd/client.c ------------------------------------------------- */

enum client_state {
	CLIENT_HANDSHAKE,
	CLIENT_READING,		/* idle, or within a request */
	CLIENT_BUSY,		/* an rpc works on the answer */
	CLIENT_ANSWERING,	/* a long answer is on its way */
	CLIENT_CLOSING
};

struct client {
	TAILQ_ENTRY(client)	 entry;
	struct frontend		*front;
	struct tlsconn		*conn;
	struct http_parser	*http;
	struct event		*timer;
	struct rpc		*rpc;
	enum client_state	 state;
	uint32_t		 timeout;	/* ms, as the timer runs */
	bool			 processing;
	size_t			 held;		/* bytes of its body */
	bool			 eof;		/* nothing more will come */
	int64_t			 expiry;	/* of its certificate, or 0 */
	bool			 yielded;	/* until `later` */
	struct event		*later;		/* the next turn of the loop */
	bool			 refused;	/* answered before its body */
	char			 address[INET6_ADDRSTRLEN];
	uint16_t		 port;
	uint8_t			 addrkey[ADDRCOUNT_KEY];
};

/*
 * Takes over a connected socket; the caller has counted its address.  -1 on
 * failure: fd is then still the caller's.
 */
int	client_new(struct frontend *, int fd, const struct sockaddr_storage *,
	    const uint8_t addrkey[ADDRCOUNT_KEY]);
/* The address as text, and the port. */
uint16_t client_peer(const struct sockaddr_storage *,
	    char text[INET6_ADDRSTRLEN]);
/* Closes at once. */
void	client_free(struct client *);
/*
 * Makes room: closes the oldest connection of nobody, in its handshake or
 * without a certificate.  -1 where there is none.
 */
int	client_evict(struct frontend *);
/* The daemon stops: idle clients are closed, others after their answer. */
void	client_stop(struct client *);
/* Name in its certificate; only once the handshake is done. */
const char *client_name(const struct client *);

/*
 * The answer to the request in progress, from an rpc: JSON text (drained
 * from body), or nothing for an empty body; or a bare 503.
 */
void	client_answer(struct client *, struct evbuffer *body);
void	client_unavailable(struct client *);

/* ---- signerd/frontend.c ----------------------------------------------- */

/* To be told when a client goes: the last one ends a stopping daemon. */
void	frontend_client_gone(struct frontend *);

#endif /* SIGNERD_FRONTEND_H */
