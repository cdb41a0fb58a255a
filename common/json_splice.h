/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_JSON_SPLICE_H
#define COMMON_JSON_SPLICE_H

#include <stddef.h>

#include "common/json.h"

struct evbuffer;

/*
 * Appends to out the text of an object of that document with its member name
 * set to value, which is len bytes of JSON: replaced where the member is
 * there (the first of that name), else added as the first member.  All else
 * stays as it was written.  0; or -1, and out as it was, where memory is
 * short or this is no object of the document.
 */
int	json_splice(struct evbuffer *out, const struct json_doc *,
	    const cJSON *object, const char *name, const char *value,
	    size_t len);

#endif /* COMMON_JSON_SPLICE_H */
