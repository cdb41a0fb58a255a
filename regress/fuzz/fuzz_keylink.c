/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: signerd/keylink.o common/imsgev.o common/log.o
 * common/log_render.o common/hex.o common/u256.o keyd/keymsg.o
 * keyd/keymsg_request.o keyd/request.o compat/imsg.o compat/imsg-buffer.o
 * libs: libevent
 */

#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "common/log.h"
#include "regress/fuzz/take.h"
#include "signerd/keylink.h"
#include "signerd/rpc.h"

/*
 * The asker's side, and a keyd that sends anything: the input is a list of
 * steps.  Each call ends once; keyd is asked no more than its window, each
 * signing within its own; and nothing is left when all have ended.
 */
#define MAXSIGNINGS	16
#define MAXCALLS	4
#define MAXASKED	4096
#define NOWNERS		3

enum step {
	SUBMIT, SUBMIT_OTHER, ANSWER, ANSWER_TWICE, REFUSE, BAD_REQUEST, RAW,
	CANCEL, WAIT, BYTES, NSTEPS
};

static struct event_base	*base;
static struct keylink		 k;
static struct imsgbuf		 keyd, records;
static struct rpc_owner		 owners[NOWNERS];
static struct signing		*signings[MAXSIGNINGS];
static uint64_t			 asked[MAXASKED];	/* ids */
static size_t			 nasked;
static bool			 lost;
static uint64_t			 now_us;
static const struct config_limits limits = {
	.max_transaction = 20000, .max_queue = 8, .max_waiting = 2,
	.timeout_keyd = 100
};

/* The clock of the link and of libevent. */
int
clock_gettime(clockid_t id, struct timespec *ts)
{
	if (id == CLOCK_REALTIME)
		return ((int)syscall(SYS_clock_gettime, id, ts));
	ts->tv_sec = (time_t)(now_us / 1000000);
	ts->tv_nsec = (long)(now_us % 1000000) * 1000;
	return (0);
}

/* ---- In the place of signerd/rpc.c ------------------------------------- */

static void
end(struct signing *s)
{
	size_t	 i;

	keylink_cancel(&k, s);
	must(!s->in_turn && !s->submitted && s->in_keyd == 0);
	for (i = 0; i < MAXSIGNINGS && signings[i] != s; i++)
		continue;
	must(i < MAXSIGNINGS);
	signings[i] = NULL;
	for (i = 0; i < s->rpc.ncalls; i++)
		free(s->rpc.calls[i]);
	free(s->rpc.calls);
	free(s);
}

struct call *
rpc_next(struct signing *s)
{
	for (; s->next < s->rpc.ncalls; s->next++)
		if (!signing_call(s, s->next)->asked)
			return (signing_call(s, s->next));
	return (NULL);
}

void
rpc_again(struct call *call)
{
	must(call->asked && call->head.deferred);
	call->asked = false;
	call_signing(call)->next = 0;
}

static bool
call_done(struct call *call)
{
	struct signing	*s = call_signing(call);

	/* Once, and one that was asked. */
	must(call->asked && call->head.deferred);
	call->head.deferred = false;
	must(s->rpc.left > 0);
	if (--s->rpc.left > 0)
		return (true);
	end(s);
	return (false);
}

bool
rpc_reply(struct call *call, const struct keyd_reply *reply)
{
	must(reply->id == call->args.request.id);
	must((unsigned int)reply->refusal < REFUSAL_MAX);
	must((reply->refusal == REFUSAL_NONE) == (reply->resultlen > 0));
	return (call_done(call));
}

bool
rpc_unsendable(struct call *call, int error)
{
	must(error != 0);
	return (call_done(call));
}

void
rpc_expired(struct signing *s)
{
	end(s);
}

static void
on_lost(const char *why, void *arg)
{
	must(why != NULL && arg == &lost);
	lost = true;
}

/* ---- The steps --------------------------------------------------------- */

static void
submit(struct take *t, size_t at)
{
	static const uint8_t	 bytes[256 * 80];
	struct rpc_owner	*owner = &owners[take_u8(t) % NOWNERS];
	struct signing		*s;
	struct call		*call;
	size_t			 i;

	if (signings[at] != NULL)
		return;
	must((s = calloc(1, sizeof(*s))) != NULL);
	s->rpc.owner = owner;
	s->rpc.ncalls = s->rpc.left = 1 + take_u8(t) % MAXCALLS;
	s->rpc.calls = calloc(s->rpc.ncalls, sizeof(*s->rpc.calls));
	must(s->rpc.calls != NULL);
	s->deadline = now_us + take_u8(t) * 2000;
	for (i = 0; i < s->rpc.ncalls; i++) {
		must((call = calloc(1, sizeof(*call))) != NULL);
		s->rpc.calls[i] = &call->head;
		call->head.rpc = &s->rpc;
		call->head.deferred = true;
		call->args.request.method = METHOD_TRANSACTION;
		strcpy(call->args.request.client, "a");
		/* Some are near the window of bytes, or over it. */
		call->args.request.tx.has = TX_DATA;
		call->args.request.tx.datalen = take_u8(t) * 80U;
		call->args.request.tx.data = bytes;
	}
	signings[at] = s;
	keylink_submit(&k, s);
}

static void
send_reply(uint64_t id, enum refusal refusal)
{
	static const uint8_t	 result[65];
	struct keyd_reply	 reply;

	memset(&reply, 0, sizeof(reply));
	reply.id = id;
	reply.refusal = refusal;
	reply.result = result;
	reply.resultlen = sizeof(result);
	must(keymsg_send_reply(&keyd, &reply) == 0);
}

static void
send_raw(struct take *t)
{
	uint32_t	 type = KEYD_SIGN + take_u8(t) % 5;
	const uint8_t	*body;
	size_t		 len;

	body = take_ref(t, take_u8(t), &len);
	must(imsg_compose(&keyd, type, 0, 0, -1, body, len) == 1);
}

static void
answer(struct take *t, enum step step)
{
	uint64_t	 id = 0;

	if (nasked > 0)
		id = asked[take_u8(t) % nasked];
	switch (step) {
	case ANSWER_TWICE:
		send_reply(id, REFUSAL_NONE);
		/* FALLTHROUGH */
	case ANSWER:
		send_reply(id, REFUSAL_NONE);
		break;
	case REFUSE:
		send_reply(id, (enum refusal)(1 +
		    take_u8(t) % (REFUSAL_MAX - 1)));
		break;
	default:
		must(keymsg_send_badrequest(&keyd, id) == 0);
	}
}

/* What keyd is asked meanwhile; it must be what was within the windows. */
static void
hear(void)
{
	struct request	 r;
	struct imsg	 imsg;
	uint64_t	 id;
	size_t		 i;

	if (imsgbuf_read(&keyd) != 1)
		return;
	while (imsg_get(&keyd, &imsg) > 0) {
		must(imsg_get_len(&imsg) + IMSG_HEADER_SIZE <=
		    limits.max_transaction);
		must(keymsg_get_request(&imsg, &r, &id) == 0);
		request_clear(&r);
		imsg_free(&imsg);
		/* No id comes again: a late answer would be another's. */
		for (i = 0; i < nasked; i++)
			must(asked[i] != id);
		must(nasked < MAXASKED);
		asked[nasked++] = id;
	}
}

static void
check_slots(void)
{
	struct keylink_slot	*s;
	size_t			 bytes = 0, n = 0, i;

	TAILQ_FOREACH(s, &k.workers[0].sent, entry) {
		must(s->used);
		bytes += s->size;
		n++;
	}
	must(bytes == k.workers[0].bytes && n <= KEYLINK_WINDOW);
	TAILQ_FOREACH(s, &k.workers[0].unused, entry)
		n += !s->used;
	must(n == KEYLINK_WINDOW);
	for (i = 0, n = 0; i < MAXSIGNINGS; i++) {
		if (signings[i] == NULL)
			continue;
		must(signings[i]->in_keyd <= limits.max_waiting);
		n++;
	}
	must(n == k.nwaiting);
}

static void
turn(void)
{
	if (imsgbuf_queuelen(&keyd) > 0)
		must(imsgbuf_write(&keyd) == 0);
	do {
		must(event_base_loop(base, EVLOOP_NONBLOCK) != -1);
		hear();
	} while (!lost && imsgbuf_queuelen(&k.workers[0].iev.ibuf) > 0);
	if (!lost)
		check_slots();
}

static void
take_step(struct take *t)
{
	enum step	 step = (enum step)(take_u8(t) % NSTEPS);
	uint8_t		 c;
	size_t		 len;
	const uint8_t	*p;

	switch (step) {
	case SUBMIT:
	case SUBMIT_OTHER:
		submit(t, take_u8(t) % MAXSIGNINGS);
		break;
	case RAW:
		send_raw(t);
		break;
	case CANCEL:
		c = take_u8(t) % MAXSIGNINGS;
		if (signings[c] != NULL)
			end(signings[c]);
		break;
	case WAIT:
		now_us += take_u8(t) * 1000;
		break;
	case BYTES:
		p = take_ref(t, take_u8(t), &len);
		must(send(keyd.fd, p, len, MSG_NOSIGNAL) == (ssize_t)len);
		break;
	default:
		answer(t, step);
		break;
	}
	turn();
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	log_init("frontend");
	log_set_level(LOG_LVL_ERROR);
	now_us = 5000000;
	must((base = event_base_new()) != NULL);
	return (0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct take	 t = { data, size };
	int		 fd[2];
	size_t		 i;

	nasked = 0;
	lost = false;
	memset(owners, 0, sizeof(owners));
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd) == 0);
	must(imsgbuf_init(&records, -1) == 0);
	log_to_parent(&records, NULL);
	must(imsgbuf_init(&keyd, fd[1]) == 0);
	must(imsgbuf_set_maxsize(&keyd, 65536) == 0);
	must(keylink_init(&k, base, fd[0], &limits, on_lost, &lost) == 0);
	while (t.left > 0 && !lost)
		take_step(&t);
	for (i = 0; i < MAXSIGNINGS; i++)
		if (signings[i] != NULL)
			end(signings[i]);
	must(k.nwaiting == 0 && TAILQ_EMPTY(&k.turn));
	must(TAILQ_EMPTY(&k.waiting));
	event_free(k.timer);
	imsgev_clear(&k.workers[0].iev);
	imsgbuf_clear(&keyd);
	imsgbuf_clear(&records);
	close(fd[1]);
	return (0);
}
