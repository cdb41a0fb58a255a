/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef SIGNERCTL_AUDIT_H
#define SIGNERCTL_AUDIT_H

#include "signerctl/signerctl.h"

/* `audit verify FILE ...': no daemon is asked. */
int	audit_command(const struct options *, int argc, char **argv);
#define AUDIT_FORM	"audit verify [--head hash] file ..."

/* A last line without its end, and all before it good. */
#define STATUS_CUT	3

#endif /* SIGNERCTL_AUDIT_H */
