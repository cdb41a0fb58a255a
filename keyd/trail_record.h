/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef KEYD_TRAIL_RECORD_H
#define KEYD_TRAIL_RECORD_H

#include "keyd/keyd.h"

/*
 * What a record says of a request: who asked by which way, with which key,
 * for what, and what became of it.  As trail_request().
 */
void	trail_record(struct audit_line *, const struct keyd *,
	    const struct channel *, const struct request *,
	    const struct keyd_reply *, const char *wrong);

#endif /* KEYD_TRAIL_RECORD_H */
