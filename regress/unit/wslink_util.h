/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_UNIT_WSLINK_UTIL_H
#define REGRESS_UNIT_WSLINK_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/tlsconn.h"
#include "common/wslink.h"

struct event_base;

/* For the tests of wslink: an owner of a link that keeps what it is told. */

#define LONG	60000	/* ms: does not come in a test */

/* What it does in the first message. */
enum act { NOTHING, SEND, FREE, CLOSE, CLOSE_FREE, FLOOD };

struct owner_of {
	struct wslink	*l;		/* NULL once freed */
	enum act	 act;		/* in the first message */
	bool		 echo;
	bool		 keep;		/* is not freed in the end */
	int		 messages;
	size_t		 bytes;
	char		 text[256];	/* the last message's beginning */
	int		 ended;
	bool		 by_peer;
	uint16_t	 code;
	char		 reason[512];
};

extern int	 in_call;	/* of the owner's */

#define CALL(call)	do {						\
	in_call++;							\
	call;								\
	in_call--;							\
} while (0)

/* Callbacks and a configuration without any limit that is of interest. */
extern const struct wslink_cb link_cb;
extern const struct wslink_config usual;
/* Of a connection before it is a link's; arg is an int that counts ready. */
extern const struct tlsconn_cb before_link;

void	link_drop(struct owner_of *);
void	expect_end(const struct owner_of *, bool by_peer, uint16_t code,
	    const char *reason);
/* A turn of the loop that waits no longer than a millisecond. */
void	link_turn(struct event_base *);

#endif /* REGRESS_UNIT_WSLINK_UTIL_H */
