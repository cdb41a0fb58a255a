/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <err.h>
#include <stdio.h>
#include <string.h>

#include "common/hex.h"
#include "opsign/flags.h"

#define DIGITS		"0123456789"
#define DAY_MS		86400000
#define ETHER_DECIMALS	18

/* ---- The command line ------------------------------------------------- */

static const struct flag *
find_in(const struct flag *table, const char *name, size_t len)
{
	for (; table != NULL && table->name != NULL; table++)
		if (strlen(table->name) == len &&
		    strncmp(table->name, name, len) == 0)
			return (table);
	return (NULL);
}

static const struct flag *
find_letter(const struct flag *table, char letter)
{
	for (; table != NULL && table->name != NULL; table++)
		if (table->letter == letter)
			return (table);
	return (NULL);
}

/* OP Stack programs have these names with "signer." before them. */
static const struct flag *
find_long(const struct flag *a, const struct flag *b, const char *name,
    size_t len)
{
	static const char prefix[] = "signer.";
	const struct flag *f;

	if ((f = find_in(a, name, len)) != NULL ||
	    (f = find_in(b, name, len)) != NULL)
		return (f);
	if (len <= sizeof(prefix) - 1 ||
	    strncmp(name, prefix, sizeof(prefix) - 1) != 0)
		return (NULL);
	return (find_in(a, name + sizeof(prefix) - 1,
	    len - (sizeof(prefix) - 1)));
}

static int
set_flag(const struct flag *f, const char *value)
{
	if (f->text != NULL && *f->text != NULL) {
		warnx("--%s is there twice", f->name);
		return (-1);
	}
	if (f->list != NULL && f->list->n == FLAGS_MANY) {
		warnx("--%s is there more than %d times", f->name, FLAGS_MANY);
		return (-1);
	}
	if (f->text != NULL)
		*f->text = value;
	else if (f->list != NULL)
		f->list->v[f->list->n++] = value;
	return (0);
}

/* One flag; the next argument may be its value. */
static int
take(const struct flag *f, const char *value, int argc, char **argv, int *i)
{
	if (f->on != NULL) {
		if (value != NULL) {
			warnx("--%s takes no value", f->name);
			return (-1);
		}
		*f->on = true;
		return (0);
	}
	if (value == NULL) {
		if (*i + 1 >= argc) {
			warnx("--%s needs a value", f->name);
			return (-1);
		}
		value = argv[++*i];
	}
	return (set_flag(f, value));
}

static int
take_argument(const struct flag *a, const struct flag *b, int argc,
    char **argv, int *i)
{
	const char *arg = argv[*i], *name, *value;
	const struct flag *f;

	if (arg[1] != '-') {
		if ((f = find_letter(a, arg[1])) == NULL)
			f = find_letter(b, arg[1]);
		value = arg[2] != '\0' ? arg + 2 : NULL;
	} else {
		name = arg + 2;
		value = strchr(name, '=');
		f = find_long(a, b, name, value != NULL ?
		    (size_t)(value - name) : strlen(name));
		if (value != NULL)
			value++;
	}
	if (f == NULL) {
		warnx("unknown flag: %s", arg);
		return (-1);
	}
	return (take(f, value, argc, argv, i));
}

int
flags_parse(const struct flag *a, const struct flag *b, int argc, char **argv)
{
	int i, n = 0;

	for (i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0) {
			while (++i < argc)
				argv[n++] = argv[i];
			break;
		}
		if (argv[i][0] != '-' || argv[i][1] == '\0')
			argv[n++] = argv[i];
		else if (take_argument(a, b, argc, argv, &i) == -1)
			return (-1);
	}
	return (n);
}

/* ---- Values ----------------------------------------------------------- */

int
flags_number(const char *name, const char *text, uint64_t low, uint64_t high,
    uint64_t *n)
{
	struct u256 v, least, most;
	size_t i;

	u256_from_u64(&least, low);
	u256_from_u64(&most, high);
	if (u256_from_dec(&v, text, strlen(text)) != U256_OK ||
	    u256_cmp(&v, &least) < 0 || u256_cmp(&v, &most) > 0) {
		warnx("--%s: \"%s\" is not a number from %llu to %llu", name,
		    text, (unsigned long long)low, (unsigned long long)high);
		return (-1);
	}
	for (i = *n = 0; i < U256_SIZE; i++)
		*n = *n << 8 | v.b[i];
	return (0);
}

int
flags_duration(const char *name, const char *text, unsigned int *ms)
{
	static const struct {
		const char	*unit;
		uint64_t	 ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "", 1000 }, { "m", 60000 },
	    { "h", 3600000 } };
	size_t len = strspn(text, DIGITS), i;
	struct u256 v;
	uint64_t n;

	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(text + len, units[i].unit) == 0)
			break;
	if (len > 0 && len < 10 && i < sizeof(units) / sizeof(units[0]) &&
	    u256_from_dec(&v, text, len) == U256_OK) {
		n = ((uint64_t)v.b[28] << 24 | (uint64_t)v.b[29] << 16 |
		    (uint64_t)v.b[30] << 8 | v.b[31]) * units[i].ms;
		if (n >= 1 && n <= DAY_MS) {
			*ms = (unsigned int)n;
			return (0);
		}
	}
	warnx("--%s: \"%s\" is not a time such as 500ms, 30s or 5m", name,
	    text);
	return (-1);
}

static bool
is_hex(const char *text)
{
	return (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'));
}

int
flags_u256(const char *name, const char *text, struct u256 *n)
{
	if (is_hex(text) ? hex_quantity(text, strlen(text), n) == HEX_OK :
	    u256_from_dec(n, text, strlen(text)) == U256_OK)
		return (0);
	warnx("--%s: \"%s\" is not a number, decimal or with 0x, of at most "
	    "256 bits", name, text);
	return (-1);
}

/* Decimals of a unit; -1 for none. */
static int
decimals(const char *unit)
{
	unit += strspn(unit, " ");
	if (strcmp(unit, "ether") == 0)
		return (ETHER_DECIMALS);
	if (strcmp(unit, "gwei") == 0)
		return (9);
	return (strcmp(unit, "wei") == 0 || *unit == '\0' ? 0 : -1);
}

int
flags_amount(const char *name, const char *text, struct u256 *amount)
{
	char digits[U256_DECSIZE + ETHER_DECIMALS];
	size_t whole = strspn(text, DIGITS), part = 0;
	const char *rest = text + whole;
	int places;

	if (is_hex(text))
		return (flags_u256(name, text, amount));
	if (*rest == '.') {
		part = strspn(rest + 1, DIGITS);
		rest += 1 + part;
		if (part == 0)
			whole = 0;	/* a dot, and nothing behind it */
	}
	places = decimals(rest);
	if (whole > 0 && whole < U256_DECSIZE && places != -1 &&
	    part <= (size_t)places) {
		memset(digits, '0', sizeof(digits));
		memcpy(digits, text, whole);
		memcpy(digits + whole, text + whole + 1, part);
		if (u256_from_dec(amount, digits, whole + (size_t)places) ==
		    U256_OK)
			return (0);
	}
	warnx("--%s: \"%s\" is not an amount such as 1000, 0x3e8, 2.5gwei or "
	    "0.1ether, below 2^256 wei", name, text);
	return (-1);
}

int
flags_bytes(const char *name, const char *text, uint8_t *out, size_t n)
{
	enum hex_error error;

	if ((error = hex_fixed(text, strlen(text), out, n)) == HEX_OK)
		return (0);
	warnx("--%s: \"%s\" is not 0x and %zu hexadecimal digits: %s", name,
	    text, 2 * n, hex_strerror(error));
	return (-1);
}
