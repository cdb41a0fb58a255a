/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/metrics.h"
#include "keyd/keyd.h"
#include "keyd/trail.h"
#include "keyd/trail_record.h"

/* For the parent to find out who was the first to die. */
#define LOST_US		1000000
/* To try again where memory was short. */
#define RETRY_MS	10
#define FULL_RETRY_MS	50
/* That records do not leave before it is told. */
#define FULL_US		1000000
/* For the last records to leave; less than the parent waits. */
#define STOP_MS		2000

_Static_assert(TRAIL_STARTMAX <= AUDIT_LINEMAX, "a record does not fit");

void
trail_init(struct trail *t)
{
	STAILQ_INIT(&t->held);
}

static void
lose(struct trail *t, const char *why)
{
	if (t->lost != 0)
		return;
	log_error("the channel to the audit process: %s", why);
	t->severed = !trail_sent(t);
	t->lost = clock_us();
	imsgbuf_clear(&t->ibuf);
	close(t->ibuf.fd);
	t->ibuf.fd = -1;
}

/* ---- Records ---------------------------------------------------------- */

static uint64_t
waiting(const struct trail *t)
{
	return (t->head.sequence - t->written);
}

/* -1: memory is short, and it stays where it is. */
static int
send_batch(struct trail *t)
{
	struct audit_append	 append;

	if (t->len == 0)
		return (0);
	append.last = t->head.sequence;
	append.sync = t->set->config.sync;
	/*
	 * Asked for in good time, and no more often than is needed; but with
	 * the last one that there is room for in any case: none follows it
	 * before there is an answer.
	 */
	append.answer = append.sync || waiting(t) >= t->set->config.queue ||
	    (!t->asked && waiting(t) >= t->set->config.queue / 4);
	append.text = t->batch;
	append.len = t->len;
	if (auditmsg_send_append(&t->ibuf, &append) == -1)
		return (-1);
	t->asked |= append.answer;
	t->len = 0;
	return (0);
}

bool
trail_sent(struct trail *t)
{
	if (!t->on)
		return (true);
	if (t->lost != 0)
		return (!t->severed);
	return (t->len == 0 && imsgbuf_queuelen(&t->ibuf) == 0);
}

static void
note_full(struct trail *t, uint64_t now)
{
	if (!trail_sent(t)) {
		if (t->full == 0)
			t->full = now;
		return;
	}
	t->full = 0;
	if (t->halted)
		log_info("audit: records leave again: answers do, too");
	t->halted = false;
}

void
trail_flush(struct trail *t)
{
	if (!t->on || t->lost != 0)
		return;
	(void)send_batch(t);
	if (imsgbuf_queuelen(&t->ibuf) > 0 &&
	    imsgbuf_write(&t->ibuf) == -1 && errno != EAGAIN) {
		lose(t, strerror(errno));
		return;
	}
	if (t->full != 0 || !trail_sent(t))
		note_full(t, clock_us());
}

void
trail_say(const struct trail *t, struct metrics_out *out)
{
	if (!t->on)
		return;
	metrics_u64(out, METRIC_AUDIT_READY, t->begun && t->lost == 0 &&
	    !t->stalled && !t->behind && !t->halted);
	metrics_u64(out, METRIC_AUDIT_SEQUENCE, t->head.sequence);
}

static bool
is_behind(struct trail *t)
{
	uint32_t	 queue = t->set->config.queue;

	if (waiting(t) >= queue && !t->behind) {
		log_error("audit: %u records wait to be written: signing "
		    "stops until they are", queue);
		t->behind = true;
	} else if (t->behind && waiting(t) <= queue / 2) {
		log_info("audit: records are written again: signing goes on");
		t->behind = false;
	}
	return (t->behind);
}

bool
trail_ready(struct trail *t)
{
	if (!t->on)
		return (true);
	if (!t->begun || t->lost != 0 || t->stalled || is_behind(t))
		return (false);
	return (AUDIT_BATCH - t->len >= AUDIT_LINEMAX || send_batch(t) == 0);
}

static void
begin_line(struct trail *t, const char *event)
{
	struct timespec	 ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	audit_begin(&t->line, &t->head, (uint64_t)ts.tv_sec * 1000000 +
	    (uint64_t)ts.tv_nsec / 1000, event);
}

/* There has to be room for it. */
static void
end_line(struct trail *t)
{
	/* Every field has a longest form, and they fit together. */
	if (t->line.cut)
		fatalx("a record of the audit trail does not fit");
	audit_end(&t->line, &t->head);
	memcpy(t->batch + t->len, audit_text(&t->line), t->line.len);
	t->len += t->line.len;
}

void
trail_request(struct keyd *k, const struct channel *c,
    const struct request *request, const struct keyd_reply *reply,
    const char *wrong)
{
	struct trail	*t = &k->trail;

	if (!t->on)
		return;
	begin_line(t, wrong == NULL && reply->refusal == REFUSAL_NONE ?
	    "signed" : "refused");
	trail_record(&t->line, k, c, request, reply, wrong);
	end_line(t);
}

/* Of the parent's doing: there is always to be one. */
static void
make_room(struct trail *t)
{
	if (AUDIT_BATCH - t->len < AUDIT_LINEMAX && send_batch(t) == -1)
		fatal("the audit trail");
}

/* ---- Configurations --------------------------------------------------- */

int
trail_channel(struct trail *t, int fd)
{
	if (imsgbuf_init(&t->ibuf, fd) == -1 ||
	    imsgbuf_set_maxsize(&t->ibuf, AUDIT_MSGSIZE) == -1)
		return (-1);
	t->on = true;
	return (0);
}

void
trail_set_free(struct trail_set *set)
{
	size_t	 i;

	if (set == NULL)
		return;
	for (i = 0; i < KEYD_MAXKEYS; i++)
		free(set->keys[i]);
	for (i = 0; i <= KEYD_MAXVIAS; i++)
		free(set->links[i]);
	free(set);
}

static int
set_name(char **names, size_t n, const struct audit_name *name)
{
	if (name->index >= n || names[name->index] != NULL)
		return (-1);
	names[name->index] = strdup(name->name);
	return (names[name->index] == NULL ? -1 : 0);
}

int
trail_set_message(struct trail_set **set, struct imsg *imsg)
{
	struct audit_name	 name;

	errno = 0;
	if (imsg_get_type(imsg) == AUDIT_CONFIG) {
		if (*set != NULL ||
		    (*set = calloc(1, sizeof(**set))) == NULL)
			return (-1);
		return (auditmsg_get_config(imsg, &(*set)->config));
	}
	if (*set == NULL)
		return (-1);
	if (imsg_get_type(imsg) == AUDIT_WORKER)
		return ((*set)->config.worker != 0 ? -1 :
		    auditmsg_get_worker(imsg, &(*set)->config));
	if (auditmsg_get_name(imsg, &name) == -1)
		return (-1);
	if (imsg_get_type(imsg) == AUDIT_KEY)
		return (set_name((*set)->keys, KEYD_MAXKEYS, &name));
	return (set_name((*set)->links, KEYD_MAXVIAS + 1, &name));
}

/* The first of a file, and of each run, names what it follows. */
static void
add_before(struct trail *t, bool start)
{
	audit_hex(&t->line, "prev", t->head.hash, sizeof(t->head.hash));
	if (!start || t->where.torn == 0)
		return;
	audit_num(&t->line, "torn", t->where.torn);
	audit_hex(&t->line, "tornhash", t->where.tornhash, KECCAK_SIZE);
	if (t->where.tornlines > 0)
		audit_num(&t->line, "tornlines", t->where.tornlines);
}

void
trail_commit(struct keyd *k, struct trail_set *set)
{
	struct trail	*t = &k->trail;
	bool		 start = t->set == NULL;

	if (!t->on)
		return;
	if (set == NULL)
		fatalx("a configuration without an audit trail");
	if (!start && t->lost == 0 && set->config.newfile && (send_batch(t) == -1 ||
	    auditmsg_send(&t->ibuf, AUDIT_SWITCH, -1) == -1))
		fatal("the audit trail");
	t->set = set;
	if (t->lost != 0)
		return;
	make_room(t);
	begin_line(t, start ? "start" : "reload");
	audit_num(&t->line, "generation", set->config.generation);
	audit_num(&t->line, "keys", k->now->config.nkeys);
	audit_num(&t->line, "rules", k->now->config.nrules);
	if (start)
		audit_str(&t->line, "version", VERSION);
	if (set->config.worker > 0) {
		audit_num(&t->line, "worker", set->config.worker);
		audit_num(&t->line, "workers", set->config.workers);
	}
	if (start || set->config.newfile)
		add_before(t, start);
	end_line(t);
	trail_flush(t);
}

/* ---- Answers that wait ------------------------------------------------ */

static int
hold(struct trail *t, struct channel *c, const struct keyd_reply *reply,
    bool switched)
{
	struct trail_held	*held;
	size_t			 size = reply == NULL ? 0 : reply->resultlen;

	if ((held = malloc(sizeof(*held) + size)) == NULL)
		return (-1);
	memset(held, 0, sizeof(*held));
	held->sequence = t->head.sequence;
	held->channel = c;
	held->switched = switched;
	if (reply != NULL) {
		held->reply = *reply;
		if (size > 0)
			memcpy(held->result, reply->result, size);
		held->reply.result = held->result;
	}
	c->held++;
	c->heldbytes += size;
	STAILQ_INSERT_TAIL(&t->held, held, entry);
	return (0);
}

int
trail_hold(struct trail *t, struct channel *c, const struct keyd_reply *reply)
{
	return (hold(t, c, reply, false));
}

int
trail_hold_switched(struct trail *t, struct channel *c)
{
	return (hold(t, c, NULL, true));
}

static void
release(struct keyd *k)
{
	struct trail		*t = &k->trail;
	struct trail_held	*held;
	struct channel		*c;
	int			 r;

	while ((held = STAILQ_FIRST(&t->held)) != NULL &&
	    held->sequence <= t->written) {
		STAILQ_REMOVE_HEAD(&t->held, entry);
		c = held->channel;
		c->held--;
		c->heldbytes -= held->reply.resultlen;
		if (c->open && !c->broken) {
			r = held->switched ?
			    keymsg_send_empty(&c->ibuf, KEYD_SWITCHED) :
			    serve_answer(k, c, &held->reply);
			c->broken = r == -1;
		}
		free(held);
	}
}

/* ---- What the audit process says -------------------------------------- */

static int
take_where(struct keyd *k, struct imsg *imsg)
{
	struct trail		*t = &k->trail;
	struct audit_where	 where;

	if (t->begun || auditmsg_get_where(imsg, &where) == -1)
		return (-1);
	t->head = where.head;
	t->written = t->told = where.head.sequence;
	t->where = where;
	t->begun = true;
	setup_begin(k);
	return (0);
}

static int
take_written(struct trail *t, struct imsg *imsg)
{
	uint64_t	 n;

	/* What has not been made cannot have been written. */
	if (!t->begun || auditmsg_get_number(imsg, &n) == -1 ||
	    n < t->written || n > t->head.sequence)
		return (-1);
	t->written = n;
	t->asked = false;
	/* Who looks whether it is ready does not have to ask first. */
	if (t->behind)
		(void)is_behind(t);
	if (t->stalled) {
		log_info("audit: the file can be written again: signing "
		    "goes on");
		t->stalled = false;
	}
	return (0);
}

static int
take_stalled(struct trail *t, struct imsg *imsg)
{
	uint64_t	 error;

	if (!t->begun || auditmsg_get_number(imsg, &error) == -1 ||
	    error == 0 || error > 4096)
		return (-1);
	if (!t->stalled)
		log_error("audit: the file cannot be written: %s: signing "
		    "stops until it can", strerror((int)error));
	t->stalled = true;
	return (0);
}

static int
take_message(struct keyd *k, struct imsg *imsg)
{
	switch (imsg_get_type(imsg)) {
	case AUDIT_HEAD:
		return (take_where(k, imsg));
	case AUDIT_WRITTEN:
		return (take_written(&k->trail, imsg));
	case AUDIT_STALLED:
		return (take_stalled(&k->trail, imsg));
	}
	return (-1);
}

/*
 * It says no more than how far it is: what it writes, the chain shows.  If it
 * is gone, or no more to be understood, there is no trail: the daemon ends.
 */
void
trail_read(struct keyd *k)
{
	struct trail	*t = &k->trail;
	struct imsg	 imsg;
	ssize_t		 n = 0;

	switch (imsgbuf_read(&t->ibuf)) {
	case 0:
		lose(t, "closed");
		/* It has told the parent what is wrong. */
		setup_begin(k);
		return;
	case -1:
		if (errno != EAGAIN)
			lose(t, strerror(errno));
		return;
	}
	while (t->lost == 0 && (n = imsg_get(&t->ibuf, &imsg)) > 0) {
		if (take_message(k, &imsg) == -1)
			lose(t, "a message that was not expected");
		imsg_free(&imsg);
	}
	if (n == -1)
		lose(t, "a malformed message");
	release(k);
}

/* ---- Time ------------------------------------------------------------- */

static void
report_head(struct trail *t)
{
	struct log_record	 r;

	t->told = t->head.sequence;
	if (!log_start(&r, LOG_LVL_INFO, "audit head"))
		return;
	log_num(&r, "sequence", t->head.sequence);
	log_hex(&r, "hash", t->head.hash, sizeof(t->head.hash));
	log_end(&r);
}

static int
sooner(int timeout, uint64_t now, uint64_t then)
{
	uint64_t	 ms = then > now ? (then - now) / 1000 + 1 : 0;

	return (timeout == -1 || ms < (uint64_t)timeout ? (int)ms : timeout);
}

int
trail_timeout(struct trail *t, uint64_t now, int timeout)
{
	if (!t->on)
		return (timeout);
	if (t->lost != 0)
		return (sooner(timeout, now, t->lost + LOST_US));
	/* A full socket has room long before poll(2) says so. */
	if (t->len > 0)
		timeout = sooner(timeout, now, now + RETRY_MS * 1000);
	else if (!trail_sent(t))
		timeout = sooner(timeout, now, now + FULL_RETRY_MS * 1000);
	if (t->full != 0 && !t->halted)
		timeout = sooner(timeout, now, t->full + FULL_US);
	if (t->begun && t->told != t->head.sequence)
		timeout = sooner(timeout, now, t->next_report);
	return (timeout);
}

void
trail_tick(struct trail *t, uint64_t now)
{
	if (!t->on)
		return;
	if (t->lost != 0) {
		if (now - t->lost >= LOST_US)
			fatalx("nothing can be recorded without the audit "
			    "process");
		return;
	}
	if (t->full != 0 && !t->halted && now - t->full >= FULL_US) {
		log_error("audit: the audit process does not take records: "
		    "answers wait until it does");
		t->halted = true;
	}
	if (!t->begun || t->set == NULL || t->told == t->head.sequence ||
	    now < t->next_report)
		return;
	report_head(t);
	t->next_report = now + (uint64_t)t->set->config.head * 1000;
}

void
trail_stop(struct trail *t, bool report)
{
	uint64_t	 end = clock_us() + STOP_MS * 1000;
	struct pollfd	 pfd;

	if (!t->on || t->lost != 0 || t->set == NULL)
		return;
	make_room(t);
	begin_line(t, "stop");
	end_line(t);
	if (report)
		report_head(t);
	for (;;) {
		trail_flush(t);
		if (t->lost != 0 || (t->len == 0 &&
		    imsgbuf_queuelen(&t->ibuf) == 0))
			return;
		if (clock_us() >= end)
			break;
		pfd.fd = t->ibuf.fd;
		pfd.events = POLLOUT;
		(void)poll(&pfd, 1, RETRY_MS);
	}
	log_error("audit: the last records do not leave: the audit process "
	    "does not read");
}
