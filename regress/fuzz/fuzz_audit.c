/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: audit/tail.o keyd/audit.o keyd/audit_parse.o keyd/keccak.o
 * common/hex.o common/u256.o */

/*
 * A line of the audit trail: one that is taken is in the form that the writer
 * would give it.  And the end of a file: where the chain goes on is behind a
 * record of it, or at its beginning.
 */

#include <stdio.h>
#include <unistd.h>

#include "audit/tail.h"
#include "keyd/audit.h"
#include "regress/fuzz/fuzz.h"

/* The value of a field as it was before it was written. */
static size_t
unescape(char *out, const char *p, const char *end)
{
	char	*start = out;
	char	 hex[3] = { 0, 0, 0 };

	if (*p != '"') {
		memcpy(out, p, (size_t)(end - p));
		return ((size_t)(end - p));
	}
	for (p++; p < end - 1; p++) {
		if (*p != '\\')
			*out++ = *p;
		else if (p[1] != 'u')
			*out++ = *++p;
		else {
			memcpy(hex, p + 4, 2);
			*out++ = (char)strtoul(hex, NULL, 16);
			p += 5;
		}
	}
	return ((size_t)(out - start));
}

/* The end of the value that begins there. */
static const char *
value_end(const char *p, const char *end)
{
	if (*p != '"') {
		while (p < end && *p != ' ')
			p++;
		return (p);
	}
	for (p++; *p != '"'; p++)
		if (*p == '\\')
			p++;
	return (p + 1);
}

static void
written_again(const char *text, size_t size)
{
	static struct audit_line	 line;
	const char			*p = text, *end = text + size, *stop;
	char				 key[AUDIT_LINEMAX];
	char				 value[AUDIT_LINEMAX];
	size_t				 n;

	while (p < end) {
		for (n = 0; *p != '='; n++)
			key[n] = *p++;
		key[n] = '\0';
		stop = value_end(++p, end);
		n = unescape(value, p, stop);
		value[n] = '\0';
		memset(&line, 0, sizeof(line));
		audit_str(&line, key, value);
		n = strlen(key) + 1;
		FUZZ_ASSERT(line.cut || (line.len == n + (size_t)(stop - p) &&
		    memcmp(audit_text(&line) + n, p, line.len - n) == 0));
		p = stop < end ? stop + 1 : end;
	}
}

static void
one_line(const uint8_t *data, size_t size)
{
	struct audit_record	 r;
	char			*text;

	text = malloc(size + 1);
	FUZZ_ASSERT(text != NULL);
	memcpy(text, data, size);
	if (audit_parse(text, size, &r) == NULL) {
		FUZZ_ASSERT(r.sequence > 0 && size < AUDIT_LINEMAX);
		FUZZ_ASSERT(r.hashed + strlen(" hash=0x") + 64 == size);
		written_again(text, size);
	}
	free(text);
}

static void
one_file(const uint8_t *data, size_t size)
{
	struct audit_where	 where;
	FILE			*file;
	bool			 is_open;
	char			 why[256];

	FUZZ_ASSERT((file = tmpfile()) != NULL);
	FUZZ_ASSERT(fwrite(data, 1, size, file) == size && fflush(file) == 0);
	if (tail_read(fileno(file), &where, &is_open, why, sizeof(why)) == 0) {
		FUZZ_ASSERT(where.torn <= size + is_open);
		FUZZ_ASSERT(!is_open || data[size - 1] != '\n');
		FUZZ_ASSERT(where.tornlines <= where.torn);
	} else
		FUZZ_ASSERT(size > 0 && why[0] != '\0');
	fclose(file);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > AUDIT_TORNMAX)
		return (0);
	one_line(data, size);
	one_file(data, size);
	return (0);
}
