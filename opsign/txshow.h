/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef OPSIGN_TXSHOW_H
#define OPSIGN_TXSHOW_H

#include "opsign/report.h"
#include "opsign/txdecode.h"

/* "1.5 gwei (1500000000 wei)": size TXSHOW_AMOUNT. */
#define TXSHOW_AMOUNT	200
void	txshow_amount(char *, size_t, const struct u256 *wei);

/* The fields of a transaction that was signed. */
void	txshow(struct report *, const struct txsigned *);

#endif /* OPSIGN_TXSHOW_H */
