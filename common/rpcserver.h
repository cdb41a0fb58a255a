/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_RPCSERVER_H
#define COMMON_RPCSERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/json.h"
#include "common/jsonrpc.h"

struct evbuffer;

/*
 * One JSON-RPC message, by whatever way it came: a call or a batch of them,
 * parsed and handed to the owner one by one, answered together and in their
 * order.  Nothing of the tree is kept when rpc_parse() returns.
 */
struct rpc;

/* The first member of what an owner keeps of a call. */
struct rpc_call {
	struct rpc	*rpc;
	char		*id;		/* raw JSON text, or NULL for null */
	size_t		 idlen;
	uint64_t	 received;	/* clock_us() */
	bool		 deferred;	/* rpc_defer(), and no answer yet */
	int		 code;		/* of our error; 0: none, so far */
	struct evbuffer	*answer;	/* NULL until there is one */
};

struct rpc_limits {
	size_t	max_batch;	/* calls */
	size_t	max_values;	/* of the message */
	size_t	max_response;	/* bytes */
};

struct rpc_ops {
	size_t	 rpcsize;	/* of the owner's struct for a message */
	size_t	 callsize;	/* and for a call; both begin zeroed */
	/*
	 * A call to carry out: rpc_result(), rpc_error() or rpc_reject() at
	 * once, or rpc_defer() and one of them later.  None of them: memory
	 * is short, and rpc_parse() says so of the whole message.
	 */
	void	(*dispatch)(struct rpc_call *, const struct jsonrpc_request *,
		    const struct json_doc *);
	/* Frees what the owner has put in a call.  May be NULL. */
	void	(*clear)(struct rpc_call *);
	/*
	 * For the log: a call refused by rpc_reject() (method NULL: there is
	 * none), and a message that is no JSON.
	 */
	void	(*rejected)(const struct rpc *, const char *method, int code,
		    const char *text);
	void	(*unparsed)(const struct rpc *, const char *reason,
		    size_t at);
};

/* The first member of what an owner keeps of a message. */
struct rpc {
	const struct rpc_ops *ops;
	void		 *owner;
	struct rpc_limits limits;
	struct rpc_call	**calls;
	size_t		  ncalls;
	size_t		  left;		/* deferred, without an answer */
	bool		  batch;
	bool		  parsing;	/* within rpc_parse() */
};

/*
 * Parses a message and dispatches its calls.  NULL where memory is short.
 * With left == 0 it can be joined at once; ncalls == 0 means that there is
 * nothing to answer (blank, notifications, responses).
 */
struct rpc	*rpc_parse(const struct rpc_ops *, void *owner,
		    const struct rpc_limits *, const char *text, size_t len);
/*
 * The two steps of it, for who looks at the text before: what was read, whose
 * doc, NULL where it is no JSON, is to be freed, and the calls of it.
 */
struct rpc_text {
	struct json_doc	*doc;
	enum json_error	 error;
	size_t		 at;		/* of the error */
	bool		 blank;
};
void		 rpc_read(struct rpc_text *, const struct rpc_limits *,
		    const char *text, size_t len);
struct rpc	*rpc_take(const struct rpc_ops *, void *owner,
		    const struct rpc_limits *, const struct rpc_text *);
void		 rpc_free(struct rpc *);	/* NULL is fine */

/* From dispatch: the answer comes later. */
void		 rpc_defer(struct rpc_call *);
/*
 * Answer a call; the first answer counts.  Returns whether calls of its
 * message are left without an answer, or may yet come of it because it is
 * still being parsed.  rpc_reject() is rpc_error() and a line in the log.
 * An answer for which memory is short is none: the same call can be answered
 * again, with something shorter, before rpc_join().
 */
bool		 rpc_result(struct rpc_call *, const char *json, size_t len);
bool		 rpc_error(struct rpc_call *, int code, const char *message);
bool		 rpc_reject(struct rpc_call *, const char *method, int code,
		    const char *message);
/* An error object as another peer wrote it: JSON text. */
bool		 rpc_error_raw(struct rpc_call *, const char *json,
		    size_t len);
/* The error for a method that nobody has, with go-ethereum's texts. */
bool		 rpc_no_method(struct rpc_call *, const char *method);

/* Whether there is one. */
bool		 rpc_answered(const struct rpc_call *);

/*
 * All answers as one JSON text with a newline at its end, to be freed by the
 * caller; once.  NULL where memory is (or was) short, or a call is left
 * without an answer: rather none than a part.
 */
struct evbuffer	*rpc_join(struct rpc *);

#endif /* COMMON_RPCSERVER_H */
