/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "api/args_local.h"

int
args_fault(const struct args_src *src, const char *name, const char *text)
{
	snprintf(src->why, src->size, "%s: %s", name, text);
	errno = 0;
	return (-1);
}

int
args_nomemory(const struct args_src *src, const char *name)
{
	args_fault(src, name, "out of memory");
	errno = ENOMEM;
	return (-1);
}

int
args_string(const cJSON *v, const struct args_src *src, const char *name,
    const char **s, size_t *len)
{
	if (!cJSON_IsString(v))
		return (args_fault(src, name, "must be a string"));
	*s = v->valuestring;
	*len = strlen(v->valuestring);
	return (0);
}

int
args_fixed(const cJSON *v, const struct args_src *src, const char *name,
    uint8_t *out, size_t n)
{
	enum hex_error	 e;
	const char	*s;
	size_t		 len;

	if (args_string(v, src, name, &s, &len) == -1)
		return (-1);
	if ((e = hex_fixed(s, len, out, n)) != HEX_OK)
		return (args_fault(src, name, hex_strerror(e)));
	return (0);
}

int
args_quantity(const cJSON *v, const struct args_src *src, const char *name,
    struct u256 *out)
{
	enum hex_error	 e;
	const char	*s;
	size_t		 len;

	if (args_string(v, src, name, &s, &len) == -1)
		return (-1);
	if ((e = hex_quantity(s, len, out)) != HEX_OK)
		return (args_fault(src, name, hex_strerror(e)));
	return (0);
}

int
args_quantity64(const cJSON *v, const struct args_src *src, const char *name,
    uint64_t *out)
{
	enum hex_error	 e;
	const char	*s;
	size_t		 len;

	if (args_string(v, src, name, &s, &len) == -1)
		return (-1);
	if ((e = hex_quantity64(s, len, out)) != HEX_OK)
		return (args_fault(src, name, hex_strerror(e)));
	return (0);
}

int
args_bytes(const cJSON *v, const struct args_src *src, const char *name,
    uint8_t **out, size_t *outlen)
{
	enum hex_error	 e;
	const char	*s;
	size_t		 len;

	if (args_string(v, src, name, &s, &len) == -1)
		return (-1);
	if ((*out = malloc(hex_bytes_size(len) + 1)) == NULL)
		return (args_nomemory(src, name));
	if ((e = hex_bytes(s, len, *out, outlen)) != HEX_OK)
		return (args_fault(src, name, hex_strerror(e)));
	return (0);
}

static const struct args_member *
find_member(const struct args_member *members, const char *name)
{
	for (; members->name != NULL; members++)
		if (strcmp(members->name, name) == 0)
			return (members);
	return (NULL);
}

/* An object, member by member; names that the table lacks are refused. */
int
args_object(struct args *a, const cJSON *object, const struct args_src *src,
    const struct args_member *members)
{
	const struct args_member	*m;
	const cJSON			*v;

	if (!cJSON_IsObject(object))
		return (args_fault(src, "argument", "must be an object"));
	cJSON_ArrayForEach(v, object) {
		if ((m = find_member(members, v->string)) == NULL) {
			snprintf(src->why, src->size,
			    "unknown member \"%.64s\"", v->string);
			errno = 0;
			return (-1);
		}
		if (cJSON_IsNull(v) && m->presence == OPTIONAL)
			continue;
		if (m->decode(a, v, src, m->name) == -1)
			return (-1);
	}
	for (m = members; m->name != NULL; m++)
		if (m->presence == REQUIRED &&
		    json_member(object, m->name) == NULL)
			return (args_fault(src, m->name, "missing"));
	return (0);
}

int
args_decode(struct args *a, enum request_method method,
    const struct json_doc *doc, const cJSON *arg,
    const struct args_member *members, char *why, size_t size)
{
	struct args_src	 src = { doc, why, size };

	memset(a, 0, sizeof(*a));
	a->request.method = method;
	/* As the Go server has it: null is an argument without members. */
	if (cJSON_IsNull(arg))
		return (0);
	if (json_repeats(arg, true)) {
		if (errno == ENOMEM)
			return (args_nomemory(&src, "argument"));
		snprintf(why, size, "a member is there twice");
		return (-1);
	}
	return (args_object(a, arg, &src, members));
}

void
args_clear(struct args *a)
{
	free(a->data);
	free(a->input);
	free(a->keys);
	free(a->blobs);
	free(a->access);
	free(a->auths);
	memset(a, 0, sizeof(*a));
}
