/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_CHILDREN_H
#define COMMON_CHILDREN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/imsgev.h"
#include "common/log.h"
#include "common/proc.h"

struct event;
struct event_base;
struct children;
struct gather;

/*
 * The children of one daemon, from their start to the end.  Each has to
 * answer (child_answered) within a deadline; then the daemon is ready.  If
 * one ends before it was asked to, or says what it should not, the daemon
 * says so, ends the others and leaves with status 1.
 *
 * A stop goes by stages: those of stage 0 are told to finish; when they are
 * gone the next stage is released, which is to say that the parent's end of
 * their socketpairs is closed, and so on.
 */
/* How far it is with a reload (common/reload.h). */
enum child_reload {
	CHILD_ASIDE,		/* it has not been told of one */
	CHILD_ASKED,		/* it owes an answer */
	CHILD_PREPARED,
	CHILD_UNABLE,		/* it has said why */
	CHILD_COMMITTING,
	CHILD_COMMITTED
};

/* How often it has something to say, in which no answer is waited for. */
struct child_pace {
	uint64_t		 last;		/* clock_us(), of a batch */
	unsigned int		 often;		/* in a row */
	unsigned int		 records;	/* in this one */
	bool			 more;		/* than records */
};

struct child {
	struct children		*set;
	const char		*name;		/* of the process */
	const char		*program;	/* the name, but for a number */
	/* Of several of one program, from 1; 0: it is the only one. */
	unsigned int		 number;
	char			 numbered[32];	/* where it has one: the name */
	unsigned int		 stage;
	struct proc_child	 proc;
	struct imsgev		 iev;
	struct log_rate		 rate;
	struct child_pace	 pace;
	uint64_t		 since;		/* us: its start */
	bool			 started;
	bool			 running;
	bool			 answered;	/* ready, or said why not */
	bool			 told;		/* to finish */
	/* Told to finish whatever its stage: it has something to say then. */
	bool			 word;
	/*
	 * It ends by itself when the others have gone, and what it does until
	 * then is not to be lost: where these are killed, it is not at once.
	 */
	bool			 outlives;
	enum child_reload	 reload;
	bool			 pinged;	/* and has not answered */
	bool			 silent;	/* for so long that it was told */
};

struct children_cb {
	/*
	 * A message that is not a log record.  0, or -1 if it was not to be
	 * expected.  Not called any more when the daemon stops.
	 */
	int	(*message)(struct child *, struct imsg *, void *arg);
	/* All have answered and nothing is wrong; not called with check. */
	void	(*ready)(void *arg);
	/* Queues the word to finish, for one of stage 0 or `word`.  0, -1. */
	int	(*stop)(struct child *, void *arg);
	/*
	 * SIGHUP, whenever it comes: see reload_begin().  NULL: the daemon
	 * has to be restarted.
	 */
	void	(*reload)(void *arg);
};

/* The first half is the caller's to fill in before children_init(). */
struct children {
	const char		*daemon;	/* its name */
	const char		*libexec;	/* where programs are */
	bool			 check;		/* leave when all is well */
	unsigned int		 grace;		/* seconds to finish in */
	struct child		*child;		/* zeroed */
	size_t			 nchildren;
	const struct children_cb *cb;
	void			*arg;
	/* From here on it is not. */
	struct gather		*gather;	/* of metrics, or NULL */
	bool			 failed;	/* something was reported */
	bool			 ready;
	bool			 stopping;
	bool			 ended;		/* by children_end() */
	int			 status;	/* to exit with */
	uint64_t		 since;		/* us: the daemon's start */
	struct event_base	*base;
	struct event		*signals[6];
	struct event		*deadline;	/* of starting or stopping */
	struct event		*sums;		/* of what was suppressed */
	struct event		*watchdog;	/* common/watchdog.h */
	uint32_t		 ping;		/* the number of the last */
};

/* The loop and its signals.  Ends the process if it fails. */
void	children_init(struct children *);
/*
 * Starts libexec/name as that child; maxsize is of a message from it.  0; or
 * -1: that was reported, all children are killed and the process is to leave
 * with status 1.  One of several has a number by then, which is part of its
 * name.
 */
int	children_start(struct children *, struct child *, const char *name,
	    unsigned int stage, const struct proc_user *, uint32_t maxsize);
/* That child has said its last word about its start. */
void	child_answered(struct child *);
/* Something is wrong and was reported: the daemon will not become ready. */
void	children_failed(struct children *);
/*
 * Something is wrong and was reported: kills all, to leave with status 1.  One
 * that outlives the others has some seconds; a second call kills it, too.
 */
void	children_end(struct children *);
/* Until the end.  Returns the exit status. */
int	children_run(struct children *);

#endif /* COMMON_CHILDREN_H */
