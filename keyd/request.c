/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include "keyd/request.h"

#define CODE_FORBIDDEN		(-32000)
#define CODE_BUSY		(-32005)
#define CODE_DEADLINE		(-32006)
#define CODE_TXARGUMENT		(-32010)
#define CODE_TXPOLICY		(-32011)
#define CODE_PAYLOADARGUMENT	(-32012)
#define CODE_PAYLOADPOLICY	(-32013)
#define CODE_INTERNAL		(-32603)

static const struct {
	int		 code;
	const char	*name;
	const char	*text;
} refusals[REFUSAL_MAX] = {
	[REFUSAL_NONE] = { 0, "none", "not refused" },
	[REFUSAL_FORBIDDEN] = { CODE_FORBIDDEN, "forbidden",
	    "Forbidden: client is not authorized to use any keys" },

	[REFUSAL_GAS] = { CODE_TXARGUMENT, "gas-missing",
	    "gas not specified" },
	[REFUSAL_GASPRICE] = { CODE_TXARGUMENT, "gas-price",
	    "only accepts maxFeePerGas/maxPriorityFeePerGas params" },
	[REFUSAL_FEES] = { CODE_TXARGUMENT, "fees-missing",
	    "missing maxFeePerGas or maxPriorityFeePerGas" },
	[REFUSAL_FEEORDER] = { CODE_TXARGUMENT, "fee-order",
	    "maxFeePerGas < maxPriorityFeePerGas" },
	[REFUSAL_NONCE] = { CODE_TXARGUMENT, "nonce-missing",
	    "nonce not specified" },
	[REFUSAL_DATAINPUT] = { CODE_TXARGUMENT, "data-and-input",
	    "both \"data\" and \"input\" are set and not equal. "
	    "Please use \"input\" to pass transaction call data" },
	[REFUSAL_CREATION] = { CODE_TXARGUMENT, "creation-without-data",
	    "contract creation without any data provided" },
	[REFUSAL_CHAIN] = { CODE_TXARGUMENT, "chain-missing",
	    "chain id not specified" },
	[REFUSAL_BLOBSEMPTY] = { CODE_TXARGUMENT, "blobs-empty",
	    "non-null blob versioned hashes should not be empty" },
	[REFUSAL_BLOBFEE] = { CODE_TXARGUMENT, "blob-fee-missing",
	    "when including blobs a blob-fee-cap is required" },
	[REFUSAL_NOBLOBS] = { CODE_TXARGUMENT, "blob-fee-without-blobs",
	    "unexpected blob-fee-cap, transaction does not include blobs" },
	[REFUSAL_AUTHSEMPTY] = { CODE_TXARGUMENT, "authorizations-empty",
	    "non-null auth list should not be empty" },
	[REFUSAL_CHAINZERO] = { CODE_TXARGUMENT, "chain-zero",
	    "chain id must not be zero" },
	[REFUSAL_BLOBTO] = { CODE_TXARGUMENT, "blob-without-to",
	    "blob transaction without \"to\"" },
	[REFUSAL_AUTHTO] = { CODE_TXARGUMENT, "set-code-without-to",
	    "set-code transaction without \"to\"" },
	[REFUSAL_BLOBAUTH] = { CODE_TXARGUMENT, "blobs-and-authorizations",
	    "blobs and authorizations in one transaction" },
	[REFUSAL_TYPE] = { CODE_TXARGUMENT, "type",
	    "type does not agree with the members" },
	[REFUSAL_FROM] = { CODE_TXARGUMENT, "from",
	    "unexpected from address" },

	[REFUSAL_METHOD] = { CODE_TXPOLICY, "method",
	    "method not authorized" },
	[REFUSAL_TXCHAIN] = { CODE_TXPOLICY, "chain",
	    "chain not authorized" },
	[REFUSAL_TO] = { CODE_TXPOLICY, "to",
	    "to address not authorized" },
	[REFUSAL_VALUE] = { CODE_TXPOLICY, "value",
	    "value exceeds maximum" },
	[REFUSAL_FEE] = { CODE_TXPOLICY, "fee",
	    "fee exceeds maximum" },

	[REFUSAL_PCHAIN] = { CODE_PAYLOADARGUMENT, "payload-chain-missing",
	    "chainId not specified" },
	[REFUSAL_PCHAINRANGE] = { CODE_PAYLOADARGUMENT,
	    "payload-chain-range", "chain_id is too large" },
	[REFUSAL_PHASH] = { CODE_PAYLOADARGUMENT, "payload-hash-missing",
	    "payloadHash not specified" },
	[REFUSAL_PHASHLENGTH] = { CODE_PAYLOADARGUMENT,
	    "payload-hash-length", "payloadHash has unexpected length" },

	[REFUSAL_CHAINID] = { CODE_PAYLOADPOLICY, "payload-chain",
	    "unexpected chainId" },
	[REFUSAL_DOMAIN] = { CODE_PAYLOADPOLICY, "payload-domain",
	    "domain not authorized" },

	[REFUSAL_DEADLINE] = { CODE_DEADLINE, "deadline",
	    "deadline exceeded" },
	[REFUSAL_INTERNAL] = { CODE_INTERNAL, "internal",
	    "internal error" },
	[REFUSAL_AUDIT] = { CODE_BUSY, "audit",
	    "busy" }
};

/* A value that is none of the enumeration counts as a fault of our own. */
static enum refusal
known(enum refusal refusal)
{
	if ((unsigned int)refusal >= REFUSAL_MAX)
		return (REFUSAL_INTERNAL);
	return (refusal);
}

int
refusal_code(enum refusal refusal)
{
	return (refusals[known(refusal)].code);
}

const char *
refusal_text(enum refusal refusal)
{
	return (refusals[known(refusal)].text);
}

const char *
refusal_name(enum refusal refusal)
{
	return (refusals[known(refusal)].name);
}
