/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_TLSTRUST_H
#define COMMON_TLSTRUST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Whom a TLS context trusts, for certificates that were verified before it
 * was made: those of connections that live on.
 */
struct tlstrust;

/*
 * Of a PEM bundle of CAs and, where it is not NULL, one of CRLs; servers: it
 * is servers that are judged, else clients.  NULL where they cannot be read
 * or memory is short.
 */
struct tlstrust	*tlstrust_new(const uint8_t *ca, size_t calen,
		    const uint8_t *crl, size_t crllen, bool servers);
void		 tlstrust_free(struct tlstrust *);	/* NULL is fine */
/*
 * Whether a chain in PEM, its leaf first, is trusted now; if not, why says
 * what is wrong.
 */
bool		 tlstrust_verify(struct tlstrust *, const uint8_t *chain,
		    size_t len, char *why, size_t size);

#endif /* COMMON_TLSTRUST_H */
