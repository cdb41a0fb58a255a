/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_UNIT_KEYMSG_UTIL_H
#define REGRESS_UNIT_KEYMSG_UTIL_H

#include <sys/socket.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "keyd/keyfile.h"
#include "keyd/keymsg.h"
#include "regress/unit/rnd.h"

/*
 * For the tests of keyd/keymsg.h: a channel, messages as bytes, random
 * requests and rules.
 */
#define MAXSIZE	(1024 * 1024)
#define NLIST	5		/* items in random lists, at most */

static struct imsgbuf	a, b;
static int		sv[2];

/* The bytes of a message. */
struct bytes {
	uint32_t	 type;
	size_t		 len;
	uint8_t		 data[65536];
};

/* A request with all that it points to. */
struct sample {
	struct request		request;
	struct tx_access	access[NLIST];
	struct tx_auth		auths[NLIST];
	uint8_t			keys[NLIST][NLIST * HASH_SIZE];
	uint8_t			data[200];
	uint8_t			input[200];
	uint8_t			blobs[NLIST * HASH_SIZE];
};

static inline void
rnd_bytes(void *p, size_t len)
{
	uint8_t	*c = p;

	while (len-- > 0)
		*c++ = (uint8_t)rnd(256);
}

static inline uint64_t
rnd64(void)
{
	uint64_t	n;

	rnd_bytes(&n, sizeof(n));
	return (n);
}

static inline int
setup(void **state)
{
	(void)state;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sv) == -1 ||
	    imsgbuf_init(&a, sv[0]) == -1 || imsgbuf_init(&b, sv[1]) == -1 ||
	    imsgbuf_set_maxsize(&a, MAXSIZE) == -1 ||
	    imsgbuf_set_maxsize(&b, MAXSIZE) == -1)
		return (-1);
	imsgbuf_allow_fdpass(&a);
	imsgbuf_allow_fdpass(&b);
	return (0);
}

static inline int
teardown(void **state)
{
	(void)state;
	imsgbuf_clear(&a);
	imsgbuf_clear(&b);
	close(sv[0]);
	close(sv[1]);
	return (0);
}

/* The next message that was queued on a. */
static inline void
receive(struct imsg *imsg)
{
	ssize_t	n;
	int	i;

	for (i = 0; i < 100; i++) {
		n = imsg_get(&b, imsg);
		assert_int_not_equal(n, -1);
		if (n > 0)
			return;
		assert_int_equal(imsgbuf_write(&a), 0);
		assert_int_equal(imsgbuf_read(&b), 1);
	}
	fail();
}

static inline void
receive_none(void)
{
	struct imsg	imsg;

	assert_int_equal(imsgbuf_write(&a), 0);
	assert_int_equal(imsgbuf_queuelen(&a), 0);
	assert_int_equal(imsgbuf_read(&b), 1);
	assert_int_equal(imsg_get(&b, &imsg), 0);
}

static inline void
receive_bytes(struct bytes *bytes)
{
	struct imsg	imsg;

	receive(&imsg);
	bytes->type = imsg_get_type(&imsg);
	bytes->len = imsg_get_len(&imsg);
	assert_true(bytes->len < sizeof(bytes->data));
	if (bytes->len > 0)
		assert_int_equal(imsg_get_data(&imsg, bytes->data,
		    bytes->len), 0);
	imsg_free(&imsg);
}

/*
 * A received message of those bytes.  Where imsg is ours the payload is an
 * allocation of its own, so that a sanitizer sees a byte read too many.
 */
static inline void
make(struct imsg *imsg, uint32_t type, const void *data, size_t len)
{
#ifdef HAVE_IMSG
	assert_int_equal(imsg_compose(&a, type, 0, 0, -1, data, len), 1);
	receive(imsg);
#else
	memset(imsg, 0, sizeof(*imsg));
	imsg->hdr.type = type;
	imsg->hdr.len = (uint32_t)(IMSG_HEADER_SIZE + len);
	imsg->fd = -1;
	if (len > 0) {
		assert_non_null(imsg->data = malloc(len));
		memcpy(imsg->data, data, len);
	}
#endif
}

static inline void
make_free(struct imsg *imsg)
{
#ifndef HAVE_IMSG
	free(imsg->data);
#endif
	imsg_free(imsg);
}

static inline void
put(struct bytes *bytes, const void *data, size_t len)
{
	memcpy(bytes->data + bytes->len, data, len);
	bytes->len += len;
}

static inline void
put32(struct bytes *bytes, uint32_t n)
{
	uint8_t	be[4] = { (uint8_t)(n >> 24), (uint8_t)(n >> 16),
	    (uint8_t)(n >> 8), (uint8_t)n };

	put(bytes, be, sizeof(be));
}

static inline void
rnd_payload(struct payload *p, uint32_t has)
{
	p->has = has;
	rnd_bytes(p->domain, sizeof(p->domain));
	if (has & PAYLOAD_SENDER)
		rnd_bytes(p->sender, sizeof(p->sender));
	if (has & PAYLOAD_CHAIN)
		rnd_bytes(&p->chain_id, sizeof(p->chain_id));
	if (has & PAYLOAD_HASH)
		rnd_bytes(p->hash, sizeof(p->hash));
}

static inline void
rnd_lists(struct sample *s, struct tx *tx)
{
	struct tx_auth	*auth;
	size_t		 i;

	if (tx->has & TX_ACCESSLIST && (tx->naccess = rnd(NLIST + 1)) > 0)
		tx->access = s->access;
	for (i = 0; i < tx->naccess; i++) {
		rnd_bytes(s->access[i].address, ADDRESS_SIZE);
		s->access[i].nkeys = rnd(NLIST + 1);
		s->access[i].keys = s->keys[i];
	}
	if (tx->has & TX_AUTHLIST && (tx->nauths = rnd(NLIST + 1)) > 0)
		tx->auths = s->auths;
	for (i = 0; i < tx->nauths; i++) {
		auth = &s->auths[i];
		rnd_bytes(&auth->chain_id, sizeof(auth->chain_id));
		rnd_bytes(auth->address, ADDRESS_SIZE);
		auth->nonce = rnd64();
		auth->y_parity = (uint8_t)rnd(256);
		rnd_bytes(&auth->r, sizeof(auth->r));
		rnd_bytes(&auth->s, sizeof(auth->s));
	}
}

static inline void
rnd_tx(struct sample *s, struct tx *tx, uint32_t has)
{
	tx->has = has;
	if (has & TX_FROM)
		rnd_bytes(tx->from, sizeof(tx->from));
	if (has & TX_TO)
		rnd_bytes(tx->to, sizeof(tx->to));
	if (has & TX_GAS)
		tx->gas = rnd64();
	if (has & TX_NONCE)
		tx->nonce = rnd64();
	if (has & TX_TYPE)
		tx->type = rnd64();
	if (has & TX_MAXFEE)
		rnd_bytes(&tx->max_fee, sizeof(tx->max_fee));
	if (has & TX_MAXPRIORITYFEE)
		rnd_bytes(&tx->max_priority_fee, sizeof(struct u256));
	if (has & TX_MAXBLOBFEE)
		rnd_bytes(&tx->max_blob_fee, sizeof(tx->max_blob_fee));
	if (has & TX_VALUE)
		rnd_bytes(&tx->value, sizeof(tx->value));
	if (has & TX_CHAINID)
		rnd_bytes(&tx->chain_id, sizeof(tx->chain_id));
	if (has & TX_DATA) {
		tx->data = s->data;
		tx->datalen = rnd(sizeof(s->data) + 1);
	}
	if (has & TX_INPUT) {
		tx->input = s->input;
		tx->inputlen = rnd(sizeof(s->input) + 1);
	}
	if (has & TX_BLOBHASHES) {
		tx->blobs = s->blobs;
		tx->nblobs = rnd(NLIST + 1);
	}
	rnd_lists(s, tx);
}

static inline void
rnd_request(struct sample *s, enum request_method method, uint32_t has)
{
	struct request	*r = &s->request;
	size_t		 i, len;

	memset(s, 0, sizeof(*s));
	rnd_bytes(s->keys, sizeof(s->keys));
	rnd_bytes(s->data, sizeof(s->data));
	rnd_bytes(s->input, sizeof(s->input));
	rnd_bytes(s->blobs, sizeof(s->blobs));
	r->id = rnd64();
	r->deadline = rnd64();
	r->method = method;
	r->via = rnd(2) == 0 ? 0 : 1 + rnd(KEYD_MAXVIAS);
	len = rnd(4) == 0 ? CLIENT_MAX : 1 + rnd(20);
	if (r->via != 0 && rnd(3) == 0)
		len = 0;
	for (i = 0; i < len; i++)
		r->client[i] = (char)(' ' + rnd('~' - ' ' + 1));
	if (method == METHOD_TRANSACTION)
		rnd_tx(s, &r->tx, has);
	else
		rnd_payload(&r->payload, has);
}

static inline void
fill_rule(struct rule *rule, uint32_t has)
{
	memset(rule, 0, sizeof(*rule));
	rule->via = rnd(2) == 0 ? 0 : 1 + rnd(KEYD_MAXVIAS);
	if (rule->via == 0 || rnd(3) != 0)
		strcat(rule->client, "client.example");
	rule->key = rnd(KEYD_MAXKEYS);
	rule->methods = 1 + rnd(RULE_METHODS);
	rule->has = has;
	if (has & RULE_MAXVALUE)
		rnd_bytes(&rule->max_value, sizeof(rule->max_value));
	if (has & RULE_MAXFEE)
		rnd_bytes(&rule->max_fee, sizeof(rule->max_fee));
}

#endif /* REGRESS_UNIT_KEYMSG_UTIL_H */
