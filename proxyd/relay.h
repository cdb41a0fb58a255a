/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef PROXYD_RELAY_H
#define PROXYD_RELAY_H

#include <sys/types.h>
#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/httpserver.h"
#include "common/imsgev.h"
#include "common/rpcserver.h"
#include "common/statusserver.h"
#include "common/tlsconn.h"
#include "common/tlsexpiry.h"
#include "common/tlsfiles.h"
#include "proxyd/config.h"
#include "proxyd/count.h"
#include "proxyd/relaymsg.h"
#include "proxyd/ruleset.h"
#include "proxyd/served.h"

struct event;
struct event_base;
struct evbuffer;
struct link;

/*
 * The relay: one process with every socket of the proxy.  A client's HTTP
 * request is a `relaying` (one call or a batch), each of its calls that a
 * signer is to answer a `call`, each time a signer is asked for it an
 * `attempt` on that signer's link.
 */

/* Signers that one call may be sent to. */
#define RELAY_ATTEMPTS	16
/* What links have to close in order when the daemon stops, in ms. */
#define RELAY_LINGER	1000
/* Room for the envelope of a message on a link beside a body. */
#define RELAY_ENVELOPE	65536

struct relay_socket {
	uint32_t	 id;
	int		 fd;				/* or -1 */
	enum config_whom whom;
	char		 address[RELAY_ADDRESS_MAX];
	int		 files[TLSFILE_COUNT];	/* or -1 */
	char		 not_after[TLSFILES_TIME];
	struct tlsctx_times times;
};

/* One that is in force. */
struct relay_listener {
	uint32_t	 id;		/* of its socket */
	enum config_whom whom;
	char		 address[RELAY_ADDRESS_MAX];
	struct tlsctx_times times;
};

struct relay {
	struct event_base	*base;
	struct imsgev		 parent;
	struct ruleset		*rules;		/* in force */
	struct ruleset		*next;		/* being told of, or NULL */
	bool			 telling;	/* there is a next one */
	bool			 nomem;		/* but no memory for it */
	bool			 renews;	/* instead: files alone */
	bool			 stopping;
	struct relay_socket	 sockets[RELAY_MAXLISTENS];
	size_t			 nsockets;
	struct tlsexpiry	 expiry;
	struct tlsctx		*rest[WHOM_METRICS];	/* by `whom` */
	uint32_t		 first[WHOM_METRICS];	/* id of that socket */
	struct relay_listener	 listeners[RELAY_MAXLISTENS];
	size_t			 nlisteners;
	enum relay_msg		 last;		/* whose lists come */
	struct httpserver_limits client_limits;
	struct httpserver_limits signer_limits;
	struct httpserver	*clients;
	struct httpserver	*signer_server;
	struct rpc_limits	 rpc_limits;
	struct statusserver_limits status_limits;
	struct statusserver	*status;	/* metrics and health */

	/* link.c */
	TAILQ_HEAD(, link)	 links;
	uint32_t		 nlinks;
	uint64_t		 serial;	/* of the last link */
	uint64_t		 changes;	/* in what signers there are */
	struct served		 served;	/* by served_find() */

	/* client.c */
	struct clients		 names;
	uint32_t		 nwaiting;	/* calls not answered yet */
	size_t			 held;		/* bytes of their arguments */
	char			 boot[9];	/* begins the ids of calls */
	uint64_t		 ids;
	struct counts		 counts;
	struct event		*stop_timer;
};

/* ---- proxyd/reconcile.c ------------------------------------------------- */

/*
 * Other rules are in force than the old ones: signers that these have in
 * common with them go on, with their links; links of those that there are not
 * any more, or that do not hold what they should now, or whose certificate is
 * not trusted any more, are closed.
 */
void	reconcile_links(struct relay *, const struct ruleset *old);
/* The same where files alone have changed, and with them who is trusted. */
void	reconcile_trust(struct relay *);

/* ---- proxyd/candidate.c: the next configuration ---------------------- */

/*
 * One message of it, before RELAY_START.  Where memory is short that is noted;
 * what still comes of it is taken, and forgotten.
 */
void	candidate_message(struct relay *, struct imsg *);
/* That was all: its rules.  False, and the log says so: memory is short. */
bool	candidate_rules(struct relay *);
/* There is none any more. */
void	candidate_clear(struct relay *);

/* ---- proxyd/status.c: what the relay says of itself ------------------- */

/* What serves that over HTTP; NULL where memory is short. */
struct statusserver *status_new(struct relay *);
/*
 * A message of the parent about metrics: METRICS_ASK, which is answered with
 * all that was counted, or a part of what status_new() has asked for.  0, or
 * -1: malformed.
 */
int	status_message(struct relay *, struct imsg *);

/* ---- proxyd/operator.c --------------------------------------------------- */

/* Takes what an operator has asked or said; false: it is not that. */
bool	operator_message(struct relay *, struct imsg *);

/* ---- proxyd/relay.c --------------------------------------------------- */

/* The last link of a stopping relay has gone. */
void	relay_link_gone(struct relay *);

#endif /* PROXYD_RELAY_H */
