/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>
#include <time.h>

#include <event2/buffer.h>

#include "common/http.h"

#define DATE_SIZE	64

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

int
http_respond(struct evbuffer *out, const struct http_response *r, size_t len)
{
	char retry[48] = "";
	const char *connection;

	if (r->status < 200)
		return (evbuffer_add_printf(out, "HTTP/1.1 %d %s\r\n\r\n",
		    r->status, http_phrase(r->status)) == -1 ? -1 : 0);
	if (r->retry_after > 0)
		snprintf(retry, sizeof(retry), "Retry-After: %d\r\n",
		    r->retry_after);
	connection = "";
	if (r->close)
		connection = "Connection: close\r\n";
	else if (r->keepalive10)
		connection = "Connection: keep-alive\r\n";
	if (evbuffer_add_printf(out,
	    "HTTP/1.1 %d %s\r\nDate: %s\r\n%s%s%sContent-Length: %zu\r\n"
	    "%s%s%s%s%s\r\n",
	    r->status, http_phrase(r->status), http_date(),
	    r->content_type != NULL ? "Content-Type: " : "",
	    r->content_type != NULL ? r->content_type : "",
	    r->content_type != NULL ? "\r\n" : "",
	    r->content_type != NULL ? len : 0,
	    r->allow != NULL ? "Allow: " : "",
	    r->allow != NULL ? r->allow : "",
	    r->allow != NULL ? "\r\n" : "",
	    retry, connection) == -1)
		return (-1);
	return (0);
}
