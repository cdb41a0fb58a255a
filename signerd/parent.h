/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef SIGNERD_PARENT_H
#define SIGNERD_PARENT_H

#include <stdbool.h>

#include "common/imsgev.h"
#include "common/log.h"
#include "common/proc.h"
#include "signerd/config.h"

struct event;
struct event_base;
struct parent;

enum child_role {
	CHILD_KEYD,
	CHILD_FRONTEND,
	CHILD_COUNT
};

struct child {
	struct parent		*parent;
	const char		*name;
	struct proc_child	 proc;
	struct imsgev		 iev;
	struct log_rate		 rate;
	bool			 running;
	bool			 answered;	/* ready, or said why not */
};

/* The parent's state, from the start of its children to the end. */
struct parent {
	struct config		*config;
	const char		*libexec;
	int			 channel;	/* frontend's to keyd, or -1 */
	bool			 check;		/* -n: leave when all is well */
	bool			 failed;	/* something was reported */
	bool			 ready;
	bool			 stopping;
	int			 status;	/* to exit with */
	struct event_base	*base;
	struct child		 children[CHILD_COUNT];
	struct event		*signals[6];
	struct event		*deadline;	/* of starting or stopping */
	void			(*on_ready)(void);
};

/*
 * Starts the children, hands over what the configuration has opened, drops
 * what the parent itself does not need and serves until the end.  Returns
 * the exit status.  Faults that children find are written to stderr in the
 * manner of config_parse().  on_ready, if not NULL, is called once.
 */
int	parent_run(struct parent *, const struct proc_user *frontend,
	    const struct proc_user *keyd);

/* ---- signerd/setup.c: what children are told, and answer -------------- */

/* All that keyd and a frontend need before they serve. */
void	setup_keyd(struct parent *);
void	setup_frontend(struct parent *);
/* One message of a child, other than a log record.  -1: out of order. */
int	setup_answer(struct parent *, enum child_role, struct imsg *);

#endif /* SIGNERD_PARENT_H */
