/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_FAULTS_H
#define COMMON_FAULTS_H

#include "common/conf.h"

struct children;

/*
 * What a child finds in a file that the configuration names.  The text is
 * the child's: bytes that are not printable are replaced.  What was said
 * before, about a file that the same statement names, is not said again:
 * several contexts may be made of one set of files.
 */

/*
 * "FILE:LINE: PATH: text" to report_fault(), and the daemon will not be ready
 * or, if it is, not reload.
 */
void	faults_report(struct children *, const struct conf_file *,
	    const char *text, unsigned int line);
/*
 * What does not keep the daemon from starting: a warning where it only checks
 * or reloads, or a record of the log.
 */
void	faults_warn(struct children *, const struct conf_file *,
	    const char *text);
/* What was said before may be said again: files have changed. */
void	faults_forget(void);

#endif /* COMMON_FAULTS_H */
