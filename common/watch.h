/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_WATCH_H
#define COMMON_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/conf.h"
#include "common/tlsfiles.h"

struct event;
struct event_base;
struct reload;
struct reload_cb;

/*
 * The files of TLS contexts, looked at by a parent at an interval: where the
 * contents of some have changed these alone are taken up, by a part of a
 * reload (reload_part()), and the rest of the configuration in force stays.
 *
 * A set is the files of one context, and is taken up as a whole or not at
 * all, whatever becomes of other sets.  A change has to be seen the same
 * twice, so that what is being written is seldom met.  A set that cannot be
 * taken up is told of once and tried again when it is another.
 */

/* Between two looks where something has changed, in ms; or the interval. */
#define WATCH_SETTLE	1000

/* What a file holds, or that it cannot be had and why. */
struct watch_state {
	uint8_t	digest[32];
};

/* One that may be part of several sets. */
struct watch_path {
	const struct conf_file	*file;	/* one of those that name it */
	bool			 secret;
	struct watch_state	 now;	/* at this look */
	char			*fault;	/* why it cannot be had, or NULL */
	bool			 told;
};

struct watch_set {
	struct conf_tls		 tls;
	const void		*owner;
	size_t			 paths[TLSFILE_COUNT];
	struct watch_state	 loaded[TLSFILE_COUNT];
	struct watch_state	 seen[TLSFILE_COUNT];
	struct watch_state	 refused[TLSFILE_COUNT];
	bool			 has_seen;	/* another than loaded */
	bool			 has_refused;
	bool			 changed;	/* part of this reload */
	char			*fault;		/* of it, the first */
};

struct watch_list {
	struct watch_path	*paths;
	size_t			 npaths;
	struct watch_set	*sets;
	size_t			 nsets;
};

struct watch {
	struct reload		*reload;
	const struct reload_cb	*cb;
	struct event		*timer;
	uint32_t		 interval;	/* ms; 0: off */
	struct watch_list	 list;		/* of what is in force */
	struct watch_list	 next;		/* of a candidate */
	char			**warnings;
	size_t			 nwarnings;
	bool			 renewing;	/* a reload of files goes on */
	bool			 trouble;	/* that was told */
	bool			 telling;	/* of last_fault, now */
	/* Since the daemon was started. */
	uint64_t		 files_reloaded;
	uint64_t		 sets_refused;
	char			*last_fault;	/* or NULL */
};

/*
 * After reload_init(), with what a reload of files does: prepare() has
 * watch_open() and tells the children of the sets that are `changed` then,
 * done() has watch_done() and failed() has watch_failed().  Ends the process
 * where memory is short, as the next two do.
 */
void	watch_init(struct watch *, struct event_base *, struct reload *,
	    const struct reload_cb *);
/*
 * One more set of a configuration that is to be in force, with the files open:
 * notes what they hold.  owner is for the caller.
 */
void	watch_add(struct watch *, const struct conf_tls *, const void *owner);
/* It is in force: what was added is watched, and nothing else. */
void	watch_commit(struct watch *, uint32_t interval);
/* It is not to be. */
void	watch_discard(struct watch *);

/*
 * Opens the files of the sets that have changed; from the directory that the
 * daemon was started in.  What cannot be had any more, or is another than
 * what was seen, is not part of the reload.  How many sets are.
 */
size_t	watch_open(struct watch *);
/* Of the owner's, if it has changed, or NULL. */
struct watch_set *watch_changed(struct watch *, const void *owner);
/*
 * What a child says of a file of the owner's set: a fault, or what is odd,
 * which is told if the set is taken up.  -1: the set has not changed.
 */
int	watch_tell(struct watch *, const void *owner, const struct conf_file *,
	    enum tlsfile_severity, const char *text);
/* How many sets have changed, and are not in force for a fault of theirs. */
size_t	watch_unfit(const struct watch *);
/* The sets that have changed are in force, or none of them is. */
void	watch_done(struct watch *);
void	watch_failed(struct watch *);

#endif /* COMMON_WATCH_H */
