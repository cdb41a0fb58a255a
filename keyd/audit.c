/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <string.h>

#include "common/hex.h"
#include "keyd/audit.h"

#define HASH_FIELD	" hash=0x"
#define HASHLEN		(2 * KECCAK_SIZE)	/* digits */
/* What audit_end() adds. */
#define TAILLEN		(sizeof(HASH_FIELD) - 1 + HASHLEN + 1)
/* Digits of a number of 64 bits. */
#define NUMBERLEN	20

static void
put(struct audit_line *line, const char *s, size_t n)
{
	size_t	 room = AUDIT_LINEMAX - TAILLEN - line->len;

	if (n > room) {
		line->cut = true;
		n = room;
	}
	memcpy(line->buf + KECCAK_SIZE + line->len, s, n);
	line->len += n;
}

static void
put_key(struct audit_line *line, const char *key)
{
	if (line->len > 0)
		put(line, " ", 1);
	put(line, key, strlen(key));
	put(line, "=", 1);
}

static void
put_escaped(struct audit_line *line, unsigned char c)
{
	char	 escape[6] = { '\\', 'u', '0', '0', 0, 0 };

	if (audit_is_literal((char)c))
		put(line, (const char *)&c, 1);
	else if (c == '"' || c == '\\') {
		escape[1] = (char)c;
		put(line, escape, 2);
	} else {
		hex_encode(escape + 4, &c, 1);
		put(line, escape, 6);
	}
}

void
audit_str(struct audit_line *line, const char *key, const char *value)
{
	const char	*p = value;

	put_key(line, key);
	while (audit_is_plain(*p))
		p++;
	if (p != value && *p == '\0') {
		put(line, value, (size_t)(p - value));
		return;
	}
	put(line, "\"", 1);
	for (p = value; *p != '\0'; p++)
		put_escaped(line, (unsigned char)*p);
	put(line, "\"", 1);
}

/* The last `width` digits, or all where it is 0. */
static void
put_digits(struct audit_line *line, uint64_t n, size_t width)
{
	char	 digits[NUMBERLEN], *p = digits + sizeof(digits);

	do {
		*--p = (char)('0' + n % 10);
		n /= 10;
	} while (width == 0 ? n > 0 :
	    (size_t)(digits + sizeof(digits) - p) < width);
	put(line, p, (size_t)(digits + sizeof(digits) - p));
}

void
audit_num(struct audit_line *line, const char *key, uint64_t n)
{
	put_key(line, key);
	put_digits(line, n, 0);
}

void
audit_u256(struct audit_line *line, const char *key, const struct u256 *n)
{
	char	 digits[U256_DECSIZE];

	put_key(line, key);
	put(line, digits, u256_to_dec(n, digits));
}

void
audit_hex(struct audit_line *line, const char *key, const uint8_t *p,
    size_t n)
{
	char	 digits[2 * 32];
	size_t	 part;

	put_key(line, key);
	put(line, "0x", 2);
	for (; n > 0; p += part, n -= part) {
		part = n < sizeof(digits) / 2 ? n : sizeof(digits) / 2;
		hex_encode(digits, p, part);
		put(line, digits, 2 * part);
	}
}

/*
 * The day of the civil calendar, by eras of 400 years that begin in March.
 * gmtime(3) would look for a file of time zones.
 */
static void
put_date(struct audit_line *line, uint64_t days)
{
	uint64_t	 z = days + 719468, era = z / 146097, day, year, month;

	day = z % 146097;
	year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	day -= 365 * year + year / 4 - year / 100;
	month = (5 * day + 2) / 153;
	day -= (153 * month + 2) / 5;
	month = month < 10 ? month + 3 : month - 9;
	put_digits(line, year + era * 400 + (month <= 2), 4);
	put(line, "-", 1);
	put_digits(line, month, 2);
	put(line, "-", 1);
	put_digits(line, day + 1, 2);
}

static void
put_time(struct audit_line *line, uint64_t unix_us)
{
	uint64_t	 seconds = unix_us / 1000000;

	put_date(line, seconds / 86400);
	put(line, "T", 1);
	put_digits(line, seconds / 3600 % 24, 2);
	put(line, ":", 1);
	put_digits(line, seconds / 60 % 60, 2);
	put(line, ":", 1);
	put_digits(line, seconds % 60, 2);
	put(line, ".", 1);
	put_digits(line, unix_us % 1000000, 6);
	put(line, "Z", 1);
}

void
audit_begin(struct audit_line *line, const struct audit_head *head,
    uint64_t unix_us, const char *event)
{
	line->len = 0;
	line->cut = false;
	audit_num(line, "seq", head->sequence + 1);
	put_key(line, "time");
	put_time(line, unix_us);
	audit_str(line, "event", event);
}

void
audit_hash(uint8_t hash[KECCAK_SIZE], const uint8_t before[KECCAK_SIZE],
    char *line, size_t hashed)
{
	memcpy(line - KECCAK_SIZE, before, KECCAK_SIZE);
	keccak256(hash, line - KECCAK_SIZE, KECCAK_SIZE + hashed);
}

void
audit_end(struct audit_line *line, struct audit_head *head)
{
	char	*text = line->buf + KECCAK_SIZE, *p;

	head->sequence++;
	audit_hash(head->hash, head->hash, text, line->len);
	p = text + line->len;
	memcpy(p, HASH_FIELD, sizeof(HASH_FIELD) - 1);
	p += sizeof(HASH_FIELD) - 1;
	hex_encode(p, head->hash, KECCAK_SIZE);
	p[HASHLEN] = '\n';
	line->len += TAILLEN;
}
