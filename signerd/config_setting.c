/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "signerd/parse.h"

/* signerd.conf(5) has the same table. */
static const struct conf_setting settings[] = {
	CONF_SETTINGS_LOG,
	CONF_SETTINGS_WATCH,
	CONF_SETTINGS_HTTP,
	{ "max", "transaction", SETTING_SIZE, CONF_MIB, 4 * CONF_KIB,
	    16 * CONF_MIB, CONF_LIMIT(max_transaction) },
	{ "max", "queue", SETTING_COUNT, 512, 1, 65536,
	    CONF_LIMIT(max_queue) },
	{ "max", "waiting", SETTING_COUNT, 8, 1, 1024,
	    CONF_LIMIT(max_waiting) },
	CONF_SETTINGS_LINK,
	CONF_SETTINGS_METRICS,
	{ "max", "audit-queue", SETTING_COUNT, 4096, 64, 1000000,
	    offsetof(struct config, audit_queue) },
	CONF_TIMEOUTS_HTTP,
	CONF_TIMEOUT(request, 2 * CONF_SEC, CONF_MIN),
	CONF_TIMEOUT(keyd, CONF_SEC, CONF_MIN),
	CONF_TIMEOUT(connect, 5 * CONF_SEC, 60 * CONF_MIN),
	CONF_TIMEOUTS_LINK,
	CONF_TIMEOUT(renew, 60 * CONF_SEC, 60 * CONF_MIN),
	CONF_TIMEOUT(backoff, 20 * CONF_SEC, 60 * CONF_MIN),
	CONF_TIMEOUT(stable, 60 * CONF_SEC, 60 * CONF_MIN),
	CONF_TIMEOUTS_METRICS,
	CONF_TIMEOUTS_CONTROL,
	{ "timeout", "audit-head", SETTING_TIME, CONF_MIN, 10, 60 * CONF_MIN,
	    offsetof(struct config, audit_head) }
};

#define NSETTINGS	(sizeof(settings) / sizeof(settings[0]))
_Static_assert(NSETTINGS <= CONF_MAXSETTINGS, "too many settings");

const struct conf_settings config_settings = { settings, NSETTINGS };

/* A smaller one of the other two, alone, says what is wanted. */
void
settings_check(struct parser *p)
{
	const struct config_limits *limits = &p->conf->limits;

	conf_settings_check(&p->common);
	/* Hexadecimal takes two digits a byte. */
	if (limits->max_body / 2 < limits->max_transaction)
		conf_setting_warn(&p->common, "max transaction",
		    "max body is too small for the hexadecimal of max "
		    "transaction");
	if (limits->timeout_keyd > limits->timeout_request)
		conf_setting_warn(&p->common, "timeout keyd",
		    "timeout keyd is over timeout request, which ends first");
}

/* ---- Statements of their own ------------------------------------------ */

/* A whole number of so many at most; what: the statement, for the fault. */
static bool
number(struct parser *p, const struct lexer_token *t, const char *what,
    uint32_t min, uint32_t max, const char *unit, uint32_t *n)
{
	const char *fraction;
	size_t whole;
	unsigned long value;

	if (!conf_decimal(t->text, &whole, &fraction) || fraction != NULL) {
		lexer_error(p->common.lexer, &t->pos,
		    "%s \"%s\" is not a whole number", what, t->text);
		return (false);
	}
	/* Where it is too long it comes out as the highest. */
	value = strtoul(t->text, NULL, 10);
	if (value < min || value > max) {
		lexer_error(p->common.lexer, &t->pos,
		    "%s must be from %u%s to %u%s", what, min, unit, max,
		    unit);
		return (false);
	}
	*n = (uint32_t)value;
	return (true);
}

/* CPUs that there are, as far as there can be workers. */
static uint32_t
online(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	if (n < 1)
		return (1);
	return (n > CONFIG_WORKERS ? CONFIG_WORKERS : (uint32_t)n);
}

/* What a running daemon began with goes on, however many CPUs there are. */
static void
take_auto(struct parser *p)
{
	p->conf->workers_auto = true;
	p->conf->workers = p->started != NULL ? p->started->workers :
	    online();
}

/* Not a keyword, as that of audit is none. */
void
parser_keyd_word(struct parser *p, const struct lexer_token *word,
    const struct lexer_token *value)
{
	if (strcmp(word->text, "workers") != 0) {
		lexer_error(p->common.lexer, &word->pos,
		    "keyd \"%s\": \"user\" or \"workers\" is expected",
		    word->text);
		return;
	}
	if (!conf_once(&p->common, SINGLE_WORKERS, "keyd workers",
	    &word->pos))
		return;
	if (strcmp(value->text, "auto") == 0)
		take_auto(p);
	else
		(void)number(p, value, "keyd workers", 1, CONFIG_WORKERS, "",
		    &p->conf->workers);
}

void
parser_prefork(struct parser *p, const struct lexer_token *value)
{
	if (conf_once(&p->common, SINGLE_PREFORK, "prefork", &value->pos))
		(void)number(p, value, "prefork", 1, CONFIG_FRONTENDS, "",
		    &p->conf->prefork);
}

void
prefork_warn(struct parser *p)
{
	if (p->conf->prefork > 1 && STAILQ_EMPTY(&p->conf->listens))
		lexer_warn(p->common.lexer,
		    &p->common.singles[SINGLE_PREFORK],
		    "prefork has no effect: there is no listen on");
}

void
parser_spin(struct parser *p, const struct lexer_token *value,
    const struct lexer_token *unit)
{
	struct lexer_token *part = NULL, *own = NULL;

	if (!conf_once(&p->common, SINGLE_SPIN, "spin", &value->pos))
		return;
	if (unit == NULL && conf_number_split(value, &part, &own)) {
		value = part;
		unit = own;
	}
	if (unit == NULL)
		lexer_error(p->common.lexer, &value->pos,
		    "spin needs a unit: us");
	else if (strcmp(unit->text, "us") != 0)
		lexer_error(p->common.lexer, &unit->pos,
		    "spin unit \"%s\" is not us", unit->text);
	else
		(void)number(p, value, "spin", 0, CONFIG_SPIN_MAX, " us",
		    &p->conf->limits.spin);
	free(part);
	free(own);
}
