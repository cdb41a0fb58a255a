/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <event2/event.h>

#include "common/clock.h"
#include "common/log.h"
#include "signerd/keylink.h"
#include "signerd/rpc.h"

/* Of a worker in the log: "keyd", or one of several as "keyd2". */
#define NAME_SIZE	16

static const char *
name_of(const struct keylink_worker *w, char name[NAME_SIZE])
{
	const struct keylink	*k = w->link;

	if (k->nworkers == 1)
		return ("keyd");
	snprintf(name, NAME_SIZE, "keyd%u", (unsigned int)(w - k->workers) +
	    1);
	return (name);
}

/* ---- Slots: what is in keyd ------------------------------------------- */

static uint64_t
slot_id(const struct keylink_worker *w, const struct keylink_slot *s)
{
	return ((uint64_t)s->generation << 32 | (uint64_t)(s - w->slots));
}

static struct keylink_slot *
slot_of_id(struct keylink_worker *w, uint64_t id)
{
	struct keylink_slot	*s;
	uint32_t		 index = (uint32_t)id;

	if (index >= KEYLINK_WINDOW)
		return (NULL);
	s = &w->slots[index];
	return (s->used && slot_id(w, s) == id ? s : NULL);
}

static size_t
load_of(size_t size)
{
	return (1 + size / KEYLINK_UNIT);
}

static void
slot_take(struct keylink_worker *w, struct keylink_slot *s)
{
	w->nsent++;
	w->bytes += s->size;
	w->load += load_of(s->size);
	TAILQ_REMOVE(&w->unused, s, entry);
	TAILQ_INSERT_TAIL(&w->sent, s, entry);
}

static void
slot_release(struct keylink_worker *w, struct keylink_slot *s)
{
	TAILQ_REMOVE(&w->sent, s, entry);
	TAILQ_INSERT_TAIL(&w->unused, s, entry);
	w->nsent--;
	w->bytes -= s->size;
	w->load -= load_of(s->size);
	s->used = false;
	s->call = NULL;
	s->generation++;
}

/* ---- Whose turn it is ------------------------------------------------- */

static void
turn_join(struct keylink *k, struct signing *signing)
{
	struct rpc_owner	*owner = signing->rpc.owner;
	const struct call	*call;

	if (signing->in_turn || (call = rpc_next(signing)) == NULL ||
	    signing->in_keyd >= k->limits->max_waiting)
		return;
	signing->lane = lane_of(call->args.request.client);
	signing->size = keymsg_request_size(&call->args.request) +
	    IMSG_HEADER_SIZE;
	signing->large = k->nworkers > 1 && signing->size > KEYLINK_LARGE;
	owner->nlarge += signing->large;
	if (owner->nturns++ == 0) {
		owner->lane = owner->link != NULL ? lane_of(owner->link) :
		    signing->lane;
		TAILQ_INIT(&owner->turns);
		TAILQ_INSERT_TAIL(&k->turn, owner, turn);
	}
	TAILQ_INSERT_TAIL(&owner->turns, signing, turn);
	signing->in_turn = true;
}

static void
turn_leave(struct keylink *k, struct signing *signing)
{
	struct rpc_owner	*owner = signing->rpc.owner;

	if (!signing->in_turn)
		return;
	TAILQ_REMOVE(&owner->turns, signing, turn);
	signing->in_turn = false;
	owner->nlarge -= signing->large;
	if (--owner->nturns == 0)
		TAILQ_REMOVE(&k->turn, owner, turn);
}

/* Where the next request can go, by what it is; NULL: none has room. */
struct room {
	struct keylink_worker	*small;
	struct keylink_worker	*large;
};

static bool
is_room_for(const struct room *room, const struct rpc_owner *owner)
{
	return ((room->small != NULL && owner->nturns > owner->nlarge) ||
	    (room->large != NULL && owner->nlarge > 0));
}

static struct rpc_owner *
next_owner(const struct keylink *k, const struct room *room)
{
	struct rpc_owner	*o, *next = NULL;

	TAILQ_FOREACH(o, &k->turn, turn)
		if (is_room_for(room, o) && (next == NULL ||
		    k->owners[o->lane] < k->owners[next->lane]))
			next = o;
	return (next);
}

static struct keylink_worker *
room_for(const struct room *room, const struct signing *s)
{
	return (s->large ? room->large : room->small);
}

static struct signing *
next_signing(const struct keylink *k, const struct room *room,
    const struct rpc_owner *owner)
{
	struct signing	*s, *next = NULL;

	TAILQ_FOREACH(s, &owner->turns, turn)
		if (room_for(room, s) != NULL && (next == NULL ||
		    k->clients[s->lane] < k->clients[next->lane]))
			next = s;
	return (next);
}

/*
 * The next that there is room for, which leaves; its owner is the last now.
 * NULL: there is none.
 */
static struct signing *
turn_take(struct keylink *k, const struct room *room)
{
	struct rpc_owner	*owner;
	struct signing		*signing;

	if ((owner = next_owner(k, room)) == NULL)
		return (NULL);
	signing = next_signing(k, room, owner);
	k->owners[owner->lane] = k->clients[signing->lane] = ++k->turns;
	turn_leave(k, signing);
	if (owner->nturns > 0) {
		TAILQ_REMOVE(&k->turn, owner, turn);
		TAILQ_INSERT_TAIL(&k->turn, owner, turn);
	}
	return (signing);
}

/* ---- Which worker ----------------------------------------------------- */

/* What it was asked first it has not answered in its time. */
static bool
is_behind(const struct keylink *k, const struct keylink_worker *w,
    uint64_t now)
{
	const struct keylink_slot	*s = TAILQ_FIRST(&w->sent);

	return (s != NULL && now - s->sent >
	    (uint64_t)k->limits->timeout_keyd * 1000);
}

static unsigned int
window(const struct keylink *k)
{
	uint32_t	 n = k->limits->window;

	return (n == 0 || n > KEYLINK_WINDOW ? KEYLINK_WINDOW : n);
}

static uint32_t
bit_of(const struct keylink_worker *w)
{
	return (UINT32_C(1) << (w - w->link->workers));
}

/* It has said that it cannot record what it is asked, and not long ago. */
static bool
is_shy(const struct keylink_worker *w, uint64_t now)
{
	return (w->shy && now - w->refused < KEYLINK_SHY);
}

static bool
is_fit(const struct keylink *k, const struct keylink_worker *w, uint64_t now)
{
	return (!is_shy(w, now) && !is_behind(k, w, now));
}

static bool
is_better(const struct keylink_worker *w, const struct keylink_worker *than,
    uint64_t now)
{
	if (than == NULL)
		return (true);
	if (is_shy(w, now) != is_shy(than, now))
		return (is_shy(than, now));
	return (w->load < than->load);
}

/*
 * The one with the least to do, from that number on, but for those of these
 * bits; the others before one that cannot record.  NULL: all are behind.
 */
static struct keylink_worker *
best_of(struct keylink *k, unsigned int from, uint32_t but, uint64_t now)
{
	struct keylink_worker	*w, *best = NULL;
	unsigned int		 i, n = k->nworkers - from;

	if (n == 1 && from == 0)
		return (&k->workers[0]);
	for (i = 0; i < n; i++) {
		/* Of those that load alike, another for each frontend. */
		w = &k->workers[from + (k->limits->place + i) % n];
		if ((but & bit_of(w)) == 0 && !is_behind(k, w, now) &&
		    is_better(w, best, now))
			best = w;
	}
	return (best);
}

static bool
is_one_fit(const struct keylink *k, unsigned int from, uint32_t but,
    uint64_t now)
{
	unsigned int	 i;

	for (i = from; i < k->nworkers; i++)
		if ((but & bit_of(&k->workers[i])) == 0 &&
		    is_fit(k, &k->workers[i], now))
			return (true);
	return (false);
}

/* The first does what is large only where none of the others can. */
static bool
is_for_others(const struct keylink *k, uint64_t now)
{
	return (k->nworkers > 1 && (is_one_fit(k, 1, 0, now) ||
	    !is_fit(k, &k->workers[0], now)));
}

/* NULL: it has no room for more; then the others have none to spare either. */
static struct keylink_worker *
choose(struct keylink *k, unsigned int from, uint32_t but, uint64_t now)
{
	struct keylink_worker	*best = best_of(k, from, but, now);

	if (best == NULL || best->nsent >= window(k) || best->bytes >
	    (size_t)KEYLINK_BYTES * k->limits->max_transaction)
		return (NULL);
	return (best);
}

static bool
find_room(struct keylink *k, struct room *room)
{
	uint64_t	 now = k->nworkers > 1 ? clock_us() : 0;

	room->small = room->large = choose(k, 0, 0, now);
	if (is_for_others(k, now))
		room->large = choose(k, 1, 0, now);
	return (room->small != NULL || room->large != NULL);
}

/* Rather one that has not refused it, however long ago that was. */
static struct keylink_worker *
worker_for(struct keylink *k, const struct call *call,
    struct keylink_worker *w)
{
	struct keylink_worker	*other;

	if ((call->refused & bit_of(w)) == 0)
		return (w);
	other = choose(k, 0, call->refused, clock_us());
	return (other != NULL ? other : w);
}

/* ---- Asking ----------------------------------------------------------- */

/* As much as there is room for. */
static void
copy_name(char *to, size_t size, const char *name)
{
	size_t	 len = strnlen(name, size - 1);

	memcpy(to, name, len);
	to[len] = '\0';
}

static void
slot_fill(struct keylink_slot *s, struct call *call, size_t size)
{
	s->used = true;
	s->call = call;
	s->sent = call->sent;
	s->size = size;
	copy_name(s->client, sizeof(s->client), call->args.request.client);
	copy_name(s->link, sizeof(s->link), call_link(call));
	copy_name(s->origin, sizeof(s->origin), call->origin);
}

static void
ask(struct keylink *k, struct keylink_worker *w, struct signing *signing)
{
	struct call		*call = rpc_next(signing);
	struct keylink_slot	*s;
	struct request		*request;
	uint64_t		 now = clock_us();
	size_t			 size = signing->size;
	int			 error = 0;

	if (call == NULL)
		return;
	w = worker_for(k, call, w);
	s = TAILQ_FIRST(&w->unused);
	request = &call->args.request;
	request->id = slot_id(w, s);
	request->deadline = now + (uint64_t)k->limits->timeout_keyd * 1000;
	if (request->deadline > signing->deadline)
		request->deadline = signing->deadline;
	call->asked = true;
	call->sent = now;
	call->worker = (unsigned int)(w - k->workers);
	/* keyd would close the channel over a larger one. */
	if (size > k->limits->max_transaction)
		error = EMSGSIZE;
	else if (keymsg_send_request(&w->iev.ibuf, request) == -1)
		error = errno;
	if (error != 0) {
		if (rpc_unsendable(call, error))
			turn_join(k, signing);
		return;
	}
	imsgev_flush(&w->iev);
	slot_fill(s, call, size);
	slot_take(w, s);
	signing->in_keyd++;
	turn_join(k, signing);
}

static void
pump(struct keylink *k)
{
	struct signing	*signing;
	struct room	 room;

	/* An answer on the spot can lead to the next request, and here. */
	if (k->pumping)
		return;
	k->pumping = true;
	while (!TAILQ_EMPTY(&k->turn) && find_room(k, &room) &&
	    (signing = turn_take(k, &room)) != NULL)
		ask(k, room_for(&room, signing), signing);
	k->pumping = false;
}

/* ---- Time ------------------------------------------------------------- */

static void
arm_timer(struct keylink *k)
{
	struct timeval	 tv;
	struct signing	*first = TAILQ_FIRST(&k->waiting);
	uint64_t	 now, wait;

	if (first == NULL) {
		event_del(k->timer);
		return;
	}
	/* Set before, it is soon enough for the answers of keyd, too. */
	if (k->wake <= first->deadline && evtimer_pending(k->timer, NULL))
		return;
	now = clock_us();
	/* Both deadlines: the signing's own, and that of keyd's answer. */
	wait = first->deadline > now ? first->deadline - now : 0;
	if (wait > (uint64_t)k->limits->timeout_keyd * 500)
		wait = (uint64_t)k->limits->timeout_keyd * 500;
	if (wait < 1000)
		wait = 1000;
	if (evtimer_pending(k->timer, NULL) && k->wake <= now + wait)
		return;
	k->wake = now + wait;
	tv.tv_sec = (time_t)(wait / 1000000);
	tv.tv_usec = (suseconds_t)(wait % 1000000);
	event_add(k->timer, &tv);
}

/* Those that it does not answer. */
static void
give_up_on(struct keylink *k, struct keylink_worker *w, uint64_t now)
{
	struct keylink_slot	*s, *next;
	uint64_t		 limit = (uint64_t)k->limits->timeout_keyd *
				    1000;
	char			 name[NAME_SIZE];

	for (s = TAILQ_FIRST(&w->sent); s != NULL && now - s->sent > limit;
	    s = next) {
		next = TAILQ_NEXT(s, entry);
		/* Cancels s->call, and others of its signing, in their slots. */
		if (s->call != NULL)
			rpc_expired(call_signing(s->call));
		if (!w->behind)
			log_error("%s has not answered for %u ms",
			    name_of(w, name), k->limits->timeout_keyd);
		w->behind = true;
	}
}

/* Signings whose time is up, and those that keyd does not answer. */
static void
on_timer(int fd, short what, void *arg)
{
	struct keylink	*k = arg;
	struct signing	*signing;
	uint64_t	 now = clock_us();
	unsigned int	 i;

	(void)fd;
	(void)what;
	for (i = 0; i < k->nworkers; i++)
		give_up_on(k, &k->workers[i], now);
	while ((signing = TAILQ_FIRST(&k->waiting)) != NULL &&
	    signing->deadline <= now)
		rpc_expired(signing);
	/* Another worker may be one for large ones now. */
	pump(k);
	arm_timer(k);
}

bool
keylink_busy(const struct keylink *k)
{
	uint64_t	 now = clock_us();
	unsigned int	 i, behind = 0;

	if (k->nwaiting >= k->limits->max_queue)
		return (true);
	for (i = 0; i < k->nworkers; i++) {
		if (k->workers[i].iev.dead)
			return (true);
		behind += is_behind(k, &k->workers[i], now);
	}
	return (behind == k->nworkers);
}

bool
keylink_spins(const struct keylink *k)
{
	const struct keylink_slot	*last;
	uint64_t			 sent = 0;
	unsigned int			 i, n = 0;

	for (i = 0; i < k->nworkers; i++) {
		last = TAILQ_LAST(&k->workers[i].sent, keylink_slots);
		if (last != NULL && last->sent > sent)
			sent = last->sent;
		n += k->workers[i].nsent;
	}
	return (n > 0 && n <= KEYLINK_FEW &&
	    clock_us() - sent < k->limits->spin);
}

/* By its deadline; mostly, the last to come is the last to end. */
static void
waiting_join(struct keylink *k, struct signing *signing)
{
	struct signing	*s;

	TAILQ_FOREACH_REVERSE(s, &k->waiting, signings, waiting)
		if (s->deadline <= signing->deadline)
			break;
	if (s != NULL)
		TAILQ_INSERT_AFTER(&k->waiting, s, signing, waiting);
	else
		TAILQ_INSERT_HEAD(&k->waiting, signing, waiting);
	signing->submitted = true;
	k->nwaiting++;
}

void
keylink_submit(struct keylink *k, struct signing *signing)
{
	waiting_join(k, signing);
	turn_join(k, signing);
	pump(k);
	arm_timer(k);
}

void
keylink_cancel(struct keylink *k, struct signing *signing)
{
	struct keylink_slot	*s;
	unsigned int		 i;

	if (!signing->submitted)
		return;
	turn_leave(k, signing);
	TAILQ_REMOVE(&k->waiting, signing, waiting);
	signing->submitted = false;
	k->nwaiting--;
	if (signing->in_keyd == 0)
		return;
	for (i = 0; i < k->nworkers; i++)
		TAILQ_FOREACH(s, &k->workers[i].sent, entry)
			if (s->call != NULL &&
			    call_signing(s->call) == signing)
				s->call = NULL;
	signing->in_keyd = 0;
}

/* ---- Answers ---------------------------------------------------------- */

/* Nobody waits for it, but no signature goes without its line in the log. */
static void
drop_late(struct keylink *k, const struct keylink_slot *s,
    const struct keyd_reply *reply)
{
	struct log_record	 r;

	k->late++;
	if (reply == NULL || reply->refusal != REFUSAL_NONE ||
	    !log_start(&r, LOG_LVL_WARN, "signed too late"))
		return;
	if (s != NULL) {
		log_str(&r, "client", s->client);
		if (s->link[0] != '\0')
			log_str(&r, "link", s->link);
		if (s->origin[0] != '\0')
			log_str(&r, "id", s->origin);
	}
	log_hex(&r, "digest", reply->digest, sizeof(reply->digest));
	log_num(&r, "rule", (uint64_t)reply->rule + 1);
	log_num(&r, "keyd_us", reply->us);
	log_num(&r, "late", k->late);
	log_end(&r);
}

/*
 * That worker has refused a request that it could not record.  It is not asked
 * for a while, and another one is.  False: there is none.
 */
static bool
ask_another(struct keylink_worker *w, struct call *call)
{
	struct keylink	*k = w->link;

	w->shy = true;
	w->refused = clock_us();
	if (call == NULL)
		return (false);
	call->refused |= bit_of(w);
	if (!is_one_fit(k, 0, call->refused, w->refused))
		return (false);
	rpc_again(call);
	return (true);
}

static void
answered(struct keylink_worker *w, struct keylink_slot *s,
    const struct keyd_reply *reply)
{
	struct keylink	*k = w->link;
	struct call	*call = s->call;
	struct signing	*signing;
	bool		 again = false;
	char		 name[NAME_SIZE];

	slot_release(w, s);
	if (reply != NULL && reply->refusal == REFUSAL_AUDIT)
		again = ask_another(w, call);
	else
		w->shy = false;
	if (w->behind) {
		log_info("%s answers again", name_of(w, name));
		w->behind = false;
	}
	if (call == NULL) {
		drop_late(k, s, reply);
		return;
	}
	signing = call_signing(call);
	signing->in_keyd--;
	/* It may be its next one from here on, and larger. */
	if (again)
		turn_leave(k, signing);
	turn_join(k, signing);
	if (again)
		return;
	/* May free the signing, with keylink_cancel() before. */
	if (reply != NULL)
		rpc_reply(call, reply);
	else
		rpc_unsendable(call, EPROTO);
}

static void
on_message(struct imsgev *iev, struct imsg *imsg, void *arg)
{
	struct keylink_worker	*w = arg;
	struct keylink		*k = w->link;
	struct keylink_slot	*s;
	struct keyd_reply	 reply;
	uint64_t		 id;
	char			 name[NAME_SIZE];

	(void)iev;
	switch (imsg_get_type(imsg)) {
	case KEYD_SIGNED:
	case KEYD_REFUSED:
		if (keymsg_get_reply(imsg, &reply) == -1)
			break;
		if ((s = slot_of_id(w, reply.id)) == NULL)
			drop_late(k, NULL, &reply);
		else
			answered(w, s, &reply);
		return;
	case KEYD_BADREQUEST:
		if (keymsg_get_badrequest(imsg, &id) == -1)
			break;
		if ((s = slot_of_id(w, id)) == NULL)
			drop_late(k, NULL, NULL);
		else
			answered(w, s, NULL);
		return;
	case KEYD_SWITCHED:
		if (keymsg_get_empty(imsg) == -1)
			break;
		if (k->switched != NULL)
			k->switched((unsigned int)(w - k->workers), k->arg);
		return;
	}
	log_error("a message of %s that does not decode", name_of(w, name));
}

static void
on_batch(struct imsgev *iev, void *arg)
{
	struct keylink_worker	*w = arg;

	(void)iev;
	pump(w->link);
	arm_timer(w->link);
}

static void
on_closed(struct imsgev *iev, const char *why, void *arg)
{
	struct keylink_worker	*w = arg;

	(void)iev;
	w->link->lost(why != NULL ? why : "closed", w->link->arg);
}

/* Answers by the old limits are on their way: it is never lowered. */
int
keylink_set_limits(struct keylink *k)
{
	uint32_t	 size = KEYD_REPLYSIZE(k->limits->max_transaction);
	unsigned int	 i;

	if (size <= k->maxsize)
		return (0);
	k->maxsize = size;
	for (i = 0; i < k->nworkers; i++)
		if (imsgbuf_set_maxsize(&k->workers[i].iev.ibuf, size) == -1)
			return (-1);
	return (0);
}

int
keylink_add(struct keylink *k, int fd)
{
	static const struct imsgev_cb	 cb = {
		on_message, on_batch, on_closed
	};
	struct keylink_worker		*w = &k->workers[k->nworkers];
	size_t				 i;

	memset(w, 0, sizeof(*w));
	w->link = k;
	TAILQ_INIT(&w->sent);
	TAILQ_INIT(&w->unused);
	for (i = 0; i < KEYLINK_WINDOW; i++)
		TAILQ_INSERT_TAIL(&w->unused, &w->slots[i], entry);
	if (imsgev_init(&w->iev, k->base, fd, k->maxsize, &cb, w) == -1)
		return (-1);
	k->nworkers++;
	return (0);
}

/* What is of workers that there are not is not touched: it takes no memory. */
int
keylink_init(struct keylink *k, struct event_base *base, int fd,
    const struct config_limits *limits, void (*lost)(const char *, void *),
    void *arg)
{
	memset(k, 0, offsetof(struct keylink, workers));
	k->base = base;
	k->limits = limits;
	k->lost = lost;
	k->arg = arg;
	TAILQ_INIT(&k->turn);
	TAILQ_INIT(&k->waiting);
	k->timer = evtimer_new(base, on_timer, k);
	if (k->timer == NULL)
		return (-1);
	k->maxsize = KEYD_REPLYSIZE(limits->max_transaction);
	return (keylink_add(k, fd));
}
