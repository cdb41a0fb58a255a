/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: compat/imsg.o compat/imsg-buffer.o keyd/keymsg.o keyd/keymsg_request.o keyd/keymsg_rule.o */

#include "regress/unit/keymsg_util.h"

/* All that is not a pointer at once: nothing may be left as it was. */
static void
same_request(const struct request *x, const struct request *y)
{
	struct request	cx, cy;
	struct request	*c[2] = { &cx, &cy };
	size_t		i;

	memcpy(&cx, x, sizeof(cx));
	memcpy(&cy, y, sizeof(cy));
	for (i = 0; x->method == METHOD_TRANSACTION && i < 2; i++) {
		c[i]->tx.data = c[i]->tx.input = c[i]->tx.blobs = NULL;
		c[i]->tx.access = NULL;
		c[i]->tx.auths = NULL;
	}
	assert_memory_equal(&cx, &cy, sizeof(cx));
	if (x->method != METHOD_TRANSACTION)
		return;
	if (x->tx.datalen > 0)
		assert_memory_equal(x->tx.data, y->tx.data, x->tx.datalen);
	if (x->tx.inputlen > 0)
		assert_memory_equal(x->tx.input, y->tx.input,
		    x->tx.inputlen);
	if (x->tx.nblobs > 0)
		assert_memory_equal(x->tx.blobs, y->tx.blobs,
		    x->tx.nblobs * HASH_SIZE);
	if (x->tx.nauths > 0)
		assert_memory_equal(x->tx.auths, y->tx.auths,
		    x->tx.nauths * sizeof(*x->tx.auths));
	for (i = 0; i < x->tx.naccess; i++) {
		assert_memory_equal(x->tx.access[i].address,
		    y->tx.access[i].address, ADDRESS_SIZE);
		assert_int_equal(x->tx.access[i].nkeys,
		    y->tx.access[i].nkeys);
		if (x->tx.access[i].nkeys > 0)
			assert_memory_equal(x->tx.access[i].keys,
			    y->tx.access[i].keys,
			    x->tx.access[i].nkeys * HASH_SIZE);
	}
}

static void
request_round_trip(struct sample *s)
{
	struct request	got;
	struct imsg	imsg;
	uint64_t	id = 1;

	assert_int_equal(keymsg_send_request(&a, &s->request), 0);
	receive(&imsg);
	memset(&got, 0xa5, sizeof(got));
	assert_int_equal(keymsg_get_request(&imsg, &got, &id), 0);
	assert_true(id == s->request.id);
	same_request(&s->request, &got);
	request_clear(&got);
	imsg_free(&imsg);
}

static void
requests(void **state)
{
	struct sample	s;
	uint32_t	i;

	(void)state;
	seed = 1;
	/* Each field alone, each one missing, none, all, then any. */
	for (i = 0; i < 16; i++) {
		rnd_request(&s, METHOD_TRANSACTION, 1U << i);
		request_round_trip(&s);
		rnd_request(&s, METHOD_TRANSACTION, TX_HASBITS & ~(1U << i));
		request_round_trip(&s);
	}
	rnd_request(&s, METHOD_TRANSACTION, 0);
	request_round_trip(&s);
	for (i = 0; i < 200; i++) {
		rnd_request(&s, METHOD_TRANSACTION, TX_HASBITS);
		request_round_trip(&s);
	}
	for (i = 0; i < 5000; i++) {
		rnd_request(&s, METHOD_TRANSACTION, rnd(TX_HASBITS + 1));
		request_round_trip(&s);
	}
	for (i = 0; i < 5000; i++) {
		rnd_request(&s, METHOD_PAYLOAD, i & PAYLOAD_HASBITS);
		request_round_trip(&s);
	}
}

static int
decode_request(const struct bytes *bytes, size_t len, uint64_t *id)
{
	struct request	got;
	struct imsg	imsg;
	int		r;

	make(&imsg, KEYD_SIGN, bytes->data, len);
	memset(&got, 0xa5, sizeof(got));
	if ((r = keymsg_get_request(&imsg, &got, id)) == 0)
		request_clear(&got);
	make_free(&imsg);
	return (r);
}

/* A KEYD_SIGN up to and with its has bits. */
static void
begin_via(struct bytes *bytes, uint8_t method, uint32_t via,
    const char *client, size_t len, uint32_t has)
{
	uint8_t	clen = (uint8_t)len;

	bytes->type = KEYD_SIGN;
	bytes->len = 0;
	put32(bytes, 0x01020304);
	put32(bytes, 0x05060708);
	put32(bytes, 0);
	put32(bytes, 9);
	put(bytes, &method, 1);
	put32(bytes, via);
	put(bytes, &clen, 1);
	put(bytes, client, len);
	put32(bytes, has);
}

static void
begin(struct bytes *bytes, uint8_t method, const char *client, size_t len,
    uint32_t has)
{
	begin_via(bytes, method, 0, client, len, has);
}

static void
request_bytes(void **state)
{
	static const uint8_t	expected[] = { 0, 0, 0, 0, 0, 0, 1, 2,
	    0, 0, 0, 0, 0, 0, 3, 4, 1, 0, 0, 0, 5, 1, 'c',
	    0, 0, 0x80, 0xc4,
	    0, 0, 0, 0, 0, 0, 5, 6, 0, 0, 0, 0, 0, 0, 7, 8,
	    0, 0, 0, 0, 0, 0, 0, 0 };
	struct sample		s;
	struct bytes		bytes;

	(void)state;
	memset(&s, 0, sizeof(s));
	s.request.id = 0x102;
	s.request.deadline = 0x304;
	s.request.method = METHOD_TRANSACTION;
	s.request.via = 5;
	s.request.client[0] = 'c';
	s.request.tx.has = TX_TYPE | TX_NONCE | TX_GAS | TX_VALUE;
	s.request.tx.gas = 0x506;
	s.request.tx.nonce = 0x708;
	assert_int_equal(keymsg_send_request(&a, &s.request), 0);
	receive_bytes(&bytes);
	assert_int_equal(bytes.type, KEYD_SIGN);
	assert_int_equal(bytes.len, sizeof(expected) + U256_SIZE);
	assert_memory_equal(bytes.data, expected, 35);
	assert_memory_equal(bytes.data + 35 + U256_SIZE, expected + 35, 16);
}

static void
request_refusals(void **state)
{
	static const uint8_t	zeros[HASH_SIZE];
	struct bytes		t;
	struct imsg		imsg;
	struct request		got;
	uint64_t		id;
	int			i;

	(void)state;
	begin(&t, METHOD_TRANSACTION, "c", 1, 0);
	assert_int_equal(decode_request(&t, t.len, &id), 0);
	begin(&t, METHOD_PAYLOAD, "c", 1, 0);
	put(&t, zeros, sizeof(zeros));
	assert_int_equal(decode_request(&t, t.len, &id), 0);
	/* Methods that there are not; the id is told all the same. */
	for (i = 0; i < 256; i++) {
		if (i == METHOD_TRANSACTION || i == METHOD_PAYLOAD)
			continue;
		begin(&t, (uint8_t)i, "c", 1, 0);
		assert_int_equal(decode_request(&t, t.len, &id), -1);
		assert_true(id == 0x0102030405060708);
		/* Nor without anything after the client. */
		assert_int_equal(decode_request(&t, t.len - 4, &id), -1);
	}
	/* Bits that there are not. */
	for (i = 0; i < 32; i++) {
		if ((1U << i & TX_HASBITS) == 0) {
			begin(&t, METHOD_TRANSACTION, "c", 1, 1U << i);
			assert_int_equal(decode_request(&t, t.len, &id), -1);
		}
		if ((1U << i & PAYLOAD_HASBITS) == 0) {
			begin(&t, METHOD_PAYLOAD, "c", 1, 1U << i);
			put(&t, zeros, sizeof(zeros));
			assert_int_equal(decode_request(&t, t.len, &id), -1);
		}
	}
	/* No id to be read; another type. */
	assert_int_equal(decode_request(&t, 7, &id), -1);
	assert_true(id == 0);
	id = 1;
	assert_int_equal(decode_request(&t, 0, &id), -1);
	assert_true(id == 0);
	begin(&t, METHOD_TRANSACTION, "c", 1, 0);
	make(&imsg, KEYD_SIGNED, t.data, t.len);
	assert_int_equal(keymsg_get_request(&imsg, &got, &id), -1);
	assert_true(id == 0);
	make_free(&imsg);
}

static void
client_names(void **state)
{
	static struct sample	s;
	struct bytes		t;
	char			name[256];
	uint64_t		id;
	size_t			len;
	int			c, bad;

	(void)state;
	memset(name, 'x', sizeof(name));
	for (len = 0; len < 256; len++) {
		begin(&t, METHOD_TRANSACTION, name, len, 0);
		assert_int_equal(decode_request(&t, t.len, &id),
		    len >= 1 && len <= CLIENT_MAX ? 0 : -1);
		begin_via(&t, METHOD_TRANSACTION, 1, name, len, 0);
		assert_int_equal(decode_request(&t, t.len, &id),
		    len <= CLIENT_MAX ? 0 : -1);
	}
	for (c = 0; c < 256; c++) {
		bad = c < 0x20 || c == 0x7f;
		name[2] = (char)c;
		begin(&t, METHOD_TRANSACTION, name, 5, 0);
		assert_int_equal(decode_request(&t, t.len, &id), -bad);
		begin_via(&t, METHOD_TRANSACTION, KEYD_MAXVIAS, name, 3, 0);
		assert_int_equal(decode_request(&t, t.len, &id), -bad);
		if (c == 0)
			continue;
		rnd_request(&s, METHOD_PAYLOAD, 0);
		s.request.via = (uint32_t)c % 2;
		memcpy(s.request.client, name, 5);
		s.request.client[5] = '\0';
		assert_int_equal(keymsg_send_request(&a, &s.request), -bad);
		if (bad)
			assert_int_equal(errno, EINVAL);
		else
			receive_bytes(&t);
	}
	/* One without an end. */
	memset(s.request.client, 'x', sizeof(s.request.client));
	for (s.request.via = 0; s.request.via < 2; s.request.via++)
		assert_int_equal(keymsg_send_request(&a, &s.request), -1);
	receive_none();
}

/* Every via with and without a client, both ways. */
static void
vias(void **state)
{
	static const uint32_t	list[] = { 0, 1, 2, KEYD_MAXVIAS,
				    KEYD_MAXVIAS + 1, 0x01000000,
				    0x80000001, UINT32_MAX };
	struct sample		s;
	struct bytes		t;
	uint64_t		id;
	size_t			i;
	int			named, result;

	(void)state;
	for (i = 0; i < 2 * sizeof(list) / sizeof(list[0]); i++) {
		named = i % 2 != 0;
		result = list[i / 2] <= KEYD_MAXVIAS &&
		    (named || list[i / 2] != 0) ? 0 : -1;
		begin_via(&t, METHOD_TRANSACTION, list[i / 2], "c",
		    named ? 1 : 0, 0);
		assert_int_equal(decode_request(&t, t.len, &id), result);
		assert_true(id == 0x0102030405060708);
		rnd_request(&s, METHOD_PAYLOAD, 0);
		memset(s.request.client, 0, sizeof(s.request.client));
		s.request.client[0] = named ? 'c' : '\0';
		s.request.via = list[i / 2];
		if (result == 0) {
			assert_int_equal(keymsg_request_size(&s.request),
			    8 + 8 + 1 + 4 + 1 + named + 4 + HASH_SIZE);
			request_round_trip(&s);
			continue;
		}
		assert_int_equal(keymsg_send_request(&a, &s.request), -1);
		assert_int_equal(errno, EINVAL);
	}
	receive_none();
}

static void
encoder_refusals(void **state)
{
	struct sample	s;
	struct bytes	t;

	(void)state;
	seed = 2;
	rnd_request(&s, METHOD_PAYLOAD, 0);
	s.request.payload.has = PAYLOAD_HASBITS + 1;
	assert_int_equal(keymsg_send_request(&a, &s.request), -1);
	assert_int_equal(errno, EINVAL);
	rnd_request(&s, METHOD_TRANSACTION, 0);
	s.request.tx.has = TX_HASBITS + 1;
	assert_int_equal(keymsg_send_request(&a, &s.request), -1);
	s.request.tx.has = 0;
	s.request.method = (enum request_method)3;
	assert_int_equal(keymsg_send_request(&a, &s.request), -1);
	s.request.method = (enum request_method)0;
	assert_int_equal(keymsg_send_request(&a, &s.request), -1);
	receive_none();
	/* As large as may be, and one byte more. */
	rnd_request(&s, METHOD_TRANSACTION, TX_HASBITS);
	assert_int_equal(keymsg_send_request(&a, &s.request), 0);
	receive_bytes(&t);
	assert_int_equal(imsgbuf_set_maxsize(&a, (uint32_t)t.len), 0);
	assert_int_equal(keymsg_send_request(&a, &s.request), 0);
	receive_bytes(&t);
	assert_int_equal(imsgbuf_set_maxsize(&a, (uint32_t)t.len - 1), 0);
	assert_int_equal(keymsg_send_request(&a, &s.request), -1);
	assert_int_equal(errno, ERANGE);
	assert_int_equal(imsgbuf_set_maxsize(&a, MAXSIZE), 0);
	receive_none();
}

static void
large_request(void **state)
{
	static uint8_t	big[MAXSIZE - 1000];
	struct sample	s;

	(void)state;
	seed = 3;
	rnd_bytes(big, sizeof(big));
	rnd_request(&s, METHOD_TRANSACTION, TX_HASBITS & ~(TX_ACCESSLIST |
	    TX_AUTHLIST | TX_DATA | TX_BLOBHASHES));
	s.request.tx.input = big;
	s.request.tx.inputlen = sizeof(big);
	request_round_trip(&s);
}

/* Peak of the address space in kB; 0 where it cannot be told. */
static unsigned long
peak(void)
{
	char		 line[256];
	unsigned long	 kb = 0;
	FILE		*f;

	if ((f = fopen("/proc/self/status", "r")) == NULL)
		return (0);
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "VmPeak: %lu", &kb) == 1)
			break;
	fclose(f);
	return (kb);
}

/* The count of the only list, followed by n bytes, is refused for free. */
static void
refuse_count(uint32_t has, uint32_t count, size_t n)
{
	uint8_t		fill[512] = { 0 };
	struct bytes	t;
	uint64_t	id;

	begin(&t, METHOD_TRANSACTION, "c", 1, has);
	put32(&t, count);
	put(&t, fill, n);
	assert_int_equal(decode_request(&t, t.len, &id), -1);
}

static void
huge_counts(void **state)
{
	static const uint32_t	bits[] = { TX_DATA, TX_INPUT, TX_ACCESSLIST,
	    TX_BLOBHASHES, TX_AUTHLIST };
	static const uint32_t	counts[] = { 25000000, 0x08000001,
	    0x10000001, 0x20000001, 0x80000001, UINT32_MAX };
	uint8_t			fill[32] = { 0 };
	struct bytes		t;
	uint64_t		id;
	unsigned long		before = peak();
	size_t			i, j, n;

	(void)state;
	for (i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		for (j = 0; j < sizeof(counts) / sizeof(counts[0]); j++)
			for (n = 0; n <= 512; n += 32)
				refuse_count(bits[i], counts[j], n);
	/* The keys of an entry of an access list. */
	for (j = 0; j < sizeof(counts) / sizeof(counts[0]); j++) {
		begin(&t, METHOD_TRANSACTION, "c", 1, TX_ACCESSLIST);
		put32(&t, 1);
		put(&t, fill, ADDRESS_SIZE);
		put32(&t, counts[j]);
		put(&t, fill, sizeof(fill));
		assert_int_equal(decode_request(&t, t.len, &id), -1);
	}
	assert_true(peak() - before < 200000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),
		cmocka_unit_test(request_bytes),
		cmocka_unit_test(request_refusals),
		cmocka_unit_test(client_names),
		cmocka_unit_test(vias),
		cmocka_unit_test(encoder_refusals),
		cmocka_unit_test(large_request),
		cmocka_unit_test(huge_counts)
	};

	return (cmocka_run_group_tests_name("keyrequest", tests, setup,
	    teardown));
}
