/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef SIGNERD_REQCOUNT_H
#define SIGNERD_REQCOUNT_H

#include <stdint.h>

#include "common/metrics.h"

struct call;
struct keyd_reply;
struct keylink;
struct rpc_owner;

/* What becomes of requests, counted for the metrics of the process. */

enum reqcount_method {
	REQCOUNT_TRANSACTION,
	REQCOUNT_PAYLOAD,
	REQCOUNT_OTHER,
	REQCOUNT_METHODS
};

enum reqcount_result {
	REQCOUNT_SIGNED,
	REQCOUNT_REFUSED,	/* by keyd */
	REQCOUNT_REJECTED,	/* keyd was not asked */
	REQCOUNT_ANSWERED,	/* without a key: health_status */
	REQCOUNT_UNAVAILABLE,
	REQCOUNT_RESULTS
};

#define REQCOUNT_REASONS	16

struct reqcount {
	uint64_t	 calls[REQCOUNT_METHODS][REQCOUNT_RESULTS];
	uint64_t	 rejections[REQCOUNT_REASONS];
	/* By method, without the last: */
	struct histogram total[REQCOUNT_OTHER];
	struct histogram queue[REQCOUNT_OTHER];
	struct histogram keyd[REQCOUNT_OTHER];
};

/* Where the time of a call went that keyd has answered just now, in us. */
struct reqcount_times {
	uint64_t	queue;
	uint64_t	keyd;
	uint64_t	total;
};
struct reqcount_times reqcount_times(const struct call *,
	    const struct keyd_reply *);

/* keyd has answered it: signed or refused. */
void	reqcount_reply(const struct call *, const struct keyd_reply *);
/* A call, or (call NULL) a part of a message, with an error of this code. */
void	reqcount_rejected(const struct rpc_owner *, const struct call *,
	    const char *method, int code);
void	reqcount_unparsed(const struct rpc_owner *);
void	reqcount_answered(const struct rpc_owner *);
/* A call, or (NULL) a message for which memory was short. */
void	reqcount_unavailable(const struct rpc_owner *, const struct call *,
	    const char *reason);

/* All of that, and the state of the way to keyd, by the process' name. */
void	reqcount_say(const struct keylink *, struct metrics_out *,
	    const char *process);

#endif /* SIGNERD_REQCOUNT_H */
