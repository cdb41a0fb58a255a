/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef KEYD_AUDIT_H
#define KEYD_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/u256.h"
#include "keyd/keccak.h"

/*
 * Records of the audit trail, as text: keyd writes them, the audit process
 * looks for the last one, signerctl verifies them.  The grammar is that of
 * section AUDIT TRAIL of signerd.conf(5):
 *
 *	seq=N time=T event=E KEY=VALUE ... hash=0xH NEWLINE
 *
 * H is the Keccak-256 of the hash of the record before (zeros where there is
 * none) and of the bytes of the line up to the blank before "hash=".  That
 * hash is what keyd has linked for its signatures; there is no other.
 */
#define AUDIT_LINEMAX	4096	/* bytes of a record, with its newline */
#define AUDIT_WORKERS	16	/* keyds, each with a chain of its own */
#define AUDIT_TORNMAX	65536	/* of what a crash has left behind one */

/* Where the chain has got to: sequence 0 and zeros before the first record. */
struct audit_head {
	uint64_t	sequence;
	uint8_t		hash[KECCAK_SIZE];
};

/* ---- Writing ---------------------------------------------------------- */

struct audit_line {
	size_t	len;		/* of the text */
	bool	cut;		/* what there was to say is longer */
	/* The hash of the record before, for what is hashed; then the text. */
	char	buf[KECCAK_SIZE + AUDIT_LINEMAX];
};

/* Begins the record after head; the time is that of the epoch. */
void	 audit_begin(struct audit_line *, const struct audit_head *,
	    uint64_t unix_us, const char *event);
/* Any bytes but NUL: they are escaped. */
void	 audit_str(struct audit_line *, const char *key, const char *value);
void	 audit_num(struct audit_line *, const char *key, uint64_t);
void	 audit_u256(struct audit_line *, const char *key,
	    const struct u256 *);
/* 0x and digits. */
void	 audit_hex(struct audit_line *, const char *key, const uint8_t *,
	    size_t);
/* Ends it; *head is that of this record then. */
void	 audit_end(struct audit_line *, struct audit_head *);

/*
 * Bytes that fields can have at most, each with the blank before it: a string
 * of n bytes, one of known words, numbers, n bytes in hexadecimal; and what
 * audit_begin() and audit_end() write.
 */
#define AUDIT_KEYLEN(key)	(sizeof(" " key "=") - 1)
#define AUDIT_STRLEN(key, n)	(AUDIT_KEYLEN(key) + 2 + 6 * (size_t)(n))
#define AUDIT_WORDLEN(key, w)	(AUDIT_KEYLEN(key) + sizeof(w) - 1)
#define AUDIT_NUMLEN(key)	(AUDIT_KEYLEN(key) + 20)
#define AUDIT_U256LEN(key)	(AUDIT_KEYLEN(key) + U256_DECSIZE - 1)
#define AUDIT_HEXLEN(key, n)	(AUDIT_KEYLEN(key) + 2 + 2 * (size_t)(n))
#define AUDIT_FRAMELEN(event)						\
	(AUDIT_NUMLEN("seq") - 1 +					\
	AUDIT_WORDLEN("time", "2026-01-31T12:00:00.000000Z") +		\
	AUDIT_WORDLEN("event", event) +					\
	AUDIT_HEXLEN("hash", KECCAK_SIZE) + 1)

static inline const char *
audit_text(const struct audit_line *line)
{
	return (line->buf + KECCAK_SIZE);
}

/* What stands in a value without quotes; and in quotes as it is. */
static inline bool
audit_is_plain(char c)
{
	return (c > ' ' && c < 0x7f && c != '"' && c != '=' && c != '\\');
}

static inline bool
audit_is_literal(char c)
{
	return (c >= ' ' && c < 0x7f && c != '"' && c != '\\');
}

/* ---- Reading ---------------------------------------------------------- */

/* Of a record, what the chain is made of. */
struct audit_record {
	uint64_t	sequence;
	const char	*time;		/* into the line */
	const char	*event;
	size_t		 timelen;
	size_t		 eventlen;
	/* Those that can begin a file or a run name the hash before them. */
	bool		 has_prev;
	uint8_t		 prev[KECCAK_SIZE];
	/* What lay between the record before and this: bytes, their hash. */
	uint64_t	 torn;
	uint8_t		 tornhash[KECCAK_SIZE];
	uint64_t	 tornlines;	/* whole ones among them */
	uint64_t	worker;		/* whose chain it is; 0: not said */
	uint64_t	workers;	/* how many there are; the same */
	uint8_t		 hash[KECCAK_SIZE];
	size_t		 hashed;	/* bytes of the line */
};

/*
 * Reads a line of len bytes without its newline.  NULL, or what is wrong with
 * it.  Each record has one form alone: a value that could have been written
 * in another way is wrong.
 */
const char *audit_parse(const char *line, size_t len, struct audit_record *);
bool	 audit_is_event(const struct audit_record *, const char *event);
/*
 * The hash of that line after that of the record before, for which there
 * must be KECCAK_SIZE bytes in front of it: they are written over.
 */
void	 audit_hash(uint8_t hash[KECCAK_SIZE],
	    const uint8_t before[KECCAK_SIZE], char *line, size_t hashed);

#endif /* KEYD_AUDIT_H */
