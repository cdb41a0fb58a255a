/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef SIGNERD_TLSCHECK_H
#define SIGNERD_TLSCHECK_H

#include <stddef.h>
#include <stdint.h>

#include "signerd/frontmsg.h"

#define TLSCHECK_DAYS	14	/* warn so long before the certificate ends */
#define TLSCHECK_TIME	sizeof("2027-01-31T00:00:00Z")

/* Receives a fault of a file, or a warning about it. */
typedef void	tlscheck_cb(enum front_file, enum front_severity,
		    const char *text, void *arg);

/* Where a file was not given, data is NULL. */
struct tlscheck_text {
	const uint8_t	*data;
	size_t		 len;
};

/*
 * Looks for what libtls would take and clients could not connect with:
 * certificates, key and CRLs that do not belong together or are out of their
 * time.  0 without faults, however many warnings; -1 otherwise.  not_after is
 * filled with the end of the certificate's validity, or is "".
 */
int	tlscheck(const struct tlscheck_text texts[FRONT_NFILES],
	    char not_after[TLSCHECK_TIME], tlscheck_cb *cb, void *arg);

#endif /* SIGNERD_TLSCHECK_H */
