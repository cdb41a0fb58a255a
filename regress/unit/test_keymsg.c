/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: compat/imsg.o compat/imsg-buffer.o keyd/keymsg.o keyd/keymsg_request.o keyd/keymsg_rule.o */

#include "regress/unit/keymsg_util.h"

static void
expect_list(uint32_t index, enum keyd_list list, const void *items,
    size_t count, size_t size)
{
	struct keyd_rulelist	 got;
	struct imsg		 imsg;
	const uint8_t		*p = items;
	size_t			 n;

	for (; count > 0; count -= n) {
		n = count < KEYD_MAXPIECE ? count : KEYD_MAXPIECE;
		receive(&imsg);
		memset(&got, 0xa5, sizeof(got));
		assert_int_equal(keymsg_get_rulelist(&imsg, &got), 0);
		assert_int_equal(got.index, index);
		assert_int_equal(got.list, list);
		assert_int_equal(got.count, n);
		assert_memory_equal(got.items, p, n * size);
		imsg_free(&imsg);
		p += n * size;
	}
}

static void
rules(void **state)
{
	static const size_t	counts[] = { 0, 1, 255, 256, 257, 600 };
	static uint8_t		items[600 * U256_SIZE];
	struct keyd_rule	got;
	struct rule		rule;
	struct imsg		imsg;
	uint32_t		i;

	(void)state;
	seed = 4;
	rnd_bytes(items, sizeof(items));
	/* In messages of the size that the parent and keyd use. */
	assert_int_equal(imsgbuf_set_maxsize(&a, KEYD_CONFIGSIZE -
	    (uint32_t)IMSG_HEADER_SIZE), 0);
	for (i = 0; i < 96; i++) {
		fill_rule(&rule, i & RULE_HASBITS);
		rule.nchains = counts[i % 6];
		rule.ndomains = counts[(i + 2) % 6];
		rule.nto = counts[(i + 3) % 6];
		rule.chains = (struct u256 *)items;
		rule.domains = (uint8_t (*)[HASH_SIZE])items;
		rule.to = (uint8_t (*)[ADDRESS_SIZE])items;
		assert_int_equal(keymsg_send_rule(&a, i, &rule), 0);
		receive(&imsg);
		memset(&got, 0xa5, sizeof(got));
		assert_int_equal(keymsg_get_rule(&imsg, &got), 0);
		imsg_free(&imsg);
		assert_int_equal(got.index, i);
		assert_null(got.rule.chains);
		expect_list(i, KEYD_LIST_CHAIN, items, rule.nchains,
		    U256_SIZE);
		expect_list(i, KEYD_LIST_DOMAIN, items, rule.ndomains,
		    HASH_SIZE);
		expect_list(i, KEYD_LIST_TO, items, rule.nto, ADDRESS_SIZE);
		rule.chains = NULL;
		rule.domains = NULL;
		rule.to = NULL;
		rule.nchains = rule.ndomains = rule.nto = 0;
		assert_memory_equal(&got.rule, &rule, sizeof(rule));
	}
	assert_int_equal(imsgbuf_set_maxsize(&a, MAXSIZE), 0);
	receive_none();
}

static int
decode_rule(const struct bytes *bytes)
{
	struct keyd_rule	got;
	struct imsg		imsg;
	int			r;

	make(&imsg, KEYD_RULE, bytes->data, bytes->len);
	r = keymsg_get_rule(&imsg, &got);
	make_free(&imsg);
	return (r);
}

static void
build_rule(struct bytes *t, uint32_t index, uint32_t key, uint32_t methods,
    uint32_t has)
{
	t->len = 0;
	put32(t, index);
	put32(t, 0);
	put(t, "\001c", 2);
	put32(t, key);
	put32(t, methods);
	put32(t, has);
}

static void
rule_refusals(void **state)
{
	struct bytes	t;
	struct rule	rule;

	(void)state;
	build_rule(&t, KEYD_MAXRULES - 1, KEYD_MAXKEYS - 1, RULE_METHODS, 0);
	assert_int_equal(decode_rule(&t), 0);
	build_rule(&t, KEYD_MAXRULES, 0, 1, 0);
	assert_int_equal(decode_rule(&t), -1);
	build_rule(&t, 0, KEYD_MAXKEYS, 1, 0);
	assert_int_equal(decode_rule(&t), -1);
	build_rule(&t, 0, 0, 0, 0);
	assert_int_equal(decode_rule(&t), -1);
	build_rule(&t, 0, 0, RULE_METHODS + 1, 0);
	assert_int_equal(decode_rule(&t), -1);
	build_rule(&t, 0, 0, 1, RULE_HASBITS + 1);
	assert_int_equal(decode_rule(&t), -1);
	seed = 5;
	fill_rule(&rule, RULE_HASBITS + 1);
	assert_int_equal(keymsg_send_rule(&a, 0, &rule), -1);
	assert_int_equal(errno, EINVAL);
	fill_rule(&rule, 0);
	rule.methods = 0;
	assert_int_equal(keymsg_send_rule(&a, 0, &rule), -1);
	rule.methods = RULE_METHODS + 1;
	assert_int_equal(keymsg_send_rule(&a, 0, &rule), -1);
	receive_none();
}

/* Every via with and without a client, both ways. */
static void
rule_askers(void **state)
{
	static const uint32_t	vias[] = { 0, 1, 2, KEYD_MAXVIAS,
				    KEYD_MAXVIAS + 1, 0x01000000,
				    0x80000001, UINT32_MAX };
	struct bytes		t, got;
	struct rule		rule;
	size_t			i;
	int			named, result;

	(void)state;
	for (i = 0; i < 2 * sizeof(vias) / sizeof(vias[0]); i++) {
		named = i % 2 != 0;
		result = vias[i / 2] <= KEYD_MAXVIAS &&
		    (named || vias[i / 2] != 0) ? 0 : -1;
		t.len = 0;
		put32(&t, 7);
		put32(&t, vias[i / 2]);
		put(&t, named ? "\001c" : "\0", named ? 2 : 1);
		put32(&t, 0);
		put32(&t, RULE_METHODS);
		put32(&t, 0);
		assert_int_equal(decode_rule(&t), result);
		memset(&rule, 0, sizeof(rule));
		rule.via = vias[i / 2];
		rule.client[0] = named ? 'c' : '\0';
		rule.methods = RULE_METHODS;
		errno = 0;
		assert_int_equal(keymsg_send_rule(&a, 7, &rule), result);
		assert_int_equal(errno, result == 0 ? 0 : EINVAL);
		if (result == -1)
			continue;
		receive_bytes(&got);
		assert_int_equal(got.len, t.len);
		assert_memory_equal(got.data, t.data, t.len);
	}
	receive_none();
}

static void
rulelist_refusals(void **state)
{
	static const struct {
		uint32_t	index, list, count;
		size_t		len;
		int		result;
	} cases[] = {
		{ 0, KEYD_LIST_CHAIN, 1, 32, 0 },
		{ 0, KEYD_LIST_DOMAIN, 2, 64, 0 },
		{ 0, KEYD_LIST_TO, 1, 20, 0 },
		{ KEYD_MAXRULES - 1, KEYD_LIST_TO, 256, 5120, 0 },
		{ KEYD_MAXRULES, KEYD_LIST_TO, 1, 20, -1 },
		{ 0, KEYD_LIST_TO, 257, 5140, -1 },
		{ 0, KEYD_LIST_TO, 0, 0, -1 },
		{ 0, KEYD_LIST_TO, 0, 20, -1 },
		{ 0, KEYD_LIST_TO, 1, 19, -1 },
		{ 0, KEYD_LIST_TO, 1, 21, -1 },
		{ 0, KEYD_LIST_TO, 1, 32, -1 },
		{ 0, KEYD_LIST_CHAIN, 1, 20, -1 },
		{ 0, 3, 1, 20, -1 },
		{ 0, 3, 1, 32, -1 },
		{ 0, UINT32_MAX, 1, 32, -1 },
		{ 0, KEYD_LIST_CHAIN, 0x08000001, 32, -1 },
		{ 0, KEYD_LIST_TO, UINT32_MAX, 20, -1 }
	};
	static const uint8_t	zeros[6000];
	struct keyd_rulelist	got;
	struct bytes		t;
	struct imsg		imsg;
	size_t			i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		t.len = 0;
		put32(&t, cases[i].index);
		put32(&t, cases[i].list);
		put32(&t, cases[i].count);
		put(&t, zeros, cases[i].len);
		make(&imsg, KEYD_RULELIST, t.data, t.len);
		assert_int_equal(keymsg_get_rulelist(&imsg, &got),
		    cases[i].result);
		make_free(&imsg);
	}
}

/* Sends each fixed message that has fields; which: 0 up; -1 after the last. */
static int
send_fixed(int which)
{
	static const uint8_t	result[] = "result";
	struct keyd_config	config = { 256, 65536, 17 };
	struct keyd_address	address = { 255, { 1, 2, 3 } };
	struct keyd_badkey	bad = { 255, KEYFILE_CURVE, UINT32_MAX };
	struct keyd_reply	reply;

	memset(&reply, 0, sizeof(reply));
	reply.id = 0x0102030405060708;
	reply.us = UINT32_MAX;
	switch (which) {
	case 0:
		return (keymsg_send_config(&a, &config));
	case 1:
		return (keymsg_send_address(&a, &address));
	case 2:
		return (keymsg_send_badkey(&a, &bad));
	case 3:
		return (keymsg_send_badconfig(&a, "text"));
	case 4:
		return (keymsg_send_badrequest(&a, UINT64_MAX));
	case 5:
		reply.rule = KEYD_MAXRULES - 1;
		reply.key = 255;
		memset(reply.digest, 7, sizeof(reply.digest));
		reply.result = result;
		reply.resultlen = sizeof(result);
		return (keymsg_send_reply(&a, &reply));
	case 6:
		reply.rule = POLICY_NORULE;
		reply.refusal = REFUSAL_MAX - 1;
		return (keymsg_send_reply(&a, &reply));
	default:
		return (1);
	}
}

/* Calls the decoder for the type; 1 where there is none. */
static int
decode(uint32_t type, const uint8_t *data, size_t len)
{
	struct keyd_config	config;
	struct keyd_address	address;
	struct keyd_badkey	bad;
	struct keyd_rule	rule;
	struct keyd_rulelist	list;
	struct keyd_reply	reply;
	struct request		request;
	struct imsg		imsg;
	uint64_t		id;
	char			text[64];
	int			r = 1;

	make(&imsg, type, data, len);
	if (type == KEYD_CONFIG)
		r = keymsg_get_config(&imsg, &config);
	else if (type == KEYD_ADDRESS)
		r = keymsg_get_address(&imsg, &address);
	else if (type == KEYD_BADKEY)
		r = keymsg_get_badkey(&imsg, &bad);
	else if (type == KEYD_RULE)
		r = keymsg_get_rule(&imsg, &rule);
	else if (type == KEYD_RULELIST)
		r = keymsg_get_rulelist(&imsg, &list);
	else if (type == KEYD_BADCONFIG)
		r = keymsg_get_badconfig(&imsg, text, sizeof(text));
	else if (type == KEYD_SIGNED || type == KEYD_REFUSED)
		r = keymsg_get_reply(&imsg, &reply);
	else if (type == KEYD_BADREQUEST)
		r = keymsg_get_badrequest(&imsg, &id);
	else if (type == KEYD_SIGN &&
	    (r = keymsg_get_request(&imsg, &request, &id)) == 0)
		request_clear(&request);
	make_free(&imsg);
	return (r);
}

/* Only the message as it is decodes: nothing missing, nothing left over. */
static void
exact(struct bytes *t)
{
	size_t	len;

	assert_int_equal(decode(t->type, t->data, t->len), 0);
	for (len = 0; len < t->len; len++)
		assert_int_equal(decode(t->type, t->data, len), -1);
	t->data[t->len] = 0;
	assert_int_equal(decode(t->type, t->data, t->len + 1), -1);
	t->data[t->len] = 0xff;
	assert_int_equal(decode(t->type, t->data, t->len + 1), -1);
}

static void
exact_sizes(void **state)
{
	static uint8_t	items[3 * U256_SIZE];
	struct sample	s;
	struct bytes	t;
	struct rule	rule;
	uint32_t	i;
	int		which;

	(void)state;
	seed = 6;
	for (which = 0; send_fixed(which) == 0; which++) {
		receive_bytes(&t);
		exact(&t);
	}
	assert_int_equal(which, 7);
	for (i = 0; i <= RULE_HASBITS; i++) {
		fill_rule(&rule, i);
		rule.nchains = rule.ndomains = rule.nto = 3;
		rule.chains = (struct u256 *)items;
		rule.domains = (uint8_t (*)[HASH_SIZE])items;
		rule.to = (uint8_t (*)[ADDRESS_SIZE])items;
		assert_int_equal(keymsg_send_rule(&a, i, &rule), 0);
		for (which = 0; which < 4; which++) {
			receive_bytes(&t);
			exact(&t);
		}
	}
	for (i = 0; i <= PAYLOAD_HASBITS; i++) {
		rnd_request(&s, METHOD_PAYLOAD, i);
		assert_int_equal(keymsg_send_request(&a, &s.request), 0);
		receive_bytes(&t);
		exact(&t);
	}
	for (i = 0; i < 200; i++) {
		rnd_request(&s, METHOD_TRANSACTION, i < 16 ? 1U << i :
		    i < 50 ? TX_HASBITS : rnd(TX_HASBITS + 1));
		assert_int_equal(keymsg_send_request(&a, &s.request), 0);
		receive_bytes(&t);
		exact(&t);
	}
	receive_none();
}

/* What decodes was encoded so: there is one form of each request. */
static void
canonical(const struct bytes *t)
{
	struct request	request;
	struct bytes	again;
	struct imsg	imsg;
	uint64_t	id;

	make(&imsg, KEYD_SIGN, t->data, t->len);
	if (keymsg_get_request(&imsg, &request, &id) == 0) {
		assert_int_equal(keymsg_send_request(&a, &request), 0);
		receive_bytes(&again);
		assert_int_equal(again.len, t->len);
		assert_memory_equal(again.data, t->data, t->len);
		request_clear(&request);
	}
	make_free(&imsg);
}

static void
mutate(struct bytes *t)
{
	uint32_t	n = 1 + rnd(4);

	while (n-- > 0) {
		switch (rnd(3)) {
		case 0:
			t->data[rnd((uint32_t)t->len)] ^=
			    (uint8_t)(1U << rnd(8));
			break;
		case 1:
			t->data[rnd((uint32_t)t->len)] =
			    (uint8_t)rnd(256);
			break;
		default:
			if (t->len > 1 && rnd(4) == 0)
				t->len -= rnd((uint32_t)t->len);
		}
	}
}

static void
mutations(void **state)
{
	struct sample	s;
	struct bytes	orig, t;
	struct rule	rule;
	uint32_t	i, j;

	(void)state;
	seed = 7;
	for (i = 0; i < 300; i++) {
		if (i < 7)
			assert_int_equal(send_fixed((int)i), 0);
		else if (i < 20) {
			fill_rule(&rule, rnd(RULE_HASBITS + 1));
			assert_int_equal(keymsg_send_rule(&a, i, &rule), 0);
		} else {
			rnd_request(&s, i % 4 == 0 ? METHOD_PAYLOAD :
			    METHOD_TRANSACTION, i % 4 == 0 ?
			    rnd(PAYLOAD_HASBITS + 1) : i < 100 ?
			    TX_HASBITS : rnd(TX_HASBITS + 1));
			assert_int_equal(keymsg_send_request(&a,
			    &s.request), 0);
		}
		receive_bytes(&orig);
		for (j = 0; j < 500; j++) {
			memcpy(&t, &orig, offsetof(struct bytes, data) +
			    orig.len);
			mutate(&t);
			if (t.type == KEYD_SIGN)
				canonical(&t);
			else
				assert_int_not_equal(decode(t.type, t.data,
				    t.len), 1);
		}
	}
	receive_none();
}

static void
replies(void **state)
{
	static const uint8_t	result[65] = { 9, 8, 7 };
	struct keyd_reply	reply, got;
	struct imsg		imsg;
	int			i;

	(void)state;
	for (i = REFUSAL_NONE; i < REFUSAL_MAX; i++) {
		memset(&reply, 0, sizeof(reply));
		reply.id = UINT64_MAX - (uint64_t)i;
		reply.refusal = (enum refusal)i;
		reply.rule = i % 2 ? POLICY_NORULE : 77;
		reply.us = 1234;
		if (i == REFUSAL_NONE) {
			reply.key = 3;
			memset(reply.digest, 5, HASH_SIZE);
			reply.result = result;
			reply.resultlen = sizeof(result);
		}
		assert_int_equal(keymsg_send_reply(&a, &reply), 0);
		receive(&imsg);
		assert_int_equal(imsg_get_type(&imsg), i == REFUSAL_NONE ?
		    KEYD_SIGNED : KEYD_REFUSED);
		memset(&got, 0xa5, sizeof(got));
		assert_int_equal(keymsg_get_reply(&imsg, &got), 0);
		if (i == REFUSAL_NONE)
			assert_memory_equal(got.result, result,
			    sizeof(result));
		else
			assert_null(got.result);
		got.result = reply.result;
		assert_memory_equal(&got, &reply, sizeof(got));
		imsg_free(&imsg);
	}
	reply.refusal = REFUSAL_MAX;
	assert_int_equal(keymsg_send_reply(&a, &reply), -1);
	assert_int_equal(errno, EINVAL);
	memset(&reply, 0, sizeof(reply));
	assert_int_equal(keymsg_send_reply(&a, &reply), -1);
	reply.result = result;
	reply.resultlen = SIZE_MAX - 3;
	assert_int_equal(keymsg_send_reply(&a, &reply), -1);
	assert_int_equal(errno, ERANGE);
	receive_none();
}

/* A reply of id 1 with that rule and us 2, then the words and n zeros. */
static int
decode_reply(uint32_t type, uint32_t rule, uint32_t word, uint32_t len,
    size_t n)
{
	static const uint8_t	zeros[64];
	struct keyd_reply	got;
	struct bytes		t;
	struct imsg		imsg;
	int			r;

	t.len = 0;
	put32(&t, 0);
	put32(&t, 1);
	put32(&t, rule);
	put32(&t, 2);
	put32(&t, word);
	if (type == KEYD_SIGNED) {
		put(&t, zeros, HASH_SIZE);
		put32(&t, len);
	}
	put(&t, zeros, n);
	make(&imsg, type, t.data, t.len);
	memset(&got, 0, sizeof(got));
	r = keymsg_get_reply(&imsg, &got);
	if (r == -1)
		assert_int_not_equal(got.refusal, REFUSAL_NONE);
	make_free(&imsg);
	return (r);
}

static void
reply_refusals(void **state)
{
	uint32_t	no = POLICY_NORULE;

	(void)state;
	assert_int_equal(decode_reply(KEYD_SIGNED, 0, 0, 1, 1), 0);
	assert_int_equal(decode_reply(KEYD_SIGNED, no, 0, 1, 1), -1);
	assert_int_equal(decode_reply(KEYD_SIGNED, KEYD_MAXRULES, 0, 1, 1),
	    -1);
	assert_int_equal(decode_reply(KEYD_SIGNED, 0, KEYD_MAXKEYS, 1, 1),
	    -1);
	assert_int_equal(decode_reply(KEYD_SIGNED, 0, 0, 0, 0), -1);
	assert_int_equal(decode_reply(KEYD_SIGNED, 0, 0, 2, 1), -1);
	assert_int_equal(decode_reply(KEYD_SIGNED, 0, 0, UINT32_MAX, 1), -1);
	assert_int_equal(decode_reply(KEYD_SIGNED, 0, 0, 1, 2), -1);
	assert_int_equal(decode_reply(KEYD_REFUSED, 0, 1, 0, 0), 0);
	assert_int_equal(decode_reply(KEYD_REFUSED, no, 1, 0, 0), 0);
	assert_int_equal(decode_reply(KEYD_REFUSED, no - 1, 1, 0, 0), -1);
	assert_int_equal(decode_reply(KEYD_REFUSED, 0, REFUSAL_NONE, 0, 0),
	    -1);
	assert_int_equal(decode_reply(KEYD_REFUSED, 0, REFUSAL_MAX, 0, 0),
	    -1);
	assert_int_equal(decode_reply(KEYD_SIGN, 0, 1, 0, 0), -1);
}

static void
small_messages(void **state)
{
	struct keyd_config	config = { 1, 2, 3000 }, gotconfig;
	struct keyd_badkey	bad = { 1, KEYFILE_BASE64, 3 }, gotbad;
	struct keyd_address	address = { 4, { 5, 6 } }, gotaddress;
	struct imsg		imsg;
	uint64_t		id;
	uint32_t		spin;

	(void)state;
	assert_int_equal(keymsg_send_config(&a, &config), 0);
	receive(&imsg);
	assert_int_equal(keymsg_get_config(&imsg, &gotconfig), 0);
	assert_memory_equal(&gotconfig, &config, sizeof(config));
	assert_int_equal(keymsg_get_badkey(&imsg, &gotbad), -1);
	imsg_free(&imsg);
	assert_int_equal(keymsg_send_badkey(&a, &bad), 0);
	receive(&imsg);
	assert_int_equal(keymsg_get_badkey(&imsg, &gotbad), 0);
	assert_memory_equal(&gotbad, &bad, sizeof(bad));
	assert_int_equal(keymsg_get_config(&imsg, &gotconfig), -1);
	imsg_free(&imsg);
	assert_int_equal(keymsg_send_address(&a, &address), 0);
	receive(&imsg);
	assert_int_equal(keymsg_get_address(&imsg, &gotaddress), 0);
	assert_memory_equal(&gotaddress, &address, sizeof(address));
	imsg_free(&imsg);
	assert_int_equal(keymsg_send_badrequest(&a, 0x123456789abcdef0), 0);
	receive(&imsg);
	assert_int_equal(keymsg_get_badrequest(&imsg, &id), 0);
	assert_true(id == 0x123456789abcdef0);
	imsg_free(&imsg);
	assert_int_equal(keymsg_send_spin(&a, 1000), 0);
	receive(&imsg);
	assert_int_equal(keymsg_get_spin(&imsg, &spin), 0);
	assert_int_equal(spin, 1000);
	imsg_free(&imsg);
	assert_int_equal(keymsg_send_spin(&a, 1001), 0);
	receive(&imsg);
	assert_int_equal(keymsg_get_spin(&imsg, &spin), -1);
	imsg_free(&imsg);
	assert_int_equal(keymsg_send_end(&a), 0);
	assert_int_equal(keymsg_send_ready(&a), 0);
	receive(&imsg);
	assert_int_equal(imsg_get_type(&imsg), KEYD_END);
	assert_int_equal(imsg_get_len(&imsg), 0);
	imsg_free(&imsg);
	receive(&imsg);
	assert_int_equal(imsg_get_type(&imsg), KEYD_READY);
	imsg_free(&imsg);
}

/* Three words, as KEYD_CONFIG and KEYD_BADKEY have them. */
static int
decode_words(uint32_t type, uint32_t x, uint32_t y, uint32_t z)
{
	struct bytes	t;

	t.len = 0;
	put32(&t, x);
	put32(&t, y);
	put32(&t, z);
	return (decode(type, t.data, t.len));
}

static void
limits(void **state)
{
	uint8_t	key[4 + ADDRESS_SIZE] = { 0, 0, 1, 0 };

	(void)state;
	assert_int_equal(decode_words(KEYD_CONFIG, 0, 0, 17), 0);
	assert_int_equal(decode_words(KEYD_CONFIG, 256, 65536, 17), 0);
	assert_int_equal(decode_words(KEYD_CONFIG, 257, 1, 17), -1);
	assert_int_equal(decode_words(KEYD_CONFIG, 1, 65537, 17), -1);
	assert_int_equal(decode_words(KEYD_CONFIG, 1, 1, 16), -1);
	assert_int_equal(decode_words(KEYD_BADKEY, 255, 1, 0), 0);
	assert_int_equal(decode_words(KEYD_BADKEY, 256, 1, 0), -1);
	assert_int_equal(decode_words(KEYD_BADKEY, 0, 0, 0), -1);
	assert_int_equal(decode_words(KEYD_BADKEY, 0, KEYFILE_MAXERROR, 0),
	    -1);
	assert_int_equal(decode(KEYD_ADDRESS, key, sizeof(key)), -1);
	key[2] = 0;
	assert_int_equal(decode(KEYD_ADDRESS, key, sizeof(key)), 0);
}

static void
badconfig(void **state)
{
	char		text[2000], got[KEYD_MAXTEXT + 1], small[4];
	struct bytes	t;
	struct imsg	imsg;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(keymsg_send_badconfig(&a, ""), -1);
	assert_int_equal(keymsg_send_badconfig(&a, text), 0);
	receive(&imsg);
	assert_int_equal(keymsg_get_badconfig(&imsg, got, sizeof(got)), 0);
	assert_int_equal(strlen(got), KEYD_MAXTEXT);
	assert_int_equal(keymsg_get_badconfig(&imsg, small, sizeof(small)),
	    0);
	assert_string_equal(small, "xxx");
	assert_int_equal(keymsg_get_badconfig(&imsg, small, 0), -1);
	imsg_free(&imsg);
	t.len = 0;
	put32(&t, 3);
	put(&t, "a\0b", 3);
	assert_int_equal(decode(KEYD_BADCONFIG, t.data, t.len), -1);
	t.len = 0;
	put32(&t, 0);
	assert_int_equal(decode(KEYD_BADCONFIG, t.data, t.len), -1);
	t.len = 0;
	put32(&t, KEYD_MAXTEXT + 1);
	put(&t, text, KEYD_MAXTEXT + 1);
	assert_int_equal(decode(KEYD_BADCONFIG, t.data, t.len), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules),
		cmocka_unit_test(rule_refusals),
		cmocka_unit_test(rule_askers),
		cmocka_unit_test(rulelist_refusals),
		cmocka_unit_test(exact_sizes),
		cmocka_unit_test(mutations),
		cmocka_unit_test(replies),
		cmocka_unit_test(reply_refusals),
		cmocka_unit_test(small_messages),
		cmocka_unit_test(limits),
		cmocka_unit_test(badconfig)
	};

	return (cmocka_run_group_tests_name("keymsg", tests, setup,
	    teardown));
}
