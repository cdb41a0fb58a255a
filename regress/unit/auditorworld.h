/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_UNIT_AUDITORWORLD_H
#define REGRESS_UNIT_AUDITORWORLD_H

#include <sys/types.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
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
#include "regress/unit/imsg_util.h"

/*
 * The audit process in a forked one, in which a call fails: the parent and
 * keyd are the test.  It is neither in a sandbox nor another user: that is
 * tested on the program itself.
 */
enum call {
	NOTHING, CHANNEL_SET, CHANNEL_ROOM, PRCTL, POLL, READ_PARENT,
	READ_KEYD, WRITE_PARENT, TELL, TELL_FAILED, TELL_WHERE, TELL_NUMBER,
	TELL_METRICS, GET_PARENT, GET_KEYD, LSEEK, PREAD, WRITE, FDATASYNC
};
static enum call	 failing;
static int		 error_given;
static int		 skipped, times;	/* good ones before; -1: ever */

static int
fails(enum call what)
{
	if (failing != what || times == 0 || skipped-- > 0)
		return (0);
	skipped = 0;
	if (times > 0)
		times--;
	errno = error_given;
	return (1);
}

/* Time passes where the process waits for it, and at once. */
static uint64_t		 the_time = 1;

static int
wait_for(struct pollfd *pfd, nfds_t n, int ms)
{
	int	 r;

	if (fails(POLL))
		return (-1);
	if (ms == -1)
		return (poll(pfd, n, -1));
	if ((r = poll(pfd, n, 0)) == 0)
		the_time += (uint64_t)ms * 1000;
	return (r);
}

#undef fail
#define main(c, v)		audit_main(c, v)
#define privdrop_child(u)	((void)(u))
#define sandbox_start(s)	((void)(s))
#define clock_us()		the_time
#define poll(pfd, n, ms)	wait_for(pfd, n, ms)
#define prctl(option, arg)	(fails(PRCTL) ? -1 : prctl(option, arg))
#define imsgbuf_init(b, fd)						\
	(fails(CHANNEL_SET) ? -1 : imsgbuf_init(b, fd))
#define imsgbuf_set_maxsize(b, n)					\
	(fails(CHANNEL_ROOM) ? -1 : imsgbuf_set_maxsize(b, n))
#define imsgbuf_read(b)							\
	(fails((b) == &auditor.parent ? READ_PARENT : READ_KEYD) ? -1 :	\
	imsgbuf_read(b))
#define imsgbuf_write(b)						\
	((b) == &auditor.parent && fails(WRITE_PARENT) ? -1 :		\
	imsgbuf_write(b))
#define imsg_get(b, imsg)						\
	(fails((b) == &auditor.parent ? GET_PARENT : GET_KEYD) ? -1 :	\
	imsg_get(b, imsg))
#define auditmsg_send(b, type, fd)					\
	(fails(TELL) ? -1 : auditmsg_send(b, type, fd))
#define auditmsg_send_failed(b, why)					\
	(fails(TELL_FAILED) ? -1 : auditmsg_send_failed(b, why))
#define auditmsg_send_where(b, where)					\
	(fails(TELL_WHERE) ? -1 : auditmsg_send_where(b, where))
#define auditmsg_send_number(b, type, n)				\
	(fails(TELL_NUMBER) ? -1 : auditmsg_send_number(b, type, n))
#define metrics_end(w)		(fails(TELL_METRICS) ? -1 : metrics_end(w))
#define lseek(fd, at, whence)						\
	(fails(LSEEK) ? -1 : lseek(fd, at, whence))
#define pread(fd, buf, len, at)						\
	(fails(PREAD) ? -1 : pread(fd, buf, len, at))
#define write(fd, buf, len)	(fails(WRITE) ? -1 : write(fd, buf, len))
#define fdatasync(fd)		(fails(FDATASYNC) ? -1 : fdatasync(fd))

int	audit_main(int, char *[]);

#include "audit/audit.c"
#include "audit/tail.c"
#include "audit/writer.c"

#undef imsgbuf_init
#undef imsgbuf_set_maxsize
#undef imsgbuf_read
#undef imsgbuf_write
#undef imsg_get
#undef auditmsg_send
#undef lseek
#undef pread
#undef write
#undef main

/* ---- The parent, keyd and the file ------------------------------------ */

static struct imsgbuf	 parent, keyd;
static pid_t		 pid;
static char		 said[65536];	/* in the log, NULs made blanks */
static char		 path[64], other_path[80];
static uint64_t		 last;

static int
setup(void **state)
{
	int	 fd;

	(void)state;
	failing = NOTHING;
	skipped = times = 0;
	last = 0;
	snprintf(path, sizeof(path), "/tmp/test_auditor.XXXXXX");
	if ((fd = mkstemp(path)) == -1)
		return (-1);
	close(fd);
	snprintf(other_path, sizeof(other_path), "%s.new", path);
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	(void)unlink(other_path);
	return (unlink(path));
}

static void
a_pair(struct imsgbuf *ibuf, int *other)
{
	int	 sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
	    sv), 0);
	assert_int_equal(imsgbuf_init(ibuf, sv[0]), 0);
	assert_int_equal(imsgbuf_set_maxsize(ibuf, AUDIT_MSGSIZE), 0);
	imsgbuf_allow_fdpass(ibuf);
	*other = sv[1];
}

/* After so many calls that go well that many fail. */
static void
begin(enum call what, int good, int count, int error)
{
	static char	 name[] = "audit", opt[] = "-l", level[] = "debug";
	char		*argv[] = { name, opt, level, NULL };
	int		 other;

	failing = what;
	skipped = good;
	times = count;
	error_given = error;
	said[0] = '\0';
	a_pair(&parent, &other);
	assert_int_not_equal(pid = fork(), -1);
	if (pid == 0) {
		close(parent.fd);
		if (dup2(other, PROC_PARENT_FD) == -1 ||
		    fcntl(PROC_PARENT_FD, F_SETFL, O_NONBLOCK) == -1)
			_exit(99);
		if (other != PROC_PARENT_FD)
			close(other);
		_exit(audit_main(3, argv));
	}
	close(other);
}

static void
flush_to(struct imsgbuf *ibuf)
{
	while (imsgbuf_queuelen(ibuf) > 0)
		assert_int_equal(imsgbuf_write(ibuf), 0);
}

static void
keep_log(struct imsg *imsg)
{
	size_t	 i, len = imsg_get_len(imsg), at = strlen(said);

	assert_true(at + len < sizeof(said));
	assert_int_equal(imsg_get_data(imsg, said + at, len), 0);
	for (i = at; i < at + len; i++)
		if (said[i] == '\0')
			said[i] = ' ';
	said[at + len] = '\0';
}

/* The next message that is not for the log; false at the end. */
static bool
hear(struct imsgbuf *ibuf, struct imsg *imsg)
{
	for (;;) {
		while (imsg_get(ibuf, imsg) <= 0)
			if (imsgbuf_read(ibuf) != 1)
				return (false);
		if (imsg_get_type(imsg) != LOG_MSG)
			return (true);
		keep_log(imsg);
		imsg_free(imsg);
	}
}

static void
hears(struct imsgbuf *ibuf, uint32_t type)
{
	struct imsg	 imsg;

	assert_true(hear(ibuf, &imsg));
	assert_int_equal(imsg_get_type(&imsg), type);
	imsg_free(&imsg);
}

static void
keyd_hears(enum audit_msg type, uint64_t number)
{
	struct imsg	 imsg;
	uint64_t	 n;

	assert_true(hear(&keyd, &imsg));
	assert_int_equal(imsg_get_type(&imsg), type);
	assert_int_equal(auditmsg_get_number(&imsg, &n), 0);
	assert_true(n == number);
	imsg_free(&imsg);
}

static void
say(struct imsgbuf *ibuf, uint32_t type, const char *data)
{
	assert_int_equal(imsg_compose(ibuf, type, 0, 0, -1, data,
	    data == NULL ? 0 : strlen(data)), 1);
	flush_to(ibuf);
}

static void
give(enum audit_msg type, const char *name, int flags)
{
	int	 fd = open(name, flags | O_CLOEXEC, 0600);

	assert_int_not_equal(fd, -1);
	assert_int_equal(auditmsg_send(&parent, type, fd), 0);
	flush_to(&parent);
}

static void
give_file(const char *name)
{
	give(AUDIT_FILE, name, O_WRONLY | O_APPEND | O_CREAT);
}

static void
give_channel(void)
{
	int	 other;

	a_pair(&keyd, &other);
	assert_int_equal(fcntl(other, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(auditmsg_send(&parent, AUDIT_CHANNEL, other), 0);
	flush_to(&parent);
}

static void
configure(void)
{
	give_file(path);
	give(AUDIT_TAIL, path, O_RDONLY);
	give_channel();
	say(&parent, AUDIT_START, NULL);
}

static void
start_it(void)
{
	configure();
	hears(&parent, AUDIT_READY);
	hears(&keyd, AUDIT_HEAD);
}

static void
begin_started(enum call what, int count, int error)
{
	begin(what, 0, count, error);
	start_it();
}

/* Records as keyd sends them; what is in them does not matter here. */
static void
append(const char *text, bool sync, bool ask)
{
	struct audit_append	 append = { ++last, sync, ask, text,
				    strlen(text) };

	assert_int_equal(auditmsg_send_append(&keyd, &append), 0);
	flush_to(&keyd);
}

static void
leave_keyd(void)
{
	imsgbuf_clear(&keyd);
	close(keyd.fd);
}

/* The end of the process, and all that it has said before. */
static void
ended(int status, const char *why)
{
	struct imsg	 imsg;
	int		 r;

	while (hear(&parent, &imsg))
		imsg_free(&imsg);
	assert_int_equal(waitpid(pid, &r, 0), pid);
	imsgbuf_clear(&parent);
	close(parent.fd);
	assert_true(WIFEXITED(r));
	assert_int_equal(WEXITSTATUS(r), status);
	if (strstr(said, why) == NULL)
		print_error("no \"%s\" in: %s\n", why, said);
	assert_non_null(strstr(said, why));
}

static void
stop(void)
{
	leave_keyd();
	say(&parent, AUDIT_STOP, NULL);
	ended(0, "");
}

static void
file_holds(const char *name, const char *text)
{
	char	 content[4096];
	FILE	*f = fopen(name, "r");
	size_t	 len;

	assert_non_null(f);
	len = fread(content, 1, sizeof(content) - 1, f);
	content[len] = '\0';
	fclose(f);
	assert_string_equal(content, text);
}

#endif /* REGRESS_UNIT_AUDITORWORLD_H */
