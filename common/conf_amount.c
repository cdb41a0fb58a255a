/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf_parse.h"
#include "common/hex.h"

#define DIGITS	"0123456789"

static const struct {
	const char	*name;
	size_t		 decimals;
} units[] = {
	{ "ether", 18 },
	{ "gwei", 9 },
	{ "wei", 0 }
};
#define NUNITS	(sizeof(units) / sizeof(units[0]))

bool
conf_decimal(const char *text, size_t *whole, const char **fraction)
{
	const char *rest;

	*whole = strspn(text, DIGITS);
	*fraction = NULL;
	rest = text + *whole;
	if (*whole == 0)
		return (false);
	if (*rest == '\0')
		return (true);
	if (*rest != '.')
		return (false);
	*fraction = ++rest;
	return (*rest != '\0' && rest[strspn(rest, DIGITS)] == '\0');
}

static bool
is_hex(const char *text)
{
	return (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'));
}

static struct lexer_token *
part(const struct lexer_token *t, size_t from, size_t len)
{
	struct lexer_token *new;

	new = calloc(1, sizeof(*new) + len + 1);
	if (new == NULL)
		fatal("configuration");
	new->kind = t->kind;
	new->pos = t->pos;
	memcpy(new->text, t->text + from, len);
	return (new);
}

bool
conf_number_split(const struct lexer_token *t, struct lexer_token **number,
    struct lexer_token **unit)
{
	const char *text = t->text;
	size_t len, end;

	len = strspn(text, DIGITS);
	if (len == 0 || is_hex(text))
		return (false);
	if (text[len] == '.' && isdigit((unsigned char)text[len + 1]))
		len += 1 + strspn(text + len + 1, DIGITS);
	for (end = len; isalpha((unsigned char)text[end]); end++)
		continue;
	if (end == len || text[end] != '\0')
		return (false);
	*number = part(t, 0, len);
	*unit = part(t, len, end - len);
	return (true);
}

/* The fault of a number in hexadecimal; limit is what it may not be over. */
static void
hex_fault(struct conf_parser *p, const char *what, const char *limit,
    const struct lexer_token *t, enum hex_error error)
{
	if (error == HEX_RANGE)
		lexer_error(p->lexer, &t->pos, "%s is over %s", what, limit);
	else if (error == HEX_ZERO)
		lexer_error(p->lexer, &t->pos,
		    "%s \"%s\" is not a number without leading zeros", what,
		    t->text);
	else
		lexer_error(p->lexer, &t->pos, "%s \"%s\" is not a number",
		    what, t->text);
}

/*
 * The whole and the fraction, filled up with zeros to the decimals of the
 * unit, are the digits of the amount in wei.
 */
static enum u256_error
join(struct u256 *amount, const char *text, size_t whole,
    const char *fraction, size_t decimals)
{
	enum u256_error error;
	size_t len, flen;
	char *digits;

	flen = fraction == NULL ? 0 : strlen(fraction);
	len = whole + decimals;
	digits = malloc(len);
	if (digits == NULL)
		fatal("configuration");
	memset(digits, '0', len);
	memcpy(digits, text, whole);
	if (flen > 0)
		memcpy(digits + whole, fraction, flen);
	error = u256_from_dec(amount, digits, len);
	free(digits);
	return (error);
}

static void
parse_decimal(struct conf_parser *p, const char *what,
    const struct lexer_token *value, const struct lexer_token *unit,
    struct u256 *amount)
{
	const char *fraction;
	size_t whole, i;

	if (!conf_decimal(value->text, &whole, &fraction)) {
		lexer_error(p->lexer, &value->pos, "%s \"%s\" is not a number",
		    what, value->text);
		return;
	}
	if (unit == NULL) {
		lexer_error(p->lexer, &value->pos,
		    "%s needs a unit: wei, gwei or ether", what);
		return;
	}
	for (i = 0; i < NUNITS; i++) {
		if (strcmp(unit->text, units[i].name) == 0)
			break;
	}
	if (i == NUNITS)
		lexer_error(p->lexer, &unit->pos,
		    "%s unit \"%s\" is not wei, gwei or ether", what,
		    unit->text);
	else if (fraction != NULL && strlen(fraction) > units[i].decimals)
		lexer_error(p->lexer, &value->pos,
		    "%s has more decimals than %s has, %zu", what,
		    units[i].name, units[i].decimals);
	else if (join(amount, value->text, whole, fraction,
	    units[i].decimals) != U256_OK)
		lexer_error(p->lexer, &value->pos, "%s is over 2^256-1 wei",
		    what);
}

void
conf_parse_amount(struct conf_parser *p, const char *what,
    const struct lexer_token *value, const struct lexer_token *unit,
    struct u256 *amount)
{
	enum hex_error error;

	if (!is_hex(value->text)) {
		parse_decimal(p, what, value, unit, amount);
		return;
	}
	error = hex_quantity(value->text, strlen(value->text), amount);
	if (error != HEX_OK)
		hex_fault(p, what, "2^256-1 wei", value, error);
	else if (unit != NULL)
		lexer_error(p->lexer, &value->pos,
		    "%s in hexadecimal is in wei and takes no unit", what);
}

bool
conf_parse_chain(struct conf_parser *p, const struct lexer_token *t,
    struct u256 *chain)
{
	size_t len = strlen(t->text);
	enum hex_error error;

	if (is_hex(t->text))
		error = hex_quantity(t->text, len, chain);
	else {
		switch (u256_from_dec(chain, t->text, len)) {
		case U256_OK:
			error = HEX_OK;
			break;
		case U256_RANGE:
			error = HEX_RANGE;
			break;
		default:
			error = HEX_SYNTAX;
			break;
		}
	}
	if (error != HEX_OK) {
		hex_fault(p, "chain", "2^256-1", t, error);
		return (false);
	}
	if (u256_is_zero(chain)) {
		lexer_error(p->lexer, &t->pos, "chain is zero");
		return (false);
	}
	return (true);
}

/* In the largest unit of which it is a whole number. */
void
conf_amount_format(const struct u256 *amount, char text[AMOUNT_STRSIZE])
{
	char digits[U256_DECSIZE];
	size_t len, zeros, i;

	if (u256_is_zero(amount)) {
		snprintf(text, AMOUNT_STRSIZE, "0 %s", units[0].name);
		return;
	}
	len = u256_to_dec(amount, digits);
	for (zeros = 0; digits[len - 1 - zeros] == '0'; zeros++)
		continue;
	for (i = 0; units[i].decimals > zeros; i++)
		continue;
	snprintf(text, AMOUNT_STRSIZE, "%.*s %s",
	    (int)(len - units[i].decimals), digits, units[i].name);
}
