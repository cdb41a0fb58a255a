/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: common/hex.o common/log.o common/log_render.o common/proc.o
 *	common/u256.o common/metrics.o common/metrics_table.o
 *	common/histogram.o common/list.o common/msgfield.o
 *	compat/imsg-buffer.o compat/imsg.o keyd/audit.o keyd/audit_parse.o
 *	keyd/auditmsg.o keyd/keccak.o
 */

#include "regress/unit/auditorworld.h"

/* ---- What it is there for --------------------------------------------- */

static void
records(void **state)
{
	(void)state;
	begin_started(NOTHING, 0, 0);
	append("a\n", false, true);
	keyd_hears(AUDIT_WRITTEN, 1);
	file_holds(path, "a\n");
	append("b\n", true, false);
	append("c\nd\n", true, true);
	keyd_hears(AUDIT_WRITTEN, 3);
	/* Those that nobody waits for are there in the end. */
	append("e\n", false, false);
	stop();
	file_holds(path, "a\nb\nc\nd\ne\n");
}

/* What is but an interruption changes nothing. */
static void
interruptions(void **state)
{
	static const struct {
		enum call	 what;
		int		 error;
	} cases[] = {
		{ POLL, EINTR }, { POLL, EAGAIN }, { READ_PARENT, EAGAIN },
		{ READ_KEYD, EAGAIN }, { WRITE_PARENT, EAGAIN },
		{ WRITE, EINTR }, { FDATASYNC, EINTR }, { PREAD, EINTR }
	};
	size_t	 i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin_started(cases[i].what, 3, cases[i].error);
		append("a\n", true, true);
		keyd_hears(AUDIT_WRITTEN, 1);
		stop();
		file_holds(path, "a\n");
		teardown(state);
		setup(state);
	}
}

/* The parent may go: what keyd has sent before is written all the same. */
static void
without_the_parent(void **state)
{
	int	 status;

	(void)state;
	begin_started(NOTHING, 0, 0);
	append("a\n", false, true);
	keyd_hears(AUDIT_WRITTEN, 1);
	append("b\n", false, false);
	append("c\n", false, true);
	leave_keyd();
	imsgbuf_clear(&parent);
	close(parent.fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	file_holds(path, "a\nb\nc\n");
}

/* One that cannot be read, or written to, has gone: there is nobody left. */
static void
without_a_channel_to_the_parent(void **state)
{
	static const enum call	 calls[] = { READ_PARENT, WRITE_PARENT };
	size_t			 i;
	int			 status;

	(void)state;
	for (i = 0; i < 2; i++) {
		begin(calls[i], 0, -1, ECONNRESET);
		if (calls[i] == READ_PARENT)
			say(&parent, AUDIT_COMMIT, NULL);
		else
			configure();
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		if (calls[i] == WRITE_PARENT)
			leave_keyd();
		imsgbuf_clear(&parent);
		close(parent.fd);
	}
}

static void
without_keyd(void **state)
{
	(void)state;
	begin_started(READ_KEYD, 1, ECONNRESET);
	append("a\n", false, true);
	/* It goes on for the parent. */
	assert_int_equal(ping_send(&parent, CHILD_PING, 7), 0);
	flush_to(&parent);
	hears(&parent, CHILD_PONG);
	say(&parent, AUDIT_STOP, NULL);
	ended(0, "the channel to keyd: Connection reset by peer");
	leave_keyd();
}

/* ---- The disk --------------------------------------------------------- */

static void
full_disk(void **state)
{
	(void)state;
	begin_started(WRITE, 3, ENOSPC);
	append("a\n", false, false);
	/* It says so once, and when it is over. */
	keyd_hears(AUDIT_STALLED, ENOSPC);
	keyd_hears(AUDIT_WRITTEN, 1);
	append("b\n", false, true);
	keyd_hears(AUDIT_WRITTEN, 2);
	stop();
	file_holds(path, "a\nb\n");
}

static void
full_to_the_end(void **state)
{
	(void)state;
	begin_started(WRITE, -1, ENOSPC);
	append("a\nb\nc\n", false, false);
	keyd_hears(AUDIT_STALLED, ENOSPC);
	leave_keyd();
	say(&parent, AUDIT_STOP, NULL);
	ended(1, "audit: 3 records could not be written and are lost");
	file_holds(path, "");
}

/* Whether it is on the disk is not known any more: nothing is answered. */
static void
broken_disk(void **state)
{
	struct imsg	 imsg;

	(void)state;
	begin_started(FDATASYNC, 1, EIO);
	append("a\n", true, true);
	assert_false(hear(&keyd, &imsg));
	ended(1, "the audit file cannot be flushed to the disk: "
	    "Input/output error");
	leave_keyd();
}

/* ---- Where it goes on ------------------------------------------------- */

static void
fails_to_start(const char *why)
{
	struct imsg	 imsg;
	char		 text[AUDIT_TEXTMAX + 1];

	configure();
	assert_true(hear(&parent, &imsg));
	assert_int_equal(auditmsg_get_failed(&imsg, text), 0);
	imsg_free(&imsg);
	assert_string_equal(text, why);
	/* keyd is not to wait. */
	assert_false(hear(&keyd, &imsg));
	stop();
}

static void
cannot_be_read(void **state)
{
	(void)state;
	begin(LSEEK, 0, 1, ESPIPE);
	fails_to_start("cannot be read: Illegal seek");
	begin(PREAD, 0, 1, EIO);
	fails_to_start("cannot be read: Input/output error");
}

static void
is_not_a_trail(void **state)
{
	FILE	*f = fopen(path, "w");

	(void)state;
	assert_non_null(f);
	assert_true(fputs("127.0.0.1 localhost\n", f) >= 0);
	assert_int_equal(fclose(f), 0);
	begin(NOTHING, 0, 0, 0);
	fails_to_start("its last 20 bytes hold no record that follows from the "
	    "one before it: move it away, and the trail begins anew");
	file_holds(path, "127.0.0.1 localhost\n");
}

/* Where it cannot even be told the process ends. */
static void
cannot_be_told(void **state)
{
	(void)state;
	begin(LSEEK, 0, 1, EIO);
	give_file(path);
	give(AUDIT_TAIL, path, O_RDONLY);
	say(&parent, AUDIT_START, NULL);
	hears(&parent, AUDIT_FAILED);
	say(&parent, AUDIT_STOP, NULL);
	ended(0, "");
}

/* ---- Other files ------------------------------------------------------ */

static void
prepared(uint32_t answer)
{
	give_file(other_path);
	say(&parent, AUDIT_START, NULL);
	hears(&parent, answer);
}

static void
next_file(void **state)
{
	(void)state;
	begin_started(NOTHING, 0, 0);
	prepared(AUDIT_READY);
	say(&parent, AUDIT_COMMIT, NULL);
	hears(&parent, AUDIT_COMMITTED);
	append("a\n", false, false);
	say(&keyd, AUDIT_SWITCH, NULL);
	append("b\n", false, true);
	keyd_hears(AUDIT_WRITTEN, 2);
	file_holds(path, "a\n");
	file_holds(other_path, "b\n");
	stop();
}

/* keyd may hear of it first. */
static void
next_file_at_once(void **state)
{
	(void)state;
	begin_started(NOTHING, 0, 0);
	prepared(AUDIT_READY);
	say(&keyd, AUDIT_SWITCH, NULL);
	append("a\n", false, true);
	keyd_hears(AUDIT_WRITTEN, 1);
	say(&parent, AUDIT_COMMIT, NULL);
	hears(&parent, AUDIT_COMMITTED);
	file_holds(path, "");
	file_holds(other_path, "a\n");
	/* There is nowhere else to go. */
	say(&keyd, AUDIT_SWITCH, NULL);
	ended(1, "keyd speaks of a file that there is not");
	leave_keyd();
}

static void
discarded_file(void **state)
{
	(void)state;
	begin_started(NOTHING, 0, 0);
	prepared(AUDIT_READY);
	say(&parent, AUDIT_DISCARD, NULL);
	prepared(AUDIT_READY);
	say(&parent, AUDIT_DISCARD, NULL);
	append("a\n", false, true);
	keyd_hears(AUDIT_WRITTEN, 1);
	stop();
	file_holds(path, "a\n");
	file_holds(other_path, "");
}

/* One at a time: keyd has not come to the first yet. */
static void
two_files(void **state)
{
	(void)state;
	begin_started(NOTHING, 0, 0);
	prepared(AUDIT_READY);
	say(&parent, AUDIT_COMMIT, NULL);
	hears(&parent, AUDIT_COMMITTED);
	prepared(AUDIT_FAILED);
	say(&parent, AUDIT_DISCARD, NULL);
	say(&keyd, AUDIT_SWITCH, NULL);
	append("a\n", false, true);
	keyd_hears(AUDIT_WRITTEN, 1);
	prepared(AUDIT_READY);
	stop();
	file_holds(other_path, "a\n");
}

/* ---- What it cannot do ------------------------------------------------ */

static void
cannot_begin(void **state)
{
	(void)state;
	begin(CHANNEL_SET, 0, 1, ENOMEM);
	ended(1, "");
	begin(PRCTL, 0, 1, EPERM);
	ended(1, "prctl: Operation not permitted");
	begin(POLL, 0, 1, EFAULT);
	ended(1, "poll: Bad address");
	begin(CHANNEL_SET, 1, 1, ENOMEM);
	give_channel();
	ended(1, "imsgbuf_init: Cannot allocate memory");
	leave_keyd();
	begin(CHANNEL_ROOM, 0, 1, ERANGE);
	give_channel();
	ended(1, "imsgbuf_init: Numerical result out of range");
	leave_keyd();
}

/* Whoever waits for an answer must not wait for ever. */
static void
cannot_answer(void **state)
{
	(void)state;
	begin(TELL, 0, 1, ENOMEM);
	configure();
	ended(1, "cannot answer the parent");
	leave_keyd();
	begin(TELL_WHERE, 0, 1, ENOMEM);
	configure();
	ended(1, "cannot answer keyd");
	leave_keyd();
	begin_started(TELL_NUMBER, 1, ENOMEM);
	append("a\n", false, true);
	ended(1, "cannot answer keyd");
	leave_keyd();
	/* It was written before. */
	file_holds(path, "a\n");
	begin(TELL_FAILED, 0, 1, ENOMEM);
	configure();
	ended(1, "cannot answer the parent");
	leave_keyd();
}

/* But where metrics cannot be said the trail goes on. */
static void
cannot_say_metrics(void **state)
{
	(void)state;
	begin_started(TELL_METRICS, 1, ENOMEM);
	assert_int_equal(metrics_send(&parent, METRICS_ASK, 1), 0);
	assert_int_equal(metrics_send(&parent, METRICS_ASK, 2), 0);
	flush_to(&parent);
	hears(&parent, METRICS_SAMPLE);
	hears(&parent, METRICS_END);
	append("a\n", false, true);
	keyd_hears(AUDIT_WRITTEN, 1);
	leave_keyd();
	say(&parent, AUDIT_STOP, NULL);
	ended(0, "cannot tell the parent of metrics");
}

/* ---- What it must not be told ----------------------------------------- */

static void
keyd_lies(void **state)
{
	static const struct {
		uint32_t	 type;
		const char	*data;
		const char	*why;
	} cases[] = {
		{ AUDIT_APPEND, NULL, "bad records from keyd" },
		{ AUDIT_APPEND, "12345678\1\1x", "bad records from keyd" },
		{ AUDIT_APPEND, "12345678\2\1x\n", "bad records from keyd" },
		{ AUDIT_SWITCH, NULL,
		    "keyd speaks of a file that there is not" },
		{ AUDIT_HEAD, NULL, "unknown message" },
		{ AUDIT_STOP, NULL, "unknown message" },
	};
	size_t	 i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin_started(NOTHING, 0, 0);
		say(&keyd, cases[i].type, cases[i].data);
		ended(1, cases[i].why);
		leave_keyd();
	}
	begin_started(GET_KEYD, 1, EBADMSG);
	say(&keyd, AUDIT_SWITCH, NULL);
	ended(1, "malformed message from keyd");
	leave_keyd();
	/* With a file, but not in that form. */
	begin_started(NOTHING, 0, 0);
	prepared(AUDIT_READY);
	say(&keyd, AUDIT_SWITCH, "x");
	ended(1, "keyd speaks of a file that there is not");
	leave_keyd();
	file_holds(path, "");
}

static void
parent_is_wrong(void **state)
{
	static const struct {
		uint32_t	 type;
		const char	*data;
		const char	*why;
	} cases[] = {
		{ AUDIT_START, NULL, "no file" },
		{ AUDIT_FILE, NULL, "bad file message" },
		{ AUDIT_TAIL, "x", "bad file message" },
		{ AUDIT_CHANNEL, NULL, "bad channel message" },
		{ AUDIT_STOP, "x", "from the parent" },
		{ AUDIT_HEAD, NULL, "unknown message" },
		{ METRICS_ASK, "x", "bad message for metrics" },
		{ CHILD_PING, "x", "bad ping message" },
		{ LOG_SETLEVEL, "no level", "bad level message" }
	};
	size_t	 i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(NOTHING, 0, 0, 0);
		say(&parent, cases[i].type, cases[i].data);
		ended(1, cases[i].why);
	}
	begin(GET_PARENT, 0, 1, EBADMSG);
	say(&parent, AUDIT_STOP, NULL);
	ended(1, "messages of the parent");
}

/* What is no message is the end of a channel, and of no more. */
static void
no_messages(void **state)
{
	struct imsg_hdr	 hdr = { AUDIT_APPEND, 3, 0, 0 };
	struct imsg	 imsg;

	(void)state;
	begin_started(NOTHING, 0, 0);
	append("a\n", false, false);
	assert_int_equal(write(keyd.fd, &hdr, sizeof(hdr)), sizeof(hdr));
	assert_false(hear(&keyd, &imsg));
	leave_keyd();
	say(&parent, AUDIT_STOP, NULL);
	ended(0, "the channel to keyd: Bad message");
	begin(NOTHING, 0, 0, 0);
	assert_int_equal(write(parent.fd, &hdr, sizeof(hdr)), sizeof(hdr));
	ended(0, "");
}

static void
parent_says_it_twice(void **state)
{
	(void)state;
	begin(NOTHING, 0, 0, 0);
	give_file(path);
	give_file(path);
	ended(1, "bad file message");
	begin_started(NOTHING, 0, 0);
	leave_keyd();
	give_channel();
	ended(1, "bad channel message");
	leave_keyd();
	/* Nor too late. */
	begin(NOTHING, 0, 0, 0);
	give_file(path);
	give(AUDIT_TAIL, path, O_RDONLY);
	say(&parent, AUDIT_START, NULL);
	hears(&parent, AUDIT_READY);
	give_channel();
	ended(1, "bad channel message");
	leave_keyd();
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(records),
		TEST(interruptions),
		TEST(without_the_parent),
		TEST(without_a_channel_to_the_parent),
		TEST(without_keyd),
		TEST(full_disk),
		TEST(full_to_the_end),
		TEST(broken_disk),
		TEST(cannot_be_read),
		TEST(is_not_a_trail),
		TEST(cannot_be_told),
		TEST(next_file),
		TEST(next_file_at_once),
		TEST(discarded_file),
		TEST(two_files),
		TEST(cannot_begin),
		TEST(cannot_answer),
		TEST(cannot_say_metrics),
		TEST(keyd_lies),
		TEST(parent_is_wrong),
		TEST(no_messages),
		TEST(parent_says_it_twice)
	};

	signal(SIGPIPE, SIG_IGN);
	return (cmocka_run_group_tests_name("auditor", tests, NULL, NULL));
}
