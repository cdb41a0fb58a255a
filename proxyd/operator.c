/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "keyd/keymsg.h"
#include "proxyd/link.h"

/* What an operator asks and says, by way of the parent. */

static void
take_down(struct relay *r, struct imsg *imsg)
{
	uint32_t	 index;
	bool		 down;

	if (relaymsg_get_down(imsg, &index, &down) == -1 ||
	    index >= r->rules->routes.nsigners)
		fatalx("bad message about a signer");
	signer_now(r->rules->signers[index])->down = down;
	r->changes++;
}

/* As a call would find it now. */
static enum relay_state
state_of(const struct ruleset *rules, uint32_t index,
    const struct route *route)
{
	const struct link	*link = ruleset_link(rules, index);

	if (signer_now(rules->signers[index])->down)
		return (RELAY_SIGNER_TAKEN_DOWN);
	if (link == NULL)
		return (RELAY_SIGNER_ABSENT);
	if (!advert_permits(&link->signer->advert, route))
		return (RELAY_SIGNER_UNWILLING);
	return (link_usable(link, 0) ? RELAY_SIGNER_UP : RELAY_SIGNER_BUSY);
}

static void
list_signers(const struct ruleset *rules, const struct route *route,
    struct relay_checked *checked)
{
	const struct holders	*h = route->holders;
	uint32_t		 i, index;

	memcpy(checked->address, route->address, ADDRESS_SIZE);
	for (i = 0; i < h->nsigners &&
	    checked->nsigners < RELAY_MAXCHECKED; i++) {
		index = h->signers[i];
		if (!route_permits(&rules->routes, route, index))
			continue;
		checked->signers[checked->nsigners].index = index;
		checked->signers[checked->nsigners].state = state_of(rules,
		    index, route);
		checked->nsigners++;
	}
}

static void
take_check(struct relay *r, struct imsg *imsg)
{
	struct relay_checked	 checked;
	struct request		 request;
	struct route		 route;

	memset(&checked, 0, sizeof(checked));
	errno = 0;
	if (relaymsg_get_check(imsg, &request) == 0) {
		checked.refusal = route_decide(&r->rules->routes, &request,
		    &route, &checked.rule);
		if (checked.refusal == REFUSAL_NONE)
			list_signers(r->rules, &route, &checked);
		request_clear(&request);
	} else if (errno == ENOMEM) {
		checked.refusal = REFUSAL_INTERNAL;
		checked.rule = POLICY_NORULE;
	} else
		fatalx("bad check message");
	checked.id = request.id;
	/* Who asked does not wait for ever. */
	if (relaymsg_send_checked(&r->parent.ibuf, &checked) == -1)
		log_errno("cannot answer the parent");
	imsgev_flush(&r->parent);
}

bool
operator_message(struct relay *r, struct imsg *imsg)
{
	switch (imsg_get_type(imsg)) {
	case LOG_SETLEVEL:
		if (log_take_level(imsg) == -1)
			fatalx("bad level message");
		return (true);
	case RELAY_DOWN:
	case RELAY_CHECK:
		if (r->rules == NULL)
			fatalx("a question before there are rules");
		break;
	default:
		return (false);
	}
	if (imsg_get_type(imsg) == RELAY_DOWN)
		take_down(r, imsg);
	else
		take_check(r, imsg);
	return (true);
}
