/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include "signerd/parent.h"

static void
say(struct metrics_out *out, void *arg)
{
	struct parent	*p = arg;

	metrics_info(out, METRIC_BUILD, VERSION);
	metrics_u64(out, METRIC_CONFIG_GENERATION, p->reload.generation);
}

void
parent_metrics_init(struct parent *p)
{
	static const struct gather_cb	 cb = { NULL, say };

	gather_init(&p->gather, &p->set, &cb, p, METRIC_PROCESS_UP,
	    "frontend");
}
