/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "keyd/keymsg.h"
#include "keyd/keymsg_field.h"

/*
 * KEYD_SIGN: id, deadline, method, via, client; then the has bits and, in
 * the order of the bits, the fields that are there.
 */

/* Bytes of an access list entry without its keys, of an authorization. */
#define ACCESS_SIZE	(ADDRESS_SIZE + 4)
#define AUTH_SIZE	(3 * U256_SIZE + ADDRESS_SIZE + 8 + 1)

static size_t
payload_size(const struct payload *p)
{
	size_t	size = 4 + HASH_SIZE;

	if (p->has & PAYLOAD_SENDER)
		size += ADDRESS_SIZE;
	if (p->has & PAYLOAD_CHAIN)
		size += U256_SIZE;
	if (p->has & PAYLOAD_HASH)
		size += HASH_SIZE;
	return (size);
}

/* Everything counted is in memory, so the sum is far from overflow. */
static size_t
tx_size(const struct tx *tx)
{
	static const struct {
		uint32_t	bit;
		size_t		size;	/* of a list: of its count */
	} fields[] = {
		{ TX_FROM, ADDRESS_SIZE }, { TX_TO, ADDRESS_SIZE },
		{ TX_GAS, 8 }, { TX_MAXFEE, U256_SIZE },
		{ TX_MAXPRIORITYFEE, U256_SIZE }, { TX_VALUE, U256_SIZE },
		{ TX_NONCE, 8 }, { TX_DATA, 4 }, { TX_INPUT, 4 },
		{ TX_ACCESSLIST, 4 }, { TX_CHAINID, U256_SIZE },
		{ TX_BLOBHASHES, 4 }, { TX_MAXBLOBFEE, U256_SIZE },
		{ TX_AUTHLIST, 4 }, { TX_TYPE, 8 }
	};
	size_t	size = 4, i;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (tx->has & fields[i].bit)
			size += fields[i].size;
	if (tx->has & TX_DATA)
		size += tx->datalen;
	if (tx->has & TX_INPUT)
		size += tx->inputlen;
	if (tx->has & TX_BLOBHASHES)
		size += tx->nblobs * HASH_SIZE;
	if (tx->has & TX_AUTHLIST)
		size += tx->nauths * AUTH_SIZE;
	if (tx->has & TX_ACCESSLIST)
		for (i = 0; i < tx->naccess; i++)
			size += ACCESS_SIZE + tx->access[i].nkeys * HASH_SIZE;
	return (size);
}

static int
add_payload(struct ibuf *b, const struct payload *p)
{
	if (ibuf_add_n32(b, p->has) == -1 ||
	    ibuf_add(b, p->domain, HASH_SIZE) == -1)
		return (-1);
	if (p->has & PAYLOAD_SENDER &&
	    ibuf_add(b, p->sender, ADDRESS_SIZE) == -1)
		return (-1);
	if (p->has & PAYLOAD_CHAIN &&
	    keymsg_add_u256(b, &p->chain_id) == -1)
		return (-1);
	if (p->has & PAYLOAD_HASH && ibuf_add(b, p->hash, HASH_SIZE) == -1)
		return (-1);
	return (0);
}

static int
get_payload(struct ibuf *b, struct payload *p)
{
	if (ibuf_get_n32(b, &p->has) == -1 || p->has & ~PAYLOAD_HASBITS ||
	    ibuf_get(b, p->domain, HASH_SIZE) == -1)
		return (-1);
	if (p->has & PAYLOAD_SENDER &&
	    ibuf_get(b, p->sender, ADDRESS_SIZE) == -1)
		return (-1);
	if (p->has & PAYLOAD_CHAIN &&
	    keymsg_get_u256(b, &p->chain_id) == -1)
		return (-1);
	if (p->has & PAYLOAD_HASH && ibuf_get(b, p->hash, HASH_SIZE) == -1)
		return (-1);
	return (0);
}

static int
add_items(struct ibuf *b, const uint8_t *items, size_t count, size_t size)
{
	if (ibuf_add_n32(b, count) == -1)
		return (-1);
	return (ibuf_add(b, items, count * size));
}

static int
get_items(struct ibuf *b, const uint8_t **items, size_t *count, size_t size)
{
	if (keymsg_get_count(b, size, count) == -1)
		return (-1);
	return (keymsg_get_ref(b, items, *count * size));
}

static int
add_access(struct ibuf *b, const struct tx *tx)
{
	const struct tx_access	*a;
	size_t			 i;

	if (ibuf_add_n32(b, tx->naccess) == -1)
		return (-1);
	for (i = 0; i < tx->naccess; i++) {
		a = &tx->access[i];
		if (ibuf_add(b, a->address, ADDRESS_SIZE) == -1 ||
		    add_items(b, a->keys, a->nkeys, HASH_SIZE) == -1)
			return (-1);
	}
	return (0);
}

static int
get_access(struct ibuf *b, struct tx *tx)
{
	struct tx_access	*a;
	size_t			 count, i;

	if (keymsg_get_count(b, ACCESS_SIZE, &count) == -1)
		return (-1);
	if (count == 0)
		return (0);
	if ((tx->access = calloc(count, sizeof(*tx->access))) == NULL)
		return (-1);
	tx->naccess = count;
	for (i = 0; i < count; i++) {
		a = &tx->access[i];
		if (ibuf_get(b, a->address, ADDRESS_SIZE) == -1 ||
		    get_items(b, &a->keys, &a->nkeys, HASH_SIZE) == -1)
			return (-1);
	}
	return (0);
}

static int
add_auths(struct ibuf *b, const struct tx *tx)
{
	const struct tx_auth	*a;
	size_t			 i;

	if (ibuf_add_n32(b, tx->nauths) == -1)
		return (-1);
	for (i = 0; i < tx->nauths; i++) {
		a = &tx->auths[i];
		if (keymsg_add_u256(b, &a->chain_id) == -1 ||
		    ibuf_add(b, a->address, ADDRESS_SIZE) == -1 ||
		    ibuf_add_n64(b, a->nonce) == -1 ||
		    ibuf_add_n8(b, a->y_parity) == -1 ||
		    keymsg_add_u256(b, &a->r) == -1 ||
		    keymsg_add_u256(b, &a->s) == -1)
			return (-1);
	}
	return (0);
}

static int
get_auths(struct ibuf *b, struct tx *tx)
{
	struct tx_auth	*a;
	size_t		 count, i;

	if (keymsg_get_count(b, AUTH_SIZE, &count) == -1)
		return (-1);
	if (count == 0)
		return (0);
	if ((tx->auths = calloc(count, sizeof(*tx->auths))) == NULL)
		return (-1);
	tx->nauths = count;
	for (i = 0; i < count; i++) {
		a = &tx->auths[i];
		if (keymsg_get_u256(b, &a->chain_id) == -1 ||
		    ibuf_get(b, a->address, ADDRESS_SIZE) == -1 ||
		    ibuf_get_n64(b, &a->nonce) == -1 ||
		    ibuf_get_n8(b, &a->y_parity) == -1 ||
		    keymsg_get_u256(b, &a->r) == -1 ||
		    keymsg_get_u256(b, &a->s) == -1)
			return (-1);
	}
	return (0);
}

#define HAS(bit, call)	((tx->has & (bit)) == 0 || (call) == 0)

static int
add_tx(struct ibuf *b, const struct tx *tx)
{
	if (ibuf_add_n32(b, tx->has) == -1)
		return (-1);
	if (HAS(TX_FROM, ibuf_add(b, tx->from, ADDRESS_SIZE)) &&
	    HAS(TX_TO, ibuf_add(b, tx->to, ADDRESS_SIZE)) &&
	    HAS(TX_GAS, ibuf_add_n64(b, tx->gas)) &&
	    HAS(TX_MAXFEE, keymsg_add_u256(b, &tx->max_fee)) &&
	    HAS(TX_MAXPRIORITYFEE,
	    keymsg_add_u256(b, &tx->max_priority_fee)) &&
	    HAS(TX_VALUE, keymsg_add_u256(b, &tx->value)) &&
	    HAS(TX_NONCE, ibuf_add_n64(b, tx->nonce)) &&
	    HAS(TX_DATA, add_items(b, tx->data, tx->datalen, 1)) &&
	    HAS(TX_INPUT, add_items(b, tx->input, tx->inputlen, 1)) &&
	    HAS(TX_ACCESSLIST, add_access(b, tx)) &&
	    HAS(TX_CHAINID, keymsg_add_u256(b, &tx->chain_id)) &&
	    HAS(TX_BLOBHASHES,
	    add_items(b, tx->blobs, tx->nblobs, HASH_SIZE)) &&
	    HAS(TX_MAXBLOBFEE, keymsg_add_u256(b, &tx->max_blob_fee)) &&
	    HAS(TX_AUTHLIST, add_auths(b, tx)) &&
	    HAS(TX_TYPE, ibuf_add_n64(b, tx->type)))
		return (0);
	return (-1);
}

static int
get_tx(struct ibuf *b, struct tx *tx)
{
	if (ibuf_get_n32(b, &tx->has) == -1 || tx->has & ~TX_HASBITS)
		return (-1);
	if (HAS(TX_FROM, ibuf_get(b, tx->from, ADDRESS_SIZE)) &&
	    HAS(TX_TO, ibuf_get(b, tx->to, ADDRESS_SIZE)) &&
	    HAS(TX_GAS, ibuf_get_n64(b, &tx->gas)) &&
	    HAS(TX_MAXFEE, keymsg_get_u256(b, &tx->max_fee)) &&
	    HAS(TX_MAXPRIORITYFEE,
	    keymsg_get_u256(b, &tx->max_priority_fee)) &&
	    HAS(TX_VALUE, keymsg_get_u256(b, &tx->value)) &&
	    HAS(TX_NONCE, ibuf_get_n64(b, &tx->nonce)) &&
	    HAS(TX_DATA, get_items(b, &tx->data, &tx->datalen, 1)) &&
	    HAS(TX_INPUT, get_items(b, &tx->input, &tx->inputlen, 1)) &&
	    HAS(TX_ACCESSLIST, get_access(b, tx)) &&
	    HAS(TX_CHAINID, keymsg_get_u256(b, &tx->chain_id)) &&
	    HAS(TX_BLOBHASHES,
	    get_items(b, &tx->blobs, &tx->nblobs, HASH_SIZE)) &&
	    HAS(TX_MAXBLOBFEE, keymsg_get_u256(b, &tx->max_blob_fee)) &&
	    HAS(TX_AUTHLIST, get_auths(b, tx)) &&
	    HAS(TX_TYPE, ibuf_get_n64(b, &tx->type)))
		return (0);
	return (-1);
}

#undef HAS

/* Whether an encoder was given what its decoder would take. */
static int
request_valid(const struct request *request)
{
	switch (request->method) {
	case METHOD_TRANSACTION:
		return ((request->tx.has & ~TX_HASBITS) == 0);
	case METHOD_PAYLOAD:
		return ((request->payload.has & ~PAYLOAD_HASBITS) == 0);
	}
	return (0);
}

size_t
keymsg_request_size(const struct request *request)
{
	return (8 + 8 + 1 + 4 + 1 + strnlen(request->client, CLIENT_MAX) +
	    (request->method == METHOD_TRANSACTION ?
	    tx_size(&request->tx) : payload_size(&request->payload)));
}

int
keymsg_add_request(struct ibuf *b, const struct request *request)
{
	bool	 tx = request->method == METHOD_TRANSACTION;

	if (!request_valid(request)) {
		errno = EINVAL;
		return (-1);
	}
	if (ibuf_add_n64(b, request->id) == -1 ||
	    ibuf_add_n64(b, request->deadline) == -1 ||
	    ibuf_add_n8(b, request->method) == -1 ||
	    keymsg_add_asker(b, request->via, request->client) == -1)
		return (-1);
	return (tx ? add_tx(b, &request->tx) :
	    add_payload(b, &request->payload));
}

int
keymsg_send_asked(struct imsgbuf *ibuf, uint32_t type,
    const struct request *request)
{
	struct ibuf	*b;

	if ((b = imsg_create(ibuf, type, 0, 0,
	    keymsg_request_size(request))) == NULL)
		return (-1);
	if (keymsg_add_request(b, request) == -1) {
		ibuf_free(b);
		return (-1);
	}
	imsg_close(ibuf, b);
	return (0);
}

int
keymsg_send_request(struct imsgbuf *ibuf, const struct request *request)
{
	return (keymsg_send_asked(ibuf, KEYD_SIGN, request));
}

static int
get_request(struct ibuf *b, struct request *request)
{
	uint8_t	method;

	if (ibuf_get_n64(b, &request->deadline) == -1 ||
	    ibuf_get_n8(b, &method) == -1 ||
	    keymsg_get_asker(b, &request->via, request->client) == -1)
		return (-1);
	switch (method) {
	case METHOD_TRANSACTION:
		request->method = METHOD_TRANSACTION;
		if (get_tx(b, &request->tx) == -1)
			return (-1);
		break;
	case METHOD_PAYLOAD:
		request->method = METHOD_PAYLOAD;
		if (get_payload(b, &request->payload) == -1)
			return (-1);
		break;
	default:
		return (-1);
	}
	return (ibuf_size(b) == 0 ? 0 : -1);
}

int
keymsg_get_body(struct ibuf *b, struct request *request)
{
	memset(request, 0, sizeof(*request));
	if (ibuf_get_n64(b, &request->id) == -1)
		return (-1);
	if (get_request(b, request) == -1) {
		request_clear(request);
		return (-1);
	}
	return (0);
}

int
keymsg_get_request(struct imsg *imsg, struct request *request, uint64_t *id)
{
	struct ibuf	b;
	int		r;

	memset(request, 0, sizeof(*request));
	*id = 0;
	if (imsg_get_type(imsg) != KEYD_SIGN ||
	    imsg_get_ibuf(imsg, &b) == -1)
		return (-1);
	r = keymsg_get_body(&b, request);
	*id = request->id;
	return (r);
}

void
request_clear(struct request *request)
{
	if (request->method != METHOD_TRANSACTION)
		return;
	free(request->tx.access);
	free(request->tx.auths);
	request->tx.access = NULL;
	request->tx.naccess = 0;
	request->tx.auths = NULL;
	request->tx.nauths = 0;
}
