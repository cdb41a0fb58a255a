/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef KEYD_KEYD_H
#define KEYD_KEYD_H

#include <stdbool.h>
#include <stdint.h>

#include "compat/imsg.h"
#include "keyd/blind.h"
#include "keyd/count.h"
#include "keyd/keyfile.h"
#include "keyd/keymsg.h"
#include "keyd/policy.h"
#include "keyd/sign.h"
#include "keyd/trail.h"

/* Askers that one keyd serves. */
#define KEYD_MAXCHANNELS	64
/* Requests of one channel that are answered before the next one's turn. */
#define KEYD_TURN		16
/* Answers that may wait to be read; until then no request is taken. */
#define KEYD_MAXANSWERS		1024
#define KEYD_MAXUNREAD		(4 * 1024 * 1024)	/* bytes of them */
/* A turn of the loop with more requests than that is no reason to spin. */
#define KEYD_FEW		2
/*
 * Secret memory: a key file while it is read and decoded, and the keys; those
 * of a candidate, too.
 */
#define KEYD_SECRETS		(3 * (KEYFILE_MAX + 16) +		\
				    2 * KEYD_MAXKEYS * SECRET_SIZE)

struct channel {
	struct imsgbuf	 ibuf;
	enum keyd_role	 role;
	bool		 open;
	bool		 pending;	/* messages read and not yet taken */
	size_t		 unread;	/* bytes of answers since none waited */
	uint64_t	 turns;
	uint64_t	 full_turns;	/* with something left */
	uint64_t	 malformed;
	bool		 broken;	/* an answer could not be queued */
	size_t		 held;		/* answers that wait for the disk, */
	size_t		 heldbytes;	/* and their bytes */
};

/* Keys and rules: those in force, or a candidate. */
struct keyd_set {
	struct keyd_config	 config;
	struct policy		 policy;
	struct trail_set	*trail;		/* NULL: not given */
	struct sign_key		*keys;		/* config.nkeys */
	bool			*loaded;	/* config.nkeys */
	uint32_t		 nrules;	/* that have come */
	uint32_t		 spin;		/* us, before it sleeps */
	struct count		 count;
	const char		*fault;		/* what it lacks, or NULL */
	bool			 failed;	/* something was refused */
	bool			 ended;		/* all is said */
	bool			 ready;
};

struct keyd {
	struct imsgbuf		 parent;
	struct keyd_set		 sets[2];
	struct keyd_set		*now;		/* NULL: nothing is served */
	struct keyd_set		*next;		/* the candidate, or NULL */
	uint32_t		 max_data;	/* of an asker's message */
	struct channel		 channels[KEYD_MAXCHANNELS];
	size_t			 nchannels;
	struct blind		 blind;
	uint64_t		 spin_until;	/* clock_us() */
	size_t			 served;	/* in this turn of the loop */
	count_decisions		 unknown;	/* clients without a rule */
	struct trail		 trail;
};

/*
 * A message of the parent (keyd/setup.c).  The parent is trusted: what it
 * should not have sent ends the process.
 */
void	setup_message(struct keyd *, struct imsg *);
/*
 * The first configuration is put in force, if all is said and the audit
 * process, where there is one, has answered.
 */
void	setup_begin(struct keyd *);
/* Wipes and frees what configurations have filled. */
void	setup_clear(struct keyd *);

/*
 * A message of an asker (keyd/serve.c), which is not trusted: it is
 * answered.  -1 if the answer could not be queued.
 */
int	serve_message(struct keyd *, struct channel *, struct imsg *);

/* Queues an answer whose turn it is; -1 if it could not be. */
int	serve_answer(struct keyd *, struct channel *,
	    const struct keyd_reply *);

/* Who is at the other end, for the log: "frontend", "link process". */
const char	*serve_asker(const struct channel *);

#endif /* KEYD_KEYD_H */
