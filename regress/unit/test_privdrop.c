/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/privdrop.o common/log.o common/log_render.o compat/imsg.o
 * compat/imsg-buffer.o common/hex.o common/u256.o */

#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <linux/capability.h>

#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>

#include "common/privdrop.h"
#include "regress/unit/forked.h"

#define USER	12345
#define GROUP	23456

static char	 dir[] = "/tmp/test_privdrop.XXXXXX";
static char	 sub[sizeof(dir) + 4], file[sizeof(dir) + 5];
static ino_t	 jail;			/* of sub, which is empty */

static int
is_root(void)
{
	return (geteuid() == 0);
}

static int
make_files(void **state)
{
	struct stat	 st;
	int		 fd;

	(void)state;
	if (mkdtemp(dir) == NULL)
		return (-1);
	snprintf(sub, sizeof(sub), "%s/dir", dir);
	snprintf(file, sizeof(file), "%s/file", dir);
	if (chmod(dir, 0755) == -1 || mkdir(sub, 0755) == -1 ||
	    (fd = open(file, O_WRONLY | O_CREAT | O_EXCL, 0644)) == -1)
		return (-1);
	close(fd);
	if (stat(sub, &st) == -1)
		return (-1);
	jail = st.st_ino;
	return (0);
}

static int
remove_files(void **state)
{
	(void)state;
	return (unlink(file) == 0 && rmdir(sub) == 0 && rmdir(dir) == 0 ?
	    0 : -1);
}

/* ---- Which directory will do ----------------------------------------- */

static void
expect_chroot(const char *path, const char *reason)
{
	char	 why[512] = "untouched";

	if (reason == NULL) {
		assert_int_equal(privdrop_check_chroot(path, why,
		    sizeof(why)), 0);
		return;
	}
	assert_int_equal(privdrop_check_chroot(path, why, sizeof(why)), -1);
	if (strstr(why, reason) == NULL)
		print_error("%s: \"%s\", not \"%s\"\n", path, why, reason);
	assert_non_null(strstr(why, reason));
}

static void
chroot_table(void **state)
{
	static const char	 root[] = "must belong to root";
	char			 small[8];

	(void)state;
	expect_chroot("/", "must be empty");
	expect_chroot("/tmp", root);
	expect_chroot("/dev/null", "not a directory");
	expect_chroot("/nonexistent/x", "No such file or directory: make it "
	    "with \"install -d -o root -m 0755 /nonexistent/x\"");
	expect_chroot("/dev/null/x", "Not a directory");
	expect_chroot("", "No such file or directory");
	expect_chroot(file, "not a directory");
	if (!is_root())
		expect_chroot(sub, root);
	else {
		expect_chroot(sub, NULL);
		expect_chroot(dir, "must be empty");
	}
	memset(small, 'x', sizeof(small));
	assert_int_equal(privdrop_check_chroot("/tmp", small, 4), -1);
	assert_string_equal(small, "mus");
	assert_int_equal(small[4], 'x');
}

/* Every mode and some owners. */
static void
chroot_modes(void **state)
{
	static const char	 root[] = "must belong to root";
	mode_t			 mode;

	(void)state;
	if (!is_root())
		skip();
	for (mode = 0; mode <= 07777; mode++) {
		assert_int_equal(chmod(sub, mode), 0);
		expect_chroot(sub, (mode & 022) != 0 ? root : NULL);
	}
	assert_int_equal(chmod(sub, 0755), 0);
	assert_int_equal(chown(sub, USER, 0), 0);
	expect_chroot(sub, root);
	assert_int_equal(chown(sub, 0, GROUP), 0);
	expect_chroot(sub, NULL);
	assert_int_equal(chown(sub, 0, 0), 0);
}

/* ---- What is left of a process's rights ------------------------------ */

static void
get_capabilities(uint64_t *effective, uint64_t *permitted,
    uint64_t *inheritable)
{
	struct __user_cap_header_struct	 head;
	struct __user_cap_data_struct	 data[2];

	memset(&head, 0, sizeof(head));
	head.version = _LINUX_CAPABILITY_VERSION_3;
	want(syscall(SYS_capget, &head, data) == 0);
	*effective = data[0].effective | (uint64_t)data[1].effective << 32;
	*permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	*inheritable = data[0].inheritable |
	    (uint64_t)data[1].inheritable << 32;
}

static void
want_capabilities(uint64_t kept, int bounded)
{
	uint64_t	 effective, permitted, inheritable;
	int		 i;

	get_capabilities(&effective, &permitted, &inheritable);
	want(effective == kept);
	want(permitted == kept);
	want(inheritable == 0);
	for (i = 0; i < 64; i++) {
		want(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0,
		    0) != 1);
		if (bounded)
			want(prctl(PR_CAPBSET_READ, i, 0, 0, 0) != 1);
	}
}

/* As where a service manager gave some to be kept over a change of user. */
static void
raise_ambient(void)
{
	struct __user_cap_header_struct	 head;
	struct __user_cap_data_struct	 data[2];

	memset(&head, 0, sizeof(head));
	head.version = _LINUX_CAPABILITY_VERSION_3;
	want(syscall(SYS_capget, &head, data) == 0);
	data[0].inheritable = data[0].permitted;
	data[1].inheritable = data[1].permitted;
	want(syscall(SYS_capset, &head, data) == 0);
	if (data[0].permitted & 1U << CAP_CHOWN)
		want(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN,
		    0, 0) == 0);
}

static void
want_no_debugger(void)
{
	int	 sig = 0;

	want(prctl(PR_GET_DUMPABLE) == 0);
	want(prctl(PR_GET_PDEATHSIG, &sig) == 0);
	want(sig == SIGKILL);
}

static void
want_user(void)
{
	uid_t	 r, e, s;
	gid_t	 gr, ge, gs, groups[64];

	want(getresuid(&r, &e, &s) == 0);
	want(r == USER && e == USER && s == USER);
	want(getresgid(&gr, &ge, &gs) == 0);
	want(gr == GROUP && ge == GROUP && gs == GROUP);
	want(getgroups(64, groups) == 1);
	want(groups[0] == GROUP);
}

static void
want_no_way_back(void)
{
	gid_t	 wheel = 0;

	want(setuid(0) == -1 && errno == EPERM);
	want(seteuid(0) == -1 && errno == EPERM);
	want(setresuid(0, 0, 0) == -1 && errno == EPERM);
	want(setresuid((uid_t)-1, (uid_t)-1, 0) == -1 && errno == EPERM);
	want(setgid(0) == -1 && errno == EPERM);
	want(setresgid((gid_t)-1, 0, (gid_t)-1) == -1 && errno == EPERM);
	want(setgroups(1, &wheel) == -1 && errno == EPERM);
	want(chroot("/") == -1 && errno == EPERM);
	want(getuid() == USER && getgid() == GROUP);
}

static void
want_jail(void)
{
	struct stat	 st;
	char		 cwd[PATH_MAX];

	want(getcwd(cwd, sizeof(cwd)) != NULL && strcmp(cwd, "/") == 0);
	want(stat("/", &st) == 0 && st.st_ino == jail);
	want(stat(".", &st) == 0 && st.st_ino == jail);
	want(stat("../..", &st) == 0 && st.st_ino == jail);
	want(access("/proc", F_OK) == -1 && errno == ENOENT);
	want(access("/etc/passwd", F_OK) == -1 && errno == ENOENT);
	want(open("/new", O_WRONLY | O_CREAT, 0600) == -1 && errno == EACCES);
}

static void
do_drop(void *arg)
{
	struct proc_user	 user = { USER, GROUP, sub };
	gid_t			 groups[] = { 0, 1, 2, 3 };

	(void)arg;
	want(setgroups(4, groups) == 0);
	raise_ambient();
	privdrop_child(&user);
	want_user();
	want_no_way_back();
	want_jail();
	want_capabilities(0, 1);
	want_no_debugger();
}

static void
root_drops_all(void **state)
{
	(void)state;
	if (!is_root())
		skip();
	forked_exits(do_drop, NULL, 0);
}

/* Where only the real and saved user would be root's. */
static void
do_drop_saved(void *arg)
{
	struct proc_user	 user = { USER, GROUP, sub };

	(void)arg;
	want(setresgid(1, 0, 2) == 0);
	privdrop_child(&user);
	want_user();
	want_no_way_back();
}

static void
saved_ids_go(void **state)
{
	(void)state;
	if (!is_root())
		skip();
	forked_exits(do_drop_saved, NULL, 0);
}

static void
do_privdrop(void *arg)
{
	privdrop_child(arg);
}

static void
do_privdrop_user(void *arg)
{
	want(setresgid(USER, USER, USER) == 0 &&
	    setresuid(USER, USER, USER) == 0);
	privdrop_child(arg);
}

static void
refusals(void **state)
{
	struct proc_user	 none = { 0, 0, NULL };
	struct proc_user	 tmp = { USER, GROUP, "/tmp" };
	struct proc_user	 absent = { USER, GROUP, "/nonexistent" };
	struct proc_user	 to_root = { 0, GROUP, sub };
	struct proc_user	 wheel = { USER, 0, sub };
	struct proc_user	 slash = { USER, GROUP, "/" };
	struct proc_user	 jailed = { USER, GROUP, sub };

	(void)state;
	forked_dies(do_privdrop, &tmp, "must belong to root");
	forked_dies(do_privdrop, &absent, "No such file or directory");
	forked_dies(do_privdrop, &slash, "must be empty");
	if (!is_root())
		return;
	/* A user cannot do what it was told to. */
	forked_dies(do_privdrop_user, &jailed, "Operation not permitted");
	forked_dies(do_privdrop, &none, "will not run as root");
	forked_dies(do_privdrop, &to_root, "root can be had back");
	forked_dies(do_privdrop, &wheel, "root can be had back");
}

/* Not root's: no chroot, no other user, all the rest. */
static void
do_rootless(void *arg)
{
	struct proc_user	 none = { 0, 0, NULL };

	(void)arg;
	if (is_root()) {
		want(setresgid(USER, USER, USER) == 0 &&
		    setresuid(USER, USER, USER) == 0);
		/* As it is where a user starts it. */
		want(prctl(PR_SET_DUMPABLE, 1) == 0);
	}
	privdrop_child(&none);
	want(access(file, R_OK) == 0);
	want_capabilities(0, 0);
	want_no_debugger();
}

/* A user with capabilities, as a service manager can start one. */
static void
do_rootless_capable(void *arg)
{
	struct proc_user	 none = { 0, 0, NULL };

	(void)arg;
	want(prctl(PR_SET_KEEPCAPS, 1) == 0);
	want(setresgid(USER, USER, USER) == 0 &&
	    setresuid(USER, USER, USER) == 0);
	raise_ambient();
	privdrop_child(&none);
	want_capabilities(0, 0);
	want_no_debugger();
}

static void
rootless(void **state)
{
	(void)state;
	forked_exits(do_rootless, NULL, 0);
}

static void
rootless_with_capabilities(void **state)
{
	(void)state;
	if (!is_root())
		skip();
	forked_exits(do_rootless_capable, NULL, 0);
}

static void
do_parent(void *arg)
{
	uint64_t	 keep = is_root() ? 1ULL << CAP_KILL |
			    1ULL << CAP_DAC_READ_SEARCH |
			    1ULL << CAP_NET_BIND_SERVICE : 0;

	(void)arg;
	if (is_root())
		raise_ambient();
	privdrop_parent();
	want(prctl(PR_GET_DUMPABLE) == 0);
	want_capabilities(keep, is_root());
	if (!is_root())
		return;
	want(getuid() == 0);
	want(chown(file, USER, USER) == -1 && errno == EPERM);
	want(setresuid(USER, USER, USER) == -1 && errno == EPERM);
	want(chroot("/") == -1 && errno == EPERM);
}

static void
parent_keeps_three(void **state)
{
	(void)state;
	forked_exits(do_parent, NULL, 0);
}

/* As root has it in a container. */
static void
do_parent_without(void *arg)
{
	struct __user_cap_header_struct	 head;
	struct __user_cap_data_struct	 data[2];

	(void)arg;
	memset(&head, 0, sizeof(head));
	head.version = _LINUX_CAPABILITY_VERSION_3;
	want(syscall(SYS_capget, &head, data) == 0);
	data[0].permitted &= ~(1U << CAP_DAC_READ_SEARCH);
	data[0].effective = data[0].permitted;
	want(syscall(SYS_capset, &head, data) == 0);
	privdrop_parent();
	want_capabilities(1ULL << CAP_KILL | 1ULL << CAP_NET_BIND_SERVICE, 1);
}

static void
parent_keeps_what_there_is(void **state)
{
	(void)state;
	if (!is_root())
		skip();
	forked_exits(do_parent_without, NULL, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chroot_table),
		cmocka_unit_test(chroot_modes),
		cmocka_unit_test(root_drops_all),
		cmocka_unit_test(saved_ids_go),
		cmocka_unit_test(refusals),
		cmocka_unit_test(rootless),
		cmocka_unit_test(rootless_with_capabilities),
		cmocka_unit_test(parent_keeps_three),
		cmocka_unit_test(parent_keeps_what_there_is)
	};

	log_init("test");
	return (cmocka_run_group_tests_name("privdrop", tests, make_files,
	    remove_files));
}
