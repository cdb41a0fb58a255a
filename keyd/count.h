/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef KEYD_COUNT_H
#define KEYD_COUNT_H

#include <stdint.h>

struct imsg;
struct keyd;

/* What keyd counts of what it decides, and says of it: its metrics. */

/* METRICS_ASK of the parent: queues the answer.  -1: it is malformed. */
int	count_say(struct keyd *, struct imsg *);

#endif /* KEYD_COUNT_H */
