/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <string.h>

#include "common/msgfield.h"
#include "keyd/keymsg.h"
#include "keyd/keymsg_field.h"
#include "proxyd/relaymsg.h"

int
relaymsg_send_down(struct imsgbuf *ibuf, uint32_t index, bool down)
{
	struct ibuf	*b;
	int		 ok;

	if ((b = imsg_create(ibuf, RELAY_DOWN, 0, 0, 8)) == NULL)
		return (-1);
	ok = ibuf_add_n32(b, index) == 0 && ibuf_add_n8(b, down) == 0;
	return (msgfield_finish(ibuf, b, ok));
}

int
relaymsg_get_down(struct imsg *imsg, uint32_t *index, bool *down)
{
	struct ibuf	 b;
	uint8_t		 n;

	if (msgfield_begin(imsg, RELAY_DOWN, &b) == -1 ||
	    ibuf_get_n32(&b, index) == -1 || *index >= CONFIG_SIGNERS ||
	    ibuf_get_n8(&b, &n) == -1 || n > 1 || ibuf_size(&b) != 0)
		return (-1);
	*down = n == 1;
	return (0);
}

int
relaymsg_send_check(struct imsgbuf *ibuf, const struct request *request)
{
	struct ibuf	*b;

	if ((b = imsg_create(ibuf, RELAY_CHECK, 0, 0,
	    keymsg_request_size(request))) == NULL)
		return (-1);
	return (msgfield_finish(ibuf, b,
	    keymsg_add_request(b, request) == 0));
}

int
relaymsg_get_check(struct imsg *imsg, struct request *request)
{
	struct ibuf	 b;

	if (msgfield_begin(imsg, RELAY_CHECK, &b) == -1)
		return (-1);
	return (keymsg_get_body(&b, request));
}

int
relaymsg_send_checked(struct imsgbuf *ibuf, const struct relay_checked *c)
{
	struct ibuf	*b;
	size_t		 i;
	int		 ok;

	if ((b = imsg_create(ibuf, RELAY_CHECKED, 0, 0, 64)) == NULL)
		return (-1);
	ok = ibuf_add_n64(b, c->id) == 0 &&
	    ibuf_add_n8(b, c->refusal) == 0 &&
	    ibuf_add_n32(b, c->rule) == 0 &&
	    ibuf_add(b, c->address, ADDRESS_SIZE) == 0 &&
	    ibuf_add_n8(b, c->nsigners) == 0;
	for (i = 0; ok && i < c->nsigners; i++)
		ok = ibuf_add_n32(b, c->signers[i].index) == 0 &&
		    ibuf_add_n8(b, c->signers[i].state) == 0;
	return (msgfield_finish(ibuf, b, ok));
}

int
relaymsg_get_checked(struct imsg *imsg, struct relay_checked *c)
{
	struct ibuf	 b;
	uint32_t	 index;
	uint8_t		 refusal, n, state;

	memset(c, 0, sizeof(*c));
	if (msgfield_begin(imsg, RELAY_CHECKED, &b) == -1 ||
	    ibuf_get_n64(&b, &c->id) == -1 ||
	    ibuf_get_n8(&b, &refusal) == -1 || refusal >= REFUSAL_MAX ||
	    ibuf_get_n32(&b, &c->rule) == -1 ||
	    ibuf_get(&b, c->address, ADDRESS_SIZE) == -1 ||
	    ibuf_get_n8(&b, &n) == -1 || n > RELAY_MAXCHECKED)
		return (-1);
	c->refusal = (enum refusal)refusal;
	for (; c->nsigners < n; c->nsigners++) {
		if (ibuf_get_n32(&b, &index) == -1 ||
		    index >= CONFIG_SIGNERS ||
		    ibuf_get_n8(&b, &state) == -1 ||
		    state >= RELAY_SIGNER_NSTATES)
			return (-1);
		c->signers[c->nsigners].index = index;
		c->signers[c->nsigners].state = (enum relay_state)state;
	}
	return (ibuf_size(&b) == 0 ? 0 : -1);
}
