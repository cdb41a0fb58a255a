/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>

#include <unistd.h>

#include "common/resident.h"
#include "proxyd/parent.h"

static void
say_memory(struct metrics_out *out, pid_t pid, const char *name)
{
	uint64_t	 bytes = resident_bytes(pid);

	if (bytes > 0)
		metrics_u64(out, METRIC_PROXY_PROCESS_MEMORY, bytes, name);
}

static void
say_processes(struct metrics_out *out, const struct child *relay)
{
	say_memory(out, getpid(), "parent");
	if (relay->running)
		say_memory(out, relay->proc.pid, relay->name);
	metrics_u64(out, METRIC_PROXY_LOG_SUPPRESSED, relay->rate.total,
	    relay->name);
}

static void
say(struct metrics_out *out, void *arg)
{
	const struct parent	*p = arg;

	metrics_info(out, METRIC_PROXY_BUILD, VERSION);
	say_processes(out, &p->relay);
	metrics_i64(out, METRIC_PROXY_START_TIME, p->begun);
	metrics_u64(out, METRIC_PROXY_CONFIG_GENERATION,
	    p->reload.generation);
	metrics_i64(out, METRIC_PROXY_CONFIG_LOADED, p->loaded);
	metrics_i64(out, METRIC_PROXY_CONFIG_FAILED, p->failed);
	metrics_u64(out, METRIC_PROXY_CONFIG_SUCCESS, p->good);
	metrics_u64(out, METRIC_PROXY_RELOADS, p->nreloads, "success");
	metrics_u64(out, METRIC_PROXY_RELOADS, p->nfailures, "failure");
	metrics_u64(out, METRIC_PROXY_FILES_RELOADED, p->watch.files_reloaded);
	metrics_u64(out, METRIC_PROXY_FILES_UNFIT, watch_unfit(&p->watch));
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
