/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/proc.o common/log.o common/log_render.o compat/imsg.o
 * compat/imsg-buffer.o common/hex.o common/u256.o */

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>

#include <limits.h>
#include <signal.h>
#include <stdlib.h>

#include "common/proc.h"
#include "regress/unit/forked.h"

/*
 * proc_start() starts this very program, whose main() then tells by what it
 * finds itself started: text on descriptor 3, until that is closed.
 */
#ifdef __GLIBC__
#define MALLOC	"env GLIBC_TUNABLES=glibc.malloc.tcache_count=0\n"
#else
#define MALLOC
#endif
#ifdef SIGNERD_SANITIZE
#define ENVIRONMENT	MALLOC						\
			"env ASAN_OPTIONS=detect_leaks=0:abort_on_error=0\n" \
			"env UBSAN_OPTIONS=print_stacktrace=1\n"
#define NULL_FDS	"fd 0 null\nfd 1 null\nfd 2 other\n"
#else
#define ENVIRONMENT	MALLOC
#define NULL_FDS	"fd 0 null\nfd 1 null\nfd 2 null\n"
#endif

/* What a program built for coverage has set by itself before its main(). */
#ifdef SIGNERD_COVERAGE
#define RUNTIME		"__LLVM_PROFILE_RT_INIT_ONCE="
#else
#define RUNTIME		"="
#endif

#define LAST_FD		1023

extern char	**environ;

static const struct proc_user	 nobody = { 0, 0, NULL };
static char			 self_dir[PATH_MAX], *self_name;

static void
tell_descriptor(int fd)
{
	struct stat	 st;

	if (fcntl(fd, F_GETFD) == -1)
		return;
	if (fstat(fd, &st) == -1)
		dprintf(PROC_PARENT_FD, "fd %d fstat\n", fd);
	else if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3))
		dprintf(PROC_PARENT_FD, "fd %d null\n", fd);
	else if (S_ISSOCK(st.st_mode))
		dprintf(PROC_PARENT_FD, "fd %d socket%s%s\n", fd,
		    (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0 ? " nonblock" : "",
		    (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0 ? " cloexec" : "");
	else
		dprintf(PROC_PARENT_FD, "fd %d other\n", fd);
}

static int
helper(int argc, char **argv)
{
	sigset_t	 mask;
	int		 i;

	for (i = 0; i < argc; i++)
		dprintf(PROC_PARENT_FD, "arg %s\n", argv[i]);
	for (i = 0; environ[i] != NULL; i++)
		if (strncmp(environ[i], RUNTIME, sizeof(RUNTIME) - 1) != 0)
			dprintf(PROC_PARENT_FD, "env %s\n", environ[i]);
	for (i = 0; i <= LAST_FD; i++)
		tell_descriptor(i);
	sigprocmask(SIG_BLOCK, NULL, &mask);
	for (i = 1; i < NSIG; i++)
		if (sigismember(&mask, i) == 1)
			dprintf(PROC_PARENT_FD, "blocked %d\n", i);
	return (17);
}

/* All that a child says until it has ended as a helper does. */
static void
read_child(const struct proc_child *child, char *text, size_t size)
{
	size_t	 len = 0;
	ssize_t	 n;
	int	 status;

	want(fcntl(child->fd, F_SETFL, 0) == 0);
	while ((n = read(child->fd, text + len, size - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	close(child->fd);
	want(waitpid(child->pid, &status, 0) == child->pid);
	want(WIFEXITED(status) && WEXITSTATUS(status) == 17);
}

static void
expect_child(const struct proc_user *user, enum log_level level,
    const char *args)
{
	struct proc_child	 child = { 0, -1 };
	char			 text[8192], expected[8192];

	want(proc_start(&child, self_dir, self_name, user, level) == 0);
	want(child.pid > 0);
	want((fcntl(child.fd, F_GETFL) & O_NONBLOCK) != 0);
	want((fcntl(child.fd, F_GETFD) & FD_CLOEXEC) != 0);
	read_child(&child, text, sizeof(text));
	snprintf(expected, sizeof(expected), "arg %s\n%s" ENVIRONMENT NULL_FDS
	    "fd 3 socket nonblock\n", self_name, args);
	if (strcmp(text, expected) != 0)
		dprintf(FORKED_ERR, "got:\n%s\nnot:\n%s\n", text, expected);
	want(strcmp(text, expected) == 0);
}

static void
do_command_lines(void *arg)
{
	struct proc_user	 user = { 12345, 4294967294U, "/a b/c" };

	(void)arg;
	expect_child(&nobody, LOG_LVL_ERROR, "arg -l\narg error\n");
	expect_child(&nobody, LOG_LVL_WARN, "arg -l\narg warn\n");
	expect_child(&nobody, LOG_LVL_INFO, "arg -l\narg info\n");
	expect_child(&user, LOG_LVL_DEBUG, "arg -l\narg debug\n"
	    "arg -c\narg /a b/c\narg -u\narg 12345\n"
	    "arg -g\narg 4294967294\n");
}

static void
command_lines(void **state)
{
	(void)state;
	forked_exits(do_command_lines, NULL, 0);
}

/* A parent with an environment, descriptors and blocked signals. */
static void
do_nothing_inherited(void *arg)
{
	sigset_t	 mask;
	int		 fd, i;

	(void)arg;
	want(setenv("LD_LIBRARY_PATH", "/nowhere", 1) == 0);
	want(setenv("SECRET", "x", 1) == 0);
	for (i = 0; i < 200; i++)
		want(open("/", O_RDONLY) != -1);
	want((fd = open("/", O_RDONLY)) != -1);
	want(dup2(fd, LAST_FD) == LAST_FD);
	sigfillset(&mask);
	want(sigprocmask(SIG_BLOCK, &mask, NULL) == 0);
	expect_child(&nobody, LOG_LVL_INFO, "arg -l\narg info\n");
	/* What is the parent's is still so. */
	want(fcntl(LAST_FD, F_GETFD) == 0);
	want(getenv("SECRET") != NULL);
}

static void
nothing_inherited(void **state)
{
	struct rlimit	 rl;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &rl), 0);
	if (rl.rlim_cur <= LAST_FD)
		skip();
	forked_exits(do_nothing_inherited, NULL, 0);
}

/*
 * Whichever low descriptors are free when the socketpair and the pipe are
 * made, they do not get into each other's way.
 */
static void
do_any_descriptors(void *arg)
{
	struct proc_child	 child;
	unsigned int		 closed = *(unsigned int *)arg;
	int			 fd;

	for (fd = 0; fd < 7; fd++)
		if (fcntl(fd, F_GETFD) == -1)
			want(dup2(FORKED_ERR, fd) == fd);
	for (fd = 0; fd < 7; fd++)
		if (closed & 1U << fd)
			close(fd);
	want(proc_start(&child, self_dir, "no-such-program", &nobody,
	    LOG_LVL_INFO) == -1);
	want(errno == ENOENT);
	expect_child(&nobody, LOG_LVL_INFO, "arg -l\narg info\n");
}

static void
any_descriptors(void **state)
{
	unsigned int	 closed;

	(void)state;
	for (closed = 0; closed < 1U << 7; closed++) {
#ifdef SIGNERD_SANITIZE
		/* The helper's runtime is slow to start, and wants a 2. */
		if (closed % 5 != 0 || closed & 1U << 2)
			continue;
#endif
		forked_exits(do_any_descriptors, &closed, 0);
	}
}

static int
count_fds(void)
{
	int	 fd, n = 0;

	for (fd = 0; fd <= LAST_FD; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return (n);
}

static void
expect_failure(const char *dir, const char *name, int error)
{
	struct proc_child	 child = { -5, -6 };
	int			 fds = count_fds();

	errno = 0;
	assert_int_equal(proc_start(&child, dir, name, &nobody,
	    LOG_LVL_INFO), -1);
	assert_int_equal(errno, error);
	assert_int_equal(child.pid, -5);
	assert_int_equal(child.fd, -6);
	/* Nothing is left of it. */
	assert_int_equal(count_fds(), fds);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void
failures(void **state)
{
	char	 text[] = "/tmp/test_proc.XXXXXX", path[PATH_MAX];
	int	 fd;

	(void)state;
	expect_failure(self_dir, "no-such-program", ENOENT);
	expect_failure("/nonexistent", self_name, ENOENT);
	expect_failure("/", "tmp", EACCES);
	expect_failure("/dev/null", "x", ENOTDIR);
	memset(path, 'a', sizeof(path));
	path[sizeof(path) - 2] = '\0';
	expect_failure(path, "b", ENAMETOOLONG);
	assert_int_not_equal(fd = mkstemp(text), -1);
	assert_int_equal(write(fd, "neither\n", 8), 8);
	expect_failure("/tmp", text + 5, EACCES);
	assert_int_equal(fchmod(fd, 0700), 0);
	close(fd);
	expect_failure("/tmp", text + 5, ENOEXEC);
	assert_int_equal(unlink(text), 0);
}

/* At each point where descriptors can run out. */
static void
do_no_descriptors(void *arg)
{
	struct proc_child	 child;
	struct rlimit		 rl;
	int			 fds, spare, fd;

	(void)arg;
	want(dup2(FORKED_ERR, 0) == 0 && dup2(FORKED_ERR, 1) == 1);
	for (fd = 3; fd <= LAST_FD; fd++)
		close(fd);
	fds = count_fds();
	want(fds == 3);
	for (spare = 0; spare < 5; spare++) {
		want(getrlimit(RLIMIT_NOFILE, &rl) == 0);
		rl.rlim_cur = (rlim_t)(3 + spare);
		want(setrlimit(RLIMIT_NOFILE, &rl) == 0);
		want(proc_start(&child, self_dir, self_name, &nobody,
		    LOG_LVL_INFO) == -1);
		want(errno == EMFILE);
		want(count_fds() == fds);
		want(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
	}
}

static void
no_descriptors(void **state)
{
	(void)state;
	forked_exits(do_no_descriptors, NULL, 0);
}

static void
expect_status(int status, const char *expected)
{
	char	 text[64];

	proc_status(status, text, sizeof(text));
	assert_string_equal(text, expected);
}

static void
do_exit(void *arg)
{
	_exit(*(int *)arg);
}

static void
do_kill(void *arg)
{
	struct rlimit	 rl = { 0, 0 };

	setrlimit(RLIMIT_CORE, &rl);
	signal(*(int *)arg, SIG_DFL);
	kill(getpid(), *(int *)arg);
	pause();
}

static void
status_texts(void **state)
{
	static const struct {
		int		 n;
		const char	*text;
	} signals[] = {
		{ SIGKILL, "killed by signal 9 (Killed)" },
		{ SIGSEGV, "killed by signal 11 (Segmentation fault)" },
		{ SIGTERM, "killed by signal 15 (Terminated)" },
		{ SIGSYS, "killed by signal 31 (Bad system call)" }
	};
	struct forked	 r;
	char		 small[8];
	size_t		 i;
	int		 n;

	(void)state;
	for (n = 0; n < 256; n += 51) {
		snprintf(r.text, sizeof(r.text), "exited with status %d", n);
		expect_status(n << 8, r.text);
	}
	n = 3;
	forked_run(&r, do_exit, &n);
	expect_status(r.status, "exited with status 3");
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		n = signals[i].n;
		forked_run(&r, do_kill, &n);
		expect_status(r.status, signals[i].text);
		/* With a core file as well. */
		expect_status(r.status | 0x80, signals[i].text);
	}
	proc_status(9, small, sizeof(small));
	assert_string_equal(small, "killed ");
}

static void
pairs(void **state)
{
	char	 c = 'x';
	int	 fds[2], i;

	(void)state;
	assert_int_equal(proc_socketpair(fds), 0);
	for (i = 0; i < 2; i++) {
		assert_int_equal(fcntl(fds[i], F_GETFD), FD_CLOEXEC);
		assert_true((fcntl(fds[i], F_GETFL) & O_NONBLOCK) != 0);
		assert_int_equal(write(fds[i], &c, 1), 1);
		assert_int_equal(read(fds[1 - i], &c, 1), 1);
	}
	close(fds[0]);
	close(fds[1]);
}

/* How much it holds while nobody reads. */
static size_t
held(int size)
{
	char	 block[512];
	size_t	 n = 0;
	int	 fds[2];

	memset(block, 0, sizeof(block));
	assert_int_equal(proc_socketpair(fds), 0);
	if (size > 0)
		proc_socket_room(fds[0], size);
	while (write(fds[0], block, sizeof(block)) > 0)
		n++;
	assert_int_equal(errno, EAGAIN);
	close(fds[0]);
	close(fds[1]);
	return (n);
}

/* The system gives that much to everybody, or a part of it. */
static void
socket_room(void **state)
{
	size_t	 usual = held(0);

	(void)state;
	assert_true(held(4 * 1024 * 1024) > usual + usual / 2);
	assert_true(held(4096) < usual);
}

/* ---- How a process begins -------------------------------------------- */

static int
is_null(int fd)
{
	struct stat	 st;

	return (fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) &&
	    st.st_rdev == makedev(1, 3));
}

static void
do_sane_fds(void *arg)
{
	int	 closed = *(int *)arg, fd;

	for (fd = 0; fd < 8; fd++)
		want(fd <= 2 || dup2(FORKED_ERR, fd) == fd);
	want(dup2(FORKED_ERR, 700) == 700);
	want(dup2(FORKED_ERR, 0) == 0 && dup2(FORKED_ERR, 1) == 1);
	for (fd = 0; fd <= 2; fd++)
		if (closed & 1 << fd)
			close(fd);
	proc_sane_fds();
	for (fd = 0; fd <= 2; fd++)
		want(is_null(fd) == ((closed & 1 << fd) != 0));
	for (fd = 3; fd <= LAST_FD; fd++)
		want(fcntl(fd, F_GETFD) == -1);
}

static void
sane_fds(void **state)
{
	int	 closed;

	(void)state;
	for (closed = 0; closed < 8; closed++)
		forked_exits(do_sane_fds, &closed, 0);
}

static void
do_child_init(void *arg)
{
	static const int	 ignored[] = {
		SIGHUP, SIGINT, SIGTERM, SIGPIPE, SIGUSR1, SIGUSR2
	};
	struct rlimit		 rl;
	size_t			 i;

	(void)arg;
	proc_child_init();
	for (i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		want(kill(getpid(), ignored[i]) == 0);
	want(getrlimit(RLIMIT_CORE, &rl) == 0);
	want(rl.rlim_cur == 0 && rl.rlim_max == 0);
}

static void
child_init(void **state)
{
	(void)state;
	forked_exits(do_child_init, NULL, 0);
}

/* ---- The command line of a child ------------------------------------- */

#define ARGS_MAX	12

struct line {
	char			*argv[ARGS_MAX];
	int			 nofd;	/* there is no descriptor 3 */
	struct proc_args	 args;	/* expected */
};

static void
do_parse(void *arg)
{
	struct line		*l = arg;
	struct proc_args	 args;
	int			 argc = 0;

	while (l->argv[argc] != NULL)
		argc++;
	if (l->nofd)
		close(PROC_PARENT_FD);
	else
		want(dup2(FORKED_ERR, PROC_PARENT_FD) == PROC_PARENT_FD);
	memset(&args, 0x5a, sizeof(args));
	proc_parse_args(&args, argc, l->argv);
	want(args.level == l->args.level);
	want(args.user.uid == l->args.user.uid);
	want(args.user.gid == l->args.user.gid);
	want((args.user.chroot == NULL) == (l->args.user.chroot == NULL));
	if (args.user.chroot != NULL)
		want(strcmp(args.user.chroot, l->args.user.chroot) == 0);
}

static void
good_lines(void **state)
{
	struct line	 lines[] = {
		{ { "keyd", "-l", "error", NULL }, 0,
		  { LOG_LVL_ERROR, { 0, 0, NULL } } },
		{ { "keyd", "-l", "debug", NULL }, 0,
		  { LOG_LVL_DEBUG, { 0, 0, NULL } } },
		{ { "keyd", NULL }, 0, { LOG_LVL_INFO, { 0, 0, NULL } } },
		{ { "keyd", "-l", "warn", "-c", "/var/empty", "-u", "1",
		    "-g", "4294967294", NULL }, 0,
		  { LOG_LVL_WARN, { 1, 4294967294U, "/var/empty" } } }
	};
	size_t		 i;

	(void)state;
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		forked_exits(do_parse, &lines[i], 0);
}

static void
bad_lines(void **state)
{
	static const char	 hand[] = "not to be run by hand";
	static const char	 number[] = "bad number";
	static const char	 root[] = "will not run as root";
	static const struct {
		const char	*text;
		struct line	 line;
	} bad[] = {
		{ "unknown log level", { .argv = { "k", "-l", "all" } } },
		{ "unknown log level", { .argv = { "k", "-l", "" } } },
		{ hand, { .argv = { "k", "-l" } } },
		{ hand, { .argv = { "k", "-x" } } },
		{ hand, { .argv = { "k", "-l", "info", "more" } } },
		{ hand, { .argv = { "k", "more" } } },
		{ hand, { .argv = { "k", "-l", "info" }, .nofd = 1 } },
		{ number, { .argv = { "k", "-c", "/", "-u", "", "-g", "1" } } },
		{ number, { .argv = { "k", "-u", "1x" } } },
		{ number, { .argv = { "k", "-u", "-1" } } },
		{ number, { .argv = { "k", "-g", "4294967295" } } },
		{ number, { .argv = { "k", "-g", "18446744073709551616" } } },
		{ number, { .argv = { "k", "-u", "root" } } },
		{ root, { .argv = { "k", "-c", "/", "-u", "0", "-g", "1" } } },
		{ root, { .argv = { "k", "-c", "/", "-u", "1", "-g", "0" } } },
		{ root, { .argv = { "k", "-c", "/", "-u", "1" } } },
		{ root, { .argv = { "k", "-c", "/", "-g", "1" } } },
		{ root, { .argv = { "k", "-c", "/" } } }
	};
	struct line		 line;
	size_t			 i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		line = bad[i].line;
		forked_dies(do_parse, &line, bad[i].text);
	}
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(command_lines),
		cmocka_unit_test(nothing_inherited),
		cmocka_unit_test(any_descriptors),
		cmocka_unit_test(failures),
		cmocka_unit_test(no_descriptors),
		cmocka_unit_test(status_texts),
		cmocka_unit_test(pairs),
		cmocka_unit_test(socket_room),
		cmocka_unit_test(sane_fds),
		cmocka_unit_test(child_init),
		cmocka_unit_test(good_lines),
		cmocka_unit_test(bad_lines)
	};
	ssize_t	 n;

	if (argc > 1)
		return (helper(argc, argv));
	n = readlink("/proc/self/exe", self_dir, sizeof(self_dir) - 1);
	if (n <= 0 || (self_name = strrchr(self_dir, '/')) == NULL)
		return (1);
	*self_name++ = '\0';
	log_init("test");
	return (cmocka_run_group_tests_name("proc", tests, NULL, NULL));
}
