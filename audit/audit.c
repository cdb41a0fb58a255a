/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/tail.h"
#include "audit/writer.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/ping.h"
#include "common/privdrop.h"
#include "common/proc.h"
#include "common/sandbox.h"

/*
 * The audit process: appends what keyd says to a file that it was given open,
 * and does nothing else.  It outlives the others for as long as it takes to
 * write what keyd has sent.
 */
#define RETRY_MS	200
/*
 * After records that nobody waits for: what comes in such a time is written at
 * once, so that this process is not woken for each.
 */
#define REST_MS		2
/* For what is left when it is to leave; less than the parent waits. */
#define LEAVE_MS	2000

struct auditor {
	struct imsgbuf	 parent;
	struct imsgbuf	 keyd;
	bool		 orphaned;	/* the parent has gone */
	uint64_t	 deadline;	/* clock_us(), once it is to leave */
	bool		 channel;	/* there is one to keyd */
	bool		 left;		/* keyd has gone */
	bool		 pending;	/* its messages, read and not taken */
	bool		 started;
	bool		 stopping;	/* by the parent's word */
	int		 tail;		/* the file, for reading, or -1 */
	int		 candidate;	/* a new file, or -1 */
	uint64_t	 retry;		/* clock_us(), where it has failed */
	uint64_t	 rest;		/* clock_us(), or 0 */
	struct writer	 writer;
};

static struct auditor	 auditor;

static void
close_fd(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

static void
tell(struct auditor *a, enum audit_msg type)
{
	if (auditmsg_send(&a->parent, type, -1) == -1)
		fatal("cannot answer the parent");
}

/* ---- The end ---------------------------------------------------------- */

static _Noreturn void
leave(struct auditor *a)
{
	struct writer	*w = &a->writer;
	int		 status = 0;

	if (!writer_empty(w) && writer_write(w) != 0) {
		log_error("audit: %zu records could not be written and are "
		    "lost", writer_left(w));
		status = 1;
	}
	if (a->channel && w->fd != -1)
		writer_sync(w);
	if (!a->orphaned)
		(void)imsgbuf_write(&a->parent);
	exit(status);
}

/* When nothing more will come and all is written, or it takes too long. */
static void
leave_if_done(struct auditor *a)
{
	if (!a->stopping && !a->orphaned)
		return;
	if (a->deadline == 0)
		a->deadline = clock_us() + LEAVE_MS * 1000;
	if (!a->channel || (a->left && !a->pending &&
	    writer_empty(&a->writer)) || clock_us() >= a->deadline)
		leave(a);
}

/* ---- Records ---------------------------------------------------------- */

static void
keyd_gone(struct auditor *a, const char *why)
{
	if (why != NULL)
		log_error("the channel to keyd: %s", why);
	a->left = true;
	imsgbuf_clear(&a->keyd);
	close(a->keyd.fd);
}

static void
keyd_write(struct auditor *a)
{
	/* Its end is found by reading, after its last records. */
	if (!a->left && imsgbuf_queuelen(&a->keyd) > 0)
		(void)imsgbuf_write(&a->keyd);
}

static void
answer(struct auditor *a, enum audit_msg type, uint64_t n)
{
	if (!a->left && auditmsg_send_number(&a->keyd, type, n) == -1)
		fatal("cannot answer keyd");
	keyd_write(a);
}

static void
write_records(struct auditor *a)
{
	struct writer	*w = &a->writer;
	int		 error;

	if (writer_empty(w))
		return;
	if ((error = writer_write(w)) != 0) {
		a->retry = clock_us() + RETRY_MS * 1000;
		if (!w->stalled)
			answer(a, AUDIT_STALLED, (uint64_t)error);
		w->stalled = true;
		return;
	}
	a->retry = 0;
	if (w->stalled || w->answer)
		answer(a, AUDIT_WRITTEN, w->last);
	else
		a->rest = clock_us() + REST_MS * 1000;
	w->stalled = w->answer = false;
}

/* keyd is not to send what it should not, nor a switch to nowhere. */
static void
take_record(struct auditor *a, struct imsg *imsg)
{
	struct audit_append	 append;

	switch (imsg_get_type(imsg)) {
	case AUDIT_APPEND:
		if (auditmsg_get_append(imsg, &append) == -1)
			fatalx("bad records from keyd");
		writer_append(&a->writer, &append);
		break;
	case AUDIT_SWITCH:
		if (a->writer.next == -1) {
			a->writer.next = a->candidate;
			a->candidate = -1;
		}
		if (a->writer.next == -1 || auditmsg_get_empty(imsg) == -1)
			fatalx("keyd speaks of a file that there is not");
		writer_switch(&a->writer);
		break;
	default:
		fatalx("unknown message %u from keyd", imsg_get_type(imsg));
	}
}

/* As many as there is room for, at once; and again while there are more. */
static void
serve_keyd(struct auditor *a)
{
	struct imsg	 imsg;
	ssize_t		 n = 1;

	while (a->pending && !a->writer.stalled) {
		while (writer_room(&a->writer) &&
		    (n = imsg_get(&a->keyd, &imsg)) > 0) {
			take_record(a, &imsg);
			imsg_free(&imsg);
		}
		if (n == -1)
			fatalx("malformed message from keyd");
		a->pending = n > 0;
		write_records(a);
	}
}

static void
keyd_read(struct auditor *a)
{
	switch (imsgbuf_read(&a->keyd)) {
	case 0:
		keyd_gone(a, NULL);
		return;
	case -1:
		if (errno != EAGAIN)
			keyd_gone(a, strerror(errno));
		return;
	}
	a->pending = true;
}

/* ---- What the parent says --------------------------------------------- */

static void
fail(struct auditor *a, const char *why)
{
	if (auditmsg_send_failed(&a->parent, why) == -1)
		fatal("cannot answer the parent");
}

/* The first file goes on; keyd hears from where. */
static void
start(struct auditor *a)
{
	struct audit_where	 where;
	bool			 open;
	char			 why[256];

	if (a->candidate == -1 || a->tail == -1)
		fatalx("no file");
	a->started = true;
	if (tail_read(a->tail, &where, &open, why, sizeof(why)) == -1) {
		fail(a, why);
		/* The parent is to hear of it first. */
		(void)imsgbuf_write(&a->parent);
		if (a->channel)
			keyd_gone(a, NULL);
		return;
	}
	close_fd(&a->tail);
	a->writer.fd = a->candidate;
	a->candidate = -1;
	if (a->channel) {
		if (where.torn > 0)
			log_warn("audit: the last %llu bytes of the file are "
			    "no record: they stay, and the next record says "
			    "so", (unsigned long long)where.torn);
		if (open) {
			a->writer.buf[a->writer.len++] = '\n';
			a->writer.last = where.head.sequence;
		}
		if (auditmsg_send_where(&a->keyd, &where) == -1)
			fatal("cannot answer keyd");
		keyd_write(a);
		write_records(a);
	}
	tell(a, AUDIT_READY);
}

/* A file that is empty, or none: then the one that there is goes on. */
static void
prepare(struct auditor *a)
{
	close_fd(&a->tail);
	if (a->candidate != -1 && a->writer.next != -1)
		fail(a, "records for the file before it are not written yet: "
		    "reload again when they are");
	else
		tell(a, AUDIT_READY);
}

static void
take_fd(struct imsg *imsg, int *fd)
{
	if (*fd != -1 || auditmsg_get_fd(imsg, fd) == -1)
		fatalx("bad file message");
}

static void
take_channel(struct auditor *a, struct imsg *imsg)
{
	int	 fd;

	if (a->channel || a->started || auditmsg_get_fd(imsg, &fd) == -1)
		fatalx("bad channel message");
	if (imsgbuf_init(&a->keyd, fd) == -1 ||
	    imsgbuf_set_maxsize(&a->keyd, AUDIT_MSGSIZE) == -1)
		fatal("imsgbuf_init");
	a->channel = true;
}

static void
take_empty(struct auditor *a, struct imsg *imsg)
{
	uint32_t	 type = imsg_get_type(imsg);

	if (auditmsg_get_empty(imsg) == -1)
		fatalx("bad message %u from the parent", type);
	switch (type) {
	case AUDIT_START:
		if (a->started)
			prepare(a);
		else
			start(a);
		break;
	case AUDIT_COMMIT:
		/* keyd may have spoken of it already. */
		if (a->candidate != -1) {
			a->writer.next = a->candidate;
			a->candidate = -1;
		}
		tell(a, AUDIT_COMMITTED);
		break;
	case AUDIT_DISCARD:
		close_fd(&a->candidate);
		break;
	case AUDIT_STOP:
		a->stopping = true;
		break;
	default:
		fatalx("unknown message %u from the parent", type);
	}
}

static void
say_metrics(struct auditor *a, struct imsg *imsg)
{
	static struct metrics_writer	 out;
	uint32_t			 id;

	if (metrics_get(imsg, &id) == -1)
		fatalx("bad message for metrics");
	metrics_begin(&out, &a->parent, id);
	metrics_u64(&out.out, METRIC_AUDIT_WRITTEN, a->writer.last -
	    writer_left(&a->writer));
	metrics_u64(&out.out, METRIC_AUDIT_BYTES, a->writer.written);
	metrics_u64(&out.out, METRIC_AUDIT_FAILURES, a->writer.failures);
	if (metrics_end(&out) == -1)
		log_errno("cannot tell the parent of metrics");
}

static void
take_message(struct auditor *a, struct imsg *imsg)
{
	switch (imsg_get_type(imsg)) {
	case METRICS_ASK:
		say_metrics(a, imsg);
		break;
	case CHILD_PING:
		if (ping_answer(&a->parent, imsg) == -1)
			fatalx("bad ping message");
		break;
	case LOG_SETLEVEL:
		if (log_take_level(imsg) == -1)
			fatalx("bad level message");
		break;
	case AUDIT_FILE:
		take_fd(imsg, &a->candidate);
		break;
	case AUDIT_TAIL:
		take_fd(imsg, &a->tail);
		break;
	case AUDIT_CHANNEL:
		take_channel(a, imsg);
		break;
	default:
		take_empty(a, imsg);
	}
}

static void
parent_read(struct auditor *a)
{
	struct imsg	 imsg;
	ssize_t		 n = 0;

	switch (imsgbuf_read(&a->parent)) {
	case 0:
		a->orphaned = true;
		return;
	case -1:
		a->orphaned = errno != EAGAIN;
		return;
	}
	while ((n = imsg_get(&a->parent, &imsg)) > 0) {
		take_message(a, &imsg);
		imsg_free(&imsg);
	}
	if (n == -1)
		fatal("messages of the parent");
}

/* ---- The loop --------------------------------------------------------- */

static void
poll_for(struct pollfd *pfd, struct imsgbuf *ibuf)
{
	pfd->fd = ibuf->fd;
	pfd->events = POLLIN;
	if (imsgbuf_queuelen(ibuf) > 0)
		pfd->events |= POLLOUT;
}

/* Of two times, of which 0 is none. */
static uint64_t
sooner(uint64_t a, uint64_t b)
{
	return (a == 0 || (b != 0 && b < a) ? b : a);
}

static int
prepare_poll(struct auditor *a, struct pollfd pfd[2])
{
	uint64_t	 now = clock_us(), wake = a->deadline;

	memset(pfd, 0, 2 * sizeof(*pfd));
	pfd[0].fd = pfd[1].fd = -1;
	if (!a->orphaned)
		poll_for(&pfd[0], &a->parent);
	if (a->rest <= now)
		a->rest = 0;
	wake = sooner(wake, a->retry);
	wake = sooner(wake, a->rest);
	if (a->retry == 0 && a->rest == 0 && a->channel && a->started &&
	    !a->left)
		poll_for(&pfd[1], &a->keyd);
	if (wake == 0)
		return (-1);
	return (wake > now ? (int)((wake - now) / 1000 + 1) : 0);
}

static _Noreturn void
serve(struct auditor *a)
{
	struct pollfd	 pfd[2];
	int		 timeout;

	for (;;) {
		timeout = prepare_poll(a, pfd);
		if (poll(pfd, 2, timeout) == -1) {
			if (errno == EINTR || errno == EAGAIN)
				continue;
			fatal("poll");
		}
		if (pfd[0].revents & (POLLIN | POLLHUP | POLLERR))
			parent_read(a);
		if (pfd[1].revents & POLLOUT)
			keyd_write(a);
		if (pfd[1].revents & (POLLIN | POLLHUP | POLLERR) && !a->left)
			keyd_read(a);
		if (a->retry != 0 && clock_us() >= a->retry)
			write_records(a);
		serve_keyd(a);
		if (!a->orphaned && imsgbuf_queuelen(&a->parent) > 0 &&
		    imsgbuf_write(&a->parent) == -1 && errno != EAGAIN)
			a->orphaned = true;
		leave_if_done(a);
	}
}

/*
 * Records that keyd has sent are to be written even if the parent is killed:
 * then keyd dies, too, and this process when it has read all there is.
 */
static void
outlive_parent(void)
{
#ifdef __linux__
	if (prctl(PR_SET_PDEATHSIG, 0) == -1)
		fatal("prctl");
#endif
}

int
main(int argc, char *argv[])
{
	struct proc_args	 args;

	log_init("audit");
	proc_parse_args(&args, argc, argv);
	log_set_level(args.level);
	auditor.tail = auditor.candidate = -1;
	auditor.writer.fd = auditor.writer.next = -1;
	if (imsgbuf_init(&auditor.parent, PROC_PARENT_FD) == -1)
		fatal("imsgbuf_init");
	imsgbuf_allow_fdpass(&auditor.parent);
	log_to_parent(&auditor.parent, NULL);
	proc_child_init();
	/* A file of the largest size is a failure like a full disk. */
	signal(SIGXFSZ, SIG_IGN);
	privdrop_child(&args.user);
	outlive_parent();
	sandbox_start(&sandbox_audit);
	serve(&auditor);
}
