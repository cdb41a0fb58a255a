/*
 * objects: keyd/keymsg.o keyd/keymsg_request.o
 *     keyd/keymsg_rule.o keyd/request.o keyd/policy.o keyd/rule.o
 *     keyd/payload.o keyd/tx.o keyd/rlp.o keyd/keccak.o common/hex.o
 *     common/u256.o compat/imsg.o compat/imsg-buffer.o keyd/count.o
 *     common/metrics.o common/metrics_table.o common/histogram.o
 *     common/list.o common/msgfield.o
 */
/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/log.h"
#include "keyd/keyd.h"
#include "keyd/tx.h"

static int	 encodings, encoding_fails_at;

static bool
encoding_fails(void)
{
	if (++encodings != encoding_fails_at)
		return (false);
	errno = ENOMEM;
	return (true);
}

#define tx_encode(tx, sig, out, len)					\
	(encoding_fails() ? -1 : tx_encode(tx, sig, out, len))
#include "keyd/serve.c"

#include "regress/unit/keymsg_util.h"

/*
 * keyd's side of a channel where the library does not sign, or the answer is too
 * long: b asks, a is the channel's end in keyd.
 */
#define CLIENT	"a.example"

static struct keyd	 k;
static struct keyd_set	 set;
static struct channel	 c;
static struct rule	 the_rule;
static uint8_t		 addresses[1][ADDRESS_SIZE];
static struct u256	 chain;

static int	 sign_calls, sign_fails_at;
static char	 logged[256];

int
sign_digest(const struct sign_key *key, const uint8_t digest[HASH_SIZE],
    struct signature *sig)
{
	(void)digest;
	assert_ptr_equal(key, set.keys);
	memset(sig, 0, sizeof(*sig));
	if (++sign_calls == sign_fails_at)
		return (-1);
	memset(sig->r, 0x11, sizeof(sig->r));
	memset(sig->s, 0x22, sizeof(sig->s));
	sig->v = 1;
	return (0);
}

void
log_error(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(logged, sizeof(logged), fmt, ap);
	va_end(ap);
}

void
log_errno(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(logged, sizeof(logged), fmt, ap);
	va_end(ap);
}

/* The audit trail, which is tested where it is. */
bool
trail_ready(struct trail *t)
{
	(void)t;
	return (true);
}

void
trail_say(const struct trail *t, struct metrics_out *out)
{
	(void)t;
	(void)out;
}

void
trail_request(struct keyd *server, const struct channel *channel,
    const struct request *request, const struct keyd_reply *reply,
    const char *wrong)
{
	(void)server;
	(void)channel;
	(void)request;
	(void)reply;
	(void)wrong;
}

int
trail_hold(struct trail *t, struct channel *channel,
    const struct keyd_reply *reply)
{
	(void)t;
	(void)channel;
	(void)reply;
	return (-1);
}

void
log_warn(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(logged, sizeof(logged), fmt, ap);
	va_end(ap);
}

static int
begin(void **state)
{
	static struct sign_key	 key;

	if (setup(state) == -1)
		return (-1);
	memset(&k, 0, sizeof(k));
	memset(&c, 0, sizeof(c));
	count_clear(&set);
	memset(&set, 0, sizeof(set));
	memset(&the_rule, 0, sizeof(the_rule));
	memset(&chain, 0, sizeof(chain));
	chain.b[U256_SIZE - 1] = 10;
	snprintf(the_rule.client, sizeof(the_rule.client), CLIENT);
	the_rule.methods = RULE_METHODS;
	the_rule.chains = &chain;
	the_rule.nchains = 1;
	k.now = &set;
	set.keys = &key;
	set.policy.rules = &the_rule;
	set.policy.nrules = 1;
	set.policy.addresses = addresses;
	set.policy.nkeys = 1;
	set.nrules = set.config.nkeys = 1;
	assert_int_equal(count_prepare(&set), 0);
	k.max_data = 65536;
	c.ibuf = a;
	c.open = true;
	sign_calls = sign_fails_at = 0;
	encodings = encoding_fails_at = 0;
	logged[0] = '\0';
	return (0);
}

static int
end(void **state)
{
	a = c.ibuf;
	return (teardown(state));
}

static void
ask_payload(struct request *r)
{
	memset(r, 0, sizeof(*r));
	r->id = 7;
	r->deadline = UINT64_MAX;
	r->method = METHOD_PAYLOAD;
	snprintf(r->client, sizeof(r->client), CLIENT);
	r->payload.has = PAYLOAD_CHAIN | PAYLOAD_HASH;
	r->payload.chain_id = chain;
}

static void
ask_transaction(struct request *r, const uint8_t *input, size_t len)
{
	memset(r, 0, sizeof(*r));
	r->id = 8;
	r->deadline = UINT64_MAX;
	r->method = METHOD_TRANSACTION;
	snprintf(r->client, sizeof(r->client), CLIENT);
	r->tx.has = TX_TO | TX_GAS | TX_NONCE | TX_VALUE | TX_CHAINID |
	    TX_MAXFEE | TX_MAXPRIORITYFEE | TX_INPUT;
	r->tx.chain_id = chain;
	r->tx.gas = 100000;
	r->tx.input = input;
	r->tx.inputlen = len;
}

/* The request, by way of its message, to serve_message(). */
static int
serve(const struct request *request)
{
	struct imsg	 imsg;
	int		 r;

	assert_int_equal(keymsg_send_request(&b, request), 0);
	assert_int_equal(imsgbuf_write(&b), 0);
	assert_int_equal(imsgbuf_read(&c.ibuf), 1);
	assert_true(imsg_get(&c.ibuf, &imsg) > 0);
	r = serve_message(&k, &c, &imsg);
	imsg_free(&imsg);
	return (r);
}

static void
answered(struct keyd_reply *reply, struct imsg *imsg)
{
	assert_int_equal(imsgbuf_write(&c.ibuf), 0);
	assert_int_equal(imsgbuf_read(&b), 1);
	assert_true(imsg_get(&b, imsg) > 0);
	assert_int_equal(keymsg_get_reply(imsg, reply), 0);
}

static void
expect_refused(const struct request *request, enum refusal refusal)
{
	struct keyd_reply	 reply;
	struct imsg		 imsg;

	assert_int_equal(serve(request), 0);
	answered(&reply, &imsg);
	assert_int_equal(imsg_get_type(&imsg), KEYD_REFUSED);
	assert_int_equal(reply.id, request->id);
	assert_int_equal(reply.refusal, refusal);
	assert_int_equal(c.unread, 0);
	imsg_free(&imsg);
}

static void
expect_signed(const struct request *request)
{
	struct keyd_reply	 reply;
	struct imsg		 imsg;
	size_t			 before = c.unread;

	assert_int_equal(serve(request), 0);
	answered(&reply, &imsg);
	assert_int_equal(imsg_get_type(&imsg), KEYD_SIGNED);
	assert_int_equal(reply.id, request->id);
	if (request->method == METHOD_PAYLOAD) {
		assert_int_equal(reply.resultlen, 65);
		assert_int_equal(reply.result[0], 0x11);
		assert_int_equal(reply.result[63], 0x22);
		assert_int_equal(reply.result[64], 1);
	}
	assert_int_equal(c.unread, before + reply.resultlen);
	imsg_free(&imsg);
}

/* Refused as an internal error; and the next one is signed. */
static void
test_signing_fails(void **state)
{
	struct request	 payload, tx;

	(void)state;
	ask_payload(&payload);
	ask_transaction(&tx, NULL, 0);
	sign_fails_at = 1;
	expect_refused(&payload, REFUSAL_INTERNAL);
	assert_non_null(strstr(logged, "did not verify"));
	sign_fails_at = 2;
	logged[0] = '\0';
	expect_refused(&tx, REFUSAL_INTERNAL);
	assert_non_null(strstr(logged, "did not verify"));
	expect_signed(&payload);
	expect_signed(&tx);
	assert_int_equal(sign_calls, 4);
}

/* Before it is signed, or after: nothing of it leaves. */
static void
test_encoding_fails(void **state)
{
	struct request	 tx;
	int		 i;

	(void)state;
	ask_transaction(&tx, NULL, 0);
	for (i = 1; i <= 2; i++) {
		encodings = sign_calls = 0;
		c.unread = 0;
		encoding_fails_at = i;
		expect_refused(&tx, REFUSAL_INTERNAL);
		assert_int_equal(sign_calls, i - 1);
		assert_non_null(strstr(logged, "cannot encode"));
		expect_signed(&tx);
	}
}

static void
test_late(void **state)
{
	struct request	 payload;

	(void)state;
	ask_payload(&payload);
	payload.deadline = 1;
	expect_refused(&payload, REFUSAL_DEADLINE);
	assert_int_equal(sign_calls, 0);
}

/* Signatures are counted for the next blinding, refusals are not. */
static void
test_blinding(void **state)
{
	struct request	 payload, other;
	uint32_t	 i;

	(void)state;
	ask_payload(&payload);
	ask_payload(&other);
	other.payload.chain_id.b[0] = 1;
	expect_refused(&other, REFUSAL_CHAINID);
	assert_int_equal(k.blind.signatures, 0);
	for (i = 1; i <= 3; i++) {
		expect_signed(&payload);
		assert_int_equal(k.blind.signatures, i);
	}
	c.unread = 0;
	expect_refused(&other, REFUSAL_CHAINID);
	assert_int_equal(k.blind.signatures, 3);
}

/* One for which the reply has no room is refused. */
static void
test_answer_too_long(void **state)
{
	static const uint8_t	 input[8192];
	struct request		 tx;

	(void)state;
	ask_transaction(&tx, input, sizeof(input));
	expect_signed(&tx);
	k.max_data = 1024;
	c.unread = 0;
	expect_refused(&tx, REFUSAL_INTERNAL);
}

/* The channel says who asks: a request that does not agree is malformed. */
static void
test_roles(void **state)
{
	struct request	 payload;
	struct imsg	 imsg;
	uint64_t	 id;
	int		 i;

	(void)state;
	for (i = 0; i < 2; i++) {
		ask_payload(&payload);
		c.role = i == 0 ? KEYD_LINK : KEYD_DIRECT;
		payload.via = i == 0 ? 0 : 1;
		assert_int_equal(serve(&payload), 0);
		assert_int_equal(imsgbuf_write(&c.ibuf), 0);
		assert_int_equal(imsgbuf_read(&b), 1);
		assert_true(imsg_get(&b, &imsg) > 0);
		assert_int_equal(imsg_get_type(&imsg), KEYD_BADREQUEST);
		assert_int_equal(keymsg_get_badrequest(&imsg, &id), 0);
		imsg_free(&imsg);
		assert_non_null(strstr(logged, i == 0 ? "link process" :
		    "frontend"));
	}
	assert_int_equal(sign_calls, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_signing_fails, begin, end),
		cmocka_unit_test_setup_teardown(test_encoding_fails, begin,
		    end),
		cmocka_unit_test_setup_teardown(test_late, begin, end),
		cmocka_unit_test_setup_teardown(test_blinding, begin, end),
		cmocka_unit_test_setup_teardown(test_answer_too_long, begin,
		    end),
		cmocka_unit_test_setup_teardown(test_roles, begin, end),
	};

	return (cmocka_run_group_tests_name("serve", tests, NULL, NULL));
}
