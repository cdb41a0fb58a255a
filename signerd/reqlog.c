/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>

#include "common/log.h"
#include "keyd/keccak.h"
#include "signerd/keynames.h"
#include "signerd/reqcount.h"
#include "signerd/reqlog.h"
#include "signerd/rpc.h"

static const char *
method_name(const struct request *request)
{
	switch (request->method) {
	case METHOD_TRANSACTION:
		return ("transaction");
	case METHOD_PAYLOAD:
		return ("block-payload");
	}
	return ("unknown");
}

static void
log_chain(struct log_record *r, const struct request *request)
{
	const struct u256	*chain;
	char			 text[U256_DECSIZE];

	if (request->method == METHOD_TRANSACTION) {
		if ((request->tx.has & TX_CHAINID) == 0)
			return;
		chain = &request->tx.chain_id;
	} else {
		if ((request->payload.has & PAYLOAD_CHAIN) == 0)
			return;
		chain = &request->payload.chain_id;
	}
	u256_to_dec(chain, text);
	log_str(r, "chain", text);
}

static void
log_quantity(struct log_record *r, const char *key, const struct u256 *n)
{
	char	 text[U256_DECSIZE];

	u256_to_dec(n, text);
	log_str(r, key, text);
}

/* What a rule is asked to permit. */
static void
log_tx(struct log_record *r, const struct tx *tx)
{
	if (tx->has & TX_FROM)
		log_hex(r, "sender", tx->from, ADDRESS_SIZE);
	if (tx->has & TX_TO)
		log_hex(r, "to", tx->to, ADDRESS_SIZE);
	else
		log_str(r, "to", "creation");
	if (tx->has & TX_VALUE)
		log_quantity(r, "value", &tx->value);
	if (tx->has & TX_NONCE)
		log_num(r, "nonce", tx->nonce);
	if (tx->has & TX_GAS)
		log_num(r, "gas", tx->gas);
	if (tx->has & TX_MAXFEE)
		log_quantity(r, "max_fee_per_gas", &tx->max_fee);
	if (tx->nblobs > 0) {
		log_num(r, "blobs", tx->nblobs);
		log_quantity(r, "max_fee_per_blob_gas", &tx->max_blob_fee);
	}
}

static void
log_payload(struct log_record *r, const struct payload *payload)
{
	if (payload->has & PAYLOAD_SENDER)
		log_hex(r, "sender", payload->sender, ADDRESS_SIZE);
	log_hex(r, "domain", payload->domain, HASH_SIZE);
}

static void
log_times(struct log_record *r, const struct call *call,
    const struct keyd_reply *reply)
{
	const struct reqcount_times	 t = reqcount_times(call, reply);

	log_num(r, "queue_us", t.queue);
	log_num(r, "keyd_us", t.keyd);
	log_num(r, "total_us", t.total);
}

/* Who asks; the call, where there is one, for whom and which it is. */
static void
log_asker(struct log_record *r, const struct rpc_owner *owner,
    const struct call *call)
{
	log_str(r, "client", owner->metadata && call != NULL ?
	    call->args.request.client : owner->client);
	if (owner->link != NULL)
		log_str(r, "link", owner->link);
	if (call != NULL && call->origin[0] != '\0')
		log_str(r, "id", call->origin);
	log_str(r, "peer", owner->peer);
}

static void
log_head(struct log_record *r, const struct call *call)
{
	log_asker(r, call_owner(call), call);
	log_str(r, "method", method_name(&call->args.request));
	log_chain(r, &call->args.request);
	switch (call->args.request.method) {
	case METHOD_TRANSACTION:
		log_tx(r, &call->args.request.tx);
		break;
	case METHOD_PAYLOAD:
		log_payload(r, &call->args.request.payload);
		break;
	}
}

void
reqlog_signed(const struct call *call, const struct keyd_reply *reply)
{
	const struct rpc_owner	*owner = call_owner(call);
	const struct front_key	*key;
	struct log_record	 r;
	uint8_t			 hash[KECCAK_SIZE];

	if (!log_start(&r, LOG_LVL_INFO, "signed"))
		return;
	log_head(&r, call);
	log_hex(&r, "digest", reply->digest, sizeof(reply->digest));
	if (call->args.request.method == METHOD_TRANSACTION) {
		keccak256(hash, reply->result, reply->resultlen);
		log_hex(&r, "txhash", hash, sizeof(hash));
	}
	if ((key = keynames_find(owner->names, call->worker,
	    reply->key)) != NULL) {
		log_str(&r, "key", key->name);
		log_hex(&r, "address", key->address, ADDRESS_SIZE);
	}
	log_num(&r, "rule", (uint64_t)reply->rule + 1);
	log_times(&r, call, reply);
	log_end(&r);
}

void
reqlog_refused(const struct call *call, const struct keyd_reply *reply,
    const char *text)
{
	struct log_record	 r;
	char			 code[16];

	if (!log_start(&r, LOG_LVL_WARN, "refused"))
		return;
	log_head(&r, call);
	snprintf(code, sizeof(code), "%d", refusal_code(reply->refusal));
	log_str(&r, "code", code);
	log_str(&r, "result", refusal_name(reply->refusal));
	log_str(&r, "reason", text);
	if (reply->rule != POLICY_NORULE)
		log_num(&r, "rule", (uint64_t)reply->rule + 1);
	log_times(&r, call, reply);
	log_end(&r);
}

void
reqlog_rejected(const struct rpc_owner *owner, const struct call *call,
    const char *method, int code, const char *text)
{
	struct log_record	 r;
	char			 number[16];

	if (!log_start_noise(&r, LOG_LVL_INFO, "rejected"))
		return;
	log_asker(&r, owner, call);
	if (method != NULL)
		log_str(&r, "method", method);
	snprintf(number, sizeof(number), "%d", code);
	log_str(&r, "code", number);
	log_str(&r, "reason", text);
	log_end(&r);
}

static void
log_short(const struct rpc_owner *owner, const struct call *call,
    enum log_level level, const char *msg, const char *reason,
    const size_t *at)
{
	struct log_record	 r;

	if (!log_start_noise(&r, level, msg))
		return;
	log_asker(&r, owner, call);
	log_str(&r, "reason", reason);
	if (at != NULL)
		log_num(&r, "at", *at);
	log_end(&r);
}

void
reqlog_unavailable(const struct rpc_owner *owner, const struct call *call,
    const char *reason)
{
	log_short(owner, call, LOG_LVL_ERROR, "unavailable", reason, NULL);
}

void
reqlog_unparsed(const struct rpc_owner *owner, const char *reason, size_t at)
{
	log_short(owner, NULL, LOG_LVL_INFO, "parse error", reason, &at);
}
