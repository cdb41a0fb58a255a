/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_TLSEXPIRY_H
#define COMMON_TLSEXPIRY_H

#include <stdint.h>

struct event;
struct event_base;
struct tlsctx;

/*
 * Says in the log that what the TLS contexts of a process are made of goes
 * out of date, as time goes by: what is so when they are made is told by
 * tlscheck().  Each is told of at most three times: of certificates and
 * authorities two weeks before, a day before, and when they have expired; of
 * a CRL when a quarter of the time is left that there was when it was loaded,
 * or three days, whichever is less, and when its nextUpdate has passed, after
 * which libtls lets nobody in.
 */
#define TLSEXPIRY_DAYS		14
#define TLSEXPIRY_CRL_DAYS	3

struct tlsexpiry {
	struct event	*timer;
	/* Calls tlsexpiry_look() for every context in force. */
	void		(*walk)(struct tlsexpiry *, void *arg);
	void		*arg;
	int64_t		 now;
	int64_t		 next;		/* when there may be more to say */
};

/* Ends the process where memory is short. */
void	tlsexpiry_init(struct tlsexpiry *, struct event_base *,
	    void (*walk)(struct tlsexpiry *, void *), void *arg);
/* There are other contexts. */
void	tlsexpiry_changed(struct tlsexpiry *);
/* key and value are of the record: whose it is; key NULL: it goes unsaid. */
void	tlsexpiry_look(struct tlsexpiry *, struct tlsctx *, const char *key,
	    const char *value);

#endif /* COMMON_TLSEXPIRY_H */
