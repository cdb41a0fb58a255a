/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef SIGNERD_RPC_H
#define SIGNERD_RPC_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keyd/keymsg.h"
#include "signerd/args.h"

struct client;
struct evbuffer;

/*
 * JSON-RPC on one connection: an rpc is the body of one HTTP request, one
 * call or a batch of them.  The body is parsed and decoded at once, so that
 * no tree is kept while its calls wait for keyd.
 */
struct call {
	struct rpc	*rpc;
	char		*id;		/* raw JSON text, or NULL for null */
	size_t		 idlen;
	bool		 keyed;		/* to be asked of keyd */
	bool		 asked;
	bool		 kona;		/* the answer is an object */
	uint64_t	 received;	/* clock_us() */
	uint64_t	 sent;
	struct args	 args;
	struct evbuffer	*answer;	/* NULL until there is one */
};

struct rpc {
	struct client	*client;
	struct call	**calls;
	size_t		 ncalls;
	size_t		 left;		/* without an answer */
	size_t		 next;		/* first that may be unasked */
	uint32_t	 in_keyd;
	bool		 batch;
	uint64_t	 deadline;	/* clock_us() */
	/* Of the keylink. */
	bool		 in_turn;
	bool		 submitted;
	TAILQ_ENTRY(rpc) turn;
	TAILQ_ENTRY(rpc) waiting;
};

/*
 * Begins to work on a body.  The client is answered through client_answer()
 * or client_unavailable(), perhaps before this returns.
 */
void	rpc_start(struct client *, const char *body, size_t len);
/* The client has gone: what is under way is dropped. */
void	rpc_cancel(struct rpc *);

/* ---- For the keylink -------------------------------------------------- */

/* The next call to be asked, or NULL. */
struct call *rpc_next(struct rpc *);
/*
 * keyd's answer to a call.  Returns whether its rpc is still there: the last
 * answer ends it.
 */
bool	rpc_reply(struct call *, const struct keyd_reply *);
/* The request could not be sent to keyd, or keyd could not read it. */
bool	rpc_unsendable(struct call *, int error);
/* The rpc's time is up: 503. */
void	rpc_expired(struct rpc *);

#endif /* SIGNERD_RPC_H */
