/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: common/log.o common/log_render.o common/json.o common/jsonscan.o
 *	common/hex.o common/u256.o compat/imsg.o compat/imsg-buffer.o
 * libs: libcjson
 */

/*
 * What goes to the log: a record as a taken child may send it, and one with a
 * peer's bytes for a value.  A line is printable ASCII, has no field twice
 * that the parent vouches for, and a value ends where it is meant to.
 */

#include <sys/socket.h>

#include <stdarg.h>
#include <syslog.h>

#include "common/json.h"
#include "common/log.h"
#include "compat/imsg.h"
#include "regress/fuzz/fuzz.h"

#define RESERVED	5
#define LINE_SIZE	65536

static const char *const reserved[RESERVED] = {
	"time", "level", "process", "msg", "cut"
};

/* Lines that were written. */
static char		 line[LINE_SIZE];
static size_t		 nlines;
static enum log_format	 format;

/* A child's end of the way to the parent, and the parent's. */
static struct imsgbuf	 child, parent;

/* ---- A reader of lines ------------------------------------------------- */

static void
count_key(unsigned int seen[RESERVED], const char *key, size_t len)
{
	size_t	 i;

	for (i = 0; i < RESERVED; i++)
		if (strlen(reserved[i]) == len &&
		    memcmp(key, reserved[i], len) == 0)
			seen[i]++;
}

static void
check_seen(const unsigned int seen[RESERVED])
{
	size_t	 i;

	for (i = 0; i < RESERVED; i++)
		FUZZ_ASSERT(seen[i] == 1 || (i == 4 && seen[i] == 0));
}

/* key=value key="value with \" and \\" */
static void
check_logfmt(const char *s)
{
	unsigned int	 seen[RESERVED] = { 0 };
	size_t		 n;

	for (;;) {
		n = strcspn(s, "= \"\\");
		FUZZ_ASSERT(n > 0 && s[n] == '=');
		count_key(seen, s, n);
		s += n + 1;
		if (*s == '"') {
			for (s++; *s != '"'; s++) {
				FUZZ_ASSERT(*s != '\0');
				if (*s == '\\')
					s++;
				FUZZ_ASSERT(*s != '\0');
			}
			s++;
		} else {
			FUZZ_ASSERT(*s != ' ' && *s != '\0');
			s += strcspn(s, " ");
			FUZZ_ASSERT(s[-1] != '\0');
		}
		if (*s == '\0')
			break;
		FUZZ_ASSERT(*s++ == ' ');
	}
	check_seen(seen);
}

static void
check_json(const char *s)
{
	static const struct json_limits	 limits = { 1, 4 + LOG_FIELDS_MAX +
					    2 };
	unsigned int			 seen[RESERVED] = { 0 };
	struct json_doc			*doc;
	const cJSON			*v;

	FUZZ_ASSERT(json_parse(&doc, s, strlen(s), &limits, NULL) == JSON_OK);
	FUZZ_ASSERT(cJSON_IsObject(json_root(doc)));
	cJSON_ArrayForEach(v, json_root(doc)) {
		FUZZ_ASSERT(cJSON_IsString(v) || cJSON_IsNumber(v));
		count_key(seen, v->string, strlen(v->string));
	}
	check_seen(seen);
	FUZZ_ASSERT(strcmp(cJSON_GetStringValue(json_member(json_root(doc),
	    "process")), "child") == 0);
	json_free(doc);
}

static void
take_line(const char *fmt, va_list ap)
{
	const char	*s;
	int		 len;

	FUZZ_ASSERT(strcmp(fmt, "%.*s") == 0);
	len = va_arg(ap, int);
	FUZZ_ASSERT((size_t)snprintf(line, sizeof(line), "%.*s", len,
	    va_arg(ap, const char *)) < sizeof(line));
	for (s = line; *s != '\0'; s++)
		FUZZ_ASSERT(*s >= ' ' && *s < 0x7f);
	nlines++;
	if (format == LOG_FMT_JSON)
		check_json(line);
	else
		check_logfmt(line);
}

/* In place of the libc's: both names, the second is of fortified builds. */
void	fuzz_syslog(int, const char *, ...) __asm__("syslog")
	    __attribute__((format(printf, 2, 3)));
void	fuzz_syslog_chk(int, int, const char *, ...) __asm__("__syslog_chk")
	    __attribute__((format(printf, 3, 4)));

void
openlog(const char *ident, int option, int facility)
{
	(void)ident;
	(void)option;
	(void)facility;
}

void
fuzz_syslog(int priority, const char *fmt, ...)
{
	va_list	 ap;

	(void)priority;
	va_start(ap, fmt);
	take_line(fmt, ap);
	va_end(ap);
}

void
fuzz_syslog_chk(int priority, int flag, const char *fmt, ...)
{
	va_list	 ap;

	(void)priority;
	(void)flag;
	va_start(ap, fmt);
	take_line(fmt, ap);
	va_end(ap);
}

/* ---- Records ----------------------------------------------------------- */

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	int	 fd[2];

	(void)argc;
	(void)argv;
	FUZZ_ASSERT(socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0);
	FUZZ_ASSERT(imsgbuf_init(&child, fd[0]) == 0);
	FUZZ_ASSERT(imsgbuf_init(&parent, fd[1]) == 0);
	log_init("child");
	log_set_level(LOG_LVL_DEBUG);
	log_set_rate(UINT32_MAX);
	return (0);
}

/* One line, or two where the child says that it has dropped some. */
static void
from_child(const uint8_t *data, size_t size)
{
	struct log_rate	 rate;
	struct imsg	 imsg;

	if (size > MAX_IMSGSIZE - IMSG_HEADER_SIZE)
		return;
	memset(&rate, 0, sizeof(rate));
	FUZZ_ASSERT(imsg_compose(&child, LOG_MSG, 0, 0, -1, data, size) == 1);
	FUZZ_ASSERT(imsgbuf_flush(&child) == 0);
	do
		FUZZ_ASSERT(imsgbuf_read(&parent) == 1);
	while (imsg_get(&parent, &imsg) == 0);
	nlines = 0;
	log_child(&imsg, "child", &rate);
	FUZZ_ASSERT(nlines == 1 || nlines == 2);
	imsg_free(&imsg);
}

/* The value comes out as it went in, but for what did not fit. */
static void
check_value(const char *value)
{
	static const struct json_limits	 limits = { 1, 16 };
	struct json_doc			*doc;
	const cJSON			*v;
	const char			*s;
	char				 c[7];
	size_t				 i = 0, n;

	FUZZ_ASSERT(json_parse(&doc, line, strlen(line), &limits, NULL) ==
	    JSON_OK);
	v = json_member(json_root(doc), "client");
	FUZZ_ASSERT(cJSON_IsString(v));
	/* Bytes that are no ASCII come as the character of that number. */
	for (s = v->valuestring; *s != '\0'; s += n, i++) {
		n = (unsigned char)*s < 0x80 ? 1 : 2;
		c[0] = n == 1 ? *s : (char)(((unsigned char)s[0] & 3) << 6 |
		    ((unsigned char)s[1] & 0x3f));
		FUZZ_ASSERT(c[0] == value[i]);
	}
	FUZZ_ASSERT(value[i] == '\0' || json_member(json_root(doc), "cut") !=
	    NULL);
	json_free(doc);
}

static void
from_peer(const uint8_t *data, size_t size)
{
	struct log_record	 r;
	char			*value;

	value = fuzz_string(data, size);
	nlines = 0;
	if (log_start(&r, LOG_LVL_WARN, "refused")) {
		log_str(&r, "client", value);
		log_num(&r, "queue_us", size);
		log_hex(&r, "digest", data, size);
		log_end(&r);
	}
	FUZZ_ASSERT(nlines == 1);
	if (format == LOG_FMT_JSON)
		check_value(value);
	nlines = 0;
	log_info("%s", value);
	FUZZ_ASSERT(nlines == 1);
	free(value);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (format = LOG_FMT_LOGFMT; format <= LOG_FMT_JSON; format++) {
		log_to_syslog(format, "fuzz");
		log_detach();
		from_child(data, size);
		from_peer(data, size);
	}
	return (0);
}
