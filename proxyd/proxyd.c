/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/conf_parse.h"
#include "common/daemon.h"
#include "proxyd/config.h"
#include "proxyd/parent.h"

#define CONFIG_FILE	SYSCONFDIR "/proxyd.conf"

static int
find_user(const struct daemon_options *o, const struct config *config,
    struct proc_user *user)
{
	int	 r = 0;

	if (daemon_user(o, user, "user", config->user, config->chroot) == -1)
		r = -1;
	if (daemon_chroot(o, config->chroot) == -1)
		r = -1;
	return (r);
}

static int
raise_limit(const struct daemon_options *o, const struct config *config)
{
	const struct config_limits	*l = &config->limits;
	char				 subject[96];

	snprintf(subject, sizeof(subject), "max connections %u and max links "
	    "%u need", l->max_connections, l->max_links);
	return (daemon_files(o, (rlim_t)config_files(config), subject, "these"));
}

void
proxyd_log_listening(const struct config *config)
{
	struct log_record	 r;
	struct config_listen	*l;

	STAILQ_FOREACH(l, &config->listens, entry) {
		/* It was told of before. */
		if (l->open)
			continue;
		log_start(&r, LOG_LVL_INFO, "listening");
		log_str(&r, "address", l->host);
		log_num(&r, "port", l->port);
		log_str(&r, "for", config_whom_name(l->whom));
		log_end(&r);
	}
}

/* What a reload cannot change. */
static void
note_started(struct config_started *s, const struct config *config)
{
	s->root = geteuid() == 0;
	s->user = conf_copy(config->user);
	s->chroot = conf_copy(config->chroot);
	s->files = (uint64_t)daemon_files_limit();
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
	if (control_check(&config->control) == -1)
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
		proxyd_log_listening(config);
}

int
main(int argc, char *argv[])
{
	static struct parent	 parent;
	struct daemon_options	 o;
	struct proc_user	 user;
	struct config		*config;
	int			 status;

	log_init("proxyd");
	proc_sane_fds();
	memset(&o, 0, sizeof(o));
	o.name = "proxyd";
	o.file = CONFIG_FILE;
	daemon_options(&o, argc, argv, config_define);
	if ((config = config_parse(o.file)) == NULL)
		return (1);
	if (o.check && o.verbose)
		config_print(config, stdout);
	fflush(stdout);
	status = find_user(&o, config, &user);
	if (open_all(&o, config) == -1 || status == -1)
		return (1);
	control_init(&parent.control, &user, user.uid);
	/* The last one: nothing of it is to stay where there is a fault. */
	if (!o.check && control_open(&parent.control, &config->control,
	    CONTROL_SOCKET) == -1)
		return (1);
	note_started(&parent.started, config);
	begin(&o, config);
	parent.config = config;
	parent.options = &o;
	parent.set.libexec = o.libexec;
	parent.set.check = o.check;
	status = parent_run(&parent, &user);
	control_close(&parent.control);
	config_free(parent.config);
	return (status);
}
