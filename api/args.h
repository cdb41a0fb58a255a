/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef API_ARGS_H
#define API_ARGS_H

#include <stddef.h>

#include "common/json.h"
#include "keyd/request.h"

/*
 * From a JSON argument to the typed request that keyd takes: encodings are
 * checked here, meaning is keyd's.  Strict: unknown and repeated members,
 * names in another case, numbers where strings should be are refused.
 */
struct args {
	struct request	 request;	/* method and fields */
	/* What the request points to. */
	uint8_t		*data;
	uint8_t		*input;
	uint8_t		*keys;
	uint8_t		*blobs;
	struct tx_access *access;
	struct tx_auth	*auths;
};

/*
 * 0, or -1 and in why what is wrong ("nonce: hex number with leading zero
 * digits"); errno is ENOMEM where it is just that memory is short, else 0.
 * Either way args_clear() is to be called.
 */
int	args_transaction(struct args *, const struct json_doc *,
	    const cJSON *arg, char *why, size_t size);
int	args_payload_v1(struct args *, const struct json_doc *,
	    const cJSON *arg, char *why, size_t size);
int	args_payload_v2(struct args *, const struct json_doc *,
	    const cJSON *arg, char *why, size_t size);
/* kona's object: V2's encodings, but chainId a number. */
int	args_payload_kona(struct args *, const struct json_doc *,
	    const cJSON *arg, char *why, size_t size);
void	args_clear(struct args *);

#endif /* API_ARGS_H */
