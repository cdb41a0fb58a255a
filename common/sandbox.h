/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_SANDBOX_H
#define COMMON_SANDBOX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

/*
 * What each process may still ask of the kernel once it works.  On Linux:
 * no_new_privs, resource limits, a seccomp filter (allow list; anything else
 * kills the process with SIGSYS) and, where the kernel has it, landlock.
 */
enum sandbox_check {
	SANDBOX_ANY,		/* no check of arguments */
	SANDBOX_EQ,		/* argument `arg` is `value` */
	SANDBOX_EQ2,		/* and the next one is `next` */
	SANDBOX_EQ2_0,		/* and the one after that is 0 */
	SANDBOX_NOBITS,		/* argument `arg` has none of the bits */
	SANDBOX_DENIED		/* fails with EACCES, the process lives */
};

struct sandbox_rule {
	const char		*call;	/* absent on this machine: skipped */
	enum sandbox_check	 check;
	unsigned int		 arg;
	uint64_t		 value;
	uint64_t		 next;
};

struct sandbox_limit {
	int	resource;	/* RLIMIT_ */
	rlim_t	value;
};

/* One a process; the arrays end with NULL and with resource -1. */
struct sandbox {
	const char			*name;
	const struct sandbox_rule	*rules;
	const struct sandbox_limit	*limits;
	int				 landlock;	/* SANDBOX_NOFILE, ... */
};

/* What landlock forbids, as far as the kernel's can: any file; TCP. */
#define SANDBOX_NOFILE		0x1
#define SANDBOX_NOBIND		0x2
#define SANDBOX_NOCONNECT	0x4

extern const struct sandbox sandbox_link;
extern const struct sandbox sandbox_relay;
extern const struct sandbox sandbox_parent;
extern const struct sandbox sandbox_frontend;
extern const struct sandbox sandbox_dialer;
extern const struct sandbox sandbox_keyd;
extern const struct sandbox sandbox_audit;
/* signerctl key, once it has opened what it needs. */
extern const struct sandbox sandbox_keytool;

/*
 * Enters it, for good.  0; or -1 and a reason: the process must not go on.
 * *landlock is the ABI version that is in force, 0 for none.
 */
int	sandbox_enter(const struct sandbox *, int *landlock, char *why,
	    size_t size);

/*
 * Called around sandbox_enter: 0 before, 1 after.  Empty in what is shipped;
 * the regress build links another one.
 */
void	sandbox_hook(int entered);

/*
 * For main(): hook, enter, hook; logs what is in force at debug level and
 * ends the process where the sandbox cannot be had.
 */
void	sandbox_start(const struct sandbox *);

#endif /* COMMON_SANDBOX_H */
