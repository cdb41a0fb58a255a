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
#include "signerd/frontmsg.h"
#include "signerd/keylink.h"

struct event_base;
struct tlsctx;

struct frontend {
	struct event_base	*base;
	struct imsgev		 parent;
	struct front_config	 config;
	bool			 configured;
	bool			 serving;
	struct tlsctx		*tls;
	int			 files[TLSFILE_COUNT];	/* or -1 */
	int			 listeners[CONF_LISTENS];
	size_t			 nlisteners;	/* until serving */
	int			 channel;	/* to keyd, until serving */
	struct keylink		 keylink;
	struct front_key	*keys;
	size_t			 nkeys;
	struct httpserver_limits limits;
	struct httpserver	*server;
};

/* ---- signerd/direct.c ------------------------------------------------- */

/*
 * Serves the API of a signer to clients by HTTP, on all of the frontend's
 * listening sockets.  stopped() ends it after httpserver_stop().  -1 where
 * memory is short.
 */
int	direct_start(struct frontend *,
	    void (*stopped)(struct httpserver *, void *));

#endif /* SIGNERD_FRONTEND_H */
