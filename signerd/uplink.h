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
#include "common/tlsfiles.h"
#include "common/wsupgrade.h"
#include "signerd/advertise.h"
#include "signerd/frontmsg.h"
#include "signerd/keylink.h"
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
	UPLINK_STOPPED
};

struct uplink {
	struct linkd		*linkd;
	struct link_proxy	 proxy;
	int			 files[TLSFILE_COUNT];	/* or -1 */
	struct tlsctx		*tls;
	enum uplink_state	 state;
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
	bool			 bare;		/* registers without it */
	bool			 settled;	/* metadata or not */
	uint64_t		 asked;		/* id of a registration, or 0 */
	uint64_t		 ids;
	char			 reason[400];	/* of our closing */
	struct rpc_owner	 owner;
};

struct linkd {
	struct event_base	*base;
	struct imsgev		 parent;
	struct imsgev		 dialer;
	struct front_config	 config;
	bool			 configured;
	bool			 serving;
	bool			 stopping;
	struct uplink		*uplinks[CONFIG_PROXIES];
	size_t			 nuplinks;
	struct grants		 grants;
	int			 channel;	/* to keyd, until serving */
	int			 dialer_fd;	/* until serving */
	struct keylink		 keylink;
	struct front_key	*keys;
	size_t			 nkeys;
	struct event		*stop_timer;
};

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

/* ---- signerd/uplink_register.c ---------------------------------------- */

/* The websocket is open: calls opsignerproxy_serveSigner. */
void		 uplink_register(struct uplink *);
/*
 * A message while a registration is not answered: true where it was the
 * answer, which is dealt with.
 */
bool		 uplink_registration(struct uplink *, const char *text,
		    size_t len);
/* Closes the link in order, for this reason; slow: come back late. */
void		 uplink_close(struct uplink *, uint16_t code,
		    const char *reason, bool slow);

/* ---- signerd/link.c --------------------------------------------------- */

/* One of them is UPLINK_STOPPED. */
void		 linkd_gone(struct linkd *);
/* Has an endpoint dialled. */
void		 linkd_dial(struct linkd *, const struct uplink *,
		    enum dial_msg);

#endif /* SIGNERD_UPLINK_H */
