/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef OPSIGN_BENCHSHOW_H
#define OPSIGN_BENCHSHOW_H

#include "opsign/load.h"
#include "opsign/report.h"

/*
 * What was measured.  0, or -1 with the gravest of the faults that there
 * were.
 */
int	benchshow(struct report *, const char *method,
	    const struct load_options *, const struct workload *,
	    const struct load_result *, struct fault *);

#endif /* OPSIGN_BENCHSHOW_H */
