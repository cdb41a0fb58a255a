/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct imsg;
struct imsgbuf;

/*
 * Logging.  The parent writes (stderr or syslog, logfmt or JSON); a child
 * hands each record to the parent by message.  A record is a level, a message
 * and fields; every value is untrusted and escaped by the writer.
 */
enum log_level {
	LOG_LVL_ERROR,
	LOG_LVL_WARN,
	LOG_LVL_INFO,
	LOG_LVL_DEBUG
};

enum log_format {
	LOG_FMT_LOGFMT,
	LOG_FMT_JSON
};

/* "error", "warn", "info", "debug"; the reverse gives -1 for another word. */
const char	*log_level_name(enum log_level);
int		 log_level_parse(const char *, enum log_level *);

/* ---- Writing records -------------------------------------------------- */

#define LOG_RECORD_MAX	4096	/* bytes of keys and values, with their NULs */
#define LOG_FIELDS_MAX	48
#define LOG_MSG		1	/* imsg type of a record */
#define LOG_SETLEVEL	2	/* of a level, from the parent to a child */
/* Messages that may wait for the parent; what comes beyond is dropped. */
#define LOG_QUEUE_MAX	4096

struct log_record {
	enum log_level	level;
	uint32_t	nfields;	/* "msg" among them, always the first */
	bool		on;		/* the level is logged */
	bool		cut;		/* something did not fit */
	size_t		len;
	char		buf[LOG_RECORD_MAX];	/* key NUL value NUL ... */
};

/*
 * log_start(&r, level, "signed"); log_str(&r, "client", name); ...
 * log_end(&r).  log_start tells whether the level is on; where it is not,
 * the rest does nothing.
 */
bool	log_start(struct log_record *, enum log_level, const char *msg);
/*
 * The same for what anybody out there can cause at will: over LOG_NOISE_MAX
 * a second and level are counted, so that they do not take the room of what
 * matters.  Their sum comes with the first one of another second, or with
 * log_noise_sum(), which is to be called at the end, and about a second after
 * wake(), NULL for none: there may be no other one.
 */
#define LOG_NOISE_MAX	100
bool	log_start_noise(struct log_record *, enum log_level, const char *msg);
void	log_noise_sum(void);
void	log_on_noise(void (*wake)(void));
void	log_str(struct log_record *, const char *key, const char *value);
/* Shown as a number; travels with a '#' before its key. */
void	log_num(struct log_record *, const char *key, uint64_t);
/* 0x and digits. */
void	log_hex(struct log_record *, const char *key, const uint8_t *, size_t);
void	log_end(struct log_record *);

/* A record of a message alone, formatted. */
void	log_error(const char *, ...) __attribute__((format(printf, 1, 2)));
void	log_warn(const char *, ...) __attribute__((format(printf, 1, 2)));
void	log_info(const char *, ...) __attribute__((format(printf, 1, 2)));
void	log_debug(const char *, ...) __attribute__((format(printf, 1, 2)));
/* log_error with ": " and strerror(errno) at its end. */
void	log_errno(const char *, ...) __attribute__((format(printf, 1, 2)));
/*
 * log_error and exit(1), with and without strerror(errno): for start-up and
 * for broken invariants of our own, never for what a peer sent.
 */
void	fatal(const char *, ...)
	    __attribute__((noreturn, format(printf, 1, 2)));
void	fatalx(const char *, ...)
	    __attribute__((noreturn, format(printf, 1, 2)));

/* ---- Where they go ---------------------------------------------------- */

/* Every process begins with this; writes to stderr until told otherwise. */
void	log_init(const char *process);
void	log_set_level(enum log_level);
enum log_level log_get_level(void);
/*
 * Children: to the parent.  wake, if not NULL, is called when something was
 * queued and has to be written.
 */
void	log_to_parent(struct imsgbuf *, void (*wake)(void));
/*
 * The level of a child may change while it runs.  0, or -1 (see
 * keyd/keymsg.h); log_take_level() puts it in force.
 */
int	log_send_level(struct imsgbuf *, enum log_level);
int	log_take_level(struct imsg *);
/*
 * The parent: to stderr in that format (where that is systemd's journal, each
 * line with its level before it, as in sd-daemon(3)), or to syslog.  While a terminal may
 * be waiting, what is an error goes to stderr as well; log_detach() ends it.
 */
void	log_to_stderr(enum log_format);
void	log_to_syslog(enum log_format, const char *ident);
/* In another form from now on, to where it goes. */
void	log_set_format(enum log_format);
void	log_detach(void);
/*
 * From log_hold() to log_release() lines for stderr wait and are written
 * together, in their order, no more of them at once than a pipe takes in one
 * piece: nobody else's can come between.  fatal() writes what waits.
 */
void	log_hold(void);
void	log_release(void);

/*
 * The parent, for a LOG_MSG of a child: checks, limits the rate (what goes
 * over `log_set_rate` records a second of one child is counted and summed up
 * in one line later) and writes.  Signatures have a budget of their own, of
 * the same size: nothing else keeps them out of the log.  A malformed record
 * is a record that says so.
 */
struct log_rate {
	uint64_t	second;		/* that is being counted */
	uint32_t	count;
	uint32_t	nsigned;
	uint64_t	suppressed;	/* and not told of */
	uint64_t	total;		/* that ever were */
};
void	log_set_rate(uint32_t rate);
void	log_child(struct imsg *, const char *child, struct log_rate *);
/*
 * The child says no more, or has not for a while: what was not told of is said
 * now.
 */
void	log_child_end(const char *child, struct log_rate *);

/*
 * Renders a record as one line without its newline; returns its length,
 * at most size - 1.  size is at least 2.  In common/log_render.c.
 */
size_t	log_render(char *, size_t, enum log_format, const char *process,
	    const struct log_record *, int64_t unix_us);

#endif /* COMMON_LOG_H */
