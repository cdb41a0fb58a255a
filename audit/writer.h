/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef AUDIT_WRITER_H
#define AUDIT_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keyd/auditmsg.h"

/* What is written at once; more is not taken from keyd meanwhile. */
#define WRITER_ROOM	(4 * AUDIT_BATCH)

/*
 * Records on their way to the file.  They are written in order, and one that
 * was written in part is gone on with: the file never has the half of one
 * with another after it.
 */
struct writer {
	int		 fd;		/* the file, for appending */
	int		 next;		/* to be changed to, or -1 */
	bool		 switching;	/* once all is written */
	bool		 sync;		/* it has to be on disk */
	bool		 answer;	/* that is to be told */
	bool		 stalled;	/* the last attempt failed */
	uint64_t	 last;		/* sequence of the last one taken */
	uint64_t	 written;	/* bytes, ever */
	uint64_t	 failures;	/* of writes */
	size_t		 len;
	size_t		 done;		/* bytes of it that are written */
	char		 buf[WRITER_ROOM];
};

/* Whether another AUDIT_APPEND, or an AUDIT_SWITCH, can be taken. */
static inline bool
writer_room(const struct writer *w)
{
	return (!w->switching && WRITER_ROOM - w->len >= AUDIT_BATCH);
}
static inline bool
writer_empty(const struct writer *w)
{
	return (w->len == 0 && !w->switching);
}

void	writer_append(struct writer *, const struct audit_append *);
/* The records that come from here on are for the next file. */
void	writer_switch(struct writer *);
/*
 * Writes, and changes the file where that is due.  0; or errno: it can be
 * tried again.  What cannot be flushed to the disk ends the process: which of
 * it is there is not known any more.
 */
int	writer_write(struct writer *);
/* Records that are not written in full. */
size_t	writer_left(const struct writer *);
/* To the disk, as far as it is written. */
void	writer_sync(struct writer *);

#endif /* AUDIT_WRITER_H */
