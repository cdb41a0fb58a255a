/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_UNIT_MEMSCAN_H
#define REGRESS_UNIT_MEMSCAN_H

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/*
 * Looks for copies of a secret in this process's memory, where /proc shows
 * it (memscan_open says so).  What is looked for, and the buffer that memory
 * is read into, are the caller's secret memory, and that is not looked at.
 */
#define MEMSCAN_BUF	8192
/* A sanitizer's reservations are larger than any memory in use. */
#define MEMSCAN_LARGEST	(256UL << 20)

static int memscan_fd = -1;

static inline bool
memscan_open(void)
{
	if (memscan_fd == -1)
		memscan_fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	return (memscan_fd != -1);
}

/* Times that needle is in [from, to); what cannot be read is passed over. */
static inline size_t
memscan_range(uintptr_t from, uintptr_t to, const uint8_t *needle, size_t len,
    uint8_t buf[MEMSCAN_BUF])
{
	const uint8_t *p, *end;
	size_t found = 0, want;
	ssize_t n;

	while (from < to) {
		want = to - from < MEMSCAN_BUF ? to - from : MEMSCAN_BUF;
		n = pread(memscan_fd, buf, want, (off_t)from);
		if (n <= 0) {
			from = (from & ~(uintptr_t)0xfff) + 0x1000;
			continue;
		}
		end = buf + n;
		for (p = buf; (p = memmem(p, (size_t)(end - p), needle,
		    len)) != NULL; p++)
			found++;
		/* The next piece begins with what may be cut in two here. */
		from += (size_t)n > len && (size_t)n == want && from + want < to
		    ? (size_t)n - len + 1 : (size_t)n;
	}
	explicit_bzero(buf, MEMSCAN_BUF);
	return (found);
}

/* The same in all mappings but that which holds needle. */
static inline size_t
memscan_process(const uint8_t *needle, size_t len, uint8_t buf[MEMSCAN_BUF])
{
	uintptr_t from, to, own = (uintptr_t)needle;
	size_t found = 0;
	char line[512], mode[5];
	FILE *maps;

	if ((maps = fopen("/proc/self/maps", "re")) == NULL)
		return (0);
	while (fgets(line, sizeof(line), maps) != NULL) {
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s", &from, &to,
		    mode) != 3 || mode[0] != 'r')
			continue;
		if ((own >= from && own < to) || to - from > MEMSCAN_LARGEST)
			continue;
		found += memscan_range(from, to, needle, len, buf);
	}
	fclose(maps);
	return (found);
}

/*
 * Whether the stack below was wiped: a pattern that goes deeper than any
 * call here, and how many bytes of it are left.
 */
#define MEMSCAN_DEPTH	32768
#define MEMSCAN_PATTERN	0xa5

static uintptr_t memscan_deep;

__attribute__((noinline, unused, no_sanitize("address")))
static void
memscan_fill_stack(void)
{
	uint8_t array[MEMSCAN_DEPTH];

	memset(array, MEMSCAN_PATTERN, sizeof(array));
	memscan_deep = (uintptr_t)array;
	__asm__ volatile("" : : "r"(array) : "memory");
}

/* The copy is static, so that nothing is written over what is counted. */
__attribute__((noinline, unused, no_sanitize("address")))
static size_t
memscan_stack_left(void)
{
	static uint8_t copy[MEMSCAN_DEPTH];
	size_t i, n = 0;

	if (pread(memscan_fd, copy, sizeof(copy), (off_t)memscan_deep) !=
	    MEMSCAN_DEPTH)
		return (SIZE_MAX);
	for (i = 0; i < sizeof(copy); i++)
		n += copy[i] == MEMSCAN_PATTERN;
	return (n);
}

#endif /* REGRESS_UNIT_MEMSCAN_H */
