/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "signerctl/audit.h"
#include "signerctl/daemon.h"
#include "signerctl/key.h"
#include "signerctl/signerctl.h"

#ifndef RUNDIR
#define RUNDIR	"/run"
#endif

static int
version(const struct options *o, int argc, char **argv)
{
	(void)o;
	(void)argv;
	if (argc != 1)
		usage("version");
	printf("signerctl %s\n", VERSION);
	return (STATUS_GOOD);
}

/* In the order of signerctl(8); those of one name stand together. */
static const struct command commands[] = {
	{ "show", "show [-j]\n\t    status|links|clients|rules|keys|stats",
	    true, show },
	{ "reload", "reload [-n]", true, reload },
	{ "log", "log verbose|brief", true, log_command },
	{ "check", "check [-j] client NAME [via LINK]\n\t    "
	    "method transaction|block-payload chain NUMBER\n\t    "
	    "[key NAME | address ADDRESS] [to ADDRESS|create]\n\t    "
	    "[value AMOUNT] [fee AMOUNT] [domain DOMAIN]", true, check },
	{ "link", "link NAME up|down", true, link_command },
	{ "audit", AUDIT_FORM, false, audit_command },
	{ "key", "key address [-jq] [--password-file file] file", false,
	    key_command },
	{ "key", "key convert [-jq] [--force] --format format [--light]\n"
	    "\t    [--password-file file] [--new-password-file file] from to",
	    false, key_command },
	{ "key", "key generate [-jq] [--force] [--format format] [--light]\n"
	    "\t    [--password-file file] file", false, key_command },
	{ "key", "key import [-jq] [--force] [--format format] [--light]\n"
	    "\t    [--password-file file] [--new-password-file file]\n"
	    "\t    {--stdin | from} to", false, key_command },
	{ "version", "version", false, version }
};

#define NCOMMANDS	(sizeof(commands) / sizeof(commands[0]))

void
usage(const char *name)
{
	const char	*before = "usage:";
	size_t		 i;

	for (i = 0; i < NCOMMANDS; i++) {
		if (name != NULL && strcmp(name, commands[i].name) != 0)
			continue;
		fprintf(stderr, "%-6s signerctl %s%s\n", before,
		    commands[i].asks ? "[-p] [-s socket] " : "",
		    commands[i].form);
		before = "";
	}
	exit(STATUS_ERROR);
}

static void	vcomplain(const char *, va_list)
		    __attribute__((format(printf, 1, 0)));

static void
vcomplain(const char *fmt, va_list ap)
{
	fprintf(stderr, "signerctl: ");
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, "\n");
}

void
complain(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	vcomplain(fmt, ap);
	va_end(ap);
}

void
give_up(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	vcomplain(fmt, ap);
	va_end(ap);
	exit(STATUS_ERROR);
}

static const struct command *
find_command(const char *name)
{
	size_t	 i;

	for (i = 0; i < NCOMMANDS; i++)
		if (strcmp(name, commands[i].name) == 0)
			return (&commands[i]);
	return (NULL);
}

int
main(int argc, char *argv[])
{
	const struct command	*command;
	struct options		 o = { NULL, NULL, false };
	int			 c, status;

	/* "+": the command has options of its own. */
	while ((c = getopt(argc, argv, "+ps:")) != -1) {
		switch (c) {
		case 'p':
			o.proxyd = true;
			break;
		case 's':
			o.socket = optarg;
			break;
		default:
			usage(NULL);
		}
	}
	argc -= optind;
	argv += optind;
	if (argc == 0)
		usage(NULL);
	o.standard = o.proxyd ? RUNDIR "/proxyd.sock" :
	    RUNDIR "/signerd.sock";
	if (o.socket == NULL)
		o.socket = o.standard;
	if ((command = find_command(argv[0])) == NULL) {
		complain("%s: no such command", argv[0]);
		usage(NULL);
	}
	optind = 1;
	status = command->run(&o, argc, argv);
	if (fflush(stdout) == EOF || ferror(stdout) != 0)
		give_up("cannot write to standard output");
	return (status);
}
