/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/watch_list.o common/secret.o keyd/keccak.o */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/conf_parse.h"
#include "common/report.h"
#include "common/watch_local.h"
#include "keyd/keccak.h"
#include "regress/unit/memscan.h"

/*
 * A file of a private key is looked at to see whether it has changed, and
 * nothing of it stays on the parent's stack.
 */
/* ---- In the place of other objects: it has nothing to do with them ----- */

char *
conf_copy(const char *text)
{
	(void)text;
	abort();
}

void *
conf_grow(void *array, size_t n, size_t size)
{
	(void)array;
	(void)n;
	(void)size;
	abort();
}

int
conf_file_open(struct conf_file *file, bool secret)
{
	(void)file;
	(void)secret;
	abort();
}

void
conf_fd_close(int *fd)
{
	(void)fd;
	abort();
}

void
report_to(void (*cb)(const char *, bool))
{
	(void)cb;
	abort();
}

/* ---- What is left behind ---------------------------------------------- */

/* Of the frame of the function itself, which is not below it. */
#define FRAME	1024

static void
nothing_is_left(void **state)
{
	static uint8_t		 secret[1704];
	struct watch_state	 now;
	uint8_t			 hash[KECCAK_SIZE];
	size_t			 i;
	FILE			*file;
	int			 fd;

	(void)state;
	if (!memscan_open())
		skip();
	for (i = 0; i < sizeof(secret); i++)
		secret[i] = (uint8_t)(i * 167 + (i >> 8) * 59);
	assert_non_null(file = tmpfile());
	fd = fileno(file);
	assert_int_equal(write(fd, secret, sizeof(secret)), sizeof(secret));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	memscan_fill_stack();
	assert_true(memscan_stack_left() > MEMSCAN_DEPTH / 2);
	assert_int_equal(watch_digest(fd, &now), 0);
	assert_in_range(memscan_stack_left(), 0, FRAME);
	keccak256(hash, secret, sizeof(secret));
	assert_memory_equal(hash, now.digest, sizeof(hash));
	fclose(file);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(nothing_is_left)
	};

	return (cmocka_run_group_tests_name("watchwipe", tests, NULL, NULL));
}
