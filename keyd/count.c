/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include "common/log.h"
#include "common/metrics.h"
#include "keyd/count.h"
#include "keyd/keyd.h"

static void
say_channel(struct metrics_out *out, struct channel *c)
{
	const char	*process = c->role == KEYD_LINK ? "link" : "frontend";

	metrics_u64(out, METRIC_KEYD_MALFORMED, c->malformed, process);
	metrics_u64(out, METRIC_KEYD_TURNS, c->turns, process);
	metrics_u64(out, METRIC_KEYD_FULL_TURNS, c->full_turns, process);
	metrics_u64(out, METRIC_KEYD_UNREAD, c->open ?
	    imsgbuf_queuelen(&c->ibuf) : 0, process);
	metrics_u64(out, METRIC_KEYD_UNREAD_BYTES, c->unread, process);
}

int
count_say(struct keyd *k, struct imsg *imsg)
{
	static struct metrics_writer	 w;
	uint32_t			 id;
	size_t				 i;

	if (metrics_get(imsg, &id) == -1)
		return (-1);
	metrics_begin(&w, &k->parent, id);
	for (i = 0; i < k->nchannels; i++)
		say_channel(&w.out, &k->channels[i]);
	if (metrics_end(&w) == -1)
		log_errno("cannot tell the parent of metrics");
	return (0);
}
