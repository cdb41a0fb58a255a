/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <string.h>

#include "common/hex.h"
#include "keyd/audit.h"

#define HASHLEN		(2 * KECCAK_SIZE)	/* digits */

/* A field: what there is of the line, and what has been taken of it. */
struct field {
	const char	*line;
	const char	*p;		/* to be read */
	const char	*end;
	const char	*key;
	const char	*value;		/* as it stands, quotes included */
	size_t		 keylen;
	size_t		 valuelen;
};

/* Whether it is the escape of a byte that has to be escaped that way. */
static bool
is_escape(const char *p, size_t left)
{
	int	 high, low, c;

	if (left < 6 || memcmp(p, "\\u00", 4) != 0 ||
	    (high = hex_digit(p[4])) == -1 || (low = hex_digit(p[5])) == -1 ||
	    (p[4] >= 'A' && p[4] <= 'F') || (p[5] >= 'A' && p[5] <= 'F'))
		return (false);
	c = high * 16 + low;
	return (!audit_is_literal((char)c) && c != '"' && c != '\\' &&
	    c != '\0');
}

/* Between quotes; false also if it could stand without them. */
static bool
take_quoted(struct field *f)
{
	const char	*p = f->p + 1;
	bool		 needed = false;

	for (; p < f->end && *p != '"'; p++) {
		if (audit_is_literal(*p)) {
			needed |= !audit_is_plain(*p);
			continue;
		}
		needed = true;
		if (*p != '\\')
			return (false);
		if (f->end - p >= 2 && (p[1] == '"' || p[1] == '\\'))
			p++;
		else if (is_escape(p, (size_t)(f->end - p)))
			p += 5;
		else
			return (false);
	}
	if (p == f->end || (!needed && p != f->p + 1))
		return (false);
	f->p = p + 1;
	return (true);
}

/* The next field and the blank after it. */
static bool
take_field(struct field *f)
{
	f->key = f->p;
	while (f->p < f->end && *f->p >= 'a' && *f->p <= 'z')
		f->p++;
	f->keylen = (size_t)(f->p - f->key);
	if (f->keylen == 0 || f->p == f->end || *f->p++ != '=')
		return (false);
	f->value = f->p;
	if (f->p < f->end && *f->p == '"') {
		if (!take_quoted(f))
			return (false);
	} else
		while (f->p < f->end && audit_is_plain(*f->p))
			f->p++;
	f->valuelen = (size_t)(f->p - f->value);
	if (f->valuelen == 0)
		return (false);
	if (f->p == f->end)
		return (true);
	/* It is followed by another. */
	return (*f->p++ == ' ' && f->p < f->end);
}

static bool
is_key(const struct field *f, const char *key)
{
	return (strlen(key) == f->keylen && memcmp(f->key, key,
	    f->keylen) == 0);
}

static bool
get_number(const struct field *f, uint64_t *n)
{
	size_t	 i;
	uint64_t digit;

	*n = 0;
	if (f->value[0] == '0' && f->valuelen > 1)
		return (false);
	for (i = 0; i < f->valuelen; i++) {
		if (f->value[i] < '0' || f->value[i] > '9')
			return (false);
		digit = (uint64_t)(f->value[i] - '0');
		if (*n > (UINT64_MAX - digit) / 10)
			return (false);
		*n = *n * 10 + digit;
	}
	return (true);
}

static bool
get_hash(const struct field *f, uint8_t hash[KECCAK_SIZE])
{
	size_t	 i;

	if (f->valuelen != 2 + HASHLEN || f->value[1] != 'x')
		return (false);
	for (i = 2; i < f->valuelen; i++)
		if (f->value[i] >= 'A' && f->value[i] <= 'F')
			return (false);
	return (hex_fixed(f->value, f->valuelen, hash, KECCAK_SIZE) ==
	    HEX_OK);
}

/* YYYY-MM-DDThh:mm:ss.ssssssZ; whether there is such a day is not asked. */
static bool
is_time(const struct field *f)
{
	static const char	 form[] = "0000-00-00T00:00:00.000000Z";
	size_t			 i;

	if (f->valuelen != sizeof(form) - 1)
		return (false);
	for (i = 0; i < f->valuelen; i++)
		if (form[i] == '0' ? f->value[i] < '0' || f->value[i] > '9' :
		    f->value[i] != form[i])
			return (false);
	return (true);
}

/* The three that every record begins with. */
static const char *
parse_begin(struct field *f, struct audit_record *r)
{
	if (!take_field(f) || !is_key(f, "seq") ||
	    !get_number(f, &r->sequence) || r->sequence == 0)
		return ("no record: it does not begin with a sequence number");
	if (!take_field(f) || !is_key(f, "time") || !is_time(f))
		return ("no record: it has no time");
	r->time = f->value;
	r->timelen = f->valuelen;
	if (!take_field(f) || !is_key(f, "event") || f->value[0] == '"')
		return ("no record: it has no event");
	r->event = f->value;
	r->eventlen = f->valuelen;
	return (NULL);
}

static const char *
parse_rest(struct field *f, struct audit_record *r)
{
	bool	 torn = false;

	while (f->p < f->end) {
		r->hashed = (size_t)(f->p - 1 - f->line);
		if (!take_field(f))
			return ("a field that is not of the form "
			    "KEY=VALUE");
		if (is_key(f, "hash")) {
			if (f->p != f->end || !get_hash(f, r->hash))
				return ("a hash that is none");
			return (NULL);
		}
		if (is_key(f, "prev")) {
			if (r->has_prev || !get_hash(f, r->prev))
				return ("a hash of the record before that "
				    "is none");
			r->has_prev = true;
		} else if (is_key(f, "worker")) {
			if (r->worker != 0 || !get_number(f, &r->worker) ||
			    r->worker == 0 || r->worker > AUDIT_WORKERS)
				return ("a number of a worker that is none");
		} else if (is_key(f, "workers")) {
			if (!get_number(f, &r->workers) ||
			    r->workers < r->worker ||
			    r->workers > AUDIT_WORKERS)
				return ("a number of workers that is none");
		} else if (is_key(f, "torn")) {
			if (torn || !get_number(f, &r->torn) || r->torn == 0)
				return ("a number of torn bytes that is none");
			torn = true;
		} else if (is_key(f, "tornlines")) {
			if (!torn || !get_number(f, &r->tornlines))
				return ("a number of torn lines that is none");
		} else if (is_key(f, "tornhash")) {
			if (!torn || !get_hash(f, r->tornhash))
				return ("a hash of torn bytes that is none");
		}
	}
	return ("it has no hash");
}

const char *
audit_parse(const char *line, size_t len, struct audit_record *r)
{
	struct field	 f;
	const char	*why;

	memset(r, 0, sizeof(*r));
	memset(&f, 0, sizeof(f));
	f.line = f.p = line;
	f.end = line + len;
	if (len >= AUDIT_LINEMAX)
		return ("no record: longer than any");
	if ((why = parse_begin(&f, r)) != NULL)
		return (why);
	return (parse_rest(&f, r));
}

bool
audit_is_event(const struct audit_record *r, const char *event)
{
	return (strlen(event) == r->eventlen &&
	    memcmp(r->event, event, r->eventlen) == 0);
}
