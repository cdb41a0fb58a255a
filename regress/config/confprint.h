/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * confprint and proxyprint [-bCo] [-D name=value] file: what signerd -nv and
 * proxyd -nv do with the text of a configuration alone.  -o opens the files it
 * names, too; -b binds, and prints the ports that were bound; -C prints the
 * default of chroot.  Exits with 0 or 1.  Each includes this after the header
 * of its configuration.
 */

#include <err.h>
#include <stdlib.h>
#include <unistd.h>

/* The daemons' own writes log records. */
void
fatal(const char *fmt, ...)
{
	err(1, "%s", fmt);
}

static int
print_chroot(void)
{
	struct config *conf;

	conf = config_new();
	printf("%s\n", conf->chroot);
	config_free(conf);
	return (0);
}

static int
bind_all(struct config *conf)
{
	struct config_listen *listener;

	if (config_bind(conf) == -1)
		return (-1);
	STAILQ_FOREACH(listener, &conf->listens, entry)
		printf("%s %u\n", listener->host, listener->port);
	return (0);
}

static int
run(const char *path, bool do_open, bool do_bind)
{
	struct config *conf;
	int status = 0;

	conf = config_parse(path);
	if (conf == NULL)
		return (1);
	if (do_open && config_open(conf) == -1)
		status = 1;
	if (do_bind && bind_all(conf) == -1)
		status = 1;
	if (!do_bind && status == 0)
		config_print(conf, stdout);
	config_free(conf);
	return (status);
}

int
main(int argc, char *argv[])
{
	bool do_open = false, do_bind = false;
	int c;

	while ((c = getopt(argc, argv, "bCD:o")) != -1) {
		switch (c) {
		case 'b':
			do_bind = true;
			break;
		case 'C':
			return (print_chroot());
		case 'D':
			if (config_define(optarg) == -1)
				errx(1, "-D %s: not name=value", optarg);
			break;
		case 'o':
			do_open = true;
			break;
		default:
			return (2);
		}
	}
	if (argc - optind != 1)
		errx(2, "usage: confprint [-bCo] [-D name=value] file");
	return (run(argv[optind], do_open, do_bind));
}
