/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>
#include <string.h>

#include "api/method.h"
#include "common/hex.h"

#define MODULES								\
	"{\"eth\":\"1.0\",\"health\":\"1.0\",\"opsigner\":\"1.0\","	\
	"\"rpc\":\"1.0\"}"

static const struct method methods[] = {
	{ "opsigner_signBlockPayload", NULL, args_payload_v1,
	    args_payload_kona, "senderAddress" },
	{ "opsigner_signBlockPayloadV2", NULL, args_payload_v2, NULL,
	    "senderAddress" },
	{ "eth_signTransaction", NULL, args_transaction, NULL, "from" },
	{ "health_status", METHOD_HEALTH, NULL, NULL, NULL },
	{ "rpc_modules", MODULES, NULL, NULL, NULL }
};

const struct method *
method_find(const char *name)
{
	size_t	 i;

	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(methods[i].name, name) == 0)
			return (&methods[i]);
	return (NULL);
}

void
refusal_message(char *text, size_t size, enum refusal refusal,
    const struct request *request, const char *kind, const char *name)
{
	char	 fee[HEX_QUANTITYSIZE], tip[HEX_QUANTITYSIZE];

	switch (refusal) {
	case REFUSAL_FORBIDDEN:
		snprintf(text, size, "Forbidden: %s '%s' is not authorized "
		    "to use any keys", kind, name);
		break;
	case REFUSAL_FEEORDER:
		hex_from_quantity(fee, &request->tx.max_fee);
		hex_from_quantity(tip, &request->tx.max_priority_fee);
		snprintf(text, size, "maxFeePerGas (%s) < "
		    "maxPriorityFeePerGas (%s)", fee, tip);
		break;
	default:
		snprintf(text, size, "%s", refusal_text(refusal));
		break;
	}
}
