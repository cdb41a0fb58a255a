/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_UNIT_TRAILWORLD_H
#define REGRESS_UNIT_TRAILWORLD_H

#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include "common/clock.h"
#include "common/metrics.h"
#include "keyd/trail_record.h"
#include "regress/unit/keydworld.h"

/*
 * keyd's side of the audit trail where memory is short, the audit process does
 * not read or has gone, or the parent says what it should not.  The audit
 * process is the test.
 */
enum call {
	NOTHING, NO_CHANNEL, NO_ROOM, NO_SET, NO_NAME, NO_ANSWER, NO_APPEND,
	NO_SWITCH, NO_WRITE, NO_READ, NO_MESSAGE, TOO_LONG
};
static enum call	 failing;
static int		 its_error;		/* errno of it */

static bool
fails(enum call what)
{
	if (failing != what)
		return (false);
	errno = its_error;
	return (true);
}

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

/* Time passes while keyd waits, and then alone. */
static uint64_t		 the_time;
static void		(*while_waiting)(void);

static int
wait_for(const struct pollfd *pfd, int ms)
{
	assert_int_equal(pfd->fd, keyd.trail.ibuf.fd);
	assert_int_equal(pfd->events, POLLOUT);
	the_time += (uint64_t)ms * 1000;
	if (while_waiting != NULL)
		while_waiting();
	return (0);
}

static void
record(struct audit_line *line, const struct keyd *k, const struct channel *c,
    const struct request *request, const struct keyd_reply *reply,
    const char *text)
{
	trail_record(line, k, c, request, reply, text);
	line->cut |= failing == TOO_LONG;
}

#define fatal		ended
#define fatalx		ended
#define clock_us()	the_time
#define poll(pfd, n, ms)	wait_for(pfd, ms)
#define trail_record	record
#define imsgbuf_init(b, fd)						\
	(fails(NO_CHANNEL) ? -1 : imsgbuf_init(b, fd))
#define imsgbuf_set_maxsize(b, n)					\
	(fails(NO_ROOM) ? -1 : imsgbuf_set_maxsize(b, n))
#define imsgbuf_write(b)	(fails(NO_WRITE) ? -1 : imsgbuf_write(b))
#define imsgbuf_read(b)		(fails(NO_READ) ? -1 : imsgbuf_read(b))
#define imsg_get(b, imsg)						\
	(fails(NO_MESSAGE) ? -1 : imsg_get(b, imsg))
#define calloc(n, size)		(fails(NO_SET) ? NULL : calloc(n, size))
#define malloc(size)		(fails(NO_ANSWER) ? NULL : malloc(size))
#define strdup(s)		(fails(NO_NAME) ? NULL : strdup(s))
#define auditmsg_send_append(b, append)					\
	(fails(NO_APPEND) ? -1 : auditmsg_send_append(b, append))
#define auditmsg_send(b, type, fd)					\
	(fails(NO_SWITCH) ? -1 : auditmsg_send(b, type, fd))

#include "keyd/trail.c"

#undef clock_us
#undef poll
#undef imsgbuf_init
#undef imsgbuf_set_maxsize
#undef imsgbuf_write
#undef imsgbuf_read
#undef imsg_get
#undef calloc
#undef malloc
#undef strdup
#undef auditmsg_send
#undef auditmsg_send_append

#define QUEUE	64

static struct imsgbuf	 auditor;
static uint64_t		 last;		/* sequence that it has got */
static int		 switches;
static char		 event[32];	/* of its last record */

/* Alone in a function: a variable need not outlive a longjmp(3). */
static void
try_it(void (*f)(void))
{
	may_end = true;
	if (setjmp(end_of_keyd) == 0)
		f();
	may_end = false;
}

/* keyd ends by it, and says that. */
static void
ends(void (*f)(void), const char *text)
{
	last_words[0] = '\0';
	try_it(f);
	assert_string_equal(last_words, text);
}

/* ---- The audit process ------------------------------------------------ */

/* Each record follows from the one before. */
static void
take_records(const struct audit_append *append)
{
	const char		*p, *newline, *end = append->text + append->len;
	struct audit_record	 r;

	for (p = append->text; p < end; p = newline + 1) {
		newline = memchr(p, '\n', (size_t)(end - p));
		assert_non_null(newline);
		assert_null(audit_parse(p, (size_t)(newline - p), &r));
		assert_int_equal(r.sequence, ++last);
		snprintf(event, sizeof(event), "%.*s", (int)r.eventlen,
		    r.event);
	}
	assert_int_equal(append->last, last);
}

/* All that there is to read. */
static void
audit_reads(void)
{
	struct audit_append	 append;
	struct imsg		 imsg;

	while (has_more(auditor.fd)) {
		assert_int_equal(imsgbuf_read(&auditor), 1);
		while (imsg_get(&auditor, &imsg) > 0) {
			if (imsg_get_type(&imsg) == AUDIT_SWITCH)
				switches++;
			else {
				assert_int_equal(auditmsg_get_append(&imsg,
				    &append), 0);
				take_records(&append);
			}
			imsg_free(&imsg);
		}
	}
}

static void
audit_says(enum audit_msg type, uint64_t n)
{
	assert_int_equal(auditmsg_send_number(&auditor, type, n), 0);
	assert_int_equal(imsgbuf_write(&auditor), 0);
	trail_read(&keyd);
}

static void
audit_begins(void)
{
	static const struct audit_where	 where;

	assert_int_equal(auditmsg_send_where(&auditor, &where), 0);
	assert_int_equal(imsgbuf_write(&auditor), 0);
	trail_read(&keyd);
}

/* ---- keyd ------------------------------------------------------------- */

static void
tell_trail(uint32_t generation, bool newfile)
{
	struct audit_config	 config = { generation, true, newfile, 100000,
				    1000, 0, 0 };

	tell(1, generation, "client.example");
	assert_int_equal(auditmsg_send_config(&parent, &config), 0);
	assert_int_equal(auditmsg_send_name(&parent, AUDIT_KEY, 0, "k"), 0);
}

/* It waits for the audit process. */
static int
setup_waiting(void **state)
{
	int	 fd;

	(void)state;
	failing = NOTHING;
	its_error = ENOMEM;
	the_time = 1000000;
	while_waiting = NULL;
	last = 0;
	switches = 0;
	begin_keyd();
	tell_trail(1, false);
	tell_channel();
	make_pair(&auditor, &fd);
	assert_int_equal(imsgbuf_set_maxsize(&auditor, AUDIT_MSGSIZE), 0);
	assert_int_equal(auditmsg_send(&parent, AUDIT_CHANNEL, fd), 0);
	end(0);
	return (0);
}

static int
setup(void **state)
{
	setup_waiting(state);
	audit_begins();
	assert_int_equal(imsgbuf_write(&keyd.parent), 0);
	assert_int_equal(hear(&parent), KEYD_READY);
	audit_reads();
	assert_int_equal(last, 1);
	assert_string_equal(event, "start");
	return (0);
}

static int
teardown(void **state)
{
	struct trail_held	*held;

	(void)state;
	failing = NOTHING;
	while ((held = STAILQ_FIRST(&keyd.trail.held)) != NULL) {
		STAILQ_REMOVE_HEAD(&keyd.trail.held, entry);
		free(held);
	}
	if (keyd.trail.on && keyd.trail.lost == 0)
		drop(&keyd.trail.ibuf);
	drop(&auditor);
	end_keyd();
	log_set_level(LOG_LVL_INFO);
	return (0);
}

/* What became of a request, which was refused. */
static void
refuse(void)
{
	struct keyd_reply	 reply;
	struct request		 request;

	memset(&request, 0, sizeof(request));
	request.method = METHOD_TRANSACTION;
	snprintf(request.client, sizeof(request.client), "client.example");
	memset(&reply, 0, sizeof(reply));
	reply.refusal = REFUSAL_GAS;
	reply.rule = POLICY_NORULE;
	trail_request(&keyd, &keyd.channels[0], &request, &reply, NULL);
}

/* So many that there is no room for another. */
static void
fill_batch(void)
{
	while (AUDIT_BATCH - keyd.trail.len >= AUDIT_LINEMAX)
		refuse();
}

#endif /* REGRESS_UNIT_TRAILWORLD_H */
