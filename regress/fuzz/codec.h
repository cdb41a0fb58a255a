/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_FUZZ_CODEC_H
#define REGRESS_FUZZ_CODEC_H

#include "regress/fuzz/msgpipe.h"

/*
 * For the targets of whole sets of messages: the first byte of the input
 * chooses one, and whether a descriptor comes where none is wanted or none
 * where one is; the rest is its body.  What decodes keeps to its bounds, and
 * is encoded to the same bytes again.
 */
struct codec {
	uint32_t	 type;
	bool		 with;		/* has a descriptor */
	/* What the decoder returned; after 0 the encoder was called, too. */
	int		 (*check)(struct imsg *);
};

static struct msgpipe	 p;

#define TERMINATED(s)	(memchr((s), '\0', sizeof(s)) != NULL)

/* An input, of bodies up to max bytes. */
static inline void
codec_run(const struct codec *codecs, size_t n, uint32_t max,
    const uint8_t *data, size_t size)
{
	const struct codec	*c;
	struct imsg		 imsg, more;
	bool			 with;

	if (size == 0 || size - 1 > max)
		return;
	msgpipe_begin(&p, max);
	c = &codecs[(data[0] & 0x7f) % n];
	with = c->with != (data[0] >> 7);
	msgpipe_make(&p, &imsg, c->type, with, data + 1, size - 1);
	if (c->check(&imsg) == 0) {
		msgpipe_expect(&p, c->type, data + 1, size - 1);
		must(msgpipe_next(&p, &more) == 0);
	}
	imsg_free(&imsg);
	msgpipe_clean(&p);
}

#endif /* REGRESS_FUZZ_CODEC_H */
