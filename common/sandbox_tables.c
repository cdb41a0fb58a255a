/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/sockios.h>
#endif

#include "common/sandbox.h"

#define ANY		SANDBOX_ANY, 0, 0, 0
#define EQ(a, v)	SANDBOX_EQ, (a), (uint64_t)(v), 0
#define EQ2(a, v, w)	SANDBOX_EQ2, (a), (uint64_t)(v), (uint64_t)(w)
#define EQ2_0(a, v, w)	SANDBOX_EQ2_0, (a), (uint64_t)(v), (uint64_t)(w)
#define NOBITS(a, v)	SANDBOX_NOBITS, (a), (uint64_t)(v), 0
#define DENIED		SANDBOX_DENIED, 0, 0, 0
#define END		{ NULL, ANY }

/*
 * What libc needs in any process: memory that is never executable, time,
 * locks, leaving.
 */
#define COMMON_RULES							\
	{ "brk", ANY },							\
	{ "mmap", NOBITS(2, PROT_EXEC) },				\
	{ "mprotect", NOBITS(2, PROT_EXEC) },				\
	{ "mremap", ANY },						\
	{ "munmap", ANY },						\
	{ "madvise", ANY },						\
	{ "clock_gettime", ANY },					\
	{ "gettimeofday", ANY },					\
	{ "time", ANY },						\
	{ "getpid", ANY },						\
	{ "futex", ANY },						\
	{ "restart_syscall", ANY },					\
	{ "rt_sigreturn", ANY },					\
	{ "rt_sigprocmask", ANY },					\
	{ "exit", ANY },						\
	{ "exit_group", ANY },						\
	{ "close", ANY },						\
	{ "getrandom", ANY }

/* The event loop and messages of libevent's processes. */
#define EVENT_RULES							\
	{ "epoll_wait", ANY },						\
	{ "epoll_pwait", ANY },						\
	{ "epoll_pwait2", ANY },					\
	{ "epoll_ctl", ANY },						\
	{ "sched_yield", ANY },						\
	{ "recvmsg", ANY },						\
	{ "sendmsg", NOBITS(2, MSG_FASTOPEN) },				\
	{ "read", ANY },						\
	{ "write", ANY }

#ifdef SIGNERD_SANITIZE
/* What the sanitizers' runtime does on its own account. */
#define SANITIZER_RULES							\
	{ "mmap", ANY },						\
	{ "mprotect", ANY },						\
	{ "prctl", ANY },						\
	{ "sigaltstack", ANY },						\
	{ "rt_sigaction", ANY },					\
	{ "sched_yield", ANY },						\
	{ "sched_getaffinity", ANY },					\
	{ "gettid", ANY },						\
	{ "getppid", ANY },						\
	{ "open", ANY },						\
	{ "openat", ANY },						\
	{ "readlink", ANY },						\
	{ "readlinkat", ANY },						\
	{ "stat", ANY },						\
	{ "fstat", ANY },						\
	{ "newfstatat", ANY },						\
	{ "write", ANY },						\
	{ "getrlimit", ANY },						\
	{ "prlimit64", ANY },						\
	{ "lseek", ANY },						\
	{ "ioctl", ANY },						\
	{ "uname", ANY },						\
	{ "pipe", ANY },						\
	{ "pipe2", ANY },						\
	{ "clone", ANY },						\
	{ "wait4", ANY },						\
	{ "process_vm_readv", ANY },
#define TABLE(x)	x " (sanitizer build)"
#else
#define SANITIZER_RULES
#define TABLE(x)	x
#endif

#define SOCKET_FLAGS	(SOCK_NONBLOCK | SOCK_CLOEXEC)

/*
 * The parent reads files (for the dialer, and for a reload), waits for its
 * children and signals them, passes descriptors and writes the log.  It
 * connects unix sockets (syslog) and binds those that its children accept
 * connections on.  That it does not connect one of these is for landlock to
 * see to: the filter cannot tell them apart.
 */
static const struct sandbox_rule parent_rules[] = {
	COMMON_RULES,
	EVENT_RULES,
	SANITIZER_RULES
	{ "wait4", ANY },
	{ "kill", ANY },
	{ "dup3", ANY },
	{ "open", ANY },
	{ "openat", ANY },
	{ "fstat", ANY },
	{ "stat", ANY },
	{ "newfstatat", ANY },
	{ "lseek", ANY },
	{ "fcntl", ANY },
	{ "ioctl", EQ(1, FIONREAD) },
	{ "readv", ANY },
	{ "writev", ANY },
	{ "rt_sigaction", ANY },
	{ "recvfrom", ANY },
	{ "sendto", NOBITS(3, MSG_FASTOPEN) },
	{ "socket", EQ(0, AF_UNIX) },
	{ "connect", ANY },
	{ "chdir", ANY },
	{ "socket", EQ2_0(0, AF_INET, SOCK_STREAM | SOCKET_FLAGS) },
	{ "socket", EQ2_0(0, AF_INET6, SOCK_STREAM | SOCKET_FLAGS) },
	{ "setsockopt", EQ2(1, SOL_SOCKET, SO_REUSEADDR) },
	{ "setsockopt", EQ2(1, IPPROTO_IPV6, IPV6_V6ONLY) },
	{ "bind", ANY },
	{ "listen", ANY },
	{ "getsockname", ANY },
	/* Of the control socket; its file goes with it. */
	{ "accept4", EQ(3, SOCKET_FLAGS) },
	{ "getsockopt", EQ2(1, SOL_SOCKET, SO_PEERCRED) },
	{ "lstat", ANY },
	/* Who can read a secret. */
	{ "fgetxattr", ANY },
	{ "readlink", ANY },
#ifndef SYS_readlink
	{ "readlinkat", ANY },
#endif
	{ "unlink", ANY },
#ifndef SYS_unlink
	{ "unlinkat", EQ(2, 0) },
#endif
	/* The number of an interface that an IPv6 address names. */
	{ "ioctl", EQ(1, SIOCGIFINDEX) },
	/* glibc's qsort(3), of what a configuration has many of. */
	{ "sysinfo", ANY },
	/* One daemon alone appends to an audit file. */
	{ "flock", EQ(1, LOCK_EX | LOCK_NB) },
	/*
	 * It is of the group that the daemon was started with: setegid(2),
	 * of 32 or 64 bits, as libc has it.
	 */
	{ "setresgid", EQ(0, UINT32_MAX) },
	{ "setresgid", EQ(0, UINT64_MAX) },
	{ "prctl", EQ2(0, PR_SET_DUMPABLE, 0) },
	{ "getuid", ANY },
	{ "geteuid", ANY },
	{ "getegid", ANY },
	END
};

static const struct sandbox_limit parent_limits[] = {
	{ RLIMIT_CORE, 0 },
	{ RLIMIT_NPROC, 0 },
	{ -1, 0 }
};

/*
 * Connections that it was given or accepts, and nothing else.  Without
 * MSG_FASTOPEN: after shutdown(2) a listening socket could connect with it,
 * to any address, and landlock does not see that.
 */
static const struct sandbox_rule frontend_rules[] = {
	COMMON_RULES,
	EVENT_RULES,
	SANITIZER_RULES
	{ "accept4", ANY },
	{ "recvfrom", ANY },
	{ "sendto", NOBITS(3, MSG_FASTOPEN) },
	{ "setsockopt", EQ2(1, IPPROTO_TCP, TCP_NODELAY) },
	{ "shutdown", ANY },
	{ "pread64", ANY },
	END
};

/* The dialer's too. */
static const struct sandbox_limit frontend_limits[] = {
	{ RLIMIT_CORE, 0 },
	{ RLIMIT_NPROC, 0 },
	{ RLIMIT_FSIZE, 0 },
	{ -1, 0 }
};

/*
 * Sockets of its own, which connect and neither listen nor have an address of
 * their choice.  libevent asks for flags with the type of a socket and, where
 * that fails, once more without and sets them by fcntl.
 */
#define SOCKET_RULES(family)						\
	{ "socket", EQ2_0(0, family, SOCK_STREAM | SOCKET_FLAGS) },	\
	{ "socket", EQ2_0(0, family, SOCK_DGRAM | SOCKET_FLAGS) },	\
	{ "socket", EQ2_0(0, family, SOCK_DGRAM) }

static const struct sandbox_rule dialer_rules[] = {
	COMMON_RULES,
	EVENT_RULES,
	SANITIZER_RULES
#if !defined(HAVE_ARC4RANDOM_BUF) && !defined(SIGNERD_SANITIZE)
	/*
	 * libevent's own generator tries these besides getrandom, each time
	 * that it is seeded, and does without them.
	 */
	{ "open", DENIED },
	{ "openat", DENIED },
#endif
	SOCKET_RULES(AF_INET),
	SOCKET_RULES(AF_INET6),
	{ "fcntl", EQ2(1, F_SETFL, O_NONBLOCK) },
	{ "fcntl", EQ2(1, F_SETFD, FD_CLOEXEC) },
	{ "connect", ANY },
	{ "getsockopt", EQ2(1, SOL_SOCKET, SO_ERROR) },
	{ "setsockopt", EQ2(1, IPPROTO_TCP, TCP_NODELAY) },
	{ "recvfrom", ANY },
	{ "sendto", NOBITS(3, MSG_FASTOPEN) },
	END
};

/* Messages in, messages out. */
static const struct sandbox_rule keyd_rules[] = {
	COMMON_RULES,
	SANITIZER_RULES
	{ "poll", ANY },
	{ "ppoll", ANY },
	{ "sched_yield", ANY },
	{ "recvmsg", ANY },
	{ "sendmsg", NOBITS(2, MSG_FASTOPEN) },
	{ "read", ANY },
	{ "pread64", ANY },
	END
};

static const struct sandbox_limit keyd_limits[] = {
	{ RLIMIT_CORE, 0 },
	{ RLIMIT_NPROC, 0 },
	{ RLIMIT_FSIZE, 0 },
	{ RLIMIT_NOFILE, 64 },
	{ -1, 0 }
};

/*
 * Messages, and a file that it was given: once open for appending alone and,
 * to find its last record, once for reading alone.  So what is in it cannot
 * be changed, by a mapping either.
 */
static const struct sandbox_rule audit_rules[] = {
	COMMON_RULES,
	SANITIZER_RULES
	{ "poll", ANY },
	{ "ppoll", ANY },
	{ "recvmsg", ANY },
	{ "sendmsg", NOBITS(2, MSG_FASTOPEN) },
	{ "read", ANY },
	{ "lseek", EQ(2, SEEK_END) },
	{ "pread64", ANY },
	{ "write", ANY },
	{ "fdatasync", ANY },
	END
};

static const struct sandbox_limit audit_limits[] = {
	{ RLIMIT_CORE, 0 },
	{ RLIMIT_NPROC, 0 },
	{ RLIMIT_NOFILE, 64 },
	{ -1, 0 }
};

/*
 * Connections that the dialer made and passes on; it can accept none, and
 * without MSG_FASTOPEN reconnect none.
 */
static const struct sandbox_rule link_rules[] = {
	COMMON_RULES,
	EVENT_RULES,
	SANITIZER_RULES
	{ "recvfrom", ANY },
	{ "sendto", NOBITS(3, MSG_FASTOPEN) },
	{ "setsockopt", EQ2(1, IPPROTO_TCP, TCP_NODELAY) },
	{ "setsockopt", EQ2(1, IPPROTO_TCP, TCP_USER_TIMEOUT) },
	{ "shutdown", ANY },
	{ "pread64", ANY },
	END
};

/* The frontend's, and the time after which a silent signer is dead. */
static const struct sandbox_rule relay_rules[] = {
	COMMON_RULES,
	EVENT_RULES,
	SANITIZER_RULES
	{ "accept4", ANY },
	{ "recvfrom", ANY },
	{ "sendto", NOBITS(3, MSG_FASTOPEN) },
	{ "setsockopt", EQ2(1, IPPROTO_TCP, TCP_NODELAY) },
	{ "setsockopt", EQ2(1, IPPROTO_TCP, TCP_USER_TIMEOUT) },
	{ "shutdown", ANY },
	{ "pread64", ANY },
	END
};

/*
 * Files are open and passwords known: what is left is to compute, to write,
 * and to give the new file its name, for which landlock must let it.
 */
static const struct sandbox_rule keytool_rules[] = {
	COMMON_RULES,
	SANITIZER_RULES
	{ "write", ANY },
	{ "fsync", ANY },
	{ "linkat", EQ(4, 0) },
	{ "renameat", ANY },
	{ "renameat2", EQ(4, 0) },
	{ "unlinkat", EQ(2, 0) },
	END
};

static const struct sandbox_limit keytool_limits[] = {
	{ RLIMIT_CORE, 0 },
	{ RLIMIT_NPROC, 0 },
	{ -1, 0 }
};

const struct sandbox sandbox_link = {
	TABLE("link"), link_rules, frontend_limits,
	SANDBOX_NOFILE | SANDBOX_NOBIND | SANDBOX_NOCONNECT
};
const struct sandbox sandbox_relay = {
	TABLE("relay"), relay_rules, frontend_limits,
	SANDBOX_NOFILE | SANDBOX_NOBIND | SANDBOX_NOCONNECT
};
const struct sandbox sandbox_parent = {
	TABLE("parent"), parent_rules, parent_limits, SANDBOX_NOCONNECT
};
const struct sandbox sandbox_frontend = {
	TABLE("frontend"), frontend_rules, frontend_limits,
	SANDBOX_NOFILE | SANDBOX_NOBIND | SANDBOX_NOCONNECT
};
const struct sandbox sandbox_dialer = {
	TABLE("dialer"), dialer_rules, frontend_limits,
	SANDBOX_NOFILE | SANDBOX_NOBIND
};
const struct sandbox sandbox_audit = {
	TABLE("audit"), audit_rules, audit_limits,
	SANDBOX_NOFILE | SANDBOX_NOBIND | SANDBOX_NOCONNECT
};
const struct sandbox sandbox_keyd = {
	TABLE("keyd"), keyd_rules, keyd_limits,
	SANDBOX_NOFILE | SANDBOX_NOBIND | SANDBOX_NOCONNECT
};
const struct sandbox sandbox_keytool = {
	TABLE("keytool"), keytool_rules, keytool_limits,
	SANDBOX_NOBIND | SANDBOX_NOCONNECT
};
