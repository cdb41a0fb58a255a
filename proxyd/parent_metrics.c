/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include "proxyd/parent.h"

static void
say(struct metrics_out *out, void *arg)
{
	struct parent	*p = arg;

	metrics_info(out, METRIC_PROXY_BUILD, VERSION);
	metrics_i64(out, METRIC_PROXY_START_TIME, p->begun);
	metrics_u64(out, METRIC_PROXY_CONFIG_GENERATION,
	    p->reload.generation);
	metrics_i64(out, METRIC_PROXY_CONFIG_LOADED, p->loaded);
	metrics_i64(out, METRIC_PROXY_CONFIG_FAILED, p->failed);
	metrics_u64(out, METRIC_PROXY_CONFIG_SUCCESS, p->good);
	metrics_u64(out, METRIC_PROXY_RELOADS, p->nreloads, "success");
	metrics_u64(out, METRIC_PROXY_RELOADS, p->nfailures, "failure");
}

void
parent_metrics_init(struct parent *p)
{
	static const struct gather_cb	 cb = { NULL, say };

	p->begun = p->loaded = time(NULL);
	p->good = true;
	gather_init(&p->gather, &p->set, &cb, p, METRIC_PROXY_PROCESS_UP,
	    "relay");
}
