/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/daemon.h"
#include "signerd/config.h"
#include "signerd/parent.h"

#define CONFIG_FILE	SYSCONFDIR "/signerd/signerd.conf"
#define KEYD_USER	"_keyd"
/* Descriptors of a child beside its connections, */
#define SPARE_FDS	96
/* and for a proxy: addresses and name servers that are tried at once. */
#define PROXY_FDS	24

static int
find_users(const struct daemon_options *o, const struct config *config,
    struct proc_user *user, struct proc_user *keyd)
{
	const char	*name = config->keyd_user;
	bool		 own = false;
	int		 r = 0;

	if (daemon_user(o, user, "user", config->user, config->chroot) == -1)
		r = -1;
	*keyd = *user;
	/* Not to be found is not the same as not to be told. */
	if (name == NULL && daemon_has_user(o, KEYD_USER, &own) == -1)
		r = -1;
	if (own)
		name = KEYD_USER;
	if (name != NULL && daemon_user(o, keyd, "keyd user", name,
	    config->chroot) == -1)
		r = -1;
	if (daemon_chroot(o, config->chroot) == -1)
		r = -1;
	return (r);
}

static int
raise_limit(const struct daemon_options *o, const struct config *config)
{
	uint32_t	 max = config->limits.max_connections;
	char		 subject[64];

	snprintf(subject, sizeof(subject), "max connections %u needs", max);
	return (daemon_files(o, (rlim_t)max + SPARE_FDS +
	    PROXY_FDS * (rlim_t)config->nproxies, subject, "max connections"));
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
open_all(const struct daemon_options *o, struct config *config)
{
	int	 r = 0;

	if (config_open(config) == -1)
		r = -1;
	if (raise_limit(o, config) == -1)
		r = -1;
	if (!o->check && config_bind(config) == -1)
		r = -1;
	return (r);
}

static void
begin(struct daemon_options *o, const struct config *config)
{
	struct daemon_log	 log;

	log.format = config->log_format;
	log.level = config->log_level;
	log.rate = config->log_rate;
	daemon_begin(o, &log);
	if (!o->check)
		log_listening(config);
}

int
main(int argc, char *argv[])
{
	static struct parent	 parent;
	struct daemon_options	 o;
	struct proc_user	 user, keyd;
	struct config		*config;
	int			 status;

	log_init("signerd");
	proc_sane_fds();
	memset(&o, 0, sizeof(o));
	o.name = "signerd";
	o.file = CONFIG_FILE;
	daemon_options(&o, argc, argv, config_define);
	if ((config = config_parse(o.file)) == NULL)
		return (1);
	if (o.check && o.verbose)
		config_print(config, stdout);
	fflush(stdout);
	status = find_users(&o, config, &user, &keyd);
	if (open_all(&o, config) == -1 || status == -1)
		return (1);
	begin(&o, config);
	parent.config = config;
	parent.set.libexec = o.libexec;
	parent.set.check = o.check;
	status = parent_run(&parent, &user, &keyd);
	config_free(config);
	return (status);
}
