/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef KEYD_POLICY_H
#define KEYD_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keyd/request.h"

/*
 * The rules, in the order of the configuration: who may have what signed
 * with which key.  A rule permits what all of its clauses permit.
 */
#define RULE_TRANSACTION	(1U << 0)
#define RULE_PAYLOAD		(1U << 1)
#define RULE_METHODS		(RULE_TRANSACTION | RULE_PAYLOAD)
/* Bits of rule.has. */
#define RULE_TO			(1U << 0)	/* a list: no creation */
#define RULE_MAXVALUE		(1U << 1)
#define RULE_MAXFEE		(1U << 2)
#define RULE_ANYDOMAIN		(1U << 3)
#define RULE_HASBITS		((1U << 4) - 1)

/*
 * via 0: for direct connections; else for the link to the proxy of that
 * number, counted from 1.  An empty client, which only a rule with a via can
 * have, matches requests that name none.
 */
struct rule {
	uint32_t	 via;
	char		 client[CLIENT_MAX + 1];
	uint32_t	 key;		/* index of the key */
	uint32_t	 methods;	/* RULE_TRANSACTION, RULE_PAYLOAD */
	uint32_t	 has;
	struct u256	*chains;	/* none: any, transactions only */
	size_t		 nchains;
	uint8_t		(*domains)[HASH_SIZE];	/* none: zeros */
	size_t		 ndomains;
	uint8_t		(*to)[ADDRESS_SIZE];
	size_t		 nto;
	struct u256	 max_value;	/* wei */
	struct u256	 max_fee;	/* wei, see tx_max_cost() */
};

/* Frees the lists; the struct is the caller's. */
void		 rule_clear(struct rule *);

/* Address of the key with that index; the index has been checked. */
struct policy {
	struct rule	*rules;
	size_t		 nrules;
	uint8_t		(*addresses)[ADDRESS_SIZE];
	size_t		 nkeys;
};

void		 policy_clear(struct policy *);

/*
 * Decides on a request.  The order is: a rule of the client, for where the
 * request comes from; the arguments (tx_check, payload_check); the sender;
 * the first rule that permits.
 * REFUSAL_NONE and the rule's index in *rule; else the refusal, and *rule is
 * the index of the rule that it came from, or POLICY_NORULE.
 */
#define POLICY_NORULE	UINT32_MAX
enum refusal	 policy_decide(const struct policy *, const struct request *,
		    uint32_t *rule);

/* What one rule says of a request. */
struct policy_verdict {
	uint32_t	 rule;
	enum refusal	 refusal;
};
#define POLICY_VERDICTS	32

/*
 * That of each rule of the asker, in their order, as far as there is room:
 * REFUSAL_FROM where the sender is another, else what policy_permit() says.
 * Returns their number.
 */
size_t		 policy_explain(const struct policy *, const struct request *,
		    struct policy_verdict [POLICY_VERDICTS]);

/*
 * Whether one rule permits the request by its clauses (method, chain, domain,
 * to, value, fee), whoever asks and with whichever key: REFUSAL_NONE, or the
 * first refusal in the order of the protocol.  A method that the rule lacks
 * is REFUSAL_METHOD for a transaction, REFUSAL_FORBIDDEN for a payload.  The
 * arguments are not checked here; fields that are absent count as zeros.
 */
enum refusal	 policy_permit(const struct rule *, const struct request *);

#endif /* KEYD_POLICY_H */
