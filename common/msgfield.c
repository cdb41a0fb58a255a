/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <string.h>

#include "common/msgfield.h"

int
msgfield_add_string(struct ibuf *b, const char *s)
{
	size_t	 len = strlen(s);

	return (ibuf_add_n16(b, len) == -1 || ibuf_add(b, s, len) == -1 ?
	    -1 : 0);
}

int
msgfield_get_string(struct ibuf *b, char *s, size_t size)
{
	uint16_t	 len;

	if (ibuf_get_n16(b, &len) == -1 || len >= size ||
	    ibuf_get(b, s, len) == -1 || memchr(s, '\0', len) != NULL)
		return (-1);
	s[len] = '\0';
	return (0);
}

int
msgfield_add_verdict(struct ibuf *b, enum tlsfile file,
    enum tlsfile_severity severity, const char *text)
{
	if (ibuf_add_n8(b, (uint64_t)file) == -1 ||
	    ibuf_add_n8(b, (uint64_t)severity) == -1)
		return (-1);
	return (msgfield_add_string(b, text));
}

int
msgfield_get_verdict(struct ibuf *b, enum tlsfile *file,
    enum tlsfile_severity *severity, char *text, size_t size)
{
	uint8_t	 kind, how;

	if (ibuf_get_n8(b, &kind) == -1 || kind >= TLSFILE_COUNT ||
	    ibuf_get_n8(b, &how) == -1 || how >= TLSFILE_NSEVERITIES ||
	    msgfield_get_string(b, text, size) == -1 || ibuf_size(b) != 0)
		return (-1);
	*file = (enum tlsfile)kind;
	*severity = (enum tlsfile_severity)how;
	return (0);
}

int
msgfield_finish(struct imsgbuf *ibuf, struct ibuf *b, int ok)
{
	if (!ok) {
		ibuf_free(b);
		return (-1);
	}
	imsg_close(ibuf, b);
	return (0);
}

int
msgfield_begin(struct imsg *imsg, uint32_t type, struct ibuf *b)
{
	return (imsg_get_type(imsg) == type ? imsg_get_ibuf(imsg, b) : -1);
}

int
msgfield_send(struct imsgbuf *ibuf, uint32_t type, int fd)
{
	return (imsg_compose(ibuf, type, 0, 0, fd, NULL, 0) == -1 ? -1 : 0);
}
