/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef SIGNERD_DIALER_H
#define SIGNERD_DIALER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/imsgev.h"
#include "signerd/dial_connect.h"
#include "signerd/dial_files.h"
#include "signerd/dial_resolve.h"
#include "signerd/dialmsg.h"

/* The dialer process: state, and what its parts ask of each other. */

struct event;
struct event_base;
struct dialer;

enum attempt_state {
	ATTEMPT_NONE,
	ATTEMPT_WANTS_FILES,	/* they are to be asked for */
	ATTEMPT_AWAITS_FILES,	/* they have been */
	ATTEMPT_RUNS
};

/* An endpoint and its attempt, if there is one. */
struct endpoint {
	struct dialer		*dialer;
	bool			 used;		/* there is one */
	struct dial_endpoint	 config;
	struct dial_address	 address;	/* where the host is one */
	bool			 numeric;
	enum attempt_state	 state;
	uint32_t		 cookie;
	uint64_t		 begun;		/* us */
	struct event		*deadline;
	struct dial_lookup	*lookup;
	/* AF_INET6, AF_INET; DIAL_DNS_SILENT until answered. */
	enum dial_dns		 dns[2];
	char			 servers[128];	/* that are asked */
	struct dial_race	*race;
	uint64_t		 attempts;
	uint64_t		 failures;	/* of them */
	uint64_t		 lookups;
};

/* A configuration on its way to be in force. */
struct dial_next {
	bool			 begun;		/* there is one */
	bool			 ended;		/* all is said */
	struct dial_config	 config;
	struct dial_address	 servers[DIAL_MAXNAMESERVERS];
	struct dial_endpoint	 endpoints[DIAL_MAXENDPOINTS];
	bool			 used[DIAL_MAXENDPOINTS];
};

struct dialer {
	struct event_base	*base;
	struct imsgev		 parent;
	struct imsgev		 link;
	bool			 linked;	/* link is open */
	bool			 started;
	int			 channel;	/* link's, until then */
	struct dial_next	 next;
	struct dial_config	 config;	/* that is in force */
	struct dial_address	 servers[DIAL_MAXNAMESERVERS];
	struct endpoint		 endpoints[DIAL_MAXENDPOINTS];
	/* The files; resolv is that of the answer that is coming in. */
	struct event		*ask;
	uint64_t		 asked;		/* us, the last time */
	bool			 asking;
	bool			 have_resolv;
	struct dial_resolvconf	 resolv;
};

/* dial_attempt.c */

/* 0, or -1 where memory is short. */
int	attempt_init(struct dialer *, struct endpoint *);
/* Where to; an attempt to get to where it was is given up. */
void	attempt_configure(struct endpoint *, const struct dial_endpoint *);
/* Answers the link process when it has come to its end. */
void	attempt_begin(struct endpoint *, uint32_t cookie);
void	attempt_cancel(struct endpoint *);
/* The attempt awaited these: goes on. */
void	attempt_files(struct endpoint *, const struct dial_resolvconf *,
	    const char *hosts, size_t len);

/* dial_link.c */

/* 0, or -1 with errno. */
int	dialer_link_start(struct dialer *, int fd);
/* Answers to the link process; the descriptor is taken. */
void	dialer_connected(struct endpoint *, int fd,
	    const struct dial_address *);
void	dialer_failed(struct endpoint *, const char *text);

/* dial_parent.c */

void	dialer_parent_start(struct dialer *);
/* There is an attempt that wants the files. */
void	dialer_want_files(struct dialer *);

#endif /* SIGNERD_DIALER_H */
