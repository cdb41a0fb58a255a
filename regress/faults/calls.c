/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#undef _FORTIFY_SOURCE

#include <sys/types.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "common/sandbox.h"
#include "regress/faults/faults.h"
#include "regress/faults/memory.h"

/*
 * Within libseccomp all allocations succeed: 2.5.4 does not live with one
 * that fails.  It crashes, runs for ever, or loads a filter that lacks rules;
 * as what a filter lacks is denied, that is the safe side, and before there
 * was anything to do.
 */
static bool	spared;

void
sandbox_hook(int entered)
{
	spared = !entered;
}

bool
memory_fails(enum memory_call call)
{
	static const enum fault	 faults[] = {
		FAULT_malloc, FAULT_calloc, FAULT_realloc
	};

	return (!spared && fault_fails(faults[call]));
}

#ifdef __GLIBC__
/*
 * What libc would have done, found before main(): later, in the sandbox, and
 * between fork and exec, is no time to look for it.
 */
#define NEXT_POINTER(name)	static void *next_##name;
FAULTS(NEXT_POINTER)

static void	find_all(void) __attribute__((constructor(101)));

static void
find_all(void)
{
#define NEXT_FIND(name)							\
	if (next_##name == NULL)					\
		next_##name = dlsym(RTLD_NEXT, #name);
	FAULTS(NEXT_FIND)
}

/* A library may call something before that. */
static void *
found(void *next, const char *name)
{
	return (next != NULL ? next : dlsym(RTLD_NEXT, name));
}

#define NEXT(name)	((__typeof__(&(name)))found(next_##name, #name))

/* ---- Calls that succeed or fail --------------------------------------- */

#define CALL(type, name, failure, params, ...)				\
type									\
name params								\
{									\
	if (fault_fails(FAULT_##name))					\
		return (failure);					\
	return (NEXT(name)(__VA_ARGS__));				\
}

CALL(int, bind, -1, (int fd, const struct sockaddr *sa, socklen_t len),
    fd, sa, len)
CALL(int, chroot, -1, (const char *path), path)
CALL(int, connect, -1, (int fd, const struct sockaddr *sa, socklen_t len),
    fd, sa, len)
CALL(int, dup2, -1, (int old, int new), old, new)
CALL(int, dup3, -1, (int old, int new, int flags), old, new, flags)
CALL(int, epoll_create, -1, (int size), size)
CALL(int, epoll_create1, -1, (int flags), flags)
CALL(int, epoll_ctl, -1, (int epfd, int op, int fd, struct epoll_event *e),
    epfd, op, fd, e)
CALL(int, execve, -1, (const char *path, char *const *argv, char *const *env),
    path, argv, env)
CALL(pid_t, fork, -1, (void), )
CALL(int, fstat, -1, (int fd, struct stat *st), fd, st)
CALL(int, ftruncate, -1, (int fd, off_t size), fd, size)
CALL(int, getaddrinfo, EAI_MEMORY, (const char *host, const char *service,
    const struct addrinfo *hints, struct addrinfo **ai),
    host, service, hints, ai)
CALL(int, getentropy, -1, (void *p, size_t len), p, len)
CALL(ssize_t, getrandom, -1, (void *p, size_t len, unsigned int flags),
    p, len, flags)
CALL(int, getrlimit, -1, (__rlimit_resource_t what, struct rlimit *rl),
    what, rl)
CALL(int, getsockname, -1, (int fd, struct sockaddr *sa, socklen_t *len),
    fd, sa, len)
CALL(int, getsockopt, -1, (int fd, int level, int what, void *p,
    socklen_t *len), fd, level, what, p, len)
CALL(int, kill, -1, (pid_t pid, int sig), pid, sig)
CALL(int, listen, -1, (int fd, int backlog), fd, backlog)
CALL(int, madvise, -1, (void *p, size_t len, int advice), p, len, advice)
CALL(int, mlock, -1, (const void *p, size_t len), p, len)
CALL(void *, mmap, MAP_FAILED, (void *p, size_t len, int prot, int flags,
    int fd, off_t at), p, len, prot, flags, fd, at)
CALL(DIR *, opendir, NULL, (const char *path), path)
CALL(int, pipe2, -1, (int fds[2], int flags), fds, flags)
CALL(int, setgroups, -1, (size_t n, const gid_t *list), n, list)
CALL(int, setresgid, -1, (gid_t r, gid_t e, gid_t s), r, e, s)
CALL(int, setresuid, -1, (uid_t r, uid_t e, uid_t s), r, e, s)
CALL(int, setrlimit, -1, (__rlimit_resource_t what, const struct rlimit *rl),
    what, rl)
CALL(int, setsockopt, -1, (int fd, int level, int what, const void *p,
    socklen_t len), fd, level, what, p, len)
CALL(int, socket, -1, (int family, int type, int protocol),
    family, type, protocol)
CALL(int, socketpair, -1, (int family, int type, int protocol, int fds[2]),
    family, type, protocol, fds)
CALL(int, stat, -1, (const char *path, struct stat *st), path, st)

/* ---- Calls with arguments of their own kind --------------------------- */

/* glibc's databases end the process where memory is short. */
struct passwd *
getpwnam(const char *name)
{
	struct passwd	*pw;

	if (fault_fails(FAULT_getpwnam))
		return (NULL);
	spared = true;
	pw = NEXT(getpwnam)(name);
	spared = false;
	return (pw);
}

static int
open_mode(const char *path, int flags, mode_t mode)
{
	if (fault_fails(FAULT_open))
		return (-1);
	return (NEXT(open)(path, flags, mode));
}

#define OPEN(name)							\
int	name(const char *, int, ...);					\
									\
int									\
name(const char *path, int flags, ...)					\
{									\
	mode_t	 mode = 0;						\
	va_list	 ap;							\
									\
	if (flags & O_CREAT) {						\
		va_start(ap, flags);					\
		mode = va_arg(ap, mode_t);				\
		va_end(ap);						\
	}								\
	return (open_mode(path, flags, mode));				\
}

OPEN(open)
OPEN(open64)

/* With a protective compiler, for those without a mode. */
int	__open_2(const char *, int);
int	__open64_2(const char *, int);

int
__open_2(const char *path, int flags)
{
	return (open_mode(path, flags, 0));
}

int
__open64_2(const char *path, int flags)
{
	return (open_mode(path, flags, 0));
}

int
fcntl(int fd, int what, ...)
{
	va_list	 ap;
	long	 arg;

	va_start(ap, what);
	arg = va_arg(ap, long);
	va_end(ap);
	if (fault_fails(FAULT_fcntl))
		return (-1);
	return (NEXT(fcntl)(fd, what, arg));
}

int
prctl(int what, ...)
{
	unsigned long	 a, b, c, d;
	va_list		 ap;

	va_start(ap, what);
	a = va_arg(ap, unsigned long);
	b = va_arg(ap, unsigned long);
	c = va_arg(ap, unsigned long);
	d = va_arg(ap, unsigned long);
	va_end(ap);
	/* What is asked for each of the capabilities tells nothing. */
	if (what != PR_CAPBSET_READ && fault_fails(FAULT_prctl))
		return (-1);
	return (NEXT(prctl)(what, a, b, c, d));
}

/* capset, seccomp, landlock, close_range, memfd_secret. */
long
syscall(long number, ...)
{
	long	 a[6];
	va_list	 ap;
	int	 i;

	va_start(ap, number);
	for (i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (fault_fails(FAULT_syscall))
		return (-1);
	return (NEXT(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]));
}

/* One that does not wait is asked until it has nothing more to tell. */
pid_t
waitpid(pid_t pid, int *status, int options)
{
	if (fault_next(FAULT_waitpid, options & WNOHANG ? 0 :
	    FAULTS_INTR) == FAULT_FAIL)
		return (-1);
	return (NEXT(waitpid)(pid, status, options));
}

/* ---- Calls that wait -------------------------------------------------- */

int
accept4(int fd, struct sockaddr *sa, socklen_t *len, int flags)
{
	if (fault_next(FAULT_accept4, FAULTS_INTR | FAULTS_AGAIN) ==
	    FAULT_FAIL)
		return (-1);
	return (NEXT(accept4)(fd, sa, len, flags));
}

int
epoll_wait(int epfd, struct epoll_event *events, int max, int timeout)
{
	switch (fault_next(FAULT_epoll_wait, FAULTS_INTR | FAULTS_LESS)) {
	case FAULT_FAIL:
		return (-1);
	case FAULT_SHORTENED:
		max = 1;
		break;
	case FAULT_NONE:
		break;
	}
	return (NEXT(epoll_wait)(epfd, events, max, timeout));
}

int
poll(struct pollfd *fds, nfds_t n, int timeout)
{
	if (fault_next(FAULT_poll, FAULTS_INTR | FAULTS_AGAIN) == FAULT_FAIL)
		return (-1);
	return (NEXT(poll)(fds, n, timeout));
}

/* ---- Calls that carry bytes ------------------------------------------- */

/* All of them, or one; -1 where it fails. */
static int
shorten(enum fault call, size_t *size, unsigned int random)
{
	switch (fault_next(call, random)) {
	case FAULT_FAIL:
		return (-1);
	case FAULT_SHORTENED:
		if (*size > 1)
			*size = 1;
		break;
	case FAULT_NONE:
		break;
	}
	return (0);
}

#define EACH	(FAULTS_INTR | FAULTS_AGAIN | FAULTS_LESS)

ssize_t
read(int fd, void *p, size_t size)
{
	if (shorten(FAULT_read, &size, EACH) == -1)
		return (-1);
	return (NEXT(read)(fd, p, size));
}

ssize_t	__read_chk(int, void *, size_t, size_t);

ssize_t
__read_chk(int fd, void *p, size_t size, size_t room)
{
	(void)room;
	return (read(fd, p, size));
}

ssize_t
write(int fd, const void *p, size_t size)
{
	/* A single byte is libevent's word of a signal, from its handler. */
	if (size > 1 && shorten(FAULT_write, &size, EACH) == -1)
		return (-1);
	return (NEXT(write)(fd, p, size));
}

ssize_t
recv(int fd, void *p, size_t size, int flags)
{
	if (shorten(FAULT_recv, &size, EACH) == -1)
		return (-1);
	return (NEXT(recv)(fd, p, size, flags));
}

ssize_t	__recv_chk(int, void *, size_t, size_t, int);

ssize_t
__recv_chk(int fd, void *p, size_t size, size_t room, int flags)
{
	(void)room;
	return (recv(fd, p, size, flags));
}

/* Of datagrams nothing is left out. */
ssize_t
recvfrom(int fd, void *p, size_t size, int flags, struct sockaddr *sa,
    socklen_t *len)
{
	if (fault_next(FAULT_recvfrom, FAULTS_INTR | FAULTS_AGAIN) !=
	    FAULT_NONE)
		return (-1);
	return (NEXT(recvfrom)(fd, p, size, flags, sa, len));
}

ssize_t
send(int fd, const void *p, size_t size, int flags)
{
	if (shorten(FAULT_send, &size, EACH) == -1)
		return (-1);
	return (NEXT(send)(fd, p, size, flags));
}

ssize_t
sendto(int fd, const void *p, size_t size, int flags,
    const struct sockaddr *sa, socklen_t len)
{
	if (fault_next(FAULT_sendto, FAULTS_INTR | FAULTS_AGAIN) !=
	    FAULT_NONE)
		return (-1);
	return (NEXT(sendto)(fd, p, size, flags, sa, len));
}

/* Its first byte alone, with what comes with that. */
static void
one_byte(struct msghdr *msg, struct iovec *iov)
{
	*iov = msg->msg_iov[0];
	if (iov->iov_len > 1)
		iov->iov_len = 1;
	msg->msg_iov = iov;
	msg->msg_iovlen = 1;
}

ssize_t
recvmsg(int fd, struct msghdr *msg, int flags)
{
	struct msghdr	 less = *msg;
	struct iovec	 iov;
	size_t		 size = 2;
	ssize_t		 n;

	if (shorten(FAULT_recvmsg, &size, EACH) == -1)
		return (-1);
	if (size == 1)
		one_byte(&less, &iov);
	n = NEXT(recvmsg)(fd, &less, flags);
	msg->msg_namelen = less.msg_namelen;
	msg->msg_controllen = less.msg_controllen;
	msg->msg_flags = less.msg_flags;
	return (n);
}

ssize_t
sendmsg(int fd, const struct msghdr *msg, int flags)
{
	struct msghdr	 less = *msg;
	struct iovec	 iov;
	size_t		 size = 2;

	if (shorten(FAULT_sendmsg, &size, EACH) == -1)
		return (-1);
	if (size == 1)
		one_byte(&less, &iov);
	return (NEXT(sendmsg)(fd, &less, flags));
}
#endif
