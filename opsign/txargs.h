/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef OPSIGN_TXARGS_H
#define OPSIGN_TXARGS_H

#include <stdint.h>

#include "api/args.h"
#include "opsign/flags.h"
#include "opsign/settings.h"

/* The argument of eth_signTransaction, as text and as what it means. */
struct txargs {
	char		*text;		/* JSON */
	struct json_doc	*doc;
	struct args	 args;
};

/* What the flags --to and so on are read into. */
extern const struct flag txargs_flags[];

/*
 * From the flags and, with input, JSON on standard input, of which flags
 * replace members; from is --address where none is named.  Checked as a
 * signer checks it.  0, or -1 with the fault on standard error;
 * txargs_clear() either way.
 */
/* What --chain was, or NULL. */
const char *txargs_chain(void);
/* Where these flags are not given, what a benchmark needs is. */
void	txargs_defaults(const char *nonce);
int	txargs_read(struct txargs *, const struct settings *, bool input);
void	txargs_clear(struct txargs *);

#endif /* OPSIGN_TXARGS_H */
