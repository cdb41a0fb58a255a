/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef SIGNERD_ADVERTISE_H
#define SIGNERD_ADVERTISE_H

#include <stddef.h>
#include <stdint.h>

#include "keyd/keymsg.h"
#include "signerd/frontmsg.h"

/*
 * What a proxy is told that it can ask for: the keys that the rules of its
 * link allow, with their methods and chains, and nothing else of them.  Each
 * key has three entries at most, however many rules there are.
 */
struct grant {
	uint32_t	 via;
	uint32_t	 key;
	uint32_t	 methods;
	struct u256	*chains;	/* none: any */
	size_t		 nchains;
};

struct grants {
	struct grant	*list;
	size_t		 n;
};

/* Of a rule, and of a piece of one of its lists.  -1 where memory is short. */
int	advertise_rule(struct grants *, const struct rule *);
int	advertise_chains(struct grants *, const struct keyd_rulelist *);
/* Forgets them all. */
void	advertise_clear(struct grants *);

/*
 * The object of opsignerproxy_serveSigner (JSON text, a string to be freed)
 * for the link of that number.  NULL where memory is short.
 */
char	*advertise_object(const struct grants *, uint32_t via,
	    const char *name, const struct front_key *, size_t nkeys);

#endif /* SIGNERD_ADVERTISE_H */
