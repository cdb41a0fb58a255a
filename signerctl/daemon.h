/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef SIGNERCTL_DAEMON_H
#define SIGNERCTL_DAEMON_H

#include "signerctl/signerctl.h"
#include "signerctl/talk.h"

/* The commands that speak to a daemon. */
int	show(const struct options *, int argc, char **argv);
int	reload(const struct options *, int argc, char **argv);
int	log_command(const struct options *, int argc, char **argv);
int	check(const struct options *, int argc, char **argv);
int	link_command(const struct options *, int argc, char **argv);

/* Whether -j is among the words, wherever; takes it out of them. */
bool	wants_json(int *argc, char **argv);
/* Fields that tables have in the place of others, or shorter. */
void	rows_for_people(struct answer *);
/* For table.h: to be freed. */
const struct ctl_row **rows_of(const struct answer *);

#endif /* SIGNERCTL_DAEMON_H */
