/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_TLSCONN_LOCAL_H
#define COMMON_TLSCONN_LOCAL_H

#include <event2/event_struct.h>

#include "common/handshake.h"
#include "common/tlsconn.h"
#include "common/tlsio.h"

/* What tlsconn.c and tlspeer.c share. */

#define TLSCONN_NAME	254
#define TLSCONN_SUBJECT	256

enum tlsconn_state {
	ST_START,		/* plain: ready is still to be told */
	ST_HANDSHAKE,
	ST_OPEN,
	ST_SENDING,		/* tlsconn_close: what is left */
	ST_NOTIFY,		/* close_notify */
	ST_DISCARD,		/* until the peer closes */
	ST_ENDED
};

struct tlsconn {
	struct tlsctx		*ctx;
	struct tlsio		 io;
	enum tlsconn_state		 state;
	struct tlsconn_cb	 cb;
	void			*arg;

	struct event		 rd;
	struct event		 wr;
	struct event		 flush;		/* the end of this turn */
	struct event		 later;		/* the next turn of the loop */
	bool			 rd_on;
	bool			 wr_on;

	struct evbuffer		*in;
	struct evbuffer		*out;
	size_t			 max_input;
	size_t			 max_discard;
	size_t			 retry;		/* length of a write again */

	bool			 want_in;	/* handshake, close_notify */
	bool			 want_out;
	bool			 read_wants_out;
	bool			 write_wants_in;
	bool			 blocked;	/* output awaits the socket */
	bool			 paused;
	bool			 more;		/* may be inside of OpenSSL */
	bool			 eof;
	bool			 eof_told;
	bool			 broken;	/* the loop cannot wait for it */
	bool			 busy;		/* in a handler of ours */
	bool			 freed;		/* by the owner, meanwhile */

	char			*expected;	/* the server's name */
	enum tlsconn_peer	 peer;
	char			 name[TLSCONN_NAME];
	char			 subject[TLSCONN_SUBJECT];
	struct handshake	 handshake;	/* whose turn it is */
};

/* Once, when the handshake is done: who the peer is.  0, or -1: it failed. */
int	tlspeer_note(struct tlsconn *);
/*
 * Whether the server's certificate is for the name that was expected; if not,
 * the text of the failure says whom it is for.
 */
bool	tlspeer_is_expected(struct tlsconn *);

#endif /* COMMON_TLSCONN_LOCAL_H */
