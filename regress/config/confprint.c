/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: signerd/parse.o signerd/audit_file.o signerd/config.o
 * signerd/config_audit.o signerd/config_print.o
 * signerd/config_proxy.o signerd/config_rule.o signerd/config_setting.o signerd/config_started.o
 * signerd/files.o common/url.o common/conf.o common/report.o common/conf_amount.o
 * common/conf_file.o common/conf_print.o common/conf_rule.o
 * common/conf_setting.o common/conf_words.o common/lexer.o
 * common/lexer_file.o common/lexer_macro.o common/hex.o common/u256.o
 * keyd/payload.o keyd/rule.o
 */

#include "signerd/config.h"
#include "signerd/parse.h"

#include "regress/config/confprint.h"
