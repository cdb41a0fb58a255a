/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef SIGNERCTL_SAMPLES_H
#define SIGNERCTL_SAMPLES_H

#include "signerctl/talk.h"

/* Metrics as fields of the rows that they are about; for answer.sample. */
void	samples_join(struct answer *, const struct metric_sample *);
/* After them: what was not counted yet, by those who have said so, is 0. */
void	samples_end(struct answer *);
/* Each a row of its own, of the section "stats". */
void	samples_list(struct answer *, const struct metric_sample *);

#endif /* SIGNERCTL_SAMPLES_H */
