/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef OPSIGN_COMMAND_H
#define OPSIGN_COMMAND_H

#include "opsign/fault.h"

/*
 * The commands: argv is what follows the command's name.  What they return is
 * what opsign exits with.
 */
enum status	command_health(int argc, char **argv);
enum status	command_payload(int argc, char **argv);
enum status	command_bench(int argc, char **argv);
enum status	command_tx(int argc, char **argv);

#endif /* OPSIGN_COMMAND_H */
