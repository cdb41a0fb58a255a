/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>

#include "keyd/trail_record.h"
#include "keyd/tx.h"

_Static_assert(TRAIL_REQUESTMAX <= AUDIT_LINEMAX, "a record does not fit");
_Static_assert(AUDIT_WORDLEN("reason", TRAIL_REASON) <= TRAIL_OUTCOMEMAX,
    "a refusal says more than a signature");
_Static_assert(sizeof(((struct request *)NULL)->client) == CLIENT_MAX + 1 &&
    sizeof(((struct audit_name *)NULL)->name) == AUDIT_NAMEMAX + 1,
    "names of another length");

static void
add_number_name(struct audit_line *line, const char *key, const char *name,
    uint32_t number)
{
	char	 text[16];

	if (name == NULL) {
		snprintf(text, sizeof(text), "#%u", number);
		name = text;
	}
	audit_str(line, key, name);
}

/* By which way it came is told by its channel, whatever the request says. */
static void
add_asker(struct audit_line *line, const struct trail_set *set,
    const struct channel *c, const struct request *request)
{
	audit_str(line, "via", c->role == KEYD_LINK ? "link" : "direct");
	if (request->via != 0)
		add_number_name(line, "link", set->links[request->via],
		    request->via);
	audit_str(line, "client", request->client);
	audit_str(line, "method", request->method == METHOD_PAYLOAD ?
	    "block-payload" : "transaction");
}

/* The rule that decided, and its key. */
static void
add_rule(struct audit_line *line, const struct keyd *k,
    const struct keyd_reply *reply)
{
	const struct policy	*policy = &k->now->policy;
	uint32_t		 key;

	if (reply->rule == POLICY_NORULE)
		return;
	key = policy->rules[reply->rule].key;
	audit_num(line, "rule", (uint64_t)reply->rule + 1);
	add_number_name(line, "key", k->trail.set->keys[key], key);
	audit_hex(line, "address", policy->addresses[key], ADDRESS_SIZE);
}

static void
add_payload(struct audit_line *line, const struct payload *p)
{
	if (p->has & PAYLOAD_CHAIN)
		audit_u256(line, "chain", &p->chain_id);
	audit_hex(line, "domain", p->domain, HASH_SIZE);
	if (p->has & PAYLOAD_HASH)
		audit_hex(line, "payload", p->hash, HASH_SIZE);
	if (p->has & PAYLOAD_SENDER)
		audit_hex(line, "sender", p->sender, ADDRESS_SIZE);
}

/* What the request says; the type of what was signed is known in any case. */
static void
add_tx(struct audit_line *line, const struct tx *tx, bool is_signed)
{
	if (tx->has & TX_CHAINID)
		audit_u256(line, "chain", &tx->chain_id);
	if (is_signed)
		audit_num(line, "type", tx_type(tx));
	else if (tx->has & TX_TYPE)
		audit_num(line, "type", tx->type);
	if (tx->has & TX_FROM)
		audit_hex(line, "from", tx->from, ADDRESS_SIZE);
	if (tx->has & TX_TO)
		audit_hex(line, "to", tx->to, ADDRESS_SIZE);
	if (tx->has & TX_NONCE)
		audit_num(line, "nonce", tx->nonce);
	if (tx->has & TX_VALUE)
		audit_u256(line, "value", &tx->value);
}

void
trail_record(struct audit_line *line, const struct keyd *k,
    const struct channel *c, const struct request *request,
    const struct keyd_reply *reply, const char *wrong)
{
	bool		 is_signed = wrong == NULL &&
			    reply->refusal == REFUSAL_NONE;
	uint8_t		 txhash[KECCAK_SIZE];

	add_asker(line, k->trail.set, c, request);
	add_rule(line, k, reply);
	if (request->method == METHOD_PAYLOAD)
		add_payload(line, &request->payload);
	else
		add_tx(line, &request->tx, is_signed);
	if (!is_signed) {
		audit_str(line, "reason", wrong != NULL ? wrong :
		    refusal_name(reply->refusal));
		return;
	}
	audit_hex(line, "digest", reply->digest, HASH_SIZE);
	if (request->method == METHOD_PAYLOAD)
		return;
	keccak256(txhash, reply->result, reply->resultlen);
	audit_hex(line, "txhash", txhash, sizeof(txhash));
}
