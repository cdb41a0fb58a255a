/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_FUZZ_AGREE_H
#define REGRESS_FUZZ_AGREE_H

#include "keyd/request.h"
#include "regress/fuzz/fuzz.h"

/*
 * What the two halves of fuzz_agree say to each other: structs of the same
 * names in both daemons let no file include the headers of both.
 */

/* A message as signerd reads it. */
struct agree_reading {
	bool	 link;		/* it came by a link */
	bool	 metadata;	/* whose proxy adds metadata */
	/* Each request that keyd would be asked for, in order. */
	void	 (*request)(const struct request *, void *arg);
	void	*arg;
	/* Filled: how many; and where there was none, the whole answer. */
	size_t	 nrequests;
	char	*answer;	/* freed by the caller; NULL: nothing */
	size_t	 answerlen;
};

void	agree_read(struct agree_reading *, const char *text, size_t len);

/* Who asks signerd directly. */
#define AGREE_CLIENT	"a.example"

#endif /* REGRESS_FUZZ_AGREE_H */
