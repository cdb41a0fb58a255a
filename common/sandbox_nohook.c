/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include "common/sandbox.h"

void
sandbox_hook(int entered)
{
	(void)entered;
}
