/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef SIGNERD_FRONTEND_H
#define SIGNERD_FRONTEND_H

#include <stdbool.h>
#include <stddef.h>

#include "common/httpserver.h"
#include "common/imsgev.h"
#include "common/statusserver.h"
#include "common/tlsexpiry.h"
#include "signerd/frontmsg.h"
#include "signerd/keylink.h"
#include "signerd/keynames.h"

struct evbuffer;
struct event_base;
struct tlsctx;

/* A socket to listen on: a new one, or one that goes on. */
struct front_listen {
	uint32_t	number;
	int		fd;		/* -1: it goes on */
	bool		metrics;	/* for these, not for clients */
};

/* A configuration on its way to be in force; its keys are in the names. */
struct front_next {
	bool			 begun;		/* there is one */
	bool			 ended;		/* all is said */
	bool			 ready;
	bool			 named;		/* its keys have a set */
	bool			 nomem;
	bool			 renews;	/* files alone are others */
	struct front_config	 config;
	int			 files[TLSFILE_COUNT];	/* or -1 */
	struct front_listen	 listens[CONF_LISTENS];
	size_t			 nlistens;
	size_t			 nclients;	/* those that are for clients */
	struct tlsctx		*tls;		/* NULL: nothing to listen on */
	char			 not_after[TLSFILES_TIME];
};

struct frontend {
	struct event_base	*base;
	struct imsgev		 parent;
	struct front_config	 config;	/* that is in force */
	struct front_next	 next;
	bool			 serving;
	uint32_t		 nlistens;	/* FRONT_LISTEN, _METRICS */
	size_t			 nclients;	/* sockets in force, for them */
	int			 channel;	/* to keyd, until serving */
	int			 workers[CONFIG_WORKERS];	/* more of it */
	unsigned int		 nworkers;
	struct keylink		 keylink;
	struct keynames		 names;
	struct httpserver_limits limits;
	struct httpserver	*server;
	struct tlsctx		*tls;		/* in force, or NULL */
	struct statusserver_limits status_limits;
	struct statusserver	*status;
	struct tlsexpiry	 expiry;
};

/* ---- signerd/front_setup.c: what the parent says ----------------------- */

/* A message of the parent: what it should not have sent ends the process. */
void	front_message(struct frontend *, struct imsg *);

/* ---- signerd/front_metrics.c ------------------------------------------- */

/* Makes the server of metrics, without sockets.  -1 where memory is short. */
int	front_metrics_start(struct frontend *);
/* One of the messages of metrics. */
void	front_metrics_message(struct frontend *, struct imsg *);

/* ---- signerd/ready.c --------------------------------------------------- */

/* For struct statusserver_config. */
bool	ready_judge(const struct metrics_set *, struct evbuffer *);

/* ---- signerd/direct.c ------------------------------------------------- */

/*
 * Makes the server of the API of a signer for clients by HTTP; it has no
 * sockets yet.  stopped() ends it after httpserver_stop().  -1 where memory is
 * short.
 */
int	direct_start(struct frontend *,
	    void (*stopped)(struct httpserver *, void *));
/* Takes its limits from the configuration that is in force. */
void	direct_limits(struct frontend *);

#endif /* SIGNERD_FRONTEND_H */
