/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_WATCH_LOCAL_H
#define COMMON_WATCH_LOCAL_H

#include "common/watch.h"

/* What watch.c and watch_list.c share. */

#define WATCH_NOPATH	SIZE_MAX

/* That file of the block, named or not. */
struct conf_file *watch_file(const struct conf_tls *, int file);
/*
 * What an open file holds from its beginning, where it is left.  -1 with
 * errno.
 */
int	watch_digest(int fd, struct watch_state *);
/* What it holds now, or the fault. */
void	watch_look(struct watch_path *);
void	watch_list_clear(struct watch_list *);

#endif /* COMMON_WATCH_LOCAL_H */
