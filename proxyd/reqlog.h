/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef PROXYD_REQLOG_H
#define PROXYD_REQLOG_H

#include <stddef.h>
#include <stdint.h>

#include "keyd/request.h"
#include "proxyd/count.h"

struct call;
struct httpconn;
struct link;

/* The log lines of clients' requests: one each, with proxyd(8)'s fields. */

/* A signer's signature goes to the client; sent: clock_us(). */
void	reqlog_relayed(const struct call *, const struct link *,
	    uint64_t sent);
/* A signer's refusal goes to the client. */
void	reqlog_refused_by(const struct call *, const struct link *, int code,
	    const char *text);
/* Refused here; rule can be POLICY_NORULE. */
void	reqlog_refused(const struct httpconn *, const struct request *,
	    enum refusal, uint32_t rule, const char *text);
/* Not a request that a signer could be asked for; method can be NULL. */
void	reqlog_rejected(const struct httpconn *, const char *method, int code,
	    const char *text);
/* A whole HTTP request that got a 503; by which call of it, or NULL. */
void	reqlog_unavailable(const struct httpconn *, const struct call *,
	    enum reason);
/* A body that is no JSON: what is wrong, and at which byte. */
void	reqlog_unparsed(const struct httpconn *, const char *reason,
	    size_t at);

#endif /* PROXYD_REQLOG_H */
