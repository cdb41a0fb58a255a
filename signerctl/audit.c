/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/hex.h"
#include "keyd/audit.h"
#include "signerctl/audit.h"
#include "signerctl/signerctl.h"

/*
 * Verifies files of the audit trail, in the order in which they were written,
 * as a stream: what is read once is never looked at again.
 */
#define MAXHEADS	64
#define CHUNK		(1024 * 1024)

/* A hash that has to be that of a record. */
struct anchor {
	uint8_t		hash[KECCAK_SIZE];
	bool		found;
};

/*
 * Where a chain has got to, over all its files.  Each worker of keyd has one;
 * a file is of the one that its first record names.
 */
struct chain {
	unsigned int	  worker;	/* from 1 */
	bool		  begun;
	bool		  named;	/* a record says which one it is */
	uint64_t	  first;	/* sequence */
	struct audit_head head;
	char		  time[32];	/* of the last record */
	bool		  cut;		/* its last file has no end */
};

static struct chain	chains[AUDIT_WORKERS];
static uint64_t		nworkers;	/* the most that a record speaks of */
static struct anchor	anchors[MAXHEADS];
static size_t		nanchors;

/* One file. */
struct source {
	const char	*name;
	int		 fd;
	uint64_t	 line;		/* number of the line at hand */
	uint64_t	 records;
	bool		 eof;
	size_t		 start;		/* of what is not looked at yet */
	size_t		 end;
	/*
	 * In front of the text there is room for what is hashed with a
	 * line; behind it, for the longest line after what may be torn.
	 */
	char		 buf[KECCAK_SIZE + CHUNK + AUDIT_TORNMAX +
			    AUDIT_LINEMAX];
};

/* What is wrong, in which line. */
struct finding {
	uint64_t	 line;
	char		 text[256];
};

enum verdict {
	GOOD,
	BAD,
	CUT		/* good, but for a last line without its end */
};

/* ---- Reading ---------------------------------------------------------- */

static char *
text_of(struct source *s)
{
	return (s->buf + KECCAK_SIZE + s->start);
}

static size_t
left_of(const struct source *s)
{
	return (s->end - s->start);
}

/* Has at least want bytes at hand, or all that are left. */
static void
fill(struct source *s, size_t want)
{
	size_t	 room = sizeof(s->buf) - KECCAK_SIZE;
	ssize_t	 n;

	if (left_of(s) >= want || s->eof)
		return;
	memmove(s->buf + KECCAK_SIZE, text_of(s), left_of(s));
	s->end -= s->start;
	s->start = 0;
	while (s->end < want && !s->eof) {
		n = read(s->fd, s->buf + KECCAK_SIZE + s->end, room - s->end);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			give_up("%s: %s", s->name, strerror(errno));
		s->eof = n == 0;
		s->end += (size_t)n;
	}
}

/*
 * The length of the line at hand, without its newline; or -1: within the
 * length of a record there is no newline.
 */
static ssize_t
line_length(struct source *s)
{
	const char	*newline;
	size_t		 size;

	fill(s, AUDIT_LINEMAX);
	size = left_of(s) < AUDIT_LINEMAX ? left_of(s) : AUDIT_LINEMAX;
	newline = memchr(text_of(s), '\n', size);
	return (newline == NULL ? -1 : newline - text_of(s));
}

/* ---- The chain -------------------------------------------------------- */

static bool
is_zero(const uint8_t hash[KECCAK_SIZE])
{
	static const uint8_t	 zeros[KECCAK_SIZE];

	return (memcmp(hash, zeros, sizeof(zeros)) == 0);
}

/* The first of all: what it follows is in no file that was given. */
static const char *
check_first(const struct audit_record *r)
{
	if (!r->has_prev)
		return ("the records before it are missing: a trail begins "
		    "with a start, a file with a start or a reload");
	if (is_zero(r->prev) != (r->sequence == 1))
		return ("it has the number of a first record, or the hash of "
		    "one, and not both");
	return (NULL);
}

/* One that follows from the record before. */
static const char *
check_next(const struct chain *c, const struct audit_record *r, char *text,
    size_t size)
{
	uint64_t	 next = c->head.sequence + 1;

	if (r->sequence == 1 && r->has_prev && is_zero(r->prev))
		return ("a trail begins anew here: it does not follow from "
		    "the record before");
	if (r->sequence != next) {
		snprintf(text, size, "sequence %llu where %llu was to follow: "
		    "%s", (unsigned long long)r->sequence,
		    (unsigned long long)next, r->sequence > next ?
		    "records are missing" : "records are repeated, or in "
		    "another order");
		return (text);
	}
	if (r->has_prev && memcmp(r->prev, c->head.hash, KECCAK_SIZE) != 0)
		return ("it names another record before it than there is");
	return (NULL);
}

/*
 * After so many torn bytes.  NULL, and the chain has got there; or what is wrong
 * with the line.
 */
static const char *
take_line(struct chain *c, struct source *s, size_t len, uint64_t torn,
    char *text, size_t size)
{
	struct audit_record	 r;
	uint8_t			 hash[KECCAK_SIZE];
	const char		*why;
	size_t			 i;

	if ((why = audit_parse(text_of(s), len, &r)) != NULL)
		return (why);
	why = c->begun ? check_next(c, &r, text, size) : check_first(&r);
	if (why != NULL)
		return (why);
	if (r.worker != 0 && r.worker != c->worker)
		return ("it is of another worker of keyd than the records "
		    "before it");
	if (r.torn != torn)
		return ("it speaks of torn bytes that are not there");
	audit_hash(hash, c->begun ? c->head.hash : r.prev, text_of(s),
	    r.hashed);
	if (memcmp(hash, r.hash, sizeof(hash)) != 0)
		return ("its hash does not fit: it was changed, or the record "
		    "before it");
	if (!c->begun)
		c->first = r.sequence;
	c->begun = true;
	c->head.sequence = r.sequence;
	memcpy(c->head.hash, r.hash, sizeof(r.hash));
	snprintf(c->time, sizeof(c->time), "%.*s", (int)r.timelen, r.time);
	if (r.worker != 0) {
		c->named = true;
		if (r.workers > nworkers)
			nworkers = r.workers;
	}
	for (i = 0; i < nanchors; i++)
		anchors[i].found |= memcmp(anchors[i].hash, hash,
		    sizeof(hash)) == 0;
	return (NULL);
}

/* ---- What crashes leave ----------------------------------------------- */

/*
 * From the line at hand on there is text that no record follows from.  If the
 * daemon has found the same, when it was started next, its record says so: a
 * chained one that names these bytes.  Then that record is at hand, in a line
 * of that length, and true.
 */
static bool
is_explained(struct source *s, struct audit_record *r, size_t *len)
{
	const char	*text, *p, *end, *stop;
	uint8_t		 hash[KECCAK_SIZE];
	uint64_t	 lines = 0;

	fill(s, AUDIT_TORNMAX + AUDIT_LINEMAX);
	text = text_of(s);
	stop = text + left_of(s);
	for (p = text; (p = memchr(p, '\n', (size_t)(stop - p))) != NULL &&
	    p - text < AUDIT_TORNMAX + 1;) {
		p++;
		lines++;
		end = memchr(p, '\n', (size_t)(stop - p));
		if (end == NULL)
			return (false);
		if (audit_parse(p, (size_t)(end - p), r) != NULL ||
		    r->torn != (uint64_t)(p - text))
			continue;
		keccak256(hash, text, (size_t)(p - text));
		if (memcmp(hash, r->tornhash, sizeof(hash)) != 0 ||
		    !audit_is_event(r, "start"))
			continue;
		s->start += (size_t)(p - text);
		s->line += lines;
		*len = (size_t)(end - p);
		return (true);
	}
	return (false);
}

/* ---- Files ------------------------------------------------------------ */

static enum verdict
bad(struct finding *f, uint64_t line, const char *text, const char *more)
{
	f->line = line;
	snprintf(f->text, sizeof(f->text), "%s%s", text, more);
	return (BAD);
}

/* A line that is none of the chain, and why. */
static enum verdict
take_bad(struct chain *c, struct source *s, struct finding *f,
    const char *why)
{
	struct audit_record	 r;
	const char		*more;
	uint64_t		 line = s->line;
	char			 text[128];
	size_t			 len;

	if (s->eof && memchr(text_of(s), '\n', left_of(s)) == NULL) {
		bad(f, line, "the last line has no end: it was cut off, or is "
		    "being written", "");
		return (CUT);
	}
	if (!is_explained(s, &r, &len))
		return (bad(f, line, why, ""));
	if (r.tornlines > 0)
		return (bad(f, line, why, "; a start of the daemon found it "
		    "so, and went on behind it"));
	if ((more = take_line(c, s, len, r.torn, text, sizeof(text))) != NULL)
		return (bad(f, s->line, more, ""));
	s->start += len + 1;
	s->records++;
	printf("%s:%llu: %llu bytes of a record that was not written to its "
	    "end; the start of the daemon after it says so\n", s->name,
	    (unsigned long long)line, (unsigned long long)r.torn);
	return (GOOD);
}

static enum verdict
verify_source(struct chain *c, struct source *s, struct finding *f)
{
	enum verdict	 verdict;
	const char	*why;
	char		 text[128];
	ssize_t		 len;

	for (s->line = 1;; s->line++) {
		len = line_length(s);
		if (left_of(s) == 0)
			return (GOOD);
		why = len == -1 ? "no record: longer than any" :
		    take_line(c, s, (size_t)len, 0, text, sizeof(text));
		if (why == NULL) {
			s->start += (size_t)len + 1;
			s->records++;
			continue;
		}
		if ((verdict = take_bad(c, s, f, why)) != GOOD)
			return (verdict);
	}
}

static void
open_source(struct source *s, const char *name)
{
	memset(s, 0, offsetof(struct source, buf));
	s->name = name;
	s->fd = STDIN_FILENO;
	if (strcmp(name, "-") == 0)
		s->name = "standard input";
	else if ((s->fd = open(name, O_RDONLY | O_CLOEXEC)) == -1)
		give_up("%s: %s", name, strerror(errno));
}

/* By its first line; one that does not say so is the first's. */
static struct chain *
chain_of(struct source *s)
{
	struct audit_record	 r;
	ssize_t			 len = line_length(s);

	if (len == -1 || audit_parse(text_of(s), (size_t)len, &r) != NULL ||
	    r.worker == 0)
		return (&chains[0]);
	return (&chains[r.worker - 1]);
}

static void
say_file(const struct source *s, const struct chain *c, uint64_t before)
{
	if (s->records == 0)
		printf("%s: no records\n", s->name);
	else
		printf("%s: %llu records, %llu to %llu\n", s->name,
		    (unsigned long long)s->records,
		    (unsigned long long)(before == 0 ? c->first : before + 1),
		    (unsigned long long)c->head.sequence);
}

static enum verdict
verify_file(const char *name)
{
	static struct source	 s;
	struct chain		*c;
	struct finding		 f;
	enum verdict		 verdict;
	uint64_t		 before;

	open_source(&s, name);
	c = chain_of(&s);
	before = c->head.sequence;
	if (c->cut) {
		complain("%s does not follow from a file without its end",
		    name);
		verdict = BAD;
	} else if ((verdict = verify_source(c, &s, &f)) != GOOD)
		complain("%s:%llu: %s", s.name, (unsigned long long)f.line,
		    f.text);
	if (s.fd != STDIN_FILENO)
		close(s.fd);
	if (verdict != BAD)
		say_file(&s, c, before);
	c->cut = verdict == CUT;
	return (verdict);
}

/* ---- The command ------------------------------------------------------ */

static void
add_anchor(const char *text)
{
	struct anchor	*a;

	if (nanchors == MAXHEADS)
		give_up("over %d hashes", MAXHEADS);
	a = &anchors[nanchors++];
	if (hex_fixed(text, strlen(text), a->hash, sizeof(a->hash)) != HEX_OK)
		give_up("--head %s: not 0x and %d digits", text,
		    2 * KECCAK_SIZE);
}

static void
print_hash(FILE *stream, const uint8_t hash[KECCAK_SIZE])
{
	char	 digits[2 * KECCAK_SIZE];

	hex_encode(digits, hash, KECCAK_SIZE);
	fprintf(stream, "0x%.*s", (int)sizeof(digits), digits);
}

/* What a log has kept of the chain must be in it. */
static int
check_anchors(void)
{
	int	 status = STATUS_GOOD;
	size_t	 i;
	char	 digits[2 * KECCAK_SIZE];

	for (i = 0; i < nanchors; i++) {
		if (anchors[i].found)
			continue;
		hex_encode(digits, anchors[i].hash, KECCAK_SIZE);
		complain("no record has the hash 0x%.*s: the trail was cut "
		    "off before it, or written anew", (int)sizeof(digits),
		    digits);
		status = STATUS_BAD;
	}
	return (status);
}

static void
say_head(const struct chain *c)
{
	printf("head ");
	if (c->named)
		printf("worker=%u ", c->worker);
	printf("sequence=%llu hash=", (unsigned long long)c->head.sequence);
	print_hash(stdout, c->head.hash);
	printf(" time=%s\n", c->time);
}

/* Each worker that there was has a chain. */
static int
check_workers(void)
{
	int	 status = STATUS_GOOD;
	uint64_t i;

	for (i = 0; i < nworkers; i++) {
		if (chains[i].begun)
			continue;
		complain("no records of worker %llu of %llu: its files are "
		    "missing", (unsigned long long)i + 1,
		    (unsigned long long)nworkers);
		status = STATUS_BAD;
	}
	return (status);
}

static int
verify(int nfiles, char **files)
{
	enum verdict	 verdict = GOOD;
	bool		 begun = false, cut = false;
	int		 i, status;

	for (i = 0; i < nfiles && verdict != BAD; i++) {
		verdict = verify_file(files[i]);
		cut |= verdict == CUT;
	}
	if (verdict == BAD)
		return (STATUS_BAD);
	for (i = 0; i < AUDIT_WORKERS; i++) {
		begun |= chains[i].begun;
		if (chains[i].begun)
			say_head(&chains[i]);
	}
	status = check_anchors();
	if (check_workers() != STATUS_GOOD)
		status = STATUS_BAD;
	/* The daemon begins each file with a record. */
	if (!begun) {
		complain("no records: nothing was verified");
		return (STATUS_BAD);
	}
	return (status == STATUS_GOOD && cut ? STATUS_CUT : status);
}

int
audit_command(const struct options *o, int argc, char **argv)
{
	int	 i, nfiles = 0;

	(void)o;
	if (argc < 2 || strcmp(argv[1], "verify") != 0)
		usage("audit");
	/* Options and files in any order; the files move to the front. */
	for (i = 2; i < argc; i++) {
		if (strncmp(argv[i], "--head=", 7) == 0)
			add_anchor(argv[i] + 7);
		else if (strcmp(argv[i], "--head") == 0) {
			if (++i == argc)
				usage("audit");
			add_anchor(argv[i]);
		} else if (argv[i][0] == '-' && argv[i][1] != '\0')
			usage("audit");
		else
			argv[nfiles++] = argv[i];
	}
	if (nfiles == 0)
		usage("audit");
	for (i = 0; i < AUDIT_WORKERS; i++)
		chains[i].worker = (unsigned int)i + 1;
	return (verify(nfiles, argv));
}
