/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef KEYD_BLIND_H
#define KEYD_BLIND_H

#include <stdbool.h>
#include <stdint.h>

/*
 * When the signing context is to be blinded anew (sign_randomize()), which
 * takes as long as half a signature: after so many signatures, or so long
 * after the first of them, but not while a request waits, unless there have
 * been twice as many.  Without a signature there is no need.
 */
#define BLIND_SIGNATURES	4096
#define BLIND_US		60000000	/* a minute */

struct blind {
	uint32_t	signatures;	/* since it was last blinded */
	uint64_t	first;		/* when the first was made; clock_us() */
};

static inline void
blind_count(struct blind *b, uint64_t now)
{
	if (b->signatures++ == 0)
		b->first = now;
}

static inline bool
blind_due(const struct blind *b, uint64_t now, bool waiting)
{
	if (b->signatures >= 2 * BLIND_SIGNATURES)
		return (true);
	if (b->signatures == 0 || waiting)
		return (false);
	return (b->signatures >= BLIND_SIGNATURES ||
	    now - b->first >= BLIND_US);
}

/* Milliseconds, as of poll(2), until it is due where nothing else happens. */
static inline int
blind_timeout(const struct blind *b, uint64_t now)
{
	if (b->signatures == 0)
		return (-1);
	if (blind_due(b, now, false))
		return (0);
	return ((int)((BLIND_US - (now - b->first)) / 1000 + 1));
}

#endif /* KEYD_BLIND_H */
