/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/ioctl.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "common/sandbox.h"

#define ANY		SANDBOX_ANY, 0, 0, 0
#define EQ(a, v)	SANDBOX_EQ, (a), (uint64_t)(v), 0
#define EQ2(a, v, w)	SANDBOX_EQ2, (a), (uint64_t)(v), (uint64_t)(w)
#define NOBITS(a, v)	SANDBOX_NOBITS, (a), (uint64_t)(v), 0
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

/*
 * The parent reads files, waits for its children and signals them, passes
 * descriptors and writes the log.  Its sockets can be unix sockets alone
 * (syslog).
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
	{ "getuid", ANY },
	{ "geteuid", ANY },
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
	END
};

static const struct sandbox_limit frontend_limits[] = {
	{ RLIMIT_CORE, 0 },
	{ RLIMIT_NPROC, 0 },
	{ RLIMIT_FSIZE, 0 },
	{ -1, 0 }
};

/* Messages in, messages out. */
static const struct sandbox_rule keyd_rules[] = {
	COMMON_RULES,
	SANITIZER_RULES
	{ "poll", ANY },
	{ "ppoll", ANY },
	{ "recvmsg", ANY },
	{ "sendmsg", NOBITS(2, MSG_FASTOPEN) },
	{ "read", ANY },
	END
};

static const struct sandbox_limit keyd_limits[] = {
	{ RLIMIT_CORE, 0 },
	{ RLIMIT_NPROC, 0 },
	{ RLIMIT_FSIZE, 0 },
	{ RLIMIT_NOFILE, 64 },
	{ -1, 0 }
};

const struct sandbox sandbox_parent = {
	TABLE("parent"), parent_rules, parent_limits, 0
};
const struct sandbox sandbox_frontend = {
	TABLE("frontend"), frontend_rules, frontend_limits, 1
};
const struct sandbox sandbox_keyd = {
	TABLE("keyd"), keyd_rules, keyd_limits, 1
};
