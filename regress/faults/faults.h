/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_FAULTS_FAULTS_H
#define REGRESS_FAULTS_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Calls of a program that fail when a test wants them to.  The programs are
 * the daemon's own objects, linked with functions that take the place of
 * libc's, for the libraries as well.  Children have an empty environment and
 * a closed sandbox, so plan and counters are in a file that lies beside the
 * program, PROGRAM.faults, which is mapped before main() and shared with the
 * test: it arms a fault, and reads how often a call was made, at any time.
 * Where there is no such file nothing fails.
 */
#define FAULTS(F)							\
	F(accept4) F(bind) F(calloc) F(chroot) F(connect) F(dup2)	\
	F(dup3) F(epoll_create) F(epoll_create1) F(epoll_ctl)		\
	F(epoll_wait) F(execve) F(fcntl) F(fork) F(fstat) F(ftruncate)	\
	F(getaddrinfo) F(getentropy) F(getpwnam) F(getrandom)		\
	F(getrlimit) F(getsockname) F(getsockopt) F(kill) F(listen)	\
	F(madvise) F(malloc) F(mlock) F(mmap) F(open) F(opendir)	\
	F(pipe2) F(poll) F(prctl) F(read) F(realloc) F(recv)		\
	F(recvfrom) F(recvmsg) F(send) F(sendmsg) F(sendto)		\
	F(setgroups) F(setresgid) F(setresuid) F(setrlimit)		\
	F(setsockopt) F(socket) F(socketpair) F(stat) F(syscall)	\
	F(waitpid) F(write)

enum fault {
#define FAULT_NUMBER(name)	FAULT_##name,
	FAULTS(FAULT_NUMBER)
	FAULT_COUNT
};

#define FAULTS_MAGIC	0x746c6166
#define FAULTS_NAME	16

/* All of one call; regress/lib/faulty.py has the same. */
struct fault_plan {
	char		 name[FAULTS_NAME];
	uint64_t	 count;		/* calls so far */
	uint64_t	 failed;	/* of these */
	uint64_t	 at;		/* the first to fail, from 1 */
	uint64_t	 times;		/* how many; 0: none */
	int32_t		 error;		/* errno, or FAULTS_SHORT */
	uint16_t	 odds;		/* in 256, of a random one; 0: none */
	uint16_t	 random;	/* what these may be: FAULTS_INTR ... */
	uint64_t	 state;		/* of its random numbers, not 0 */
};

struct fault_map {
	uint32_t		 magic;
	uint32_t		 ncalls;
	struct fault_plan	 plan[FAULT_COUNT];
};

#define FAULTS_SHORT	(-1)	/* one byte, or one event, and no more */

/* What is to become of a call. */
enum fault_kind {
	FAULT_NONE,
	FAULT_FAIL,		/* errno is set */
	FAULT_SHORTENED
};

/* What a random fault of a call may be: what is just to be asked again. */
#define FAULTS_INTR	1
#define FAULTS_AGAIN	2
#define FAULTS_LESS	4
enum fault_kind	fault_next(enum fault, unsigned int random);
/* For calls that have no random ones: whether it fails. */
bool		fault_fails(enum fault);

#endif /* REGRESS_FAULTS_FAULTS_H */
