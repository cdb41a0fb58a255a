/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdarg.h>
#include <stdio.h>

#include "common/report.h"

#define LINE_SIZE	6144

static void		(*sink)(const char *, bool);
static unsigned int	 count;
static char		 first[LINE_SIZE];

void
report_line(const char *line, bool warning)
{
	if (!warning && count++ == 0)
		snprintf(first, sizeof(first), "%s", line);
	if (sink != NULL)
		sink(line, warning);
	else
		fprintf(stderr, "%s\n", line);
}

void
report_fault(const char *fmt, ...)
{
	char	 line[LINE_SIZE];
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	report_line(line, false);
}

void
report_to(void (*to)(const char *, bool))
{
	sink = to;
	count = 0;
	first[0] = '\0';
}

bool
report_logs(void)
{
	return (sink != NULL);
}

unsigned int
report_count(void)
{
	return (count);
}

const char *
report_first(void)
{
	return (first);
}
