/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef OPSIGN_FLAGS_H
#define OPSIGN_FLAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/u256.h"

/*
 * The command line, with the names that the clients of the OP Stack have:
 * --name value, --name=value, -c value.
 */
#define FLAGS_MANY	64	/* values of one that can be repeated */

struct flag_list {
	const char	*v[FLAGS_MANY];
	size_t		 n;
};

/* Exactly one of the pointers is set; a table ends with a name of NULL. */
struct flag {
	const char		*name;
	char			 letter;	/* or 0 */
	bool			*on;
	const char		**text;		/* NULL before; once alone */
	struct flag_list	*list;
};

/*
 * Takes flags of both tables until "--" or the first that is none, in any
 * place; what is left is operands, which are moved to the front of argv.
 * Returns their number, or -1 having said on standard error what is wrong.
 */
int	flags_parse(const struct flag *, const struct flag *, int argc,
	    char **argv);

/*
 * Values of flags.  -1, with a text on standard error that names the flag,
 * where it is none of these.
 */
/* "500ms", "2s", "2" (seconds), "1m": 1 ms to 24 hours. */
int	flags_duration(const char *name, const char *, unsigned int *ms);
int	flags_number(const char *name, const char *, uint64_t low,
	    uint64_t high, uint64_t *);
/* Decimal or 0x. */
int	flags_u256(const char *name, const char *, struct u256 *);
/* The same, or "0.1 ether", "2gwei", "5 wei". */
int	flags_amount(const char *name, const char *, struct u256 *);
/* 0x and n bytes. */
int	flags_bytes(const char *name, const char *, uint8_t *, size_t n);

#endif /* OPSIGN_FLAGS_H */
