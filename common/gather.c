/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "common/clock.h"
#include "common/gather.h"
#include "common/metrics_set.h"

/* Messages that the server may not have read when it is sent more. */
#define QUEUE_MAX	4096
/* Questions that a child may not have read when it is asked another. */
#define ASKS_MAX	64

/* One METRICS_SAMPLE of a child, its samples alone. */
struct gather_chunk {
	struct gather_chunk	*next;
	size_t			 len;
	uint8_t			 bytes[];
};

static const struct {
	const char	*name;
	unsigned int	 from;
} origins[] = {
	{ "keyd", METRICS_KEYD },
	{ "frontend", METRICS_FRONTEND },
	{ "link", METRICS_LINK },
	{ "dialer", METRICS_DIALER },
	{ "relay", METRICS_RELAY },
	{ "audit", METRICS_AUDIT }
};

/* What its process is, whatever number it has. */
static const char *
program(const struct child *c)
{
	return (c->number > 0 ? c->program : c->name);
}

static unsigned int
origin(const struct child *c)
{
	size_t	 i;

	for (i = 0; i < sizeof(origins) / sizeof(origins[0]); i++)
		if (strcmp(origins[i].name, program(c)) == 0)
			return (origins[i].from);
	return (0);
}

static struct gather_child *
part(struct gather *g, const struct child *c)
{
	return (&g->children[c - g->set->child]);
}

/* ---- What was said ---------------------------------------------------- */

static void
clear(struct gather_child *gc)
{
	struct gather_chunk	*chunk;

	while ((chunk = gc->first) != NULL) {
		gc->first = chunk->next;
		free(chunk);
	}
	gc->last = &gc->first;
	gc->bytes = 0;
	gc->nsamples = 0;
	gc->asked = gc->ended = false;
}

static void
clear_all(struct gather *g)
{
	size_t	 i;

	for (i = 0; i < g->set->nchildren; i++)
		clear(&g->children[i]);
	clear(&g->own);
}

static int
keep(struct gather_child *gc, const void *bytes, size_t len)
{
	struct gather_chunk	*chunk;

	if ((chunk = malloc(sizeof(*chunk) + len)) == NULL)
		return (-1);
	chunk->next = NULL;
	chunk->len = len;
	memcpy(chunk->bytes, bytes, len);
	*gc->last = chunk;
	gc->last = &chunk->next;
	gc->bytes += len;
	return (0);
}

/* How many samples that is; 0: not what this child may say. */
static size_t
count(struct ibuf *b, unsigned int from)
{
	struct metric_sample	 s;
	size_t			 n = 0;

	while (ibuf_size(b) > 0) {
		if (metrics_decode(b, &s) == -1 || (s.def->from & from) == 0)
			return (0);
		n++;
	}
	return (n);
}

static void
show(struct gather *g, struct gather_child *gc)
{
	struct metric_sample	 s;
	struct gather_chunk	*chunk;
	struct ibuf		 b;

	for (chunk = gc->first; chunk != NULL; chunk = chunk->next) {
		ibuf_from_buffer(&b, chunk->bytes, chunk->len);
		while (ibuf_size(&b) > 0 && metrics_decode(&b, &s) == 0)
			g->cb->seen(&s, g->arg);
	}
}

/* ---- What the parent says --------------------------------------------- */

struct own {
	struct metrics_out	 out;		/* first */
	struct gather_child	*to;
	size_t			 max;		/* bytes; no more is kept */
	size_t			 len;
	uint8_t			 buf[METRICS_MSGSIZE - 4];
};

static int
flush_own(struct own *own)
{
	size_t	 len = own->len;

	own->len = 0;
	return (len == 0 ? 0 : keep(own->to, own->buf, len));
}

static int
keep_own(struct metrics_out *out, const uint8_t *sample, size_t len)
{
	struct own	*own = (struct own *)(void *)out;

	if (own->to->bytes + own->len + len > own->max)
		return (0);
	if (len > sizeof(own->buf) - own->len && flush_own(own) == -1)
		return (-1);
	memcpy(own->buf + own->len, sample, len);
	own->len += len;
	return (0);
}

static void
begin_own(struct gather *g, struct own *own, size_t max)
{
	memset(&own->out, 0, sizeof(own->out));
	own->out.put = keep_own;
	own->to = &g->own;
	own->max = max;
	own->len = 0;
}

static void
say_own(struct gather *g)
{
	struct own	 own;
	struct child	*c;
	size_t		 i;

	begin_own(g, &own, METRICS_MAXBYTES);
	for (i = 0; i < g->set->nchildren; i++) {
		c = &g->set->child[i];
		if (c->started)
			metrics_u64(&own.out, g->up, part(g, c)->ended,
			    c->name);
	}
	g->cb->own(&own.out, g->arg);
	if (own.out.failed || flush_own(&own) == -1)
		log_errno("metrics of the parent");
}

/* ---- Several of one program ------------------------------------------- */

static bool
are_several(const struct gather *g)
{
	size_t	 i;

	for (i = 0; i < g->set->nchildren; i++)
		if (g->set->child[i].number > 1)
			return (true);
	return (false);
}

/* What it says of the same as others is one sample with theirs. */
static int
collect(struct metrics_set *set, const struct gather_child *gc)
{
	const struct gather_chunk	*chunk;

	for (chunk = gc->first; chunk != NULL; chunk = chunk->next)
		if (metrics_set_add(set, chunk->bytes, chunk->len) == -1)
			return (-1);
	if (gc->first != NULL)
		metrics_set_sort(set);
	return (set->n > METRICS_MAXSAMPLES ? -1 : 0);
}

/* Each metric has four labels at most: what it has not is not looked at. */
static void
say_again(struct metrics_out *out, const struct metrics_item *item)
{
	const char *const	*l = item->label;

	switch (item->def->kind) {
	case METRIC_COUNTER:
		metrics_u64(out, item->metric, item->value, l[0], l[1], l[2],
		    l[3]);
		break;
	case METRIC_GAUGE:
		metrics_i64(out, item->metric, item->gauge, l[0], l[1], l[2],
		    l[3]);
		break;
	case METRIC_HISTOGRAM:
		metrics_hist(out, item->metric, item->hist, l[0], l[1], l[2],
		    l[3]);
		break;
	case METRIC_INFO:
		metrics_info(out, item->metric, l[0], l[1], l[2], l[3]);
		break;
	}
}

/* What they say of the same is one sample for those who ask. */
static void
merge(struct gather *g)
{
	struct metrics_set	 set;
	struct own		 own;
	size_t			 i;
	int			 r;

	memset(&set, 0, sizeof(set));
	set.more = METRICS_MAXSAMPLES;
	r = collect(&set, &g->own);
	for (i = 0; i < g->set->nchildren; i++)
		if (collect(&set, &g->children[i]) == -1)
			r = -1;
	if (r == 0) {
		clear_all(g);
		begin_own(g, &own, SIZE_MAX);
		for (i = 0; i < set.n; i++)
			say_again(&own.out, set.items[i]);
		if (own.out.failed || flush_own(&own) == -1)
			r = -1;
	}
	if (r == -1)
		log_errno("metrics of several processes");
	metrics_set_clear(&set);
}

/* ---- One after the other ---------------------------------------------- */

static void	try_next(struct gather *);

static void
hand_over(struct gather_ask *ask, const struct gather_child *gc)
{
	const struct gather_chunk	*chunk;

	for (chunk = gc->first; chunk != NULL; chunk = chunk->next)
		ask->samples(chunk->bytes, chunk->len, ask->arg);
}

static void
serve(struct gather *g, struct gather_ask *ask)
{
	size_t	 i;

	for (i = 0; i < g->set->nchildren; i++)
		hand_over(ask, &g->children[i]);
	hand_over(ask, &g->own);
}

static void
finish(struct gather *g)
{
	struct gather_child	*gc;
	struct gather_ask	*ask;
	size_t			 i;

	event_del(g->timer);
	for (i = 0; i < g->set->nchildren; i++) {
		gc = &g->children[i];
		if (gc->asked && !gc->ended) {
			gc->missed++;
			clear(gc);
		} else if (g->cb->seen != NULL)
			show(g, gc);
	}
	say_own(g);
	if (are_several(g))
		merge(g);
	while ((ask = TAILQ_FIRST(&g->now)) != NULL) {
		TAILQ_REMOVE(&g->now, ask, entry);
		serve(g, ask);
		ask->done(ask->arg);
	}
	clear_all(g);
	g->running = false;
	try_next(g);
}

static bool
all_ended(const struct gather *g)
{
	size_t	 i;

	for (i = 0; i < g->set->nchildren; i++)
		if (g->children[i].asked && !g->children[i].ended)
			return (false);
	return (true);
}

/*
 * Whether it has read so little that one more would stay here with the others;
 * what it answers does not tell, for that can be guessed.
 */
static bool
is_deaf(struct gather_child *gc, struct child *c)
{
	if (imsgbuf_queuelen(&c->iev.ibuf) == 0)
		gc->unread = 0;
	return (gc->unread >= ASKS_MAX);
}

static void
ask_children(struct gather *g)
{
	struct gather_child	*gc;
	struct child	*c;
	size_t		 i;

	for (i = 0; i < g->set->nchildren; i++) {
		c = &g->set->child[i];
		if (!c->running || c->iev.dead || !c->answered)
			continue;
		/* Where memory is short it is one that did not answer. */
		gc = part(g, c);
		gc->asked = true;
		if (is_deaf(gc, c) ||
		    metrics_send(&c->iev.ibuf, METRICS_ASK, g->id) == -1)
			continue;
		gc->unread++;
		imsgev_flush(&c->iev);
	}
}

static void
arm(struct gather *g, uint32_t ms)
{
	struct timeval	 tv = clock_in_ms(ms);

	event_add(g->timer, &tv);
}

static void
try_next(struct gather *g)
{
	uint64_t	 since = (clock_us() - g->begun) / 1000;

	if (g->running || TAILQ_EMPTY(&g->next))
		return;
	if (g->begun != 0 && since < GATHER_PAUSE) {
		arm(g, (uint32_t)(GATHER_PAUSE - since));
		return;
	}
	g->running = true;
	g->begun = clock_us();
	g->id++;
	TAILQ_CONCAT(&g->now, &g->next, entry);
	ask_children(g);
	arm(g, GATHER_TIMEOUT);
}

static void
on_timer(int fd, short what, void *arg)
{
	struct gather	*g = arg;

	(void)fd;
	(void)what;
	if (g->running)
		finish(g);
	else
		try_next(g);
}

void
gather_begin(struct gather *g, struct gather_ask *ask)
{
	TAILQ_INSERT_TAIL(&g->next, ask, entry);
	try_next(g);
}

static bool
listed(const struct gather_asks *asks, const struct gather_ask *ask)
{
	const struct gather_ask	*a;

	TAILQ_FOREACH(a, asks, entry)
		if (a == ask)
			return (true);
	return (false);
}

void
gather_forget(struct gather *g, struct gather_ask *ask)
{
	if (listed(&g->now, ask))
		TAILQ_REMOVE(&g->now, ask, entry);
	else if (listed(&g->next, ask))
		TAILQ_REMOVE(&g->next, ask, entry);
}

/* ---- The child that serves them --------------------------------------- */

/*
 * Of several the first.  NULL: it is gone, or was let go, while it waited for
 * an answer: no other has asked.
 */
static struct child *
server(struct gather *g)
{
	struct child	*c;
	size_t		 i;

	for (i = 0; i < g->set->nchildren; i++) {
		c = &g->set->child[i];
		if (c->started && !c->iev.dead && c->number <= 1 &&
		    strcmp(program(c), g->server) == 0)
			return (c);
	}
	return (NULL);
}

static void
want_samples(const void *samples, size_t len, void *arg)
{
	struct gather	*g = arg;
	struct child	*c = server(g);

	if (c == NULL)
		return;
	if (metrics_send_samples(&c->iev.ibuf, g->want_id, samples, len) == -1)
		log_errno("metrics for the %s", g->server);
}

static void
want_done(void *arg)
{
	struct gather	*g = arg;
	struct child	*c = server(g);

	g->wanted = false;
	if (c == NULL)
		return;
	if (metrics_send(&c->iev.ibuf, METRICS_END, g->want_id) == -1)
		log_errno("metrics for the %s", g->server);
	imsgev_flush(&c->iev);
}

/* What it has not read yet is in our memory. */
static void
want(struct gather *g)
{
	static const struct timeval	 tv = { 0, GATHER_PAUSE * 1000 };
	struct child			*c = server(g);

	if (c == NULL)
		g->wanted = false;
	else if (imsgbuf_queuelen(&c->iev.ibuf) < QUEUE_MAX)
		gather_begin(g, &g->want);
	else
		event_add(g->later, &tv);
}

static void
on_later(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	want(arg);
}

/* One at a time: a second takes the place of the first. */
static int
take_want(struct gather *g, struct child *c, struct imsg *imsg)
{
	if (c != server(g) ||
	    metrics_get(imsg, &g->want_id) == -1)
		return (-1);
	if (g->wanted)
		return (0);
	g->wanted = true;
	want(g);
	return (0);
}

/* ---- The others ------------------------------------------------------- */

/* Of one that is over it may come late. */
static bool
is_late(const struct gather *g, uint32_t id)
{
	return (!g->running || id != g->id);
}

static int
take_samples(struct gather *g, struct child *c, struct imsg *imsg)
{
	struct gather_child	*gc = part(g, c);
	struct ibuf		 b, copy;
	uint32_t		 id;
	size_t			 n;

	if (metrics_get_samples(imsg, &id, &b) == -1)
		return (-1);
	if (is_late(g, id))
		return (0);
	copy = b;
	if (!gc->asked || gc->ended || (n = count(&copy, origin(c))) == 0)
		return (-1);
	if (n > METRICS_MAXSAMPLES - gc->nsamples ||
	    ibuf_size(&b) > METRICS_MAXBYTES - gc->bytes)
		return (-1);
	gc->nsamples += n;
	if (keep(gc, ibuf_data(&b), ibuf_size(&b)) == -1)
		log_errno("metrics of the %s", c->name);
	return (0);
}

static int
take_end(struct gather *g, struct child *c, struct imsg *imsg)
{
	struct gather_child	*gc = part(g, c);
	uint32_t		 id;

	if (metrics_get(imsg, &id) == -1)
		return (-1);
	if (is_late(g, id))
		return (0);
	if (!gc->asked || gc->ended)
		return (-1);
	gc->ended = true;
	if (all_ended(g))
		finish(g);
	return (0);
}

int
gather_message(struct gather *g, struct child *c, struct imsg *imsg)
{
	switch (imsg_get_type(imsg)) {
	case METRICS_SAMPLE:
		return (take_samples(g, c, imsg));
	case METRICS_END:
		return (take_end(g, c, imsg));
	case METRICS_WANT:
		return (take_want(g, c, imsg));
	}
	return (-1);
}

void
gather_init(struct gather *g, struct children *set,
    const struct gather_cb *cb, void *arg, enum metric up,
    const char *server_name)
{
	memset(g, 0, sizeof(*g));
	if (set->nchildren > GATHER_CHILDREN)
		fatalx("gather: too many children");
	g->set = set;
	g->cb = cb;
	g->arg = arg;
	g->up = up;
	g->server = server_name;
	TAILQ_INIT(&g->now);
	TAILQ_INIT(&g->next);
	clear_all(g);
	g->want.samples = want_samples;
	g->want.done = want_done;
	g->want.arg = g;
	if ((g->timer = evtimer_new(set->base, on_timer, g)) == NULL ||
	    (g->later = evtimer_new(set->base, on_later, g)) == NULL)
		fatal("gather");
	set->gather = g;
}
