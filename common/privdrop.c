/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>
#include <sys/stat.h>
#ifdef __linux__
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <linux/capability.h>
#endif

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/privdrop.h"

/* 0, or errno: ENOTEMPTY, or why it cannot be told. */
static int
check_empty(const char *path)
{
	struct dirent	*entry;
	DIR		*dir;
	int		 error;

	if ((dir = opendir(path)) == NULL)
		return (errno);
	for (;;) {
		errno = 0;
		if ((entry = readdir(dir)) == NULL) {
			error = errno;
			break;
		}
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0) {
			error = ENOTEMPTY;
			break;
		}
	}
	closedir(dir);
	return (error);
}

int
privdrop_check_chroot(const char *dir, char *why, size_t size)
{
	int		 error;
	struct stat	 st;

	if (stat(dir, &st) == -1) {
		snprintf(why, size, "%s: make it with "
		    "\"install -d -o root -m 0755 %s\"", strerror(errno), dir);
		return (-1);
	}
	if (!S_ISDIR(st.st_mode)) {
		snprintf(why, size, "not a directory");
		return (-1);
	}
	if (st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		snprintf(why, size, "must belong to root and be writable by "
		    "nobody else");
		return (-1);
	}
	if ((error = check_empty(dir)) != 0) {
		snprintf(why, size, "%s", error == ENOTEMPTY ?
		    "must be empty" : strerror(error));
		return (-1);
	}
	return (0);
}

#ifdef __linux__
/*
 * Permitted and effective become `keep`; all else, the bounding set too, is
 * empty (capabilities(7)).  Without CAP_SETPCAP the bounding set stays, which
 * no_new_privs makes harmless.
 */
static int
keep_capabilities(uint64_t keep)
{
	struct __user_cap_header_struct	 head;
	struct __user_cap_data_struct	 data[2];
	int				 i;

	for (i = 0; i <= 63; i++)
		if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1 &&
		    prctl(PR_CAPBSET_DROP, i, 0, 0, 0) == -1 &&
		    errno != EPERM)
			return (-1);
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == -1 &&
	    errno != EINVAL)
		return (-1);
	memset(&head, 0, sizeof(head));
	memset(data, 0, sizeof(data));
	head.version = _LINUX_CAPABILITY_VERSION_3;
	for (i = 0; i < 2; i++) {
		data[i].permitted = (uint32_t)(keep >> (32 * i));
		data[i].effective = (uint32_t)(keep >> (32 * i));
	}
	return ((int)syscall(SYS_capset, &head, data));
}
#endif

#ifdef __linux__
/* Root in a container, or under a service manager, may not have all. */
static uint64_t
permitted_capabilities(void)
{
	struct __user_cap_header_struct	 head;
	struct __user_cap_data_struct	 data[2];

	memset(&head, 0, sizeof(head));
	head.version = _LINUX_CAPABILITY_VERSION_3;
	if (syscall(SYS_capget, &head, data) == -1)
		fatal("capget");
	return (data[0].permitted | (uint64_t)data[1].permitted << 32);
}
#endif

void
privdrop_parent(void)
{
#ifdef __linux__
	uint64_t	 keep = 0;

	if (geteuid() == 0)
		keep = 1ULL << CAP_KILL | 1ULL << CAP_DAC_READ_SEARCH |
		    1ULL << CAP_NET_BIND_SERVICE;

	if (keep_capabilities(keep & permitted_capabilities()) == -1)
		fatal("cannot drop capabilities");
	if (prctl(PR_SET_DUMPABLE, 0) == -1)
		fatal("prctl");
#endif
}

/* The order matters: each step needs a right that a later one gives up. */
static void
become(const struct proc_user *user)
{
	char	 why[512];

	if (privdrop_check_chroot(user->chroot, why, sizeof(why)) == -1)
		fatalx("chroot \"%s\": %s", user->chroot, why);
	if (chroot(user->chroot) == -1 || chdir("/") == -1)
		fatal("chroot \"%s\"", user->chroot);
	if (setgroups(1, &user->gid) == -1)
		fatal("setgroups");
#ifdef __linux__
	/* While there is still the right to shrink the bounding set. */
	if (keep_capabilities(1ULL << CAP_SETUID | 1ULL << CAP_SETGID) == -1)
		fatal("cannot drop capabilities");
#endif
	if (setresgid(user->gid, user->gid, user->gid) == -1 ||
	    setresuid(user->uid, user->uid, user->uid) == -1)
		fatal("cannot become user %u", (unsigned)user->uid);
	if (setuid(0) != -1 || setgid(0) != -1)
		fatalx("root can be had back");
}

void
privdrop_child(const struct proc_user *user)
{
	if (user->chroot != NULL)
		become(user);
	else if (geteuid() == 0)
		fatalx("will not run as root");
#ifdef __linux__
	if (keep_capabilities(0) == -1)
		fatal("cannot drop capabilities");
	/* After the change of user, which resets both. */
	if (prctl(PR_SET_DUMPABLE, 0) == -1 ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL) == -1)
		fatal("prctl");
#endif
}
