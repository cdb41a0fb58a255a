/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <string.h>

#include "regress/unit/alloc.h"
#include "regress/unit/forked.h"

/* No scenario makes as many. */
#define MOST	20000

static bool		 running;
static unsigned int	 count;		/* in this run */
static unsigned int	 fails_at;	/* 0: none */
static bool		 failed;

bool
memory_fails(enum memory_call call)
{
	(void)call;
	if (!running || ++count != fails_at)
		return (false);
	failed = true;
	return (true);
}

void
alloc_pause(void)
{
	running = false;
}

void
alloc_resume(void)
{
	running = true;
}

static bool
run(alloc_scenario *scenario, void *arg, unsigned int n)
{
	bool	 well;

	count = 0;
	fails_at = n;
	failed = false;
	running = true;
	well = scenario(arg);
	running = false;
	fails_at = 0;
	return (well);
}

const char *
alloc_fault(alloc_scenario *scenario, void *arg, unsigned int tolerated,
    unsigned int *n)
{
	unsigned int	 survived = 0;
	int64_t		 before;
	bool		 well;

	/* What libraries keep for good they take now. */
	*n = 0;
	if (!run(scenario, arg, 0))
		return ("it does not go well");
	for (*n = 1; *n < MOST; ++*n) {
		before = memory_live;
		well = run(scenario, arg, *n);
		if (memory_live > before)
			return ("memory is left");
#ifndef SIGNERD_SANITIZE
		/* The sanitizers see that, and have a strdup(3) uncounted. */
		if (memory_live < before)
			return ("memory is freed twice");
#endif
		if (!failed)
			return (well ? NULL : "it does not go well again");
		if (well && ++survived > tolerated)
			return ("it is not reported");
	}
	return ("there is no end");
}

unsigned int
alloc_each(alloc_scenario *scenario, void *arg, unsigned int tolerated)
{
	const char	*fault;
	unsigned int	 n;

	if (!memory_replaced)
		skip();
	fault = alloc_fault(scenario, arg, tolerated, &n);
	if (fault != NULL)
		print_error("when allocation %u fails %s\n", n, fault);
	assert_null(fault);
	return (n - 1);
}

struct fatal_run {
	alloc_scenario	*scenario;
	void		*arg;
	unsigned int	 n;
};

/* The exit status: 0, or 2 where the failure had no consequence. */
static void
run_once(void *arg)
{
	struct fatal_run	*f = arg;

	want(run(f->scenario, f->arg, f->n));
	if (failed)
		_exit(2);
}

unsigned int
alloc_each_fatal(alloc_scenario *scenario, void *arg, const char *text)
{
	struct fatal_run	 f = { scenario, arg, 0 };
	struct forked		 r;

	if (!memory_replaced)
		skip();
	forked_exits(run_once, &f, 0);
	for (f.n = 1; f.n < MOST; f.n++) {
		forked_run(&r, run_once, &f);
		if (r.status == 0)
			break;
		if (!WIFEXITED(r.status) || WEXITSTATUS(r.status) != 1 ||
		    strstr(r.text, text) == NULL) {
			print_error("allocation %u: status 0x%x, %s\n", f.n,
			    (unsigned)r.status, r.text);
			fail();
		}
	}
	assert_true(f.n < MOST);
	return (f.n - 1);
}
