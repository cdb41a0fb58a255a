/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>
#include <sys/resource.h>
#ifdef __linux__
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <seccomp.h>
#endif

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/sandbox.h"

#ifdef SIGNERD_SANITIZE
/* The leak checker wants ptrace, which no table has; unit tests run it. */
const char	*__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return ("detect_leaks=0");
}
#endif

static int
failed(char *why, size_t size, const char *what, int error)
{
	snprintf(why, size, "%s: %s", what, strerror(error));
	return (-1);
}

static int
set_limits(const struct sandbox_limit *limit, char *why, size_t size)
{
	struct rlimit	 rl;

	for (; limit->resource != -1; limit++) {
		rl.rlim_cur = rl.rlim_max = limit->value;
#ifdef __GLIBC__
		if (setrlimit((__rlimit_resource_t)limit->resource, &rl) == -1)
#else
		if (setrlimit(limit->resource, &rl) == -1)
#endif
			return (failed(why, size, "setrlimit", errno));
	}
	return (0);
}

#ifdef __linux__
/*
 * landlock(7), by number, since libc has no functions for it and the
 * kernel's header here may be older than the kernel.
 */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset	444
#define SYS_landlock_restrict_self	446
#endif
#define LANDLOCK_VERSION_QUERY	1U
#define LANDLOCK_BIND_TCP	1U
#define LANDLOCK_CONNECT_TCP	2U

struct landlock_attr {
	uint64_t	fs;		/* ABI 1 */
	uint64_t	net;		/* ABI 4 */
	uint64_t	scoped;		/* ABI 6 */
};

/*
 * Denies what is asked for and this kernel can deny; no rule grants anything
 * back.  Returns the ABI version, 0 where there is no landlock, -1 on failure.
 */
static int
landlock_deny(int what)
{
	static const unsigned int	 fs_bits[] = { 13, 14, 15, 15, 16 };
	struct landlock_attr		 attr;
	size_t				 size = sizeof(attr.fs);
	long				 abi, fd, r;

	abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_VERSION_QUERY);
	if (abi < 1)
		return (0);
	memset(&attr, 0, sizeof(attr));
	if (what & SANDBOX_NOFILE)
		attr.fs = (1ULL << fs_bits[abi > 5 ? 4 : abi - 1]) - 1;
	if (abi >= 4) {
		if (what & SANDBOX_NOBIND)
			attr.net |= LANDLOCK_BIND_TCP;
		if (what & SANDBOX_NOCONNECT)
			attr.net |= LANDLOCK_CONNECT_TCP;
		size = sizeof(attr.fs) + sizeof(attr.net);
	}
	if (abi >= 6) {
		/* Abstract unix sockets, signals: the parent's means. */
		if (what & SANDBOX_NOFILE)
			attr.scoped = 3;
		size = sizeof(attr);
	}
	if (attr.fs == 0 && attr.net == 0)
		return (0);
	fd = syscall(SYS_landlock_create_ruleset, &attr, size, 0);
	if (fd == -1)
		return (-1);
	r = syscall(SYS_landlock_restrict_self, (int)fd, 0);
	close((int)fd);
	return (r == -1 ? -1 : (int)abi);
}

static int
add_rule(scmp_filter_ctx ctx, const struct sandbox_rule *rule)
{
	struct scmp_arg_cmp	 cmp[3];
	unsigned int		 n = 1;
	int			 nr;

	memset(cmp, 0, sizeof(cmp));
	cmp[0].arg = rule->arg;
	cmp[0].datum_a = rule->value;
	nr = seccomp_syscall_resolve_name(rule->call);
	if (nr == __NR_SCMP_ERROR)
		return (0);
	switch (rule->check) {
	case SANDBOX_ANY:
		return (seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 0));
	case SANDBOX_DENIED:
		return (seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EACCES), nr, 0));
	case SANDBOX_EQ:
		cmp[0].op = SCMP_CMP_EQ;
		break;
	case SANDBOX_EQ2:
	case SANDBOX_EQ2_0:
		cmp[0].op = cmp[1].op = cmp[2].op = SCMP_CMP_EQ;
		cmp[1].arg = rule->arg + 1;
		cmp[1].datum_a = rule->next;
		cmp[2].arg = rule->arg + 2;
		n = rule->check == SANDBOX_EQ2 ? 2 : 3;
		break;
	case SANDBOX_NOBITS:
		/* The bits of datum_a are to be datum_b: zero. */
		cmp[0].op = SCMP_CMP_MASKED_EQ;
		break;
	default:
		return (-EINVAL);
	}
	return (seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, nr, n, cmp));
}

static int
load_filter(const struct sandbox *sb, char *why, size_t size)
{
	const struct sandbox_rule	*rule;
	scmp_filter_ctx			 ctx;
	int				 r;

	ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (ctx == NULL)
		return (failed(why, size, "seccomp_init", ENOMEM));
	r = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH,
	    SCMP_ACT_KILL_PROCESS);
	/* What the kernel says, where it refuses, and not ECANCELED. */
	(void)seccomp_attr_set(ctx, SCMP_FLTATR_API_SYSRAWRC, 1);
	/* A binary tree: the table is walked at every call. */
	(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	for (rule = sb->rules; r == 0 && rule->call != NULL; rule++) {
		r = add_rule(ctx, rule);
		/* The same rule twice is no fault of a table. */
		if (r == -EEXIST)
			r = 0;
	}
	if (r == 0)
		r = seccomp_load(ctx);
	seccomp_release(ctx);
	return (r == 0 ? 0 : failed(why, size, "seccomp", -r));
}

int
sandbox_enter(const struct sandbox *sb, int *landlock, char *why, size_t size)
{
	if (set_limits(sb->limits, why, size) == -1)
		return (-1);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return (failed(why, size, "no_new_privs", errno));
	*landlock = sb->landlock ? landlock_deny(sb->landlock) : 0;
	if (*landlock == -1)
		return (failed(why, size, "landlock", errno));
	return (load_filter(sb, why, size));
}
#else
int
sandbox_enter(const struct sandbox *sb, int *landlock, char *why, size_t size)
{
	*landlock = 0;
	if (set_limits(sb->limits, why, size) == -1)
		return (-1);
	return (failed(why, size, "no sandbox on this system", ENOSYS));
}
#endif

void
sandbox_start(const struct sandbox *sb)
{
	char	 why[256];
	int	 landlock = 0;

	sandbox_hook(0);
	if (sandbox_enter(sb, &landlock, why, sizeof(why)) == -1)
		fatalx("sandbox %s: %s", sb->name, why);
	sandbox_hook(1);
	if (!sb->landlock)
		log_debug("sandbox %s: seccomp, no_new_privs, rlimits",
		    sb->name);
	else if (landlock == 0)
		log_debug("sandbox %s: seccomp, no_new_privs, rlimits; "
		    "this kernel has no landlock", sb->name);
	else
		log_debug("sandbox %s: seccomp, no_new_privs, rlimits, "
		    "landlock %d", sb->name, landlock);
}
