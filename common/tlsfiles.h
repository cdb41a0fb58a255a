/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_TLSFILES_H
#define COMMON_TLSFILES_H

#include <stddef.h>

struct tlsctx;

/* The files that one TLS context is made of. */
enum tlsfile {
	TLSFILE_CA,
	TLSFILE_CERT,
	TLSFILE_KEY,
	TLSFILE_CRL,
	TLSFILE_COUNT
};

enum tlsfile_severity {
	TLSFILE_FAULT,			/* it does not start */
	TLSFILE_WARNING,
	/* As a warning, but nothing to replace by itself what serves. */
	TLSFILE_STALE,
	TLSFILE_NSEVERITIES
};

enum tlsfiles_role {
	TLSFILES_SERVER,
	TLSFILES_CLIENT
};

/* Bytes of one file. */
#define TLSFILES_MAX	(4 * 1024 * 1024)
/* "2027-01-31T12:00:00Z" and a NUL. */
#define TLSFILES_TIME	32
/* What is told of a file, with its NUL. */
#define TLSFILES_TEXT	512

typedef void tlsfiles_cb(enum tlsfile, enum tlsfile_severity,
	    const char *text, void *arg);

/*
 * Reads the TLS files from their descriptors (-1: not given), closes them,
 * checks them (tlscheck.h) and makes the context.  Faults and warnings are
 * told through the callback, with the file each is in; NULL if there was a
 * fault.  not_after is filled with the end of the certificate's validity, or
 * is "".  The private key's text is wiped.
 */
struct tlsctx	*tlsfiles_load(int files[TLSFILE_COUNT], enum tlsfiles_role,
		    const char *protocols, char not_after[TLSFILES_TIME],
		    tlsfiles_cb *cb, void *arg);

#endif /* COMMON_TLSFILES_H */
