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
#include "signerd/config.h"
#include "signerd/parent.h"

#define CONFIG_FILE	SYSCONFDIR "/signerd/signerd.conf"
#define KEYD_USER	"_keyd"

static int
find_users(const struct daemon_options *o, const struct config *config,
    struct proc_user *user, struct proc_user *keyd, bool *own)
{
	const char	*name = config->keyd_user;
	int		 r = 0;

	if (daemon_user(o, user, "user", config->user, config->chroot) == -1)
		r = -1;
	*keyd = *user;
	/* Not to be found is not the same as not to be told. */
	if (daemon_has_user(o, KEYD_USER, own) == -1)
		r = -1;
	else if (name == NULL && *own)
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
	char	 subject[64];

	snprintf(subject, sizeof(subject), "max connections %u needs",
	    config->limits.max_connections);
	return (daemon_files(o, (rlim_t)config_files(config), subject,
	    "max connections"));
}

/* What a reload cannot change. */
static void
note_started(struct config_started *s, const struct config *config,
    bool own)
{
	s->root = geteuid() == 0;
	if (own)
		s->keyd_default = KEYD_USER;
	s->user = conf_copy(config->user);
	s->chroot = conf_copy(config->chroot);
	if (config->keyd_user != NULL)
		s->keyd_user = conf_copy(config->keyd_user);
	else
		s->keyd_user = conf_copy(s->keyd_default != NULL ?
		    s->keyd_default : config->user);
	s->frontend = !STAILQ_EMPTY(&config->listens) ||
	    !STAILQ_EMPTY(&config->metrics);
	s->audit = config->audit.file.path != NULL;
	s->workers = config->workers;
	s->prefork = config->prefork;
	s->proxies = !STAILQ_EMPTY(&config->proxies);
	s->files = (uint64_t)daemon_files_limit();
}

static void
log_listening(const struct config *config)
{
	struct config_listen	*l;

	STAILQ_FOREACH(l, &config->listens, entry)
		parent_log_listen(l, "listening", NULL);
	STAILQ_FOREACH(l, &config->metrics, entry)
		parent_log_listen(l, "listening", "metrics");
}

/* Everything that files and sockets can tell; all faults are reported. */
static int
open_all(const struct daemon_options *o, struct config *config)
{
	int	 r = 0;

	if (config_open(config) == -1)
		r = -1;
	if (config_audit_open(config, NULL, o->check) == -1)
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
	struct daemon_log	 log = parent_log(config);

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
	bool			 own = false;
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
	status = find_users(&o, config, &user, &keyd, &own);
	if (open_all(&o, config) == -1 || status == -1)
		return (1);
	control_init(&parent.control, &user, keyd.uid);
	/* The last one: nothing of it is to stay where there is a fault. */
	if (!o.check && control_open(&parent.control, &config->control,
	    CONTROL_SOCKET) == -1)
		return (1);
	note_started(&parent.started, config, own);
	config_number(config, NULL, &parent.next_number);
	begin(&o, config);
	parent.options = &o;
	parent.config = config;
	parent.set.libexec = o.libexec;
	parent.set.check = o.check;
	status = parent_run(&parent, &user, &keyd);
	control_close(&parent.control);
	config_free(parent.config);
	return (status);
}
