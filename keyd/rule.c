/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdlib.h>
#include <string.h>

#include "keyd/policy.h"

void
rule_clear(struct rule *rule)
{
	free(rule->chains);
	free(rule->domains);
	free(rule->to);
	memset(rule, 0, sizeof(*rule));
}
