/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <string.h>

#include "keyd/payload.h"

enum refusal
payload_check(const struct payload *payload)
{
	if (payload->has & PAYLOAD_CHAINRANGE)
		return (REFUSAL_PCHAINRANGE);
	if (!(payload->has & PAYLOAD_CHAIN))
		return (REFUSAL_PCHAIN);
	if (payload->has & PAYLOAD_HASHLENGTH)
		return (REFUSAL_PHASHLENGTH);
	if (!(payload->has & PAYLOAD_HASH))
		return (REFUSAL_PHASH);
	return (REFUSAL_NONE);
}

bool
payload_domain_safe(const uint8_t domain[HASH_SIZE])
{
	uint8_t first = domain[0];

	if (first >= 0x01 && first <= 0x7f)
		return (false);
	return (first < 0xc0 || first == 0xff);
}

void
payload_encode(const struct payload *payload, uint8_t out[PAYLOAD_SIZE])
{
	memcpy(out, payload->domain, HASH_SIZE);
	memcpy(out + HASH_SIZE, payload->chain_id.b, U256_SIZE);
	memcpy(out + HASH_SIZE + U256_SIZE, payload->hash, HASH_SIZE);
}
