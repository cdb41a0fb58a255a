/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef SIGNERD_KEYLINK_H
#define SIGNERD_KEYLINK_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>

#include "common/imsgev.h"
#include "common/lane.h"
#include "keyd/keymsg.h"
#include "signerd/config.h"
#include "signerd/metadata.h"
#include "signerd/reqcount.h"

struct call;
struct event;
struct event_base;
struct rpc_owner;
struct signing;

/*
 * The way to keyd: which requests are asked next, how many are under way,
 * and what becomes of those that keyd does not answer in time.  keyd can be
 * several workers, which all know the same: a request goes to the one that has
 * the least to do, and to another where that one cannot record it.
 *
 * One call is asked a turn, at most `max waiting` of a signing (an HTTP
 * request, or a message of a link) in keyd at once.  The turn is that of the
 * client or the link that had none for the longest time, on however many
 * connections it asks; of a link's clients each has turns of its own.
 */

/*
 * Requests in a worker at once, of all owners: as many as keep it busy, for
 * each of them is one that the next request of another owner waits for.
 */
#define KEYLINK_WINDOW	32
/* Bytes of them, in units of `max transaction`. */
#define KEYLINK_BYTES	1
/*
 * What a request is counted for is one, and one more for so many bytes of it,
 * which take about as long as a signature.  One over the other size does not go
 * to the first of several workers while another can take it: what is small does
 * not wait behind it.  While there is room for what is small alone, or for what
 * is large, the others keep their turn.
 */
#define KEYLINK_UNIT	(16 * 1024)
#define KEYLINK_LARGE	(64 * 1024)
/*
 * A worker that could not record what it was asked is not asked for so long, in
 * us, while another can be.
 */
#define KEYLINK_SHY	100000
/* With more of them in keyd the process sleeps until an answer wakes it. */
#define KEYLINK_FEW	2

struct keylink_slot {
	struct call	*call;		/* NULL: free, or nobody waits */
	bool		 used;
	uint32_t	 generation;	/* of the id; ids do not repeat soon */
	uint64_t	 sent;		/* clock_us() */
	size_t		 size;
	char		 client[CLIENT_MAX + 1];	/* for the log */
	char		 link[CONFIG_NAME_MAX + 1];	/* the same; or "" */
	char		 origin[METADATA_ID_MAX + 1];	/* the same; or "" */
	TAILQ_ENTRY(keylink_slot) entry;
};

/* One keyd. */
struct keylink_worker {
	struct keylink		*link;
	struct imsgev		 iev;
	TAILQ_HEAD(keylink_slots, keylink_slot) sent;	/* oldest first */
	TAILQ_HEAD(, keylink_slot) unused;
	unsigned int		 nsent;
	size_t			 bytes;		/* in it */
	size_t			 load;		/* what they count for */
	bool			 behind;	/* and it was logged */
	bool			 shy;		/* it could not record */
	uint64_t		 refused;	/* for that, clock_us() */
	struct keylink_slot	 slots[KEYLINK_WINDOW];
};

struct keylink {
	struct event_base	*base;
	const struct config_limits *limits;
	struct event		*timer;
	uint64_t		 wake;		/* clock_us(), of the timer */
	TAILQ_HEAD(, rpc_owner)	 turn;		/* with calls to ask */
	uint64_t		 turns;		/* that ever were */
	uint64_t		 owners[LANES];	/* the last one of each */
	uint64_t		 clients[LANES];
	TAILQ_HEAD(signings, signing) waiting;	/* all, by their deadlines */
	uint32_t		 nwaiting;
	uint32_t		 maxsize;	/* of its messages */
	bool			 pumping;
	uint64_t		 late;		/* answers nobody waited for */
	struct reqcount		 count;
	void			(*lost)(const char *why, void *arg);
	/* May be set: a worker goes by another configuration from here on. */
	void			(*switched)(unsigned int worker, void *arg);
	void			*arg;
	unsigned int		 nworkers;
	struct keylink_worker	 workers[CONFIG_WORKERS];
};

/* lost: the channel broke, which is the end of this process. */
int	keylink_init(struct keylink *, struct event_base *, int fd,
	    const struct config_limits *, void (*lost)(const char *, void *),
	    void *arg);
/* One more worker, of the same keys and rules.  0 or -1. */
int	keylink_add(struct keylink *, int fd);
/* The limits have changed; keyd has been told before.  0 or -1. */
int	keylink_set_limits(struct keylink *);
/* Each worker is behind its deadline, or `max queue` signings wait. */
bool	keylink_busy(const struct keylink *);
/* What a worker has not answered in time. */
static inline bool
keylink_behind(const struct keylink *k)
{
	unsigned int	 i;

	for (i = 0; i < k->nworkers; i++)
		if (k->workers[i].behind)
			return (true);
	return (false);
}
/* Whether to look for an answer again rather than to sleep: `spin`. */
bool	keylink_spins(const struct keylink *);
/* Has the calls of a signing asked; its answers come by rpc_reply(). */
void	keylink_submit(struct keylink *, struct signing *);
/* Nobody waits for this signing any more. */
void	keylink_cancel(struct keylink *, struct signing *);

#endif /* SIGNERD_KEYLINK_H */
