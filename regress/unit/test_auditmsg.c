/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: keyd/auditmsg.o common/msgfield.o compat/imsg.o
 * compat/imsg-buffer.o */

#include "regress/unit/msg_util.h"
#include "keyd/auditmsg.h"

/*
 * The messages of the audit trail: what is sent arrives, and nothing else is
 * taken.  One that is refused leaves nothing behind.
 */
static unsigned char	 body[AUDIT_MSGSIZE];

static int
open_channel(void **state)
{
	seed = 701;
	channel_open(state);
	return (imsgbuf_set_maxsize(&p.a, AUDIT_MSGSIZE) |
	    imsgbuf_set_maxsize(&p.b, AUDIT_MSGSIZE));
}

/* ---- The decoders ----------------------------------------------------- */

static int
decode_empty(struct imsg *imsg, int *fd)
{
	(void)fd;
	return (auditmsg_get_empty(imsg));
}

static int
decode_config(struct imsg *imsg, int *fd)
{
	struct audit_config	 config;

	(void)fd;
	memset(&config, 0xa5, sizeof(config));
	if (auditmsg_get_config(imsg, &config) == -1)
		return (-1);
	assert_true(config.queue > 0 && config.head > 0);
	return (0);
}

static int
decode_worker(struct imsg *imsg, int *fd)
{
	struct audit_config	 config;

	(void)fd;
	memset(&config, 0xa5, sizeof(config));
	if (auditmsg_get_worker(imsg, &config) == -1)
		return (-1);
	assert_in_range(config.worker, 1, config.workers);
	assert_in_range(config.workers, 1, AUDIT_WORKERS);
	return (0);
}

static int
decode_name(struct imsg *imsg, int *fd)
{
	struct audit_name	 name;

	(void)fd;
	memset(&name, 0xa5, sizeof(name));
	if (auditmsg_get_name(imsg, &name) == -1)
		return (-1);
	assert_non_null(memchr(name.name, '\0', sizeof(name.name)));
	return (0);
}

static int
decode_failed(struct imsg *imsg, int *fd)
{
	char	 text[AUDIT_TEXTMAX + 1];

	(void)fd;
	memset(text, 0xa5, sizeof(text));
	if (auditmsg_get_failed(imsg, text) == -1)
		return (-1);
	assert_non_null(memchr(text, '\0', sizeof(text)));
	return (0);
}

static int
decode_append(struct imsg *imsg, int *fd)
{
	struct audit_append	 append;

	(void)fd;
	memset(&append, 0xa5, sizeof(append));
	if (auditmsg_get_append(imsg, &append) == -1)
		return (-1);
	assert_in_range(append.len, 1, AUDIT_BATCH);
	assert_int_equal(append.text[append.len - 1], '\n');
	return (0);
}

static int
decode_where(struct imsg *imsg, int *fd)
{
	struct audit_where	 where;

	(void)fd;
	memset(&where, 0xa5, sizeof(where));
	if (auditmsg_get_where(imsg, &where) == -1)
		return (-1);
	/* There is a record after it. */
	assert_true(where.head.sequence < UINT64_MAX);
	return (0);
}

static int
decode_number(struct imsg *imsg, int *fd)
{
	uint64_t	 n = 0xa5;

	(void)fd;
	return (auditmsg_get_number(imsg, &n));
}

/* ---- Nothing, or a descriptor ----------------------------------------- */

static void
nothing(void **state)
{
	(void)state;
	assert_int_equal(auditmsg_send(&p.a, AUDIT_COMMIT, -1), 0);
	assert_int_equal(encoded(AUDIT_COMMIT, body, sizeof(body)), 0);
	exact(decode_empty, AUDIT_COMMIT, NULL, 0, false);
}

static void
descriptor(void **state)
{
	struct imsg	 imsg;
	int		 fd, other;

	(void)state;
	exact(auditmsg_get_fd, AUDIT_CHANNEL, NULL, 0, true);
	/* One that has none is not what it should be. */
	assert_int_equal(decode_raw(auditmsg_get_fd, AUDIT_CHANNEL, NULL, 0,
	    false), -1);
	assert_int_equal(auditmsg_send(&p.a, AUDIT_FILE, a_pipe(&other)), 0);
	receive(&imsg, AUDIT_FILE);
	assert_int_equal(auditmsg_get_fd(&imsg, &fd), 0);
	assert_int_equal(write(other, "x", 1), 1);
	assert_int_equal(read(fd, body, 2), 1);
	/* It is had once. */
	close(fd);
	assert_int_equal(auditmsg_get_fd(&imsg, &fd), -1);
	assert_int_equal(fd, -1);
	imsg_free(&imsg);
	close(other);
}

/* ---- What the parent says --------------------------------------------- */

static void
config_arrives(void **state)
{
	static const struct audit_config cases[] = {
		{ 0x01020304, false, true, 0x05060708, 0x090a0b0c, 0, 0 },
		{ UINT32_MAX, true, false, UINT32_MAX, UINT32_MAX, 0, 0 },
		{ 0, true, true, 1, 1, 0, 0 }
	};
	struct audit_config	 got;
	struct imsg		 imsg;
	size_t			 i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(auditmsg_send_config(&p.a, &cases[i]), 0);
		receive(&imsg, AUDIT_CONFIG);
		assert_int_equal(auditmsg_get_config(&imsg, &got), 0);
		imsg_free(&imsg);
		assert_int_equal(got.generation, cases[i].generation);
		assert_int_equal(got.sync, cases[i].sync);
		assert_int_equal(got.newfile, cases[i].newfile);
		assert_int_equal(got.queue, cases[i].queue);
		assert_int_equal(got.head, cases[i].head);
	}
}

static void
config_refused(void **state)
{
	static const struct audit_config good = { 1, true, true, 1, 1,
					    0, 0 };
	size_t				 len, i;

	(void)state;
	assert_int_equal(auditmsg_send_config(&p.a, &good), 0);
	len = encoded(AUDIT_CONFIG, body, sizeof(body));
	exact(decode_config, AUDIT_CONFIG, body, len, false);
	/* After the generation two truths; then numbers that are not 0. */
	for (i = 4; i < 6; i++) {
		body[i] = 2;
		assert_int_equal(decode_raw(decode_config, AUDIT_CONFIG, body,
		    len, false), -1);
		body[i] = 1;
	}
	for (i = 9; i < 14; i += 4) {
		body[i] = 0;
		assert_int_equal(decode_raw(decode_config, AUDIT_CONFIG, body,
		    len, false), -1);
		body[i] = 1;
	}
	assert_int_equal(decode_raw(decode_config, AUDIT_CONFIG, body, len,
	    false), 0);
	assert_int_equal(decode_raw(decode_config, AUDIT_KEY, body, len,
	    false), -1);
	noise(decode_config, AUDIT_CONFIG, body, len, false);
}

static int
worker_of(uint32_t worker, uint32_t workers)
{
	struct audit_config	 sent, got;
	struct imsg		 imsg;
	int			 r;

	memset(&sent, 0, sizeof(sent));
	memset(&got, 0, sizeof(got));
	sent.worker = worker;
	sent.workers = workers;
	assert_int_equal(auditmsg_send_worker(&p.a, &sent), 0);
	receive(&imsg, AUDIT_WORKER);
	if ((r = auditmsg_get_worker(&imsg, &got)) == 0) {
		assert_int_equal(got.worker, worker);
		assert_int_equal(got.workers, workers);
	}
	imsg_free(&imsg);
	return (r);
}

static void
workers(void **state)
{
	static const struct audit_config good = { 1, true, true, 1, 1, 2, 3 };
	size_t				 len;

	(void)state;
	assert_int_equal(worker_of(1, 1), 0);
	assert_int_equal(worker_of(1, AUDIT_WORKERS), 0);
	assert_int_equal(worker_of(AUDIT_WORKERS, AUDIT_WORKERS), 0);
	/* There is none of that number, or there are not so many. */
	assert_int_equal(worker_of(0, 2), -1);
	assert_int_equal(worker_of(0, 0), -1);
	assert_int_equal(worker_of(1, 0), -1);
	assert_int_equal(worker_of(3, 2), -1);
	assert_int_equal(worker_of(1, AUDIT_WORKERS + 1), -1);
	assert_int_equal(worker_of(UINT32_MAX, UINT32_MAX), -1);
	assert_int_equal(auditmsg_send_worker(&p.a, &good), 0);
	len = encoded(AUDIT_WORKER, body, sizeof(body));
	exact(decode_worker, AUDIT_WORKER, body, len, false);
	assert_int_equal(decode_raw(decode_worker, AUDIT_CONFIG, body, len,
	    false), -1);
	noise(decode_worker, AUDIT_WORKER, body, len, false);
}

static void
name_is(uint32_t index, const char *text)
{
	struct audit_name	 name;
	struct imsg		 imsg;

	assert_int_equal(auditmsg_send_name(&p.a, AUDIT_LINK, index, text),
	    0);
	receive(&imsg, AUDIT_LINK);
	assert_int_equal(auditmsg_get_name(&imsg, &name), 0);
	imsg_free(&imsg);
	assert_int_equal(name.index, index);
	assert_string_equal(name.name, text);
}

static void
names(void **state)
{
	char	 text[AUDIT_NAMEMAX + 2];
	size_t	 len;

	(void)state;
	name_is(0, "");
	name_is(0x01020304, "sequencer");
	fill_text(text, AUDIT_NAMEMAX);
	name_is(UINT32_MAX, text);
	assert_int_equal(auditmsg_send_name(&p.a, AUDIT_KEY, 1, text), 0);
	len = encoded(AUDIT_KEY, body, sizeof(body));
	exact(decode_name, AUDIT_KEY, body, len, false);
	noise(decode_name, AUDIT_KEY, body, len, false);
	/* A NUL in it, and one byte more than a name has. */
	body[10] = '\0';
	assert_int_equal(decode_raw(decode_name, AUDIT_KEY, body, len, false),
	    -1);
	body[5]++;
	memset(body + 6, 'x', AUDIT_NAMEMAX + 1);
	assert_int_equal(decode_raw(decode_name, AUDIT_KEY, body, len + 1,
	    false), -1);
	fill_text(text, AUDIT_NAMEMAX + 1);
	errno = 0;
	assert_int_equal(auditmsg_send_name(&p.a, AUDIT_KEY, 1, text), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(imsgbuf_queuelen(&p.a), 0);
}

/* ---- What the audit process says -------------------------------------- */

static void
text_is(const char *sent, size_t len)
{
	char		 text[AUDIT_TEXTMAX + 1];
	struct imsg	 imsg;

	assert_int_equal(auditmsg_send_failed(&p.a, sent), 0);
	receive(&imsg, AUDIT_FAILED);
	assert_int_equal(auditmsg_get_failed(&imsg, text), 0);
	imsg_free(&imsg);
	assert_int_equal(strlen(text), len);
	assert_memory_equal(text, sent, len);
}

static void
failures(void **state)
{
	char	 text[AUDIT_TEXTMAX + 2];

	(void)state;
	text_is("why", 3);
	fill_text(text, AUDIT_TEXTMAX);
	text_is(text, AUDIT_TEXTMAX);
	/* A longer one is cut. */
	fill_text(text, AUDIT_TEXTMAX + 1);
	text_is(text, AUDIT_TEXTMAX);
	/* There is always a reason. */
	assert_int_equal(decode_raw(decode_failed, AUDIT_FAILED, NULL, 0,
	    false), -1);
	memset(body, 'x', AUDIT_TEXTMAX + 1);
	assert_int_equal(decode_raw(decode_failed, AUDIT_FAILED, body,
	    AUDIT_TEXTMAX + 1, false), -1);
	body[7] = '\0';
	assert_int_equal(decode_raw(decode_failed, AUDIT_FAILED, body, 7,
	    false), 0);
	assert_int_equal(decode_raw(decode_failed, AUDIT_FAILED, body, 8,
	    false), -1);
	assert_int_equal(decode_raw(decode_failed, AUDIT_READY, body, 7,
	    false), -1);
	noise(decode_failed, AUDIT_FAILED, body, 200, false);
}

static void
where_arrives(void **state)
{
	struct audit_where	 sent, got;
	struct imsg		 imsg;
	size_t			 len;

	(void)state;
	memset(&sent, 0, sizeof(sent));
	sent.head.sequence = UINT64_MAX - 1;
	sent.torn = 0x0102030405060708;
	sent.tornlines = 0x1112131415161718;
	memset(sent.head.hash, 0x44, KECCAK_SIZE);
	memset(sent.tornhash, 0x55, KECCAK_SIZE);
	assert_int_equal(auditmsg_send_where(&p.a, &sent), 0);
	receive(&imsg, AUDIT_HEAD);
	assert_int_equal(auditmsg_get_where(&imsg, &got), 0);
	imsg_free(&imsg);
	assert_memory_equal(&got, &sent, sizeof(got));
	assert_int_equal(auditmsg_send_where(&p.a, &sent), 0);
	len = encoded(AUDIT_HEAD, body, sizeof(body));
	exact(decode_where, AUDIT_HEAD, body, len, false);
	noise(decode_where, AUDIT_HEAD, body, len, false);
	assert_int_equal(decode_raw(decode_where, AUDIT_WRITTEN, body, len,
	    false), -1);
	/* The last number that there is: no record could follow. */
	memset(body, 0xff, sizeof(sent.head.sequence));
	assert_int_equal(decode_raw(decode_where, AUDIT_HEAD, body, len,
	    false), -1);
}

static void
numbers(void **state)
{
	static const uint64_t	 cases[] = { 0, 1, 0x0102030405060708,
	    UINT64_MAX };
	struct imsg		 imsg;
	uint64_t		 n;
	size_t			 i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(auditmsg_send_number(&p.a, AUDIT_STALLED,
		    cases[i]), 0);
		receive(&imsg, AUDIT_STALLED);
		assert_int_equal(auditmsg_get_number(&imsg, &n), 0);
		imsg_free(&imsg);
		assert_true(n == cases[i]);
	}
	exact(decode_number, AUDIT_WRITTEN, &cases[2], sizeof(n), false);
}

/* ---- Records ---------------------------------------------------------- */

static void
append_is(const char *text, size_t len, bool sync, bool answer)
{
	struct audit_append	 sent = { 0x0102030405060708, sync, answer,
				    text, len };
	struct audit_append	 got;
	struct imsg		 imsg;

	assert_int_equal(auditmsg_send_append(&p.a, &sent), 0);
	receive(&imsg, AUDIT_APPEND);
	assert_int_equal(auditmsg_get_append(&imsg, &got), 0);
	assert_true(got.last == sent.last);
	assert_int_equal(got.sync, sync);
	assert_int_equal(got.answer, answer);
	assert_int_equal(got.len, len);
	assert_memory_equal(got.text, text, len);
	imsg_free(&imsg);
}

static void
records(void **state)
{
	static char		 text[AUDIT_BATCH + 1];
	struct audit_append	 longer = { 1, true, true, text,
				    sizeof(text) };

	(void)state;
	memset(text, 'r', sizeof(text));
	append_is("\n", 1, false, false);
	append_is("a\nb\n", 4, true, false);
	append_is("a\n", 2, false, true);
	text[AUDIT_BATCH - 1] = '\n';
	append_is(text, AUDIT_BATCH, true, true);
	errno = 0;
	assert_int_equal(auditmsg_send_append(&p.a, &longer), -1);
	assert_int_equal(errno, ERANGE);
	assert_int_equal(imsgbuf_queuelen(&p.a), 0);
}

static void
records_refused(void **state)
{
	struct audit_append	 append = { 1, true, true, "ab\n", 3 };
	size_t			 len, n;

	(void)state;
	assert_int_equal(auditmsg_send_append(&p.a, &append), 0);
	len = encoded(AUDIT_APPEND, body, sizeof(body));
	assert_int_equal(len, 13);
	/* Not without an end, and not empty. */
	for (n = 0; n < len; n++)
		assert_int_equal(decode_raw(decode_append, AUDIT_APPEND, body,
		    n, false), -1);
	assert_int_equal(decode_raw(decode_append, AUDIT_APPEND, body, len,
	    false), 0);
	assert_int_equal(decode_raw(decode_append, AUDIT_SWITCH, body, len,
	    false), -1);
	for (n = 8; n < 10; n++) {
		body[n] = 2;
		assert_int_equal(decode_raw(decode_append, AUDIT_APPEND, body,
		    len, false), -1);
		body[n] = 1;
	}
	noise(decode_append, AUDIT_APPEND, body, len, false);
	/* As long as it may be, and by a byte longer. */
	memset(body, 0, 10);
	memset(body + 10, '\n', AUDIT_BATCH + 1);
	assert_int_equal(decode_raw(decode_append, AUDIT_APPEND, body,
	    10 + AUDIT_BATCH, false), 0);
	assert_int_equal(decode_raw(decode_append, AUDIT_APPEND, body,
	    10 + AUDIT_BATCH + 1, false), -1);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, open_channel,	\
		    channel_close)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(nothing),
		TEST(descriptor),
		TEST(config_arrives),
		TEST(config_refused),
		TEST(workers),
		TEST(names),
		TEST(failures),
		TEST(where_arrives),
		TEST(numbers),
		TEST(records),
		TEST(records_refused)
	};

	return (cmocka_run_group_tests_name("auditmsg", tests, NULL, NULL));
}
