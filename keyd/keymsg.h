/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef KEYD_KEYMSG_H
#define KEYD_KEYMSG_H

#include <sys/types.h>
#include <stdint.h>

#include "compat/imsg.h"
#include "keyd/policy.h"
#include "keyd/request.h"

/*
 * The messages of keyd, on socketpairs in imsg framing.  Every message has
 * one function that encodes it and one that decodes it, field by field, in
 * network byte order, with exact sizes: bytes that are missing or left over
 * are an error.  Decoders take anything a hostile process can send.
 *
 * From the parent, once, in this order (the direction of answers: <-):
 *   KEYD_CONFIG   how much will come
 *   KEYD_KEY      a descriptor of a key file  <- KEYD_ADDRESS, KEYD_BADKEY
 *   KEYD_RULE     a rule; its lists follow in pieces:
 *   KEYD_RULELIST a piece of one list of the rule that came last
 *   KEYD_CHANNEL  the descriptor of an asker's socketpair, and its role
 *   KEYD_SPIN     where keyd is to poll before it sleeps: for so long
 *   KEYD_END      all is said                 <- KEYD_READY, KEYD_BADCONFIG
 * and at any time LOG_SETLEVEL, <- LOG_MSG (common/log.h), and once there is
 * something in force
 *   KEYD_CHECK    a request that is not to be granted  <- KEYD_CHECKED: how
 *                 the rules in force would decide on it
 *
 * After KEYD_READY the same can come again, but for KEYD_CHANNEL: a candidate,
 * which is kept beside what is in force until the parent says
 *   KEYD_COMMIT   after KEYD_READY: it is in force  <- KEYD_COMMITTED
 *   KEYD_DISCARD  after KEYD_READY or KEYD_BADCONFIG: it is forgotten
 * Each request is decided by the one or by the other.  Between the last answer
 * by the old and the first by the new each asker is sent KEYD_SWITCHED: what
 * indices of keys and rules mean is other from there on.
 *
 * From an asker (a frontend, the link process), any number of times:
 * KEYD_SIGN  <- KEYD_SIGNED, or KEYD_REFUSED, or, for a message that does not
 * decode or is not for that role to send, KEYD_BADREQUEST.
 */
enum keyd_msg {
	KEYD_CONFIG = 0x100,
	KEYD_KEY,
	KEYD_RULE,
	KEYD_RULELIST,
	KEYD_CHANNEL,
	KEYD_END,
	KEYD_ADDRESS,
	KEYD_BADKEY,
	KEYD_READY,
	KEYD_BADCONFIG,
	KEYD_COMMIT,
	KEYD_DISCARD,
	KEYD_COMMITTED,
	KEYD_CHECK,
	KEYD_CHECKED,
	KEYD_SPIN,
	KEYD_SIGN = 0x200,
	KEYD_SIGNED,
	KEYD_REFUSED,
	KEYD_BADREQUEST,
	KEYD_SWITCHED
};

#define KEYD_MAXKEYS	256
#define KEYD_MAXRULES	65536
/*
 * The highest via of a rule or request: twice as many as there can be
 * proxies, so that a new one need not have the number of one that goes.
 */
#define KEYD_MAXVIAS	128
/* Data of the largest message between parent and keyd. */
#define KEYD_CONFIGSIZE	16384
/*
 * Data of the largest message to an asker where that from it is n: RLP can
 * make a transaction somewhat longer than its fields are in a message.
 */
#define KEYD_REPLYSIZE(n)	(2 * (n) + 4096)
/* Items in one KEYD_RULELIST. */
#define KEYD_MAXPIECE	256
/* The longest KEYD_SPIN, in us. */
#define KEYD_MAXSPIN	1000
/* Bytes of a text in KEYD_BADCONFIG; longer ones are cut. */
#define KEYD_MAXTEXT	1024

/*
 * What may be asked on a channel: requests with via 0 and a client's name on
 * a direct one, requests with a via on a link's.  keyd refuses the others as
 * malformed, whatever its rules say.
 */
enum keyd_role {
	KEYD_DIRECT,
	KEYD_LINK
};

struct keyd_config {
	uint32_t	nkeys;
	uint32_t	nrules;
	uint32_t	max_message;	/* KEYD_SIGN, bytes with its header */
};

struct keyd_address {
	uint32_t	key;
	uint8_t		address[ADDRESS_SIZE];
};

struct keyd_badkey {
	uint32_t	key;
	uint32_t	error;		/* enum keyfile_error */
	uint32_t	line;		/* in the key file; 0: none */
};

enum keyd_list {
	KEYD_LIST_CHAIN,	/* U256_SIZE each */
	KEYD_LIST_DOMAIN,	/* HASH_SIZE each */
	KEYD_LIST_TO		/* ADDRESS_SIZE each */
};

/* The scalar part of a rule; index counts from 0 without gaps. */
struct keyd_rule {
	uint32_t	index;
	struct rule	rule;		/* its lists are not sent here */
};

struct keyd_rulelist {
	uint32_t	 index;
	enum keyd_list	 list;
	uint32_t	 count;		/* 1 to KEYD_MAXPIECE */
	const uint8_t	*items;		/* into the message */
};

/* What was done, for the answer and for the log. */
struct keyd_reply {
	uint64_t	 id;		/* of the request */
	enum refusal	 refusal;	/* REFUSAL_NONE: signed */
	uint32_t	 rule;		/* index or POLICY_NORULE */
	uint32_t	 key;		/* index; of KEYD_SIGNED alone */
	uint32_t	 us;		/* spent on it in keyd */
	uint8_t		 digest[HASH_SIZE];	/* of KEYD_SIGNED alone */
	const uint8_t	*result;	/* 65 bytes or a transaction */
	size_t		 resultlen;
};

/* How a request would be decided on, and what each rule of its asker says. */
struct keyd_checked {
	uint64_t		 id;
	enum refusal		 refusal;
	uint32_t		 rule;		/* index or POLICY_NORULE */
	size_t			 nverdicts;
	struct policy_verdict	 verdicts[POLICY_VERDICTS];
};

/*
 * Encoders queue a message on the imsgbuf: 0, or -1 with errno where memory
 * is short, the message would be over its maximum (ERANGE), or a name, a via,
 * a bit or a kind is none that there is (EINVAL).  A descriptor becomes the
 * imsgbuf's, which closes it when it was sent; on failure it stays the
 * caller's.
 */
int	keymsg_send_config(struct imsgbuf *, const struct keyd_config *);
int	keymsg_send_key(struct imsgbuf *, uint32_t key, int fd);
int	keymsg_send_address(struct imsgbuf *, const struct keyd_address *);
int	keymsg_send_badkey(struct imsgbuf *, const struct keyd_badkey *);
/*
 * The rule and all its lists, in as many messages as it takes.  After a
 * failure some of them may be queued.
 */
int	keymsg_send_rule(struct imsgbuf *, uint32_t index,
	    const struct rule *);
int	keymsg_send_channel(struct imsgbuf *, enum keyd_role, int fd);
int	keymsg_send_spin(struct imsgbuf *, uint32_t us);
int	keymsg_send_end(struct imsgbuf *);
/* KEYD_COMMIT, KEYD_DISCARD, KEYD_COMMITTED, KEYD_SWITCHED. */
int	keymsg_send_empty(struct imsgbuf *, enum keyd_msg);
int	keymsg_send_ready(struct imsgbuf *);
int	keymsg_send_badconfig(struct imsgbuf *, const char *text);
int	keymsg_send_request(struct imsgbuf *, const struct request *);
/* Bytes of that message, without its header. */
size_t	keymsg_request_size(const struct request *);
/* KEYD_SIGNED or KEYD_REFUSED, by reply->refusal. */
int	keymsg_send_reply(struct imsgbuf *, const struct keyd_reply *);
int	keymsg_send_badrequest(struct imsgbuf *, uint64_t id);
int	keymsg_send_check(struct imsgbuf *, const struct request *);
int	keymsg_send_checked(struct imsgbuf *, const struct keyd_checked *);

/*
 * Decoders: 0, or -1 for a message that is not exactly what it should be.
 * Pointers in the result lead into the message and end with it.  Indices are
 * below KEYD_MAXKEYS and KEYD_MAXRULES; whether there is such a key or rule
 * is the caller's to check.  A via is KEYD_MAXVIAS at most, and a client is
 * named where it is 0.  The text of KEYD_BADCONFIG is cut to size.
 */
int	keymsg_get_config(struct imsg *, struct keyd_config *);
int	keymsg_get_key(struct imsg *, uint32_t *key, int *fd);
int	keymsg_get_address(struct imsg *, struct keyd_address *);
int	keymsg_get_badkey(struct imsg *, struct keyd_badkey *);
int	keymsg_get_rule(struct imsg *, struct keyd_rule *);
int	keymsg_get_rulelist(struct imsg *, struct keyd_rulelist *);
int	keymsg_get_channel(struct imsg *, enum keyd_role *, int *fd);
int	keymsg_get_spin(struct imsg *, uint32_t *us);
int	keymsg_get_badconfig(struct imsg *, char *text, size_t size);
/*
 * On success the request's lists are to be freed with request_clear().  On
 * failure *id is the request's id if as much could be read, else 0.
 */
int	keymsg_get_request(struct imsg *, struct request *, uint64_t *id);
int	keymsg_get_reply(struct imsg *, struct keyd_reply *);
int	keymsg_get_badrequest(struct imsg *, uint64_t *id);
/* To be freed as that of keymsg_get_request(). */
int	keymsg_get_check(struct imsg *, struct request *);
int	keymsg_get_checked(struct imsg *, struct keyd_checked *);
/* Where there is nothing but the type. */
int	keymsg_get_empty(struct imsg *);

void	request_clear(struct request *);

#endif /* KEYD_KEYMSG_H */
