/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/hex.h"
#include "common/resident.h"
#include "signerd/parent.h"

/* ---- Processes -------------------------------------------------------- */

static void
say_memory(struct metrics_out *out, pid_t pid, const char *name)
{
	uint64_t	 bytes = resident_bytes(pid);

	if (bytes > 0)
		metrics_u64(out, METRIC_PROCESS_MEMORY, bytes, name);
}

static void
say_processes(struct metrics_out *out, const struct parent *p)
{
	const struct child	*c;
	size_t			 i;

	say_memory(out, getpid(), "parent");
	for (i = 0; i < CHILD_COUNT; i++) {
		c = &p->children[i];
		if (!c->running)
			continue;
		say_memory(out, c->proc.pid, c->name);
		metrics_u64(out, METRIC_LOG_SUPPRESSED, c->rate.total,
		    c->name);
	}
}

/* ---- The configuration ------------------------------------------------ */

static void
say_config(struct metrics_out *out, const struct parent *p)
{
	const struct parent_times	*t = &p->times;

	metrics_i64(out, METRIC_START_TIME, t->started);
	metrics_u64(out, METRIC_CONFIG_GENERATION, p->reload.generation);
	metrics_i64(out, METRIC_CONFIG_LOADED, t->loaded);
	metrics_i64(out, METRIC_CONFIG_FAILED, t->failed);
	metrics_u64(out, METRIC_CONFIG_SUCCESS, !t->last_failed);
	metrics_u64(out, METRIC_RELOADS, p->reload.generation - 1, "success");
	metrics_u64(out, METRIC_RELOADS, t->failures, "failure");
	metrics_u64(out, METRIC_FILES_RELOADED, p->watch.files_reloaded);
	metrics_u64(out, METRIC_FILES_UNFIT, watch_unfit(&p->watch));
}

static void
say_keys(struct metrics_out *out, const struct config *config)
{
	const struct config_key	*key;
	char			 address[2 + 2 * ADDRESS_SIZE + 1];

	STAILQ_FOREACH(key, &config->keys, entry) {
		memcpy(address, "0x", 2);
		hex_encode(address + 2, key->address, ADDRESS_SIZE);
		address[sizeof(address) - 1] = '\0';
		metrics_info(out, METRIC_KEY_INFO, key->name, address);
	}
}

static void
say_links(struct metrics_out *out, const struct config *config)
{
	const struct config_proxy	*proxy;
	bool				 v6;
	char				 url[METRICS_LABEL_MAX + 1];

	STAILQ_FOREACH(proxy, &config->proxies, entry) {
		v6 = strchr(proxy->host, ':') != NULL;
		snprintf(url, sizeof(url), "wss://%s%s%s:%u%s",
		    v6 ? "[" : "", proxy->host, v6 ? "]" : "", proxy->port,
		    proxy->target);
		metrics_info(out, METRIC_LINK_INFO, proxy->name, url);
	}
}

/* ---- What could be served --------------------------------------------- */

/* All of them, where there are several. */
static bool
answered(const struct parent *p, enum child_role role, unsigned int n)
{
	unsigned int	 i;

	for (i = 0; i < n; i++)
		if (!p->gather.children[role + i].ended)
			return (false);
	return (true);
}

/* By the via of a rule: whether a request by it could come, and be asked. */
static void
find_served(const struct parent *p, bool served[CONFIG_NUMBERS + 1])
{
	const struct config_proxy	*proxy;

	memset(served, 0, (CONFIG_NUMBERS + 1) * sizeof(*served));
	if (!answered(p, CHILD_KEYD, p->nworkers))
		return;
	served[0] = !STAILQ_EMPTY(&p->config->listens) &&
	    answered(p, CHILD_FRONTEND, p->nfrontends);
	STAILQ_FOREACH(proxy, &p->config->proxies, entry)
		served[proxy->index + 1] = proxy->up == p->gather.id;
}

static void
say_rules(struct metrics_out *out, const struct parent *p)
{
	const struct config_rule	*rule;
	unsigned int			 n = 0;
	bool				 served[CONFIG_NUMBERS + 1];
	char				 number[16];

	find_served(p, served);
	STAILQ_FOREACH(rule, &p->config->rules, entry) {
		snprintf(number, sizeof(number), "%u", ++n);
		metrics_u64(out, METRIC_RULE_SERVED, served[rule->rule.via],
		    number, rule->rule.client,
		    rule->vianame != NULL ? rule->vianame : "",
		    rule->keyname);
	}
}

static void
say(struct metrics_out *out, void *arg)
{
	const struct parent	*p = arg;

	metrics_info(out, METRIC_BUILD, VERSION);
	say_processes(out, p);
	say_config(out, p);
	say_keys(out, p->config);
	say_links(out, p->config);
	say_rules(out, p);
}

/* The link process tells which links are up. */
static void
seen(const struct metric_sample *s, void *arg)
{
	struct parent		*p = arg;
	struct config_proxy	*proxy;

	if (s->metric != METRIC_LINK_REGISTERED || s->gauge != 1)
		return;
	proxy = config_find_proxy(p->config, s->label[0]);
	if (proxy != NULL)
		proxy->up = p->gather.id;
}

/* ---- Reloads ---------------------------------------------------------- */

void
parent_metrics_reloaded(struct parent *p, bool good)
{
	p->times.last_failed = !good;
	if (good)
		p->times.loaded = time(NULL);
	else {
		p->times.failed = time(NULL);
		p->times.failures++;
	}
}

void
parent_metrics_init(struct parent *p)
{
	static const struct gather_cb	 cb = { seen, say };

	p->times.started = p->times.loaded = time(NULL);
	gather_init(&p->gather, &p->set, &cb, p, METRIC_PROCESS_UP,
	    "frontend");
}
