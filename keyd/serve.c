/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "keyd/keccak.h"
#include "keyd/keyd.h"
#include "keyd/payload.h"
#include "keyd/tx.h"

#define SIGNATURE_SIZE	65	/* r, s, v */

/* What a signed request leaves behind until it is answered. */
struct work {
	uint8_t	*tx;		/* to be freed, or NULL */
	uint8_t	 signature[SIGNATURE_SIZE];
};

static enum refusal
sign(struct keyd *k, uint32_t key, const uint8_t *digest,
    struct signature *sig)
{
	blind_count(&k->blind, clock_us());
	if (sign_digest(&k->now->keys[key], digest, sig) == -1) {
		log_error("a signature failed or did not verify");
		return (REFUSAL_INTERNAL);
	}
	return (REFUSAL_NONE);
}

static enum refusal
sign_payload(struct keyd *k, const struct payload *payload, uint32_t key,
    struct keyd_reply *reply, struct work *work)
{
	struct signature	 sig;
	enum refusal		 refusal;
	uint8_t			 message[PAYLOAD_SIZE];

	payload_encode(payload, message);
	keccak256(reply->digest, message, sizeof(message));
	if ((refusal = sign(k, key, reply->digest, &sig)) != REFUSAL_NONE)
		return (refusal);
	memcpy(work->signature, sig.r, 32);
	memcpy(work->signature + 32, sig.s, 32);
	work->signature[64] = sig.v;
	reply->result = work->signature;
	reply->resultlen = sizeof(work->signature);
	return (REFUSAL_NONE);
}

static enum refusal
sign_transaction(struct keyd *k, const struct tx *tx, uint32_t key,
    struct keyd_reply *reply, struct work *work)
{
	struct signature	 sig;
	enum refusal		 refusal;
	uint8_t			*message;
	size_t			 len;

	if (tx_encode(tx, NULL, &message, &len) == -1) {
		log_errno("cannot encode a transaction");
		return (REFUSAL_INTERNAL);
	}
	keccak256(reply->digest, message, len);
	free(message);
	if ((refusal = sign(k, key, reply->digest, &sig)) != REFUSAL_NONE)
		return (refusal);
	if (tx_encode(tx, &sig, &work->tx, &len) == -1) {
		log_errno("cannot encode a transaction");
		return (REFUSAL_INTERNAL);
	}
	reply->result = work->tx;
	reply->resultlen = len;
	return (REFUSAL_NONE);
}

static void
decide_and_sign(struct keyd *k, const struct request *request,
    struct keyd_reply *reply, struct work *work, uint64_t now)
{
	if (now > request->deadline) {
		reply->refusal = REFUSAL_DEADLINE;
		return;
	}
	reply->refusal = policy_decide(&k->now->policy, request, &reply->rule);
	if (reply->refusal != REFUSAL_NONE)
		return;
	reply->key = k->now->policy.rules[reply->rule].key;
	switch (request->method) {
	case METHOD_PAYLOAD:
		reply->refusal = sign_payload(k, &request->payload,
		    reply->key, reply, work);
		break;
	case METHOD_TRANSACTION:
		reply->refusal = sign_transaction(k, &request->tx,
		    reply->key, reply, work);
		break;
	}
}

/* One limit of an imsgbuf holds for both ways, and answers are longer. */
static int
send_reply(struct keyd *k, struct channel *c, const struct keyd_reply *reply)
{
	int	 r;

	if (imsgbuf_set_maxsize(&c->ibuf, KEYD_REPLYSIZE(k->max_data)) == -1)
		return (-1);
	r = keymsg_send_reply(&c->ibuf, reply);
	if (r == 0)
		c->unread += reply->resultlen;
	if (imsgbuf_set_maxsize(&c->ibuf, k->max_data) == -1)
		return (-1);
	return (r);
}

/* A refusal that is not the policy's: the asker may come again. */
static int
refuse(struct keyd *k, struct channel *c, uint64_t id, enum refusal refusal)
{
	struct keyd_reply	 reply;

	memset(&reply, 0, sizeof(reply));
	reply.id = id;
	reply.rule = POLICY_NORULE;
	reply.refusal = refusal;
	return (send_reply(k, c, &reply));
}

int
serve_answer(struct keyd *k, struct channel *c,
    const struct keyd_reply *reply)
{
	int	 r;

	r = send_reply(k, c, reply);
	if (r == -1 && reply->resultlen > 0)
		/* It takes less. */
		r = refuse(k, c, reply->id, REFUSAL_INTERNAL);
	return (r);
}

/* The answer to what was recorded last. */
static int
answer(struct keyd *k, struct channel *c, const struct keyd_reply *reply)
{
	if (!trail_holds(&k->trail))
		return (serve_answer(k, c, reply));
	if (trail_hold(&k->trail, c, reply) == 0)
		return (0);
	return (refuse(k, c, reply->id, REFUSAL_INTERNAL));
}

/*
 * Where a request comes from is told by its channel; the message has only to
 * agree.  The rules are not asked: they could be wrong.
 */
static bool
role_agrees(const struct channel *c, const struct request *request)
{
	return ((c->role == KEYD_LINK) == (request->via != 0));
}

/* It is of the wrong channel: that is said in the trail, too. */
static int
serve_wrong(struct keyd *k, struct channel *c, const struct request *request)
{
	struct keyd_reply	 reply;

	log_warn("a request of a %s with via %u", serve_asker(c),
	    request->via);
	memset(&reply, 0, sizeof(reply));
	reply.rule = POLICY_NORULE;
	trail_request(k, c, request, &reply, "channel");
	c->malformed++;
	return (keymsg_send_badrequest(&c->ibuf, request->id));
}

static int
serve_request(struct keyd *k, struct channel *c, const struct request *request,
    uint64_t start)
{
	struct keyd_reply	 reply;
	struct work		 work;
	uint64_t		 us;
	int			 r;

	/* What cannot be recorded is not done. */
	if (!trail_ready(&k->trail))
		return (refuse(k, c, request->id, REFUSAL_AUDIT));
	if (!role_agrees(c, request))
		return (serve_wrong(k, c, request));
	memset(&reply, 0, sizeof(reply));
	memset(&work, 0, sizeof(work));
	reply.id = request->id;
	reply.rule = POLICY_NORULE;
	decide_and_sign(k, request, &reply, &work, start);
	count_decision(k, request, &reply);
	us = clock_us() - start;
	reply.us = us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
	trail_request(k, c, request, &reply, NULL);
	r = answer(k, c, &reply);
	free(work.tx);
	return (r);
}

const char *
serve_asker(const struct channel *c)
{
	return (c->role == KEYD_LINK ? "link process" : "frontend");
}

int
serve_message(struct keyd *k, struct channel *c, struct imsg *imsg)
{
	struct request	 request;
	uint64_t	 start = clock_us(), id;
	int		 r;

	if (imsg_get_type(imsg) != KEYD_SIGN) {
		log_warn("an unknown message from a %s", serve_asker(c));
		c->malformed++;
		return (keymsg_send_badrequest(&c->ibuf, 0));
	}
	errno = 0;
	if (keymsg_get_request(imsg, &request, &id) == -1) {
		if (errno == ENOMEM) {
			log_errno("a request of a %s cannot be served",
			    serve_asker(c));
			return (refuse(k, c, id, REFUSAL_INTERNAL));
		}
		log_warn("a request of a %s that does not decode",
		    serve_asker(c));
		c->malformed++;
		return (keymsg_send_badrequest(&c->ibuf, id));
	}
	r = serve_request(k, c, &request, start);
	request_clear(&request);
	return (r);
}
