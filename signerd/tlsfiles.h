/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef SIGNERD_TLSFILES_H
#define SIGNERD_TLSFILES_H

#include "signerd/frontmsg.h"

struct tlsctx;

/* Bytes of one file. */
#define TLSFILES_MAX	(4 * 1024 * 1024)

/*
 * Reads the TLS files from their descriptors (-1: not given), closes them
 * and makes the server's context.  Each fault is told through the callback,
 * with the file it is in; NULL if there was one.  The private key's text is
 * wiped.
 */
struct tlsctx	*tlsfiles_load(int files[FRONT_NFILES], const char *protocols,
		    void (*fault)(enum front_file, const char *, void *),
		    void *arg);

#endif /* SIGNERD_TLSFILES_H */
