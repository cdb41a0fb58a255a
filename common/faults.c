/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/children.h"
#include "common/faults.h"
#include "common/report.h"

#define LINE_SIZE	6144
/* No more is remembered, whatever a child may say. */
#define MAX_SAID	1024

static char	*said[MAX_SAID];
static size_t	 nsaid;

static bool
said_before(const char *text)
{
	size_t	 i;

	for (i = 0; i < nsaid; i++)
		if (strcmp(said[i], text) == 0)
			return (true);
	if (nsaid < MAX_SAID && (said[nsaid] = strdup(text)) != NULL)
		nsaid++;
	return (false);
}

/* A child says so: nothing in it may speak to a terminal. */
static void
clean(char *out, size_t size, const char *text)
{
	char	*p;

	snprintf(out, size, "%s", text);
	for (p = out; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
}

void
faults_report(struct children *set, const struct conf_file *file,
    const char *text, unsigned int line)
{
	char	 safe[512], all[LINE_SIZE];

	children_failed(set);
	clean(safe, sizeof(safe), text);
	if (line > 0)
		snprintf(all, sizeof(all), "%s:%d: %s:%u: %s", file->conf,
		    file->line, file->path, line, safe);
	else
		snprintf(all, sizeof(all), "%s:%d: %s: %s", file->conf,
		    file->line, file->path, safe);
	if (!said_before(all))
		report_line(all, false);
}

void
faults_warn(struct children *set, const struct conf_file *file,
    const char *text)
{
	char	 safe[512], all[LINE_SIZE];

	clean(safe, sizeof(safe), text);
	snprintf(all, sizeof(all), "%s:%d: warning: %s: %s", file->conf,
	    file->line, file->path, safe);
	if (said_before(all))
		return;
	if (set->check || report_logs())
		report_line(all, true);
	else
		log_warn("%s:%d: %s: %s", file->conf, file->line, file->path,
		    safe);
}

void
faults_forget(void)
{
	while (nsaid > 0)
		free(said[--nsaid]);
}
