/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_RELOAD_H
#define COMMON_RELOAD_H

#include <stdbool.h>
#include <stddef.h>

struct child;
struct children;
struct event;

/*
 * A parent takes up a changed configuration, all of it or nothing.  First a
 * candidate is made beside what runs, in the parent and in each child that is
 * told of it; a child answers that it is ready, or what is wrong.  If nothing
 * is, the children are told to put it in force, one after the other in the
 * order of their array, each when the one before has said that it has; else
 * all are told to forget it.
 *
 * One at a time: what is asked for meanwhile is one more afterwards.  A child
 * that does not answer in time ends the daemon, for it does not work either.
 */
struct reload_cb {
	/*
	 * Makes the candidate; tells the first children of it (reload_ask).
	 * Faults go to report_fault().  -1 where the children need not be
	 * asked, for there was one: none may have been asked then.
	 */
	int	(*prepare)(void *arg);
	/* Queue the word for a child.  0, or -1: that is the end. */
	int	(*commit)(struct child *, void *arg);
	int	(*discard)(struct child *, void *arg);
	/* It is in force everywhere: for the parent's part, and the log. */
	void	(*done)(void *arg);
	/* It is not to be: frees the candidate. */
	void	(*failed)(void *arg);
};

/*
 * Who else wants to know of a whole one, or of a trial, which is nobody else's
 * business; each may be NULL.
 */
struct reload_watch {
	void	(*began)(void *arg);
	void	(*fault)(const char *line, void *arg);	/* or warning */
	void	(*ended)(bool good, void *arg);
	/* It will not end, nor will any other: so the daemon does. */
	void	(*late)(const char *children, void *arg);
	void	*arg;
};

enum reload_phase {
	RELOAD_NONE,
	RELOAD_PREPARING,
	RELOAD_COMMITTING
};

struct reload {
	struct children		*set;
	const struct reload_cb	*whole;		/* of a configuration */
	const struct reload_cb	*cb;		/* of the one that is made */
	void			*arg;
	/* Of what is in force, from 1; a candidate is the next one. */
	unsigned int		 generation;
	enum reload_phase	 phase;
	bool			 preparing;	/* within prepare() */
	bool			 trial;		/* it is not to be in force */
	bool			 again;
	struct event		*deadline;
	struct event		*later;
	struct reload_watch	 watch;
};

/* After children_init().  Ends the process where memory is short. */
void	reload_init(struct reload *, struct children *,
	    const struct reload_cb *, void *arg);
/*
 * Reloads, now or, before the daemon is ready or during a reload, after that.
 * Not when it stops.
 */
void	reload_begin(struct reload *);
/* Whether there is none, and none is to begin at once. */
bool	reload_idle(const struct reload *);
/*
 * Whether children are being told to put another configuration in force, and
 * some go by it already; not of reload_part(), by which none is another.
 */
bool	reload_switches(const struct reload *);
/*
 * A reload of something that is part of what is in force: with callbacks of
 * its own, of the same argument, without another generation, and without a
 * word in the log.  False where reload_idle() is.
 */
bool	reload_part(struct reload *, const struct reload_cb *);
/*
 * Whether a reload would succeed: all of it but that it is discarded then, by
 * callbacks of its own, of which commit and done are not called.  For who
 * watches alone: nothing is logged.  False where reload_idle() is.
 */
bool	reload_try(struct reload *, const struct reload_cb *);
/* The daemon is ready: what was asked for before can begin. */
void	reload_ready(struct reload *);

/*
 * From prepare(), or from where a child's answer is taken: this one has been
 * sent the candidate and owes an answer.
 */
void	reload_ask(struct reload *, struct child *);
/*
 * Its answer: it has the candidate ready, or (after faults, which it has told)
 * it has not.  It may be the end of the reload: nothing of the candidate may
 * be used after this.  -1 where none was due.
 */
int	reload_answered(struct reload *, struct child *, bool good);
/* It has put it in force.  -1 where it was not told to. */
int	reload_committed(struct reload *, struct child *);
/*
 * Who has not answered, in any reload: "keyd, frontend", as far as there is
 * room.  False: nobody owes an answer.
 */
bool	reload_waits(const struct reload *, char *text, size_t size);
#define RELOAD_NAMES	96
/* Whether that child was asked and has not answered. */
bool	reload_awaits(const struct reload *, const struct child *);

#endif /* COMMON_RELOAD_H */
