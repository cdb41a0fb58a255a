/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef PROXYD_SERVED_H
#define PROXYD_SERVED_H

#include <stdbool.h>
#include <stdint.h>

#include "proxyd/ruleset.h"

/*
 * Which rules could be served now: there is a signer that is registered, that
 * the rule may use, and that says that it serves one of the rule's methods
 * with one of its addresses on one of its chains.
 */
struct served {
	const struct ruleset	*rules;
	uint64_t		 changes;	/* relay's, when it was found */
	uint32_t		 nrules;
	uint32_t		 nserved;
	uint64_t		 set[CONFIG_RULES / 64];
};

/*
 * As it is now.  It costs little where rules and signers have not changed
 * since the last time.
 */
void	served_find(struct served *, const struct ruleset *,
	    uint64_t changes);

static inline bool
served_has(const struct served *s, uint32_t rule)
{
	return (holders_set_has(s->set, rule));
}

#endif /* PROXYD_SERVED_H */
