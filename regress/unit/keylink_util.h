/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_UNIT_KEYLINK_UTIL_H
#define REGRESS_UNIT_KEYLINK_UTIL_H

#include <sys/syscall.h>

#include <time.h>

#include <event2/event.h>

#include "common/log.h"
#include "regress/unit/imsg_util.h"
#include "signerd/keylink.h"
#include "signerd/rpc.h"

#define ASKED_MAX	1024
#define LATER		1000000000ULL	/* us: no deadline of these tests */

/* The clock of the link and of libevent: it moves when a test says so. */
static uint64_t	 now_us = 5000000;

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	if (id == CLOCK_REALTIME)
		return ((int)syscall(SYS_clock_gettime, id, ts));
	ts->tv_sec = (time_t)(now_us / 1000000);
	ts->tv_nsec = (long)(now_us % 1000000) * 1000;
	return (0);
}

/* ---- rpcs ------------------------------------------------------------ */

/* What has become of one; it is freed when it ends, as real ones are. */
struct fate {
	struct rpc_owner owner;		/* of a link, if it names one */
	struct signing	*rpc;		/* NULL: it has ended */
	unsigned int	 replies;
	unsigned int	 unsendable;
	unsigned int	 expired;
	int		 error;
	enum refusal	 refusal;
	uint8_t		 result;
	struct fate	*successor;	/* for at_end */
	unsigned int	 more;
	void		(*at_end)(struct fate *);
};

static struct event_base	*base;
static struct config_limits	 limits;
static struct keylink		 k;
static struct imsgbuf		 keyd, log_buf;
static struct request		 asked[ASKED_MAX];
static size_t			 nasked;
static int			 keyd_fd, base_fds, wrong;
static char			 lost_why[64];

static inline struct fate *
fate_of(const struct signing *rpc)
{
	/* Its first member. */
	return (rpc->rpc.owner);
}

static inline void
rpc_end(struct signing *rpc)
{
	struct fate	*f = fate_of(rpc);
	size_t		 i;

	keylink_cancel(&k, rpc);
	wrong += rpc->in_turn || rpc->submitted || rpc->in_keyd > 0;
	for (i = 0; i < rpc->rpc.ncalls; i++)
		free(rpc->rpc.calls[i]);
	free(rpc->rpc.calls);
	free(rpc);
	f->rpc = NULL;
	if (f->at_end != NULL)
		f->at_end(f);
}

struct call *
rpc_next(struct signing *rpc)
{
	for (; rpc->next < rpc->rpc.ncalls; rpc->next++)
		if (!signing_call(rpc, rpc->next)->asked)
			return (signing_call(rpc, rpc->next));
	return (NULL);
}

void
rpc_again(struct call *call)
{
	call->asked = false;
	call_signing(call)->next = 0;
}

static inline bool
call_done(struct call *call)
{
	if (--call->head.rpc->left > 0)
		return (true);
	rpc_end(call_signing(call));
	return (false);
}

bool
rpc_reply(struct call *call, const struct keyd_reply *reply)
{
	struct fate	*f = fate_of(call_signing(call));

	wrong += reply->id != call->args.request.id;
	f->replies++;
	f->refusal = reply->refusal;
	f->result = reply->resultlen > 0 ? reply->result[0] : 0;
	return (call_done(call));
}

bool
rpc_unsendable(struct call *call, int error)
{
	struct fate	*f = fate_of(call_signing(call));

	f->unsendable++;
	f->error = error;
	return (call_done(call));
}

void
rpc_expired(struct signing *rpc)
{
	fate_of(rpc)->expired++;
	rpc_end(rpc);
}

static inline void
submit_successor(struct fate *f)
{
	keylink_submit(&k, f->successor->rpc);
}

/* An rpc of n calls; each request says by its client's name whose it is. */
static inline void
make(struct fate *f, char name, size_t n)
{
	struct signing	*rpc;
	struct call	*call;
	size_t		 i;

	memset(f, 0, sizeof(*f));
	assert_non_null(f->rpc = rpc = calloc(1, sizeof(*rpc)));
	rpc->rpc.calls = calloc(n, sizeof(*rpc->rpc.calls));
	assert_non_null(rpc->rpc.calls);
	rpc->rpc.owner = &f->owner;
	rpc->rpc.ncalls = rpc->rpc.left = n;
	rpc->deadline = now_us + LATER;
	for (i = 0; i < n; i++) {
		assert_non_null(call = calloc(1, sizeof(*call)));
		rpc->rpc.calls[i] = &call->head;
		call->head.rpc = &rpc->rpc;
		call->args.request.method = METHOD_PAYLOAD;
		snprintf(call->args.request.client, CLIENT_MAX, "%c%zu", name,
		    i);
	}
}

static inline void
submit(struct fate *f, char name, size_t n)
{
	make(f, name, n);
	keylink_submit(&k, f->rpc);
}

/* Ends what a test has left. */
static inline void
discard(struct fate *f)
{
	if (f->rpc != NULL)
		rpc_end(f->rpc);
}

/* ---- keyd, at the other end ------------------------------------------ */

static inline void
turn(void)
{
	assert_true(event_base_loop(base, EVLOOP_NONBLOCK) != -1);
}

/* All that it is asked now; what comes is added to asked. */
static inline size_t
listen_keyd(void)
{
	struct request	 request;
	struct imsg	 imsg;
	uint64_t	 id;
	uint32_t	 left;

	do {
		left = imsgbuf_queuelen(&k.workers[0].iev.ibuf);
		turn();
		assert_int_equal(imsgbuf_read(&keyd), 1);
		while (imsg_get(&keyd, &imsg) > 0) {
			assert_true(nasked < ASKED_MAX);
			assert_int_equal(keymsg_get_request(&imsg, &request,
			    &id), 0);
			request_clear(&request);
			imsg_free(&imsg);
			asked[nasked++] = request;
		}
	} while (left > 0 || imsgbuf_queuelen(&k.workers[0].iev.ibuf) > 0);
	return (nasked);
}

static inline void
send_answer(uint64_t id, enum refusal refusal, uint8_t result)
{
	struct keyd_reply	 reply;
	uint8_t			 bytes[65] = { result };

	memset(&reply, 0, sizeof(reply));
	reply.id = id;
	reply.refusal = refusal;
	reply.rule = refusal == REFUSAL_NONE ? 0 : POLICY_NORULE;
	reply.result = bytes;
	reply.resultlen = refusal == REFUSAL_NONE ? sizeof(bytes) : 0;
	assert_int_equal(keymsg_send_reply(&keyd, &reply), 0);
	assert_int_equal(imsgbuf_flush(&keyd), 0);
}

static inline void
answer(uint64_t id)
{
	send_answer(id, REFUSAL_NONE, 1);
	listen_keyd();
}

/* The requests from the nth on are of these calls, and no others came. */
static inline void
asked_for(size_t n, const char *names)
{
	char	 got[ASKED_MAX] = "";
	size_t	 i, len = 0;

	listen_keyd();
	for (i = n; i < nasked && len < sizeof(got) - 8; i++)
		len += (size_t)snprintf(got + len, sizeof(got) - len, "%s%s",
		    i > n ? " " : "", asked[i].client);
	assert_string_equal(got, names);
}

static inline void
lost(const char *why, void *arg)
{
	wrong += arg != &wrong;
	snprintf(lost_why, sizeof(lost_why), "%s", why);
}

static inline int
link_open(void **state)
{
	int	 fd[2];

	(void)state;
	base_fds = open_fds();
	memset(&limits, 0, sizeof(limits));
	limits.max_transaction = 1024 * 1024;
	limits.max_queue = 512;
	limits.max_waiting = 8;
	limits.timeout_keyd = 100;
	nasked = 0;
	wrong = 0;
	lost_why[0] = '\0';
	assert_non_null(base = event_base_new());
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    fd), 0);
	keyd_fd = fd[1];
	assert_int_equal(imsgbuf_init(&keyd, fd[1]), 0);
	assert_int_equal(imsgbuf_set_maxsize(&keyd, 2 * MIB), 0);
	assert_int_equal(keylink_init(&k, base, fd[0], &limits, lost,
	    &wrong), 0);
	/* The log's records are only counted. */
	assert_int_equal(imsgbuf_init(&log_buf, -1), 0);
	log_to_parent(&log_buf, NULL);
	return (0);
}

/* Each slot is in one list, the one that it should be in. */
static inline void
check_slots(void)
{
	struct keylink_slot	*s;
	int			 n = 0;

	TAILQ_FOREACH(s, &k.workers[0].sent, entry) {
		assert_true(s->used);
		n++;
	}
	TAILQ_FOREACH(s, &k.workers[0].unused, entry) {
		assert_false(s->used);
		n++;
	}
	assert_int_equal(n, KEYLINK_WINDOW);
	assert_ptr_equal(*k.workers[0].sent.tqh_last, NULL);
	assert_true(!TAILQ_EMPTY(&k.workers[0].sent) ||
	    k.workers[0].sent.tqh_last == &k.workers[0].sent.tqh_first);
}

static inline int
link_close(void **state)
{
	(void)state;
	check_slots();
	assert_int_equal(wrong, 0);
	assert_int_equal(k.nwaiting, 0);
	event_free(k.timer);
	imsgev_clear(&k.workers[0].iev);
	imsgbuf_clear(&keyd);
	imsgbuf_clear(&log_buf);
	if (keyd_fd != -1)
		close(keyd_fd);
	event_base_free(base);
	assert_int_equal(open_fds(), base_fds);
	return (0);
}

static uint8_t	 data[8192];

/* Makes a call's message as large as that, header included. */
static inline void
set_size(struct fate *f, size_t call, size_t size)
{
	struct request	*r = &signing_call(f->rpc, call)->args.request;

	r->method = METHOD_TRANSACTION;
	memset(&r->tx, 0, sizeof(r->tx));
	r->tx.has = TX_DATA;
	r->tx.data = data;
	r->tx.datalen = size - keymsg_request_size(r) - IMSG_HEADER_SIZE;
	assert_int_equal(keymsg_request_size(r) + IMSG_HEADER_SIZE, size);
}

#define link_test(f)							\
	cmocka_unit_test_setup_teardown(f, link_open, link_close)

#endif /* REGRESS_UNIT_KEYLINK_UTIL_H */
