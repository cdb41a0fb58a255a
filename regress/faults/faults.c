/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* This file maps its own by what is below all that it replaces. */
#undef _FORTIFY_SOURCE

#include <sys/mman.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "regress/faults/faults.h"

static struct fault_map	*map;

#ifdef __linux__
/* PROGRAM.faults, or nothing. */
static int
open_map(void)
{
	static const char	 suffix[] = ".faults";
	static char		 path[PATH_MAX + sizeof(suffix)];
	ssize_t			 n;

	n = readlink("/proc/self/exe", path, PATH_MAX);
	if (n <= 0 || n == PATH_MAX)
		return (-1);
	memcpy(path + n, suffix, sizeof(suffix));
	return ((int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC));
}

static void	load_map(void) __attribute__((constructor(102)));

static void
load_map(void)
{
	static const char *const names[] = {
#define FAULT_STRING(name)	#name,
		FAULTS(FAULT_STRING)
	};
	struct fault_map	*m;
	int			 fd, i;

	if ((fd = open_map()) == -1)
		return;
	m = (struct fault_map *)syscall(SYS_mmap, NULL, sizeof(*m),
	    PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	syscall(SYS_close, fd);
	if (m == MAP_FAILED || (m->magic != 0 && m->magic != FAULTS_MAGIC))
		_exit(99);
	for (i = 0; i < FAULT_COUNT; i++)
		strncpy(m->plan[i].name, names[i], FAULTS_NAME - 1);
	m->ncalls = FAULT_COUNT;
	m->magic = FAULTS_MAGIC;
	map = m;
}
#endif

/* xorshift64: the same for the same seed. */
static uint64_t
next_random(struct fault_plan *plan)
{
	plan->state ^= plan->state << 13;
	plan->state ^= plan->state >> 7;
	plan->state ^= plan->state << 17;
	return (plan->state >> 16);
}

static enum fault_kind
as_kind(struct fault_plan *plan, int error)
{
	plan->failed++;
	if (error == FAULTS_SHORT)
		return (FAULT_SHORTENED);
	errno = error;
	return (FAULT_FAIL);
}

static enum fault_kind
random_fault(struct fault_plan *plan, unsigned int allowed)
{
	static const int	 errors[] = { EINTR, EAGAIN, FAULTS_SHORT };
	uint64_t		 r = next_random(plan);
	unsigned int		 which = (unsigned int)(r >> 8) % 3;

	if (r % 256 >= plan->odds || (allowed & 1U << which) == 0)
		return (FAULT_NONE);
	return (as_kind(plan, errors[which]));
}

enum fault_kind
fault_next(enum fault call, unsigned int random)
{
	struct fault_plan	*plan;
	uint64_t		 n;

	if (map == NULL)
		return (FAULT_NONE);
	plan = &map->plan[call];
	n = __atomic_add_fetch(&plan->count, 1, __ATOMIC_SEQ_CST);
	if (plan->times > 0 && n >= plan->at && n - plan->at < plan->times)
		return (as_kind(plan, plan->error));
	if (plan->odds > 0 && random != 0)
		return (random_fault(plan, random & plan->random));
	return (FAULT_NONE);
}

bool
fault_fails(enum fault call)
{
	return (fault_next(call, 0) == FAULT_FAIL);
}
