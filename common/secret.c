/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/mman.h>
#include <sys/syscall.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/secret.h"

/* Secrets are handed out in units of this, so it is their alignment too. */
#define UNIT		16

/*
 * More than any library function here takes of the stack: libsecp256k1's
 * deepest chain of calls is near 10 KiB, a signal's frame is below 4 KiB.
 */
#define STACK_WIPE	(48 * 1024)

/* What the pool's map says of a unit. */
enum {
	UNIT_FREE,
	UNIT_FIRST,		/* of a secret */
	UNIT_MORE
};

static struct {
	uint8_t		*mapping;	/* guard page, pool, guard page */
	size_t		 mapped;
	uint8_t		*base;
	size_t		 size;
	uint8_t		*map;		/* a byte a unit; holds no secret */
	const char	*kind;
} pool;

/*
 * A descriptor of secret memory, or -1.  The unit test puts a function of
 * its own in this one's place.
 */
#ifndef SECRET_OPEN
#define SECRET_OPEN	open_secretmem

static int
open_secretmem(void)
{
#ifdef SYS_memfd_secret
	return ((int)syscall(SYS_memfd_secret, 0));
#else
	errno = ENOSYS;
	return (-1);
#endif
}
#endif /* SECRET_OPEN */

/* Puts memfd_secret(2) memory in the place of the mapping's middle. */
static int
map_secretmem(void)
{
	void *p;
	int fd;

	if ((fd = SECRET_OPEN()) == -1)
		return (-1);
	if (ftruncate(fd, (off_t)pool.size) == -1) {
		close(fd);
		return (-1);
	}
	p = mmap(pool.base, pool.size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_FIXED, fd, 0);
	close(fd);
	if (p == MAP_FAILED)
		return (-1);
	pool.kind = "memfd_secret";
	return (0);
}

static int
map_locked(void)
{
	int flags = MAP_PRIVATE | MAP_ANON | MAP_FIXED;

#ifdef MAP_CONCEAL
	flags |= MAP_CONCEAL;
#endif
	if (mmap(pool.base, pool.size, PROT_READ | PROT_WRITE, flags, -1,
	    0) == MAP_FAILED)
		return (-1);
	if (mlock(pool.base, pool.size) == -1)
		return (-1);
#if defined(MADV_DONTDUMP)
	if (madvise(pool.base, pool.size, MADV_DONTDUMP) == -1)
		return (-1);
#elif defined(MADV_NOCORE)
	if (madvise(pool.base, pool.size, MADV_NOCORE) == -1)
		return (-1);
#endif
	pool.kind = "mlock";
	return (0);
}

static int
keep_from_children(void)
{
#if defined(MADV_DONTFORK)
	return (madvise(pool.base, pool.size, MADV_DONTFORK));
#elif defined(MAP_INHERIT_ZERO)
	return (minherit(pool.base, pool.size, MAP_INHERIT_ZERO));
#elif defined(INHERIT_NONE)
	return (minherit(pool.base, pool.size, INHERIT_NONE));
#else
	return (0);
#endif
}

/* Reserves the pool and a page that cannot be touched on either side. */
static int
reserve(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *p;

	if (size > SIZE_MAX / 2 - 3 * page) {
		errno = ENOMEM;
		return (-1);
	}
	pool.size = (size + page - 1) / page * page;
	if (pool.size == 0)
		pool.size = page;
	pool.mapped = pool.size + 2 * page;
	p = mmap(NULL, pool.mapped, PROT_NONE, MAP_PRIVATE | MAP_ANON, -1, 0);
	if (p == MAP_FAILED)
		return (-1);
	pool.mapping = p;
	pool.base = pool.mapping + page;
	return (0);
}

int
secret_init(size_t size)
{
	int error;

	if (pool.mapping != NULL) {
		errno = EBUSY;
		return (-1);
	}
	if (reserve(size) == -1)
		return (-1);
	if ((pool.map = calloc(pool.size / UNIT, 1)) == NULL)
		goto fail;
	if (map_secretmem() == -1 && map_locked() == -1)
		goto fail;
	if (keep_from_children() == -1)
		goto fail;
	/* Every page is there from now on: no fault, no lack later. */
	explicit_bzero(pool.base, pool.size);
	return (0);
 fail:
	error = errno;
	munmap(pool.mapping, pool.mapped);
	free(pool.map);
	memset(&pool, 0, sizeof(pool));
	errno = error;
	return (-1);
}

const char *
secret_kind(void)
{
	return (pool.kind != NULL ? pool.kind : "none");
}

/* Units that size bytes take; at least one. */
static size_t
units(size_t size)
{
	return (size == 0 ? 1 : (size - 1) / UNIT + 1);
}

void *
secret_alloc(size_t size)
{
	size_t i, n = units(size), run = 0, first;

	for (i = 0; i < pool.size / UNIT; i++) {
		run = pool.map[i] == UNIT_FREE ? run + 1 : 0;
		if (run < n)
			continue;
		first = i + 1 - n;
		memset(pool.map + first, UNIT_MORE, n);
		pool.map[first] = UNIT_FIRST;
		memset(pool.base + first * UNIT, 0, n * UNIT);
		return (pool.base + first * UNIT);
	}
	errno = ENOMEM;
	return (NULL);
}

void
secret_free(void *p, size_t size)
{
	uintptr_t offset;
	size_t end, first, i, n = units(size);

	if (p == NULL)
		return;
	/* Wraps, so is too large, for an address below the pool. */
	offset = (uintptr_t)p - (uintptr_t)pool.base;
	if (pool.base == NULL || offset >= pool.size || offset % UNIT != 0)
		abort();
	first = offset / UNIT;
	end = pool.size / UNIT;
	if (pool.map[first] != UNIT_FIRST || n > end - first)
		abort();
	for (i = first + 1; i < end && pool.map[i] == UNIT_MORE; i++)
		continue;
	if (i - first != n)
		abort();
	explicit_bzero(p, n * UNIT);
	memset(pool.map + first, UNIT_FREE, n);
}

void
secret_exit(void)
{
	if (pool.mapping == NULL)
		return;
	explicit_bzero(pool.base, pool.size);
	munmap(pool.mapping, pool.mapped);
	free(pool.map);
	memset(&pool, 0, sizeof(pool));
}

/*
 * memcpy(3) and its like leave in vector registers what they moved, in those
 * that nothing else uses for as long as the process lives.  From there it can
 * come to the stack: the dynamic linker saves all of them when it binds a
 * library's function at its first call.
 */
#if defined(__x86_64__)
#define ZMM(n)	"vpxorq %%zmm" #n ", %%zmm" #n ", %%zmm" #n "\n\t"
#define XMM(n)	"pxor %%xmm" #n ", %%xmm" #n "\n\t"

static void
wipe_registers(void)
{
	if (__builtin_cpu_supports("avx512f"))
		/* No compiler uses these where it was not told to. */
		__asm__ volatile(ZMM(16) ZMM(17) ZMM(18) ZMM(19) ZMM(20)
		    ZMM(21) ZMM(22) ZMM(23) ZMM(24) ZMM(25) ZMM(26) ZMM(27)
		    ZMM(28) ZMM(29) ZMM(30) ZMM(31) : : : "memory");
	if (__builtin_cpu_supports("avx"))
		__asm__ volatile("vzeroall" : : : "memory", "xmm0", "xmm1",
		    "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",
		    "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
		    "xmm15");
	else
		__asm__ volatile(XMM(0) XMM(1) XMM(2) XMM(3) XMM(4) XMM(5)
		    XMM(6) XMM(7) XMM(8) XMM(9) XMM(10) XMM(11) XMM(12)
		    XMM(13) XMM(14) XMM(15) : : : "memory", "xmm0", "xmm1",
		    "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",
		    "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
		    "xmm15");
}
#elif defined(__aarch64__)
#define V(n)	"movi v" #n ".2d, #0\n\t"

static void
wipe_registers(void)
{
	__asm__ volatile(V(0) V(1) V(2) V(3) V(4) V(5) V(6) V(7) V(8) V(9)
	    V(10) V(11) V(12) V(13) V(14) V(15) V(16) V(17) V(18) V(19)
	    V(20) V(21) V(22) V(23) V(24) V(25) V(26) V(27) V(28) V(29)
	    V(30) V(31) : : : "memory", "v0", "v1", "v2", "v3", "v4", "v5",
	    "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14",
	    "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23",
	    "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31");
}
#else
static void
wipe_registers(void)
{
}
#endif

/*
 * Not instrumented: the array must be on the stack itself, where an address
 * sanitizer might put it elsewhere.
 */
__attribute__((noinline, no_sanitize("address")))
void
secret_wipe_stack(void)
{
	uint8_t below[STACK_WIPE];

	explicit_bzero(below, sizeof(below));
	/* The array is in use to the end: the call above is no tail call. */
	__asm__ volatile("" : : "r"(below) : "memory");
	wipe_registers();
}
