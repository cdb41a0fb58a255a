/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef SIGNERD_DIALMSG_H
#define SIGNERD_DIALMSG_H

#include <stdint.h>

#include "compat/imsg.h"

/*
 * The messages of the dialer.
 *
 * From the parent, once, in this order: DIAL_CONFIG, any of DIAL_ENDPOINT,
 * DIAL_CHANNEL (the descriptor of the link process' socketpair), DIAL_START
 * <- DIAL_READY.  Later the same can come again without DIAL_CHANNEL: a
 * candidate; then DIAL_COMMIT  <- DIAL_COMMITTED, or DIAL_DISCARD.
 * LOG_SETLEVEL can come at any time.  Afterwards, as the dialer asks:
 *   DIAL_NEEDFILES  ->  DIAL_RESOLVCONF and DIAL_HOSTS, each with a
 *                       descriptor for reading, or without one where there
 *                       is no such file
 * before each attempt: it has no way to open a file, and each may have
 * changed.  It leaves when its parent's socketpair closes.
 *
 * From the link process, any number of times: DIAL_CONNECT, an index and a
 * cookie  <- DIAL_CONNECTED with a connected non-blocking descriptor, or
 * DIAL_FAILED with a text.  There is one attempt at a time for an endpoint: a
 * second one is answered DIAL_FAILED, and so is an index that no endpoint has.
 * DIAL_CANCEL, with the cookie of the attempt, ends it without an answer (one
 * may be under way already); with another cookie it does nothing.
 */
enum dial_msg {
	DIAL_CONFIG = 0x400,
	DIAL_ENDPOINT,
	DIAL_CHANNEL,
	DIAL_START,
	DIAL_READY,
	DIAL_NEEDFILES,
	DIAL_RESOLVCONF,
	DIAL_HOSTS,
	DIAL_CONNECT,
	DIAL_CANCEL,
	DIAL_CONNECTED,
	DIAL_FAILED,
	DIAL_COMMIT,
	DIAL_DISCARD,
	DIAL_COMMITTED
};

#define DIAL_MSGSIZE		4096
#define DIAL_MAXENDPOINTS	128
#define DIAL_HOST_MAX		253	/* bytes of a name or address */
#define DIAL_MAXNAMESERVERS	8
#define DIAL_NAMESERVER_MAX	63	/* "[2001:db8::1]:53" */
#define DIAL_ERROR_MAX		255
#define DIAL_PEER_MAX		63	/* "[2001:db8::1]:9989" */

struct dial_config {
	uint32_t	connect_timeout;	/* ms, of one whole attempt */
	/* None: those of resolv.conf(5). */
	uint32_t	nnameservers;
	char		nameservers[DIAL_MAXNAMESERVERS]
			    [DIAL_NAMESERVER_MAX + 1];
};

struct dial_endpoint {
	uint32_t	index;
	char		host[DIAL_HOST_MAX + 1];
	uint16_t	port;
};

struct dial_request {
	uint32_t	index;
	uint32_t	cookie;		/* comes back with the answer */
};

struct dial_result {
	uint32_t	index;
	uint32_t	cookie;
	char		text[DIAL_ERROR_MAX + 1];	/* DIAL_FAILED: why */
	char		peer[DIAL_PEER_MAX + 1];	/* DIAL_CONNECTED */
};

/*
 * As in keyd/keymsg.h: 0, or -1; decoders check sizes exactly, terminate
 * strings and refuse NULs within them, empty strings, indices that no
 * endpoint can have, and zero as a port or a time.  A descriptor is closed
 * once it was sent; where -1 is returned, it stays the caller's.
 */
int	dialmsg_send_config(struct imsgbuf *, const struct dial_config *);
int	dialmsg_send_endpoint(struct imsgbuf *, const struct dial_endpoint *);
/* DIAL_CONNECT, DIAL_CANCEL. */
int	dialmsg_send_request(struct imsgbuf *, enum dial_msg,
	    const struct dial_request *);
int	dialmsg_send_connected(struct imsgbuf *, const struct dial_result *,
	    int fd);
int	dialmsg_send_failed(struct imsgbuf *, const struct dial_result *);
/* One without anything but, perhaps, a descriptor (-1: none). */
int	dialmsg_send(struct imsgbuf *, enum dial_msg, int fd);

int	dialmsg_get_config(struct imsg *, struct dial_config *);
int	dialmsg_get_endpoint(struct imsg *, struct dial_endpoint *);
int	dialmsg_get_request(struct imsg *, struct dial_request *);
/* On failure no descriptor is left open. */
int	dialmsg_get_connected(struct imsg *, struct dial_result *, int *fd);
int	dialmsg_get_failed(struct imsg *, struct dial_result *);
/* DIAL_CHANNEL: there must be one. */
int	dialmsg_get_fd(struct imsg *, int *fd);
/* DIAL_RESOLVCONF, DIAL_HOSTS: -1 in *fd where there is none. */
int	dialmsg_get_file(struct imsg *, int *fd);
int	dialmsg_get_empty(struct imsg *);

#endif /* SIGNERD_DIALMSG_H */
