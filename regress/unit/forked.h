/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_UNIT_FORKED_H
#define REGRESS_UNIT_FORKED_H

#include <sys/types.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/*
 * For what ends or changes a process for good: it is done in a forked child.
 * A child must not use cmocka's assertions, which would have it go on with
 * the parent's tests; want() ends it and says why.
 */
#define FORKED_FAILED	99	/* exit status of a child that wanted more */
#define FORKED_ERR	900	/* where want() writes, whatever is closed */

struct forked {
	int	 status;	/* as of waitpid(2) */
	char	 text[16384];	/* of its stderr */
};

#define want(c)		want_at((c) != 0, #c, __LINE__)

static inline void
want_at(int ok, const char *what, int line)
{
	int	 saved = errno, fd;

	if (ok)
		return;
	fd = fcntl(FORKED_ERR, F_GETFD) != -1 ? FORKED_ERR : STDERR_FILENO;
	dprintf(fd, "\nline %d: %s (errno %d)\n", line, what, saved);
	_exit(FORKED_FAILED);
}

static inline void
forked_child(int out, void (*f)(void *), void *arg)
{
	if (dup2(out, STDERR_FILENO) == -1 || dup2(out, FORKED_ERR) == -1 ||
	    fcntl(FORKED_ERR, F_SETFD, FD_CLOEXEC) == -1)
		_exit(FORKED_FAILED);
	close(out);
	f(arg);
	_exit(0);
}

/* Runs f(arg) in a child; one that returns from it has exit status 0. */
static inline void
forked_run(struct forked *r, void (*f)(void *), void *arg)
{
	size_t	 len = 0;
	ssize_t	 n;
	pid_t	 pid;
	int	 p[2];

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	/* Else the child's exit(3) writes it a second time. */
	fflush(stdout);
	fflush(stderr);
	assert_int_not_equal(pid = fork(), -1);
	if (pid == 0) {
		close(p[0]);
		forked_child(p[1], f, arg);
	}
	close(p[1]);
	while ((n = read(p[0], r->text + len,
	    sizeof(r->text) - 1 - len)) > 0)
		len += (size_t)n;
	r->text[len] = '\0';
	close(p[0]);
	assert_int_equal(waitpid(pid, &r->status, 0), pid);
	if (WIFEXITED(r->status) && WEXITSTATUS(r->status) == FORKED_FAILED)
		print_error("%s", r->text);
}

static inline void
forked_exits(void (*f)(void *), void *arg, int status)
{
	struct forked	 r;

	forked_run(&r, f, arg);
	if (!WIFEXITED(r.status) || WEXITSTATUS(r.status) != status)
		print_error("status 0x%x: %s\n", (unsigned)r.status, r.text);
	assert_true(WIFEXITED(r.status));
	assert_int_equal(WEXITSTATUS(r.status), status);
}

/* It ends with exit status 1 and a text that holds this. */
static inline void
forked_dies(void (*f)(void *), void *arg, const char *text)
{
	struct forked	 r;

	forked_run(&r, f, arg);
	assert_true(WIFEXITED(r.status));
	assert_int_equal(WEXITSTATUS(r.status), 1);
	if (strstr(r.text, text) == NULL)
		print_error("no \"%s\" in: %s\n", text, r.text);
	assert_non_null(strstr(r.text, text));
}

static inline void
forked_killed(void (*f)(void *), void *arg, int sig)
{
	struct forked	 r;

	forked_run(&r, f, arg);
	if (!WIFSIGNALED(r.status))
		print_error("status 0x%x: %s\n", (unsigned)r.status, r.text);
	assert_true(WIFSIGNALED(r.status));
	assert_int_equal(WTERMSIG(r.status), sig);
}

#endif /* REGRESS_UNIT_FORKED_H */
