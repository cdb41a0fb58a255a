/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/watch.o common/watch_list.o common/report.o common/secret.o
 * keyd/keccak.o */
/* libs: libevent */

#include <sys/types.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <event2/event.h>

#include "common/conf_parse.h"
#include "common/daemon.h"
#include "common/log.h"
#include "common/reload.h"
#include "common/report.h"
#include "common/watch.h"

/*
 * Two sets of files in a directory of the test's, looked at when the test says
 * so; the reload that they lead to is the test's.
 */
static struct event_base	*base;
static struct reload		 reload;
static struct watch		 watch;
static char			 dir[64];
static struct conf_file		 files[2][TLSFILE_COUNT];
static char			 said[1024];
static bool			 idle;
static int			 nreloads;

/* ---- In the place of other objects ------------------------------------ */

static void
note(const char *text)
{
	size_t	 len = strlen(said);

	snprintf(said + len, sizeof(said) - len, "%s ", text);
}

bool
log_start(struct log_record *r, enum log_level level, const char *msg)
{
	(void)r;
	(void)level;
	note(strcmp(msg, "changed files not taken up") == 0 ? "refused" :
	    strcmp(msg, "changed files taken up") == 0 ? "taken" :
	    strcmp(msg, "file changed") == 0 ? "changed" : "before");
	return (true);
}

void
log_str(struct log_record *r, const char *key, const char *value)
{
	const char	*slash = strrchr(value, '/');

	(void)r;
	(void)key;
	note(slash != NULL ? slash + 1 : value);
}

void
log_num(struct log_record *r, const char *key, uint64_t value)
{
	(void)r;
	(void)key;
	(void)value;
}

void
log_end(struct log_record *r)
{
	(void)r;
}

void
log_warn(const char *fmt, ...)
{
	char	 text[256];
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	note(strrchr(text, ' ') + 1);
}

void
fatal(const char *fmt, ...)
{
	(void)fmt;
	abort();
}

int
daemon_enter(void)
{
	return (0);
}

void
daemon_return(void)
{
}

char *
conf_copy(const char *text)
{
	return (strdup(text));
}

void *
conf_grow(void *items, size_t n, size_t size)
{
	items = reallocarray(items, n + 1, size);
	assert_non_null(items);
	return (items);
}

void
conf_fd_close(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

int
conf_file_open(struct conf_file *file, bool secret)
{
	(void)secret;
	if (file->path == NULL)
		return (0);
	file->fd = open(file->path, O_RDONLY | O_CLOEXEC);
	if (file->fd != -1)
		return (0);
	report_fault("gone");
	return (-1);
}

void
conf_tls_close(const struct conf_tls *tls)
{
	conf_fd_close(&tls->ca->fd);
	conf_fd_close(&tls->cert->fd);
	conf_fd_close(&tls->key->fd);
	conf_fd_close(&tls->crl->fd);
}

int
conf_tls_open(const struct conf_tls *tls, const struct conf_tls *other)
{
	(void)other;
	if (conf_file_open(tls->ca, false) == -1 ||
	    conf_file_open(tls->cert, false) == -1 ||
	    conf_file_open(tls->key, true) == -1 ||
	    conf_file_open(tls->crl, false) == -1)
		return (-1);
	return (0);
}

bool
reload_idle(const struct reload *r)
{
	(void)r;
	return (idle);
}

bool
reload_part(struct reload *r, const struct reload_cb *cb)
{
	(void)r;
	(void)cb;
	if (idle)
		nreloads++;
	return (idle);
}

/* ---- The files -------------------------------------------------------- */

static void
put(const struct conf_file *file, const char *text)
{
	int	 fd = open(file->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd != -1);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static struct conf_tls
tls_of(int i)
{
	struct conf_tls	 tls = {
		&files[i][TLSFILE_CA], &files[i][TLSFILE_CERT],
		&files[i][TLSFILE_KEY], &files[i][TLSFILE_CRL]
	};

	return (tls);
}

/* Both sets have the same authority, and no list. */
static void
name_files(void)
{
	static const char *const	 names[] = { "ca", "crt", "key" };
	char				 path[128];
	int				 i, j;

	memset(files, 0, sizeof(files));
	for (i = 0; i < 2; i++)
		for (j = 0; j < TLSFILE_COUNT; j++) {
			files[i][j].fd = -1;
			files[i][j].conf = "f";
			if (j == TLSFILE_CRL)
				continue;
			snprintf(path, sizeof(path), "%s/%s%d", dir, names[j],
			    j == TLSFILE_CA ? 0 : i);
			files[i][j].path = strdup(path);
			put(&files[i][j], path);
		}
}

static void
add_sets(void)
{
	struct conf_tls	 tls;
	int		 i;

	for (i = 0; i < 2; i++) {
		tls = tls_of(i);
		assert_int_equal(conf_tls_open(&tls, NULL), 0);
		watch_add(&watch, &tls, files[i]);
		/* They are left where a child reads them from. */
		assert_int_equal(lseek(tls.cert->fd, 0, SEEK_CUR), 0);
		conf_tls_close(&tls);
	}
}

static int
setup(void **state)
{
	static const struct reload_cb	 cb;

	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/test_watch.XXXXXX");
	assert_non_null(mkdtemp(dir));
	memset(&watch, 0, sizeof(watch));
	said[0] = '\0';
	idle = true;
	nreloads = 0;
	assert_non_null(base = event_base_new());
	watch_init(&watch, base, &reload, &cb);
	name_files();
	add_sets();
	watch_commit(&watch, 5000);
	return (0);
}

static int
teardown(void **state)
{
	int	 i, j;

	(void)state;
	watch_commit(&watch, 0);
	watch_discard(&watch);
	event_free(watch.timer);
	event_base_free(base);
	free(watch.warnings);
	free(watch.last_fault);
	for (i = 0; i < 2; i++)
		for (j = 0; j < TLSFILE_COUNT; j++) {
			if (files[i][j].path != NULL)
				(void)unlink(files[i][j].path);
			free(files[i][j].path);
		}
	return (rmdir(dir));
}

static void
expect(const char *want)
{
	assert_string_equal(said, want);
	said[0] = '\0';
}

/* A look now; the ms to the next one, or 0 where a reload has begun. */
static int
look(void)
{
	struct timeval	 tv, now;
	int		 before = nreloads;

	event_active(watch.timer, EV_TIMEOUT, 0);
	event_base_loop(base, EVLOOP_NONBLOCK);
	if (nreloads > before)
		return (0);
	assert_true(event_pending(watch.timer, EV_TIMEOUT, &tv));
	event_base_gettimeofday_cached(base, &now);
	evutil_timersub(&tv, &now, &tv);
	return ((int)((tv.tv_sec * 1000 + tv.tv_usec / 1000 + 500) / 1000) *
	    1000);
}

/* ---- Tests ------------------------------------------------------------ */

static void
same(void **state)
{
	(void)state;
	assert_int_equal(look(), 5000);
	put(&files[0][TLSFILE_CERT], files[0][TLSFILE_CERT].path);
	assert_int_equal(look(), 5000);
	assert_int_equal(look(), 5000);
	expect("");
}

/* Seen once it is looked at again soon; seen twice, it is taken up. */
static void
taken(void **state)
{
	(void)state;
	put(&files[1][TLSFILE_KEY], "new");
	assert_int_equal(look(), WATCH_SETTLE);
	put(&files[1][TLSFILE_KEY], "newer");
	assert_int_equal(look(), WATCH_SETTLE);
	assert_int_equal(nreloads, 0);
	assert_int_equal(look(), 0);
	assert_int_equal(watch_open(&watch), 1);
	assert_null(watch_changed(&watch, files[0]));
	assert_non_null(watch_changed(&watch, files[1]));
	assert_true(files[1][TLSFILE_CERT].fd != -1);
	assert_int_equal(files[0][TLSFILE_CERT].fd, -1);
	assert_int_equal(watch_tell(&watch, files[1], &files[1][TLSFILE_CERT],
	    TLSFILE_WARNING, "odd"), 0);
	assert_int_equal(watch_tell(&watch, files[1], &files[1][TLSFILE_CERT],
	    TLSFILE_WARNING, "odd"), 0);
	assert_int_equal(watch_tell(&watch, files[0], &files[0][TLSFILE_CERT],
	    TLSFILE_WARNING, "not asked"), -1);
	assert_true(watch.renewing);
	expect("");
	watch_done(&watch);
	expect("changed key1 odd taken ");
	assert_false(watch.renewing);
	assert_int_equal(files[1][TLSFILE_CERT].fd, -1);
	assert_int_equal(watch.files_reloaded, 1);
	assert_int_equal(look(), 5000);
	assert_int_equal(look(), 5000);
}

/* The same file of both is one, for the log and for the count. */
static void
shared(void **state)
{
	(void)state;
	put(&files[0][TLSFILE_CA], "new");
	(void)look();
	assert_int_equal(look(), 0);
	assert_int_equal(watch_open(&watch), 2);
	watch_done(&watch);
	expect("changed ca0 taken ");
	assert_int_equal(watch.files_reloaded, 1);
}

/* Another than what was seen is not part of it. */
static void
changed_meanwhile(void **state)
{
	(void)state;
	put(&files[0][TLSFILE_CERT], "new");
	put(&files[1][TLSFILE_CERT], "new");
	(void)look();
	assert_int_equal(look(), 0);
	put(&files[0][TLSFILE_CERT], "newer");
	assert_int_equal(watch_open(&watch), 1);
	assert_null(watch_changed(&watch, files[0]));
	watch_done(&watch);
	expect("changed crt1 taken ");
	assert_int_equal(look(), WATCH_SETTLE);
	assert_int_equal(look(), 0);
	assert_int_equal(unlink(files[0][TLSFILE_CERT].path), 0);
	assert_int_equal(watch_open(&watch), 0);
	watch_failed(&watch);
	/* That it is gone has to be seen twice, too. */
	assert_int_equal(look(), WATCH_SETTLE);
	expect("");
	(void)look();
	expect("refused gone ");
	(void)look();
	expect("");
}

/* One set is at fault: told once, and the other one goes on without it. */
static void
refused(void **state)
{
	int	 i;

	(void)state;
	put(&files[0][TLSFILE_CERT], "bad");
	put(&files[1][TLSFILE_CERT], "good");
	(void)look();
	assert_int_equal(look(), 0);
	assert_int_equal(watch_open(&watch), 2);
	assert_int_equal(watch_tell(&watch, files[0], &files[0][TLSFILE_CERT],
	    TLSFILE_FAULT, "no good"), 0);
	assert_int_equal(watch_tell(&watch, files[0], &files[0][TLSFILE_KEY],
	    TLSFILE_FAULT, "nor that"), 0);
	assert_int_equal(report_count(), 2);
	watch_failed(&watch);
	assert_false(watch.renewing);
	expect("refused crt0: no good ");
	assert_int_equal(watch.sets_refused, 1);
	assert_int_equal(watch_unfit(&watch), 1);
	assert_non_null(strstr(watch.last_fault, "no good"));
	assert_int_equal(look(), 0);
	assert_int_equal(watch_open(&watch), 1);
	watch_done(&watch);
	expect("changed crt1 taken ");
	for (i = 0; i < 3; i++)
		assert_int_equal(look(), 5000);
	/* Another fault, and the first one again. */
	put(&files[0][TLSFILE_CERT], "worse");
	(void)look();
	assert_int_equal(look(), 0);
	assert_int_equal(watch_open(&watch), 1);
	assert_int_equal(watch_tell(&watch, files[0], &files[0][TLSFILE_CERT],
	    TLSFILE_FAULT, "worse"), 0);
	watch_failed(&watch);
	expect("refused crt0: worse ");
	put(&files[0][TLSFILE_CERT], files[0][TLSFILE_CERT].path);
	assert_int_equal(look(), 5000);
	expect("before crt0 ");
	assert_int_equal(look(), 5000);
	expect("");
}

/* It is not the files: told once, and tried at the next look. */
static void
trouble(void **state)
{
	int	 i;

	(void)state;
	put(&files[0][TLSFILE_CERT], "new");
	(void)look();
	for (i = 0; i < 3; i++) {
		assert_int_equal(look(), 0);
		assert_int_equal(watch_open(&watch), 1);
		report_fault("no memory");
		watch_failed(&watch);
		expect(i == 0 ? "refused no memory " : "");
	}
	assert_int_equal(look(), 0);
	assert_int_equal(watch_open(&watch), 1);
	watch_done(&watch);
	expect("changed crt0 taken ");
}

/* During a reload nothing is looked at; a new configuration is begun with. */
static void
reloaded(void **state)
{
	(void)state;
	idle = false;
	put(&files[0][TLSFILE_CERT], "new");
	(void)look();
	assert_int_equal(look(), 5000);
	assert_false(watch.list.sets[0].has_seen);
	add_sets();
	watch_discard(&watch);
	idle = true;
	assert_int_equal(look(), WATCH_SETTLE);
	add_sets();
	watch_commit(&watch, 2000);
	assert_int_equal(look(), 2000);
	assert_int_equal(look(), 2000);
	assert_int_equal(nreloads, 0);
	expect("");
}

static void
off(void **state)
{
	(void)state;
	add_sets();
	watch_commit(&watch, 0);
	assert_false(event_pending(watch.timer, EV_TIMEOUT, NULL));
	add_sets();
	watch_commit(&watch, 20);
	assert_true(event_pending(watch.timer, EV_TIMEOUT, NULL));
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test_setup_teardown(same, setup, teardown),
		cmocka_unit_test_setup_teardown(taken, setup, teardown),
		cmocka_unit_test_setup_teardown(shared, setup, teardown),
		cmocka_unit_test_setup_teardown(changed_meanwhile, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(refused, setup, teardown),
		cmocka_unit_test_setup_teardown(trouble, setup, teardown),
		cmocka_unit_test_setup_teardown(reloaded, setup, teardown),
		cmocka_unit_test_setup_teardown(off, setup, teardown)
	};

	return (cmocka_run_group_tests_name("watch", tests, NULL, NULL));
}
