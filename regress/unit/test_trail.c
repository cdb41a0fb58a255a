/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: keyd/serve.o keyd/setup.o keyd/count.o common/metrics.o
 * common/metrics_table.o common/histogram.o common/list.o common/msgfield.o
 * keyd/audit.o keyd/audit_parse.o keyd/auditmsg.o keyd/trail_record.o
 * keyd/keyfile.o keyd/eckey.o keyd/der.o keyd/sign.o
 * keyd/keccak.o keyd/keymsg.o keyd/keymsg_check.o
 * keyd/keymsg_request.o keyd/keymsg_rule.o
 * keyd/policy.o keyd/payload.o keyd/request.o keyd/rlp.o keyd/rule.o keyd/tx.o
 * common/base64.o common/hex.o common/log.o common/log_render.o
 * common/secret.o common/u256.o compat/imsg.o compat/imsg-buffer.o */
/* libs: libsecp256k1 */

#include "regress/unit/trailworld.h"

/* ---- Without it nothing is in force ----------------------------------- */

static void
waits_for_the_audit_process(void **state)
{
	(void)state;
	assert_null(keyd.now);
	assert_false(trail_ready(&keyd.trail));
	audit_begins();
	assert_non_null(keyd.now);
	assert_true(trail_ready(&keyd.trail));
	/* It begins once. */
	audit_begins();
	assert_true(keyd.trail.lost != 0);
	assert_false(trail_ready(&keyd.trail));
}

static void
cannot_have_a_channel(void **state)
{
	static struct trail	 t;

	(void)state;
	failing = NO_CHANNEL;
	assert_int_equal(trail_channel(&t, STDIN_FILENO), -1);
	assert_false(t.on);
	failing = NO_ROOM;
	assert_int_equal(trail_channel(&t, STDIN_FILENO), -1);
	assert_false(t.on);
}

/* ---- What the parent says --------------------------------------------- */

static int
told(struct trail_set **set, enum audit_msg type, uint32_t index)
{
	static const struct audit_config config = { 1, true, true, 1, 1,
					      2, 3 };
	struct imsg			 imsg;
	int				 r;

	assert_int_equal(type == AUDIT_CONFIG ?
	    auditmsg_send_config(&parent, &config) : type == AUDIT_WORKER ?
	    auditmsg_send_worker(&parent, &config) :
	    auditmsg_send_name(&parent, type, index, "name"), 0);
	assert_int_equal(imsgbuf_write(&parent), 0);
	assert_int_equal(imsgbuf_read(&keyd.parent), 1);
	assert_true(imsg_get(&keyd.parent, &imsg) > 0);
	r = trail_set_message(set, &imsg);
	imsg_free(&imsg);
	return (r);
}

static void
refused(struct trail_set **set, enum audit_msg type, uint32_t index, int error)
{
	assert_int_equal(told(set, type, index), -1);
	assert_int_equal(errno, error);
}

static void
names(void **state)
{
	struct trail_set	*set = NULL;

	(void)state;
	refused(&set, AUDIT_KEY, 0, 0);
	refused(&set, AUDIT_WORKER, 0, 0);
	assert_int_equal(told(&set, AUDIT_CONFIG, 0), 0);
	refused(&set, AUDIT_CONFIG, 0, 0);
	/* It is the only one until it is told which one it is, once. */
	assert_int_equal(set->config.worker, 0);
	assert_int_equal(told(&set, AUDIT_WORKER, 0), 0);
	assert_int_equal(set->config.worker, 2);
	assert_int_equal(set->config.workers, 3);
	refused(&set, AUDIT_WORKER, 0, 0);
	assert_int_equal(told(&set, AUDIT_KEY, 0), 0);
	assert_int_equal(told(&set, AUDIT_KEY, KEYD_MAXKEYS - 1), 0);
	assert_int_equal(told(&set, AUDIT_LINK, KEYD_MAXVIAS), 0);
	assert_string_equal(set->keys[KEYD_MAXKEYS - 1], "name");
	assert_string_equal(set->links[KEYD_MAXVIAS], "name");
	/* Beyond what there is, and twice. */
	refused(&set, AUDIT_KEY, KEYD_MAXKEYS, 0);
	refused(&set, AUDIT_LINK, KEYD_MAXVIAS + 1, 0);
	refused(&set, AUDIT_LINK, UINT32_MAX, 0);
	refused(&set, AUDIT_KEY, 0, 0);
	refused(&set, AUDIT_LINK, KEYD_MAXVIAS, 0);
	trail_set_free(set);
}

/* That is to be told from what the parent should not have said. */
static void
names_without_memory(void **state)
{
	struct trail_set	*set = NULL;

	(void)state;
	failing = NO_SET;
	refused(&set, AUDIT_CONFIG, 0, ENOMEM);
	assert_null(set);
	failing = NO_NAME;
	assert_int_equal(told(&set, AUDIT_CONFIG, 0), 0);
	refused(&set, AUDIT_KEY, 1, ENOMEM);
	assert_null(set->keys[1]);
	failing = NOTHING;
	assert_int_equal(told(&set, AUDIT_KEY, 1), 0);
	trail_set_free(set);
}

/* ---- Configurations --------------------------------------------------- */

static void
commit_none(void)
{
	trail_commit(&keyd, NULL);
}

static void
commit_again(void)
{
	trail_commit(&keyd, keyd.trail.set);
}

static void
commits(void **state)
{
	struct trail_set	*set = keyd.trail.set;

	(void)state;
	ends(commit_none, "a configuration without an audit trail");
	commit_again();
	audit_reads();
	assert_string_equal(event, "reload");
	assert_int_equal(switches, 0);
	set->config.newfile = true;
	commit_again();
	audit_reads();
	assert_int_equal(switches, 1);
	assert_int_equal(last, 3);
}

/* The records before a new file are for the old one: none may stay behind. */
static void
commits_that_cannot_be_told(void **state)
{
	struct trail_set	*set = keyd.trail.set;

	(void)state;
	set->config.newfile = true;
	failing = NO_SWITCH;
	ends(commit_again, "the audit trail");
	failing = NO_APPEND;
	refuse();
	ends(commit_again, "the audit trail");
	/* Nor may its own record be left out. */
	set->config.newfile = false;
	fill_batch();
	ends(commit_again, "the audit trail");
}

/* keyd lives on for a moment, but signs and records nothing. */
static void
commits_without_the_audit_process(void **state)
{
	struct trail_set	*set = keyd.trail.set;
	struct trail_set	 other = *set;

	(void)state;
	close(keyd.trail.ibuf.fd);
	keyd.trail.ibuf.fd = open("/dev/null", O_RDONLY);
	trail_read(&keyd);
	assert_true(keyd.trail.lost != 0);
	other.config.newfile = true;
	trail_commit(&keyd, &other);
	assert_ptr_equal(keyd.trail.set, &other);
	assert_int_equal(keyd.trail.head.sequence, 1);
	assert_false(trail_ready(&keyd.trail));
	trail_stop(&keyd.trail, true);
	assert_int_equal(keyd.trail.head.sequence, 1);
	keyd.trail.set = set;
}

/* ---- Records ---------------------------------------------------------- */

/* What cannot be sent stays, and is sent when it can. */
static void
records_without_memory(void **state)
{
	(void)state;
	failing = NO_APPEND;
	refuse();
	trail_flush(&keyd.trail);
	assert_int_equal(keyd.trail.lost, 0);
	audit_reads();
	assert_int_equal(last, 1);
	/* Soon, and no later than the next thing that there is to do. */
	trail_tick(&keyd.trail, the_time);
	assert_in_range(trail_timeout(&keyd.trail, the_time, -1), 1,
	    RETRY_MS + 1);
	assert_in_range(trail_timeout(&keyd.trail, the_time, 5), 1, 5);
	fill_batch();
	/* Where there is no room for a record nothing may be signed. */
	assert_false(trail_ready(&keyd.trail));
	failing = NOTHING;
	assert_true(trail_ready(&keyd.trail));
	trail_flush(&keyd.trail);
	audit_reads();
	assert_int_equal(last, keyd.trail.head.sequence);
	assert_true(last > 10);
}

static void
does_not_fit(void **state)
{
	(void)state;
	failing = TOO_LONG;
	ends(refuse, "a record of the audit trail does not fit");
	/* The half of one is not sent. */
	assert_int_equal(keyd.trail.len, 0);
	assert_int_equal(keyd.trail.head.sequence, 1);
}

/* An answer that cannot be kept is not one that has been given. */
static void
answer_without_memory(void **state)
{
	struct channel		*c = &keyd.channels[0];
	struct keyd_reply	 reply;

	(void)state;
	memset(&reply, 0, sizeof(reply));
	reply.result = (const uint8_t *)"raw";
	reply.resultlen = 3;
	failing = NO_ANSWER;
	assert_int_equal(trail_hold(&keyd.trail, c, &reply), -1);
	assert_int_equal(trail_hold_switched(&keyd.trail, c), -1);
	assert_int_equal(c->held, 0);
	assert_int_equal(c->heldbytes, 0);
	failing = NOTHING;
	assert_int_equal(trail_hold(&keyd.trail, c, &reply), 0);
	assert_int_equal(c->held, 1);
	assert_int_equal(c->heldbytes, 3);
}

/* ---- The channel ------------------------------------------------------ */

static void
tick(void)
{
	trail_tick(&keyd.trail, the_time);
}

static void
is_lost(void)
{
	struct trail	*t = &keyd.trail;

	assert_int_equal(t->lost, the_time);
	assert_false(trail_ready(t));
	/* keyd ends when the parent has had time to find out who died. */
	assert_in_range(trail_timeout(t, the_time, -1), 1000, 1001);
	the_time += LOST_US - 1;
	tick();
	the_time++;
	ends(tick, "nothing can be recorded without the audit process");
	/* Till then nothing is sent or recorded. */
	refuse();
	trail_flush(t);
	trail_stop(t, true);
	assert_int_equal(t->ibuf.fd, -1);
	assert_int_equal(t->head.sequence, 2);
}

static void
cannot_be_written(void **state)
{
	(void)state;
	refuse();
	failing = NO_WRITE;
	its_error = EAGAIN;
	trail_flush(&keyd.trail);
	assert_int_equal(keyd.trail.lost, 0);
	failing = NOTHING;
	trail_flush(&keyd.trail);
	audit_reads();
	assert_int_equal(last, 2);
	refuse();
	failing = NO_WRITE;
	its_error = EPIPE;
	trail_flush(&keyd.trail);
	failing = NOTHING;
	assert_true(keyd.trail.lost != 0);
	audit_reads();
	assert_int_equal(last, 2);
}

static void
cannot_be_read(void **state)
{
	(void)state;
	failing = NO_READ;
	its_error = EAGAIN;
	trail_read(&keyd);
	assert_int_equal(keyd.trail.lost, 0);
	its_error = ECONNRESET;
	trail_read(&keyd);
	failing = NOTHING;
	is_lost();
}

static void
is_closed(void **state)
{
	(void)state;
	assert_int_equal(shutdown(auditor.fd, SHUT_WR), 0);
	trail_read(&keyd);
	is_lost();
}

/* It may be found where it is read or where it is taken. */
static void
is_malformed(void **state)
{
	struct imsg_hdr	 hdr = { AUDIT_WRITTEN, 3, 0, 0 };

	assert_int_equal(write(auditor.fd, &hdr, sizeof(hdr)), sizeof(hdr));
	trail_read(&keyd);
	is_lost();
	teardown(state);
	setup(state);
	failing = NO_MESSAGE;
	audit_says(AUDIT_WRITTEN, 1);
	failing = NOTHING;
	is_lost();
}

/* Numbers of nothing, and words that it has not. */
static void
says_what_cannot_be(void **state)
{
	static const struct {
		enum audit_msg	 type;
		uint64_t	 n;
	} cases[] = {
		{ AUDIT_WRITTEN, 2 }, { AUDIT_WRITTEN, UINT64_MAX },
		{ AUDIT_STALLED, 0 }, { AUDIT_STALLED, 4097 },
		{ AUDIT_APPEND, 1 }, { AUDIT_READY, 1 }
	};
	size_t	 i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		audit_says(AUDIT_WRITTEN, 1);
		assert_int_equal(keyd.trail.lost, 0);
		audit_says(cases[i].type, cases[i].n);
		is_lost();
		teardown(state);
		setup(state);
	}
}

static void
stalls(void **state)
{
	(void)state;
	audit_says(AUDIT_STALLED, ENOSPC);
	assert_false(trail_ready(&keyd.trail));
	audit_says(AUDIT_STALLED, ENOSPC);
	assert_false(trail_ready(&keyd.trail));
	audit_says(AUDIT_WRITTEN, 1);
	assert_true(trail_ready(&keyd.trail));
	/* And without a word, where too many wait. */
	keyd.trail.set->config.queue = QUEUE;
	while (keyd.trail.head.sequence < 1 + QUEUE) {
		assert_true(trail_ready(&keyd.trail));
		refuse();
		trail_flush(&keyd.trail);
	}
	assert_false(trail_ready(&keyd.trail));
	audit_says(AUDIT_WRITTEN, QUEUE / 2);
	assert_false(trail_ready(&keyd.trail));
	audit_says(AUDIT_WRITTEN, 1 + QUEUE / 2);
	assert_true(trail_ready(&keyd.trail));
}

/* ---- Reports, and the end --------------------------------------------- */

/* Of each head once, whatever of it is logged. */
static void
reports(void **state)
{
	struct trail	*t = &keyd.trail;

	(void)state;
	log_set_level(LOG_LVL_ERROR);
	assert_int_equal(t->told, 0);
	trail_tick(t, the_time);
	assert_int_equal(t->told, 1);
	assert_int_equal(trail_timeout(t, the_time, -1), -1);
	refuse();
	trail_flush(t);
	assert_int_equal(trail_timeout(t, the_time, -1), 1001);
	assert_int_equal(trail_timeout(t, the_time, 7), 7);
	trail_tick(t, the_time + 999999);
	assert_int_equal(t->told, 1);
	trail_tick(t, the_time + 1000000);
	assert_int_equal(t->told, 2);
}

static void
stops(void **state)
{
	(void)state;
	refuse();
	trail_stop(&keyd.trail, true);
	audit_reads();
	assert_string_equal(event, "stop");
	assert_int_equal(last, 3);
	assert_int_equal(keyd.trail.told, 3);
	assert_int_equal(the_time, 1000000);
}

/* It does not read; in the end, all that was sent is there. */
static void
fill_channel(void)
{
	while (imsgbuf_queuelen(&keyd.trail.ibuf) == 0) {
		fill_batch();
		trail_flush(&keyd.trail);
	}
	assert_int_equal(keyd.trail.lost, 0);
}

static void
stops_when_it_was_read(void **state)
{
	(void)state;
	fill_channel();
	while_waiting = audit_reads;
	trail_stop(&keyd.trail, false);
	audit_reads();
	assert_string_equal(event, "stop");
	assert_int_equal(last, keyd.trail.head.sequence);
	assert_in_range(the_time, 1000001, 1000000 + STOP_MS * 1000 - 1);
}

static void
stops_though_nobody_reads(void **state)
{
	(void)state;
	fill_channel();
	trail_stop(&keyd.trail, false);
	assert_true(imsgbuf_queuelen(&keyd.trail.ibuf) > 0);
	assert_int_equal(the_time, 1000000 + STOP_MS * 1000);
	/* The whole of what it was sent is still good. */
	audit_reads();
	assert_true(last > 1 && last < keyd.trail.head.sequence);
}

/* Memory is short at the end: it tries again till then. */
static void
stops_without_memory(void **state)
{
	(void)state;
	failing = NO_APPEND;
	trail_stop(&keyd.trail, false);
	assert_int_equal(the_time, 1000000 + STOP_MS * 1000);
	assert_true(keyd.trail.len > 0);
}

#define TEST(f)		cmocka_unit_test_setup_teardown(f, setup, teardown)
#define WAITING(f)	cmocka_unit_test_setup_teardown(f, setup_waiting, \
			    teardown)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		WAITING(waits_for_the_audit_process),
		WAITING(cannot_have_a_channel),
		TEST(names),
		TEST(names_without_memory),
		TEST(commits),
		TEST(commits_that_cannot_be_told),
		TEST(commits_without_the_audit_process),
		TEST(records_without_memory),
		TEST(does_not_fit),
		TEST(answer_without_memory),
		TEST(cannot_be_written),
		TEST(cannot_be_read),
		TEST(is_closed),
		TEST(is_malformed),
		TEST(says_what_cannot_be),
		TEST(stalls),
		TEST(reports),
		TEST(stops),
		TEST(stops_when_it_was_read),
		TEST(stops_though_nobody_reads),
		TEST(stops_without_memory)
	};

	log_init("keyd");
	return (cmocka_run_group_tests_name("trail", tests, NULL, NULL));
}
