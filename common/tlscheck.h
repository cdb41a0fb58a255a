/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_TLSCHECK_H
#define COMMON_TLSCHECK_H

#include <stddef.h>
#include <stdint.h>

#include "common/tlsconn.h"
#include "common/tlsfiles.h"

#define TLSCHECK_DAYS	14	/* warn so long before the certificate ends */

/* Where a file was not given, data is NULL. */
struct tlscheck_text {
	const uint8_t	*data;
	size_t		 len;
};

/*
 * Looks for what libtls would take and nobody could connect with, neither
 * the clients of a server nor a client (of proxies, as the texts have it):
 * certificates, key and CRLs that do not belong together or are out of their
 * time.  0 without faults, however many warnings; -1 otherwise.  not_after is
 * filled with the end of the certificate's validity, or is "", and *times with
 * the ends of all.
 */
int	tlscheck(const struct tlscheck_text texts[TLSFILE_COUNT],
	    enum tlsfiles_role, char not_after[TLSFILES_TIME],
	    struct tlsctx_times *times, tlsfiles_cb *cb, void *arg);

#endif /* COMMON_TLSCHECK_H */
