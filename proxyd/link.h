/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef PROXYD_LINK_H
#define PROXYD_LINK_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/link.h"
#include "common/log.h"
#include "proxyd/advert.h"
#include "proxyd/call.h"
#include "proxyd/relay.h"

struct wslink;

/* Registrations of one link in ten seconds; more are answered with 1008. */
#define LINK_REGISTRATIONS	20
/*
 * The same of messages that are no answers, and of large answers that nobody
 * waits for.
 */
#define LINK_USELESS		50
/* Messages before it has registered, and their size where it never will. */
#define LINK_FIRST_MESSAGES	4
#define LINK_STRANGER_MESSAGE	65536
/*
 * Links that have not registered: of one signer, and of all certificates
 * together that no signer has.  They shall not take the place of others.
 */
#define LINK_UNREGISTERED	8
#define LINK_STRANGERS		16

/* A websocket of a signer, from its upgrade to its end. */
struct link {
	TAILQ_ENTRY(link)	 entry;
	struct relay		*relay;
	struct httpconn		*conn;		/* its place in the server */
	struct wslink		*ws;
	uint64_t		 serial;
	struct signer		*signer;	/* NULL: not registered */
	const char		*refused;	/* or NULL; its text below */
	char			 reason[800];
	struct link		*older;		/* to be replaced by it */
	char			 certname[CLIENT_MAX + 1];
	char			 peer[64];	/* address and port */
	bool			 stranger;	/* no signer has its name */
	uint64_t		 registered;	/* clock_us(), or 0: not yet */
	uint64_t		 fault;		/* the last one, or 0 */
	uint64_t		 window;	/* of these two */
	uint32_t		 nregistrations;
	uint32_t		 nuseless;
	uint32_t		 nfirst;	/* messages, not registered */
	struct event		*timer;		/* to register */
	TAILQ_HEAD(, attempt)	 attempts;	/* in flight, oldest first */
	uint32_t		 nattempts;
	uint64_t		 next_id;
	uint64_t		 late;		/* answers nobody waited for */
};

/* ---- proxyd/link.c ---------------------------------------------------- */

extern const struct httpserver_cb link_cb;

/*
 * Can it take one more request, with an argument of that many bytes?  Not
 * where more would wait for the signer to read than may: that would end it.
 */
bool	link_usable(const struct link *, size_t argumentlen);
/*
 * Is it to be asked before the other one, which comes later in the file?
 * Those that have been there for `timeout stable` without a fault go first,
 * then those that are new, then those in doubt: the one whose last fault is
 * the oldest.
 */
bool	link_precedes(const struct link *, const struct link *);
/* Is it asked after the others, for a fault? */
bool	link_in_doubt(const struct link *);
/* It does not do what it should: others go first for a while. */
void	link_suspect(struct link *, const char *why);
/* Sends a request for the call; NULL where it cannot. */
struct attempt *link_ask(struct link *, struct call *, const char *client,
	    uint64_t ms);
/* The attempt is of no more interest. */
void	link_forget(struct attempt *);
/* Closes all of them in order. */
void	link_stop(struct relay *);
/* A record of it; the reason may be NULL. */
void	link_log(enum log_level, const char *msg, const struct link *,
	    const char *reason);
/* The limits in force hold for it from now on. */
void	link_configure(struct link *);
/* It is no signer's link any more; its attempts go elsewhere. */
void	link_unregister(struct link *);
/*
 * A message of the signer cannot be looked at: what it may have answered goes
 * elsewhere, and it is to come again.
 */
void	link_no_memory(struct link *);

/* ---- proxyd/register.c ------------------------------------------------ */

/* A message that is no answer: serveSigner, or whatever else. */
void	register_message(struct link *, const struct rpc_text *);
/* One that nobody wants, and that has cost something: too many end it. */
void	register_useless(struct link *);

#endif /* PROXYD_LINK_H */
