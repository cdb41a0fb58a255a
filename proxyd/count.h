/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef PROXYD_COUNT_H
#define PROXYD_COUNT_H

#include <stdint.h>

#include "common/histogram.h"
#include "keyd/request.h"

/*
 * What the relay counts of requests and links, for proxyd(8)'s metrics.  Each
 * call of a client is counted once, when its message has an answer or is
 * given up: by what the client was told.
 */

struct call;
struct relay;
struct relaying;
struct rpc_call;
struct signer;

enum count_method {
	COUNT_TRANSACTION,
	COUNT_PAYLOAD,
	COUNT_OTHER,		/* and what is no request at all */
	COUNT_METHODS
};

enum count_result {
	RESULT_REJECTED,	/* not to be understood, or no such method */
	RESULT_ANSWERED,	/* by the proxy itself: health_status */
	RESULT_SIGNED,
	RESULT_REFUSED,		/* by the rules */
	RESULT_BYSIGNER,	/* refused by a signer */
	RESULT_UNAVAILABLE,	/* 503 */
	RESULT_GONE,		/* the client has, before its answer */
	RESULT_COUNT
};

/*
 * Why there was no signature: the refusals of the rules, by their numbers, and
 * these.
 */
enum reason {
	REASON_PARSE = REFUSAL_MAX,
	REASON_INVALID,
	REASON_NOMETHOD,
	REASON_ARGUMENTS,
	REASON_TOOLARGE,	/* the response would be */
	REASON_BYSIGNER,
	/* Of 503. */
	REASON_NOSIGNER,
	REASON_TIME,
	REASON_BUSY,
	REASON_MEMORY,
	/* The same, where it was an attempt that has failed. */
	REASON_SIGNERBUSY,
	REASON_SIGNERTIME,
	REASON_LOST,
	REASON_NOSIGNATURE,
	REASON_SENSELESS,
	/* Of an attempt alone, which may yet be answered. */
	REASON_SLOW,
	REASON_MAX
};
#define REASON_ATTEMPT	REASON_SIGNERBUSY	/* the first of these */

/* A label's value. */
const char	*reason_name(enum reason);
/* In the log; of those from REASON_NOSIGNER on. */
const char	*reason_text(enum reason);
const char	*count_method_name(enum count_method);
const char	*count_result_name(enum count_result);

/* Why a websocket of a signer was not taken, or not kept. */
enum link_refusal {
	LINKREFUSAL_STOPPING,
	LINKREFUSAL_MAX,	/* max links */
	LINKREFUSAL_SAME,	/* too many of the signer not registered */
	LINKREFUSAL_STRANGERS,	/* too many of no signer */
	LINKREFUSAL_UPGRADE,	/* no websocket of version 13 */
	LINKREFUSAL_MEMORY,
	LINKREFUSAL_UNEXPECTED,	/* no signer has this name */
	LINKREFUSAL_LACKS,	/* a key, a chain or a method */
	LINKREFUSAL_OFTEN,	/* it registers too often */
	LINKREFUSAL_LATE,	/* it has not registered in time */
	LINKREFUSAL_SILENT,	/* it says other things */
	LINKREFUSAL_USELESS,	/* too much that nobody has asked for */
	LINKREFUSAL_COUNT
};
const char	*link_refusal_name(enum link_refusal);

/* Of a client that has a rule; of all others together. */
struct client_counts {
	uint64_t	 requests[COUNT_METHODS][RESULT_COUNT];
};

/* Of a signer of the configuration, over all its links. */
struct signer_counts {
	uint64_t	 attempts;	/* requests sent */
	uint64_t	 answers;	/* signatures and refusals taken */
	uint64_t	 failures[REASON_MAX - REASON_ATTEMPT];
	uint64_t	 late;		/* answers that nobody waits for */
	uint64_t	 registrations;	/* of links, not the repeated ones */
	uint64_t	 replaced;	/* links closed with 4001 */
};

/* Of the whole relay. */
struct counts {
	struct client_counts	 unknown;
	uint64_t		 reasons[REASON_MAX];
	/* By method, but for COUNT_OTHER; in microseconds. */
	struct histogram	 total[COUNT_OTHER];
	struct histogram	 waiting[COUNT_OTHER];
	struct histogram	 at_signer[COUNT_OTHER];
	uint64_t		 retries;
	uint64_t		 hedges;
	uint64_t		 links;		/* taken */
	uint64_t		 links_refused[LINKREFUSAL_COUNT];
};

/*
 * The message of a client is done: with an answer to each of its calls, or
 * with one for all (why: of a 503), or without any, for the client has gone.
 */
void	count_message(const struct relaying *);
void	count_unserved(const struct relaying *, enum reason why);
void	count_gone(const struct relaying *);
/* A body that could not even be looked at, of that client. */
void	count_unread(struct relay *, const char *client);

/* It was sent to a signer, for the first time or again; now: clock_us(). */
enum count_sent { SENT_FIRST, SENT_RETRY, SENT_HEDGE };
void	count_sent(const struct call *, struct signer *, enum count_sent,
	    uint64_t now);
/* A signer's answer to it, which was asked at `sent`, is taken. */
void	count_answered(const struct call *, struct signer *, uint64_t sent);
/* An attempt has failed. */
void	count_failed(struct signer *, enum reason);
/* An answer that nobody waits for. */
void	count_late(struct signer *);

/* A signer's websocket was refused, at its beginning or later. */
void	count_refused(struct relay *, enum link_refusal);

#endif /* PROXYD_COUNT_H */
