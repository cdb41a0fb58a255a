/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef KEYD_TRAIL_RECORD_H
#define KEYD_TRAIL_RECORD_H

#include "keyd/keyd.h"

/* Bytes of the longest record of a request. */
#define TRAIL_REASON	"blobs-and-authorizations"	/* the longest */
#define TRAIL_ASKERMAX							\
	(AUDIT_WORDLEN("via", "direct") +				\
	AUDIT_STRLEN("link", AUDIT_NAMEMAX) +				\
	AUDIT_STRLEN("client", CLIENT_MAX) +				\
	AUDIT_WORDLEN("method", "block-payload"))
#define TRAIL_RULEMAX							\
	(AUDIT_NUMLEN("rule") + AUDIT_STRLEN("key", AUDIT_NAMEMAX) +	\
	AUDIT_HEXLEN("address", ADDRESS_SIZE))
#define TRAIL_PAYLOADMAX						\
	(AUDIT_U256LEN("chain") + AUDIT_HEXLEN("domain", HASH_SIZE) +	\
	AUDIT_HEXLEN("payload", HASH_SIZE) +				\
	AUDIT_HEXLEN("sender", ADDRESS_SIZE))
#define TRAIL_TXMAX							\
	(AUDIT_U256LEN("chain") + AUDIT_NUMLEN("type") +		\
	AUDIT_HEXLEN("from", ADDRESS_SIZE) +				\
	AUDIT_HEXLEN("to", ADDRESS_SIZE) + AUDIT_NUMLEN("nonce") +	\
	AUDIT_U256LEN("value"))
#define TRAIL_OUTCOMEMAX						\
	(AUDIT_HEXLEN("digest", HASH_SIZE) +				\
	AUDIT_HEXLEN("txhash", KECCAK_SIZE))
#define TRAIL_REQUESTMAX						\
	(AUDIT_FRAMELEN("refused") + TRAIL_ASKERMAX + TRAIL_RULEMAX +	\
	(TRAIL_PAYLOADMAX > TRAIL_TXMAX ? TRAIL_PAYLOADMAX :		\
	TRAIL_TXMAX) + TRAIL_OUTCOMEMAX)
/* And that of a start, which says the most of the others. */
#define TRAIL_STARTMAX							\
	(AUDIT_FRAMELEN("reload") + AUDIT_NUMLEN("generation") +	\
	AUDIT_NUMLEN("keys") + AUDIT_NUMLEN("rules") +			\
	AUDIT_STRLEN("version", sizeof(VERSION) - 1) +			\
	AUDIT_NUMLEN("worker") + AUDIT_NUMLEN("workers") +		\
	AUDIT_HEXLEN("prev", KECCAK_SIZE) + AUDIT_NUMLEN("torn") +	\
	AUDIT_HEXLEN("tornhash", KECCAK_SIZE) + AUDIT_NUMLEN("tornlines"))

/*
 * What a record says of a request: who asked by which way, with which key,
 * for what, and what became of it.  As trail_request().
 */
void	trail_record(struct audit_line *, const struct keyd *,
	    const struct channel *, const struct request *,
	    const struct keyd_reply *, const char *wrong);

#endif /* KEYD_TRAIL_RECORD_H */
