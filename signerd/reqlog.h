/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef SIGNERD_REQLOG_H
#define SIGNERD_REQLOG_H

#include <stddef.h>

struct call;
struct client;
struct keyd_reply;

/* The log lines of requests: one each, with the fields of signerd(8). */
void	reqlog_signed(const struct client *, const struct call *,
	    const struct keyd_reply *);
void	reqlog_refused(const struct client *, const struct call *,
	    const struct keyd_reply *, const char *text);
/*
 * A call that was answered with an error before it came to keyd: method is
 * NULL where there is none.
 */
void	reqlog_rejected(const struct client *, const char *method, int code,
	    const char *text);
/* A whole HTTP request that got a 503. */
void	reqlog_unavailable(const struct client *, const char *reason);
/* A body that is no JSON: what is wrong, and at which byte. */
void	reqlog_unparsed(const struct client *, const char *reason, size_t at);

#endif /* SIGNERD_REQLOG_H */
