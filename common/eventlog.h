/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_EVENTLOG_H
#define COMMON_EVENTLOG_H

/*
 * From here on what libevent has to say is a record of the log, also why it
 * gives up, which ends the process with status 1.
 */
void	eventlog_init(void);

#endif /* COMMON_EVENTLOG_H */
