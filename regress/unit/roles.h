/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_UNIT_ROLES_H
#define REGRESS_UNIT_ROLES_H

#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/children.h"
#include "common/conf.h"
#include "common/daemon.h"
#include "common/privdrop.h"
#include "common/sandbox.h"
#include "regress/unit/forked.h"

/*
 * For the tests of the daemons' parents: the real parent_run() in a forked
 * process, with this very program in the place of each child.  What a child
 * is told it says in log records, which come out on the parent's stderr.
 */

const struct sandbox	 sandbox_parent;

static char		 libexec[PATH_MAX];
static struct imsgbuf	 role_ibuf;
static const char	*role_name;

/* ---- In the place of what would change the process for good ----------- */

void
privdrop_parent(void)
{
}

void
sandbox_start(const struct sandbox *sandbox)
{
	(void)sandbox;
}

/* Ready: that is all that a test wants of it. */
void
daemon_ready(void)
{
	kill(getpid(), SIGTERM);
}

/* ---- A child ---------------------------------------------------------- */

static inline void
role_flush(void)
{
	struct pollfd	 pfd = { PROC_PARENT_FD, POLLOUT, 0 };

	while (imsgbuf_queuelen(&role_ibuf) > 0) {
		if (imsgbuf_write(&role_ibuf) == -1 && errno != EAGAIN)
			_exit(3);
		(void)poll(&pfd, 1, -1);
	}
}

/* In the order of leaving: a file in the working directory, theirs too. */
#define ORDER	"order"

static inline void
note_leaving(void)
{
	int	 fd = open(ORDER, O_WRONLY | O_APPEND);

	if (fd != -1 && dprintf(fd, "%s ", role_name) < 0)
		_exit(8);
}

static inline void
role_leave(void)
{
	role_flush();
	note_leaving();
	_exit(0);
}

static inline void
role_send(uint32_t type, const void *data, size_t len)
{
	if (imsg_compose(&role_ibuf, type, 0, 0, -1, data, len) == -1)
		_exit(4);
}

/* Hands messages to f until the parent is gone. */
static inline _Noreturn void
role_run(int argc, char **argv, void (*f)(struct imsg *))
{
	struct pollfd	 pfd = { PROC_PARENT_FD, POLLIN, 0 };
	struct proc_args args;
	struct imsg	 imsg;

	role_name = argv[0];
	log_init(role_name);
	proc_parse_args(&args, argc, argv);
	log_set_level(args.level);
	proc_child_init();
	if (imsgbuf_init(&role_ibuf, PROC_PARENT_FD) == -1)
		_exit(5);
	imsgbuf_allow_fdpass(&role_ibuf);
	log_to_parent(&role_ibuf, NULL);
	for (;;) {
		while (imsg_get(&role_ibuf, &imsg) > 0) {
			f(&imsg);
			imsg_free(&imsg);
		}
		role_flush();
		(void)poll(&pfd, 1, -1);
		/* The parent's end is closed: it is released. */
		if (imsgbuf_read(&role_ibuf) == 0) {
			note_leaving();
			_exit(0);
		}
	}
}

/* ---- A configuration -------------------------------------------------- */

/* An open file that holds this text; in the forked process. */
static inline int
open_with(const char *text)
{
	int	 fd;

	want((fd = open(libexec, O_TMPFILE | O_RDWR | O_CLOEXEC,
	    0600)) != -1);
	want(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	want(lseek(fd, 0, SEEK_SET) == 0);
	return (fd);
}

static inline void
give_file(struct conf_file *f, const char *path, const char *text)
{
	f->path = (char *)(uintptr_t)path;
	f->conf = "test.conf";
	f->line = 7;
	f->fd = open_with(text);
}

/* ---- A run ------------------------------------------------------------ */

/* A directory in which each of these names is this program. */
static inline void
make_libexec(const char *const *names)
{
	char		 self[PATH_MAX], path[PATH_MAX + 64];
	const char	*tmp = getenv("TMPDIR");
	ssize_t		 n;

	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	assert_true(n > 0);
	self[n] = '\0';
	snprintf(libexec, sizeof(libexec), "%s/signerd-roles.XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	assert_non_null(mkdtemp(libexec));
	for (; *names != NULL; names++) {
		snprintf(path, sizeof(path), "%s/%s", libexec, *names);
		assert_int_equal(symlink(self, path), 0);
	}
}

static inline void
remove_libexec(const char *const *names)
{
	char	 path[PATH_MAX + 64];

	for (; *names != NULL; names++) {
		snprintf(path, sizeof(path), "%s/%s", libexec, *names);
		unlink(path);
	}
	rmdir(libexec);
}

/* Around parent_run(), in the forked process: "left: a b" on stderr. */
static inline void
begin_order(void)
{
	int	 fd;

	want(chdir(libexec) == 0);
	want((fd = open(ORDER, O_CREAT | O_EXCL | O_WRONLY, 0600)) != -1);
	close(fd);
}

static inline void
end_order(void)
{
	char	 text[256] = "";
	int	 fd = open(ORDER, O_RDONLY);

	want(fd != -1 && read(fd, text, sizeof(text) - 1) != -1);
	close(fd);
	dprintf(FORKED_ERR, "left: %s\n", text);
	unlink(ORDER);
}

static inline void
has(const struct forked *r, const char *text)
{
	if (strstr(r->text, text) == NULL)
		print_error("no %s in:\n%s", text, r->text);
	assert_non_null(strstr(r->text, text));
}

static inline void
has_not(const struct forked *r, const char *text)
{
	if (strstr(r->text, text) != NULL)
		print_error("%s in:\n%s", text, r->text);
	assert_null(strstr(r->text, text));
}

/* In this order, whatever else is between. */
static inline void
in_order(const struct forked *r, const char *const *texts)
{
	const char	*at = r->text;

	for (; *texts != NULL; texts++) {
		if (strstr(at, *texts) == NULL)
			print_error("no %s in its place in:\n%s", *texts,
			    r->text);
		assert_non_null(at = strstr(at, *texts));
	}
}

static inline unsigned int
count_of(const struct forked *r, const char *text)
{
	const char	*at = r->text;
	unsigned int	 n = 0;

	while ((at = strstr(at, text)) != NULL) {
		at += strlen(text);
		n++;
	}
	return (n);
}

static inline void
left_with(const struct forked *r, int status)
{
	if (!WIFEXITED(r->status) || WEXITSTATUS(r->status) != status)
		print_error("status 0x%x:\n%s", (unsigned int)r->status,
		    r->text);
	assert_true(WIFEXITED(r->status));
	assert_int_equal(WEXITSTATUS(r->status), status);
}

#endif /* REGRESS_UNIT_ROLES_H */
