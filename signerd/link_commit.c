/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <string.h>

#include "common/child.h"
#include "common/log.h"
#include "common/tlsconn.h"
#include "signerd/uplink.h"

/* What becomes of links when another configuration comes in force. */

static void
log_certificate(const struct uplink *u)
{
	struct log_record	 r;

	if (!log_start(&r, LOG_LVL_INFO, "certificate"))
		return;
	log_str(&r, "link", u->proxy.name);
	log_str(&r, "not_after", u->not_after);
	log_end(&r);
}

/* The same websocket of the same proxy. */
static bool
is_same_place(const struct link_proxy *a, const struct link_proxy *b)
{
	return (strcmp(a->name, b->name) == 0 &&
	    strcmp(a->host, b->host) == 0 &&
	    strcmp(a->target, b->target) == 0 &&
	    strcmp(a->tlsname, b->tlsname) == 0);
}

static void
send_away(struct linkd *l, struct uplink *u)
{
	if (!u->listed) {
		u->listed = true;
		TAILQ_INSERT_TAIL(&l->leaving, u, entry);
	}
	uplink_leave(u);
	/* It may have stopped before. */
	linkd_gone(l);
}

/* It goes on as it is; what the new one has is its own now. */
static void
go_on(struct uplink *u, struct uplink *new)
{
	struct tlsctx	*tls = u->tls;

	u->tls = new->tls;
	new->tls = tls;
	uplink_limits(u);
	uplink_judge(u, u->tls);
	if (u->elder != NULL)
		uplink_judge(u->elder, u->tls);
	uplink_advertise(u, new->object);
	new->object = NULL;
	uplink_free(new);
}

/*
 * We are another to the proxy from now on.  The link that there is serves
 * until the new one does, if it is up.
 */
static void
overlap(struct linkd *l, struct uplink *old, struct uplink *new)
{
	struct uplink	*elder = old;

	if (old->state != UPLINK_UP) {
		elder = old->elder;
		old->elder = NULL;
		send_away(l, old);
	} else if (old->elder != NULL) {
		uplink_leave(old->elder);
		old->elder = NULL;
	}
	if (elder == NULL)
		return;
	if (!elder->listed) {
		elder->listed = true;
		TAILQ_INSERT_TAIL(&l->leaving, elder, entry);
	}
	uplink_limits(elder);
	uplink_judge(elder, new->tls);
	new->elder = elder;
}

static void
change(struct linkd *l, uint32_t number, struct uplink *new)
{
	struct uplink	*old = l->uplinks[number];

	if (old != NULL && new != NULL &&
	    is_same_place(&old->proxy, &new->proxy) &&
	    tlsctx_shows_same(old->tls, new->tls)) {
		go_on(old, new);
		return;
	}
	l->uplinks[number] = new;
	if (old != NULL && new != NULL &&
	    is_same_place(&old->proxy, &new->proxy))
		overlap(l, old, new);
	else {
		/* The number is another proxy's from now on. */
		memset(&l->counts[number], 0, sizeof(l->counts[number]));
		if (old != NULL)
			send_away(l, old);
	}
	if (new != NULL) {
		log_certificate(new);
		uplink_start(new);
	}
}

/* Those whose files have changed; the others are not touched. */
static void
renew(struct linkd *l)
{
	struct link_next	*next = &l->next;
	uint32_t		 i;

	for (i = 0; i < CONFIG_NUMBERS; i++)
		if (next->uplinks[i] != NULL)
			change(l, i, next->uplinks[i]);
	memset(next, 0, sizeof(*next));
	tlsexpiry_changed(&l->expiry);
}

static bool
spins(void *keylink)
{
	return (keylink_spins(keylink));
}

void
link_commit(struct linkd *l)
{
	struct link_next	*next = &l->next;
	uint32_t		 i;

	if (next->renews) {
		renew(l);
		return;
	}
	l->config = next->config;
	if (keylink_set_limits(&l->keylink) == -1)
		fatal("keylink");
	child_spin(l->config.limits.spin > 0 ? spins : NULL, &l->keylink);
	l->nuplinks = 0;
	for (i = 0; i < CONFIG_NUMBERS; i++)
		l->nuplinks += next->uplinks[i] != NULL;
	for (i = 0; i < CONFIG_NUMBERS; i++)
		change(l, i, next->uplinks[i]);
	memset(next, 0, sizeof(*next));
	tlsexpiry_changed(&l->expiry);
}
