/* objects: */
/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * The source itself is compiled here, with its way to secret memory
 * replaced: so the same tests see both kinds of pool.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int	 open_or_fail(void);
#define SECRET_OPEN	open_or_fail
#include "common/secret.c"

#include <sys/resource.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#ifdef __linux__
#include <linux/seccomp.h>
#include <sys/prctl.h>
#endif

#include "regress/unit/memscan.h"

#define POOL	16384

/* An address sanitizer makes mlock(2) do nothing. */
#ifdef __SANITIZE_ADDRESS__
#define NO_MLOCK	true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define NO_MLOCK	true
#endif
#endif
#ifndef NO_MLOCK
#define NO_MLOCK	false
#endif

static bool fallback;

static int
open_or_fail(void)
{
#ifdef SYS_memfd_secret
	if (!fallback)
		return ((int)syscall(SYS_memfd_secret, 0));
#endif
	errno = ENOSYS;
	return (-1);
}

static bool
kernel_has_secretmem(void)
{
	int fd;

	if ((fd = open_or_fail()) == -1)
		return (false);
	close(fd);
	return (true);
}

static int
setup(void **state)
{
	(void)state;
	fallback = false;
	return (secret_init(POOL));
}

static int
setup_fallback(void **state)
{
	(void)state;
	fallback = true;
	return (secret_init(POOL));
}

static int
teardown(void **state)
{
	(void)state;
	secret_exit();
	fallback = false;
	return (0);
}

static void
test_kind(void **state)
{
	(void)state;
	assert_string_equal(secret_kind(), !fallback &&
	    kernel_has_secretmem() ? "memfd_secret" : "mlock");
	/* One pool at a time. */
	errno = 0;
	assert_int_equal(secret_init(POOL), -1);
	assert_int_equal(errno, EBUSY);
	assert_string_not_equal(secret_kind(), "none");
	secret_exit();
	assert_string_equal(secret_kind(), "none");
	assert_null(secret_alloc(1));
	secret_exit();
	assert_int_equal(secret_init(POOL), 0);
}

static bool
is_zero(const uint8_t *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (p[i] != 0)
			return (false);
	return (true);
}

static void
test_alloc(void **state)
{
	static const size_t sizes[] = { 0, 1, 15, 16, 17, 32, 33, 4096, 8193 };
	uint8_t *p[sizeof(sizes) / sizeof(sizes[0])];
	size_t i, k, n = sizeof(sizes) / sizeof(sizes[0]);

	(void)state;
	for (i = 0; i < n; i++) {
		p[i] = secret_alloc(sizes[i]);
		assert_non_null(p[i]);
		assert_int_equal((uintptr_t)p[i] % 16, 0);
		assert_true(is_zero(p[i], sizes[i]));
		memset(p[i], (int)i + 1, sizes[i]);
	}
	for (i = 0; i < n; i++)
		for (k = 0; k < sizes[i]; k++)
			assert_int_equal(p[i][k], i + 1);
	/* Wiped when given back, zeros when handed out again. */
	for (i = 0; i < n; i++) {
		secret_free(p[i], sizes[i]);
		assert_true(is_zero(p[i], sizes[i]));
	}
	assert_true(is_zero(pool.base, pool.size));
	memset(pool.base, 0x55, 64);
	p[0] = secret_alloc(64);
	assert_true(is_zero(p[0], 64));
	secret_free(p[0], 64);
	secret_free(NULL, 5);
}

static void
test_exhaustion(void **state)
{
	uint8_t *p[POOL / 64 + 1], *whole;
	size_t i;

	(void)state;
	assert_int_equal(pool.size % (size_t)sysconf(_SC_PAGESIZE), 0);
	assert_true(pool.size >= POOL);
	errno = 0;
	assert_null(secret_alloc(pool.size + 1));
	assert_int_equal(errno, ENOMEM);
	assert_null(secret_alloc(SIZE_MAX));
	whole = secret_alloc(pool.size);
	assert_ptr_equal(whole, pool.base);
	assert_null(secret_alloc(1));
	secret_free(whole, pool.size);

	for (i = 0; i < pool.size / 64; i++) {
		p[i] = secret_alloc(64);
		assert_non_null(p[i]);
	}
	assert_null(secret_alloc(1));
	/* A hole is used; one that is too small is not. */
	secret_free(p[7], 64);
	assert_null(secret_alloc(65));
	assert_ptr_equal(secret_alloc(64), p[7]);
	secret_free(p[3], 64);
	secret_free(p[4], 64);
	assert_ptr_equal(secret_alloc(128), p[3]);
	secret_free(p[3], 128);
	for (i = 0; i < pool.size / 64; i++)
		if (i != 3 && i != 4)
			secret_free(p[i], 64);
	whole = secret_alloc(pool.size);
	assert_non_null(whole);
	secret_free(whole, pool.size);
}

/* Whether secret_free(p, size), in a child, ends with SIGABRT. */
static bool
free_aborts(void *p, size_t size)
{
	const struct rlimit none = { 0, 0 };
	pid_t pid;
	int status;

	if ((pid = fork()) == 0) {
		signal(SIGABRT, SIG_DFL);
		signal(SIGSEGV, SIG_DFL);
		setrlimit(RLIMIT_CORE, &none);
		secret_free(p, size);
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void
test_misuse(void **state)
{
	uint8_t local[32], *p, *q, *heap;

	(void)state;
	p = secret_alloc(48);
	q = secret_alloc(32);
	heap = malloc(32);
	assert_non_null(heap);
	assert_true(free_aborts(local, sizeof(local)));
	assert_true(free_aborts(heap, 32));
	assert_true(free_aborts(pool.base - 16, 16));
	assert_true(free_aborts(pool.base + pool.size, 16));
	assert_true(free_aborts(p + 1, 48));
	assert_true(free_aborts(p + 16, 32));
	assert_true(free_aborts(p, 32));
	assert_true(free_aborts(p, 49));
	assert_true(free_aborts(p, 80));
	assert_true(free_aborts(p, SIZE_MAX));
	assert_true(free_aborts(q + 32, 16));
	secret_free(p, 48);
	assert_true(free_aborts(p, 48));
	secret_free(q, 32);
	assert_true(free_aborts(q, 32));
	secret_exit();
	assert_true(free_aborts(q, 32));
	assert_int_equal(secret_init(POOL), 0);
	free(heap);
}

/* Whether the byte can be read, which the kernel tells without a fault. */
static bool
readable(const uint8_t *p)
{
	int fds[2];
	bool ok;

	if (pipe(fds) == -1)
		return (false);
	ok = write(fds[1], p, 1) == 1;
	close(fds[0]);
	close(fds[1]);
	return (ok);
}

static void
test_guards(void **state)
{
	(void)state;
	assert_true(readable(pool.base));
	assert_true(readable(pool.base + pool.size - 1));
	assert_false(readable(pool.base - 1));
	assert_false(readable(pool.base + pool.size));
}

static void
test_fork(void **state)
{
	pid_t pid;
	int status;

	(void)state;
	if ((pid = fork()) == 0)
		_exit(readable(pool.base) ? 1 : 0);
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Locked, not dumped, not copied by fork, as the kernel has it. */
static void
test_flags(void **state)
{
	uintptr_t from, to;
	char line[512];
	bool here = false, seen = false;
	FILE *smaps;

	(void)state;
	if ((smaps = fopen("/proc/self/smaps", "re")) == NULL)
		skip();
	while (fgets(line, sizeof(line), smaps) != NULL) {
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &from,
		    &to) == 2) {
			here = from == (uintptr_t)pool.base;
			if (here)
				assert_int_equal(to - from, pool.size);
		}
		if (!here || strncmp(line, "VmFlags:", 8) != 0)
			continue;
		seen = true;
		if (!fallback || !NO_MLOCK)
			assert_non_null(strstr(line, " lo "));
		assert_non_null(strstr(line, " dd "));
		assert_non_null(strstr(line, " dc "));
	}
	fclose(smaps);
	assert_true(seen);
}

/* No other process, nor the kernel for it, reads memfd_secret memory. */
static void
test_unreadable(void **state)
{
	uint8_t byte;
	ssize_t n;

	(void)state;
	if (!memscan_open())
		skip();
	n = pread(memscan_fd, &byte, 1, (off_t)(uintptr_t)pool.base);
	assert_int_equal(n, strcmp(secret_kind(), "mlock") == 0 ? 1 : -1);
}

static void
test_no_descriptor(void **state)
{
	int before, after;

	(void)state;
	secret_exit();
	before = dup(STDIN_FILENO);
	close(before);
	assert_int_equal(secret_init(POOL), 0);
	after = dup(STDIN_FILENO);
	close(after);
	assert_int_equal(before, after);
}

/* After secret_init no system call is needed: only read and write may be. */
static void
test_no_syscall(void **state)
{
#ifdef __linux__
	uint8_t *p;
	pid_t pid;
	int i, status;

	(void)state;
	secret_exit();
	if ((pid = fork()) == 0) {
		if (secret_init(POOL) == -1 ||
		    prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == -1)
			_exit(1);
		for (i = 0; i < 100; i++) {
			p = secret_alloc((size_t)i * 100);
			memset(p, i, (size_t)i * 100);
			secret_free(p, (size_t)i * 100);
		}
		secret_alloc(POOL + 1);
		secret_wipe_stack();
		/* The one way to end in this mode. */
		syscall(SYS_exit, 7);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
	assert_int_equal(secret_init(POOL), 0);
#else
	(void)state;
	skip();
#endif
}

/* More than may be locked: an error, and nothing is left behind. */
static void
test_limit(void **state)
{
	const struct rlimit limit = { 8192, 8192 };
	pid_t pid;
	int status;

	(void)state;
	secret_exit();
	assert_int_equal(secret_init(SIZE_MAX), -1);
	assert_string_equal(secret_kind(), "none");
	if (NO_MLOCK)
		skip();
	if ((pid = fork()) == 0) {
		if (setrlimit(RLIMIT_MEMLOCK, &limit) == -1)
			_exit(1);
		/* Root may lock what it likes. */
		if (geteuid() == 0 && setuid(65534) == -1)
			_exit(2);
		if (secret_init(1 << 20) != -1)
			_exit(3);
		if (strcmp(secret_kind(), "none") != 0 || pool.mapping != NULL)
			_exit(4);
		_exit(secret_init(4096) == 0 ? 0 : 5);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(secret_init(POOL), 0);
}

static void
test_exit_unmaps(void **state)
{
	uint8_t *base = pool.base;

	(void)state;
	assert_true(readable(base));
	secret_exit();
	assert_false(readable(base));
	assert_int_equal(secret_init(POOL), 0);
}

static void
test_wipe_stack(void **state)
{
	size_t n;

	(void)state;
	if (!memscan_open())
		skip();
	memscan_fill_stack();
	n = memscan_stack_left();
	assert_true(n > MEMSCAN_DEPTH - 4096 && n <= MEMSCAN_DEPTH);
	secret_wipe_stack();
	assert_int_equal(memscan_stack_left(), 0);
}

#define BOTH(f)								\
	{ #f " (secret memory)", f, setup, teardown, NULL },		\
	{ #f " (fallback)", f, setup_fallback, teardown, NULL }

#if defined(__x86_64__)
#define REGISTERS	32
#define BYTES		64

/* What all of them hold, of the wider ones where the machine has them. */
__attribute__((target("avx512f"), noinline))
static void
wide_registers(uint8_t all[REGISTERS][BYTES], bool load)
{
#define EACH(n)	if (load)						\
		__asm__ volatile("vmovdqu64 %0, %%zmm" #n : :		\
		    "m"(all[n][0]) : "memory", "xmm" #n);		\
	else								\
		__asm__ volatile("vmovdqu64 %%zmm" #n ", %0" :		\
		    "=m"(all[n][0]) : : "memory")
	EACH(0); EACH(1); EACH(2); EACH(3); EACH(4); EACH(5); EACH(6);
	EACH(7); EACH(8); EACH(9); EACH(10); EACH(11); EACH(12); EACH(13);
	EACH(14); EACH(15); EACH(16); EACH(17); EACH(18); EACH(19); EACH(20);
	EACH(21); EACH(22); EACH(23); EACH(24); EACH(25); EACH(26); EACH(27);
	EACH(28); EACH(29); EACH(30); EACH(31);
#undef EACH
}

__attribute__((noinline))
static void
narrow_registers(uint8_t all[REGISTERS][BYTES], bool load)
{
#define EACH(n)	if (load)						\
		__asm__ volatile("movdqu %0, %%xmm" #n : :		\
		    "m"(all[n][0]) : "memory", "xmm" #n);		\
	else								\
		__asm__ volatile("movdqu %%xmm" #n ", %0" :		\
		    "=m"(all[n][0]) : : "memory")
	EACH(0); EACH(1); EACH(2); EACH(3); EACH(4); EACH(5); EACH(6);
	EACH(7); EACH(8); EACH(9); EACH(10); EACH(11); EACH(12); EACH(13);
	EACH(14); EACH(15);
#undef EACH
}

static uint8_t	registers[REGISTERS][BYTES];

/* Runs of the pattern; what the test itself moves is none. */
static size_t
patterns_left(void)
{
	size_t	 i, k, n = 0;

	for (i = 0; i < REGISTERS; i++)
		for (k = 0; k + 8 <= BYTES; k += 8)
			n += memcmp(registers[i] + k, "\x5a\x5a\x5a\x5a"
			    "\x5a\x5a\x5a\x5a", 8) == 0;
	return (n);
}

static void
test_registers(void **state)
{
	void	(*each)(uint8_t [REGISTERS][BYTES], bool);

	(void)state;
	each = __builtin_cpu_supports("avx512f") ? wide_registers :
	    narrow_registers;
	memset(registers, 0x5a, sizeof(registers));
	each(registers, true);
	memset(registers, 0, sizeof(registers));
	each(registers, false);
	/* They do hold something, if nothing wipes them. */
	assert_true(patterns_left() >= 8);
	memset(registers, 0x5a, sizeof(registers));
	each(registers, true);
	memset(registers, 0, sizeof(registers));
	secret_wipe_stack();
	each(registers, false);
	assert_int_equal(patterns_left(), 0);
}
#else
static void
test_registers(void **state)
{
	(void)state;
	skip();
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(test_kind),
		BOTH(test_alloc),
		BOTH(test_exhaustion),
		BOTH(test_misuse),
		BOTH(test_guards),
		BOTH(test_fork),
		BOTH(test_flags),
		BOTH(test_unreadable),
		BOTH(test_no_descriptor),
		BOTH(test_no_syscall),
		BOTH(test_limit),
		BOTH(test_exit_unmaps),
		cmocka_unit_test(test_wipe_stack),
		cmocka_unit_test(test_registers),
	};

	return (cmocka_run_group_tests_name("secret", tests, NULL, NULL));
}
