/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>

#include <string.h>

#include <event2/buffer.h>

#include "signerd/frontend.h"

/* Rules that are listed; of more, how many they are. */
#define LISTED	100

/* One of several has a number behind its name. */
static bool
is_of(const char *process, const char *program)
{
	size_t	 len = strlen(program);

	return (strncmp(process, program, len) == 0 &&
	    process[len + strspn(process + len, "0123456789")] == '\0');
}

/* How many there are of it; 0, too, where one of them does not answer. */
static size_t
answering(const struct metrics_set *set, const char *program)
{
	size_t	 i, n, first, found = 0;

	first = metrics_set_find(set, METRIC_PROCESS_UP, &n);
	for (i = first; i < first + n; i++) {
		if (!is_of(set->items[i]->label[0], program))
			continue;
		if (set->items[i]->gauge != 1)
			return (0);
		found++;
	}
	return (found);
}

/* What stands between a request and its key; NULL: nothing. */
static const char *
find_fault(const struct metrics_set *set)
{
	size_t	 i, n, first;

	if (answering(set, "keyd") == 0)
		return ("keyd does not answer");
	(void)metrics_set_find(set, METRIC_KEY_INFO, &n);
	if (n == 0)
		return ("no key is loaded");
	(void)metrics_set_find(set, METRIC_AUDIT_READY, &n);
	if (n > 0 && metrics_set_gauge(set, METRIC_AUDIT_READY, NULL) != 1)
		return ("the audit trail cannot be written");
	if (metrics_set_gauge(set, METRIC_LISTENERS, NULL) > 0)
		return (answering(set, "frontend") > 0 ? NULL :
		    "a frontend does not answer");
	first = metrics_set_find(set, METRIC_LINK_REGISTERED, &n);
	for (i = first; i < first + n; i++)
		if (set->items[i]->gauge == 1)
			return (NULL);
	return ("no link is up, and there is no \"listen on\"");
}

/* An operator can forget what he did. */
static const char *
how_down(const struct metrics_set *set, const char *link)
{
	size_t	 i, n, first;

	first = metrics_set_find(set, METRIC_LINK_STATE, &n);
	for (i = first; i < first + n; i++)
		if (strcmp(set->items[i]->label[0], link) == 0 &&
		    strcmp(set->items[i]->label[1], "down") == 0)
			return ("was taken down by an operator");
	return ("is not up");
}

/* Labels are those of the definition: rule, client, link, key. */
static void
add_rule(struct evbuffer *text, const struct metrics_set *set,
    const struct metrics_item *item)
{
	const char	*client = item->label[1], *link = item->label[2];

	evbuffer_add_printf(text, "not served: rule %s", item->label[0]);
	if (client[0] != '\0')
		evbuffer_add_printf(text, ", client %s", client);
	evbuffer_add_printf(text, ", key %s: ", item->label[3]);
	if (link[0] != '\0')
		evbuffer_add_printf(text, "link %s %s\n", link,
		    how_down(set, link));
	else
		evbuffer_add_printf(text, "there is no \"listen on\"\n");
}

static void
add_rules(struct evbuffer *text, const struct metrics_set *set)
{
	size_t	 i, n, first, unserved = 0;

	first = metrics_set_find(set, METRIC_RULE_SERVED, &n);
	for (i = first; i < first + n; i++) {
		if (set->items[i]->gauge != 0)
			continue;
		if (unserved++ < LISTED)
			add_rule(text, set, set->items[i]);
	}
	if (unserved > LISTED)
		evbuffer_add_printf(text, "and %zu more\n",
		    unserved - LISTED);
}

bool
ready_judge(const struct metrics_set *set, struct evbuffer *text)
{
	const char	*fault = find_fault(set);

	if (fault == NULL)
		evbuffer_add_printf(text, "ready\n");
	else
		evbuffer_add_printf(text, "not ready: %s\n", fault);
	/* Without keyd it is none of them. */
	if (answering(set, "keyd") > 0)
		add_rules(text, set);
	return (fault == NULL);
}
