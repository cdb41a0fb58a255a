/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef KEYD_AUDITMSG_H
#define KEYD_AUDITMSG_H

#include <stdbool.h>
#include <stdint.h>

#include "compat/imsg.h"
#include "keyd/audit.h"

/*
 * The messages of the audit trail; as in keyd/keymsg.h each has one function
 * that encodes it and one that decodes it.
 *
 * From the parent to keyd, among those of a configuration:
 *   AUDIT_CONFIG   how records are made from then on
 *   AUDIT_KEY      the name of a key, by its index
 *   AUDIT_LINK     the name of a link, by its via
 *   AUDIT_WORKER   which of several keyds it is, where there are several
 *   AUDIT_CHANNEL  once: the end of the socketpair with the audit process
 * From the parent to the audit process:
 *   AUDIT_FILE     the file, open for appending, and
 *   AUDIT_TAIL     the same, open for reading; in a reload, a new file
 *   AUDIT_CHANNEL  once: the other end of that socketpair
 *   AUDIT_START    all is said           <- AUDIT_READY, AUDIT_FAILED
 *   AUDIT_COMMIT   the new file is next  <- AUDIT_COMMITTED
 *   AUDIT_DISCARD  it is not to be
 *   AUDIT_STOP     to keyd and to the audit process: leave in order
 * From keyd to the audit process:
 *   AUDIT_APPEND   records
 *   AUDIT_SWITCH   those from here on go to the new file
 * From the audit process to keyd:
 *   AUDIT_HEAD     once: where the file's chain goes on
 *   AUDIT_WRITTEN  the records up to that sequence are in the file
 *   AUDIT_STALLED  they cannot be, at present
 */
enum audit_msg {
	AUDIT_CONFIG = 0x700,
	AUDIT_KEY,
	AUDIT_LINK,
	AUDIT_CHANNEL,
	AUDIT_FILE,
	AUDIT_TAIL,
	AUDIT_START,
	AUDIT_READY,
	AUDIT_FAILED,
	AUDIT_COMMIT,
	AUDIT_COMMITTED,
	AUDIT_DISCARD,
	AUDIT_STOP,
	AUDIT_APPEND,
	AUDIT_SWITCH,
	AUDIT_HEAD,
	AUDIT_WRITTEN,
	AUDIT_STALLED,
	AUDIT_WORKER
};

#define AUDIT_NAMEMAX	64	/* bytes of a name of a key or link */
#define AUDIT_TEXTMAX	1024	/* of a text in AUDIT_FAILED */
/* Bytes of records in one AUDIT_APPEND, and of that message's data. */
#define AUDIT_BATCH	(16 * AUDIT_LINEMAX)
#define AUDIT_MSGSIZE	(AUDIT_BATCH + 64)
/*
 * Bytes that the socket from keyd to the audit process is to hold.  Linux
 * takes it twice, for its own overhead, which is more than that of the records
 * where they come one by one: it is for the default queue.
 */
#define AUDIT_SOCKET	(4 * 1024 * 1024)

struct audit_config {
	uint32_t	generation;	/* of the configuration, from 1 */
	bool		sync;		/* answers wait for the disk */
	bool		newfile;	/* there is another from here on */
	uint32_t	queue;		/* records that may wait */
	uint32_t	head;		/* ms from one report to the next */
	/* Not part of the message: AUDIT_WORKER. */
	uint32_t	worker;		/* from 1; 0: it is the only one */
	uint32_t	workers;	/* how many there are */
};

struct audit_name {
	uint32_t	index;
	char		name[AUDIT_NAMEMAX + 1];
};

/* Whole records. */
struct audit_append {
	uint64_t	 last;		/* sequence of the last one */
	bool		 sync;		/* to be on disk */
	bool		 answer;	/* AUDIT_WRITTEN is asked for */
	const char	*text;		/* into the message */
	size_t		 len;
};

struct audit_where {
	struct audit_head head;
	uint64_t	torn;		/* bytes after that record; 0: none */
	uint8_t		tornhash[KECCAK_SIZE];
	uint64_t	tornlines;	/* that have their newline */
};

/* 0, or -1 with errno; a descriptor becomes the imsgbuf's. */
int	auditmsg_send(struct imsgbuf *, enum audit_msg, int fd);
int	auditmsg_send_config(struct imsgbuf *, const struct audit_config *);
int	auditmsg_send_worker(struct imsgbuf *, const struct audit_config *);
int	auditmsg_send_name(struct imsgbuf *, enum audit_msg, uint32_t index,
	    const char *name);
int	auditmsg_send_failed(struct imsgbuf *, const char *text);
int	auditmsg_send_append(struct imsgbuf *, const struct audit_append *);
int	auditmsg_send_where(struct imsgbuf *, const struct audit_where *);
/* AUDIT_WRITTEN: a sequence; AUDIT_STALLED: an errno. */
int	auditmsg_send_number(struct imsgbuf *, enum audit_msg, uint64_t);

/* 0, or -1 for a message that is not exactly what it should be. */
int	auditmsg_get_empty(struct imsg *);
int	auditmsg_get_fd(struct imsg *, int *fd);
int	auditmsg_get_config(struct imsg *, struct audit_config *);
int	auditmsg_get_worker(struct imsg *, struct audit_config *);
int	auditmsg_get_name(struct imsg *, struct audit_name *);
int	auditmsg_get_failed(struct imsg *, char text[AUDIT_TEXTMAX + 1]);
int	auditmsg_get_append(struct imsg *, struct audit_append *);
int	auditmsg_get_where(struct imsg *, struct audit_where *);
int	auditmsg_get_number(struct imsg *, uint64_t *);

#endif /* KEYD_AUDITMSG_H */
