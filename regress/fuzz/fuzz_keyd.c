/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: keyd/trail.o keyd/trail_record.o keyd/audit.o keyd/auditmsg.o
 * keyd/serve.o keyd/keymsg.o keyd/keymsg_request.o keyd/policy.o
 * keyd/rule.o keyd/payload.o keyd/tx.o keyd/rlp.o keyd/sign.o keyd/keccak.o
 * keyd/request.o keyd/count.o common/metrics.o common/metrics_table.o
 * common/histogram.o common/list.o common/msgfield.o common/secret.o common/u256.o common/log.o
 * common/log_render.o common/hex.o compat/imsg.o compat/imsg-buffer.o
 * libs: libsecp256k1
 */

#include <stdlib.h>

#include "common/log.h"
#include "common/secret.h"
#include "keyd/keccak.h"
#include "keyd/keyd.h"
#include "keyd/payload.h"
#include "keyd/tx.h"
#include "regress/fuzz/msgpipe.h"
#include "regress/fuzz/txread.h"

/*
 * keyd, and an asker that sends anything: the first byte is the asker's role,
 * then come messages, each with a type, a length in two bytes and a body.
 * Each has one answer; what is signed is what was asked for, by a rule that
 * permits it, and the signature leads to that rule's key.
 */
#define NKEYS		2
#define NRULES		4
#define MESSAGE_MAX	65536

static struct keyd	 keyd;
static struct keyd_set	 set;
static struct sign_key	 keys[NKEYS];
static struct rule	 rules[NRULES];
static uint8_t		 addresses[NKEYS][ADDRESS_SIZE];
static struct u256	 chain;
static struct msgpipe	 asks, answers;

/* Nothing begins here: there is no audit process. */
void
setup_begin(struct keyd *k)
{
	(void)k;
	abort();
}

/* Does the rule hold for who asks, and for what is asked? */
static void
is_permitted(const struct request *r, const struct keyd_reply *reply)
{
	const struct rule	*rule;
	const uint8_t		*sender = NULL;

	must(reply->rule < NRULES);
	rule = &rules[reply->rule];
	must(reply->key == rule->key);
	must(rule->via == r->via && strcmp(rule->client, r->client) == 0);
	must(policy_permit(rule, r) == REFUSAL_NONE);
	if (r->method == METHOD_TRANSACTION && r->tx.has & TX_FROM)
		sender = r->tx.from;
	if (r->method == METHOD_PAYLOAD && r->payload.has & PAYLOAD_SENDER)
		sender = r->payload.sender;
	if (sender != NULL)
		must(memcmp(sender, addresses[rule->key], ADDRESS_SIZE) == 0);
}

static void
is_signed(const struct request *r, const struct keyd_reply *reply)
{
	struct signature	 sig;
	uint8_t			 digest[HASH_SIZE], address[ADDRESS_SIZE];
	uint8_t			 message[PAYLOAD_SIZE], *raw;
	size_t			 len;

	if (r->method == METHOD_TRANSACTION) {
		must(tx_check(&r->tx) == REFUSAL_NONE);
		txread(reply->result, reply->resultlen, &r->tx, &sig);
		must(tx_encode(&r->tx, NULL, &raw, &len) == 0);
		keccak256(digest, raw, len);
		free(raw);
	} else {
		must(payload_check(&r->payload) == REFUSAL_NONE);
		must(reply->resultlen == 65);
		memcpy(sig.r, reply->result, 32);
		memcpy(sig.s, reply->result + 32, 32);
		sig.v = reply->result[64];
		payload_encode(&r->payload, message);
		must(message[0] == 0 || (message[0] >= 0x80 &&
		    message[0] <= 0xbf) || message[0] == 0xff);
		keccak256(digest, message, sizeof(message));
	}
	must(memcmp(digest, reply->digest, HASH_SIZE) == 0);
	must(sign_recover(digest, &sig, address) == 0);
	must(memcmp(address, addresses[reply->key], ADDRESS_SIZE) == 0);
}

static void
is_answer(const struct request *r, const struct keyd_reply *reply)
{
	enum refusal	 refusal;
	uint32_t	 rule;

	must(reply->id == r->id);
	refusal = policy_decide(&set.policy, r, &rule);
	if (reply->refusal == REFUSAL_DEADLINE) {
		/* None of these is old enough to be overtaken by it. */
		must(r->deadline < (uint64_t)1 << 60);
		return;
	}
	must(reply->refusal == refusal && reply->rule == rule);
	if (refusal != REFUSAL_NONE)
		return;
	is_permitted(r, reply);
	is_signed(r, reply);
}

/* The answer to a message, which is asked again to see what it says. */
static void
check_answer(const struct channel *c, struct imsg *asked, struct imsg *imsg)
{
	struct keyd_reply	 reply;
	struct request		 r;
	uint64_t		 id, bad_id;
	bool			 good;

	good = keymsg_get_request(asked, &r, &id) == 0;
	if (good && (r.via != 0) == (c->role == KEYD_LINK)) {
		must(keymsg_get_reply(imsg, &reply) == 0);
		is_answer(&r, &reply);
	} else {
		must(keymsg_get_badrequest(imsg, &bad_id) == 0);
		must(bad_id == id);
	}
	if (good)
		request_clear(&r);
}

static void
ask(struct channel *c, uint32_t type, const uint8_t *body, size_t len)
{
	struct imsg	 asked, imsg;

	msgpipe_make(&asks, &asked, type, 0, body, len);
	must(serve_message(&keyd, c, &asked) == 0);
	must(imsgbuf_queuelen(&c->ibuf) == 1);
	answers.out = c->ibuf;
	must(msgpipe_next(&answers, &imsg) > 0);
	check_answer(c, &asked, &imsg);
	imsg_free(&imsg);
	imsg_free(&asked);
}

static void
make_rules(void)
{
	size_t	 i;

	u256_from_u64(&chain, 10);
	for (i = 0; i < NRULES; i++) {
		rules[i].via = i < 2 ? 0 : 1;
		strcpy(rules[i].client, i < 3 ? "a.example" : "");
		rules[i].key = (uint32_t)(i % NKEYS);
		rules[i].methods = RULE_METHODS;
		rules[i].chains = &chain;
		rules[i].nchains = 1;
	}
	rules[1].has = RULE_ANYDOMAIN;
	rules[2].has = RULE_MAXVALUE | RULE_MAXFEE;
	u256_from_u64(&rules[2].max_value, 1);
	u256_from_u64(&rules[2].max_fee, 30000000000000);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	uint8_t	*secret;
	size_t	 i;

	(void)argc;
	(void)argv;
	log_init("keyd");
	log_set_level(LOG_LVL_ERROR);
	must(secret_init(4096) == 0 && sign_init() == 0);
	for (i = 0; i < NKEYS; i++) {
		must((secret = secret_alloc(SECRET_SIZE)) != NULL);
		memset(secret, 0x5a + (int)i, SECRET_SIZE);
		must(sign_key(&keys[i], secret) == 0);
		memcpy(addresses[i], keys[i].address, ADDRESS_SIZE);
	}
	make_rules();
	keyd.now = &set;
	keyd.max_data = MESSAGE_MAX;
	set.policy.rules = rules;
	set.policy.nrules = set.nrules = NRULES;
	set.policy.addresses = addresses;
	set.policy.nkeys = set.config.nkeys = NKEYS;
	set.keys = keys;
	must(count_prepare(&set) == 0);
	msgpipe_open(&asks, MESSAGE_MAX);
	msgpipe_open(&answers, KEYD_REPLYSIZE(MESSAGE_MAX));
	return (0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct take	 t = { data, size };
	struct channel	 c;
	const uint8_t	*body;
	uint32_t	 type;
	size_t		 len;

	memset(&c, 0, sizeof(c));
	c.ibuf = answers.out;
	c.role = take_u8(&t) & 1 ? KEYD_LINK : KEYD_DIRECT;
	c.open = true;
	while (t.left > 0) {
		type = KEYD_SIGN + take_u8(&t) % 4;
		len = (size_t)take_u8(&t) << 8;
		len |= take_u8(&t);
		body = take_ref(&t, len, &len);
		ask(&c, type, body, len);
	}
	return (0);
}
