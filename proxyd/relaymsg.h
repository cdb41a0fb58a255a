/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef PROXYD_RELAYMSG_H
#define PROXYD_RELAYMSG_H

#include <stdbool.h>
#include <stdint.h>

#include "common/tlsfiles.h"
#include "compat/imsg.h"
#include "keyd/request.h"
#include "proxyd/config.h"

/*
 * The messages between the parent and the relay.  From the parent, in this
 * order: RELAY_CONFIG; RELAY_LISTEN (index from 0, without gaps) each
 * followed by its RELAY_FILEs, none for metrics; RELAY_SIGNER (index from 0) each followed by
 * its RELAY_LISTs; RELAY_RULE each followed by its RELAY_LISTs; RELAY_START.
 * From the relay: RELAY_ERROR (a fault or a warning in a TLS file) any number
 * of times, then RELAY_READY, or RELAY_FAILED after a fault.  The first
 * configuration is in force then.  For each later one the same comes again,
 * beside what is in force, and after RELAY_READY either RELAY_COMMIT, which
 * the relay answers with RELAY_COMMITTED, or, as after RELAY_FAILED,
 * RELAY_DISCARD.  RELAY_RENEW in the place of RELAY_CONFIG begins one that
 * differs from what is in force in files alone: after it come, without
 * descriptors, the RELAY_LISTENs whose files have changed, each with its
 * RELAY_FILEs, and RELAY_START.  Once one is in force RELAY_DOWN (a signer of
 * it, and whether an operator has taken it down), RELAY_CHECK (answered with
 * RELAY_CHECKED) and LOG_SETLEVEL can come at any time.  At last RELAY_STOP,
 * after which it exits 0.  LOG_MSG from the relay at any time.
 */
enum relay_msg {
	RELAY_CONFIG = 0x600,
	RELAY_LISTEN,		/* with a descriptor, or none: see below */
	RELAY_FILE,		/* descriptor of a TLS file of a listener */
	RELAY_SIGNER,
	RELAY_RULE,
	RELAY_LIST,		/* a piece of a list of the last of those */
	RELAY_START,
	RELAY_COMMIT,
	RELAY_DISCARD,
	RELAY_STOP,
	RELAY_ERROR,
	RELAY_READY,
	RELAY_FAILED,
	RELAY_COMMITTED,
	RELAY_DOWN,		/* whether a signer is taken down */
	RELAY_CHECK,		/* how would it be decided on? */
	RELAY_CHECKED,
	RELAY_RENEW		/* files alone follow */
};

#define RELAY_MSGSIZE		16384
#define RELAY_PROTOCOLS_MAX	64
#define RELAY_ADDRESS_MAX	128	/* with its port, as text */
#define RELAY_MAXPIECE		256	/* items in one RELAY_LIST */
#define RELAY_MAXLISTENS	CONF_LISTENS
/* Connections to the signers' port that are no links, or not yet. */
#define RELAY_NOLINKS		64

struct relay_config {
	struct config_limits	limits;
	uint32_t		hedge;		/* ms; 0: off */
	enum log_level		level;		/* of its log */
	char			protocols[RELAY_PROTOCOLS_MAX];
};

/*
 * Without a descriptor: the socket of that id goes on; in the first
 * configuration (-n) nothing is served.
 */
struct relay_listen {
	uint32_t	index;
	uint32_t	id;		/* for as long as it is open */
	enum config_whom whom;
	char		address[RELAY_ADDRESS_MAX];	/* and port */
};

struct relay_signer {
	uint32_t	index;
	char		name[CONFIG_NAME_MAX + 1];
	char		certname[CLIENT_MAX + 1];
	uint32_t	methods;	/* RULE_ bits; none: any */
};

/* The scalar part of a rule. */
struct relay_rule {
	uint32_t	index;
	struct rule	rule;		/* its lists are not sent here */
};

enum relay_list {
	RELAY_LIST_ADDRESS,	/* ADDRESS_SIZE each; signer or rule */
	RELAY_LIST_CHAIN,	/* U256_SIZE each; signer or rule */
	RELAY_LIST_DOMAIN,	/* HASH_SIZE each; rule */
	RELAY_LIST_TO,		/* ADDRESS_SIZE each; rule */
	RELAY_LIST_SIGNER	/* 4 each, network order; rule */
};

struct relay_piece {
	enum relay_list	 list;
	uint32_t	 count;		/* 1 to RELAY_MAXPIECE */
	const uint8_t	*items;		/* into the message */
};

/* What there is to be said of a signer that could be asked. */
enum relay_state {
	RELAY_SIGNER_UP,
	RELAY_SIGNER_BUSY,	/* it has as much to do as it can have */
	RELAY_SIGNER_UNWILLING,	/* it has said that it does not serve this */
	RELAY_SIGNER_ABSENT,	/* not registered */
	RELAY_SIGNER_TAKEN_DOWN,
	RELAY_SIGNER_NSTATES
};

#define RELAY_MAXCHECKED	64	/* of them, the first */

struct relay_checked {
	uint64_t	 id;
	enum refusal	 refusal;
	uint32_t	 rule;		/* index or POLICY_NORULE */
	uint8_t		 address[ADDRESS_SIZE];	/* the key's, if permitted */
	size_t		 nsigners;
	struct {
		uint32_t	 index;
		enum relay_state state;
	} signers[RELAY_MAXCHECKED];
};

struct relay_error {
	uint32_t		index;		/* of the listener */
	enum tlsfile		file;
	enum tlsfile_severity	severity;
	char			text[512];
};

/* As in keyd/keymsg.h: 0, or -1; decoders check sizes exactly. */
int	relaymsg_send_config(struct imsgbuf *, const struct relay_config *);
int	relaymsg_send_listen(struct imsgbuf *, const struct relay_listen *,
	    int fd);
int	relaymsg_send_file(struct imsgbuf *, enum tlsfile, int fd);
/* These two send the lists too. */
int	relaymsg_send_signer(struct imsgbuf *, const struct config_signer *);
int	relaymsg_send_rule(struct imsgbuf *, uint32_t index,
	    const struct config_rule *);
int	relaymsg_send_error(struct imsgbuf *, const struct relay_error *);
int	relaymsg_send_down(struct imsgbuf *, uint32_t index, bool down);
/* Its via is 0. */
int	relaymsg_send_check(struct imsgbuf *, const struct request *);
int	relaymsg_send_checked(struct imsgbuf *, const struct relay_checked *);
/* One without anything. */
int	relaymsg_send(struct imsgbuf *, enum relay_msg);

int	relaymsg_get_config(struct imsg *, struct relay_config *);
/* *fd is -1 where there is none. */
int	relaymsg_get_listen(struct imsg *, struct relay_listen *, int *fd);
int	relaymsg_get_file(struct imsg *, enum tlsfile *, int *fd);
int	relaymsg_get_signer(struct imsg *, struct relay_signer *);
int	relaymsg_get_rule(struct imsg *, struct relay_rule *);
int	relaymsg_get_list(struct imsg *, struct relay_piece *);
int	relaymsg_get_error(struct imsg *, struct relay_error *);
int	relaymsg_get_down(struct imsg *, uint32_t *index, bool *down);
/* To be freed with request_clear(). */
int	relaymsg_get_check(struct imsg *, struct request *);
int	relaymsg_get_checked(struct imsg *, struct relay_checked *);
int	relaymsg_get_empty(struct imsg *);

#endif /* PROXYD_RELAYMSG_H */
