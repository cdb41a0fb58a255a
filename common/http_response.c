/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <event2/buffer.h>

#include "common/http.h"

#define DATE_SIZE	64
#define SECTION_SIZE	512

const char *
http_phrase(int status)
{
	static const struct {
		int		 status;
		const char	*phrase;
	} phrases[] = {
		{ 100, "Continue" },
		{ 200, "OK" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 408, "Request Timeout" },
		{ 413, "Content Too Large" },
		{ 414, "URI Too Long" },
		{ 415, "Unsupported Media Type" },
		{ 417, "Expectation Failed" },
		{ 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" },
		{ 503, "Service Unavailable" },
		{ 505, "HTTP Version Not Supported" }
	};
	size_t i;

	for (i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
		if (phrases[i].status == status)
			return (phrases[i].phrase);
	return ("Unknown");
}

/* IMF-fixdate (RFC 9110, 5.6.7), made once a second, in no locale. */
static const char *
http_date(void)
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed",
	    "Thu", "Fri", "Sat" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr",
	    "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	static char date[DATE_SIZE];
	static time_t made = -1;
	struct tm tm;
	time_t now;

	now = time(NULL);
	if (now == made || gmtime_r(&now, &tm) == NULL)
		return (date);
	snprintf(date, sizeof(date), "%s, %02d %s %04d %02d:%02d:%02d GMT",
	    days[tm.tm_wday % 7], tm.tm_mday, months[tm.tm_mon % 12],
	    tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
	made = now;
	return (date);
}

/* ---- The header section ----------------------------------------------- */

/* No field has a text of a peer's: it is never longer. */
struct section {
	char	buf[SECTION_SIZE];
	size_t	len;
	bool	full;
};

static void
put(struct section *s, const char *text)
{
	size_t len = strlen(text);

	if (len > sizeof(s->buf) - s->len) {
		s->full = true;
		return;
	}
	memcpy(s->buf + s->len, text, len);
	s->len += len;
}

static void
put_number(struct section *s, size_t n)
{
	char digits[24], *p = digits + sizeof(digits) - 1;

	*p = '\0';
	do
		*--p = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	put(s, p);
}

static void
put_status(struct section *s, int status)
{
	put(s, "HTTP/1.1 ");
	put_number(s, (size_t)status);
	put(s, " ");
	put(s, http_phrase(status));
	put(s, "\r\n");
}

static void
put_fields(struct section *s, const struct http_response *r, size_t len)
{
	put(s, "Date: ");
	put(s, http_date());
	if (r->content_type != NULL) {
		put(s, "\r\nContent-Type: ");
		put(s, r->content_type);
	}
	put(s, "\r\nContent-Length: ");
	put_number(s, r->content_type != NULL ? len : 0);
	if (r->allow != NULL) {
		put(s, "\r\nAllow: ");
		put(s, r->allow);
	}
	if (r->retry_after > 0) {
		put(s, "\r\nRetry-After: ");
		put_number(s, (size_t)r->retry_after);
	}
	if (r->close)
		put(s, "\r\nConnection: close");
	else if (r->keepalive10)
		put(s, "\r\nConnection: keep-alive");
	put(s, "\r\n");
}

int
http_respond(struct evbuffer *out, const struct http_response *r, size_t len)
{
	struct section s;

	s.len = 0;
	s.full = false;
	put_status(&s, r->status);
	if (r->status >= 200)
		put_fields(&s, r, len);
	put(&s, "\r\n");
	if (s.full)
		return (-1);
	return (evbuffer_add(out, s.buf, s.len));
}
