/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdlib.h>
#include <string.h>

#include "keyd/payload.h"
#include "keyd/policy.h"
#include "keyd/tx.h"

void
policy_clear(struct policy *policy)
{
	size_t	i;

	for (i = 0; i < policy->nrules; i++)
		rule_clear(&policy->rules[i]);
	free(policy->rules);
	free(policy->addresses);
	memset(policy, 0, sizeof(*policy));
}

static bool
chain_listed(const struct rule *rule, const struct u256 *chain)
{
	size_t	i;

	for (i = 0; i < rule->nchains; i++)
		if (u256_cmp(&rule->chains[i], chain) == 0)
			return (true);
	return (false);
}

static bool
to_listed(const struct rule *rule, const struct tx *tx)
{
	size_t	i;

	if ((tx->has & TX_TO) == 0)
		return (false);
	for (i = 0; i < rule->nto; i++)
		if (memcmp(rule->to[i], tx->to, ADDRESS_SIZE) == 0)
			return (true);
	return (false);
}

static bool
domain_listed(const struct rule *rule, const uint8_t domain[HASH_SIZE])
{
	static const uint8_t	zeros[HASH_SIZE];
	size_t			i;

	if (rule->has & RULE_ANYDOMAIN)
		return (true);
	if (rule->ndomains == 0)
		return (memcmp(domain, zeros, HASH_SIZE) == 0);
	for (i = 0; i < rule->ndomains; i++)
		if (memcmp(rule->domains[i], domain, HASH_SIZE) == 0)
			return (true);
	return (false);
}

static bool
fee_exceeds(const struct rule *rule, const struct tx *tx)
{
	struct u256	cost;

	/* A cost that does not fit in 256 bits is over any maximum. */
	return (tx_max_cost(tx, &cost) == -1 ||
	    u256_cmp(&cost, &rule->max_fee) > 0);
}

static bool
method_listed(const struct rule *rule, const struct request *request)
{
	return ((rule->methods & (request->method == METHOD_TRANSACTION ?
	    RULE_TRANSACTION : RULE_PAYLOAD)) != 0);
}

static enum refusal
permit_tx(const struct rule *rule, const struct tx *tx)
{
	if (rule->nchains > 0 && !chain_listed(rule, &tx->chain_id))
		return (REFUSAL_TXCHAIN);
	if (rule->has & RULE_TO && !to_listed(rule, tx))
		return (REFUSAL_TO);
	if (rule->has & RULE_MAXVALUE && tx->has & TX_VALUE &&
	    u256_cmp(&tx->value, &rule->max_value) > 0)
		return (REFUSAL_VALUE);
	if (rule->has & RULE_MAXFEE && fee_exceeds(rule, tx))
		return (REFUSAL_FEE);
	return (REFUSAL_NONE);
}

static enum refusal
permit_payload(const struct rule *rule, const struct payload *payload)
{
	if (!chain_listed(rule, &payload->chain_id))
		return (REFUSAL_CHAINID);
	if (!payload_domain_safe(payload->domain) ||
	    !domain_listed(rule, payload->domain))
		return (REFUSAL_DOMAIN);
	return (REFUSAL_NONE);
}

/* What the decision needs of a request, whatever its method. */
struct asked {
	size_t		 clientsize;	/* with its NUL */
	const uint8_t	*sender;	/* NULL: none named */
	enum refusal	 nosender;	/* no key of the client has it */
};

static void
ask(const struct request *request, struct asked *asked)
{
	asked->clientsize = strlen(request->client) + 1;
	asked->sender = NULL;
	if (request->method == METHOD_TRANSACTION) {
		if (request->tx.has & TX_FROM)
			asked->sender = request->tx.from;
		asked->nosender = REFUSAL_FROM;
	} else {
		if (request->payload.has & PAYLOAD_SENDER)
			asked->sender = request->payload.sender;
		asked->nosender = REFUSAL_FORBIDDEN;
	}
}

static enum refusal
check(const struct request *request)
{
	if (request->method == METHOD_TRANSACTION)
		return (tx_check(&request->tx));
	return (payload_check(&request->payload));
}

static bool
asker_listed(const struct rule *rule, const struct request *request,
    const struct asked *asked)
{
	return (rule->via == request->via &&
	    memcmp(rule->client, request->client, asked->clientsize) == 0);
}

enum refusal
policy_permit(const struct rule *rule, const struct request *request)
{
	if (request->method == METHOD_TRANSACTION)
		return (method_listed(rule, request) ?
		    permit_tx(rule, &request->tx) : REFUSAL_METHOD);
	return (method_listed(rule, request) ?
	    permit_payload(rule, &request->payload) : REFUSAL_FORBIDDEN);
}

static bool
sender_agrees(const struct policy *policy, const struct rule *rule,
    const struct asked *asked)
{
	return (asked->sender == NULL ||
	    memcmp(policy->addresses[rule->key], asked->sender,
	    ADDRESS_SIZE) == 0);
}

size_t
policy_explain(const struct policy *policy, const struct request *request,
    struct policy_verdict verdicts[POLICY_VERDICTS])
{
	const struct rule	*rule;
	struct asked		 asked;
	size_t			 i, n = 0;

	ask(request, &asked);
	for (i = 0; i < policy->nrules && n < POLICY_VERDICTS; i++) {
		rule = &policy->rules[i];
		if (!asker_listed(rule, request, &asked))
			continue;
		verdicts[n].rule = (uint32_t)i;
		verdicts[n++].refusal = sender_agrees(policy, rule, &asked) ?
		    policy_permit(rule, request) : REFUSAL_FROM;
	}
	return (n);
}

/*
 * One pass: what is found on the way decides what the refusal is if no rule
 * permits.  The arguments are checked when the first rule of the client
 * comes up.
 */
enum refusal
policy_decide(const struct policy *policy, const struct request *request,
    uint32_t *index)
{
	enum refusal		 refusal = REFUSAL_FORBIDDEN, r;
	const struct rule	*rule;
	struct asked		 asked;
	bool			 known = false, fits = false;
	size_t			 i;

	*index = POLICY_NORULE;
	ask(request, &asked);
	for (i = 0; i < policy->nrules; i++) {
		rule = &policy->rules[i];
		if (!asker_listed(rule, request, &asked))
			continue;
		if (!known) {
			known = true;
			if ((r = check(request)) != REFUSAL_NONE)
				return (r);
			refusal = asked.nosender;
		}
		if (!sender_agrees(policy, rule, &asked))
			continue;
		r = policy_permit(rule, request);
		if (r != REFUSAL_NONE && fits)
			continue;
		refusal = r;
		if (!method_listed(rule, request))
			continue;
		fits = true;
		*index = (uint32_t)i;
		if (r == REFUSAL_NONE)
			break;
	}
	return (refusal);
}
