/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef OPSIGN_PAYLOADJSON_H
#define OPSIGN_PAYLOADJSON_H

#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "keyd/request.h"
#include "opsign/fault.h"

/* The three ways in which clients of the OP Stack ask for a payload. */
enum payload_form {
	PAYLOAD_V1,		/* opsigner_signBlockPayload, Go's */
	PAYLOAD_V2,		/* opsigner_signBlockPayloadV2 */
	PAYLOAD_KONA		/* opsigner_signBlockPayload with an object */
};

/* "v1", "1", "v2", "2", "kona", in any case; -1 for others. */
int	payload_form(const char *, enum payload_form *);

#define PAYLOAD_JSON_SIZE	1024

/* A request of JSON-RPC, without a NUL; its length. */
size_t	payload_json(char out[PAYLOAD_JSON_SIZE], const struct payload *,
	    enum payload_form, uint64_t id);
/* The signature in a result, kona's in an object; NULL and the fault. */
const cJSON *payload_result(const cJSON *, enum payload_form,
	    struct fault *);

#endif /* OPSIGN_PAYLOADJSON_H */
