/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef OPSIGN_ANSWER_H
#define OPSIGN_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include "common/json.h"
#include "opsign/fault.h"
#include "opsign/response.h"

/*
 * From an answer of HTTP to the results of JSON-RPC 2.0.  Ids are numbers,
 * one after the other.
 */
struct answer {
	struct json_doc	*doc;
	const cJSON	*root;
};

/*
 * Status, type and grammar.  -1 and the fault: what is no answer of
 * JSON-RPC at all.  answer_clear() either way.
 */
int	answer_read(struct answer *, const struct response *,
	    struct fault *);
void	answer_clear(struct answer *);

/* The whole is the one answer: its result, or NULL and the fault. */
const cJSON *answer_result(const struct answer *, uint64_t id,
	    struct fault *);

/*
 * Each element of a batch's answer, in any order, but each of n ids from
 * first on once: called with the index of the request and its result, or
 * with NULL and the fault.  -1 and the fault where it is no such batch.
 */
typedef void answer_cb(size_t index, const cJSON *result,
	    const struct fault *, void *arg);
int	answer_batch(const struct answer *a, uint64_t first, size_t n,
	    answer_cb *cb, void *arg, struct fault *f);

#endif /* OPSIGN_ANSWER_H */
