/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "opsign/settings.h"

#define TIMEOUT_MS	10000

/* The values of flags; one command runs. */
static struct {
	const char	*endpoint;
	const char	*address;
	const char	*ca;
	const char	*cert;
	const char	*key;
	const char	*tlsname;
	const char	*timeout;
	const char	*prefix;
	bool		 json;
	bool		 quiet;
} given;

static const struct flag common_flags[] = {
	{ .name = "endpoint", .text = &given.endpoint },
	{ .name = "address", .text = &given.address },
	{ .name = "tls.ca", .text = &given.ca },
	{ .name = "tls.cert", .text = &given.cert },
	{ .name = "tls.key", .text = &given.key },
	{ .name = "tls.name", .text = &given.tlsname },
	{ .name = "timeout", .text = &given.timeout },
	{ .name = "env-prefix", .text = &given.prefix },
	{ .name = "json", .letter = 'j', .on = &given.json },
	{ .name = "quiet", .letter = 'q', .on = &given.quiet },
	{ .name = NULL }
};

/* As op-service makes the names: PREFIX_SIGNER_TLS_CA of signer.tls.ca. */
static const struct {
	const char	*name;
	const char	**to;
} variables[] = {
	{ "ENDPOINT", &given.endpoint },
	{ "ADDRESS", &given.address },
	{ "TLS_CA", &given.ca },
	{ "TLS_CERT", &given.cert },
	{ "TLS_KEY", &given.key }
};

static void
read_environment(void)
{
	const char *value;
	char name[128];
	size_t i;

	for (i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		snprintf(name, sizeof(name), "%s_SIGNER_%s",
		    given.prefix != NULL ? given.prefix : "OP",
		    variables[i].name);
		if (*variables[i].to == NULL &&
		    (value = getenv(name)) != NULL && *value != '\0')
			*variables[i].to = value;
	}
}

static bool
is_missing(const char *value, const char *name)
{
	if (value != NULL)
		return (false);
	warnx("--%s is missing", name);
	return (true);
}

enum status
settings_read(struct settings *s, const struct flag *flags, int *argc,
    char **argv, int max)
{
	unsigned int timeout = TIMEOUT_MS;

	memset(s, 0, sizeof(*s));
	if ((*argc = flags_parse(common_flags, flags, *argc, argv)) == -1)
		return (STATUS_USAGE);
	if (*argc > max) {
		warnx("unexpected argument: %s", argv[max]);
		return (STATUS_USAGE);
	}
	read_environment();
	s->json = given.json;
	s->quiet = given.quiet;
	s->url = given.endpoint;
	if (given.timeout != NULL &&
	    flags_duration("timeout", given.timeout, &timeout) == -1)
		return (STATUS_USAGE);
	s->endpoint.timeout_ms = timeout;
	if (given.address != NULL) {
		if (flags_bytes("address", given.address, s->address,
		    ADDRESS_SIZE) == -1)
			return (STATUS_USAGE);
		s->has_address = true;
	}
	return (STATUS_OK);
}

enum status
settings_open(struct settings *s)
{
	struct endpoint_files files = { given.ca, given.cert, given.key };

	if (is_missing(given.endpoint, "endpoint") ||
	    is_missing(given.ca, "tls.ca"))
		return (STATUS_USAGE);
	if ((given.cert == NULL) != (given.key == NULL)) {
		warnx("--tls.cert and --tls.key need each other");
		return (STATUS_USAGE);
	}
	return (endpoint_init(&s->endpoint, given.endpoint, given.tlsname,
	    &files, s->endpoint.timeout_ms));
}

void
settings_clear(struct settings *s)
{
	endpoint_clear(&s->endpoint);
}
