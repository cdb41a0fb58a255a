/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_REPORT_H
#define COMMON_REPORT_H

#include <stdbool.h>

/*
 * Where the faults and warnings of a configuration are told, each in a line
 * "FILE:LINE: text": on stderr while the daemon starts, in its log when it
 * reads the configuration again.
 */
void		 report_fault(const char *, ...)
		    __attribute__((format(printf, 1, 2)));
/* The same for a line that is whole, of either kind. */
void		 report_line(const char *line, bool warning);

/* From now on they go there (NULL: to stderr), and are counted anew. */
void		 report_to(void (*)(const char *line, bool warning));
/* Whether that is not stderr. */
bool		 report_logs(void);
/* Faults since then, and the first of them ("" where there is none). */
unsigned int	 report_count(void);
const char	*report_first(void);

#endif /* COMMON_REPORT_H */
