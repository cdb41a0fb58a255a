/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_PING_H
#define COMMON_PING_H

#include <stdint.h>

#include "compat/imsg.h"

/*
 * The parent asks each child whether its loop still turns; it answers with the
 * same number, at any time and before anything else that it has to do.
 */
#define CHILD_PING	7	/* of four bytes, from the parent */
#define CHILD_PONG	8	/* the same four, from a child */

static inline int
ping_send(struct imsgbuf *ibuf, uint32_t type, uint32_t number)
{
	return (imsg_compose(ibuf, type, 0, 0, -1, &number,
	    sizeof(number)) == -1 ? -1 : 0);
}

/* -1: not of the form that it must have. */
static inline int
ping_get(struct imsg *imsg, uint32_t type, uint32_t *number)
{
	return (imsg_get_type(imsg) != type ||
	    imsg_get_data(imsg, number, sizeof(*number)) == -1 ? -1 : 0);
}

/* In a child: to the parent's message, the answer.  -1 as above. */
static inline int
ping_answer(struct imsgbuf *ibuf, struct imsg *imsg)
{
	uint32_t number;

	if (ping_get(imsg, CHILD_PING, &number) == -1)
		return (-1);
	return (ping_send(ibuf, CHILD_PONG, number));
}

#endif /* COMMON_PING_H */
