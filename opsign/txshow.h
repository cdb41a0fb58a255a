/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef OPSIGN_TXSHOW_H
#define OPSIGN_TXSHOW_H

#include "opsign/report.h"
#include "opsign/txdecode.h"

/* The fields of a transaction that was signed. */
void	txshow(struct report *, const struct txsigned *);

#endif /* OPSIGN_TXSHOW_H */
