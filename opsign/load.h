/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef OPSIGN_LOAD_H
#define OPSIGN_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "opsign/endpoint.h"
#include "opsign/latency.h"
#include "opsign/workload.h"

/*
 * A closed loop: so many connections, each with one request (or batch) under
 * way, and the next as soon as the answer is there, or at its time where a
 * rate is given.  Then times are from that time on, so that what waited for a
 * slow server counts.
 */
struct load_options {
	unsigned int	 connections;
	unsigned int	 warmup_ms;
	unsigned int	 duration_ms;
	uint64_t	 rate;		/* requests a second of all; 0: none */
	bool		 reconnect;	/* a new connection for each */
	bool		 progress;	/* a line on standard error */
	bool		 phases;	/* lines: "measuring", "measured" */
};

/* Of the time after the warm-up. */
struct load_result {
	uint64_t	 answered;	/* requests, each of a batch */
	uint64_t	 exchanges;	/* of HTTP, whose times are below */
	uint64_t	 verified;	/* keys recovered */
	uint64_t	 errors[FAULT_KINDS];	/* requests */
	struct fault	 first[FAULT_KINDS];	/* what it said */
	uint64_t	 handshakes;
	uint64_t	 reconnects;	/* of connections that were lost */
	double		 seconds;
	double		 cpu_seconds;	/* of this process */
	struct latency	 latency;
	struct latency	 handshake;	/* TCP and TLS; of all, in warm-up, too */
};

/* Until it is over, or SIGINT or SIGTERM.  -1 where memory is short. */
int	load_run(const struct load_options *, const struct endpoint *,
	    struct workload *, struct load_result *);

#endif /* OPSIGN_LOAD_H */
