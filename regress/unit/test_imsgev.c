/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/imsgev.o compat/imsg.o compat/imsg-buffer.o */
/* libs: libevent */

#include <sys/syscall.h>

#include <event2/event.h>

#include "common/imsgev.h"
#include "regress/unit/imsg_util.h"

#define MAXSIZE		4096
#define LOOPS		100000	/* turns after which a loop is stuck */

/*
 * An owner of one: what its callbacks were called with, and what they do.
 * They make no assertions, which would jump out of libevent's loop.
 */
struct owner {
	struct imsgev	*iev;
	int		 peer;
	int		 fds;		/* open before */
	unsigned int	 messages;
	unsigned int	 batches;
	unsigned int	 before_batch;	/* messages, at the last one */
	unsigned int	 closed;
	unsigned int	 wrong;		/* found in callbacks */
	uint32_t	 last;		/* type of the last message */
	char		 why[64];	/* "" for end of file */
	void		(*act)(struct owner *);
	void		(*end)(struct owner *);
	uint32_t	 rest;		/* after each batch; 0: none */
};

static struct event_base	*base;
static unsigned int		 sends;

/* Counts what leaves by the module under test. */
ssize_t
sendmsg(int fd, const struct msghdr *msg, int flags)
{
	sends++;
	return (syscall(SYS_sendmsg, fd, msg, flags));
}

static void
on_message(struct imsgev *iev, struct imsg *imsg, void *arg)
{
	struct owner	*o = arg;

	o->wrong += iev != o->iev;
	o->messages++;
	o->last = imsg_get_type(imsg);
	if (o->act != NULL)
		o->act(o);
}

static void
on_batch(struct imsgev *iev, void *arg)
{
	struct owner	*o = arg;

	o->wrong += iev != o->iev;
	o->batches++;
	o->before_batch = o->messages;
	if (o->rest > 0)
		imsgev_rest(iev, o->rest);
}

static void
on_closed(struct imsgev *iev, const char *why, void *arg)
{
	struct owner	*o = arg;

	o->wrong += iev != o->iev;
	o->closed++;
	snprintf(o->why, sizeof(o->why), "%s", why != NULL ? why : "");
	if (o->end != NULL)
		o->end(o);
}

static const struct imsgev_cb	 callbacks = {
	on_message, on_batch, on_closed
};

static void
owner_open(struct owner *o)
{
	int	 fd[2];

	memset(o, 0, sizeof(*o));
	o->fds = open_fds();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    fd), 0);
	o->peer = fd[1];
	assert_non_null(o->iev = malloc(sizeof(*o->iev)));
	assert_int_equal(imsgev_init(o->iev, base, fd[0], MAXSIZE,
	    &callbacks, o), 0);
	sends = 0;
}

static void
owner_close(struct owner *o)
{
	if (o->iev != NULL) {
		imsgev_clear(o->iev);
		free(o->iev);
	}
	if (o->peer != -1)
		close(o->peer);
	assert_int_equal(o->wrong, 0);
	assert_int_equal(open_fds(), o->fds);
	/* Nothing is left in the loop. */
	assert_int_equal(event_base_get_num_events(base,
	    EVENT_BASE_COUNT_ADDED | EVENT_BASE_COUNT_ACTIVE), 0);
}

/* What is ready now, and what that makes ready. */
static void
turn(void)
{
	assert_true(event_base_loop(base, EVLOOP_NONBLOCK) != -1);
}

/* A message in the peer's bytes. */
static size_t
put_message(unsigned char *p, uint32_t type, size_t len)
{
	memset(p, 0, HDR + len);
	return (raw_header(p, type, (uint32_t)(HDR + len)));
}

static void
peer_sends(struct owner *o, const void *data, size_t len)
{
	assert_int_equal(write(o->peer, data, len), len);
}

static ssize_t
peer_has(struct owner *o)
{
	unsigned char	 buf[65536];

	return (recv(o->peer, buf, sizeof(buf), MSG_DONTWAIT));
}

static void
queue(struct owner *o, size_t len)
{
	static const unsigned char	 data[MAXSIZE];

	assert_int_equal(imsg_compose(&o->iev->ibuf, 1, 0, 0, -1, data, len),
	    1);
	imsgev_flush(o->iev);
}

/* ---- Writing --------------------------------------------------------- */

/* What is queued in one turn goes at its end, together. */
static void
coalesces(void **state)
{
	struct owner	 o;
	int		 i;

	(void)state;
	owner_open(&o);
	for (i = 0; i < 10; i++)
		queue(&o, 4);
	assert_int_equal(sends, 0);
	assert_int_equal(peer_has(&o), -1);
	turn();
	assert_int_equal(sends, 1);
	assert_int_equal(peer_has(&o), 10 * (HDR + 4));
	/* And again, for it is not a thing of the first time. */
	queue(&o, 1);
	turn();
	assert_int_equal(sends, 2);
	assert_int_equal(peer_has(&o), HDR + 1);
	turn();
	assert_int_equal(sends, 2);
	owner_close(&o);
}

static void
answer_two(struct owner *o)
{
	static const char	 data[] = "ab";
	int			 i;

	for (i = 0; i < 2; i++) {
		o->wrong += imsg_compose(&o->iev->ibuf, 1, 0, 0, -1, data,
		    2) != 1;
		imsgev_flush(o->iev);
	}
	o->wrong += sends != 0;
}

/* The answers to all messages of one read leave together. */
static void
coalesces_answers(void **state)
{
	unsigned char	 buf[512];
	struct owner	 o;
	size_t		 len = 0;
	int		 i;

	(void)state;
	owner_open(&o);
	o.act = answer_two;
	for (i = 0; i < 5; i++)
		len += put_message(buf + len, 7, 3);
	peer_sends(&o, buf, len);
	turn();
	assert_int_equal(o.messages, 5);
	assert_int_equal(o.batches, 1);
	assert_int_equal(o.before_batch, 5);
	assert_int_equal(sends, 1);
	assert_int_equal(peer_has(&o), 10 * (HDR + 2));
	owner_close(&o);
}

static void
writes_at_once(void **state)
{
	struct owner	 o;

	(void)state;
	owner_open(&o);
	imsgev_write(o.iev);
	assert_int_equal(sends, 0);
	queue(&o, 4);
	imsgev_write(o.iev);
	assert_int_equal(sends, 1);
	assert_int_equal(peer_has(&o), HDR + 4);
	turn();
	assert_int_equal(sends, 1);
	owner_close(&o);
}

/* A full socket: the rest goes when there is room, in order, whole. */
static void
full_socket(void **state)
{
	static unsigned char	 data[MAXSIZE];
	struct imsgbuf		 peer;
	struct imsg		 imsg;
	struct owner		 o;
	uint32_t		 n, got = 0;
	int			 loops;

	(void)state;
	owner_open(&o);
	assert_int_equal(imsgbuf_init(&peer, o.peer), 0);
	for (n = 0; n < 1000; n++) {
		fill(data, sizeof(data), n);
		assert_int_equal(imsg_compose(&o.iev->ibuf, n, 0, 0, -1,
		    data, sizeof(data)), 1);
	}
	imsgev_flush(o.iev);
	turn();
	assert_true(imsgbuf_queuelen(&o.iev->ibuf) > 0);
	/* It waits; it does not spin. */
	sends = 0;
	turn();
	turn();
	assert_int_equal(sends, 0);
	for (loops = 0; got < 1000 && loops < LOOPS; loops++) {
		assert_int_equal(imsgbuf_read(&peer), 1);
		while (imsg_get(&peer, &imsg) > 0) {
			assert_int_equal(imsg_get_type(&imsg), got);
			assert_int_equal(imsg_get_data(&imsg, data,
			    sizeof(data)), 0);
			assert_true(filled(data, sizeof(data), got));
			imsg_free(&imsg);
			got++;
		}
		turn();
	}
	assert_int_equal(got, 1000);
	assert_int_equal(imsgbuf_queuelen(&o.iev->ibuf), 0);
	assert_int_equal(o.closed, 0);
	sends = 0;
	turn();
	assert_int_equal(sends, 0);
	imsgbuf_clear(&peer);
	owner_close(&o);
}

/* The peer has gone before what is queued has. */
static void
broken_pipe(void **state)
{
	struct owner	 o;

	(void)state;
	owner_open(&o);
	close(o.peer);
	o.peer = -1;
	queue(&o, 4);
	imsgev_write(o.iev);
	assert_int_equal(o.closed, 0);
	/* Its end is what is read, once; nothing is written any more. */
	turn();
	assert_int_equal(o.closed, 1);
	assert_string_equal(o.why, "");
	assert_int_equal(sends, 1);
	queue(&o, 4);
	imsgev_write(o.iev);
	turn();
	assert_int_equal(sends, 1);
	owner_close(&o);
}

/* ---- Reading --------------------------------------------------------- */

static void
reads_messages(void **state)
{
	unsigned char	 buf[3 * MAXSIZE];
	struct owner	 o;
	size_t		 len, i;

	(void)state;
	owner_open(&o);
	turn();
	assert_int_equal(o.batches, 0);
	len = put_message(buf, 5, 0);
	len += put_message(buf + len, 6, MAXSIZE);
	/* Byte by byte: each message as soon as it is there. */
	for (i = 0; i < len; i++) {
		peer_sends(&o, buf + i, 1);
		turn();
		assert_int_equal(o.messages,
		    (i + 1 >= HDR) + (i + 1 == len));
	}
	assert_int_equal(o.last, 6);
	assert_int_equal(o.closed, 0);
	owner_close(&o);
}

static void
end_of_file(void **state)
{
	unsigned char	 buf[64];
	struct owner	 o;
	int		 part;

	(void)state;
	/* Between messages, and in the middle of one. */
	for (part = 0; part < 2; part++) {
		owner_open(&o);
		o.why[0] = '?';
		put_message(buf, 9, 4);
		peer_sends(&o, buf, part ? HDR + 3 : HDR + 4);
		close(o.peer);
		o.peer = -1;
		turn();
		turn();
		assert_int_equal(o.messages, !part);
		assert_int_equal(o.closed, 1);
		assert_string_equal(o.why, "");
		owner_close(&o);
	}
}

/* Lengths that no message can have. */
static void
malformed_peer(void **state)
{
	static const uint32_t	 lengths[] = {
		0, 1, HDR - 1, HDR + MAXSIZE + 1, 0x7fffffff, 0xffffffff
	};
	unsigned char		 buf[64] = { 0 };
	struct owner		 o;
	size_t			 i;

	(void)state;
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		owner_open(&o);
		raw_header(buf, 1, lengths[i]);
		peer_sends(&o, buf, HDR);
		turn();
		assert_int_equal(o.messages, 0);
		assert_int_equal(o.batches, 0);
		assert_int_equal(o.closed, 1);
		assert_true(o.why[0] != '\0');
		/* Nothing that comes later is looked at. */
		put_message(buf, 1, 0);
		peer_sends(&o, buf, HDR);
		turn();
		assert_int_equal(o.messages, 0);
		assert_int_equal(o.closed, 1);
		owner_close(&o);
	}
}

/* A descriptor that nobody allowed is not kept. */
static void
no_descriptors(void **state)
{
	unsigned char	 buf[64];
	struct owner	 o;
	struct pair	 p;
	int		 fds;

	(void)state;
	owner_open(&o);
	fds = open_fds();
	p.fd[0] = o.peer;
	put_message(buf, 1, 4);
	raw_header(buf, 1, (HDR + 4) | FDMARK);
	send_raw_fds(&p, buf, HDR + 4, 1);
	turn();
	assert_int_equal(o.messages, 1);
	assert_int_equal(open_fds(), fds);
	owner_close(&o);
}

/* ---- Owners that end it from inside ---------------------------------- */

static void
clear_it(struct owner *o)
{
	imsgev_clear(o->iev);
}

/* The first of three messages: the other two are not handed over. */
static void
clear_in_message(void **state)
{
	unsigned char	 buf[256];
	struct owner	 o;
	size_t		 len = 0;
	int		 i;

	(void)state;
	owner_open(&o);
	o.act = clear_it;
	for (i = 0; i < 3; i++)
		len += put_message(buf + len, 1, 8);
	queue(&o, 4);
	peer_sends(&o, buf, len);
	turn();
	assert_int_equal(o.messages, 1);
	assert_int_equal(o.batches, 0);
	assert_int_equal(o.closed, 0);
	/* Late calls do nothing. */
	imsgev_flush(o.iev);
	imsgev_write(o.iev);
	turn();
	free(o.iev);
	o.iev = NULL;
	owner_close(&o);
}

static void
free_it(struct owner *o)
{
	imsgev_clear(o->iev);
	free(o->iev);
	o->iev = NULL;
}

/* All ways to the end: file, fault, and a write that fails. */
static void
free_in_closed(void **state)
{
	unsigned char	 buf[64] = { 0 };
	struct owner	 o;
	int		 way;

	(void)state;
	for (way = 0; way < 3; way++) {
		owner_open(&o);
		o.end = free_it;
		if (way == 1) {
			raw_header(buf, 1, 3);
			peer_sends(&o, buf, HDR);
		} else {
			if (way == 2)
				queue(&o, 4);
			close(o.peer);
			o.peer = -1;
		}
		turn();
		turn();
		assert_int_equal(o.closed, 1);
		assert_null(o.iev);
		owner_close(&o);
	}
}

#define HOUR	3600000000U	/* us */

static void
peer_says(struct owner *o, uint32_t type)
{
	unsigned char	 buf[HDR];

	peer_sends(o, buf, put_message(buf, type, 0));
}

/* What is said meanwhile is handed over at the end, at once. */
static void
rests(void **state)
{
	struct owner	 o;
	int		 i;

	(void)state;
	owner_open(&o);
	o.rest = HOUR;
	peer_says(&o, 1);
	turn();
	peer_says(&o, 2);
	peer_says(&o, 3);
	for (i = 0; i < 10; i++)
		turn();
	assert_int_equal(o.messages, 1);
	assert_true(o.iev->resting);
	/* The same with another end. */
	imsgev_rest(o.iev, 1);
	o.rest = 0;
	while (o.messages == 1)
		assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
	assert_int_equal(o.messages, 3);
	assert_int_equal(o.batches, 2);
	assert_false(o.iev->resting);
	/* From then on, as ever; and where nothing came, too. */
	o.rest = 1;
	peer_says(&o, 4);
	turn();
	assert_int_equal(o.messages, 4);
	assert_true(o.iev->resting);
	o.rest = 0;
	while (o.iev->resting)
		assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
	assert_int_equal(o.messages, 4);
	peer_says(&o, 5);
	turn();
	assert_int_equal(o.messages, 5);
	owner_close(&o);
}

/* Who looks at once finds what there is, and the end. */
static void
rest_drained(void **state)
{
	struct owner	 o;

	(void)state;
	owner_open(&o);
	o.rest = HOUR;
	peer_says(&o, 1);
	turn();
	peer_says(&o, 2);
	close(o.peer);
	o.peer = -1;
	turn();
	assert_int_equal(o.messages, 1);
	assert_int_equal(o.closed, 0);
	imsgev_drain(o.iev);
	assert_int_equal(o.messages, 2);
	assert_int_equal(o.closed, 1);
	turn();
	assert_int_equal(o.closed, 1);
	owner_close(&o);
	/* It can be cleared as well. */
	owner_open(&o);
	o.rest = HOUR;
	peer_says(&o, 1);
	turn();
	assert_true(o.iev->resting);
	owner_close(&o);
}

/* Cleared with the socket full and much in the queue. */
static void
clear_with_queue(void **state)
{
	struct owner	 o;
	int		 i;

	(void)state;
	owner_open(&o);
	for (i = 0; i < 1000; i++)
		queue(&o, MAXSIZE);
	turn();
	assert_true(imsgbuf_queuelen(&o.iev->ibuf) > 0);
	owner_close(&o);
}

/* The size is that of payloads, both ways; an impossible one is refused. */
static void
sizes(void **state)
{
	static const unsigned char	 data[MAXSIZE + 1];
	struct imsgev			 iev;
	struct owner			 o;
	int				 fds;

	(void)state;
	owner_open(&o);
	queue(&o, MAXSIZE);
	assert_int_equal(imsg_compose(&o.iev->ibuf, 1, 0, 0, -1, data,
	    MAXSIZE + 1), -1);
	fds = open_fds();
	assert_int_equal(imsgev_init(&iev, base, o.peer, UINT32_MAX,
	    &callbacks, &o), -1);
	/* The descriptor is still the caller's. */
	assert_int_equal(open_fds(), fds);
	turn();
	assert_int_equal(peer_has(&o), HDR + MAXSIZE);
	owner_close(&o);
}

static int
make_base(void **state)
{
	(void)state;
	return ((base = event_base_new()) != NULL ? 0 : -1);
}

static int
free_base(void **state)
{
	(void)state;
	event_base_free(base);
	return (0);
}

#define base_test(f)	cmocka_unit_test_setup_teardown(f, make_base, free_base)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		base_test(rests),
		base_test(rest_drained),
		base_test(coalesces),
		base_test(coalesces_answers),
		base_test(writes_at_once),
		base_test(full_socket),
		base_test(broken_pipe),
		base_test(reads_messages),
		base_test(end_of_file),
		base_test(malformed_peer),
		base_test(no_descriptors),
		base_test(clear_in_message),
		base_test(free_in_closed),
		base_test(clear_with_queue),
		base_test(sizes)
	};

	return (cmocka_run_group_tests_name("imsgev", tests, NULL, NULL));
}
