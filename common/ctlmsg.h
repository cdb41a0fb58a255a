/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_CTLMSG_H
#define COMMON_CTLMSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compat/imsg.h"
#include "keyd/request.h"

/*
 * The messages on the control socket, in imsg framing, between signerctl and
 * the parent of a daemon.  One request at a time; each is answered by any
 * number of the messages that are named with it, then by CTL_END.
 *   CTL_SHOW    what there is         <- CTL_ROW, CTL_MORE, CTL_SAMPLES
 *   CTL_RELOAD                        <- CTL_FAULT, CTL_NOTE
 *   CTL_LOG     verbose, or brief
 *   CTL_CHECK   a request that is only decided on  <- CTL_ROW, CTL_MORE
 *   CTL_LINK    a link up, or down
 *   CTL_TRY     a reload that is not put in force  <- as CTL_RELOAD
 * Neither side trusts the other: decoders take anything.
 */
enum ctl_msg {
	CTL_SHOW = 0x800,
	CTL_RELOAD,
	CTL_LOG,
	CTL_CHECK,
	CTL_LINK,
	CTL_TRY,
	CTL_ROW = 0x880,
	CTL_MORE,		/* of the last value of the last row */
	CTL_SAMPLES,		/* as in common/metrics.h */
	CTL_FAULT,
	CTL_END,
	CTL_NOTE		/* what is waited for */
};

/* Data of the largest message of a request, and of an answer. */
#define CTL_ASKSIZE	4096
#define CTL_MSGSIZE	16000

enum ctl_show {
	CTL_STATUS,
	CTL_LINKS,
	CTL_CLIENTS,
	CTL_RULES,
	CTL_KEYS,
	CTL_STATS,
	CTL_NSHOWS
};

#define CTL_NAME_MAX	255	/* of a link, key or section, a column */
#define CTL_FIELDS	32	/* of a row */
#define CTL_VALUE_MAX	8192	/* in one message; what is over follows it */
#define CTL_TEXT_MAX	6144	/* of a fault, a note, or of CTL_END */

/* What it is in JSON. */
enum ctl_kind {
	CTL_STRING,
	CTL_NUMBER,		/* -?[0-9]+ */
	CTL_BOOL		/* "true", "false" */
};

/*
 * A row of a table.  The names are those of the JSON that signerctl(8)
 * documents.  Values are without NULs; only the last one can be longer than
 * CTL_VALUE_MAX.
 */
struct ctl_field {
	const char	*name;
	enum ctl_kind	 kind;
	const char	*value;
	size_t		 len;
};

struct ctl_row {
	const char	*section;
	unsigned int	 nfields;
	struct ctl_field fields[CTL_FIELDS];
};

/* Would it be signed?  Names are empty where there is none. */
struct ctl_check {
	char		 link[CTL_NAME_MAX + 1];
	char		 key[CTL_NAME_MAX + 1];
	struct request	 request;	/* .via is not used */
};

struct ctl_link {
	char		 name[CTL_NAME_MAX + 1];
	bool		 up;
};

enum ctl_result {
	CTL_GOOD,
	CTL_BAD,		/* it was done, and the answer is no */
	CTL_FAILED,		/* it was not done */
	CTL_NRESULTS
};

/*
 * Encoders: 0, or -1 with errno, as in keyd/keymsg.h.  ctlmsg_send_row() may
 * have queued a part then.
 */
int	ctlmsg_send_show(struct imsgbuf *, enum ctl_show);
int	ctlmsg_send_reload(struct imsgbuf *, bool try);
int	ctlmsg_send_log(struct imsgbuf *, bool verbose);
int	ctlmsg_send_check(struct imsgbuf *, const struct ctl_check *);
int	ctlmsg_send_link(struct imsgbuf *, const struct ctl_link *);
int	ctlmsg_send_row(struct imsgbuf *, const struct ctl_row *);
int	ctlmsg_send_samples(struct imsgbuf *, const void *, size_t);
int	ctlmsg_send_fault(struct imsgbuf *, const char *line);
int	ctlmsg_send_note(struct imsgbuf *, const char *text);
int	ctlmsg_send_end(struct imsgbuf *, enum ctl_result, const char *text);

/*
 * Decoders: 0, or -1 for what is not exactly as it should be.  A row's
 * strings lead into buf, of CTL_MSGSIZE bytes and as many NULs as it has
 * strings: CTL_ROWSIZE.
 */
#define CTL_ROWSIZE	(CTL_MSGSIZE + 2 * CTL_FIELDS + 1)
int	ctlmsg_get_show(struct imsg *, enum ctl_show *);
int	ctlmsg_get_log(struct imsg *, bool *verbose);
/* To be freed with request_clear(&check->request) where it succeeds. */
int	ctlmsg_get_check(struct imsg *, struct ctl_check *);
int	ctlmsg_get_link(struct imsg *, struct ctl_link *);
int	ctlmsg_get_row(struct imsg *, struct ctl_row *, char buf[CTL_ROWSIZE]);
/* Bytes without a NUL among them; they lead into the message. */
int	ctlmsg_get_more(struct imsg *, const char **, size_t *);
int	ctlmsg_get_fault(struct imsg *, char text[CTL_TEXT_MAX + 1]);
int	ctlmsg_get_note(struct imsg *, char text[CTL_TEXT_MAX + 1]);
int	ctlmsg_get_end(struct imsg *, enum ctl_result *,
	    char text[CTL_TEXT_MAX + 1]);
/* CTL_RELOAD, CTL_TRY. */
int	ctlmsg_get_empty(struct imsg *);

#endif /* COMMON_CTLMSG_H */
