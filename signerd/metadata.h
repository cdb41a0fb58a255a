/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef SIGNERD_METADATA_H
#define SIGNERD_METADATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/json.h"
#include "keyd/request.h"

/*
 * What a proxy adds to a request that it relays: for whom, and how long that
 * one waits.
 */
#define METADATA_ID_MAX	64

struct metadata {
	char		client[CLIENT_MAX + 1];	/* "": it names none */
	char		id[METADATA_ID_MAX + 1];	/* or "" */
	bool		limited;	/* there is a deadline */
	uint64_t	deadline;	/* ms from now on */
};

/*
 * {"client": 1 to 253 printable bytes of ASCII, "id": up to 64 of them,
 * "deadline": integer}; each can be left out, members that are not known are
 * passed over.  0, or -1 and in why what is wrong; errno is ENOMEM where it is
 * just that memory is short.
 */
int	metadata_decode(struct metadata *, const struct json_doc *,
	    const cJSON *, char *why, size_t size);

#endif /* SIGNERD_METADATA_H */
