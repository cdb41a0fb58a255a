/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "common/clock.h"
#include "common/conf_parse.h"
#include "common/daemon.h"
#include "common/reload.h"
#include "common/report.h"
#include "common/watch_local.h"

/* Of one reload, whatever a child may say. */
#define MAX_WARNINGS	256

#define FOREACH(set, w)							\
	for ((set) = (w)->list.sets;					\
	    (set) < (w)->list.sets + (w)->list.nsets; (set)++)

static bool
is_same(const struct watch_state a[TLSFILE_COUNT],
    const struct watch_state b[TLSFILE_COUNT])
{
	return (memcmp(a, b, TLSFILE_COUNT * sizeof(*a)) == 0);
}

static void
copy(struct watch_state to[TLSFILE_COUNT],
    const struct watch_state from[TLSFILE_COUNT])
{
	memcpy(to, from, TLSFILE_COUNT * sizeof(*to));
}

static void
look_again(struct watch *w, uint32_t ms)
{
	struct timeval	 tv = clock_in_ms(ms);

	if (w->interval > 0)
		event_add(w->timer, &tv);
}

static uint32_t
settle_time(const struct watch *w)
{
	return (w->interval < WATCH_SETTLE ? w->interval : WATCH_SETTLE);
}

/* ---- What is told ----------------------------------------------------- */

static char *
line_of(const struct conf_file *file, const char *text)
{
	char	 line[6144];

	snprintf(line, sizeof(line), "%s:%d: %s: %s", file->conf, file->line,
	    file->path, text);
	return (conf_copy(line));
}

static void
log_refused(const char *fault)
{
	struct log_record	 r;

	if (!log_start(&r, LOG_LVL_WARN, "changed files not taken up"))
		return;
	log_str(&r, "error", fault);
	log_end(&r);
}

static void
log_file(const char *path, const char *msg)
{
	struct log_record	 r;

	if (!log_start(&r, LOG_LVL_INFO, msg))
		return;
	log_str(&r, "file", path);
	log_end(&r);
}

static void
forget_warnings(struct watch *w)
{
	while (w->nwarnings > 0)
		free(w->warnings[--w->nwarnings]);
}

/* Once for this state of its files, and for all sets that are of them. */
static void
refuse(struct watch *w, struct watch_set *set, const char *fault)
{
	bool	 told = w->telling && strcmp(w->last_fault, fault) == 0;

	copy(set->refused, set->seen);
	set->has_refused = true;
	w->sets_refused++;
	if (told)
		return;
	free(w->last_fault);
	w->last_fault = conf_copy(fault);
	w->telling = true;
	log_refused(fault);
}

/* ---- Looking ---------------------------------------------------------- */

static const char *
first_fault(const struct watch *w, const struct watch_set *set)
{
	int	 i;

	for (i = 0; i < TLSFILE_COUNT; i++)
		if (set->paths[i] != WATCH_NOPATH &&
		    w->list.paths[set->paths[i]].fault != NULL)
			return (w->list.paths[set->paths[i]].fault);
	return (NULL);
}

/* As it was when it was taken up. */
static void
is_as_loaded(struct watch_set *set)
{
	if (set->has_refused)
		log_file(set->tls.cert->path, "changed files are as before");
	set->has_refused = set->has_seen = false;
}

/* True where it has to be looked at again before long. */
static bool
judge(struct watch *w, struct watch_set *set)
{
	struct watch_state	 now[TLSFILE_COUNT];
	const char		*fault;
	int			 i;

	memset(now, 0, sizeof(now));
	for (i = 0; i < TLSFILE_COUNT; i++)
		if (set->paths[i] != WATCH_NOPATH)
			now[i] = w->list.paths[set->paths[i]].now;
	if (is_same(now, set->loaded)) {
		is_as_loaded(set);
		return (false);
	}
	if (!set->has_seen || !is_same(now, set->seen)) {
		copy(set->seen, now);
		set->has_seen = true;
		return (true);
	}
	if (set->has_refused && is_same(now, set->refused))
		return (false);
	if ((fault = first_fault(w, set)) != NULL)
		refuse(w, set, fault);
	else
		set->changed = true;
	return (false);
}

static void
look(struct watch *w)
{
	struct watch_set	*set;
	bool			 changed = false, settle = false;
	size_t			 i;

	if (daemon_enter() == -1) {
		look_again(w, w->interval);
		return;
	}
	for (i = 0; i < w->list.npaths; i++)
		watch_look(&w->list.paths[i]);
	daemon_return();
	w->telling = false;
	FOREACH(set, w) {
		settle = judge(w, set) || settle;
		changed = changed || set->changed;
	}
	if (changed && reload_part(w->reload, w->cb))
		return;
	FOREACH(set, w)
		set->changed = false;
	look_again(w, settle || changed ? settle_time(w) : w->interval);
}

static void
on_timer(int fd, short what, void *arg)
{
	struct watch	*w = arg;

	(void)fd;
	(void)what;
	if (reload_idle(w->reload))
		look(w);
	else
		look_again(w, w->interval);
}

/* ---- Configurations --------------------------------------------------- */

void
watch_init(struct watch *w, struct event_base *base, struct reload *reload,
    const struct reload_cb *cb)
{
	w->reload = reload;
	w->cb = cb;
	w->warnings = calloc(MAX_WARNINGS, sizeof(*w->warnings));
	w->timer = evtimer_new(base, on_timer, w);
	if (w->warnings == NULL || w->timer == NULL)
		fatal("watch");
}

void
watch_commit(struct watch *w, uint32_t interval)
{
	watch_list_clear(&w->list);
	w->list = w->next;
	memset(&w->next, 0, sizeof(w->next));
	w->interval = interval;
	w->trouble = false;
	event_del(w->timer);
	look_again(w, interval);
}

void
watch_discard(struct watch *w)
{
	watch_list_clear(&w->next);
}

/* ---- A reload of files ------------------------------------------------ */

static void
ignore(const char *line, bool warning)
{
	(void)line;
	(void)warning;
}

/* Whether it is what was seen. */
static bool
open_set(struct watch_set *set)
{
	struct watch_state	 now[TLSFILE_COUNT];
	struct conf_file	*file;
	int			 i;

	if (conf_tls_open(&set->tls, NULL) == -1)
		return (false);
	memset(now, 0, sizeof(now));
	for (i = 0; i < TLSFILE_COUNT; i++) {
		file = watch_file(&set->tls, i);
		if (file->fd != -1 && watch_digest(file->fd, &now[i]) == -1)
			return (false);
	}
	return (is_same(now, set->seen));
}

size_t
watch_open(struct watch *w)
{
	struct watch_set	*set;
	size_t			 n = 0;

	w->renewing = true;
	report_to(ignore);
	if (daemon_enter() == -1)
		return (0);
	FOREACH(set, w) {
		if (!set->changed)
			continue;
		set->changed = open_set(set);
		if (set->changed)
			n++;
		else
			conf_tls_close(&set->tls);
	}
	daemon_return();
	/* What was at fault is no part of it. */
	report_to(ignore);
	return (n);
}

struct watch_set *
watch_changed(struct watch *w, const void *owner)
{
	struct watch_set	*set;

	FOREACH(set, w)
		if (set->owner == owner)
			return (set->changed ? set : NULL);
	return (NULL);
}

static void
keep_fault(struct watch_set *set, const struct conf_file *file,
    const char *text)
{
	char	*line = line_of(file, text);

	/* Whatever the child answers, this is not to be. */
	report_fault("%s", line);
	if (set->fault == NULL)
		set->fault = line;
	else
		free(line);
}

static void
keep_warning(struct watch *w, const struct conf_file *file, const char *text)
{
	char	*line = line_of(file, text);
	size_t	 i;

	for (i = 0; i < w->nwarnings; i++)
		if (strcmp(w->warnings[i], line) == 0)
			break;
	if (i < w->nwarnings || i == MAX_WARNINGS)
		free(line);
	else
		w->warnings[w->nwarnings++] = line;
}

int
watch_tell(struct watch *w, const void *owner, const struct conf_file *file,
    enum tlsfile_severity severity, const char *text)
{
	struct watch_set	*set;

	if ((set = watch_changed(w, owner)) == NULL)
		return (-1);
	if (severity == TLSFILE_WARNING)
		keep_warning(w, file, text);
	else
		keep_fault(set, file, text);
	return (0);
}

size_t
watch_unfit(const struct watch *w)
{
	const struct watch_set	*set;
	size_t			 n = 0;

	FOREACH(set, w)
		n += set->has_refused;
	return (n);
}

/* Those of it that are others than before; each once. */
static void
take_up(struct watch *w, struct watch_set *set, uint64_t *n)
{
	struct watch_path	*path;
	int			 i;

	for (i = 0; i < TLSFILE_COUNT; i++) {
		if (set->paths[i] == WATCH_NOPATH ||
		    memcmp(&set->loaded[i], &set->seen[i],
		    sizeof(set->seen[i])) == 0)
			continue;
		path = &w->list.paths[set->paths[i]];
		if (path->told)
			continue;
		path->told = true;
		log_file(path->file->path, "file changed");
		(*n)++;
	}
	copy(set->loaded, set->seen);
	set->has_seen = set->has_refused = set->changed = false;
	conf_tls_close(&set->tls);
}

void
watch_done(struct watch *w)
{
	struct watch_set	*set;
	struct log_record	 r;
	uint64_t		 n = 0;
	size_t			 i;

	w->renewing = false;
	FOREACH(set, w)
		if (set->changed)
			take_up(w, set, &n);
	for (i = 0; i < w->nwarnings; i++)
		log_warn("%s", w->warnings[i]);
	forget_warnings(w);
	w->files_reloaded += n;
	w->trouble = false;
	if (log_start(&r, LOG_LVL_INFO, "changed files taken up")) {
		log_num(&r, "files", n);
		log_end(&r);
	}
	look_again(w, w->interval);
}

/* Sets without a fault are tried again without the others, at once. */
void
watch_failed(struct watch *w)
{
	struct watch_set	*set;
	bool			 tried = false, refused = false;

	w->renewing = w->telling = false;
	FOREACH(set, w) {
		if (!set->changed)
			continue;
		tried = true;
		set->changed = false;
		conf_tls_close(&set->tls);
		if (set->fault == NULL)
			continue;
		refused = true;
		refuse(w, set, set->fault);
		free(set->fault);
		set->fault = NULL;
	}
	forget_warnings(w);
	if (tried && !refused && !w->trouble) {
		w->trouble = true;
		log_refused(report_first());
	}
	if (refused)
		look_again(w, 0);
	else
		look_again(w, tried ? w->interval : settle_time(w));
}
