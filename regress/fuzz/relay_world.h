/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */


#ifndef REGRESS_FUZZ_RELAY_WORLD_H
#define REGRESS_FUZZ_RELAY_WORLD_H

#include "common/wslink.h"
#include "proxyd/link.h"
#include "regress/fuzz/fuzz.h"

/*
 * What stands around proxyd's relay in fuzz_relay.c: connections, links and
 * the log, none of which touches a descriptor.
 */
#define WORLD_CLIENTS	3
#define WORLD_LINKS	4

struct httpconn {
	const char	*name;		/* in the certificate */
	void		*data;
	bool		 busy;		/* a request is not answered */
	bool		 detached;
	size_t		 answers;
	struct evbuffer	*out;		/* of the TLS connection */
};

struct wslink {
	struct wslink_cb cb;
	void		*arg;
	bool		 open;
	bool		 stuck;		/* the peer does not read */
	bool		 distrusted;	/* its certificate */
	uint64_t	 last;		/* id of the last request */
	size_t		 sent;
};

/* Made by wslink_new(), taken by whoever opened the link. */
extern struct wslink	*world_opened;
/* What comes of a client's request: JSON text, or NULL. */
void	world_check_answer(const struct httpconn *, const char *, size_t);

#endif /* REGRESS_FUZZ_RELAY_WORLD_H */
