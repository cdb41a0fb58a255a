/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/sandbox.h"

/*
 * Takes the place of common/sandbox_nohook.c in the regress build: makes one
 * system call, named by SANDBOX_PROBE, before or after the sandbox closes
 * (SANDBOX_WHEN), and leaves with a status that tells what came of it.
 */
#define STATUS_WORKED	40
#define STATUS_FAILED	41
#define STATUS_UNKNOWN	42
#define STATUS_UNPREPARED	43

static long
probe_open(void)
{
	return (syscall(SYS_openat, AT_FDCWD, "/", O_RDONLY));
}

static long
probe_create(void)
{
	return (syscall(SYS_openat, AT_FDCWD, "/tmp", O_TMPFILE | O_RDWR,
	    0600));
}

static long
probe_socket(void)
{
	return (syscall(SYS_socket, AF_INET, SOCK_STREAM, 0));
}

static long
probe_packet(void)
{
	return (syscall(SYS_socket, AF_PACKET, SOCK_RAW, 0));
}

static long
probe_unix(void)
{
	return (syscall(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0));
}

static long
probe_netlink(void)
{
	return (syscall(SYS_socket, AF_NETLINK, SOCK_DGRAM, 0));
}

static long
probe_raw(void)
{
	return (syscall(SYS_socket, AF_INET, SOCK_RAW | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, IPPROTO_ICMP));
}

static long
probe_ping(void)
{
	return (syscall(SYS_socket, AF_INET, SOCK_DGRAM, IPPROTO_ICMP));
}

static long
probe_sctp(void)
{
	return (syscall(SYS_socket, AF_INET6, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, IPPROTO_SCTP));
}

static long
probe_socketpair(void)
{
	int	 fds[2];

	return (syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, fds));
}

/* What the dialer has: none of these kills it. */
static long
probe_dial(void)
{
	struct sockaddr_in	 sin;
	socklen_t		 len = sizeof(int);
	int			 error, one = 1;
	long			 fd;

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons(9);
	fd = syscall(SYS_socket, AF_INET, SOCK_DGRAM, 0);
	if (fd == -1 || syscall(SYS_fcntl, fd, F_SETFL, O_NONBLOCK) == -1 ||
	    syscall(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC) == -1)
		return (-1);
	fd = syscall(SYS_socket, AF_INET, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0);
	if (fd == -1 || syscall(SYS_setsockopt, fd, IPPROTO_TCP, TCP_NODELAY,
	    &one, sizeof(one)) == -1)
		return (-1);
	if (syscall(SYS_connect, fd, &sin, sizeof(sin)) == -1 &&
	    errno != EINPROGRESS && errno != ECONNREFUSED)
		return (-1);
	return (syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_ERROR, &error,
	    &len));
}

/* A socket to listen on, as a parent makes it: none of these kills it. */
static long
bind_stream(void)
{
	struct sockaddr_in	 sin;
	socklen_t		 len = sizeof(sin);
	int			 one = 1;
	long			 fd;

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = syscall(SYS_socket, AF_INET, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0);
	if (fd == -1 || syscall(SYS_setsockopt, fd, SOL_SOCKET, SO_REUSEADDR,
	    &one, sizeof(one)) == -1 ||
	    syscall(SYS_bind, fd, &sin, sizeof(sin)) == -1 ||
	    syscall(SYS_getsockname, fd, &sin, &len) == -1)
		return (-1);
	return (fd);
}

static long
probe_listener(void)
{
	return (syscall(SYS_listen, bind_stream(), 5));
}

/* Such a socket could connect as well: landlock refuses that. */
static long
probe_parent_connect(void)
{
	struct sockaddr_in	 sin;
	long			 fd = bind_stream();

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons(9);
	if (syscall(SYS_connect, fd, &sin, sizeof(sin)) == 0 ||
	    errno == ECONNREFUSED || errno == EINPROGRESS)
		return (0);
	return (-1);
}

static long
probe_getxattr(void)
{
	return (syscall(SYS_fgetxattr, 1000, "user.a", NULL, 0));
}

static long
probe_getfl(void)
{
	return (syscall(SYS_fcntl, 0, F_GETFL));
}

/* What could change a file that is open for appending. */
static long
probe_ftruncate(void)
{
	return (syscall(SYS_ftruncate, 0, 0L));
}

static long
probe_fallocate(void)
{
	return (syscall(SYS_fallocate, 0, 0, 0L, 1L));
}

static long
probe_pwrite(void)
{
	return (syscall(SYS_pwrite64, 1, "", 1L, 0L));
}

static long
probe_seek(void)
{
	return (syscall(SYS_lseek, 0, 0L, SEEK_SET));
}

static long
probe_dupfd(void)
{
	return (syscall(SYS_fcntl, 0, F_DUPFD, 10));
}

static long
probe_peercred(void)
{
	struct sockaddr_in	 own;
	socklen_t		 len = sizeof(own);

	return (syscall(SYS_getsockopt, 0, SOL_SOCKET, SO_PEERCRED, &own,
	    &len));
}

static long
probe_connect(void)
{
	struct sockaddr_in	 sin;

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons(9);
	return (syscall(SYS_connect, 0, &sin, sizeof(sin)));
}

static long
probe_bind(void)
{
	struct sockaddr_in	 sin;

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	return (syscall(SYS_bind, 0, &sin, sizeof(sin)));
}

static long
probe_listen(void)
{
	return (syscall(SYS_listen, 0, 1));
}

static long
probe_accept(void)
{
	return (syscall(SYS_accept4, 0, NULL, NULL, 0));
}

static long
probe_execve(void)
{
	static char	*argv[] = { NULL };

	return (syscall(SYS_execve, "/nonexistent", argv, argv));
}

static long
probe_fork(void)
{
	long	 pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	return (pid);
}

static long
probe_ptrace(void)
{
	/* The parent is a test: to attach to it would stop it. */
	return (syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0));
}

static long
probe_process_vm_readv(void)
{
	char		 byte;
	struct iovec	 local = { &byte, 1 }, remote = { &byte, 1 };

	return (syscall(SYS_process_vm_readv, getppid(), &local, 1, &remote,
	    1, 0));
}

static long
probe_kill(void)
{
	return (syscall(SYS_kill, getppid(), 0));
}

static long
probe_pidfd_open(void)
{
	return (syscall(SYS_pidfd_open, getppid(), 0));
}

static long
probe_mprotect_exec(void)
{
	void	*p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return (syscall(SYS_mprotect, p, 4096, PROT_READ | PROT_EXEC));
}

static long
probe_mmap_exec(void)
{
	return (syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == -1 ? -1 : 0);
}

static long
probe_memfd_create(void)
{
	return (syscall(SYS_memfd_create, "probe", 0));
}

static long
probe_prctl(void)
{
	return (syscall(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0));
}

static long
probe_setuid(void)
{
	return (syscall(SYS_setuid, 0));
}

/* All three; signerd's parent may change the effective one. */
static long
probe_setresgid(void)
{
	gid_t	 gid = getegid();

	return (syscall(SYS_setresgid, gid, gid, gid));
}

static long
probe_chroot(void)
{
	return (syscall(SYS_chroot, "/"));
}

static long
probe_mount(void)
{
	return (syscall(SYS_mount, "none", "/nonexistent", "tmpfs", 0, NULL));
}

static long
probe_unshare(void)
{
	return (syscall(SYS_unshare, CLONE_FILES));
}

static long
probe_unlink(void)
{
	return (syscall(SYS_unlinkat, AT_FDCWD, "/nonexistent", 0));
}

static long
probe_readlink(void)
{
	char	 target[8];

	return (syscall(SYS_readlinkat, AT_FDCWD, "/nonexistent", target,
	    sizeof(target)));
}

static long
probe_rename(void)
{
	return (syscall(SYS_renameat2, AT_FDCWD, "/nonexistent", AT_FDCWD,
	    "/nonexistent2", 0));
}

static long
probe_chmod(void)
{
	return (syscall(SYS_fchmodat, AT_FDCWD, "/nonexistent", 0777));
}

static long
probe_mkdir(void)
{
	return (syscall(SYS_mkdirat, AT_FDCWD, "/nonexistent/a", 0700));
}

static long
probe_tiocsti(void)
{
	char	 c = 'x';

	return (syscall(SYS_ioctl, 0, TIOCSTI, &c));
}

static long
probe_io_uring(void)
{
	return (syscall(SYS_io_uring_setup, 1, NULL));
}

static long
probe_bpf(void)
{
	return (syscall(SYS_bpf, 0, NULL, 0));
}

static long
probe_perf_event(void)
{
	return (syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0));
}

static long
probe_keyctl(void)
{
	return (syscall(SYS_keyctl, 0, -3, 0, 0, 0));
}

static long
probe_userfaultfd(void)
{
	return (syscall(SYS_userfaultfd, 0));
}

static long
probe_setsockopt(void)
{
	int	 one = 1;

	return (syscall(SYS_setsockopt, 0, SOL_SOCKET, SO_REUSEADDR, &one,
	    sizeof(one)));
}

/* ---- Sockets that were there before ------------------------------------ */

static struct sockaddr_in	 target;
static int			 listener = -1;

static int
listen_locally(struct sockaddr_in *sin)
{
	socklen_t	 len = sizeof(*sin);
	int		 fd;

	memset(sin, 0, sizeof(*sin));
	sin->sin_family = AF_INET;
	sin->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if ((fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) == -1 ||
	    bind(fd, (struct sockaddr *)sin, sizeof(*sin)) == -1 ||
	    listen(fd, 1) == -1 ||
	    getsockname(fd, (struct sockaddr *)sin, &len) == -1)
		_exit(STATUS_UNPREPARED);
	return (fd);
}

/* One to be misused, as the frontend has them, and one to be reached. */
static void
prepare_listener(void)
{
	struct sockaddr_in	 own;

	(void)listen_locally(&target);
	listener = listen_locally(&own);
}

static long
probe_fastopen_sendto(void)
{
	long	 n;

	n = syscall(SYS_sendto, listener, "out", 3, MSG_FASTOPEN |
	    MSG_NOSIGNAL, &target, sizeof(target));
	return (n == -1 && errno == EINPROGRESS ? 0 : n);
}

static long
probe_fastopen_sendmsg(void)
{
	struct iovec	 iov = { "out", 3 };
	struct msghdr	 msg;
	long		 n;

	memset(&msg, 0, sizeof(msg));
	msg.msg_name = &target;
	msg.msg_namelen = sizeof(target);
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	n = syscall(SYS_sendmsg, listener, &msg, MSG_FASTOPEN | MSG_NOSIGNAL);
	return (n == -1 && errno == EINPROGRESS ? 0 : n);
}

/* Once it listens no more it could connect, without connect(2). */
static long
probe_reconnect_sendto(void)
{
	if (syscall(SYS_shutdown, listener, SHUT_RDWR) == -1)
		return (-1);
	return (probe_fastopen_sendto());
}

static long
probe_reconnect_sendmsg(void)
{
	if (syscall(SYS_shutdown, listener, SHUT_RDWR) == -1)
		return (-1);
	return (probe_fastopen_sendmsg());
}

static long
set_option(int level, int option)
{
	int	 one = 1;

	return (syscall(SYS_setsockopt, listener, level, option, &one,
	    sizeof(one)));
}

static long
probe_tcp_fastopen(void)
{
	return (set_option(IPPROTO_TCP, TCP_FASTOPEN));
}

static long
probe_tcp_fastopen_connect(void)
{
	return (set_option(IPPROTO_TCP, TCP_FASTOPEN_CONNECT));
}

static long
probe_tcp_repair(void)
{
	return (set_option(IPPROTO_TCP, TCP_REPAIR));
}

static long
probe_tcp_ulp(void)
{
	return (set_option(IPPROTO_TCP, TCP_ULP));
}

static long
probe_tcp_nodelay(void)
{
	return (set_option(IPPROTO_TCP, TCP_NODELAY));
}

static long
probe_tcp_user_timeout(void)
{
	return (set_option(IPPROTO_TCP, TCP_USER_TIMEOUT));
}

/* TCP_NODELAY has this number on other levels too. */
static long
probe_ip_tos(void)
{
	return (set_option(IPPROTO_IP, TCP_NODELAY));
}

static const struct probe {
	const char	*name;
	long		(*call)(void);
	void		(*prepare)(void);	/* before the sandbox */
} probes[] = {
	{ "accept", probe_accept, NULL },
	{ "bind", probe_bind, NULL },
	{ "bpf", probe_bpf, NULL },
	{ "chmod", probe_chmod, NULL },
	{ "chroot", probe_chroot, NULL },
	{ "connect", probe_connect, NULL },
	{ "create", probe_create, NULL },
	{ "dial", probe_dial, NULL },
	{ "dupfd", probe_dupfd, NULL },
	{ "execve", probe_execve, NULL },
	{ "fastopen_sendmsg", probe_fastopen_sendmsg, prepare_listener },
	{ "fastopen_sendto", probe_fastopen_sendto, prepare_listener },
	{ "fallocate", probe_fallocate, NULL },
	{ "fork", probe_fork, NULL },
	{ "ftruncate", probe_ftruncate, NULL },
	{ "getfl", probe_getfl, NULL },
	{ "getxattr", probe_getxattr, NULL },
	{ "io_uring", probe_io_uring, NULL },
	{ "ip_tos", probe_ip_tos, prepare_listener },
	{ "keyctl", probe_keyctl, NULL },
	{ "kill", probe_kill, NULL },
	{ "listen", probe_listen, NULL },
	{ "memfd_create", probe_memfd_create, NULL },
	{ "listener", probe_listener, NULL },
	{ "mkdir", probe_mkdir, NULL },
	{ "mmap_exec", probe_mmap_exec, NULL },
	{ "mount", probe_mount, NULL },
	{ "mprotect_exec", probe_mprotect_exec, NULL },
	{ "netlink", probe_netlink, NULL },
	{ "open", probe_open, NULL },
	{ "packet", probe_packet, NULL },
	{ "peercred", probe_peercred, NULL },
	{ "parent_connect", probe_parent_connect, NULL },
	{ "perf_event", probe_perf_event, NULL },
	{ "pidfd_open", probe_pidfd_open, NULL },
	{ "ping", probe_ping, NULL },
	{ "prctl", probe_prctl, NULL },
	{ "process_vm_readv", probe_process_vm_readv, NULL },
	{ "pwrite", probe_pwrite, NULL },
	{ "ptrace", probe_ptrace, NULL },
	{ "raw", probe_raw, NULL },
	{ "readlink", probe_readlink, NULL },
	{ "reconnect_sendmsg", probe_reconnect_sendmsg, prepare_listener },
	{ "reconnect_sendto", probe_reconnect_sendto, prepare_listener },
	{ "rename", probe_rename, NULL },
	{ "sctp", probe_sctp, NULL },
	{ "seek", probe_seek, NULL },
	{ "setresgid", probe_setresgid, NULL },
	{ "setsockopt", probe_setsockopt, NULL },
	{ "setuid", probe_setuid, NULL },
	{ "socket", probe_socket, NULL },
	{ "socketpair", probe_socketpair, NULL },
	{ "tcp_fastopen", probe_tcp_fastopen, prepare_listener },
	{ "tcp_fastopen_connect", probe_tcp_fastopen_connect,
	    prepare_listener },
	{ "tcp_nodelay", probe_tcp_nodelay, prepare_listener },
	{ "tcp_repair", probe_tcp_repair, prepare_listener },
	{ "tcp_ulp", probe_tcp_ulp, prepare_listener },
	{ "tcp_user_timeout", probe_tcp_user_timeout, prepare_listener },
	{ "tiocsti", probe_tiocsti, NULL },
	{ "unix", probe_unix, NULL },
	{ "unlink", probe_unlink, NULL },
	{ "unshare", probe_unshare, NULL },
	{ "userfaultfd", probe_userfaultfd, NULL },
};

void
sandbox_hook(int entered)
{
	const char		*name = getenv("SANDBOX_PROBE");
	const char		*when = getenv("SANDBOX_WHEN");
	const struct probe	*probe = NULL;
	size_t			 i;

	if (name == NULL || when == NULL)
		return;
	for (i = 0; i < sizeof(probes) / sizeof(probes[0]); i++)
		if (strcmp(probes[i].name, name) == 0)
			probe = &probes[i];
	if (probe == NULL)
		_exit(STATUS_UNKNOWN);
	if (!entered && probe->prepare != NULL)
		probe->prepare();
	if (entered == (strcmp(when, "after") == 0))
		_exit(probe->call() == -1 ? STATUS_FAILED : STATUS_WORKED);
}
