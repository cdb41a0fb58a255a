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

static const struct probe {
	const char	*name;
	long		(*call)(void);
} probes[] = {
	{ "accept", probe_accept },
	{ "bind", probe_bind },
	{ "bpf", probe_bpf },
	{ "chmod", probe_chmod },
	{ "chroot", probe_chroot },
	{ "connect", probe_connect },
	{ "create", probe_create },
	{ "execve", probe_execve },
	{ "fork", probe_fork },
	{ "io_uring", probe_io_uring },
	{ "keyctl", probe_keyctl },
	{ "kill", probe_kill },
	{ "listen", probe_listen },
	{ "memfd_create", probe_memfd_create },
	{ "mkdir", probe_mkdir },
	{ "mmap_exec", probe_mmap_exec },
	{ "mount", probe_mount },
	{ "mprotect_exec", probe_mprotect_exec },
	{ "open", probe_open },
	{ "packet", probe_packet },
	{ "perf_event", probe_perf_event },
	{ "pidfd_open", probe_pidfd_open },
	{ "prctl", probe_prctl },
	{ "process_vm_readv", probe_process_vm_readv },
	{ "ptrace", probe_ptrace },
	{ "rename", probe_rename },
	{ "setsockopt", probe_setsockopt },
	{ "setuid", probe_setuid },
	{ "socket", probe_socket },
	{ "tiocsti", probe_tiocsti },
	{ "unlink", probe_unlink },
	{ "unshare", probe_unshare },
	{ "userfaultfd", probe_userfaultfd },
};

void
sandbox_hook(int entered)
{
	const char	*name = getenv("SANDBOX_PROBE");
	const char	*when = getenv("SANDBOX_WHEN");
	size_t		 i;

	if (name == NULL || when == NULL ||
	    entered != (strcmp(when, "after") == 0))
		return;
	for (i = 0; i < sizeof(probes) / sizeof(probes[0]); i++)
		if (strcmp(probes[i].name, name) == 0)
			_exit(probes[i].call() == -1 ? STATUS_FAILED :
			    STATUS_WORKED);
	_exit(STATUS_UNKNOWN);
}
