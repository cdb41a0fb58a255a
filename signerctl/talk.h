/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef SIGNERCTL_TALK_H
#define SIGNERCTL_TALK_H

#include <stdbool.h>
#include <stddef.h>

#include "common/ctlmsg.h"
#include "common/metrics.h"
#include "signerctl/signerctl.h"

/* One conversation with a daemon.  What goes wrong ends the program. */

/* An answer's rows, in the order in which they came; strings are copies. */
struct row {
	struct ctl_row	 row;
	char		*strings;
	char		*last;		/* of the last value, if it was long */
	char		*more[CTL_FIELDS];	/* values that were added */
};

struct answer {
	struct row	*rows;
	size_t		 nrows;
	size_t		*slots;		/* of answer_find(): an index + 1 */
	size_t		 nslots;
	size_t		 nfound;	/* rows that are in them */
	/* Takes each sample of metrics; NULL: they are not wanted. */
	void		(*sample)(struct answer *,
			    const struct metric_sample *);
	bool		 keyd;		/* it has answered */
	bool		 relay;		/* so has this one */
	unsigned int	 nfaults;	/* told on standard error */
	enum ctl_result	 result;
	char		 text[CTL_TEXT_MAX + 1];
};

/* Connects. */
void	talk_begin(const struct options *, struct imsgbuf *);
/*
 * Sends what is queued and takes all of the answer, which is zeros but for
 * what takes samples.  CTL_FAILED ends the program with its text.
 */
void	talk_ask(struct imsgbuf *, struct answer *);
void	answer_free(struct answer *);

/* The value of a field, or NULL. */
const char *row_value(const struct ctl_row *, const char *name);
/* The same, or "?". */
const char *row_said(const struct ctl_row *, const char *name);
bool	row_is(const struct ctl_row *, const char *section);

/* ---- signerctl/rows.c: rows that grow ---------------------------------- */

/* reallocarray(3) that ends the program where memory is short. */
void	*talk_grow(void *, size_t n, size_t size);

/*
 * The row of that section whose first field has that value, NULL where there
 * is none; with add, there is one then.
 */
struct row *answer_find(struct answer *, const char *section,
	    const char *name, const char *value, bool add);
/* One more, empty. */
struct row *answer_add(struct answer *, const char *section);
/* Sets a field, or adds it; what is full stays as it is. */
void	row_set(struct row *, const char *name, enum ctl_kind,
	    const char *value);
/* The same for a number, which is added to the one that it has. */
void	row_count(struct row *, const char *name, uint64_t);

#endif /* SIGNERCTL_TALK_H */
