/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef OPSIGN_REPORT_H
#define OPSIGN_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "keyd/request.h"
#include "opsign/fault.h"
#include "opsign/settings.h"

/*
 * What a command has found out, for people line by line, or at its end as one
 * object of JSON.  A name of NULL: not in JSON; a label of NULL: not for
 * people.  With --quiet people see nothing but what report_result() says.
 */
struct report {
	const struct settings	*settings;
	cJSON			*root;		/* members are added to it */
};

void	report_begin(struct report *, const struct settings *,
	    const char *command);
void	report_text(struct report *, const char *name, const char *label,
	    const char *);
void	report_bytes(struct report *, const char *name, const char *label,
	    const uint8_t *, size_t);
/* In JSON a quantity, as Ethereum's are; for people decimal. */
void	report_u256(struct report *, const char *name, const char *label,
	    const struct u256 *);
void	report_number(struct report *, const char *name, double);
void	report_bool(struct report *, const char *name, bool);
/* The bytes that were asked for. */
void	report_result(struct report *, const char *name, const char *label,
	    const uint8_t *, size_t);
/* For people alone. */
void	report_line(struct report *, const char *label, const char *, ...)
	    __attribute__((__format__(__printf__, 3, 4)));
/* The fault and what to do, or NULL; prints, frees, and is what to exit with. */
enum status	report_end(struct report *, const struct fault *);

#endif /* OPSIGN_REPORT_H */
