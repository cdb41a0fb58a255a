/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef SIGNERD_FRONTMSG_H
#define SIGNERD_FRONTMSG_H

#include <stdint.h>

#include "common/tlsfiles.h"
#include "compat/imsg.h"
#include "keyd/request.h"
#include "signerd/config.h"

/*
 * The messages between the parent and a frontend.  From the parent, once, in
 * this order: FRONT_CONFIG, any of FRONT_FILE FRONT_LISTEN FRONT_KEY, one
 * FRONT_CHANNEL, a FRONT_WORKER for each more keyd, FRONT_START; later
 * FRONT_STOP.  From the frontend:
 * FRONT_ERROR (a fault or a warning) any number of times, then FRONT_READY,
 * or FRONT_FAILED after a fault;
 * after FRONT_STOP it exits 0; and LOG_MSG at any time.
 *
 * Once it serves the same can come again, without FRONT_CHANNEL and, where
 * nothing is listened on, without files: a candidate.  FRONT_KEEP stands in
 * the place of FRONT_LISTEN for a socket that goes on; it names it by its
 * number, which counts every FRONT_LISTEN and FRONT_METRICS that there was,
 * from 0.  After the
 * answer to FRONT_START the parent says FRONT_COMMIT: it is in force, and
 * answered by FRONT_COMMITTED; or FRONT_DISCARD, without an answer.
 * LOG_SETLEVEL can come at any time.
 *
 * FRONT_RENEW in the place of FRONT_CONFIG begins a candidate that differs
 * from what is in force in its files alone, which are all that comes before
 * FRONT_START.
 */
enum front_msg {
	FRONT_CONFIG = 0x300,
	FRONT_FILE,		/* descriptor of a TLS file */
	FRONT_LISTEN,		/* listening descriptor */
	FRONT_KEY,		/* name and address of a key, for logs */
	FRONT_CHANNEL,		/* descriptor that leads to keyd */
	FRONT_START,
	FRONT_STOP,
	FRONT_ERROR,
	FRONT_READY,
	FRONT_FAILED,
	FRONT_KEEP,		/* number of a socket that goes on */
	FRONT_COMMIT,
	FRONT_DISCARD,
	FRONT_COMMITTED,
	FRONT_METRICS,		/* as FRONT_LISTEN, for metrics */
	FRONT_KEEPMETRICS,	/* as FRONT_KEEP, for metrics */
	FRONT_RENEW,		/* files alone follow */
	FRONT_WORKER		/* as FRONT_CHANNEL, of one more keyd */
};

#define FRONT_MSGSIZE		16384
#define FRONT_PROTOCOLS_MAX	64

struct front_config {
	struct config_limits	limits;
	char			protocols[FRONT_PROTOCOLS_MAX];
};

struct front_key {
	uint32_t	index;
	char		name[CONFIG_NAME_MAX + 1];
	uint8_t		address[ADDRESS_SIZE];
};

struct front_error {
	enum tlsfile		file;
	enum tlsfile_severity	severity;
	char			text[TLSFILES_TEXT];
};

/* As in keyd/keymsg.h: 0, or -1; decoders check sizes exactly. */
int	frontmsg_send_config(struct imsgbuf *, const struct front_config *);
int	frontmsg_send_file(struct imsgbuf *, enum tlsfile, int fd);
int	frontmsg_send_key(struct imsgbuf *, const struct front_key *);
int	frontmsg_send_error(struct imsgbuf *, const struct front_error *);
/* FRONT_KEEP, FRONT_KEEPMETRICS. */
int	frontmsg_send_keep(struct imsgbuf *, enum front_msg, uint32_t number);
/*
 * FRONT_LISTEN, FRONT_METRICS, FRONT_CHANNEL, FRONT_WORKER (with fd), or one
 * without anything (fd -1).
 */
int	frontmsg_send(struct imsgbuf *, enum front_msg, int fd);

int	frontmsg_get_config(struct imsg *, struct front_config *);
int	frontmsg_get_file(struct imsg *, enum tlsfile *, int *fd);
int	frontmsg_get_key(struct imsg *, struct front_key *);
int	frontmsg_get_error(struct imsg *, struct front_error *);
int	frontmsg_get_keep(struct imsg *, uint32_t *number);
int	frontmsg_get_fd(struct imsg *, int *fd);
int	frontmsg_get_empty(struct imsg *);

#endif /* SIGNERD_FRONTMSG_H */
