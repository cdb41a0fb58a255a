/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef KEYD_TRAIL_H
#define KEYD_TRAIL_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>

#include "compat/imsg.h"
#include "keyd/auditmsg.h"
#include "keyd/keymsg.h"

/*
 * keyd's side of the audit trail: it makes each record and has the audit
 * process write it.  A record leaves before its answer does: it is in the
 * socket between the two, from where that process has it even if keyd is
 * killed.  While the socket is full no answer leaves and nothing is signed;
 * nor while more than a number of records wait to be written, or the file
 * cannot be written.
 */
struct channel;
struct keyd;
struct metrics_out;

/* What a configuration says of it, names that records use among that. */
struct trail_set {
	struct audit_config	 config;
	char			*keys[KEYD_MAXKEYS];
	char			*links[KEYD_MAXVIAS + 1];
};

/* An answer, or the word that rules have changed, that waits for the disk. */
struct trail_held {
	STAILQ_ENTRY(trail_held) entry;
	uint64_t		 sequence;	/* it waits for */
	struct channel		*channel;
	bool			 switched;
	struct keyd_reply	 reply;
	uint8_t			 result[];
};

struct trail {
	struct imsgbuf		 ibuf;		/* to the audit process */
	bool			 on;
	bool			 begun;		/* where it goes on is known */
	uint64_t		 lost;		/* clock_us(); 0: it is there */
	bool			 asked;		/* for an AUDIT_WRITTEN */
	bool			 behind;	/* and this has been said */
	bool			 stalled;	/* the file cannot be written */
	uint64_t		 full;		/* clock_us(), since records */
						/* do not leave; 0: they do */
	bool			 halted;	/* and this has been said */
	bool			 severed;	/* they never will */
	struct trail_set	*set;		/* that is in force */
	struct audit_head	 head;		/* of the last record made */
	struct audit_where	 where;		/* the file was found */
	uint64_t		 written;	/* sequence, as far as is known */
	uint64_t		 told;		/* sequence of the last report */
	uint64_t		 next_report;	/* clock_us() */
	STAILQ_HEAD(, trail_held) held;
	struct audit_line	 line;
	size_t			 len;		/* of what is to be sent */
	char			 batch[AUDIT_BATCH];
};

void	trail_init(struct trail *);

/* ---- What the parent says --------------------------------------------- */

/* The end of the channel; -1 with errno. */
int	trail_channel(struct trail *, int fd);
/*
 * An AUDIT_CONFIG, AUDIT_KEY or AUDIT_LINK.  -1: it is none; or, with ENOMEM,
 * memory is short.
 */
int	trail_set_message(struct trail_set **, struct imsg *);
void	trail_set_free(struct trail_set *);
/*
 * The configuration is in force, the first when the audit process has said
 * where the chain goes on: makes a record of it.  The set, which can be NULL,
 * stays the caller's until the next one is.
 */
void	trail_commit(struct keyd *, struct trail_set *);

/* ---- Requests --------------------------------------------------------- */

/* Whether there is room for a record: else nothing may be signed. */
bool	trail_ready(struct trail *);
/* What metrics are said of it, if it is there. */
void	trail_say(const struct trail *, struct metrics_out *);
/*
 * What became of a request that decodes, after trail_ready().  wrong: why it
 * was not looked at; NULL: reply says.
 */
void	trail_request(struct keyd *, const struct channel *,
	    const struct request *, const struct keyd_reply *,
	    const char *wrong);
/* Answers wait for the disk: they are to be held. */
static inline bool
trail_holds(const struct trail *t)
{
	return (t->on && t->set != NULL && t->set->config.sync);
}
/* One of the record made last.  -1 where memory is short. */
int	trail_hold(struct trail *, struct channel *,
	    const struct keyd_reply *);
/* The word KEYD_SWITCHED, behind that channel's answers.  The same. */
int	trail_hold_switched(struct trail *, struct channel *);

/* ---- The loop --------------------------------------------------------- */

/* Sends what was made, before answers are. */
void	trail_flush(struct trail *);
/* Whether all of it has been sent: until then answers stay. */
bool	trail_sent(struct trail *);
void	trail_read(struct keyd *);
/* Time until there is something to do in ms, timeout or sooner; -1: never. */
int	trail_timeout(struct trail *, uint64_t now, int timeout);
void	trail_tick(struct trail *, uint64_t now);
/* The last record, which is sent and reported. */
void	trail_stop(struct trail *, bool report);

#endif /* KEYD_TRAIL_H */
