/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <errno.h>
#include <string.h>

#include "common/ctlmsg.h"
#include "common/msgfield.h"
#include "keyd/keymsg.h"
#include "keyd/keymsg_field.h"

/* ---- Requests --------------------------------------------------------- */

static int
send_byte(struct imsgbuf *ibuf, enum ctl_msg type, unsigned int n)
{
	uint8_t	 b = (uint8_t)n;

	return (imsg_compose(ibuf, type, 0, 0, -1, &b, 1) == -1 ? -1 : 0);
}

/* One that is below n. */
static int
get_byte(struct imsg *imsg, enum ctl_msg type, unsigned int n, uint8_t *value)
{
	struct ibuf	 b;

	if (msgfield_begin(imsg, type, &b) == -1 ||
	    ibuf_get_n8(&b, value) == -1 || *value >= n)
		return (-1);
	return (ibuf_size(&b) == 0 ? 0 : -1);
}

int
ctlmsg_send_show(struct imsgbuf *ibuf, enum ctl_show what)
{
	return (send_byte(ibuf, CTL_SHOW, what));
}

int
ctlmsg_get_show(struct imsg *imsg, enum ctl_show *what)
{
	uint8_t	 n;

	if (get_byte(imsg, CTL_SHOW, CTL_NSHOWS, &n) == -1)
		return (-1);
	*what = (enum ctl_show)n;
	return (0);
}

int
ctlmsg_send_reload(struct imsgbuf *ibuf, bool try)
{
	return (msgfield_send(ibuf, try ? CTL_TRY : CTL_RELOAD, -1));
}

int
ctlmsg_send_log(struct imsgbuf *ibuf, bool verbose)
{
	return (send_byte(ibuf, CTL_LOG, verbose));
}

int
ctlmsg_get_log(struct imsg *imsg, bool *verbose)
{
	uint8_t	 n;

	if (get_byte(imsg, CTL_LOG, 2, &n) == -1)
		return (-1);
	*verbose = n == 1;
	return (0);
}

int
ctlmsg_send_check(struct imsgbuf *ibuf, const struct ctl_check *check)
{
	struct request	 request = check->request;
	struct ibuf	*b;
	int		 ok;

	/* A link is named: then there need not be a client. */
	request.via = check->link[0] != '\0';
	if ((b = imsg_create(ibuf, CTL_CHECK, 0, 0, 512)) == NULL)
		return (-1);
	ok = msgfield_add_string(b, check->link) == 0 &&
	    msgfield_add_string(b, check->key) == 0 &&
	    keymsg_add_request(b, &request) == 0;
	return (msgfield_finish(ibuf, b, ok));
}

int
ctlmsg_get_check(struct imsg *imsg, struct ctl_check *check)
{
	struct ibuf	 b;

	memset(check, 0, sizeof(*check));
	if (msgfield_begin(imsg, CTL_CHECK, &b) == -1 ||
	    msgfield_get_string(&b, check->link, sizeof(check->link)) == -1 ||
	    msgfield_get_string(&b, check->key, sizeof(check->key)) == -1 ||
	    keymsg_get_body(&b, &check->request) == -1)
		return (-1);
	if (check->request.via == (check->link[0] != '\0'))
		return (0);
	request_clear(&check->request);
	return (-1);
}

int
ctlmsg_send_link(struct imsgbuf *ibuf, const struct ctl_link *link)
{
	struct ibuf	*b;
	int		 ok;

	if ((b = imsg_create(ibuf, CTL_LINK, 0, 0, 64)) == NULL)
		return (-1);
	ok = msgfield_add_string(b, link->name) == 0 &&
	    ibuf_add_n8(b, link->up) == 0;
	return (msgfield_finish(ibuf, b, ok));
}

int
ctlmsg_get_link(struct imsg *imsg, struct ctl_link *link)
{
	struct ibuf	 b;
	uint8_t		 up;

	if (msgfield_begin(imsg, CTL_LINK, &b) == -1 ||
	    msgfield_get_string(&b, link->name, sizeof(link->name)) == -1 ||
	    ibuf_get_n8(&b, &up) == -1 || up > 1 || ibuf_size(&b) != 0)
		return (-1);
	link->up = up == 1;
	return (0);
}

int
ctlmsg_get_empty(struct imsg *imsg)
{
	return (imsg_get_len(imsg) == 0 ? 0 : -1);
}

/* ---- Rows ------------------------------------------------------------- */

static size_t
first_part(const struct ctl_field *f)
{
	return (f->len < CTL_VALUE_MAX ? f->len : CTL_VALUE_MAX);
}

static int
add_field(struct ibuf *b, const struct ctl_field *f)
{
	if (msgfield_add_string(b, f->name) == -1 ||
	    ibuf_add_n8(b, f->kind) == -1 ||
	    ibuf_add_n16(b, first_part(f)) == -1)
		return (-1);
	return (ibuf_add(b, f->value, first_part(f)));
}

static int
send_rest(struct imsgbuf *ibuf, const struct ctl_field *f)
{
	size_t	 at, n;

	for (at = CTL_VALUE_MAX; at < f->len; at += n) {
		n = f->len - at < CTL_VALUE_MAX ? f->len - at : CTL_VALUE_MAX;
		if (imsg_compose(ibuf, CTL_MORE, 0, 0, -1, f->value + at,
		    n) == -1)
			return (-1);
	}
	return (0);
}

int
ctlmsg_send_row(struct imsgbuf *ibuf, const struct ctl_row *row)
{
	const struct ctl_field	*f;
	struct ibuf		*b;
	unsigned int		 i;
	int			 ok;

	if (row->nfields == 0 || row->nfields > CTL_FIELDS) {
		errno = EINVAL;
		return (-1);
	}
	if ((b = imsg_create(ibuf, CTL_ROW, 0, 0, 512)) == NULL)
		return (-1);
	ok = msgfield_add_string(b, row->section) == 0 &&
	    ibuf_add_n8(b, row->nfields) == 0;
	for (i = 0; i < row->nfields; i++) {
		f = &row->fields[i];
		ok = ok && add_field(b, f) == 0;
		if (f->len > CTL_VALUE_MAX && i + 1 < row->nfields) {
			errno = EINVAL;
			ok = 0;
		}
	}
	if (msgfield_finish(ibuf, b, ok) == -1)
		return (-1);
	return (send_rest(ibuf, &row->fields[row->nfields - 1]));
}

/* A string of the message, with a NUL that it has not there. */
static int
take_string(struct ibuf *b, char **at, size_t max, const char **s, size_t *len)
{
	uint16_t	 n;

	if (ibuf_get_n16(b, &n) == -1 || n > max ||
	    ibuf_get(b, *at, n) == -1 || memchr(*at, '\0', n) != NULL)
		return (-1);
	*s = *at;
	*len = n;
	(*at)[n] = '\0';
	*at += n + 1;
	return (0);
}

static bool
is_number(const char *s)
{
	if (*s == '-')
		s++;
	return (*s != '\0' && strlen(s) <= 20 &&
	    s[strspn(s, "0123456789")] == '\0');
}

static int
take_field(struct ibuf *b, char **at, struct ctl_field *f)
{
	size_t	 len;
	uint8_t	 kind;

	if (take_string(b, at, CTL_NAME_MAX, &f->name, &len) == -1 ||
	    len == 0 || ibuf_get_n8(b, &kind) == -1 || kind > CTL_BOOL ||
	    take_string(b, at, CTL_VALUE_MAX, &f->value, &f->len) == -1)
		return (-1);
	f->kind = (enum ctl_kind)kind;
	switch (f->kind) {
	case CTL_NUMBER:
		return (is_number(f->value) ? 0 : -1);
	case CTL_BOOL:
		return (strcmp(f->value, "true") == 0 ||
		    strcmp(f->value, "false") == 0 ? 0 : -1);
	case CTL_STRING:
		break;
	}
	return (0);
}

/* Each string has lost two bytes, its length, and got one: it fits. */
int
ctlmsg_get_row(struct imsg *imsg, struct ctl_row *row, char buf[CTL_ROWSIZE])
{
	struct ibuf	 b;
	size_t		 len;
	uint8_t		 n, i;

	memset(row, 0, sizeof(*row));
	if (msgfield_begin(imsg, CTL_ROW, &b) == -1 ||
	    ibuf_size(&b) > CTL_MSGSIZE ||
	    take_string(&b, &buf, CTL_NAME_MAX, &row->section, &len) == -1 ||
	    len == 0 || ibuf_get_n8(&b, &n) == -1 || n == 0 || n > CTL_FIELDS)
		return (-1);
	for (i = 0; i < n; i++)
		if (take_field(&b, &buf, &row->fields[i]) == -1)
			return (-1);
	row->nfields = n;
	return (ibuf_size(&b) == 0 ? 0 : -1);
}

int
ctlmsg_get_more(struct imsg *imsg, const char **bytes, size_t *len)
{
	struct ibuf	 b;

	if (msgfield_begin(imsg, CTL_MORE, &b) == -1)
		return (-1);
	*bytes = ibuf_data(&b);
	*len = ibuf_size(&b);
	return (*len <= CTL_VALUE_MAX && memchr(*bytes, '\0', *len) == NULL ?
	    0 : -1);
}

int
ctlmsg_send_samples(struct imsgbuf *ibuf, const void *samples, size_t len)
{
	return (imsg_compose(ibuf, CTL_SAMPLES, 0, 0, -1, samples,
	    len) == -1 ? -1 : 0);
}

/* ---- Texts ------------------------------------------------------------ */

/* As much of it as fits. */
static int
add_text(struct ibuf *b, const char *text)
{
	size_t	 len = strnlen(text, CTL_TEXT_MAX);

	return (ibuf_add_n16(b, len) == -1 || ibuf_add(b, text, len) == -1 ?
	    -1 : 0);
}

static int
send_text(struct imsgbuf *ibuf, enum ctl_msg type, const char *text)
{
	struct ibuf	*b;

	if ((b = imsg_create(ibuf, type, 0, 0, 256)) == NULL)
		return (-1);
	return (msgfield_finish(ibuf, b, add_text(b, text) == 0));
}

static int
get_text(struct imsg *imsg, enum ctl_msg type, char text[CTL_TEXT_MAX + 1])
{
	struct ibuf	 b;

	if (msgfield_begin(imsg, type, &b) == -1 ||
	    msgfield_get_string(&b, text, CTL_TEXT_MAX + 1) == -1)
		return (-1);
	return (ibuf_size(&b) == 0 ? 0 : -1);
}

int
ctlmsg_send_fault(struct imsgbuf *ibuf, const char *line)
{
	return (send_text(ibuf, CTL_FAULT, line));
}

int
ctlmsg_get_fault(struct imsg *imsg, char text[CTL_TEXT_MAX + 1])
{
	return (get_text(imsg, CTL_FAULT, text));
}

int
ctlmsg_send_note(struct imsgbuf *ibuf, const char *text)
{
	return (send_text(ibuf, CTL_NOTE, text));
}

int
ctlmsg_get_note(struct imsg *imsg, char text[CTL_TEXT_MAX + 1])
{
	return (get_text(imsg, CTL_NOTE, text));
}

int
ctlmsg_send_end(struct imsgbuf *ibuf, enum ctl_result result,
    const char *text)
{
	struct ibuf	*b;
	int		 ok;

	if ((b = imsg_create(ibuf, CTL_END, 0, 0, 256)) == NULL)
		return (-1);
	ok = ibuf_add_n8(b, result) == 0 && add_text(b, text) == 0;
	return (msgfield_finish(ibuf, b, ok));
}

int
ctlmsg_get_end(struct imsg *imsg, enum ctl_result *result,
    char text[CTL_TEXT_MAX + 1])
{
	struct ibuf	 b;
	uint8_t		 n;

	if (msgfield_begin(imsg, CTL_END, &b) == -1 ||
	    ibuf_get_n8(&b, &n) == -1 || n >= CTL_NRESULTS ||
	    msgfield_get_string(&b, text, CTL_TEXT_MAX + 1) == -1)
		return (-1);
	*result = (enum ctl_result)n;
	return (ibuf_size(&b) == 0 ? 0 : -1);
}
