/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef SIGNERD_LINKMSG_H
#define SIGNERD_LINKMSG_H

#include <stdbool.h>
#include <stdint.h>

#include "common/tlsfiles.h"
#include "compat/imsg.h"
#include "signerd/config.h"
#include "signerd/dialmsg.h"
#include "signerd/frontmsg.h"

/*
 * The messages between the parent and the link process.  From the parent,
 * once, in this order: FRONT_CONFIG, any of FRONT_KEY, LINK_PROXY (index: its
 * number, see config_number()) each followed by its LINK_FILEs, KEYD_RULE and
 * KEYD_RULELIST (those with a `via` alone, indices as keyd has them, for what
 * is advertised), FRONT_CHANNEL (to keyd), LINK_DIALER, FRONT_START; later
 * FRONT_STOP.  LINK_DOWN (a number, and whether an operator has taken that
 * proxy's link down) can come at any time; to a number that there is not it
 * is of no meaning.  A candidate and what becomes of it is as in frontmsg.h;
 * after FRONT_RENEW come the LINK_PROXYs, each with its LINK_FILEs, whose files
 * have changed, and nothing else.  From the link process: LINK_ERROR (a fault
 * or a warning in a TLS file) any number of times, then FRONT_READY, or
 * FRONT_FAILED after a fault; after FRONT_STOP it exits 0; and LOG_MSG at any
 * time.
 */
enum link_msg {
	LINK_PROXY = 0x500,
	LINK_FILE,		/* descriptor of a TLS file of a proxy */
	LINK_DIALER,		/* descriptor that leads to the dialer */
	LINK_ERROR,
	LINK_DOWN		/* whether it is taken down */
};

#define LINK_MSGSIZE	16384

struct link_proxy {
	uint32_t	index;
	bool		down;		/* it is not to be dialled */
	char		name[CONFIG_NAME_MAX + 1];
	char		host[DIAL_HOST_MAX + 8];	/* for Host: */
	char		target[CONFIG_TARGET_MAX + 1];	/* "/ws" */
	char		tlsname[DIAL_HOST_MAX + 1];
	char		protocols[FRONT_PROTOCOLS_MAX];
};

struct link_error {
	uint32_t		index;		/* of the proxy */
	enum tlsfile		file;
	enum tlsfile_severity	severity;
	char			text[512];
};

int	linkmsg_send_proxy(struct imsgbuf *, const struct link_proxy *);
int	linkmsg_send_file(struct imsgbuf *, uint32_t index, enum tlsfile,
	    int fd);
int	linkmsg_send_dialer(struct imsgbuf *, int fd);
int	linkmsg_send_down(struct imsgbuf *, uint32_t index, bool down);
int	linkmsg_send_error(struct imsgbuf *, const struct link_error *);

int	linkmsg_get_proxy(struct imsg *, struct link_proxy *);
int	linkmsg_get_file(struct imsg *, uint32_t *index, enum tlsfile *,
	    int *fd);
int	linkmsg_get_dialer(struct imsg *, int *fd);
int	linkmsg_get_down(struct imsg *, uint32_t *index, bool *down);
int	linkmsg_get_error(struct imsg *, struct link_error *);

#endif /* SIGNERD_LINKMSG_H */
