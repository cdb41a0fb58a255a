/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>
#include <sys/stat.h>

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/hex.h"
#include "common/log.h"
#include "compat/imsg.h"

/* Bytes that log_hex shows. */
#define LOG_HEX_MAX	64
/* A rendered line: every byte may become six, and then the frame. */
#define LINE_MAX_SIZE	(6 * LOG_RECORD_MAX + 256)
/* Bytes of a level before a line, as in sd-daemon(3): "<6>". */
#define PREFIX		3

static const char	*process = "signerd";
static enum log_level	 threshold = LOG_LVL_INFO;
static enum log_format	 format = LOG_FMT_LOGFMT;
static uint32_t		 rate_max = 5000;
static int		 use_syslog;
static bool		 prefixed;	/* stderr leads to systemd's journal */
static int		 attached;	/* stderr is still the terminal */
static struct imsgbuf	*parent;
static void		(*parent_wake)(void);
static void		(*noise_wake)(void);
static uint64_t		 left_out;	/* of noise, and not told of */
static uint64_t		 dropped;
static uint64_t		 unwritten;	/* lines */
static bool		 torn;		/* the last one has no end */

/* Lines to be written together. */
static struct {
	bool		 on;
	size_t		 len;
	char		 text[PIPE_BUF];
} held;

static const char	*const level_names[] = { "error", "warn", "info", "debug" };

static const int	 priorities[] = {
	LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG
};

const char *
log_level_name(enum log_level level)
{
	return (level_names[level]);
}

int
log_level_parse(const char *name, enum log_level *level)
{
	unsigned int	 i;

	for (i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++)
		if (strcmp(name, level_names[i]) == 0) {
			*level = (enum log_level)i;
			return (0);
		}
	return (-1);
}

void
log_init(const char *name)
{
	process = name;
	tzset();
}

void
log_set_level(enum log_level level)
{
	threshold = level;
}

enum log_level
log_get_level(void)
{
	return (threshold);
}

void
log_set_rate(uint32_t rate)
{
	rate_max = rate;
}

void
log_to_parent(struct imsgbuf *ibuf, void (*wake)(void))
{
	parent = ibuf;
	parent_wake = wake;
}

int
log_send_level(struct imsgbuf *ibuf, enum log_level level)
{
	uint8_t	 n = (uint8_t)level;

	return (imsg_compose(ibuf, LOG_SETLEVEL, 0, 0, -1, &n, sizeof(n)) ==
	    -1 ? -1 : 0);
}

int
log_take_level(struct imsg *imsg)
{
	uint8_t	 n;

	if (imsg_get_type(imsg) != LOG_SETLEVEL ||
	    imsg_get_data(imsg, &n, sizeof(n)) == -1 || n > LOG_LVL_DEBUG)
		return (-1);
	log_set_level((enum log_level)n);
	return (0);
}

/*
 * Whether what is written to stderr is read by systemd's journal: then
 * JOURNAL_STREAM has its device and inode, systemd.exec(5).
 */
static bool
is_journal(void)
{
	const char	*text = getenv("JOURNAL_STREAM");
	struct stat	 st;
	char		 here[64];

	if (text == NULL || fstat(STDERR_FILENO, &st) == -1)
		return (false);
	(void)snprintf(here, sizeof(here), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
	return (strcmp(text, here) == 0);
}

void
log_to_stderr(enum log_format fmt)
{
	format = fmt;
	use_syslog = 0;
	prefixed = is_journal();
}

void
log_set_format(enum log_format fmt)
{
	format = fmt;
}

void
log_to_syslog(enum log_format fmt, const char *ident)
{
	format = fmt;
	use_syslog = attached = 1;
	openlog(ident, LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

void
log_detach(void)
{
	attached = 0;
}

/* mark: how many bytes of a '#' there are before the key, none or one. */
static void
append(struct log_record *r, size_t mark, const char *key, const void *value,
    size_t len)
{
	size_t	 keylen = strlen(key) + 1;

	if (!r->on)
		return;
	if (r->nfields == LOG_FIELDS_MAX ||
	    mark + keylen + 1 > sizeof(r->buf) - r->len) {
		r->cut = true;
		return;
	}
	if (len > sizeof(r->buf) - r->len - mark - keylen - 1) {
		len = sizeof(r->buf) - r->len - mark - keylen - 1;
		r->cut = true;
	}
	memcpy(r->buf + r->len, "#", mark);
	memcpy(r->buf + r->len + mark, key, keylen);
	r->len += mark + keylen;
	memcpy(r->buf + r->len, value, len);
	r->len += len;
	r->buf[r->len++] = '\0';
	r->nfields++;
}

bool
log_start(struct log_record *r, enum log_level level, const char *msg)
{
	r->level = level;
	r->nfields = 0;
	r->on = level <= threshold;
	r->cut = false;
	r->len = 0;
	log_str(r, "msg", msg);
	return (r->on);
}

void
log_on_noise(void (*wake)(void))
{
	noise_wake = wake;
}

void
log_noise_sum(void)
{
	struct log_record	 r;
	uint64_t		 n = left_out;

	left_out = 0;
	if (n == 0 || !log_start(&r, LOG_LVL_WARN,
	    "records of connections left out"))
		return;
	log_num(&r, "count", n);
	log_end(&r);
}

bool
log_start_noise(struct log_record *r, enum log_level level, const char *msg)
{
	static uint64_t	 second;
	static uint32_t	 count[LOG_LVL_DEBUG + 1];
	uint64_t	 now = clock_us() / 1000000;

	if (now != second) {
		second = now;
		memset(count, 0, sizeof(count));
		log_noise_sum();
	}
	r->on = false;
	if (level > threshold)
		return (false);
	if (count[level] == LOG_NOISE_MAX) {
		if (left_out++ == 0 && noise_wake != NULL)
			noise_wake();
		return (false);
	}
	count[level]++;
	return (log_start(r, level, msg));
}

void
log_str(struct log_record *r, const char *key, const char *value)
{
	append(r, 0, key, value, strlen(value));
}

void
log_num(struct log_record *r, const char *key, uint64_t n)
{
	char	 text[20];	/* digits of the highest */
	size_t	 at = sizeof(text);

	if (!r->on)
		return;
	do
		text[--at] = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	append(r, 1, key, text + at, sizeof(text) - at);
}

void
log_hex(struct log_record *r, const char *key, const uint8_t *p, size_t len)
{
	char	 text[2 + 2 * LOG_HEX_MAX];

	if (!r->on)
		return;
	if (len > LOG_HEX_MAX) {
		len = LOG_HEX_MAX;
		r->cut = true;
	}
	text[0] = '0';
	text[1] = 'x';
	hex_encode(text + 2, p, len);
	append(r, 0, key, text, 2 + 2 * len);
}

static int64_t
now_us(void)
{
	struct timespec	 ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ((int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000);
}

/* How much of it could be written. */
static size_t
put(const char *text, size_t len)
{
	size_t	 off = 0;
	ssize_t	 n;

	while (off < len) {
		n = write(STDERR_FILENO, text + off, len - off);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		off += (size_t)n;
	}
	return (off);
}

/* Whatever fails, no line begins within another. */
static void
put_line(const char *line, size_t len)
{
	size_t	 n;

	if (torn && put("\n", 1) == 0) {
		unwritten++;
		return;
	}
	n = put(line, len);
	torn = n > 0 && n < len;
	unwritten += n < len;
}

/* As it is written: with a newline, and a level before it for the journal. */
static size_t
render(char *line, size_t size, const char *from, const struct log_record *r)
{
	size_t	 len = 0;

	if (prefixed && !use_syslog) {
		line[len++] = '<';
		line[len++] = (char)('0' + priorities[r->level]);
		line[len++] = '>';
	}
	len += log_render(line + len, size - len - 1, format, from, r,
	    now_us());
	line[len++] = '\n';
	return (len);
}

/* Before the first line that can be written again. */
static void
tell_unwritten(void)
{
	struct log_record	 r;
	char			 line[256];
	uint64_t		 n = unwritten;

	if (n == 0 || use_syslog)
		return;
	unwritten = 0;
	log_start(&r, LOG_LVL_WARN, "log records could not be written");
	log_num(&r, "count", n);
	if (r.on)
		put_line(line, render(line, sizeof(line), process, &r));
	/* The line that should have told of them is none of the log's. */
	if (unwritten > 0)
		unwritten = n;
}

/* Where not all of it can be written, each line that is left is tried. */
static void
put_held(void)
{
	const char	*line = held.text, *end = held.text + held.len, *next;
	size_t		 done = 0;

	held.len = 0;
	if (line == end)
		return;
	tell_unwritten();
	if (!torn)
		done = put(line, (size_t)(end - line));
	for (; line < end; line = next) {
		next = (const char *)memchr(line, '\n', (size_t)(end - line)) +
		    1;
		if (held.text + done >= next)
			continue;
		if (held.text + done > line) {
			torn = true;
			unwritten++;
			continue;
		}
		tell_unwritten();
		put_line(line, (size_t)(next - line));
	}
}

void
log_hold(void)
{
	held.on = true;
}

void
log_release(void)
{
	put_held();
	held.on = false;
}

static void
hold_line(const char *line, size_t len)
{
	if (len > sizeof(held.text) - held.len)
		put_held();
	if (len > sizeof(held.text)) {
		tell_unwritten();
		put_line(line, len);
		return;
	}
	memcpy(held.text + held.len, line, len);
	held.len += len;
}

static void
write_line(const char *from, const struct log_record *r)
{
	static char	 line[PREFIX + LINE_MAX_SIZE];
	size_t		 len = render(line, sizeof(line), from, r);

	if (use_syslog) {
		syslog(priorities[r->level], "%.*s", (int)len - 1, line);
		if (!attached || r->level != LOG_LVL_ERROR)
			return;
	}
	if (held.on) {
		hold_line(line, len);
		return;
	}
	tell_unwritten();
	put_line(line, len);
}

/*
 * Of what matters most: signatures, and where the audit trail has got to.
 * "msg" and its value are first in every record.
 */
static bool
is_signed(const struct log_record *r)
{
	const char	*msg = r->buf + sizeof("msg");

	return (strcmp(msg, "signed") == 0 || strcmp(msg, "audit head") == 0);
}

static void
send_record(const struct log_record *r)
{
	struct ibuf	*b;

	if (imsgbuf_queuelen(parent) >=
	    (is_signed(r) ? 2 * LOG_QUEUE_MAX : LOG_QUEUE_MAX)) {
		dropped++;
		return;
	}
	b = imsg_create(parent, LOG_MSG, 0, 0, 16 + r->len);
	if (b == NULL) {
		dropped++;
		return;
	}
	if (ibuf_add_n8(b, (uint64_t)r->level) == -1 ||
	    ibuf_add_n8(b, r->cut) == -1 ||
	    ibuf_add_n64(b, dropped) == -1 ||
	    ibuf_add_n16(b, r->nfields) == -1 ||
	    ibuf_add(b, r->buf, r->len) == -1) {
		ibuf_free(b);
		dropped++;
		return;
	}
	imsg_close(parent, b);
	dropped = 0;
	if (parent_wake != NULL)
		parent_wake();
}

void
log_end(struct log_record *r)
{
	if (!r->on)
		return;
	if (parent != NULL)
		send_record(r);
	else
		write_line(process, r);
}

/* What the parent itself says in every line; '#' marks a number. */
static int
key_reserved(const char *key)
{
	key += key[0] == '#';
	switch (key[0]) {
	case 't':
		return (strcmp(key, "time") == 0);
	case 'l':
		return (strcmp(key, "level") == 0);
	case 'p':
		return (strcmp(key, "process") == 0);
	case 'm':
		return (strcmp(key, "msg") == 0);
	case 'c':
		return (strcmp(key, "cut") == 0);
	}
	return (0);
}

/*
 * A record of a child as it should be: nfields pairs of NUL-terminated
 * strings that fill the buffer exactly, "msg" first, no other key that would
 * pass for one of the parent's.
 */
static int
record_valid(const struct log_record *r)
{
	const char	*p = r->buf, *end = r->buf + r->len, *s;
	uint32_t	 n;

	for (n = 0; n < 2 * r->nfields; n++) {
		s = p;
		if ((p = memchr(p, '\0', (size_t)(end - p))) == NULL)
			return (0);
		p++;
		if (n > 0 && n % 2 == 0 && key_reserved(s))
			return (0);
	}
	return (p == end && r->nfields > 0 && strcmp(r->buf, "msg") == 0);
}

static int
record_get(struct imsg *imsg, struct log_record *r, uint64_t *lost)
{
	struct ibuf	 b;
	uint16_t	 nfields;
	uint8_t		 level, cut;

	if (imsg_get_ibuf(imsg, &b) == -1 ||
	    ibuf_get_n8(&b, &level) == -1 || ibuf_get_n8(&b, &cut) == -1 ||
	    ibuf_get_n64(&b, lost) == -1 || ibuf_get_n16(&b, &nfields) == -1)
		return (-1);
	if (level > LOG_LVL_DEBUG || nfields > LOG_FIELDS_MAX ||
	    ibuf_size(&b) > sizeof(r->buf))
		return (-1);
	r->level = (enum log_level)level;
	r->on = r->level <= threshold;
	r->cut = cut != 0;
	r->nfields = nfields;
	r->len = ibuf_size(&b);
	memcpy(r->buf, ibuf_data(&b), r->len);
	return (record_valid(r) ? 0 : -1);
}

static void
log_suppressed(const char *child, uint64_t count)
{
	struct log_record	 r;

	log_start(&r, LOG_LVL_WARN, "log records suppressed");
	log_num(&r, "count", count);
	if (r.on)
		write_line(child, &r);
}

void
log_child(struct imsg *imsg, const char *child, struct log_rate *rate)
{
	struct log_record	 r;
	uint64_t		 lost = 0, second = clock_us() / 1000000;
	uint32_t		*count;

	if (record_get(imsg, &r, &lost) == -1) {
		lost = 0;
		log_start(&r, LOG_LVL_WARN, "a malformed log record");
	}
	/* A child cannot make the sum wrap into silence. */
	lost = lost > UINT32_MAX ? UINT32_MAX : lost;
	rate->suppressed += lost;
	rate->total += lost;
	if (second != rate->second) {
		rate->second = second;
		rate->count = rate->nsigned = 0;
		if (rate->suppressed > 0)
			log_suppressed(child, rate->suppressed);
		rate->suppressed = 0;
	}
	count = is_signed(&r) ? &rate->nsigned : &rate->count;
	if (*count >= rate_max) {
		rate->suppressed++;
		rate->total++;
		return;
	}
	(*count)++;
	if (r.on)
		write_line(child, &r);
}

void
log_child_end(const char *child, struct log_rate *rate)
{
	if (rate->suppressed > 0)
		log_suppressed(child, rate->suppressed);
	rate->suppressed = 0;
}

static void	vlog(enum log_level, const char *, const char *, va_list)
		    __attribute__((format(printf, 3, 0)));

static void
vlog(enum log_level level, const char *suffix, const char *fmt, va_list ap)
{
	struct log_record	 r;
	char			 text[1024];
	size_t			 n;
	int			 saved = errno;

	if (level > threshold)
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	n = strlen(text);
	if (suffix != NULL)
		snprintf(text + n, sizeof(text) - n, ": %s", suffix);
	log_start(&r, level, text);
	log_end(&r);
	errno = saved;
}

#define LOG_FUNCTION(name, level)					\
void									\
name(const char *fmt, ...)						\
{									\
	va_list	 ap;							\
									\
	va_start(ap, fmt);						\
	vlog(level, NULL, fmt, ap);					\
	va_end(ap);							\
}

LOG_FUNCTION(log_error, LOG_LVL_ERROR)
LOG_FUNCTION(log_warn, LOG_LVL_WARN)
LOG_FUNCTION(log_info, LOG_LVL_INFO)
LOG_FUNCTION(log_debug, LOG_LVL_DEBUG)

void
log_errno(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	vlog(LOG_LVL_ERROR, strerror(errno), fmt, ap);
	va_end(ap);
}

static _Noreturn void
leave(void)
{
	log_noise_sum();
	log_release();
	if (parent != NULL)
		/* As far as it takes them: it may have stopped reading. */
		(void)imsgbuf_write(parent);
	exit(1);
}

void
fatal(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	vlog(LOG_LVL_ERROR, strerror(errno), fmt, ap);
	va_end(ap);
	leave();
}

void
fatalx(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	vlog(LOG_LVL_ERROR, NULL, fmt, ap);
	va_end(ap);
	leave();
}
