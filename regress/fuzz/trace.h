/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_FUZZ_TRACE_H
#define REGRESS_FUZZ_TRACE_H

#include "regress/fuzz/pieces.h"

/*
 * For the targets of what reads a stream: what came of it, as text, must be
 * the same however the stream is cut.
 */
struct trace {
	char	*text;
	size_t	 len;
	FILE	*f;
	bool	 bad;		/* no more is read */
};

/* Takes all pieces, and writes to f. */
typedef void	 trace_fn(struct trace *, struct pieces *);

static inline void
trace_run(struct trace *t, trace_fn *read, const uint8_t *data, size_t size,
    enum pieces_how how)
{
	struct pieces	 cut;

	memset(t, 0, sizeof(*t));
	FUZZ_ASSERT((t->f = open_memstream(&t->text, &t->len)) != NULL);
	pieces_start(&cut, data, size, how);
	read(t, &cut);
	fclose(t->f);
}

static inline void
trace_same(trace_fn *read, const uint8_t *data, size_t size)
{
	struct trace	 whole, other;
	int		 how;

	trace_run(&whole, read, data, size, PIECES_WHOLE);
	for (how = PIECES_BYTES; how <= PIECES_RANDOM; how++) {
		trace_run(&other, read, data, size, (enum pieces_how)how);
		if (whole.len != other.len ||
		    memcmp(whole.text, other.text, whole.len) != 0) {
			fprintf(stderr, "whole:\n%s\nin pieces:\n%s\n",
			    whole.text, other.text);
			abort();
		}
		free(other.text);
	}
	free(whole.text);
}

#endif /* REGRESS_FUZZ_TRACE_H */
