/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef KEYD_PAYLOAD_H
#define KEYD_PAYLOAD_H

#include "keyd/request.h"

/*
 * Block payloads as the OP Stack's sequencer signs them: domain, chain id as
 * 32 bytes and payload hash, 96 bytes, of which the Keccak-256 is signed.
 */
#define PAYLOAD_SIZE	96

enum refusal	payload_check(const struct payload *);
/*
 * A message that begins with 01-7f (EIP-2718 type) or c0-fe (RLP list) could
 * be read as a transaction, and 19 as an EIP-191 message: never signed,
 * whatever a rule says.
 */
bool		payload_domain_safe(const uint8_t domain[HASH_SIZE]);
void		payload_encode(const struct payload *,
		    uint8_t out[PAYLOAD_SIZE]);

#endif /* KEYD_PAYLOAD_H */
