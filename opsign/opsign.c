/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/resource.h>

#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/tlsconn.h"
#include "keyd/sign.h"
#include "opsign/command.h"

static const struct {
	const char	*name;
	enum status	(*run)(int, char **);
	const char	*usage;
} commands[] = {
	{ "health", command_health, "health [common flags]" },
	{ "payload", command_payload, "payload --chain N --payload-hash HASH "
	    "| --payload FILE [--domain HASH]\n"
	    "\t    [--version v1|v2|kona] [common flags]" },
	{ "tx", command_tx, "tx --chain N --nonce N --gas N "
	    "--max-fee-per-gas AMOUNT\n"
	    "\t    --max-priority-fee-per-gas AMOUNT [--to ADDRESS] "
	    "[--value AMOUNT]\n"
	    "\t    [--data HEX] [...] [-] [common flags]" },
	{ "bench", command_bench, "bench -c N -d TIME [--method "
	    "payload|tx|health] [--chain N] [--batch N]\n"
	    "\t    [--rate N] [--verify PERCENT] [--warmup TIME] "
	    "[--reconnect] [common flags]" },
};
#define NCOMMANDS	(sizeof(commands) / sizeof(commands[0]))

static void
usage(FILE *to)
{
	size_t i;

	for (i = 0; i < NCOMMANDS; i++)
		fprintf(to, "%s opsign %s\n", i == 0 ? "usage:" : "      ",
		    commands[i].usage);
	fprintf(to, "common flags: --endpoint URL --tls.ca FILE "
	    "[--tls.cert FILE --tls.key FILE]\n"
	    "\t    [--tls.name NAME] [--address ADDRESS] [--timeout TIME]\n"
	    "\t    [--env-prefix PREFIX] [--json | -j] [--quiet | -q]\n"
	    "See opsign(1).\n");
}

static bool
is_help(const char *arg)
{
	return (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0);
}

/* Libraries that are initialized once; SIGPIPE is not for sockets. */
static void
init(void)
{
	static const struct rlimit no_core;

	(void)setrlimit(RLIMIT_CORE, &no_core);
	if (tlsconn_init() == -1)
		errx(STATUS_USAGE, "cannot initialize libtls");
	if (sign_init() == -1)
		errx(STATUS_USAGE, "cannot initialize libsecp256k1");
}

int
main(int argc, char **argv)
{
	size_t i;

	if (argc < 2) {
		usage(stderr);
		return (STATUS_USAGE);
	}
	if (is_help(argv[1])) {
		usage(stdout);
		return (STATUS_OK);
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("opsign " VERSION);
		return (STATUS_OK);
	}
	for (i = 0; i < NCOMMANDS; i++) {
		if (strcmp(argv[1], commands[i].name) != 0)
			continue;
		if (argc > 2 && is_help(argv[2])) {
			usage(stdout);
			return (STATUS_OK);
		}
		init();
		return ((int)commands[i].run(argc - 2, argv + 2));
	}
	warnx("unknown command: %s", argv[1]);
	usage(stderr);
	return (STATUS_USAGE);
}
