/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef PROXYD_CALL_H
#define PROXYD_CALL_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/rpcserver.h"
#include "proxyd/count.h"
#include "proxyd/relay.h"

struct cJSON;
struct event;
struct evbuffer;
struct httpconn;
struct json_doc;
struct link;
struct call;

/*
 * Clients' calls on their way to signers.  A call is sent to the first signer
 * of its route; to the next one when that link dies, answers that it is busy
 * or makes no sense, or is slow (`timeout attempt`, or `hedge after`).  The
 * first good answer is the client's, whoever gives it: signing is
 * deterministic, so all are the same.
 */

/* One message of a client. */
struct relaying {
	struct rpc		 rpc;		/* must be the first */
	struct relay		*relay;
	struct httpconn		*conn;
	struct ruleset		*rules;		/* NULL: none has decided */
	struct client		*client;	/* NULL: nothing to relay */
	uint64_t		 deadline;	/* clock_us() */
	struct event		*timer;		/* at the deadline */
	size_t			 next;		/* call that may be unstarted */
	size_t			 held;		/* bytes of its arguments */
	bool			 refused;	/* no memory for one of them */
	bool			 waits;
	TAILQ_ENTRY(relaying)	 entry;		/* of the client's messages */
	bool			 in_turn;
	TAILQ_ENTRY(relaying)	 turn;
};

/* One request on a link. */
struct attempt {
	TAILQ_ENTRY(attempt)	 of_link;
	TAILQ_ENTRY(attempt)	 of_call;
	struct link		*link;
	struct call		*call;
	struct signer		*signer;	/* whose link it was */
	uint64_t		 id;
	uint64_t		 sent;		/* clock_us() */
	bool			 slow;		/* and it was said */
};

struct call {
	struct rpc_call		 base;		/* must be the first */
	uint32_t		 asked;		/* RULE_ bit; 0: another */
	enum count_result	 result;	/* so far */
	enum reason		 why;		/* it was refused */
	bool			 relayed;	/* by a signer to be answered */
	bool			 started;
	bool			 kona;		/* the answer is an object */
	const char		*method;	/* as the client called it */
	struct route		 route;
	struct payload		 payload;	/* of a block payload */
	char			*argument;	/* JSON text */
	size_t			 argumentlen;
	char			 id[32];	/* for logs, on both sides */
	TAILQ_HEAD(, attempt)	 attempts;	/* in flight, oldest first */
	uint64_t		 tried[RELAY_ATTEMPTS];	/* serials of links */
	size_t			 ntried;
	uint64_t		 last_sent;
	uint64_t		 due;		/* clock_us() of the timer */
	struct event		*timer;		/* of slow signers */
};

/* ---- proxyd/client.c: what clients say and hear ----------------------- */

extern const struct httpserver_cb client_cb;

/* The relay of this process. */
void	client_init(struct relay *);
/*
 * A call has its answer (rpc_result() and the like returned `left`): the
 * message may be complete.
 */
void	client_answered(struct relaying *, bool left);
/*
 * No signer for one of its calls, or no time: the whole message gets 503.
 * call: the one to name in the log, NULL: not known which.
 */
void	client_unserved(struct relaying *, const struct call *, enum reason);

/* ---- proxyd/call.c: from signer to signer ----------------------------- */

/* Returns whether its message is still there. */
bool	call_start(struct call *);
/* It is not to be answered any more, or was answered. */
void	call_release(struct call *);
/* A link's answer to an attempt, which is freed. */
void	call_answered(struct attempt *, const struct json_doc *,
	    const struct cJSON *result, const struct cJSON *error);
/* The link of an attempt has died; the attempt is freed. */
void	call_lost(struct attempt *);

/* ---- proxyd/wire.c: what goes over a link ----------------------------- */

/* V1's argument of a payload, with the sender's address: JSON text. */
int	wire_payload(struct evbuffer *, const struct payload *,
	    const uint8_t address[ADDRESS_SIZE]);
/* The whole request; ms are left until the deadline.  -1: no memory. */
int	wire_request(struct evbuffer *, const struct call *,
	    const struct link *, uint64_t id, const char *client,
	    uint64_t ms);

#endif /* PROXYD_CALL_H */
