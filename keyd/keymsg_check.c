/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <string.h>

#include "keyd/keymsg.h"
#include "keyd/keymsg_field.h"

int
keymsg_send_check(struct imsgbuf *ibuf, const struct request *request)
{
	return (keymsg_send_asked(ibuf, KEYD_CHECK, request));
}

int
keymsg_get_check(struct imsg *imsg, struct request *request)
{
	struct ibuf	b;

	if (imsg_get_type(imsg) != KEYD_CHECK ||
	    imsg_get_ibuf(imsg, &b) == -1)
		return (-1);
	return (keymsg_get_body(&b, request));
}

int
keymsg_send_checked(struct imsgbuf *ibuf, const struct keyd_checked *c)
{
	struct ibuf	*b;
	size_t		 i;
	int		 failed;

	if ((b = imsg_create(ibuf, KEYD_CHECKED, 0, 0,
	    14 + 5 * c->nverdicts)) == NULL)
		return (-1);
	failed = ibuf_add_n64(b, c->id) == -1 ||
	    ibuf_add_n8(b, c->refusal) == -1 ||
	    ibuf_add_n32(b, c->rule) == -1 ||
	    ibuf_add_n8(b, c->nverdicts) == -1;
	for (i = 0; !failed && i < c->nverdicts; i++)
		failed = ibuf_add_n32(b, c->verdicts[i].rule) == -1 ||
		    ibuf_add_n8(b, c->verdicts[i].refusal) == -1;
	if (failed) {
		ibuf_free(b);
		return (-1);
	}
	imsg_close(ibuf, b);
	return (0);
}

static int
get_refusal(struct ibuf *b, enum refusal *refusal)
{
	uint8_t	n;

	if (ibuf_get_n8(b, &n) == -1 || n >= REFUSAL_MAX)
		return (-1);
	*refusal = (enum refusal)n;
	return (0);
}

static int
get_verdict(struct ibuf *b, struct policy_verdict *v)
{
	if (ibuf_get_n32(b, &v->rule) == -1 || v->rule >= KEYD_MAXRULES)
		return (-1);
	return (get_refusal(b, &v->refusal));
}

int
keymsg_get_checked(struct imsg *imsg, struct keyd_checked *c)
{
	struct ibuf	b;
	uint8_t		n;

	memset(c, 0, sizeof(*c));
	if (imsg_get_type(imsg) != KEYD_CHECKED ||
	    imsg_get_ibuf(imsg, &b) == -1 ||
	    ibuf_get_n64(&b, &c->id) == -1 ||
	    get_refusal(&b, &c->refusal) == -1 ||
	    ibuf_get_n32(&b, &c->rule) == -1 ||
	    (c->rule >= KEYD_MAXRULES && c->rule != POLICY_NORULE) ||
	    ibuf_get_n8(&b, &n) == -1 || n > POLICY_VERDICTS)
		return (-1);
	for (; c->nverdicts < n; c->nverdicts++)
		if (get_verdict(&b, &c->verdicts[c->nverdicts]) == -1)
			return (-1);
	return (ibuf_size(&b) == 0 ? 0 : -1);
}
