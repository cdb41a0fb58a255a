/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: proxyd/parse.o proxyd/config.o proxyd/config_listen.o
 * proxyd/config_print.o proxyd/config_rule.o proxyd/config_setting.o
 * proxyd/config_signer.o proxyd/config_use.o common/conf.o
 * common/conf_amount.o common/conf_file.o common/conf_print.o
 * common/conf_rule.o common/conf_setting.o common/conf_words.o
 * common/lexer.o common/lexer_file.o common/lexer_macro.o common/report.o common/hex.o
 * common/u256.o keyd/payload.o keyd/rule.o
 */

/* proxyd.conf: see confcheck.h. */
#include "proxyd/config.h"
#include "regress/fuzz/confcheck.h"
