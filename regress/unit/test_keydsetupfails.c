/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: keyd/serve.o keyd/count.o common/metrics.o
 * common/metrics_table.o common/histogram.o common/list.o common/msgfield.o
 * keyd/audit.o keyd/auditmsg.o keyd/trail.o keyd/trail_record.o
 * keyd/keyfile.o keyd/eckey.o keyd/der.o keyd/sign.o
 * keyd/keccak.o keyd/keymsg.o keyd/keymsg_check.o
 * keyd/keymsg_request.o keyd/keymsg_rule.o
 * keyd/policy.o keyd/payload.o keyd/request.o keyd/rlp.o keyd/rule.o keyd/tx.o
 * common/base64.o common/hex.o common/log.o common/log_render.o
 * common/secret.o common/u256.o compat/imsg.o compat/imsg-buffer.o */
/* libs: libsecp256k1 */

#include "regress/unit/keydworld.h"

/*
 * The parent's messages to keyd where a step fails, or where they are not what
 * they should be: keyd ends and says why, or goes on with what it had.
 */
enum wrong {
	NOTHING, KEY_NOT_VALID, NO_CHANNEL, NO_ROOM, NO_TRAIL, NO_MEMORY,
	BADKEY, ADDRESS, BADCONFIG, READY, SWITCHED, COMMITTED, CHECKED
};
static enum wrong	 wrong;

/* Instead of the end of the process, in which there are other tests. */
static jmp_buf		 end_of_keyd;
static bool		 may_end;
static char		 last_words[128];

static _Noreturn void ended(const char *, ...)
	    __attribute__((format(printf, 1, 2)));

static _Noreturn void
ended(const char *format, ...)
{
	va_list	 ap;

	va_start(ap, format);
	vsnprintf(last_words, sizeof(last_words), format, ap);
	va_end(ap);
	if (!may_end)
		fail_msg("keyd ends: %s", last_words);
	longjmp(end_of_keyd, 1);
}

static bool
fails(enum wrong what)
{
	if (wrong != what)
		return (false);
	errno = ENOMEM;
	return (true);
}

#define fatal	ended
#define fatalx	ended
#define sign_key(k, secret)						\
	(fails(KEY_NOT_VALID) ? -1 : sign_key(k, secret))
#define imsgbuf_init(b, fd)						\
	(fails(NO_CHANNEL) ? -1 : imsgbuf_init(b, fd))
#define imsgbuf_set_maxsize(b, n)					\
	(fails(NO_ROOM) ? -1 : imsgbuf_set_maxsize(b, n))
#define trail_channel(t, fd)						\
	(fails(NO_TRAIL) ? -1 : trail_channel(t, fd))
#define trail_set_message(set, imsg)					\
	(fails(NO_MEMORY) ? -1 : trail_set_message(set, imsg))
#define keymsg_get_check(imsg, request)					\
	(keymsg_get_check(imsg, request) == 0 && !fails(NO_MEMORY) ? 0 : -1)
#define keymsg_send_badkey(b, bad)					\
	(fails(BADKEY) ? -1 : keymsg_send_badkey(b, bad))
#define keymsg_send_address(b, answer)					\
	(fails(ADDRESS) ? -1 : keymsg_send_address(b, answer))
#define keymsg_send_badconfig(b, why)					\
	(fails(BADCONFIG) ? -1 : keymsg_send_badconfig(b, why))
#define keymsg_send_ready(b)						\
	(fails(READY) ? -1 : keymsg_send_ready(b))
#define keymsg_send_empty(b, type)					\
	(fails((type) == KEYD_SWITCHED ? SWITCHED : COMMITTED) ? -1 :	\
	keymsg_send_empty(b, type))
#define keymsg_send_checked(b, checked)					\
	(fails(CHECKED) ? -1 : keymsg_send_checked(b, checked))

#include "keyd/setup.c"

#undef keymsg_send_empty

static const struct audit_config	 trail = { 1, false, false, 64, 1000,
					       0, 0 };

static int
setup(void **state)
{
	(void)state;
	wrong = NOTHING;
	begin_keyd();
	tell(1, 0, "old.example");
	tell_channel();
	end(KEYD_READY);
	return (0);
}

/* One that has no configuration yet. */
static int
setup_bare(void **state)
{
	struct keyd_config	 config = { 2, 1, 65536 };

	(void)state;
	wrong = NOTHING;
	begin_keyd();
	assert_int_equal(keymsg_send_config(&parent, &config), 0);
	tell_channel();
	deliver();
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	end_keyd();
	return (0);
}

/* Alone in a function: a variable need not outlive a longjmp(3). */
static void
take(struct imsg *imsg)
{
	may_end = true;
	if (setjmp(end_of_keyd) == 0)
		setup_message(&keyd, imsg);
	may_end = false;
}

/*
 * The message that is queued last, after the others were taken: if that goes
 * wrong, keyd ends with those words.
 */
static void
ends(enum wrong what, const char *why)
{
	struct imsg	 imsg;

	assert_int_equal(imsgbuf_write(&parent), 0);
	assert_int_equal(imsgbuf_read(&keyd.parent), 1);
	assert_true(imsg_get(&keyd.parent, &imsg) > 0);
	last_words[0] = '\0';
	wrong = what;
	take(&imsg);
	wrong = NOTHING;
	assert_string_equal(last_words, why);
	imsg_free(&imsg);
	assert_int_equal(imsg_get(&keyd.parent, &imsg), 0);
}

static void
queue(uint32_t type, const char *data)
{
	assert_int_equal(imsg_compose(&parent, type, 0, 0, -1, data,
	    data == NULL ? 0 : strlen(data)), 1);
}

static int
nothing_in_it(void)
{
	int	 fd;

	assert_int_not_equal(fd = open("/dev/null", O_RDONLY), -1);
	return (fd);
}

/* ---- Keys and channels ------------------------------------------------ */

static void
keys(void **state)
{
	(void)state;
	assert_int_equal(keymsg_send_key(&parent, 0, nothing_in_it()), 0);
	ends(BADKEY, "cannot answer the parent");
	assert_int_equal(keymsg_send_key(&parent, 0, file_of(1)), 0);
	ends(KEY_NOT_VALID, "a key that was checked is not valid");
	assert_int_equal(keymsg_send_key(&parent, 0, file_of(1)), 0);
	ends(ADDRESS, "cannot answer the parent");
	assert_int_equal(keymsg_send_key(&parent, 0, file_of(1)), 0);
	ends(NOTHING, "bad key message");
	assert_int_equal(keymsg_send_key(&parent, 2, file_of(1)), 0);
	ends(NOTHING, "bad key message");
}

static void
channels(void **state)
{
	int	 fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(keymsg_send_channel(&parent, KEYD_LINK, fds[0]), 0);
	ends(NO_CHANNEL, "imsgbuf_init");
	assert_int_equal(keymsg_send_channel(&parent, KEYD_LINK, fds[1]), 0);
	ends(NO_ROOM, "imsgbuf_init");
	drop(&keyd.channels[1].ibuf);
	queue(KEYD_CHANNEL, NULL);
	ends(NOTHING, "bad channel message");
	assert_int_equal(keyd.nchannels, 1);
}

/* ---- The audit trail -------------------------------------------------- */

static void
trail_channels(void **state)
{
	struct imsgbuf	 audit;
	int		 fd;

	(void)state;
	queue(AUDIT_CHANNEL, NULL);
	ends(NOTHING, "bad channel message");
	assert_int_equal(auditmsg_send(&parent, AUDIT_CHANNEL,
	    nothing_in_it()), 0);
	ends(NO_TRAIL, "imsgbuf_init");
	assert_false(keyd.trail.on);
	make_pair(&audit, &fd);
	assert_int_equal(auditmsg_send(&parent, AUDIT_CHANNEL, fd), 0);
	deliver();
	assert_true(keyd.trail.on);
	/* One is enough. */
	assert_int_equal(auditmsg_send(&parent, AUDIT_CHANNEL,
	    nothing_in_it()), 0);
	ends(NOTHING, "bad channel message");
	drop(&keyd.trail.ibuf);
	drop(&audit);
}

/* Whether there is a trail does not change while keyd runs. */
static void
trail_channel_late(void **state)
{
	(void)state;
	tell(1, 1, "new.example");
	deliver();
	assert_int_equal(auditmsg_send(&parent, AUDIT_CHANNEL,
	    nothing_in_it()), 0);
	ends(NOTHING, "bad channel message");
}

static void
trail_words(void **state)
{
	(void)state;
	assert_int_equal(auditmsg_send_name(&parent, AUDIT_KEY, 0, "k"), 0);
	ends(NOTHING, "bad message about the audit trail");
	assert_int_equal(auditmsg_send_config(&parent, &trail), 0);
	deliver();
	assert_int_equal(auditmsg_send_config(&parent, &trail), 0);
	ends(NOTHING, "bad message about the audit trail");
	assert_int_equal(auditmsg_send_name(&parent, AUDIT_KEY, KEYD_MAXKEYS,
	    "k"), 0);
	ends(NOTHING, "bad message about the audit trail");
	teardown(state);
	setup_bare(state);
	queue(AUDIT_CONFIG, "not what it should be");
	ends(NOTHING, "bad message about the audit trail");
}

/* That is no fault of the parent: it hears of it, and can try again. */
static void
trail_without_memory(void **state)
{
	(void)state;
	tell(1, 1, "new.example");
	deliver();
	assert_int_equal(auditmsg_send_config(&parent, &trail), 0);
	wrong = NO_MEMORY;
	deliver();
	wrong = NOTHING;
	assert_string_equal(keyd.next->fault, "out of memory");
	/* What follows is not looked at, but not held against anybody. */
	assert_int_equal(auditmsg_send_name(&parent, AUDIT_KEY, 0, "k"), 0);
	assert_int_equal(keymsg_send_key(&parent, 0, file_of(2)), 0);
	end(KEYD_BADCONFIG);
	say(KEYD_DISCARD);
	tell(1, 1, "new.example");
	end(KEYD_READY);
	assert_string_equal(keyd.now->policy.rules[0].client, "old.example");
}

/* ---- The end of a configuration --------------------------------------- */

static void
first_end(void **state)
{
	(void)state;
	queue(KEYD_END, "x");
	ends(NOTHING, "bad end message");
	queue(KEYD_COMMIT, NULL);
	ends(NOTHING, "message 266 from the parent out of turn");
	/* Keys and a rule are missing. */
	end(KEYD_BADCONFIG);
	queue(KEYD_COMMIT, NULL);
	ends(NOTHING, "bad commit message");
	assert_null(keyd.now);
}

static void
first_fault(void **state)
{
	(void)state;
	assert_int_equal(keymsg_send_end(&parent), 0);
	ends(BADCONFIG, "cannot answer the parent");
}

static void
first_ready(void **state)
{
	struct rule	 rule = rule_of("new.example");

	(void)state;
	assert_int_equal(keymsg_send_key(&parent, 0, file_of(1)), 0);
	assert_int_equal(keymsg_send_key(&parent, 1, file_of(2)), 0);
	assert_int_equal(keymsg_send_rule(&parent, 0, &rule), 0);
	deliver();
	assert_int_equal(hear(&parent), KEYD_ADDRESS);
	assert_int_equal(hear(&parent), KEYD_ADDRESS);
	assert_int_equal(keymsg_send_end(&parent), 0);
	ends(READY, "cannot answer the parent");
}

static void
later_ready(void **state)
{
	(void)state;
	tell(1, 1, "new.example");
	deliver();
	assert_int_equal(keymsg_send_end(&parent), 0);
	ends(READY, "cannot answer the parent");
}

static void
no_commit(enum wrong what, const char *why)
{
	struct keyd_config	 config = { 0, 0, 1 << 20 };

	teardown(NULL);
	setup(NULL);
	assert_int_equal(keymsg_send_config(&parent, &config), 0);
	end(KEYD_READY);
	queue(KEYD_COMMIT, NULL);
	ends(what, why);
}

static void
commits(void **state)
{
	(void)state;
	tell(1, 1, "new.example");
	end(KEYD_READY);
	queue(KEYD_COMMIT, "x");
	ends(NOTHING, "bad commit message");
	queue(KEYD_DISCARD, "x");
	ends(NOTHING, "bad discard message");
	say(KEYD_COMMIT);
	assert_int_equal(hear(&parent), KEYD_COMMITTED);
	/* Who asks must hear of it, or would wait for ever. */
	no_commit(SWITCHED, "cannot tell the askers");
	no_commit(COMMITTED, "cannot answer the parent");
	no_commit(NO_ROOM, "imsgbuf_set_maxsize");
}

/* ---- Questions -------------------------------------------------------- */

static struct request
question(void)
{
	struct request	 request;

	memset(&request, 0, sizeof(request));
	request.id = 0x0102030405060708;
	request.method = METHOD_TRANSACTION;
	snprintf(request.client, sizeof(request.client), "old.example");
	return (request);
}

static void
answer_is(enum refusal refusal)
{
	struct keyd_checked	 checked;
	struct imsg		 imsg;

	assert_int_equal(imsgbuf_read(&parent), 1);
	assert_true(imsg_get(&parent, &imsg) > 0);
	assert_int_equal(keymsg_get_checked(&imsg, &checked), 0);
	imsg_free(&imsg);
	assert_true(checked.id == 0x0102030405060708);
	assert_int_equal(checked.refusal, refusal);
	if (refusal == REFUSAL_INTERNAL) {
		assert_int_equal(checked.rule, POLICY_NORULE);
		assert_int_equal(checked.nverdicts, 0);
	} else
		assert_int_equal(checked.nverdicts, 1);
}

/* One that cannot be looked at, or answered, is nobody's end. */
static void
checks(void **state)
{
	struct request	 request = question();

	(void)state;
	assert_int_equal(keymsg_send_check(&parent, &request), 0);
	wrong = NO_MEMORY;
	deliver();
	answer_is(REFUSAL_INTERNAL);
	assert_int_equal(keymsg_send_check(&parent, &request), 0);
	wrong = CHECKED;
	deliver();
	assert_int_equal(hear(&parent), 0);
	wrong = NOTHING;
	assert_int_equal(keymsg_send_check(&parent, &request), 0);
	deliver();
	answer_is(REFUSAL_GAS);
}

static void
checks_that_are_none(void **state)
{
	(void)state;
	queue(KEYD_CHECK, "x");
	ends(NOTHING, "bad check message");
	queue(METRICS_ASK, "not what it should be");
	ends(NOTHING, "bad message for metrics");
	queue(LOG_SETLEVEL, "not what it should be");
	ends(NOTHING, "bad level message");
	queue(CHILD_PING, "not what it should be");
	ends(NOTHING, "bad ping message");
	queue(0xffff, NULL);
	ends(NOTHING, "message 65535 from the parent out of turn");
}

/* By which rules? */
static void
check_too_early(void **state)
{
	struct request	 request = question();

	(void)state;
	assert_int_equal(keymsg_send_check(&parent, &request), 0);
	ends(NOTHING, "bad check message");
	queue(0xffff, NULL);
	ends(NOTHING, "unknown message 65535 from the parent");
	queue(KEYD_CONFIG, NULL);
	ends(NOTHING, "configured twice");
}

#define FIRST(f)	cmocka_unit_test_setup_teardown(f, setup_bare,	\
			    teardown)
#define LATER(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		FIRST(keys),
		FIRST(channels),
		FIRST(trail_channels),
		LATER(trail_channel_late),
		FIRST(trail_words),
		LATER(trail_without_memory),
		FIRST(first_end),
		FIRST(first_fault),
		FIRST(first_ready),
		LATER(later_ready),
		LATER(commits),
		LATER(checks),
		LATER(checks_that_are_none),
		FIRST(check_too_early)
	};

	log_init("keyd");
	return (cmocka_run_group_tests_name("keydsetupfails", tests, NULL,
	    NULL));
}
