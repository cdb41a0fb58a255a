/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_JSONRPC_H
#define COMMON_JSONRPC_H

#include <stdbool.h>
#include <stddef.h>

#include "common/json.h"

struct evbuffer;

/*
 * JSON-RPC 2.0 as go-ethereum's server speaks it: the envelope and the
 * answers.  What a method means is the caller's.
 */

/* JSON-RPC 2.0 section 5.1 and go-ethereum's own. */
#define JSONRPC_PARSE		(-32700)
#define JSONRPC_INVALID		(-32600)
#define JSONRPC_NOMETHOD	(-32601)
#define JSONRPC_PARAMS		(-32602)
#define JSONRPC_INTERNAL	(-32603)
#define JSONRPC_DEFAULT		(-32000)
#define JSONRPC_TOOLARGE	(-32003)

#define JSONRPC_METHOD_MAX	2048	/* bytes of a method's name */

/* How one element of the input is to be treated. */
enum jsonrpc_kind {
	JSONRPC_CALL,		/* to be carried out and answered */
	JSONRPC_NOTIFICATION,	/* not answered, not carried out */
	JSONRPC_RESPONSE,	/* somebody's answer: dropped */
	JSONRPC_ERROR,		/* to be answered with code and message */
	JSONRPC_NOMEMORY	/* memory is too short to tell */
};

struct jsonrpc_request {
	enum jsonrpc_kind	 kind;
	const char		*id;	/* raw text, or NULL for null */
	size_t			 idlen;
	const char		*method;	/* of a call: C string */
	const cJSON		*params;	/* NULL where absent */
	int			 code;		/* of JSONRPC_ERROR */
	char			 message[64];	/* of JSONRPC_ERROR */
};

/*
 * Looks at one element (the whole document, or a member of a batch).
 * Pointers lead into doc.  Repeated members of the envelope, one of its
 * names in another case, a wrong version, a bad id, an empty or missing
 * method: JSONRPC_ERROR with `invalid request` and the id where it is usable
 * (the only one, and no array or object).  A name over JSONRPC_METHOD_MAX:
 * `method name too long: N > 2048`.
 */
void	jsonrpc_request(struct jsonrpc_request *, const struct json_doc *,
	    const cJSON *element);

/*
 * The one argument of a method that takes n (0 or 1), by go-ethereum's
 * rules: absent, null or [] is no argument.  Returns 0 and *arg (NULL for
 * n = 0), or -1 and the text of a JSONRPC_PARAMS error in message: `missing
 * value for required argument 0`, `too many arguments, want at most N`,
 * `non-array args`.
 */
int	jsonrpc_argument(const cJSON *params, int n, const cJSON **arg,
	    char *message, size_t size);
/* The same for the n arguments of a method that needs them all. */
int	jsonrpc_arguments(const cJSON *params, int n, const cJSON **args,
	    char *message, size_t size);

/*
 * Append one answer, without a newline, to out.  id as in the request (NULL:
 * null).  The message is escaped; a result is JSON text as it stands.
 * Return -1 where memory is short; then nothing was appended.
 */
int	jsonrpc_error(struct evbuffer *out, const char *id, size_t idlen,
	    int code, const char *message);
int	jsonrpc_result(struct evbuffer *out, const char *id, size_t idlen,
	    const char *json, size_t len);
/* An error object as it stands: JSON text. */
int	jsonrpc_error_raw(struct evbuffer *out, const char *id, size_t idlen,
	    const char *json, size_t len);

/*
 * Somebody's error object: its code, and its message, which is the tree's.
 * -1 where it is not one (section 5.1).
 */
int	jsonrpc_error_parse(const struct json_doc *, const cJSON *error,
	    int *code, const char **message);

#endif /* COMMON_JSONRPC_H */
