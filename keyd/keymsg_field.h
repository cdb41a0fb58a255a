/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef KEYD_KEYMSG_FIELD_H
#define KEYD_KEYMSG_FIELD_H

#include <stddef.h>
#include <stdint.h>

#include "compat/imsg.h"
#include "common/u256.h"
#include "keyd/request.h"

/* Fields that several messages of keyd/keymsg.h have.  0, or -1. */

/*
 * Where from and for whom: via in four bytes, KEYD_MAXVIAS at most, then the
 * client: a length in one byte, and up to CLIENT_MAX bytes without controls,
 * none only with a via.
 */
int	keymsg_add_asker(struct ibuf *, uint32_t via,
	    const char client[CLIENT_MAX + 1]);
int	keymsg_get_asker(struct ibuf *, uint32_t *via,
	    char client[CLIENT_MAX + 1]);
int	keymsg_add_u256(struct ibuf *, const struct u256 *);
int	keymsg_get_u256(struct ibuf *, struct u256 *);
/* size bytes, in place. */
int	keymsg_get_ref(struct ibuf *, const uint8_t **, size_t size);
/* A count in four bytes, of items of which as many bytes must be left. */
int	keymsg_get_count(struct ibuf *, size_t itemsize, size_t *count);
/*
 * All of a request, to the end of the message.  Where it is taken its lists
 * are to be freed with request_clear(); where it is not, its id is set if as
 * much could be read.
 */
int	keymsg_add_request(struct ibuf *, const struct request *);
int	keymsg_get_body(struct ibuf *, struct request *);
/* A message of that type, of nothing else. */
int	keymsg_send_asked(struct imsgbuf *, uint32_t type,
	    const struct request *);

#endif /* KEYD_KEYMSG_FIELD_H */
