/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "signerd/metadata.h"

/* Milliseconds; no deadline of ours is as far away. */
#define DEADLINE_MAX	1000000000ULL

static int
fault(char *why, size_t size, const char *name, const char *text)
{
	snprintf(why, size, "%s: %s", name, text);
	return (-1);
}

/* The member's value; NULL where it is absent or null. */
static const cJSON *
member(const cJSON *object, const char *name)
{
	const cJSON	*v = json_member(object, name);

	return (v != NULL && !cJSON_IsNull(v) ? v : NULL);
}

static bool
is_printable(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s < 0x20 || *s > 0x7e)
			return (false);
	return (true);
}

/* A string of at most max bytes, which out has room for and a NUL. */
static int
take_string(char *out, size_t max, const cJSON *v, const char *name,
    char *why, size_t size)
{
	size_t	 len;

	if (!cJSON_IsString(v))
		return (fault(why, size, name, "must be a string"));
	if ((len = strlen(v->valuestring)) > max)
		return (fault(why, size, name, "too long"));
	if (!is_printable(v->valuestring))
		return (fault(why, size, name, "must be printable ASCII"));
	memcpy(out, v->valuestring, len + 1);
	return (0);
}

static int
take_deadline(struct metadata *m, const struct json_doc *doc, const cJSON *v,
    char *why, size_t size)
{
	const char	*text = NULL;
	size_t		 i, len = 0;

	if (cJSON_IsNumber(v))
		text = json_raw(doc, v, &len);
	for (i = 0; i < len; i++)
		if (text[i] < '0' || text[i] > '9')
			break;
	if (text == NULL || i < len)
		return (fault(why, size, "deadline",
		    "must be an integer of milliseconds"));
	m->limited = true;
	for (i = 0; i < len && m->deadline < DEADLINE_MAX; i++)
		m->deadline = m->deadline * 10 + (uint64_t)(text[i] - '0');
	return (0);
}

int
metadata_decode(struct metadata *m, const struct json_doc *doc,
    const cJSON *object, char *why, size_t size)
{
	const cJSON	*v;

	memset(m, 0, sizeof(*m));
	errno = 0;
	if (!cJSON_IsObject(object)) {
		snprintf(why, size, "must be an object");
		return (-1);
	}
	if (json_repeats(object, false)) {
		snprintf(why, size, "a member is there twice");
		return (-1);
	}
	if ((v = member(object, "client")) != NULL) {
		if (take_string(m->client, CLIENT_MAX, v, "client", why,
		    size) == -1)
			return (-1);
		if (m->client[0] == '\0')
			return (fault(why, size, "client", "empty"));
	}
	if ((v = member(object, "id")) != NULL &&
	    take_string(m->id, METADATA_ID_MAX, v, "id", why, size) == -1)
		return (-1);
	if ((v = member(object, "deadline")) != NULL &&
	    take_deadline(m, doc, v, why, size) == -1)
		return (-1);
	return (0);
}
