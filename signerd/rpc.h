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

#include "common/rpcserver.h"
#include "keyd/keymsg.h"
#include "api/args.h"
#include "signerd/metadata.h"

struct config_limits;
struct evbuffer;
struct keylink;
struct keynames;
struct signing;

/*
 * The methods of a signer, for whoever has a JSON-RPC message: one HTTP
 * request of a client, or one message of a link.  It is parsed and decoded at
 * once, so that no tree is kept while its calls wait for keyd.
 */
struct rpc_owner_ops {
	/*
	 * All there is to say to a message: JSON text (to be drained), or
	 * NULL where nothing is to be said.  Within either of the two the
	 * owner may be freed, and new messages may be started; the signing
	 * (NULL where there was no memory for one) ends with its return.
	 */
	void	(*answer)(void *arg, struct signing *, struct evbuffer *body);
	/*
	 * It cannot be served now, and this was logged.  Where there is a
	 * via, this is for want of memory alone: other calls that are not
	 * served have LINK_BUSY or LINK_DEADLINE for their answer.
	 */
	void	(*unavailable)(void *arg, struct signing *,
		    const char *reason);
};

/* Who asks; zeroed but for what the user of this sets. */
struct rpc_owner {
	const struct rpc_owner_ops *ops;
	void		*arg;		/* of the ops */
	const char	*client;	/* name, or "" */
	const char	*peer;		/* address, for the log */
	uint32_t	 via;		/* as in struct request */
	const char	*link;		/* name of the link, or NULL */
	/* Each call that keyd is asked has the proxy's metadata with it. */
	bool		 metadata;
	const struct config_limits *limits;
	struct keylink	*keylink;
	const struct keynames *names;	/* for the log */
	bool		 busy;		/* takes no more messages */
	/* It goes, and has no rules any more: another is to be asked. */
	bool		 leaving;
	uint64_t	 received;	/* clock_us(); 0: a message is new */
	/* Of several messages together; 0: any number. */
	uint32_t	 max_signings;
	size_t		 max_held;	/* bytes */
	/* In flight. */
	LIST_HEAD(, signing) signings;
	uint32_t	 nsignings;
	size_t		 held;		/* bytes of their texts and calls */
	/* Of the keylink. */
	size_t		 nturns;
	size_t		 nlarge;	/* of these */
	uint32_t	 lane;
	TAILQ_HEAD(, signing) turns;	/* with calls to ask */
	TAILQ_ENTRY(rpc_owner) turn;
};

struct call {
	struct rpc_call	 head;
	bool		 asked;		/* of keyd */
	bool		 kona;		/* the answer is an object */
	uint64_t	 sent;		/* clock_us() */
	unsigned int	 worker;	/* of keyd, from 0 */
	uint32_t	 refused;	/* bits: workers that cannot record */
	struct args	 args;
	char		 origin[METADATA_ID_MAX + 1];	/* metadata.id */
};

/* A message; the owner is rpc.owner. */
struct signing {
	struct rpc	 rpc;
	uint64_t	 deadline;	/* clock_us() */
	size_t		 held;		/* part of the owner's */
	bool		 starting;	/* rpc_start() frees it */
	bool		 over;
	LIST_ENTRY(signing) entry;	/* of the owner */
	/* Of the keylink. */
	size_t		 next;		/* first that may be unasked */
	uint32_t	 in_keyd;
	bool		 in_turn;
	bool		 submitted;
	bool		 large;		/* the next one */
	size_t		 size;		/* of its message to keyd */
	uint32_t	 lane;		/* of the client */
	TAILQ_ENTRY(signing) turn;
	TAILQ_ENTRY(signing) waiting;
};

static inline struct call *
signing_call(const struct signing *s, size_t i)
{
	return ((struct call *)(void *)s->rpc.calls[i]);
}

static inline struct signing *
call_signing(const struct call *call)
{
	return ((struct signing *)(void *)call->head.rpc);
}

static inline struct rpc_owner *
call_owner(const struct call *call)
{
	return (call->head.rpc->owner);
}

/* Name of the link that it came by, or "". */
static inline const char *
call_link(const struct call *call)
{
	const char	*name = call_owner(call)->link;

	return (name != NULL ? name : "");
}

/*
 * Begins to work on a message.  NULL: it has been answered already, from
 * within.  Several of an owner can be in flight.
 */
struct signing	*rpc_start(struct rpc_owner *, const char *body, size_t len);
/* Nobody waits for it any more: dropped, without an answer. */
void		 rpc_cancel(struct signing *);
/* All of an owner that goes. */
void		 rpc_cancel_all(struct rpc_owner *);

/* ---- For the keylink -------------------------------------------------- */

/* The next call to be asked, or NULL. */
struct call	*rpc_next(struct signing *);
/* That one is to be asked once more: it will be a next one. */
void		 rpc_again(struct call *);
/*
 * keyd's answer to a call.  Returns whether its signing is still there: the
 * last answer ends it.
 */
bool		 rpc_reply(struct call *, const struct keyd_reply *);
/* The request could not be sent to keyd, or keyd could not read it. */
bool		 rpc_unsendable(struct call *, int error);
/* Its time is up, or keyd does not answer. */
void		 rpc_expired(struct signing *);

#endif /* SIGNERD_RPC_H */
