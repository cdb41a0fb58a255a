/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_UNIT_LOG_UTIL_H
#define REGRESS_UNIT_LOG_UTIL_H

#include <sys/socket.h>
#include <sys/syscall.h>

#include <time.h>

#include "common/log.h"
#include "compat/imsg.h"
#include "regress/unit/forked.h"

/*
 * For the tests of common/log.h: a clock that the test sets, what is written
 * on stderr, and the channel by which a child's records come to its parent.
 */
static struct timespec	 fake_monotonic = { 1000, 0 };

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	/* libevent has one that is coarse. */
	if (id != CLOCK_REALTIME) {
		*ts = fake_monotonic;
		return (0);
	}
	return ((int)syscall(SYS_clock_gettime, id, ts));
}

/* ---- stderr, caught -------------------------------------------------- */

static char	 caught[1024 * 1024];
static int	 real_stderr;
static FILE	*catcher;

/* No assertions between these two: their texts would be caught as well. */
static inline void
catch_begin(void)
{
	assert_non_null(catcher = tmpfile());
	fflush(stderr);
	real_stderr = dup(STDERR_FILENO);
	dup2(fileno(catcher), STDERR_FILENO);
}

/* What was written, and how many lines. */
static inline size_t
catch_end(void)
{
	size_t	 n, i, lines = 0;

	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	rewind(catcher);
	n = fread(caught, 1, sizeof(caught) - 1, catcher);
	caught[n] = '\0';
	fclose(catcher);
	for (i = 0; i < n; i++)
		lines += caught[i] == '\n';
	return (lines);
}

/* ---- From a child to its parent -------------------------------------- */

static struct imsgbuf	 child, parent;
static int		 pair[2];

static inline int
channel_open(void **state)
{
	(void)state;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == -1 ||
	    imsgbuf_init(&child, pair[0]) == -1 ||
	    imsgbuf_init(&parent, pair[1]) == -1)
		return (-1);
	return (0);
}

static inline int
channel_close(void **state)
{
	(void)state;
	log_to_parent(NULL, NULL);
	log_set_rate(5000);
	log_set_level(LOG_LVL_INFO);
	imsgbuf_clear(&child);
	imsgbuf_clear(&parent);
	close(pair[0]);
	close(pair[1]);
	return (0);
}

/* The next message of the child's. */
static inline void
receive(struct imsg *imsg)
{
	ssize_t	 n;

	while ((n = imsg_get(&parent, imsg)) == 0) {
		assert_int_equal(imsgbuf_write(&child), 0);
		assert_int_equal(imsgbuf_read(&parent), 1);
	}
	assert_true(n > 0);
	assert_int_equal(imsg_get_type(imsg), LOG_MSG);
}

/* Hands the next one over: how many lines are written, which are in caught. */
static inline size_t
hand_over(struct log_rate *rate)
{
	struct imsg	 imsg;
	size_t		 lines;

	receive(&imsg);
	catch_begin();
	log_child(&imsg, "keyd", rate);
	lines = catch_end();
	imsg_free(&imsg);
	return (lines);
}

#endif /* REGRESS_UNIT_LOG_UTIL_H */
