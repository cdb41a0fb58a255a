/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef API_ARGS_LOCAL_H
#define API_ARGS_LOCAL_H

#include <stddef.h>
#include <stdint.h>

#include "api/args.h"

/*
 * What the files that decode arguments share: tables of members, and readers
 * of the encodings.  All return 0, or -1 and the fault in source.why.
 */

/* What is being decoded, and where a fault is told. */
struct args_src {
	const struct json_doc	*doc;
	char			*why;
	size_t			 size;
};

/* Decodes one member that is there (and, if it is OPTIONAL, not null). */
typedef int	(*args_decoder)(struct args *, const cJSON *,
		    const struct args_src *, const char *name);

enum args_presence {
	OPTIONAL,		/* null is the same as absent */
	NOTNULL,		/* may be absent, but not null */
	REQUIRED
};

/* A table of them ends with a name of NULL. */
struct args_member {
	const char		*name;
	args_decoder		 decode;
	enum args_presence	 presence;
};

/* Tells "name: text" and returns -1. */
int	args_fault(const struct args_src *, const char *name,
	    const char *text);
/* The same of that there is no memory, with errno ENOMEM. */
int	args_nomemory(const struct args_src *, const char *name);
int	args_string(const cJSON *, const struct args_src *,
	    const char *name, const char **, size_t *len);
/* 0x and exactly n bytes. */
int	args_fixed(const cJSON *, const struct args_src *,
	    const char *name, uint8_t *out, size_t n);
int	args_quantity(const cJSON *, const struct args_src *,
	    const char *name, struct u256 *);
int	args_quantity64(const cJSON *, const struct args_src *,
	    const char *name, uint64_t *);
/* 0x and any number of bytes; *out is the caller's to free. */
int	args_bytes(const cJSON *, const struct args_src *,
	    const char *name, uint8_t **out, size_t *len);

/* An object, member by member; names that the table lacks are refused. */
int	args_object(struct args *, const cJSON *,
	    const struct args_src *, const struct args_member *);

/* A whole argument: request.method, and no repeated members. */
int	args_decode(struct args *, enum request_method,
	    const struct json_doc *, const cJSON *,
	    const struct args_member *, char *why, size_t size);

#endif /* API_ARGS_LOCAL_H */
