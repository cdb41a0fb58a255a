/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef SIGNERD_KEYNAMES_H
#define SIGNERD_KEYNAMES_H

#include <sys/queue.h>

#include <stddef.h>
#include <stdint.h>

#include "signerd/frontmsg.h"

/*
 * What the indices of keys in keyd's answers mean, for the log: the set of
 * the configuration that keyd goes by and, behind it, those that it will go by
 * once it has said so (KEYD_SWITCHED), the candidate being the last.  Each
 * worker of keyd says so for itself.
 */
struct keyset {
	STAILQ_ENTRY(keyset)	 entry;
	struct front_key	*keys;
	size_t			 nkeys;
};

struct keynames {
	STAILQ_HEAD(, keyset)	 sets;
	unsigned int		 nworkers;
	size_t			 ahead[CONFIG_WORKERS];	/* of the first */
};

/* Of one worker, unless nworkers is set to more. */
void		 keynames_init(struct keynames *);
/* One more set, empty; and a key of it, index after index.  0 or -1. */
int		 keynames_begin(struct keynames *);
int		 keynames_add(struct keynames *, const struct front_key *);
/* The last one. */
const struct keyset *keynames_last(const struct keynames *);
/* It is not to be. */
void		 keynames_drop(struct keynames *);
/* For that worker the next one holds now.  -1 where there is none. */
int		 keynames_switch(struct keynames *, unsigned int worker);
/* NULL where there is no such key. */
const struct front_key *keynames_find(const struct keynames *,
		    unsigned int worker, uint32_t index);

#endif /* SIGNERD_KEYNAMES_H */
