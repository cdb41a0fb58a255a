/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef SIGNERD_REQLOG_H
#define SIGNERD_REQLOG_H

#include <stddef.h>

struct call;
struct keyd_reply;
struct rpc_owner;

/* The log lines of requests: one each, with the fields of signerd(8). */
void	reqlog_signed(const struct call *, const struct keyd_reply *);
void	reqlog_refused(const struct call *, const struct keyd_reply *,
	    const char *text);
/*
 * A call that was answered with an error before it came to keyd: the call is
 * NULL where it was not looked at, and method where there is none.
 */
void	reqlog_rejected(const struct rpc_owner *, const struct call *,
	    const char *method, int code, const char *text);
/* A whole message that was not served (call is NULL), or a call of a link. */
void	reqlog_unavailable(const struct rpc_owner *, const struct call *,
	    const char *reason);
/* A message that is no JSON: what is wrong, and at which byte. */
void	reqlog_unparsed(const struct rpc_owner *, const char *reason,
	    size_t at);

#endif /* SIGNERD_REQLOG_H */
