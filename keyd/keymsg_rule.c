/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <errno.h>
#include <string.h>

#include "keyd/keymsg.h"
#include "keyd/keymsg_field.h"

static int
add_rule(struct ibuf *b, uint32_t index, const struct rule *rule)
{
	if (ibuf_add_n32(b, index) == -1 ||
	    keymsg_add_asker(b, rule->via, rule->client) == -1 ||
	    ibuf_add_n32(b, rule->key) == -1 ||
	    ibuf_add_n32(b, rule->methods) == -1 ||
	    ibuf_add_n32(b, rule->has) == -1)
		return (-1);
	if (rule->has & RULE_MAXVALUE &&
	    keymsg_add_u256(b, &rule->max_value) == -1)
		return (-1);
	if (rule->has & RULE_MAXFEE &&
	    keymsg_add_u256(b, &rule->max_fee) == -1)
		return (-1);
	return (0);
}

static int
send_piece(struct imsgbuf *ibuf, uint32_t index, enum keyd_list list,
    const void *items, size_t count, size_t size)
{
	struct ibuf	*b;

	b = imsg_create(ibuf, KEYD_RULELIST, 0, 0, 12 + count * size);
	if (b == NULL)
		return (-1);
	if (ibuf_add_n32(b, index) == -1 ||
	    ibuf_add_n32(b, (uint64_t)list) == -1 ||
	    ibuf_add_n32(b, count) == -1 ||
	    ibuf_add(b, items, count * size) == -1) {
		ibuf_free(b);
		return (-1);
	}
	imsg_close(ibuf, b);
	return (0);
}

static int
send_list(struct imsgbuf *ibuf, uint32_t index, enum keyd_list list,
    const void *items, size_t count, size_t size)
{
	const uint8_t	*p = items;
	size_t		 n;

	while (count > 0) {
		n = count < KEYD_MAXPIECE ? count : KEYD_MAXPIECE;
		if (send_piece(ibuf, index, list, p, n, size) == -1)
			return (-1);
		p += n * size;
		count -= n;
	}
	return (0);
}

int
keymsg_send_rule(struct imsgbuf *ibuf, uint32_t index,
    const struct rule *rule)
{
	struct ibuf	*b;

	if (rule->methods == 0 || rule->methods & ~RULE_METHODS ||
	    rule->has & ~RULE_HASBITS) {
		errno = EINVAL;
		return (-1);
	}
	b = imsg_create(ibuf, KEYD_RULE, 0, 0,
	    4 + 4 + 1 + CLIENT_MAX + 3 * 4 + 2 * U256_SIZE);
	if (b == NULL)
		return (-1);
	if (add_rule(b, index, rule) == -1) {
		ibuf_free(b);
		return (-1);
	}
	imsg_close(ibuf, b);
	if (send_list(ibuf, index, KEYD_LIST_CHAIN, rule->chains,
	    rule->nchains, U256_SIZE) == -1 ||
	    send_list(ibuf, index, KEYD_LIST_DOMAIN, rule->domains,
	    rule->ndomains, HASH_SIZE) == -1 ||
	    send_list(ibuf, index, KEYD_LIST_TO, rule->to,
	    rule->nto, ADDRESS_SIZE) == -1)
		return (-1);
	return (0);
}

int
keymsg_get_rule(struct imsg *imsg, struct keyd_rule *msg)
{
	struct rule	*rule = &msg->rule;
	struct ibuf	 b;

	memset(msg, 0, sizeof(*msg));
	if (imsg_get_type(imsg) != KEYD_RULE ||
	    imsg_get_ibuf(imsg, &b) == -1 ||
	    ibuf_get_n32(&b, &msg->index) == -1 ||
	    keymsg_get_asker(&b, &rule->via, rule->client) == -1 ||
	    ibuf_get_n32(&b, &rule->key) == -1 ||
	    ibuf_get_n32(&b, &rule->methods) == -1 ||
	    ibuf_get_n32(&b, &rule->has) == -1)
		return (-1);
	if (msg->index >= KEYD_MAXRULES || rule->key >= KEYD_MAXKEYS ||
	    rule->methods == 0 || rule->methods & ~RULE_METHODS ||
	    rule->has & ~RULE_HASBITS)
		return (-1);
	if (rule->has & RULE_MAXVALUE &&
	    keymsg_get_u256(&b, &rule->max_value) == -1)
		return (-1);
	if (rule->has & RULE_MAXFEE &&
	    keymsg_get_u256(&b, &rule->max_fee) == -1)
		return (-1);
	return (ibuf_size(&b) == 0 ? 0 : -1);
}

/* Bytes of an item; 0 for a list that there is not. */
static size_t
item_size(uint32_t list)
{
	switch (list) {
	case KEYD_LIST_CHAIN:
		return (U256_SIZE);
	case KEYD_LIST_DOMAIN:
		return (HASH_SIZE);
	case KEYD_LIST_TO:
		return (ADDRESS_SIZE);
	default:
		return (0);
	}
}

int
keymsg_get_rulelist(struct imsg *imsg, struct keyd_rulelist *msg)
{
	struct ibuf	b;
	uint32_t	list;
	size_t		count, size;

	memset(msg, 0, sizeof(*msg));
	if (imsg_get_type(imsg) != KEYD_RULELIST ||
	    imsg_get_ibuf(imsg, &b) == -1 ||
	    ibuf_get_n32(&b, &msg->index) == -1 ||
	    ibuf_get_n32(&b, &list) == -1 ||
	    (size = item_size(list)) == 0 ||
	    keymsg_get_count(&b, size, &count) == -1)
		return (-1);
	if (msg->index >= KEYD_MAXRULES || count == 0 ||
	    count > KEYD_MAXPIECE ||
	    keymsg_get_ref(&b, &msg->items, count * size) == -1 ||
	    ibuf_size(&b) != 0)
		return (-1);
	msg->list = (enum keyd_list)list;
	msg->count = (uint32_t)count;
	return (0);
}
