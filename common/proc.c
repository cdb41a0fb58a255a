/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/proc.h"

int
proc_socketpair(int fds[2])
{
	return (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0, fds));
}

/* Some systems give the most that they can, others nothing of too much. */
void
proc_socket_room(int fd, int size)
{
#ifdef SO_SNDBUFFORCE
	/* Over the limit for everybody, where we may. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size,
	    sizeof(size)) == 0)
		return;
#endif
	while (size > 0 && setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size,
	    sizeof(size)) == -1)
		size /= 2;
}

/* Closes what is open at or above from, without knowing the highest. */
static void
close_from(int from)
{
#ifdef __linux__
	struct dirent	*e;
	DIR		*d;
	long		 fd;
	char		*end;

#ifdef SYS_close_range
	if (syscall(SYS_close_range, (unsigned int)from, ~0U, 0) == 0)
		return;
#endif
	if ((d = opendir("/proc/self/fd")) != NULL) {
		while ((e = readdir(d)) != NULL) {
			fd = strtol(e->d_name, &end, 10);
			if (end != e->d_name && *end == '\0' && fd >= from &&
			    fd != dirfd(d))
				close((int)fd);
		}
		closedir(d);
	}
#else
	closefrom(from);
#endif
}

void
proc_sane_fds(void)
{
	int	 fd;

	do {
		if ((fd = open("/dev/null", O_RDWR)) == -1)
			fatal("/dev/null");
	} while (fd <= STDERR_FILENO);
	close_from(STDERR_FILENO + 1);
}

/* Points 0, 1 and (but for sanitizer builds) 2 at /dev/null. */
static int
null_stdio(void)
{
	int	 fd, i, last = STDERR_FILENO;

#ifdef SIGNERD_SANITIZE
	/* The sanitizers' reports go there. */
	last = STDOUT_FILENO;
#endif
	if ((fd = open("/dev/null", O_RDWR | O_CLOEXEC)) == -1)
		return (-1);
	for (i = STDIN_FILENO; i <= last; i++)
		if (dup2(fd, i) == -1)
			return (-1);
	if (fd > STDERR_FILENO)
		close(fd);
	return (0);
}

/*
 * In the child, between fork and exec.
 *
 * glibc's cache of free pieces for each thread holds some of every size, from
 * wherever they were freed last, and each of them holds back a page when
 * memory is given back (common/heap.h); whoever overwrites freed memory finds
 * it the least checked, too.
 */
static void
exec_child(int fd, int report, const char *path, char **argv)
{
	static char	*env[] = {
#ifdef __GLIBC__
		"GLIBC_TUNABLES=glibc.malloc.tcache_count=0",
#endif
#ifdef SIGNERD_SANITIZE
		"ASAN_OPTIONS=detect_leaks=0:abort_on_error=0",
		"UBSAN_OPTIONS=print_stacktrace=1",
#endif
		NULL
	};
	sigset_t	 none;
	int		 error, moved, kept = PROC_PARENT_FD + 1;

	/* fd and report may stand in each other's way: move report first. */
	if ((moved = fcntl(report, F_DUPFD_CLOEXEC, kept + 1)) == -1)
		goto fail;
	report = moved;
	if (fd == PROC_PARENT_FD) {
		if (fcntl(fd, F_SETFD, 0) == -1)
			goto fail;
	} else if (dup2(fd, PROC_PARENT_FD) == -1)
		goto fail;
	if (dup2(report, kept) == -1 || fcntl(kept, F_SETFD, FD_CLOEXEC) == -1)
		goto fail;
	report = kept;
	if (null_stdio() == -1)
		goto fail;
	close_from(kept + 1);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve(path, argv, env);
fail:
	error = errno;
	if (write(report, &error, sizeof(error)) == -1)
		_exit(1);
	_exit(1);
}

/* Waits for the exec, or for the reason why there was none. */
static int
await_exec(int report, pid_t pid)
{
	int	 error = 0;
	ssize_t	 n;

	do {
		n = read(report, &error, sizeof(error));
	} while (n == -1 && errno == EINTR);
	if (n == 0)
		return (0);
	if (n == -1)
		error = errno;
	else if (n != sizeof(error))
		error = EIO;
	/* Where nothing could be read, it may live. */
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		continue;
	errno = error;
	return (-1);
}

struct command {
	char	 path[PATH_MAX];
	char	 uid[16];
	char	 gid[16];
	char	*argv[12];
};

static int
build_command(struct command *c, const char *dir, const char *program,
    const char *name, const struct proc_user *user, enum log_level level)
{
	int	 n = 0, len;

	len = snprintf(c->path, sizeof(c->path), "%s/%s", dir, program);
	if (len < 0 || (size_t)len >= sizeof(c->path)) {
		errno = ENAMETOOLONG;
		return (-1);
	}
	c->argv[n++] = (char *)(uintptr_t)name;
	c->argv[n++] = "-l";
	c->argv[n++] = (char *)(uintptr_t)log_level_name(level);
	if (user->chroot != NULL) {
		snprintf(c->uid, sizeof(c->uid), "%u", (unsigned)user->uid);
		snprintf(c->gid, sizeof(c->gid), "%u", (unsigned)user->gid);
		c->argv[n++] = "-c";
		c->argv[n++] = (char *)(uintptr_t)user->chroot;
		c->argv[n++] = "-u";
		c->argv[n++] = c->uid;
		c->argv[n++] = "-g";
		c->argv[n++] = c->gid;
	}
	c->argv[n] = NULL;
	return (0);
}

int
proc_start(struct proc_child *child, const char *dir, const char *name,
    const struct proc_user *user, enum log_level level)
{
	return (proc_start_as(child, dir, name, name, user, level));
}

int
proc_start_as(struct proc_child *child, const char *dir, const char *program,
    const char *name, const struct proc_user *user, enum log_level level)
{
	struct command	 command;
	int		 pair[2], report[2], saved;
	pid_t		 pid;

	if (build_command(&command, dir, program, name, user, level) == -1 ||
	    proc_socketpair(pair) == -1)
		return (-1);
	if (pipe2(report, O_CLOEXEC) == -1) {
		saved = errno;
		close(pair[0]);
		close(pair[1]);
		errno = saved;
		return (-1);
	}
	if ((pid = fork()) == 0)
		exec_child(pair[1], report[1], command.path, command.argv);
	saved = errno;
	close(pair[1]);
	close(report[1]);
	errno = saved;
	if (pid == -1 || await_exec(report[0], pid) == -1) {
		saved = errno;
		close(pair[0]);
		close(report[0]);
		errno = saved;
		return (-1);
	}
	close(report[0]);
	child->pid = pid;
	child->fd = pair[0];
	return (0);
}

void
proc_status(int status, char *text, size_t size)
{
	if (WIFSIGNALED(status))
		snprintf(text, size, "killed by signal %d (%s)",
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(text, size, "exited with status %d",
		    WEXITSTATUS(status));
}

static unsigned long
number(const char *text)
{
	unsigned long	 n;
	char		*end;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno != 0 || text[strspn(text, "0123456789")] != '\0' ||
	    end == text || n > UINT_MAX - 1)
		fatalx("not started by its parent: bad number");
	return (n);
}

void
proc_parse_args(struct proc_args *args, int argc, char **argv)
{
	int	 c;

	memset(args, 0, sizeof(*args));
	args->level = LOG_LVL_INFO;
	while ((c = getopt(argc, argv, "l:c:u:g:")) != -1) {
		switch (c) {
		case 'l':
			if (log_level_parse(optarg, &args->level) == -1)
				fatalx("unknown log level");
			break;
		case 'c':
			args->user.chroot = optarg;
			break;
		case 'u':
			args->user.uid = (uid_t)number(optarg);
			break;
		case 'g':
			args->user.gid = (gid_t)number(optarg);
			break;
		default:
			fatalx("not to be run by hand: its parent starts it");
		}
	}
	if (optind != argc)
		fatalx("not to be run by hand: its parent starts it");
	if (args->user.chroot != NULL &&
	    (args->user.uid == 0 || args->user.gid == 0))
		fatalx("will not run as root");
	if (fcntl(PROC_PARENT_FD, F_GETFD) == -1)
		fatalx("not to be run by hand: its parent starts it");
}

void
proc_child_init(void)
{
	static const int	 ignored[] = {
		SIGHUP, SIGINT, SIGTERM, SIGPIPE, SIGUSR1, SIGUSR2
	};
	struct rlimit		 none = { 0, 0 };
	size_t			 i;

	for (i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	if (setrlimit(RLIMIT_CORE, &none) == -1)
		fatal("setrlimit");
}
