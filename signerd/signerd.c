/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>
#include <sys/resource.h>

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "common/log.h"
#include "common/privdrop.h"
#include "common/proc.h"
#include "signerd/config.h"
#include "signerd/parent.h"

#define CONFIG_FILE	SYSCONFDIR "/signerd/signerd.conf"
#define KEYD_USER	"_keyd"
/* Descriptors of the frontend beside its connections. */
#define SPARE_FDS	96

struct options {
	const char	*file;
	const char	*libexec;
	bool		 foreground;
	bool		 check;
	bool		 verbose;
};

/* To the process that was started by hand, which waits for our word. */
static int	 ready_fd = -1;

static _Noreturn void
usage(void)
{
	fprintf(stderr, "usage: signerd [-dnv] [-D name=value] [-f file] "
	    "[-x dir]\n");
	exit(1);
}

static void
parse_options(struct options *o, int argc, char **argv)
{
	int	 c;

	memset(o, 0, sizeof(*o));
	o->file = CONFIG_FILE;
	o->libexec = LIBEXECDIR;
	while ((c = getopt(argc, argv, "dD:f:nvx:")) != -1) {
		switch (c) {
		case 'd':
			o->foreground = true;
			break;
		case 'D':
			if (config_define(optarg) == -1) {
				fprintf(stderr, "signerd: -D %s: must be "
				    "name=value\n", optarg);
				exit(1);
			}
			break;
		case 'f':
			o->file = optarg;
			break;
		case 'n':
			o->check = true;
			break;
		case 'v':
			o->verbose = true;
			break;
		case 'x':
			o->libexec = optarg;
			break;
		default:
			usage();
		}
	}
	if (optind != argc)
		usage();
}

/* ---- Users ------------------------------------------------------------ */

static int
fill_user(struct proc_user *user, const char *statement, const char *name,
    const char *dir)
{
	struct passwd	*pw;

	if ((pw = getpwnam(name)) == NULL) {
		fprintf(stderr, "signerd: %s \"%s\": no such user: make it "
		    "with \"useradd --system --no-create-home --shell "
		    "/usr/sbin/nologin %s\"\n", statement, name, name);
		return (-1);
	}
	if (pw->pw_uid == 0 || pw->pw_gid == 0) {
		fprintf(stderr, "signerd: %s \"%s\": must not be root\n",
		    statement, name);
		return (-1);
	}
	user->uid = pw->pw_uid;
	user->gid = pw->pw_gid;
	user->chroot = dir;
	return (0);
}

/* Not root: children are what we are, without a chroot. */
static int
find_users(const struct config *config, struct proc_user *signerd,
    struct proc_user *keyd)
{
	const char	*name = config->keyd_user;
	char		 why[512];
	int		 r = 0;

	memset(signerd, 0, sizeof(*signerd));
	memset(keyd, 0, sizeof(*keyd));
	if (geteuid() != 0)
		return (0);
	if (fill_user(signerd, "user", config->user, config->chroot) == -1)
		r = -1;
	*keyd = *signerd;
	if (name == NULL && getpwnam(KEYD_USER) != NULL)
		name = KEYD_USER;
	if (name != NULL && fill_user(keyd, "keyd user", name,
	    config->chroot) == -1)
		r = -1;
	if (privdrop_check_chroot(config->chroot, why, sizeof(why)) == -1) {
		fprintf(stderr, "signerd: chroot \"%s\": %s\n",
		    config->chroot, why);
		r = -1;
	}
	return (r);
}

/* Children inherit it. */
static int
raise_limit(const struct config *config)
{
	struct rlimit	 rl;
	rlim_t		 need = config->limits.max_connections + SPARE_FDS;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		return (-1);
	if (rl.rlim_cur >= need)
		return (0);
	rl.rlim_cur = need;
	if (rl.rlim_max < need)
		rl.rlim_max = need;
	if (setrlimit(RLIMIT_NOFILE, &rl) == 0)
		return (0);
	fprintf(stderr, "signerd: max connections %u needs %llu open files: "
	    "raise the limit (ulimit -n) or lower max connections\n",
	    config->limits.max_connections, (unsigned long long)need);
	return (-1);
}

/* ---- The background --------------------------------------------------- */

/* In the process that was started: leaves as the daemon tells. */
static _Noreturn void
await_ready(int fd)
{
	char	 status = 1;
	ssize_t	 n;

	do {
		n = read(fd, &status, 1);
	} while (n == -1 && errno == EINTR);
	if (n == 1)
		_exit(status);
	fprintf(stderr, "signerd: ended before it was ready: the log (syslog, "
	    "facility daemon) says why, or start it with -d\n");
	_exit(1);
}

/* Helpers are looked for there after the working directory has changed. */
static const char *
absolute(const char *dir)
{
	char	*path = realpath(dir, NULL);

	return (path != NULL ? path : dir);
}

/* Without one every record would be lost, unseen. */
static void
check_syslog(void)
{
#ifdef _PATH_LOG
	if (access(_PATH_LOG, W_OK) == -1)
		fprintf(stderr, "signerd: warning: no syslog (%s: %s): "
		    "nothing will be logged; start it with -d to log to "
		    "standard error\n", _PATH_LOG, strerror(errno));
#endif
}

static void
daemonize(void)
{
	int	 fds[2];

	if (pipe2(fds, O_CLOEXEC) == -1)
		fatal("pipe");
	switch (fork()) {
	case -1:
		fatal("fork");
	case 0:
		close(fds[0]);
		ready_fd = fds[1];
		break;
	default:
		close(fds[1]);
		await_ready(fds[0]);
	}
	if (setsid() == -1 || chdir("/") == -1)
		fatal("cannot go to the background");
}

/* All is well: from here on nothing is said on the terminal. */
static void
tell_ready(void)
{
	char	 ok = 0;
	int	 fd;

	log_detach();
	if ((fd = open("/dev/null", O_RDWR)) == -1)
		fatal("/dev/null");
	/* Standard output may be a pipe that somebody waits for the end of. */
	if (dup3(fd, STDIN_FILENO, 0) == -1 ||
	    dup3(fd, STDOUT_FILENO, 0) == -1 ||
	    dup3(fd, STDERR_FILENO, 0) == -1)
		fatal("dup");
	close(fd);
	if (write(ready_fd, &ok, 1) == -1)
		log_errno("cannot report that all is well");
	close(ready_fd);
	ready_fd = -1;
}

static void
log_listening(const struct config *config)
{
	struct log_record	 r;
	struct config_listen	*l;

	STAILQ_FOREACH(l, &config->listens, entry) {
		log_start(&r, LOG_LVL_INFO, "listening");
		log_str(&r, "address", l->host);
		log_num(&r, "port", l->port);
		log_end(&r);
	}
}

/* Everything that files and sockets can tell; all faults are reported. */
static int
open_all(struct config *config, const struct options *o)
{
	int	 r = 0;

	if (config_open(config) == -1)
		r = -1;
	if (raise_limit(config) == -1)
		r = -1;
	if (!o->check && config_bind(config) == -1)
		r = -1;
	return (r);
}

int
main(int argc, char *argv[])
{
	struct proc_user	 signerd, keyd;
	struct options		 o;
	struct parent		 parent;
	struct config		*config;
	int			 status;

	log_init("signerd");
	proc_sane_fds();
	parse_options(&o, argc, argv);
	if ((config = config_parse(o.file)) == NULL)
		return (1);
	if (o.check && o.verbose)
		config_print(config, stdout);
	fflush(stdout);
	status = find_users(config, &signerd, &keyd);
	if (open_all(config, &o) == -1 || status == -1)
		return (1);
	log_set_rate(config->log_rate);
	log_set_level(o.verbose && !o.check ? LOG_LVL_DEBUG :
	    config->log_level);
	if (!o.foreground && !o.check) {
		check_syslog();
		o.libexec = absolute(o.libexec);
		daemonize();
		log_to_syslog(config->log_format, "signerd");
	} else
		log_to_stderr(config->log_format);
	if (!o.check)
		log_listening(config);
	memset(&parent, 0, sizeof(parent));
	parent.config = config;
	parent.libexec = o.libexec;
	parent.check = o.check;
	if (ready_fd != -1)
		parent.on_ready = tell_ready;
	status = parent_run(&parent, &signerd, &keyd);
	config_free(config);
	return (status);
}
