/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf_parse.h"

struct unit {
	const char	*name;
	uint32_t	 factor;
};

/* The largest first; each list ends with the unit of the setting itself. */
static const struct unit sizes[] = {
	{ "MiB", CONF_MIB }, { "KiB", CONF_KIB }, { "bytes", 1 }
};
static const struct unit times[] = {
	{ "min", CONF_MIN }, { "s", CONF_SEC }, { "ms", 1 }
};
#define NUNITS	3

static const char *const formats[] = { "logfmt", "json", NULL };
static const char *const levels[] = {
	"error", "warn", "info", "debug", NULL
};

static void
set_value(void *config, const struct conf_setting *s, uint32_t value)
{
	char *p = (char *)config + s->offset;

	if (s->kind == SETTING_FORMAT)
		*(enum log_format *)(void *)p = (enum log_format)value;
	else if (s->kind == SETTING_LEVEL)
		*(enum log_level *)(void *)p = (enum log_level)value;
	else
		*(uint32_t *)(void *)p = value;
}

static uint32_t
get_value(const void *config, const struct conf_setting *s)
{
	const char *p = (const char *)config + s->offset;

	if (s->kind == SETTING_FORMAT)
		return (*(const enum log_format *)(const void *)p);
	if (s->kind == SETTING_LEVEL)
		return (*(const enum log_level *)(const void *)p);
	return (*(const uint32_t *)(const void *)p);
}

void
conf_defaults(const struct conf_settings *settings, void *config)
{
	unsigned int i;

	for (i = 0; i < settings->n; i++)
		set_value(config, &settings->list[i],
		    settings->list[i].value);
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
	if (kind == SETTING_PERIOD && value == 0) {
		snprintf(text, SETTING_STRSIZE, "off");
		return;
	}
	unit = kind == SETTING_SIZE ? sizes : times;
	while (value % unit->factor != 0)
		unit++;
	snprintf(text, SETTING_STRSIZE, "%u %s", value / unit->factor,
	    unit->name);
}

bool
conf_setting_format(const struct conf_setting *s, const void *config,
    char text[SETTING_STRSIZE])
{
	uint32_t value = get_value(config, s);

	if (s->kind == SETTING_FORMAT)
		snprintf(text, SETTING_STRSIZE, "%s", formats[value]);
	else if (s->kind == SETTING_LEVEL)
		snprintf(text, SETTING_STRSIZE, "%s", levels[value]);
	else
		number_format(s->kind, value, text);
	return (value > 0 || s->min == 0 || s->kind == SETTING_PERIOD);
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
parse_unit(struct conf_parser *p, const struct conf_setting *s,
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
not_whole(struct conf_parser *p, const struct conf_setting *s,
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
parse_number(struct conf_parser *p, const struct conf_setting *s,
    const struct lexer_token *value, const struct lexer_token *unit)
{
	char min[SETTING_STRSIZE], max[SETTING_STRSIZE];
	const char *fraction;
	uint32_t factor;
	uint64_t n;
	size_t whole;

	if (s->kind == SETTING_PERIOD && unit == NULL &&
	    strcmp(value->text, "off") == 0) {
		set_value(p->config, s, 0);
		return;
	}
	if (!conf_decimal(value->text, &whole, &fraction)) {
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
	set_value(p->config, s, (uint32_t)n);
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
parse_name(struct conf_parser *p, const struct conf_setting *s,
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
	else
		set_value(p->config, s, (uint32_t)i);
}

/* Index of the list; its length if there is none. */
static unsigned int
find_setting(const struct conf_settings *settings, const char *group,
    const char *name)
{
	unsigned int i;

	for (i = 0; i < settings->n; i++) {
		if (strcmp(settings->list[i].group, group) == 0 &&
		    strcmp(settings->list[i].name, name) == 0)
			break;
	}
	return (i);
}

/* The setting of the group whose name is nearest, or NULL. */
static const struct conf_setting *
near_setting(const struct conf_settings *settings, const char *group,
    const char *word)
{
	const struct conf_setting *best = NULL, *s;
	unsigned int faults = 0, i, n;

	for (i = 0; i < settings->n; i++) {
		s = &settings->list[i];
		if (strcmp(s->group, group) != 0)
			continue;
		n = conf_resembles(word, s->name);
		if (n > 0 && (best == NULL || n < faults)) {
			best = s;
			faults = n;
		}
	}
	return (best);
}

bool
conf_setting_unit(const struct conf_settings *settings, const char *group,
    const char *name, const char *word)
{
	unsigned int i = find_setting(settings, group, name);
	const struct conf_setting *s = &settings->list[i];

	return (i < settings->n &&
	    (s->kind == SETTING_SIZE || s->kind == SETTING_TIME ||
	    s->kind == SETTING_PERIOD) &&
	    find_setting(settings, group, word) == settings->n &&
	    near_setting(settings, group, word) == NULL);
}

static void
unknown_setting(struct conf_parser *p, const struct lexer_token *name)
{
	const struct conf_setting *s = near_setting(p->language->settings,
	    p->group, name->text);

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
conf_setting(struct conf_parser *p, const struct lexer_token *name,
    const struct lexer_token *value, const struct lexer_token *unit)
{
	struct lexer_token *number = NULL, *own = NULL;
	const struct conf_settings *settings = p->language->settings;
	const struct conf_setting *s;
	char what[64];
	unsigned int i, nerrors;

	i = find_setting(settings, p->group, name->text);
	if (i == settings->n) {
		unknown_setting(p, name);
		return;
	}
	s = &settings->list[i];
	snprintf(what, sizeof(what), "%s %s", s->group, s->name);
	if (!conf_once(p, SINGLE_SETTINGS + i, what, &name->pos))
		return;
	nerrors = lexer_nerrors(p->lexer);
	if (unit == NULL && s->kind <= SETTING_TIME &&
	    conf_number_split(value, &number, &own)) {
		value = number;
		unit = own;
	}
	if (s->kind > SETTING_TIME)
		parse_name(p, s, value, unit);
	else
		parse_number(p, s, value, unit);
	p->faulty[i] = lexer_nerrors(p->lexer) > nerrors;
	free(number);
	free(own);
}

/* ---- What is odd ------------------------------------------------------ */

/* Of "GROUP NAME"; the list's length if there is none. */
static unsigned int
setting_index(const struct conf_parser *p, const char *name)
{
	const struct conf_settings *settings = p->language->settings;
	const struct conf_setting *s;
	unsigned int i;
	size_t len;

	for (i = 0; i < settings->n; i++) {
		s = &settings->list[i];
		len = strlen(s->group);
		if (strncmp(name, s->group, len) == 0 && name[len] == ' ' &&
		    strcmp(name + len + 1, s->name) == 0)
			break;
	}
	return (i);
}

static uint32_t
setting_value(const struct conf_parser *p, const char *name)
{
	const struct conf_settings *settings = p->language->settings;
	unsigned int i = setting_index(p, name);

	return (i < settings->n ? get_value(p->config, &settings->list[i]) :
	    0);
}

void
conf_setting_warn(struct conf_parser *p, const char *name, const char *text)
{
	const struct lexer_pos *pos;

	pos = &p->singles[SINGLE_SETTINGS + setting_index(p, name)];
	if (pos->file != NULL)
		lexer_warn(p->lexer, pos, "%s", text);
}

void
conf_setting_error(struct conf_parser *p, const char *name,
    const char *other, const char *text)
{
	unsigned int i = setting_index(p, name), j = setting_index(p, other);
	const struct lexer_pos *pos = &p->singles[SINGLE_SETTINGS + i];
	const struct lexer_pos *second = &p->singles[SINGLE_SETTINGS + j];

	if (p->faulty[i] || p->faulty[j])
		return;
	if (second->file != NULL &&
	    (pos->file == NULL || pos->order < second->order))
		pos = second;
	if (pos->file == NULL)
		pos = lexer_last(p->lexer);
	lexer_error(p->lexer, pos, "%s", text);
}

void
conf_settings_check(struct conf_parser *p)
{
	if (setting_value(p, "max connections-per-address") >
	    setting_value(p, "max connections"))
		conf_setting_warn(p, "max connections-per-address", "max "
		    "connections-per-address is over max connections");
	if (setting_value(p, "timeout dead") <=
	    setting_value(p, "timeout ping"))
		conf_setting_error(p, "timeout dead", "timeout ping",
		    "timeout dead must be over timeout ping");
}
