/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef SIGNERD_UPLINK_H
#define SIGNERD_UPLINK_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "common/imsgev.h"
#include "common/tlsexpiry.h"
#include "common/tlsfiles.h"
#include "common/wsupgrade.h"
#include "signerd/advertise.h"
#include "signerd/frontmsg.h"
#include "signerd/keylink.h"
#include "signerd/keynames.h"
#include "signerd/linkmsg.h"
#include "signerd/rpc.h"

struct event;
struct event_base;
struct tlsconn;
struct tlsctx;
struct wslink;
struct wslink_end;

/*
 * The link process: a websocket to each configured proxy, dialled anew
 * whenever it breaks, on which the proxy asks and this side answers.
 */

/* First pause before a link is dialled again, in ms. */
#define UPLINK_BACKOFF_MIN	200
/* For the proxy to close its side when the daemon stops, in ms. */
#define UPLINK_LINGER		1000
/* Beside the time limit for connecting, for the dialer's own answer. */
#define UPLINK_GRACE		5000
/*
 * How long the link of a changed certificate may stay while the one that is to
 * take its place cannot be had, in ms.
 */
#define UPLINK_OVERLAP		30000
/* Room for the envelope of a message beside a body. */
#define UPLINK_ENVELOPE		65536

enum uplink_state {
	UPLINK_WAITING,		/* until it is dialled again */
	UPLINK_DIALLING,	/* the dialer works on it */
	UPLINK_HANDSHAKE,	/* of TLS */
	UPLINK_UPGRADING,	/* the handshake of the websocket */
	UPLINK_REGISTERING,	/* serveSigner, not answered yet */
	UPLINK_UP,
	UPLINK_CLOSING,		/* our close frame is on its way */
	UPLINK_STOPPED,
	UPLINK_DOWN		/* an operator has taken it down */
};

/* Of the proxy of a number, over all of its uplinks. */
struct uplink_counts {
	uint64_t		 attempts;
	uint64_t		 registrations;
	uint64_t		 messages;
	uint64_t		 failures[UPLINK_STOPPED];	/* by state */
};

struct uplink {
	TAILQ_ENTRY(uplink)	 entry;		/* of those that leave */
	struct linkd		*linkd;
	struct link_proxy	 proxy;
	int			 files[TLSFILE_COUNT];	/* or -1 */
	struct tlsctx		*tls;
	enum uplink_state	 state;
	enum uplink_state	 closed;	/* what it was before it closed */
	struct event		*timer;		/* of the state */
	struct event		*renew;		/* of the registration */
	uint32_t		 cookie;	/* of the dialler's answer */
	uint32_t		 backoff;	/* ms */
	bool			 slow;		/* the proxy does not want us */
	uint64_t		 since;		/* up, clock_us() */
	char			 peer[DIAL_PEER_MAX + 1];
	struct tlsconn		*conn;		/* until there is a wslink */
	struct wsupgrade	 upgrade;
	struct wslink		*ws;
	char			*object;	/* what is advertised */
	bool			 stale;		/* it changed since we asked */
	/* Among those that leave: not to be dialled again; told to. */
	bool			 listed;
	bool			 leaving;
	bool			 down;		/* not to be dialled */
	bool			 ending;	/* as soon as it is idle */
	struct uplink		*elder;		/* serves until this one does */
	uint64_t		 begun;		/* uplink_start(), clock_us() */
	char			 not_after[TLSFILES_TIME];
	bool			 bare;		/* registers without it */
	bool			 settled;	/* metadata or not */
	uint64_t		 asked;		/* id of a registration, or 0 */
	uint64_t		 ids;
	char			 reason[400];	/* of our closing */
	struct rpc_owner	 owner;
};

/* A configuration on its way to be in force; its keys are in the names. */
struct link_next {
	bool			 begun;		/* there is one */
	bool			 ended;		/* all is said */
	bool			 named;		/* its keys have a set */
	bool			 renews;	/* files alone are others */
	bool			 nomem;
	bool			 failed;
	bool			 ready;
	struct front_config	 config;
	/* By their numbers; none of them is dialled. */
	struct uplink		*uplinks[CONFIG_NUMBERS];
	struct uplink		*last;		/* whose files come */
	struct grants		 grants;
	uint32_t		 loaded;	/* numbers below: done */
};

struct linkd {
	struct event_base	*base;
	struct imsgev		 parent;
	struct imsgev		 dialer;
	struct front_config	 config;	/* that is in force */
	struct link_next	 next;
	struct event		*load;		/* the files of the next one */
	bool			 serving;
	bool			 stopping;
	struct uplink		*uplinks[CONFIG_NUMBERS];
	size_t			 nuplinks;
	struct uplink_counts	 counts[CONFIG_NUMBERS];
	TAILQ_HEAD(, uplink)	 leaving;
	struct event		*reap;		/* those that have left */
	uint32_t		 cookies;	/* of the dialler's answers */
	int			 channel;	/* to keyd, until serving */
	int			 workers[CONFIG_WORKERS];	/* more of it */
	unsigned int		 nworkers;
	int			 dialer_fd;	/* until serving */
	struct keylink		 keylink;
	struct keynames		 names;
	struct event		*stop_timer;
	struct tlsexpiry	 expiry;
};

/* ---- signerd/link_setup.c: what the parent says ------------------------- */

/* A message of the parent: what it should not have sent ends the process. */
void		 link_message(struct linkd *, struct imsg *);
/* For linkd.load. */
void		 link_load(int fd, short what, void *linkd);

/* ---- signerd/link_commit.c --------------------------------------------- */

/* The candidate is in force; what is left of it is forgotten. */
void		 link_commit(struct linkd *);

/* ---- signerd/link_metrics.c -------------------------------------------- */

/* METRICS_ASK of the parent: answers. */
void		 link_metrics_answer(struct linkd *, struct imsg *);

/* ---- signerd/uplink.c ------------------------------------------------- */

/* NULL where memory is short. */
struct uplink	*uplink_new(struct linkd *, const struct link_proxy *);
/* All is known: dials at once. */
void		 uplink_start(struct uplink *);
/* The dialler's answer; fd -1: text says why not. */
void		 uplink_dialled(struct uplink *, const struct dial_result *,
		    int fd);
/* Finishes what is in flight, and closes. */
void		 uplink_stop(struct uplink *);
/* The same while others stay: it is freed in the end. */
void		 uplink_leave(struct uplink *);
/* Of one that is not, or no more, dialled. */
void		 uplink_free(struct uplink *);
/* Limits have changed; they are those of the configuration in force. */
void		 uplink_limits(struct uplink *);
/* An operator takes it down, or lets it go up again. */
void		 uplink_set_down(struct uplink *, bool);
/*
 * Ends it if this context does not trust the proxy's certificate any more, or
 * if it is just about to find out by another one.
 */
void		 uplink_judge(struct uplink *, struct tlsctx *);

/* ---- signerd/uplink_register.c ---------------------------------------- */

/* The websocket is open: calls opsignerproxy_serveSigner. */
void		 uplink_register(struct uplink *);
/*
 * A message while a registration is not answered: true where it was the
 * answer, which is dealt with.
 */
bool		 uplink_registration(struct uplink *, const char *text,
		    size_t len);
/* What is advertised, to be freed, is this from now on. */
void		 uplink_advertise(struct uplink *, char *object);
/* Closes the link in order, for this reason; slow: come back late. */
void		 uplink_close(struct uplink *, uint16_t code,
		    const char *reason, bool slow);

/* ---- signerd/link.c --------------------------------------------------- */

/* One of them is UPLINK_STOPPED. */
void		 linkd_gone(struct linkd *);
/* Ends all of them, and then the process. */
void		 linkd_stop(struct linkd *);
/* The way to keyd, and to the dialer; the process serves from now on. */
void		 linkd_begin(struct linkd *);
/* Has an endpoint dialled. */
void		 linkd_dial(struct linkd *, const struct uplink *,
		    enum dial_msg);

#endif /* SIGNERD_UPLINK_H */
