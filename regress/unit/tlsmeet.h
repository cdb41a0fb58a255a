/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_UNIT_TLSMEET_H
#define REGRESS_UNIT_TLSMEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <event2/event.h>

#include "common/tlsconn.h"
#include "regress/unit/tlspair.h"

/* For the tests of connections that are begun here: both ends are tlsconn. */

struct side {
	struct tlsconn	*c;
	int		 ready;
	int		 ended;
	enum tlsconn_end end;
	size_t		 got;
	bool		 echo;
	bool		 talk;		/* says hello when ready */
	bool		 pause;
	char		 name[256];
	char		 subject[256];
	char		 version[16];
	int64_t		 expiry;
	char		 error[512];
};

struct meeting {
	struct event_base	*base;
	struct side		 server;	/* c NULL: fd is there */
	struct side		 client;
	int			 fd;
};

extern const struct tlsconn_cb meet_cb;		/* arg is a side */

#define TURN(m)		event_base_loop((m)->base, EVLOOP_ONCE)
#define TURNS_UNTIL(m, cond)	do {					\
	while (!(cond))							\
		TURN(m);						\
} while (0)

void	say(struct side *, const char *text);
/* server_config() with another certificate. */
void	client_config(struct tlsctx_config *, const struct cert *);
struct tlsctx *make_client(const struct tlsctx_config *);
struct tlsctx *client_ctx(const struct cert *);
struct tlsctx *server_with(const struct cert *);
/* sctx NULL: whatever the test makes of fd. */
void	meet(struct meeting *, struct tlsctx *sctx, struct tlsctx *cctx,
	    const char *name);
void	part(struct meeting *);
/* The life of a connection, from `named` to `server`. */
void	check_good(struct tlsctx *sctx, struct tlsctx *cctx, const char *name,
	    const char *version);

#endif /* REGRESS_UNIT_TLSMEET_H */
