/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_JSONSCAN_H
#define COMMON_JSONSCAN_H

#include <stddef.h>

#include "common/json.h"

/*
 * The scan under json_parse (common/json.h), for json.c; and the check of
 * UTF-8 in it, for common/websocket.c, too.
 */

/*
 * Where a value stands in the text.  During the scan, len of an array or an
 * object that is still open is the index of the span around it.
 */
struct jsonscan_span {
	size_t		 off;
	size_t		 len;
	const cJSON	*item;		/* for json.c; the scan sets NULL */
};

/* In the order in which values begin, without the names of members. */
struct jsonscan_spans {
	struct jsonscan_span	*v;	/* the caller's to free */
	size_t			 n;
	size_t			 max;
};

/*
 * With spans, which the caller has zeroed, the values are noted in it and
 * strings that a tree cannot hold are refused; without (NULL) it is the
 * grammar alone, and no heap.  *at, if at is not NULL, is the offset of the
 * fault.  There are never more than INT_MAX values.
 */
enum json_error	jsonscan(const char *, size_t, const struct json_limits *,
		    struct jsonscan_spans *, size_t *at);

/*
 * Length of the UTF-8 sequence (RFC 3629, section 4) at p, of which n bytes
 * are there; 0 if it is none.
 */
size_t		jsonscan_utf8(const char *p, size_t n);

#endif /* COMMON_JSONSCAN_H */
