/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef SIGNERD_TLSFILES_H
#define SIGNERD_TLSFILES_H

#include "signerd/tlscheck.h"

struct tlsctx;

/* Bytes of one file. */
#define TLSFILES_MAX	(4 * 1024 * 1024)

/*
 * Reads the TLS files from their descriptors (-1: not given), closes them,
 * checks them (tlscheck.h) and makes the server's context.  Faults and
 * warnings are told through the callback, with the file each is in; NULL if
 * there was a fault.  The private key's text is wiped.
 */
struct tlsctx	*tlsfiles_load(int files[FRONT_NFILES], const char *protocols,
		    char not_after[TLSCHECK_TIME], tlscheck_cb *cb,
		    void *arg);

#endif /* SIGNERD_TLSFILES_H */
