/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef KEYD_COUNT_H
#define KEYD_COUNT_H

#include <stddef.h>
#include <stdint.h>

#include "keyd/request.h"

struct imsg;
struct keyd;
struct keyd_reply;
struct keyd_set;

/*
 * What keyd counts of what it decides, and says of it: its metrics.  Clients
 * are those that a rule names; all others are one.
 */
#define COUNT_METHODS	2

/* By refusal, REFUSAL_NONE for signatures. */
typedef uint64_t	 count_decisions[COUNT_METHODS][REFUSAL_MAX];

struct count_client {
	const char		*name;		/* a rule's */
	count_decisions		*n;		/* NULL: none so far */
};

struct count_pair {
	uint64_t		 signatures;
	uint64_t		 refusals;
};

/* Of a configuration. */
struct count {
	struct count_client	*clients;	/* sorted by name */
	size_t			 nclients;
	struct count_pair	*rules;
	struct count_pair	(*keys)[COUNT_METHODS];
};

/* The rules are all there.  -1 where memory is short. */
int	count_prepare(struct keyd_set *);
void	count_clear(struct keyd_set *);
/*
 * One set takes the place of another: clients and keys that both have go on
 * being counted.
 */
void	count_switch(struct keyd_set *old, struct keyd_set *new);
/* A request has been decided by the set that is in force. */
void	count_decision(struct keyd *, const struct request *,
	    const struct keyd_reply *);
/* METRICS_ASK of the parent: queues the answer.  -1: it is malformed. */
int	count_say(struct keyd *, struct imsg *);

#endif /* KEYD_COUNT_H */
