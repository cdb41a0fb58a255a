/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: common/hex.o common/log.o common/log_render.o common/proc.o
 *	common/base64.o common/secret.o common/u256.o compat/imsg-buffer.o
 *	compat/imsg.o keyd/der.o keyd/eckey.o keyd/keccak.o keyd/keyfile.o
 *	keyd/keymsg.o keyd/keymsg_check.o
 *	keyd/keymsg_request.o keyd/keymsg_rule.o keyd/payload.o
 *	keyd/policy.o keyd/request.o keyd/rlp.o keyd/rule.o keyd/serve.o
 *	keyd/setup.o keyd/sign.o keyd/tx.o keyd/count.o common/metrics.o
 *	common/metrics_table.o common/histogram.o common/list.o common/msgfield.o
 *	keyd/audit.o keyd/auditmsg.o keyd/trail.o keyd/trail_record.o
 * libs: libsecp256k1
 */

#include <sys/types.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/log.h"
#include "common/ping.h"
#include "common/privdrop.h"
#include "common/proc.h"
#include "common/sandbox.h"
#include "common/secret.h"
#include "keyd/keyd.h"
#include "regress/unit/imsg_util.h"

/*
 * keyd's loop in a forked process, in which a call fails.  It is neither in a
 * sandbox nor another user: that is tested on keyd itself.
 */
enum wrong {
	NOTHING, POLL_INTERRUPTED, POLL_BROKEN, READ_AGAIN, NO_CHANNEL,
	NO_MEMORY, NO_LIBRARY, NO_ANSWER, MALFORMED
};
static enum wrong	 wrong;
static int		 times;
static uint32_t		 spin_us;
static unsigned int	*looks;		/* without a wait; shared with keyd */

static int
fails(enum wrong what, int error)
{
	if (wrong != what || times == 0)
		return (0);
	times--;
	errno = error;
	return (1);
}

static int
looked(int timeout)
{
	if (looks != NULL && timeout == 0)
		__atomic_add_fetch(looks, 1, __ATOMIC_SEQ_CST);
	return (timeout);
}

#define main(c, v)		keyd_main(c, v)
#define privdrop_child(u)	((void)(u))
#define sandbox_start(s)	((void)(s))
#define poll(pfd, n, t)							\
	(fails(POLL_INTERRUPTED, EINTR) || fails(POLL_BROKEN, EFAULT) ?	\
	-1 : poll(pfd, n, looked(t)))
#define imsgbuf_read(b)							\
	(fails(READ_AGAIN, EAGAIN) ? -1 : imsgbuf_read(b))
#define imsgbuf_init(b, fd)						\
	(fails(NO_CHANNEL, ENOMEM) ? -1 : imsgbuf_init(b, fd))
#define secret_init(n)		(fails(NO_MEMORY, EPERM) ? -1 : secret_init(n))
#define sign_init()		(fails(NO_LIBRARY, EIO) ? -1 : sign_init())
#define serve_message(k, c, m)						\
	(fails(NO_ANSWER, ERANGE) ? -1 : serve_message(k, c, m))
#define imsg_get(b, m)							\
	((b) != &keyd.parent && fails(MALFORMED, ERANGE) ? -1 :		\
	imsg_get(b, m))

int	keyd_main(int, char *[]);

#include "keyd/keyd.c"

#undef imsgbuf_init
#undef imsgbuf_read
#undef imsg_get
#undef poll
#undef main

#define CHANNELS	2

/* The parent's end, and those of two frontends. */
static struct imsgbuf	 parent, front[CHANNELS];
static pid_t		 pid;
static char		 said[65536];	/* in the log, NULs made blanks */

static void
a_pair(struct imsgbuf *ibuf, int *other)
{
	int	 sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
	    sv), 0);
	assert_int_equal(imsgbuf_init(ibuf, sv[0]), 0);
	*other = sv[1];
}

static void
begin(enum wrong what, int count)
{
	static char	 name[] = "keyd", opt[] = "-l", level[] = "debug";
	char		*argv[] = { name, opt, level, NULL };
	int		 other;

	wrong = what;
	times = count;
	said[0] = '\0';
	a_pair(&parent, &other);
	imsgbuf_allow_fdpass(&parent);
	assert_int_not_equal(pid = fork(), -1);
	if (pid == 0) {
		close(parent.fd);
		if (dup2(other, PROC_PARENT_FD) == -1 ||
		    fcntl(PROC_PARENT_FD, F_SETFL, O_NONBLOCK) == -1)
			_exit(99);
		if (other != PROC_PARENT_FD)
			close(other);
		_exit(keyd_main(3, argv));
	}
	close(other);
}

/* The next message that is not for the log; false at the end. */
static bool
hear(struct imsgbuf *ibuf, struct imsg *imsg)
{
	size_t	 i, len, at;

	for (;;) {
		while (imsg_get(ibuf, imsg) <= 0)
			if (imsgbuf_read(ibuf) != 1)
				return (false);
		if (imsg_get_type(imsg) != LOG_MSG)
			return (true);
		at = strlen(said);
		len = imsg_get_len(imsg);
		assert_true(at + len < sizeof(said));
		assert_int_equal(imsg_get_data(imsg, said + at, len), 0);
		for (i = at; i < at + len; i++)
			if (said[i] == '\0')
				said[i] = ' ';
		said[at + len] = '\0';
		imsg_free(imsg);
	}
}

/* No key and no rule: whoever asks is refused, but answered. */
static void
configure(void)
{
	struct keyd_config	 config = { 0, 0, 65536 };
	struct imsg		 imsg;
	int			 i, other;

	assert_int_equal(keymsg_send_config(&parent, &config), 0);
	if (spin_us > 0)
		assert_int_equal(keymsg_send_spin(&parent, spin_us), 0);
	for (i = 0; i < CHANNELS; i++) {
		a_pair(&front[i], &other);
		assert_int_equal(fcntl(other, F_SETFL, O_NONBLOCK), 0);
		assert_int_equal(keymsg_send_channel(&parent, KEYD_DIRECT,
		    other), 0);
	}
	assert_int_equal(keymsg_send_end(&parent), 0);
	while (imsgbuf_queuelen(&parent) > 0)
		assert_int_equal(imsgbuf_write(&parent), 0);
	assert_true(hear(&parent, &imsg));
	assert_int_equal(imsg_get_type(&imsg), KEYD_READY);
	imsg_free(&imsg);
}

static void
ask(int i)
{
	static const char	 noise[] = "no request";

	assert_int_equal(imsg_compose(&front[i], KEYD_SIGN, 0, 0, -1, noise,
	    sizeof(noise)), 1);
	assert_int_equal(imsgbuf_write(&front[i]), 0);
}

static void
expect_answer(int i)
{
	struct imsg	 imsg;

	assert_true(hear(&front[i], &imsg));
	assert_int_equal(imsg_get_type(&imsg), KEYD_BADREQUEST);
	imsg_free(&imsg);
}

/* keyd's end, and all that it has said before. */
static int
ended(void)
{
	struct imsg	 imsg;
	int		 status;

	shutdown(parent.fd, SHUT_WR);
	while (hear(&parent, &imsg))
		imsg_free(&imsg);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	imsgbuf_clear(&parent);
	close(parent.fd);
	assert_true(WIFEXITED(status));
	return (WEXITSTATUS(status));
}

static void
leave_channels(void)
{
	int	 i;

	for (i = 0; i < CHANNELS; i++) {
		imsgbuf_clear(&front[i]);
		close(front[i].fd);
	}
}

/* What is but an interruption changes nothing. */
static void
interrupted(void **state)
{
	static const enum wrong	 what[] = {
		NOTHING, POLL_INTERRUPTED, READ_AGAIN
	};
	size_t			 i;

	(void)state;
	for (i = 0; i < sizeof(what) / sizeof(what[0]); i++) {
		begin(what[i], 3);
		configure();
		ask(0);
		ask(1);
		expect_answer(1);
		expect_answer(0);
		assert_int_equal(ended(), 0);
		leave_channels();
	}
}

/* It ends, and says why as soon as there is somebody to tell. */
static void
cannot_go_on(void **state)
{
	static const struct {
		enum wrong	 what;
		const char	*why;
	} cases[] = {
		{ NO_CHANNEL, "" },
		{ NO_MEMORY, "raise the limit of locked memory" },
		{ NO_LIBRARY, "libsecp256k1" },
		{ POLL_BROKEN, "poll" }
	};
	size_t	 i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(cases[i].what, 1);
		assert_int_equal(ended(), 1);
		if (strstr(said, cases[i].why) == NULL)
			fail_msg("no %s in %s", cases[i].why, said);
	}
}

/* An asker for whom no answer can be made, or who makes no sense: but he. */
static void
channel_alone(void **state)
{
	static const struct {
		enum wrong	 what;
		const char	*why;
	} cases[] = {
		{ NO_ANSWER, "an answer cannot be queued" },
		{ MALFORMED, "a malformed message" }
	};
	struct imsg	 imsg;
	size_t		 i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(cases[i].what, 1);
		configure();
		ask(0);
		assert_false(hear(&front[0], &imsg));
		ask(1);
		expect_answer(1);
		assert_int_equal(ended(), 0);
		if (strstr(said, cases[i].why) == NULL)
			fail_msg("no %s in %s", cases[i].why, said);
		leave_channels();
	}
}

static void
ask_many(int i, int n)
{
	static const char	 noise[] = "no request";

	while (n-- > 0)
		assert_int_equal(imsg_compose(&front[i], KEYD_SIGN, 0, 0, -1,
		    noise, sizeof(noise)), 1);
	assert_int_equal(imsgbuf_write(&front[i]), 0);
}

/* keyd has come round: it has answered the parent after all else. */
static void
come_round(void)
{
	struct imsg	 imsg;

	assert_int_equal(ping_send(&parent, CHILD_PING, 1), 0);
	assert_int_equal(imsgbuf_write(&parent), 0);
	assert_true(hear(&parent, &imsg));
	assert_int_equal(imsg_get_type(&imsg), CHILD_PONG);
	imsg_free(&imsg);
}

/* Requests so many at once, until keyd has looked without a wait for more. */
static unsigned int
looks_after(int at_once, int rounds)
{
	unsigned int	 before = __atomic_load_n(looks, __ATOMIC_SEQ_CST);
	int		 i;

	while (rounds-- > 0 &&
	    __atomic_load_n(looks, __ATOMIC_SEQ_CST) == before) {
		ask_many(0, at_once);
		for (i = 0; i < at_once; i++)
			expect_answer(0);
		come_round();
	}
	return (__atomic_load_n(looks, __ATOMIC_SEQ_CST) - before);
}

/* After few requests it looks for more before it sleeps. */
static void
spins(void **state)
{
	(void)state;
	looks = mmap(NULL, sizeof(*looks), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(looks, MAP_FAILED);
	spin_us = KEYD_MAXSPIN;
	begin(NOTHING, 0);
	configure();
	assert_int_equal(looks_after(KEYD_FEW + 1, 20), 0);
	/* It may be kept from running for as long, but not always. */
	assert_true(looks_after(1, 10000) > 0);
	assert_true(looks_after(KEYD_FEW, 10000) > 0);
	assert_int_equal(ended(), 0);
	leave_channels();
	spin_us = 0;
	begin(NOTHING, 0);
	configure();
	assert_int_equal(looks_after(1, 20), 0);
	assert_int_equal(ended(), 0);
	leave_channels();
	munmap(looks, sizeof(*looks));
	looks = NULL;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(interrupted),
		cmocka_unit_test(cannot_go_on),
		cmocka_unit_test(channel_alone),
		cmocka_unit_test(spins),
	};

	return (cmocka_run_group_tests_name("keydloop", tests, NULL, NULL));
}
