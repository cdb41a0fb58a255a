/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>

#include "common/clock.h"
#include "common/log.h"
#include "proxyd/link.h"
#include "proxyd/reqlog.h"

static void
log_peer(struct log_record *r, const struct httpconn *conn)
{
	log_str(r, "client", httpconn_name(conn));
	log_str(r, "peer", httpconn_address(conn));
}

static const char *
method_name(uint32_t method)
{
	return (method == RULE_TRANSACTION ? "transaction" : "block-payload");
}

static void
log_chain(struct log_record *r, const struct u256 *chain)
{
	char	 text[U256_DECSIZE];

	u256_to_dec(chain, text);
	log_str(r, "chain", text);
}

static void
log_asked(struct log_record *r, const struct call *call)
{
	log_str(r, "id", call->id);
	log_str(r, "method", method_name(call->route.method));
	log_chain(r, &call->route.chain);
	log_hex(r, "address", call->route.address, ADDRESS_SIZE);
}

static void
log_call(struct log_record *r, const struct call *call,
    const struct link *link)
{
	const struct relaying	*m = (const struct relaying *)call->base.rpc;

	log_peer(r, m->conn);
	log_asked(r, call);
	/* It may have lost its place to a newer link of the same signer. */
	log_str(r, "signer", link->signer != NULL ? link->signer->name : "");
	log_num(r, "attempts", call->ntried);
}

void
reqlog_relayed(const struct call *call, const struct link *link,
    uint64_t sent)
{
	struct log_record	 r;
	uint64_t		 now = clock_us();

	if (!log_start(&r, LOG_LVL_INFO, "relayed"))
		return;
	log_call(&r, call, link);
	log_num(&r, "signer_us", now - sent);
	log_num(&r, "total_us", now - call->base.received);
	log_end(&r);
}

static void
log_code(struct log_record *r, int code, const char *text)
{
	char	 number[16];

	snprintf(number, sizeof(number), "%d", code);
	log_str(r, "code", number);
	log_str(r, "reason", text);
}

void
reqlog_refused_by(const struct call *call, const struct link *link, int code,
    const char *text)
{
	struct log_record	 r;

	if (!log_start(&r, LOG_LVL_WARN, "refused by signer"))
		return;
	log_call(&r, call, link);
	log_code(&r, code, text);
	log_num(&r, "total_us", clock_us() - call->base.received);
	log_end(&r);
}

void
reqlog_refused(const struct httpconn *conn, const struct request *request,
    enum refusal refusal, uint32_t rule, const char *text)
{
	struct log_record	 r;
	bool			 tx = request->method == METHOD_TRANSACTION;

	if (!log_start(&r, LOG_LVL_WARN, "refused"))
		return;
	log_peer(&r, conn);
	log_str(&r, "method", method_name(tx ? RULE_TRANSACTION :
	    RULE_PAYLOAD));
	if (tx && request->tx.has & TX_CHAINID)
		log_chain(&r, &request->tx.chain_id);
	else if (!tx && request->payload.has & PAYLOAD_CHAIN)
		log_chain(&r, &request->payload.chain_id);
	if (tx && request->tx.has & TX_FROM)
		log_hex(&r, "sender", request->tx.from, ADDRESS_SIZE);
	else if (!tx && request->payload.has & PAYLOAD_SENDER)
		log_hex(&r, "sender", request->payload.sender, ADDRESS_SIZE);
	if (tx && request->tx.has & TX_TO)
		log_hex(&r, "to", request->tx.to, ADDRESS_SIZE);
	log_str(&r, "result", refusal_name(refusal));
	log_code(&r, refusal_code(refusal), text);
	if (rule != POLICY_NORULE)
		log_num(&r, "rule", (uint64_t)rule + 1);
	log_end(&r);
}

void
reqlog_rejected(const struct httpconn *conn, const char *method, int code,
    const char *text)
{
	struct log_record	 r;

	if (!log_start_noise(&r, LOG_LVL_INFO, "rejected"))
		return;
	log_peer(&r, conn);
	if (method != NULL)
		log_str(&r, "method", method);
	log_code(&r, code, text);
	log_end(&r);
}

void
reqlog_unavailable(const struct httpconn *conn, const struct call *call,
    enum reason why)
{
	struct log_record	 r;

	if (!log_start_noise(&r, LOG_LVL_ERROR, "unavailable"))
		return;
	log_peer(&r, conn);
	if (call != NULL) {
		log_asked(&r, call);
		log_num(&r, "attempts", call->ntried);
	}
	log_str(&r, "reason", reason_text(why));
	log_end(&r);
}

void
reqlog_unparsed(const struct httpconn *conn, const char *reason, size_t at)
{
	struct log_record	 r;

	if (!log_start_noise(&r, LOG_LVL_INFO, "parse error"))
		return;
	log_peer(&r, conn);
	log_str(&r, "reason", reason);
	log_num(&r, "at", at);
	log_end(&r);
}
