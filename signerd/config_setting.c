/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "signerd/parse.h"

#define KIB	1024U
#define MIB	(1024U * KIB)
#define SEC	1000U
#define MIN	(60U * SEC)

#define LIMIT(member)	offsetof(struct config, limits.member)

/* In the order of the canonical form; signerd.conf(5) has the same table. */
const struct setting settings[NSETTINGS] = {
	{ "log", "format", SETTING_FORMAT, LOG_FMT_LOGFMT, 0, 0, 0 },
	{ "log", "level", SETTING_LEVEL, LOG_LVL_INFO, 0, 0, 0 },
	{ "log", "rate", SETTING_COUNT, 5000, 1, 1000000,
	    offsetof(struct config, log_rate) },
	{ "max", "connections", SETTING_COUNT, 1024, 1, 65536,
	    LIMIT(max_connections) },
	{ "max", "connections-per-address", SETTING_COUNT, 256, 1, 65536,
	    LIMIT(max_per_address) },
	{ "max", "header", SETTING_SIZE, 16 * KIB, KIB, MIB,
	    LIMIT(max_header) },
	{ "max", "body", SETTING_SIZE, 5 * MIB, KIB, 64 * MIB,
	    LIMIT(max_body) },
	{ "max", "bodies", SETTING_SIZE, 64 * MIB, 64 * KIB, 2048 * MIB,
	    LIMIT(max_bodies) },
	{ "max", "batch", SETTING_COUNT, 1000, 1, 100000,
	    LIMIT(max_batch) },
	{ "max", "response", SETTING_SIZE, 25000000, KIB, 256 * MIB,
	    LIMIT(max_response) },
	{ "max", "values", SETTING_COUNT, 100000, 100, 10000000,
	    LIMIT(max_values) },
	{ "max", "transaction", SETTING_SIZE, MIB, 4 * KIB, 16 * MIB,
	    LIMIT(max_transaction) },
	{ "max", "queue", SETTING_COUNT, 512, 1, 65536,
	    LIMIT(max_queue) },
	{ "max", "waiting", SETTING_COUNT, 8, 1, 1024,
	    LIMIT(max_waiting) },
	{ "timeout", "handshake", SETTING_TIME, 10 * SEC, 10, 60 * MIN,
	    LIMIT(timeout_handshake) },
	{ "timeout", "header", SETTING_TIME, 10 * SEC, 10, 60 * MIN,
	    LIMIT(timeout_header) },
	{ "timeout", "body", SETTING_TIME, 30 * SEC, 10, 60 * MIN,
	    LIMIT(timeout_body) },
	{ "timeout", "idle", SETTING_TIME, 3 * MIN, 10, 60 * MIN,
	    LIMIT(timeout_idle) },
	{ "timeout", "write", SETTING_TIME, 30 * SEC, 10, 60 * MIN,
	    LIMIT(timeout_write) },
	{ "timeout", "request", SETTING_TIME, 2 * SEC, 10, MIN,
	    LIMIT(timeout_request) },
	{ "timeout", "keyd", SETTING_TIME, SEC, 10, MIN,
	    LIMIT(timeout_keyd) }
};

struct unit {
	const char	*name;
	uint32_t	 factor;
};

/* The largest first; each list ends with the unit of the setting itself. */
static const struct unit sizes[] = {
	{ "MiB", MIB }, { "KiB", KIB }, { "bytes", 1 }
};
static const struct unit times[] = {
	{ "min", MIN }, { "s", SEC }, { "ms", 1 }
};
#define NUNITS	3

static const char *const formats[] = { "logfmt", "json", NULL };
static const char *const levels[] = {
	"error", "warn", "info", "debug", NULL
};

static uint32_t *
setting_value(struct config *conf, const struct setting *s)
{
	return ((uint32_t *)(void *)((char *)conf + s->offset));
}

void
settings_default(struct config *conf)
{
	size_t i;

	conf->log_format = LOG_FMT_LOGFMT;
	conf->log_level = LOG_LVL_INFO;
	for (i = 0; i < NSETTINGS; i++) {
		if (settings[i].kind <= SETTING_TIME)
			*setting_value(conf, &settings[i]) = settings[i].value;
	}
}

static void
number_format(enum setting_kind kind, uint32_t value,
    char text[SETTING_STRSIZE])
{
	const struct unit *unit;

	if (kind == SETTING_COUNT) {
		snprintf(text, SETTING_STRSIZE, "%u", value);
		return;
	}
	unit = kind == SETTING_SIZE ? sizes : times;
	while (value % unit->factor != 0)
		unit++;
	snprintf(text, SETTING_STRSIZE, "%u %s", value / unit->factor,
	    unit->name);
}

void
setting_format(const struct config *conf, const struct setting *s,
    char text[SETTING_STRSIZE])
{
	const char *base = (const char *)conf;

	if (s->kind == SETTING_FORMAT)
		snprintf(text, SETTING_STRSIZE, "%s",
		    formats[conf->log_format]);
	else if (s->kind == SETTING_LEVEL)
		snprintf(text, SETTING_STRSIZE, "%s",
		    levels[conf->log_level]);
	else
		number_format(s->kind,
		    *(const uint32_t *)(const void *)(base + s->offset), text);
}

/* ---- Reading ---------------------------------------------------------- */

/*
 * The decimal number times factor, exactly; false if that is not a whole
 * number.  What is over 32 bits comes out as some number that is, too.
 */
static bool
multiply(const char *text, size_t whole, const char *fraction,
    uint32_t factor, uint64_t *result)
{
	uint64_t n = 0, carry = 0;
	size_t i;

	for (i = 0; i < whole && n <= UINT32_MAX; i++)
		n = n * 10 + (uint64_t)(text[i] - '0');
	/* Long multiplication, from the last decimal to the point. */
	for (i = fraction == NULL ? 0 : strlen(fraction); i > 0; i--) {
		carry += (uint64_t)(fraction[i - 1] - '0') * factor;
		if (carry % 10 != 0)
			return (false);
		carry /= 10;
	}
	*result = n * factor + carry;
	return (true);
}

static const struct unit *
find_unit(const struct unit *list, const char *name)
{
	size_t i;

	for (i = 0; i < NUNITS; i++) {
		if (strcmp(list[i].name, name) == 0)
			return (&list[i]);
	}
	return (NULL);
}

/* What is wrong with the unit, if anything, and else its factor. */
static bool
parse_unit(struct parser *p, const struct setting *s,
    const struct lexer_token *value, const struct lexer_token *unit,
    uint32_t *factor)
{
	bool size = s->kind == SETTING_SIZE;
	const struct unit *u;

	*factor = 1;
	if (s->kind == SETTING_COUNT) {
		if (unit != NULL)
			lexer_error(p->lexer, &unit->pos, "%s %s takes no unit",
			    s->group, s->name);
		return (unit == NULL);
	}
	if (unit == NULL) {
		if (!size)
			lexer_error(p->lexer, &value->pos,
			    "%s %s needs a unit: ms, s or min", s->group,
			    s->name);
		return (size);
	}
	u = find_unit(size ? sizes : times, unit->text);
	if (u == NULL) {
		lexer_error(p->lexer, &unit->pos,
		    "%s %s unit \"%s\" is not %s", s->group, s->name,
		    unit->text, size ? "bytes, KiB or MiB" : "ms, s or min");
		return (false);
	}
	*factor = u->factor;
	return (true);
}

static void
not_whole(struct parser *p, const struct setting *s,
    const struct lexer_token *value)
{
	if (s->kind == SETTING_COUNT)
		lexer_error(p->lexer, &value->pos,
		    "%s %s \"%s\" is not a whole number", s->group, s->name,
		    value->text);
	else
		lexer_error(p->lexer, &value->pos,
		    "%s %s is not a whole number of %s", s->group, s->name,
		    s->kind == SETTING_SIZE ? "bytes" : "milliseconds");
}

static void
parse_number(struct parser *p, const struct setting *s,
    const struct lexer_token *value, const struct lexer_token *unit)
{
	char min[SETTING_STRSIZE], max[SETTING_STRSIZE];
	const char *fraction;
	uint32_t factor;
	uint64_t n;
	size_t whole;

	if (!decimal_split(value->text, &whole, &fraction)) {
		lexer_error(p->lexer, &value->pos,
		    "%s %s \"%s\" is not a number", s->group, s->name,
		    value->text);
		return;
	}
	if (!parse_unit(p, s, value, unit, &factor))
		return;
	if ((s->kind == SETTING_COUNT && fraction != NULL) ||
	    !multiply(value->text, whole, fraction, factor, &n)) {
		not_whole(p, s, value);
		return;
	}
	if (n < s->min || n > s->max) {
		number_format(s->kind, s->min, min);
		number_format(s->kind, s->max, max);
		lexer_error(p->lexer, &value->pos,
		    "%s %s must be from %s to %s", s->group, s->name, min,
		    max);
		return;
	}
	*setting_value(p->conf, s) = (uint32_t)n;
}

static int
find_name(const char *const *names, const char *name)
{
	int i;

	for (i = 0; names[i] != NULL; i++) {
		if (strcmp(names[i], name) == 0)
			return (i);
	}
	return (-1);
}

static void
parse_name(struct parser *p, const struct setting *s,
    const struct lexer_token *value, const struct lexer_token *unit)
{
	bool format = s->kind == SETTING_FORMAT;
	int i;

	i = find_name(format ? formats : levels, value->text);
	if (i == -1)
		lexer_error(p->lexer, &value->pos, "log %s \"%s\" is not %s",
		    s->name, value->text, format ? "logfmt or json" :
		    "error, warn, info or debug");
	else if (unit != NULL)
		lexer_error(p->lexer, &unit->pos, "%s %s takes no unit",
		    s->group, s->name);
	else if (format)
		p->conf->log_format = (enum log_format)i;
	else
		p->conf->log_level = (enum log_level)i;
}

/* Index of settings; NSETTINGS if there is none. */
static unsigned int
find_setting(const char *group, const char *name)
{
	unsigned int i;

	for (i = 0; i < NSETTINGS; i++) {
		if (strcmp(settings[i].group, group) == 0 &&
		    strcmp(settings[i].name, name) == 0)
			break;
	}
	return (i);
}

/* The setting of the group whose name is nearest, or NULL. */
static const struct setting *
near_setting(const char *group, const char *word)
{
	const struct setting *best = NULL;
	unsigned int faults = 0, i, n;

	for (i = 0; i < NSETTINGS; i++) {
		if (strcmp(settings[i].group, group) != 0)
			continue;
		n = parser_resembles(word, settings[i].name);
		if (n > 0 && (best == NULL || n < faults)) {
			best = &settings[i];
			faults = n;
		}
	}
	return (best);
}

bool
setting_unit(const char *group, const char *name, const char *word)
{
	unsigned int i = find_setting(group, name);

	return (i < NSETTINGS && (settings[i].kind == SETTING_SIZE ||
	    settings[i].kind == SETTING_TIME) &&
	    find_setting(group, word) == NSETTINGS &&
	    near_setting(group, word) == NULL);
}

static unsigned int
least(unsigned int a, unsigned int b)
{
	return (a < b ? a : b);
}

/*
 * Levenshtein's distance, where two letters in each other's place are one
 * fault, if it is small enough for the length of the name.
 */
unsigned int
parser_resembles(const char *word, const char *name)
{
	unsigned int rows[3][32], *row, *above, *before, i, j;
	size_t wlen = strlen(word), nlen = strlen(name);

	if (nlen >= sizeof(rows[0]) / sizeof(rows[0][0]) ||
	    wlen > nlen + 2 || nlen > wlen + 2)
		return (0);
	row = rows[0];
	for (j = 0; j <= nlen; j++)
		row[j] = j;
	for (i = 1; i <= wlen; i++) {
		above = rows[(i - 1) % 3];
		before = rows[(i + 1) % 3];
		row = rows[i % 3];
		row[0] = i;
		for (j = 1; j <= nlen; j++) {
			row[j] = above[j - 1] + (word[i - 1] != name[j - 1]);
			row[j] = least(row[j], above[j] + 1);
			row[j] = least(row[j], row[j - 1] + 1);
			if (i > 1 && j > 1 && word[i - 1] == name[j - 2] &&
			    word[i - 2] == name[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
		}
	}
	return (row[nlen] <= (nlen > 3 ? 2U : 1U) ? row[nlen] : 0);
}

static void
unknown_setting(struct parser *p, const struct lexer_token *name)
{
	const struct setting *s = near_setting(p->group, name->text);

	if (s != NULL)
		lexer_error(p->lexer, &name->pos, "unknown setting \"%s %s\": "
		    "did you mean \"%s\"?", p->group, name->text, s->name);
	else if (strcmp(p->group, "log") == 0 &&
	    (find_name(formats, name->text) != -1 ||
	    find_name(levels, name->text) != -1))
		lexer_error(p->lexer, &name->pos, "unknown setting \"%s %s\": "
		    "did you mean \"%s %s\"?", p->group, name->text,
		    find_name(formats, name->text) != -1 ? "format" : "level",
		    name->text);
	else
		lexer_error(p->lexer, &name->pos, "unknown setting \"%s %s\"",
		    p->group, name->text);
}

void
parser_setting(struct parser *p, const struct lexer_token *name,
    const struct lexer_token *value, const struct lexer_token *unit)
{
	struct lexer_token *number = NULL, *own = NULL;
	const struct setting *s;
	char what[64];
	unsigned int i;

	i = find_setting(p->group, name->text);
	if (i == NSETTINGS) {
		unknown_setting(p, name);
		return;
	}
	s = &settings[i];
	snprintf(what, sizeof(what), "%s %s", s->group, s->name);
	if (!parser_once(p, SINGLE_SETTINGS + i, what, &name->pos))
		return;
	if (s->kind > SETTING_TIME) {
		parse_name(p, s, value, unit);
		return;
	}
	if (unit == NULL && number_split(value, &number, &own)) {
		value = number;
		unit = own;
	}
	parse_number(p, s, value, unit);
	free(number);
	free(own);
}

/* ---- What is odd ------------------------------------------------------ */

/* Warns, at its statement, of a setting that was given. */
static void
warn_setting(struct parser *p, size_t offset, const char *text)
{
	const struct lexer_pos *pos;
	unsigned int i;

	for (i = 0; i < NSETTINGS; i++) {
		pos = &p->singles[SINGLE_SETTINGS + i];
		if (settings[i].kind <= SETTING_TIME &&
		    settings[i].offset == offset && pos->file != NULL)
			lexer_warn(p->lexer, pos, "%s", text);
	}
}

/* A smaller one of the other two, alone, says what is wanted. */
void
settings_check(struct parser *p)
{
	const struct config_limits *limits = &p->conf->limits;

	/* Hexadecimal takes two digits a byte. */
	if (limits->max_body / 2 < limits->max_transaction)
		warn_setting(p, LIMIT(max_transaction), "max body is too "
		    "small for the hexadecimal of max transaction");
	if (limits->max_per_address > limits->max_connections)
		warn_setting(p, LIMIT(max_per_address), "max "
		    "connections-per-address is over max connections");
	if (limits->timeout_keyd > limits->timeout_request)
		warn_setting(p, LIMIT(timeout_keyd), "timeout keyd is over "
		    "timeout request, which ends first");
}
