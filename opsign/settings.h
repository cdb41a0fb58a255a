/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef OPSIGN_SETTINGS_H
#define OPSIGN_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "keyd/request.h"
#include "opsign/endpoint.h"
#include "opsign/flags.h"

/* What all commands have in common. */
struct settings {
	struct endpoint	 endpoint;
	const char	*url;		/* of the endpoint */
	bool		 has_address;
	uint8_t		 address[ADDRESS_SIZE];	/* that shall have signed */
	bool		 json;
	bool		 quiet;		/* the result alone */
};

/*
 * Flags of the command and those common to all, from the command line or,
 * where they are not there, from the environment.  Operands are left in argv,
 * at most max of them.  STATUS_OK, or STATUS_USAGE when it has been said on
 * standard error what is wrong; settings_clear() either way.
 */
enum status	settings_read(struct settings *, const struct flag *,
		    int *argc, char **argv, int max);
/* Opens the files that the flags name. */
enum status	settings_open(struct settings *);
void		settings_clear(struct settings *);

#endif /* OPSIGN_SETTINGS_H */
