/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/report.o common/conf.o common/conf_amount.o
 * common/conf_print.o common/conf_rule.o common/conf_setting.o
 * common/conf_words.o common/lexer.o common/lexer_file.o
 * common/lexer_macro.o common/hex.o common/u256.o keyd/payload.o keyd/rule.o
 * common/log.o common/log_render.o compat/imsg.o compat/imsg-buffer.o */

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/conf_parse.h"
#include "common/report.h"

/*
 * Files and sockets that a configuration names, where a call fails: the fault
 * is told with the line that it is in, and nothing stays open.
 */
enum call {
	NOTHING, FSTAT, REUSEADDR, V6ONLY, BIND, LISTEN, GETSOCKNAME
};
static enum call	 failing;
static int		 from;		/* which one fails, from 1 */
static int		 error_given;

static int
fails(enum call what)
{
	if (failing != what || --from != 0)
		return (0);
	errno = error_given;
	return (1);
}

/* What a file is said to be. */
static struct stat	 pretended;

static int
pretend(int fd, struct stat *st)
{
	if (fails(FSTAT))
		return (-1);
	if (pretended.st_mode == 0)
		return (fstat(fd, st));
	*st = pretended;
	return (0);
}

/* Its access control list, or the error instead of one. */
static struct {
	struct posix_acl_xattr_header	 header;
	struct posix_acl_xattr_entry	 entry[5];
} list;
static size_t		 acl_size;
static int		 acl_error;

static ssize_t
pretend_acl(int fd, const char *name, void *to, size_t size)
{
	assert_true(fd >= 0);
	assert_string_equal(name, "system.posix_acl_access");
	assert_true(acl_size <= size);
	memcpy(to, &list, acl_size);
	errno = acl_error;
	return (acl_error != 0 ? -1 : (ssize_t)acl_size);
}

#define US	1000
#define OURS	100

#define fstat(fd, st)	pretend(fd, st)
#define fgetxattr(fd, name, to, size)	pretend_acl(fd, name, to, size)
#define geteuid()	((uid_t)US)
#define getegid()	((gid_t)OURS)
#define setsockopt(fd, level, opt, value, len)				\
	(fails((level) == IPPROTO_IPV6 ? V6ONLY : REUSEADDR) ? -1 :	\
	setsockopt(fd, level, opt, value, len))
#define bind(fd, sa, len)	(fails(BIND) ? -1 : bind(fd, sa, len))
#define listen(fd, n)		(fails(LISTEN) ? -1 : listen(fd, n))
#define getsockname(fd, sa, len)					\
	(fails(GETSOCKNAME) ? -1 : getsockname(fd, sa, len))

#include "common/conf_file.c"

#undef fstat

static char	 said[1024];		/* all faults, each with a newline */
static int	 fds;

static void
hear(const char *line, bool warning)
{
	size_t	 len = strlen(said);

	assert_false(warning);
	snprintf(said + len, sizeof(said) - len, "%s\n", line);
}

static int
open_fds(void)
{
	int	 fd, n = 0;

	for (fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return (n);
}

static int
setup(void **state)
{
	(void)state;
	failing = NOTHING;
	from = 0;
	memset(&pretended, 0, sizeof(pretended));
	said[0] = '\0';
	report_to(hear);
	fds = open_fds();
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	report_to(NULL);
	return (open_fds() == fds ? 0 : -1);
}

static void
fail_in(enum call what, int which, int error)
{
	failing = what;
	from = which;
	error_given = error;
	said[0] = '\0';
}

/* ---- Files ------------------------------------------------------------ */

static void
expect_file(const char *path, bool secret, const char *fault)
{
	static char		 name[] = "test.conf";
	char			*copy = strdup(path);
	struct conf_file	 file = { 0 };

	assert_non_null(copy);
	file.path = copy;
	file.conf = name;
	file.line = 7;
	file.fd = -1;
	said[0] = '\0';
	assert_int_equal(conf_file_open(&file, secret),
	    fault == NULL ? 0 : -1);
	assert_string_equal(said, fault == NULL ? "" : fault);
	assert_int_equal(file.fd != -1, fault == NULL);
	conf_fd_close(&file.fd);
	assert_int_equal(file.fd, -1);
	free(copy);
}

static void
files(void **state)
{
	(void)state;
	fail_in(FSTAT, 1, EIO);
	expect_file("/dev/null", false, "test.conf:7: cannot read "
	    "\"/dev/null\": Input/output error\n");
	expect_file("/dev/null", false, "test.conf:7: \"/dev/null\" is not a "
	    "regular file\n");
	expect_file("/", false, "test.conf:7: \"/\" is not a regular file\n");
	expect_file("/nonexistent/x", true, "test.conf:7: cannot open "
	    "\"/nonexistent/x\": No such file or directory\n");
}

static void
secret_is(mode_t mode, uid_t owner, gid_t group, const char *fault)
{
	pretended.st_mode = S_IFREG | mode;
	pretended.st_uid = owner;
	pretended.st_gid = group;
	expect_file("/dev/null", true, fault);
}

#define HOLDS	"test.conf:7: \"/dev/null\" holds a secret and "
#define MODE(mode, better)						\
	HOLDS "has mode " mode ", which gives group or others access: "	\
	"chmod " better " \"/dev/null\"\n"
#define OWNER								\
	HOLDS "belongs to user 1001, not to root or user 1000: "	\
	"chown 1000 \"/dev/null\"\n"

#define OTHERS								\
	HOLDS "others than group 100 can read it: "			\
	"chgrp 100 \"/dev/null\"\n"
#define LISTED								\
	HOLDS "has an access control list by which others may read "	\
	"it: setfacl -b \"/dev/null\"\n"

static void
secrets(void **state)
{
	(void)state;
	acl_error = ENODATA;
	secret_is(0600, US, OURS, NULL);
	secret_is(0400, 0, 0, NULL);
	secret_is(0604, US, OURS, MODE("0604", "0600"));
	secret_is(0600, US + 1, OURS, OWNER);
	/* Both are said. */
	secret_is(0777, US + 1, OURS, OWNER MODE("0777", "0700"));
	/* As root hands them to us, and no more than that. */
	secret_is(0440, 0, OURS, NULL);
	secret_is(0640, 0, OURS, NULL);
	secret_is(0440, 0, 0, OTHERS);
	secret_is(0440, 0, OURS + 1, OTHERS);
	acl_error = EOPNOTSUPP;
	secret_is(0440, 0, OURS, NULL);
	acl_error = EIO;
	secret_is(0440, 0, OURS, LISTED);
	secret_is(0440, US, OURS, MODE("0440", "0400"));
	secret_is(0460, 0, OURS, MODE("0460", "0400"));
	secret_is(0450, 0, OURS, MODE("0450", "0400"));
	secret_is(0444, 0, OURS, MODE("0444", "0400"));
	secret_is(04440, 0, OURS, MODE("4440", "0400"));
}

static void
acl_is(uint32_t version, int tag, uint32_t id, int perm, const char *fault)
{
	list.header.a_version = htole32(version);
	list.entry[0].e_tag = htole16(ACL_USER_OBJ);
	list.entry[1].e_tag = htole16((uint16_t)tag);
	list.entry[1].e_id = htole32(id);
	list.entry[1].e_perm = htole16((uint16_t)perm);
	list.entry[2].e_tag = htole16(ACL_MASK);
	list.entry[2].e_perm = htole16(ACL_READ);
	acl_size = sizeof(list.header) + 3 * sizeof(list.entry[0]);
	secret_is(0440, 0, 0, fault);
}

/* The mode's group has the mask of the list, whose group may have nothing. */
static void
access_lists(void **state)
{
	const uint32_t	 v = POSIX_ACL_XATTR_VERSION;

	(void)state;
	acl_error = 0;
	acl_is(v, ACL_USER, US, ACL_READ, NULL);
	acl_is(v, ACL_USER, US + 1, ACL_READ, OTHERS);
	acl_is(v, ACL_GROUP, OURS, ACL_READ, NULL);
	acl_is(v, ACL_GROUP, OURS + 1, ACL_READ, OTHERS);
	acl_is(v, ACL_GROUP_OBJ, 0, 0, NULL);
	acl_is(v, ACL_GROUP_OBJ, 0, ACL_READ, OTHERS);
	secret_is(0440, 0, OURS, NULL);
	acl_is(v + 1, ACL_USER, US, ACL_READ, OTHERS);
	acl_size = sizeof(list.header) - 1;
	secret_is(0440, 0, OURS, LISTED);
}

/* ---- Sockets ---------------------------------------------------------- */

typedef int	 binder(const char *, const char *, int, const char *,
		    uint16_t *);

static void
expect_bound(binder *bind_it, const char *host)
{
	uint16_t	 port = 0;
	int		 fd, is_listening = 0;
	socklen_t	 len = sizeof(is_listening);

	fail_in(NOTHING, 0, 0);
	fd = bind_it("listen on", "test.conf", 7, host, &port);
	assert_int_not_equal(fd, -1);
	assert_int_not_equal(port, 0);
	assert_string_equal(said, "");
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN,
	    &is_listening, &len), 0);
	assert_true(is_listening);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	close(fd);
}

static void
expect_unbound(binder *bind_it, const char *host, uint16_t port,
    const char *why)
{
	char	 fault_is[256];

	snprintf(fault_is, sizeof(fault_is),
	    "test.conf:7: listen on %s port %u: %s\n", host, port, why);
	assert_int_equal(bind_it("listen on", "test.conf", 7, host, &port),
	    -1);
	assert_string_equal(said, fault_is);
	assert_int_equal(open_fds(), fds);
}

static void
sockets(void **state)
{
	static const enum call	 calls[] = { REUSEADDR, BIND, LISTEN,
				    GETSOCKNAME };
	size_t			 i;

	(void)state;
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		fail_in(calls[i], 1, ENOBUFS);
		expect_unbound(conf_bind, "127.0.0.1", 0,
		    "No buffer space available");
		fail_in(calls[i], 1, ENOBUFS);
		expect_unbound(conf_bind_few, "127.0.0.1", 0,
		    "No buffer space available");
	}
	expect_bound(conf_bind, "127.0.0.1");
	expect_bound(conf_bind_few, "127.0.0.1");
}

/* The IPv4 addresses of such a socket would not be in its rules. */
static void
sockets_of_ipv6(void **state)
{
	int	 fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	if (fd == -1)
		skip();
	close(fd);
	fail_in(V6ONLY, 1, ENOPROTOOPT);
	expect_unbound(conf_bind, "::", 0, "Protocol not available");
}

static void
why_not_bound(void **state)
{
	(void)state;
	fail_in(BIND, 1, EADDRINUSE);
	expect_unbound(conf_bind, "127.0.0.1", 8545,
	    "in use by another process");
	fail_in(BIND, 1, EACCES);
	expect_unbound(conf_bind, "127.0.0.1", 1023,
	    "ports under 1024 need root or CAP_NET_BIND_SERVICE");
	fail_in(BIND, 1, EACCES);
	expect_unbound(conf_bind, "127.0.0.1", 1024, "Permission denied");
	fail_in(NOTHING, 0, 0);
	expect_unbound(conf_bind, "a.example", 1024,
	    gai_strerror(EAI_NONAME));
}

/* With the short queue, which is the second that it gets. */
static void
few(void **state)
{
	char		 fault_is[256];
	uint16_t	 port = 0;

	(void)state;
	fail_in(LISTEN, 2, EINVAL);
	assert_int_equal(conf_bind_few("metrics on", "test.conf", 9,
	    "127.0.0.1", &port), -1);
	/* By then it had a port. */
	assert_int_not_equal(port, 0);
	snprintf(fault_is, sizeof(fault_is), "test.conf:9: metrics on "
	    "127.0.0.1 port %u: Invalid argument\n", port);
	assert_string_equal(said, fault_is);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(files),
		TEST(secrets),
		TEST(access_lists),
		TEST(sockets),
		TEST(sockets_of_ipv6),
		TEST(why_not_bound),
		TEST(few)
	};

	log_init("test");
	return (cmocka_run_group_tests_name("conffile", tests, NULL, NULL));
}
