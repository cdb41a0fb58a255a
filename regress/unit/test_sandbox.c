/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/sandbox.o common/log.o common/log_render.o compat/imsg.o
 * compat/imsg-buffer.o common/hex.o common/u256.o */
/* libs: libseccomp */

#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <pthread.h>
#include <signal.h>

#include "common/log.h"
#include "common/sandbox.h"
#include "regress/unit/forked.h"

/* What a child needs to say how it went, whatever it is compiled with. */
#define NEEDED								\
	{ "exit_group", SANDBOX_ANY, 0, 0, 0 },				\
	{ "write", SANDBOX_ANY, 0, 0, 0 },					\
	{ "brk", SANDBOX_ANY, 0, 0, 0 },					\
	{ "mmap", SANDBOX_ANY, 0, 0, 0 },					\
	{ "munmap", SANDBOX_ANY, 0, 0, 0 },				\
	{ "madvise", SANDBOX_ANY, 0, 0, 0 },				\
	{ "futex", SANDBOX_ANY, 0, 0, 0 },					\
	{ "fcntl", SANDBOX_ANY, 0, 0, 0 },					\
	{ "sigaltstack", SANDBOX_ANY, 0, 0, 0 },				\
	{ "clock_gettime", SANDBOX_ANY, 0, 0, 0 },				\
	{ "rt_sigprocmask", SANDBOX_ANY, 0, 0, 0 },			\
	{ "getrandom", SANDBOX_ANY, 0, 0, 0 }
#define END	{ NULL, SANDBOX_ANY, 0, 0, 0 }

static const struct sandbox_limit	 no_limits[] = { { -1, 0 } };

static int	 hooks[8], nhooks;

void
sandbox_hook(int entered)
{
	hooks[nhooks++ & 7] = entered;
}

/* A table, and a call that is made inside. */
struct attempt {
	const struct sandbox_rule	*rules;
	long				 nr;
	unsigned long			 a;
	unsigned long			 b;
	unsigned long			 c;
};

static void
enter(const struct sandbox_rule *rules)
{
	struct sandbox	 sb = { "test", rules, no_limits, 0 };
	char		 why[128] = "";
	int		 landlock = -7;

	if (sandbox_enter(&sb, &landlock, why, sizeof(why)) != 0)
		dprintf(2, "why: %s\n", why);
	want(why[0] == '\0');
	want(landlock == 0);
}

static void
do_attempt(void *arg)
{
	const struct attempt	*t = arg;

	enter(t->rules);
	(void)syscall(t->nr, t->a, t->b, t->c);
}

static void
allowed(const struct sandbox_rule *rules, long nr, unsigned long a,
    unsigned long b, unsigned long c)
{
	struct attempt	 t = { rules, nr, a, b, c };

	forked_exits(do_attempt, &t, 0);
}

static void
denied(const struct sandbox_rule *rules, long nr, unsigned long a,
    unsigned long b, unsigned long c)
{
	struct attempt	 t = { rules, nr, a, b, c };

	forked_killed(do_attempt, &t, SIGSYS);
}

/* lseek of no file, by its second argument. */
#define SEEK(rules, how, value)						\
	how(rules, SYS_lseek, (unsigned long)-1, (value), 0)

static void
listed_and_other(void **state)
{
	static const struct sandbox_rule	 rules[] = {
		NEEDED, { "getppid", SANDBOX_ANY, 0, 0, 0 }, END
	};
	static const struct sandbox_rule	 none[] = { NEEDED, END };

	(void)state;
	allowed(rules, SYS_getppid, 0, 0, 0);
	denied(none, SYS_getppid, 0, 0, 0);
	denied(rules, SYS_getuid, 0, 0, 0);
	denied(rules, SYS_socket, 1, 1, 0);
	denied(rules, SYS_execve, 0, 0, 0);
	denied(rules, SYS_openat, 0, 0, 0);
	denied(rules, SYS_ptrace, 0, 0, 0);
	/* No call at all has this number. */
	denied(rules, 100000, 0, 0, 0);
}

static void
do_results(void *arg)
{
	static const struct sandbox_rule	 rules[] = {
		NEEDED, { "getppid", SANDBOX_ANY, 0, 0, 0 },
		{ "lseek", SANDBOX_EQ, 1, 5, 0 }, END
	};
	pid_t					 ppid = getppid();

	(void)arg;
	enter(rules);
	want(getppid() == ppid);
	want(syscall(SYS_lseek, -1, 5, 0) == -1 && errno == EBADF);
}

/* What is allowed reaches the kernel as it was meant. */
static void
allowed_calls_work(void **state)
{
	(void)state;
	forked_exits(do_results, NULL, 0);
}

static void
equal(void **state)
{
	static const struct sandbox_rule	 five[] = {
		NEEDED, { "lseek", SANDBOX_EQ, 1, 5, 0 }, END
	};
	static const struct sandbox_rule	 wide[] = {
		NEEDED, { "lseek", SANDBOX_EQ, 1, 0x500000005, 0 }, END
	};
	static const struct sandbox_rule	 zero[] = {
		NEEDED, { "lseek", SANDBOX_EQ, 2, 0, 0 }, END
	};

	(void)state;
	SEEK(five, allowed, 5);
	SEEK(five, denied, 4);
	SEEK(five, denied, 6);
	SEEK(five, denied, 0);
	SEEK(five, denied, 7);
	/* All of its 64 bits count. */
	SEEK(five, denied, 0x100000005);
	SEEK(wide, allowed, 0x500000005);
	SEEK(wide, denied, 5);
	SEEK(wide, denied, 0x500000000);
	/* That argument and no other. */
	allowed(zero, SYS_lseek, (unsigned long)-1, 9, 0);
	denied(zero, SYS_lseek, (unsigned long)-1, 0, 1);
}

static void
no_bits(void **state)
{
	static const struct sandbox_rule	 six[] = {
		NEEDED, { "lseek", SANDBOX_NOBITS, 1, 6, 0 }, END
	};
	static const struct sandbox_rule	 high[] = {
		NEEDED, { "lseek", SANDBOX_NOBITS, 1, 1ULL << 40, 0 }, END
	};

	(void)state;
	SEEK(six, allowed, 0);
	SEEK(six, allowed, 1);
	SEEK(six, allowed, 8);
	SEEK(six, allowed, ~6UL);
	SEEK(six, denied, 2);
	SEEK(six, denied, 4);
	SEEK(six, denied, 6);
	SEEK(six, denied, 3);
	SEEK(six, denied, ~0UL);
	SEEK(high, allowed, 6);
	SEEK(high, allowed, 1UL << 41);
	SEEK(high, denied, 1UL << 40);
	SEEK(high, denied, 3UL << 40);
}

/* Rules of one call: any of them will do. */
static void
several_rules(void **state)
{
	static const struct sandbox_rule	 two[] = {
		NEEDED, { "lseek", SANDBOX_EQ, 1, 5, 0 },
		{ "lseek", SANDBOX_EQ, 1, 8, 0 },
		{ "lseek", SANDBOX_EQ, 2, 3, 0 }, END
	};
	static const struct sandbox_rule	 wider[] = {
		NEEDED, { "lseek", SANDBOX_EQ, 1, 5, 0 },
		{ "lseek", SANDBOX_ANY, 0, 0, 0 }, END
	};
	static const struct sandbox_rule	 wide_first[] = {
		NEEDED, { "lseek", SANDBOX_ANY, 0, 0, 0 },
		{ "lseek", SANDBOX_NOBITS, 1, 5, 0 }, END
	};

	(void)state;
	SEEK(two, allowed, 5);
	SEEK(two, allowed, 8);
	SEEK(two, denied, 6);
	allowed(two, SYS_lseek, (unsigned long)-1, 6, 3);
	SEEK(wider, allowed, 5);
	SEEK(wider, allowed, 6);
	SEEK(wide_first, allowed, 5);
	SEEK(wide_first, allowed, 8);
}

static void
unknown_names(void **state)
{
	static const struct sandbox_rule	 rules[] = {
		{ "no_such_call_anywhere", SANDBOX_ANY, 0, 0, 0 },
		NEEDED,
		{ "", SANDBOX_ANY, 0, 0, 0 },
		{ "another_one", SANDBOX_EQ, 1, 5, 0 },
		{ "getppid", SANDBOX_ANY, 0, 0, 0 }, END
	};

	(void)state;
	allowed(rules, SYS_getppid, 0, 0, 0);
	denied(rules, SYS_getuid, 0, 0, 0);
}

static void
duplicates(void **state)
{
	static const struct sandbox_rule	 rules[] = {
		NEEDED, NEEDED,
		{ "lseek", SANDBOX_EQ, 1, 5, 0 }, { "lseek", SANDBOX_EQ, 1, 5, 0 },
		{ "fsync", SANDBOX_NOBITS, 0, 1, 0 },
		{ "fsync", SANDBOX_NOBITS, 0, 1, 0 },
		{ "getppid", SANDBOX_ANY, 0, 0, 0 },
		{ "getppid", SANDBOX_ANY, 0, 0, 0 },
		/* What comes behind them holds as well. */
		{ "getpgid", SANDBOX_ANY, 0, 0, 0 }, END
	};

	(void)state;
	SEEK(rules, allowed, 5);
	SEEK(rules, denied, 6);
	allowed(rules, SYS_getppid, 0, 0, 0);
	allowed(rules, SYS_fsync, (unsigned long)-2, 0, 0);
	denied(rules, SYS_fsync, (unsigned long)-1, 0, 0);
	allowed(rules, SYS_getpgid, 0, 0, 0);
}

static void
do_process_state(void *arg)
{
	static const struct sandbox_rule	 rules[] = {
		NEEDED, { "prctl", SANDBOX_ANY, 0, 0, 0 },
		{ "getrlimit", SANDBOX_ANY, 0, 0, 0 },
		{ "prlimit64", SANDBOX_ANY, 0, 0, 0 }, END
	};
	static const struct sandbox_limit	 limits[] = {
		{ RLIMIT_CORE, 0 }, { RLIMIT_NOFILE, 950 },
		{ RLIMIT_FSIZE, 4096 }, { -1, 0 }
	};
	struct sandbox	 sb = { "test", rules, limits, 0 };
	struct rlimit	 rl;
	char		 why[64] = "";
	int		 landlock = -7, i;

	(void)arg;
	want(sandbox_enter(&sb, &landlock, why, sizeof(why)) == 0);
	want(landlock == 0);
	want(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	want(prctl(PR_GET_SECCOMP) == 2);
	for (i = 0; limits[i].resource != -1; i++) {
		want(syscall(SYS_prlimit64, 0, limits[i].resource, NULL,
		    &rl) == 0);
		want(rl.rlim_cur == limits[i].value);
		want(rl.rlim_max == limits[i].value);
	}
}

static void
limits_and_no_new_privs(void **state)
{
	(void)state;
	forked_exits(do_process_state, NULL, 0);
}

/* Failures are told, and end what is started with sandbox_start(). */
static void
do_limit_fails(void *arg)
{
	static const struct sandbox_rule	 rules[] = { NEEDED, END };
	static const struct sandbox_limit	 limits[] = {
		{ RLIMIT_NOFILE, RLIM_INFINITY }, { -1, 0 }
	};
	struct sandbox	 sb = { "mine", rules, limits, 0 };
	char		 why[64] = "";
	int		 landlock = 0;

	(void)arg;
	want(sandbox_enter(&sb, &landlock, why, sizeof(why)) == -1);
	want(strcmp(why, "setrlimit: Operation not permitted") == 0);
	want(prctl(PR_GET_SECCOMP) == 0);
	sandbox_start(&sb);
}

static void
do_rule_fails(void *arg)
{
	static const struct sandbox_rule	 rules[] = {
		NEEDED, { "getppid", (enum sandbox_check)7, 0, 0, 0 },
		{ "getuid", SANDBOX_ANY, 0, 0, 0 }, END
	};
	struct sandbox	 sb = { "mine", rules, no_limits, 0 };
	char		 why[64] = "";
	int		 landlock = 0;

	(void)arg;
	want(sandbox_enter(&sb, &landlock, why, sizeof(why)) == -1);
	want(strcmp(why, "seccomp: Invalid argument") == 0);
	want(prctl(PR_GET_SECCOMP) == 0);
	sandbox_start(&sb);
}

static void
do_argument_fails(void *arg)
{
	static const struct sandbox_rule	 rules[] = {
		NEEDED, { "getppid", SANDBOX_EQ, 6, 0, 0 }, END
	};
	struct sandbox	 sb = { "mine", rules, no_limits, 0 };

	(void)arg;
	sandbox_start(&sb);
}

static void
failures(void **state)
{
	(void)state;
	forked_dies(do_limit_fails, NULL, "level=error process=test "
	    "msg=\"sandbox mine: setrlimit: Operation not permitted\"");
	forked_dies(do_rule_fails, NULL,
	    "msg=\"sandbox mine: seccomp: Invalid argument\"");
	forked_dies(do_argument_fails, NULL,
	    "msg=\"sandbox mine: seccomp: Invalid argument\"");
}

/* The filter ends the process, not a thread of it. */
static void *
forbidden_thread(void *arg)
{
	static const struct sandbox_rule	 rules[] = {
		NEEDED, { "exit", SANDBOX_ANY, 0, 0, 0 }, END
	};

	(void)arg;
	enter(rules);
	(void)syscall(SYS_getppid);
	return (NULL);
}

static void
do_thread(void *arg)
{
	pthread_t	 thread;

	(void)arg;
	want(pthread_create(&thread, NULL, forbidden_thread, NULL) == 0);
	pthread_join(thread, NULL);
}

static void
whole_process_dies(void **state)
{
	(void)state;
	forked_killed(do_thread, NULL, SIGSYS);
}

/* A handler for SIGSYS does not help. */
static void
on_sigsys(int sig)
{
	(void)sig;
	_exit(0);
}

static void
do_handler(void *arg)
{
	static const struct sandbox_rule	 rules[] = {
		NEEDED, { "rt_sigreturn", SANDBOX_ANY, 0, 0, 0 }, END
	};

	(void)arg;
	signal(SIGSYS, on_sigsys);
	enter(rules);
	(void)syscall(SYS_getppid);
}

static void
not_to_be_handled(void **state)
{
	(void)state;
	forked_killed(do_handler, NULL, SIGSYS);
}

#ifdef __x86_64__
/* The 32-bit way in, where numbers mean other calls: 20 is getpid. */
static void
do_other_arch(void *arg)
{
	static const struct sandbox_rule	 rules[] = {
		NEEDED, { "getpid", SANDBOX_ANY, 0, 0, 0 },
		{ "writev", SANDBOX_ANY, 0, 0, 0 }, END
	};
	long					 r = 20;

	(void)arg;
	enter(rules);
	__asm__ volatile ("int $0x80" : "+a" (r) : : "memory", "r8", "r9",
	    "r10", "r11");
}

static void
other_architecture(void **state)
{
	struct forked	 r;

	(void)state;
	forked_run(&r, do_other_arch, NULL);
	/* SIGSEGV where the kernel has no such way in. */
	assert_true(WIFSIGNALED(r.status));
	assert_true(WTERMSIG(r.status) == SIGSYS ||
	    WTERMSIG(r.status) == SIGSEGV);
}
#endif

static void
do_landlock(void *arg)
{
	static const struct sandbox_rule	 rules[] = {
		NEEDED, { "openat", SANDBOX_ANY, 0, 0, 0 },
		{ "open", SANDBOX_ANY, 0, 0, 0 }, END
	};
	struct sandbox	 sb = { "test", rules, no_limits, 1 };
	char		 why[64] = "";
	int		 landlock = -7, on = *(int *)arg;

	sb.landlock = on;
	want(open("/etc/passwd", O_RDONLY) != -1);
	want(sandbox_enter(&sb, &landlock, why, sizeof(why)) == 0);
	want(on ? landlock > 0 : landlock == 0);
	if (on)
		want(open("/etc/passwd", O_RDONLY) == -1 && errno == EACCES);
	else
		want(open("/etc/passwd", O_RDONLY) != -1);
}

static void
landlock_denies_files(void **state)
{
	int	 on = 0;

	(void)state;
	forked_exits(do_landlock, &on, 0);
	/* landlock_create_ruleset(2), asked for its version. */
	if (syscall(444, NULL, 0, 1) < 1)
		skip();
	on = 1;
	forked_exits(do_landlock, &on, 0);
}

static void
do_start(void *arg)
{
	static const struct sandbox_rule	 rules[] = { NEEDED, END };
	struct sandbox	 sb = { "mine", rules, no_limits, 0 };

	(void)arg;
	log_set_level(LOG_LVL_DEBUG);
	sandbox_start(&sb);
	/* Not by want(), which could die of SIGSYS as well. */
	if (nhooks != 2 || hooks[0] != 0 || hooks[1] != 1)
		_exit(FORKED_FAILED);
	(void)syscall(SYS_getppid);
}

static void
start(void **state)
{
	struct forked	 r;

	(void)state;
	forked_run(&r, do_start, NULL);
	assert_true(WIFSIGNALED(r.status));
	assert_int_equal(WTERMSIG(r.status), SIGSYS);
	assert_non_null(strstr(r.text, "level=debug process=test msg=\""
	    "sandbox mine: seccomp, no_new_privs, rlimits\"\n"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(listed_and_other),
		cmocka_unit_test(allowed_calls_work),
		cmocka_unit_test(equal),
		cmocka_unit_test(no_bits),
		cmocka_unit_test(several_rules),
		cmocka_unit_test(unknown_names),
		cmocka_unit_test(duplicates),
		cmocka_unit_test(limits_and_no_new_privs),
		cmocka_unit_test(failures),
		cmocka_unit_test(whole_process_dies),
		cmocka_unit_test(not_to_be_handled),
#ifdef __x86_64__
		cmocka_unit_test(other_architecture),
#endif
		cmocka_unit_test(landlock_denies_files),
		cmocka_unit_test(start)
	};

	log_init("test");
	return (cmocka_run_group_tests_name("sandbox", tests, NULL, NULL));
}
