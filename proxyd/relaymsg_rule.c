/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <arpa/inet.h>

#include <errno.h>
#include <string.h>

#include "common/msgfield.h"
#include "proxyd/relaymsg.h"

/* ---- Lists, in pieces ------------------------------------------------- */

/* Bytes of an item; 0 for a list that there is not. */
static size_t
item_size(uint32_t list)
{
	switch (list) {
	case RELAY_LIST_ADDRESS:
	case RELAY_LIST_TO:
		return (ADDRESS_SIZE);
	case RELAY_LIST_CHAIN:
		return (U256_SIZE);
	case RELAY_LIST_DOMAIN:
		return (HASH_SIZE);
	case RELAY_LIST_SIGNER:
		return (sizeof(uint32_t));
	default:
		return (0);
	}
}

static int
send_piece(struct imsgbuf *ibuf, enum relay_list list, const void *items,
    size_t count)
{
	size_t		 size = count * item_size(list);
	struct ibuf	*b;

	if ((b = imsg_create(ibuf, RELAY_LIST, 0, 0, 8 + size)) == NULL)
		return (-1);
	return (msgfield_finish(ibuf, b,
	    ibuf_add_n32(b, (uint64_t)list) == 0 &&
	    ibuf_add_n32(b, count) == 0 && ibuf_add(b, items, size) == 0));
}

static int
send_list(struct imsgbuf *ibuf, enum relay_list list, const void *items,
    size_t count)
{
	const uint8_t	*p = items;
	size_t		 n;

	while (count > 0) {
		n = count < RELAY_MAXPIECE ? count : RELAY_MAXPIECE;
		if (send_piece(ibuf, list, p, n) == -1)
			return (-1);
		p += n * item_size(list);
		count -= n;
	}
	return (0);
}

static int
send_indices(struct imsgbuf *ibuf, const uint32_t *items, size_t count)
{
	uint32_t	 net[RELAY_MAXPIECE];
	size_t		 i, n;

	while (count > 0) {
		n = count < RELAY_MAXPIECE ? count : RELAY_MAXPIECE;
		for (i = 0; i < n; i++)
			net[i] = htonl(items[i]);
		if (send_piece(ibuf, RELAY_LIST_SIGNER, net, n) == -1)
			return (-1);
		items += n;
		count -= n;
	}
	return (0);
}

int
relaymsg_get_list(struct imsg *imsg, struct relay_piece *piece)
{
	struct ibuf	 b;
	uint32_t	 list;
	size_t		 size;

	memset(piece, 0, sizeof(*piece));
	if (msgfield_begin(imsg, RELAY_LIST, &b) == -1 ||
	    ibuf_get_n32(&b, &list) == -1 || (size = item_size(list)) == 0 ||
	    ibuf_get_n32(&b, &piece->count) == -1 ||
	    piece->count == 0 || piece->count > RELAY_MAXPIECE ||
	    ibuf_size(&b) != piece->count * size)
		return (-1);
	piece->list = (enum relay_list)list;
	piece->items = ibuf_data(&b);
	return (0);
}

/* ---- What has lists --------------------------------------------------- */

static bool
methods_ok(uint32_t methods)
{
	return (methods != 0 && (methods & ~RULE_METHODS) == 0);
}

int
relaymsg_send_signer(struct imsgbuf *ibuf, const struct config_signer *s)
{
	struct ibuf	*b;
	int		 ok;

	if ((s->methods & ~RULE_METHODS) != 0 || s->index >= CONFIG_SIGNERS ||
	    strlen(s->name) > CONFIG_NAME_MAX ||
	    strlen(s->certname) > CLIENT_MAX) {
		errno = EINVAL;
		return (-1);
	}
	if ((b = imsg_create(ibuf, RELAY_SIGNER, 0, 0, 512)) == NULL)
		return (-1);
	ok = ibuf_add_n32(b, s->index) == 0 &&
	    ibuf_add_n32(b, s->methods) == 0 &&
	    msgfield_add_string(b, s->name) == 0 &&
	    msgfield_add_string(b, s->certname) == 0;
	if (msgfield_finish(ibuf, b, ok) == -1 ||
	    send_list(ibuf, RELAY_LIST_ADDRESS, s->addresses,
	    s->naddresses) == -1 ||
	    send_list(ibuf, RELAY_LIST_CHAIN, s->chains, s->nchains) == -1)
		return (-1);
	return (0);
}

int
relaymsg_get_signer(struct imsg *imsg, struct relay_signer *s)
{
	struct ibuf	 b;

	memset(s, 0, sizeof(*s));
	if (msgfield_begin(imsg, RELAY_SIGNER, &b) == -1 ||
	    ibuf_get_n32(&b, &s->index) == -1 ||
	    s->index >= CONFIG_SIGNERS ||
	    ibuf_get_n32(&b, &s->methods) == -1 ||
	    (s->methods & ~RULE_METHODS) != 0 ||
	    msgfield_get_string(&b, s->name, sizeof(s->name)) == -1 ||
	    msgfield_get_string(&b, s->certname, sizeof(s->certname)) == -1 ||
	    s->name[0] == '\0' || s->certname[0] == '\0')
		return (-1);
	return (ibuf_size(&b) == 0 ? 0 : -1);
}

static int
send_scalars(struct imsgbuf *ibuf, uint32_t index, const struct rule *rule)
{
	struct ibuf	*b;
	int		 ok;

	if ((b = imsg_create(ibuf, RELAY_RULE, 0, 0, 512)) == NULL)
		return (-1);
	ok = ibuf_add_n32(b, index) == 0 &&
	    ibuf_add_n32(b, rule->methods) == 0 &&
	    ibuf_add_n32(b, rule->has) == 0 &&
	    msgfield_add_string(b, rule->client) == 0;
	if (rule->has & RULE_MAXVALUE)
		ok &= ibuf_add(b, rule->max_value.b, U256_SIZE) == 0;
	if (rule->has & RULE_MAXFEE)
		ok &= ibuf_add(b, rule->max_fee.b, U256_SIZE) == 0;
	return (msgfield_finish(ibuf, b, ok));
}

int
relaymsg_send_rule(struct imsgbuf *ibuf, uint32_t index,
    const struct config_rule *cr)
{
	const struct rule	*rule = &cr->rule;

	if (!methods_ok(rule->methods) || rule->has & ~RULE_HASBITS ||
	    index >= CONFIG_RULES) {
		errno = EINVAL;
		return (-1);
	}
	if (send_scalars(ibuf, index, rule) == -1 ||
	    send_list(ibuf, RELAY_LIST_ADDRESS, cr->addresses,
	    cr->naddresses) == -1 ||
	    send_list(ibuf, RELAY_LIST_CHAIN, rule->chains,
	    rule->nchains) == -1 ||
	    send_list(ibuf, RELAY_LIST_DOMAIN, rule->domains,
	    rule->ndomains) == -1 ||
	    send_list(ibuf, RELAY_LIST_TO, rule->to, rule->nto) == -1 ||
	    send_indices(ibuf, cr->signers, cr->nsigners) == -1)
		return (-1);
	return (0);
}

int
relaymsg_get_rule(struct imsg *imsg, struct relay_rule *msg)
{
	struct rule	*rule = &msg->rule;
	struct ibuf	 b;

	memset(msg, 0, sizeof(*msg));
	if (msgfield_begin(imsg, RELAY_RULE, &b) == -1 ||
	    ibuf_get_n32(&b, &msg->index) == -1 ||
	    msg->index >= CONFIG_RULES ||
	    ibuf_get_n32(&b, &rule->methods) == -1 ||
	    !methods_ok(rule->methods) ||
	    ibuf_get_n32(&b, &rule->has) == -1 ||
	    rule->has & ~RULE_HASBITS ||
	    msgfield_get_string(&b, rule->client,
	    sizeof(rule->client)) == -1 || rule->client[0] == '\0')
		return (-1);
	if (rule->has & RULE_MAXVALUE &&
	    ibuf_get(&b, rule->max_value.b, U256_SIZE) == -1)
		return (-1);
	if (rule->has & RULE_MAXFEE &&
	    ibuf_get(&b, rule->max_fee.b, U256_SIZE) == -1)
		return (-1);
	return (ibuf_size(&b) == 0 ? 0 : -1);
}
