/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <limits.h>
#include <stdint.h>
#include <string.h>

#include <event2/buffer.h>

#include "common/json_splice.h"

/* What goes before and after the value, and the member's name if new. */
struct splice {
	const char	*head;
	size_t		 headlen;
	const char	*tail;
	size_t		 taillen;
	const char	*name;		/* NULL: it is in the head */
	size_t		 namelen;
	size_t		 nameroom;	/* as it will be written */
	size_t		 comma;
};

static int
find_place(struct splice *s, const struct json_doc *doc,
    const cJSON *object, const char *name)
{
	const cJSON	*member;
	const char	*text, *old;
	size_t		 len, oldlen;

	memset(s, 0, sizeof(*s));
	if (!cJSON_IsObject(object) ||
	    (text = json_text(doc, object, &len)) == NULL)
		return (-1);
	s->head = text;
	if ((member = json_member(object, name)) != NULL) {
		if ((old = json_text(doc, member, &oldlen)) == NULL)
			return (-1);
		s->headlen = (size_t)(old - text);
		s->tail = old + oldlen;
	} else {
		s->headlen = 1;		/* { */
		s->tail = text + 1;
		s->name = name;
		s->namelen = strlen(name);
		s->nameroom = json_escape(NULL, name, s->namelen);
		s->comma = object->child != NULL;
	}
	s->taillen = len - (size_t)(s->tail - text);
	return (0);
}

/* Bytes of the result; SIZE_MAX where that is too much. */
static size_t
total(const struct splice *s, size_t len)
{
	size_t	size = s->headlen + s->taillen;	/* both are in the text */

	if (s->nameroom > SIZE_MAX / 4 || len > SIZE_MAX / 4 ||
	    size > SIZE_MAX / 4)
		return (SIZE_MAX);
	if (s->name != NULL)
		size += s->nameroom + 3 + s->comma;	/* "name": , */
	return (size + len);
}

static char *
put(char *p, const char *data, size_t len)
{
	if (len > 0)
		memcpy(p, data, len);
	return (p + len);
}

int
json_splice(struct evbuffer *out, const struct json_doc *doc,
    const cJSON *object, const char *name, const char *value, size_t len)
{
	struct evbuffer_iovec	 room;
	struct splice		 s;
	size_t			 size;
	char			*p;

	if (find_place(&s, doc, object, name) == -1 ||
	    (size = total(&s, len)) > SSIZE_MAX ||
	    evbuffer_reserve_space(out, (ev_ssize_t)size, &room, 1) == -1)
		return (-1);
	p = put(room.iov_base, s.head, s.headlen);
	if (s.name != NULL) {
		p = put(p, "\"", 1);
		p += json_escape(p, s.name, s.namelen);
		p = put(p, "\":", 2);
	}
	p = put(p, value, len);
	p = put(p, ",", s.comma);
	put(p, s.tail, s.taillen);
	room.iov_len = size;
	return (evbuffer_commit_space(out, &room, 1));
}
