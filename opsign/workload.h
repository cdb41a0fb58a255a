/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef OPSIGN_WORKLOAD_H
#define OPSIGN_WORKLOAD_H

#include <stdint.h>

#include "keyd/request.h"
#include "opsign/payloadjson.h"
#include "opsign/response.h"
#include "opsign/settings.h"

/*
 * What a benchmark asks for: requests that differ from one another in their
 * id and in what is signed, made by changing digits in a text that stays as
 * long as it is.
 */
enum workload_method {
	WORKLOAD_PAYLOAD,
	WORKLOAD_TX,
	WORKLOAD_HEALTH		/* GET /healthz */
};

#define WORKLOAD_BATCH_MAX	1000
/* Ids have 15 digits, from this one on. */
#define WORKLOAD_FIRST	100000000000000ULL

struct workload {
	enum workload_method	 method;
	size_t			 batch;		/* 0: no array */
	size_t			 each;		/* requests an exchange */
	unsigned int		 share;		/* to be verified, percent */
	uint64_t		 next;		/* id */

	char			*head;
	size_t			 headlen;
	char			*body;		/* of the next exchange */
	size_t			 len;
	size_t			 stride;	/* from one request to the next */
	size_t			 idat;		/* where the first has its id */
	size_t			 varyat;	/* and the digits that vary */

	enum payload_form	 form;
	struct payload		 payload;
	const struct tx		*tx;
	const uint8_t		*expected;	/* who shall have signed */
	uint8_t			 found[ADDRESS_SIZE];	/* who has */
	unsigned int		 due;		/* hundredths of a check */
};

/* What an exchange has brought. */
struct workload_counts {
	uint64_t	 answered;
	uint64_t	 verified;
	uint64_t	 errors[FAULT_KINDS];
	struct fault	 fault[FAULT_KINDS];	/* of each the last one */
};

/*
 * One of these, then the fields method, batch, share and expected are as
 * given; text is the argument of eth_signTransaction, with a nonce of
 * WORKLOAD_NONCE, and tx what it means.  -1 where memory is short.
 */
#define WORKLOAD_NONCE	"0x10000000"
int	workload_payload(struct workload *, const struct endpoint *,
	    const struct payload *, enum payload_form, size_t batch);
int	workload_tx(struct workload *, const struct endpoint *,
	    const char *text, const struct tx *, size_t batch);
int	workload_health(struct workload *, const struct endpoint *);
void	workload_clear(struct workload *);

/* Makes head and body those of the next exchange; the id of its first. */
uint64_t workload_next(struct workload *);
/* Looks at the answer to that one, and adds to what is counted. */
void	workload_check(struct workload *, const struct response *,
	    uint64_t first, struct workload_counts *);

#endif /* OPSIGN_WORKLOAD_H */
