/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef API_METHOD_H
#define API_METHOD_H

#include <stddef.h>

#include "api/args.h"

/* The methods of a signer, which a proxy has as well. */

typedef int	args_decoder(struct args *, const struct json_doc *,
		    const cJSON *, char *, size_t);

struct method {
	const char	*name;
	const char	*result;	/* JSON, where it is always the same */
	/* What is signed has one argument: */
	args_decoder	*decode;
	args_decoder	*decode_object;	/* kona's, in the place of params */
	const char	*address;	/* its member that names the key */
};

/* JSON text of what health_status answers. */
#define METHOD_HEALTH	"\"" VERSION "\""

/* NULL where there is none of that name. */
const struct method *method_find(const char *);

/*
 * The text for a client whose request is refused; kind ("client") and name
 * say who is not authorized to use any key.
 */
void	refusal_message(char *text, size_t size, enum refusal,
	    const struct request *, const char *kind, const char *name);

#endif /* API_METHOD_H */
